//! Message ids to texts of one language: arguments put in, plurals and numbers as the language has them.
//!
//! Never decides which message is shown.

use js_sys::{Array, Function, Object, Reflect};
use litemap::LiteMap;
use softframe_phone::{Language, view::Text};
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue};

/// Arguments that are counted things: written with the language's separators.
const COUNTS: [&str; 5] = ["n", "done", "total", "new", "old"];
/// Arguments that are tenths of what is written.
const TENTHS: [&str; 2] = ["tenths", "best"];

/// A number, and what it calls itself.
const WITH_WORD: &str = "in.said";

/// Names and numbers are set apart from a text of another direction (UAX #9 §2.4: FSI, PDI), else a number such as
/// `+34 600` is read from its end.
const ISOLATED: char = '\u{2068}';
const END_OF_ISOLATED: char = '\u{2069}';
/// Between the parts of a sentence that is read aloud.
const ARABIC_COMMA: &str = "، ";
/// Numbers whose writing is remembered: those of one screen.
const MAX_REMEMBERED: usize = 32;
/// Languages that are written from the right.
const RIGHT_TO_LEFT: [&str; 11] = ["ar", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"];

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Message {
    Plain(String),
    /// By plural category (`one`, `few`, `other`), chosen by the argument `n`.
    Plural(LiteMap<String, String>),
}

/// The texts of a language, by id.
pub struct Strings {
    language: &'static str,
    texts: LiteMap<String, Message>,
    exchanged: LiteMap<String, String>,
    tag: String,
    formats: RefCell<LiteMap<Format, Option<Function>>>,
    /// What `Intl` has said: a question costs it as much as a row of a list, and each letter of a search asks.
    said: RefCell<LiteMap<(Format, u64), String>>,
}

/// What `Intl` is asked to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Format {
    Number,
    Time,
    Weekday,
    Date,
    Plural,
}

impl Strings {
    /// Reads a flat JSON object of texts; a plural is an object of texts by category. What is neither is left out:
    /// its id is shown instead.
    pub fn new(language: &'static str, json: &str) -> Strings {
        let parsed: serde_json::Value = serde_json::from_slice(json.as_bytes()).unwrap_or_default();
        let entries = parsed.as_object().into_iter().flatten();
        let texts = entries.filter_map(|(id, value)| Some((id.clone(), message(value)?))).collect();
        let tag = language.to_owned();
        Strings {
            language,
            tag,
            texts,
            exchanged: LiteMap::default(),
            formats: RefCell::default(),
            said: RefCell::default(),
        }
    }

    /// No text was read.
    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whose texts these are.
    pub(crate) fn language(&self) -> &'static str {
        self.language
    }

    /// The tag of what is read here: words, numbers and dates.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// Texts that the configuration gives instead of ours, and what is wished for. Its tag counts only where the texts
    /// are of its language: no English text has German dates in it. Says if anything changed.
    pub(crate) fn exchange(&mut self, texts: &[(String, String)], wished: &Language) -> bool {
        let texts: LiteMap<String, String> = texts.iter().cloned().collect();
        let tag = if wished.texts == self.language { wished.tag.as_str() } else { self.language };
        let changed = texts != self.exchanged || tag != self.tag;
        if changed {
            self.tag = tag.to_owned();
            self.exchanged = texts;
            self.formats.borrow_mut().clear();
            self.said.borrow_mut().clear();
        }
        changed
    }

    /// The text of an id without arguments.
    pub(crate) fn plain(&self, id: &str) -> String {
        self.with(id, &[])
    }

    /// The text of a message of the view.
    pub(crate) fn of(&self, text: &Text) -> String {
        if text.id.is_empty() {
            return text.args.first().map(|(_, value)| value.clone()).unwrap_or_default();
        }
        let args: Vec<(&str, &str)> = text.args.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.with(text.id, &args)
    }

    /// The text of an id with arguments; the id itself if there is none.
    pub(crate) fn with(&self, id: &str, args: &[(&str, &str)]) -> String {
        let Some(template) = self.template(id, args) else { return id.to_owned() };
        fill(template, |name| {
            let (_, value) = args.iter().find(|(given, _)| *given == name)?;
            // A reason is a text of its own, of the same arguments.
            if name == "reason" {
                let others: Vec<_> = args.iter().filter(|(given, _)| *given != name).copied().collect();
                return Some(self.with(value, &others));
            }
            // Who is no contact has a word of its own, which stands beside the number, and is quoted.
            let says = args.iter().find(|(given, says)| *given == "says" && !says.is_empty());
            if let Some((_, says)) = says.filter(|_| name == "name" && id != WITH_WORD) {
                return Some(self.who(value, says));
            }
            Some(self.written(name, value))
        })
    }

    /// A name; a number with what it calls itself, where it does.
    pub(crate) fn who(&self, name: &str, says: &str) -> String {
        if says.is_empty() {
            name.to_owned()
        } else {
            self.with(WITH_WORD, &[("name", name), ("says", says)])
        }
    }

    /// The text before and after one argument, for an argument that is set apart (bold).
    pub(crate) fn around(&self, id: &str, argument: &str) -> (String, String) {
        let template = self.template(id, &[]).unwrap_or(id);
        let hole = format!("{{{argument}}}");
        let (before, after) = template.split_once(&hole).unwrap_or((template, ""));
        (before.to_owned(), after.to_owned())
    }

    /// The time of day, of wall milliseconds.
    pub(crate) fn time(&self, wall_ms: u64) -> String {
        self.format(Format::Time, wall_ms)
    }

    /// Today, Yesterday, the weekday of the last six days, or the date.
    pub(crate) fn day(&self, wall_ms: u64, days_ago: i64) -> String {
        match days_ago {
            ..=0 => self.plain("recents.today"),
            1 => self.plain("recents.yesterday"),
            2..=6 => self.format(Format::Weekday, wall_ms),
            7.. => self.format(Format::Date, wall_ms),
        }
    }

    fn template(&self, id: &str, args: &[(&str, &str)]) -> Option<&str> {
        if let Some(text) = self.exchanged.get(id) {
            return Some(text);
        }
        match self.texts.get(id)? {
            Message::Plain(text) => Some(text),
            Message::Plural(forms) => {
                let n = args.iter().find(|(name, _)| *name == "n").and_then(|(_, n)| n.parse().ok());
                let category = n.map(|n| self.format(Format::Plural, n));
                let form = category.and_then(|category| forms.get(&category));
                form.or_else(|| forms.get("other")).map(String::as_str)
            }
        }
    }

    /// An argument as it is read: counts with separators, seconds as a clock or in words, the rest as it is, but in
    /// its own direction.
    fn written(&self, name: &str, value: &str) -> String {
        let number = value.parse::<u64>().ok();
        match (name, number) {
            // Texts of their own.
            ("rule" | "other", _) => self.plain(value),
            ("t", Some(seconds)) => clock(seconds),
            ("duration", _) => {
                seconds(value).map_or_else(|| value.to_owned(), |seconds| self.duration(seconds))
            }
            (name, Some(number)) if COUNTS.contains(&name) => self.format(Format::Number, number),
            (name, Some(number)) if TENTHS.contains(&name) => self.tenths(number),
            _ if !value.is_empty() && (is_mirrored(&self.tag) || value.contains(is_from_the_right)) => {
                format!("{ISOLATED}{value}{END_OF_ISOLATED}")
            }
            _ => value.to_owned(),
        }
    }

    fn duration(&self, seconds: u64) -> String {
        let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let (h_text, m_text, s_text) = (h.to_string(), m.to_string(), s.to_string());
        match (h, m) {
            (0, 0) => self.with("format.duration.short", &[("s", &s_text)]),
            (0, _) => self.with("format.duration", &[("m", &m_text), ("s", &s_text)]),
            (_, _) => self.with("format.duration.hours", &[("h", &h_text), ("m", &m_text)]),
        }
    }

    /// Makes what writes numbers before anybody waits for it: the first one takes a browser some 13 ms.
    pub(crate) fn warm(&self) {
        self.format(Format::Number, 0);
    }

    fn format(&self, format: Format, number: u64) -> String {
        if let Some(said) = self.said.borrow().get(&(format, number)) {
            return said.clone();
        }
        let Some(text) = self.by_intl(format, number as f64) else { return number.to_string() };
        let mut said = self.said.borrow_mut();
        if said.len() >= MAX_REMEMBERED {
            said.clear();
        }
        said.insert((format, number), text.clone());
        text
    }

    fn tenths(&self, tenths: u64) -> String {
        let written = self.by_intl(Format::Number, tenths as f64 / 10.0);
        written.unwrap_or_else(|| format!("{}.{}", tenths / 10, tenths % 10))
    }

    fn by_intl(&self, format: Format, number: f64) -> Option<String> {
        let mut formats = self.formats.borrow_mut();
        let function = formats.entry(format).or_insert_with(|| intl(format, &self.tag));
        function.as_ref()?.call1(&JsValue::NULL, &JsValue::from_f64(number)).ok()?.as_string()
    }
}

fn message(value: &serde_json::Value) -> Option<Message> {
    if let Some(text) = value.as_str() {
        return Some(Message::Plain(text.to_owned()));
    }
    let forms = value.as_object()?.iter();
    Some(Message::Plural(forms.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()))
}

/// Whether a language (BCP 47) is written from the right.
pub(crate) fn is_mirrored(tag: &str) -> bool {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    RIGHT_TO_LEFT.iter().any(|known| known.eq_ignore_ascii_case(primary))
}

/// A letter of Hebrew, Arabic and their neighbours, or a form of one.
fn is_from_the_right(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// Puts arguments into the holes; a hole without argument becomes nothing.
fn fill(template: &str, argument: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, next)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        filled.push_str(&argument(name).unwrap_or_default());
        rest = next;
    }
    filled.push_str(rest);
    filled
}

/// A sentence to be read aloud, without the separators around arguments that were empty.
pub(crate) fn without_gaps(text: &str) -> String {
    let comma = if text.contains(ARABIC_COMMA) { ARABIC_COMMA } else { ", " };
    let parts = text.split(comma).map(str::trim).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(comma).replace(&format!(".{comma}"), ". ")
}

/// Seconds of `7`, `04:12`, `1:00:09`.
fn seconds(value: &str) -> Option<u64> {
    value.split(':').try_fold(0_u64, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))
}

/// `mm:ss`, from an hour on `h:mm:ss`.
pub(crate) fn clock(seconds: u64) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m:02}:{s:02}") }
}

/// A bound formatting function, `None` where the browser has none. A tag that is none: the browser's.
fn intl(format: Format, tag: &str) -> Option<Function> {
    let (class, method, options): (&str, &str, &[(&str, &str)]) = match format {
        Format::Number => ("NumberFormat", "format", &[]),
        Format::Time => ("DateTimeFormat", "format", &[("hour", "2-digit"), ("minute", "2-digit")]),
        Format::Weekday => ("DateTimeFormat", "format", &[("weekday", "long")]),
        Format::Date => {
            ("DateTimeFormat", "format", &[("day", "numeric"), ("month", "short"), ("year", "numeric")])
        }
        Format::Plural => ("PluralRules", "select", &[]),
    };
    let class: Function = get(&get(&js_sys::global(), "Intl")?, class)?.dyn_into().ok()?;
    let wishes = Object::new();
    for (name, value) in options {
        Reflect::set(&wishes, &(*name).into(), &(*value).into()).ok()?;
    }
    let make = |locale: JsValue| Reflect::construct(&class, &Array::of2(&locale, &wishes)).ok();
    // The keypad, the clock of a call and the numbers of people have the digits 0 to 9: so have all others, unless the
    // tag itself says which (`ar-EG-u-nu-arab`).
    let digits = if tag.contains("-u-") || tag.contains("-x-") { "" } else { "-u-nu-latn" };
    let wished: JsValue = format!("{tag}{digits}").into();
    let formatter: JsValue = make(wished).or_else(|| make(JsValue::UNDEFINED))?;
    let function: Function = get(&formatter, method)?.dyn_into().ok()?;
    Some(function.bind0(&formatter))
}

fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: &str = include_str!("../../../../www/strings/en.json");
    const PAGE: &str = include_str!("../../../../www/index.html");

    fn text(id: &'static str, args: &[(&'static str, &str)]) -> Text {
        Text { id, args: args.iter().map(|(name, value)| (*name, (*value).to_owned())).collect() }
    }

    #[test]
    fn messages_are_filled_and_unknown_ones_show_their_id() {
        let strings = Strings::new("en", ENGLISH);
        type Args = &'static [(&'static str, &'static str)];
        let table: [(&'static str, Args, &str); 11] = [
            ("signin.go", &[], "Sign in"),
            ("dial.call.name", &[("name", "Ana {x}")], "Call Ana {x}"),
            ("call.held", &[("t", "41")], "On hold 00:41"),
            ("call.held", &[("t", "0:41")], "On hold 0:41"),
            ("call.total", &[("t", "3725")], "Call time 1:02:05"),
            ("ended.hangup", &[("duration", "252")], "Call ended · 4 min 12 s"),
            ("ended.hangup", &[("duration", "7")], "Call ended · 7 s"),
            ("ended.hangup", &[("duration", "04:12")], "Call ended · 4 min 12 s"),
            ("ended.hangup", &[("duration", "1:00:09")], "Call ended · 1 h 0 min"),
            ("ended.sip", &[("code", "486"), ("text", "Busy Here")], "SIP 486 Busy Here"),
            ("no.such.id", &[], "no.such.id"),
        ];
        for (id, args, expected) in table {
            assert_eq!(strings.of(&text(id, args)), expected);
        }
        assert_eq!(strings.of(&text("", &[("", "Marta")])), "Marta");
        assert_eq!(
            strings.around("signin.host", "origin"),
            (String::new(), " will be able to use this phone.".into())
        );
    }

    #[test]
    fn the_configuration_exchanges_texts_and_says_when() {
        let mut strings = Strings::new("en", ENGLISH);
        let own = [("signin.go".to_owned(), "Enter".to_owned())];
        assert!(strings.exchange(&own, &Language::default()));
        assert!(!strings.exchange(&own, &Language::default()));
        assert_eq!(strings.plain("signin.go"), "Enter");
    }

    #[test]
    fn numbers_and_dates_are_of_the_language_whose_texts_are_shown() {
        let mut strings = Strings::new("en", ENGLISH);
        for (texts, tag, expected) in [("en", "en-GB", "en-GB"), ("de", "de-AT", "en"), ("en", "nl", "nl")] {
            strings.exchange(&[], &Language { texts, tag: tag.to_owned() });
            assert_eq!(strings.tag(), expected, "{tag}");
        }
    }

    #[test]
    fn direction_follows_the_language_however_it_is_written() {
        for (tag, expected) in
            [("en", false), ("ar", true), ("AR-eg", true), ("fa_IR", true), ("arn", false), ("", false)]
        {
            assert_eq!(is_mirrored(tag), expected, "{tag}");
        }
    }

    #[test]
    fn names_and_numbers_keep_their_direction_in_a_text_of_the_other() {
        let said = |strings: &Strings, name: &str| strings.of(&text("dial.call.name", &[("name", name)]));
        let mut strings = Strings::new("en", r#"{"dial.call.name": "Call {name}"}"#);
        assert_eq!(said(&strings, "+34 600"), "Call +34 600");
        assert_eq!(said(&strings, "عائشة"), "Call \u{2068}عائشة\u{2069}");
        strings.exchange(&[], &Language { texts: "en", tag: "ar".to_owned() });
        assert_eq!(said(&strings, "+34 600"), "Call \u{2068}+34 600\u{2069}");
        assert_eq!(said(&strings, ""), "Call ", "what is read aloud has no gap here");
    }

    #[test]
    fn a_broken_file_shows_ids_and_holes_without_end_stay() {
        assert_eq!(Strings::new("en", "{").plain("signin.go"), "signin.go");
        assert_eq!(fill("a {b", |_| None), "a {b");
        assert_eq!(fill("{a}{b}", |name| (name == "b").then(|| "x".to_owned())), "x");
    }

    #[test]
    fn what_is_read_aloud_has_no_gaps() {
        let strings = Strings::new("en", ENGLISH);
        for (name, number, line, expected) in [
            ("Marta", "600", "Sales", "Incoming call. Marta, 600, Sales"),
            ("Marta", "600", "", "Incoming call. Marta, 600"),
            ("600", "", "", "Incoming call. 600"),
            ("", "600", "", "Incoming call. 600"),
            ("", "", "", "Incoming call."),
        ] {
            let args = [("name", name), ("number", number), ("line", line)];
            assert_eq!(without_gaps(&strings.of(&text("say.incoming", &args))), expected);
        }
        assert_eq!(without_gaps("مكالمة واردة. ، 600، "), "مكالمة واردة. 600");
        assert_eq!(without_gaps(&strings.of(&text("call.ringing", &[("t", "")]))), "Ringing");
    }

    #[test]
    fn every_text_that_the_page_names_exists() {
        let strings = Strings::new("en", ENGLISH);
        for kind in ["data-text=\"", "data-label=\"", "data-hint=\""] {
            for rest in PAGE.split(kind).skip(1) {
                let id = rest.split('"').next().unwrap_or_default();
                assert!(strings.texts.contains_key(id), "{id}");
            }
        }
    }
}
