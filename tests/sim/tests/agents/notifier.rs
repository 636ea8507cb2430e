//! The other end of subscriptions and publications: the test answers for everybody in the phone's domain.

use super::world::World;
use softframe_sip::{
    Command, SubscriptionId,
    wire::{Message, ResponseBuilder, StatusCode},
};

/// A registered phone in whose domain the test answers for everybody.
pub(crate) fn subscriber() -> World {
    let mut world = World::registered(&["200"]);
    world.proxy.swallow = true;
    world
}

pub(crate) fn subscribe(world: &mut World, target: &str, event: &str) -> SubscriptionId {
    let subscription = world.phones[0].agent.next_subscription();
    let (target, event) = (target.to_owned(), event.to_owned());
    let accept = "application/dialog-info+xml";
    world.command(0, Command::Subscribe { subscription, target, event, accept });
    world.run(20);
    subscription
}

/// What the phone sent of this method that was not looked at yet, the oldest.
pub(crate) fn heard(world: &mut World, method: &str) -> Message {
    let is = |message: &Message| message.is_request() && message.method().as_str() == method;
    let at = world.proxy.heard.iter().position(is);
    world.proxy.heard.remove(at.unwrap_or_else(|| panic!("no {method}: {:?}", world.proxy.heard)))
}

/// The next SUBSCRIBE, whenever its dice let it come.
pub(crate) fn next_refresh(world: &mut World) -> Message {
    for _ in 0..1_000 {
        world.run(1_000);
        if count(world, "SUBSCRIBE") > 0 {
            return heard(world, "SUBSCRIBE");
        }
    }
    panic!("no refresh in a thousand seconds")
}

pub(crate) fn count(world: &World, method: &str) -> usize {
    world.proxy.heard.iter().filter(|message| message.method().as_str() == method).count()
}

pub(crate) fn respond(world: &mut World, request: &Message, code: u16, tag: &str, headers: &[(&str, &str)]) {
    let builder = ResponseBuilder::new(request, StatusCode::new(code).expect("a status")).to_tag(tag);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
    world.send_to_phone(0, builder.build().into_octets());
    world.run(20);
}

/// NOTIFY of the notifier with this tag, in the dialog of `subscribe`; the status it is answered with.
pub(crate) fn notify(
    world: &mut World,
    subscribe: &Message,
    tag: &str,
    number: u32,
    state: &str,
    body: &str,
) -> u16 {
    notify_about(world, subscribe, tag, number, state, "dialog", body)
}

pub(crate) fn notify_about(
    world: &mut World,
    subscribe: &Message,
    tag: &str,
    number: u32,
    state: &str,
    event: &str,
    body: &str,
) -> u16 {
    let contact = subscribe.contact().expect("a Contact").uri;
    let text = format!(
        "NOTIFY {contact} SIP/2.0\r\nVia: SIP/2.0/WS n;branch=z9hG4bK{tag}{number}{}\r\nFrom: {};tag={tag}\r\n\
         To: {}\r\nCall-ID: {}\r\nCSeq: {number} NOTIFY\r\nContact: <sip:{tag}@notifier.test>\r\nEvent: {event}\r\n\
         Subscription-State: {state}\r\nRecord-Route: <sip:a.test;lr>, <sip:b.test;lr>\r\n\r\n{body}",
        world.now,
        format_args!("<{}>", subscribe.to().uri),
        subscribe.from(),
        subscribe.call_id(),
    );
    world.proxy.heard.retain(Message::is_request);
    world.send_to_phone(0, text.into_bytes());
    world.run(20);
    let at = world.proxy.heard.iter().position(|message| message.status().is_some());
    let answer = world.proxy.heard.remove(at.expect("an answer to NOTIFY"));
    answer.status().map_or(0, |(code, _)| code)
}

/// A subscription that one notifier has answered, with empty ladders and no events.
pub(crate) fn subscribed() -> (World, SubscriptionId, Message) {
    let mut world = subscriber();
    let id = subscribe(&mut world, "301", "dialog");
    let request = heard(&mut world, "SUBSCRIBE");
    respond(&mut world, &request, 200, "n1", &[("Expires", "1000")]);
    assert_eq!(notify(&mut world, &request, "n1", 1, "active;expires=1000", "one"), 200);
    assert_eq!(world.told(0), ["notified n1 one"]);
    world.ladder();
    (world, id, request)
}
