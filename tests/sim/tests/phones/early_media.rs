//! Early media whose transport breaks while it still rings: renewed by UPDATE where that can be, else with the answer.

use crate::script::Script;
use softframe_phone::{CallId, Input, MediaEvent, MediaRequest, PeerId, PeerState};
use softframe_sim::description;
use softframe_sip::wire::Message;

const RELIABLE: &str = "Contact: <sip:a@b.test>\r\nRequire: 100rel\r\nRSeq: 1\r\n";
const TAKES_UPDATE: &str =
    "Contact: <sip:a@b.test>\r\nRequire: 100rel\r\nRSeq: 1\r\nAllow: INVITE, ACK, BYE, UPDATE\r\n";

/// A call that rings with early media, and what its media was asked for; the INVITE.
fn ringing(headers: &str) -> (Script, Message) {
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
    let invite = script.request("INVITE");
    script.respond(&invite, "183 Session Progress", "a", headers, &description(7, "sendrecv"));
    script.media.clear();
    script.sent.clear();
    (script, invite)
}

impl Script {
    /// The browser says how the sound of the only call is, on this peer.
    fn sound(&mut self, peer: u64, state: PeerState) {
        let event = MediaEvent::State(state);
        self.input(Input::Media { call: CallId(1), peer: PeerId(peer), request: None, event });
    }

    /// What the browser was asked for since the last time.
    fn browser(&mut self) -> Vec<String> {
        let short = |(peer, what): (PeerId, MediaRequest)| {
            let what = match what {
                MediaRequest::Offer { restart: true, .. } => "restart".to_owned(),
                MediaRequest::Offer { .. } => "offer".to_owned(),
                MediaRequest::Settle { answer } => format!("settle {}", number(answer.as_bytes())),
                MediaRequest::Accept { answer, provisional: false } => {
                    format!("accept {}", number(answer.as_bytes()))
                }
                other => format!("{other:?}"),
            };
            format!("{} {what}", peer.0)
        };
        std::mem::take(&mut self.media).into_iter().map(short).collect()
    }

    fn sends(&self, method: &str) -> bool {
        self.sent.iter().any(|message| message.octets().starts_with(method.as_bytes()))
    }
}

/// Which of the descriptions of this file that is.
fn number(text: &[u8]) -> u64 {
    (1..10).find(|number| description(*number, "sendrecv").as_bytes() == text).expect("one of ours")
}

#[test]
fn early_media_that_fails_comes_back_by_update_and_the_answer_finds_it_whole() {
    let (mut script, invite) = ringing(TAKES_UPDATE);
    script.sound(1, PeerState::Failed);
    // The browser makes no offer beside a provisional answer.
    assert_eq!(script.browser(), ["1 settle 7", "1 restart"]);
    let update = script.request("UPDATE");
    assert_eq!(update.to().tag(), Some("a"));
    script.respond(&update, "200 OK", "a", "", &description(8, "sendrecv"));
    assert_eq!(script.browser(), ["1 settle 8"], "the microphone stays closed");
    script.sound(1, PeerState::Connected);
    script.respond(&invite, "200 OK", "a", "", &description(7, "sendrecv"));
    // What the INVITE's answer says was overtaken.
    assert_eq!(script.browser(), ["1 Agreed"]);
    assert!(!script.sends("INVITE"));
    assert_eq!((script.count("phone:accepted"), script.count("phone:reconnecting")), (1, 0));
    // Broken a second time, it is a call like any other.
    script.sound(1, PeerState::Failed);
    assert_eq!(script.browser(), ["1 restart"]);
    script.request("INVITE");
}

#[test]
fn early_media_that_ice_heals_within_three_seconds_is_left_alone() {
    let (mut script, _) = ringing(TAKES_UPDATE);
    script.sound(1, PeerState::Disconnected);
    script.pass(2_999);
    script.sound(1, PeerState::Connected);
    script.pass(10_000);
    assert!(script.browser().is_empty());
    script.sound(1, PeerState::Disconnected);
    script.pass(2_999);
    assert!(script.browser().is_empty());
    script.pass(1);
    assert_eq!(script.browser(), ["1 settle 7", "1 restart"]);
}

#[test]
fn early_media_breaks_twice_and_is_renewed_twice() {
    let (mut script, _) = ringing(TAKES_UPDATE);
    for asked in [&["1 settle 7", "1 restart"][..], &["1 restart"]] {
        script.sound(1, PeerState::Failed);
        assert_eq!(script.browser(), asked);
        let update = script.request("UPDATE");
        // One is under way.
        script.sound(1, PeerState::Failed);
        script.respond(&update, "200 OK", "a", "", &description(8, "sendrecv"));
        assert_eq!(script.browser(), ["1 settle 8"]);
    }
}

#[test]
fn without_update_or_without_a_reliable_answer_the_restart_comes_with_the_answer() {
    for headers in [RELIABLE, ""] {
        let (mut script, invite) = ringing(headers);
        script.sound(1, PeerState::Disconnected);
        script.sound(1, PeerState::Failed);
        script.pass(5_000);
        assert!(script.browser().is_empty() && !script.sends("UPDATE"));
        script.respond(&invite, "200 OK", "a", "", &description(7, "sendrecv"));
        assert_eq!(script.browser(), ["1 accept 7", "1 restart"]);
        assert_eq!((script.count("phone:accepted"), script.count("phone:reconnecting")), (1, 1));
        let reinvite = script.request("INVITE");
        script.respond(&reinvite, "200 OK", "a", "", &description(8, "sendrecv"));
        assert_eq!(script.browser(), ["1 accept 8"]);
        assert_eq!(script.count("phone:reconnected"), 1);
    }
}

#[test]
fn refused_update_rings_on_and_the_answer_brings_the_next_try() {
    let (mut script, invite) = ringing(TAKES_UPDATE);
    script.sound(1, PeerState::Failed);
    let update = script.request("UPDATE");
    script.browser();
    script.respond(&update, "488 Not Acceptable Here", "a", "", "");
    assert_eq!(script.browser(), ["1 Rollback"]);
    script.pass(10_000);
    assert!(script.browser().is_empty(), "once is enough");
    script.respond(&invite, "200 OK", "a", "", &description(7, "sendrecv"));
    assert_eq!(script.browser(), ["1 Agreed", "1 restart"]);
    let reinvite = script.request("INVITE");
    script.respond(&reinvite, "200 OK", "a", "", &description(8, "sendrecv"));
    assert_eq!((script.browser(), script.count("phone:reconnected")), (vec!["1 accept 8".to_owned()], 1));
}

#[test]
fn call_accepted_while_the_update_is_under_way_takes_its_answer() {
    let (mut script, invite) = ringing(TAKES_UPDATE);
    script.sound(1, PeerState::Failed);
    let update = script.request("UPDATE");
    script.browser();
    script.respond(&invite, "200 OK", "a", "", &description(7, "sendrecv"));
    assert_eq!(script.browser(), ["1 Agreed"]);
    assert_eq!(script.count("phone:reconnecting"), 1);
    script.respond(&update, "200 OK", "a", "", &description(8, "sendrecv"));
    assert_eq!((script.browser(), script.count("phone:reconnected")), (vec!["1 accept 8".to_owned()], 1));
    assert!(!script.sends("INVITE"));
}

#[test]
fn call_accepted_before_the_browser_has_made_the_offer_sends_it_by_reinvite() {
    let (mut script, invite) = ringing(TAKES_UPDATE);
    script.unsaid = Some(Vec::new());
    script.sound(1, PeerState::Failed);
    script.respond(&invite, "200 OK", "a", "", &description(7, "sendrecv"));
    assert_eq!(script.browser(), ["1 settle 7", "1 Agreed"]);
    for said in script.unsaid.take().expect("what the browser has done") {
        script.input(said);
    }
    assert_eq!(script.browser(), ["1 restart"]);
    assert!(!script.sends("UPDATE"));
    script.request("INVITE");
}

#[test]
fn dead_transport_is_replaced_and_the_other_device_that_answers_gets_its_own() {
    let (mut script, invite) = ringing(TAKES_UPDATE);
    script.sound(1, PeerState::Dead);
    assert_eq!(script.browser(), ["1 Close", "2 offer"]);
    let update = script.request("UPDATE");
    script.respond(&update, "200 OK", "a", "", &description(8, "sendrecv"));
    assert_eq!(script.browser(), ["2 settle 8"]);
    script.sound(2, PeerState::Failed);
    script.request("UPDATE");
    script.browser();
    script.respond(&invite, "200 OK", "b", "", &description(9, "sendrecv"));
    assert_eq!(script.browser()[..3], ["2 Rollback", "2 Close", "3 offer"]);
    script.request("INVITE");
}

#[test]
fn sound_that_fails_before_the_ack_of_our_answer_is_renewed_after_it() {
    let mut script = Script::new();
    script.invite(1, "", &description(7, "sendrecv"));
    script.host(r#"{"type":"answer"}"#);
    let to = script.response("INVITE").to().to_string();
    let tag = format!(";tag={}", to.split_once("tag=").expect("a tag").1);
    script.browser();
    script.sound(1, PeerState::Failed);
    assert!(script.browser().is_empty(), "before the ACK nothing may be offered");
    script.ack(1, &tag, "");
    assert_eq!((script.browser(), script.count("phone:reconnecting")), (vec!["1 restart".to_owned()], 1));
    script.request("INVITE");
}
