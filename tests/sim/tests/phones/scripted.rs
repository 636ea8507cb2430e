//! One phone against a scripted server: forks, late offers, descriptions that are none.

use crate::script::Script;
use serde_json::json;
use softframe_phone::{Input, Instant, MediaError, MediaEvent, MediaRequest, PeerId, Sound, view::Screen};
use softframe_sim::description;

#[test]
fn early_media_of_the_winner_becomes_final_on_the_same_peer() {
    let mut script = Script::new();
    let invite = script.early();
    assert_eq!(script.last("phone:progress")["earlyMedia"], true);
    script.respond(&invite, "200 OK", "a", "", "");
    assert_eq!(script.count("phone:accepted"), 1);
    let accepts: Vec<bool> = script
        .media
        .iter()
        .filter_map(|(_, what)| match what {
            MediaRequest::Accept { provisional, .. } => Some(*provisional),
            _ => None,
        })
        .collect();
    assert_eq!(accepts, [true, false]);
    script.request("ACK");
}

#[test]
fn a_fork_that_wins_after_another_was_heard_gets_a_fresh_peer_by_reinvite() {
    let mut script = Script::new();
    let invite = script.early();
    let first = script.media[0].0;
    script.respond(&invite, "200 OK", "b", "", &description(8, "sendrecv"));
    script.request("ACK");
    let again = script.request("INVITE");
    assert!(again.header("To").unwrap().contains("tag=b"));
    assert!(script.media.contains(&(first, MediaRequest::Close)));
    script.respond(&again, "200 OK", "b", "", &description(8, "sendrecv"));
    let (peer, last) = script.media.last().unwrap();
    assert_ne!(*peer, first);
    assert!(matches!(last, MediaRequest::Accept { provisional: false, .. }));
    assert_eq!((script.count("phone:accepted"), script.count("phone:terminated")), (1, 0));
}

const RELIABLE: &str = "Contact: <sip:peer@b.test>\r\nRequire: 100rel\r\nRSeq: 1\r\n";

#[test]
fn a_200_without_a_description_is_good_where_that_fork_has_sent_its_own_before() {
    // Fork a is heard first; b has answered in a reliable response of its own, c has not.
    for (winner, accepted) in [("b", true), ("c", false)] {
        let mut script = Script::new();
        let invite = script.early();
        script.respond(&invite, "183 Session Progress", "b", RELIABLE, &description(8, "sendrecv"));
        script.request("PRACK");
        script.respond(&invite, "200 OK", winner, "", "");
        script.request("ACK");
        if accepted {
            let again = script.request("INVITE");
            assert!(again.header("To").unwrap().contains("tag=b"));
            assert_eq!((script.count("phone:accepted"), script.count("phone:terminated")), (1, 0));
        } else {
            script.request("BYE");
            assert_eq!(script.last("phone:terminated")["cause"]["reason"], "media-failed");
        }
    }
}

#[test]
fn early_media_of_a_target_that_redirects_gives_way_to_ringback_and_early_media_of_the_next() {
    let mut script = Script::new();
    let invite = script.early();
    let first = script.media[0].0;
    script.respond(&invite, "302 Moved", "a", "Contact: <sip:+34933@a.test>\r\n", "");
    script.request("ACK");
    let second = script.request("INVITE");
    assert_eq!(second.uri().unwrap().as_str(), "sip:+34933@a.test");
    // The first answer has used up the first transport: the next target gets the offer of another.
    assert!(script.media.contains(&(first, MediaRequest::Close)));
    let (peer, offer) = script.media.last().unwrap().clone();
    assert_eq!(offer, MediaRequest::Offer { send: true, restart: false });
    assert_ne!(peer, first);
    script.respond(&second, "180 Ringing", "b", "", "");
    assert_eq!(script.sounds, [Sound::Ringback]);
    assert_eq!(script.last("phone:progress")["earlyMedia"], false);
    script.respond(&second, "183 Session Progress", "b", "", &description(8, "sendrecv"));
    assert_eq!(script.sounds, [Sound::Ringback, Sound::Silence]);
    assert_eq!(script.last("phone:progress")["earlyMedia"], true);
    script.respond(&second, "200 OK", "b", "", &description(8, "sendrecv"));
    assert_eq!(script.accepts(), [(first, true), (peer, true), (peer, false)]);
    assert_eq!((script.count("phone:accepted"), script.count("phone:terminated")), (1, 0));
}

#[test]
fn ringing_of_a_target_that_redirects_ends_and_that_of_the_next_is_told_again() {
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
    let invite = script.request("INVITE");
    script.respond(&invite, "180 Ringing", "a", "", "");
    script.respond(&invite, "302 Moved", "a", "Contact: <sip:+34933@a.test>\r\n", "");
    script.request("ACK");
    let second = script.request("INVITE");
    assert_eq!(second.body(), invite.body(), "nobody has answered that offer");
    assert_eq!(script.sounds, [Sound::Ringback, Sound::Silence]);
    script.respond(&second, "180 Ringing", "b", "", "");
    assert_eq!(script.sounds.last(), Some(&Sound::Ringback));
    assert_eq!(script.count("phone:progress"), 2);
}

#[test]
fn a_redirected_call_can_be_ended_while_the_browser_makes_its_next_offer() {
    for hung_up in [true, false] {
        let mut script = Script::new();
        let invite = script.early();
        script.unsaid = Some(Vec::new());
        script.respond(&invite, "302 Moved", "a", "Contact: <sip:+34933@a.test>\r\n", "");
        script.request("ACK");
        assert!(!script.sent.iter().any(|message| message.octets().starts_with(b"INVITE")));
        let mut unsaid = script.unsaid.take().unwrap();
        if hung_up {
            script.host(r#"{"type":"hangup"}"#);
        } else if let Some(Input::Media { event, .. }) = unsaid.last_mut() {
            *event = MediaEvent::Failed(MediaError::Other);
        }
        for said in unsaid {
            script.input(said);
        }
        let reason = if hung_up { "cancelled" } else { "media-failed" };
        assert_eq!(script.last("phone:terminated")["cause"]["reason"], reason);
        assert_eq!(script.count("phone:terminated"), 1);
        assert!(!script.sent.iter().any(|message| message.octets().starts_with(b"INVITE")));
        assert_eq!(script.media.last().unwrap().1, MediaRequest::Close);
    }
}

#[test]
fn an_answer_without_fingerprint_ends_the_call_and_says_bye() {
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
    let invite = script.request("INVITE");
    let plain = description(7, "sendrecv").replace("a=fingerprint", "a=nothing");
    script.respond(&invite, "200 OK", "a", "", &plain);
    script.request("ACK");
    script.request("BYE");
    assert_eq!(script.last("phone:terminated")["cause"]["reason"], "media-failed");
    assert_eq!(script.count("phone:accepted"), 0);
}

#[test]
fn an_offer_without_fingerprint_is_refused_before_it_rings() {
    let mut script = Script::new();
    script.invite(1, "", &description(7, "sendrecv").replace("a=fingerprint", "a=nothing"));
    assert_eq!(script.response("INVITE").status().unwrap().0, 488);
    assert_eq!(script.count("phone:ringing"), 0);
    assert_eq!(script.last("phone:refused")["cause"]["code"], 488);
}

#[test]
fn the_headers_of_the_invite_fill_the_event() {
    let mut script = Script::new();
    script.invite(1, "", &description(7, "sendrecv"));
    let ringing = script.last("phone:ringing");
    for (key, value) in [
        ("id", "given"),
        ("from", "+34911"),
        ("to", "+34900"),
        ("team", "Blue"),
        ("displayName", "Ana"),
        ("sipCallId", "in1"),
    ] {
        assert_eq!(ringing[key], value, "{key}");
    }
    assert_eq!(ringing["headers"]["X-Queue"], "Sales");
}

#[test]
fn an_id_that_comes_again_is_numbered() {
    let mut script = Script::new();
    script.invite(1, "", &description(7, "sendrecv"));
    script.host(r#"{"type":"reject"}"#);
    let refusal = script.response("INVITE");
    assert_eq!(refusal.status().unwrap().0, 486);
    let tag = refusal.header("To").unwrap().split_once("tag=").unwrap().1.to_owned();
    script.ack(1, &format!(";tag={tag}"), "");
    script.now = Instant(40_000);
    script.input(Input::Timeout);
    script.invite(2, "", &description(7, "sendrecv"));
    assert_eq!(script.last("phone:ringing")["id"], "given-2");
}

#[test]
fn an_invite_without_offer_is_answered_with_one() {
    let mut script = Script::new();
    script.answered("");
    let last = &script.media.last().unwrap().1;
    assert!(matches!(last, MediaRequest::Accept { provisional: false, .. }), "{last:?}");
}

#[test]
fn a_missing_or_broken_answer_to_our_late_offer_ends_the_call() {
    for body in ["".to_owned(), "v=0\r\n".to_owned(), description(9, "sendrecv").replace("a=finger", "a=x")] {
        let mut script = Script::new();
        script.invite(1, "", "");
        script.host(r#"{"type":"answer"}"#);
        let ok = script.response("INVITE");
        assert!(!ok.body().is_empty(), "our offer");
        script.ack(1, &format!(";tag={}", ok.to().tag().unwrap()), &body);
        script.request("BYE");
        assert_eq!(script.last("phone:terminated")["cause"]["reason"], "media-failed", "{body:?}");
        assert_eq!(script.count("phone:accepted"), 0);
        assert_eq!(script.media.last().unwrap().1, MediaRequest::Close);
    }
}

#[test]
fn hold_of_the_other_side_is_told_and_a_late_offer_is_answered() {
    let mut script = Script::new();
    let tag = script.answered(&description(7, "sendrecv"));
    script.invite(2, &tag, &description(7, "sendonly"));
    assert_eq!(script.response("INVITE").status().unwrap().0, 200);
    script.ack(2, &tag, "");
    assert_eq!(script.last("phone:hold")["by"], "remote");
    script.invite(3, &tag, "");
    let ok = script.response("INVITE");
    assert!(!ok.body().is_empty(), "our offer");
    script.ack(3, &tag, &description(7, "sendrecv"));
    assert!(matches!(script.media.last().unwrap().1, MediaRequest::Accept { .. }));
    script.invite(4, &tag, &description(7, "sendrecv"));
    assert_eq!(script.response("INVITE").status().unwrap().0, 200);
    assert_eq!(script.last("phone:unhold")["by"], "remote");
}

#[test]
fn an_offer_withdrawn_while_the_browser_takes_it_leaves_the_call_as_it_was() {
    for offer in ["".to_owned(), description(7, "sendonly")] {
        let mut script = Script::new();
        let tag = script.answered(&description(7, "sendrecv"));
        script.media.clear();
        script.unsaid = Some(Vec::new());
        script.invite(2, &tag, &offer);
        script.cancel(2, &tag);
        assert_eq!(script.response("INVITE").status().unwrap().0, 487);
        for said in script.unsaid.take().unwrap() {
            script.input(said);
        }
        assert_eq!(script.count("phone:hold"), 0, "nobody holds");
        match offer.is_empty() {
            // The browser made an offer that nobody wants any more.
            true => assert_eq!(script.media.last().unwrap().1, MediaRequest::Rollback),
            // It took theirs: what both had before is agreed anew.
            false => {
                let again = script.request("INVITE");
                script.respond(&again, "200 OK", "f", "", &description(7, "sendrecv"));
                script.request("ACK");
            }
        }
        // The call is not stuck.
        script.host(r#"{"type":"hold","id":"h"}"#);
        let hold = script.request("INVITE");
        script.respond(&hold, "200 OK", "f", "", &description(7, "recvonly"));
        assert_eq!(script.last("phone:hold")["by"], "local");
    }
}

#[test]
fn a_hold_whose_answer_is_none_is_refused_and_the_browser_goes_back() {
    let mut script = Script::new();
    let tag = script.answered(&description(7, "sendrecv"));
    for answer in [String::new(), description(7, "recvonly").replace("a=fingerprint", "a=nothing")] {
        script.host(r#"{"type":"hold","id":"h"}"#);
        let hold = script.request("INVITE");
        script.respond(&hold, "200 OK", "f", "", &answer);
        script.request("ACK");
        assert_eq!(script.heard.last().unwrap()["error"]["code"], "wrong_state");
        assert_eq!(script.media.last().unwrap().1, MediaRequest::Rollback);
    }
    assert_eq!((script.count("phone:hold"), script.count("phone:terminated")), (0, 0));
    script.invite(2, &tag, &description(7, "sendonly"));
    assert_eq!(script.response("INVITE").status().unwrap().0, 200);
}

#[test]
fn an_offer_that_the_browser_makes_when_the_hold_has_failed_is_undone() {
    let mut script = Script::new();
    script.answered(&description(7, "sendrecv"));
    script.unsaid = Some(Vec::new());
    script.host(r#"{"type":"hold","id":"h"}"#);
    script.pass(10_000);
    assert_eq!(script.heard.last().unwrap()["error"]["code"], "wrong_state");
    script.unsaid.take().unwrap().into_iter().for_each(|said| script.input(said));
    assert_eq!(script.media.last().unwrap().1, MediaRequest::Rollback);
    assert!(!script.sent.iter().any(|message| message.octets().starts_with(b"INVITE")));
}

#[test]
fn offers_withdrawn_one_after_the_other_leave_room_for_the_one_that_stands() {
    let mut script = Script::new();
    let tag = script.answered(&description(7, "sendrecv"));
    script.media.clear();
    script.unsaid = Some(Vec::new());
    for sequence in 2..20 {
        script.invite(sequence, &tag, &description(7, "sendonly"));
        script.cancel(sequence, &tag);
        assert_eq!(script.response("INVITE").status().unwrap().0, 487);
    }
    script.sent.clear();
    script.invite(20, &tag, &description(7, "inactive"));
    // The browser has been asked about the first alone; what it answers there is no answer to the last.
    let first = script.unsaid.replace(Vec::new()).unwrap();
    assert_eq!(first.len(), 1);
    first.into_iter().for_each(|said| script.input(said));
    assert!(!script.sent.iter().any(|message| message.status().is_some_and(|(code, _)| code > 100)));
    script.unsaid.take().unwrap().into_iter().for_each(|said| script.input(said));
    let ok = script.response("INVITE");
    assert_eq!((ok.status().unwrap().0, ok.cseq().number), (200, 20));
    script.ack(20, &tag, "");
    let asked: Vec<&str> = script
        .media
        .iter()
        .filter_map(|(_, what)| match what {
            MediaRequest::Answer { offer, .. } if offer.contains("a=inactive") => Some("inactive"),
            MediaRequest::Answer { .. } => Some("sendonly"),
            _ => None,
        })
        .collect();
    assert_eq!(asked, ["sendonly", "inactive"]);
    script.host(r#"{"type":"hold","id":"h"}"#);
    let hold = script.request("INVITE");
    script.respond(&hold, "200 OK", "f", "", &description(7, "inactive"));
    assert_eq!(script.last("phone:hold")["by"], "local");
}

#[test]
fn a_call_in_the_place_of_a_muted_one_is_muted() {
    let mut script = Script::new();
    let tag = script.answered(&description(7, "sendrecv"));
    script.host(r#"{"type":"mute"}"#);
    let first = script.media.last().unwrap().0;
    script.replacing("bert", tag.trim_start_matches(";tag="));
    assert_eq!(script.response("INVITE").status().unwrap().0, 200);
    let told = |(peer, what): &(PeerId, MediaRequest)| *peer != first && *what == MediaRequest::Mute(true);
    assert!(script.media.iter().any(told), "{:?}", script.media);
}

#[test]
fn an_offer_that_is_none_is_refused_and_the_call_goes_on() {
    let mut script = Script::new();
    let tag = script.answered(&description(7, "sendrecv"));
    script.invite(2, &tag, "v=0\r\n");
    assert_eq!(script.response("INVITE").status().unwrap().0, 488);
    script.ack(2, &tag, "");
    assert_eq!(script.count("phone:terminated"), 0);
    script.host(r#"{"type":"hold","id":"h"}"#);
    assert!(script.request("INVITE").body().starts_with(b"v=0"));
}

#[test]
fn the_same_ringing_again_is_told_once() {
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
    let invite = script.request("INVITE");
    for _ in 0..100 {
        script.respond(&invite, "180 Ringing", "a", "", "");
    }
    assert_eq!(script.count("phone:progress"), 1);
    script.respond(&invite, "181 Forwarded", "a", "", "");
    script.respond(&invite, "183 Session Progress", "a", "", &description(7, "sendrecv"));
    assert_eq!(script.count("phone:progress"), 3);
}

#[test]
fn a_transfer_of_which_nobody_tells_the_end_fails_in_the_end() {
    let mut script = Script::new();
    let tag = script.answered(&description(7, "sendrecv"));
    script.host(r#"{"type":"transfer","id":"t","data":{"to":"202"}}"#);
    let refer = script.request("REFER");
    script.respond(&refer, "202 Accepted", &tag, "", "");
    let start = script.now.0;
    while script.count("softframe:response") == 0 {
        let next = script.phone.poll_timeout().expect("something is due");
        assert!(next.0 - start < 600_000, "the command is never answered");
        script.now = next.max(script.now);
        script.input(Input::Timeout);
    }
    let state = script.last("phone:transfer");
    assert_eq!((&state["state"], &state["code"]), (&"failed".into(), &408.into()));
    assert_eq!(script.count("phone:terminated"), 0, "the call goes on");
}

#[test]
fn a_transfer_to_another_domain_dials_the_number_in_ours() {
    let mut script = Script::new();
    let tag = script.answered(&description(7, "sendrecv"));
    script.frame(format!(
        "REFER sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKr\r\nMax-Forwards: 70\r\n\
         From: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{tag}\r\nCall-ID: in1\r\nCSeq: 2 REFER\r\n\
         Contact: <sip:ana@p.test;transport=ws>\r\nRefer-To: <sip:+34933@evil.test:5066;maddr=evil.test>\r\n\
         Content-Length: 0\r\n\r\n"
    ));
    let hold = script.request("INVITE");
    script.respond(&hold, "200 OK", "f", "", &description(8, "recvonly"));
    let invite = script.request("INVITE");
    assert_eq!(invite.uri().unwrap().as_str(), "sip:+34933@a.test");
    assert_eq!(script.last("phone:calling")["to"], "+34933");
}

/// Many desk phones hang up as soon as their REFER is accepted.
#[test]
fn who_asks_for_a_transfer_and_hangs_up_at_once_is_replaced_by_the_number_all_the_same() {
    for waits_for_the_browser in [false, true] {
        let mut script = Script::new();
        let tag = script.answered(&description(7, "sendrecv"));
        script.unsaid = waits_for_the_browser.then(Vec::new);
        // Asterisk writes the address without brackets.
        script.frame(format!(
            "REFER sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKr\r\nMax-Forwards: 70\r\n\
             From: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{tag}\r\nCall-ID: in1\r\nCSeq: 2 REFER\r\n\
             Contact: <sip:ana@p.test;transport=ws>\r\nRefer-To: sip:+34933@a.test\r\nContent-Length: 0\r\n\r\n"
        ));
        assert_eq!(script.response("REFER").status().unwrap().0, 202);
        script.bye(3, &tag);
        for said in script.unsaid.take().unwrap_or_default() {
            script.input(said);
        }
        let invite = script.request("INVITE");
        let invite = match invite.to().tag() {
            // The hold that the BYE has crossed.
            Some(_) => script.request("INVITE"),
            None => invite,
        };
        assert_eq!(invite.uri().unwrap().as_str(), "sip:+34933@a.test");
        assert_eq!(script.last("phone:calling")["to"], "+34933");
    }
}

#[test]
fn the_farewell_of_the_journal_follows_a_reinvite_that_a_timer_sent() {
    let mut script = Script::new();
    script.answered(&description(7, "sendrecv"));
    script.host(r#"{"type":"hold"}"#);
    let first = script.request("INVITE");
    script.respond(&first, "491 Request Pending", "f", "", "");
    while !script.sent.iter().any(|message| message.octets().starts_with(b"INVITE")) {
        script.now = script.phone.poll_timeout().expect("the second try").max(script.now);
        assert!(script.now < Instant(10_000), "no second try");
        script.input(Input::Timeout);
    }
    let second = script.request("INVITE");
    assert!(second.cseq().number > first.cseq().number);
    let farewell = script.farewell.as_ref().expect("a BYE");
    assert!(farewell.cseq().number > second.cseq().number, "{} after {}", farewell.cseq(), second.cseq());
}

#[test]
fn text_messages_without_end_reach_the_host_twenty_in_ten_seconds() {
    let mut script = Script::new();
    let message = |script: &mut Script, number: u32, text: &str| {
        script.frame(format!(
            "MESSAGE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKm{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>\r\nCall-ID: m{number}\r\nCSeq: 1 MESSAGE\r\n\
             Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        ));
    };
    for number in 0..500 {
        message(&mut script, number, "hi");
    }
    assert_eq!(script.count("message:received"), 20);
    let answered = |script: &Script, code: u16| {
        script.sent.iter().filter(|message| message.status().is_some_and(|(sent, _)| sent == code)).count()
    };
    assert_eq!((answered(&script, 200), answered(&script, 480)), (20, 480), "who sends them knows");
    script.now = Instant(10_000);
    message(&mut script, 900, "hi");
    assert_eq!(script.count("message:received"), 21);
}

#[test]
fn the_phrase_of_a_refusal_is_shown_without_what_could_disturb_the_screen() {
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
    let invite = script.request("INVITE");
    let phrase = format!("486 Busy\u{202e}\u{7} {}", "x".repeat(10_000));
    script.respond(&invite, &phrase, "a", "", "");
    let text = script.last("phone:terminated")["cause"]["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("Busy x") && text.chars().count() == 128, "{text:?}");
}

/// Teleforge Enigma says so which of the values of a call it does not take.
#[test]
fn what_a_refusal_explains_in_a_header_is_told_and_shown() {
    let refused = |keys: &str, header: &str| {
        let mut script = Script::with(keys);
        script.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
        let invite = script.request("INVITE");
        script.respond(&invite, "400 Bad Request", "a", header, "");
        let cause = script.last("phone:terminated")["cause"].clone();
        let Screen::Ended(ended) = script.phone.view(script.now).screen else {
            panic!("the end is not shown")
        };
        (cause["text"].clone(), cause.get("details").cloned(), ended.sip)
    };
    let plain = (json!("Bad Request"), None, "SIP 400 Bad Request".to_owned());
    let explained = (
        json!("Bad Request"),
        Some(json!("outbound id is not allowed")),
        "SIP 400 Bad Request: outbound id is not allowed".to_owned(),
    );
    let odd = "X-Teleforge-Error: outbound id\u{202e} is not allowed\r\n";
    let ours = r#""headers":{"error":"X-Why"},"#;
    assert_eq!(refused("", "X-Platforma-Error: outbound id is not allowed\r\n"), explained);
    assert_eq!(refused("", &format!("X-Platforma-Error: \r\n{odd}")), explained);
    assert_eq!(refused(ours, "X-Why: outbound id is not allowed\r\n"), explained);
    assert_eq!(refused(ours, odd), plain);
    assert_eq!(refused("", "Server: Teleforge\r\n"), plain);
}

#[test]
fn transfers_that_the_other_side_asks_for_do_not_use_up_what_the_host_may_dial() {
    let mut script = Script::new();
    let tag = script.answered(&description(7, "sendrecv"));
    for number in 0..8 {
        let sequence = number + 2;
        script.frame(format!(
            "REFER sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKr{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{tag}\r\nCall-ID: in1\r\nCSeq: {sequence} REFER\r\n\
             Contact: <sip:ana@p.test;transport=ws>\r\nRefer-To: <sip:3493{number}@a.test>\r\nContent-Length: 0\r\n\r\n"
        ));
        while let Some(at) = script.sent.iter().position(|message| message.octets().starts_with(b"INVITE")) {
            let invite = script.sent.remove(at);
            match invite.to().tag() {
                Some(_) => script.respond(&invite, "200 OK", "f", "", &description(8, "recvonly")),
                None => script.respond(&invite, "404 Not Found", "x", "", ""),
            }
        }
    }
    assert_eq!(script.count("phone:calling"), 5, "they have a limit of their own");
    script.host(r#"{"type":"click2call","data":{"number":"+34955"}}"#);
    assert_eq!(script.last("phone:calling")["to"], "+34955");
}

#[test]
fn a_held_call_is_refreshed_by_a_reinvite_that_keeps_it_held() {
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
    let invite = script.request("INVITE");
    assert_eq!(invite.header("Session-Expires"), Some("1800"));
    let agreed = "Contact: <sip:peer@b.test>\r\nSession-Expires: 120;refresher=uac\r\nRequire: timer\r\nAllow: INVITE\r\n";
    script.respond(&invite, "200 OK", "a", agreed, &description(7, "sendrecv"));
    script.host(r#"{"type":"hold"}"#);
    let hold = script.request("INVITE");
    script.respond(&hold, "200 OK", "a", agreed, &description(7, "recvonly"));
    script.sent.clear();
    for round in 1..=3 {
        while script.sent.is_empty() {
            script.now = script.phone.poll_timeout().expect("a refresh").max(script.now);
            assert!(script.now <= Instant(round * 60_000), "no refresh in round {round}");
            script.input(Input::Timeout);
            script.frame("\r\n".to_owned());
            script.sent.retain(|message| message.octets().starts_with(b"INVITE"));
        }
        let refresh = script.request("INVITE");
        let offer = script.media.iter().rev().find(|(_, what)| matches!(what, MediaRequest::Offer { .. }));
        assert_eq!(offer.unwrap().1, MediaRequest::Offer { send: false, restart: false });
        script.respond(&refresh, "200 OK", "a", agreed, &description(7, "recvonly"));
        script.sent.clear();
    }
    assert_eq!((script.count("phone:hold"), script.count("phone:unhold")), (1, 0), "nobody hears of it");
    assert_eq!(script.count("phone:terminated"), 0);
}

#[test]
fn a_summary_of_the_voice_mail_is_told_when_it_changes_and_stands_in_the_state() {
    let mut script = Script::new();
    let notify = |script: &mut Script, number: u32, body: &str| {
        script.frame(format!(
            "NOTIFY sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKn{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:vm@a.test>;tag=v\r\nTo: <sip:200@a.test>\r\nCall-ID: n{number}\r\nCSeq: {number} NOTIFY\r\n\
             Event: message-summary\r\nSubscription-State: terminated\r\n\
             Content-Type: application/simple-message-summary\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    };
    for (number, body) in [
        (1, "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n"),
        (2, "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n"),
        (3, "nothing of the kind"),
        (4, "Messages-Waiting: no\r\nVoice-Message: 0/10\r\n"),
    ] {
        notify(&mut script, number, body);
    }
    assert_eq!(
        script.sent.iter().filter(|sent| sent.status().is_some_and(|(code, _)| code == 200)).count(),
        4
    );
    let told: Vec<String> = script
        .heard
        .iter()
        .filter(|message| message["type"] == "voicemail:update")
        .map(|message| message["data"].to_string())
        .collect();
    assert_eq!(
        told,
        [
            r#"{"newMessages":2,"oldMessages":8,"waiting":true}"#,
            r#"{"newMessages":0,"oldMessages":10,"waiting":false}"#
        ]
    );
    script.host(r#"{"type":"state","id":"s"}"#);
    assert_eq!(script.last("softframe:response")["voicemail"]["oldMessages"], 10);
}

#[test]
fn a_call_in_the_place_of_the_live_one_is_answered_at_once_and_the_first_ends_as_transferred() {
    let mut script = Script::new();
    let tag = script.answered(&description(7, "sendrecv"));
    let own = tag.trim_start_matches(";tag=").to_owned();
    script.replacing("wrong", "nobody");
    assert_eq!(script.response("INVITE").status().unwrap().0, 481);
    assert_eq!(script.count("phone:ringing"), 1);
    script.replacing("bert", &own);
    assert_eq!(script.response("INVITE").status().unwrap().0, 200);
    assert_eq!(script.request("BYE").call_id(), "in1");
    assert_eq!(script.last("phone:ringing")["from"], "+34955");
    assert_eq!(script.last("phone:terminated")["cause"]["reason"], "transferred");
    assert_eq!((script.count("phone:ringing"), script.count("phone:terminated")), (2, 1));
}

#[test]
fn a_held_call_ends_as_transferred_when_another_has_taken_its_place_and_not_while_that_rings() {
    for taken in [true, false] {
        let mut script = Script::new();
        let tag = script.answered(&description(7, "sendrecv"));
        script.host(r#"{"type":"hold"}"#);
        let hold = script.request("INVITE");
        script.respond(&hold, "200 OK", "f", "", &description(7, "recvonly"));
        script.replacing("bert", tag.trim_start_matches(";tag="));
        assert_eq!((script.count("phone:ringing"), script.count("phone:accepted")), (2, 1));
        match taken {
            true => script.host(r#"{"type":"answer"}"#),
            false => script.bye(2, &tag),
        }
        let cause = script.last("phone:terminated")["cause"].clone();
        let expected = if taken { ("transferred", "local") } else { ("hangup", "remote") };
        assert_eq!(
            (cause["reason"].as_str(), cause["endedBy"].as_str()),
            (Some(expected.0), Some(expected.1))
        );
        assert_eq!(script.count("phone:terminated"), 1);
    }
}

#[test]
fn a_redirection_passes_the_gate_of_dialling_before_it_is_followed() {
    // What the 302 names; whom the second INVITE goes to, and how the call ends where there is none.
    for (contact, expected) in [
        ("<sip:+34933@elsewhere.test>", Some("sip:+34933@a.test")),
        ("<sip:premium@a.test>", None),
        ("<sip:112@a.test>", None),
        ("<sip:*21*5%23@a.test>", None),
    ] {
        let mut script = Script::new();
        script.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
        let invite = script.request("INVITE");
        script.respond(&invite, "302 Moved", "a", &format!("Contact: {contact}\r\n"), "");
        script.request("ACK");
        let second = script.sent.iter().find(|message| message.octets().starts_with(b"INVITE")).cloned();
        let uri = second.as_ref().and_then(|invite| invite.uri()).map(ToString::to_string);
        assert_eq!(uri.as_deref(), expected, "{contact}");
        match second {
            Some(second) => {
                assert_eq!(second.body(), invite.body());
                script.respond(&second, "200 OK", "b", "", &description(7, "sendrecv"));
                assert_eq!(script.last("phone:accepted")["to"], "+34922");
            }
            None => assert_eq!(script.last("phone:terminated")["cause"]["reason"], "forwarded", "{contact}"),
        }
        assert_eq!(script.count("phone:calling"), 1);
    }
}
