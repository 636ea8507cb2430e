//! A quarter of a million contacts, and whoever shares the thread with them: the page, the person, a call.
//!
//! Judged is the thread's own time, which other work of the machine does not lengthen.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, Setup, Stretches, until, within};
use std::time::{Duration, Instant};

/// As many as the largest books have.
const MANY: usize = 250_000;
/// More than any list that a browser scrolls by itself.
const ROWS: usize = 400_000;
/// A task that a person notices.
const LONG_MS: f64 = 50.0;
/// What lies between two pictures on a screen.
const A_PICTURE_MS: f64 = 17.0;
/// Only what never comes takes so long: a machine with much other work has taken two minutes for what takes it two seconds.
const PATIENCE: Duration = Duration::from_secs(400);

/// Names and numbers as in life: few names of many people, no two people alike.
const PEOPLE: &str = "const first = ['María', 'José', 'Ana', 'Zoë', 'Łukasz', '美咲', 'محمد', 'John', 'Émilie', 'Dmitri']; \
     const last = ['García', 'Smith', 'Kowalska', 'Müller', 'O’Brien', '佐藤', 'Nguyễn', 'الأحمد', 'Иванов', 'Lindqvist']; \
     self.person = (n) => ({ id: `p${n}`, name: `${first[n % 10]} ${last[(n / 10 | 0) % 10]} ${(n * 7919 % 100003).toString(36)}`, \
         phones: [`+34${600000000 + n}`] });";

/// Pushes `arguments[0]` people to the frame `arguments[1]` in batches of a hundred, as fast as its event loop lets it,
/// and keeps how late its own timer is.
const BATCHES: &str = "const [total, name] = arguments; let at = 0, n = 0; self.gaps = []; self.posted = false; self.stop = false; \
     let last = performance.now(); \
     const tick = () => { const now = performance.now(); gaps.push(now - last); last = now; if (!stop) setTimeout(tick); }; tick(); \
     const channel = new MessageChannel(); \
     channel.port1.onmessage = () => { const contacts = []; \
         while (contacts.length < 100 && at < total) contacts.push(person(at++)); \
         frames[name].postMessage({ type: 'contacts', data: { contacts, batch: { n: n++, last: at >= total } } }, '*'); \
         if (at < total) channel.port2.postMessage(0); else posted = true; }; \
     channel.port2.postMessage(0);";

/// Pushes `arguments[1]` people of the source `arguments[0]` in batches.
const MORE_BATCHES: &str = "const [source, total] = arguments; let at = 0, n = 0; self.posted = false; const channel = new MessageChannel(); \
     channel.port1.onmessage = () => { const contacts = []; \
         while (contacts.length < 100 && at < total) contacts.push(person(at++)); \
         frames.sf.postMessage({ type: 'contacts', data: { contacts, source, batch: { n: n++, last: at >= total } } }, '*'); \
         if (at < total) channel.port2.postMessage(0); else posted = true; }; \
     channel.port2.postMessage(0);";

/// The source of the contacts that are indexed beside call or second `round`.
fn more(round: usize) -> String {
    format!("more{round}")
}

/// Pushes [`MORE`] contacts while the test goes on.
async fn push_more(page: &Page, round: usize) {
    page.run(MORE_BATCHES, vec![json!(more(round)), json!(MORE)]).await;
}

/// Median, 99 of a hundred, longest, how many over 50 ms, and how many there are.
const GAPS: &str = "self.stop = true; const sorted = gaps.toSorted((a, b) => a - b); \
     const at = (share) => sorted[Math.min(sorted.length - 1, sorted.length * share | 0)]; \
     return [at(.5), at(.99), sorted.at(-1), sorted.filter((gap) => gap > 50).length, sorted.length];";

async fn gaps(page: &Page) -> Vec<f64> {
    let gaps = page.run(GAPS, Vec::new()).await;
    let figures = gaps.as_array().expect("figures").iter();
    figures.map(|figure| figure.as_f64().expect("a number")).collect()
}

/// Waits until all have come in; how many there are then.
async fn expect_indexed(page: &Page, count: usize) {
    page.expect_where(PATIENCE, "contacts:indexed", |data| data["count"] == count).await;
}

fn print(what: &str, steps: &Stretches) {
    println!(
        "{what}: steps {}, longest {:.2} ms; longest task {:.1} ms, over 50 ms: {}",
        steps.histogram(),
        steps.longest(),
        steps.longest_task(),
        steps.tasks_over(LONG_MS)
    );
}

/// Progress comes at most four times a second.
async fn expect_rare_progress(page: &Page, took: Duration) {
    let heard = page.heard().await;
    let told = heard.iter().filter(|event| event["type"] == "contacts:indexing").count();
    println!("{told} times told of progress");
    // Not by the times at which a busy page heard of it: those of two that are told far apart may be close together.
    assert!(told as f64 <= 1.0 + 4.0 * took.as_secs_f64(), "{told} times in {took:?}");
}

/// Progress of one push never goes back, and says from the beginning how many there are: to a tenth where that is an
/// estimate.
async fn expect_whole_progress(page: &Page, count: usize) {
    let heard = page.heard().await;
    let told = heard.iter().filter(|event| event["type"] == "contacts:indexing");
    let told: Vec<(u64, u64)> = told
        .filter_map(|event| Some((event["data"]["done"].as_u64()?, event["data"]["total"].as_u64()?)))
        .collect();
    println!("progress: {told:?}");
    assert!(told.len() > 1 && told.is_sorted_by_key(|(done, _)| *done), "{told:?}");
    // The first may be told before a row was looked at.
    let near = told.iter().skip(1).all(|(_, total)| total.abs_diff(count as u64) <= count as u64 / 10);
    assert!(near, "{told:?}");
}

/// Whether progress is shown, and where the list begins.
async fn list_place(page: &Page) -> Value {
    let script = "const list = document.querySelector('.contacts-scroll'); if (!list?.checkVisibility()) return null; \
         return [document.querySelector('.usable').checkVisibility(), list.getBoundingClientRect().top];";
    page.phone(async |frame| frame.run(script, Vec::new()).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn quarter_million_in_batches_leave_a_page_of_the_same_site_its_timers() {
    let server = Server::start();
    // A frame that listens to nothing: what the page itself costs.
    let page = Page::open_on(&server, "localhost", "/200/").await;
    page.expect("logged").await;
    page.add_frame("control", &server.on("localhost", "/demo/crm.css")).await;
    page.run(PEOPLE, Vec::new()).await;
    let start = Instant::now();
    page.run(BATCHES, vec![json!(MANY), json!("sf")]).await;
    let early = within(PATIENCE, "a hit", async || {
        let found = page.ask("contacts:search", json!({ "query": "kowal", "max": 3 })).await.ok()?;
        found["hits"].as_array().is_some_and(|hits| !hits.is_empty()).then_some(start.elapsed())
    })
    .await;
    page.post(json!({ "type": "navigate", "data": { "view": "contacts" } })).await;
    let working = until("the list", async || Some(list_place(&page).await).filter(|at| !at.is_null())).await;
    expect_indexed(&page, MANY).await;
    let took = start.elapsed();
    let rested = list_place(&page).await;
    assert_eq!((working[0].as_bool(), rested[0].as_bool()), (Some(true), Some(false)), "{working} {rested}");
    assert_eq!(working[1], rested[1], "what is shown of the progress moves the list");
    page.phone(async |frame| frame.reads("250,000 contacts").await).await;
    println!("first hit after {early:?}, all after {took:?}");
    let with = gaps(&page).await;
    expect_rare_progress(&page, took).await;
    page.run(BATCHES, vec![json!(MANY), json!("control")]).await;
    within(PATIENCE + took * 2, "as long", async || (start.elapsed() > took * 2).then_some(())).await;
    let control = gaps(&page).await;
    println!(
        "the page's timer, ms (median, p99, longest, over 50, all): {with:.1?}, without the phone {control:.1?}"
    );
    // Once more under the clock of the thread, whose marks cost time themselves.
    page.post(json!({ "type": "contacts:clear", "data": {} })).await;
    expect_indexed(&page, 0).await;
    let trace = page.trace().await;
    page.run(BATCHES, vec![json!(MANY), json!("sf")]).await;
    expect_indexed(&page, MANY).await;
    let again = gaps(&page).await;
    let steps = trace.end().await;
    print("in batches", &steps);
    assert_eq!(steps.tasks_over(LONG_MS), 0, "{:.1} ms", steps.longest_task());
    // The longest say more of the other work of the machine, which may have come with the first push, too.
    let median = with[0].min(again[0]);
    assert!(
        median <= control[0] + A_PICTURE_MS,
        "median: {with:?}, {again:?}, without the phone {control:?}"
    );
    let found = page.ask("contacts:match", json!({ "numbers": ["+34600249999"] })).await.expect("matches");
    assert_eq!(found["matches"]["+34600249999"][0]["id"], "p249999");
}

#[tokio::test(flavor = "multi_thread")]
async fn quarter_million_in_one_message_cost_no_long_task_once_the_browser_has_read_it() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.run(PEOPLE, Vec::new()).await;
    let trace = page.trace().await;
    let post = "const contacts = Array.from({ length: arguments[0] }, (_, n) => person(n)); \
         frames.sf.postMessage({ type: 'contacts', data: { contacts, source: 'bulk' } }, '*');";
    page.run(post, vec![json!(MANY)]).await;
    expect_indexed(&page, MANY).await;
    let steps = trace.end().await;
    print("in one message", &steps);
    let after = steps.longest_after_the_longest();
    println!("longest task after the one that deserialised: {after:.1} ms");
    assert!(after <= LONG_MS, "{after:.1} ms");
    expect_whole_progress(&page, MANY).await;
}

/// All as lines of JSON in one buffer that changes hands, through the port that `hello` brings.
const THROUGH_PORT: &str = "const total = arguments[0]; \
     addEventListener('message', ({ data, ports }) => { if (data?.type !== 'softframe:response' || !ports.length) return; \
         const lines = []; for (let n = 0; n < total; n++) lines.push(JSON.stringify(person(n))); \
         lines[17] = '{ broken'; lines[18] = '{\"id\":\"nobody\"}'; \
         const ndjson = new TextEncoder().encode(lines.join('\\n')).buffer; \
         ports[0].postMessage({ type: 'contacts', data: { ndjson, source: 'lines' } }, [ndjson]); }); \
     frames.sf.postMessage({ type: 'hello', id: 'port', data: { versions: [1], port: true } }, '*');";

#[tokio::test(flavor = "multi_thread")]
async fn four_hundred_thousand_lines_through_a_port_are_scrolled_from_the_first_to_the_last() {
    let server = Server::start();
    let page = Page::open_on(&server, "127.0.0.1", "/200/").await;
    page.expect("logged").await;
    page.run(PEOPLE, Vec::new()).await;
    let trace = if page.browser.is_chromium() { Some(page.trace().await) } else { None };
    page.run(THROUGH_PORT, vec![json!(ROWS)]).await;
    let indexed = page.expect_within(PATIENCE, "contacts:indexed").await;
    assert_eq!((&indexed["count"], &indexed["rejected"]), (&json!(ROWS - 2), &json!(2)), "{indexed}");
    assert_eq!(indexed["reasons"], json!({ "shape": 1, "no-name": 1 }));
    expect_whole_progress(&page, ROWS).await;
    if let Some(trace) = trace {
        let steps = trace.end().await;
        print("lines through a port", &steps);
        assert_eq!(steps.tasks_over(LONG_MS), 0, "{:.1} ms", steps.longest_task());
    }
    page.post(json!({ "type": "navigate", "data": { "view": "contacts" } })).await;
    for (share, row) in [(0.0, 1), (1.0, ROWS - 2), (0.5, ROWS / 2), (0.0, 1)] {
        let seen = scroll(&page, share).await;
        let near = seen.iter().any(|(at, size, _)| at.abs_diff(row) < ROWS / 1_000 && *size == ROWS - 2);
        assert!(near, "{share}: {seen:?}");
        assert!(seen.iter().all(|(.., name)| !name.is_empty()), "{seen:?}");
        println!("{share}: {:?}", seen.first());
        let places: Vec<usize> = seen.iter().map(|(at, ..)| *at).collect();
        assert!(places.windows(2).all(|pair| pair[1] == pair[0] + 1), "no row is missing: {places:?}");
    }
    // A search and back: the list begins anew, which is no fast scroll, and no letter stays over it.
    scroll(&page, 0.5).await;
    page.phone(async |frame| {
        frame.type_into(".search input", "garcia").await;
        frame.reads("The first 100 results").await;
        let said =
            "return document.querySelector('#say').textContent.includes('The first 100 results') || null";
        until("the count is said", async || frame.run(said, Vec::new()).await.as_bool()).await;
        let clear = "const field = document.querySelector('.search input'); field.value = ''; \
             field.dispatchEvent(new Event('input', { bubbles: true }));";
        frame.run(clear, Vec::new()).await;
        frame.reads("399,998 contacts").await;
        let letter =
            frame.run("return document.querySelector('.letter').checkVisibility()", Vec::new()).await;
        assert_eq!(letter, false, "the letter stays");
    })
    .await;
}

/// Scrolls the list to this share of its way; place, size of the set and name of the rows that are seen then.
async fn scroll(page: &Page, share: f64) -> Vec<(usize, usize, String)> {
    let go = "const list = document.querySelector('.contacts-scroll'); \
         list.scrollTop = (list.scrollHeight - list.clientHeight) * arguments[0];";
    let look = "const list = document.querySelector('.contacts-scroll'), box = list.getBoundingClientRect(); \
         const seen = [...list.querySelectorAll('.virtual > .row')].filter((row) => { const at = row.getBoundingClientRect(); \
             return row.checkVisibility() && at.bottom > box.top + 1 && at.top < box.bottom - 1; }) \
             .map((row) => [+row.ariaPosInSet, +row.ariaSetSize, row.querySelector('.name').textContent]); \
         return seen.sort((a, b) => a[0] - b[0]);";
    page.phone(async |frame| {
        until("the list is there", async || {
            let there = "return document.querySelectorAll('.virtual > .row').length > 3";
            (frame.run(there, Vec::new()).await == true).then_some(())
        })
        .await;
        frame.run(go, vec![json!(share)]).await;
        let mut last = Value::Null;
        // Until two looks are the same: the rows are written in the next frame.
        until("the rows rest", async || {
            let seen = frame.run(look, Vec::new()).await;
            let rests = seen == last && seen.as_array().is_some_and(|seen| seen.len() > 3);
            last = seen;
            rests.then_some(())
        })
        .await;
        serde_json::from_value(last).expect("rows")
    })
    .await
}

const SOME: usize = 5_000;

async fn push_some(page: &Page) {
    page.run(PEOPLE, Vec::new()).await;
    let post = "frames.sf.postMessage({ type: 'contacts', data: Array.from({ length: arguments[0] }, (_, n) => person(n)) }, '*')";
    page.run(post, vec![json!(SOME)]).await;
    page.expect_where(PATIENCE, "contacts:indexed", |data| data["count"] == SOME).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frame_off_screen_and_frame_that_is_not_displayed_index_all_the_same() {
    let server = Server::start();
    for place in
        ["position: fixed; left: -9000px; top: -9000px", "display: none", "width: 0; height: 0; border: 0"]
    {
        let page = Page::open_on(&server, "127.0.0.1", "/200/").await;
        page.expect("logged").await;
        page.run("document.querySelector('iframe').style.cssText = arguments[0]", vec![json!(place)]).await;
        push_some(&page).await;
    }
}

/// In one of four loads of a page where nothing moves, the browser never has idle time.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_of_twenty_loads_of_a_page_where_nothing_moves_index_all() {
    let server = Server::start();
    let page = Page::open_on(&server, "127.0.0.1", "/200/").await;
    for load in 0..20 {
        if load > 0 {
            page.reload().await;
            page.add_frame("sf", &server.on("localhost", "/200/")).await;
        }
        page.expect("softframe:ready").await;
        push_some(&page).await;
    }
}

/// Who asks for idle time waits until the test grants one, in which there is no time.
const NO_IDLE_TIME: &str = "if (self !== top) { self.asks = []; \
     self.requestIdleCallback = (ask) => asks.push(ask); \
     self.grant = () => asks.splice(0).forEach((ask) => ask({ didTimeout: false, timeRemaining: () => 0 })); }";

/// A widget that the browser never offers idle time.
async fn open_without_idle_time(server: &Server) -> Page {
    let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
    page.browser.before_each_document(NO_IDLE_TIME).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    page
}

/// Contacts and a thousand questions of the page, and an idle time while most of those wait. Whether the phone asks for
/// another one.
const FLOOD: &str = "const say = (data) => dispatchEvent(new MessageEvent('message', \
         { data, source: parent, origin: location.ancestorOrigins[0] })); \
     say({ type: 'contacts', data: Array.from({ length: arguments[0] }, (_, n) => person(n)) }); \
     for (let n = 0; n < 1000; n++) say({ type: 'state', id: `flood${n}` }); \
     grant(); return asks.length;";

#[tokio::test(flavor = "multi_thread")]
async fn contacts_beside_a_flood_of_messages_wait_for_idle_time_all_the_same() {
    let server = Server::start();
    let page = open_without_idle_time(&server).await;
    let asked = page
        .phone(async |frame| {
            frame.run(PEOPLE, Vec::new()).await;
            frame.run(FLOOD, vec![json!(SOME)]).await
        })
        .await;
    assert_eq!(asked, 1, "the idle time was the last that was asked for");
    expect_indexed(&page, SOME).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_time_that_comes_once_and_never_again_is_missed_in_time() {
    let server = Server::start();
    let page = open_without_idle_time(&server).await;
    page.run(PEOPLE, Vec::new()).await;
    let post = "frames.sf.postMessage({ type: 'contacts', data: Array.from({ length: arguments[0] }, (_, n) => person(n)) }, '*')";
    page.run(post, vec![json!(MANY)]).await;
    // It works without: a slice is on its way when the one idle time comes.
    page.expect_within(PATIENCE, "contacts:indexing").await;
    page.phone(async |frame| frame.run("grant()", Vec::new()).await).await;
    expect_indexed(&page, MANY).await;
}

/// Answers a call of this number; milliseconds from INVITE to 180 by the server, and from `answer` to `phone:accepted`
/// by the page.
async fn answer_one(server: &Server, page: &Page, from: &str) -> (f64, f64) {
    answer_behind(server, page, from, "").await
}

/// The same where the page does something else just before it answers.
async fn answer_behind(server: &Server, page: &Page, from: &str, first: &str) -> (f64, f64) {
    page.forget().await;
    let ring = server.ring(200, from);
    page.expect("phone:ringing").await;
    let answer = "; self.asked = performance.now(); frames.sf.postMessage({ type: 'answer' }, '*')";
    page.run(&format!("{first}{answer}"), Vec::new()).await;
    page.expect("phone:accepted").await;
    let heard = page.heard().await;
    let accepted = heard.iter().rfind(|event| event["type"] == "phone:accepted").expect("heard");
    let asked = page.run("return asked", Vec::new()).await;
    let answer = accepted["at"].as_f64().expect("a time") - asked.as_f64().expect("a time");
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    (ringing_after(server, from), answer)
}

/// Milliseconds between the last INVITE from this number and its 180.
fn ringing_after(server: &Server, from: &str) -> f64 {
    let state = server.state();
    let trace = state["trace"].as_array().expect("a trace").iter();
    let texts: Vec<(f64, &str)> =
        trace.filter_map(|one| Some((one["at"].as_f64()?, one["text"].as_str()?))).collect();
    let invite = texts.iter().rposition(|(_, text)| text.starts_with("INVITE") && text.contains(from));
    let invite = invite.expect("an INVITE");
    let ringing = texts[invite..].iter().find(|(_, text)| text.starts_with("SIP/2.0 180")).expect("a 180");
    ringing.0 - texts[invite].0
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Milliseconds that a busy machine adds to anything.
const NOISE_MS: f64 = 40.0;

/// Calls of each kind, which take turns: what the machine does beside, it does to both.
const CALLS: usize = 15;
/// The phone refuses more than twenty calls in ten seconds, by its own clock.
const CALLS_AT_ONCE: usize = 18;
const CALLS_WITHIN: Duration = Duration::from_secs(11);
/// Seconds of sound alone, and beside the index.
const SECONDS: usize = 9;
/// Contacts that are indexed beside one call, when there are [`MANY`] already.
const MORE: usize = 80_000;

/// Prints both medians, in milliseconds; how many times the one is of the other, and by how much it is more.
fn compare(
    what: &str,
    alone: &[(f64, f64)],
    beside: &[(f64, f64)],
    which: fn(&(f64, f64)) -> f64,
) -> (f64, f64) {
    let of = |figures: &[(f64, f64)]| median(figures.iter().map(which).collect());
    let (alone, beside) = (of(alone), of(beside));
    let ratio = beside / alone.max(1.0);
    println!("{what}: {alone:.0} ms alone, {beside:.0} ms beside, ratio {ratio:.2}");
    (ratio, beside - alone)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_ring_and_are_answered_as_fast_while_a_quarter_million_is_indexed() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.run(PEOPLE, Vec::new()).await;
    page.run(BATCHES, vec![json!(MANY), json!("sf")]).await;
    expect_indexed(&page, MANY).await;
    // The first call opens the microphone.
    answer_one(&server, &page, "+34911000000").await;
    let (mut without, mut during, mut began) = (Vec::new(), Vec::new(), Vec::new());
    for call in 0..CALLS {
        began.extend([Instant::now(); 2]);
        if let Some(earlier) = began.len().checked_sub(CALLS_AT_ONCE) {
            tokio::time::sleep_until((began[earlier] + CALLS_WITHIN).into()).await;
        }
        without.push(answer_one(&server, &page, &format!("+349110010{call:02}")).await);
        push_more(&page, call).await;
        // What the page posts stands in line behind what it has posted before: that is another question.
        until("all is posted", async || {
            page.run("return posted", Vec::new()).await.as_bool().filter(|all| *all)
        })
        .await;
        assert!(page.ask("state", json!({})).await.is_ok());
        let figures = answer_one(&server, &page, &format!("+349110020{call:02}")).await;
        let source = more(call);
        let is_all = |data: &Value| data["source"] == source && data["count"] == MORE;
        let heard = page.heard().await;
        if !heard.iter().any(|event| event["type"] == "contacts:indexed" && is_all(&event["data"])) {
            during.push(figures);
            page.expect_where(PATIENCE, "contacts:indexed", is_all).await;
        }
        page.post(json!({ "type": "contacts:clear", "data": { "source": source } })).await;
    }
    println!("calls while indexing: {} of {CALLS}", during.len());
    assert!(during.len() * 2 > CALLS, "indexing was over before the calls");
    for (what, which) in [("INVITE to 180", (|one| one.0) as fn(&(f64, f64)) -> f64), ("answer", |one| one.1)]
    {
        let (ratio, more) = compare(what, &without, &during, which);
        assert!(ratio <= 1.5 || more <= NOISE_MS, "{what}: {ratio:.2}");
    }
}

/// The handler of a page that sends each contact by itself.
const BURST: &str = "for (let n = 0; n < 1000; n++) frames.sf.postMessage({ type: 'contacts', data: { contacts: [person(n)] } }, '*')";

/// A frame that does no more than read its messages says when it has heard the last of the burst.
const READER: &str = "addEventListener('message', ({ data, source }) => { \
     if (JSON.stringify(data).includes('answer')) source.postMessage('heard', '*'); })";

/// Milliseconds until the frame that only reads has heard what stands behind the burst.
async fn read_behind(page: &Page) -> f64 {
    let burst = BURST.replace("frames.sf", "frames.reader");
    let script = format!(
        "return await new Promise((done) => {{ let asked; \
         addEventListener('message', function heard({{ data }}) {{ if (data !== 'heard') return; \
             removeEventListener('message', heard); done(performance.now() - asked); }}); \
         {burst}; asked = performance.now(); frames.reader.postMessage({{ type: 'answer' }}, '*'); }})"
    );
    page.run_async(&script).await.expect("a time").as_f64().expect("a number")
}

/// More messages than are read at once wait, but not for idle time.
#[tokio::test(flavor = "multi_thread")]
async fn answer_behind_a_thousand_messages_of_contacts_waits_no_tenth_of_a_second() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.run(PEOPLE, Vec::new()).await;
    page.add_frame("reader", &server.on("localhost", "/demo/crm.css")).await;
    page.inside("iframe[name=reader]", async |frame| frame.run(READER, Vec::new()).await).await;
    answer_one(&server, &page, "+34911000000").await;
    let (mut without, mut behind, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for call in 0..7 {
        without.push(answer_one(&server, &page, &format!("+3491100100{call}")).await);
        read.push(read_behind(&page).await);
        behind.push(answer_behind(&server, &page, &format!("+3491100200{call}"), BURST).await);
    }
    let (_, more) = compare("answer behind 1,000 messages", &without, &behind, |one| one.1);
    let read = median(read);
    println!("{more:.0} ms more; a frame that only reads has heard it after {read:.0} ms");
    // What a busy machine adds to the one, it adds to the other.
    assert!(more <= 100.0 + 4.0 * read, "{more:.0} ms more, {read:.0} ms to read");
}

/// Samples that came too late and were made up, and all, of the running call.
async fn samples(page: &Page) -> (f64, f64) {
    let script = "const done = arguments[arguments.length - 1]; const peer = [...softframe.peers.values()].at(-1); \
         peer.getStats().then((stats) => { let figures = [0, 0]; stats.forEach((one) => { if (one.type === 'inbound-rtp') \
             figures = [one.concealedSamples - one.silentConcealedSamples, one.totalSamplesReceived]; }); done(figures); })";
    let figures = page.phone(async |frame| frame.run_async(script).await).await;
    (figures[0].as_f64().expect("samples"), figures[1].as_f64().expect("samples"))
}

#[tokio::test(flavor = "multi_thread")]
async fn voice_of_a_call_has_no_more_gaps_while_a_quarter_million_is_indexed() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.run(PEOPLE, Vec::new()).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    let (mut alone, mut beside) = ((0.0, 0.0), (0.0, 0.0));
    let add = |sum: &mut (f64, f64), from: (f64, f64), to: (f64, f64)| {
        *sum = (sum.0 + to.0 - from.0, sum.1 + to.1 - from.1);
    };
    for round in 0..SECONDS {
        let first = samples(&page).await;
        within(PATIENCE, "a second of sound, at eight thousand samples", async || {
            (samples(&page).await.1 - first.1 > 8_000.0).then_some(())
        })
        .await;
        let before = samples(&page).await;
        push_more(&page, round).await;
        let source = more(round);
        page.expect_where(PATIENCE, "contacts:indexed", |data| {
            data["source"] == source && data["count"] == MORE
        })
        .await;
        let after = samples(&page).await;
        add(&mut alone, first, before);
        add(&mut beside, before, after);
        page.post(json!({ "type": "contacts:clear", "data": { "source": source } })).await;
    }
    let share = |(made_up, all): (f64, f64)| made_up / all.max(1.0) * 100.0;
    println!(
        "made up samples: {:.2} % of {:.0} alone, {:.2} % of {:.0} while indexing",
        share(alone),
        alone.1,
        share(beside),
        beside.1
    );
    let (alone, beside) = (share(alone), share(beside));
    assert!(beside <= alone * 1.5 + 3.0, "{alone:.2} % alone, {beside:.2} % while indexing");
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
}

/// As many as a phone takes, where a soak asks for them.
fn all_there_may_be() -> usize {
    std::env::var("SOFTFRAME_SOAK_CONTACTS").ok().and_then(|text| text.parse().ok()).unwrap_or(50_000)
}

/// Octets of the module for each contact, and those that it has without any: 47 MB for a quarter million, 160 for a
/// million.
const OCTETS_EACH: usize = 150;
const OCTETS_BESIDE: usize = 10_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn as_many_contacts_as_there_may_be_are_loaded_found_and_name_who_calls() {
    let count = all_there_may_be();
    let patience = PATIENCE * 2;
    let server = Server::start();
    let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
    page.browser.before_each_document(Page::WATCH_MEMORY).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    page.run(PEOPLE, Vec::new()).await;
    let start = Instant::now();
    page.run(BATCHES, vec![json!(count), json!("sf")]).await;
    page.expect_where(patience, "contacts:indexed", |data| data["count"] == count).await;
    println!("{count} contacts in batches: all after {:?}", start.elapsed());
    let octets = page.module_octets().await;
    println!("memory of the module: {:.1} MB", octets as f64 / 1e6);
    assert!(octets <= OCTETS_BESIDE + count * OCTETS_EACH, "{octets} octets");
    let mut asked = Vec::new();
    for query in ["kowal", "maria g", "佐藤", "smiht", "0249", "nobodyhasthisname"] {
        let start = Instant::now();
        let found = page.ask("contacts:search", json!({ "query": query, "max": 20 })).await.expect("hits");
        asked.push(start.elapsed().as_secs_f64() * 1000.0);
        let hits = found["hits"].as_array().map_or(0, Vec::len);
        assert_eq!(hits, if query.starts_with("nobody") { 0 } else { 20 }, "{query}: {found}");
    }
    println!("questions with their way there and back: median {:.1} ms", median(asked));
    // `person` of the page makes numbers of the place of each.
    let last = format!("+34{}", 600_000_000 + count - 1);
    server.ring(200, &last);
    let ringing = page.expect("phone:ringing").await;
    assert_eq!(ringing["contact"]["id"], format!("p{}", count - 1), "{ringing}");
    println!("INVITE to 180: {:.0} ms", ringing_after(&server, &last));
}

/// Types thirty-six keys; milliseconds from each to the picture after it.
async fn typed(page: &Page) -> Vec<f64> {
    let late = page
        .phone(async |frame| {
            for _ in 0..6 {
                frame.type_into(".number-field", "maria ").await;
            }
            until("each key is shown", async || {
                let shown = frame.run("return late.length >= 36 ? late.splice(0) : null", Vec::new()).await;
                Some(shown).filter(|shown| !shown.is_null())
            })
            .await
        })
        .await;
    serde_json::from_value(late).expect("times")
}

/// A person who types has the thread: while keys come, what the browser did not offer is not taken.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_shown_at_once_while_a_quarter_million_is_indexed() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/?ext=200"), Setup::Microphone).await;
    page.expect("logged").await;
    page.run(PEOPLE, Vec::new()).await;
    let watch = "self.late = []; addEventListener('keydown', (event) => { \
         const pressed = event.timeStamp; requestAnimationFrame(() => setTimeout(() => late.push(performance.now() - pressed))); }, true);";
    page.phone(async |frame| frame.run(watch, Vec::new()).await).await;
    let alone = median(typed(&page).await);
    page.run(BATCHES, vec![json!(MANY), json!("sf")]).await;
    let beside = median(typed(&page).await);
    println!("keys to the next picture, ms: median {alone:.0} alone, {beside:.0} beside");
    assert!(beside < 100.0_f64.max(3.0 * alone), "{beside:.0} ms, {alone:.0} without");
    expect_indexed(&page, MANY).await;
}
