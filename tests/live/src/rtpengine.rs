//! One rtpengine process for one test: the media relay between browsers and plain RTP, on loopback, without its module
//! for the kernel.

use crate::kamailio::{free_udp_port, until_bound};
use std::process::{Child, Command, Stdio};

/// Ports for media; a test has one call or two.
const MEDIA_PORTS: u16 = 40;

/// Ends with the value.
pub struct RtpEngine {
    process: Child,
    /// Where it takes orders.
    pub port: u16,
}

impl RtpEngine {
    /// Starts one, and waits until it listens.
    pub fn start() -> RtpEngine {
        let port = free_udp_port();
        // Somewhere below the ports that systems give out by themselves, in a place of this one's own.
        let first = 10_000 + port % 500 * MEDIA_PORTS;
        let mut command = Command::new("rtpengine");
        command.args(["--foreground", "--log-stderr", "--log-level=4", "--table=-1", "--no-fallback"]);
        command.args(["--interface=127.0.0.1", "--config-file=none"]);
        command.arg(format!("--listen-ng=127.0.0.1:{port}"));
        command.arg(format!("--port-min={first}")).arg(format!("--port-max={}", first + MEDIA_PORTS));
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = spawned.unwrap_or_else(|error| panic!("rtpengine is not installed here: {error}"));
        until_bound(port);
        RtpEngine { process, port }
    }
}

impl Drop for RtpEngine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
