//! Finds or installs a compiler with a standard library for wasm32, in the order that asks least of the machine.
//!
//! It never changes the toolchain that builds everything else.

use crate::{
    Outcome,
    child::{apt_install, can_apt, cargo, clean, run_bounded, say},
    tree::Tree,
};
use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler and the linker of the same LLVM.
const DEBIAN_PACKAGES: [&str; 4] = ["cargo-web", "rustc-web", "rust-web-src", "lld-22"];

/// Only for a compiler that takes unstable options and builds its own standard library. The last two: a digest is a
/// few hundred octets, its rounds need no unrolling.
const SMALLER: [&str; 8] = [
    "-Zlocation-detail=none",
    "-Zfmt-debug=none",
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    "--cfg",
    "sha2_backend=\"soft\"",
    "--cfg",
    "sha2_backend_soft=\"compact\"",
];

/// A download by rustup that takes longer than this is not going to come.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// A way to compile for wasm32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// The active toolchain, whose standard library for the target is installed.
    Active,
    /// Debian's `rustc-web`, which builds the standard library from Debian's sources.
    Debian,
}

impl Compiler {
    /// The first that works, installed if need be.
    pub(crate) fn find() -> Outcome<Compiler> {
        if active_has_target() {
            return Ok(Compiler::Active);
        }
        if debian_is_installed() {
            return Ok(Compiler::Debian);
        }
        if can_apt() && apt_install(&DEBIAN_PACKAGES).is_ok() && debian_is_installed() {
            return Ok(Compiler::Debian);
        }
        say("rustup target add wasm32-unknown-unknown (at most 60 s)");
        let added = run_bounded(Command::new("rustup").args(["target", "add", TARGET]), RUSTUP_LIMIT);
        if added.is_ok() && active_has_target() {
            return Ok(Compiler::Active);
        }
        Err(format!(
            "no compiler for {TARGET}: run `rustup target add {TARGET}`, or on Debian as root \
             `apt-get install --no-install-recommends {}`, then try again.",
            DEBIAN_PACKAGES.join(" ")
        ))
    }

    /// `cargo SUBCOMMAND` for the target, ready for more arguments. Each compiler has its own folder: two of them in
    /// one would build everything anew at each change of hands.
    pub(crate) fn cargo(self, tree: &Tree, subcommand: &str) -> Command {
        let mut command = match self {
            Compiler::Active => cargo(tree),
            Compiler::Debian => {
                let mut command = clean("/usr/bin/cargo");
                let path = std::env::var_os("PATH").unwrap_or_default();
                let ours = ["/usr/bin", "/bin"].map(std::path::PathBuf::from);
                let joined = std::env::join_paths(ours.into_iter().chain(std::env::split_paths(&path)));
                command
                    .current_dir(&tree.root)
                    .env("PATH", joined.unwrap_or(path))
                    // Debian's compiler is a stable one; building its standard library is an unstable option.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "/usr/bin/wasm-ld-22");
                command
            }
        };
        command.arg(subcommand).args(["--target", TARGET]);
        if self == Compiler::Debian {
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command.env("CARGO_TARGET_DIR", self.folder(tree));
        command
    }

    /// What makes the widget of production smaller. A panic becomes `unreachable` at once, `{:?}` prints nothing: the
    /// console has the trap with its stack, and `www/boot.js` starts the phone afresh as after any other trap.
    pub(crate) fn shrink(self, cargo: &mut Command) {
        if self == Compiler::Debian {
            cargo.arg("-Zbuild-std-features=optimize_for_size");
            // Words with quotes in them survive only in this form.
            cargo.env("CARGO_ENCODED_RUSTFLAGS", SMALLER.join("\x1f"));
        }
    }

    /// Where [`Compiler::cargo`] leaves what it builds.
    pub(crate) fn artefacts(self, tree: &Tree, profile: &str) -> std::path::PathBuf {
        self.folder(tree).join(TARGET).join(profile)
    }

    fn folder(self, tree: &Tree) -> std::path::PathBuf {
        match self {
            Compiler::Active => tree.built("wasm"),
            Compiler::Debian => tree.built("wasm-debian"),
        }
    }
}

fn active_has_target() -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]).stderr(Stdio::null());
    let Ok(output) = rustc.output() else { return false };
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

fn debian_is_installed() -> bool {
    const FILES: [&str; 4] = [
        "/usr/bin/cargo",
        "/usr/bin/rustc",
        "/usr/bin/wasm-ld-22",
        "/usr/lib/rustlib/src/rust/library/std/Cargo.toml",
    ];
    FILES.iter().all(|file| Path::new(file).exists())
}
