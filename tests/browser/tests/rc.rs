//! Pages written for RingCentral Embeddable: the documents' own snippets, and the demo's page.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, Setup, serve_file, until, within};
use std::time::Duration;

const DOCUMENT: &str = include_str!("../../seeds/ringcentral-embeddable-contacts.txt");

/// The snippets of the document, taken out as they are: each begins with a line of code and ends where its brackets do.
fn snippets() -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(String, i32)> = None;
    for line in DOCUMENT.lines() {
        let begins =
            line.starts_with("document.querySelector(") || line.starts_with("window.addEventListener(");
        let Some((mut text, mut depth)) = open.take().or_else(|| begins.then(|| (String::new(), 0))) else {
            continue;
        };
        text.push_str(line);
        text.push('\n');
        for c in line.chars() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
        }
        if depth > 0 {
            open = Some((text, depth));
        } else {
            found.push(text);
        }
    }
    assert!(open.is_none(), "a snippet has no end");
    found
}

/// Those that register a service, in one page as an integrator puts them together: at the first word of the login.
const REGISTER: &str = "let registered = false; \
     addEventListener('message', ({ data }) => { \
         if (data?.type !== 'rc-login-status-notify' || registered) return; \
         registered = true; for (const snippet of arguments[0]) new Function(snippet)(); }); \
     for (const snippet of arguments[1]) new Function(snippet)();";

/// Puts the loader into a page, as the documents do it.
const LOAD: &str =
    "const rcs = document.createElement('script'); rcs.src = arguments[0]; document.head.append(rcs);";

const FRAME: &str = "#rc-widget-adapter-frame";

/// A page with nothing but the document's snippets and the loader.
async fn open_documented(server: &Server) -> Page {
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    let (listeners, posts): (Vec<_>, Vec<_>) =
        snippets().into_iter().partition(|snippet| snippet.starts_with("window."));
    let registrations: Vec<_> =
        posts.into_iter().filter(|post| post.contains("rc-adapter-register-third-party-service")).collect();
    assert_eq!((registrations.len(), listeners.len()), (4, 4), "what the document shows");
    page.run(REGISTER, vec![json!(registrations), json!(listeners)]).await;
    page.run(LOAD, vec![json!(server.on("localhost", "/200/softframe-rc.js"))]).await;
    page
}

/// Waits for a message of this type that fits: these carry their fields beside the type.
async fn expect(page: &Page, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
    until(&format!("a {kind} that fits"), async || {
        page.heard().await.into_iter().find(|message| message["type"] == kind && fits(message))
    })
    .await
}

fn asks(path: &str) -> impl Fn(&Value) -> bool {
    move |message| message["path"] == path
}

/// The phone hears the other side.
async fn expect_sound(page: &Page) {
    let script = "const done = arguments[arguments.length - 1]; const peer = [...softframe.peers.values()].at(-1); \
         if (!peer) done(0); else peer.getStats().then((stats) => { let energy = 0; \
         stats.forEach((one) => { if (one.type === 'inbound-rtp') energy += one.totalAudioEnergy ?? 0; }); done(energy); })";
    within(Duration::from_secs(15), "audio arrives at the phone", async || {
        let energy = page.inside(FRAME, async |frame| frame.run_async(script).await).await;
        (energy.as_f64().unwrap_or(0.0) > 0.01).then_some(())
    })
    .await;
}

#[test]
fn document_is_cut_into_its_snippets() {
    let found = snippets();
    assert_eq!(found.len(), 10, "{found:#?}");
    assert!(found.iter().all(|snippet| snippet.ends_with("}, '*');\n") || snippet.ends_with("});\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn snippets_of_the_document_give_the_list_the_match_and_the_search() {
    let server = Server::start();
    let page = open_documented(&server).await;
    let request = expect(&page, "rc-post-message-request", asks("/contacts")).await;
    assert_eq!(request["body"], json!({ "page": 1, "syncTimestamp": null }));
    let indexed = page.expect("contacts:indexed").await;
    assert_eq!((&indexed["source"], &indexed["count"]), (&json!("provider:TestService"), &json!(1)));

    // Matched: the caller of the document has the name that its listener gives.
    let ring = server.ring(200, "+12165325078");
    expect(&page, "rc-post-message-request", asks("/contacts/match")).await;
    page.inside(FRAME, async |frame| frame.reads("TestService 1").await).await;
    server.hang_up(&ring);
    expect(&page, "rc-call-end-notify", |_| true).await;

    // The manual trigger names a number that is none of ours, and is left alone.
    let asked = page.count("rc-post-message-request").await;
    let triggers: Vec<String> =
        snippets().into_iter().filter(|snippet| snippet.contains("trigger-contact-match")).collect();
    page.run("new Function(arguments[0])()", vec![json!(triggers[0])]).await;
    let post =
        "document.querySelector('#rc-widget-adapter-frame').contentWindow.postMessage(arguments[0], '*')";
    let trigger = json!({ "type": "rc-adapter-trigger-contact-match", "phoneNumbers": ["+12165325078"] });
    page.run(post, vec![trigger]).await;
    let manual =
        expect(&page, "rc-post-message-request", |message| message["body"]["triggerFrom"] == "manual").await;
    assert_eq!(manual["body"]["phoneNumbers"], json!(["+12165325078"]));
    assert_eq!(page.count("rc-post-message-request").await, asked + 1);

    // The caller is viewed in the page's own system, which gets its own object back.
    page.inside(FRAME, async |frame| {
        frame.click("#tab-recents").await;
        frame.click(".row .open").await;
        frame.press("Open in CRM").await;
    })
    .await;
    let viewed = expect(&page, "rc-post-message-request", asks("/contacts/view")).await;
    assert_eq!(
        (&viewed["body"]["id"], &viewed["body"]["type"], &viewed["body"]["phoneNumbers"][0]["phoneType"]),
        (&json!("123456"), &json!("TestService"), &json!("direct"))
    );
    page.inside(FRAME, async |frame| {
        frame.press("Back").await;
        frame.click("#tab-keypad").await;
    })
    .await;

    // The sync trigger asks for what has changed since the stamp that the listener gave.
    let sync: Vec<String> =
        snippets().into_iter().filter(|snippet| snippet.contains("sync-third-party-contacts")).collect();
    page.run("new Function(arguments[0])()", vec![json!(sync[0])]).await;
    let changed = expect(&page, "rc-post-message-request", |message| message["body"]["type"] == "api").await;
    assert!(changed["body"]["syncTimestamp"].is_u64(), "{changed}");

    // Searched as one types.
    page.inside(FRAME, async |frame| {
        frame.type_into(".number-field", "zzz").await;
        frame.reads("TestService Name").await;
    })
    .await;
    let search = expect(&page, "rc-post-message-request", asks("/contacts/search")).await;
    assert_eq!(search["body"], json!({ "searchString": "zzz" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn page_for_the_other_phone_calls_by_a_link_and_is_called_with_sound() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/rc.html?ext=200"), Setup::Microphone).await;
    expect(&page, "rc-dialer-status-notify", |message| message["ready"] == json!(true)).await;
    page.run("document.querySelector('a[href=\"tel:600\"]').click()", Vec::new()).await;
    expect(&page, "rc-call-init-notify", |message| message["call"]["to"] == "600").await;
    expect(&page, "rc-call-start-notify", |message| message["call"]["direction"] == "Outbound").await;
    expect_sound(&page).await;
    page.run("RCAdapter.controlCall('hangup')", Vec::new()).await;
    let end = expect(&page, "rc-call-end-notify", |_| true).await;
    assert!(end["call"]["endTime"].as_u64() >= end["call"]["startTime"].as_u64(), "{end}");

    page.run("RCAdapter.setMinimized(true)", Vec::new()).await;
    server.ring(200, "+34911085460");
    let ring = expect(&page, "rc-call-ring-notify", |_| true).await;
    assert_eq!(ring["call"]["fromNumber"], "+34911085460");
    let minimized = page.run("return RCAdapter.minimized", Vec::new()).await;
    assert_eq!(minimized, json!(false), "who calls is in sight");
    page.run("document.querySelector('#answer').click()", Vec::new()).await;
    expect(&page, "rc-call-start-notify", |message| message["call"]["direction"] == "Inbound").await;
    expect_sound(&page).await;
    until("the page names the caller", async || {
        let text = page.run("return document.querySelector('#call').textContent", Vec::new()).await;
        (text == json!("CallConnected: Inés Carvajal")).then_some(())
    })
    .await;
    page.run("document.querySelector('#hold').click()", Vec::new()).await;
    let held = expect(&page, "rc-call-hold-notify", |_| true).await;
    assert_eq!(held["call"]["isOnHold"], json!(true));
    page.run("document.querySelector('#hangup').click()", Vec::new()).await;
    expect(&page, "rc-call-end-notify", |message| message["call"]["direction"] == "Inbound").await;
    // Beside the words of the other phone ours are told, and `state` has followed them.
    assert!(page.run("return compared", Vec::new()).await.as_u64() >= Some(6), "`state` followed the events");
}

#[tokio::test(flavor = "multi_thread")]
async fn loader_gives_the_container_answers_questions_and_goes_without_a_trace() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/rc.html?ext=200"), Setup::Microphone).await;
    expect(&page, "rc-login-status-notify", |message| message["loggedIn"] == json!(true)).await;
    let shape = "const box = document.querySelector('#rc-widget'), frame = box.querySelector('#rc-widget-adapter-frame'); \
         return [frame.allow.includes('microphone'), frame.sandbox.contains('allow-scripts'), \
             getComputedStyle(box).zIndex, new URL(frame.src).searchParams.get('dialect')]";
    assert_eq!(page.run(shape, Vec::new()).await, json!([true, true, "999", "rc"]));
    let logs = page.run_async("return await RCAdapter.getUnloggedCalls(10, 1)").await.expect("an answer");
    assert_eq!(logs, json!({ "calls": [], "hasMore": false }));
    let height = "return document.querySelector('#rc-widget').offsetHeight";
    let open = page.run(height, Vec::new()).await;
    page.run("RCAdapter.setMinimized(true)", Vec::new()).await;
    assert!(page.run(height, Vec::new()).await.as_u64() < open.as_u64());
    // Whoever else posts to the page moves nothing.
    page.run("postMessage({ type: 'rc-call-ring-notify', call: { id: 'x' } }, '*')", Vec::new()).await;
    page.run_async("await new Promise((done) => setTimeout(done))").await.expect("a turn");
    assert_eq!(page.run("return RCAdapter.minimized", Vec::new()).await, json!(true));
    page.run("RCAdapterDispose()", Vec::new()).await;
    assert_eq!(page.run("return document.querySelector('#rc-widget')", Vec::new()).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn container_follows_the_colours_of_the_machine_when_they_change() {
    let server = Server::start();
    // Of the phone's own site: what is emulated reaches the frames of one process.
    let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
    page.run(LOAD, vec![json!(server.on("localhost", "/200/softframe-rc.js"))]).await;
    for scheme in ["dark", "light", "dark"] {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        page.browser.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        until(&format!("the container is {scheme}"), async || {
            let style = "const box = document.querySelector('#rc-widget'); return box && getComputedStyle(box).colorScheme";
            (page.run(style, Vec::new()).await == scheme).then_some(())
        })
        .await;
    }
}

/// What a page may call without looking (`Adapter` of the original).
const METHODS: [&str; 26] = [
    "clickToCall",
    "clickToSMS",
    "controlCall",
    "navigateTo",
    "setMinimized",
    "toggleMinimized",
    "setClosed",
    "toggleClosed",
    "setSize",
    "dispose",
    "alertMessage",
    "dismissMessage",
    "logoutUser",
    "updateCallingSetting",
    "updateSmsSetting",
    "updateRingtone",
    "popupWindow",
    "isWindowPoppedUp",
    "getUnloggedCalls",
    "getCallLog",
    "setAutoLog",
    "scheduleMeeting",
    "createSMSTemplate",
    "setPhoneNumberFormat",
    "gotoPresence",
    "showFeedback",
];

#[tokio::test(flavor = "multi_thread")]
async fn loader_has_every_method_of_the_original_and_the_name_and_colours_of_the_phone() {
    let server = Server::with_widget(&json!({ "theme": { "mode": "dark", "name": "Marigold" } }));
    let page = Page::open(&server.page("/demo/rc.html?ext=200"), Setup::Microphone).await;
    expect(&page, "rc-dialer-status-notify", |message| message["ready"] == json!(true)).await;
    until("the container has the name and the colours", async || {
        let look = "const box = document.querySelector('#rc-widget'); \
             return [box.firstElementChild.textContent.includes('Marigold'), getComputedStyle(box).colorScheme]";
        (page.run(look, Vec::new()).await == json!([true, "dark"])).then_some(())
    })
    .await;
    let missing = "return arguments[0].filter((name) => typeof RCAdapter[name] !== 'function')";
    assert_eq!(page.run(missing, vec![json!(METHODS)]).await, json!([]));
    let nothing = "RCAdapter.clickToSMS('+34911085460', 'Hello'); await RCAdapter.popupWindow(); \
         return [await RCAdapter.isWindowPoppedUp({ alert: true }), await RCAdapter.scheduleMeeting({ topic: 'x' })]";
    let told = page.run_async(nothing).await.expect("answers");
    assert_eq!(told, json!([false, { "data": "no matched path" }]));

    let alert =
        "return await RCAdapter.alertMessage({ message: 'The record is saved', level: 'info', ttl: 0 })";
    let shown = page.run_async(alert).await.expect("an answer");
    page.inside(FRAME, async |frame| frame.reads("The record is saved").await).await;
    let hidden = "return document.querySelector('#toast').hidden";
    for (id, goes) in [(json!("another"), false), (shown, true)] {
        let dismiss = format!("return await RCAdapter.dismissMessage({id})");
        assert_eq!(page.run_async(&dismiss).await, Ok(json!("ok")));
        page.inside(FRAME, async |frame| {
            let is_so = async || (frame.run(hidden, Vec::new()).await == goes).then_some(());
            until(&format!("{id} has gone: {goes}"), is_so).await;
        })
        .await;
    }
    assert_eq!(page.run_async("return await RCAdapter.dismissMessage()").await, Ok(json!("ok")));

    let ring = server.ring(200, "+34911085460");
    expect(&page, "rc-call-ring-notify", |_| true).await;
    server.hang_up(&ring);
    expect(&page, "rc-call-end-notify", |_| true).await;
    let log = "const { calls, hasMore } = await RCAdapter.getUnloggedCalls(10, 1); \
         const { call } = await RCAdapter.getCallLog({ sessionId: calls[0].sessionId }); \
         return [calls.length, hasMore, call.from.phoneNumber, call.result]";
    let told = page.run_async(log).await.expect("answers");
    assert_eq!(told, json!([1, false, "+34911085460", "Missed"]));

    page.run("RCAdapter.updateCallingSetting({ fromNumber: 'anonymous' })", Vec::new()).await;
    expect(&page, "rc-calling-settings-notify", |message| message["fromNumber"] == "anonymous").await;
    // A file that the page may fetch comes along, so that the phone fetches nothing: it is no sound, and that is told.
    let file = serve_file("audio/wav", b"no sound".to_vec());
    let decoding = "self.decoding = []; const { decodeAudioData } = BaseAudioContext.prototype; \
         BaseAudioContext.prototype.decodeAudioData = function (file) { \
         decoding.push(file.byteLength); return decodeAudioData.call(this, file); };";
    page.inside(FRAME, async |frame| frame.run(decoding, Vec::new()).await).await;
    let give = "RCAdapter.updateRingtone({ name: 'Own', uri: arguments[0], volume: 0.5 })";
    page.run(give, vec![json!(format!("{file}/ring.wav"))]).await;
    expect(&page, "softframe:error", |message| message["data"]["command"] == "rc-adapter-update-ringtone")
        .await;
    let decoded = page.inside(FRAME, async |frame| frame.run("return decoding", Vec::new()).await).await;
    assert_eq!(decoded, json!(["no sound".len()]));
}
