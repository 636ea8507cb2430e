//! A `softframe-server` of one's own on a free port, and what one can ask it.

use crate::{http::request, prepared};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// Ends with the value.
pub struct Server {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// With the widget that is shipped.
    pub fn start() -> Server {
        Server::of(prepared("SOFTFRAME_WWW"), &[])
    }

    /// With the widget that traps when it is told to.
    pub fn with_trapping_widget() -> Server {
        Server::of(prepared("SOFTFRAME_WWW_TRAP"), &[])
    }

    /// With more arguments on its command line.
    pub fn with(arguments: &[&str]) -> Server {
        Server::of(prepared("SOFTFRAME_WWW"), arguments)
    }

    fn of(www: PathBuf, arguments: &[&str]) -> Server {
        let mut child = Command::new(prepared("SOFTFRAME_SERVER"))
            .args(["--listen", "127.0.0.1:0", "--www"])
            .arg(www)
            .arg("--demo")
            .arg(prepared("SOFTFRAME_DEMO"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| port_in(&line))
            .expect("the server says where it listens");
        // A pipe that nobody reads would stop the server in the middle of a log line.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("server: {line}")));
        Server { child, port }
    }

    /// An address on 127.0.0.1, where host pages live.
    pub fn page(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// An address on another site.
    pub fn on(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.port)
    }

    /// `GET /demo/state`: bindings, calls, and what the answering numbers heard.
    pub fn state(&self) -> Value {
        let (status, body) = request(self.port, "GET", "/demo/state", None).expect("the server answers");
        assert_eq!(status, 200, "/demo/state: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// `POST /demo/…`.
    pub fn post(&self, path: &str, body: &Value) -> Value {
        let (status, text) = request(self.port, "POST", path, Some(body)).expect("the server answers");
        assert!((200..300).contains(&status), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// A number calls an extension. The answer names the call.
    pub fn ring(&self, to: u32, from: &str) -> Value {
        self.post("/demo/ring", &json!({ "to": to.to_string(), "from": from }))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The port of the first `http://…:PORT` of a line.
fn port_in(line: &str) -> Option<u16> {
    let address = line.split_once("http://")?.1;
    let port = address.split_once(':')?.1;
    port.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
