//! Walks through the phone that come to the screens of the catalogue by what people and servers do, and by nothing else.

use fantoccini::Locator;
use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, Setup, serve_widget, until};
use std::net::TcpListener;

const PASSWORD: &str = "secret-200";

async fn press(page: &Page, name: &str) {
    page.phone(async |frame| frame.press(name).await).await;
}

async fn click(page: &Page, selector: &str) {
    page.phone(async |frame| frame.click(selector).await).await;
}

async fn type_into(page: &Page, selector: &str, text: &str) {
    page.phone(async |frame| frame.type_into(selector, text).await).await;
}

async fn run(page: &Page, script: &str) {
    page.phone(async |frame| frame.run(script, Vec::new()).await).await;
}

async fn ask(page: &Page, kind: &str, data: Value) {
    page.ask(kind, data).await.unwrap_or_else(|error| panic!("{kind}: {error}"));
}

async fn hang_up(page: &Page) {
    ask(page, "hangup", json!({})).await;
    page.expect("phone:terminated").await;
}

/// A page of no account with the phone of this configuration.
async fn open_with(server: &Server, config: &Value) -> Page {
    let page = Page::open_served(server, &serve_widget("/", config.to_string())).await;
    page.expect("softframe:ready").await;
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn screens_before_somebody_is_signed_in_are_reached() {
    let server = Server::with_password("200", PASSWORD);
    let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
    page.browser.cdp("Network.enable", json!({})).await;
    page.browser.cdp("Network.setBlockedURLs", json!({ "urls": ["*softframe_bg*"] })).await;
    page.add_frame("sf", &server.on("localhost", "/plain/")).await;
    page.reached("04-starting", ".starting", "Starting…").await;

    let page = open_with(&server, &json!({ "country": 34 })).await;
    page.reached("59-config-error", ".empty .rule", "country").await;

    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("ws://127.0.0.1:{}/ws", silent.local_addr().expect("bound").port());
    let page = open_with(&server, &json!({ "server": address, "domain": "softframe.test" })).await;
    page.reached("02-signin-short", ".fixed-server .change", "Change").await;
    type_into(&page, "#signin-user", "200").await;
    type_into(&page, "#signin-password", PASSWORD).await;
    press(&page, "Sign in").await;
    page.reached("02-signin-busy", ".signin .go", "Signing in…").await;
    page.reached("02-signin-unreachable", "#signin-server-error", "The server does not answer.").await;
    press(&page, "Change").await;
    page.reached("01-signin", ".field.server label", "Server").await;

    let page = Page::open_plain(&server, Setup::Microphone).await;
    type_into(&page, "#signin-user", "200").await;
    type_into(&page, "#signin-password", "not the one").await;
    press(&page, "Sign in").await;
    page.reached("02-signin-error", "#signin-error", "User or password is wrong.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn screens_of_the_tabs_are_reached() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.reached("05-keypad", ".dial-call .call", "Call").await;
    type_into(&page, ".number-field", "+").await;
    page.keys(&["Enter"]).await;
    page.reached("07-keypad-invalid", ".dial-note", "This is not a phone number.").await;
    click(&page, ".dial-field .delete").await;
    click(&page, "#tab-contacts").await;
    page.reached("10-contacts-empty", ".no-contacts .title", "No contacts yet").await;
    click(&page, "#tab-recents").await;
    click(&page, ".segments .missed").await;
    page.reached("16-recents-empty", ".empty .title", "No missed calls").await;

    click(&page, "#tab-contacts").await;
    let many = "frames.sf.postMessage({ type: 'contacts', data: { contacts: Array.from({ length: 30000 }, (_, n) => \
         ({ id: `m${n}`, name: `Zoe Number ${n}`, phones: [String(700000 + n)] })) } }, '*')";
    page.run(many, Vec::new()).await;
    page.reached("09-contacts-indexing", ".progress .read", " read").await;
    page.expect_within(std::time::Duration::from_secs(60), "contacts:indexed").await;
    page.post(json!({ "type": "contacts", "data": { "contacts": [
        { "id": "a", "name": "Abel Branco", "company": "Acme", "phones": ["+34911000001", "+34911000002"] }
    ] } }))
    .await;
    page.expect("contacts:indexed").await;
    page.reached("08-contacts", ".row .name", "Abel Branco").await;
    type_into(&page, ".search input", "qqq").await;
    page.reached("11-contacts-none", ".no-hits .title", "Nothing for “qqq”").await;
    click(&page, ".search .clear").await;
    type_into(&page, ".search input", "abel").await;
    click(&page, ".hits .row .handset").await;
    page.reached("53-numbers", "dialog .numbers .number", "+34911000002").await;
    page.keys(&["Escape"]).await;
    click(&page, ".hits .row .open").await;
    page.reached("14-contact", ".portrait .name", "Abel Branco").await;
    press(&page, "Back").await;

    click(&page, "#tab-keypad").await;
    type_into(&page, ".number-field", "34911").await;
    page.reached("06-keypad-typing", ".suggestion .name", "Abel Branco").await;
    click(&page, ".dial-field .delete").await;
    run(&page, "const field = document.querySelector('.number-field'); field.value = ''; field.dispatchEvent(new Event('input', { bubbles: true }))").await;
    type_into(&page, ".number-field", "abel").await;
    page.reached("07-keypad-name", ".dial-call .call", "Call Abel Branco").await;
    type_into(&page, ".number-field", "qqq").await;
    page.reached("07-keypad-nothing", ".dial", "Nothing for").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn screens_of_files_status_and_settings_are_reached() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let drag = "const dataTransfer = new DataTransfer(); dataTransfer.items.add(new File([''], 'people.vcf')); \
         dispatchEvent(new DragEvent(arguments[0], { dataTransfer }))";
    page.phone(async |frame| frame.run(drag, vec![json!("dragenter")]).await).await;
    page.reached("12-drop", "#drop .title", "Drop to add contacts").await;
    page.phone(async |frame| frame.run(drag, vec![json!("dragleave")]).await).await;
    page.drop_file(
        "people.vcf",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Vera Card\r\nTEL:+34911000009\r\nEND:VCARD\r\n\
         BEGIN:VCARD\r\nVERSION:3.0\r\nFN:No Number\r\nEND:VCARD\r\n",
    )
    .await;
    page.reached("13-import", "dialog .import h2", "Contacts added").await;
    press(&page, "Done").await;
    click(&page, "#tab-contacts").await;
    click(&page, ".row .open").await;
    page.reached("14-contact-own", ".removal .edit", "Edit").await;
    press(&page, "Edit").await;
    page.reached("14-edit", "dialog .edit .save", "Save").await;
    run(&page, "const field = document.querySelector('dialog .number input'); field.value = 'none'; field.dispatchEvent(new Event('input', { bubbles: true }))").await;
    press(&page, "Save").await;
    page.reached("14-edit-error", "dialog .error", "This is not a phone number.").await;
    press(&page, "Cancel").await;
    press(&page, "Remove").await;
    page.reached("52-toast", ".toast .text", "Vera Card removed from contacts").await;
    press(&page, "Undo").await;

    click(&page, "#person").await;
    page.reached("53-status", "dialog .statuses", "Away").await;
    click(&page, "dialog .forwarding").await;
    page.reached("54-forwarding", ".rule .title", "Always").await;
    click(&page, ".rule .on").await;
    type_into(&page, ".rule .field input", "no number").await;
    page.keys(&["Enter"]).await;
    page.reached("54-forwarding-invalid", ".rule .error", "This is not a phone number.").await;
    press(&page, "Back").await;
    ask(&page, "navigate", json!({ "view": "settings" })).await;
    page.reached("55-settings", "h2", "Sound").await;
    press(&page, "Remove all").await;
    page.reached("55-remove", "dialog h2", "Remove all").await;
    press(&page, "Keep them").await;
    click(&page, ".about-phone").await;
    page.reached("58-about", ".about-page .title", "Softframe").await;
    press(&page, "Back").await;
    // A microphone of which the person is still asked.
    run(&page, "navigator.mediaDevices.getUserMedia = () => new Promise(() => {})").await;
    click(&page, ".check-phone").await;
    page.reached("57-check-running", ".checks[aria-busy=true] .name", "Microphone").await;

    let page = Page::open_evil(&server, "/200/").await;
    page.reached("03-consent", "dialog .consent", "wants to use your phone").await;
    let page = Page::open_registered(&server, 200).await;
    page.post(json!({ "type": "click2call", "data": { "number": "112" } })).await;
    page.reached("50-confirm", "dialog .confirm .number", "112").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn screens_of_a_call_out_are_reached() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("603").await;
    page.reached("23-ringing", ".state-pill", "Ringing 0:").await;
    press(&page, "Transfer").await;
    // What is said stays longer than what is shown.
    let said = "return document.querySelector('#say').textContent.includes('This works once the call is answered.') || null";
    until("what does not work yet says why", async || {
        page.phone(async |frame| frame.run(said, Vec::new()).await).await.as_bool()
    })
    .await;
    hang_up(&page).await;
    page.reached("38-ended", ".ended .again", "Call again").await;
    page.click2call("602").await;
    page.reached("39-ended-busy", ".ended .state-pill", "Busy").await;
    page.click2call("605").await;
    page.reached("24-early-media", ".note", "You hear the network.").await;
    page.expect("phone:accepted").await;
    page.reached("25-active", ".state-pill[data-tone=live]", "00:").await;
    press(&page, "Keypad").await;
    page.reached("27-keypad-in-call", ".ending .hide", "Hide keypad").await;
    press(&page, "Hide keypad").await;
    // The server hears nothing for a while.
    server.fault("freeze");
    press(&page, "Hold").await;
    page.reached("28-holding", ".tile[aria-busy=true]", "Holding…").await;
    server.fault("thaw");
    page.reached("28-held", ".state-pill", "On hold").await;
    press(&page, "Resume").await;
    page.expect("phone:unhold").await;
    press(&page, "Show phone, keep the call").await;
    page.reached("49-browse-in-call", "#running .time", ":").await;
    click(&page, "#running").await;

    press(&page, "Transfer").await;
    page.reached("31-transfer-pick", ".page:not([hidden]) .now", "Transfer now").await;
    type_into(&page, ".search-place input", "603").await;
    press(&page, "Ask first").await;
    page.reached("33-asking", ".complete[aria-disabled=true]", "Transfer").await;
    page.press_armed("Back to 605").await;
    page.expect("phone:unhold").await;
    page.click2call("601").await;
    page.expect_where(std::time::Duration::from_secs(15), "phone:accepted", |call| call["to"] == "601").await;
    page.reached("29-two-calls", ".leg .swap", "Swap").await;
    server.fault("freeze");
    press(&page, "Merge").await;
    page.reached("29-merging", ".tile[aria-busy=true]", "Merge").await;
    server.fault("thaw");
    page.reached("30-three-way", ".merged .top .title", "3-way call").await;
    page.press_armed("End for all").await;

    page.click2call("600").await;
    page.expect("phone:accepted").await;
    server.post("/demo/fault", &json!({ "kind": "refuse", "seconds": 4 }));
    page.reached("41-reconnecting", ".state-pill", "Reconnecting…").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn screens_of_a_call_in_are_reached() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.post(json!({ "type": "contacts", "data": { "contacts": [
        { "id": "1", "name": "Marta Ruiz", "phones": ["+34666555441"] },
        { "id": "2", "name": "Pau Serra", "phones": ["+34666555442"] },
        { "id": "3", "name": "Acme reception", "phones": ["+34666555442"] },
        { "id": "4", "name": "عائشة بنت محمد المنصوري آل نهيان للتجارة", "phones": ["+34666555443"] },
    ] } }))
    .await;
    page.expect("contacts:indexed").await;
    for (number, name, text) in [
        ("+34666555441", "17-incoming", "Marta Ruiz"),
        ("+34666555442", "18-incoming-several", "Pau Serra"),
        ("+34666555443", "21-incoming-long", "عائشة"),
    ] {
        let ring = server.ring(200, number);
        page.expect("phone:ringing").await;
        match name {
            "17-incoming" => page.reached("17-incoming", ".incoming .headline", text).await,
            "18-incoming-several" => page.reached("18-incoming-several", ".incoming .shared", text).await,
            _ => page.reached("21-incoming-long", ".incoming .headline", text).await,
        }
        server.hang_up(&ring);
        page.expect("phone:terminated").await;
    }
    let ring = server.ring(200, "anonymous");
    page.expect("phone:ringing").await;
    page.reached("19-incoming-withheld", ".incoming .headline", "Number withheld").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    let ring = server.ring(200, "+34666555449");
    page.expect("phone:ringing").await;
    page.reached("19-incoming-unknown", ".incoming .company", "Not in your contacts").await;
    press(&page, "Silence").await;
    page.reached("48-incoming-silenced", ".incoming.quiet .headline", "449").await;
    press(&page, "Send to…").await;
    page.reached("17-send-to", ".page:not([hidden]) .now", "Send").await;
    press(&page, "Back").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    click(&page, "#tab-recents").await;
    page.reached("15-recents", ".row .second", "Missed").await;

    page.click2call("601").await;
    page.expect("phone:accepted").await;
    let ring = server.ring(200, "+34666555441");
    page.expect("phone:ringing").await;
    page.reached("20-incoming-second", "dialog .second .lead", "Second call").await;
    server.hang_up(&ring);
    hang_up(&page).await;

    let other = Page::open_registered(&server, 201).await;
    page.click2call("201").await;
    other.expect("phone:ringing").await;
    ask(&other, "answer", json!({})).await;
    page.expect("phone:accepted").await;
    ask(&other, "hold", json!({})).await;
    page.reached("28-they-hold", ".note", "They put you on hold").await;
    ask(&other, "unhold", json!({})).await;
    press(&page, "Transfer").await;
    type_into(&page, ".search-place input", "603").await;
    press(&page, "Transfer now").await;
    page.reached("32-transferring", ".state-pill", "Transferring…").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn screens_of_trouble_with_the_microphone_the_sound_and_the_server_are_reached() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/?ext=200"), Setup::Denied).await;
    page.expect("logged").await;
    let ring = server.ring(200, "+34666555449");
    page.expect("phone:ringing").await;
    page.press_armed("Answer").await;
    page.reached("44-microphone-rings", "dialog .decline", "Decline").await;
    page.reached("44-incoming-blocked", ".incoming .note", "Microphone is blocked").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    page.click2call("600").await;
    page.reached("44-microphone-denied", "dialog .cancel", "Cancel").await;

    let page = Page::open(&server.page("/demo/?ext=200"), Setup::NoMicrophone).await;
    page.expect("logged").await;
    page.click2call("600").await;
    page.reached("46-microphone-none", "dialog h2", "No microphone found").await;

    let page = Page::open(&server.page("/demo/?ext=200"), Setup::NoAutoplay).await;
    page.expect("logged").await;
    page.reached("47-sound-off", "#banner .text", "Calls can’t ring yet.").await;
    let ring = server.ring(200, "+34666555449");
    page.reached("48-incoming-silent", ".pill-note", "Ringing silently").await;
    server.hang_up(&ring);

    let withheld = "const frame = document.createElement('iframe'); frame.name = 'sf'; frame.src = arguments[0]; \
         frame.width = 320; frame.height = 460; document.body.prepend(frame)";
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.run(withheld, vec![json!(server.on("localhost", "/200/"))]).await;
    page.expect("logged").await;
    page.click2call("600").await;
    page.reached("45-microphone-policy", "dialog h2", "This page blocks the microphone").await;
    press(&page, "Cancel").await;
    ask(&page, "navigate", json!({ "view": "settings" })).await;
    click(&page, ".check-phone").await;
    page.reached("57-check-bad", ".checks [data-tone=end]", "allow=").await;

    // A page that does not let speakers be chosen.
    let page = Page::open_on(&server, "127.0.0.1", "/200/").await;
    page.expect("logged").await;
    // The question for the microphone stays open.
    run(&page, "self.given = navigator.mediaDevices.getUserMedia; navigator.mediaDevices.getUserMedia = () => new Promise(() => {})").await;
    page.click2call("600").await;
    page.reached("22-calling", ".state-pill", "Calling…").await;
    page.reached("22-calling-asks", ".note", "Allow the microphone to go on.").await;
    page.reached("25-active-one-speaker", ".tiles.five .tile", "Mute").await;
    server.post("/demo/fault", &json!({ "kind": "refuse", "seconds": 20 }));
    page.press_armed("End call").await;
    page.reached("42-offline", "#banner .text", "No connection.").await;

    let server = Server::with_password("200", PASSWORD);
    let address = format!("ws://127.0.0.1:{}/ws", server.port);
    let account = json!({ "user": "200", "password": "not the one" });
    let config = json!({ "server": address, "domain": "softframe.test", "account": account });
    let page = open_with(&server, &config).await;
    page.reached("43-refused", "#banner .text", "The server refused this account.").await;
}

/// Puts a thousand calls into the store of the account, as the phone keeps them: one every ten minutes, the newest now.
const FILL: &str = r"
    const done = arguments[arguments.length - 1], space = '200@softframe.test', asked = indexedDB.open('softframe');
    asked.onsuccess = async () => {
      const base = asked.result;
      const wait = (request) => new Promise((good, bad) => {
        request.onsuccess = () => good(request.result); request.onerror = () => bad(request.error); });
      const kept = await wait(base.transaction('keys').objectStore('keys').get(space));
      const key = kept ?? await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
      const sealed = [];
      for (let n = 0; n < 1000; n++) {
        const at = Date.now() - n * 600000;
        const name = `${space}\0history/${String(at).padStart(15, '0')}-${String(n + 1).padStart(6, '0')}`;
        const call = { number: `+3491${1000000 + n}`, name: '', inbound: true, at, talked: 60, rang: 5, reason: 'hangup' };
        const encoder = new TextEncoder(), nonce = crypto.getRandomValues(new Uint8Array(12));
        const how = { name: 'AES-GCM', iv: nonce, additionalData: encoder.encode(name) };
        const text = new Uint8Array(await crypto.subtle.encrypt(how, key, encoder.encode(JSON.stringify(call))));
        sealed.push([name, Uint8Array.of(...nonce, ...text)]);
      }
      const writing = base.transaction(['keys', 'values'], 'readwrite');
      writing.oncomplete = () => { base.close(); done(sealed.length); };
      writing.objectStore('keys').put(key, space);
      for (const [name, value] of sealed) writing.objectStore('values').put(value, name);
    };";

/// Of the recents that a person sees: rows, days, the number of the one with the focus, and its place. And how many
/// there are, and stand in the page.
const RECENTS: &str = "const seen = (one) => { const box = one.getBoundingClientRect(), edge = \
       one.closest('.scroll').getBoundingClientRect(); return one.checkVisibility() && box.bottom > edge.top && box.top < edge.bottom; }; \
     const all = [...document.querySelectorAll('.screen:not([hidden]) .rows li')], row = document.activeElement.closest('.row'); \
     return { rows: all.filter((one) => one.matches('.row') && seen(one)).length, made: all.length, \
       days: all.filter((one) => one.matches('.day') && seen(one)).map((one) => one.innerText), \
       of: all.find((one) => one.ariaSetSize)?.ariaSetSize, at: row?.querySelector('.name').innerText, place: row?.ariaPosInSet }";

async fn recents(page: &Page) -> serde_json::Value {
    page.phone(async |frame| frame.run(RECENTS, Vec::new()).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_recents_only_those_in_view_stand_in_the_page_and_keys_lead_to_the_last() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    assert_eq!(page.phone(async |frame| frame.run_async(FILL).await).await, 1_000);
    page.reload().await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    click(&page, "#tab-recents").await;
    // The store gives them part by part.
    let first = until("all of the recents", async || {
        Some(recents(&page).await).filter(|recents| recents["of"] == "1000")
    })
    .await;
    assert_eq!(first["days"][0], "Today");
    let (seen, made) = (first["rows"].as_u64().unwrap_or(0), first["made"].as_u64().unwrap_or(0));
    assert!((5..=10).contains(&seen) && made <= 30, "{first}");

    page.keys(&["Tab", "Tab", "Tab"]).await;
    assert_eq!(recents(&page).await["place"], "1");
    page.keys(&["End"]).await;
    let last = until("the last call has the focus", async || {
        Some(recents(&page).await).filter(|recents| recents["place"] == "1000")
    })
    .await;
    assert_eq!(last["at"], "+34911000999");
    assert!(last["made"].as_u64().is_some_and(|made| made <= 30), "{last}");
    page.keys(&["PageUp", "ArrowDown"]).await;
    let above = until("another call has the focus", async || {
        Some(recents(&page).await).filter(|recents| recents["place"] == "995")
    })
    .await;
    assert_eq!(above["at"], "+34911000994");
}

#[tokio::test(flavor = "multi_thread")]
async fn slider_is_coloured_up_to_its_value_and_says_it_before_it_is_let_go() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let coloured = async |selector: &str| {
        let script = "const { style, value, min, max } = document.querySelector(arguments[0]); \
             const share = (value - min) / (max - min); \
             return [Math.abs(Number(style.getPropertyValue('--done')) - share) < 0.001, share]";
        page.phone(async |frame| frame.run(script, vec![json!(selector)]).await).await
    };
    // As while it is dragged.
    let drag = async |selector: &str, value: u32| {
        let script = "const one = document.querySelector(arguments[0]); one.value = arguments[1]; \
             one.dispatchEvent(new Event('input', { bubbles: true }))";
        page.phone(async |frame| frame.run(script, vec![json!(selector), json!(value)]).await).await;
    };
    ask(&page, "navigate", json!({ "view": "settings" })).await;
    page.phone(async |frame| frame.find(Locator::Css(".ring-volume")).await).await;
    assert_eq!(coloured(".ring-volume").await, json!([true, 1]));
    drag(".ring-volume", 25).await;
    assert_eq!(coloured(".ring-volume").await, json!([true, 0.25]));
    press(&page, "Back").await;

    click(&page, "#person").await;
    click(&page, "dialog .forwarding").await;
    click(&page, ".rule:nth-child(3) .on").await;
    let slider = "#forward-na-after";
    assert_eq!(coloured(slider).await[0], json!(true));
    drag(slider, 60).await;
    assert_eq!(coloured(slider).await, json!([true, 1]));
    let said = "return document.querySelector('.rule:nth-child(3) output').textContent";
    let said = page.phone(async |frame| frame.run(said, Vec::new()).await).await;
    assert_eq!(said, json!("60 s"), "the words follow the thumb");
}
