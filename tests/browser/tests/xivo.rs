//! Pages written for XiVO's `Cti`: with a client of their own over `SoftframeCti.WebSocket`, with ours, and the demo. What the
//! document shows is taken from it as it stands.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, Setup, until};

/// The Phone API document.
const DOCUMENT: &str = include_str!("../../seeds/xivo-phone-api.txt");

/// A client in the shape of the one that is shipped, written anew: its handlers are properties of the socket, set after it
/// was made; it asks every five seconds whether the other side is there, and closes after three times without an answer. An
/// answer that is no object throws.
const CLIENT: &str = r"
    const Cti = { topics: {}, MessageType: { LOGGEDON: 'LoggedOn', PHONEEVENT: 'PhoneEvent' } };
    Cti.setHandler = (type, handler) => { (Cti.topics[type] ??= []).push(handler); };
    Cti.send = (message) => Cti.socket.send(JSON.stringify(message));
    Cti.WebSocket = { init(wsurl, username, phoneNumber, WSClass) {
        const socket = Cti.socket = new (WSClass || WebSocket)(wsurl);
        Cti.unanswered = 0; Cti.pongs = 0; Cti.closed = null;
        socket.onopen = () => { Cti.pinging = setInterval(() => {
            if (++Cti.unanswered > 3) return socket.close();
            Cti.send({ claz: 'ping' });
        }, Cti.every ?? 5000); };
        socket.onmessage = (event) => {
            const message = JSON.parse(event.data);
            Cti.unanswered = 0;
            if (message.msgType === 'ping') Cti.pongs += 1;
            for (const handler of Cti.topics[message.msgType] || []) handler(message.ctiMessage);
        };
        socket.onclose = (event) => { clearInterval(Cti.pinging); Cti.closed = event.code; };
    } };
    for (const name of ['dial', 'answer', 'hangup', 'hold'])
        Cti[name] = (destination, variables) => Cti.send({ claz: 'web', command: name, destination, variables });
    self.Cti = Cti;";

/// What a page does with it: all but one handler are set inside that one, and the status is looked up among those told
/// before it.
const PAGE: &str = r"
    self.told = []; self.problems = [];
    addEventListener('error', (event) => problems.push(event.message));
    Cti.setHandler('LoggedOn', () => {
        told.push('LoggedOn');
        let statuses = null;
        Cti.setHandler('UsersStatuses', (list) => { statuses = list; });
        Cti.setHandler('UserStatusUpdate', ({ status }) => told.push(statuses.find(({ name }) => name === status).longName));
        Cti.setHandler('UserConfigUpdate', ({ fullName }) => told.push(fullName));
        Cti.setHandler('PhoneStatusUpdate', ({ status }) => told.push(status));
        Cti.setHandler('PhoneEvent', (event) => { told.push(event.eventType); self.event = event; });
    });
    Cti.setHandler('LoggedOnError', (error) => told.push(error.Error));";

const INIT: &str = "Cti.WebSocket.init('wss://xivo.example/xuc/api/2.0/cti?token=t', 'bruce', '200', SoftframeCti.WebSocket)";

/// A page with the phone, the script, and a client of its own that has not begun.
async fn open(server: &Server, every: &str) -> Page {
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.run(&format!("{CLIENT} Cti.every = {every}; {PAGE}"), Vec::new()).await;
    page.load_script(server, "softframe-cti.js").await;
    page
}

async fn told(page: &Page) -> Vec<String> {
    let told = page.run("return told", Vec::new()).await;
    told.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

async fn expect_told(page: &Page, expected: &[&str]) {
    until(&format!("{} events", expected.len()), async || {
        let heard = told(page).await;
        assert!(heard.len() <= expected.len(), "{heard:?} instead of {expected:?}");
        (heard.len() == expected.len()).then_some(())
    })
    .await;
    assert_eq!(told(page).await, expected);
    page.run("told.length = 0", Vec::new()).await;
}

/// The client calls, holds, goes on and hangs up; it is called, answers, and the other side hangs up.
async fn make_and_take_a_call(server: &Server, page: &Page) {
    page.run("Cti.dial('600', { order: '7' })", Vec::new()).await;
    expect_told(page, &["EventDialing", "EventEstablished"]).await;
    let event = page.run("return [event.otherDN, event.userData.USR_order]", Vec::new()).await;
    assert_eq!(event, json!(["600", "7"]));
    server.expect_heard("600").await;
    page.run("Cti.hold()", Vec::new()).await;
    expect_told(page, &["EventOnHold"]).await;
    page.run("Cti.hold()", Vec::new()).await;
    expect_told(page, &["EventEstablished"]).await;
    page.run("Cti.hangup()", Vec::new()).await;
    expect_told(page, &["EventReleased"]).await;

    let ring = server.ring_with(200, "+34911085460", &json!({ "X-Queue": "blue" }));
    expect_told(page, &["EventRinging"]).await;
    page.run("Cti.answer()", Vec::new()).await;
    expect_told(page, &["EventEstablished"]).await;
    let event = page.run("return [event.otherDN, event.queueName, event.callDirection]", Vec::new()).await;
    assert_eq!(event, json!(["+34911085460", "blue", "Incoming"]));
    server.hang_up(&ring);
    expect_told(page, &["EventReleased"]).await;
    assert_eq!(page.run("return problems", Vec::new()).await, json!([]));
    assert!(page.run("return compared", Vec::new()).await.as_u64() >= Some(4), "`state` followed the events");
}

#[tokio::test(flavor = "multi_thread")]
async fn client_of_the_page_opens_before_the_phone_has_loaded_and_makes_and_takes_a_call() {
    let server = Server::start();
    let page = open(&server, "5000").await;
    page.run("self.own = Cti", Vec::new()).await;
    assert_eq!(page.run("return Cti === own && !Cti.PhoneStatus", Vec::new()).await, true, "ours stays away");
    // The frame is there and the phone is not.
    let address = server.on("localhost", "/200/");
    page.run(
        &format!(
            "{} {INIT}",
            "const frame = document.createElement('iframe'); frame.name = 'sf'; \
             frame.allow = 'microphone; autoplay'; frame.src = arguments[0]; document.body.append(frame);"
        ),
        vec![json!(address)],
    )
    .await;
    expect_told(&page, &["LoggedOn", "Available", "Extension 200", "AVAILABLE"]).await;

    make_and_take_a_call(&server, &page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_are_answered_and_a_phone_that_loads_anew_lets_the_client_in_again() {
    let server = Server::start();
    let page = open(&server, "50").await;
    page.add_frame("telephone", &server.on("localhost", "/200/")).await;
    // It would close after the fourth ping without an answer, and the phone is only loading.
    let init = format!("SoftframeCti.attach('iframe[name=telephone]'); {INIT}; Cti.unanswered = -1e6");
    page.run(&init, Vec::new()).await;
    expect_told(&page, &["LoggedOn", "Available", "Extension 200", "AVAILABLE"]).await;
    until("ten pings are answered", async || {
        (page.run("return Cti.pongs >= 10", Vec::new()).await == true).then_some(())
    })
    .await;
    assert_eq!(page.run("return Cti.closed", Vec::new()).await, Value::Null);
    page.run("clearInterval(Cti.pinging); document.querySelector('iframe').src += '?again'", Vec::new())
        .await;
    until("it is let in again", async || told(&page).await.contains(&"LoggedOn".to_owned()).then_some(()))
        .await;
    page.run("document.querySelector('iframe').remove(); Cti.send({ claz: 'ping' })", Vec::new()).await;
    until("the socket is closed with its frame", async || {
        (page.run("return Cti.closed", Vec::new()).await == 1006).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_that_nobody_trusts_hears_nothing_and_dials_nothing() {
    let server = Server::start();
    let page = Page::open(&server.on("evil.localhost", "/demo/crm.css"), Setup::Microphone).await;
    page.run(&format!("{CLIENT} {PAGE}"), Vec::new()).await;
    page.load_script(&server, "softframe-cti.js").await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("widget:attention").await;
    page.run(INIT, Vec::new()).await;
    until("the socket is open", async || {
        (page.run("return Cti.socket.readyState", Vec::new()).await == 1).then_some(())
    })
    .await;
    page.run("Cti.dial('600')", Vec::new()).await;
    expect_told_later(&page, "loggedOnTimeout").await;
    assert_eq!(page.count("xivo:frame").await, 0);
    assert!(!server.state().to_string().contains("INVITE sip:600@"));
}

/// The client is told so after twelve seconds.
async fn expect_told_later(page: &Page, what: &str) {
    let start = std::time::Instant::now();
    while !told(page).await.contains(&what.to_owned()) {
        assert!(start.elapsed() < std::time::Duration::from_secs(60), "{:?}", told(page).await);
        tokio::time::sleep(softframe_browser_tests::GLANCE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn client_of_the_platform_signs_in_at_the_gateway_and_uses_the_telephone_of_a_page_in_chromium() {
    let server = Server::with_login();
    let page = Page::open_on(&server, "127.0.0.1", "/200/").await;
    page.expect("logged").await;
    page.run(&format!("{CLIENT} {PAGE}"), Vec::new()).await;
    // The page's own client, over the browser's own socket: no script of ours is in it.
    let sign_in = "const answer = await fetch(`http://${place}/xuc/api/2.0/auth/login`, { method: 'POST', \
             headers: { 'Content-Type': 'application/json' }, \
             body: JSON.stringify({ login: 'ana', password: 'secret' }) }); \
         const { token } = await answer.json(); \
         const check = await fetch(`http://${place}/xuc/api/2.0/auth/check`, { headers: { Authorization: `Bearer ${token}` } }); \
         Cti.WebSocket.init(`ws://${place}/xuc/api/2.0/cti?token=${token}`, 'ana', '200'); return check.ok;";
    let place = format!("const place = 'localhost:{}'; ", server.port);
    assert_eq!(page.run_async(&(place + sign_in)).await, Ok(json!(true)));
    expect_told(&page, &["LoggedOn", "Available", "Extension 200", "AVAILABLE"]).await;

    make_and_take_a_call(&server, &page).await;
    assert_eq!(page.count("xivo:frame").await, 0, "nothing of it went through the page");
}

/// The names behind `Cti.` in the headings of the document that are called like functions.
fn methods() -> Vec<&'static str> {
    let mut names: Vec<&str> = DOCUMENT
        .split("Cti.")
        .skip(1)
        .filter_map(|rest| rest.split_once('(').map(|(name, _)| name))
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_has_all_of_the_document_and_sends_what_it_shows() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.load_script(&server, "softframe-cti.js").await;
    let names = methods();
    assert_eq!(names.len(), 19, "{names:?}");
    let missing = "return arguments[0].filter((name) => typeof Cti[name] !== 'function')";
    assert_eq!(page.run(missing, vec![json!(names)]).await, json!([]));
    let kinds: Vec<&str> = DOCUMENT
        .split("Cti.MessageType.")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_uppercase()).next().unwrap_or_default())
        .collect();
    assert!(kinds.contains(&"PHONEEVENT") && kinds.contains(&"PHONESTATUSUPDATE"), "{kinds:?}");
    let missing = "return arguments[0].filter((name) => !Cti.MessageType[name])";
    assert_eq!(page.run(missing, vec![json!(kinds)]).await, json!([]));
    assert_eq!(
        page.run("return [Cti.PhoneStatus[0], Cti.PhoneStatus.ONHOLD]", Vec::new()).await,
        json!(["AVAILABLE", 16])
    );

    // What is written between backquotes in the document, run as it stands, sends what the document says it does.
    let snippet = DOCUMENT.split('`').find(|part| part.starts_with("Cti.setData(\"")).expect("the snippet");
    let shown = DOCUMENT.split(":: ").find(|part| part.starts_with(r#"{"claz":"web","command":"setData""#));
    let end = shown.and_then(|part| part.find("}}")).expect("the message") + 2;
    let shown: Value = serde_json::from_str(&shown.unwrap_or_default()[..end]).expect("JSON");
    let sent_by = async |code: &str| {
        let script = format!(
            "const sent = []; \
             class Wire {{ readyState = 1; send(text) {{ sent.push(JSON.parse(text)); }} close() {{}} }} \
             Cti.WebSocket.init('wss://xivo.example', 'bruce', '200', Wire); eval({}); return sent;",
            json!(code)
        );
        page.run_async(&script).await.expect("the code runs")
    };
    assert_eq!(sent_by(snippet).await, json!([shown]));
    // Of text that is no object the other side says so, and the page goes on.
    assert_eq!(sent_by("Cti.setData(\"{'var1\")").await[0]["variables"], "{'var1");
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_page_makes_and_takes_a_call() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/xivo.html?ext=200"), Setup::Microphone).await;
    let text = async |selector: &str| {
        let script = "return document.querySelector(arguments[0]).innerText";
        page.run(script, vec![json!(selector)]).await.as_str().unwrap_or_default().to_owned()
    };
    let expect = async |selector: &str, wanted: &str| {
        until(&format!("{wanted} in {selector}"), async || {
            text(selector).await.contains(wanted).then_some(())
        })
        .await;
    };
    let press = async |label: &str| {
        let script = "[...document.querySelectorAll('main button')].find((one) => one.innerText === arguments[0]).click()";
        page.run(script, vec![json!(label)]).await;
    };
    expect("#status", "AVAILABLE").await;
    // Nobody is registered as 201, and the server of the demo tells of nobody.
    expect("#hints", "201").await;
    press("Call").await;
    expect("#calls", "600: Established").await;
    press("Hold").await;
    expect("#calls", "600: OnHold").await;
    page.picture_of_page("demo-xivo").await;
    press("Hang up").await;
    expect("#none", "No call").await;

    server.ring(200, "+34911085460");
    expect("#calls", "+34911085460: Ringing").await;
    press("Answer").await;
    expect("#calls", "+34911085460: Established").await;
    press("Hang up").await;
    expect("#none", "No call").await;

    page.run("document.querySelector('#dnd').click()", Vec::new()).await;
    page.expect_where(softframe_browser_tests::PATIENCE, "status:change", |data| data["dnd"] == true).await;
}
