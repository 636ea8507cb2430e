//! What a screen reader is given: Chromium's own tree of every screen, and what is said in the course of a call.

use serde_json::{Value, json};
use softframe_browser_tests::{Catalogue, Form, Page, Server, until};

/// Roles that a person can do something with, and others that are nothing without a name.
const NAMED: [&str; 20] = [
    "DisclosureTriangle",
    "button",
    "link",
    "textbox",
    "searchbox",
    "combobox",
    "checkbox",
    "radio",
    "switch",
    "tab",
    "option",
    "menuitem",
    "slider",
    "listbox",
    "radiogroup",
    "dialog",
    "heading",
    "image",
    "img",
    "tablist",
];
/// Of these there is one, or each has a name of its own.
const LANDMARKS: [&str; 7] =
    ["main", "banner", "navigation", "contentinfo", "complementary", "region", "form"];

struct Tree(Vec<Value>);

impl Tree {
    /// Of the phone's frame, which is of the page's own site.
    async fn of(page: &Page) -> Tree {
        let frames = page.browser.cdp("Page.getFrameTree", json!({})).await;
        let frame = &frames["frameTree"]["childFrames"][0]["frame"]["id"];
        let tree = page.browser.cdp("Accessibility.getFullAXTree", json!({ "frameId": frame })).await;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        Tree(nodes.into_iter().filter(|node| node["ignored"] != json!(true)).collect())
    }

    fn with_role(&self, role: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |node| node["role"]["value"] == role)
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for role in NAMED {
            let unnamed = self.with_role(role).filter(|node| name(node).is_empty()).count();
            if unnamed > 0 {
                faults.push(format!("{unnamed} × {role} without a name"));
            }
        }
        for role in LANDMARKS {
            let names: Vec<&str> = self.with_role(role).map(name).collect();
            let mut distinct = names.clone();
            distinct.sort_unstable();
            distinct.dedup();
            if distinct.len() < names.len() {
                faults.push(format!("{role} several times: {names:?}"));
            }
        }
        let can_be_focused = |node: &&Value| property(node, "focusable") == json!(true);
        let roles = |node: &Value| node["role"]["value"].as_str().unwrap_or_default().to_owned();
        // What is focused by the screen itself, scrolled or typed into needs no other role.
        const OWN: [&str; 8] =
            ["RootWebArea", "heading", "list", "listitem", "dialog", "generic", "paragraph", "region"];
        for node in self.0.iter().filter(can_be_focused) {
            let role = roles(node);
            if !NAMED.contains(&role.as_str()) && !OWN.contains(&role.as_str()) {
                faults.push(format!("{role} {:?} takes the focus", name(node)));
            }
        }
        let dialogs = self.with_role("dialog").count();
        let titles = self.with_role("heading").filter(|node| property(node, "level") == json!(1)).count();
        if dialogs == 0 && titles != 1 {
            faults.push(format!("{titles} headings of the first level"));
        }
        for live in ["polite", "assertive"] {
            let regions = self.0.iter().filter(|node| property(node, "live") == json!(live)).count();
            if regions == 0 {
                faults.push(format!("nowhere to say what is {live}"));
            }
        }
        faults
    }
}

fn name(node: &Value) -> &str {
    node["name"]["value"].as_str().unwrap_or_default().trim()
}

fn property(node: &Value, wanted: &str) -> Value {
    let mut all = node["properties"].as_array().into_iter().flatten();
    all.find(|one| one["name"] == wanted).map_or(Value::Null, |one| one["value"]["value"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_names_its_controls_dialogs_and_title_can_speak_and_passes_axe() {
    let catalogue = Catalogue::open().await;
    let page = &catalogue.page;
    page.browser.cdp("Accessibility.enable", json!({})).await;
    catalogue.load_axe().await;
    let mut faults = Vec::new();
    let (mut buttons, mut dialogs) = (0, 0);
    for screen in &catalogue.names {
        catalogue.show(&Form::PLAIN, screen).await;
        let root =
            "const { lang, dir } = document.documentElement; return [lang, dir, document.title !== '']";
        let root = page.phone(async |frame| frame.run(root, Vec::new()).await).await;
        assert_eq!(root, json!(["en", "ltr", true]), "{screen}");
        let tree = Tree::of(page).await;
        buttons += tree.with_role("button").count();
        dialogs += tree.with_role("dialog").count();
        let found = tree.faults().into_iter().chain(catalogue.axe_faults().await);
        faults.extend(found.map(|fault| format!("{screen}: {fault}")));
    }
    let plant = "document.querySelector('main').append(document.createElement('button'))";
    page.phone(async |frame| frame.run(plant, Vec::new()).await).await;
    let planted = catalogue.axe_faults().await;
    assert!(planted.iter().any(|fault| fault.starts_with("button-name")), "axe sees nothing: {planted:?}");
    assert!(buttons > 200 && dialogs > 8, "{buttons} buttons, {dialogs} dialogs");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Notes what both regions say, and whether a screen reader could hear it there.
const LISTEN: &str = r"
    self.spoken = [];
    for (const [id, how] of [['say', 'polite'], ['alert', 'assertive']]) {
      const region = document.getElementById(id);
      new MutationObserver((changes) => {
        const sheet = document.querySelector('dialog[open]');
        const heard = region.getAttribute('aria-live') === how && (!sheet || sheet.contains(region)) && !region.closest('[inert], [aria-hidden=true]');
        for (const change of changes) for (const line of change.addedNodes)
          spoken.push([heard ? how : 'unheard', line.textContent]);
      }).observe(region, { childList: true });
    }";

/// Among the next things said is this.
async fn expect_said(page: &Page, how: &str, text: &str) {
    let wanted = json!([how, text]);
    let start = std::time::Instant::now();
    loop {
        let spoken = page.phone(async |frame| frame.run("return spoken", Vec::new()).await).await;
        let spoken = spoken.as_array().cloned().unwrap_or_default();
        if let Some(place) = spoken.iter().position(|said| *said == wanted) {
            let forget = "spoken.splice(0, arguments[0])";
            page.phone(async |frame| frame.run(forget, vec![json!(place + 1)]).await).await;
            return;
        }
        assert!(start.elapsed() < softframe_browser_tests::PATIENCE, "not said: {wanted}, but {spoken:?}");
        tokio::time::sleep(softframe_browser_tests::GLANCE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_errors_are_said_once_politely_or_at_once_also_over_a_sheet() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.post(json!({ "type": "contacts", "data": [{ "id": "1", "name": "Marta Ruiz", "phones": ["+34666555444"] }] })).await;
    page.expect("contacts:indexed").await;
    page.phone(async |frame| frame.run(LISTEN, Vec::new()).await).await;
    let ring = server.ring_with(200, "+34666555444", &json!({ "X-Queue": "Sales" }));
    expect_said(&page, "assertive", "Incoming call. Marta Ruiz, +34666555444, Sales").await;
    page.answer().await;
    expect_said(&page, "polite", "Connected to Marta Ruiz").await;
    page.phone(async |frame| frame.press("Mute").await).await;
    expect_said(&page, "polite", "Microphone muted").await;
    page.phone(async |frame| frame.press("Muted").await).await;
    expect_said(&page, "polite", "Microphone on").await;
    page.phone(async |frame| frame.press("Hold").await).await;
    expect_said(&page, "polite", "On hold").await;
    page.phone(async |frame| frame.press("Resume").await).await;
    expect_said(&page, "polite", "Resumed").await;
    let second = server.ring(200, "+34666555445");
    expect_said(&page, "assertive", "Incoming call. +34666555445").await;
    server.hang_up(&second);
    expect_said(&page, "polite", "+34666555445: Cancelled").await;
    server.hang_up(&ring);
    until("the end is said with its duration", async || {
        let spoken =
            page.phone(async |frame| frame.run("return JSON.stringify(spoken)", Vec::new()).await).await;
        spoken.as_str()?.contains(r#"["polite","Call ended · "#).then_some(())
    })
    .await;
    page.click2call("602").await;
    expect_said(&page, "polite", "Calling…").await;
    expect_said(&page, "polite", "Busy").await;
    page.phone(async |frame| {
        frame.press("Done").await;
        frame.type_into(".number-field", "+").await;
        frame.run("document.querySelector('.number-field').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))", Vec::new()).await;
    })
    .await;
    expect_said(&page, "assertive", "This is not a phone number.").await;
}
