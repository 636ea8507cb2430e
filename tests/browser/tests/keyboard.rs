//! The keyboard alone, by real keys: every control is reached in its order and seen to be, nothing holds the focus, and
//! nothing takes it from somebody who types.

use serde_json::{Value, json};
use softframe_browser_tests::{Catalogue, Form, Page, Server, until};
use std::time::Duration;

/// More stops than any screen has.
const MAX_STOPS: usize = 40;
/// Answer, Decline and the like want this much quiet before a key.
const QUIET: Duration = Duration::from_millis(900);

/// Fields of the page before and after the frame.
const NEIGHBOURS: &str = "for (const [id, place] of [['before', 'prepend'], ['after', 'append']]) { \
     const field = document.createElement('input'); field.id = id; document.body[place](field); }";

/// Where the focus goes from now on, and whether a person sees it there.
const WATCH: &str = r"
    if (self.stops) { stops.length = unseen.length = 0; return; }
    self.stops = [];
    self.unseen = [];
    const named = (one) => (one.ariaLabel || one.labels?.[0]?.innerText || one.innerText || one.className).trim().replace(/\s+/g, ' ');
    self.named = named;
    const drawn = (style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && !/, 0\)$/.test(style.outlineColor);
    addEventListener('focusin', ({ target }) => {
      stops.push(target);
      setTimeout(() => {
        if (document.activeElement !== target) return;
        const ring = drawn(getComputedStyle(target)) || drawn(getComputedStyle(target, '::before'));
        const line = target.matches('.number-field') && parseFloat(getComputedStyle(target).borderBlockEndWidth) >= 2;
        if (!ring && !line) unseen.push(`no ring: ${named(target)}`);
        const box = target.getBoundingClientRect();
        const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        if (!hit || !target.contains(hit) && !hit.contains(target)) unseen.push(`out of sight: ${named(target)}`);
      });
    });";

/// What is wrong with the stops of a walk from the first to the last.
const JUDGE: &str = r"
    const faults = [...unseen];
    const inside = document.querySelector('dialog[open]') ?? document.body;
    const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && !one.closest('.unseen');
    const controls = [...inside.querySelectorAll('button, input, select, a[href], [tabindex]')].filter(shown);
    for (const one of controls.filter((one) => one.tabIndex >= 0))
      if (!stops.includes(one)) faults.push(`not reached: ${named(one)}`);
    for (const one of controls.filter((one) => one.matches('button, input') && one.tabIndex < 0)) {
      const group = one.closest('[role=tablist], [role=radiogroup], .rows');
      if (!group || !stops.some((stop) => group.contains(stop))) faults.push(`no way to: ${named(one)}`);
    }
    for (const one of new Set(stops)) if (stops.indexOf(one) !== stops.lastIndexOf(one)) faults.push(`twice: ${named(one)}`);
    // As they lie on the page, not as the last of them left it scrolled.
    document.querySelectorAll('.scroll, .sheet').forEach((part) => { part.scrollTop = 0; });
    const boxes = stops.map((one) => one.getBoundingClientRect());
    for (let n = 1; n < stops.length; n++) {
      const [a, b] = [boxes[n - 1], boxes[n]];
      // What scrolls ends above the tabs, however long it is.
      if (stops[n].closest('#tabs') && !stops[n - 1].closest('#tabs')) continue;
      const sameLine = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > Math.min(a.height, b.height) / 2;
      if (sameLine ? b.left < a.left : b.top < a.top) faults.push(`out of order: ${named(stops[n - 1])}, then ${named(stops[n])}`);
    }
    const forwards = stops.map(named);
    self.stops.length = 0;
    return [faults, forwards];";

/// Presses one key until the page's own field has the focus.
async fn walk(page: &Page, key: &str, until_field: &str) -> bool {
    for _ in 0..MAX_STOPS {
        page.keys(&[key]).await;
        if page.run("return document.activeElement.id", Vec::new()).await == json!(until_field) {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn every_control_of_every_screen_is_reached_by_tab_in_order_seen_and_left_again() {
    let catalogue = Catalogue::open().await;
    let page = &catalogue.page;
    page.run(NEIGHBOURS, Vec::new()).await;
    let mut faults = Vec::new();
    let mut walked = 0;
    // While a file hangs at the pointer nobody types.
    for name in catalogue.names.iter().filter(|name| !name.starts_with("12-")) {
        catalogue.show(&Form::PLAIN, name).await;
        page.phone(async |frame| frame.run(WATCH, Vec::new()).await).await;
        page.run("document.querySelector('#before').focus()", Vec::new()).await;
        if !walk(page, "Tab", "after").await {
            faults.push(format!("{name}: Tab does not get out"));
            continue;
        }
        let forwards = page.phone(async |frame| frame.run(JUDGE, Vec::new()).await).await;
        if !walk(page, "Shift+Tab", "before").await {
            faults.push(format!("{name}: Shift+Tab does not get out"));
            continue;
        }
        let back =
            page.phone(async |frame| frame.run("return stops.map(named).reverse()", Vec::new()).await).await;
        if back != forwards[1] {
            faults.push(format!("{name}: {} forwards, {back} backwards", forwards[1]));
        }
        walked += forwards[1].as_array().map_or(0, Vec::len);
        let found = forwards[0].as_array().into_iter().flatten().filter_map(Value::as_str);
        faults.extend(found.map(|fault| format!("{name}: {fault}")));
    }
    println!("{walked} stops on {} screens", catalogue.names.len());
    assert!(walked > catalogue.names.len(), "{walked}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A phone in a page of another site, between two fields.
async fn open_between(server: &Server, host: &str) -> Page {
    let page = Page::open_on(server, host, "/200/").await;
    page.run(NEIGHBOURS, Vec::new()).await;
    page
}

/// What has the focus in the phone; empty where the phone has none.
async fn focused(page: &Page) -> String {
    let script = "const one = document.activeElement; if (!document.hasFocus() || one === document.body) return ''; \
         return (one.ariaLabel || one.innerText || one.className).trim().replace(/\\s+/g, ' ')";
    let name = page.phone(async |frame| frame.run(script, Vec::new()).await).await;
    name.as_str().unwrap_or_default().to_owned()
}

async fn expect_focus(page: &Page, part: &str) {
    let start = std::time::Instant::now();
    loop {
        let name = focused(page).await;
        if name.contains(part) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "the focus is at {name:?}, not at {part:?}");
        tokio::time::sleep(softframe_browser_tests::GLANCE).await;
    }
}

/// Presses keys until the focus is there.
async fn go(page: &Page, key: &str, part: &str) {
    for _ in 0..MAX_STOPS {
        page.keys(&[key]).await;
        if focused(page).await.contains(part) {
            return;
        }
    }
    panic!("{key} does not lead to {part:?}, but to {:?}", focused(page).await);
}

async fn field(page: &Page) -> Value {
    page.phone(async |frame| {
        frame.run("return document.querySelector('.number-field').value", Vec::new()).await
    })
    .await
}

async fn attribute(page: &Page, selector: &str, name: &str) -> Value {
    let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1])";
    page.phone(async |frame| frame.run(script, vec![json!(selector), json!(name)]).await).await
}

async fn is_open(page: &Page) -> bool {
    page.phone(async |frame| frame.run("return document.querySelector('dialog').open", Vec::new()).await)
        .await
        == json!(true)
}

fn people() -> Value {
    let rows: Vec<Value> = ["Abel Branco", "Bruno Diaz", "Carla Echo", "Dora Ring"]
        .iter()
        .zip(["+34911000001", "+34911000002", "601", "603"])
        .map(|(name, number)| json!({ "id": name, "name": name, "phones": [number] }))
        .collect();
    json!({ "type": "contacts", "data": rows })
}

#[tokio::test(flavor = "multi_thread")]
async fn sheets_tabs_and_lists_follow_their_keys_and_give_the_focus_back() {
    let server = Server::start();
    let page = open_between(&server, "127.0.0.1").await;
    page.expect("logged").await;
    page.post(people()).await;
    page.expect("contacts:indexed").await;
    page.run("document.querySelector('#before').focus()", Vec::new()).await;

    page.keys(&["Tab"]).await;
    expect_focus(&page, "Available").await;
    page.keys(&["Enter"]).await;
    until("the sheet is open", async || is_open(&page).await.then_some(())).await;
    expect_focus(&page, "Available").await;
    page.keys(&["ArrowDown"]).await;
    expect_focus(&page, "Busy").await;
    assert_eq!(page.expect("status:change").await["context"]["status"], "busy", "an arrow chooses");
    page.keys(&["ArrowUp"]).await;
    assert_eq!(page.expect("status:change").await["context"]["status"], "online");
    page.keys(&["Tab", "Space"]).await;
    assert_eq!(page.expect("status:change").await["dnd"], true);
    page.keys(&["Enter"]).await;
    assert_eq!(page.expect("status:change").await["dnd"], false);
    page.keys(&["Escape"]).await;
    until("the sheet is closed", async || (!is_open(&page).await).then_some(())).await;
    expect_focus(&page, "Available").await;

    page.keys(&["Space"]).await;
    until("the sheet is open", async || is_open(&page).await.then_some(())).await;
    go(&page, "Tab", "Settings").await;
    page.keys(&["Enter"]).await;
    page.phone(async |frame| frame.reads("Import contacts").await).await;
    assert!(!is_open(&page).await);
    expect_focus(&page, "Settings").await;
    go(&page, "Tab", "System").await;
    page.keys(&["ArrowRight"]).await;
    expect_focus(&page, "Light").await;
    assert_eq!(attribute(&page, ":root", "data-theme").await, "light");
    // Leaving the page leads to the tab it covered.
    page.keys(&["Escape"]).await;
    expect_focus(&page, "Name or number").await;

    // On the key pad a key goes to the field from wherever the focus is.
    go(&page, "Tab", "Keypad").await;
    page.keys(&["9"]).await;
    expect_focus(&page, "Name or number").await;
    assert_eq!(field(&page).await, "9");
    page.keys(&["Escape"]).await;
    assert_eq!(field(&page).await, "");

    go(&page, "Tab", "Keypad").await;
    page.keys(&["ArrowRight"]).await;
    expect_focus(&page, "Contacts").await;
    page.keys(&["Enter"]).await;
    page.phone(async |frame| frame.reads("Abel Branco").await).await;
    page.keys(&["/"]).await;
    expect_focus(&page, "Search contacts").await;
    page.type_keys("carla").await;
    page.phone(async |frame| {
        until("one is left", async || (!frame.text().await.contains("Abel Branco")).then_some(())).await;
    })
    .await;
    page.keys(&["Escape"]).await;
    page.phone(async |frame| frame.reads("Abel Branco").await).await;

    go(&page, "Tab", "Abel Branco").await;
    page.keys(&["ArrowDown"]).await;
    expect_focus(&page, "Bruno Diaz").await;
    page.keys(&["End"]).await;
    expect_focus(&page, "Dora Ring").await;
    // The list is one stop: out of it and back to the row that was left.
    page.keys(&["Tab"]).await;
    expect_focus(&page, "Contacts").await;
    page.keys(&["Shift+Tab"]).await;
    expect_focus(&page, "Dora Ring").await;
    page.keys(&["Home"]).await;
    expect_focus(&page, "Abel Branco").await;
    page.keys(&["ArrowRight"]).await;
    expect_focus(&page, "Call Abel Branco").await;
    page.keys(&["ArrowLeft", "Enter"]).await;
    page.phone(async |frame| frame.reads("+34911000001").await).await;
    expect_focus(&page, "Contact").await;
    page.keys(&["Escape"]).await;
    until("the list is back", async || {
        (attribute(&page, "#phone", "data-view").await == "tabs").then_some(())
    })
    .await;
    go(&page, "Tab", "Abel Branco").await;
    page.keys(&["ArrowDown", "ArrowDown", "Shift+Enter"]).await;
    assert_eq!(page.expect("phone:calling").await["to"], "601");
}

#[tokio::test(flavor = "multi_thread")]
async fn single_keys_work_in_a_call_escape_ends_none_and_shift_e_ends_it() {
    let server = Server::start();
    let page = open_between(&server, "127.0.0.1").await;
    page.expect("logged").await;
    page.phone(async |frame| frame.click(".number-field").await).await;
    page.type_keys("607").await;
    page.keys(&["Enter"]).await;
    assert_eq!(page.expect("phone:calling").await["to"], "607");
    page.expect("phone:accepted").await;
    page.expect_audio_to("607", &server).await;
    page.keys(&["m"]).await;
    assert_eq!(page.expect("phone:muted").await["muted"], true);
    page.keys(&["m"]).await;
    assert_eq!(page.expect("phone:muted").await["muted"], false);
    page.keys(&["h"]).await;
    page.expect("phone:hold").await;
    page.keys(&["h"]).await;
    page.expect("phone:unhold").await;
    // Digits are sent while the key pad is open, and at no other time.
    page.keys(&["9", "k"]).await;
    page.phone(async |frame| frame.reads("Hide keypad").await).await;
    page.keys(&["1", "2", "#"]).await;
    until("the digits arrive", async || {
        let call = server.call_with("607")?;
        (call["dtmf"] == "12#" || call["heard"]["dtmf"] == "12#").then_some(())
    })
    .await;
    page.keys(&["Escape"]).await;
    page.phone(async |frame| frame.reads("Transfer").await).await;
    page.keys(&["t"]).await;
    page.phone(async |frame| frame.reads("Transfer now").await).await;
    expect_focus(&page, "Name or number").await;
    page.keys(&["Escape"]).await;
    page.phone(async |frame| frame.reads("End call").await).await;
    page.keys(&["a"]).await;
    until("the tabs are there", async || {
        (attribute(&page, "#phone", "data-view").await == "tabs").then_some(())
    })
    .await;
    go(&page, "Shift+Tab", "607").await;
    page.keys(&["Enter"]).await;
    page.phone(async |frame| frame.reads("End call").await).await;
    page.keys(&["Escape", "Escape", "Escape", "e"]).await;
    assert_eq!(
        page.ask("state", Value::Null).await.expect("a snapshot")["calls"].as_array().map(Vec::len),
        Some(1)
    );
    tokio::time::sleep(QUIET).await;
    page.keys(&["Shift+E"]).await;
    assert_eq!(page.expect("phone:terminated").await["cause"]["endedBy"], "local");
}

#[tokio::test(flavor = "multi_thread")]
async fn call_that_rings_takes_no_key_from_somebody_who_types_and_gives_the_focus_back() {
    let server = Server::start();
    let page = open_between(&server, "127.0.0.1").await;
    page.expect("logged").await;
    // In the page: letters stay there, and so does the focus, whatever comes up in the phone.
    page.run("document.querySelector('#before').focus()", Vec::new()).await;
    page.type_keys("dear ").await;
    let ring = server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    page.phone(async |frame| frame.reads("Incoming call").await).await;
    page.type_keys("madam A").await;
    page.keys(&["Enter"]).await;
    let typed = "return [document.activeElement.id, document.querySelector('#before').value]";
    assert_eq!(page.run(typed, Vec::new()).await, json!(["before", "dear madam A"]));
    assert_eq!(page.ask("answer", json!({})).await.map(|_| ()), Ok(()));
    page.expect("phone:accepted").await;
    let second = server.ring(200, "+34666555445");
    page.expect("phone:ringing").await;
    until("the sheet is open", async || is_open(&page).await.then_some(())).await;
    page.type_keys("D").await;
    assert_eq!(page.run(typed, Vec::new()).await, json!(["before", "dear madam AD"]));
    server.hang_up(&second);
    page.expect("phone:terminated").await;
    until("the sheet is closed", async || (!is_open(&page).await).then_some(())).await;
    page.type_keys("E").await;
    assert_eq!(page.run(typed, Vec::new()).await, json!(["before", "dear madam ADE"]));
    assert_eq!(focused(&page).await, "");
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    page.phone(async |frame| frame.press("Done").await).await;

    // In the phone: it covers the field, takes no key for an answer, and gives the field back as it was.
    page.phone(async |frame| frame.click(".number-field").await).await;
    page.type_keys("66").await;
    server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    expect_focus(&page, "Answer").await;
    page.keys(&["7", "Enter", "Space", "Shift+A", "Shift+D"]).await;
    let calls = page.ask("state", Value::Null).await.expect("a snapshot")["calls"].clone();
    assert_eq!((calls.as_array().map(Vec::len), &calls[0]["state"]), (Some(1), &json!("ringing")), "{calls}");
    tokio::time::sleep(QUIET).await;
    page.keys(&["Shift+D"]).await;
    assert_eq!(page.expect("phone:terminated").await["cause"]["reason"], "rejected");
    expect_focus(&page, "Name or number").await;
    assert_eq!(field(&page).await, "66");

    server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    expect_focus(&page, "Answer").await;
    tokio::time::sleep(QUIET).await;
    page.keys(&["Enter"]).await;
    page.expect("phone:accepted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_read_first_reached_by_tab_and_escape_is_none() {
    let server = Server::start();
    let page = open_between(&server, "evil.localhost").await;
    page.expect("widget:attention").await;
    page.phone(async |frame| frame.reads("wants to use your phone").await).await;
    page.run("document.querySelector('#before').focus()", Vec::new()).await;
    tokio::time::sleep(QUIET).await;
    page.keys(&["Tab"]).await;
    expect_focus(&page, "Allow").await;
    page.keys(&["Tab"]).await;
    expect_focus(&page, "Only once").await;
    page.keys(&["Tab"]).await;
    expect_focus(&page, "Don’t allow").await;
    page.keys(&["Tab"]).await;
    assert_eq!(page.run("return document.activeElement.id", Vec::new()).await, "after");
    page.keys(&["Shift+Tab"]).await;
    expect_focus(&page, "Don’t allow").await;
    page.keys(&["Escape"]).await;
    until("the card is gone", async || (!is_open(&page).await).then_some(())).await;
    assert_eq!(page.heard_types().await, ["softframe:ready", "widget:attention"], "closing it is no consent");

    page.reload().await;
    page.run(NEIGHBOURS, Vec::new()).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("widget:attention").await;
    page.phone(async |frame| frame.reads("wants to use your phone").await).await;
    page.run("document.querySelector('#before').focus()", Vec::new()).await;
    go(&page, "Tab", "Allow").await;
    tokio::time::sleep(QUIET).await;
    page.keys(&["Space"]).await;
    page.expect("logged").await;
}
