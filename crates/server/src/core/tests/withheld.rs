//! Callers who do not say who they are (RFC 3323).

use super::*;

const NOBODY: &str = "anonymous@anonymous.invalid";

/// 201 calls 200 from flow 3 as nobody, with these credentials.
fn call(scene: &mut Scene, user: &str, password: &str, more: &str) -> Vec<Came> {
    let challenge = scene.challenge(3, "INVITE", NOBODY, "200");
    let line = credentials(&challenge, "SHA-256", "INVITE", user, "200", password);
    let request = scene.request(3, "INVITE", NOBODY, "200", &format!("Privacy: id\r\n{line}{more}"));
    scene.send(3, &request)
}

#[test]
fn withheld_invite_is_let_through_by_the_user_name_of_its_digest() {
    let mut scene = Scene::registered();
    let came = call(&mut scene, "201", "secret-201", "");
    assert_eq!(names(&came), [(3, "100".to_owned()), (1, "INVITE".to_owned()), (2, "INVITE".to_owned())]);
    assert_eq!(came[1].1.from().uri.to_string(), format!("sip:{NOBODY}"));
    assert_eq!(scene.exchange.user_of(FlowId(3)), Some("201"));
}

#[test]
fn withheld_invite_of_nobody_of_ours_is_challenged_again() {
    for (user, password) in [("201", "wrong"), ("999", "secret-999"), ("anonymous", "")] {
        let mut scene = Scene::registered();
        assert_eq!(call(&mut scene, user, password, "").code(), 407, "{user}");
    }
}

#[test]
fn callee_of_a_withheld_caller_is_told_no_identity() {
    let mut scene = Scene::registered();
    let told =
        "P-Preferred-Identity: <sip:201@softframe.test>\r\nP-Asserted-Identity: <sip:201@softframe.test>\r\n";
    let came = call(&mut scene, "201", "secret-201", told);
    let Came(_, copy) = came.iter().find(|came| came.0 == FlowId(1)).expect("a copy");
    for name in ["P-Preferred-Identity", "P-Asserted-Identity", "Proxy-Authorization"] {
        assert_eq!(copy.header(name), None, "{name}");
    }
}
