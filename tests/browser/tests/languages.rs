//! The language that is spoken: words, dates and direction in a real run, and what is said where texts are missing.

use fantoccini::Locator;
use serde_json::json;
use softframe_browser_tests::{Catalogue, Form, Page, Server, Setup};

/// What the frame has asked for of the texts, without hashes.
const LOADED: &str = "return performance.getEntriesByType('resource').map(({ name }) => \
     /strings\\/(\\w+)/.exec(name)?.[1]).filter(Boolean)";
const ROOT: &str = "const { lang, dir } = document.documentElement; return [lang, dir]";
const CHOOSE: &str = "const list = document.getElementById('language'); list.focus(); list.value = arguments[0]; \
     list.dispatchEvent(new Event('change', { bubbles: true }))";

/// A page of the phone's own site, so that the browser's emulations reach both.
async fn open_near(server: &Server) -> Page {
    Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await
}

async fn miss_a_call(server: &Server, page: &Page) {
    let ring = server.ring(200, "600");
    page.expect("phone:ringing").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
}

/// The time of the newest of the recents, as it is written.
async fn time_of_newest(page: &Page) -> String {
    page.phone(async |frame| {
        frame.click("#tab-recents").await;
        frame.find(Locator::Css(".row .time:not(:empty)")).await.text().await.expect("a text")
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn language_of_the_address_changes_words_and_times_and_no_other_is_loaded() {
    let server = Server::start();
    let page = open_near(&server).await;
    page.add_frame("sf", &server.on("localhost", "/200/?lang=de")).await;
    page.expect("logged").await;
    miss_a_call(&server, &page).await;
    let german = time_of_newest(&page).await;
    page.phone(async |frame| {
        frame.reads("Verfügbar").await;
        frame.reads("Heute").await;
        assert_eq!(frame.run(ROOT, Vec::new()).await, json!(["de", "ltr"]));
        assert_eq!(frame.run(LOADED, Vec::new()).await, json!(["de"]));
    })
    .await;
    page.run("document.querySelector('iframe[name=sf]').remove()", Vec::new()).await;
    page.forget().await;
    page.add_frame("sf", &server.on("localhost", "/200/?lang=en-US")).await;
    page.expect("logged").await;
    let american = time_of_newest(&page).await;
    let is_of_24_hours = |time: &str| !time.contains("AM") && !time.contains("PM");
    assert!(is_of_24_hours(&german) && !is_of_24_hours(&american), "{german} {american}");
}

#[tokio::test(flavor = "multi_thread")]
async fn language_chosen_in_the_settings_acts_at_once_mirrors_and_outlives_the_page() {
    let server = Server::start();
    let page = open_near(&server).await;
    let address = server.on("localhost", "/200/");
    page.add_frame("sf", &address).await;
    page.expect("logged").await;
    page.phone(async |frame| {
        frame.click("#person").await;
        frame.press("Settings").await;
        frame.find(Locator::Css("#language")).await;
        frame.run(CHOOSE, vec![json!("ar")]).await;
        frame.reads("المظهر").await;
        assert_eq!(frame.run(ROOT, Vec::new()).await, json!(["ar", "rtl"]));
        let kept =
            frame.run("return [document.activeElement.id, document.activeElement.value]", Vec::new()).await;
        assert_eq!(kept, json!(["language", "ar"]), "the focus stays where it was");
    })
    .await;
    page.reload().await;
    page.add_frame("sf", &address).await;
    page.expect("logged").await;
    page.phone(async |frame| {
        frame.reads("لوحة الأرقام").await;
        assert_eq!(frame.run(LOADED, Vec::new()).await, json!(["ar"]));
        let order = "const left = (key) => document.querySelector(`.key[data-key='${key}']`).getBoundingClientRect().left; \
             const tab = (id) => document.getElementById(id).getBoundingClientRect().left; \
             return left(1) < left(2) && left(2) < left(3) && tab('tab-keypad') > tab('tab-recents')";
        assert_eq!(frame.run(order, Vec::new()).await, json!(true), "tabs mirror, the key pad does not");
        frame.click("#person").await;
        frame.press("الإعدادات").await;
        frame.find(Locator::Css("#language")).await;
        frame.run(CHOOSE, vec![json!("")]).await;
        frame.reads("Look").await;
        assert_eq!(frame.run(ROOT, Vec::new()).await, json!(["en-US", "ltr"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_cannot_be_had_give_way_to_english_and_the_console_says_so() {
    let server = Server::with_widget(&json!({ "language": "ar", "strings": { "tab.contacts": "People" } }));
    let page = open_near(&server).await;
    page.browser.cdp("Network.enable", json!({})).await;
    page.browser.cdp("Network.setBlockedURLs", json!({ "urls": ["*/strings/ar*"] })).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    page.phone(async |frame| {
        frame.reads("Available").await;
        assert!(frame.text().await.contains("People"), "texts of the configuration lie on top");
        assert_eq!(frame.run(ROOT, Vec::new()).await, json!(["en", "ltr"]), "what is read is English");
    })
    .await;
    let console = page.browser.console().await;
    assert!(
        console
            .iter()
            .any(|line| line.contains("the language \\\"ar\\\"") || line.contains("the language \"ar\"")),
        "{console:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn first_language_of_the_browser_that_has_texts_is_spoken() {
    let server = Server::start();
    let page = open_near(&server).await;
    let agent = page.run("return navigator.userAgent", Vec::new()).await;
    let wishes = json!({ "userAgent": agent, "acceptLanguage": "nl,pt-BR,en" });
    page.browser.cdp("Emulation.setUserAgentOverride", wishes).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    page.phone(async |frame| {
        frame.reads("Disponível").await;
        assert_eq!(frame.run(ROOT, Vec::new()).await, json!(["pt-BR", "ltr"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_have_every_plural_form_that_the_browser_asks_for() {
    let catalogue = Catalogue::open().await;
    let script = "const done = arguments[arguments.length - 1]; (async () => { \
         const all = {}; \
         for (const { hreflang, href } of document.querySelectorAll('link[hreflang]')) { \
           const texts = await (await fetch(href)).json(); \
           const wanted = new Intl.PluralRules(hreflang).resolvedOptions().pluralCategories.toSorted().join(); \
           const plurals = Object.entries(texts).filter(([, text]) => typeof text === 'object'); \
           all[hreflang] = [plurals.length, plurals.filter(([, forms]) => Object.keys(forms).toSorted().join() !== wanted)]; \
         } \
         done(all); })()";
    let found = catalogue.page.phone(async |frame| frame.run_async(script).await).await;
    let languages = found.as_object().expect("languages");
    assert_eq!(languages.len(), 7, "{found}");
    for (language, result) in languages {
        assert!(result[0].as_u64().is_some_and(|count| count > 5), "{language} has no plurals: {result}");
        assert_eq!(result[1], json!([]), "{language}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_language_fits_the_smallest_frame() {
    let catalogue = Catalogue::open().await;
    let mut faults = Vec::new();
    for (name, wishes) in [
        ("spanish", "theme=light&lang=es"),
        ("french", "theme=light&lang=fr"),
        ("german", "theme=light&lang=de"),
        ("portuguese", "theme=light&lang=pt"),
        ("italian", "theme=light&lang=it"),
        ("arabic", "theme=light&lang=ar"),
    ] {
        let form = Form { name, wishes, size: (280, 400), ..Form::PLAIN };
        catalogue.emulate(&form).await;
        for screen in &catalogue.names {
            catalogue.show(&form, screen).await;
            let found = catalogue.faults().await;
            if !found.is_empty() {
                catalogue.page.picture(&format!("{name}-small/{screen}")).await;
            }
            faults.extend(found.into_iter().map(|fault| format!("{name}/{screen}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
