//! Methods and status codes, with rsip's names and conversions. Never refuses a method it does not know.

use std::fmt;

macro_rules! methods {
    ($($variant:ident = $text:literal = $rsip:ident),* $(,)?) => {
        /// A request method (RFC 3261 §7.1). Compared with case.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Method {
            $(#[doc = $text] $variant,)*
            /// One this crate has no name for: answered with 405.
            Other(String),
        }

        impl Method {
            /// As it stands on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Method::$variant => $text,)*
                    Method::Other(text) => text,
                }
            }
        }

        impl From<&str> for Method {
            fn from(text: &str) -> Method {
                const KNOWN: &[Method] = &[$(Method::$variant),*];
                match KNOWN.iter().find(|known| known.as_str() == text) {
                    Some(known) => known.clone(),
                    None => Method::Other(text.to_owned()),
                }
            }
        }

        impl From<rsip::Method> for Method {
            fn from(method: rsip::Method) -> Method {
                match method {
                    $(rsip::Method::$rsip => Method::$variant,)*
                }
            }
        }

        impl TryFrom<&Method> for rsip::Method {
            type Error = super::Unreadable;

            fn try_from(method: &Method) -> Result<rsip::Method, super::Unreadable> {
                match method {
                    $(Method::$variant => Ok(rsip::Method::$rsip),)*
                    Method::Other(_) => Err(super::Unreadable::new("a method rsip knows")),
                }
            }
        }
    };
}

methods! {
    Ack = "ACK" = Ack,
    Bye = "BYE" = Bye,
    Cancel = "CANCEL" = Cancel,
    Info = "INFO" = Info,
    Invite = "INVITE" = Invite,
    Message = "MESSAGE" = Message,
    Notify = "NOTIFY" = Notify,
    Options = "OPTIONS" = Options,
    Prack = "PRACK" = PRack,
    Publish = "PUBLISH" = Publish,
    Refer = "REFER" = Refer,
    Register = "REGISTER" = Register,
    Subscribe = "SUBSCRIBE" = Subscribe,
    Update = "UPDATE" = Update,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A status code of 100 to 699.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusCode(u16);

macro_rules! status_codes {
    ($($name:ident = $code:literal = $phrase:literal),* $(,)?) => {
        impl StatusCode {
            $(#[doc = $phrase] pub const $name: StatusCode = StatusCode($code);)*

            /// The phrase RFC 3261 §21 and its extensions give it.
            pub fn phrase(self) -> &'static str {
                const PHRASES: &[(u16, &str)] = &[$(($code, $phrase)),*];
                if let Some((_, phrase)) = PHRASES.iter().find(|(code, _)| *code == self.0) {
                    return phrase;
                }
                match self.0 {
                    100..200 => "Session Progress",
                    200..300 => "OK",
                    300..400 => "Redirected",
                    400..500 => "Bad Request",
                    500..600 => "Server Internal Error",
                    _ => "Global Failure",
                }
            }
        }
    };
}

status_codes! {
    TRYING = 100 = "Trying",
    RINGING = 180 = "Ringing",
    CALL_IS_BEING_FORWARDED = 181 = "Call Is Being Forwarded",
    QUEUED = 182 = "Queued",
    SESSION_PROGRESS = 183 = "Session Progress",
    OK = 200 = "OK",
    ACCEPTED = 202 = "Accepted",
    MULTIPLE_CHOICES = 300 = "Multiple Choices",
    MOVED_PERMANENTLY = 301 = "Moved Permanently",
    MOVED_TEMPORARILY = 302 = "Moved Temporarily",
    BAD_REQUEST = 400 = "Bad Request",
    UNAUTHORIZED = 401 = "Unauthorized",
    FORBIDDEN = 403 = "Forbidden",
    NOT_FOUND = 404 = "Not Found",
    METHOD_NOT_ALLOWED = 405 = "Method Not Allowed",
    NOT_ACCEPTABLE = 406 = "Not Acceptable",
    PROXY_AUTHENTICATION_REQUIRED = 407 = "Proxy Authentication Required",
    REQUEST_TIMEOUT = 408 = "Request Timeout",
    GONE = 410 = "Gone",
    REQUEST_ENTITY_TOO_LARGE = 413 = "Request Entity Too Large",
    UNSUPPORTED_MEDIA_TYPE = 415 = "Unsupported Media Type",
    UNSUPPORTED_URI_SCHEME = 416 = "Unsupported URI Scheme",
    BAD_EXTENSION = 420 = "Bad Extension",
    EXTENSION_REQUIRED = 421 = "Extension Required",
    SESSION_INTERVAL_TOO_SMALL = 422 = "Session Interval Too Small",
    INTERVAL_TOO_BRIEF = 423 = "Interval Too Brief",
    FLOW_FAILED = 430 = "Flow Failed",
    TEMPORARILY_UNAVAILABLE = 480 = "Temporarily Unavailable",
    CALL_OR_TRANSACTION_DOES_NOT_EXIST = 481 = "Call/Transaction Does Not Exist",
    LOOP_DETECTED = 482 = "Loop Detected",
    TOO_MANY_HOPS = 483 = "Too Many Hops",
    BUSY_HERE = 486 = "Busy Here",
    REQUEST_TERMINATED = 487 = "Request Terminated",
    NOT_ACCEPTABLE_HERE = 488 = "Not Acceptable Here",
    BAD_INFO_PACKAGE = 469 = "Bad Info Package",
    BAD_EVENT = 489 = "Bad Event",
    REQUEST_PENDING = 491 = "Request Pending",
    SERVER_INTERNAL_ERROR = 500 = "Server Internal Error",
    NOT_IMPLEMENTED = 501 = "Not Implemented",
    SERVICE_UNAVAILABLE = 503 = "Service Unavailable",
    SERVER_TIME_OUT = 504 = "Server Time-out",
    VERSION_NOT_SUPPORTED = 505 = "Version Not Supported",
    BUSY_EVERYWHERE = 600 = "Busy Everywhere",
    DECLINE = 603 = "Decline",
    DOES_NOT_EXIST_ANYWHERE = 604 = "Does Not Exist Anywhere",
}

impl StatusCode {
    /// `None` outside of 100 to 699.
    pub fn new(code: u16) -> Option<StatusCode> {
        (100..700).contains(&code).then_some(StatusCode(code))
    }

    /// The number.
    pub fn code(self) -> u16 {
        self.0
    }

    /// 1xx.
    pub fn is_provisional(self) -> bool {
        self.0 < 200
    }

    /// 2xx.
    pub fn is_success(self) -> bool {
        (200..300).contains(&self.0)
    }

    /// 200 and above.
    pub fn is_final(self) -> bool {
        self.0 >= 200
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl From<StatusCode> for rsip::StatusCode {
    fn from(status: StatusCode) -> rsip::StatusCode {
        rsip::StatusCode::from(status.0)
    }
}

impl TryFrom<rsip::StatusCode> for StatusCode {
    type Error = super::Unreadable;

    fn try_from(status: rsip::StatusCode) -> Result<StatusCode, super::Unreadable> {
        StatusCode::new(status.code()).ok_or(super::Unreadable::new("a code of 100 to 699"))
    }
}
