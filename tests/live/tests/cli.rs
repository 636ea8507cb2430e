//! `softframe-cli` as an administrator types it, against Kamailio. `cargo xtask test --only live` says by an environment
//! variable where the program is.

use softframe_live::{Kamailio, Settings};
use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    process::{Child, ChildStdout, Command, Stdio},
};

/// The password of every account of the test's Kamailio.
const PASSWORD: &str = "secret";

/// Ends with the value, if it has not ended by itself.
struct Cli {
    process: Child,
    output: BufReader<ChildStdout>,
    /// What it has printed so far.
    printed: String,
}

impl Cli {
    fn start(server: &str, user: &str, words: &[&str]) -> Cli {
        Cli::with_password(PASSWORD, server, user, words)
    }

    fn with_password(password: &str, server: &str, user: &str, words: &[&str]) -> Cli {
        let program =
            std::env::var_os("SOFTFRAME_CLI").expect("run these tests by `cargo xtask test --only live`");
        let mut command = Command::new(program);
        command.args(["--server", server, "--user", user, "--domain", "sip.test"]);
        command.args(["--password-env", "TEST_PASSWORD"]).args(words).env("TEST_PASSWORD", password);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        Cli { process, output, printed: String::new() }
    }

    /// Reads on until a line has this in it.
    fn until(&mut self, what: &str) {
        loop {
            let before = self.printed.len();
            let read = self.output.read_line(&mut self.printed).expect("text");
            assert!(read > 0, "no {what:?} in\n{}", self.printed);
            if self.printed[before..].contains(what) {
                return;
            }
        }
    }

    /// Its exit code, its last line, and all that it has printed.
    fn end(mut self) -> (i32, String, String) {
        self.output.read_to_string(&mut self.printed).expect("text");
        let status = self.process.wait().expect("it was started");
        let printed = std::mem::take(&mut self.printed);
        assert!(!printed.contains(PASSWORD), "the password is shown:\n{printed}");
        let verdict = printed.lines().last().unwrap_or_default().to_owned();
        (status.code().expect("it ended by itself"), verdict, printed)
    }
}

impl Drop for Cli {
    fn drop(&mut self) {
        // It has ended, unless the test has failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn at(kamailio: &Kamailio) -> String {
    format!("ws://127.0.0.1:{}/", kamailio.port)
}

#[test]
fn register_says_for_how_long_and_with_what_or_what_is_wrong() {
    let kamailio = Kamailio::start(Settings::default());
    let server = at(&kamailio);
    let (code, verdict, printed) = Cli::start(&server, "200", &["register"]).end();
    assert_eq!(
        (code, verdict),
        (
            0,
            format!(
                "registered for 600 s at {server} (digest SHA-256; a GRUU, so calls outlive a lost connection; a sign of \
                 life wanted every 25 s)"
            )
        ),
        "{printed}"
    );
    for rung in ["─ REGISTER sip:sip.test ─", "─ 401 Unauthorized (REGISTER) ─", "─ 200 OK (REGISTER) ─"]
    {
        assert!(printed.contains(rung), "{rung}\n{printed}");
    }
    let (code, verdict, _) = Cli::with_password("wrong", &server, "200", &["register"]).end();
    assert_eq!((code, verdict.as_str()), (1, "401: wrong password, or no user 200 at sip.test"));
    let (code, verdict, _) = Cli::start("ws://127.0.0.1:9/", "200", &["register"]).end();
    assert_eq!(code, 1);
    assert!(verdict.starts_with("nobody listens at ws://127.0.0.1:9/:"), "{verdict}");
    // The second server does it.
    let (code, verdict, _) =
        Cli::start("ws://127.0.0.1:9/", "200", &["register", "--server", &server, "--expires", "120"]).end();
    assert_eq!(code, 0);
    assert!(verdict.starts_with(&format!("registered for 120 s at {server}")), "{verdict}");
}

#[test]
fn certificate_counts_and_the_authority_can_be_given() {
    let kamailio = Kamailio::start(Settings { tls: Some("localhost"), ..Settings::default() });
    let server = format!("wss://localhost:{}/", kamailio.port);
    let (code, verdict, _) = Cli::start(&server, "200", &["register"]).end();
    assert_eq!(code, 1);
    assert!(verdict.contains("an authority that this machine does not trust"), "{verdict}");
    let authority = &kamailio.certificates.as_ref().expect("it is encrypted").authority;
    let authority = authority.to_str().expect("a plain path");
    let (code, verdict, _) = Cli::start(&server, "200", &["register", "--ca", authority]).end();
    assert_eq!(code, 0, "{verdict}");
}

#[test]
fn server_that_is_silent_or_no_sip_server_is_said_to_be() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("ws://{}/", listener.local_addr().expect("bound"));
    let cli = Cli::start(&silent, "200", &["register"]);
    let (code, verdict, _) = cli.end();
    assert_eq!(code, 1);
    assert!(verdict.starts_with(&format!("no answer from {silent} in 10 s:")), "{verdict}");
}

#[test]
fn one_listens_and_the_other_calls_and_each_says_how_it_went() {
    let kamailio = Kamailio::start(Settings::default());
    let server = at(&kamailio);
    let mut callee = Cli::start(&server, "201", &["listen", "--seconds", "30"]);
    callee.until("registered for");
    let (code, verdict, printed) = Cli::start(&server, "200", &["call", "201", "--seconds", "1"]).end();
    assert_eq!(code, 0, "{printed}");
    assert!(
        verdict.starts_with("201: rang after ") && verdict.contains(", ended by us after 1."),
        "{verdict}"
    );
    let (code, verdict, printed) = callee.end();
    assert_eq!((code, verdict.as_str()), (0, "200: ended by the other side"), "{printed}");

    let mut callee = Cli::start(&server, "201", &["listen", "--answer", "486", "--seconds", "30"]);
    callee.until("registered for");
    let (code, verdict, _) = Cli::start(&server, "200", &["call", "201"]).end();
    assert_eq!(code, 1);
    assert!(verdict.starts_with("201: 486 ") && verdict.ends_with(": busy"), "{verdict}");
    assert_eq!(callee.end().1, "200: refused with 486");
    for (number, end) in [
        ("209", "209: 480 Offline: nobody is registered under it"),
        ("299", "299: 404 No Such Number: there is no such number"),
    ] {
        let (code, verdict, _) = Cli::start(&server, "200", &["call", number]).end();
        assert_eq!((code, verdict.as_str()), (1, end));
    }
}

#[test]
fn message_arrives_options_are_told_and_a_trace_shows_whole_messages_without_what_proves_anything() {
    let kamailio = Kamailio::start(Settings::default());
    let server = at(&kamailio);
    let mut other = Cli::start(&server, "201", &["listen", "--seconds", "30"]);
    other.until("registered for");
    let (code, verdict, _) = Cli::start(&server, "200", &["message", "201", "¡hola!"]).end();
    assert_eq!((code, verdict.as_str()), (0, "201: 200 OK: the message has arrived"));
    other.until("message: ¡hola!");
    let (code, verdict, _) = Cli::start(&server, "200", &["message", "299", "hello"]).end();
    assert_eq!((code, verdict.as_str()), (1, "299: 404 No Such Number"));

    let (code, verdict, _) = Cli::start(&server, "200", &["options"]).end();
    assert_eq!((code, verdict), (0, format!("{server} answers OPTIONS with 200 Answering; is Kamailio")));

    let (code, verdict, printed) = Cli::start(&server, "200", &["trace", "--seconds", "1"]).end();
    assert_eq!((code, verdict.as_str()), (0, "traced"));
    assert!(printed.contains("Authorization: Digest username=\"200\", realm=\"sip.test\""), "{printed}");
    assert!(printed.contains("response (not shown)") && !printed.contains("response=\""), "{printed}");
}
