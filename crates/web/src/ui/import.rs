//! 13: what came of the files of a drop.
//!
//! It never cuts a reason short: who wants to mend a file must know where.

use super::{context::Context, dom::Part};
use softframe_phone::view::{Sheet, Skipped};

/// Counts, and what was not taken.
pub(super) fn write(cx: &Context, body: &Part, sheet: &Sheet) {
    let Sheet::Import { name, added, updated, skipped, defects } = sheet else { return };
    // The word above is of the whole drop: it does not say that all is well where a file is missing.
    let refused = defects.first().filter(|first| first.line.is_none());
    let title = match refused {
        Some(refused) => cx.with("contacts.unread", &[("name", &refused.file)]),
        None => cx.plain("contacts.done"),
    };
    body.find("h2").text(&title);
    let sign = body.find(".circle");
    sign.class("live", refused.is_none());
    sign.class("end", refused.is_some());
    sign.icon(if refused.is_some() { "alert" } else { "check" });
    body.find(".file").text(name);
    for (class, count) in [(".added", added), (".updated", updated), (".skipped", skipped)] {
        body.find(class).text(&cx.with("format.count", &[("n", &count.to_string())]));
    }
    body.find(".skips").attribute("data-none", (*skipped == 0).then_some(""));
    let list = body.find(".defects");
    list.show(!defects.is_empty());
    body.find(".copy").show(!defects.is_empty());
    list.clear();
    for skipped in defects {
        let item = Part::new("li");
        item.text(&line(cx, skipped, name));
        list.append(&item);
    }
}

/// Of one file that is named above, the line is enough.
fn line(cx: &Context, skipped: &Skipped, name: &str) -> String {
    let why = cx.plain(skipped.why);
    match skipped.line {
        None => format!("{} · {why}", skipped.file),
        Some(line) => {
            let line = cx.with("contacts.line", &[("n", &line.to_string()), ("why", &why)]);
            if skipped.file == name { line } else { format!("{} · {line}", skipped.file) }
        }
    }
}
