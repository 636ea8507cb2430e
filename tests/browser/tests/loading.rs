//! The frame loads, speaks first, signs in, and says what is wrong where it cannot.

use fantoccini::Locator;
use serde_json::json;
use softframe_browser_tests::{Page, Server, Setup, serve_widget, serve_widget_in_trouble, until, within};
use std::time::Duration;

const PASSWORD: &str = "correct horse";
/// A load that goes wrong at first takes up to fifteen seconds more.
const LOADS_WITHIN: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread")]
async fn frame_loads_ready_comes_first_then_logged_once() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let heard = page.heard().await;
    assert_eq!(heard[0]["type"], "softframe:ready", "{heard:?}");
    for key in ["v", "version", "protocols", "features", "instance"] {
        assert!(!heard[0]["data"][key].is_null(), "ready lacks {key}: {}", heard[0]);
    }
    let logged = heard.iter().find(|event| event["type"] == "logged").expect("logged");
    assert_eq!(logged["data"]["context"]["extension"], "200");
    assert_eq!(logged["data"]["context"]["size"], json!({ "width": 320, "height": 460 }));
    for (place, event) in heard.iter().enumerate() {
        assert_eq!(event["seq"], heard[0]["seq"].as_u64().expect("a number") + place as u64, "{heard:?}");
        assert_eq!(event["v"], 1, "{event}");
        assert_eq!(event["origin"], server.on("localhost", "").as_str(), "another site than the page");
    }
    assert_eq!(page.count("logged").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn frame_that_leaves_takes_its_binding_along() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    assert!(server.is_bound("200"));
    page.run("document.querySelector('iframe[name=sf]').remove()", Vec::new()).await;
    until("the binding is gone", async || (!server.is_bound("200")).then_some(())).await;
    assert!(
        server
            .saw_request("200", "REGISTER")
            .iter()
            .any(|text| text.contains("Expires: 0") || text.contains("expires=0"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_password_says_so_and_stops() {
    let server = Server::start();
    let page = Page::open_plain(&server, Setup::Microphone).await;
    page.phone(async |frame| {
        frame.type_into("input[name=username]", "200").await;
        frame.type_into("input[name=password]", "not the one").await;
        frame.press("Sign in").await;
        frame.reads("User or password is wrong.").await;
    })
    .await;
    let tries = server.saw_request("200", "REGISTER").len();
    assert!(tries <= 3, "{tries} requests with one wrong password");
    assert_eq!(page.count("logged").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn right_password_signs_in_and_trusts_the_page() {
    let server = Server::with_password("200", PASSWORD);
    let page = Page::open_plain(&server, Setup::Microphone).await;
    page.sign_in("200", PASSWORD).await;
    page.expect("logged").await;
    // Saved: the next load needs nobody.
    page.reload().await;
    page.add_frame("sf", &server.on("localhost", "/plain/")).await;
    page.expect("logged").await;
}

/// By hand where a person would, and by the page where a page would; the suite `firefox` runs it in the other browser.
#[tokio::test(flavor = "multi_thread")]
async fn person_who_signs_in_by_the_form_calls_is_called_by_a_contact_and_calls_from_the_page() {
    let server = Server::with_password("200", "correct horse");
    let page = Page::open_plain(&server, Setup::Microphone).await;
    page.sign_in("200", "correct horse").await;
    page.expect("logged").await;

    page.phone(async |frame| {
        frame.type_into(".number-field", "600").await;
        frame.press("Call").await;
    })
    .await;
    assert_eq!(page.expect("phone:calling").await["to"], "600");
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    server.expect_heard("600").await;
    page.press_armed("End call").await;
    assert_eq!(page.expect("phone:terminated").await["cause"]["endedBy"], "local");

    let john = json!({ "id": "id1", "name": "John Doe", "phones": ["+34666555444"] });
    page.post(json!({ "type": "contacts", "data": { "contacts": [john] } })).await;
    page.expect("contacts:indexed").await;
    let ring = server.ring(200, "+34666555444");
    assert_eq!(page.expect("phone:ringing").await["contact"]["name"], "John Doe");
    page.phone(async |frame| frame.reads("John Doe").await).await;
    page.answer().await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    server.hang_up(&ring);
    assert_eq!(page.expect("phone:terminated").await["cause"]["endedBy"], "remote");

    page.click2call("601").await;
    assert_eq!(page.expect("phone:calling").await["to"], "601");
    page.expect("phone:accepted").await;
    page.press_armed("End call").await;
    page.expect("phone:terminated").await;

    page.phone(async |frame| {
        frame.press("Done").await;
        frame.press("Contacts").await;
        frame.type_into(".search input", "doe").await;
        frame.click(".hits .row .handset").await;
    })
    .await;
    assert_eq!(page.expect("phone:calling").await["contact"]["name"], "John Doe");
    page.expect("phone:accepted").await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    page.expect_no_media().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_of_a_wrong_type_is_readable_on_screen() {
    let server = Server::with_widget(&json!({ "country": 34 }));
    let page = Page::open_demo(&server, 200).await;
    page.expect("softframe:ready").await;
    page.phone(async |frame| frame.reads("country").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_holds_on_the_page_and_on_every_script() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let addresses = page
        .phone(async |frame| {
            let script = "return performance.getEntriesByType('resource').map((one) => one.name)";
            frame.run(script, Vec::new()).await
        })
        .await;
    let scripts: Vec<&str> =
        addresses.as_array().expect("a list").iter().filter_map(|one| one.as_str()).collect();
    assert!(scripts.iter().any(|one| one.contains("softframe_bg-")), "{scripts:?}");
    for address in scripts.into_iter().filter(|one| one.ends_with(".js") || one.ends_with(".wasm")) {
        let head = server.head_of(address);
        assert!(head.contains("content-security-policy: default-src 'none'"), "{address}: {head}");
        assert!(head.contains("immutable"), "{address}: {head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn screen_is_painted_before_the_module_is_there() {
    let server = Server::start();
    let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
    page.browser.cdp("Network.enable", json!({})).await;
    page.browser.cdp("Network.setBlockedURLs", json!({ "urls": ["*softframe_bg*"] })).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.phone(async |frame| {
        for text in ["Starting…", "Keypad", "Contacts", "Recents"] {
            frame.reads(text).await;
        }
        let painted = "return performance.getEntriesByName('first-contentful-paint').length";
        until("it is painted", async || (frame.run(painted, Vec::new()).await == json!(1)).then_some(()))
            .await;
    })
    .await;
    assert_eq!(page.count("softframe:ready").await, 0, "the phone itself is not there");
}

/// A phone that signs in by itself, from a server that lacks a file these many times.
async fn open_from_server_in_trouble(server: &Server, file: &'static str, times: usize) -> Page {
    Page::open_served(server, &serve_widget_in_trouble("/", config_of(server), file, times)).await
}

fn config_of(server: &Server) -> String {
    json!({
        "server": format!("ws://127.0.0.1:{}/ws", server.port), "domain": "softframe.test",
        "account": { "user": "200", "password": PASSWORD },
    })
    .to_string()
}

/// Waits for the phone that loads late.
async fn logged_late(page: &Page) {
    within(LOADS_WITHIN, "it is signed in", async || (page.count("logged").await == 1).then_some(())).await;
}

async fn reads_late(page: &Page, text: &str) {
    page.phone(async |frame| {
        within(LOADS_WITHIN, text, async || frame.text().await.contains(text).then_some(())).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_whose_configuration_is_not_served_for_a_while_starts_when_it_is() {
    let server = Server::with_password("200", PASSWORD);
    let page = open_from_server_in_trouble(&server, "config.json", 2).await;
    reads_late(&page, "Starting…").await;
    logged_late(&page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_whose_module_is_not_served_says_that_it_takes_long_and_loads_again_by_itself() {
    let server = Server::with_password("200", PASSWORD);
    let page = open_from_server_in_trouble(&server, "softframe_bg", 1).await;
    reads_late(&page, "This takes longer than usual.").await;
    logged_late(&page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_whose_script_is_not_served_is_loaded_again_by_the_person() {
    let server = Server::with_password("200", PASSWORD);
    let page = open_from_server_in_trouble(&server, "boot", 1).await;
    reads_late(&page, "Try again").await;
    page.phone(async |frame| frame.press("Try again").await).await;
    logged_late(&page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_dropped_before_the_module_is_there_does_not_take_the_place_of_the_phone() {
    let server = Server::start();
    let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
    page.browser.cdp("Network.enable", json!({})).await;
    page.browser.cdp("Network.setBlockedURLs", json!({ "urls": ["*softframe_bg*"] })).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.phone(async |frame| frame.reads("Starting…").await).await;
    // What no listener prevents, the browser does: it shows the file in the place of the phone.
    let watch = "self.left = []; for (const kind of ['dragenter', 'dragover']) \
         addEventListener(kind, (event) => left.push([kind, event.defaultPrevented, event.dataTransfer.dropEffect]));";
    page.phone(async |frame| frame.run(watch, Vec::new()).await).await;
    page.drop_file("one.txt", "A file that any browser would show").await;
    let left = page.phone(async |frame| frame.run("return left", Vec::new()).await).await;
    let left = left.as_array().expect("a list");
    assert!(left.len() > 1 && left.iter().all(|one| one[1] == true && one[2] == "none"), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_on_the_screen_moves_from_load_to_registered() {
    const WATCH: &str = "self.shifts = []; self.seen = (list) => list.forEach((one) => \
         shifts.push([one.value, one.sources.map(({ node }) => (node?.outerHTML ?? node?.data ?? '').slice(0, 80))])); \
         self.watch = new PerformanceObserver((list) => seen(list.getEntries())); \
         watch.observe({ type: 'layout-shift', buffered: true });";
    const AFTER_A_FRAME: &str = "const done = arguments[arguments.length - 1]; \
         requestAnimationFrame(() => requestAnimationFrame(() => { seen(watch.takeRecords()); done(shifts); }))";
    let server = Server::start();
    for wish in ["lang=en", "lang=de"] {
        // Of the phone's own site: what is watched for must be there before the frame's own scripts.
        let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
        page.browser.before_each_document(WATCH).await;
        page.add_frame("sf", &server.on("localhost", &format!("/200/?{wish}"))).await;
        page.expect_connection("registered").await;
        let shifts = page
            .phone(async |frame| {
                frame.find(Locator::Css("#header .dot[data-dot=available]")).await;
                frame.run_async(AFTER_A_FRAME).await
            })
            .await;
        assert_eq!(shifts, json!([]), "{wish}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_works_from_any_web_server_under_any_path() {
    let server = Server::with_password("200", PASSWORD);
    let address = serve_widget("/tools/phone/", config_of(&server));
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.add_frame("sf", &address).await;
    page.expect("logged").await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
}
