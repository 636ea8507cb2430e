//! `config.json`: what is taken keeps its rules, what is not names its key, and a phone starts with either.

use crate::Target;
use softframe_phone::{Config, Input, Instant, Phone};

pub(crate) const TARGET: Target = Target { name: "config", run, seeds, words: WORDS, max_octets: 2048 };

const WORDS: &[&str] = &[
    "\"server\":",
    "\"wss://a.test/ws\"",
    "\"ws://127.0.0.1\"",
    "\"domain\":",
    "\"account\":{",
    "\"user\":\"200\"",
    "\"password\":\"x\"",
    "\"hosts\":[",
    "\"https://*.example.com\"",
    "\"iceServers\":[{\"urls\":",
    "\"country\":\"ES\"",
    "\"size\":[320,460]",
    "\"theme\":{",
    "\"dial\":{",
    "\"numbers\":[",
    "\"statuses\":[",
    "\"strings\":{",
    "\"headers\":{",
    "\"autoAnswer\":{",
    "\"dndCode\":486",
    "\"registerExpires\":",
    "\"emergency\":[",
    "\"blocked\":[",
    "\"dtmf\":\"info\"",
    "99999999999999999999",
    "1e400",
    "-0",
    "null",
    "\\u0000",
    "[[[[",
];

fn seeds() -> Vec<Vec<u8>> {
    [
        r#"{"server":"wss://a.test/ws","domain":"a.test","country":"ES","voicemail":"*97","publishStatus":true,
            "account":{"user":"200","password":"x","context":{"user":"u","extension":"5"}}}"#,
        r##"{"server":["wss://[::1]:7443/ws","ws://localhost"],"hosts":["https://*.example.com"],"addons":[],"imageHosts":["https://i.test"],
            "iceServers":[{"urls":"turn:t.test","username":"u","credential":"c"}],"iceTransportPolicy":"relay","registerExpires":60,
            "theme":{"mode":"dark","accent":"#ff0000","radius":8},"size":{"width":400,"height":500},"language":"es","strings":{"call":"Ring"}}"##,
        r#"{"server":"ws://pbx.test/ws","insecureServers":["ws://pbx.test/ws"],"dial":{"confirmInternational":true,"blocked":["^900"],
            "emergency":["112"],"hostLimit":{"calls":5,"seconds":10}},"dialUris":true,"numbers":["+34911"],"statuses":[{"id":"x","label":"X"}],
            "dndCode":603,"autoAnswer":{"callers":["300"]},"dtmf":"info","headers":{"team":"X-Team","callId":"X-Id"},"callWaiting":false}"#,
        r#"{"unknown":1}"#,
        "[]",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

fn run(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets).into_owned();
    match Config::parse(&text) {
        Ok((config, _)) => {
            assert!(config.servers.len() <= 8);
            for server in &config.servers {
                assert!(config.allows_server(server), "{server:?}");
                assert!(!config.domain_for(server).contains(['\r', '\n', ' ']), "{server:?}");
            }
            assert!((60..=86_400).contains(&config.register_expires));
            assert!([480, 486, 603].contains(&config.dnd_code));
            assert!(config.account.is_none_or(|account| !account.user.is_empty()));
        }
        Err(error) => {
            assert!(!error.rule.is_empty());
            assert!(error.found.chars().count() <= 60, "{error:?}");
        }
    }
    let (mut phone, now) = (Phone::new([3; 32]), Instant(0));
    phone.handle_input(now, Input::Wall(1_684_681_819_342));
    phone.handle_input(now, Input::Config(Some(text)));
    phone.handle_input(now, Input::Restored(Vec::new()));
    while phone.poll_output().is_some() {}
    let _drawn = phone.view(now);
    assert!(phone.poll_timeout().is_none_or(|at| at > now), "a deadline has passed already");
}
