//! The times that `cargo xtask bench` prints: medians over a few rounds on this machine, to compare, not to pass.
//!
//! It measures from outside: what the page is told, what leaves by the socket, and what stands on the screen.

#[path = "bench/screen.rs"]
mod screen;

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, until};

/// Rounds of each figure; the median of fewer jumps.
const ROUNDS: usize = 7;

/// Contacts of one message.
const CONTACTS: usize = 20_000;

/// Notes every task of the phone's thread above 50 ms (Long Tasks API), from the load of its page on.
const WATCH_TASKS: &str = "self.tasks = []; new PerformanceObserver((list) => { for (const one of list.getEntries()) tasks.push(one.duration) }) \
     .observe({ type: 'longtask', buffered: true })";

/// Notes when what leaves by the socket, when a socket closes, and when the first packet of a call comes. Clocks of
/// the two frames are comparable by their `timeOrigin`.
const WATCH: &str = "self.left = []; self.now = () => performance.timeOrigin + performance.now(); \
     const send = WebSocket.prototype.send; WebSocket.prototype.send = function (data) { \
       const text = typeof data === 'string' ? data : new TextDecoder().decode(data); \
       left.push([text.split('\\r\\n')[0], /CSeq: *\\d+ *(\\w+)/i.exec(text)?.[1] ?? '', now()]); return send.call(this, data); }; \
     for (const socket of softframe.sockets.values()) socket.addEventListener('close', () => left.push(['close', '', now()])); \
     const look = async () => { const peer = [...softframe.peers.values()].at(-1); \
       if (peer && !peer.heard) for (const one of (await peer.getStats()).values()) \
         if (one.type === 'inbound-rtp' && one.packetsReceived > 0) { peer.heard = true; left.push(['audio', '', now()]); } \
       setTimeout(look, 4); }; look();";

#[tokio::main]
async fn main() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), softframe_browser_tests::Setup::Microphone).await;
    start_up(&server, &page).await;
    calls(&server, &page).await;
    reconnect(&server, &page).await;
    contacts(&page).await;
    screen::measure(&server, &page).await;
    parsing(&page).await;
}

async fn start_up(server: &Server, page: &Page) {
    let (mut ready, mut logged) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        page.run("document.querySelector('iframe')?.remove()", Vec::new()).await;
        until("the binding is gone", async || (!server.is_bound("200")).then_some(())).await;
        page.forget().await;
        let start = page.run("return performance.now()", Vec::new()).await.as_f64().unwrap_or_default();
        page.add_frame("sf", &server.on("localhost", "/200/")).await;
        page.expect("logged").await;
        let heard = page.heard().await;
        let at = |kind: &str| {
            heard.iter().rev().find(|one| one["type"] == kind).and_then(|one| one["at"].as_f64())
        };
        ready.extend(at("softframe:ready").map(|at| at - start));
        logged.extend(at("logged").map(|at| at - start));
    }
    print("iframe src → softframe:ready", ready);
    print("iframe src → logged", logged);
    page.phone(async |frame| frame.run(WATCH_TASKS, Vec::new()).await).await;
    long_tasks(page, "load").await;
}

async fn calls(server: &Server, page: &Page) {
    page.phone(async |frame| frame.run(WATCH, Vec::new()).await).await;
    let (mut invite, mut audio, mut answer) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let asked = now_and_post(page, json!({ "type": "click2call", "data": { "number": "600" } })).await;
        page.expect("phone:accepted").await;
        let heard = left(page, "audio", "").await;
        let sent = left(page, "INVITE", "INVITE").await;
        invite.push(sent - asked);
        audio.push(heard - sent);
        page.post(json!({ "type": "hangup" })).await;
        page.expect("phone:terminated").await;
        clear(page).await;

        server.ring(200, "100");
        page.expect("phone:ringing").await;
        clear(page).await;
        let asked = now_and_post(page, json!({ "type": "answer" })).await;
        page.expect("phone:accepted").await;
        answer.push(left(page, "SIP/2.0 200", "INVITE").await - asked);
        page.post(json!({ "type": "hangup" })).await;
        page.expect("phone:terminated").await;
        clear(page).await;
        // The phone takes five calls in ten seconds from a page.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    }
    print("click2call → INVITE on the wire", invite);
    print("INVITE → first audio packet", audio);
    print("answer → 200 on the wire", answer);
    long_tasks(page, "calls").await;
}

async fn reconnect(server: &Server, page: &Page) {
    let mut back = Vec::new();
    for _ in 0..ROUNDS {
        let listen = "for (const socket of softframe.sockets.values()) \
             socket.addEventListener('close', () => left.push(['close', '', now()]), { once: true }); left.length = 0;";
        page.phone(async |frame| frame.run(listen, Vec::new()).await).await;
        page.forget().await;
        server.fault("drop");
        page.expect_connection("registered").await;
        let heard = page.heard().await;
        let registered = heard.last().and_then(|one| one["at"].as_f64()).unwrap_or_default();
        let origin = page.run("return performance.timeOrigin", Vec::new()).await.as_f64().unwrap_or_default();
        back.push(origin + registered - left(page, "close", "").await);
    }
    print("socket cut → registered", back);
}

async fn contacts(page: &Page) {
    let took = push_contacts(page).await;
    print(&format!("{CONTACTS} contacts → indexed"), vec![took]);
    long_tasks(page, "contacts").await;
    let trace = page.trace().await;
    push_contacts(page).await;
    let steps = trace.end().await;
    println!(
        "longest step, the thread's own time {:>7.1} ms   (in ms: {})",
        steps.longest(),
        steps.histogram()
    );
}

/// From the message until all are indexed, in milliseconds.
async fn push_contacts(page: &Page) -> f64 {
    page.forget().await;
    let script = "const contacts = Array.from({ length: arguments[0] }, (_, n) => \
             ({ id: n, name: `Person${n} Family${n % 977}`, phones: [`+34${600000000 + n}`] })); \
         const at = performance.now(); frames.sf.postMessage({ type: 'contacts', data: { contacts } }, '*'); return at";
    let asked = page.run(script, vec![json!(CONTACTS)]).await.as_f64().unwrap_or_default();
    page.expect_within(std::time::Duration::from_secs(60), "contacts:indexed").await;
    let heard = page.heard().await;
    let indexed = heard.iter().rev().find(|one| one["type"] == "contacts:indexed");
    indexed.and_then(|one| one["at"].as_f64()).unwrap_or_default() - asked
}

/// Our reader and digest beside those of JsSIP and SIP.js, in one page, in turns: the script of `tests/parsing`.
async fn parsing(page: &Page) {
    let path = std::env::var("SOFTFRAME_PARSING").expect("cargo xtask bench says where the script is");
    let script = std::fs::read_to_string(path).expect("the script");
    let rows = page.run(&format!("{script}; return parsing.run()"), Vec::new()).await;
    println!(
        "\n{:<34} {:>8} {:>17} {:>17}",
        "µs, the least of 60 batches", "ours", "JsSIP 3.13", "SIP.js 0.21"
    );
    for row in rows.as_array().into_iter().flatten() {
        let at = |place: usize| row[place].as_f64().unwrap_or(f64::NAN);
        let other = |place: usize| format!("{:.1} ({:.0} x)", at(place), at(place) / at(1));
        println!(
            "{:<34} {:>8.1} {:>17} {:>17}",
            row[0].as_str().unwrap_or_default(),
            at(1),
            other(2),
            other(3)
        );
    }
}

/// What held the phone's thread for more than 50 ms since this was last asked.
async fn long_tasks(page: &Page, part: &str) {
    // The browser tells of a task some time after its end.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let found = page.phone(async |frame| frame.run("return tasks.splice(0)", Vec::new()).await).await;
    let tasks: Vec<f64> = found.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    let longest = tasks.iter().copied().fold(0.0, f64::max);
    let what = format!("tasks above 50 ms, {part}");
    println!("{what:<34} {:>8}      (longest {longest:.0} ms)", tasks.len());
}

/// The time in the page, just before it posts.
async fn now_and_post(page: &Page, message: Value) -> f64 {
    let script = "const at = performance.timeOrigin + performance.now(); frames.sf.postMessage(arguments[0], '*'); return at";
    page.run(script, vec![message]).await.as_f64().unwrap_or_default()
}

/// When the first frame with this start and CSeq method left.
async fn left(page: &Page, start: &str, method: &str) -> f64 {
    let script = "return left.find(([line, method]) => line.startsWith(arguments[0]) && method === arguments[1])?.[2] ?? null";
    until(&format!("{start} leaves"), async || {
        page.phone(async |frame| frame.run(script, vec![json!(start), json!(method)]).await).await.as_f64()
    })
    .await
}

async fn clear(page: &Page) {
    page.phone(async |frame| frame.run("left.length = 0", Vec::new()).await).await;
}

fn print(what: &str, mut milliseconds: Vec<f64>) {
    milliseconds.sort_by(f64::total_cmp);
    let at = |place: usize| milliseconds.get(place).copied().unwrap_or(f64::NAN);
    let last = milliseconds.len().saturating_sub(1);
    println!("{what:<34} {:>8.1} ms   ({:.1} – {:.1})", at(last / 2), at(0), at(last));
}
