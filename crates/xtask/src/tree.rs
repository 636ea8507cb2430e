//! Where things lie: the repository and the folder for everything that is built.
//!
//! It only names places.

use crate::Outcome;
use std::path::{Path, PathBuf};

/// The repository and its target folder.
pub(crate) struct Tree {
    /// The repository.
    pub(crate) root: PathBuf,
    /// Everything built goes here: `target`, or what `CARGO_TARGET_DIR` says.
    pub(crate) target: PathBuf,
}

impl Tree {
    /// From where this program was compiled.
    pub(crate) fn find() -> Outcome<Tree> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root
            .canonicalize()
            .map_err(|error| format!("the repository is gone ({}): {error}", root.display()))?;
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Tree { root, target })
    }

    /// A path of the repository.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A path of the target folder.
    pub(crate) fn built(&self, path: &str) -> PathBuf {
        self.target.join(path)
    }
}

/// Reads a whole file, or says which one it could not.
pub(crate) fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Writes a whole file with the folders above it, or says which one it could not.
pub(crate) fn write(path: &Path, octets: &[u8]) -> Outcome {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, octets))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// All files below a folder, by their paths relative to it with `/`, sorted.
pub(crate) fn files_below(folder: &Path) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(place) = waiting.pop() {
        let entries =
            std::fs::read_dir(&place).map_err(|error| format!("cannot list {}: {error}", place.display()))?;
        for entry in entries {
            let path = entry.map_err(|error| format!("cannot list {}: {error}", place.display()))?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(relative) = path.strip_prefix(folder) {
                found.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// FNV-1a, 64 bits: names contents for caches and stamps; not against an attacker.
pub(crate) fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for octet in part.iter().chain(&(part.len() as u64).to_le_bytes()) {
            hash = (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}
