//! Publication of one's own presence (RFC 3903): the phone publishes, the test is its server.

use super::{
    notifier::{count, heard, respond, subscribed, subscriber},
    world::World,
};
use softframe_sip::{Command, Event};

/// The phone says this of its person.
fn publish(world: &mut World, body: &str) {
    let (event, content_type) = ("presence".to_owned(), "application/pidf+xml".to_owned());
    world.command(0, Command::Publish { event, content_type, body: body.as_bytes().to_vec() });
    world.run(20);
}

#[test]
fn publication_goes_on_by_its_entity_tag_and_begins_anew_where_that_is_forgotten() {
    let mut world = subscriber();
    publish(&mut world, "here");
    let first = heard(&mut world, "PUBLISH");
    assert_eq!(first.uri().map(ToString::to_string).as_deref(), Some("sip:200@sip.test"));
    assert_eq!((first.header("Event"), first.header("Expires")), (Some("presence"), Some("3600")));
    assert_eq!((first.header("SIP-If-Match"), first.body()), (None, b"here".as_slice()));
    // A change while it is under way waits for the tag.
    publish(&mut world, "away");
    assert_eq!(count(&world, "PUBLISH"), 0);
    respond(&mut world, &first, 200, "p", &[("SIP-ETag", "e1"), ("Expires", "100")]);
    let change = heard(&mut world, "PUBLISH");
    assert_eq!((change.header("SIP-If-Match"), change.body()), (Some("e1"), b"away".as_slice()));
    respond(&mut world, &change, 200, "p", &[("SIP-ETag", "e2"), ("Expires", "100")]);
    world.run(74_000);
    assert_eq!(count(&world, "PUBLISH"), 0);
    world.run(16_500);
    let refresh = heard(&mut world, "PUBLISH");
    assert_eq!((refresh.header("SIP-If-Match"), refresh.body()), (Some("e2"), b"".as_slice()));
    respond(&mut world, &refresh, 412, "p", &[]);
    let anew = heard(&mut world, "PUBLISH");
    assert_eq!((anew.header("SIP-If-Match"), anew.body()), (None, b"away".as_slice()));
    assert!(world.told(0).is_empty());
}

#[test]
fn refused_publication_is_told_once_and_a_passing_trouble_is_not() {
    let mut world = subscriber();
    publish(&mut world, "here");
    let first = heard(&mut world, "PUBLISH");
    respond(&mut world, &first, 503, "p", &[("Retry-After", "7")]);
    world.run(6_000);
    assert_eq!(count(&world, "PUBLISH"), 0);
    world.run(1_100);
    let again = heard(&mut world, "PUBLISH");
    respond(&mut world, &again, 423, "p", &[("Min-Expires", "7200")]);
    let longer = heard(&mut world, "PUBLISH");
    assert_eq!(longer.header("Expires"), Some("7200"));
    assert!(world.told(0).is_empty());
    respond(&mut world, &longer, 489, "p", &[]);
    assert_eq!(world.told(0), ["publish refused 489"]);
    world.run(4_000_000);
    assert_eq!(count(&world, "PUBLISH"), 0);
    // A 412 to what named no tag is no reason to go round in circles.
    publish(&mut world, "here");
    let next = heard(&mut world, "PUBLISH");
    respond(&mut world, &next, 412, "p", &[]);
    assert_eq!(world.told(0), ["publish refused 412"]);
}

#[test]
fn publication_that_a_broken_flow_swallowed_is_sent_again_on_the_next() {
    let mut world = subscriber();
    publish(&mut world, "here");
    heard(&mut world, "PUBLISH");
    world.cut(0);
    world.run(20_000);
    let again = heard(&mut world, "PUBLISH");
    assert_eq!(again.body(), b"here");
    let refused = world.phones[0].events.iter().any(|event| matches!(event, Event::PublishRefused { .. }));
    assert!(!refused);
}

#[test]
fn challenged_publish_is_answered_with_credentials_and_goes_on_by_its_tag() {
    let mut world = subscriber();
    world.proxy.challenges_all = true;
    publish(&mut world, "here");
    world.run(100);
    assert_eq!(world.ladder(), ["200 > PUBLISH body", "200 < 407 PUBLISH", "200 > PUBLISH body"]);
    let first = heard(&mut world, "PUBLISH");
    assert_eq!(first.body(), b"here");
    respond(&mut world, &first, 200, "p", &[("SIP-ETag", "e1"), ("Expires", "100")]);
    world.run(90_500);
    let refresh = heard(&mut world, "PUBLISH");
    assert_eq!(refresh.header("SIP-If-Match"), Some("e1"));
    assert!(refresh.header("Proxy-Authorization").is_some(), "the nonce is kept");
}

#[test]
fn server_that_wants_to_be_told_again_at_once_is_not_hammered() {
    let mut world = subscriber();
    publish(&mut world, "here");
    for _ in 0..3 {
        let request = heard(&mut world, "PUBLISH");
        respond(&mut world, &request, 503, "p", &[("Retry-After", "0")]);
        world.run(4_900);
        assert_eq!(count(&world, "PUBLISH"), 0);
        world.run(200);
    }
    // Taken for no time at all.
    let request = heard(&mut world, "PUBLISH");
    respond(&mut world, &request, 200, "p", &[("SIP-ETag", "e"), ("Expires", "0")]);
    world.run(4_900);
    assert_eq!(count(&world, "PUBLISH"), 0);
}

#[test]
fn signing_out_ends_subscriptions_and_takes_back_what_was_published() {
    let (mut world, _, _) = subscribed();
    publish(&mut world, "here");
    let request = heard(&mut world, "PUBLISH");
    respond(&mut world, &request, 200, "p", &[("SIP-ETag", "e1"), ("Expires", "3600")]);
    world.ladder();
    world.command(0, Command::Unregister);
    world.run(20);
    assert_eq!(heard(&mut world, "SUBSCRIBE").header("Expires"), Some("0"));
    let gone = heard(&mut world, "PUBLISH");
    assert_eq!((gone.header("Expires"), gone.header("SIP-If-Match")), (Some("0"), Some("e1")));
    assert!(gone.body().is_empty());
    let order: Vec<String> = world.ladder().into_iter().filter(|line| line.contains('>')).collect();
    assert_eq!(order.last().map(String::as_str), Some("200 > REGISTER"), "{order:?}");
    world.run(3_000);
    assert_eq!(world.told(0).last().map(String::as_str), Some("Offline"));
    assert!(world.phones[0].agent.is_idle());
    assert_eq!(world.phones[0].agent.poll_timeout(), None);
}

#[test]
fn what_is_still_on_its_way_when_the_account_signs_out_is_taken_back_once_its_tag_is_known() {
    let mut world = subscriber();
    publish(&mut world, "here");
    let request = heard(&mut world, "PUBLISH");
    world.command(0, Command::Unregister);
    respond(&mut world, &request, 200, "p", &[("SIP-ETag", "e1"), ("Expires", "3600")]);
    let removal = "200 > PUBLISH";
    let expected =
        ["200 > PUBLISH body", "200 > REGISTER", "200 < 200 PUBLISH", removal, "200 < 200 REGISTER"];
    assert_eq!(world.ladder(), expected);
}
