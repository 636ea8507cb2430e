//! What still comes for a call that is over, or that is being ended: it gets the one right answer, and no request follows
//! the BYE.

use super::{
    requests::{INVITE, answers, codes, request},
    world::{World, sdp},
};
use softframe_sip::{
    Command, SessionId,
    wire::{Message, ResponseBuilder, StatusCode},
};

const CALL: SessionId = SessionId(1);

/// A call of the phone's to an agent that the test plays, whose 200 was acknowledged.
fn in_call(world: &mut World) {
    world.proxy.bindings.clear();
    world.call(0, "sip:300@elsewhere");
    world.run(20);
    let invite = world.proxy.heard.remove(0);
    let ok = ResponseBuilder::new(&invite, StatusCode::OK).to_tag("peer").header("Contact", "<sip:300@c>");
    let ok = ok.header("Session-Expires", "90;refresher=uac").header("Allow", "INVITE, UPDATE");
    world.send_to_phone(0, ok.body("application/sdp", b"v=0").build().into_octets());
    world.run(20);
    world.proxy.heard.clear();
    world.told(0);
}

/// Answers `request` so that the phone would have to send it again.
fn demand(world: &mut World, request: &Message, code: u16) {
    let builder = ResponseBuilder::new(request, StatusCode::new(code).expect("a status")).to_tag("peer");
    let challenge = "Digest realm=\"sip.test\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"";
    let builder = builder.header("Min-SE", "600");
    let builder = builder.header("WWW-Authenticate", challenge).header("Proxy-Authenticate", challenge);
    world.send_to_phone(0, builder.build().into_octets());
    world.run(100);
}

fn methods(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.method().as_str()).collect()
}

#[test]
fn request_that_is_challenged_after_the_bye_is_not_sent_again() {
    let reinvite = || Command::Reinvite { session: CALL, offer: sdp("hold") };
    let info = || Command::Info { session: CALL, content_type: "text/plain".to_owned(), body: b"x".to_vec() };
    let refer =
        || Command::Refer { session: CALL, target: "202".to_owned(), replaces: None, headers: Vec::new() };
    for (command, method, codes) in [
        (Some(reinvite()), "INVITE", &[401, 407, 422][..]),
        // The session timer sends it by itself.
        (None, "UPDATE", &[401, 407, 422]),
        (Some(refer()), "REFER", &[401, 407]),
        (Some(info()), "INFO", &[401, 407]),
    ] {
        for code in codes {
            let mut world = World::registered(&["200"]);
            in_call(&mut world);
            match &command {
                Some(command) => world.command(0, command.clone()),
                None => world.run(45_100),
            }
            world.run(20);
            let request = std::mem::take(&mut world.proxy.heard).remove(0);
            assert_eq!(request.method().as_str(), method);
            world.hang_up(0, CALL);
            world.run(20);
            assert_eq!(methods(&std::mem::take(&mut world.proxy.heard)), ["BYE"]);
            demand(&mut world, &request, *code);
            let sent = std::mem::take(&mut world.proxy.heard);
            let acknowledged = if method == "INVITE" { &["ACK"][..] } else { &[] };
            assert_eq!(methods(&sent), acknowledged, "{method} {code}");
            // In a call that stands it is.
            let mut world = World::registered(&["200"]);
            in_call(&mut world);
            match &command {
                Some(command) => world.command(0, command.clone()),
                None => world.run(45_100),
            }
            world.run(20);
            let request = std::mem::take(&mut world.proxy.heard).remove(0);
            demand(&mut world, &request, *code);
            assert_eq!(methods(&world.proxy.heard).last(), Some(&method), "{method} {code}");
        }
    }
}

#[test]
fn bye_itself_is_sent_again_with_credentials() {
    let mut world = World::registered(&["200"]);
    in_call(&mut world);
    world.hang_up(0, CALL);
    world.run(20);
    let bye = std::mem::take(&mut world.proxy.heard).remove(0);
    demand(&mut world, &bye, 407);
    assert_eq!(methods(&world.proxy.heard), ["BYE"]);
    assert!(world.proxy.heard[0].cseq().number > bye.cseq().number);
}

#[test]
fn challenged_prack_of_a_fork_that_lost_is_not_sent_again() {
    let mut world = World::registered(&["200"]);
    world.proxy.bindings.clear();
    world.call(0, "sip:300@elsewhere");
    world.run(20);
    let invite = world.proxy.heard.remove(0);
    let rung = ResponseBuilder::new(&invite, StatusCode::RINGING).to_tag("b").header("Contact", "<sip:b@c>");
    let rung = rung.header("Require", "100rel").header("RSeq", "1");
    world.send_to_phone(0, rung.build().into_octets());
    world.run(20);
    let prack = world.proxy.heard.remove(0);
    let ok = ResponseBuilder::new(&invite, StatusCode::OK).to_tag("a").header("Contact", "<sip:a@c>");
    world.send_to_phone(0, ok.body("application/sdp", b"v=0").build().into_octets());
    world.run(20);
    world.proxy.heard.clear();
    demand(&mut world, &prack, 407);
    assert!(world.proxy.heard.is_empty(), "{:?}", methods(&world.proxy.heard));
}

#[test]
fn info_while_the_bye_waits_for_the_ack_is_refused_and_nobody_hears_of_it() {
    let mut world = World::registered(&["200"]);
    let rung = answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(20);
    world.hang_up(0, session);
    world.told(0);
    let to = format!("To: {}", rung[1].to());
    let info = request("INFO sip:200@x.invalid", "i2", &[&to, "CSeq: 2 INFO"], "x");
    assert_eq!(codes(&answers(&mut world, info)), [481]);
    assert!(world.told(0).is_empty());
    let sent = answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    assert_eq!(methods(&sent), ["BYE"]);
}
