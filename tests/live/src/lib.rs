//! Real SIP servers and phones as processes of one test each: Kamailio with the configuration of `demo/kamailio`,
//! rtpengine beside it, SIPp and baresip behind it. They need their Debian packages: `cargo xtask test --only live` installs them.

mod baresip;
mod certificates;
mod edge;
mod kamailio;
mod openssl;
mod relay;
mod rtpengine;
mod script;
mod sipp;
mod tone;

pub use baresip::{Answers, Baresip};
pub use certificates::Certificates;
pub use edge::Edge;
pub use kamailio::{Kamailio, Settings};
pub use openssl::OpensslRegistrar;
pub use relay::Relay;
pub use rtpengine::RtpEngine;
pub use script::{SDP, SOUND, Script};
pub use sipp::{Registrar, Sipp};
