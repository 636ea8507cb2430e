//! Whole phones against each other through the server's exchange, in virtual time.

mod attacks;
mod calls;
mod contacts;
mod data;
mod day;
mod early_offer;
mod editing;
mod forwards;
mod gateway;
mod golden;
mod hints;
mod host;
mod identity;
mod keys;
mod property;
mod provider;
mod rc;
mod registration;
mod screens;
mod script;
mod scripted;
mod texts;
mod transfers;
mod trust;
mod two_calls;
mod xivo;
