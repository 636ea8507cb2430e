//! One Kamailio process for one test, on a port of its own, ended with the test; and SIPp as a phone on UDP behind it.

use std::{
    net::{TcpListener, TcpStream, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub(crate) struct Kamailio {
    process: Child,
    pub(crate) port: u16,
    /// Where it sends calls to 600, over UDP.
    peer: u16,
    folder: PathBuf,
}

impl Kamailio {
    pub(crate) fn start(algorithm: &str, qop: &str) -> Kamailio {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        let peer =
            UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        let text = include_str!("../../kamailio/kamailio.cfg");
        let folder = std::env::temp_dir().join(format!("softframe-kamailio-{port}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("kamailio.cfg");
        let text =
            text.replace("PORT", &port.to_string()).replace("ALGORITHM", algorithm).replace("QOP", qop);
        let text = text.replace("PEER", &peer.to_string());
        std::fs::write(&file, text).expect("a file");
        let log = std::fs::File::create(folder.join("log")).expect("a log");
        let mut command = Command::new("kamailio");
        command
            .arg("-DD")
            .arg("-E")
            .arg("-f")
            .arg(&file)
            .arg("-Y")
            .arg(&folder)
            .args(["-m", "32", "-M", "4"]);
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let process = spawned.unwrap_or_else(|error| panic!("kamailio is not installed here: {error}"));
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(begin.elapsed() < Duration::from_secs(10), "kamailio does not listen:\n{}", log());
            std::thread::yield_now();
        }
        Kamailio { process, port, peer, folder }
    }

    /// SIPp answers one call to 600 and is hung up on.
    pub(crate) fn callee(&self) -> Sipp {
        let scenario = self.scenario("callee.xml", include_str!("../../kamailio/callee.xml"));
        Sipp::start(self, &["-sf", &scenario])
    }

    /// SIPp calls `user` once and hangs up after a moment.
    pub(crate) fn caller(&self, user: &str) -> Sipp {
        let scenario = self.scenario("caller.xml", include_str!("../../kamailio/caller.xml"));
        Sipp::start(self, &["-sf", &scenario, "-s", user, &format!("127.0.0.1:{}", self.port)])
    }

    fn scenario(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // Its children end with it when it is asked, not when it is killed.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// One SIPp process for one call.
pub(crate) struct Sipp(Child);

impl Sipp {
    fn start(kamailio: &Kamailio, arguments: &[&str]) -> Sipp {
        let mut command = Command::new("sipp");
        command.args(arguments).args(["-i", "127.0.0.1", "-p", &kamailio.peer.to_string(), "-m", "1"]);
        command.args(["-nostdin", "-timeout", "20s", "-timeout_error"]).current_dir(&kamailio.folder);
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Sipp(spawned.unwrap_or_else(|error| panic!("sipp is not installed here: {error}")))
    }

    /// Waits for its end: whether its call went as its scenario says.
    pub(crate) fn went_well(mut self) -> bool {
        self.0.wait().expect("its end").success()
    }
}
