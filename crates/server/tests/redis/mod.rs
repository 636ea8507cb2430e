//! A real `redis-server` on a free port of loopback, with its log in a folder of its own.
//!
//! It ends with the value, and may be killed and started again in between.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// Longer than Redis takes for anything here; a test that meets it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running Redis.
pub(crate) struct Redis {
    child: Option<Child>,
    pub(crate) address: SocketAddr,
    folder: PathBuf,
}

impl Redis {
    /// Starts one and waits until it answers.
    pub(crate) fn start() -> Redis {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("softframe-redis-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let free =
            TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
        let mut redis = Redis { child: None, address: free, folder };
        redis.revive();
        redis
    }

    /// Its address as `--redis` takes it.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }

    /// Ends it at once, as a loss of power does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("ended");
        }
    }

    /// Starts it again with what its log says was done.
    pub(crate) fn revive(&mut self) {
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "always"])
            .args(["--port", &self.address.port().to_string()])
            .arg("--dir")
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        self.child =
            Some(command.spawn().expect("redis-server starts: on Debian `apt-get install redis-server`"));
        let start = Instant::now();
        while self.try_ask(&["PING"]).as_deref() != Some("+PONG\r\n") {
            assert!(start.elapsed() < PATIENCE, "Redis does not come up");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The octets of its answer.
    pub(crate) fn ask(&self, words: &[&str]) -> String {
        self.try_ask(words).unwrap_or_else(|| panic!("Redis does not answer {words:?}"))
    }

    /// The texts of a list, from its head.
    #[allow(dead_code, reason = "not every test that starts one reads a list")]
    pub(crate) fn list(&self, key: &str) -> Vec<String> {
        let answer = self.ask(&["LRANGE", key, "0", "-1"]);
        let mut lines = answer.split("\r\n").skip(1);
        let mut texts = Vec::new();
        while let (Some(_), Some(text)) = (lines.next().filter(|line| line.starts_with('$')), lines.next()) {
            texts.push(text.to_owned());
        }
        texts
    }

    fn try_ask(&self, words: &[&str]) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command += &format!("${}\r\n{word}\r\n", word.len());
        }
        stream.write_all(command.as_bytes()).ok()?;
        let mut answer = String::new();
        whole(&mut BufReader::new(stream), &mut answer)?;
        Some(answer)
    }
}

/// One answer of RESP2, with those it holds.
fn whole(stream: &mut impl BufRead, answer: &mut String) -> Option<()> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
    answer.push_str(&line);
    let count: i64 = line.get(1..)?.trim().parse().unwrap_or(0);
    match line.as_bytes().first()? {
        b'*' => (0..count).try_for_each(|_| whole(stream, answer)),
        b'$' if count >= 0 => {
            let mut octets = vec![0; usize::try_from(count).ok()? + 2];
            stream.read_exact(&mut octets).ok()?;
            answer.push_str(std::str::from_utf8(&octets).ok()?);
            Some(())
        }
        _ => Some(()),
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
        // Left behind in the temporary folder at worst.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
