//! What a page of RingCentral Embeddable has the phone show or sound, and the container around it.

use super::page;
use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{Action, Input, view};
use softframe_sim::description;

#[test]
fn every_question_of_the_page_is_answered_also_to_an_unknown_path() {
    let mut script = page();
    for (path, answer) in [
        ("/nobody-knows", json!({ "data": "no matched path" })),
        ("/unlogged-calls", json!({ "calls": [], "hasMore": false })),
        ("/check-popup-window", json!(false)),
    ] {
        assert_eq!(script.ask(path, json!({})), answer, "{path}");
    }
}

#[test]
fn message_of_the_page_is_shown_in_both_forms_until_its_time_is_over_or_it_is_taken_back() {
    let mut script = page();
    let toast = |script: &Script| script.phone.view(script.now).toast.map(|toast| (toast.text, toast.error));
    let request =
        |path: &str| json!({ "type": "rc-adapter-message-request", "requestId": "a", "path": path });
    let mut new = request("/custom-alert-message");
    new["body"] = json!({ "message": "Saved\u{202e}", "level": "success", "ttl": 9_000 });
    script.post(new);
    assert_eq!(script.last_rc("rc-adapter-message-response")["response"], "a");
    script.pass(8_999);
    assert_eq!(toast(&script), Some((view::Text::plain("Saved"), false)));
    script.pass(1);
    assert_eq!(toast(&script), None);

    let mut old = request("/custom-alert-message");
    old["alertMessage"] = "Lost".into();
    old["alertLevel"] = "danger".into();
    old["ttl"] = 0.into();
    script.post(old);
    script.pass(60_000);
    assert_eq!(toast(&script), Some((view::Text::plain("Lost"), true)));
    script.post(request("/dismiss-alert-message"));
    assert_eq!(script.last_rc("rc-adapter-message-response")["response"], "ok");
    assert_eq!(toast(&script), None);
}

#[test]
fn page_takes_back_the_message_that_it_names_or_any_of_its_own_and_no_news_of_the_phone() {
    let mut script = page();
    let shown =
        |script: &Script| script.phone.view(script.now).toast.map(|toast| toast.text.args[0].1.clone());
    let alert = |script: &mut Script, id: &str| {
        let message = json!({ "message": id, "level": "warning", "ttl": 0 });
        assert_eq!(script.ask_as(id, "/custom-alert-message", message), id);
    };
    let dismiss = |script: &mut Script, body: Value| {
        assert_eq!(script.ask("/dismiss-alert-message", body), "ok");
    };

    alert(&mut script, "first");
    alert(&mut script, "second");
    for other in ["first", "sec", "x"] {
        dismiss(&mut script, json!({ "id": other }));
        assert_eq!(shown(&script).as_deref(), Some("second"), "{other} is not shown");
    }
    dismiss(&mut script, json!({ "id": "second" }));
    assert_eq!(shown(&script), None);
    for any in [json!({}), json!({ "id": null }), json!({ "id": "" })] {
        alert(&mut script, "third");
        dismiss(&mut script, any);
        assert_eq!(shown(&script), None);
    }

    let flow = script.flow.unwrap();
    script.input(Input::Socket { flow, event: softframe_phone::SocketEvent::Closed });
    alert(&mut script, "fourth");
    script.input(Input::Action(Action::CallNumber("600".into())));
    let news = |script: &Script| script.phone.view(script.now).toast.map(|toast| toast.text.id);
    for body in [json!({}), json!({ "id": "fourth" })] {
        dismiss(&mut script, body);
        assert_eq!(news(&script), Some("dial.offline"), "that is the phone's own");
    }
}

#[test]
fn container_comes_back_where_it_was_left() {
    let mut world = softframe_sim::World::new();
    let first = world.station();
    world.trust(first);
    world.boot(first, r#"{"dialects":["rc"]}"#);
    let moved =
        json!({ "type": "rc-adapter-syncPosition", "position": { "translateX": -40.5, "translateY": -10 } });
    world.host(first, &moved.to_string());
    world.host(first, r#"{"type":"rc-adapter-syncPosition","position":{"translateX":1e99,"translateY":0}}"#);
    world.host(first, r#"{"type":"rc-adapter-syncMinimized","minimized":true}"#);
    let state_of = |world: &softframe_sim::World, station: usize| {
        let heard = &world.stations[station].heard;
        heard.iter().find(|message| message["type"] == "rc-adapter-pushAdapterState").unwrap().clone()
    };
    let state = state_of(&world, first);
    assert_eq!(
        (&state["position"], &state["minimized"], &state["closed"]),
        (&json!(null), &json!(null), &json!(null)),
        "nobody has touched it yet"
    );
    let store = world.stations[first].store.clone();
    let next = world.station();
    world.stations[next].store = store;
    world.trust(next);
    world.boot(next, r#"{"dialects":["rc"]}"#);
    let state = state_of(&world, next);
    assert_eq!(
        (&state["position"], &state["minimized"], &state["closed"]),
        (&json!({ "translateX": -40, "translateY": -10 }), &json!(true), &json!(null))
    );
}

#[test]
fn container_is_told_of_calls_the_ring_the_bar_and_the_language() {
    let mut script = page();
    assert_eq!(script.last_rc("rc-adapter-pushLocale")["locale"], "en");
    script.invite(1, "", &description(7, "sendrecv"));
    assert_eq!(script.last_rc("rc-adapter-pushRingState")["ringing"], true);
    let pushed = script.last_rc("rc-adapter-pushCalls");
    assert_eq!(pushed["calls"], json!([script.last_rc("rc-call-ring-notify")["call"]]));
    script.cancel(1, "");
    assert_eq!(script.last_rc("rc-adapter-pushRingState")["ringing"], false);
    assert_eq!(script.last_rc("rc-adapter-pushCalls")["calls"], json!([]));
    script.host(r#"{"type":"minimize"}"#);
    assert_eq!(script.last_rc("rc-adapter-syncMinimized")["minimized"], true);
    // The person opens the container: the phone is whole in it, and says nothing back.
    script.post(json!({ "type": "rc-adapter-syncMinimized", "minimized": false }));
    assert_eq!(script.rc("rc-adapter-syncMinimized").len(), 1);
    assert_eq!(script.last("widget:size")["height"], 460);
    script.input(Input::Action(Action::Language("de".into())));
    assert_eq!(script.last_rc("rc-adapter-pushLocale")["locale"], "de");
}

#[test]
fn ringtone_of_the_page_sets_how_loud_it_rings_and_with_what_from_origins_that_are_named() {
    let mut script = Script::with(r#""dialects":["rc"],"soundHosts":["https://rings.example"],"#);
    let volume = |script: &Script| script.phone.view(script.now).screen;
    script.input(Input::Action(Action::OpenSettings));
    let ring = |volume: view::Screen| match volume {
        view::Screen::Settings(settings) => settings.sound.devices.ring_volume,
        other => panic!("{other:?}"),
    };
    let tone = |uri: &str, volume: Value| json!({ "type": "rc-adapter-update-ringtone", "name": "x", "uri": uri, "volume": volume });
    script.post(tone("data:audio/mpeg;base64,SUQz", json!(0.3)));
    assert_eq!(ring(volume(&script)), 30);
    for odd in [json!(7), json!(-1), json!("loud"), Value::Null] {
        script.post(tone("https://a.example/x.mp3", odd));
        assert_eq!(ring(volume(&script)), 30);
    }
    for uri in ["data:text/html;base64,PGI+", "data:audio/mpeg,x", "javascript:alert(1)", ""] {
        script.post(tone(uri, json!(1)));
    }
    script.post(tone(&format!("data:audio/mpeg;base64,{}", "A".repeat(2_000_000)), json!(1)));
    script.post(json!({ "type": "rc-adapter-update-ringtone", "volume": 0.5 }));
    let [first, others @ ..] = script.rings.as_slice() else { panic!("{:?}", script.rings) };
    assert_eq!((first.as_str(), others.len()), ("SUQz", 9));
    assert!(others.iter().all(String::is_empty), "what cannot be had leaves our own sound: {others:?}");
    let told = |script: &Script| script.rc("softframe:error").len();
    assert_eq!(told(&script), 8, "all but the empty one, which is the wish for ours");
    let error = script.last_rc("softframe:error")["data"].clone();
    assert_eq!(
        (&error["command"], &error["code"]),
        (&json!("rc-adapter-update-ringtone"), &json!("not_supported"))
    );

    for uri in ["https://rings.example.evil.example/x.wav", "https://rings.example:8443/x.wav"] {
        script.post(tone(uri, json!(1)));
        assert_eq!(script.rings.last().map(String::as_str), Some(""), "{uri}");
    }
    script.post(tone("https://rings.example/x.wav", json!(1)));
    assert_eq!(script.rings.last().map(String::as_str), Some("https://rings.example/x.wav"));
    assert_eq!(told(&script), 10);
    // The browser finds no sound there.
    script.input(Input::RingFailed);
    assert_eq!(told(&script), 11);
}

#[test]
fn loader_is_told_the_name_of_the_phone_and_its_colours_and_when_they_change() {
    let mut script = Script::with(r#""dialects":["rc"],"theme":{"mode":"dark","name":"Marigold"},"#);
    let brand = script.last_rc("rc-brand-assets-notify");
    assert_eq!(
        brand,
        json!({ "type": "rc-brand-assets-notify", "logoUri": null, "iconUri": null, "name": "Marigold" })
    );
    assert_eq!(script.last_rc("rc-adapter-theme-notify")["theme"], "dark");
    script.input(Input::Action(Action::Theme(softframe_phone::Theme::Light)));
    let themes: Vec<&Value> =
        script.rc("rc-adapter-theme-notify").into_iter().map(|told| &told["theme"]).collect();
    assert_eq!(themes, ["dark", "light"]);
    assert_eq!(script.rc("rc-brand-assets-notify").len(), 1);
}

#[test]
fn page_is_told_the_colours_in_force_and_again_when_the_machine_changes_its_own() {
    let mut script = page();
    let told = |script: &Script| -> Vec<Value> {
        script.rc("rc-adapter-theme-notify").iter().map(|told| told["theme"].clone()).collect()
    };
    assert_eq!(told(&script), ["light"], "the machine has said nothing");
    for dark in [true, true, false] {
        script.input(Input::Dark(dark));
    }
    assert_eq!(told(&script), ["light", "dark", "light"]);
    // What the person has chosen stands against the machine.
    script.input(Input::Action(Action::Theme(softframe_phone::Theme::Dark)));
    for dark in [true, false] {
        script.input(Input::Dark(dark));
    }
    assert_eq!(told(&script), ["light", "dark", "light", "dark"]);
    script.input(Input::Action(Action::Theme(softframe_phone::Theme::System)));
    assert_eq!(told(&script), ["light", "dark", "light", "dark", "light"]);
}
