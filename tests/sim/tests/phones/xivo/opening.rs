//! How a client of XiVO is let in, and sent away.

use super::{OPENING, frames, open, say};
use crate::script::Script;
use serde_json::json;

#[test]
fn client_of_a_signed_in_phone_gets_the_opening_in_its_order() {
    let mut script = Script::new();
    open(&mut script, "a");
    assert_eq!(frames(&mut script, "a"), OPENING);
    open(&mut script, "b");
    assert_eq!(frames(&mut script, "b"), OPENING, "each socket has its own");
    assert!(frames(&mut script, "a").is_empty());
}

#[test]
fn client_that_comes_first_is_let_in_when_somebody_is_signed_in() {
    let mut script = Script::unregistered("");
    open(&mut script, "a");
    say(&mut script, "a", json!({"claz": "ping"}));
    assert_eq!(frames(&mut script, "a"), [r#"{"msgType":"ping","ctiMessage":{}}"#]);
    script.pass(9_999);
    assert!(frames(&mut script, "a").is_empty());
    script.register();
    assert_eq!(frames(&mut script, "a"), OPENING);
}

#[test]
fn client_is_sent_away_after_ten_seconds_without_anybody_signed_in() {
    let mut script = Script::unregistered("");
    open(&mut script, "a");
    script.pass(9_999);
    assert!(frames(&mut script, "a").is_empty());
    script.pass(1);
    assert_eq!(
        frames(&mut script, "a"),
        [r#"{"msgType":"LoggedOnError","ctiMessage":{"Error":"loggedOnTimeout"}}"#]
    );
    assert_eq!(*script.last("xivo:close"), json!({ "socket": "a", "code": 1001 }));
}

#[test]
fn client_of_a_refused_account_is_sent_away_at_once() {
    let mut script = Script::unregistered("");
    open(&mut script, "a");
    let register = script.request("REGISTER");
    script.respond(&register, "403 Forbidden", "r", "", "");
    assert_eq!(
        frames(&mut script, "a"),
        [r#"{"msgType":"LoggedOnError","ctiMessage":{"Error":"loggedOnFailed"}}"#]
    );
}

#[test]
fn sign_out_closes_the_clients_and_their_number_has_a_limit() {
    let mut script = Script::new();
    for number in 0..17 {
        open(&mut script, &number.to_string());
    }
    assert_eq!(*script.last("xivo:close"), json!({ "socket": "16", "code": 1013 }));
    open(&mut script, "15");
    assert_eq!(frames(&mut script, "15").len(), OPENING.len(), "who opens once more is in already");
    script.host(r#"{"type":"logout"}"#);
    assert_eq!(script.count("xivo:close"), 17);
}
