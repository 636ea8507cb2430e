//! One target of the library under libFuzzer, chosen by `SOFTFRAME_FUZZ`. Built and run by `cargo xtask fuzz`.
//!
//! It judges nothing itself but memory: an allocation no input may cause ends it like a panic.

#![no_main]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

/// The largest single piece of memory that any input may ask for: inputs have at most 16 kB, what waits of them in
/// queues with room to grow far less than this.
const MAX_PIECE_OCTETS: usize = 32 * 1024 * 1024;

struct Bounded;

// SAFETY: everything is passed to the system's allocator as it came.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > MAX_PIECE_OCTETS {
            // libFuzzer keeps the input of a process that aborts.
            std::process::abort();
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > MAX_PIECE_OCTETS {
            std::process::abort();
        }
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static MEMORY: Bounded = Bounded;

libfuzzer_sys::fuzz_target!(init: softframe_fuzz::choose(), |octets: &[u8]| softframe_fuzz::run_chosen(octets));
