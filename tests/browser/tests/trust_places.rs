//! Pages that would be taken for one that the phone trusts: opaque ones, those of a like name, and one that was redirected.
//! Each is refused, and the right page acts after it.

use serde_json::{Value, json};
use softframe_browser_tests::{Frame, Page, Server, Setup, serve_changing_widget, serve_pages, until};
use std::sync::{Arc, Mutex};

fn call(number: &str) -> Value {
    json!({ "type": "click2call", "data": { "number": number } })
}

fn has_dialled(server: &Server, user: &str) -> bool {
    !server.saw_request(user, "INVITE").is_empty()
}

async fn expect_to_be_asked(page: &Page) {
    page.expect("widget:attention").await;
    page.phone(async |frame| frame.reads("wants to use your phone").await).await;
    assert_eq!(page.heard_types().await, ["softframe:ready", "widget:attention"]);
}

/// A document that this page makes itself, as a frame of it: it collects what it hears, and has the phone in it. `how`: its
/// text is a `data:` address, the frame's `srcdoc`, in a `sandbox` or not, or a `blob:` of the page.
async fn add_made_frame(page: &Page, how: &str, phone: &str) {
    let script = "const [how, phone] = arguments; const inner = `<!doctype html><body><script>self.heard = []; \
         addEventListener('message', ({ data }) => heard.push(data.type))</scr` + `ipt>\
         <iframe name=\"sf\" allow=\"microphone; autoplay\" src=\"${phone}\"></iframe>`; \
         const frame = document.createElement('iframe'); frame.name = 'box'; frame.allow = 'microphone *; autoplay *'; \
         if (how === 'sandbox') frame.sandbox = 'allow-scripts'; \
         if (how === 'data') frame.src = `data:text/html;base64,${btoa(inner)}`; \
         else if (how === 'blob') frame.src = URL.createObjectURL(new Blob([inner], { type: 'text/html' })); \
         else frame.srcdoc = inner; \
         document.body.append(frame);";
    page.run(script, vec![json!(how), json!(phone)]).await;
}

async fn heard_in(frame: &Frame<'_>) -> Value {
    frame.run("return self.heard", Vec::new()).await
}

const SANDBOXED: &str = "The page keeps this phone in a sandbox";

#[tokio::test(flavor = "multi_thread")]
async fn phone_in_a_sandbox_says_why_it_cannot_start_and_starts_where_its_origin_is_let_in() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    let script = "const [name, sandbox, phone] = arguments; const frame = document.createElement('iframe'); \
         Object.assign(frame, { name, sandbox, allow: 'microphone; autoplay', src: phone, width: 320, height: 460 }); \
         document.body.append(frame);";
    let phone = server.on("localhost", "/200/");
    page.run(script, vec![json!("box"), json!("allow-scripts"), json!(phone)]).await;
    page.inside("iframe[name=box]", async |frame| {
        frame.reads(SANDBOXED).await;
        frame.reads("add \"allow-same-origin\"").await;
    })
    .await;
    assert_eq!(page.expect("media:error").await["code"], "media_denied");
    assert!(!server.is_bound("200"));
    page.run(script, vec![json!("sf"), json!("allow-scripts allow-same-origin"), json!(phone)]).await;
    page.expect("logged").await;
    page.phone(async |frame| assert!(!frame.text().await.contains("sandbox"))).await;
    // The one in the sandbox has told that once, and nothing else.
    let heard = page.heard().await;
    let of_sandbox: Vec<&Value> = heard.iter().filter(|one| one["origin"] == "null").collect();
    assert_eq!(of_sandbox.iter().map(|one| &one["type"]).collect::<Vec<_>>(), ["media:error"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_in_a_sandboxed_page_says_so_on_the_screen_and_tells_nobody() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    add_made_frame(&page, "sandbox", &server.on("localhost", "/200/")).await;
    page.inside("iframe[name=box]", async |frame| {
        frame
            .inside("iframe[name=sf]", async |phone| {
                phone.reads(SANDBOXED).await;
                // What the phone has said before this word of ours would come before it.
                phone
                    .run("for (const to of [parent, top]) to.postMessage({ type: 'last' }, '*')", Vec::new())
                    .await;
            })
            .await;
        until("the last word has come", async || (heard_in(&frame).await != json!([])).then_some(())).await;
        assert_eq!(heard_in(&frame).await, json!(["last"]));
    })
    .await;
    page.expect("last").await;
    assert_eq!(page.heard_types().await, ["last"], "the page around it");
}

#[tokio::test(flavor = "multi_thread")]
async fn page_without_an_origin_hears_nothing_at_all_unless_hosts_admits_it() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    add_made_frame(&page, "data", &server.on("localhost", "/200/")).await;
    until("the phone is registered", async || server.is_bound("200").then_some(())).await;
    page.inside("iframe[name=box]", async |frame| {
        frame.run("frames.sf.postMessage(arguments[0], '*')", vec![call("600")]).await;
        frame
            .inside("iframe[name=sf]", async |phone| {
                until("it is put aside", async || (phone.counter("held").await == 1).then_some(())).await;
                let text = phone.text().await;
                assert!(!text.contains("wants to use your phone"), "nobody is asked about it: {text}");
            })
            .await;
        assert_eq!(heard_in(&frame).await, json!([]));
    })
    .await;
    assert!(!has_dialled(&server, "200"));
    drop(page);

    // The page around it is named as well, or the chain is none that is admitted.
    let around = format!("http://crm.localhost:{}", serve_pages());
    let server = Server::with_widget(&json!({ "hosts": ["null", around] }));
    let page = Page::open(&format!("{around}/"), Setup::Microphone).await;
    add_made_frame(&page, "data", &server.on("localhost", "/200/")).await;
    page.inside("iframe[name=box]", async |frame| {
        until("it hears of the account", async || {
            let heard = heard_in(&frame).await;
            heard.as_array().is_some_and(|kinds| kinds.contains(&json!("logged"))).then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_of_a_name_like_an_admitted_one_is_asked_about_and_the_admitted_one_acts() {
    let (pages, other_port) = (serve_pages(), serve_pages());
    let admitted = format!("http://crm.localhost:{pages}");
    // With an opaque origin among the hosts there is no frame-ancestors, so that it is the phone that refuses.
    let server = Server::with_widget(&json!({ "hosts": [admitted, "null"] }));
    for other in [
        format!("http://crm.localhost.evil.localhost:{pages}"),
        format!("http://xcrm.localhost:{pages}"),
        format!("http://crm.localhost:{other_port}"),
    ] {
        let page = Page::open(&format!("{other}/"), Setup::Microphone).await;
        page.add_frame("sf", &server.on("localhost", "/200/")).await;
        expect_to_be_asked(&page).await;
        page.post(call("600")).await;
        until("it is put aside", async || (page.held().await == 1).then_some(())).await;
        assert!(!has_dialled(&server, "200"), "{other}");
    }
    let page = Page::open(&format!("{admitted}/"), Setup::Microphone).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    page.expect("logged").await;
    page.click2call("600").await;
    assert_eq!(page.expect("phone:calling").await["to"], "600");
}

#[tokio::test(flavor = "multi_thread")]
async fn frame_that_was_redirected_to_another_site_is_not_trusted_for_where_it_was() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.add_frame("middle", &server.page("/demo/crm.css")).await;
    let phone = server.on("localhost", "/200/");
    let embed = async |frame: &Frame<'_>| {
        frame.run(Page::COLLECT, Vec::new()).await;
        frame.run(Page::EMBED, vec![json!("sf"), json!(phone)]).await;
    };
    let hears = async |frame: &Frame<'_>, kind: &str| {
        until("it is heard", async || {
            let heard = frame.run("return heard.map((one) => one.type)", Vec::new()).await;
            heard.as_array().is_some_and(|kinds| kinds.contains(&json!(kind))).then_some(())
        })
        .await;
    };
    page.inside("iframe[name=middle]", async |frame| {
        embed(&frame).await;
        hears(&frame, "logged").await;
        let evil = server.on("evil.localhost", "/demo/crm.css");
        frame.run("setTimeout((to) => location.replace(to), 0, arguments[0])", vec![json!(evil)]).await;
    })
    .await;
    page.inside("iframe[name=middle]", async |frame| {
        until("it is elsewhere", async || {
            let host = frame.run("return location.hostname + document.readyState", Vec::new()).await;
            (host == json!("evil.localhostcomplete")).then_some(())
        })
        .await;
        embed(&frame).await;
        hears(&frame, "widget:attention").await;
        frame.run("frames.sf.postMessage(arguments[0], '*')", vec![call("600")]).await;
        frame
            .inside("iframe[name=sf]", async |phone| {
                until("it is put aside", async || (phone.counter("held").await == 1).then_some(())).await;
                phone.reads("evil.localhost").await;
            })
            .await;
        let heard = frame.run("return heard.map((one) => one.type)", Vec::new()).await;
        assert_eq!(heard, json!(["softframe:ready", "widget:attention"]));
    })
    .await;
    assert!(!has_dialled(&server, "200"));
    page.add_frame("sf", &server.on("localhost", "/201/")).await;
    page.expect("logged").await;
    page.click2call("600").await;
    assert_eq!(page.expect("phone:calling").await["to"], "600");
}

/// The document in the box has heard this.
async fn box_hears(page: &Page, kind: &str) {
    page.inside("iframe[name=box]", async |frame| {
        until(&format!("the box hears {kind}"), async || {
            let heard = heard_in(&frame).await;
            heard.as_array().is_some_and(|kinds| kinds.contains(&json!(kind))).then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn document_that_a_trusted_page_makes_is_trusted_as_the_page_is() {
    for how in ["srcdoc", "blob"] {
        let server = Server::start();
        let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
        add_made_frame(&page, how, &server.on("localhost", "/200/")).await;
        box_hears(&page, "logged").await;
        // The page around it is not the parent of the phone.
        page.run("frames.box.frames.sf.postMessage(arguments[0], '*')", vec![call("601")]).await;
        page.inside("iframe[name=box]", async |frame| {
            frame
                .inside("iframe[name=sf]", async |phone| {
                    let refused = async || (phone.counter("refused").await == 1).then_some(());
                    until("the refusal is counted", refused).await;
                })
                .await;
            frame.run("frames.sf.postMessage(arguments[0], '*')", vec![call("600")]).await;
        })
        .await;
        box_hears(&page, "phone:calling").await;
        let dialled = server.saw_request("200", "INVITE");
        assert!(dialled.iter().all(|invite| invite.starts_with("INVITE sip:600@")), "{how}: {dialled:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn document_that_another_page_makes_is_asked_about_as_that_page_is() {
    let hears = json!(["softframe:ready", "widget:attention"]);
    for how in ["srcdoc", "blob"] {
        let server = Server::start();
        let page = Page::open(&server.on("evil.localhost", "/demo/crm.css"), Setup::Microphone).await;
        add_made_frame(&page, how, &server.on("localhost", "/200/")).await;
        until("the phone is registered", async || server.is_bound("200").then_some(())).await;
        page.inside("iframe[name=box]", async |frame| {
            frame.run("frames.sf.postMessage(arguments[0], '*')", vec![call("601")]).await;
            frame
                .inside("iframe[name=sf]", async |phone| {
                    until("it is put aside", async || (phone.counter("held").await == 1).then_some(())).await;
                })
                .await;
            until("that is all it hears", async || (heard_in(&frame).await == hears).then_some(())).await;
        })
        .await;
        assert!(!has_dialled(&server, "200"), "{how}");
        drop(page);
        let page = Page::open_registered(&server, 201).await;
        page.click2call("600").await;
        assert_eq!(page.expect("phone:calling").await["to"], "600", "{how}");
        assert!(!has_dialled(&server, "200"), "{how}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn page_that_hosts_does_not_name_any_more_is_asked_about_at_the_next_load_and_acts_when_it_is_again() {
    const PASSWORD: &str = "correct horse";
    let server = Server::with_password("200", PASSWORD);
    let site = format!("http://crm.localhost:{}", serve_pages());
    let config = |hosts: &[&str]| {
        json!({ "server": format!("ws://127.0.0.1:{}/ws", server.port), "domain": "softframe.test", "hosts": hosts,
            "account": { "user": "200", "password": PASSWORD } })
        .to_string()
    };
    let kept = Arc::new(Mutex::new(config(&[&site])));
    let phone = serve_changing_widget("/", kept.clone());
    let page = Page::open(&format!("{site}/"), Setup::Microphone).await;
    page.add_frame("sf", &phone).await;
    page.expect("logged").await;

    *kept.lock().expect("no test panics in it") = config(&["http://other.localhost"]);
    page.reload().await;
    page.add_frame("sf", &phone).await;
    page.expect("softframe:ready").await;
    expect_to_be_asked(&page).await;
    page.post(call("601")).await;
    until("it is put aside", async || (page.held().await == 1).then_some(())).await;
    assert!(!has_dialled(&server, "200"));

    *kept.lock().expect("no test panics in it") = config(&[&site]);
    page.reload().await;
    page.add_frame("sf", &phone).await;
    page.expect("logged").await;
    assert_eq!(page.count("widget:attention").await, 0, "nobody is asked");
    page.click2call("600").await;
    assert_eq!(page.expect("phone:calling").await["to"], "600");
}
