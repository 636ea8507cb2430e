//! One baresip process for one test: a phone on a desk that speaks plain RTP, plays a tone, and keeps what it hears.

use crate::{
    Kamailio,
    kamailio::free_port,
    tone::{RATE, tone},
};
use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// How long it may take to do anything.
const PATIENCE: Duration = Duration::from_secs(30);
/// Another one may have taken a port in the meantime.
const TRIES: usize = 5;
/// A tone that no test outlasts.
const TONE_SECONDS: u32 = 60;
/// What it does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// Rings until [`Baresip::command`] `accept`.
    Manual,
    /// Picks up.
    Auto,
    /// Picks up, and says back what it hears in the place of the tone.
    Echo,
}

/// Ends with the value.
pub struct Baresip {
    process: Child,
    control: TcpStream,
    /// What it has told, one JSON text each.
    told: Arc<Mutex<Vec<String>>>,
    folder: PathBuf,
}

impl Baresip {
    /// Starts one as this extension, and waits until it is registered. It knows MD5 only.
    pub fn start(kamailio: &Kamailio, extension: u32, answers: Answers) -> Baresip {
        let folder = std::env::temp_dir().join(format!("softframe-baresip-{}-{extension}", kamailio.port));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("tone.wav"), wav()).expect("a file");
        let mode = match answers {
            Answers::Manual => "manual",
            Answers::Auto | Answers::Echo => "auto",
        };
        let account = format!(
            "<sip:{extension}@sip.test>;auth_user={extension};auth_pass=secret;answermode={mode};\
             outbound=\"sip:127.0.0.1:{}\";regint=600\n",
            kamailio.port
        );
        std::fs::write(folder.join("accounts"), account).expect("a file");
        std::fs::write(folder.join("contacts"), "").expect("a file");
        let started = (0..TRIES).find_map(|_| spawn(&folder, answers));
        let (process, control) =
            started.unwrap_or_else(|| panic!("baresip takes no orders:\n{}", log_of(&folder)));
        let told = Arc::new(Mutex::new(Vec::new()));
        let (keeping, mut reading) = (told.clone(), control.try_clone().expect("a second handle"));
        std::thread::spawn(move || {
            while let Some(text) = netstring(&mut reading) {
                keeping.lock().expect("nobody panics in it").push(text);
            }
        });
        let baresip = Baresip { process, control, told, folder };
        // It may have registered before anybody listened.
        let is_registered = || baresip.log().contains("200 OK") || baresip.has_told("REGISTER_OK");
        baresip.wait("registration", is_registered);
        baresip
    }

    /// Does what its menu has under this name.
    pub fn command(&mut self, name: &str, parameters: &str) {
        let text = format!("{{\"command\":\"{name}\",\"params\":\"{parameters}\"}}");
        write!(self.control, "{}:{text},", text.len()).expect("baresip takes orders");
    }

    /// Whether anything that it has told has this in it.
    pub fn has_told(&self, what: &str) -> bool {
        self.told.lock().expect("nobody panics in it").iter().any(|text| text.contains(what))
    }

    /// The keys that it was told in the call, in their order.
    pub fn keys(&self) -> String {
        let told = self.told.lock().expect("nobody panics in it");
        let pressed = told.iter().filter(|text| text.contains("CALL_DTMF_START"));
        pressed.filter_map(|text| text.split("\"param\":\"").nth(1)?.chars().next()).collect()
    }

    /// How much it has heard so far, in samples.
    pub fn heard(&self) -> usize {
        self.samples().len()
    }

    /// How loud all was that it has heard after so many samples: the root of the mean square, at most 32,767.
    pub fn loudness_since(&self, samples: usize) -> f64 {
        let heard = self.samples();
        let last = heard.get(samples..).unwrap_or_default();
        let sum: f64 = last.iter().map(|sample| sample * sample).sum();
        (sum / last.len().max(1) as f64).sqrt()
    }

    /// Whether packets of sound arrive, as it counts them.
    pub fn is_receiving(&self) -> bool {
        // `audio=64000/64000 (bit/s)`: what it sends, what it gets.
        let log = self.log();
        let last = log.rsplit("audio=").find_map(|text| text.split_once(" (bit/s)")?.0.split_once('/'));
        last.and_then(|(_, gets)| gets.parse().ok()).is_some_and(|gets: u32| gets > 0)
    }

    fn samples(&self) -> Vec<f64> {
        let heard = newest(&self.folder, "-dec.wav").and_then(|path| std::fs::read(path).ok());
        let octets = heard.unwrap_or_default();
        // A head of 44 octets, then 16 bits for each sample.
        let pairs = octets.get(44..).unwrap_or_default().chunks_exact(2);
        pairs.map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]]))).collect()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        log_of(&self.folder)
    }

    fn wait(&self, what: &str, is_done: impl Fn() -> bool) {
        let begin = Instant::now();
        while !is_done() {
            assert!(begin.elapsed() < PATIENCE, "no {what} of baresip\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Starts it, on ports of its own, until it takes orders; `None` if it ended before that: a port was free when it was
/// looked for, and somebody else's a moment later.
fn spawn(folder: &Path, answers: Answers) -> Option<(Child, TcpStream)> {
    let control = free_port();
    std::fs::write(folder.join("config"), config(folder, control, answers)).expect("a file");
    let log = std::fs::File::create(folder.join("log")).expect("a log");
    let both = log.try_clone().expect("a log");
    let mut command = Command::new("baresip");
    command.arg("-f").arg(folder).arg("-v").current_dir(folder);
    let spawned = command.stdin(Stdio::null()).stdout(log).stderr(both).spawn();
    let mut process = spawned.unwrap_or_else(|error| panic!("baresip is not installed here: {error}"));
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE && process.try_wait().is_ok_and(|ended| ended.is_none()) {
        if let Ok(orders) = TcpStream::connect(("127.0.0.1", control)) {
            return Some((process, orders));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = process.kill();
    let _ = process.wait();
    None
}

fn config(folder: &Path, control: u16, answers: Answers) -> String {
    let mut text = String::new();
    let sip = free_port();
    let folder = folder.display();
    // Source and player of one name are joined.
    let (source, player) = match answers {
        Answers::Manual | Answers::Auto => (format!("aufile,{folder}/tone.wav"), "aubridge,nil"),
        Answers::Echo => ("aubridge,echo".to_owned(), "aubridge,echo"),
    };
    for (key, value) in [
        ("sip_listen", format!("127.0.0.1:{sip}")),
        ("module_path", modules()),
        ("audio_source", source),
        ("audio_player", player.to_owned()),
        ("snd_path", folder.to_string()),
        ("ctrl_tcp_listen", format!("127.0.0.1:{control}")),
        ("module", "g711.so".to_owned()),
        ("module", "aufile.so".to_owned()),
        ("module", "aubridge.so".to_owned()),
        ("module", "sndfile.so".to_owned()),
        ("module_tmp", "uuid.so".to_owned()),
        ("module_tmp", "account.so".to_owned()),
        ("module_app", "menu.so".to_owned()),
        ("module_app", "ctrl_tcp.so".to_owned()),
    ] {
        let _ = writeln!(text, "{key} {value}");
    }
    text
}

fn modules() -> String {
    let known = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules", "/usr/lib64/baresip/modules"];
    let found = known.into_iter().find(|path| Path::new(path).is_dir());
    found.expect("the modules of baresip").to_owned()
}

/// A WAV file, 16 bits and one channel.
fn wav() -> Vec<u8> {
    let samples: Vec<i16> = tone(RATE * TONE_SECONDS).collect();
    let octets = 2 * RATE * TONE_SECONDS;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + octets).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // PCM, one channel; octets per second and per sample; bits.
    file.extend([1_u16, 1].into_iter().flat_map(u16::to_le_bytes));
    file.extend([RATE, 2 * RATE].into_iter().flat_map(u32::to_le_bytes));
    file.extend([2_u16, 16].into_iter().flat_map(u16::to_le_bytes));
    file.extend(b"data");
    file.extend(octets.to_le_bytes());
    file.extend(samples.into_iter().flat_map(i16::to_le_bytes));
    file
}

/// `LENGTH:TEXT,`
fn netstring(stream: &mut TcpStream) -> Option<String> {
    let mut length = 0_usize;
    let mut octet = [0];
    loop {
        stream.read_exact(&mut octet).ok()?;
        match octet[0] {
            digit @ b'0'..=b'9' => length = length * 10 + usize::from(digit - b'0'),
            _ => break,
        }
    }
    let mut text = vec![0; length + 1];
    stream.read_exact(&mut text).ok()?;
    text.pop();
    String::from_utf8(text).ok()
}

/// The file with this ending that was written last.
fn newest(folder: &Path, ending: &str) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).ok()?.flatten();
    let files = files.filter(|file| file.file_name().to_string_lossy().ends_with(ending));
    files
        .max_by_key(|file| file.metadata().and_then(|metadata| metadata.modified()).ok())
        .map(|file| file.path())
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}
