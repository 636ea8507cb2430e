//! The round sign of a person: initials on a colour that the contact's id chooses, or the icon of a stranger.
//!
//! Never loads a picture.

use super::{dom::Part, words::Words};
use std::cell::RefCell;

/// Pairs of colours in style.css.
const TINTS: u32 = 6;

/// How a person is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Looks {
    /// None: a stranger.
    tint: Option<u32>,
    initials: String,
}

impl Looks {
    /// An empty `id` is a stranger.
    fn of(id: &str, name: &str) -> Looks {
        let initials = initials(name);
        let known = !id.is_empty() && !initials.is_empty();
        Looks { tint: known.then(|| tint(id)), initials }
    }

    fn tint(&self) -> String {
        self.tint.map_or_else(|| "none".to_owned(), |tint| tint.to_string())
    }
}

/// The avatar of a row, which is somebody else's at every letter: it knows what it shows.
pub(crate) struct Avatar {
    part: Part,
    letters: Words,
    shown: RefCell<Option<Looks>>,
}

impl Avatar {
    /// One that was never written.
    pub(crate) fn new(part: Part) -> Avatar {
        part.attribute("aria-hidden", Some("true"));
        Avatar { letters: Words::new(part.find(".initials")), part, shown: RefCell::new(None) }
    }

    /// Shows this person. An empty `id` is a stranger.
    pub(crate) fn write(&self, id: &str, name: &str) {
        let looks = Looks::of(id, name);
        let mut shown = self.shown.borrow_mut();
        let tint = shown.as_ref().map(|shown| shown.tint);
        if tint != Some(looks.tint) {
            self.part.write("data-tint", &looks.tint());
        }
        if looks.tint.is_some() {
            self.letters.write(&looks.initials, &[]);
        } else if tint != Some(None) {
            self.letters.forget();
            let slot = self.letters.part();
            slot.clear();
            slot.append(&icon("person"));
        }
        *shown = Some(looks);
    }
}

/// Writes an avatar. An empty `id` is a stranger.
pub(crate) fn write(avatar: &Part, id: &str, name: &str) {
    let looks = Looks::of(id, name);
    let (tint, initials, known) = (looks.tint(), looks.initials, looks.tint.is_some());
    if avatar.says("data-tint").as_deref() == Some(&tint)
        && avatar.says("data-of").as_deref() == Some(initials.as_str())
    {
        return;
    }
    avatar.attribute("data-tint", Some(&tint));
    avatar.attribute("data-of", Some(&initials));
    avatar.attribute("aria-hidden", Some("true"));
    let slot = avatar.find(".initials");
    if known {
        slot.text(&initials);
    } else {
        slot.clear();
        slot.append(&icon("person"));
    }
}

/// Only initials on grey: the person of this phone.
pub(crate) fn write_own(avatar: &Part, name: &str) {
    avatar.find(".initials").text(&initials(name));
}

/// A fresh icon.
fn icon(name: &str) -> Part {
    const SVG: Option<&str> = Some("http://www.w3.org/2000/svg");
    let document = super::dom::document();
    let (Ok(svg), Ok(shape)) =
        (document.create_element_ns(SVG, "svg"), document.create_element_ns(SVG, "use"))
    else {
        return Part::new("span");
    };
    let (svg, shape) = (Part::of(svg), Part::of(shape));
    svg.attribute("class", Some("icon"));
    shape.attribute("href", Some(&format!("#i-{name}")));
    svg.append(&shape);
    svg
}

/// The first letters of the first two words.
fn initials(name: &str) -> String {
    let letters = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphabetic()));
    letters.take(2).flat_map(char::to_uppercase).collect()
}

/// FNV-1a: spreads, and is the same on every load.
fn tint(id: &str) -> u32 {
    let hash =
        id.bytes().fold(0x811c_9dc5_u32, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193));
    (hash >> 8) % TINTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_first_two_words() {
        let table = [
            ("Marta Ruiz Ortega", "MR"),
            ("bruno díaz", "BD"),
            ("Cher", "C"),
            ("(Acme) 24h", "AH"),
            ("+49 30 901820", ""),
            ("عائشة المنصوري", "عا"),
            ("", ""),
        ];
        for (name, expected) in table {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn every_id_has_one_of_the_six_tints() {
        let mut seen = [false; TINTS as usize];
        for id in 0..200 {
            seen[tint(&format!("c{id}")) as usize] = true;
        }
        assert_eq!(seen, [true; TINTS as usize]);
    }
}
