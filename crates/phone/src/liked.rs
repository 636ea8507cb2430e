//! Whom the person talks with: they come first in a search among those who answer it as well.
//!
//! It never looks more than one number up at a time: that is done where contacts are indexed, in idle time.

use crate::Phone;
use litemap::LiteMap;
use softframe_contacts::{MAX_PREFERRED, Source};
use softframe_sip::Instant;

/// A call counts half as much after so long, a third after twice as long: who is called each week comes before who was
/// called once today.
const HALF_MILLIS: u64 = 7 * 24 * 3_600 * 1_000;
/// What a call of this moment counts.
const UNIT: u64 = 1 << 20;
/// A number that more contacts have is a company's, and nobody's in particular.
const MAX_SHARED: usize = 3;

/// How far the recents have been looked through.
#[derive(Default)]
pub(crate) struct Liked {
    /// The recents as they were then; none: contacts have changed since.
    recents: Option<(usize, u64)>,
    /// Numbers that are still to be looked up, the most wanted last.
    numbers: Vec<String>,
    found: Vec<(Source, String)>,
}

impl Liked {
    /// The contacts have changed: who has a number is to be looked up anew.
    pub(crate) fn forget(&mut self) {
        self.recents = None;
    }
}

impl Phone {
    /// Looks one number up, if the recents or the contacts have changed; whether more remain.
    pub(crate) fn step_liked(&mut self, now: Instant) -> bool {
        let recents = Some(self.history.stamp());
        if self.liked.recents != recents {
            self.liked = Liked { recents, numbers: self.most_called(now), found: Vec::new() };
        } else if self.liked.numbers.is_empty() {
            return false;
        }
        let hits =
            self.liked.numbers.pop().map(|number| self.contacts.by_number(&number)).unwrap_or_default();
        let of_somebody = if hits.len() <= MAX_SHARED { hits } else { Vec::new() };
        for hit in of_somebody {
            let contact = (hit.source, hit.contact.id);
            if !self.liked.found.contains(&contact) {
                self.liked.found.push(contact);
            }
        }
        let is_over = self.liked.numbers.is_empty();
        if is_over {
            self.contacts.prefer(std::mem::take(&mut self.liked.found));
        }
        !is_over
    }

    /// The numbers of the recents that count most, the first of them last.
    fn most_called(&self, now: Instant) -> Vec<String> {
        let wall = self.clock.wall(now);
        let mut weights: LiteMap<&str, u64> = LiteMap::new();
        for call in self.history.newest().filter(|call| !call.number().is_empty()) {
            let weight = UNIT * HALF_MILLIS / (HALF_MILLIS + wall.saturating_sub(call.at));
            *weights.entry(call.number()).or_insert(0) += weight;
        }
        let mut numbers = Vec::new();
        while numbers.len() < MAX_PREFERRED
            && let Some((number, _)) =
                weights.iter().max_by_key(|(_, weight)| **weight).filter(|(_, weight)| **weight > 0)
        {
            let number = *number;
            numbers.insert(0, number.to_owned());
            weights.remove(number);
        }
        numbers
    }
}
