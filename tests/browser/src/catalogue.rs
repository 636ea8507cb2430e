//! Every screen of the widget with made-up people, one at a time, in any form.
//!
//! The page is of the widget's own site, so that the browser's emulations reach both.

use crate::{Page, Server, Setup, prepared, until};
use serde_json::{Map, Value, json};

/// How a screen is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The folder of its pictures.
    pub name: &'static str,
    /// Pixels of the frame.
    pub size: (u32, u32),
    /// `theme`, `accents`, `lang`, `text`, as in an address.
    pub wishes: &'static str,
    /// Media features that the browser plays.
    pub media: &'static [(&'static str, &'static str)],
}

impl Form {
    /// As most people see it.
    pub const PLAIN: Form = Form { name: "light", size: (320, 460), wishes: "theme=light", media: &[] };
}

/// What moved only once has come to rest.
const RESTS: &str = "const ends = (one) => one.effect.getTiming().iterations !== Infinity; \
     for (const one of document.getAnimations()) if (ends(one)) one.finish(); \
     return !document.getAnimations().some((one) => ends(one) && one.playState !== 'finished')";

/// What is wrong with the screen that is shown: too wide, buttons without names or too small to touch, cut or covered
/// texts, ids of texts instead of texts.
const FAULTS: &str = r"
    const faults = [];
    const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('.unseen');
    const short = (one) => one.outerHTML.slice(0, 90);
    if (document.documentElement.scrollWidth > innerWidth) faults.push('wider than the frame');
    const inside = document.querySelector('.drop:not([hidden])') ?? document.querySelector('dialog[open]') ?? document.body;
    for (const one of document.querySelectorAll('.screen, .scroll, .sheet'))
      if (seen(one) && one.scrollWidth > one.clientWidth + 1) faults.push(`scrolls sideways: ${one.className}`);
    for (const one of inside.querySelectorAll('button, input')) {
      if (!seen(one) || one.disabled) continue;
      const name = one.ariaLabel || one.innerText?.trim() || one.labels?.length > 0;
      if (!name) faults.push(`no name: ${short(one)}`);
      one.scrollIntoView({ block: 'center' });
      const box = one.getBoundingClientRect();
      if (box.width > 0 && (box.width < 31.5 || box.height < 31.5)) faults.push(`small: ${one.className} ${box.width}×${box.height}`);
      if (box.right > innerWidth + 1 || box.left < -1) faults.push(`cut: ${one.className}`);
      if (one.matches('button') && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1))
        faults.push(`its text does not fit: ${short(one)} ${one.scrollWidth}×${one.scrollHeight} in ${one.clientWidth}×${one.clientHeight}`);
      const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      const own = hit && (one.contains(hit) || hit.contains(one) && hit.matches('.search, .dial-field') || hit.closest('.toast'));
      if (!own) faults.push(`covered: ${short(one)} by ${hit ? short(hit) : 'nothing'}`);
    }
    // A list puts its rows where it takes them to end.
    const rows = [...inside.querySelectorAll('.virtual > li')].filter(seen).map((one) => [one.getBoundingClientRect(), one]);
    rows.sort(([one], [other]) => one.top - other.top);
    rows.forEach(([box, one], index) => {
      if (index > 0 && rows[index - 1][0].bottom > box.top + 1) faults.push(`lies over the row before it: ${short(one)}`);
      if (index > 0 && rows[index - 1][0].bottom < box.top - 1) faults.push(`stands apart: ${short(one)}`);
    });
    for (const time of inside.querySelectorAll('.row .time')) {
      if (!seen(time)) continue;
      const name = time.parentElement.querySelector('.name');
      const words = document.createRange();
      words.selectNodeContents(name);
      const [box, text, over] = [name, words, time].map((one) => one.getBoundingClientRect());
      const [left, right] = [Math.max(text.left, box.left), Math.min(text.right, box.right)];
      if (left < over.right - 1 && right > over.left + 1 && text.top < over.bottom - 1 && text.bottom > over.top + 1)
        faults.push(`the time lies over a name: ${short(name)}`);
    }
    // Names and numbers of people end in an ellipsis, with all of it in `title`, and so does the one line of the bar. No
    // label is cut: what happened in a row of the recents has an icon, a company has none.
    for (const one of inside.querySelectorAll('*')) {
      if (!seen(one) || getComputedStyle(one).overflowX === 'visible' || one.matches('input, .scroll, .screen, .suggestions, .sheet, .defects, main, #phone, svg, use')) continue;
      if (one.scrollWidth > one.clientWidth + 1 && !one.matches('bdi, .name, .number, .company, .headline, #bar .state, .row .second:has(> .icon[hidden]) *, .row .second:has(> .icon[hidden])'))
        faults.push(`text is cut: ${short(one)}`);
      // A company gives way to the number beside it, or to how many there are.
      if (one.scrollWidth > one.clientWidth + 1 && one.matches('.row .second > .number'))
        faults.push(`a number is cut: ${short(one)}`);
    }
    const walker = document.createTreeWalker(inside, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trim();
      const is_id = /^[a-z]+(\.[a-z-]+)+$/.test(text) && !walker.currentNode.parentElement.closest('.address');
      if (is_id || /\{\w+\}/.test(text)) faults.push(`no text: ${text}`);
      // Letters of twice the size may have to; names of people are of any length.
      const label = !document.documentElement.style.fontSize && walker.currentNode.parentElement.closest('button');
      if (!label || !seen(label) || walker.currentNode.parentElement.closest('bdi, .name, .number')) continue;
      for (const { 0: word, index } of walker.currentNode.data.matchAll(/[^\s-]+/g)) {
        range.setStart(walker.currentNode, index);
        range.setEnd(walker.currentNode, index + word.length);
        const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
        if (lines.size > 1) faults.push(`a word is broken: ${word}`);
      }
    }
    return faults;";

/// What the screen is called, as a person can see or hear it: of the overlay of a drop, of the sheet that is open, of the
/// minimised bar, else of the screen. Nothing where that is hidden or covered.
const HEADING: &str = r"
    const bar = document.querySelector('#bar');
    const inside = document.querySelector('.drop:not([hidden])') ?? document.querySelector('dialog[open]') ??
      (bar.checkVisibility() ? bar : document.querySelector('#main'));
    const headings = inside.querySelectorAll(inside === bar ? '.name' : 'h1, h2, [role=heading], .drop .title');
    const one = [...headings].find((one) => one.checkVisibility({ visibilityProperty: true }) && one.innerText.trim());
    if (!one) return '';
    // In the lowest frames everything scrolls.
    one.scrollIntoView({ block: 'center' });
    const { left, right, top, bottom } = one.getBoundingClientRect();
    const hit = document.elementFromPoint((Math.max(left, 0) + Math.min(right, innerWidth)) / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2);
    const is_seen = hit && (one.contains(hit) || hit.contains(one));
    return is_seen || one.closest('.unseen') ? one.innerText.trim() : '';";

/// A page with the frame in it.
pub struct Catalogue {
    /// The page.
    pub page: Page,
    /// What there is to show.
    pub names: Vec<String>,
    _server: Server,
}

impl Catalogue {
    /// The page, and the names of the screens.
    pub async fn open() -> Catalogue {
        let server = Server::with_pictures();
        let page = Page::open(&server.on("localhost", "/demo/crm.css"), Setup::Microphone).await;
        // The tallest form must be in sight as a whole.
        let client = &page.browser.client;
        client.set_window_size(1_360, 1_200).await.expect("the window takes a size");
        page.add_frame("sf", &server.on("localhost", "/plain/#")).await;
        let names = page
            .phone(async |frame| {
                until("the names of the screens", async || {
                    let names = frame.run("return globalThis.names ?? null", Vec::new()).await;
                    let names = names.as_array()?.iter().filter_map(Value::as_str);
                    Some(names.map(str::to_owned).collect())
                })
                .await
            })
            .await;
        Catalogue { page, names, _server: server }
    }

    /// What is wrong with the screen that is shown.
    pub async fn faults(&self) -> Vec<String> {
        let found = self.page.phone(async |frame| frame.run(FAULTS, Vec::new()).await).await;
        found.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// What the screen that is shown is called; nothing where no heading of it can be seen.
    pub async fn heading(&self) -> String {
        let heading = self.page.phone(async |frame| frame.run(HEADING, Vec::new()).await).await;
        heading.as_str().unwrap_or_default().to_owned()
    }

    /// Brings axe-core into the frame, for [`Catalogue::axe_faults`].
    pub async fn load_axe(&self) {
        let axe = std::fs::read_to_string(prepared("SOFTFRAME_AXE")).expect("axe-core");
        self.page.phone(async |frame| frame.run(&axe, Vec::new()).await).await;
    }

    /// What axe-core finds wrong with the screen that is shown, however small it says that it is. It does not know forced
    /// colours, which a check of ours looks at, nor that the arrows of its field scroll a list of options.
    pub async fn axe_faults(&self) -> Vec<String> {
        let script = "const done = arguments[0]; \
             const forced = matchMedia('(forced-colors: active)').matches; \
             const rules = { 'color-contrast': { enabled: !forced } }; \
             const is_fault = (id, { target }) => \
               id !== 'scrollable-region-focusable' || !document.querySelector(`${target[0]} > [role=listbox]`); \
             axe.run(document, { resultTypes: ['violations'], rules }).then(({ violations }) => \
             done(violations.flatMap(({ id, nodes }) => \
             nodes.filter((one) => is_fault(id, one)).map((one) => `${id}: ${one.html.slice(0, 120)} ${one.failureSummary.split('\\n').slice(1, 2)}`))), \
             (error) => done([String(error)]));";
        let found = self.page.phone(async |frame| frame.run_async(script).await).await;
        found.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Plays the media features of a form, until the next.
    pub async fn emulate(&self, form: &Form) {
        let features: Vec<Value> =
            form.media.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.page.browser.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Shows a screen of which the one before has left nothing.
    pub async fn show(&self, form: &Form, name: &str) {
        let size = "const frame = document.querySelector('iframe[name=sf]'); scrollTo(0, 0); \
             [frame.width, frame.height] = arguments;";
        self.page.run(size, vec![json!(form.size.0), json!(form.size.1)]).await;
        let wishes: Map<String, Value> = form
            .wishes
            .split('&')
            .filter_map(|wish| wish.split_once('='))
            .map(|(key, value)| (key.to_owned(), json!(value)))
            .collect();
        self.page
            .phone(async |frame| {
                until("the frame has its size", async || {
                    let size = frame.run("return [innerWidth, innerHeight]", Vec::new()).await;
                    (size == json!([form.size.0, form.size.1])).then_some(())
                })
                .await;
                frame.run("exhibit(...arguments)", vec![json!(name), json!(wishes)]).await;
                until("the screen rests", async || {
                    (frame.run(RESTS, Vec::new()).await == json!(true)).then_some(())
                })
                .await;
            })
            .await;
    }
}
