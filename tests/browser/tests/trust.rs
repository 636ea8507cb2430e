//! Who may talk to the phone. Each refusal is seen twice: it was counted, and the same message acts from the right place.

use serde_json::{Value, json};
use softframe_browser_tests::{Frame, Page, Server, Setup, serve_pages, until};
use std::{collections::BTreeSet, time::Duration};

fn call(number: &str) -> Value {
    json!({ "type": "click2call", "data": { "number": number } })
}

fn contacts() -> Value {
    json!({ "type": "contacts", "data": [{ "id": "x", "name": "Mallory Quine", "phones": ["+34911000001"] }] })
}

/// The page that embeds the phone speaks to it from `frame`.
async fn post_from(frame: &Frame<'_>, target: &str, message: &Value) {
    let script = format!("{target}.postMessage(arguments[0], '*')");
    frame.run(&script, vec![message.clone()]).await;
}

/// What was dialled, by the lines of the requests. Each goes out twice: the server asks for a password first.
fn dialled(server: &Server, user: &str) -> BTreeSet<String> {
    let all = server.saw_request(user, "INVITE");
    all.iter().filter_map(|text| text.lines().next().map(str::to_owned)).collect()
}

fn nothing() -> BTreeSet<String> {
    BTreeSet::new()
}

fn only(number: &str) -> BTreeSet<String> {
    BTreeSet::from([format!("INVITE sip:{number}@softframe.test SIP/2.0")])
}

/// A trusted page acts: the phone dials this number and no other.
async fn expect_to_act(page: &Page, server: &Server, user: &str, number: &str) {
    page.click2call(number).await;
    assert_eq!(page.expect("phone:calling").await["to"], number);
    assert_eq!(dialled(server, user), only(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn page_of_another_site_gets_nothing_and_moves_nothing_until_it_is_allowed() {
    let server = Server::start();
    let page = Page::open_evil(&server, "/200/").await;
    page.expect("softframe:ready").await;
    until("the phone is registered", async || server.is_bound("200").then_some(())).await;
    page.post(call("601")).await;
    page.post(contacts()).await;
    until("both are put aside", async || (page.held().await == 2).then_some(())).await;
    page.expect("widget:attention").await;
    let ring = server.ring(200, "+34911000001");
    until("the call rings", async || {
        server.call_with("+34911000001").filter(|call| call["state"] == "ringing")
    })
    .await;
    page.phone(async |frame| frame.reads("Incoming call").await).await;
    server.hang_up(&ring);
    // The person sees who asks; the page has heard no word of the call.
    page.phone(async |frame| frame.reads("wants to use your phone").await).await;
    let allowed = ["softframe:ready", "widget:attention"];
    let heard = page.heard_types().await;
    assert!(heard.iter().all(|kind| allowed.contains(&kind.as_str())), "{heard:?}");
    assert_eq!(dialled(&server, "200"), nothing());

    page.press_armed("Allow").await;
    page.expect("logged").await;
    assert_eq!(page.expect("contacts:indexed").await["count"], 1, "contacts that were put aside are taken");
    assert_eq!(dialled(&server, "200"), nothing(), "a call that was put aside is not dialled");
    expect_to_act(&page, &server, "200", "600").await;
    server.ring(200, "+34911000001");
    assert_eq!(page.expect("phone:ringing").await["contact"]["name"], "Mallory Quine");
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_that_the_person_cannot_have_seen_is_none() {
    const FRAME: &str = "const frame = document.querySelector('iframe[name=sf]');";
    for (wrong, right) in [
        // Something else is painted over it, and lets the click through.
        (
            "frame.insertAdjacentHTML('afterend', '<div id=veil style=\"position: fixed; inset: 0; background: white; pointer-events: none\">Win a prize</div>')",
            "document.querySelector('#veil').remove()",
        ),
        ("frame.style.opacity = 0.02", "frame.style.opacity = 1"),
        ("frame.style.filter = 'blur(9px)'", "frame.style.filter = ''"),
        ("frame.style.transform = 'scale(0.1)'", "frame.style.transform = ''"),
        // Only the button is in sight, and not who asks.
        ("frame.style.position = 'fixed', frame.style.top = '-350px'", "frame.style.position = ''"),
        ("frame.width = 160, frame.height = 110", "frame.width = 320, frame.height = 460"),
    ] {
        let server = Server::start();
        let page = Page::open_evil(&server, "/200/").await;
        page.expect("softframe:ready").await;
        page.phone(async |frame| frame.reads("wants to use your phone").await).await;
        page.run(&format!("{FRAME} {wrong}"), Vec::new()).await;
        click_where_allow_is(&page).await;
        page.phone(async |frame| frame.reads("wants to use your phone").await).await;
        assert_eq!(page.count("logged").await, 0, "{wrong}");
        page.run(&format!("{FRAME} {right}"), Vec::new()).await;
        click_where_allow_is(&page).await;
        page.expect("logged").await;
        expect_to_act(&page, &server, "200", "600").await;
    }
}

/// A click of the mouse at the place of the button, whatever is painted there, when it would be armed.
async fn click_where_allow_is(page: &Page) {
    const BUTTON: &str = "const button = [...document.querySelectorAll('dialog[open] button')].find((one) => one.innerText.trim() === 'Allow'); \
         button.scrollIntoView({ block: 'center' }); const box = button.getBoundingClientRect(); \
         return [(box.x + box.width / 2) / innerWidth, (box.y + box.height / 2) / innerHeight]";
    const FRAME: &str = "const box = document.querySelector('iframe[name=sf]').getBoundingClientRect(); \
         return [box.x + box.width * arguments[0], box.y + box.height * arguments[1]]";
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let part = page.phone(async |frame| frame.run(BUTTON, Vec::new()).await).await;
    let place = page.run(FRAME, vec![part[0].clone(), part[1].clone()]).await;
    for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
        let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
        page.browser.cdp("Input.dispatchMouseEvent", event).await;
    }
    // The click has been heard, whatever came of it.
    page.phone(async |frame| {
        frame.run_async("const done = arguments[arguments.length - 1]; setTimeout(done, 200)").await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sibling_frame_is_refused_and_counted_and_the_parent_acts() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let before = page.refused().await;
    page.add_frame("evil", &server.on("evil.localhost", "/demo/crm.css")).await;
    page.inside("iframe[name=evil]", async |frame| post_from(&frame, "parent.frames.sf", &call("601")).await)
        .await;
    until("the refusal is counted", async || (page.refused().await == before + 1).then_some(())).await;
    assert_eq!(page.count("phone:calling").await, 0);
    expect_to_act(&page, &server, "200", "600").await;
    assert_eq!(page.refused().await, before + 1);
}

/// Some 250 kB.
const LARGE: &str = "const rows = Array.from({ length: 4000 }, (_, n) => \
     ({ id: `m${n}`, name: `Mallory Quine ${n}`, phones: [`+3491${String(n).padStart(7, '0')}`] })); \
     const message = { type: 'contacts', data: rows };";

#[tokio::test(flavor = "multi_thread")]
async fn large_messages_of_a_sibling_are_never_deserialised_and_the_parents_is() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    // Each message of the page counts here, so it must not ask for the state after each event.
    page.run("self.asksState = false", Vec::new()).await;
    page.phone(async |frame| frame.run(Page::WATCH_READS, Vec::new()).await).await;
    page.add_frame("evil", &server.on("evil.localhost", "/demo/crm.css")).await;
    let script = format!("{LARGE} for (let n = 0; n < 20; n++) parent.frames.sf.postMessage(message, '*')");
    page.inside("iframe[name=evil]", async |frame| frame.run(&script, Vec::new()).await).await;
    until("all are counted", async || (page.refused().await == 20).then_some(())).await;
    assert_eq!(page.reads_of(&server.on("evil.localhost", "")).await, 0);
    assert_eq!(page.count("contacts:indexed").await, 0);
    // The same from the page: read once, and indexed.
    page.run(&format!("{LARGE} window.frames.sf.postMessage(message, '*')"), Vec::new()).await;
    let indexed = page.expect_within(Duration::from_secs(30), "contacts:indexed").await;
    assert_eq!(indexed["count"], 4_000);
    assert_eq!(page.reads_of(&server.page("")).await, 1);
    assert_eq!(page.refused().await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_ten_thousand_is_counted_unread_and_the_pages_call_goes_out_in_between() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.phone(async |frame| frame.run(Page::WATCH_READS, Vec::new()).await).await;
    page.add_frame("evil", &server.on("evil.localhost", "/demo/crm.css")).await;
    let flood = "for (let n = 0; n < arguments[0]; n++) \
         parent.frames.sf.postMessage({ type: 'click2call', data: { number: '601' } }, '*')";
    page.inside("iframe[name=evil]", async |frame| frame.run(flood, vec![json!(10_000)]).await).await;
    let post = "window.frames.sf.postMessage(arguments[0], '*'); return performance.now()";
    let posted = page.run(post, vec![call("600")]).await.as_f64().expect("a time");
    page.expect("phone:calling").await;
    let heard = page.heard().await;
    let calling = heard.iter().find(|event| event["type"] == "phone:calling").expect("heard");
    let waited = calling["at"].as_f64().expect("a time") - posted;
    assert!(waited < 2_000.0, "the page waited {waited} ms");
    assert_eq!(dialled(&server, "200"), only("600"));
    // In a flood the counter is shown late; the next refusals show all of it.
    let mut sent = 10_000;
    until("all are counted", async || {
        page.inside("iframe[name=evil]", async |frame| frame.run(flood, vec![json!(1)]).await).await;
        sent += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
        (page.refused().await == sent).then_some(())
    })
    .await;
    assert_eq!(page.reads_of(&server.on("evil.localhost", "")).await, 0);
    assert_eq!(dialled(&server, "200"), only("600"));
}

#[tokio::test(flavor = "multi_thread")]
async fn opener_reaches_the_phone_by_name_and_is_refused() {
    let server = Server::start();
    let page = Page::open(&server.on("evil.localhost", "/demo/crm.css"), Setup::Microphone).await;
    page.run("self.opened = open(arguments[0])", vec![json!(server.page("/demo/?ext=200"))]).await;
    until("the phone is registered", async || server.is_bound("200").then_some(())).await;
    for target in ["opened.frames.sf", "opened.frames[0]"] {
        page.run(&format!("{target}.postMessage(arguments[0], '*')"), vec![call("601")]).await;
    }
    page.enter_newest_window().await;
    page.run(Page::COLLECT, Vec::new()).await;
    until("both refusals are counted", async || (page.refused().await == 2).then_some(())).await;
    assert_eq!(dialled(&server, "200"), nothing());
    expect_to_act(&page, &server, "200", "600").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn top_window_is_not_the_parent_of_a_phone_two_frames_deep() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.add_frame("middle", &server.page("/demo/crm.css")).await;
    let address = server.on("localhost", "/200/");
    page.inside("iframe[name=middle]", async |frame| {
        frame.run(Page::COLLECT, Vec::new()).await;
        frame.run(Page::EMBED, vec![json!("sf"), json!(address)]).await;
        until("the middle is told", async || {
            let logged = frame.run("return heard.some((one) => one.type === 'logged')", Vec::new()).await;
            (logged == json!(true)).then_some(())
        })
        .await;
    })
    .await;
    page.run("frames.middle.frames.sf.postMessage(arguments[0], '*')", vec![call("601")]).await;
    page.inside("iframe[name=middle]", async |frame| {
        frame
            .inside("iframe[name=sf]", async |phone| {
                until("the refusal is counted", async || (phone.counter("refused").await == 1).then_some(()))
                    .await
            })
            .await;
        post_from(&frame, "frames.sf", &call("600")).await;
    })
    .await;
    until("the parent's call is on the wire", async || (!dialled(&server, "200").is_empty()).then_some(()))
        .await;
    assert_eq!(dialled(&server, "200"), only("600"));
    assert_eq!(page.heard().await.len(), 0, "the top window is told nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn frame_of_an_evil_frame_in_a_trusted_page_is_not_trusted() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.add_frame("middle", &server.on("evil.localhost", "/demo/crm.css")).await;
    let address = server.on("localhost", "/200/");
    page.inside("iframe[name=middle]", async |frame| {
        frame.run(Page::COLLECT, Vec::new()).await;
        frame.run(Page::EMBED, vec![json!("sf"), json!(address)]).await;
    })
    .await;
    until("the phone is registered", async || server.is_bound("200").then_some(())).await;
    page.inside("iframe[name=middle]", async |frame| {
        post_from(&frame, "frames.sf", &call("601")).await;
        post_from(&frame, "frames.sf", &contacts()).await;
        frame
            .inside("iframe[name=sf]", async |phone| {
                until("both are put aside", async || (phone.counter("held").await == 2).then_some(())).await;
                // Both sites are named to the person who is asked.
                phone.reads("wants to use your phone").await;
                phone.reads("evil.localhost").await;
            })
            .await;
        let heard = frame.run("return heard.map((one) => one.type)", Vec::new()).await;
        assert_eq!(heard, json!(["softframe:ready", "widget:attention"]));
    })
    .await;
    assert_eq!(dialled(&server, "200"), nothing());
    // The same page, without the evil frame between.
    page.add_frame("sf", &server.on("localhost", "/201/")).await;
    page.expect("logged").await;
    page.post(contacts()).await;
    assert_eq!(page.expect("contacts:indexed").await["count"], 1);
    expect_to_act(&page, &server, "201", "600").await;
    assert_eq!(dialled(&server, "200"), nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn page_that_the_person_allows_gets_what_it_missed() {
    let server = Server::start();
    let page = Page::open_evil(&server, "/200/").await;
    page.expect("softframe:ready").await;
    page.post(call("601")).await;
    until("it is put aside", async || (page.held().await == 1).then_some(())).await;
    page.expect("widget:attention").await;
    page.press_armed("Allow").await;
    let logged = page.expect("logged").await;
    assert_eq!(logged["context"]["extension"], "200");
    // What was held is filled in, never dialled.
    page.phone(async |frame| {
        until("the number is filled in", async || {
            let field = frame.run("return document.querySelector('.number-field').value", Vec::new()).await;
            (field == json!("601")).then_some(())
        })
        .await;
    })
    .await;
    assert_eq!(dialled(&server, "200"), nothing());
    expect_to_act(&page, &server, "200", "600").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn host_of_the_configuration_acts_and_another_is_refused_by_the_browser() {
    let pages = serve_pages();
    let admitted = format!("http://crm.localhost:{pages}");
    let server = Server::with_widget(&json!({ "hosts": [admitted] }));
    let evil = Page::open(&format!("http://evil.localhost:{pages}/"), Setup::Microphone).await;
    evil.add_frame("sf", &server.on("localhost", "/200/")).await;
    evil.phone(async |frame| {
        until("the browser's own page in place of the phone", async || {
            let address = frame.run("return location.href", Vec::new()).await;
            (address == json!("chrome-error://chromewebdata/")).then_some(())
        })
        .await;
    })
    .await;
    let console = evil.browser.console().await;
    let named = console.iter().any(|line| line.contains("frame-ancestors") && line.contains(&admitted));
    assert!(named, "the browser does not say why: {console:?}");
    assert_eq!(evil.heard().await.len(), 0);
    assert!(!server.is_bound("200"));
    drop(evil);

    let page = Page::open(&format!("{admitted}/"), Setup::Microphone).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    expect_to_act(&page, &server, "200", "600").await;
}

/// A chain that may not use the phone is told two things, and neither is private.
async fn expect_to_be_asked(page: &Page) {
    page.expect("softframe:ready").await;
    page.expect("widget:attention").await;
    page.phone(async |frame| frame.reads("wants to use your phone").await).await;
    assert_eq!(page.heard_types().await, ["softframe:ready", "widget:attention"]);
}

/// Whether the phone's database holds a consent.
const IS_GRANTED: &str = "const done = arguments[0]; const opening = indexedDB.open('softframe'); \
     opening.onerror = () => done(false); opening.onsuccess = () => { const base = opening.result; \
     const keys = base.transaction('values').objectStore('values').getAllKeys(); \
     keys.onsuccess = () => { base.close(); done(keys.result.some((key) => String(key).startsWith('grants'))); }; };";

#[tokio::test(flavor = "multi_thread")]
async fn consent_for_once_acts_until_the_page_is_loaded_again_and_consent_for_good_stays() {
    let server = Server::start();
    let page = Page::open_evil(&server, "/200/").await;
    expect_to_be_asked(&page).await;
    page.press_armed("Only once").await;
    page.expect("logged").await;
    // It is trusted as any other page is, for as long as it stays.
    expect_to_act(&page, &server, "200", "600").await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;

    page.reload().await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    expect_to_be_asked(&page).await;
    page.post(call("601")).await;
    until("it is put aside", async || (page.held().await == 1).then_some(())).await;
    assert_eq!(dialled(&server, "200"), only("600"));
    page.press_armed("Allow").await;
    page.expect("logged").await;
    // A page that goes before the disk has it takes it along.
    page.phone(async |frame| {
        until("it is written down", async || {
            (frame.run_async(IS_GRANTED).await == json!(true)).then_some(())
        })
        .await;
    })
    .await;

    page.reload().await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    assert_eq!(page.count("widget:attention").await, 0, "nobody is asked again");
    assert_eq!(dialled(&server, "200"), only("600"));
}

#[tokio::test(flavor = "multi_thread")]
async fn addon_pushes_contacts_and_nothing_else_and_nobody_is_answered() {
    let pages = serve_pages();
    let listed = format!("http://addon.localhost:{pages}");
    let server = Server::with_widget(&json!({ "addons": [listed] }));
    let page = Page::open_registered(&server, 200).await;
    let before = page.refused().await;
    let push = json!({ "type": "contacts", "id": "push", "data": contacts()["data"] });
    // Of a window that is not listed the same is refused.
    page.add_frame("stranger", &format!("http://evil.localhost:{pages}/")).await;
    page.inside("iframe[name=stranger]", async |frame| post_from(&frame, "parent.frames.sf", &push).await)
        .await;
    until("the refusal is counted", async || (page.refused().await == before + 1).then_some(())).await;
    assert_eq!(page.count("contacts:indexed").await, 0);

    page.add_frame("addon", &format!("{listed}/")).await;
    page.inside("iframe[name=addon]", async |frame| {
        frame.run(Page::COLLECT, Vec::new()).await;
        post_from(&frame, "parent.frames.sf", &push).await;
    })
    .await;
    assert_eq!(page.expect("contacts:indexed").await["count"], 1);
    let ring = server.ring(200, "+34911000001");
    assert_eq!(page.expect("phone:ringing").await["contact"]["name"], "Mallory Quine");
    // What an addon may not say is refused, whether it asks for an answer or not.
    let others = [
        call("601"),
        json!({ "type": "state", "id": "state" }),
        json!({ "type": "hello", "id": "hello", "data": { "port": true } }),
        json!({ "type": "answer", "id": "answer", "data": {} }),
        json!({ "type": "contacts:clear", "id": "clear", "data": {} }),
    ];
    page.inside("iframe[name=addon]", async |frame| {
        for other in &others {
            post_from(&frame, "parent.frames.sf", other).await;
        }
    })
    .await;
    let refused = before + 1 + others.len() as u64;
    until("all refusals are counted", async || (page.refused().await == refused).then_some(())).await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    let heard_by_addon =
        page.inside("iframe[name=addon]", async |frame| frame.run("return heard", Vec::new()).await).await;
    assert_eq!(heard_by_addon, json!([]));
    assert_eq!(page.count("softframe:response").await, 0, "the page did not ask");
    assert_eq!(page.count("phone:accepted").await, 0);
    // The page's own push with an id has its answer.
    let answer = page.ask("contacts", json!({ "contacts": [] })).await;
    assert!(answer.is_ok(), "{answer:?}");
    expect_to_act(&page, &server, "200", "600").await;
}
