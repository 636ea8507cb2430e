//! The demo's pages do what an integrator would copy from them, and so do the snippets of the README, pasted as they stand.

use serde_json::json;
use softframe_browser_tests::{Page, Server, Setup, until};

#[tokio::test(flavor = "multi_thread")]
async fn button_of_a_customer_calls_and_a_call_pops_the_customer_up() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.run("document.querySelector('#customers .number').click()", Vec::new()).await;
    assert_eq!(page.expect("phone:calling").await["to"], "+34911085460");
    page.expect("phone:accepted").await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;

    page.run("document.querySelector('#ring button').click()", Vec::new()).await;
    assert_eq!(page.expect("phone:ringing").await["from"], "+34911085460");
    until("the customer pops up", async || {
        let text = page.run("return document.querySelector('#pop').innerText", Vec::new()).await;
        let text = text.as_str().unwrap_or_default();
        (text.contains("Inés Carvajal") && text.contains("is calling")).then_some(())
    })
    .await;
    page.phone(async |frame| frame.reads("Incoming call").await).await;
    page.picture_of_page("demo-ringing").await;
    page.small_picture_of_page("demo-ringing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn card_that_asks_the_person_can_be_pressed_while_the_page_shows_a_customer() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.run("document.querySelector('#ring button').click()", Vec::new()).await;
    page.expect("phone:ringing").await;
    page.post(json!({ "type": "reject" })).await;
    page.expect("phone:terminated").await;
    assert_eq!(page.run("return document.querySelector('#pop').hidden", Vec::new()).await, false);
    page.click2call("112").await;
    page.press_armed("Call 112").await;
    assert_eq!(page.expect("phone:calling").await["to"], "112");
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_of_the_page_are_pushed_and_name_the_caller() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.run("document.querySelector('#push').click()", Vec::new()).await;
    let indexed = page.expect("contacts:indexed").await;
    assert_eq!(
        indexed["count"],
        page.run("return document.querySelectorAll('#customers tbody tr').length", Vec::new()).await
    );
    server.ring(200, "+46705550161");
    assert_eq!(page.expect("phone:ringing").await["contact"]["name"], "Zoë Lindqvist");
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_phone_is_opened_in_the_size_it_wants() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/closed.html?ext=200"), Setup::Microphone).await;
    page.expect("logged").await;
    page.run("document.querySelector('#customers .number').click()", Vec::new()).await;
    page.expect("phone:calling").await;
    until("the phone is open", async || {
        let script =
            "const frame = document.querySelector('iframe'); return [frame.clientWidth, frame.clientHeight]";
        (page.run(script, Vec::new()).await == json!([320, 460])).then_some(())
    })
    .await;
    page.picture_of_page("demo-opened").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_of_008_calls_by_its_own_words_and_writes_its_list_from_the_records() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/agent008.html?ext=200"), Setup::Microphone).await;
    assert_eq!(page.expect("contacts:indexed").await["count"], 2);
    let lines = async |wanted: &[&str]| {
        let script = "return [...document.querySelectorAll('#calls li')].map((item) => item.textContent)";
        until(&format!("{wanted:?}"), async || {
            let shown = page.run(script, Vec::new()).await;
            let shown: Vec<&str> = shown.as_array()?.iter().filter_map(|line| line.as_str()).collect();
            let fits = |(line, wanted): (&&str, &&str)| line.starts_with(wanted);
            (shown.len() == wanted.len() && shown.iter().zip(wanted).all(fits)).then_some(())
        })
        .await;
    };
    page.run("document.querySelector('#call button').click()", Vec::new()).await;
    lines(&["outbound Echo: accepted, answered"]).await;
    server.expect_heard("600").await;
    page.run("document.querySelector('#hangup').click()", Vec::new()).await;
    lines(&["outbound Echo: terminated, answered, "]).await;
    let ended = page.expect("phone:terminated").await;
    assert_eq!(ended["cdr"]["total"], ended["total"]);

    let ring = server.ring(200, "+34911085460");
    lines(&["outbound Echo: terminated", "inbound Inés Carvajal: ringing, ringing"]).await;
    page.picture_of_page("demo-008").await;
    server.hang_up(&ring);
    lines(&["outbound Echo: terminated", "inbound Inés Carvajal: terminated, missed, "]).await;
    page.expect("phone:terminated").await;

    let ring = server.ring(200, "+34911085460");
    page.expect("phone:ringing").await;
    page.answer().await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    server.hang_up(&ring);
    let answered = "inbound Inés Carvajal: terminated, answered, ";
    lines(&["outbound Echo: terminated", "inbound Inés Carvajal: terminated, missed, ", answered]).await;
    assert!(page.run("return compared", Vec::new()).await.as_u64() >= Some(4), "`state` followed the events");
}

/// What is wrong with the page as it lies: the phone is not whole in sight, something is wider than the page, the
/// cells of a row or the numbers of a column do not line up.
const FAULTS: &str = r"
    const faults = [];
    const phone = document.querySelector('iframe[name=sf]').getBoundingClientRect();
    if (phone.width < 320 || phone.height < 460) faults.push(`the phone is ${phone.width}×${phone.height}`);
    if (phone.top < 0 || phone.left < 0 || phone.bottom > innerHeight || phone.right > innerWidth)
      faults.push(`the phone ends at ${phone.right}×${phone.bottom}`);
    if (document.documentElement.scrollWidth > innerWidth) faults.push('wider than the window');
    const lefts = new Set();
    for (const row of document.querySelectorAll('#customers tbody tr')) {
      const cells = [...row.cells].map((cell) => cell.getBoundingClientRect());
      if (cells.some((cell) => Math.abs(cell.height - cells[0].height) > .5 || Math.abs(cell.top - cells[0].top) > .5))
        faults.push(`the cells of ${row.dataset.id} have their own heights`);
      lefts.add(Math.round(row.querySelector('.number').getBoundingClientRect().left));
    }
    if (lefts.size !== 1) faults.push(`numbers start at ${[...lefts]}`);
    return faults;";

async fn expect_good_looks(page: &Page, picture: &str) {
    for (width, height) in [(1280, 800), (1440, 900)] {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        page.browser.cdp("Emulation.setDeviceMetricsOverride", size).await;
        assert_eq!(page.run(FAULTS, Vec::new()).await, json!([]), "{picture} at {width}×{height}");
        page.picture_of_page(&format!("demo/{picture}-{width}x{height}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn docked_phone_is_whole_in_sight_and_the_table_lines_up_in_every_state() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.run("document.querySelector('#push').click()", Vec::new()).await;
    page.expect("contacts:indexed").await;
    expect_good_looks(&page, "idle").await;
    server.ring_with(200, "+34911085460", &json!({ "X-Team": "Dev_Team", "X-Queue": "Sales" }));
    page.expect("phone:ringing").await;
    expect_good_looks(&page, "ringing").await;
    page.answer().await;
    page.expect("phone:accepted").await;
    page.run("document.querySelector('#log details').open = true", Vec::new()).await;
    expect_good_looks(&page, "talking").await;
    // Queue, name, number and company, and still nothing to scroll in the phone.
    page.phone(async |frame| {
        let script = "const { scrollHeight, clientHeight } = document.querySelector('.screen.call'); return scrollHeight - clientHeight";
        assert_eq!(frame.run(script, Vec::new()).await, json!(0));
    })
    .await;
    // The phone stays in sight at the end of the page, too.
    page.run("scrollTo(0, document.body.scrollHeight)", Vec::new()).await;
    expect_good_looks(&page, "scrolled").await;
}

const README: &str = include_str!("../../../README.md");

/// The snippet of the README that begins so, with the address of this phone in the place of the one that it names.
fn documented(server: &Server, language: &str, beginning: &str) -> String {
    let fence = format!("```{language}\n");
    let mut blocks = README.split(&fence).skip(1).filter_map(|rest| rest.split("```").next());
    let block = blocks.find(|block| block.starts_with(beginning));
    let block = block.unwrap_or_else(|| panic!("no {beginning} in the README"));
    let phone = block.replace("https://phone.example/", &server.on("localhost", "/200/"));
    phone.replace("https://phone.example", &server.on("localhost", ""))
}

/// Puts HTML into a page of another origin, its scripts one after the other as a browser runs them.
async fn paste(page: &Page, html: &str) {
    let script = format!(
        "const pasted = document.createRange().createContextualFragment({}); \
         for (const node of [...pasted.childNodes]) {{ \
             const loads = node.src && node.localName === 'script' \
                 && new Promise((done) => node.addEventListener('load', done)); \
             document.body.append(node); await loads; \
         }} return true;",
        json!(html)
    );
    assert_eq!(page.run_async(&script).await, Ok(json!(true)));
}

async fn open_empty(server: &Server) -> Page {
    Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await
}

#[tokio::test(flavor = "multi_thread")]
async fn five_lines_of_the_readme_embed_the_phone_and_call() {
    let server = Server::start();
    let page = open_empty(&server).await;
    paste(&page, &documented(&server, "html", "<iframe name=\"sf\"")).await;
    page.expect("logged").await;
    page.run("call('600')", Vec::new()).await;
    page.expect("phone:accepted").await;
    server.expect_heard("600").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snippet_of_the_readme_for_the_host_library_pushes_the_customers_and_calls_links() {
    let server = Server::start();
    let page = open_empty(&server).await;
    page.run("self.customers = [{ id: 7, name: 'Ana Pérez', phones: ['+34911000001'] }]", Vec::new()).await;
    paste(&page, &documented(&server, "html", "<div id=\"phone\">")).await;
    assert_eq!(page.expect("contacts:indexed").await["count"], 1);
    let ring = server.ring(200, "+34911000001");
    assert_eq!(page.expect("phone:ringing").await["contact"]["id"], 7);
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    paste(&page, "<a id=\"link\" href=\"tel:600\">600</a>").await;
    page.run("document.querySelector('#link').click()", Vec::new()).await;
    assert_eq!(page.expect("phone:calling").await["to"], "600");
}

#[tokio::test(flavor = "multi_thread")]
async fn snippets_of_the_readme_for_pages_of_other_phones_call() {
    let server = Server::start();
    let page = open_empty(&server).await;
    paste(&page, &documented(&server, "html", "<script src=\"https://phone.example/softframe-rc.js\">"))
        .await;
    let hears = async |kind: &str, fits: &str| {
        until(&format!("{kind} {fits}"), async || {
            let script = format!("return heard.some((one) => one.type === arguments[0] && ({fits}))");
            (page.run(&script, vec![json!(kind)]).await == json!(true)).then_some(())
        })
        .await;
    };
    hears("rc-dialer-status-notify", "one.ready").await;
    page.run("RCAdapter.clickToCall('600', true)", Vec::new()).await;
    hears("rc-call-start-notify", "one.call.to === '600'").await;
    drop(page);

    let page = open_empty(&server).await;
    paste(&page, &documented(&server, "html", "<iframe name=\"sf\" src=\"https://phone.example/\" allow=\"microphone; autoplay; speaker-selection; clipboard-write; hid\"></iframe>\n<script src")).await;
    let lines = documented(&server, "js", "Cti.WebSocket.init(");
    let ours = lines.lines().nth(1).expect("the line for pages without a client of their own");
    let script = format!(
        "self.told = []; const [url, username, phoneNumber] = ['wss://xivo.example/xuc/api/2.0/cti?token=t', 'ana', '200']; \
         Cti.setHandler(Cti.MessageType.LOGGEDON, () => told.push('LoggedOn')); \
         Cti.setHandler(Cti.MessageType.PHONEEVENT, ({{ eventType }}) => told.push(eventType)); {ours}"
    );
    page.run(&script, Vec::new()).await;
    let told = async |what: &str| {
        until(what, async || {
            let found = page.run("return told.includes(arguments[0])", vec![json!(what)]).await;
            (found == json!(true)).then_some(())
        })
        .await;
    };
    told("LoggedOn").await;
    page.run("Cti.dial('600')", Vec::new()).await;
    told("EventEstablished").await;
}
