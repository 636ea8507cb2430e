//! The phone as a bare wasm module: `cargo xtask test --only imports` looks at what it imports.
//!
//! Everything the phone can do must be reachable from here, else the linker drops what should show.

use softframe_phone::{Input, Instant, Phone};
use std::hint::black_box;
use wasm_bindgen::prelude::wasm_bindgen;

/// Reaches all three doors of the phone and all that can be read of it.
#[wasm_bindgen]
pub fn probe(text: String, now: u64) -> usize {
    let now = Instant(now);
    let mut phone = Phone::new(black_box([0; 32]));
    // An optimiser that knew the variant would drop the paths of all others.
    phone.handle_input(now, black_box(Input::Config(Some(text))));
    let outputs = std::iter::from_fn(|| phone.poll_output()).count();
    let more = phone.contacts_step(now, black_box(1));
    black_box(phone.view(now));
    black_box(phone.contact_rows(black_box(0), black_box(1)));
    outputs + usize::from(more) + usize::from(phone.poll_timeout().is_some())
}
