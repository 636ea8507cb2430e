//! Microphones and speakers in front of a person: the meter, and trouble in words.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Pulse, Server, Setup, until, within};
use std::time::Duration;

async fn open_settings(page: &Page) {
    page.post(json!({ "type": "navigate", "data": { "view": "settings" } })).await;
    page.phone(async |frame| frame.reads("Even out loudness").await).await;
}

/// Bars of the meter that is in sight.
async fn bars(page: &Page) -> u64 {
    let script =
        "return [...document.querySelectorAll('meter')].find((one) => one.checkVisibility())?.value ?? 0";
    page.phone(async |frame| frame.run(script, Vec::new()).await).await.as_u64().expect("a number")
}

async fn meter_moves(page: &Page) {
    // The fake microphone beeps once a second and is silent in between.
    until("the meter shows the beep", async || (bars(page).await >= 3).then_some(())).await;
    until("the meter shows the silence", async || (bars(page).await == 0).then_some(())).await;
}

async fn microphone_is_off(page: &Page) {
    until("no track is live", async || (page.live_microphones().await == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn meter_moves_in_the_settings_and_the_microphone_is_off_when_they_are_left() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.watch_microphone().await;
    open_settings(&page).await;
    meter_moves(&page).await;
    assert!(page.live_microphones().await > 0);
    page.phone(async |frame| frame.press("Back").await).await;
    microphone_is_off(&page).await;

    // A bar has no room for it.
    open_settings(&page).await;
    meter_moves(&page).await;
    page.run("document.querySelector('iframe[name=sf]').height = 48", Vec::new()).await;
    microphone_is_off(&page).await;
    page.run("document.querySelector('iframe[name=sf]').height = 460", Vec::new()).await;
    page.hide().await;
    microphone_is_off(&page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn meter_of_the_sheet_in_a_call_follows_another_microphone_and_ends_with_the_sheet() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.watch_microphone().await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    let in_call = page.live_microphones().await;
    page.phone(async |frame| frame.press("Speaker").await).await;
    meter_moves(&page).await;
    assert!(page.live_microphones().await > in_call);
    page.phone(async |frame| frame.press("Fake Audio Input 2").await).await;
    meter_moves(&page).await;
    let labels = "return [...new Set(taken.filter((track) => track.readyState === 'live').map((track) => track.label))]";
    let labels = page.phone(async |frame| frame.run(labels, Vec::new()).await).await;
    assert_eq!(labels, json!(["Fake Audio Input 2"]), "there is one microphone");
    page.phone(async |frame| {
        frame.run("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))", Vec::new()).await
    })
    .await;
    until("the meter's track is gone", async || (page.live_microphones().await == in_call).then_some(()))
        .await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    page.expect_no_media().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_ask_nobody_for_the_microphone() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/?ext=200"), Setup::Denied).await;
    page.expect("logged").await;
    let watch = "self.asked = 0; const ask = navigator.mediaDevices.getUserMedia; \
         navigator.mediaDevices.getUserMedia = function (...wish) { asked += 1; return ask.apply(this, wish); }";
    page.phone(async |frame| frame.run(watch, Vec::new()).await).await;
    open_settings(&page).await;
    page.phone(async |frame| {
        frame.press("Back").await;
        assert_eq!(frame.run("return asked", Vec::<Value>::new()).await, json!(0));
    })
    .await;
}

/// Two microphones, each of which hears a tone of its own.
const FIRST_HERTZ: u32 = 440;
const SECOND_HERTZ: u32 = 1_000;
/// How fast a call must be whole again (the time in which a browser notices a stream that is silent is 5 s).
const FALLS_BACK_WITHIN: Duration = Duration::from_secs(6);

/// Waits until the far end hears this tone above all.
async fn far_end_hears(server: &Server, hertz: u32, patience: Duration) {
    within(patience, &format!("600 hears {hertz} Hz"), async || {
        let heard = server.call_with("600")?["heard"]["latestHz"].as_u64()?;
        (heard.abs_diff(u64::from(hertz)) <= 20).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_microphone_is_heard_when_it_is_chosen_and_the_first_when_that_is_unplugged() {
    expect_first_after_second_is_unplugged("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn microphone_that_is_unplugged_and_said_to_be_in_use_is_replaced_without_a_word_of_trouble() {
    // As Chromium has it for a moment while the machine still lists the device, and takes it from the list in the midst
    // of the exchange.
    let late = "const media = navigator.mediaDevices; const pause = (ms) => new Promise((then) => setTimeout(then, ms)); \
         const list = media.enumerateDevices.bind(media), take = media.getUserMedia.bind(media); \
         const before = list(); let gone = false, asked; const again = new Promise((then) => { asked = then; }); \
         media.enumerateDevices = async () => { const now = await list(); return gone ? now : before; }; \
         media.getUserMedia = async (wish) => { \
             if (wish.audio.deviceId) throw new DOMException('Could not start audio source', 'NotReadableError'); \
             if (gone) { asked(); await pause(300); } \
             return take(wish); }; \
         const exchange = RTCRtpSender.prototype.replaceTrack; \
         RTCRtpSender.prototype.replaceTrack = async function (track) { \
             if (!gone) { gone = true; media.dispatchEvent(new Event('devicechange')); await again; } \
             return exchange.call(this, track); };";
    expect_first_after_second_is_unplugged(late).await;
}

/// Calls by the first of two microphones, chooses the second and pulls it out; `before` runs in the phone's frame just
/// before that.
async fn expect_first_after_second_is_unplugged(before: &str) {
    let pulse = Pulse::start();
    pulse.plug_in("First", FIRST_HERTZ);
    pulse.plug_in("Second", SECOND_HERTZ);
    pulse.prefer("First");
    let server = Server::start();
    let page = Page::open(&server.page("/demo/?ext=200"), Setup::Machine(pulse.address())).await;
    page.expect("logged").await;
    // A steady tone is noise, which the browser takes out of what it hears.
    open_settings(&page).await;
    for name in ["Remove echo", "Remove noise", "Even out loudness"] {
        page.phone(async |frame| frame.press(name).await).await;
    }
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    far_end_hears(&server, FIRST_HERTZ, Duration::from_secs(20)).await;
    page.phone(async |frame| {
        frame.press("Speaker").await;
        frame.press("Second").await;
    })
    .await;
    far_end_hears(&server, SECOND_HERTZ, Duration::from_secs(20)).await;

    page.phone(async |frame| frame.run(before, Vec::new()).await).await;
    pulse.unplug("Second");
    let unplugged = std::time::Instant::now();
    page.phone(async |frame| frame.reads("Second was unplugged. Using the system’s device.").await).await;
    far_end_hears(&server, FIRST_HERTZ, FALLS_BACK_WITHIN).await;
    assert!(unplugged.elapsed() < FALLS_BACK_WITHIN, "{:?}", unplugged.elapsed());
    assert_eq!(page.count("phone:terminated").await, 0);
    assert_eq!(page.count("media:error").await, 0);
}

/// A call that fails for want of a microphone, and what the person reads then.
async fn expect_trouble(page: &Page, code: &str, title: &str, sub: &str) {
    page.click2call("600").await;
    assert_eq!(page.expect("media:error").await["code"], code);
    page.phone(async |frame| {
        frame.reads(title).await;
        frame.reads(sub).await;
    })
    .await;
    assert_eq!(page.count("phone:calling").await, 0, "nobody was called");
}

#[tokio::test(flavor = "multi_thread")]
async fn microphone_that_is_denied_or_blocked_by_the_page_says_who_must_do_what() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/?ext=200"), Setup::Denied).await;
    page.expect("logged").await;
    let sub = "Allow it with the icon in the browser’s address bar, then try again.";
    expect_trouble(&page, "media_denied", "Microphone is blocked", sub).await;
    drop(page);

    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    let embed = Page::EMBED.replace("microphone; autoplay", "autoplay");
    page.run(&embed, vec![json!("sf"), json!(server.on("localhost", "/201/"))]).await;
    page.expect("logged").await;
    let sub = "Its owner must add this to the phone’s frame:\n\nallow=\"microphone; autoplay\"";
    expect_trouble(&page, "media_denied", "This page blocks the microphone", sub).await;
    page.phone(async |frame| {
        frame.press("Copy").await;
        let selected = "return getSelection().toString().trim() || null";
        let copied = until("what must be added is selected", async || {
            frame.run(selected, Vec::new()).await.as_str().map(str::to_owned)
        })
        .await;
        assert_eq!(copied, "allow=\"microphone; autoplay\"");
    })
    .await;
    for user in ["200", "201"] {
        assert_eq!(server.saw_request(user, "INVITE"), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn microphone_that_is_not_there_or_in_use_is_told_and_the_call_can_be_tried_again() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/?ext=200"), Setup::NoMicrophone).await;
    page.expect("logged").await;
    expect_trouble(&page, "media_no_device", "No microphone found", "Plug in a headset, then call again.")
        .await;
    drop(page);

    let page = Page::open_registered(&server, 201).await;
    // As Chromium on Windows says it where another program has the microphone for itself.
    let busy = "self.take = navigator.mediaDevices.getUserMedia; \
         navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('Could not start audio source', 'NotReadableError'); }";
    page.phone(async |frame| frame.run(busy, Vec::new()).await).await;
    expect_trouble(&page, "media_busy", "The microphone is used by another program.", "").await;
    page.phone(async |frame| {
        frame.run("navigator.mediaDevices.getUserMedia = take", Vec::new()).await;
        frame.press("Try again").await;
    })
    .await;
    page.expect("phone:accepted").await;
    server.expect_heard("600").await;
}
