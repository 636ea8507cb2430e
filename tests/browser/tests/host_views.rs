//! What the page around the phone decides of its looks: which view, which colours, whether it is seen at all.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, until};

async fn open(server: &Server, path: &str) -> Page {
    let page = Page::open_on(server, "127.0.0.1", path).await;
    page.expect("logged").await;
    page
}

async fn shows(page: &Page, view: &str, text: &str) {
    assert_eq!(page.ask("navigate", json!({ "view": view })).await, Ok(json!({})), "{view}");
    until(&format!("{view} is shown"), async || {
        let title = "return [...document.querySelectorAll('#main h1, #main [role=heading]')].find((one) => one.checkVisibility())?.textContent ?? ''";
        let title = page.phone(async |frame| frame.run(title, Vec::new()).await).await;
        title.as_str().is_some_and(|title| title.contains(text)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_sends_the_phone_to_each_view_also_in_a_call_which_hiding_does_not_end() {
    let server = Server::start();
    let page = open(&server, "/200/").await;
    let views =
        [("contacts", "Contacts"), ("history", "Recents"), ("settings", "Settings"), ("keypad", "Keypad")];
    for (view, title) in views {
        shows(&page, view, title).await;
    }
    let refused = page.ask("navigate", json!({ "view": "nowhere" })).await.expect_err("no such view");
    assert_eq!(refused["code"], "bad_request");

    page.click2call("600").await;
    page.expect("phone:accepted").await;
    // Straight from the call, each of them.
    for (view, title) in views {
        shows(&page, view, title).await;
        shows(&page, "call", "600").await;
    }
    for command in ["hide", "minimize", "show"] {
        assert_eq!(page.ask(command, Value::Null).await, Ok(json!({})), "{command}");
    }
    page.run("document.querySelector('iframe[name=sf]').style.display = 'none'", Vec::new()).await;
    server.expect_heard("600").await;
    assert_eq!(page.count("phone:terminated").await, 0);
}

/// `data-theme` of the phone, the colour behind its screen, and that of the chosen tab.
async fn colours(page: &Page) -> Value {
    let script = "const style = (place) => getComputedStyle(document.querySelector(place)); \
         return [document.documentElement.dataset.theme ?? null, style('body').backgroundColor, style('#tab-keypad').color]";
    page.phone(async |frame| frame.run(script, Vec::new()).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_of_the_configuration_and_of_the_address_are_worn() {
    let theme = json!({ "mode": "light", "accent": "#7a1fa2", "accentDark": "#ce93d8", "name": "Acme" });
    let server = Server::with_widget(&json!({ "theme": theme }));
    let page = open(&server, "/200/").await;
    let light = until("the page is light", async || {
        let colours = colours(&page).await;
        (colours[0] == "light").then_some(colours)
    })
    .await;
    assert_eq!(light[1], "rgb(255, 255, 255)", "{light}");
    let of_accent = light[2].clone();
    drop(page);

    // The address is of the page, too, and says only light or dark.
    let page = open(&server, "/200/?theme=dark").await;
    let dark = until("the page is dark", async || {
        let colours = colours(&page).await;
        (colours[0] == "dark").then_some(colours)
    })
    .await;
    assert_eq!(dark[1], "rgb(21, 23, 27)", "{dark}");
    drop((page, server));

    let server = Server::start();
    let page = open(&server, "/200/?theme=light").await;
    let plain = until("the page is light", async || {
        let colours = colours(&page).await;
        (colours[0] == "light").then_some(colours)
    })
    .await;
    assert_ne!(plain[2], of_accent, "the tab that is chosen wears the accent");
}
