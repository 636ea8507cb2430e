//! One Kamailio process as a registrar that challenges by SHA-512-256 and lets OpenSSL judge the answers: no SIP server of
//! Debian 12 knows that algorithm by itself.

use crate::kamailio::{Running, reserve};
use std::{fmt::Write as _, net::Ipv4Addr, path::PathBuf};

/// Ends with the value.
pub struct OpensslRegistrar {
    running: Option<Running>,
    /// Where phones come to, on 127.0.0.1.
    pub port: u16,
    folder: PathBuf,
}

impl OpensslRegistrar {
    /// Starts one that challenges by this algorithm, `SHA-512-256` or `SHA-512-256-sess`, and waits until it listens.
    pub fn start(algorithm: &str) -> OpensslRegistrar {
        let (port, folder) = reserve();
        let mut local = String::new();
        for (name, value) in [
            ("PORT", port.to_string()),
            ("ALGORITHM", algorithm.to_owned()),
            ("FOLDER", folder.display().to_string()),
        ] {
            // A path has slashes, so the separator is another one.
            let _ = writeln!(local, "#!substdef \"!{name}!{value}!g\"");
        }
        for (name, text) in [
            ("kamailio.cfg", include_str!("openssl.cfg")),
            ("verdict.sh", include_str!("verdict.sh")),
            ("local.cfg", &local),
        ] {
            std::fs::write(folder.join(name), text).expect("a file");
        }
        let running = Some(Running::start(&folder, Ipv4Addr::LOCALHOST, port));
        OpensslRegistrar { running, port, folder }
    }
}

impl Drop for OpensslRegistrar {
    fn drop(&mut self) {
        self.running = None;
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
