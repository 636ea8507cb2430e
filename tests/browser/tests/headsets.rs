//! Headsets and media keys: their buttons do what the screen does, and their lights show what it shows.
//!
//! No headset is on the machine that runs this: the browser's `navigator.hid` is a double, whose device has the
//! descriptor of a headset as Chromium reports it. It is the one double in the tests of this folder.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, Setup, until};

/// A headset with hook switch, mute and flash in bits 0, 2 and 3 of report 2, and the lights "off hook", "mute", "ring"
/// and "hold" in bits 0 to 3 of its answer. `plugged` says whether it is there, `allowed` whether the person gave it to
/// this page before. What is asked for and written is kept.
const FAKE_HID: &str = r"
    self.asked = []; self.written = [];
    const item = (usages, isAbsolute, hasPreferredState) => ({ usages, isAbsolute, hasPreferredState, isArray: false,
      isRange: false, isConstant: false, reportSize: 1, reportCount: usages.length, logicalMinimum: 0, logicalMaximum: 1 });
    self.headset = Object.assign(new EventTarget(), {
      opened: false, vendorId: 0x0b0e, productId: 0x24c9, productName: 'Jabra Evolve2 65',
      collections: [
        { usagePage: 12, usage: 1, children: [], inputReports: [], outputReports: [], featureReports: [] },
        { usagePage: 11, usage: 5, type: 1, children: [], featureReports: [],
          inputReports: [{ reportId: 2, items: [item([0x0b0020, 0x0b0097], true, false), item([0x0b002f, 0x0b0021], false, true)] }],
          outputReports: [{ reportId: 2, items: [item([0x080017, 0x080009, 0x080018, 0x080020], true, false)] }] },
      ],
      async open() { this.opened = true; },
      async sendReport(id, octets) { written.push([id, ...new Uint8Array(octets)]); },
    });
    self.press = (octet) => headset.dispatchEvent(Object.assign(new Event('inputreport'),
      { device: headset, reportId: 2, data: new DataView(Uint8Array.of(octet).buffer) }));
    self.hid = Object.assign(new EventTarget(), {
      plugged: true, allowed: ALLOWED,
      async getDevices() { return this.plugged && this.allowed ? [headset] : []; },
      async requestDevice(options) { asked.push(options, navigator.userActivation.isActive); this.allowed = true; return [headset]; },
    });
    self.plug = (plugged) => { hid.plugged = plugged; if (!plugged) headset.opened = false;
      hid.dispatchEvent(Object.assign(new Event(plugged ? 'connect' : 'disconnect'), { device: headset })); };
    Object.defineProperty(navigator, 'hid', { value: hid });";

const HOOK: u8 = 0b0001;
const MUTE: u8 = 0b0100;
const FLASH: u8 = 0b1000;
const OFF_HOOK_LIGHT: u8 = 0b0001;
const MUTE_LIGHT: u8 = 0b0010;
const RING_LIGHT: u8 = 0b0100;
const HOLD_LIGHT: u8 = 0b1000;

/// A phone in a frame with this `allow`, of its page's own site: a script runs in frames of that site alone.
async fn open(server: &Server, script: &str, allow: &str) -> Page {
    let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
    page.browser.before_each_document(&format!("if (self !== top) {{ {script} }}")).await;
    let address = server.on("localhost", "/200/");
    page.run(&Page::EMBED.replace("microphone; autoplay", allow), vec![json!("sf"), json!(address)]).await;
    page.expect("logged").await;
    page
}

async fn open_with_headset(server: &Server) -> Page {
    open(server, &FAKE_HID.replace("ALLOWED", "true"), "microphone; autoplay; hid").await
}

/// The headset reports this.
async fn press(page: &Page, octet: u8) {
    page.phone(async |frame| frame.run("press(arguments[0])", vec![json!(octet)]).await).await;
}

async fn shows(page: &Page, lights: u8) {
    until(&format!("the headset shows {lights:04b}"), async || {
        let last = page.phone(async |frame| frame.run("return written.at(-1)", Vec::new()).await).await;
        (last == json!([2, lights])).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headset_answers_mutes_holds_and_hangs_up_and_shows_what_the_screen_does() {
    let server = Server::start();
    let page = open_with_headset(&server).await;
    shows(&page, 0).await;
    server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    shows(&page, RING_LIGHT).await;
    press(&page, HOOK).await;
    page.expect("phone:accepted").await;
    shows(&page, OFF_HOOK_LIGHT).await;

    press(&page, HOOK | MUTE).await;
    press(&page, HOOK).await;
    assert_eq!(page.expect("phone:muted").await["muted"], json!(true));
    shows(&page, OFF_HOOK_LIGHT | MUTE_LIGHT).await;
    page.phone(async |frame| frame.press("Muted").await).await;
    assert_eq!(page.expect("phone:muted").await["muted"], json!(false));
    shows(&page, OFF_HOOK_LIGHT).await;

    press(&page, HOOK | FLASH).await;
    press(&page, HOOK).await;
    page.expect("phone:hold").await;
    shows(&page, OFF_HOOK_LIGHT | HOLD_LIGHT).await;
    page.phone(async |frame| frame.press("Resume").await).await;
    page.expect("phone:unhold").await;
    shows(&page, OFF_HOOK_LIGHT).await;

    press(&page, 0).await;
    assert_eq!(page.expect("phone:terminated").await["cause"]["endedBy"], "local");
    shows(&page, 0).await;
    let asked = page.phone(async |frame| frame.run("return asked", Vec::new()).await).await;
    assert_eq!(asked, json!([]), "nobody was asked for anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn headset_that_is_unplugged_in_a_call_leaves_it_and_is_in_step_again_when_it_is_back() {
    let server = Server::start();
    let page = open_with_headset(&server).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    shows(&page, OFF_HOOK_LIGHT).await;
    page.phone(async |frame| frame.run("written.length = 0; plug(false)", Vec::new()).await).await;
    page.expect_audio().await;
    page.phone(async |frame| frame.press("Mute").await).await;
    page.expect("phone:muted").await;
    assert_eq!(page.phone(async |frame| frame.run("return written", Vec::new()).await).await, json!([]));
    page.phone(async |frame| frame.run("plug(true)", Vec::new()).await).await;
    shows(&page, OFF_HOOK_LIGHT | MUTE_LIGHT).await;
    assert_eq!(page.count("phone:terminated").await, 0);
    press(&page, HOOK).await;
    press(&page, 0).await;
    page.expect("phone:terminated").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headset_is_chosen_by_a_button_of_the_settings_alone_and_only_where_the_page_allows_it() {
    let server = Server::start();
    let script = FAKE_HID.replace("ALLOWED", "false");
    let page = open(&server, &script, "microphone; autoplay; hid").await;
    let asked =
        async |page: &Page| page.phone(async |frame| frame.run("return asked", Vec::new()).await).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    assert_eq!(asked(&page).await, json!([]), "neither at the start nor in a call");
    open_settings(&page).await;
    page.phone(async |frame| {
        frame.press("Use a headset’s buttons").await;
        frame.reads("Jabra Evolve2 65").await;
    })
    .await;
    assert_eq!(asked(&page).await, json!([{ "filters": [{ "usagePage": 11 }] }, true]));
    shows(&page, 0).await;
    drop(page);

    // A page of another site, to the browser's own interface for headsets.
    let page = Page::open_on(&server, "127.0.0.1", "/201/").await;
    page.expect("logged").await;
    open_settings(&page).await;
    let text = page.phone(async |frame| frame.text().await).await;
    assert!(text.contains("Even out loudness") && !text.contains("headset"), "{text}");
}

async fn open_settings(page: &Page) {
    page.post(json!({ "type": "navigate", "data": { "view": "settings" } })).await;
    page.phone(async |frame| frame.reads("Even out loudness").await).await;
}

/// Keeps what the page tells the browser's media session, which has it as before.
const WATCH_MEDIA_SESSION: &str = "self.keys = {}; self.microphone = null; \
     const session = navigator.mediaSession; \
     const handle = session.setActionHandler; \
     session.setActionHandler = function (name, handler) { handle.call(this, name, handler); keys[name] = handler; }; \
     const show = session.setMicrophoneActive; \
     session.setMicrophoneActive = function (on) { show.call(this, on); microphone = on; }; \
     self.held = () => Object.keys(keys).filter((name) => keys[name]).sort();";

async fn media_session(page: &Page) -> Value {
    let script = "return [navigator.mediaSession.playbackState, microphone, held().length]";
    page.phone(async |frame| frame.run(script, Vec::new()).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn media_keys_answer_mute_hold_and_hang_up_and_the_system_sees_the_microphone() {
    let server = Server::start();
    let page = open(&server, WATCH_MEDIA_SESSION, "microphone; autoplay").await;
    let key = async |name: &str| {
        let script = "const action = arguments[0]; keys[action]({ action })";
        page.phone(async |frame| frame.run(script, vec![json!(name)]).await).await
    };
    let is = async |playback: &str, microphone: bool| {
        let expected = json!([playback, microphone, if playback == "none" { 0 } else { 4 }]);
        until(&format!("{expected}"), async || (media_session(&page).await == expected).then_some(())).await;
    };
    assert_eq!(media_session(&page).await, json!(["none", null, 0]), "an idle phone takes no key");
    server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    is("paused", false).await;
    key("play").await;
    page.expect("phone:accepted").await;
    is("playing", true).await;
    key("togglemicrophone").await;
    assert_eq!(page.expect("phone:muted").await["muted"], json!(true));
    is("playing", false).await;
    page.phone(async |frame| frame.press("Muted").await).await;
    is("playing", true).await;
    key("pause").await;
    page.expect("phone:hold").await;
    is("paused", true).await;
    key("play").await;
    page.expect("phone:unhold").await;
    is("playing", true).await;
    key("hangup").await;
    page.expect("phone:terminated").await;
    is("none", false).await;
}
