//! Messages of a host page as they arrive, and what is read from them.

use super::*;

fn command_of(text: &str) -> Command {
    match read(text) {
        Read::Command { command, .. } => command,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_published_click2call_is_read() {
    let command = command_of(r#"{ "type": "click2call", "data": { "number": "+34911085460" } }"#);
    let Command::Click2Call(wish) = command else { panic!("{command:?}") };
    assert_eq!((wish.number.as_str(), wish.auto_dial, wish.reference), ("+34911085460", true, None));
}

#[test]
fn click2call_takes_every_documented_field() {
    let text = r#"{"type":"call","id":7,"data":{"number":34911085460,"autoDial":false,"from":200,
        "userData":{"a":1},"headers":{"X-A":"b"},"ref":"r1"}}"#;
    let Read::Command { ask, command: Command::Click2Call(wish) } = read(text) else { panic!() };
    assert_eq!(ask.id, Some(Value::from(7)));
    assert_eq!(
        (wish.number.as_str(), wish.auto_dial, wish.from.as_deref()),
        ("34911085460", false, Some("200"))
    );
    assert_eq!((wish.headers.len(), wish.reference.as_deref()), (1, Some("r1")));
}

#[test]
fn both_forms_of_contacts_are_read() {
    let published = r#"{"type":"contacts","data":{"contacts":[{"id":"id1","name":"John Doe","phones":["+34666555444"]}]}}"#;
    let bare = r#"{"type":"contacts","data":[{"id":"id1","name":"John Doe","phones":["+34666555444"]}]}"#;
    for text in [published, bare] {
        let Command::Contacts(rows, head) = command_of(text) else { panic!() };
        assert_eq!(
            (rows.len(), head.source.as_str(), head.replace, head.last, head.first),
            (1, "host", false, true, true)
        );
    }
}

#[test]
fn what_is_not_ours_is_ignored() {
    for text in [
        "",
        "5",
        "null",
        "[]",
        r#""click2call""#,
        r#"{"data":{}}"#,
        r#"{"type":5}"#,
        r#"{"type":"webpackOk"}"#,
        r#"{"type":"click2call","data":"x"}"#,
        r#"{"type":"click2call","__proto__":{},"data":{"number":"1"}}"#,
        &format!(r#"{{"type":"{}"}}"#, "x".repeat(65)),
    ] {
        assert_eq!(read(text), Read::Foreign, "{text}");
    }
}

#[test]
fn what_is_ours_and_wrong_says_so() {
    for (text, code) in [
        (r#"{"type":"nonsense","id":1}"#, Code::UnknownCommand),
        (r#"{"type":"click2call","id":"a","data":5}"#, Code::BadRequest),
        (r#"{"type":"click2call","data":{}}"#, Code::BadRequest),
        (r#"{"type":"click2call","data":{"number":{}}}"#, Code::BadRequest),
        (r#"{"type":"dtmf","data":{"digits":"hello"}}"#, Code::BadRequest),
        (r#"{"type":"dtmf","data":{"digits":"1","method":"x"}}"#, Code::BadRequest),
        (r#"{"type":"reject","data":{"code":200}}"#, Code::BadRequest),
        (r#"{"type":"size","data":{"width":-1,"height":2}}"#, Code::BadRequest),
        (r#"{"type":"contacts","data":{"contacts":5}}"#, Code::BadRequest),
        (r#"{"type":"x","data":[[[[[[[[1]]]]]]]]}"#, Code::TooLarge),
    ] {
        match read(text) {
            Read::Wrong { code: found, .. } => assert_eq!(found, code, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn brackets_inside_texts_are_no_nesting() {
    assert_eq!(depth(r#"{"a":"[[[[\"[[["}"#), 1);
}

#[test]
fn a_bad_row_costs_only_itself() {
    use softframe_contacts::Rejection;
    let rows =
        rows_of(r#"[{"id":1,"name":"A","phones":34},5,{"name":"x"},{"id":"b"},{"id":"c","deleted":true}]"#);
    let read: Vec<_> = rows.unwrap().into_iter().map(|text| contact_of_row(&row(text))).collect();
    assert!(
        matches!(&read[0], Ok(RowWish::Put { contact, text_number: false }) if contact.id == "1" && contact.phones[0].number == "34")
    );
    assert_eq!(read[1], Err(Rejection::Shape));
    assert_eq!(read[2], Err(Rejection::NoId));
    assert_eq!(read[3], Err(Rejection::NoName));
    assert_eq!(read[4], Ok(RowWish::Delete("c".into())));
}

#[test]
fn list_falls_into_its_rows_and_nothing_else_does() {
    let nested = r#"{"a":"],[\"","b":[1,{"c":[]}]}"#;
    let many = format!(" [ {nested} ,5,\n-1.5e3,\"é,]\" , null,[] ]\n");
    let cases: [(&str, Option<&[&str]>); 13] = [
        ("[]", Some(&[])),
        (" [ ] ", Some(&[])),
        ("[1]", Some(&["1"])),
        (&many, Some(&[nested, "5", "-1.5e3", "\"é,]\"", "null", "[]"])),
        ("{}", None),
        ("", None),
        ("[", None),
        ("[1", None),
        ("[1,]", None),
        ("[,1]", None),
        ("[1 2]", None),
        ("[1],", None),
        ("[{]", None),
    ];
    for (text, rows) in cases {
        assert_eq!(rows_of(text).as_deref(), rows, "{text}");
    }
}

#[test]
fn responses_carry_the_id_as_it_came() {
    assert_eq!(
        response(&Value::from(7), &Ok(serde_json::json!({"callId": "x"}))),
        r#"{"type":"softframe:response","id":7,"ok":true,"data":{"callId":"x"}}"#
    );
    assert_eq!(
        response(&Value::from("a"), &Err((Code::Sip(486), "Busy \"here\"".into()))),
        r#"{"type":"softframe:response","id":"a","ok":false,"error":{"code":"sip_486","message":"Busy \"here\""}}"#
    );
}

#[test]
fn a_row_keeps_nothing_that_could_disturb_the_screen() {
    let named = "{\"id\":\"a\",\"name\":\"Ana\u{202e}\u{200b} \\u0007Ruiz\",\"phones\":[\"\u{202d}+34\"],\"company\":\"\u{2066}\"}";
    let Ok(RowWish::Put { contact, .. }) = contact_of_row(&row(named)) else { panic!("taken") };
    assert_eq!((contact.name.as_str(), contact.phones[0].number.as_str()), ("Ana Ruiz", "+34"));
    assert_eq!((contact.company, contact.email), (None, None));
    for emails in ["\"a@b.example\"", "[\"a@b.example\",\"c@d.example\"]"] {
        let named = format!("{{\"id\":\"a\",\"name\":\"Ana\",\"emails\":{emails}}}");
        let Ok(RowWish::Put { contact, .. }) = contact_of_row(&row(&named)) else { panic!("taken") };
        assert_eq!(contact.email.as_deref(), Some("a@b.example"));
    }
    assert_eq!(
        contact_of_row(&row("{\"id\":\"a\",\"name\":\"\u{202e}\"}")),
        Err(softframe_contacts::Rejection::NoName)
    );
}
