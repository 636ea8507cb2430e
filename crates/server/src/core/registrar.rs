//! Where the users are: bindings of addresses-of-record to contacts on flows (RFC 3261 §10, RFC 5626, RFC 5627).
//!
//! It never authenticates; whoever calls it has.

use softframe_sip::{
    FlowId, Instant,
    wire::{Message, NameAddr, Uri},
};
use std::collections::BTreeMap;

/// Bindings of one user. A person has a few devices and tabs; a leak has more.
const MAX_BINDINGS: usize = 10;

/// Shortest binding in seconds: below it refreshing is all that a phone does.
const MIN_EXPIRES: u32 = 5;

/// Longest binding in seconds.
pub(super) const MAX_EXPIRES: u32 = 3600;

/// What a REGISTER without a wish gets, in seconds.
const DEFAULT_EXPIRES: u32 = 600;

/// One contact of a user.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    /// The address as it was registered, without `expires`.
    pub(crate) contact: NameAddr,
    /// The WebSocket it is reached by: the only way (RFC 5626 §5.3).
    pub(crate) flow: FlowId,
    /// When it ends.
    pub(crate) expires: Instant,
    /// `+sip.instance` and `reg-id`, where the phone has them.
    instance: Option<(String, String)>,
}

impl Binding {
    /// Whether it is of the phone with this instance, as a GRUU names it.
    pub(super) fn is_instance(&self, instance: &str) -> bool {
        self.instance.as_ref().is_some_and(|(known, _)| bare(known) == instance)
    }
}

/// Why a REGISTER changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400: a contact is unreadable, or `*` stands with others or with a time.
    BadContact,
    /// 403: more than [`MAX_BINDINGS`].
    TooMany,
    /// 403: another user is reached there. Requests within a dialog find their way by the contact alone.
    Taken,
    /// 423, with the shortest time.
    TooBrief(u32),
}

/// All bindings, by user part.
#[derive(Default)]
pub(crate) struct Registrar {
    bindings: BTreeMap<String, Vec<Binding>>,
}

/// A change that a REGISTER asks for.
enum Change {
    Add(Binding),
    Remove(NameAddr, Option<(String, String)>),
    RemoveAll,
}

impl Registrar {
    /// Applies a REGISTER of `user` that came by `flow`: all its changes or none.
    pub(crate) fn register(
        &mut self,
        now: Instant,
        flow: FlowId,
        user: &str,
        request: &Message,
    ) -> Result<(), Refusal> {
        let changes = changes(now, flow, request)?;
        let mut bindings = self.bindings.get(user).cloned().unwrap_or_default();
        for change in changes {
            match change {
                Change::RemoveAll => bindings.clear(),
                Change::Remove(contact, instance) => {
                    bindings.retain(|old| !is_same(old, &contact, instance.as_ref()));
                }
                Change::Add(new) if self.is_taken(user, &new) => return Err(Refusal::Taken),
                Change::Add(new) => {
                    bindings.retain(|old| !is_same(old, &new.contact, new.instance.as_ref()));
                    bindings.push(new);
                }
            }
        }
        if bindings.len() > MAX_BINDINGS {
            return Err(Refusal::TooMany);
        }
        self.bindings.insert(user.to_owned(), bindings);
        self.tidy(now);
        Ok(())
    }

    fn is_taken(&self, user: &str, new: &Binding) -> bool {
        let others = self.bindings.iter().filter(|(other, _)| *other != user);
        others
            .flat_map(|(_, bindings)| bindings)
            .any(|other| other.flow != new.flow && other.contact.uri.same_place(&new.contact.uri))
    }

    /// The bindings of a user.
    pub(crate) fn of(&self, user: &str) -> &[Binding] {
        self.bindings.get(user).map_or(&[], Vec::as_slice)
    }

    /// All users with bindings.
    pub(crate) fn users(&self) -> impl Iterator<Item = (&str, &[Binding])> {
        self.bindings.iter().map(|(user, bindings)| (user.as_str(), bindings.as_slice()))
    }

    /// The binding whose contact or GRUU this Request-URI is.
    pub(crate) fn by_contact(&self, uri: &Uri) -> Option<&Binding> {
        let all = || self.bindings.values().flatten();
        let user = uri.user().unwrap_or_default();
        match uri.param("gr") {
            Some(instance) => self.of(&user).iter().rev().find(|binding| binding.is_instance(instance)),
            None => all().find(|binding| binding.contact.uri.same_place(uri)),
        }
    }

    /// The Contact values of a 200 to REGISTER.
    pub(crate) fn contacts(&self, now: Instant, user: &str, domain: &str, gruu: bool) -> Vec<String> {
        let line = |binding: &Binding| {
            let mut contact = binding.contact.clone();
            if gruu && let Some((instance, _)) = &binding.instance {
                let uri = Uri::sip(Some(user), domain).with_param("gr", Some(bare(instance)));
                contact.params.set("pub-gruu", Some(uri.as_str()));
            }
            contact.params.set("expires", Some(&binding.expires.since(now).div_ceil(1000).to_string()));
            contact.to_string()
        };
        self.of(user).iter().map(line).collect()
    }

    /// A flow is gone, and with it all it was the way to: those bindings, by user.
    pub(crate) fn flow_closed(&mut self, flow: FlowId) -> Vec<(String, Binding)> {
        let of_user = |(user, bindings): (&String, &Vec<Binding>)| {
            let of_flow = bindings.iter().filter(|binding| binding.flow == flow);
            of_flow.map(|binding| (user.clone(), binding.clone())).collect::<Vec<_>>()
        };
        let gone = self.bindings.iter().flat_map(of_user).collect();
        self.keep(|binding| binding.flow != flow);
        gone
    }

    /// Forgets everything, as a restarted registrar without storage does.
    pub(crate) fn forget(&mut self) {
        self.bindings.clear();
    }

    /// Drops what has expired.
    pub(crate) fn tidy(&mut self, now: Instant) {
        self.keep(|binding| binding.expires > now);
    }

    /// When the next binding expires.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.bindings.values().flatten().map(|binding| binding.expires).min()
    }

    fn keep(&mut self, wanted: impl Fn(&Binding) -> bool) {
        for bindings in self.bindings.values_mut() {
            bindings.retain(&wanted);
        }
        self.bindings.retain(|_, bindings| !bindings.is_empty());
    }
}

/// The same phone on the same flow number (RFC 5626 §6), else the same address.
fn is_same(old: &Binding, contact: &NameAddr, instance: Option<&(String, String)>) -> bool {
    match (&old.instance, instance) {
        (Some(old), Some(new)) => old == new,
        (None, None) => old.contact.uri.same_place(&contact.uri),
        (Some(_), None) | (None, Some(_)) => old.contact.uri == contact.uri,
    }
}

fn changes(now: Instant, flow: FlowId, request: &Message) -> Result<Vec<Change>, Refusal> {
    let wish = request.number("Expires");
    let values: Vec<&str> = request.list("Contact").collect();
    if values.iter().any(|value| value.trim() == "*") {
        return match (values.len(), wish) {
            (1, Some(0)) => Ok(vec![Change::RemoveAll]),
            _ => Err(Refusal::BadContact),
        };
    }
    values.into_iter().map(|value| change(now, flow, value, wish)).collect()
}

fn change(now: Instant, flow: FlowId, value: &str, wish: Option<u32>) -> Result<Change, Refusal> {
    let mut contact = NameAddr::parse(value).map_err(|_| Refusal::BadContact)?;
    if !contact.uri.is_sip() {
        return Err(Refusal::BadContact);
    }
    let own_wish = contact.params.get("expires").and_then(|text| text.parse().ok());
    let seconds = own_wish.or(wish).unwrap_or(DEFAULT_EXPIRES);
    let instance = contact.params.get("+sip.instance").map(str::to_owned);
    let instance = instance.zip(Some(contact.params.get("reg-id").unwrap_or_default().to_owned()));
    contact.params.remove("expires");
    match seconds {
        0 => Ok(Change::Remove(contact, instance)),
        brief if brief < MIN_EXPIRES => Err(Refusal::TooBrief(MIN_EXPIRES)),
        seconds => {
            let expires = now.after(u64::from(seconds.min(MAX_EXPIRES)) * 1000);
            Ok(Change::Add(Binding { contact, flow, expires, instance }))
        }
    }
}

/// An instance without its angle brackets.
fn bare(instance: &str) -> &str {
    instance.trim_start_matches('<').trim_end_matches('>')
}
