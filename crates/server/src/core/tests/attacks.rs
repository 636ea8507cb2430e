//! What a user of ours may try against another one.

use super::*;

#[test]
fn user_cannot_pass_for_another_by_an_asserted_identity() {
    let mut scene = Scene::registered();
    let lies = "P-Asserted-Identity: \"Emergency\" <sip:112@softframe.test>\r\nRemote-Party-ID: <sip:112@x>\r\nX-Mine: 1\r\n";
    let came = scene.authenticated(3, "INVITE", "201", "200", lies);
    let Came(_, copy) = came.iter().find(|came| came.0 == FlowId(1)).expect("a copy");
    assert_eq!((copy.header("P-Asserted-Identity"), copy.header("Remote-Party-ID")), (None, None));
    assert_eq!(copy.header("X-Mine"), Some("1"));
    assert_eq!(copy.from().uri.user().as_deref(), Some("201"));
}

#[test]
fn contact_of_another_user_cannot_be_registered() {
    let mut scene = Scene::registered();
    let theft = "Contact: <sip:c1@c1.invalid;transport=ws>\r\n";
    assert_eq!(scene.authenticated(3, "REGISTER", "201", "201", theft).code(), 403);
    assert_eq!(scene.authenticated(2, "REGISTER", "200", "200", theft).code(), 200, "his own, on a new flow");
}

#[test]
fn one_who_was_called_cannot_cancel_for_the_caller() {
    let mut scene = Scene::registered();
    let (trying, copies) = scene.called();
    let via = trying.via().to_string();
    let cancel = format!(
        "CANCEL sip:200@{DOMAIN} SIP/2.0\r\nVia: {via}\r\nFrom: {}\r\nTo: <sip:200@{DOMAIN}>\r\nCall-ID: {}\r\n\
         CSeq: {} CANCEL\r\nContent-Length: 0\r\n\r\n",
        trying.from(),
        trying.call_id(),
        trying.cseq().number
    );
    scene.send(1, &response(&copies[0].1, 180, "t1"));
    scene.send(2, &response(&copies[1].1, 180, "t2"));
    assert_eq!(names(&scene.send(1, &cancel)), [(1, "481".to_owned())]);
    assert!(names(&scene.send(3, &cancel)).contains(&(1, "CANCEL".to_owned())));
}

#[test]
fn second_request_of_a_frame_goes_nowhere() {
    let mut scene = Scene::registered();
    let options = |n: u32| {
        format!(
            "OPTIONS sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/WS h;branch=z9hG4bKf{n}\r\nFrom: <sip:a@b>;tag=a\r\n\
             To: <sip:{DOMAIN}>\r\nCall-ID: f{n}\r\nCSeq: {n} OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let came = scene.send(3, &(options(1) + &options(2)));
    assert_eq!(names(&came), [(3, "200".to_owned())]);
    assert_eq!(came[0].1.call_id(), "f1");
}

#[test]
fn final_responses_without_the_callers_via_end_the_call_and_nothing_is_left_of_it() {
    let mut scene = Scene::registered();
    let (_, copies) = scene.called();
    let mut back = Vec::new();
    for (copy, flow, code) in [(&copies[0], 1, 200), (&copies[1], 2, 404)] {
        let whole = response(&copy.1, code, "t");
        let (ours, rest) =
            whole.split_once("\r\nVia: ").expect("a Via of ours").1.split_once("\r\n").expect("more");
        let (_, rest) = rest.split_once("\r\n").expect("what follows the Via of the caller");
        let status = whole.lines().next().expect("a status line");
        back.extend(scene.send(flow, &format!("{status}\r\nVia: {ours}\r\n{rest}")));
    }
    back.retain(|came| came.0 == FlowId(3));
    assert_eq!(names(&back), [(3, "500".to_owned())]);
    scene.wait(32_000);
    assert_eq!(scene.exchange.pending(), 0);
}
