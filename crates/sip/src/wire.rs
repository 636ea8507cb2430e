//! Messages: octets plus spans, read leniently, written strictly. The only module that knows rsip's quirks.

/// One SIP message, request or response, as it came or as it will leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    octets: Vec<u8>,
}

impl Message {
    /// The octets; of an untouched message exactly those that came.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The trimmed, unfolded value of the first header of this name (long name, any case), if there is one.
    pub fn header(&self, _name: &str) -> Option<&str> {
        None
    }

    /// All headers in order: name as written, trimmed and unfolded value.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        std::iter::empty()
    }

    /// Code and reason phrase of a response, `None` for a request.
    pub fn status(&self) -> Option<(u16, &str)> {
        None
    }

    /// The body, empty if there is none.
    pub fn body(&self) -> &[u8] {
        &[]
    }
}
