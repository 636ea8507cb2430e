//! A picture of every screen in every form, and what must hold on each of them.

use serde_json::Value;
use softframe_browser_tests::{Catalogue, Form};

const FORMS: [Form; 7] = [
    Form::PLAIN,
    Form { name: "dark", wishes: "theme=dark", ..Form::PLAIN },
    Form { name: "small", size: (280, 400), ..Form::PLAIN },
    Form { name: "tall", size: (420, 900), ..Form::PLAIN },
    Form { name: "right-to-left", wishes: "theme=light&lang=ar", ..Form::PLAIN },
    Form {
        name: "forced-colors",
        wishes: "",
        media: &[
            ("forced-colors", "active"),
            ("prefers-color-scheme", "dark"),
            ("prefers-reduced-motion", "reduce"),
        ],
        ..Form::PLAIN
    },
    Form { name: "large-text", wishes: "theme=light&text=200", ..Form::PLAIN },
];

/// What is wrong with the screen that is shown: too wide, buttons without names or too small to touch, cut or covered
/// texts, ids of texts instead of texts.
const FAULTS: &str = r"
    const faults = [];
    const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('.unseen');
    const short = (one) => one.outerHTML.slice(0, 90);
    if (document.documentElement.scrollWidth > innerWidth) faults.push('wider than the frame');
    const inside = document.querySelector('dialog[open]') ?? document.body;
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
    // Names and numbers of people end in an ellipsis, with all of it in `title`; no other text is cut.
    for (const one of inside.querySelectorAll('*')) {
      if (!seen(one) || getComputedStyle(one).overflowX === 'visible' || one.matches('input, .scroll, .screen, .suggestions, .sheet, .defects, main, #phone, svg, use')) continue;
      if (one.scrollWidth > one.clientWidth + 1 && !one.matches('bdi, .name, .number, .company, .kind, .headline, .row .text, .about > *, h1'))
        faults.push(`text is cut: ${short(one)}`);
    }
    const walker = document.createTreeWalker(inside, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trim();
      if (/^[a-z]+(\.[a-z-]+)+$/.test(text) || /\{\w+\}/.test(text)) faults.push(`no text: ${text}`);
    }
    return faults;";

/// What must hold beside that in some forms.
const OF_FORM: [(&str, &str); 3] = [
    (
        "right-to-left",
        "const root = document.documentElement; \
         return root.dir === 'rtl' && root.lang === 'ar' && getComputedStyle(document.body).direction === 'rtl' ? [] : ['not mirrored'];",
    ),
    (
        "forced-colors",
        "const moving = document.getAnimations().filter((one) => one.effect.getKeyframes().some((frame) => 'transform' in frame || 'translate' in frame)); \
         const plain = matchMedia('(forced-colors: active)').matches ? [] : ['no forced colours']; \
         return [...plain, ...moving.map((one) => `moves: ${one.animationName}`)];",
    ),
    (
        "forced-colors",
        r"const ground = (one) => {
           for (; one; one = one.parentElement) {
             const { backgroundColor } = getComputedStyle(one);
             if (!/, 0\)$/.test(backgroundColor)) return [one, backgroundColor];
           }
           return [null, ''];
         };
         const inside = document.querySelector('dialog[open]') ?? document.body;
         const walker = document.createTreeWalker(inside, NodeFilter.SHOW_TEXT);
         const canvas = getComputedStyle(document.body).backgroundColor;
         const faults = [];
         while (walker.nextNode()) {
           const text = walker.currentNode.data.trim();
           const parent = walker.currentNode.parentElement;
           if (!text || !parent.checkVisibility() || parent.closest('.unseen, script, style')) continue;
           const [bearer, colour] = ground(parent);
           const style = getComputedStyle(parent);
           if (style.color === colour) faults.push(`invisible: ${text}`);
           const own = bearer && colour !== canvas && bearer.matches('[aria-selected=true], [aria-checked=true], [aria-pressed=true]');
           if (own && style.forcedColorAdjust !== 'none') faults.push(`hidden by a plate: ${text}`);
         }
         return faults;",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_fits_its_frame_and_names_its_buttons_in_every_form() {
    let catalogue = Catalogue::open().await;
    let page = &catalogue.page;
    assert!(catalogue.names.len() > 50, "{:?}", catalogue.names);
    let mut faults = Vec::new();
    for form in FORMS {
        catalogue.emulate(&form).await;
        for name in &catalogue.names {
            catalogue.show(&form, name).await;
            page.picture(&format!("{}/{name}", form.name)).await;
            let scripts = OF_FORM.iter().filter(|(only, _)| *only == form.name).map(|(_, script)| *script);
            for script in scripts.chain([FAULTS]) {
                let found = page.phone(async |frame| frame.run(script, Vec::new()).await).await;
                let found = found.as_array().into_iter().flatten().filter_map(Value::as_str);
                faults.extend(found.map(|fault| format!("{}/{name}: {fault}", form.name)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
