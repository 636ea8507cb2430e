//! The binding (RFC 3261 §10, RFC 5626, RFC 5627): what REGISTER says, what its answer means and when it must be
//! repeated. Never sends anything.

use crate::{
    Config, Ids, Instant,
    wire::{Message, Method, NameAddr, RequestBuilder, StatusCode, Uri, Via, number},
};

/// A registrar that does not answer by then is passed over for the next one.
const PATIENCE: u64 = 10_000;
/// How long signing off may hold up a page that is being closed.
const LEAVING: u64 = 2_000;
/// A refresh that was put off (503 and the like) is tried again after this, unless Retry-After says otherwise.
const PUT_OFF: u64 = 30_000;
/// Never asked for more, whatever Min-Expires says, nor taken for more: a day.
const MAX_EXPIRES: u32 = 86_400;
/// A refresh waits at least so long for the next try: a server that says 0 is not hammered.
const LEAST_RETRY_AFTER: u64 = 5_000;
/// Retry-After is obeyed up to this: one hour.
const MAX_RETRY_AFTER: u64 = 3_600_000;

/// The account's binding and what is needed to renew it.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) state: State,
    /// Contact of the binding, the same for the life of the agent: dialogs outlive the flow. Its user part is a name for
    /// this agent alone, since it stands in the calls of a withheld caller, too.
    contact: Uri,
    instance: String,
    from: NameAddr,
    registrar: Uri,
    call_id: String,
    sequence: u32,
    /// Seconds asked for, at first and now.
    wanted: u32,
    expires: u32,
    /// RFC 3608, for requests outside of dialogs.
    pub(crate) service_route: Vec<String>,
    /// The public GRUU (RFC 5627), if one was given.
    gruu: Option<Uri>,
    /// The temporary one, which names nobody.
    temporary_gruu: Option<Uri>,
    /// Whether the registrar does RFC 5626.
    outbound: bool,
    /// Whether we ask for that: not on a flow whose first hop cannot (439, RFC 5626 §11.6).
    asks_outbound: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing bound on this flow, nothing asked for.
    Unbound,
    /// Asked for.
    Pending { gives_up_at: Instant },
    /// `refresh_at` is `None` while the refresh is under way.
    Bound { refresh_at: Option<Instant>, ends_at: Instant },
    /// Signing off.
    Leaving { gives_up_at: Instant },
    /// Nothing further until a person acts.
    Refused,
}

/// What a final response to REGISTER asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Bound; `fresh` where it was not before.
    Bound { fresh: bool, flow_timer: Option<u32> },
    /// Say it again with the longer expiry.
    Again,
    /// The binding still holds; the refresh is tried again later.
    PutOff,
    /// This server cannot now: another flow, not before so many milliseconds.
    Failed { at_least: u64 },
    /// The account is refused.
    Refused,
    /// Signed off.
    Left,
}

/// What a deadline of the registration asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Repeat REGISTER.
    Refresh,
    /// No answer: the flow is of no use.
    Silent,
    /// The binding has run out.
    Expired,
    /// Signing off took too long.
    Left,
}

impl Registration {
    pub(crate) fn new(config: &Config, ids: &mut Ids) -> Registration {
        let host = format!("{}.invalid", ids.token());
        let address = Uri::sip(Some(&config.user), &config.domain);
        let wanted = config.expires.clamp(1, MAX_EXPIRES);
        Registration {
            state: State::Unbound,
            contact: Uri::sip(Some(&ids.token()), &host).with_param("transport", Some("ws")),
            instance: format!("<urn:uuid:{}>", config.instance),
            from: NameAddr::new(address).with_tag(&ids.token()),
            registrar: Uri::sip(None, &config.domain),
            call_id: ids.token(),
            sequence: 0,
            wanted,
            expires: wanted,
            service_route: Vec::new(),
            gruu: None,
            temporary_gruu: None,
            outbound: false,
            asks_outbound: true,
        }
    }

    /// The user part of the binding's Contact: servers that call the binding may put it into To.
    pub(crate) fn contact_user(&self) -> Option<String> {
        self.contact.user()
    }

    /// Contact for dialogs: the GRUU if there is one.
    pub(crate) fn contact(&self) -> String {
        self.contact_as(self.gruu.as_ref())
    }

    /// Contact for dialogs in which we do not say who we are (RFC 3323 §4.1.1.3).
    pub(crate) fn anonymous_contact(&self) -> String {
        self.contact_as(self.temporary_gruu.as_ref())
    }

    fn contact_as(&self, gruu: Option<&Uri>) -> String {
        match gruu {
            Some(gruu) => format!("<{gruu}>"),
            None if self.outbound => format!("<{}>", self.contact.clone().with_param("ob", None)),
            None => format!("<{}>", self.contact),
        }
    }

    /// Whether a REGISTER 2xx is fresh.
    pub(crate) fn is_bound(&self) -> bool {
        matches!(self.state, State::Bound { .. })
    }

    /// Whether we are signing off.
    pub(crate) fn is_leaving(&self) -> bool {
        matches!(self.state, State::Leaving { .. })
    }

    /// Bound, and no REGISTER is in the air.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.state, State::Bound { refresh_at: Some(_), .. })
    }

    /// The flow is gone, and the binding with it.
    pub(crate) fn unbind(&mut self) {
        self.state = State::Unbound;
        self.asks_outbound = true;
    }

    /// A new REGISTER; a refresh leaves the binding as it is meanwhile.
    pub(crate) fn register(&mut self, now: Instant, via: Via) -> RequestBuilder {
        self.state = match self.state {
            State::Bound { ends_at, .. } => State::Bound { refresh_at: None, ends_at },
            State::Unbound | State::Pending { .. } | State::Leaving { .. } | State::Refused => {
                State::Pending { gives_up_at: now.after(PATIENCE) }
            }
        };
        self.request(via, self.expires)
    }

    /// The REGISTER that takes our own binding away, and no other.
    pub(crate) fn unregister(&mut self, now: Instant, via: Via) -> RequestBuilder {
        self.state = State::Leaving { gives_up_at: now.after(LEAVING) };
        self.request(via, 0)
    }

    /// The number for a REGISTER that is sent again with credentials.
    pub(crate) fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.saturating_add(1);
        self.sequence
    }

    fn request(&mut self, via: Via, expires: u32) -> RequestBuilder {
        let sequence = self.next_sequence();
        let to = NameAddr::new(self.from.uri.clone());
        let mut contact = NameAddr::new(self.contact.clone());
        contact.params.set("+sip.instance", Some(&self.instance));
        let supported = match self.asks_outbound {
            true => {
                contact.params.set("reg-id", Some("1"));
                "path, gruu, outbound"
            }
            false => "path, gruu",
        };
        let (registrar, from) = (self.registrar.clone(), self.from.clone());
        RequestBuilder::new(Method::Register, registrar, via, from, to, &self.call_id, sequence)
            .header("Contact", &contact.to_string())
            .header("Expires", &expires.to_string())
            .header("Supported", supported)
    }

    /// A final response that is no challenge came.
    pub(crate) fn handle_response(&mut self, now: Instant, ids: &mut Ids, response: &Message) -> Outcome {
        let code = response.status_code().map_or(0, StatusCode::code);
        if self.is_leaving() {
            return Outcome::Left;
        }
        match code {
            200..300 => self.bind(now, ids, response),
            423 => self.lengthen(response),
            439 if self.asks_outbound => {
                self.asks_outbound = false;
                Outcome::Again
            }
            // Elsewhere is one of the other servers: none is reached that the operator has not named.
            300..400 | 408 | 429 | 480 | 491 | 500..600 => self.put_off(now, response),
            _ => {
                self.state = State::Refused;
                Outcome::Refused
            }
        }
    }

    fn bind(&mut self, now: Instant, ids: &mut Ids, response: &Message) -> Outcome {
        let own = response.addresses("Contact").find(|contact| self.is_own(contact));
        let granted = own.as_ref().and_then(|contact| number(contact.params.get("expires")?));
        let seconds: u32 = granted.or(response.number("Expires")).unwrap_or(self.expires);
        if seconds == 0 {
            self.state = State::Unbound;
            return Outcome::Failed { at_least: 0 };
        }
        let gruu = |name: &str| Uri::parse(own.as_ref()?.params.get(name)?).ok().filter(Uri::is_sip);
        (self.gruu, self.temporary_gruu) = (gruu("pub-gruu"), gruu("temp-gruu"));
        self.outbound = response.lists("Require", "outbound");
        self.service_route = response.list("Service-Route").map(str::to_owned).collect();
        let seconds = seconds.min(MAX_EXPIRES);
        let fresh = !self.is_bound();
        let ends_at = now.after(u64::from(seconds) * 1_000);
        // 75 to 90 per cent: early enough for one failure, spread so that phones do not refresh together.
        let refresh_at = now.after(u64::from(seconds) * 10 * ids.between(75, 90));
        self.state = State::Bound { refresh_at: Some(refresh_at), ends_at };
        Outcome::Bound { fresh, flow_timer: response.number("Flow-Timer") }
    }

    /// Our own binding among all of the address-of-record's: by instance and reg-id, else by the user part, which is ours
    /// alone and stays where a server writes into the host where our packets come from.
    fn is_own(&self, contact: &NameAddr) -> bool {
        match contact.params.get("+sip.instance") {
            Some(instance) => {
                instance.eq_ignore_ascii_case(&self.instance)
                    && contact.params.get("reg-id").is_none_or(|id| id == "1")
            }
            None => contact.uri.is_sip() && contact.uri.user() == self.contact.user(),
        }
    }

    fn lengthen(&mut self, response: &Message) -> Outcome {
        match longer(self.wanted, self.expires, response) {
            Some(seconds) => {
                self.expires = seconds;
                Outcome::Again
            }
            None => {
                self.state = State::Refused;
                Outcome::Refused
            }
        }
    }

    fn put_off(&mut self, now: Instant, response: &Message) -> Outcome {
        let retry_after = response.number("Retry-After").map(|seconds| u64::from(seconds) * 1_000);
        let retry_after = retry_after.map(|millis| millis.min(MAX_RETRY_AFTER));
        let refresh_at = now.after(retry_after.unwrap_or(PUT_OFF).max(LEAST_RETRY_AFTER));
        match self.state {
            State::Bound { ends_at, .. } if refresh_at < ends_at => {
                self.state = State::Bound { refresh_at: Some(refresh_at), ends_at };
                Outcome::PutOff
            }
            State::Bound { .. }
            | State::Unbound
            | State::Pending { .. }
            | State::Leaving { .. }
            | State::Refused => {
                self.state = State::Unbound;
                Outcome::Failed { at_least: retry_after.unwrap_or_default() }
            }
        }
    }

    /// Says what is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Due> {
        match self.state {
            State::Pending { gives_up_at } if gives_up_at <= now => Some(Due::Silent),
            State::Leaving { gives_up_at } if gives_up_at <= now => Some(Due::Left),
            State::Bound { ends_at, .. } if ends_at <= now => Some(Due::Expired),
            State::Bound { refresh_at: Some(refresh_at), .. } if refresh_at <= now => Some(Due::Refresh),
            State::Pending { .. }
            | State::Leaving { .. }
            | State::Bound { .. }
            | State::Unbound
            | State::Refused => None,
        }
    }

    /// The next deadline.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Pending { gives_up_at } | State::Leaving { gives_up_at } => Some(gives_up_at),
            State::Bound { refresh_at, ends_at } => Some(refresh_at.unwrap_or(ends_at)),
            State::Unbound | State::Refused => None,
        }
    }
}

/// What to ask for after this 423 to a request for `asked` seconds; `None`: there is no agreement. From the second time on
/// it at least doubles, so that there is an end.
pub(crate) fn longer(wanted: u32, asked: u32, response: &Message) -> Option<u32> {
    let seconds =
        response.number("Min-Expires").filter(|seconds| (asked + 1..=MAX_EXPIRES).contains(seconds))?;
    let least = if asked == wanted { seconds } else { asked.saturating_mul(2).min(MAX_EXPIRES) };
    Some(seconds.max(least))
}
