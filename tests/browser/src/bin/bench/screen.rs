//! What a person sees: whether anything moves while the phone loads, how soon a call stands on the screen, and how
//! long a key keeps the phone's thread while the hits among a quarter of a million contacts are found and laid out.

use super::{ROUNDS, now_and_post, print};
use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, until};
use std::time::Duration;

/// As many as the largest books have.
const CONTACTS: usize = 250_000;
/// Reading them all takes some seconds, on a busy machine some more.
const PATIENCE: Duration = Duration::from_secs(120);
/// What lies between two pictures of a screen with 60 of them a second; what a key may take; and what may move.
const AIMS: &str = "aims: nothing moves; 16.7 ms for a call; 2 ms for a key";

/// Whatever has moved since the frame was loaded (Layout Instability API), also before this was asked.
const SHIFTS: &str = "const done = arguments[arguments.length - 1]; let sum = 0; \
     const add = (list) => list.forEach((one) => { sum += one.value; }); \
     const watch = new PerformanceObserver((list) => add(list.getEntries())); \
     watch.observe({ type: 'layout-shift', buffered: true }); \
     requestAnimationFrame(() => setTimeout(() => { add(watch.takeRecords()); watch.disconnect(); done(sum); }));";

/// Notes how long after an event the call stands on the screen, laid out. The phone's own listener comes first, and an
/// event carries the time at which it began to be told.
const WATCH_CALLS: &str = "self.opened = []; const open = (event) => { \
       if (document.querySelector('.screen.call:not([hidden])')) { document.body.offsetHeight; \
         opened.push(performance.now() - event.timeStamp); } }; \
     for (const socket of softframe.sockets.values()) socket.addEventListener('message', (event) => { \
       const text = typeof event.data === 'string' ? event.data : new TextDecoder().decode(event.data); \
       if (text.startsWith('INVITE ')) open(event); }); \
     addEventListener('message', (event) => { if (event.data?.type === 'click2call') open(event); });";

/// Notes how long each letter keeps the thread until what it has changed is laid out.
const WATCH_KEYS: &str = "self.keys = []; let began; \
     addEventListener('input', () => { began = performance.now(); }, true); \
     addEventListener('input', () => { document.body.offsetHeight; keys.push(performance.now() - began); });";

/// What people type: names from the first letter on, numbers, and what nobody is called.
const TYPED: [&str; 6] = ["garcía", "ana smith", "60012", "müler", "+34600", "qqq"];

pub(crate) async fn measure(server: &Server, page: &Page) {
    println!("\n{AIMS}");
    shifts(server, page).await;
    calls(server, page).await;
    keys(page).await;
}

async fn shifts(server: &Server, page: &Page) {
    let mut moved = Vec::new();
    for _ in 0..ROUNDS {
        page.run("document.querySelector('iframe')?.remove()", Vec::new()).await;
        until("the binding is gone", async || (!server.is_bound("200")).then_some(())).await;
        page.forget().await;
        page.add_frame("sf", &server.on("localhost", "/200/")).await;
        page.expect_connection("registered").await;
        let sum = page.phone(async |frame| frame.run_async(SHIFTS).await).await;
        moved.extend(sum.as_f64());
    }
    let most = moved.iter().copied().fold(0.0, f64::max);
    println!("{:<34} {most:>8.3}      (the most of {})", "layout shift, load → registered", moved.len());
}

async fn calls(server: &Server, page: &Page) {
    page.phone(async |frame| frame.run(WATCH_CALLS, Vec::new()).await).await;
    let (mut rings, mut dialled) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let ring = server.ring(200, "+34600000100");
        page.expect("phone:ringing").await;
        rings.push(opened(page).await);
        server.hang_up(&ring);
        page.expect("phone:terminated").await;
        close(page).await;

        now_and_post(page, json!({ "type": "click2call", "data": { "number": "600" } })).await;
        page.expect("phone:calling").await;
        dialled.push(opened(page).await);
        page.post(json!({ "type": "hangup" })).await;
        page.expect("phone:terminated").await;
        close(page).await;
        // The phone takes five calls in ten seconds from a page.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    print("INVITE comes → call on the screen", rings);
    print("click2call → call on the screen", dialled);
}

/// The last time that a call took to be on the screen.
async fn opened(page: &Page) -> f64 {
    until("the call is on the screen", async || {
        page.phone(async |frame| frame.run("return opened.pop() ?? null", Vec::new()).await).await.as_f64()
    })
    .await
}

/// A call that has ended may stand there until the person takes it away.
async fn close(page: &Page) {
    let script = "document.querySelector('.ended .done')?.click(); \
         return document.querySelector('.screen.call:not([hidden])') ? null : true";
    until("the call is off the screen", async || {
        page.phone(async |frame| frame.run(script, Vec::new()).await).await.as_bool()
    })
    .await;
}

async fn keys(page: &Page) {
    let push = "const first = ['María', 'José', 'Ana', 'Zoë', 'Łukasz', '美咲', 'محمد', 'John', 'Émilie', 'Dmitri']; \
         const last = ['García', 'Smith', 'Kowalska', 'Müller', 'O’Brien', '佐藤', 'Nguyễn', 'الأحمد', 'Иванов', 'Lindqvist']; \
         let lines = ''; for (let n = 0; n < arguments[0]; n++) lines += JSON.stringify({ id: `p${n}`, \
           name: `${first[n % 10]} ${last[(n / 10 | 0) % 10]} ${(n * 7919 % 100003).toString(36)}`, \
           phones: [`+34${600000000 + n}`] }) + '\\n'; \
         const ndjson = new TextEncoder().encode(lines).buffer; \
         frames.sf.postMessage({ type: 'contacts', data: { ndjson, mode: 'replace' } }, '*', [ndjson])";
    page.forget().await;
    page.run(push, vec![json!(CONTACTS)]).await;
    page.expect_where(PATIENCE, "contacts:indexed", |data| data["count"] == CONTACTS).await;
    page.phone(async |frame| frame.run(WATCH_KEYS, Vec::new()).await).await;
    for (tab, field, what) in [
        ("#tab-keypad", ".number-field", "key → suggestions, 250,000"),
        ("#tab-contacts", ".search input", "key → list of contacts, 250,000"),
    ] {
        page.phone(async |frame| frame.click(tab).await).await;
        let mut took = Vec::new();
        for text in TYPED {
            took.extend(typed(page, field, text).await);
        }
        print(what, took);
    }
}

/// Types a text letter by letter, and takes it away again; how long each of the letters took.
async fn typed(page: &Page, field: &str, text: &str) -> Vec<f64> {
    let empty = "const field = document.querySelector(arguments[0]); field.value = ''; \
         field.dispatchEvent(new Event('input', { bubbles: true })); keys.length = 0;";
    let keys = page
        .phone(async |frame| {
            frame.run(empty, vec![json!(field)]).await;
            frame.type_into(field, text).await;
            let count = text.chars().count();
            let all = "return keys.length < arguments[0] ? null : keys";
            until("all keys have come", async || {
                let keys = frame.run(all, vec![json!(count)]).await;
                (!keys.is_null()).then_some(keys)
            })
            .await
        })
        .await;
    keys.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}
