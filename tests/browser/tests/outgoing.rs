//! Calls that the page or the person makes.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Relay, Server, assert_call, serve_widget, until, with_body};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn click2call_as_documented_brings_audio_both_ways_and_exact_payloads() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.watch_microphone().await;
    page.click2call("+34911085460").await;
    let calling = page.expect("phone:calling").await;
    assert_call(&calling, "outbound", "ringing", "200", "+34911085460");
    assert_eq!(
        (&calling["wait"], &calling["duration"], &calling["total"]),
        (&json!(0), &json!(0), &json!(0))
    );
    let accepted = page.expect("phone:accepted").await;
    assert_call(&accepted, "outbound", "answered", "200", "+34911085460");
    assert_eq!((&accepted["id"], &accepted["date"]), (&calling["id"], &calling["date"]));
    assert_eq!((&accepted["duration"], &accepted["total"]), (&json!(0), &json!(0)));

    // The number echoes: what comes back has been there.
    page.expect_audio().await;
    server.expect_heard("+34911085460").await;
    assert!(page.live_microphones().await > 0, "what was heard came from a watched microphone");
    page.post(json!({ "type": "hangup", "data": {} })).await;
    let terminated = page.expect("phone:terminated").await;
    assert_call(&terminated, "outbound", "answered", "200", "+34911085460");
    assert_eq!(terminated["id"], calling["id"]);
    let seconds = |key: &str| terminated[key].as_u64().expect("whole seconds");
    assert_eq!(seconds("total"), seconds("wait") + seconds("duration"));
    assert!(seconds("duration") >= 1, "{terminated}");
    assert_eq!(terminated["cause"]["reason"], "hangup");
    assert_eq!(terminated["cause"]["endedBy"], "local");
    assert_eq!(page.count("phone:ringing").await, 0);
    assert_eq!(page.count("phone:terminated").await, 1);
    page.expect_no_media().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tone_reaches_the_phone_and_the_microphone_reaches_the_server() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    // The server sends 440 Hz and hears the fake microphone's beep: nobody's own echo.
    let heard = server.expect_heard("600").await;
    assert_ne!(heard["loudestHz"], 440, "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn number_typed_on_the_key_pad_is_called() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.phone(async |frame| {
        for key in ["6", "0", "0"] {
            frame.click(&format!(".key[data-key='{key}']")).await;
        }
        frame.press("Call").await;
    })
    .await;
    let calling = page.expect("phone:calling").await;
    assert_eq!(calling["to"], "600");
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    tokio::time::sleep(ARMING).await;
    page.phone(async |frame| frame.press("End call").await).await;
    assert_eq!(page.expect("phone:terminated").await["cause"]["endedBy"], "local");
}

/// End is dead for a moment after Call, so that a double click does not end what it began.
const ARMING: Duration = Duration::from_millis(800);

#[tokio::test(flavor = "multi_thread")]
async fn refused_calls_end_once_with_their_reason() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    for (number, reason, code) in [("602", "busy", 486), ("604", "rejected", 603), ("699", "not-found", 404)]
    {
        page.click2call(number).await;
        page.expect("phone:calling").await;
        let terminated = page.expect("phone:terminated").await;
        assert_call(&terminated, "outbound", "missed", "200", number);
        assert_eq!(terminated["cause"]["reason"], reason, "{terminated}");
        assert_eq!(terminated["cause"]["code"], code, "{terminated}");
        assert_eq!(terminated["duration"], 0);
        assert_eq!(terminated["total"], terminated["wait"]);
    }
    assert_eq!(page.count("phone:terminated").await, 3);
    assert_eq!(page.count("phone:accepted").await, 0);
    page.expect_no_media().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ringing_call_that_is_given_up_is_cancelled_on_the_wire() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("603").await;
    page.expect("phone:calling").await;
    page.expect("phone:progress").await;
    page.post(json!({ "type": "hangup" })).await;
    let terminated = page.expect("phone:terminated").await;
    assert_eq!(terminated["status"], "missed");
    assert_eq!(terminated["cause"]["reason"], "cancelled");
    assert_eq!(server.saw_request("200", "CANCEL").len(), 1);
    page.expect_no_media().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn early_media_is_heard_before_the_answer() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("605").await;
    let progress = page
        .expect_where(Duration::from_secs(10), "phone:progress", |data| data["earlyMedia"] == json!(true))
        .await;
    assert_eq!(progress["code"], 183, "{progress}");
    until("energy before the answer", async || (page.audio_energy().await > 0.0).then_some(())).await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_side_hangs_up_and_the_event_says_who() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("606").await;
    page.expect("phone:accepted").await;
    let terminated = page.expect("phone:terminated").await;
    assert_eq!(terminated["cause"]["endedBy"], "remote");
    assert!((4..=7).contains(&terminated["duration"].as_u64().expect("seconds")), "{terminated}");
}

#[tokio::test(flavor = "multi_thread")]
async fn digits_sent_are_heard_by_the_other_side() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("607").await;
    page.expect("phone:accepted").await;
    page.expect_audio_to("607", &server).await;
    let arrive = async |digits: &str| {
        until(&format!("{digits} arrive"), async || {
            server
                .call_with("607")
                .is_some_and(|call| call["dtmf"] == digits || call["heard"]["dtmf"] == digits)
                .then_some(())
        })
        .await;
    };
    assert_eq!(page.ask("dtmf", json!({ "digits": "12#" })).await.map(|_| ()), Ok(()));
    arrive("12#").await;
    // Held down, or pressed with the other button, 0 is "+" on the dial screen; there is no such key in a call.
    page.phone(async |frame| {
        frame.press("Keypad").await;
        let press = "document.querySelector('.tones .key[data-key=\"0\"]') \
             .dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }))";
        frame.run(press, Vec::new()).await;
    })
    .await;
    arrive("12#0").await;
    assert_eq!((page.count("phone:terminated").await, page.count("logged").await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn digits_sent_in_the_moment_of_the_answer_are_heard_by_the_other_side() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    // Faster than any connection: from the page's own listener.
    let send = "addEventListener('message', ({ data }) => { if (data.type === 'phone:accepted') \
         frames.sf.postMessage({ type: 'dtmf', data: { digits: '12#' } }, '*'); });";
    page.run(send, Vec::new()).await;
    page.click2call("607").await;
    page.expect("phone:accepted").await;
    until("the digits arrive", async || {
        let call = server.call_with("607")?;
        (call["dtmf"] == "12#" || call["heard"]["dtmf"] == "12#").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn digits_that_the_browser_cannot_play_are_heard_by_info() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("607").await;
    page.expect("phone:accepted").await;
    page.expect_audio_to("607", &server).await;
    let refuse =
        "RTCDTMFSender.prototype.insertDTMF = () => { throw new DOMException('no', 'InvalidStateError'); }";
    page.phone(async |frame| frame.run(refuse, Vec::new()).await).await;
    assert_eq!(page.ask("dtmf", json!({ "digits": "12#" })).await.map(|_| ()), Ok(()));
    until("the digits arrive", async || (server.call_with("607")?["dtmf"] == "12#").then_some(())).await;
    assert_eq!(server.saw_request("200", "INFO").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn mute_silences_what_the_server_hears_and_hold_is_told() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    server.expect_heard("600").await;
    assert_eq!(page.ask("mute", json!({})).await.map(|_| ()), Ok(()));
    assert_eq!(page.expect("phone:muted").await["muted"], true);
    until("the server hears silence", async || {
        let level = server.call_with("600")?["heard"]["recentLevel"].as_f64()?;
        (level < 0.001).then_some(())
    })
    .await;
    assert_eq!(page.ask("unmute", json!({})).await.map(|_| ()), Ok(()));
    assert_eq!(page.ask("hold", json!({})).await.map(|_| ()), Ok(()));
    assert_eq!(page.expect("phone:hold").await["by"], "local");
    let held =
        server.saw_request("200", "INVITE").into_iter().filter(|text| text.contains("a=sendonly")).count();
    assert!(held >= 1, "no offer with sendonly was seen");
    assert_eq!(page.ask("unhold", json!({})).await.map(|_| ()), Ok(()));
    assert_eq!(page.expect("phone:unhold").await["by"], "local");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pages_call_each_other_and_both_hear() {
    let server = Server::start();
    let (one, two) = tokio::join!(Page::open_registered(&server, 200), Page::open_registered(&server, 201));
    one.click2call("201").await;
    let ringing = two.expect("phone:ringing").await;
    assert_call(&ringing, "inbound", "ringing", "200", "201");
    two.answer().await;
    one.expect("phone:accepted").await;
    two.expect("phone:accepted").await;
    tokio::join!(one.expect_audio(), two.expect_audio());
    two.post(json!({ "type": "hangup" })).await;
    assert_eq!(one.expect("phone:terminated").await["cause"]["endedBy"], "remote");
    assert_eq!(two.expect("phone:terminated").await["cause"]["endedBy"], "local");
}

/// A desk phone behind rtpengine knows neither BUNDLE groups nor names of streams, and sends nothing while it is held.
fn as_rtpengine_says_it(held: bool) -> impl FnMut(&str) -> Option<String> + Send + 'static {
    let plain = move |sdp: &str| {
        let known = |line: &&str| !line.contains("BUNDLE") && !line.contains("msid");
        let plain: String = sdp.split_inclusive("\r\n").filter(known).collect();
        if held { plain.replace("a=sendrecv", "a=recvonly") } else { plain }
    };
    let is_answer = |text: &str| text.starts_with("SIP/2.0 200") && text.contains("\r\nm=audio");
    move |text| is_answer(text).then(|| with_body(text, plain))
}

#[tokio::test(flavor = "multi_thread")]
async fn call_through_rtpengine_is_heard_and_after_hold_heard_again() {
    let server = Server::with_password("200", "correct horse");
    let relay = Relay::start(server.port).await;
    let config = relay.config("200", "correct horse");
    let page = Page::open_served(&server, &serve_widget("/", config)).await;
    page.expect("logged").await;
    relay.exchange_once(as_rtpengine_says_it(false));
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    assert!(relay.has_exchanged());
    for (command, event) in [("hold", "phone:hold"), ("unhold", "phone:unhold")] {
        relay.exchange_once(as_rtpengine_says_it(command == "hold"));
        page.post(json!({ "type": command })).await;
        page.expect(event).await;
        assert!(relay.has_exchanged());
    }
    let energy = page.audio_energy().await;
    until("the tone is heard again", async || (page.audio_energy().await > energy + 0.01).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_cannot_be_done_are_answered_with_their_error() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    for (kind, data, code) in [
        ("click2call", json!({ "number": "1\r\nX: y" }), "invalid_number"),
        ("click2call", json!({}), "bad_request"),
        ("hangup", json!({}), "no_such_call"),
        ("answer", json!({ "callId": "none" }), "no_such_call"),
        ("nonsense", json!({}), "unknown_command"),
    ] {
        let error = page.ask(kind, data.clone()).await.expect_err("refused");
        assert_eq!(error["code"], code, "{kind} {data}: {error}");
    }
    assert_eq!(server.saw_request("200", "INVITE"), Vec::<String>::new());
    assert!(!page.heard_types().await.iter().any(|kind| kind.starts_with("phone:")));
    // Messages of any shape cost nothing but themselves.
    for odd in [json!(null), json!(7), json!("x"), json!([1]), json!({ "type": 5 }), json!({ "data": {} })] {
        page.post(odd).await;
    }
    let state = page.ask("state", Value::Null).await.expect("still there");
    assert_eq!(state["calls"], json!([]));
}

/// Notes where elements and tones are sent once the browser has done it.
const WATCH_SPEAKERS: &str = "self.sent = []; for (const kind of [HTMLMediaElement, AudioContext]) { \
     const send = kind.prototype.setSinkId; kind.prototype.setSinkId = async function (id) { \
         await send.call(this, id); sent.push([kind.name, this.sinkId]); }; }";

#[tokio::test(flavor = "multi_thread")]
async fn voices_go_to_the_speaker_that_is_chosen_where_the_page_allows_it_and_else_none_is_offered() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.phone(async |frame| frame.run(WATCH_SPEAKERS, Vec::new()).await).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    page.phone(async |frame| {
        frame.press("Speaker").await;
        frame.press("Fake Audio Output 2").await;
        let ids = "const done = arguments[0]; navigator.mediaDevices.enumerateDevices().then((all) => \
             done(all.find((one) => one.label === 'Fake Audio Output 2')?.deviceId));";
        let id = frame.run_async(ids).await;
        until("the voice is sent there", async || {
            let sent = frame.run("return sent", Vec::new()).await;
            let last = json!(["HTMLMediaElement", id]);
            sent.as_array()?
                .iter()
                .rfind(|one| one[0] == "HTMLMediaElement")
                .filter(|one| **one == last)
                .map(drop)
        })
        .await;
        let chosen = "return document.querySelector('dialog [aria-checked=true]').innerText.trim()";
        assert_eq!(frame.run(chosen, Vec::new()).await, "Fake Audio Output 2");
    })
    .await;
    let before = page.audio_energy().await;
    until("it goes on sounding", async || (page.audio_energy().await > before).then_some(())).await;
    // Its tones go there, too, and the next call by itself.
    page.phone(async |frame| frame.run("sent.length = 0", Vec::new()).await).await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.phone(async |frame| {
        until("both are sent there", async || {
            let sent = frame.run("return sent", Vec::new()).await;
            let there =
                |kind: &str| sent.as_array().into_iter().flatten().any(|one| one[0] == kind && one[1] != "");
            (there("HTMLMediaElement") && there("AudioContext")).then_some(())
        })
        .await;
    })
    .await;
    drop(page);

    let page = Page::open_on(&server, "127.0.0.1", "/201/").await;
    page.expect("logged").await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.phone(async |frame| {
        frame.reads("Transfer").await;
        let text = frame.text().await;
        assert!(!text.contains("Speaker"), "this page has not delegated it: {text}");
    })
    .await;
}
