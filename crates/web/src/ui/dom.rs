//! The document as this crate sees it: ids and templates listed once, and a part of the page with typed helpers.
//!
//! It writes text nodes and attributes, never markup, and only where something differs.

use crate::listener::Listener;
use js_sys::{Reflect, futures::JsFuture};
use wasm_bindgen::{JsCast, UnwrapThrowExt};
use web_sys::{
    Clipboard, Document, Element, Event, HtmlElement, HtmlInputElement, HtmlTemplateElement, Node, Window,
};

/// The elements of `index.html` that are there from the start.
pub(crate) mod id {
    pub(crate) const PHONE: &str = "phone";
    pub(crate) const PERSON: &str = "person";
    pub(crate) const VOICEMAIL: &str = "voicemail";
    pub(crate) const MINIMISE: &str = "minimise";
    pub(crate) const RUNNING: &str = "running";
    /// In the template of a call.
    pub(crate) const WHY_NOT: &str = "why-not";
    pub(crate) const WAITING: &str = "waiting";
    pub(crate) const BANNER: &str = "banner";
    pub(crate) const MAIN: &str = "main";
    pub(crate) const TOAST: &str = "toast";
    pub(crate) const TABS: &str = "tabs";
    pub(crate) const TAB_KEYPAD: &str = "tab-keypad";
    pub(crate) const TAB_CONTACTS: &str = "tab-contacts";
    pub(crate) const TAB_RECENTS: &str = "tab-recents";
    pub(crate) const BAR: &str = "bar";
    pub(crate) const SHEET: &str = "sheet";
    pub(crate) const DROP: &str = "drop";
    pub(crate) const CHOOSER: &str = "chooser";
    pub(crate) const SAY: &str = "say";
    pub(crate) const ALERT: &str = "alert";
    #[cfg(test)]
    pub(crate) const ALL: [&str; 19] = [
        PHONE,
        PERSON,
        VOICEMAIL,
        MINIMISE,
        RUNNING,
        WAITING,
        BANNER,
        MAIN,
        TOAST,
        TABS,
        TAB_KEYPAD,
        TAB_CONTACTS,
        TAB_RECENTS,
        BAR,
        SHEET,
        DROP,
        CHOOSER,
        SAY,
        ALERT,
    ];
}

/// The templates of `index.html`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    ConfigError,
    SignIn,
    Keypad,
    Keys,
    Suggestion,
    Row,
    Search,
    Contacts,
    Contact,
    Number,
    Recents,
    Day,
    Party,
    Shared,
    Incoming,
    Call,
    Tile,
    Leg,
    Ended,
    Transfer,
    Settings,
    Forwarding,
    Rule,
    Source,
    File,
    SheetConsent,
    SheetSecond,
    Waiting,
    SheetImport,
    SheetMicrophone,
    SheetConfirm,
    SheetNumbers,
    SheetStatus,
    Status,
    SheetQuality,
    Device,
    SheetRoute,
    Speaker,
    SheetSignOut,
    SheetRemove,
    SheetEdit,
    EditNumber,
    Check,
    CheckRow,
    About,
    OtherTab,
}

impl Template {
    /// Its id.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Template::ConfigError => "t-config-error",
            Template::SignIn => "t-signin",
            Template::Keypad => "t-keypad",
            Template::Keys => "t-keys",
            Template::Suggestion => "t-suggestion",
            Template::Row => "t-row",
            Template::Search => "t-search",
            Template::Contacts => "t-contacts",
            Template::Contact => "t-contact",
            Template::Number => "t-number",
            Template::Recents => "t-recents",
            Template::Day => "t-day",
            Template::Party => "t-party",
            Template::Shared => "t-shared",
            Template::Incoming => "t-incoming",
            Template::Call => "t-call",
            Template::Tile => "t-tile",
            Template::Leg => "t-leg",
            Template::Ended => "t-ended",
            Template::Transfer => "t-transfer",
            Template::Settings => "t-settings",
            Template::Forwarding => "t-forwarding",
            Template::Rule => "t-rule",
            Template::Source => "t-source",
            Template::File => "t-file",
            Template::SheetConsent => "t-sheet-consent",
            Template::SheetSecond => "t-sheet-second",
            Template::Waiting => "t-waiting",
            Template::SheetImport => "t-sheet-import",
            Template::SheetMicrophone => "t-sheet-microphone",
            Template::SheetConfirm => "t-sheet-confirm",
            Template::SheetNumbers => "t-sheet-numbers",
            Template::SheetStatus => "t-sheet-status",
            Template::Status => "t-status",
            Template::SheetQuality => "t-sheet-quality",
            Template::Device => "t-device",
            Template::SheetRoute => "t-sheet-route",
            Template::Speaker => "t-speaker",
            Template::SheetSignOut => "t-sheet-signout",
            Template::SheetRemove => "t-sheet-remove",
            Template::SheetEdit => "t-sheet-edit",
            Template::EditNumber => "t-edit-number",
            Template::Check => "t-check",
            Template::CheckRow => "t-check-row",
            Template::About => "t-about",
            Template::OtherTab => "t-other-tab",
        }
    }
}

/// The window. A module that a page has loaded has one.
pub(crate) fn window() -> Window {
    web_sys::window().unwrap_throw()
}

thread_local! {
    /// A screen that is written asks for it dozens of times, and the browser two questions each time.
    static DOCUMENT: Document = window().document().unwrap_throw();
}

/// The document of the page.
pub(crate) fn document() -> Document {
    DOCUMENT.with(Document::clone)
}

/// Whether keys come to this page now, and not to the one that embeds it.
pub(crate) fn has_focus() -> bool {
    document().has_focus().unwrap_or(false)
}

/// Whether the page is read from right to left.
pub(crate) fn is_mirrored() -> bool {
    let root = document().document_element();
    root.is_some_and(|root| root.get_attribute("dir").as_deref() == Some("rtl"))
}

/// Milliseconds of the monotonic clock.
pub(crate) fn clock_ms() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// Icons that point somewhere: read from right to left, they point the other way.
const DIRECTED: [&str; 10] =
    ["left", "right", "transfer", "forward", "in", "out", "missed", "sign-out", "open", "delete"];

/// A part of the page.
#[derive(Clone, Debug)]
pub(crate) struct Part(Element);

impl Part {
    /// An element of `index.html`; one that is missing is a detached stand-in, and the console says so.
    pub(crate) fn by_id(id: &str) -> Part {
        document().get_element_by_id(id).map_or_else(|| Part::stand_in(id), Part)
    }

    /// A fresh copy of a template.
    pub(crate) fn copy(template: Template) -> Part {
        let found = document().get_element_by_id(template.id());
        let content = found.and_then(|found| found.dyn_into::<HtmlTemplateElement>().ok());
        let first = content.and_then(|template| template.content().first_element_child());
        let copied = first.and_then(|first| document().import_node_with_deep(&first, true).ok());
        let copied = copied.and_then(|copied| copied.dyn_into::<Element>().ok());
        copied.map_or_else(|| Part::stand_in(template.id()), Part)
    }

    /// A new element.
    pub(crate) fn new(tag: &str) -> Part {
        Part(document().create_element(tag).unwrap_throw())
    }

    /// An element that is at hand.
    pub(crate) fn of(element: Element) -> Part {
        Part(element)
    }

    fn stand_in(what: &str) -> Part {
        crate::app::warn(&format!("index.html lacks {what}"));
        Part::new("span")
    }

    /// The first descendant that matches.
    pub(crate) fn find(&self, selector: &str) -> Part {
        self.maybe(selector).unwrap_or_else(|| Part::stand_in(selector))
    }

    /// The first descendant that matches, where there may be none.
    pub(crate) fn maybe(&self, selector: &str) -> Option<Part> {
        self.0.query_selector(selector).ok().flatten().map(Part)
    }

    /// All descendants that match.
    pub(crate) fn all(&self, selector: &str) -> Vec<Part> {
        let Ok(found) = self.0.query_selector_all(selector) else { return Vec::new() };
        (0..found.length())
            .filter_map(|index| found.item(index))
            .filter_map(|node| node.dyn_into::<Element>().ok())
            .map(Part)
            .collect()
    }

    /// The element itself.
    pub(crate) fn element(&self) -> &Element {
        &self.0
    }

    /// The element as one that can be focused and scrolled.
    pub(crate) fn html(&self) -> &HtmlElement {
        self.0.unchecked_ref()
    }

    /// The element as a field.
    pub(crate) fn input(&self) -> &HtmlInputElement {
        self.0.unchecked_ref()
    }

    /// Puts a part at the end.
    pub(crate) fn append(&self, child: &Part) {
        // Fails only for cycles.
        let _ = self.0.append_child(&child.0);
    }

    /// Puts it before all that is there.
    pub(crate) fn prepend(&self, child: &Part) {
        // Fails only for cycles.
        let _ = self.0.insert_before(&child.0, self.0.first_child().as_ref());
    }

    /// Takes it out of the page.
    pub(crate) fn remove(&self) {
        self.0.remove();
    }

    /// Has no children from now on.
    pub(crate) fn clear(&self) {
        self.0.replace_children_with_node_0();
    }

    /// Its only content is this text.
    pub(crate) fn text(&self, text: &str) {
        if self.0.text_content().as_deref() != Some(text) {
            self.0.set_text_content(Some(text));
        }
    }

    /// Its only content is this text; it is hidden if that is empty.
    pub(crate) fn text_or_hide(&self, text: &str) {
        self.text(text);
        self.show(!text.is_empty());
    }

    /// Has this attribute, or has it not.
    pub(crate) fn attribute(&self, name: &str, value: Option<&str>) {
        if self.0.get_attribute(name).as_deref() == value {
            return;
        }
        // Both fail only for names that are no names.
        let _ = match value {
            Some(value) => self.0.set_attribute(name, value),
            None => self.0.remove_attribute(name),
        };
    }

    /// Has this attribute, whatever it was: for who knows that it was another.
    pub(crate) fn write(&self, name: &str, value: &str) {
        // Fails only for names that are no names.
        let _ = self.0.set_attribute(name, value);
    }

    /// An attribute that says `true` or `false`.
    pub(crate) fn flag(&self, name: &str, value: bool) {
        self.attribute(name, Some(if value { "true" } else { "false" }));
    }

    /// An attribute that says `true` or is not there.
    pub(crate) fn only_if(&self, name: &str, value: bool) {
        self.attribute(name, value.then_some("true"));
    }

    /// What an attribute says.
    pub(crate) fn says(&self, name: &str) -> Option<String> {
        self.0.get_attribute(name)
    }

    /// Has a class, or has it not.
    pub(crate) fn class(&self, name: &str, on: bool) {
        let _ = self.0.class_list().toggle_with_force(name, on);
    }

    /// Is shown or hidden.
    pub(crate) fn show(&self, shown: bool) {
        self.attribute("hidden", (!shown).then_some(""));
    }

    /// Whether it is shown, its ancestors aside.
    pub(crate) fn is_shown(&self) -> bool {
        !self.0.has_attribute("hidden")
    }

    /// The picture of an icon (the first `<use>` inside, or itself).
    pub(crate) fn icon(&self, name: &str) {
        if let Some(shape) = self.maybe("use") {
            shape.attribute("href", Some(&format!("#i-{name}")));
            if let Some(picture) = shape.0.parent_element().map(Part) {
                picture.attribute("data-flip", DIRECTED.contains(&name).then_some(""));
            }
        }
    }

    /// A custom property, by CSSOM (a style attribute is forbidden by the policy).
    pub(crate) fn property(&self, name: &str, value: &str) {
        let _ = self.html().style().set_property(name, value);
    }

    /// Takes the focus, unless the person is typing in another window (the host page).
    pub(crate) fn focus(&self) {
        if has_focus() {
            let _ = self.html().focus();
        }
    }

    /// Whether it, or something in it, has the focus.
    pub(crate) fn holds_focus(&self) -> bool {
        document()
            .active_element()
            .is_some_and(|active| self.0.contains(Some(active.unchecked_ref::<Node>())))
    }

    /// Listens.
    pub(crate) fn on(&self, name: &'static str, heard: impl FnMut(Event) + 'static) -> Listener {
        Listener::new(&self.0, name, heard)
    }
}

/// A new text node.
pub(crate) fn text_node(text: &str) -> web_sys::Text {
    document().create_text_node(text)
}

/// Whether what has the focus takes text.
pub(crate) fn in_text_field(event: &Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

/// Copies what a part reads to the clipboard; where the browser refuses, it is selected so that it can be copied by hand.
pub(crate) fn copy_text(part: &Part) {
    // A page that is no secure context has no clipboard: calling it would throw.
    let clipboard = Reflect::get(&window().navigator(), &"clipboard".into());
    if let Ok(clipboard) = clipboard.and_then(|clipboard| clipboard.dyn_into::<Clipboard>()) {
        let written = clipboard.write_text(&part.html().inner_text());
        js_sys::futures::spawn_local(async move { drop(JsFuture::from(written).await) });
    }
    if let Ok(Some(selection)) = window().get_selection() {
        let _ = selection.select_all_children(part.element());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../../www/index.html");

    #[test]
    fn every_id_and_template_is_in_the_page_once() {
        let mut wanted: Vec<&str> = id::ALL.to_vec();
        let templates: Vec<&str> = PAGE
            .split("<template id=\"")
            .skip(1)
            .filter_map(|rest| rest.split_once('"'))
            .map(|(id, _)| id)
            .collect();
        let last = Template::OtherTab;
        assert_eq!(last as usize + 1, templates.len(), "the enum and the page list the same templates");
        assert!(templates.contains(&last.id()));
        wanted.extend(templates);
        for id in wanted {
            assert_eq!(PAGE.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
        }
    }

    #[test]
    fn every_icon_used_by_the_page_is_drawn_in_it() {
        for used in PAGE.split("href=\"#").skip(1) {
            let id = used.split('"').next().unwrap_or_default();
            assert!(PAGE.contains(&format!("<symbol id=\"{id}\"")), "{id}");
        }
    }

    #[test]
    fn nothing_that_is_said_by_its_own_words_is_read_out_where_it_stands_too() {
        // Each digit that is sent is said alone, and a slider says its own value.
        let outputs: Vec<&str> =
            PAGE.split("<output").skip(1).filter_map(|rest| rest.split('>').next()).collect();
        assert!(outputs.iter().all(|output| output.contains("aria-live=\"off\"")), "{outputs:?}");
        assert_eq!(
            PAGE.matches("class=\"avatar").count(),
            PAGE.matches("<span aria-hidden=\"true\" class=\"avatar").count()
        );
    }

    #[test]
    fn the_page_holds_nothing_that_the_policy_forbids() {
        for forbidden in [" style=", "<style", "onclick", "javascript:"] {
            assert!(!PAGE.contains(forbidden), "{forbidden}");
        }
    }
}
