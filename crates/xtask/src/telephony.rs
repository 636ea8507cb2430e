//! Finds the servers and phones that tests start, or installs them on Debian.
//!
//! It never starts one: each test starts its own, on ports of its own.

use crate::{
    Outcome,
    child::{apt_install, can_apt, clean, in_path},
};
use std::process::Stdio;

/// What a Debian system has the SIP servers and phones of the live tests in.
const PACKAGES: [&str; 9] = [
    "kamailio",
    "kamailio-websocket-modules",
    "kamailio-outbound-modules",
    "kamailio-presence-modules",
    "kamailio-tls-modules",
    "rtpengine-daemon",
    "baresip-core",
    "sip-tester",
    "openssl",
];
/// Where there are no such packages, these are looked for.
const PROGRAMS: [&str; 5] = ["kamailio", "rtpengine", "baresip", "sipp", "openssl"];

/// Where calls are told, for the tests of the gateways.
const REDIS: [&str; 1] = ["redis-server"];

/// Web servers that the widget is put behind.
const WEB_SERVERS: [&str; 3] = ["nginx", "libnginx-mod-http-brotli-static", "caddy"];

/// Microphones for the tests of devices.
const PULSE: [&str; 2] = ["pulseaudio", "pulseaudio-utils"];
const PULSE_PROGRAMS: [&str; 2] = ["pulseaudio", "pactl"];

/// Sees to it that everything of the live tests is there.
pub(crate) fn find() -> Outcome {
    found(&PACKAGES, &PROGRAMS, sentence)
}

/// Sees to it that Redis is there.
pub(crate) fn find_redis() -> Outcome {
    found(&REDIS, &REDIS, |_| {
        "the tests of the gateways need redis-server: on Debian as root `apt-get install redis-server`; elsewhere install \
         it by your own means."
            .to_owned()
    })
}

/// Sees to it that there are web servers to put the widget behind.
pub(crate) fn find_web_servers() -> Outcome {
    found(&WEB_SERVERS, &["nginx", "caddy"], |_| {
        "the tests of deployment need nginx and Caddy: on Debian as root `apt-get install nginx \
         libnginx-mod-http-brotli-static caddy`; elsewhere install them by your own means."
            .to_owned()
    })
}

/// Sees to it that PulseAudio is there. It is not started.
pub(crate) fn find_pulse() -> Outcome {
    found(&PULSE, &PULSE_PROGRAMS, |_| {
        "the tests of devices need PulseAudio: on Debian as root `apt-get install pulseaudio pulseaudio-utils`; elsewhere \
         install it by your own means."
            .to_owned()
    })
}

fn found(packages: &[&'static str], programs: &[&'static str], sentence: fn(&[&str]) -> String) -> Outcome {
    if in_path("dpkg-query").is_none() {
        let missing: Vec<&str> = programs.iter().copied().filter(|name| in_path(name).is_none()).collect();
        return if missing.is_empty() { Ok(()) } else { Err(sentence(&missing)) };
    }
    let wanted = missing(packages);
    if !wanted.is_empty() && can_apt() {
        apt_install(&wanted)?;
    }
    let missing = missing(packages);
    if missing.is_empty() { Ok(()) } else { Err(sentence(&missing)) }
}

fn missing(packages: &[&'static str]) -> Vec<&'static str> {
    let is_installed = |package: &str| {
        let mut query = clean("dpkg-query");
        query.args(["-W", "-f=${Status}", package]).stderr(Stdio::null());
        query.output().is_ok_and(|output| output.stdout.starts_with(b"install ok installed"))
    };
    packages.iter().copied().filter(|package| !is_installed(package)).collect()
}

fn sentence(missing: &[&str]) -> String {
    format!(
        "the live tests need Kamailio 5.6 with its modules, rtpengine, baresip and SIPp, and {} is not here: on Debian \
         as root `apt-get install {}`; elsewhere install these programs by your own means.",
        missing.join(", "),
        PACKAGES.join(" ")
    )
}
