//! What nobody should send, store or serve: each is told on screen and to the page, and costs nothing but itself.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Relay, Server, Setup, serve_widget, until, with_body, within};
use std::{net::TcpListener, time::Duration};

const PASSWORD: &str = "correct horse";

/// A phone whose server is reached by a relay, once it is registered.
async fn behind_relay() -> (Server, Relay, Page) {
    let server = Server::with_password("200", PASSWORD);
    let relay = Relay::start(server.port).await;
    let page = Page::open_served(&server, &serve_widget("/", relay.config("200", PASSWORD))).await;
    page.expect("logged").await;
    (server, relay, page)
}

/// A call with audio both ways works, and ends.
async fn expect_call(page: &Page, server: &Server) {
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    server.expect_heard("600").await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
}

/// Nothing was lost on the way: the numbers of what the page was told have no gap.
async fn expect_no_gap(page: &Page) {
    let numbers: Vec<u64> = page.heard().await.iter().filter_map(|event| event["seq"].as_u64()).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
}

const CARDS: &str =
    "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada Lovelace\r\nTEL;TYPE=work:+34 915 550 101\r\nEND:VCARD\r\n";

/// A dropped file is good for names and for search, though nothing can be stored; calls go on.
async fn expect_contacts_in_memory(page: &Page, server: &Server, notice: &str) {
    page.forget().await;
    page.drop_file("one.vcf", CARDS).await;
    let indexed = page
        .expect_where(Duration::from_secs(15), "contacts:indexed", |data| data["source"] == "vcard")
        .await;
    assert_eq!(indexed["count"], 1, "{indexed}");
    page.phone(async |frame| {
        frame.reads(notice).await;
        frame.reads("Contacts added").await;
    })
    .await;
    let error = page
        .heard()
        .await
        .into_iter()
        .rfind(|event| event["type"] == "softframe:error")
        .expect("the page is told");
    assert_eq!(error["data"]["code"], "internal", "{error}");
    page.picture(&format!("bad-input/{}", notice.split(' ').take(4).collect::<Vec<_>>().join("-"))).await;
    page.phone(async |frame| {
        frame.press("Done").await;
        frame.type_into(".number-field", "lovel").await;
        frame.reads("Ada Lovelace").await;
    })
    .await;
    let ring = server.ring(200, "+34915550101");
    assert_eq!(page.expect("phone:ringing").await["contact"]["name"], "Ada Lovelace");
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    expect_call(page, server).await;
    expect_no_gap(page).await;
}

/// A page of the phone's own site, without it: what is done to the page's storage is done to the phone's.
async fn same_site(server: &Server) -> Page {
    Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await
}

/// The phone in a page of its own site, in a browser with this script before its own.
async fn open_same_site(server: &Server, sabotage: &str) -> Page {
    let page = same_site(server).await;
    page.browser.before_each_document(&format!("if (self !== top) {{ {sabotage} }}")).await;
    add_phone(&page, server).await;
    page
}

async fn add_phone(page: &Page, server: &Server) {
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    // Where the store never answers, the account is there before the screen, which waits for it to know its language.
    page.phone(async |frame| frame.reads("Available").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_storage_leaves_contacts_in_memory_and_says_so() {
    for sabotage in [
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };",
        // As where a disk is in trouble: never a word.
        "IDBFactory.prototype.open = () => new EventTarget();",
        "IDBTransaction.prototype.addEventListener = () => {};",
    ] {
        let server = Server::start();
        let page = open_same_site(&server, sabotage).await;
        let script = "return `${indexedDB.open}${IDBTransaction.prototype.addEventListener}`";
        let stored = page.phone(async |frame| frame.run(script, Vec::new()).await);
        assert!(stored.await.as_str().is_some_and(|text| text.contains("=>")), "storage is not blocked");
        expect_contacts_in_memory(&page, &server, "The browser stores nothing here.").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn full_storage_leaves_contacts_in_memory_and_says_so() {
    let server = Server::start();
    let page = same_site(&server).await;
    // Before the phone writes for the first time: for half a minute after a write that had room, Chromium asks
    // for none (`kBucketSpaceCacheTimeLimit`).
    let quota = json!({ "origin": server.on("localhost", ""), "quotaSize": 1 });
    page.browser.cdp("Storage.overrideQuotaForOrigin", quota).await;
    add_phone(&page, &server).await;
    expect_contacts_in_memory(&page, &server, "The browser’s storage is full.").await;
}

/// From the fourth chunk of contacts on, the disk is full.
const FILLS: &str = "let left = 3; const put = IDBObjectStore.prototype.put; \
     IDBObjectStore.prototype.put = function (value, key) { \
         if (String(key).includes('\\0contacts/') && left-- <= 0) throw new DOMException('full', 'QuotaExceededError'); \
         return put.call(this, value, key); };";

#[tokio::test(flavor = "multi_thread")]
async fn storage_that_fills_up_during_an_import_is_told_once_and_nothing_is_lost_until_the_page_closes() {
    const MANY: usize = 10_000;
    let server = Server::start();
    let page = open_same_site(&server, FILLS).await;
    let card = |n: usize| {
        format!("BEGIN:VCARD\nVERSION:3.0\nUID:{n}\nFN:Person {n}\nTEL:+34{}\nEND:VCARD\n", 600_000_000 + n)
    };
    page.drop_file("many.vcf", &(0..MANY).map(card).collect::<String>()).await;
    let patience = Duration::from_secs(60);
    page.expect_where(patience, "contacts:indexed", |data| data["count"] == MANY).await;
    page.phone(async |frame| {
        frame.reads("The browser’s storage is full. Contacts stay until you close this page.").await;
    })
    .await;
    let heard = page.heard().await;
    assert_eq!(heard.iter().filter(|event| event["type"] == "softframe:error").count(), 1, "told once");
    let numbers: Vec<String> =
        [0, MANY / 2, MANY - 1].iter().map(|n| format!("+34{}", 600_000_000 + n)).collect();
    let found = page.ask("contacts:match", json!({ "numbers": numbers })).await.expect("matches");
    for number in &numbers {
        assert!(found["matches"][number][0]["name"].is_string(), "{number} is lost: {found}");
    }
    page.phone(async |frame| frame.press("Done").await).await;
    expect_call(&page, &server).await;
    // What was stored before is whole.
    page.reload().await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    let back = softframe_browser_tests::until("the first chunks are back", async || {
        let found = page.ask("contacts:match", json!({ "numbers": numbers })).await.ok()?;
        found["matches"][&numbers[0]][0]["name"].is_string().then_some(found)
    })
    .await;
    assert_eq!(back["matches"][&numbers[2]], json!([]), "the last one had no room");
}

async fn sign_in(page: &Page) {
    page.forget().await;
    page.sign_in("200", PASSWORD).await;
    page.expect("logged").await;
}

async fn sign_out_and_in(page: &Page) {
    page.phone(async |frame| {
        frame.click("#person").await;
        frame.press("Sign out").await;
        frame.reads("Password").await;
        let typed = "return document.querySelector('#signin-user').value + document.querySelector('#signin-password').value";
        assert_eq!(frame.run(typed, Vec::new()).await, "", "what was typed before is still there");
    })
    .await;
    sign_in(page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_full_disk_did_not_take_is_there_after_a_sign_out_and_what_is_removed_or_changed_since_is_so()
{
    let server = Server::with_password("200", PASSWORD);
    let page = same_site(&server).await;
    let full = FILLS.replace("let left = 3", "self.full = true").replace("left-- <= 0", "self.full");
    page.browser.before_each_document(&format!("if (self !== top) {{ {full} }}")).await;
    page.add_frame("sf", &server.on("localhost", "/plain/")).await;
    page.expect("softframe:ready").await;
    sign_in(&page).await;
    let who = async |number: &str| {
        let found = page.ask("contacts:match", json!({ "numbers": [number] })).await.expect("matches");
        found["matches"][number][0]["name"].clone()
    };
    let (ada, grace) = ("+34915550101", "+12125550101");
    page.drop_file("one.vcf", CARDS).await;
    let patience = Duration::from_secs(15);
    page.expect_where(patience, "contacts:indexed", |data| data["count"] == 1).await;
    page.phone(async |frame| frame.press("Done").await).await;
    page.drop_file(
        "two.vcf",
        &CARDS.replace("Ada Lovelace", "Grace Hopper").replace("+34 915 550 101", grace),
    )
    .await;
    page.expect_where(patience, "contacts:indexed", |data| data["count"] == 2).await;
    page.phone(async |frame| frame.press("Done").await).await;
    sign_out_and_in(&page).await;
    until("both are back", async || {
        (who(ada).await == "Ada Lovelace" && who(grace).await == "Grace Hopper").then_some(())
    })
    .await;
    page.post(json!({ "type": "navigate", "data": { "view": "settings" } })).await;
    page.phone(async |frame| {
        frame.press("Remove contacts of one.vcf").await;
        frame.click("dialog .yes").await;
    })
    .await;
    until("it is gone", async || who(ada).await.is_null().then_some(())).await;
    page.post(json!({ "type": "navigate", "data": { "view": "keypad" } })).await;
    sign_out_and_in(&page).await;
    until("the other is back", async || (who(grace).await == "Grace Hopper").then_some(())).await;
    assert_eq!(who(ada).await, serde_json::Value::Null);
    // There is room again: what is changed now is kept, and what memory had of it is out of date.
    let select = "self.full = false; const field = document.querySelector('#edit-name'); field?.focus(); field?.select();";
    page.phone(async |frame| {
        frame.press("Contacts").await;
        frame.click(".virtual > [aria-posinset='1'] .open").await;
        frame.press("Edit").await;
        frame.reads("Another number").await;
        frame.run(select, Vec::new()).await;
        frame.type_into("#edit-name", "Grace Murray").await;
        frame.press("Save").await;
        frame.reads("Grace Murray saved").await;
    })
    .await;
    until("it is kept", async || {
        (page.kept("").await.0.iter().any(|key| key.starts_with("contacts/"))).then_some(())
    })
    .await;
    page.post(json!({ "type": "navigate", "data": { "view": "keypad" } })).await;
    sign_out_and_in(&page).await;
    until("she is back", async || who(grace).await.is_string().then_some(())).await;
    assert_eq!(who(grace).await, "Grace Murray");
}

/// The browser takes back what it seemed to have: a disk that fails when all is to be written.
const TAKES_BACK: &str = "const put = IDBObjectStore.prototype.put; \
     IDBObjectStore.prototype.put = function (value, key) { const request = put.call(this, value, key); \
         if (String(key).includes('\\0contacts/')) this.transaction.abort(); return request; };";

#[tokio::test(flavor = "multi_thread")]
async fn contacts_that_the_browser_takes_back_at_the_end_of_writing_are_told_and_stay_in_memory() {
    let server = Server::start();
    let page = open_same_site(&server, TAKES_BACK).await;
    expect_contacts_in_memory(&page, &server, "The browser stores nothing here.").await;
}

/// The browser refuses a description without the names of its transport.
fn broken(sdp: &str) -> String {
    sdp.split_inclusive("\r\n").filter(|line| !line.starts_with("a=ice-")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_the_browser_refuses_ends_the_call_once_with_its_reason() {
    let (server, relay, page) = behind_relay().await;
    let is_answer = |text: &str| text.starts_with("SIP/2.0 200") && text.contains("\r\nm=audio");
    relay.exchange_once(move |text| is_answer(text).then(|| with_body(text, broken)));
    page.click2call("601").await;
    let calling = page.expect("phone:calling").await;
    let terminated = page.expect("phone:terminated").await;
    assert!(relay.has_exchanged());
    assert_eq!(terminated["id"], calling["id"]);
    assert_eq!(terminated["cause"]["reason"], "media-failed", "{terminated}");
    page.phone(async |frame| frame.reads("The sound connection could not be made.").await).await;
    until("the other side is told", async || (server.saw_request("200", "BYE").len() == 1).then_some(()))
        .await;
    page.expect_no_media().await;
    expect_call(&page, &server).await;
    assert_eq!(page.count("phone:terminated").await, 2, "one for each call");
    expect_no_gap(&page).await;
}

/// The fingerprint of a certificate that nobody has.
fn misnamed(sdp: &str) -> String {
    let line = |line: &str| match line.strip_prefix("a=fingerprint:sha-256 ") {
        Some(_) => format!("a=fingerprint:sha-256 {}\r\n", ["AB"; 32].join(":")),
        None => line.to_owned(),
    };
    sdp.split_inclusive("\r\n").map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn call_whose_handshake_fails_is_healed_by_a_fresh_connection() {
    let server = Server::with_passwords(&["200", "201"], PASSWORD);
    let relay = Relay::start(server.port).await;
    let straight = Relay::start(server.port).await;
    let page = Page::open_served(&server, &serve_widget("/", relay.config("200", PASSWORD))).await;
    let other = Page::open_served(&server, &serve_widget("/", straight.config("201", PASSWORD))).await;
    tokio::join!(page.expect("logged"), other.expect("logged"));
    let is_answer = |text: &str| text.starts_with("SIP/2.0 200") && text.contains("\r\nm=audio");
    relay.exchange_once(move |text| is_answer(text).then(|| with_body(text, misnamed)));
    page.click2call("201").await;
    other.expect("phone:ringing").await;
    other.answer().await;
    page.expect("phone:accepted").await;
    assert!(relay.has_exchanged());
    page.expect("phone:reconnecting").await;
    page.expect("phone:reconnected").await;
    tokio::join!(page.expect_audio(), other.expect_audio());
    assert_eq!(page.count("phone:terminated").await + other.count("phone:terminated").await, 0);
    page.post(json!({ "type": "hangup" })).await;
    tokio::join!(page.expect("phone:terminated"), other.expect("phone:terminated"));
    page.expect_no_media().await;
    other.expect_no_media().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offer_that_the_browser_refuses_ends_the_call_once_with_its_reason() {
    let (server, relay, page) = behind_relay().await;
    relay.exchange_once(|text| text.starts_with("INVITE ").then(|| with_body(text, broken)));
    let ring = server.ring(200, "+34666555444");
    let ringing = page.expect("phone:ringing").await;
    page.answer().await;
    let terminated = page.expect("phone:terminated").await;
    assert!(relay.has_exchanged());
    assert_eq!(terminated["id"], ringing["id"]);
    assert_eq!(terminated["cause"]["reason"], "media-failed", "{terminated}");
    let ended = until("the caller is told", async || {
        let state = server.ring_state(&ring);
        (state["state"] == "ended").then_some(state)
    })
    .await;
    assert_eq!((&ended["end"]["endedBy"], &ended["answered"]), (&json!("callee"), &json!(false)), "{ended}");
    page.expect_no_media().await;
    // The next one is answered and heard.
    server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    page.answer().await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    assert_eq!(page.count("phone:terminated").await, 1);
    expect_no_gap(&page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_no_sip_are_told_once_and_the_call_goes_on() {
    let (server, relay, page) = behind_relay().await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    relay.add("GET / HTTP/1.1\r\nHost: nobody\r\n\r\n");
    relay.add("{\"type\":\"click2call\"}");
    relay.add("SIP/2.0 200");
    relay.add("x".repeat(70_000));
    relay.add("");
    relay.add(vec![0_u8, 255, 13, 10, 0]);
    relay.add(vec![0_u8; 200_000]);
    let error = page.expect("softframe:error").await;
    assert_eq!(error["code"], "bad_request", "{error}");
    page.phone(async |frame| frame.reads("The server sent something that is not a phone message.").await)
        .await;
    // All of it has arrived: what the server says after it, too.
    let ring = server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    let state = page.ask("state", Value::Null).await.expect("a snapshot");
    assert_eq!(state["calls"].as_array().map(Vec::len), Some(1), "{state}");
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    expect_call(&page, &server).await;
    assert_eq!(page.count("softframe:error").await, 1);
    assert_eq!(relay.connections(), 1, "it is no reason to leave the server");
    expect_no_gap(&page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_never_answers_is_told_and_taken_when_it_speaks() {
    let server = Server::with_password("200", PASSWORD);
    let relay = Relay::start(server.port).await;
    relay.swallow(true);
    let page = Page::open_served(&server, &serve_widget("/", relay.config("200", PASSWORD))).await;
    page.expect("softframe:ready").await;
    page.phone(async |frame| frame.reads("Connecting…").await).await;
    let lost = page
        .expect_where(Duration::from_secs(20), "connection:change", |data| data["state"] == "reconnecting")
        .await;
    assert_eq!(lost["reason"], "The server does not answer.", "{lost}");
    assert_eq!(lost["code"], 408, "{lost}");
    page.phone(async |frame| frame.reads("No connection.").await).await;
    // A call is refused at once, not kept for later.
    let error = page.ask("click2call", json!({ "number": "600" })).await.expect_err("no server");
    assert_eq!(error["code"], "not_registered");
    relay.swallow(false);
    page.phone(async |frame| frame.press("Try now").await).await;
    page.expect_within(Duration::from_secs(20), "logged").await;
    assert_eq!(server.saw_request("200", "INVITE"), Vec::<String>::new());
    expect_call(&page, &server).await;
}

/// The longest wait between the first tries, with what a busy machine adds.
const RETRY: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn closed_port_is_told_and_tried_again_by_itself_and_a_silent_one_is_named_on_the_form() {
    let server = Server::start();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("bound").port()
    };
    let config = json!({
        "server": format!("ws://127.0.0.1:{closed}/ws"), "domain": "softframe.test",
        "account": { "user": "200", "password": PASSWORD },
    });
    let page = Page::open_served(&server, &serve_widget("/", config.to_string())).await;
    let lost = page
        .expect_where(Duration::from_secs(15), "connection:change", |data| data["state"] == "reconnecting")
        .await;
    assert_eq!(lost["reason"], "The server cannot be reached.", "{lost}");
    assert!(lost["retryAt"].is_string(), "{lost}");
    page.phone(async |frame| frame.reads("No connection. Next try in").await).await;
    page.picture("bad-input/closed-port").await;
    let error = page.ask("click2call", json!({ "number": "600" })).await.expect_err("no server");
    assert_eq!(error["code"], "not_registered");
    // Nobody presses anything; the phone comes back as soon as something listens there.
    let opened = tokio::net::TcpListener::bind(("127.0.0.1", closed)).await.expect("still free");
    tokio::time::timeout(RETRY, opened.accept()).await.expect("it is tried again").expect("a connection");

    // It takes the connection, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("ws://127.0.0.1:{}/ws", silent.local_addr().expect("bound").port());
    let config = json!({ "server": address, "domain": "softframe.test" });
    page.run("document.querySelector('iframe').remove()", Vec::new()).await;
    page.forget().await;
    page.add_frame("sf", &serve_widget("/", config.to_string())).await;
    page.expect("softframe:ready").await;
    page.phone(async |frame| {
        frame.type_into("input[name=username]", "200").await;
        frame.type_into("input[name=password]", PASSWORD).await;
        frame.press("Sign in").await;
        frame.reads("Signing in…").await;
        within(Duration::from_secs(40), "the form says why", async || {
            frame.text().await.contains("The server does not answer.").then_some(())
        })
        .await;
    })
    .await;
    page.picture("bad-input/silent-server").await;
}

/// Posts what has no JSON form, or should have none: each is built in the page. Gives how many it posted.
const ODD_MESSAGES: &str = r#"
    const phone = window.frames.sf;
    const cyclic = { type: 'click2call', id: 'cyclic', data: { number: '601' } }; cyclic.data.self = cyclic;
    const nested = (depth) => { let one = []; for (let n = 0; n < depth; n++) one = [one]; return one; };
    const odd = [
      undefined, null, true, 0, NaN, Infinity, -1, 1e300, '', 'click2call', 'x'.repeat(1_000_000), 10n,
      [], [1, 2], [{ type: 'click2call' }], {}, new Date(0), new Date(NaN), /x/g, new Error('x'),
      new Map([['type', 'click2call']]), new Set(['type']), new Blob(['{}'], { type: 'click2call' }),
      new File(['{}'], 'x', { type: 'contacts' }), new ArrayBuffer(8), new Uint8Array(1_000), new Float64Array([NaN]),
      new DataView(new ArrayBuffer(4)), new ImageData(1, 1), new Boolean(false), new String('type'), Object(1n),
      { type: null }, { type: 7 }, { type: [] }, { type: {} }, { type: '' }, { type: 'x'.repeat(100) },
      { type: new String('click2call') }, { type: 'click2call'.repeat(100_000), data: {} },
      { type: 'constructor' }, { type: '__proto__' }, { type: 'toString', data: {} },
      JSON.parse('{"__proto__":{"type":"click2call","data":{"number":"601"}}}'),
      JSON.parse('{"type":"click2call","__proto__":{"x":1},"data":{"number":"601"}}'),
      JSON.parse('{"type":"click2call","data":{"__proto__":{"number":"601"}}}'),
      JSON.parse('{"type":"contacts","data":{"__proto__":{"contacts":[]},"contacts":[{"__proto__":{"id":1}}]}}'),
      { type: 'click2call', data: 7 }, { type: 'click2call', data: 'x' }, { type: 'click2call', data: [] },
      { type: 'click2call', data: { number: null } }, { type: 'click2call', data: { number: {} } },
      { type: 'click2call', data: { number: '6'.repeat(100_000) } }, { type: 'click2call', data: { number: -601 } },
      { type: 'click2call', data: { number: 1e21 } }, { type: 'click2call', data: { number: '601\r\nX: y' } },
      { type: 'click2call', data: new Map([['number', '601']]) },
      { type: 'contacts', data: { contacts: 7 } }, { type: 'contacts', data: { contacts: [null, 1, 'x', [], nested(50)] } },
      { type: 'contacts', data: [undefined, 1n, cyclic] }, { type: 'contacts', data: new Array(50) },
      { type: 'contacts', data: { json: '[' } }, { type: 'contacts', data: { json: '{}' } },
      { type: 'contacts', data: { ndjson: new ArrayBuffer(100) } }, { type: 'contacts:vcf', data: { text: 5 } },
      { type: 'hello', data: { port: {} } }, { type: 'dtmf', data: { digits: nested(3) } },
      { type: 'state', id: nested(3) }, { type: 'state', id: null }, { type: 'size', data: { width: NaN, height: -1 } },
    ];
    for (const one of odd) phone.postMessage(one, '*');
    // Not even the browser takes these.
    let refused = 0;
    for (const one of [() => 1, { type: 'click2call', data: () => 1 }, Symbol('x'), window, document.body])
      try { phone.postMessage(one, '*'); } catch (error) { refused += error.name === 'DataCloneError'; }
    // These ask for an answer, and get one.
    const asked = {
      cyclic, deep: { type: 'click2call', id: 'deep', data: nested(3000) },
      big: { type: 'click2call', id: 'big', data: { number: 'x'.repeat(20_000_000) } },
      bigint: { type: 'click2call', id: 'bigint', data: { number: 601n } },
      shape: { type: 'click2call', id: 'shape', data: 'x' },
    };
    for (const one of Object.values(asked)) phone.postMessage(one, '*');
    return [odd.length, refused];"#;

#[tokio::test(flavor = "multi_thread")]
async fn host_messages_of_any_shape_are_answered_or_ignored_and_a_good_one_acts() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let posted = page.run(ODD_MESSAGES, Vec::new()).await;
    assert!(posted[0].as_u64().is_some_and(|count| count > 60), "{posted}");
    assert_eq!(posted[1], 5, "functions and the like are no messages: {posted}");
    for (id, code) in [
        ("cyclic", "bad_request"),
        ("bigint", "bad_request"),
        ("shape", "bad_request"),
        ("deep", "too_large"),
        ("big", "too_large"),
    ] {
        let response = until(&format!("a response to {id}"), async || {
            let heard = page.heard().await;
            heard.into_iter().find(|one| one["type"] == "softframe:response" && one["id"] == id)
        })
        .await;
        assert_eq!(
            (&response["ok"], &response["error"]["code"]),
            (&json!(false), &json!(code)),
            "{response}"
        );
    }
    assert_eq!(server.saw_request("200", "INVITE"), Vec::<String>::new());
    assert!(!page.heard_types().await.iter().any(|kind| kind.starts_with("phone:")));
    assert!(page.count("softframe:error").await > 0, "what was for the phone and could not be done is told");
    let state = page.ask("state", Value::Null).await.expect("still there");
    assert_eq!(state["calls"], json!([]));
    expect_call(&page, &server).await;
    // `hello` is answered with another `logged`; the core is the one that was.
    assert_eq!(page.count("logged").await, 2);
    let heard = page.heard().await;
    let connected = heard.iter().filter(|event| event["data"]["state"] == "registered").count();
    assert_eq!(connected, 1, "{heard:?}");
    expect_no_gap(&page).await;
}

/// Arrays that no JSON holds, and rows that would fill the memory: a message of the page can carry both.
const ODD_PUSHES: &str = r"
    const post = (source, data) => frames.sf.postMessage({ type: 'contacts', data: { source, ...data } }, '*');
    const row = (id) => ({ id, name: `Odd ${id}`, phones: [`+34600${id}`] });
    const own = [row('100001')];
    own.constructor = 'none';
    post('own', { contacts: own });
    const sparse = [row('100002')];
    sparse.length = 4294967295;
    post('sparse', { contacts: sparse });
    post('long', { contacts: [row('100003'), { ...row('100004'), name: 'x'.repeat(20e6) }] });
    const lines = `${JSON.stringify(row('100005'))}\n${'x'.repeat(3e6)}\n${JSON.stringify(row('100006'))}\n`;
    post('lines', { ndjson: new TextEncoder().encode(lines).buffer });";

#[tokio::test(flavor = "multi_thread")]
async fn contacts_in_arrays_of_the_pages_own_making_cost_their_bad_rows_and_no_call() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.run(ODD_PUSHES, Vec::new()).await;
    for (source, count) in [("own", 1), ("sparse", 1), ("long", 1), ("lines", 2)] {
        let is_it = |one: &Value| one["type"] == "contacts:indexed" && one["data"]["source"] == source;
        let indexed = within(Duration::from_secs(60), &format!("the end of {source}"), async || {
            page.heard().await.into_iter().find(is_it).map(|event| event["data"].clone())
        })
        .await;
        assert_eq!(indexed["count"], count, "{indexed}");
        assert_eq!(indexed["rejected"].as_u64() > Some(0), source != "own", "{indexed}");
    }
    assert_eq!((page.count("phone:terminated").await, page.count("logged").await), (0, 1));
    page.expect_audio().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn list_of_skipped_cards_is_selected_where_the_browser_has_no_clipboard() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.drop_file("bad.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Nobody\r\nEND:VCARD\r\n").await;
    page.phone(async |frame| {
        frame.reads("Copy list").await;
        // As in a page that did not come over a secure connection.
        frame.run("Object.defineProperty(navigator, 'clipboard', { value: undefined })", Vec::new()).await;
        frame.press("Copy list").await;
        let selected = frame.run("return String(getSelection())", Vec::new()).await;
        assert!(selected.as_str().is_some_and(|text| text.contains("no phone number")), "{selected}");
        frame.press("Done").await;
    })
    .await;
    expect_call(&page, &server).await;
    assert_eq!(page.count("logged").await, 1, "the phone was not started afresh");
}
