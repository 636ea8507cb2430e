//! A picture of every screen, in light and dark and in other sizes, and what must hold on each of them.

use serde_json::{Value, json};
use softframe_browser_tests::{Frame, Page, Server, Setup, until};

/// Width, height, colours, and the folder of pictures it goes to.
const SIZES: [(u32, u32, &str, &str); 4] = [
    (320, 460, "light", "light"),
    (320, 460, "dark", "dark"),
    (280, 400, "light", "small"),
    (420, 900, "light", "tall"),
];

/// What is wrong with the screen that is shown: too wide, buttons without names or too small to touch, ids of texts
/// instead of texts.
const FAULTS: &str = r"
    const faults = [];
    const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('.unseen');
    if (document.documentElement.scrollWidth > innerWidth) faults.push('wider than the frame');
    const inside = document.querySelector('dialog[open]') ?? document.body;
    for (const one of inside.querySelectorAll('button, input')) {
      if (!seen(one) || one.disabled) continue;
      const name = one.ariaLabel || one.innerText?.trim() || one.labels?.length > 0;
      if (!name) faults.push(`no name: ${one.outerHTML.slice(0, 90)}`);
      const box = one.getBoundingClientRect();
      if (box.width > 0 && (box.width < 31.5 || box.height < 31.5)) faults.push(`small: ${one.className} ${box.width}×${box.height}`);
      if (box.right > innerWidth + 1 || box.left < -1) faults.push(`cut: ${one.className}`);
    }
    const walker = document.createTreeWalker(inside, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trim();
      if (/^[a-z]+(\.[a-z-]+)+$/.test(text) || /\{\w+\}/.test(text)) faults.push(`no text: ${text}`);
    }
    return faults;";

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_fits_its_frame_and_names_its_buttons() {
    let server = Server::with_pictures();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.add_frame("sf", &server.on("localhost", "/plain/?theme=light#")).await;
    let names = page.phone(names).await;
    assert!(names.len() > 50, "{names:?}");
    let mut faults = Vec::new();
    for (width, height, theme, folder) in SIZES {
        for name in &names {
            show(&page, &server, (width, height), theme, name).await;
            let found = page.phone(async |frame| frame.run(FAULTS, Vec::new()).await).await;
            for fault in found.as_array().into_iter().flatten() {
                faults.push(format!("{folder}/{name}: {fault}"));
            }
            page.picture(&format!("{folder}/{name}")).await;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

async fn names(frame: Frame<'_>) -> Vec<String> {
    until("the names of the pictures", async || {
        let names = frame.run("return globalThis.names ?? null", Vec::new()).await;
        let names = names.as_array()?.iter().filter_map(Value::as_str);
        Some(names.map(str::to_owned).collect())
    })
    .await
}

/// Loads the frame anew: no screen leaves anything to the next.
async fn show(page: &Page, server: &Server, size: (u32, u32), theme: &str, name: &str) {
    // Not looked into before it has loaded: until then it is another document.
    let script = "const [src, width, height] = arguments; const old = document.querySelector('iframe[name=sf]'); \
        const frame = document.createElement('iframe'); frame.name = 'sf'; frame.width = width; frame.height = height; \
        self.loaded = null; frame.onload = () => { self.loaded = src; }; frame.src = src; old.replaceWith(frame);";
    let address = server.on("localhost", &format!("/plain/?theme={theme}#{name}"));
    page.run(script, vec![json!(address), json!(size.0), json!(size.1)]).await;
    until("the frame has loaded", async || {
        (page.run("return self.loaded", Vec::new()).await == json!(address)).then_some(())
    })
    .await;
    page.phone(async |frame| {
        until("the screen is shown", async || {
            let shown = frame.run("return document.documentElement.dataset.shown ?? null", Vec::new()).await;
            (shown == json!("true")).then_some(())
        })
        .await;
    })
    .await;
}
