//! Contacts from the page and from files, and what they are good for.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, Stretches, until, within};
use std::time::Duration;

/// Only what never comes takes so long, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(400);

#[tokio::test(flavor = "multi_thread")]
async fn pushed_contacts_name_the_caller_on_screen_and_in_the_event() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.post(json!({ "type": "contacts", "data": { "contacts": [
        { "id": "id1", "name": "John Doe", "phones": ["+34666555444"] },
        { "id": 2, "name": "Jennifer Doe", "phones": ["+34666777888", "+34911085460"] },
    ] } }))
    .await;
    let indexed = page.expect("contacts:indexed").await;
    assert_eq!((&indexed["source"], &indexed["count"]), (&json!("host"), &json!(2)));
    server.ring(200, "+34666777888");
    let ringing = page.expect("phone:ringing").await;
    assert_eq!(ringing["contact"]["name"], "Jennifer Doe");
    assert_eq!(ringing["contact"]["id"], json!(2), "an id comes back as it came");
    page.phone(async |frame| {
        frame.reads("Jennifer Doe").await;
        frame.reads("+34666777888").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bare_array_is_taken_too_and_found_as_one_types() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.post(json!({ "type": "contacts", "data": [{ "id": "a", "name": "Zoë Lindqvist", "phones": ["+46315550107"] }] })).await;
    page.expect("contacts:indexed").await;
    page.phone(async |frame| {
        frame.type_into(".number-field", "lindq").await;
        frame.reads("Zoë Lindqvist").await;
    })
    .await;
    let hits = page.ask("contacts:search", json!({ "query": "zoe", "max": 5 })).await.expect("hits");
    assert_eq!(hits["hits"][0]["name"], "Zoë Lindqvist");
    let matches = page.ask("contacts:match", json!({ "numbers": ["+46315550107"] })).await.expect("matches");
    assert_eq!(matches["matches"]["+46315550107"][0]["name"], "Zoë Lindqvist");
}

/// Which of how many option is highlighted, what it reads, and whether all of it is in view.
const HIGHLIGHTED: &str = "const field = document.querySelector('.number-field'); \
     const option = document.getElementById(field.getAttribute('aria-activedescendant')); \
     const list = document.querySelector('#suggestions').getBoundingClientRect(); const box = option?.getBoundingClientRect(); \
     return option && [option.ariaPosInSet, option.ariaSetSize, option.querySelector('.name').textContent, \
       box.top >= list.top - 1 && box.bottom <= list.bottom + 1]";

#[tokio::test(flavor = "multi_thread")]
async fn suggestions_out_of_view_are_reached_by_arrows_by_scrolling_and_called_by_their_row() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let people: Vec<Value> = (10..70)
        .map(|n| json!({ "id": n, "name": format!("Person {n}"), "phones": [format!("+346000000{n}")] }))
        .collect();
    page.post(json!({ "type": "contacts", "data": people })).await;
    page.expect("contacts:indexed").await;
    page.phone(async |frame| frame.type_into(".number-field", "person").await).await;
    let expect = async |expected: Value| {
        page.phone(async |frame| {
            until(&expected.to_string(), async || {
                (frame.run(HIGHLIGHTED, Vec::new()).await == expected).then_some(())
            })
            .await;
        })
        .await;
    };
    expect(json!(["1", "50", "Person 10", true])).await;
    page.keys(&["ArrowDown"; 49]).await;
    expect(json!(["50", "50", "Person 59", true])).await;
    page.keys(&["Backspace"]).await;
    expect(json!(["1", "50", "Person 10", true])).await;
    page.phone(async |frame| {
        let scroll = "const list = document.querySelector('#suggestions'); list.scrollTop = list.scrollHeight; \
             return document.querySelector('#suggestions-49')?.checkVisibility() ?? null";
        until("the last option", async || frame.run(scroll, Vec::new()).await.as_bool()).await;
    })
    .await;
    page.keys(&["Enter"]).await;
    assert_eq!(page.expect("phone:calling").await["to"], "+34600000010", "the highlighted one is called");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_says_company_and_number_or_how_many_numbers_unless_one_was_searched_for() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.post(json!({ "type": "contacts", "data": [
        { "id": 1, "name": "Abel Branco", "company": "Branco Lda", "phones": ["+351213460012"] },
        { "id": 2, "name": "Ángel Márquez", "phones": ["+525550100012"] },
        { "id": 3, "name": "Charlotte Wolfe", "company": "Northwind", "phones": ["+442079460112", "+447700900112"] },
        { "id": 4, "name": "Dmitri Kuznetsov", "phones": ["+74955550180", "+74955550181"] },
    ] }))
    .await;
    page.expect("contacts:indexed").await;
    page.post(json!({ "type": "navigate", "data": { "view": "contacts" } })).await;
    let expect_lines = async |lines: Value| {
        let read = "return [...document.querySelectorAll('.contacts-scroll .row')].filter((row) => row.checkVisibility()) \
             .map((row) => ['.text', '.number'].map((part) => row.querySelector(`.second ${part}`).textContent))";
        page.phone(async |frame| {
            until(&lines.to_string(), async || (frame.run(read, Vec::new()).await == lines).then_some(()))
                .await;
        })
        .await;
    };
    expect_lines(json!([
        ["Branco Lda", "+351213460012"],
        ["", "+525550100012"],
        ["Northwind", "2 numbers"],
        ["", "2 numbers"],
    ]))
    .await;
    page.phone(async |frame| frame.type_into(".search input", "7700900").await).await;
    expect_lines(json!([["Northwind", "+447700900112"]])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_search_mark_what_answers_and_are_changed_in_place() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let people = ["Ana Gil", "Gil Ana", "Anabel Gilmore"];
    let contacts: Vec<Value> =
        people.iter().map(|name| json!({ "id": name, "name": name, "phones": ["+34600000001"] })).collect();
    page.post(json!({ "type": "contacts", "data": contacts })).await;
    page.expect("contacts:indexed").await;
    page.post(json!({ "type": "navigate", "data": { "view": "contacts" } })).await;
    page.phone(async |frame| {
        let read = "return [...document.querySelectorAll('.virtual .row .name')] \
             .filter((name) => name.checkVisibility()).map((name) => name.innerHTML)";
        let type_and_read = async |text: &str, expected: Value| {
            frame.type_into(".search input", text).await;
            until(&expected.to_string(), async || (frame.run(read, Vec::new()).await == expected).then_some(()))
                .await;
        };
        let one = json!(["<mark>A</mark>na Gil", "<mark>A</mark>nabel Gilmore", "Gil <mark>A</mark>na"]);
        type_and_read("a", one).await;
        let watch = "self.made = 0; self.first = document.querySelector('.virtual .row'); \
             new MutationObserver((all) => { for (const one of all) made += [...one.addedNodes].filter((node) => node.tagName).length; }) \
                 .observe(document.querySelector('.virtual'), { childList: true, subtree: true })";
        frame.run(watch, Vec::new()).await;
        let two = json!(["<mark>An</mark>a Gil", "<mark>An</mark>abel Gilmore", "Gil <mark>An</mark>a"]);
        type_and_read("n", two).await;
        assert_eq!(frame.run("return made", Vec::new()).await, 0, "a letter makes no part of the page anew");
        let both = json!([
            "<mark>Ana</mark> <mark>G</mark>il",
            "<mark>Ana</mark>bel <mark>G</mark>ilmore",
            "<mark>G</mark>il <mark>Ana</mark>",
        ]);
        type_and_read("a g", both.clone()).await;
        type_and_read("q", json!([])).await;
        frame.type_into(".search input", "\u{e003}").await;
        until(&both.to_string(), async || (frame.run(read, Vec::new()).await == both).then_some(())).await;
        let again = frame.run("return first === document.querySelector('.virtual .row')", Vec::new()).await;
        assert_eq!(again, true, "rows that were of no use come back");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_file_is_kept_over_a_reload_and_pushed_contacts_are_not() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.post(json!({ "type": "contacts", "data": [{ "id": "h", "name": "Only Here", "phones": ["+34600000001"] }] })).await;
    page.expect("contacts:indexed").await;
    page.drop_file("two.vcf", TWO_CARDS).await;
    let indexed = page.expect_where(PATIENCE, "contacts:indexed", |data| data["source"] == "vcard").await;
    assert_eq!(indexed["count"], 2, "{indexed}");
    let has_chunk = async || page.kept("").await.0.iter().any(|key| key.starts_with("contacts/"));
    until("the file is kept", async || has_chunk().await.then_some(())).await;
    page.reload().await;
    page.expect("logged").await;
    until("the dropped contacts are back", async || {
        let found =
            page.ask("contacts:match", json!({ "numbers": ["+34915550101", "+34600000001"] })).await.ok()?;
        (found["matches"]["+34915550101"][0]["name"] == "Ada Lovelace"
            && found["matches"]["+34600000001"].as_array().is_none_or(Vec::is_empty))
        .then_some(())
    })
    .await;
}

const TWO_CARDS: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada Lovelace\r\nTEL;TYPE=work:+34 915 550 101\r\nEND:VCARD\r\n\
     BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Émilie du Châtelet\r\nTEL:tel:+33155501020\r\nEND:VCARD\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn broken_file_costs_its_bad_cards_only() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let text = format!(
        "{TWO_CARDS}BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Nobody\r\nEND:VCARD\r\nBEGIN:VCARD\r\nFN:Cut off"
    );
    page.drop_file("broken.vcf", &text).await;
    let indexed = page.expect_where(PATIENCE, "contacts:indexed", |data| data["source"] == "vcard").await;
    assert_eq!(indexed["count"], 2, "{indexed}");
    page.click2call("602").await;
    page.expect("phone:terminated").await;
}

/// `n` rows as the documents show them.
fn rows(count: usize) -> Value {
    let row = |n: usize| json!({ "id": format!("c{n}"), "name": format!("Person{n} Family{}", n % 977), "phones": [format!("+34{:09}", 600_000_000 + n)] });
    Value::Array((0..count).map(row).collect())
}

const MANY: usize = 20_000;

/// No step of indexing holds the thread for longer.
const MAX_STEP_MS: f64 = 4.0;

/// The browser tidies its memory up in the midst of some step, and a busy machine lets the test look too late; of so many
/// books one is indexed without that.
const BOOKS: usize = 3;

/// 20,000 by one message, all of them found at the end; whether some were before, and how long the steps were.
async fn index_many(page: &Page, source: &str) -> (bool, Stretches) {
    let trace = page.trace().await;
    let before = page.count("contacts:indexed").await;
    page.post(json!({ "type": "contacts", "data": { "contacts": rows(MANY), "source": source } })).await;
    let early = within(PATIENCE, "a hit before the end", async || {
        let found = page.ask("contacts:search", json!({ "query": "person1", "max": 3 })).await.ok()?;
        let hits = found["hits"].as_array().is_some_and(|hits| !hits.is_empty());
        (hits || page.count("contacts:indexed").await > before).then_some(hits)
    })
    .await;
    let is_it = |data: &Value| data["source"] == source;
    let indexed = page.expect_where(PATIENCE, "contacts:indexed", is_it).await;
    assert_eq!(indexed["count"], MANY);
    let steps = trace.end().await;
    println!("thread time of steps, ms: {}; longest {:.2}", steps.histogram(), steps.longest());
    assert!(steps.over(0.0) > 100, "one loop is not steps");
    let found = page.ask("contacts:match", json!({ "numbers": ["+34600019999"] })).await.expect("matches");
    assert_eq!(found["matches"]["+34600019999"][0]["id"], "c19999");
    page.post(json!({ "type": "contacts:clear", "data": { "source": source } })).await;
    page.expect_where(PATIENCE, "contacts:indexed", is_it).await;
    (early, steps)
}

async fn expect_short_steps(page: &Page) {
    let (mut was_early, mut longest) = (false, Vec::new());
    for book in 0..BOOKS {
        let (early, steps) = index_many(page, &format!("book{book}")).await;
        was_early |= early;
        longest.push(steps.longest());
        if was_early && longest.iter().any(|longest| *longest <= MAX_STEP_MS) {
            return;
        }
    }
    panic!("a hit before contacts:indexed: {was_early}; the longest steps of each book: {longest:.2?} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_in_one_message_are_indexed_in_steps_of_at_most_four_milliseconds() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    expect_short_steps(&page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_tab_indexes_all_the_same() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.hide().await;
    expect_short_steps(&page).await;
    assert_eq!(page.run("return document.hidden", Vec::new()).await, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn search_behind_a_big_push_is_answered_at_once_with_what_is_in() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.post(json!({ "type": "contacts", "data": [{ "id": "first", "name": "Ada Lovelace", "phones": ["+34915550101"] }] })).await;
    page.expect("contacts:indexed").await;
    let script = "const post = (data) => frames.sf.postMessage(data, '*'); \
         post({ type: 'contacts', data: { contacts: arguments[0] } }); \
         post({ type: 'contacts:search', id: 'search', data: { query: 'lovel', max: 3 } }); \
         post({ type: 'contacts:match', id: 'match', data: { numbers: ['+34915550101', '+34600002000'] } });";
    page.run(script, vec![rows(MANY)]).await;
    page.expect_within(PATIENCE, "contacts:indexed").await;
    let heard = page.heard().await;
    let place = |id: &str| heard.iter().position(|one| one["id"] == id).expect("a response");
    let (search, matched) = (place("search"), place("match"));
    assert_eq!(heard[search]["data"]["hits"][0]["name"], "Ada Lovelace", "{}", heard[search]);
    assert_eq!(heard[matched]["data"]["matches"]["+34915550101"][0]["id"], "first", "{}", heard[matched]);
    // Rows of the push are found as they come: this one is not there yet.
    assert_eq!(heard[matched]["data"]["matches"]["+34600002000"], json!([]), "{}", heard[matched]);
}

/// A thousand rows as JSON text or as lines of JSON, one of them broken and one without a name.
const AS_TEXT: &str = "const [form] = arguments; \
     const rows = Array.from({ length: 1000 }, (_, n) => ({ id: n, name: `Person${n} ${form}`, phones: [`+34${600000000 + n}`] })); \
     rows[17] = 5; rows[18] = { id: 'nobody' }; \
     const text = form === 'json' ? JSON.stringify(rows) : new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join('\\n')).buffer; \
     frames.sf.postMessage({ type: 'contacts', id: form, data: { [form]: text, source: form } }, '*', form === 'json' ? [] : [text]); \
     return text.byteLength ?? -1;";

#[tokio::test(flavor = "multi_thread")]
async fn rows_as_json_text_and_as_lines_in_a_transferred_buffer_are_taken_and_answered() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    for (form, left) in [("json", -1), ("ndjson", 0)] {
        assert_eq!(page.run(AS_TEXT, vec![json!(form)]).await, left, "the page keeps no copy of a buffer");
        let indexed = page.expect_where(PATIENCE, "contacts:indexed", |data| data["source"] == form).await;
        assert_eq!((&indexed["count"], &indexed["rejected"]), (&json!(998), &json!(2)), "{indexed}");
        assert_eq!(indexed["reasons"], json!({ "shape": 1, "no-name": 1 }));
        let query = json!({ "query": format!("person999 {form}"), "max": 3 });
        let hits = page.ask("contacts:search", query).await.expect("hits");
        assert_eq!(hits["hits"][0]["id"], 999, "a numeric id comes back as it came: {hits}");
        let answers = page.heard().await.into_iter().filter(|event| event["id"] == form).count();
        assert_eq!(answers, 1, "{form} is answered once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn list_says_how_many_there_are_and_are_found_and_begins_each_letter() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let names = ["Zoë Lindqvist", "Ángel Ruiz", "Ana Ruiz", "Łukasz Kowalski", "Bo Ruiz", "佐藤 美咲"];
    let row = |(n, name): (usize, &&str)| json!({ "id": n, "name": name, "phones": [format!("+34{:09}", 600_000_000 + n)] });
    let rows: Vec<Value> = names.iter().enumerate().map(row).collect();
    page.post(json!({ "type": "contacts", "data": rows })).await;
    page.expect("contacts:indexed").await;
    let letters = "return [...document.querySelectorAll('.virtual > .row')].filter((row) => row.checkVisibility()) \
         .sort((a, b) => a.ariaPosInSet - b.ariaPosInSet).map((row) => [row.dataset.letter ?? '', row.querySelector('.name').textContent])";
    page.phone(async |frame| {
        frame.press("Contacts").await;
        frame.reads("6 contacts").await;
        let shown = frame.run(letters, Vec::new()).await;
        let expected = json!([
            ["A", "Ana Ruiz"],
            ["", "Ángel Ruiz"],
            ["B", "Bo Ruiz"],
            ["L", "Łukasz Kowalski"],
            ["Z", "Zoë Lindqvist"],
            ["佐", "佐藤 美咲"],
        ]);
        assert_eq!(shown, expected);
        for (typed, count) in [("ruiz", "3 results"), (" ana", "1 result"), (" q", "0 results")] {
            frame.type_into(".search input", typed).await;
            frame.reads(count).await;
        }
    })
    .await;
}

/// Where the middle of the first shown part of these is in the page that embeds the phone, less where the phone is.
const MIDDLE: &str = "const shown = [...document.querySelectorAll(arguments[0])].find(part => part.checkVisibility()); \
     const box = shown.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]";
/// What the browser shows beside the pointer there.
const TOLD: &str =
    "return document.elementFromPoint(arguments[0], arguments[1])?.closest('[title]')?.title ?? ''";

/// Moves the pointer to the middle of a part, and what the browser tells of it there.
async fn told(page: &Page, selector: &str) -> String {
    let frame = "const box = document.querySelector('iframe[name=sf]').getBoundingClientRect(); return [box.x, box.y]";
    let frame = page.run(frame, Vec::new()).await;
    let inside = page.phone(async |frame| frame.run(MIDDLE, vec![json!(selector)]).await).await;
    let at = |axis: usize| frame[axis].as_f64().unwrap() + inside[axis].as_f64().unwrap();
    let moved = json!({ "type": "mouseMoved", "x": at(0), "y": at(1) });
    page.browser.cdp("Input.dispatchMouseEvent", moved).await;
    let told =
        page.phone(async |frame| frame.run(TOLD, vec![inside[0].clone(), inside[1].clone()]).await).await;
    told.as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn name_that_is_cut_is_told_whole_where_the_pointer_stands_also_when_its_row_is_somebody_elses() {
    const BACKSPACE: char = '\u{E003}';
    const LONG: &str = "Wilhelmina Charlotte von Hohenstaufen-Abernathy und zu Württemberg";
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.post(json!({ "type": "contacts", "data": [
        { "id": 1, "name": LONG, "phones": ["+34666555444"] },
        { "id": 2, "name": "Wiebke Andersen", "phones": ["+34666777888"] },
    ] }))
    .await;
    page.expect("contacts:indexed").await;
    page.phone(async |frame| frame.type_into(".number-field", "wil").await).await;
    page.phone(async |frame| frame.reads(LONG).await).await;
    assert_eq!(told(&page, ".suggestion .name").await, LONG);
    page.phone(async |frame| {
        frame.click("#tab-contacts").await;
        frame.type_into(".search input", "wil").await;
        frame.reads(LONG).await;
    })
    .await;
    assert_eq!(told(&page, ".virtual .row .name").await, format!("{LONG} · +34666555444"));
    page.phone(async |frame| {
        frame.type_into(".search input", &format!("{BACKSPACE}e")).await;
        frame.reads("Wiebke Andersen").await;
        let title = frame.run("return document.querySelector('.virtual .row').title", Vec::new()).await;
        assert_eq!(title, "Wiebke Andersen · +34666777888");
    })
    .await;
    assert_eq!(told(&page, ".virtual .row .handset").await, "Call Wiebke Andersen");
}
