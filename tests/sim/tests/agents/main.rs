//! User agents in virtual time: against a small registrar and proxy that can misbehave, and through the core of the
//! real server. No phone, no page and no browser is involved here.

mod calls;
mod house;
mod registration;
mod requests;
mod weather;
mod world;
