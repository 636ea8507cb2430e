//! Room on the disk: said before an hour of work, not after it by a linker.

use crate::{Outcome, child::output, tree::Tree};
use std::process::Command;

/// What a whole test run writes into an empty target folder, rounded up (measured: 4 GB without incremental
/// compilation, 7 GB with it).
const NEEDED_MEGABYTES: u64 = 8_000;

/// An error that names both figures where less is free than a whole test run writes into an empty target folder.
pub(crate) fn check(tree: &Tree) -> Outcome {
    if tree.target.join("server").is_dir() {
        return Ok(()); // most of it is there already
    }
    let printed = output(Command::new("df").args(["-P", "-k"]).arg(&tree.root))?;
    let Some(free) = free(&printed) else { return Ok(()) };
    if free >= NEEDED_MEGABYTES {
        return Ok(());
    }
    Err(format!(
        "all tests need {NEEDED_MEGABYTES} MB on the disk of {}, {free} MB are free.",
        tree.target.display()
    ))
}

/// Megabytes free by what `df -P -k` prints: a head, then one line whose fourth word is kilobytes.
fn free(printed: &str) -> Option<u64> {
    let kilobytes: u64 = printed.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kilobytes / 1000)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_fourth_word_of_the_second_line_is_what_is_free() {
        let printed = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 264212084 25399084 69886804 27% /\n";
        assert_eq!(super::free(printed), Some(69_886));
        assert_eq!(super::free("df: no such file\n"), None);
    }
}
