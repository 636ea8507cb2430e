//! One page for many working days: hundreds of calls without a reload leave it as large as it was, and able to call.

use serde_json::json;
use softframe_browser_tests::{Page, Server, Setup, within};
use std::time::Duration;

/// Chromium refuses the 501st connection of a page unless somebody sees to it that the closed ones are collected.
const CALLS: usize = 600;
/// After so many of them it is measured first: by then the browser has compiled what is used often. The page is a fresh
/// one, so that its recents still fill up.
const FIRST: usize = 100;
/// The screen of an ended call goes by itself, the sound rests.
const REST: Duration = Duration::from_secs(12);
/// Of collecting garbage.
const ROUNDS: usize = 5;
const SWEEP: Duration = Duration::from_millis(500);
/// What may be more at the end than after [`FIRST`], in hundredths. All that grows of scripts in 500 calls is what V8 compiles
/// of functions that are called often, 95 kB, each once: by heap snapshots, objects and strings are 150 octets more.
const GROWTH: f64 = 5.0;
/// What only goes late, on a machine that has much else to do, is gone at one of so many looks; what is kept is there at each.
const LOOKS: usize = 4;
/// Between two looks at how many calls have ended: each costs the browser some hundred octets for good.
const LOOK: Duration = Duration::from_secs(3);
/// On a machine that has much else to do.
const LONGEST_CALL: Duration = Duration::from_secs(2);

/// So many calls, unless `SOFTFRAME_SOAK_CALLS` says how many.
fn calls() -> usize {
    std::env::var("SOFTFRAME_SOAK_CALLS").ok().and_then(|text| text.parse().ok()).unwrap_or(CALLS)
}

/// Keeps the memory of the module where it can be looked at.
const WATCH: &str = "const make = WebAssembly.instantiateStreaming; \
     WebAssembly.instantiateStreaming = async (...what) => { const made = await make.apply(WebAssembly, what); \
         self.memory = made.instance.exports.memory; return made; };";

/// Calls one after the other, as often as it may, numbers in turn. Hangs up as soon as there is sound.
const AGAIN: &str = "self.made = 0; self.began = 0; self.hangsUp = true; \
     const phone = () => document.querySelector('iframe[name=sf]').contentWindow; \
     self.again = () => { if (allowed-- <= 0) return; began = performance.now(); \
         phone().postMessage({ type: 'click2call', data: { number: numbers[made++ % numbers.length] } }, '*'); }; \
     addEventListener('message', ({ data }) => { \
         if (hangsUp && data?.type === 'test:sound') phone().postMessage({ type: 'hangup' }, '*'); \
         if (data?.type === 'phone:terminated') setTimeout(again, Math.max(0, began + pace - performance.now())); });";

/// In the frame: tells the page of each call that has sound.
const TELL: &str = "let last; const turn = () => { const peer = [...softframe.peers.values()].at(-1); \
     if (peer !== last && (!peer || peer.connectionState === 'connected')) { last = peer; if (peer) parent.postMessage({ type: 'test:sound' }, '*'); } \
     setTimeout(turn, 5); }; turn();";

/// Chromium keeps the first 200 long tasks and the first 200 long frames of a page, for who asks for them later: 193 kB. On a
/// busy machine each call is one. Here their places are taken before anything is measured.
const LONG_TASKS: &str = "await new Promise((done) => { let left = 200; const task = () => { \
         const end = performance.now() + 51; while (performance.now() < end); \
         if (left-- > 0) requestAnimationFrame(() => setTimeout(task)); else done(); }; task(); })";
/// How long they may take, eleven seconds on a machine that has nothing else to do.
const LONGEST_TASKS: Duration = Duration::from_secs(120);

/// What a page is made of.
#[derive(Debug)]
struct Size {
    /// Octets after the garbage was collected: of scripts, of documents, and of the module.
    memory: [f64; 3],
    nodes: f64,
    listeners: f64,
}

impl Size {
    async fn of(page: &Page) -> Size {
        forget(page).await;
        tokio::time::sleep(REST).await;
        // What one round only lets go of, the next one takes; documents are swept in between.
        for _ in 0..ROUNDS {
            page.browser.cdp("HeapProfiler.collectGarbage", json!({})).await;
            tokio::time::sleep(SWEEP).await;
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
            memory: octets.map(|part| part.as_f64().expect("a number")),
            nodes: metric("Nodes"),
            listeners: metric("JSEventListeners"),
        }
    }

    /// At the end, as soon as it is not too large any more beside what it was.
    async fn at_last(page: &Page, first: &Size) -> Size {
        let mut last = Size::of(page).await;
        for _ in 1..LOOKS {
            if last.outgrows(first).is_none() {
                break;
            }
            println!("once more, after {last:?}");
            last = Size::of(page).await;
        }
        last
    }

    /// What of it is too large beside what it was, if anything is.
    fn outgrows(&self, first: &Size) -> Option<&'static str> {
        let too_large = |last: f64, first: f64| last > first * (1.0 + GROWTH / 100.0);
        [
            ("memory", self.memory.iter().sum(), first.memory.iter().sum()),
            ("nodes", self.nodes, first.nodes),
            ("listeners", self.listeners, first.listeners),
        ]
        .into_iter()
        .find_map(|(what, last, first)| too_large(last, first).then_some(what))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_answered_calls_in_one_page_leave_it_as_large_as_it_was_and_able_to_call() {
    stay_as_large(ANSWERED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_refused_calls_in_one_page_leave_it_as_large_as_it_was_and_able_to_call() {
    stay_as_large(REFUSED).await;
}

/// Each of these takes five calls of one caller in ten seconds.
const ANSWERED: Kind = Kind {
    numbers: ["600", "601", "606", "607"],
    code: 200,
    has_sound: true,
    pace: Duration::from_millis(560),
};
const REFUSED: Kind =
    Kind { numbers: ["696", "697", "698", "699"], code: 404, has_sound: false, pace: Duration::ZERO };

/// Of calls.
#[derive(Clone, Copy)]
struct Kind {
    /// Those that answer, or those that nobody has.
    numbers: [&'static str; 4],
    /// How each ends.
    code: u16,
    has_sound: bool,
    /// From one to the next, at least.
    pace: Duration,
}

async fn stay_as_large(kind: Kind) {
    let server = Server::with_widget(&json!({ "dial": { "hostLimit": null } }));
    let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
    // What is measured is the phone with its calls, and nothing that the tests ask for beside them.
    page.run("self.asksState = false", Vec::new()).await;
    page.browser.before_each_document(&format!("if (self !== top) {{ {WATCH} }}")).await;
    page.browser.cdp("Performance.enable", json!({})).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    page.browser.allow_scripts(LONGEST_TASKS).await;
    page.run_async(LONG_TASKS).await.expect("the tasks are done");
    page.run(AGAIN, Vec::new()).await;
    page.phone(async |frame| frame.run(TELL, Vec::new()).await).await;
    call(&page, kind, FIRST).await;
    let first = Size::of(&page).await;
    let begin = std::time::Instant::now();
    // One more look on the way tells what levels off from what does not.
    let half = (calls() - FIRST) / 2;
    call(&page, kind, half).await;
    let middle = Size::of(&page).await;
    call(&page, kind, calls() - FIRST - half).await;
    let took = begin.elapsed();
    let last = Size::at_last(&page, &first).await;
    let figures = format!(
        "after {FIRST} calls {first:?}, after {} {middle:?}, after {} {last:?}; {took:?} between",
        FIRST + half,
        calls()
    );
    println!("{figures}");
    assert_eq!(last.outgrows(&first), None, "{figures}");
    page.run("hangsUp = false", Vec::new()).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
}
/// So many calls, one after the other.
async fn call(page: &Page, kind: Kind, count: usize) {
    forget(page).await;
    let pace = u64::try_from(kind.pace.as_millis()).expect("short");
    let arguments = vec![json!(kind.numbers), json!(pace), json!(count)];
    page.run("[self.numbers, self.pace, self.allowed] = arguments; again()", arguments).await;
    // Counted there, and seldom asked for: what the driver carries, the browser keeps.
    let script = "const [code] = arguments; const of = (type) => heard.filter((event) => event.type === type); \
         const ended = of('phone:terminated'); \
         return [ended.length, ended.filter((event) => event.data.cause.code === code).length, \
             of('phone:accepted').length, of('test:sound').length]";
    let patience = Duration::from_secs(60) + LONGEST_CALL * count as u32;
    let counts = within(patience, "the calls end", async || {
        tokio::time::sleep(LOOK).await;
        let counts = page.run(script, vec![json!(kind.code)]).await;
        (counts[0].as_u64() >= Some(count as u64)).then_some(counts)
    })
    .await;
    let answered = if kind.has_sound { count } else { 0 };
    assert_eq!(counts, json!([count, count, answered, answered]));
}

/// The page keeps nothing of what it was told.
async fn forget(page: &Page) {
    page.run("heard.length = 0", Vec::new()).await;
    page.forget().await;
}
