//! Challenges and bindings.

use super::*;

#[test]
fn register_is_challenged_in_both_algorithms_and_both_are_accepted() {
    for algorithm in ["SHA-256", "MD5"] {
        let mut scene = Scene::new();
        let challenge = scene.challenge(1, "REGISTER", "200", "200");
        let line = credentials(&challenge, algorithm, "REGISTER", "200", "200", "secret-200");
        let request = scene.request(1, "REGISTER", "200", "200", &line);
        let came = scene.send(1, &request);
        assert_eq!(came.code(), 200, "{algorithm}");
        let contact = came[0].1.header("Contact").expect("contact");
        assert!(contact.contains("sip:c1@c1.invalid") && contact.contains("expires=600"), "{contact}");
        let again = scene.send(1, &request.replace("z9hG4bKb2", "z9hG4bKx").replace("CSeq: 2", "CSeq: 3"));
        assert_eq!(again.code(), 401, "the same count twice");
        assert!(again[0].1.header("WWW-Authenticate").is_some_and(|value| value.contains("stale=true")));
    }
}

#[test]
fn wrong_password_is_challenged_again_without_stale() {
    let mut scene = Scene::new();
    let challenge = scene.challenge(1, "REGISTER", "200", "200");
    for (user, password) in [("200", "wrong"), ("999", "secret-200")] {
        let line = credentials(&challenge, "SHA-256", "REGISTER", user, "200", password);
        let request = scene.request(1, "REGISTER", "200", "200", &line);
        let came = scene.send(1, &request);
        assert_eq!(came.code(), 401);
        assert!(came[0].1.header("WWW-Authenticate").is_some_and(|value| !value.contains("stale")));
    }
    assert!(scene.exchange.whereabouts(scene.now).is_empty());
}

#[test]
fn one_user_may_not_register_or_call_as_another() {
    let mut scene = Scene::new();
    for (method, from, to) in [("REGISTER", "200", "201"), ("INVITE", "201", "200")] {
        let challenge = scene.challenge(1, method, from, to);
        let line = credentials(&challenge, "SHA-256", method, "200", to, "secret-200");
        let request = scene.request(1, method, from, to, &line);
        assert_eq!(scene.send(1, &request).code(), 403, "{method}");
    }
}

#[test]
fn binding_expires_or_goes_with_its_flow_or_by_expires_zero() {
    let count = |scene: &Scene| scene.exchange.whereabouts(scene.now).len();
    let mut scene = Scene::registered();
    assert_eq!(count(&scene), 3);
    scene.exchange.handle_input(scene.now, Input::Closed(FlowId(2)));
    assert_eq!(count(&scene), 2);
    assert_eq!(scene.authenticated(1, "REGISTER", "200", "200", "Expires: 0\r\n").code(), 200);
    assert_eq!(count(&scene), 1);
    scene.wait(599_999);
    assert_eq!(count(&scene), 1);
    scene.wait(1);
    assert_eq!(count(&scene), 0);
}

#[test]
fn same_instance_replaces_its_binding_and_gets_a_gruu() {
    let mut scene = Scene::new();
    let contact = |n: u32| {
        format!(
            "Supported: gruu, outbound\r\nContact: <sip:n{n}@h.invalid>;+sip.instance=\"<urn:uuid:a>\";reg-id=1\r\n"
        )
    };
    for n in 1..=2 {
        assert_eq!(scene.authenticated(1, "REGISTER", "200", "200", &contact(n)).code(), 200);
    }
    let came = scene.authenticated(2, "REGISTER", "200", "200", &contact(3));
    let contacts: Vec<_> = came[0].1.values("Contact").collect();
    assert_eq!(contacts.len(), 1, "{contacts:?}");
    assert!(contacts[0].contains("sip:n3@") && contacts[0].contains(";gr=urn:uuid:a"), "{contacts:?}");
    assert_eq!(came[0].1.header("Flow-Timer"), Some("25"));
}

#[test]
fn bad_registrations_have_their_answers() {
    let mut scene = Scene::new();
    for (more, code) in [
        ("Contact: *\r\nExpires: 60\r\n", 400),
        ("Contact: <tel:1>\r\n", 400),
        ("Contact: <sip:a@b>\r\nExpires: 1\r\n", 423),
        ("Contact: *\r\nExpires: 0\r\n", 200),
    ] {
        assert_eq!(scene.authenticated(1, "REGISTER", "200", "200", more).code(), code, "{more}");
    }
}

#[test]
fn restart_forgets_bindings_and_old_nonces_are_stale() {
    let mut scene = Scene::registered();
    let challenge = scene.challenge(1, "REGISTER", "200", "200");
    scene.exchange.handle_input(scene.now, Input::Restarted);
    assert!(scene.exchange.whereabouts(scene.now).is_empty());
    let line = credentials(&challenge, "MD5", "REGISTER", "200", "200", "secret-200");
    let request = scene.request(1, "REGISTER", "200", "200", &line);
    let came = scene.send(1, &request);
    assert_eq!(came.code(), 401);
    assert!(came[0].1.header("WWW-Authenticate").is_some_and(|value| value.contains("stale=true")));
    assert_eq!(*came[0].1.method(), Method::Register);
}
