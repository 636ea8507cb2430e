//! Dialogs (RFC 3261 §12): who talks to whom, over which route, with which numbers. Never sends anything and knows
//! nothing of sessions.

use crate::wire::{Message, Method, NameAddr, Replaces, RequestBuilder, Uri, Via};

/// The host of who does not say who they are (RFC 3323 §4.1.1.3).
pub(crate) const ANONYMOUS_HOST: &str = "anonymous.invalid";

/// Whether this address says nothing of who has it (RFC 3323).
pub(crate) fn is_anonymous(address: &NameAddr) -> bool {
    address.uri.host().eq_ignore_ascii_case(ANONYMOUS_HOST)
}

/// What every message of a dialog has in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DialogId {
    pub(crate) call_id: String,
    pub(crate) local_tag: String,
    pub(crate) remote_tag: String,
}

impl DialogId {
    /// Of a request of ours.
    pub(crate) fn of_own(request: &Message) -> DialogId {
        DialogId {
            call_id: request.call_id().to_owned(),
            local_tag: request.from().tag().unwrap_or_default().to_owned(),
            remote_tag: request.to().tag().unwrap_or_default().to_owned(),
        }
    }

    /// Of a request that came in.
    pub(crate) fn of_request(request: &Message) -> DialogId {
        DialogId {
            call_id: request.call_id().to_owned(),
            local_tag: request.to().tag().unwrap_or_default().to_owned(),
            remote_tag: request.from().tag().unwrap_or_default().to_owned(),
        }
    }
}

/// One peer relationship. Every To tag of an INVITE's responses is one of its own.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub(crate) id: DialogId,
    /// Who we are in it.
    pub(crate) local: NameAddr,
    remote: NameAddr,
    remote_target: Uri,
    /// Route values octet for octet, first hop first.
    route_set: Vec<String>,
    local_sequence: u32,
    remote_sequence: Option<u32>,
    /// Who opened it: challenges are answered only in dialogs of our own, and it decides who waits longer after 491.
    pub(crate) is_ours: bool,
}

impl Dialog {
    /// As caller, from our INVITE and a response with a To tag (RFC 3261 §12.1.2).
    pub(crate) fn of_response(invite: &Message, response: &Message) -> Option<Dialog> {
        let remote_tag = response.to().tag()?.to_owned();
        let mut route_set: Vec<String> = response.list("Record-Route").map(str::to_owned).collect();
        route_set.reverse();
        let remote_target = match response.contact() {
            Some(contact) => contact.uri,
            None => invite.uri()?.clone(),
        };
        Some(Dialog {
            id: DialogId {
                call_id: invite.call_id().to_owned(),
                local_tag: invite.from().tag()?.to_owned(),
                remote_tag,
            },
            local: invite.from().clone(),
            remote: response.to().clone(),
            remote_target,
            route_set,
            local_sequence: invite.cseq().number,
            remote_sequence: None,
            is_ours: true,
        })
    }

    /// As callee, from their INVITE and our tag (RFC 3261 §12.1.1). Without a readable Contact the From URI stands in:
    /// requests leave on our flow anyhow.
    pub(crate) fn of_request(invite: &Message, local_tag: &str) -> Dialog {
        let contact = invite.contact().map(|contact| contact.uri);
        Dialog {
            id: DialogId {
                call_id: invite.call_id().to_owned(),
                local_tag: local_tag.to_owned(),
                remote_tag: invite.from().tag().unwrap_or_default().to_owned(),
            },
            local: invite.to().clone().with_tag(local_tag),
            remote: invite.from().clone(),
            remote_target: contact.unwrap_or_else(|| invite.from().uri.clone()),
            route_set: invite.list("Record-Route").map(str::to_owned).collect(),
            local_sequence: 0,
            remote_sequence: Some(invite.cseq().number),
            is_ours: false,
        }
    }

    /// As subscriber, from a NOTIFY (RFC 6665 §4.4.1): `local` is our From and `local_sequence` the number of the
    /// SUBSCRIBE that it answers. A notifier without a readable Contact is reached by its From URI.
    pub(crate) fn of_notify(local: &NameAddr, local_sequence: u32, notify: &Message) -> Dialog {
        let mut dialog = Dialog::of_request(notify, local.tag().unwrap_or_default());
        dialog.local = local.clone();
        (dialog.local_sequence, dialog.remote_sequence, dialog.is_ours) = (local_sequence, None, true);
        dialog
    }

    /// A 2xx makes the early dialog anew (RFC 3261 §13.2.2.4), but the numbers go on.
    pub(crate) fn continues(mut self, early: &Dialog) -> Dialog {
        self.local_sequence = self.local_sequence.max(early.local_sequence);
        self.remote_sequence = early.remote_sequence;
        self
    }

    /// No number is used again that this copy of the dialog has used.
    pub(crate) fn catch_up(&mut self, copy: &Dialog) {
        self.local_sequence = self.local_sequence.max(copy.local_sequence);
    }

    /// A new request inside the dialog, with the next number.
    pub(crate) fn request(&mut self, method: Method, via: Via) -> RequestBuilder {
        let sequence = self.next_sequence();
        self.build(method, via, sequence)
    }

    /// The ACK of a 2xx to the INVITE with this number.
    pub(crate) fn ack(&self, via: Via, sequence: u32) -> RequestBuilder {
        self.build(Method::Ack, via, sequence)
    }

    /// The number of our last request.
    pub(crate) fn sequence(&self) -> u32 {
        self.local_sequence
    }

    /// Takes the next number, for a request that is sent again with credentials.
    pub(crate) fn next_sequence(&mut self) -> u32 {
        self.local_sequence = self.local_sequence.saturating_add(1);
        self.local_sequence
    }

    fn build(&self, method: Method, via: Via, sequence: u32) -> RequestBuilder {
        let (target, route) = self.target_and_route();
        let (local, remote) = (self.local.clone(), self.remote.clone());
        let builder = RequestBuilder::new(method, target, via, local, remote, &self.id.call_id, sequence);
        route.iter().fold(builder, |builder, route| builder.header("Route", route))
    }

    /// RFC 3261 §12.2.1.1: a first hop without `lr` is a strict router and wants to be the Request-URI.
    fn target_and_route(&self) -> (Uri, Vec<String>) {
        let first = self.route_set.first().and_then(|route| NameAddr::parse(route).ok());
        match first {
            Some(first) if first.uri.param("lr").is_none() => {
                let mut route: Vec<String> = self.route_set.iter().skip(1).cloned().collect();
                route.push(format!("<{}>", self.remote_target));
                (first.uri, route)
            }
            Some(_) | None => (self.remote_target.clone(), self.route_set.clone()),
        }
    }

    /// Whether a request of the other side comes in order (RFC 3261 §12.2.2). Remembers its number.
    pub(crate) fn is_in_order(&mut self, request: &Message) -> bool {
        let number = request.cseq().number;
        if self.remote_sequence.is_some_and(|last| number <= last) {
            return false;
        }
        self.remote_sequence = Some(number);
        true
    }

    /// Whether this request has the number of the last one: over a hop by UDP it may come twice.
    pub(crate) fn is_repeated(&self, request: &Message) -> bool {
        self.remote_sequence == Some(request.cseq().number)
    }

    /// A target refresh: an INVITE or its 2xx inside the dialog names where to send from now on.
    pub(crate) fn refresh_target(&mut self, message: &Message) {
        if let Some(contact) = message.contact() {
            self.remote_target = contact.uri;
        }
    }

    /// The value of a Replaces header that puts another call in the place of this one (RFC 3891), as the other side
    /// must read it: its own tag is the To tag.
    pub(crate) fn replaces(&self) -> Replaces {
        let DialogId { call_id, local_tag, remote_tag } = self.id.clone();
        Replaces { call_id, to_tag: remote_tag, from_tag: local_tag, early_only: false }
    }

    /// Where the other side can be reached.
    pub(crate) fn remote_target(&self) -> &Uri {
        &self.remote_target
    }
}
