//! How large the page's frame should be: what the configuration or the page wished, or a bar.
//!
//! It never measures the frame: a page may keep it hidden.

use crate::{
    Phone,
    bridge::{self, Size},
    view::Sheet,
};
use softframe_sip::Instant;

/// The bar (ui.md 2).
const BAR_HEIGHT: u32 = 48;

/// What the page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Width and height when it is no bar.
    pub(crate) wanted: (u32, u32),
    pub(crate) minimised: bool,
    /// The page follows what it is asked.
    pub(crate) resizes: bool,
}

impl Default for Frame {
    fn default() -> Frame {
        Frame { wanted: (320, 460), minimised: false, resizes: false }
    }
}

impl Phone {
    /// What is wanted now.
    pub(crate) fn size(&self) -> (u32, u32) {
        let (width, height) = self.frame.wanted;
        (width, if self.frame.minimised { BAR_HEIGHT } else { height })
    }

    /// Becomes a bar, or is whole again.
    pub(crate) fn minimise(&mut self, minimised: bool) {
        if self.frame.minimised != minimised {
            self.frame.minimised = minimised;
            self.tell_size();
        }
    }

    pub(crate) fn tell_size(&mut self) {
        let (width, height) = self.size();
        self.tell("widget:size", &bridge::json(&Size { width, height }));
    }

    /// The person presses the arrow of the bar. The page may have made the frame small by itself.
    pub(crate) fn expand(&mut self) {
        self.frame.minimised = false;
        self.tell_size();
    }

    /// In a bar there is no room to ask anything; who calls while another talks is on the bar itself.
    pub(crate) fn make_room(&mut self, now: Instant) {
        let asks = |sheet: Sheet| !matches!(sheet, Sheet::SecondIncoming(_));
        if self.frame.minimised && self.sheet(now).is_some_and(asks) {
            self.minimise(false);
        }
    }
}
