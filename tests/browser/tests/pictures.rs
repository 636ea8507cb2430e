//! A picture of every screen in every form, and what must hold on each of them.

use serde_json::Value;
use softframe_browser_tests::{Catalogue, Form};

/// In the usual size.
const COLOURS: [Form; 5] = [
    Form::PLAIN,
    Form { name: "dark", wishes: "theme=dark", ..Form::PLAIN },
    Form { name: "accent", wishes: "theme=light&accents=#0b7285,#0b7285", ..Form::PLAIN },
    Form { name: "accent-dark", wishes: "theme=dark&accents=#0b7285,#0b7285", ..Form::PLAIN },
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
];
/// And what changes how much room there is for a text.
const SIZES: [Form; 7] = [
    Form { name: "small", size: (280, 400), ..Form::PLAIN },
    Form { name: "tall", size: (420, 900), ..Form::PLAIN },
    Form { name: "german", wishes: "theme=light&lang=de", ..Form::PLAIN },
    Form { name: "right-to-left", wishes: "theme=light&lang=ar", ..Form::PLAIN },
    // A window of 1280×1024 at 400 % (WCAG 2.1, 1.4.10).
    Form { name: "zoomed", size: (320, 256), ..Form::PLAIN },
    Form { name: "bar", size: (320, 48), ..Form::PLAIN },
    Form { name: "large-text", wishes: "theme=light&text=200", ..Form::PLAIN },
];

/// What each screen is called: before anything is said of a picture, this is seen on it. Else a checker that finds nothing
/// wrong may have looked at a sheet that was shut.
const HEADINGS: [(&str, &[&str]); 39] = [
    (
        "Sign in to your phone",
        &["01-signin", "02-signin-error", "02-signin-unreachable", "02-signin-short", "02-signin-busy"],
    ),
    ("https://crm.example", &["03-consent"]),
    ("Starting…", &["04-starting"]),
    (
        "Keypad",
        &[
            "05-keypad",
            "06-keypad-typing",
            "07-keypad-name",
            "07-keypad-nothing",
            "07-keypad-invalid",
            "42-offline",
            "43-refused",
            "47-sound-off",
        ],
    ),
    (
        "Contacts",
        &[
            "08-contacts",
            "09-contacts-indexing",
            "10-contacts-empty",
            "11-contacts-none",
            "49-browse-in-call",
        ],
    ),
    ("Drop to add contacts", &["12-drop"]),
    ("Contacts added", &["13-import"]),
    ("Contact", &["14-contact", "14-contact-own", "14-edit", "14-edit-error"]),
    ("Recents", &["15-recents", "16-recents-empty", "52-toast"]),
    ("Marta Ruiz Ortega", &["17-incoming"]),
    ("Send to…", &["17-send-to"]),
    ("+34 910 555 010", &["18-incoming-several"]),
    ("+49 30 901820", &["19-incoming-unknown"]),
    ("Number withheld", &["19-incoming-withheld"]),
    (
        "Noor Khan",
        &["20-incoming-second", "44-incoming-blocked", "48-incoming-silent", "48-incoming-silenced"],
    ),
    ("عائشة بنت محمد المنصوري آل نهيان للتجارة", &["21-incoming-long"]),
    (
        "Jane Cooper",
        &[
            "22-calling",
            "22-calling-asks",
            "23-ringing",
            "25-active",
            "25-active-one-speaker",
            "26-active-muted-poor",
            "27-keypad-in-call",
            "28-held",
            "28-holding",
            "28-they-hold",
            "32-transferring",
            "35-transfer-failed",
            "38-ended",
            "39-ended-busy",
            "40-transferred",
            "41-reconnecting",
        ],
    ),
    ("+44 800 555 0199", &["24-early-media"]),
    ("2 calls", &["29-two-calls", "29-merging"]),
    ("3-way call 05:12", &["30-three-way"]),
    ("Transfer Jane Cooper", &["31-transfer-pick"]),
    ("Ask first", &["33-asking", "34-asked"]),
    ("Speaker", &["36-route"]),
    ("Poor connection", &["37-quality"]),
    ("Good connection", &["37-quality-good"]),
    ("Microphone is blocked", &["44-microphone-denied", "44-microphone-rings"]),
    ("This page blocks the microphone", &["45-microphone-policy"]),
    ("No microphone found", &["46-microphone-none"]),
    ("112", &["50-confirm"]),
    ("The phone is in another tab", &["51-other-tab", "51-other-tab-busy"]),
    ("Ana Torres", &["53-status"]),
    ("Charlotte Wolfe-Abernathy", &["53-numbers"]),
    ("+34 655 020 114", &["15-past"]),
    ("Call forwarding", &["54-forwarding", "54-forwarding-invalid"]),
    ("Settings", &["55-settings"]),
    ("Remove all", &["55-remove"]),
    ("Check my phone", &["57-check", "57-check-bad", "57-check-running"]),
    ("About", &["58-about"]),
    ("The set-up has a mistake", &["59-config-error"]),
];

/// As many options stand in the page as there is room for, and a list that lies in what scrolls is not cut.
const SUGGESTIONS: &str = "const options = [...document.querySelectorAll('.suggestion')].filter((one) => one.checkVisibility()); \
     if (!options.length) return []; \
     const list = options[0].parentElement; const around = list.closest('.scroll'); \
     const room = (around ?? list).clientHeight / options[0].offsetHeight; \
     const wanted = Math.min(options[0].ariaSetSize, Math.ceil(room)); \
     const missing = options.length >= wanted ? [] : [`${options.length} of ${wanted} suggestions`]; \
     return around && list.scrollHeight > list.clientHeight + 1 ? [...missing, 'the list of targets is cut'] : missing;";

/// What must hold beside that in some forms.
const OF_FORM: [(&str, &str); 8] = [
    ("light", SUGGESTIONS),
    ("small", SUGGESTIONS),
    ("tall", SUGGESTIONS),
    (
        "accent",
        "const worn = getComputedStyle(document.documentElement).getPropertyValue('--accent-light'); \
         return worn === '#0b7285' ? [] : [`the accent of the host is not worn: ${worn}`];",
    ),
    (
        "bar",
        "const bar = document.querySelector('#bar'); \
         return bar.checkVisibility() && bar.getBoundingClientRect().height <= 48 ? [] : ['no bar'];",
    ),
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
           const own = bearer && colour !== canvas && bearer.matches('[aria-selected=true], [aria-checked=true], [aria-pressed=true], .tile.resume');
           if (own && style.forcedColorAdjust !== 'none') faults.push(`hidden by a plate: ${text}`);
         }
         return faults;",
    ),
];

// Two tests, so that two browsers are at work: it takes minutes.
#[tokio::test(flavor = "multi_thread")]
async fn every_screen_fits_its_frame_and_names_its_buttons_in_every_colour() {
    look_at_every_screen(&COLOURS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_fits_its_frame_and_names_its_buttons_in_every_size_and_direction() {
    look_at_every_screen(&SIZES).await;
}

async fn look_at_every_screen(forms: &[Form]) {
    let catalogue = Catalogue::open().await;
    let page = &catalogue.page;
    assert!(catalogue.names.len() > 50, "{:?}", catalogue.names);
    catalogue.load_axe().await;
    let mut faults = Vec::new();
    for form in forms {
        catalogue.emulate(form).await;
        for name in &catalogue.names {
            catalogue.show(form, name).await;
            page.picture(&format!("{}/{name}", form.name)).await;
            faults.extend(title_fault(form, name, &catalogue.heading().await));
            faults.extend(
                catalogue
                    .axe_faults()
                    .await
                    .into_iter()
                    .map(|fault| format!("{}/{name}: {fault}", form.name)),
            );
            let scripts = OF_FORM.iter().filter(|(only, _)| *only == form.name).map(|(_, script)| *script);
            let mut found = catalogue.faults().await;
            for script in scripts {
                let more = page.phone(async |frame| frame.run(script, Vec::new()).await).await;
                found.extend(
                    more.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned),
                );
            }
            faults.extend(found.into_iter().map(|fault| format!("{}/{name}: {fault}", form.name)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether this heading is that of the screen, word by word where it is in English. The bar has the name of a person.
fn title_fault(form: &Form, name: &str, heading: &str) -> Option<String> {
    let wanted = HEADINGS.iter().find(|(_, names)| names.contains(&name)).map(|(text, _)| *text);
    let is_right = match wanted {
        None => false,
        Some(_) if form.name == "bar" || form.wishes.contains("lang=") => !heading.is_empty(),
        Some(text) => heading == text,
    };
    (!is_right).then(|| format!("{}/{name}: its heading is {heading:?}, not {wanted:?}", form.name))
}
