//! What is heard beside the voices: the ring, the tone of a waiting call, ringback, and silence after each of them.
//!
//! It measures what the phone hands to the loudspeaker, not what it means to play.

use fantoccini::Locator;
use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, Setup, serve_file, until, within};
use std::time::Duration;

/// Everything that goes to the loudspeaker by way of an `AudioContext` passes a meter first. Forty times a second it
/// notes what was audible in the last 170 ms: when last (`clock` by the audio itself, which a busy machine cannot bend),
/// how loud, and at which pitch. `stops` says when a tone was cut off, and in which event of the browser.
const METER: &str = r"
    self.loud = [];
    self.stops = [];
    GainNode.prototype.disconnect = function (...from) {
      stops.push({ clock: this.context.currentTime, by: self.event?.type ?? 'nothing' });
      return AudioNode.prototype.disconnect.apply(this, from);
    };
    const real = Object.getOwnPropertyDescriptor(BaseAudioContext.prototype, 'destination').get;
    const meters = new Map();
    Object.defineProperty(BaseAudioContext.prototype, 'destination', { get() {
      if (!meters.has(this)) {
        const meter = new AnalyserNode(this, { fftSize: 8192, smoothingTimeConstant: 0 });
        meter.connect(real.call(this));
        meters.set(this, meter);
      }
      return meters.get(this);
    } });
    setInterval(() => {
      for (const [context, meter] of meters) {
        const wave = new Float32Array(meter.fftSize);
        meter.getFloatTimeDomainData(wave);
        const clock = context.currentTime, now = performance.now();
        const level = Math.sqrt(wave.reduce((sum, one) => sum + one * one, 0) / wave.length);
        if (level < 0.003) continue;
        const since = (wave.length - 1 - wave.findLastIndex((one) => Math.abs(one) > 0.001)) / context.sampleRate;
        const pitches = new Float32Array(meter.frequencyBinCount);
        meter.getFloatFrequencyData(pitches);
        const hertz = pitches.indexOf(Math.max(...pitches)) * context.sampleRate / meter.fftSize;
        loud.push({ at: now - since * 1000, clock: clock - since, level, hertz });
      }
    }, 25);";

/// A ring is silent for two seconds of three, ringback for four of five.
const RING_PERIOD: Duration = Duration::from_millis(3_200);
const RINGBACK_PERIOD: Duration = Duration::from_millis(5_200);
/// By the clock of a machine that has other things to do.
const STOPPED_MS: f64 = 250.0;
/// By the clock of the audio, from the event that ends the tone (ui.md 12).
const STOPPED_SECONDS: f64 = 0.05;

/// A phone with the meter. Its page is of its own site: a script runs in frames of that site alone.
async fn open_metered(server: &Server, setup: Setup) -> Page {
    open_metered_at(server, setup, "/200/").await
}

async fn open_metered_at(server: &Server, setup: Setup, path: &str) -> Page {
    let page = Page::open(&server.on("localhost", "/demo/crm.css"), setup).await;
    page.browser.before_each_document(&format!("if (self !== top) {{ {METER} }}")).await;
    page.add_frame("sf", &server.on("localhost", path)).await;
    page.expect("logged").await;
    page
}

async fn heard(page: &Page) -> Vec<Value> {
    let heard = page.phone(async |frame| frame.run("return loud", Vec::new()).await).await;
    heard.as_array().cloned().unwrap_or_default()
}

/// The time of the phone's frame.
async fn time(page: &Page) -> f64 {
    let now = page.phone(async |frame| frame.run("return performance.now()", Vec::new()).await).await;
    now.as_f64().expect("a time")
}

/// Waits until the phone has sounded at one of these pitches since `since`.
async fn expect_sound(page: &Page, since: f64, pitches: &[f64]) {
    within(RINGBACK_PERIOD * 2, &format!("a tone of {pitches:?} Hz"), async || {
        let all = heard(page).await;
        let fits = |one: &Value| {
            let hertz = one["hertz"].as_f64().unwrap_or_default();
            one["at"].as_f64() > Some(since) && pitches.iter().any(|pitch| (hertz - pitch).abs() < 30.0)
        };
        all.iter().any(fits).then_some(())
    })
    .await;
}

/// From `since` on there is no sound, for longer than the pause of the one that was heard.
async fn expect_silence(page: &Page, since: f64, period: Duration) {
    let end = since + STOPPED_MS + period.as_millis() as f64;
    until("the pause is over", async || (time(page).await >= end).then_some(())).await;
    let all = heard(page).await;
    let late: Vec<_> = all.iter().filter(|one| one["at"].as_f64() > Some(since + STOPPED_MS)).collect();
    assert!(late.is_empty(), "sounds after {since}: {late:?}");
}

/// The last tone was cut off while the browser told of `by`, and nothing of it was heard 50 ms later.
async fn expect_cut_off(page: &Page, by: &str) {
    let stops = page.phone(async |frame| frame.run("return stops", Vec::new()).await).await;
    let stop = stops.as_array().and_then(|stops| stops.last()).expect("a tone was cut off").clone();
    assert_eq!(stop["by"], by, "{stops}");
    let end = stop["clock"].as_f64().expect("a time") + STOPPED_SECONDS;
    let late: Vec<_> =
        heard(page).await.into_iter().filter(|one| one["clock"].as_f64() > Some(end)).collect();
    assert!(late.is_empty(), "sounds after {stop}: {late:?}");
}

const RING: [f64; 2] = [660.0, 880.0];
const LINE: [f64; 1] = [425.0];

#[tokio::test(flavor = "multi_thread")]
async fn ring_sounds_until_it_is_answered_silenced_declined_or_given_up() {
    let server = Server::start();
    let page = open_metered(&server, Setup::Microphone).await;
    assert_eq!(heard(&page).await, Vec::<Value>::new(), "an idle phone is silent");

    let ring = server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    expect_sound(&page, 0.0, &RING).await;
    page.answer().await;
    page.expect("phone:accepted").await;
    let answered = time(&page).await;
    expect_silence(&page, answered, RING_PERIOD).await;
    expect_cut_off(&page, "click").await;
    // Another one has a tone of its own, so that the voice on the line is still understood.
    let second = server.ring(200, "+34666555445");
    page.expect("phone:ringing").await;
    expect_sound(&page, answered, &LINE).await;
    let rung = heard(&page).await;
    let as_first = rung.iter().filter(|one| one["at"].as_f64() > Some(answered + STOPPED_MS));
    let high: Vec<_> = as_first.filter(|one| one["hertz"].as_f64() > Some(600.0)).collect();
    assert!(high.is_empty(), "the ring of an idle phone in a call: {high:?}");
    server.hang_up(&second);
    page.expect("phone:terminated").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;

    let idle = time(&page).await;
    server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    expect_sound(&page, idle + STOPPED_MS, &RING).await;
    page.phone(async |frame| frame.press("Silence").await).await;
    expect_silence(&page, time(&page).await, RING_PERIOD).await;
    expect_cut_off(&page, "click").await;
    assert_eq!(page.count("phone:terminated").await, 2, "it is silent and rings on");
    page.press_armed("Decline").await;
    page.expect("phone:terminated").await;

    for ending in ["declined", "given up"] {
        let idle = time(&page).await;
        let ring = server.ring(200, "+34666555444");
        page.expect("phone:ringing").await;
        expect_sound(&page, idle + STOPPED_MS, &RING).await;
        match ending {
            "declined" => page.press_armed("Decline").await,
            _ => server.hang_up(&ring),
        }
        page.expect("phone:terminated").await;
        expect_silence(&page, time(&page).await, RING_PERIOD).await;
        expect_cut_off(&page, if ending == "declined" { "click" } else { "message" }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ringback_sounds_while_the_other_side_rings_and_not_over_its_own_tones() {
    let server = Server::start();
    let page = open_metered(&server, Setup::Microphone).await;
    page.click2call("603").await;
    page.expect("phone:progress").await;
    expect_sound(&page, 0.0, &LINE).await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    expect_silence(&page, time(&page).await, RINGBACK_PERIOD).await;
    // Early media is what the network wants to be heard: from then on there is nothing of ours.
    page.click2call("605").await;
    page.expect_where(Duration::from_secs(10), "phone:progress", |data| data["earlyMedia"] == json!(true))
        .await;
    let theirs = time(&page).await;
    page.expect("phone:accepted").await;
    let over = |one: &Value| one["at"].as_f64() > Some(theirs + STOPPED_MS);
    let over: Vec<_> = heard(&page).await.into_iter().filter(over).collect();
    assert!(over.is_empty(), "a tone of ours over theirs: {over:?}");
}

/// Pitches of all that was heard, to 10 Hz; the meter resolves less.
async fn pitches(page: &Page) -> Vec<u64> {
    let mut all: Vec<u64> = heard(page)
        .await
        .iter()
        .filter_map(|one| one["hertz"].as_f64())
        .map(|hertz| (hertz / 10.0).round() as u64 * 10)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn ringback_and_busy_are_those_of_the_country() {
    // 602 is busy, 603 rings. (The meter names the louder of two tones.)
    for (country, ringback, busy) in [
        ("GB", [400.0, 450.0], [400.0; 2]),
        ("FR", [440.0; 2], [440.0; 2]),
        ("US", [440.0, 480.0], [480.0, 620.0]),
    ] {
        let server = Server::with_widget(&json!({ "country": country }));
        let page = open_metered(&server, Setup::Microphone).await;
        page.click2call("603").await;
        page.expect("phone:progress").await;
        expect_sound(&page, 0.0, &ringback).await;
        page.post(json!({ "type": "hangup" })).await;
        page.expect("phone:terminated").await;
        let over = time(&page).await + STOPPED_MS;
        page.click2call("602").await;
        page.expect("phone:terminated").await;
        expect_sound(&page, over, &busy).await;
        let near = |pitch: &u64| {
            // Two falling notes end the first call.
            let known = ringback.iter().chain(&busy).chain(&[660.0, 440.0]);
            known.into_iter().any(|one| (*pitch as f64 - one).abs() < 30.0)
        };
        let strange: Vec<u64> = pitches(&page).await.into_iter().filter(|pitch| !near(pitch)).collect();
        assert!(strange.is_empty(), "{country}: {strange:?}");
    }
}

/// How loud it was at most since then.
async fn loudest(page: &Page, since: f64) -> f64 {
    let all = heard(page).await;
    let since = all.iter().filter(|one| one["at"].as_f64() > Some(since));
    since.filter_map(|one| one["level"].as_f64()).fold(0.0, f64::max)
}

/// Chooses in a list of the settings, or sets a slider, as a person does.
const CHOOSE: &str = "const [selector, value] = arguments; const field = document.querySelector(selector); \
     field.value = field.tagName === 'SELECT' ? [...field.options].find((one) => one.text === value).value : value; \
     field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true })); return field.value;";

#[tokio::test(flavor = "multi_thread")]
async fn ring_has_a_volume_and_a_speaker_of_its_own() {
    let server = Server::start();
    let page = open_metered(&server, Setup::Microphone).await;
    // Where the tones go, once the browser has sent them there.
    let watch = "const send = AudioContext.prototype.setSinkId; self.sinks = []; \
         AudioContext.prototype.setSinkId = async function (id) { await send.call(this, id); sinks.push(id); };";
    page.phone(async |frame| frame.run(watch, Vec::new()).await).await;
    let rings = async || {
        let since = time(&page).await;
        let ring = server.ring(200, "+34666555444");
        page.expect("phone:ringing").await;
        // The first two seconds fade in.
        within(RING_PERIOD * 4, "the second ring", async || {
            (time(&page).await > since + 5_000.0).then_some(())
        })
        .await;
        let level = loudest(&page, since).await;
        server.hang_up(&ring);
        page.expect("phone:terminated").await;
        expect_silence(&page, time(&page).await, RING_PERIOD).await;
        level
    };
    let full = rings().await;
    assert!(full > 0.05, "{full}");

    page.post(json!({ "type": "navigate", "data": { "view": "settings" } })).await;
    let (ring_speaker, speaker) = page
        .phone(async |frame| {
            frame.find(Locator::Css("[aria-label='Ring volume']")).await;
            frame.run(CHOOSE, vec![json!(".ring-volume"), json!("20")]).await;
            let speaker = frame.run(CHOOSE, vec![json!(".speakers"), json!("Fake Audio Output 1")]).await;
            (frame.run(CHOOSE, vec![json!(".ring-speakers"), json!("Fake Audio Output 2")]).await, speaker)
        })
        .await;
    let soft = rings().await;
    assert!((0.1..0.35).contains(&(soft / full)), "a fifth of {full}: {soft}");
    let sinks = async || page.phone(async |frame| frame.run("return sinks", Vec::new()).await).await;
    assert_eq!(sinks().await.as_array().and_then(|all| all.last().cloned()), Some(ring_speaker));

    // What the line says is for the ear alone, as loud as ever.
    let since = time(&page).await;
    page.click2call("603").await;
    page.expect("phone:progress").await;
    expect_sound(&page, since, &LINE).await;
    assert_eq!(sinks().await.as_array().and_then(|all| all.last().cloned()), Some(speaker));
    within(RING_PERIOD, "the ringback, as loud as ever", async || {
        (loudest(&page, since).await > 0.05).then_some(())
    })
    .await;
}

/// A page for RingCentral's phone has a ring of its own: a second of 1,500 Hz (RIFF WAVE, 8,000 octets a second).
fn own_ring() -> Vec<u8> {
    const RATE: u32 = 8_000;
    let number = |number: u32| number.to_le_bytes();
    // PCM of one channel; the rate, octets a second, one octet a sample, eight bits of it.
    let format = [&[1, 0, 1, 0], &number(RATE)[..], &number(RATE), &[1, 0, 8, 0]].concat();
    let samples: Vec<u8> = (0..RATE)
        .map(|at| (f64::from(at) * 1_500.0 * std::f64::consts::TAU / f64::from(RATE)).sin())
        .map(|level| (128.0 + 100.0 * level).round() as u8)
        .collect();
    [&b"RIFF"[..], &number(36 + RATE), b"WAVEfmt ", &number(16), &format, b"data", &number(RATE), &samples]
        .concat()
}

/// What the page says, and the name of its ring.
const GIVE_RING: &str = "frames.sf.postMessage({ type: 'rc-adapter-update-ringtone', name: 'Own', uri: arguments[0], volume: 0.5 }, '*');";

/// The phone of a page for RingCentral's, and how many sounds it has read.
async fn open_for_rings(server: &Server) -> Page {
    let page = open_metered_at(server, Setup::Microphone, "/200/?dialect=rc").await;
    let watch = "self.decoded = 0; const { decodeAudioData } = BaseAudioContext.prototype; \
         BaseAudioContext.prototype.decodeAudioData = async function (file) { \
         const sound = await decodeAudioData.call(this, file); decoded += 1; return sound; };";
    page.phone(async |frame| frame.run(watch, Vec::new()).await).await;
    page
}

/// The page's ring has been read, and is all that is heard when somebody calls.
async fn expect_own_ring(page: &Page, server: &Server) {
    until("the sound is read", async || {
        let decoded = page.phone(async |frame| frame.run("return decoded", Vec::new()).await).await;
        (decoded == 1).then_some(())
    })
    .await;
    server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    expect_sound(page, 0.0, &[1_500.0]).await;
    let ours = heard(page).await;
    assert!(ours.iter().all(|one| one["hertz"].as_f64() > Some(1_400.0)), "nothing else rings: {ours:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_rings_with_the_sound_that_its_page_gives_it_until_it_is_answered() {
    let server = Server::start();
    let page = open_for_rings(&server).await;
    let embedded = "return 'data:audio/wav;base64,' + btoa(String.fromCharCode(...arguments[0]))";
    let uri = page.run(embedded, vec![json!(own_ring())]).await;
    page.run(GIVE_RING, vec![uri]).await;
    expect_own_ring(&page, &server).await;
    page.answer().await;
    page.expect("phone:accepted").await;
    expect_cut_off(&page, "click").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_rings_with_a_sound_of_an_origin_that_is_named_and_says_what_it_cannot_have() {
    let [named, other] = [(); 2].map(|()| serve_file("audio/wav", own_ring()));
    let broken = serve_file("audio/wav", b"no sound".to_vec());
    let server = Server::with_widget(&json!({ "soundHosts": [named, broken] }));
    let page = open_for_rings(&server).await;
    for origin in [other, broken] {
        page.run(GIVE_RING, vec![json!(format!("{origin}/ring.wav"))]).await;
        let error = page.expect("softframe:error").await;
        assert_eq!(error["command"], "rc-adapter-update-ringtone", "{origin}: {error}");
    }
    page.run(GIVE_RING, vec![json!(format!("{named}/ring.wav"))]).await;
    expect_own_ring(&page, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ring_that_the_browser_refuses_is_shown_and_sounds_after_a_click() {
    let server = Server::start();
    let page = open_metered(&server, Setup::NoAutoplay).await;
    let ring = server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    page.expect("phone:audio-blocked").await;
    assert_eq!(page.expect("widget:attention").await["reason"], "sound");
    assert_eq!(heard(&page).await, Vec::<Value>::new(), "the browser lets nothing be heard");
    let clicked = time(&page).await;
    page.phone(async |frame| frame.press("Ringing silently. Turn on sound").await).await;
    expect_sound(&page, clicked, &RING).await;
    page.phone(async |frame| {
        let text = frame.text().await;
        assert!(!text.contains("Ringing silently"), "{text}");
    })
    .await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    expect_silence(&page, time(&page).await, RING_PERIOD).await;
}
