//! What stands in each sheet, written from the view.
//!
//! It opens and closes nothing, and its buttons are wired elsewhere.

use crate::ui::{
    avatar, context::Context, dom::Part, frame::dot, recents::choose, signin::text_of, who::named,
};
use softframe_phone::view::{Header, Incoming, Sheet, Text};

/// The best score there is (ITU-T G.107 annex B: R of 100), in tenths.
const BEST_TENTHS: &str = "45";

/// In full, one origin a line, never cut.
pub(super) fn write_chain(list: &Part, chain: &[String]) {
    list.clear();
    for origin in chain {
        let line = Part::new("span");
        line.text(origin);
        list.append(&line);
    }
}

pub(super) fn write_second(cx: &Context, body: &Part, incoming: &Incoming) {
    let party = &incoming.party;
    avatar::write(&body.find(".avatar"), &party.avatar, &party.name);
    let (second, line) = (cx.plain("in.second"), cx.text(&party.line));
    body.find(".lead").text(&if line.is_empty() { second } else { format!("{second} · {line}") });
    body.find(".name bdi").text(&named(cx, party));
    let number = if party.name.is_empty() { "" } else { party.number.as_str() };
    body.find(".number").text_or_hide(number);
    body.find(".note").text_or_hide(&text_of(cx, incoming.note.as_ref()));
    body.find(".more").text_or_hide(&more_waiting(cx, incoming));
}

/// "1 more waiting".
pub(crate) fn more_waiting(cx: &Context, incoming: &Incoming) -> String {
    match incoming.more {
        0 => String::new(),
        more => cx.with("in.morewaiting", &[("n", &more.to_string())]),
    }
}

/// While a call rings it can be declined from here (ui.md 44).
pub(super) fn write_microphone(
    cx: &Context,
    body: &Part,
    (title, sub): (&Text, &Text),
    again: bool,
    rings: bool,
) {
    let had_focus = body.holds_focus();
    body.find(".title").text(&cx.text(title));
    body.find(".sub").text_or_hide(&cx.text(sub));
    for part in [".snippet", ".copy"] {
        body.find(part).show(title.id == "mic.policy");
    }
    body.find(".again").show(again);
    body.find(".decline").show(rings);
    let cancel = body.find(".cancel");
    cancel.show(!rings);
    // What had the focus may have gone with the call.
    if had_focus && !body.all("button").iter().any(|button| button.is_shown() && button.holds_focus()) {
        body.find(if rings { ".again" } else { ".cancel" }).focus();
    }
    cancel.text(&cx.plain(if again { "set.cancel" } else { "set.close" }));
    for (class, wanted) in [("neutral", again), ("primary", !again)] {
        cancel.class(class, wanted);
    }
    // Nobody has done anything wrong where none is plugged in.
    let (circle, none) = (body.find(".circle"), title.id == "mic.none");
    circle.icon(if none { "headset" } else { "mic-off" });
    for (class, wanted) in [("warn", none), ("end", !none)] {
        circle.class(class, wanted);
    }
}

pub(super) fn write_status(
    cx: &Context,
    body: &Part,
    view: (&[(String, String)], &str, bool),
    header: &Header,
) {
    let (statuses, set, dnd) = view;
    avatar::write_own(&body.find(".heading .avatar"), &header.name);
    body.find(".heading .dot").attribute("data-dot", Some(dot(header.dot)));
    body.find(".name bdi").text(&header.name);
    body.find(".dnd").flag("aria-checked", dnd);
    for (item, (id, label)) in body.all("[data-status]").iter().zip(statuses) {
        // Ours are message ids, those of the configuration are texts: an unknown id is its own text.
        item.find(".text").text(&cx.plain(label));
        let sub = if id == "busy" { cx.plain("status.busy.sub") } else { String::new() };
        item.find("small").text_or_hide(&sub);
        let shape = match id.as_str() {
            "busy" => "busy",
            "away" => "away",
            _ => "available",
        };
        item.find(".dot").attribute("data-dot", Some(shape));
        choose(item, id == set);
    }
}

pub(super) fn write_quality(cx: &Context, body: &Part, sheet: &Sheet) {
    let Sheet::Quality { bars, score_tenths, loss_tenths, jitter_millis, round_trip_millis } = sheet else {
        return;
    };
    let title = match bars {
        ..=1 => "quality.poor.title",
        2 => "quality.weak.title",
        3 => "quality.fair.title",
        4.. => "quality.good.title",
    };
    body.find("h2").text(&cx.plain(title));
    body.find(".quality").attribute("data-bars", Some(&bars.to_string()));
    body.find(".sub").show(*bars < 3);
    for (class, id, value) in [
        (".mos", "quality.score", score_tenths),
        (".loss", "quality.percent", loss_tenths),
        (".jitter", "quality.millis", jitter_millis),
        (".rtt", "quality.millis", round_trip_millis),
    ] {
        let value = value.to_string();
        body.find(class).text(&cx.with(id, &[("n", &value), ("tenths", &value), ("best", BEST_TENTHS)]));
    }
}
