//! A PulseAudio server of a test's own: microphones that hear one tone each, for a browser without fake devices.
//!
//! It plays on nothing and listens to nothing of the machine.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

/// It is a small program; a busy machine needs a while for it all the same.
const STARTS_WITHIN: Duration = Duration::from_secs(20);

/// Ends with the value.
pub struct Pulse {
    child: Child,
    folder: PathBuf,
    /// Where clients find it (`PULSE_SERVER`).
    address: &'static str,
}

impl Pulse {
    /// Starts one without any device.
    pub fn start() -> Pulse {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("softframe-pulse-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the server");
        let socket = folder.join("native");
        // Anonymous: a client need not know the cookie of this server's own home.
        let listens = format!("module-native-protocol-unix auth-anonymous=1 socket={}", socket.display());
        let child = Command::new("pulseaudio")
            .args(["-n", "--daemonize=no", "--system=false", "--exit-idle-time=-1", "--use-pid-file=no"])
            .args(["--disallow-exit", "--load", &listens])
            .env("HOME", &folder)
            .env("XDG_RUNTIME_DIR", &folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pulseaudio starts: `cargo xtask test` installs it");
        let start = Instant::now();
        while !socket.exists() {
            assert!(start.elapsed() < STARTS_WITHIN, "pulseaudio does not listen");
            sleep(crate::GLANCE);
        }
        // A session of a browser keeps the address as long as the process of the tests.
        let address = Box::leak(format!("unix:{}", socket.display()).into_boxed_str());
        Pulse { child, folder, address }
    }

    /// For [`Setup::Machine`](crate::Setup::Machine).
    pub fn address(&self) -> &'static str {
        self.address
    }

    /// Plugs in a microphone that hears this tone.
    pub fn plug_in(&self, name: &str, hertz: u32) {
        self.load(&["module-null-sink", &format!("sink_name={name}_room")]);
        self.load(&["module-sine", &format!("sink={name}_room"), &format!("frequency={hertz}")]);
        // Browsers do not list what merely listens to a speaker.
        let described = format!("source_properties=device.description={name}");
        let (room, source) = (format!("master={name}_room.monitor"), format!("source_name={name}"));
        self.load(&["module-remap-source", &room, &source, &described]);
    }

    /// What nobody chose otherwise hears by this one.
    pub fn prefer(&self, name: &str) {
        self.command(&["set-default-source", name]);
    }

    /// Pulls it out.
    pub fn unplug(&self, name: &str) {
        let modules = self.command(&["list", "short", "modules"]);
        let of_it = format!("source_name={name} ");
        let module =
            modules.lines().find(|line| line.contains(&of_it)).and_then(|line| line.split('\t').next());
        self.command(&["unload-module", module.expect("it is plugged in")]);
    }

    fn load(&self, module: &[&str]) {
        self.command(&[&["load-module"], module].concat());
    }

    fn command(&self, arguments: &[&str]) -> String {
        let output = Command::new("pactl")
            .args(["--server", self.address])
            .args(arguments)
            .env("HOME", &self.folder)
            .output()
            .expect("pactl runs");
        assert!(output.status.success(), "pactl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
