//! Child processes: cargo and the tools it needs, with an environment that does not leak ours into theirs.
//!
//! Output goes straight to the terminal, so that progress is visible.

use crate::Outcome;
use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Says what is being done, so that a long build is never silent.
pub(crate) fn say(words: impl std::fmt::Display) {
    eprintln!("\x1b[1m==>\x1b[0m {words}");
}

/// Variables of cargo and rustup that are a person's choice, not this run's. Who has told rustup to install nothing does
/// not want another toolchain because of us.
const KEPT: [&str; 8] = [
    "CARGO_HOME",
    "CARGO_INCREMENTAL",
    "CARGO_NET_",
    "CARGO_HTTP_",
    "CARGO_REGISTR",
    "CARGO_SOURCE_",
    "RUSTUP_HOME",
    "RUSTUP_AUTO_INSTALL",
];

/// A command without what rustup's shim and the outer cargo exported: with it, another compiler's cargo would take
/// rustup's rustc again, and build scripts would see xtask's package.
pub(crate) fn clean(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if is_of_this_run(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
}

fn is_of_this_run(variable: &str) -> bool {
    let is_exported = variable.starts_with("RUSTUP_") || variable.starts_with("CARGO");
    is_exported && !KEPT.iter().any(|kept| variable.starts_with(kept))
        || ["RUSTC", "RUSTFLAGS", "RUSTC_WRAPPER", "LD_LIBRARY_PATH"].contains(&variable)
}

/// The cargo that runs us, for native builds into `target`.
pub(crate) fn cargo(tree: &crate::tree::Tree) -> Command {
    let mut command = clean(env!("CARGO"));
    if let Some(toolchain) = std::env::var_os("RUSTUP_TOOLCHAIN") {
        command.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    command.current_dir(&tree.root).env("CARGO_TARGET_DIR", &tree.target);
    command
}

/// Runs to the end; anything but success is an error that names the command.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = shown(command);
    let status = command.status().map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed ({status}).")) }
}

/// Runs to the end and gives what it printed.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let shown = shown(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{shown}` failed ({}).", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{shown}` printed what is not text."))
}

/// Runs for at most `limit`, then ends it.
pub(crate) fn run_bounded(command: &mut Command, limit: Duration) -> Outcome {
    let shown = shown(command);
    let mut child = command.spawn().map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    let start = Instant::now();
    while start.elapsed() < limit {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("`{shown}` failed ({status}).")),
            Ok(None) => std::thread::sleep(Duration::from_millis(100)),
            Err(error) => return Err(format!("`{shown}` was lost: {error}")),
        }
    }
    // Its end may come between the two calls; then there is nothing left to end.
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("`{shown}` took longer than {} s.", limit.as_secs()))
}

/// What Debian asks before it starts the server that a package has: 101 says no.
const POLICY: (&str, &str) = ("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");

/// Installs Debian packages; only root on a Debian system can. Servers among them are not started: tests start their own,
/// and one that cannot start would fail the installation.
pub(crate) fn apt_install(packages: &[&str]) -> Outcome {
    say(format!("apt-get install {}", packages.join(" ")));
    let _policy = Forbidden::start(Path::new(POLICY.0))?;
    let apt = |arguments: &[&str]| {
        run(clean("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments).stdout(Stdio::null()))
    };
    let install = [&["install", "-y", "-qq", "--no-install-recommends"], packages].concat();
    // A new machine has no lists, or not all; old lists name what is no longer there.
    if apt_has(packages) && apt(&install).is_ok() {
        return Ok(());
    }
    apt(&["update", "-qq"]).and_then(|()| apt(&install))
}

/// Whether apt's lists have all of these and what they need. It tries, so that nobody reads an error of apt where
/// newer lists are all that is missing; `apt-cache show` is content with one of several.
fn apt_has(packages: &[&str]) -> bool {
    let mut simulation = clean("apt-get");
    simulation.args(["install", "--simulate", "-qq", "--no-install-recommends"]).args(packages);
    simulation.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// While this lives, packages start no servers. A policy that an administrator has made stays as it is.
struct Forbidden<'a>(Option<&'a Path>);

impl Forbidden<'_> {
    fn start(policy: &Path) -> Outcome<Forbidden<'_>> {
        use std::os::unix::fs::PermissionsExt;
        if policy.exists() {
            return Ok(Forbidden(None));
        }
        std::fs::write(policy, POLICY.1)
            .and_then(|()| std::fs::set_permissions(policy, std::fs::Permissions::from_mode(0o755)))
            .map_err(|error| format!("cannot write {}: {error}", policy.display()))?;
        Ok(Forbidden(Some(policy)))
    }
}

impl Drop for Forbidden<'_> {
    fn drop(&mut self) {
        if let Some(policy) = self.0 {
            // Should it be gone already, all the better.
            let _ = std::fs::remove_file(policy);
        }
    }
}

/// Root on a system with apt.
pub(crate) fn can_apt() -> bool {
    let root = std::fs::metadata("/proc/self").is_ok_and(|metadata| {
        use std::os::unix::fs::MetadataExt;
        metadata.uid() == 0
    });
    root && Path::new("/usr/bin/apt-get").exists() && Path::new("/etc/debian_version").exists()
}

/// Where PATH has a program.
pub(crate) fn in_path(name: &str) -> Option<std::path::PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_forbidden_for_a_while_and_a_policy_of_others_is_left_alone() {
        let policy = std::env::temp_dir().join(format!("softframe-policy-{}", std::process::id()));
        let forbidden = Forbidden::start(&policy).expect("a place to write");
        // By the shell: what another thread starts just then may still hold the file open to write, so that it is "busy".
        assert_eq!(Command::new("sh").arg(&policy).status().expect("it runs").code(), Some(101));
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&policy).expect("it is there").permissions().mode() & 0o111, 0o111);
        drop(forbidden);
        assert!(!policy.exists());
        std::fs::write(&policy, "#!/bin/sh\n").expect("a file");
        drop(Forbidden::start(&policy).expect("nothing to do"));
        assert!(policy.exists());
        std::fs::remove_file(&policy).expect("it was there");
    }

    #[test]
    fn lists_of_apt_that_lack_one_of_two_packages_are_found_to_lack_it() {
        if in_path("apt-get").is_none() {
            return;
        }
        assert!(apt_has(&["dpkg"]));
        assert!(!apt_has(&["dpkg", "softframe-package-that-nobody-makes"]));
    }

    #[test]
    fn choices_of_a_person_reach_child_processes_and_what_this_run_exports_does_not() {
        for kept in ["RUSTUP_AUTO_INSTALL", "RUSTUP_HOME", "CARGO_HOME", "CARGO_HTTP_TIMEOUT", "PATH"] {
            assert!(!is_of_this_run(kept), "{kept}");
        }
        for dropped in
            ["RUSTUP_TOOLCHAIN", "CARGO", "CARGO_PKG_NAME", "CARGO_TARGET_DIR", "RUSTC", "RUSTFLAGS"]
        {
            assert!(is_of_this_run(dropped), "{dropped}");
        }
    }
}
