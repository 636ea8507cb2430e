//! User agents in virtual time: against a small registrar and proxy that can misbehave, and through the core of the
//! real server. No phone, no page and no browser is involved here.

mod attacks;
mod calls;
mod early;
mod frames;
mod house;
mod late;
mod notifier;
mod offers;
mod outlived;
mod over;
mod programs;
mod publications;
mod redirects;
mod registration;
mod reliable;
mod replaces;
mod requests;
mod subscriptions;
mod timers;
mod transfers;
mod unoffered;
mod updates;
mod weather;
mod withheld;
mod world;
