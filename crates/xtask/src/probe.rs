//! Proof that the phone reads no clock and draws no randomness: what a bare wasm build of it imports.
//!
//! The standard library's own clock panics on wasm32 without an import; clippy's `disallowed-methods` catches that.

use crate::{
    Outcome,
    child::{run, say},
    compiler::Compiler,
    tree::{Tree, read},
};

/// A module smaller than this was stripped of what it should show.
const MIN_MODULE: usize = 100_000;

/// The profile of the tests' widget: what one of them has compiled, the other does not compile again.
const PROFILE: &str = "draft";

/// Builds the probe, which reaches everything the phone can do, and looks at its imports.
pub(crate) fn check(tree: &Tree) -> Outcome {
    let compiler = Compiler::find()?;
    say("probing the imports of a bare wasm build of softframe-phone");
    run(compiler.cargo(tree, "build").args(["--package", "softframe-probe", "--lib", "--profile", PROFILE]))?;
    let module = read(&compiler.artefacts(tree, PROFILE).join("softframe_probe.wasm"))?;
    if module.len() < MIN_MODULE {
        return Err(format!(
            "the probe of {} octets shows nothing: the linker dropped the phone.",
            module.len()
        ));
    }
    let bad: Vec<String> = imports(&module)?.into_iter().filter(|name| !is_bookkeeping(name)).collect();
    if bad.is_empty() { Ok(()) } else { Err(format!("softframe-phone imports {}.", bad.join(", "))) }
}

/// rsip's dependencies drag the binder in; what it needs for itself is no door to the outside.
fn is_bookkeeping(import: &str) -> bool {
    let (_, field) = import.split_once(' ').unwrap_or(("", import));
    // What a crate asks of JavaScript is `__wbg_NAME_HASH`; the binder's own functions are named so too, or plainly.
    field.strip_prefix("__wbg_").unwrap_or(field).starts_with("__wbindgen_")
        && !["now", "random", "crypto", "date"].iter().any(|word| field.contains(word))
}

/// `module field` of each import.
fn imports(module: &[u8]) -> Outcome<Vec<String>> {
    imports_of(module).ok_or_else(|| "the probe is not a readable wasm module.".to_owned())
}

fn imports_of(module: &[u8]) -> Option<Vec<String>> {
    let mut rest = Cursor(module.strip_prefix(b"\0asm\x01\0\0\0")?);
    while !rest.0.is_empty() {
        let id = rest.byte()?;
        let length = rest.number()?;
        let mut section = Cursor(rest.take(length)?);
        if id == 2 {
            let count = section.number()?;
            return (0..count).map(|_| section.import()).collect();
        }
    }
    Some(Vec::new())
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// LEB128, unsigned.
    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn name(&mut self) -> Option<String> {
        let length = self.number()?;
        Some(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    fn limits(&mut self) -> Option<()> {
        let flags = self.byte()?;
        self.number()?;
        if flags & 1 == 1 { self.number().map(drop) } else { Some(()) }
    }

    fn import(&mut self) -> Option<String> {
        let import = format!("{} {}", self.name()?, self.name()?);
        match self.byte()? {
            0 => self.number().map(drop)?,
            1 => {
                self.byte()?;
                self.limits()?;
            }
            2 => self.limits()?,
            3 => self.take(2).map(drop)?,
            4 => {
                self.byte()?;
                self.number().map(drop)?;
            }
            _ => return None,
        }
        Some(import)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_read_and_told_from_bookkeeping() {
        // Two functions of type 0: `p.__wbindgen_throw` and `p.now`.
        let section = b"\x02\x01p\x10__wbindgen_throw\0\0\x01p\x03now\0\0";
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.extend([2, u8::try_from(section.len()).expect("short")]);
        module.extend(section);
        let found = imports(&module).expect("a module");
        assert_eq!(found, ["p __wbindgen_throw", "p now"]);
        let bad: Vec<&String> = found.iter().filter(|name| !is_bookkeeping(name)).collect();
        assert_eq!(bad, ["p now"]);
        for (import, expected) in [
            ("p __wbg___wbindgen_throw_4c88d8bf264fd984", true),
            ("p __wbg_now_4c88d8bf264fd984", false),
            ("p __wbg_getRandomValues_4c88d8bf264fd984", false),
            ("p __wbindgen_crypto_getRandomValues", false),
        ] {
            assert_eq!(is_bookkeeping(import), expected, "{import}");
        }
    }

    #[test]
    fn cut_module_is_an_error() {
        assert!(imports(b"\0asm\x01\0\0\0\x02\x7f").is_err());
        assert!(imports(b"MZ").is_err());
    }
}
