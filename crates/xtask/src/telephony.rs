//! Finds the SIP servers and phones of the live tests, or installs them on Debian.
//!
//! It never starts one: each test starts its own, on ports of its own.

use crate::{
    Outcome,
    child::{apt_install, can_apt, clean, in_path},
};
use std::process::Stdio;

/// What a Debian system has them in.
const PACKAGES: [&str; 8] = [
    "kamailio",
    "kamailio-websocket-modules",
    "kamailio-outbound-modules",
    "kamailio-presence-modules",
    "kamailio-tls-modules",
    "rtpengine-daemon",
    "baresip-core",
    "sip-tester",
];
/// Where there are no such packages, these are looked for.
const PROGRAMS: [&str; 4] = ["kamailio", "rtpengine", "baresip", "sipp"];

/// Sees to it that everything is there.
pub(crate) fn find() -> Outcome {
    if in_path("dpkg-query").is_none() {
        let missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| in_path(program).is_none()).collect();
        return if missing.is_empty() { Ok(()) } else { Err(sentence(&missing)) };
    }
    let missing = missing();
    if !missing.is_empty() && can_apt() {
        apt_install(&missing)?;
    }
    let missing = self::missing();
    if missing.is_empty() { Ok(()) } else { Err(sentence(&missing)) }
}

fn missing() -> Vec<&'static str> {
    let is_installed = |package: &str| {
        let mut query = clean("dpkg-query");
        query.args(["-W", "-f=${Status}", package]).stderr(Stdio::null());
        query.output().is_ok_and(|output| output.stdout.starts_with(b"install ok installed"))
    };
    PACKAGES.into_iter().filter(|package| !is_installed(package)).collect()
}

fn sentence(missing: &[&str]) -> String {
    format!(
        "the live tests need Kamailio 5.6 with its modules, rtpengine, baresip and SIPp, and {} is not here: on Debian \
         as root `apt-get install {}`; elsewhere install these programs by your own means.",
        missing.join(", "),
        PACKAGES.join(" ")
    )
}
