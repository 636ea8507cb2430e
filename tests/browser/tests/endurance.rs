//! One page for many working days: a thousand calls without a reload leave it as large as it was, and able to call.

use serde_json::json;
use softframe_browser_tests::{Page, Server, Setup, within};
use std::time::Duration;

/// Chromium refuses the 501st connection of a page unless somebody sees to it that the closed ones are collected.
const CALLS: usize = 1_000;
/// By then the phone remembers as many calls as it ever does, and the browser has compiled what is used often.
const FIRST: usize = 500;
/// The screen of an ended call goes by itself, the sound rests.
const REST: Duration = Duration::from_secs(12);
/// What may be more at the end than after [`FIRST`], in hundredths.
const GROWTH: f64 = 5.0;

/// So many calls, unless `SOFTFRAME_SOAK_CALLS` says how many.
fn calls() -> usize {
    std::env::var("SOFTFRAME_SOAK_CALLS").ok().and_then(|text| text.parse().ok()).unwrap_or(CALLS)
}

/// Keeps the memory of the module where it can be looked at.
const WATCH: &str = "const make = WebAssembly.instantiateStreaming; \
     WebAssembly.instantiateStreaming = async (...what) => { const made = await make.apply(WebAssembly, what); \
         self.memory = made.instance.exports.memory; return made; };";

/// Calls again as soon as it can, as often as it may.
const AGAIN: &str = "self.allowed = 0; const turn = () => { \
     const button = allowed > 0 && [...document.querySelectorAll('button')].find((one) => one.checkVisibility() && one.textContent.trim() === 'Call again'); \
     if (button) { allowed--; button.click(); } setTimeout(turn, 5); }; turn();";

/// What a page is made of.
#[derive(Debug)]
struct Size {
    /// Octets of scripts and documents after the garbage was collected, and of the module.
    memory: f64,
    nodes: f64,
    listeners: f64,
}

impl Size {
    async fn of(page: &Page) -> Size {
        forget(page).await;
        tokio::time::sleep(REST).await;
        // What the first round only lets go of, the second one takes.
        for _ in 0..2 {
            page.browser.cdp("HeapProfiler.collectGarbage", json!({})).await;
        }
        let metrics = page.browser.cdp("Performance.getMetrics", json!({})).await;
        let metric = |name: &str| {
            let all = metrics["metrics"].as_array().expect("metrics");
            let found = all.iter().find(|metric| metric["name"] == name);
            found.and_then(|metric| metric["value"].as_f64()).expect("a metric")
        };
        let heap = page.browser.cdp("Runtime.getHeapUsage", json!({})).await;
        let module = page.phone(async |frame| frame.run("return memory.buffer.byteLength", Vec::new()).await);
        let octets = [heap["usedSize"].clone(), heap["embedderHeapUsedSize"].clone(), module.await];
        Size {
            memory: octets.iter().map(|part| part.as_f64().expect("a number")).sum(),
            nodes: metric("Nodes"),
            listeners: metric("JSEventListeners"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_in_one_page_leave_it_as_large_as_it_was_and_able_to_call() {
    let server = Server::start();
    let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
    page.browser.before_each_document(&format!("if (self !== top) {{ {WATCH} }}")).await;
    page.browser.cdp("Performance.enable", json!({})).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    page.phone(async |frame| frame.run(AGAIN, Vec::new()).await).await;
    call(&page, FIRST).await;
    let first = Size::of(&page).await;
    call(&page, calls() - FIRST).await;
    let last = Size::of(&page).await;
    println!("after {FIRST} calls {first:?}, after {} {last:?}", calls());
    for (what, first, last) in [
        ("memory", first.memory, last.memory),
        ("nodes", first.nodes, last.nodes),
        ("listeners", first.listeners, last.listeners),
    ] {
        assert!(last <= first * (1.0 + GROWTH / 100.0), "{what}: {first} → {last}");
    }
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
}

/// So many calls, each of which the server refuses: nobody has that number.
async fn call(page: &Page, count: usize) {
    forget(page).await;
    page.click2call("699").await;
    page.phone(async |frame| frame.run("allowed = arguments[0]", vec![json!(count - 1)]).await).await;
    // Counted there: what the driver carries, it keeps.
    let script = "const ended = heard.filter((event) => event.type === 'phone:terminated'); \
         return [ended.length, ended.filter((event) => event.data.cause.code === 404).length]";
    let patience = Duration::from_secs(60) + Duration::from_millis(500) * count as u32;
    let ended = within(patience, "the calls end", async || {
        let ended = page.run(script, Vec::new()).await;
        (ended[0].as_u64() >= Some(count as u64)).then_some(ended)
    })
    .await;
    assert_eq!(ended, json!([count, count]));
}

/// The page keeps nothing of what it was told.
async fn forget(page: &Page) {
    page.run("heard.length = 0", Vec::new()).await;
    page.forget().await;
}
