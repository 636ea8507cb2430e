//! The sheet of speakers: one of a group, chosen at once.
//!
//! Which there are and which plays comes from the view.

use super::{
    context::Context,
    dom::{Part, Template},
    frame::pressing,
    press::Press,
    recents::{choose, radio_keys},
};
use crate::listener::Listener;
use softframe_phone::{Action, view::Text};
use std::rc::Rc;

/// One button for each speaker.
pub(crate) fn build(
    cx: &Rc<Context>,
    group: &Part,
    speakers: &[(String, Text)],
    icon: &str,
    made: fn(String) -> Action,
) -> (Vec<Press>, Listener) {
    let press = |(id, name): &(String, Text)| {
        let item = cx.copy(Template::Speaker);
        item.find(".text").text(&cx.text(name));
        item.icon(icon);
        group.append(&item);
        pressing(cx, item, made(id.clone()))
    };
    (speakers.iter().map(press).collect(), radio_keys(group))
}

/// Marks the one that plays.
pub(crate) fn write<'a>(group: &Part, ids: impl Iterator<Item = &'a String>, chosen: &str) {
    for (item, id) in group.all("[role=radio]").iter().zip(ids) {
        choose(item, id == chosen);
    }
}
