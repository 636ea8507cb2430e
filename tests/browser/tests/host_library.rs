//! `softframe.js` in pages as integrators write them.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, Setup, until};

/// A page on another origin than the phone, with the library and no phone yet.
async fn open(server: &Server) -> Page {
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.load_library(server).await;
    page
}

/// A page whose phone the library made: `phone`, with its events in `events`.
async fn open_created(server: &Server, options: &str) -> Page {
    let page = open(server).await;
    create(&page, server, options).await;
    page
}

async fn create(page: &Page, server: &Server, options: &str) {
    let address = server.on("localhost", "/200/");
    let script = format!(
        "self.events = []; self.phone = await Softframe.create({{ url: '{address}', {options} }}); \
         phone.on('*', (data, {{ type }}) => events.push(type)); \
         if (!phone.state) await phone.once('softframe:state');"
    );
    page.run_async(&script).await.expect("the phone is there");
}

async fn events(page: &Page) -> Vec<Value> {
    page.run("return events", Vec::new()).await.as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn created_phone_dials_and_hangs_up_by_promises_and_tells_by_short_names() {
    let server = Server::start();
    let page = open_created(&server, "").await;
    let script = "const calling = phone.once('calling'), accepted = phone.once('phone:accepted'); \
         const { callId } = await phone.call('600', { ref: 'ticket-7' }); \
         const first = await calling; await accepted; \
         const during = phone.state.calls; \
         const over = phone.once('terminated'); await phone.hangup('ticket-7'); const { cause } = await over; \
         return { same: callId === first.id, ref: first.ref, during, cause, after: phone.state.calls };";
    let told = page.run_async(script).await.expect("a call");
    assert_eq!((&told["same"], &told["ref"]), (&json!(true), &json!("ticket-7")));
    assert_eq!(told["during"][0]["state"], "active");
    assert_eq!(told["cause"]["reason"], "hangup");
    assert_eq!(told["after"], json!([]));
    // What it posted and heard went through the schema, too.
    assert!(page.count("phone:terminated").await == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn command_that_fails_rejects_with_its_code_and_one_without_an_answer_in_time() {
    let server = Server::start();
    let page = open_created(&server, "").await;
    for (command, code) in [
        ("phone.answer()", "no_such_call"),
        ("phone.call('not a number')", "invalid_number"),
        ("phone.send('dtmf', { digits: 'x' })", "bad_request"),
        ("phone.send('no:such')", "unknown_command"),
        ("phone.send('status', { status: () => {} })", "bad_request"),
        ("phone.send('state', {}, { timeLimit: 0 })", "timeout"),
    ] {
        let script = format!("return await {command}");
        assert_eq!(page.run_async(&script).await, Err(json!(code)), "{command}");
    }
    let waiting = "const waiting = phone.send('state'); phone.dispose(); return await waiting";
    assert_eq!(page.run_async(waiting).await, Err(json!("disposed")));
    assert_eq!(page.run_async("return await phone.hangup()").await, Err(json!("disposed")));
    assert_eq!(page.run("return document.querySelectorAll('iframe').length", Vec::new()).await, json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn frame_that_is_no_phone_is_refused_or_given_up() {
    let server = Server::start();
    let page = open(&server).await;
    assert_eq!(page.run_async("await Softframe.attach('#none')").await, Err(json!("bad_frame")));
    let sandboxed = "const frame = document.createElement('iframe'); frame.sandbox = 'allow-scripts'; \
         frame.src = 'https://phone.example/'; await Softframe.attach(frame)";
    assert_eq!(page.run_async(sandboxed).await, Err(json!("bad_frame")));
    let address = server.on("localhost", "/demo/crm.css");
    let silent = format!("await Softframe.create({{ url: '{address}', timeLimit: 500 }})");
    assert_eq!(page.run_async(&silent).await, Err(json!("timeout")));
    assert_eq!(page.run("return document.querySelectorAll('iframe').length", Vec::new()).await, json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn attached_late_and_after_a_reload_of_the_page_the_state_is_known() {
    const ATTACH: &str = "self.phone = await Softframe.attach('iframe[name=sf]'); \
        if (!phone.state) await phone.once('softframe:state');";
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.load_library(&server).await;
    page.run_async(ATTACH).await.expect("attached to a frame that has long spoken");
    page.run_async(
        "const told = phone.once('status:change'); await phone.send('dnd', { enabled: true }); await told",
    )
    .await
    .expect("do not disturb");
    page.run_async("const told = phone.once('accepted'); await phone.call('600'); await told")
        .await
        .expect("a call");
    assert_eq!(page.run("return phone.state.calls[0].state", Vec::new()).await, json!("active"));

    // The call ends with the page that it was in.
    page.reload().await;
    page.load_library(&server).await;
    page.run_async(ATTACH).await.expect("attached again");
    let state = page.run("return phone.state", Vec::new()).await;
    assert_eq!((&state["dnd"], &state["calls"]), (&json!(true), &json!([])), "{state}");
    assert_eq!((&state["connection"], &state["context"]["extension"]), (&json!("registered"), &json!("200")));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_contacts_go_through_the_port_in_small_batches_with_progress() {
    let server = Server::start();
    let page = open(&server).await;
    // Before the library listens: an answer is counted before the next batch goes.
    let watch = "self.batches = []; self.most = 0; let open = 0; \
         addEventListener('message', ({ data }) => { \
             if (data?.type === 'softframe:response' && batches.some((one) => one.id === data.id)) open -= 1; }); \
         const post = MessagePort.prototype.postMessage; \
         MessagePort.prototype.postMessage = function (message, ...rest) { \
             batches.push({ id: message.id, size: message.data.contacts.length, ...message.data.batch }); \
             most = Math.max(most, ++open); return post.call(this, message, ...rest); };";
    page.run(watch, Vec::new()).await;
    create(&page, &server, "").await;
    let script = "const indexed = new Promise((resolve) => phone.on('contacts:indexed', (data) => data.count === 20000 && resolve(data))); \
         const contacts = Array.from({ length: 20000 }, (_, n) => ({ id: n, name: `Person ${n}`, phones: [`+3460${String(n).padStart(7, '0')}`] })); \
         const done = []; \
         const { sent } = await phone.uploadContacts(contacts, { source: 'crm', onProgress: (one) => done.push(one) }); \
         const { source } = await indexed; \
         const { hits } = await phone.search('person 19999'); \
         return { sent, source, most, hits: hits.map((hit) => hit.name), count: batches.length, \
             largest: Math.max(...batches.map((one) => one.size)), last: batches.filter((one) => one.last).length, \
             rises: done.every((one, n) => n === 0 || one.done > done[n - 1].done), end: done.at(-1), steps: done.length };";
    let told = page.run_async(script).await.expect("all are taken");
    assert_eq!((&told["sent"], &told["source"]), (&json!(20_000), &json!("crm")));
    assert_eq!((&told["count"], &told["largest"], &told["last"]), (&json!(134), &json!(150), &json!(1)));
    assert!(told["most"].as_u64().is_some_and(|most| (1..=4).contains(&most)), "{told}");
    assert_eq!((&told["rises"], &told["steps"]), (&json!(true), &json!(134)));
    assert_eq!(told["end"], json!({ "done": 20_000, "total": 20_000 }));
    assert_eq!(told["hits"][0], "Person 19999");
}

#[tokio::test(flavor = "multi_thread")]
async fn tel_link_is_called_where_the_page_asked_for_it() {
    let server = Server::start();
    let page = open_created(&server, "").await;
    // Links of a page that did not ask, or not any more, are the browser's.
    let script = "const link = document.createElement('a'); link.href = 'TEL:%2B34-911-08-54-60;phone-context=x'; \
         link.innerHTML = '<b>call</b>'; document.body.append(link); \
         const click = (more) => { const event = new MouseEvent('click', { bubbles: true, cancelable: true, composed: true, ...more }); \
             let taken; addEventListener('click', (one) => { taken = one.defaultPrevented; one.preventDefault(); }, { once: true }); \
             link.firstChild.dispatchEvent(event); return taken; }; \
         const before = click({}); const stop = phone.interceptTel(); const withKey = click({ ctrlKey: true }); \
         const calling = phone.once('calling'); const taken = click({}); const { to } = await calling; \
         stop(); return { before, withKey, taken, to, after: click({}) };";
    let told = page.run_async(script).await.expect("clicks");
    assert_eq!(
        told,
        json!({ "before": false, "withKey": false, "taken": true, "to": "+34911085460", "after": false })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_another_frame_and_of_the_page_itself_are_ignored() {
    let server = Server::start();
    let page = open_created(&server, "").await;
    page.add_frame("stranger", &server.on("evil.localhost", "/demo/crm.css")).await;
    // It answers everything that was ever asked, and says that it rings.
    let forge = "const prefix = arguments[0]; const to = self === top ? self : parent; \
         for (let n = 0; n < 50; n += 1) to.postMessage({ type: 'softframe:response', id: `${prefix}-${n}`, ok: true, data: { forged: true } }, '*'); \
         to.postMessage({ type: 'phone:ringing', data: { id: 'forged', from: '1', context: {} }, seq: 99, v: 1, stranger: true }, '*'); return true";
    // The prefix of its ids, as if a stranger had guessed it.
    let prefix = page
        .run_async("let id; const post = MessagePort.prototype.postMessage; \
             MessagePort.prototype.postMessage = function (message, ...rest) { id = message.id; return post.call(this, message, ...rest); }; \
             await phone.uploadContacts([]); MessagePort.prototype.postMessage = post; return id.split('-')[0]")
        .await
        .expect("an id");
    page.run("self.answer = null; phone.send('hello', {}, { timeLimit: 20000 }).then((data) => { answer = data; })", Vec::new()).await;
    let before = events(&page).await.len();
    page.inside("iframe[name=stranger]", async |frame| frame.run(forge, vec![prefix.clone()]).await).await;
    page.run(forge, vec![prefix]).await;
    until("both have posted", async || {
        let forged = page.run("return heard.filter((one) => one.stranger).length", Vec::new()).await;
        (forged == json!(2)).then_some(())
    })
    .await;
    let answer = until("the phone's own answer", async || {
        let answer = page.run("return answer", Vec::new()).await;
        (!answer.is_null()).then_some(answer)
    })
    .await;
    assert_eq!(answer["limits"]["maxMessageContacts"], 150, "{answer}");
    let later = events(&page).await.split_off(before);
    assert!(!later.contains(&json!("phone:ringing")), "{later:?}");
    assert_eq!(page.run("return phone.state.calls", Vec::new()).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_phone_is_shown_when_it_rings_and_has_the_size_it_wants() {
    let server = Server::start();
    let page = open_created(&server, "").await;
    page.run("phone.hide()", Vec::new()).await;
    let hidden = "return phone.frame.hidden";
    assert_eq!(page.run(hidden, Vec::new()).await, json!(true));
    server.ring(200, "+34911085460");
    page.expect("phone:ringing").await;
    assert_eq!(page.run(hidden, Vec::new()).await, json!(false));
    page.run_async("await phone.send('size', { width: 400, height: 600 })").await.expect("a size");
    assert_eq!(
        page.run("return [phone.frame.width, phone.frame.height]", Vec::new()).await,
        json!(["400", "600"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn module_of_another_origin_is_the_same_library_and_keeps_its_name_for_minutes() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    let address = server.on("localhost", "/200/softframe.module.js");
    let script = format!(
        "const all = await import('{address}'); \
         return [all.default === Softframe, all.attach === Softframe.attach, typeof all.create, all.MAX_BATCH]"
    );
    assert_eq!(page.run_async(&script).await, Ok(json!([true, true, "function", 150])));
    for file in ["softframe.js", "softframe.module.js"] {
        let head = server.head_of(&server.page(&format!("/200/{file}")));
        assert!(head.contains("cache-control: public, max-age=600"), "{head}");
        assert!(head.contains("access-control-allow-origin: *"), "{head}");
    }
    assert!(!server.head_of(&server.page("/200/index.html")).contains("access-control-allow-origin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn state_is_the_fold_of_all_events_through_calls_in_and_out() {
    let server = Server::start();
    let page = open_created(&server, "").await;
    page.watch_state().await;

    // Something else happens while the microphone opens: what nobody told yet is not in the state.
    page.run_async("const accepted = phone.once('accepted'); const dialled = phone.call('600', { ref: 'a' }); \
         await phone.send('status', { status: 'busy' }); await dialled; await accepted; \
         await phone.mute(); await phone.hold(); await phone.unhold(); await phone.unmute(); await phone.hold()")
        .await
        .expect("a call out");
    let ring = server.ring_with(200, "+34911085460", &json!({ "X-Team": "Dev_Team" }));
    page.expect("phone:ringing").await;
    page.run_async(
        "const accepted = phone.once('accepted'); const answered = phone.answer(); \
         await phone.send('status', { status: 'online' }); await answered; await accepted",
    )
    .await
    .expect("a call in");
    page.run_async("const ids = phone.state.calls.map(({ id }) => id); await phone.uploadContacts([{ id: 1, name: 'Inés', phones: ['+34911085460'] }]); \
         await phone.hangup(ids[0])")
        .await
        .expect("the first is over");
    server.hang_up(&ring);
    page.expect_where(std::time::Duration::from_secs(15), "phone:terminated", |data| {
        data["direction"] == "inbound"
    })
    .await;

    let missed = server.ring(200, "+46705550161");
    page.expect("phone:ringing").await;
    server.hang_up(&missed);
    page.expect("phone:terminated").await;
    page.run_async("await phone.send('status', { status: 'away' }); await phone.send('size', { width: 333, height: 444 }); \
         await phone.send('dnd', { enabled: true })")
        .await
        .expect("what others see");
    server.ring(200, "+46705550161");
    page.expect("phone:refused").await;
    assert!(page.assert_folds().await >= 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_page_of_the_library_makes_and_takes_a_call() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/library.html"), Setup::Microphone).await;
    page.expect("logged").await;
    let says = async |text: &str| {
        until(&format!("the page says {text}"), async || {
            let said = page.run("return document.querySelector('#call').textContent", Vec::new()).await;
            said.as_str().is_some_and(|said| said.contains(text)).then_some(())
        })
        .await;
    };
    page.run("document.querySelector('a[href=\"tel:600\"]').click()", Vec::new()).await;
    says("active: 600").await;
    page.run("document.querySelector('#hangup').click()", Vec::new()).await;
    says("No call").await;
    server.ring(200, "+34911085460");
    says("ringing: +34911085460").await;
    page.run("document.querySelector('#answer').click()", Vec::new()).await;
    says("active: +34911085460").await;
    page.run("document.querySelector('#push').click()", Vec::new()).await;
    until("all contacts are pushed", async || {
        (page.run("return document.querySelector('#progress').value", Vec::new()).await == json!(1000))
            .then_some(())
    })
    .await;
    page.picture_of_page("demo/library").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_rings_where_the_frame_may_not_and_is_quiet_once_the_call_is_over() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::NoAutoplay).await;
    page.load_library(&server).await;
    let watch = "self.tones = 0; self.contexts = []; \
         self.OscillatorNode = class extends OscillatorNode { constructor(...all) { super(...all); tones += 1; } }; \
         self.AudioContext = class extends AudioContext { constructor(...all) { super(...all); contexts.push(this); } };";
    page.run(watch, Vec::new()).await;
    create(&page, &server, "ring: true").await;
    let ring = server.ring(200, "+34911085460");
    page.expect("phone:audio-blocked").await;
    assert_eq!(page.run("return [tones, contexts.length]", Vec::new()).await, json!([2, 1]));
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    until("the page is quiet", async || {
        (page.run("return contexts[0].state", Vec::new()).await == json!("closed")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_page_notifies_of_a_call_until_it_is_over_where_the_person_allowed_it() {
    let server = Server::start();
    let page = open(&server).await;
    // The browser's own notifications show on no screen of a test.
    let watch = "self.notes = []; Object.defineProperty(document, 'hidden', { get: () => self.away ?? false }); \
         self.Notification = class { static permission = 'default'; \
             constructor(title, { body, tag }) { Object.assign(this, { title, body, tag, open: true }); notes.push(this); } \
             close() { this.open = false; } };";
    page.run(watch, Vec::new()).await;
    create(&page, &server, "notifications: true").await;
    for (away, permission) in [(true, "default"), (false, "granted"), (true, "granted")] {
        page.run(
            "self.away = arguments[0]; Notification.permission = arguments[1]",
            vec![json!(away), json!(permission)],
        )
        .await;
        let ring = server.ring(200, "+34911085460");
        page.expect("phone:ringing").await;
        let expected =
            if away && permission == "granted" { json!([["+34911085460", true]]) } else { json!([]) };
        assert_eq!(
            page.run("return notes.map(({ body, open }) => [body, open])", Vec::new()).await,
            expected
        );
        server.hang_up(&ring);
        page.expect("phone:terminated").await;
    }
    assert_eq!(page.run("return notes.map(({ open }) => open)", Vec::new()).await, json!([false]));
}

#[tokio::test(flavor = "multi_thread")]
async fn state_is_the_fold_of_all_events_through_a_refused_transfer_and_a_lost_connection() {
    let server = Server::start();
    let page = open_created(&server, "").await;
    page.watch_state().await;
    // The number that repeats what it hears transfers nobody.
    let refused = "const accepted = phone.once('accepted'); await phone.call('600'); await accepted; \
         const over = phone.once('terminated'); const code = await phone.transfer('601').catch(({ code }) => code); \
         await phone.hangup(); await over; return code";
    assert_eq!(page.run_async(refused).await, Ok(json!("sip_603")));
    server.fault("close");
    page.expect_connection("reconnecting").await;
    page.expect_connection("registered").await;
    assert!(page.assert_folds().await >= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn customer_who_calls_pops_up_in_the_page_and_again_when_the_name_is_clicked() {
    let server = Server::start();
    let page = open_created(&server, "").await;
    let customer = "self.popped = []; const pop = (contact) => popped.push(contact?.id ?? 'nobody'); \
         phone.on('ringing', ({ contact }) => pop(contact)); \
         phone.on('contact:click', ({ contact }) => pop(contact)); \
         await phone.uploadContacts([{ id: 'c7', name: 'Inés Carvajal', phones: ['+34911085460'] }], { source: 'crm' });";
    page.run_async(customer).await.expect("the contacts are there");
    let pops = async |expected: &Value| {
        let popped = page.run("return popped", Vec::new()).await;
        assert_eq!(&popped, expected);
    };
    let stranger = server.ring(200, "+34911085461");
    page.expect("phone:ringing").await;
    pops(&json!(["nobody"])).await;
    let is_link = "return document.querySelector('.incoming .headline a').matches(':any-link')";
    page.phone(async |frame| {
        frame.reads("+34911085461").await;
        assert_eq!(frame.run(is_link, Vec::new()).await, json!(false), "there is nothing to open");
    })
    .await;
    server.hang_up(&stranger);
    page.expect("phone:terminated").await;

    server.ring(200, "+34911085460");
    page.expect("phone:ringing").await;
    pops(&json!(["nobody", "c7"])).await;
    page.phone(async |frame| {
        frame.reads("Inés Carvajal").await;
        frame.click(".incoming .headline a").await;
    })
    .await;
    page.expect("contact:click").await;
    pops(&json!(["nobody", "c7", "c7"])).await;
    // By the keyboard, and during the call, too.
    page.answer().await;
    page.expect("phone:accepted").await;
    page.phone(async |frame| {
        frame.reads("End call").await;
        frame
            .run("document.querySelector('.call:not(.incoming, .ended) .headline a').focus()", Vec::new())
            .await;
    })
    .await;
    page.keys(&["Enter"]).await;
    page.expect("contact:click").await;
    pops(&json!(["nobody", "c7", "c7", "c7"])).await;
    assert_eq!(page.count("phone:terminated").await, 1, "a name ends no call");
}
