//! One Kamailio process for one test, on ports of its own, ended with the test; and SIPp as its trunk on UDP. What it runs
//! is `demo/kamailio/kamailio.cfg` as it stands there: only `local.cfg` is the test's.

use crate::{Certificates, Script, Sipp};
use std::{
    fmt::Write as _,
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// What a test may want otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Of the digest.
    pub algorithm: &'static str,
    /// Whether its challenge offers `qop=auth`.
    pub qop: bool,
    /// Seconds until a nonce is stale.
    pub nonce_expire: u32,
    /// Seconds between signs of life that the registrar asks for.
    pub flow_timer: u32,
    /// The port where rtpengine takes orders; without one, media are not touched.
    pub rtpengine: Option<u16>,
    /// Whether the registrar gives GRUUs; without that, it is one line more than the demo has.
    pub gruu: bool,
    /// Whether phones in browsers come by `wss:`, and if so, with a certificate for which name.
    pub tls: Option<&'static str>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            algorithm: "SHA-256",
            qop: true,
            nonce_expire: 300,
            flow_timer: 25,
            rtpengine: None,
            gruu: true,
            tls: None,
        }
    }
}

/// Ends with the value.
pub struct Kamailio {
    running: Option<Running>,
    /// Where it listens on 127.0.0.1, for WebSockets and on UDP.
    pub port: u16,
    /// Its trunk, on UDP: numbers of four and more digits go there, and from there calls come without a password.
    trunk: u16,
    /// What makes its `wss:` believed, where it has that.
    pub certificates: Option<Certificates>,
    folder: PathBuf,
}

/// How long it may take to start or to end on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(30);
/// Milliseconds until Kamailio repeats a request or a 200 of its own. On loopback nothing is lost: what comes twice has only
/// been answered late, and SIPp would take it for something new.
const REPEATS_AFTER: u32 = 4_000;
/// Its accounts are 200 to 209; the password of each is "secret".
const ACCOUNTS: std::ops::Range<u32> = 200..210;

impl Kamailio {
    /// Starts one, and waits until it listens.
    pub fn start(settings: Settings) -> Kamailio {
        let (port, folder) = reserve();
        let trunk = free_udp_port();
        let tables = folder.join("tables");
        std::fs::create_dir_all(&tables).expect("a folder");
        copy_files(Path::new("/usr/share/kamailio/dbtext/kamailio"), &tables);
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/kamailio/kamailio.cfg");
        let mut configuration = std::fs::read_to_string(demo).expect("the configuration of the demo");
        let _ = writeln!(configuration, "modparam(\"tm\", \"retr_timer1\", {REPEATS_AFTER})");
        if !settings.gruu {
            configuration += "modparam(\"registrar\", \"gruu_enabled\", 0)\n";
        }
        std::fs::write(folder.join("kamailio.cfg"), configuration).expect("a file");
        std::fs::write(folder.join("local.cfg"), local(settings, port, trunk, &tables)).expect("a file");
        let certificates = settings.tls.map(|name| Certificates::make(&folder, name));
        let mut kamailio = Kamailio { running: None, port, trunk, certificates, folder };
        kamailio.start_again();
        kamailio
    }

    /// Ends it as an administrator does: connections close, and what it knew is gone.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Starts it on the same ports.
    pub fn start_again(&mut self) {
        self.running = Some(Running::start(&self.folder, Ipv4Addr::LOCALHOST, self.port));
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Starts SIPp as the trunk, for one call.
    pub fn sipp(&self, script: &Script) -> Sipp {
        Sipp::start(&self.folder, script, self.trunk, &format!("127.0.0.1:{}", self.port))
    }
}

/// The process; ends with the value.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it with the `kamailio.cfg` of this folder, and waits until it listens there. One process reads from UDP and
    /// one from WebSockets: of several, one would overtake the other, and SIPp takes messages in one order only. What
    /// comes to the trunk from both of them comes in either order still.
    pub(crate) fn start(folder: &Path, address: Ipv4Addr, port: u16) -> Running {
        let log = std::fs::File::options().create(true).append(true).open(folder.join("log"));
        let mut command = Command::new("kamailio");
        command.arg("-DD").arg("-E").arg("-f").arg(folder.join("kamailio.cfg"));
        command.arg("-Y").arg(folder).args(["-m", "32", "-M", "4", "-n", "1", "-N", "1"]).current_dir(folder);
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.expect("a log")).spawn();
        let running =
            Running(spawned.unwrap_or_else(|error| panic!("kamailio is not installed here: {error}")));
        let begin = Instant::now();
        while TcpStream::connect((address, port)).is_err() {
            let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(begin.elapsed() < PATIENCE, "kamailio does not listen:\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its children end with it when it is asked, not when it is killed.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        self.stop();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// A port that is free for TCP and UDP, and a folder named by it. A folder is made by one only, so no other test of this
/// machine gets the same port before it is used.
pub(crate) fn reserve() -> (u16, PathBuf) {
    loop {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("bound").port();
        let folder = std::env::temp_dir().join(format!("softframe-kamailio-{port}"));
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() && std::fs::create_dir(&folder).is_ok() {
            return (port, folder);
        }
    }
}

fn local(settings: Settings, port: u16, trunk: u16, tables: &Path) -> String {
    let qop = u8::from(settings.qop);
    let (port, trunk) = (port.to_string(), trunk.to_string());
    let mut text = String::new();
    for (name, value) in [
        ("SIP_DOMAIN", "sip.test"),
        ("SIP_ADDRESS", "127.0.0.1"),
        ("SIP_PORT", &port),
        ("WS_PORT", &port),
        ("TABLES", &tables.display().to_string()),
        ("TRUNK_ADDRESS", "127.0.0.1"),
        ("TRUNK_PORT", &trunk),
    ] {
        // A path has slashes, so the separator is another one.
        let _ = writeln!(text, "#!substdef \"!{name}!{value}!g\"");
    }
    if let Some(port) = settings.rtpengine {
        let _ = writeln!(text, "#!define WITH_RTPENGINE\n#!substdef \"!RTPENGINE!udp:127.0.0.1:{port}!g\"");
    }
    if settings.tls.is_some() {
        text += "#!define WITH_TLS\n";
    }
    text += "#!define WITH_EDGES\n#!substdef \"!EDGES!^127.0.1.!g\"\n";
    let Settings { algorithm, nonce_expire, flow_timer, .. } = settings;
    let _ = write!(
        text,
        "#!define WITH_PRESENCE\n#!define WITH_TRUNK\n#!define ALGORITHM \"{algorithm}\"\n#!define QOP \"{qop}\"\n\
         #!define NONCE_EXPIRE {nonce_expire}\n#!define FLOW_TIMER {flow_timer}\nmemdbg=5\nmemlog=5\n\
         event_route[htable:mod-init] {{\n"
    );
    for account in ACCOUNTS {
        let _ = writeln!(text, "\t$sht(password=>{account}) = \"secret\";");
    }
    text + "}\n"
}

fn copy_files(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).expect("the tables of the package").flatten() {
        std::fs::copy(file.path(), to.join(file.file_name())).expect("a table");
    }
}

/// A port that is free for TCP and UDP now.
pub(crate) fn free_port() -> u16 {
    for _ in 0..100 {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("bound").port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free for both")
}

/// One that is free for UDP now.
pub(crate) fn free_udp_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

/// Waits until somebody has this port.
pub(crate) fn until_bound(port: u16) {
    let begin = Instant::now();
    let is_bound = || {
        let sockets = std::fs::read_to_string("/proc/net/udp").expect("the sockets of this machine");
        sockets.lines().any(|line| line.contains(&format!(":{port:04X} ")))
    };
    while !is_bound() {
        assert!(begin.elapsed() < PATIENCE, "nobody listens on port {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
