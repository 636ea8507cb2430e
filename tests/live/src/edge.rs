//! One Kamailio process as an edge before a registrar, with `demo/kamailio/edge` as it stands there. It listens on an address
//! of this machine's own, so that the registrar can tell it from phones and trunk.

use crate::kamailio::{Kamailio, Running, reserve};
use std::{
    fmt::Write as _,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

/// Ends with the value.
pub struct Edge {
    running: Option<Running>,
    address: Ipv4Addr,
    port: u16,
    folder: PathBuf,
}

impl Edge {
    /// Starts the first, second … edge of a registrar, and waits until it listens.
    pub fn start(registrar: &Kamailio, number: u8) -> Edge {
        Edge::before(registrar.port, number)
    }

    /// The same before whatever is on this port.
    pub fn before(registrar: u16, number: u8) -> Edge {
        let (port, folder) = reserve();
        let address = Ipv4Addr::new(127, 0, 1, number);
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/kamailio/edge/kamailio.cfg");
        std::fs::copy(demo, folder.join("kamailio.cfg")).expect("the configuration of the demo");
        let mut local = String::new();
        for (name, value) in [
            ("EDGE_ADDRESS", address.to_string()),
            ("EDGE_PORT", port.to_string()),
            ("WS_PORT", port.to_string()),
            ("REGISTRAR_ADDRESS", "127.0.0.1".to_owned()),
            ("REGISTRAR_PORT", registrar.to_string()),
        ] {
            let _ = writeln!(local, "#!substdef \"!{name}!{value}!g\"");
        }
        std::fs::write(folder.join("local.cfg"), local).expect("a file");
        let running = Some(Running::start(&folder, address, port));
        Edge { running, address, port, folder }
    }

    /// Where phones come to.
    pub fn url(&self) -> String {
        format!("ws://{}:{}/", self.address, self.port)
    }

    /// How the registrar writes it.
    pub fn host_and_port(&self) -> String {
        format!("{}:{}", self.address, self.port)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Ends it: its connections close, and what it knew is gone.
    pub fn stop(&mut self) {
        self.running = None;
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
