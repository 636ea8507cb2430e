//! One SIPp process for one call: as the trunk of a Kamailio, or as a registrar behind an edge, which says what no other does.

use crate::{
    Edge, Script,
    kamailio::{reserve, until_bound},
    tone::tone_in_pcmu,
};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// What has not gone by then will not: longer than any test waits for it.
const TIMEOUT: &str = "90s";

/// One SIPp process for one call.
pub struct Sipp {
    process: Child,
    log: PathBuf,
}

impl Sipp {
    /// Starts one that plays this script from its own port with another address.
    pub(crate) fn start(folder: &Path, script: &Script, own: u16, other: &str) -> Sipp {
        let (scenario, log) = (folder.join("scenario.xml"), folder.join("sipp.log"));
        std::fs::write(&scenario, script.xml()).expect("a file");
        std::fs::write(folder.join("tone.ulaw"), tone_in_pcmu()).expect("a file");
        let mut command = Command::new("sipp");
        command.arg("-sf").arg(&scenario).arg(other).args([
            "-i",
            "127.0.0.1",
            "-p",
            &own.to_string(),
            "-m",
            "1",
            "-nostdin",
            "-timeout",
            TIMEOUT,
            "-timeout_error",
        ]);
        if script.is_literal() {
            command.arg("-nr");
        }
        command.arg("-trace_err").arg("-error_file").arg(&log).current_dir(folder);
        command.arg("-trace_msg").arg("-message_file").arg(folder.join("sipp.messages"));
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = spawned.unwrap_or_else(|error| panic!("sipp is not installed here: {error}"));
        if script.listens() {
            until_bound(own);
        }
        Sipp { process, log }
    }

    /// Waits for its end: whether its call went as its script says, and if not, why.
    pub fn went(mut self) -> Result<(), String> {
        let status = self.process.wait().map_err(|error| error.to_string())?;
        if status.success() {
            return Ok(());
        }
        let messages = self.log.with_file_name("sipp.messages");
        let texts = [self.log, messages].map(|path| std::fs::read_to_string(path).unwrap_or_default());
        Err(format!("SIPp: {status}\n{}", texts.join("\n")))
    }
}

/// A place for SIPp as registrar, before which an [`Edge`] stands: SIPp has no WebSocket of its own.
pub struct Registrar {
    /// Where it is, on UDP.
    pub port: u16,
    folder: PathBuf,
}

impl Registrar {
    /// A free one.
    pub fn reserve() -> Registrar {
        let (port, folder) = reserve();
        Registrar { port, folder }
    }

    /// Starts SIPp there, behind this edge.
    pub fn sipp(&self, edge: &Edge, script: &Script) -> Sipp {
        Sipp::start(&self.folder, script, self.port, &edge.host_and_port())
    }
}

impl Drop for Registrar {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
