//! A `softframe-server` of one's own on a free port, and what one can ask it.

use crate::{http::request, prepared, within};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// Ends with the value.
pub struct Server {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// With the widget as it is built for tests; in the suite `shipped` it is the one that is shipped.
    pub fn start() -> Server {
        Server::of(prepared("SOFTFRAME_WWW"), &Value::Null)
    }

    /// With the widget that traps when it is told to, and these keys in every `config.json`.
    pub fn with_trapping_widget(widget: &Value) -> Server {
        Server::of(prepared("SOFTFRAME_WWW_TRAP"), &json!({ "widget": widget }))
    }

    /// With every screen of the widget and made-up people, and no phone.
    pub fn with_pictures() -> Server {
        Server::of(prepared("SOFTFRAME_WWW_PICTURES"), &Value::Null)
    }

    /// With one user whose password is known.
    pub fn with_password(user: &str, password: &str) -> Server {
        Server::with_passwords(&[user], password)
    }

    /// With exactly these users, all with this password.
    pub fn with_passwords(users: &[&str], password: &str) -> Server {
        let users: serde_json::Map<String, Value> =
            users.iter().map(|user| ((*user).to_owned(), json!(password))).collect();
        Server::of(prepared("SOFTFRAME_WWW"), &json!({ "users": users }))
    }

    /// With these keys in every `config.json`.
    pub fn with_widget(widget: &Value) -> Server {
        Server::of(prepared("SOFTFRAME_WWW"), &json!({ "widget": widget }))
    }

    /// With gateways in memory, where `ana` with the password `secret` is 200.
    pub fn with_login() -> Server {
        // `htpasswd -nB`, of the least cost.
        let password = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
        let login = json!({ "ana": { "password": password, "extension": "200" } });
        Server::of(prepared("SOFTFRAME_WWW"), &json!({ "gateway": { "logins": login } }))
    }

    /// With gateways over this Redis, and the token `client-200` for a client of 200.
    pub fn with_gateway(redis: &str) -> Server {
        let tokens = json!({ "client-200": { "role": "client", "extension": "200" } });
        let settings = json!({ "gateway": { "redis": redis, "tokens": tokens } });
        Server::of(prepared("SOFTFRAME_WWW"), &settings)
    }

    /// Ends it at once.
    pub fn end(mut self) {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it has ended");
    }

    fn of(www: PathBuf, settings: &Value) -> Server {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("softframe-test-{}-{number}.json", std::process::id()));
        let mut command = Command::new(prepared("SOFTFRAME_SERVER"));
        command
            .args(["--listen", "127.0.0.1:0", "--www"])
            .arg(www)
            .arg("--demo")
            .arg(prepared("SOFTFRAME_DEMO"));
        if !settings.is_null() {
            std::fs::write(&file, settings.to_string()).expect("the settings are written");
            command.arg("--config").arg(&file);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| port_in(&line))
            .expect("the server says where it listens");
        if !settings.is_null() {
            std::fs::remove_file(&file).expect("the settings were read");
        }
        // A pipe that nobody reads would stop the server in the middle of a log line.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Server { child, port }
    }

    /// An address on 127.0.0.1, where host pages live.
    pub fn page(&self, path: &str) -> String {
        self.on("127.0.0.1", path)
    }

    /// An address on another site.
    pub fn on(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.port)
    }

    /// `GET /demo/state`: bindings, calls, what the answering numbers heard, and the messages that passed.
    pub fn state(&self) -> Value {
        let (status, _, body) =
            request(self.port, "GET", "/demo/state?trace=300", None).expect("the server answers");
        assert_eq!(status, 200, "/demo/state: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// The head of the answer for an address of this server, in lower case.
    pub fn head_of(&self, address: &str) -> String {
        let path = address.splitn(4, '/').nth(3).unwrap_or_default();
        let (status, head, _) =
            request(self.port, "GET", &format!("/{path}"), None).expect("the server answers");
        assert_eq!(status, 200, "{address}: {head}");
        head.to_lowercase()
    }

    /// `POST /demo/…`.
    pub fn post(&self, path: &str, body: &Value) -> Value {
        let (status, _, text) = request(self.port, "POST", path, Some(body)).expect("the server answers");
        assert!((200..300).contains(&status), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// A number calls an extension. The answer names the call.
    pub fn ring(&self, to: u32, from: &str) -> Value {
        self.post("/demo/ring", &json!({ "to": to.to_string(), "from": from }))
    }

    /// As [`Server::ring`], with headers of an exchange.
    pub fn ring_with(&self, to: u32, from: &str, headers: &Value) -> Value {
        self.post("/demo/ring", &json!({ "to": to.to_string(), "from": from, "headers": headers }))
    }

    /// What became of a call that a number made.
    pub fn ring_state(&self, ring: &Value) -> Value {
        let (status, _, body) = request(self.port, "GET", &format!("/demo/ring/{}", ring["id"]), None)
            .expect("the server answers");
        assert_eq!(status, 200, "{ring}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// The caller hangs up or gives up.
    pub fn hang_up(&self, ring: &Value) {
        self.post(&format!("/demo/ring/{}", ring["id"]), &json!({}));
    }

    /// Something goes wrong on purpose, for everybody.
    pub fn fault(&self, kind: &str) {
        self.post("/demo/fault", &json!({ "kind": kind }));
    }

    /// A phone of this user is registered.
    pub fn is_bound(&self, user: &str) -> bool {
        let state = self.state();
        let bindings = state["bindings"].as_array().cloned().unwrap_or_default();
        bindings.iter().any(|binding| binding["user"] == user && binding["internal"] != json!(true))
    }

    /// The requests of this method that this user sent, oldest first.
    pub fn saw_request(&self, user: &str, method: &str) -> Vec<String> {
        let state = self.state();
        let trace = state["trace"].as_array().cloned().unwrap_or_default();
        let start = format!("{method} ");
        let own = trace.iter().filter(|one| one["direction"] == "in");
        let texts = own.filter_map(|one| one["text"].as_str().map(str::to_owned));
        texts.filter(|text| text.starts_with(&start) && is_from(text, user)).collect()
    }

    /// The newest call of a number that answers or rings by itself.
    pub fn call_with(&self, number: &str) -> Option<Value> {
        self.state()["calls"].as_array()?.iter().rev().find(|call| call["number"] == number).cloned()
    }

    /// Waits until that number has heard the phone's microphone; gives what it heard.
    pub async fn expect_heard(&self, number: &str) -> Value {
        within(Duration::from_secs(12), &format!("{number} hears the microphone"), async || {
            let heard = self.call_with(number)?["heard"].clone();
            (heard["loudestLevel"].as_f64()? > 0.01 && heard["packets"].as_u64()? > 50).then_some(heard)
        })
        .await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The numbers of the server speak through the same trace, so the sender is read from the message.
fn is_from(request: &str, user: &str) -> bool {
    let from = request.lines().find(|line| line.to_ascii_lowercase().starts_with("from:"));
    from.is_some_and(|from| from.contains(&format!("sip:{user}@")))
}

/// The port of the first `http://…:PORT` of a line.
fn port_in(line: &str) -> Option<u16> {
    let address = line.split_once("http://")?.1;
    let port = address.split_once(':')?.1;
    port.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
