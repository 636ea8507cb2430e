//! Real SIP servers and phones as processes of one test each: Kamailio with the configuration of `demo/kamailio`, and
//! SIPp behind it. They need their Debian packages: `cargo xtask test --only live` installs them.

mod kamailio;
mod relay;
mod script;

pub use kamailio::{Kamailio, Settings, Sipp};
pub use relay::Relay;
pub use script::{SDP, Script};
