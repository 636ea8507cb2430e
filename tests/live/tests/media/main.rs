//! The real widget in Chromium, through Kamailio and rtpengine, with baresip on a desk: sound both ways, measured where it
//! arrives. `cargo xtask test --only live` says by environment variables where the widget and the browser are.

mod gathering;
mod trunk;
mod unload;

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Setup, serve_pages, serve_widget, until, within};
use softframe_live::{Answers, Baresip, Kamailio, Relay, RtpEngine, SOUND, Script, Settings, Sipp};
use std::time::Duration;

/// Chromium's fake microphone beeps once a second. Its canceller of echoes takes most of that away while the tone is heard;
/// the mean of what is left is twice this, and that of silence after G.711 at most a fifth.
const AUDIBLE: f64 = 40.0;
/// Energy by getStats: a tone brings this in a third of a second.
const SOME_ENERGY: f64 = 0.02;
/// Silence is told from a pause between two beeps after so long.
const LISTENING: Duration = Duration::from_secs(3);
/// For a sound to come, or to end: what is in the buffers of a busy machine comes late.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long early media go on, in milliseconds: nothing can tell the trunk that they are heard.
const UNTIL_HEARD: u32 = 6_000;

/// A desk phone 205 and a widget 200 on one server, the widget behind a relay.
struct Office {
    // In this order they end.
    page: Page,
    desk: Baresip,
    relay: Relay,
    kamailio: Kamailio,
    _rtpengine: RtpEngine,
}

/// A page with the phone of this user in it, registered.
async fn widget(server: u16, user: &str) -> Page {
    let page = unregistered_widget(&format!("ws://127.0.0.1:{server}/"), user, Setup::Microphone).await;
    page.expect("logged").await;
    page
}

async fn unregistered_widget(server: &str, user: &str, setup: Setup) -> Page {
    widget_with(json!({}), server, user, setup).await
}

/// With these keys in its `config.json`.
async fn widget_with(config: Value, server: &str, user: &str, setup: Setup) -> Page {
    let host = format!("http://127.0.0.1:{}", serve_pages());
    let page = Page::open(&host, setup).await;
    page.add_frame("sf", &widget_for(config, &host, server, user)).await;
    page
}

/// Where the widget of this user is served for a page, with further keys in its `config.json`.
fn widget_for(mut config: Value, host: &str, server: &str, user: &str) -> String {
    config["server"] = json!(server);
    config["domain"] = json!("sip.test");
    config["hosts"] = json!([host]);
    config["account"] = json!({ "user": user, "password": "secret" });
    serve_widget("/", config.to_string())
}

impl Office {
    async fn open(answers: Answers) -> Office {
        Office::with(json!({}), answers).await
    }

    /// With these keys in the widget's `config.json`.
    async fn with(config: Value, answers: Answers) -> Office {
        let rtpengine = RtpEngine::start();
        let settings = Settings { algorithm: "MD5", rtpengine: Some(rtpengine.port), ..Settings::default() };
        let kamailio = Kamailio::start(settings);
        let desk = Baresip::start(&kamailio, 205, answers);
        let relay = Relay::start(kamailio.port).await;
        let server = format!("ws://127.0.0.1:{}/", relay.port);
        let page = widget_with(config, &server, "200", Setup::Microphone).await;
        page.expect("logged").await;
        Office { page, desk, relay, kamailio, _rtpengine: rtpengine }
    }

    /// A call to the desk phone, heard on both sides.
    async fn call(&self) {
        self.page.click2call("205").await;
        self.page.expect("phone:accepted").await;
        self.expect_sound().await;
    }

    /// From now on, sound arrives on both sides.
    async fn expect_sound(&self) {
        self.expect_tone().await;
        let heard = self.desk.heard();
        within(PATIENCE, "the desk phone hears the microphone", async || {
            (self.desk.loudness_since(heard) > AUDIBLE).then_some(())
        })
        .await;
    }

    /// From now on, the widget hears something.
    async fn expect_tone(&self) {
        let energy = self.page.audio_energy().await;
        within(PATIENCE, "the widget hears the tone", async || {
            (self.page.audio_energy().await > energy + SOME_ENERGY).then_some(())
        })
        .await;
    }

    /// From some moment on, the widget hears nothing; where `both_ways`, its microphone gives nothing either.
    async fn expect_silence(&self, both_ways: bool) {
        let energy = async || {
            let spoken = if both_ways { self.spoken_energy().await } else { 0.0 };
            self.page.audio_energy().await + spoken
        };
        within(PATIENCE, "silence", async || {
            let before = energy().await;
            tokio::time::sleep(LISTENING).await;
            (energy().await - before < SOME_ENERGY / 10.0).then_some(())
        })
        .await;
    }

    /// The sign for a trunk that waits for one: a key, by INFO, since [`SOUND`] takes none by RTP.
    async fn asks_for_the_end(&self) {
        let answered = self.page.ask("dtmf", json!({ "digits": "0" })).await;
        assert!(answered.is_ok(), "{answered:?}");
    }

    /// What the microphone has given to the call so far, as `totalAudioEnergy`.
    async fn spoken_energy(&self) -> f64 {
        let script = "const done = arguments[arguments.length - 1]; const peer = [...softframe.peers.values()].at(-1); \
             peer.getStats().then((stats) => { let energy = 0; \
             stats.forEach((one) => { if (one.type === 'media-source') energy += one.totalAudioEnergy ?? 0; }); done(energy); })";
        self.page.phone(async |frame| frame.run_async(script).await).await.as_f64().expect("a number")
    }

    /// SIPp has done all that its script says.
    async fn expect_done(&self, sipp: Sipp) {
        let ended = tokio::task::spawn_blocking(|| sipp.went()).await.expect("no panic");
        ended.unwrap_or_else(|why| panic!("{why}\n{}", self.kamailio.log()));
    }

    async fn expect_desk(&self, told: &str) {
        until(&format!("{told} on the desk"), async || self.desk.has_told(told).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn call_to_a_desk_phone_is_heard_on_both_sides() {
    let office = Office::open(Answers::Auto).await;
    office.call().await;
    office.page.post(json!({ "type": "hangup" })).await;
    assert_eq!(office.page.expect("phone:terminated").await["cause"]["endedBy"], "local");
    office.expect_desk("CALL_CLOSED").await;
    office.page.expect_no_media().await;
}

/// The microphone's own sound comes back: through rtpengine and the desk phone, both ways in one measure.
#[tokio::test(flavor = "multi_thread")]
async fn echo_on_the_desk_brings_the_microphone_back_and_nothing_while_it_is_muted() {
    let office = Office::open(Answers::Echo).await;
    office.page.click2call("205").await;
    office.page.expect("phone:accepted").await;
    office.expect_tone().await;
    office.page.post(json!({ "type": "mute" })).await;
    office.page.expect("phone:muted").await;
    office.expect_silence(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn call_from_a_desk_phone_is_answered_and_heard_until_it_hangs_up() {
    let mut office = Office::open(Answers::Auto).await;
    office.desk.command("dial", "sip:200@sip.test");
    let ringing = office.page.expect("phone:ringing").await;
    assert_eq!(ringing["from"], "205", "{ringing}");
    office.expect_desk("CALL_RINGING").await;
    office.page.answer().await;
    office.page.expect("phone:accepted").await;
    office.expect_sound().await;
    office.desk.command("hangup", "");
    assert_eq!(office.page.expect("phone:terminated").await["cause"]["endedBy"], "remote");
    office.page.expect_no_media().await;
}

/// What a held baresip hears it does not keep any more; there, packets are counted.
#[tokio::test(flavor = "multi_thread")]
async fn held_call_is_silent_on_both_sides_and_heard_again_after_it() {
    let office = Office::open(Answers::Auto).await;
    office.call().await;
    office.page.post(json!({ "type": "hold" })).await;
    office.page.expect("phone:hold").await;
    office.expect_silence(true).await;
    let spoken = office.spoken_energy().await;
    office.page.post(json!({ "type": "unhold" })).await;
    office.page.expect("phone:unhold").await;
    office.expect_tone().await;
    until("the microphone is open", async || {
        (office.spoken_energy().await > spoken + SOME_ENERGY).then_some(())
    })
    .await;
    until("packets arrive at the desk phone", async || office.desk.is_receiving().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn desk_phone_holds_and_the_widget_knows_it_and_hears_it_again_after_it() {
    let mut office = Office::open(Answers::Auto).await;
    office.call().await;
    let remote = |data: &Value| data["by"] == json!("remote");
    office.desk.command("hold", "");
    office.page.expect_where(PATIENCE, "phone:hold", remote).await;
    office.desk.command("resume", "");
    office.page.expect_where(PATIENCE, "phone:unhold", remote).await;
    office.expect_tone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn digits_arrive_at_the_desk_phone_each_once_and_in_order() {
    let office = Office::open(Answers::Auto).await;
    office.call().await;
    let answered = office.page.ask("dtmf", json!({ "digits": "1123#*" })).await;
    assert!(answered.is_ok(), "{answered:?}");
    until("the digits arrive", async || (office.desk.keys() == "1123#*").then_some(())).await;
}

/// Behind the trunk one device plays, and another one picks up: each is an early dialog of its own, and the one that was
/// taken is heard over a transport of its own.
#[tokio::test(flavor = "multi_thread")]
async fn device_that_picks_up_is_heard_after_the_early_media_of_another_one() {
    let office = Office::open(Answers::Manual).await;
    let script = Script::callee()
        .is_called(&[])
        .says("183 Session Progress", "a", &[], SOUND)
        .plays("tone.ulaw")
        .waits(UNTIL_HEARD)
        .says("200 OK", "b", &[], SOUND)
        .takes("ACK", &["To: .*tag=1b"])
        .takes("INVITE", &["To: .*tag=1b"])
        .answers("200 OK", &[], SOUND)
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = office.kamailio.sipp(&script);
    office.page.click2call("5000").await;
    let early = |data: &Value| data["earlyMedia"] == json!(true);
    office.page.expect_where(PATIENCE, "phone:progress", early).await;
    office.expect_tone().await;
    office.page.expect("phone:accepted").await;
    office.expect_tone().await;
    office.page.post(json!({ "type": "hangup" })).await;
    office.page.expect("phone:terminated").await;
    office.expect_done(sipp).await;
}

/// The trunk plays a tone before anybody answers.
#[tokio::test(flavor = "multi_thread")]
async fn early_media_of_the_trunk_are_heard_before_the_answer_and_after_it() {
    let office = Office::open(Answers::Manual).await;
    let script = Script::callee()
        .is_called(&[])
        .says("183 Session Progress", "", &[], SOUND)
        .plays("tone.ulaw")
        .waits(UNTIL_HEARD)
        .says("200 OK", "", &[], SOUND)
        .takes("ACK", &[])
        .takes("INFO", &[])
        .answers("200 OK", &[], "")
        .sends("BYE", &[], "")
        .gets(200, &[]);
    let sipp = office.kamailio.sipp(&script);
    office.page.click2call("5000").await;
    let early = |data: &Value| data["earlyMedia"] == json!(true);
    office.page.expect_where(PATIENCE, "phone:progress", early).await;
    office.expect_tone().await;
    assert_eq!(office.page.count("phone:accepted").await, 0);
    office.page.expect("phone:accepted").await;
    office.expect_tone().await;
    office.asks_for_the_end().await;
    assert_eq!(office.page.expect("phone:terminated").await["cause"]["endedBy"], "remote");
    office.expect_done(sipp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn call_is_heard_on_while_its_flow_freezes_and_the_far_end_can_end_it_after_that() {
    let mut office = Office::open(Answers::Auto).await;
    office.call().await;
    office.relay.freeze();
    // In a call a ping goes every 10 s, and its answer is due within 10 s.
    office.page.expect_connection_within(Duration::from_secs(20) + PATIENCE, "reconnecting").await;
    office.page.expect_connection("registered").await;
    office.expect_sound().await;
    assert_eq!(office.page.count("phone:terminated").await, 0);
    office.desk.command("hangup", "");
    assert_eq!(office.page.expect("phone:terminated").await["cause"]["endedBy"], "remote");
}

/// Between two browsers the media go directly, and the server may come and go.
#[tokio::test(flavor = "multi_thread")]
async fn call_between_two_widgets_outlives_a_restart_of_the_server() {
    let mut kamailio = Kamailio::start(Settings::default());
    let (one, two) = tokio::join!(widget(kamailio.port, "200"), widget(kamailio.port, "201"));
    one.click2call("201").await;
    assert_eq!(two.expect("phone:ringing").await["from"], "200");
    two.answer().await;
    tokio::join!(one.expect("phone:accepted"), two.expect("phone:accepted"));
    tokio::join!(one.expect_audio(), two.expect_audio());
    kamailio.stop();
    tokio::join!(one.expect_connection("reconnecting"), two.expect_connection("reconnecting"));
    kamailio.start_again();
    tokio::join!(one.expect_connection("registered"), two.expect_connection("registered"));
    for page in [&one, &two] {
        let energy = page.audio_energy().await;
        until("it is heard on", async || (page.audio_energy().await > energy + SOME_ENERGY).then_some(()))
            .await;
        assert_eq!(page.count("phone:terminated").await, 0);
    }
    two.post(json!({ "type": "hangup" })).await;
    assert_eq!(two.expect("phone:terminated").await["cause"]["endedBy"], "local");
    assert_eq!(one.expect("phone:terminated").await["cause"]["endedBy"], "remote");
}

/// What a browser sends over `wss:` arrives, and the one that does not believe the server says so and goes on trying.
#[tokio::test(flavor = "multi_thread")]
async fn widget_registers_and_calls_over_wss_where_its_browser_believes_the_certificate() {
    let kamailio = Kamailio::start(Settings { tls: Some("localhost"), ..Settings::default() });
    let server = format!("wss://localhost:{}/", kamailio.port);
    let key = kamailio.certificates.as_ref().expect("it is encrypted").public_key;
    let (one, two, other) = tokio::join!(
        unregistered_widget(&server, "200", Setup::Believing(key)),
        unregistered_widget(&server, "201", Setup::Believing(key)),
        unregistered_widget(&server, "202", Setup::Microphone)
    );
    tokio::join!(one.expect("logged"), two.expect("logged"), other.expect_connection("reconnecting"));
    one.click2call("201").await;
    assert_eq!(two.expect("phone:ringing").await["from"], "200");
    two.answer().await;
    tokio::join!(one.expect("phone:accepted"), two.expect("phone:accepted"));
    tokio::join!(one.expect_audio(), two.expect_audio());
    two.post(json!({ "type": "hangup" })).await;
    assert_eq!(one.expect("phone:terminated").await["cause"]["endedBy"], "remote");
    other.expect_connection("reconnecting").await;
    other.phone(async |frame| frame.reads("No connection").await).await;
    assert_eq!(other.count("logged").await, 0);
}

/// The same number sooner than this is a double click for the phone.
const SAME_NUMBER: Duration = Duration::from_secs(2);

/// One account on a desk and in a browser: both ring, each is offered what it can speak, and who is too late missed nothing.
#[tokio::test(flavor = "multi_thread")]
async fn account_on_a_desk_and_in_a_browser_is_heard_from_whichever_picks_up() {
    let mut office = Office::open(Answers::Manual).await;
    let two = widget(office.kamailio.port, "205").await;
    office.page.click2call("205").await;
    two.expect("phone:ringing").await;
    office.expect_desk("CALL_INCOMING").await;
    two.answer().await;
    office.page.expect("phone:accepted").await;
    tokio::join!(office.page.expect_audio(), two.expect_audio());
    office.expect_desk("CALL_CLOSED").await;
    two.post(json!({ "type": "hangup" })).await;
    office.page.expect("phone:terminated").await;

    tokio::time::sleep(SAME_NUMBER).await;
    office.page.click2call("205").await;
    two.expect("phone:ringing").await;
    office.desk.command("accept", "");
    office.page.expect("phone:accepted").await;
    let elsewhere = two.expect_where(PATIENCE, "phone:terminated", |data| data["status"] != "answered").await;
    assert_eq!(elsewhere["cause"]["reason"], "answered-elsewhere", "{elsewhere}");
    office.expect_sound().await;
    office.page.post(json!({ "type": "hangup" })).await;
    office.page.expect("phone:terminated").await;
}

/// The desk phone does what it is asked: it calls the other widget, and the two hear each other.
#[tokio::test(flavor = "multi_thread")]
async fn desk_phone_that_is_transferred_calls_the_target_and_the_two_hear_each_other() {
    let office = Office::open(Answers::Auto).await;
    let two = widget(office.kamailio.port, "201").await;
    office.call().await;
    office.page.post(json!({ "type": "transfer", "data": { "to": "201" } })).await;
    assert_eq!(two.expect("phone:ringing").await["from"], "205");
    two.answer().await;
    two.expect("phone:accepted").await;
    two.expect_audio().await;
    assert_eq!(office.page.expect("phone:terminated").await["cause"]["reason"], "transferred");
    two.post(json!({ "type": "hangup" })).await;
    two.expect("phone:terminated").await;
}
