//! A day at the phone with the keyboard alone: sign in, dial, talk, transfer, hang up, recents, settings; and what is said
//! on the way, in its order.

use serde_json::json;
use softframe_browser_tests::{GLANCE, PATIENCE, Page, Server, Setup, until};
use std::time::{Duration, Instant};

/// More stops than any screen has.
const MAX_STOPS: usize = 40;
/// End and the like are dead for a moment, so that a key pressed twice does not end what it began.
const QUIET: Duration = Duration::from_millis(900);

/// Keeps what both live regions say, in order; and every focus that came without a key before it.
const LISTEN: &str = r"
    self.spoken = [];
    for (const id of ['say', 'alert'])
      new MutationObserver((changes) => {
        for (const change of changes) for (const line of change.addedNodes) spoken.push(line.textContent);
      }).observe(document.getElementById(id), { childList: true });";

async fn listen(page: &Page) {
    page.phone(async |frame| frame.run(LISTEN, Vec::new()).await).await;
}

/// The focus is in the page that embeds the phone, before all that can have it.
async fn start_in_the_page(page: &Page) {
    page.run("document.body.tabIndex = -1; document.body.focus()", Vec::new()).await;
}

async fn focused(page: &Page) -> String {
    let script = "const one = document.activeElement; if (!document.hasFocus() || one === document.body) return ''; \
         return [one.ariaLabel, one.labels?.[0]?.innerText, one.innerText, one.className].find(Boolean).trim().replace(/\\s+/g, ' ')";
    let name = page.phone(async |frame| frame.run(script, Vec::new()).await).await;
    name.as_str().unwrap_or_default().to_owned()
}

async fn expect_focus(page: &Page, part: &str) {
    let start = Instant::now();
    loop {
        let name = focused(page).await;
        if name.contains(part) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "the focus is at {name:?}, not at {part:?}");
        tokio::time::sleep(GLANCE).await;
    }
}

/// Presses a key until the focus is there.
async fn go(page: &Page, key: &str, part: &str) {
    for _ in 0..MAX_STOPS {
        page.keys(&[key]).await;
        if focused(page).await.contains(part) {
            return;
        }
    }
    panic!("{key} does not lead to {part:?}, but to {:?}", focused(page).await);
}

async fn reads(page: &Page, text: &str) {
    page.phone(async |frame| frame.reads(text).await).await;
}

async fn said_in_order(page: &Page, wanted: &[&str]) {
    let spoken = page.phone(async |frame| frame.run("return spoken", Vec::new()).await).await;
    let spoken: Vec<&str> =
        spoken.as_array().into_iter().flatten().filter_map(|said| said.as_str()).collect();
    let mut rest = spoken.iter();
    for text in wanted {
        assert!(rest.any(|said| said.starts_with(text)), "{text:?} is not said in its order: {spoken:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keyboard_alone_leads_from_the_sign_in_over_a_call_and_its_transfer_to_the_settings() {
    let server = Server::with_password("200", "secret-200");
    let page = Page::open_plain(&server, Setup::Microphone).await;
    listen(&page).await;
    start_in_the_page(&page).await;
    go(&page, "Tab", "User").await;
    page.type_keys("200").await;
    page.keys(&["Tab"]).await;
    expect_focus(&page, "Password").await;
    page.type_keys("secret-200").await;
    page.keys(&["Enter"]).await;
    page.expect("logged").await;

    expect_focus(&page, "Name or number").await;
    page.type_keys("601").await;
    page.keys(&["Enter"]).await;
    assert_eq!(page.expect("phone:calling").await["to"], "601");
    page.expect("phone:accepted").await;
    expect_focus(&page, "601").await;
    page.keys(&["m"]).await;
    page.expect("phone:muted").await;
    page.keys(&["m"]).await;
    page.expect("phone:muted").await;

    // The echo follows no transfer: the caller is back.
    page.keys(&["t"]).await;
    expect_focus(&page, "Name or number").await;
    page.type_keys("602").await;
    go(&page, "Tab", "Transfer now").await;
    page.keys(&["Enter"]).await;
    reads(&page, "602: Declined. 601 is back with you.").await;
    tokio::time::sleep(QUIET).await;
    page.keys(&["Shift+E"]).await;
    assert_eq!(page.expect("phone:terminated").await["cause"]["endedBy"], "local");
    reads(&page, "Call again").await;
    go(&page, "Tab", "Done").await;
    page.keys(&["Enter"]).await;
    // Back to where the person was before the call.
    expect_focus(&page, "Name or number").await;

    go(&page, "Tab", "Keypad").await;
    page.keys(&["ArrowRight", "ArrowRight"]).await;
    expect_focus(&page, "Recents").await;
    page.keys(&["Enter"]).await;
    reads(&page, "Today").await;
    go(&page, "Shift+Tab", "Available").await;
    page.keys(&["Enter"]).await;
    until("the sheet is open", async || {
        let open = "return document.querySelector('dialog').open";
        (page.phone(async |frame| frame.run(open, Vec::new()).await).await == json!(true)).then_some(())
    })
    .await;
    go(&page, "Tab", "Settings").await;
    page.keys(&["Enter"]).await;
    expect_focus(&page, "Settings").await;
    go(&page, "Tab", "Check my phone").await;
    page.keys(&["Enter"]).await;
    expect_focus(&page, "Check my phone").await;
    page.keys(&["Escape"]).await;
    expect_focus(&page, "Settings").await;

    said_in_order(
        &page,
        &[
            "Calling…",
            "Connected to 601",
            "Microphone muted",
            "Microphone on",
            "602: Declined. 601 is back with you.",
            "Call ended · ",
        ],
    )
    .await;
    let said = page.phone(async |frame| frame.run("return spoken.join(' | ')", Vec::new()).await).await;
    let said = said.as_str().unwrap_or_default();
    assert!(!said.contains("results"), "who has called does not search any more: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn call_that_a_reload_ended_is_in_the_recents_is_heard_whole_removed_and_brought_back_by_keys() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("601").await;
    page.expect("phone:accepted").await;
    page.reload().await;
    page.expect("logged").await;
    listen(&page).await;
    start_in_the_page(&page).await;
    // The page has many stops of its own before the phone.
    go(&page, "Tab", "Name or number").await;
    go(&page, "Tab", "Keypad").await;
    page.keys(&["ArrowRight", "ArrowRight", "Enter"]).await;
    expect_focus(&page, "Recents").await;
    reads(&page, "Today").await;
    go(&page, "Tab", "601").await;
    let row = focused(&page).await;
    assert!(row.starts_with("Today 601 Outgoing "), "the day and the way are heard, too: {row}");

    page.keys(&["Delete"]).await;
    reads(&page, "601 removed from recents").await;
    expect_focus(&page, "Recents").await;
    go(&page, "Tab", "Undo").await;
    page.keys(&["Enter"]).await;
    expect_focus(&page, "Recents").await;
    go(&page, "Tab", "601").await;
    page.keys(&["Enter"]).await;
    page.reached("15-past", "dialog .past .remove", "Remove").await;
    expect_focus(&page, "Call 601").await;
    go(&page, "Tab", "Remove").await;
    page.keys(&["Enter"]).await;
    reads(&page, "No calls yet").await;
    expect_focus(&page, "Recents").await;
    said_in_order(&page, &["601 removed from recents"]).await;
    until("what was said is not left behind", async || {
        let left = "return document.querySelector('#say').textContent + document.querySelector('#alert').textContent";
        (page.phone(async |frame| frame.run(left, Vec::new()).await).await == json!("")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn focus_stays_in_the_bar_when_its_call_ends_and_when_the_frame_becomes_one() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.ask("hello", json!({ "features": ["resize"] })).await.expect("a container");
    start_in_the_page(&page).await;
    go(&page, "Tab", "Name or number").await;
    let high = "document.querySelector('iframe[name=sf]').height = arguments[0]";
    page.run(high, vec![json!(48)]).await;
    expect_focus(&page, "Open the phone").await;
    let ring = server.ring(200, "600");
    page.expect("phone:ringing").await;
    go(&page, "Shift+Tab", "Answer").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    expect_focus(&page, "Open the phone").await;
    page.run(high, vec![json!(460)]).await;
    expect_focus(&page, "Name or number").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_on_the_way_of_a_call_takes_the_focus_from_a_page_that_has_it() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.run(
        "const field = document.createElement('input'); field.id = 'notes'; document.body.prepend(field); field.focus();",
        Vec::new(),
    )
    .await;
    let watch = "self.taken = []; addEventListener('focusin', ({ target }) => taken.push(target.outerHTML.slice(0, 80)))";
    page.phone(async |frame| frame.run(watch, Vec::new()).await).await;
    for command in ["click2call", "hold", "unhold", "mute", "hangup"] {
        let data = if command == "click2call" { json!({ "number": "601" }) } else { json!({}) };
        page.ask(command, data).await.unwrap_or_else(|error| panic!("{command}: {error}"));
        if command == "click2call" {
            page.expect("phone:accepted").await;
        }
        page.type_keys("x").await;
    }
    page.expect("phone:terminated").await;
    let ring = server.ring(200, "600");
    page.expect("phone:ringing").await;
    page.type_keys("y").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    for view in ["contacts", "history", "settings", "keypad"] {
        page.ask("navigate", json!({ "view": view })).await.expect("a view");
    }
    page.type_keys("z").await;
    assert_eq!(page.run("return document.querySelector('#notes').value", Vec::new()).await, json!("xxxxxyz"));
    let taken = page.phone(async |frame| frame.run("return taken", Vec::new()).await).await;
    assert_eq!(taken, json!([]));
}

/// The accessible description of a button, by its label: the text of what describes it.
async fn described(page: &Page, label: &str) -> String {
    let script = "const one = [...document.querySelectorAll('button')].find((each) => each.checkVisibility() && \
         each.innerText.trim() === arguments[0]); \
         return one && document.getElementById(one.getAttribute('aria-describedby'))?.textContent";
    let text = page.phone(async |frame| frame.run(script, vec![json!(label)]).await).await;
    text.as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_say_why_they_do_not_work_yet_and_resume_is_no_pressed_button() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let ring = server.ring(200, "600");
    page.expect("phone:ringing").await;
    page.answer().await;
    page.expect("phone:accepted").await;
    reads(&page, "Hold").await;
    assert_eq!(described(&page, "Hold").await, "", "it works");
    page.ask("hold", json!({})).await.expect("held");
    reads(&page, "Resume").await;
    let pressed = "return [...document.querySelectorAll('.tile')].map((tile) => \
         [tile.innerText.trim(), tile.getAttribute('aria-pressed')])";
    let tiles = page.phone(async |frame| frame.run(pressed, Vec::new()).await).await;
    let state =
        |name: &str| tiles.as_array().and_then(|all| all.iter().find(|tile| tile[0] == name)).cloned();
    assert_eq!(state("Resume"), Some(json!(["Resume", null])));
    assert_eq!(state("Mute"), Some(json!(["Mute", "false"])));
    let colour = "return getComputedStyle(document.querySelector('.tile.resume')).backgroundColor !== \
         getComputedStyle(document.querySelector('.tile')).backgroundColor";
    assert_eq!(page.phone(async |frame| frame.run(colour, Vec::new()).await).await, json!(true));
    server.hang_up(&ring);
    page.expect("phone:terminated").await;

    page.click2call("603").await;
    reads(&page, "Ringing").await;
    assert_eq!(described(&page, "Hold").await, "This works once the call is answered.");
    assert_eq!(described(&page, "Mute").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_of_the_recents_says_what_it_counts() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let name = "const tab = document.querySelector('#tab-recents').cloneNode(true); \
         for (const hidden of tab.querySelectorAll('[aria-hidden=true]')) hidden.remove(); \
         return tab.textContent.trim().replace(/\\s+/g, ' ')";
    for count in ["Recents 1 missed call", "Recents 2 missed calls"] {
        let ring = server.ring(200, "600");
        page.expect("phone:ringing").await;
        server.hang_up(&ring);
        page.expect("phone:terminated").await;
        until("the tab counts", async || {
            (page.phone(async |frame| frame.run(name, Vec::new()).await).await == json!(count)).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_in_a_list_of_choices_look_for_one_and_enter_or_leaving_takes_it() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.ask("navigate", json!({ "view": "settings" })).await.expect("the settings");
    start_in_the_page(&page).await;
    let state = "return [document.querySelector('#language').selectedOptions[0].lang || \
         document.querySelector('#language').value, document.documentElement.lang.slice(0, 2)]";
    let state = async || page.phone(async |frame| frame.run(state, Vec::new()).await).await;
    let focus = "document.querySelector('#language').focus()";
    page.phone(async |frame| frame.run(focus, Vec::new()).await).await;
    page.type_keys("d").await;
    until("the letter finds", async || (state().await[0] == "de").then_some(())).await;
    assert_eq!(state().await[1], "en", "it is only looked for");
    page.keys(&["ArrowDown"]).await;
    assert_eq!(state().await[1], "en");
    page.keys(&["ArrowUp", "Enter"]).await;
    until("Enter takes it", async || (state().await == json!(["de", "de"])).then_some(())).await;

    page.phone(async |frame| frame.run(focus, Vec::new()).await).await;
    page.type_keys("f").await;
    until("the letter finds", async || (state().await[0] == "fr").then_some(())).await;
    page.keys(&["Tab"]).await;
    until("leaving takes it", async || (state().await == json!(["fr", "fr"])).then_some(())).await;

    page.phone(async |frame| frame.run(focus, Vec::new()).await).await;
    page.type_keys("e").await;
    until("the letter finds", async || (state().await[0] != "fr").then_some(())).await;
    page.keys(&["Escape"]).await;
    expect_focus(&page, "").await;
    page.ask("navigate", json!({ "view": "settings" })).await.expect("the settings");
    until("Escape takes nothing", async || (state().await == json!(["fr", "fr"])).then_some(())).await;

    // As a pointer picks: no key before it.
    let pick = "const list = document.querySelector('#language'); list.blur(); list.dispatchEvent(new PointerEvent('pointerdown')); \
         list.value = 'it'; list.dispatchEvent(new Event('change'))";
    page.phone(async |frame| frame.run(pick, Vec::new()).await).await;
    until("a pick acts at once", async || (state().await == json!(["it", "it"])).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_scrolled_list_stand_in_the_page_in_the_order_in_which_they_are_seen() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let many: Vec<_> = (100..500)
        .map(|n| json!({ "id": n.to_string(), "name": format!("Name {n}"), "phones": [format!("+34600000{n}")] }))
        .collect();
    page.ask("contacts", json!({ "contacts": many })).await.expect("contacts");
    page.ask("navigate", json!({ "view": "contacts" })).await.expect("the contacts");
    reads(&page, "Name 100").await;
    let order = "const rows = [...document.querySelectorAll('.contacts-scroll .row')].filter((row) => row.checkVisibility()); \
         const places = rows.map((row) => Number(row.ariaPosInSet)); \
         return [places[0], places.every((place, at) => place === places[0] + at), places.length > 8]";
    let scroll = "document.querySelector('.contacts-scroll').scrollTop = arguments[0]";
    let row = "const row = document.querySelector('.contacts-scroll').querySelector('[aria-posinset=\"3\"] .open'); row.focus()";
    start_in_the_page(&page).await;
    page.phone(async |frame| frame.run(row, Vec::new()).await).await;
    // Down and up, by a row and by many, with a focused row among those that move.
    for (px, first) in [(520, 7), (572, 8), (7_000, 131), (6_900, 129), (300, 2), (20_800, 0), (0, 1)] {
        page.phone(async |frame| frame.run(scroll, vec![json!(px)]).await).await;
        until("the rows are in order", async || {
            let seen = page.phone(async |frame| frame.run(order, Vec::new()).await).await;
            (seen[1] == true && seen[2] == true && (first == 0 || seen[0] == first)).then_some(())
        })
        .await;
        let focus = "return document.activeElement.closest('.contacts-scroll .row') !== null";
        let kept = page.phone(async |frame| frame.run(focus, Vec::new()).await).await;
        assert_eq!(kept, json!(true), "the focus is not lost at {px}");
    }
}

/// The page's own focus, from where Tab leads into the phone; from now on it is kept what is said.
async fn start_at_keys(page: &Page) {
    listen(page).await;
    start_in_the_page(page).await;
}

/// Types a number where numbers are typed, and calls it.
async fn dial(page: &Page, number: &str) {
    expect_focus(page, "Name or number").await;
    page.type_keys(number).await;
    page.keys(&["Enter"]).await;
    assert_eq!(page.expect("phone:calling").await["to"], number);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_merge_and_split_ask_before_a_transfer_go_back_and_call_again() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    start_at_keys(&page).await;
    go(&page, "Tab", "Name or number").await;
    dial(&page, "600").await;
    page.expect("phone:accepted").await;
    expect_focus(&page, "600").await;
    page.keys(&["a"]).await;
    dial(&page, "608").await;
    page.expect("phone:accepted").await;
    expect_focus(&page, "2 calls").await;
    go(&page, "Tab", "Merge").await;
    page.keys(&["Enter"]).await;
    // The same tile takes them apart again.
    expect_focus(&page, "Split").await;
    reads(&page, "3-way call").await;
    page.keys(&["Enter"]).await;
    expect_focus(&page, "Merge").await;
    reads(&page, "2 calls").await;
    tokio::time::sleep(QUIET).await;
    page.keys(&["Shift+E"]).await;
    page.expect("phone:terminated").await;
    // Who is left is heard again, and the focus is on the call.
    expect_focus(&page, "600").await;

    // Somebody is asked who does not answer: back to who waits.
    go(&page, "Tab", "Resume").await;
    page.keys(&["h"]).await;
    reads(&page, "Hold").await;
    page.keys(&["t"]).await;
    expect_focus(&page, "Name or number").await;
    page.type_keys("603").await;
    go(&page, "Tab", "Ask first").await;
    page.keys(&["Enter"]).await;
    assert_eq!(page.expect("phone:calling").await["to"], "603");
    expect_focus(&page, "Ask first").await;
    go(&page, "Tab", "Back to 600").await;
    tokio::time::sleep(QUIET).await;
    page.keys(&["Enter"]).await;
    assert_eq!(page.expect("phone:terminated").await["to"], "603");
    expect_focus(&page, "600").await;
    reads(&page, "Hold").await;
    tokio::time::sleep(QUIET).await;
    page.keys(&["Shift+E"]).await;
    page.expect("phone:terminated").await;

    go(&page, "Tab", "Call again").await;
    page.keys(&["Enter"]).await;
    assert_eq!(page.expect("phone:calling").await["to"], "600");
    page.expect("phone:accepted").await;
    expect_focus(&page, "600").await;
    tokio::time::sleep(QUIET).await;
    page.keys(&["Shift+E"]).await;
    page.expect("phone:terminated").await;
    go(&page, "Tab", "Done").await;
    page.keys(&["Enter"]).await;
    // Enter brings the last number, and the next one calls it.
    expect_focus(&page, "Name or number").await;
    page.keys(&["Enter"]).await;
    expect_focus(&page, "Name or number").await;
    page.keys(&["Enter"]).await;
    assert_eq!(page.expect("phone:calling").await["to"], "600");
    page.expect("phone:accepted").await;

    said_in_order(
        &page,
        &[
            "Connected to 600",
            "On hold",
            "Connected to 608",
            "3-way call",
            "On hold",
            "608: Call ended",
            "Resumed",
            "On hold",
            "Calling…",
            "603: Cancelled",
            "Resumed",
            "Call ended",
            "Connected to 600",
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_password_is_said_stands_at_its_field_selected_and_is_typed_over() {
    let server = Server::with_password("200", "secret-200");
    let page = Page::open_plain(&server, Setup::Microphone).await;
    start_at_keys(&page).await;
    go(&page, "Tab", "User").await;
    page.type_keys("200").await;
    page.keys(&["Tab"]).await;
    page.type_keys("not the one").await;
    page.keys(&["Enter"]).await;
    reads(&page, "User or password is wrong.").await;
    expect_focus(&page, "Password").await;
    // The focus was there before: what describes the field would not be read again, an alert is.
    let field = "const one = document.activeElement; \
         const word = document.getElementById(one.getAttribute('aria-describedby')); \
         return [one.selectionStart, one.selectionEnd, one.ariaInvalid, word.innerText.trim(), word.role]";
    let field = page.phone(async |frame| frame.run(field, Vec::new()).await).await;
    assert_eq!(field, json!([0, "not the one".len(), "true", "User or password is wrong.", "alert"]));
    page.type_keys("secret-200").await;
    page.keys(&["Enter"]).await;
    page.expect("logged").await;
    expect_focus(&page, "Name or number").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_do_not_disturb_are_set_by_keys_and_the_header_that_has_the_focus_says_them() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    start_at_keys(&page).await;
    go(&page, "Tab", "Available").await;
    page.keys(&["Enter"]).await;
    expect_focus(&page, "Available").await;
    page.keys(&["ArrowDown", "ArrowDown"]).await;
    expect_focus(&page, "Away").await;
    go(&page, "Tab", "Do not disturb").await;
    let switch = "return document.activeElement.ariaChecked";
    let switch = async || page.phone(async |frame| frame.run(switch, Vec::new()).await).await;
    assert_eq!(switch().await, json!("false"));
    page.keys(&["Space"]).await;
    until("the switch is on", async || (switch().await == json!("true")).then_some(())).await;
    page.keys(&["Escape"]).await;
    expect_focus(&page, "Do not disturb").await;
    let ring = server.ring(200, "600");
    assert_eq!(page.expect("phone:refused").await["cause"]["code"], 486);
    server.hang_up(&ring);
    page.keys(&["Enter"]).await;
    go(&page, "Tab", "Do not disturb").await;
    page.keys(&["Space", "Escape"]).await;
    expect_focus(&page, "Away").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_is_taken_over_from_another_tab_by_keys_and_says_why_it_is_not_during_a_call() {
    let server = Server::with_widget(&json!({ "oneTab": true }));
    let page = Page::open_registered(&server, 200).await;
    page.add_frame("second", &server.on("localhost", "/200/")).await;
    page.inside("iframe[name=second]", async |frame| {
        frame.reads("The phone is in another tab").await;
        frame.press("Use it here").await;
        frame.reads("Available").await;
    })
    .await;
    reads(&page, "The phone is in another tab").await;
    start_at_keys(&page).await;
    let ring = server.ring(200, "600");
    reads(&page, "A call is running there.").await;
    // The page has many stops of its own before the phone.
    go(&page, "Tab", "Open in another tab").await;
    go(&page, "Tab", "Use it here").await;
    let button = "const one = document.activeElement; return [one.ariaDisabled, \
         document.getElementById(one.getAttribute('aria-describedby')).innerText]";
    let button = async || page.phone(async |frame| frame.run(button, Vec::new()).await).await;
    assert_eq!(button().await, json!(["true", "A call is running there."]));
    page.keys(&["Enter"]).await;
    server.hang_up(&ring);
    until("the button works", async || (button().await[0] != "true").then_some(())).await;
    expect_focus(&page, "Use it here").await;
    page.keys(&["Enter"]).await;
    reads(&page, "Available").await;
    expect_focus(&page, "Name or number").await;
    page.inside("iframe[name=second]", async |frame| frame.reads("The phone is in another tab").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_storage_is_said_takes_no_focus_and_its_word_is_closed_by_keys() {
    let server = Server::start();
    let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
    let sabotage = format!(
        "if (self !== top) {{ addEventListener('DOMContentLoaded', () => {{ {LISTEN} }}); \
         IDBFactory.prototype.open = () => {{ throw new DOMException('no', 'SecurityError'); }}; }}"
    );
    page.browser.before_each_document(&sabotage).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    reads(&page, "Available").await;
    start_in_the_page(&page).await;
    go(&page, "Tab", "Name or number").await;
    page.type_keys("60").await;
    let contacts = json!([{ "id": "1", "name": "Ada Lovelace", "phones": ["+34915550101"] }]);
    page.ask("contacts", json!({ "contacts": contacts })).await.expect("they are taken");
    reads(&page, "The browser stores nothing here.").await;
    expect_focus(&page, "Name or number").await;
    said_in_order(&page, &["The browser stores nothing here."]).await;
    go(&page, "Tab", "Close").await;
    page.keys(&["Enter"]).await;
    until("the word is gone", async || {
        let shown = "return document.querySelector('#toast').checkVisibility()";
        (page.phone(async |frame| frame.run(shown, Vec::new()).await).await == json!(false)).then_some(())
    })
    .await;
    assert_ne!(focused(&page).await, "", "the focus is not lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn transfer_of_which_nothing_is_heard_is_taken_back_by_keys_and_that_they_still_hold_is_said() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let other = Page::open_registered(&server, 201).await;
    listen(&page).await;
    start_in_the_page(&page).await;
    go(&page, "Tab", "Name or number").await;
    page.type_keys("201").await;
    page.keys(&["Enter"]).await;
    other.expect("phone:ringing").await;
    other.answer().await;
    page.expect("phone:accepted").await;
    expect_focus(&page, "201").await;

    page.keys(&["t"]).await;
    expect_focus(&page, "Name or number").await;
    // It rings and never answers.
    page.type_keys("603").await;
    go(&page, "Tab", "Transfer now").await;
    page.keys(&["Enter"]).await;
    reads(&page, "Transferring…").await;
    reads(&page, "Take back").await;
    go(&page, "Tab", "Take back").await;
    tokio::time::sleep(QUIET).await;
    page.keys(&["Enter"]).await;
    // The other phone holds us as long as it calls.
    reads(&page, "They put you on hold").await;
    expect_focus(&page, "201").await;
    said_in_order(&page, &["Connected to 201", "They put you on hold"]).await;
    other.phone(async |frame| frame.press("End with 603").await).await;
    other.expect("phone:terminated").await;
    other.ask("unhold", json!({})).await.expect("the other phone is back");
    page.expect_audio().await;
    other.expect_audio().await;
    said_in_order(&page, &["They put you on hold", "Resumed"]).await;
}
