//! A text of which some may be marked, changed in place: nodes are made anew only when it has more or fewer marks.
//!
//! It knows what stands there and never asks the page, so nobody else may write into its part.

use super::dom::{Part, text_node};
use js_sys::Array;
use std::cell::{Cell, RefCell};
use web_sys::Text;

/// The words of one part.
pub(crate) struct Words {
    part: Part,
    pieces: RefCell<Vec<Piece>>,
    is_hidden: Cell<bool>,
}

/// A stretch of text that is marked as a whole, or not at all.
struct Piece {
    node: Text,
    text: String,
}

impl Words {
    /// Of a part that is empty, or whose content does not count.
    pub(crate) fn new(part: Part) -> Words {
        Words { part, pieces: RefCell::default(), is_hidden: Cell::new(false) }
    }

    /// Says `text`, with these octet ranges of it marked.
    pub(crate) fn write(&self, text: &str, marks: &[(usize, usize)]) {
        let wanted = pieces(text, marks);
        let mut standing = self.pieces.borrow_mut();
        if standing.len() != wanted.len() {
            *standing = self.made(&wanted);
            return;
        }
        for (piece, text) in standing.iter_mut().zip(wanted).filter(|(piece, text)| piece.text != *text) {
            piece.node.set_node_value(Some(text));
            text.clone_into(&mut piece.text);
        }
    }

    /// The same; a part that says nothing takes no place.
    pub(crate) fn write_or_hide(&self, text: &str, marks: &[(usize, usize)]) {
        self.write(text, marks);
        if self.is_hidden.replace(text.is_empty()) != text.is_empty() {
            self.part.show(!text.is_empty());
        }
    }

    /// Something else stands in the part from now on, until it is written again.
    pub(crate) fn forget(&self) {
        self.pieces.borrow_mut().clear();
    }

    /// The part.
    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    fn made(&self, wanted: &[&str]) -> Vec<Piece> {
        let nodes = Array::new();
        let made = wanted.iter().enumerate().map(|(at, text)| {
            let node = text_node(text);
            if at % 2 == 0 {
                nodes.push(&node);
            } else {
                let mark = Part::new("mark");
                // Fails only for cycles.
                let _ = mark.element().append_child(&node);
                nodes.push(mark.element());
            }
            Piece { node, text: (*text).to_owned() }
        });
        let made = made.collect();
        self.part.element().replace_children_with_node(&nodes);
        made
    }
}

/// `text` in stretches: every second one is marked.
fn pieces<'a>(text: &'a str, marks: &[(usize, usize)]) -> Vec<&'a str> {
    let mut pieces = Vec::with_capacity(2 * marks.len() + 1);
    let mut end = 0;
    for &(from, to) in marks {
        // Ranges come in order and on character borders; one that does not is left unmarked.
        let (Some(before), Some(marked)) = (text.get(end..from), text.get(from..to)) else { continue };
        pieces.extend([before, marked]);
        end = to;
    }
    pieces.push(text.get(end..).unwrap_or_default());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_piece_is_marked_and_all_together_are_the_text() {
        type Marks = &'static [(usize, usize)];
        let table: [(&str, Marks, &[&str]); 6] = [
            ("", &[], &[""]),
            ("Ana", &[], &["Ana"]),
            ("Ana", &[(0, 3)], &["", "Ana", ""]),
            ("Ana Smith", &[(0, 2), (4, 6)], &["", "An", "a ", "Sm", "ith"]),
            ("é", &[(0, 1)], &["é"]),
            ("Ana", &[(1, 2), (0, 1), (2, 9)], &["A", "n", "a"]),
        ];
        for (text, marks, expected) in table {
            let pieces = pieces(text, marks);
            assert_eq!(pieces, expected, "{text} {marks:?}");
            assert_eq!(pieces.concat(), text);
        }
    }
}
