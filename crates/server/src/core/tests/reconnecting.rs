//! Requests within a dialog while the phone they are for is away.

use super::*;

fn within(method: &str, n: u32, uri: &str, route: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/WS h;branch=z9hG4bKw{n}\r\n{route}\
         From: <sip:201@{DOMAIN}>;tag=a\r\nTo: <sip:200@{DOMAIN}>;tag=b\r\nCall-ID: w\r\nCSeq: {n} {method}\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn request_to_a_phone_that_reconnects_is_480_until_it_is_back() {
    let mut scene = Scene::registered();
    let (_, copies) = scene.called();
    let came = scene.send(1, &response(&copies[0].1, 200, "t1"));
    let route = format!("Route: {}\r\n", came[0].1.header("Record-Route").expect("Record-Route"));
    let contact = "sip:c1@c1.invalid;transport=ws";
    scene.exchange.handle_input(scene.now, Input::Closed(FlowId(1)));
    scene.came();
    for (n, method) in [(1, "UPDATE"), (2, "INVITE"), (3, "BYE")] {
        assert_eq!(scene.send(3, &within(method, n, contact, &route)).code(), 480, "{method}");
    }
    scene.exchange.handle_input(scene.now, Input::Opened(FlowId(4), Trust::Challenged));
    let registered = scene.authenticated(4, "REGISTER", "200", "200", &format!("Contact: <{contact}>\r\n"));
    assert_eq!(registered.code(), 200);
    assert_eq!(names(&scene.send(3, &within("UPDATE", 4, contact, &route))), [(4, "UPDATE".to_owned())]);
}

#[test]
fn request_to_the_gruu_of_a_user_without_a_phone_is_480_and_to_that_of_nobody_481() {
    let mut scene = Scene::registered();
    for (n, (user, code)) in [("200", 480), ("999", 481)].into_iter().enumerate() {
        let uri = format!("sip:{user}@{DOMAIN};gr=urn:uuid:1");
        let n = u32::try_from(n).expect("small");
        assert_eq!(scene.send(3, &within("UPDATE", n + 1, &uri, "")).code(), code, "{user}");
    }
}

#[test]
fn request_by_a_route_that_was_never_ours_is_481() {
    let mut scene = Scene::registered();
    let route = format!("Route: <sip:1-3-forged@{DOMAIN};lr>\r\n");
    assert_eq!(scene.send(3, &within("UPDATE", 1, "sip:gone@gone.invalid", &route)).code(), 481);
}

#[test]
fn request_to_a_phone_that_never_comes_back_is_481_when_its_binding_would_have_ended() {
    let mut scene = Scene::registered();
    let (_, copies) = scene.called();
    let came = scene.send(1, &response(&copies[0].1, 200, "t1"));
    let route = format!("Route: {}\r\n", came[0].1.header("Record-Route").expect("Record-Route"));
    scene.exchange.handle_input(scene.now, Input::Closed(FlowId(1)));
    scene.came();
    let contact = "sip:c1@c1.invalid;transport=ws";
    scene.now = scene.now.after(599_000);
    assert_eq!(scene.send(3, &within("UPDATE", 1, contact, &route)).code(), 480);
    scene.now = scene.now.after(1_000);
    assert_eq!(scene.send(3, &within("UPDATE", 2, contact, &route)).code(), 481);
}

#[test]
fn request_to_a_gruu_that_was_not_seen_for_the_longest_binding_is_481() {
    let mut scene = Scene::registered();
    let uri = format!("sip:200@{DOMAIN};gr=urn:uuid:1");
    scene.now = scene.now.after(3_598_000);
    assert_eq!(
        scene.send(3, &within("UPDATE", 1, &uri, "")).code(),
        480,
        "it may have been before the start"
    );
    scene.now = scene.now.after(3_000);
    assert_eq!(scene.send(3, &within("UPDATE", 2, &uri, "")).code(), 481);
}

#[test]
fn request_to_a_phone_that_has_signed_off_is_481_at_once() {
    let mut scene = Scene::registered();
    let (_, copies) = scene.called();
    let came = scene.send(1, &response(&copies[0].1, 200, "t1"));
    let route = format!("Route: {}\r\n", came[0].1.header("Record-Route").expect("Record-Route"));
    let contact = "sip:c1@c1.invalid;transport=ws";
    let off = scene.authenticated(1, "REGISTER", "200", "200", "Contact: *\r\nExpires: 0\r\n");
    assert_eq!(off.code(), 200);
    scene.exchange.handle_input(scene.now, Input::Closed(FlowId(1)));
    scene.came();
    assert_eq!(scene.send(3, &within("BYE", 1, contact, &route)).code(), 481);
}
