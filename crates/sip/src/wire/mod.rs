//! Messages: octets plus spans, read leniently, written strictly. The only module that knows rsip's quirks; it never
//! decides what a message means.

mod build;
mod headers;
mod interop;
mod message;
mod method;
mod multipart;
mod parse;
mod text;
mod uri;
mod values;
mod work;

pub use build::{Edit, RequestBuilder, ResponseBuilder};
pub use headers::{
    EventType, RAck, Reason, Refresher, Replaces, SessionExpires, SubscriptionState, TargetDialog,
    UserToUser, Warning,
};
pub use interop::NotRepresentable;
pub use message::{
    Defect, Frame, MAX_BODY_OCTETS, MAX_HEADER_OCTETS, MAX_HEADERS, MAX_HOPS, MAX_MESSAGE_OCTETS, Malformed,
    Message, PING, PONG,
};
pub use method::{Method, StatusCode};
pub use text::{List, Params, Unreadable, quote, split_list, unescape};
pub(crate) use text::{join_list, split_once, split_outside, split_params};
pub(crate) use uri::number;
pub use uri::{Scheme, Uri};
pub use values::{AuthValue, CSeq, NameAddr, Via, sipfrag_status};

#[cfg(test)]
mod tests;
