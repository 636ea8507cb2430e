//! Where each message goes (RFC 3261 §16.3 to §16.6): checks, authentication, targets, and the way back inside a
//! dialog.
//!
//! It never sends a request outside of its own flows: a Request-URI of another domain is refused, not resolved.

use super::{Exchange, MAX_CONTEXTS, Trust, context::Context, digest::Verdict, registrar::Refusal};
use softframe_sip::{
    FlowId, Instant,
    transaction::TransactionKey,
    wire::{Message, Method, NameAddr, StatusCode, Uri, Via},
};

/// What the realm's users may send.
const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, UPDATE, PRACK, MESSAGE, REFER, SUBSCRIBE, NOTIFY";

/// Headers by which a trusted server names the caller, and that by which a phone asks its server to (RFC 3325 §9.2).
const ASSERTED: [&str; 3] = ["P-Asserted-Identity", "Remote-Party-ID", "P-Preferred-Identity"];

/// The host of a caller who does not say who they are (RFC 3323 §4.1.1.3).
const ANONYMOUS_HOST: &str = "anonymous.invalid";

/// Seconds between two keep-alives of a phone (RFC 5626 §4.4.1): well below what address translators forget in.
const FLOW_TIMER: u32 = 25;

/// Digits from which a number that nobody has counts as one of the outside world.
const OUTSIDE_DIGITS: usize = 5;

/// Where a copy goes.
struct Target {
    flow: FlowId,
    /// The Request-URI, where it changes.
    uri: Option<Uri>,
}

impl Exchange {
    pub(super) fn request(&mut self, now: Instant, flow: FlowId, request: Message) {
        if *request.method() == Method::Cancel {
            return self.cancel(now, flow, &request);
        }
        let key = TransactionKey::of(&request);
        let mut contexts = self.contexts.values_mut();
        let known = contexts.find(|context| context.is_for(flow, &key));
        if let Some(sends) = known.and_then(|context| context.repeated(now, &request)) {
            self.send_all(sends);
            return self.contexts.retain(|_, context| !context.is_over());
        }
        if *request.method() == Method::Ack {
            return self.ack(flow, request);
        }
        if let Some((code, headers)) = self.defect(&request) {
            return self.answer(flow, &request, code, &headers);
        }
        let (request, token) = self.without_own_routes(request);
        if request.header("Route").is_some() {
            return self.answer(flow, &request, StatusCode::NOT_FOUND, &[]);
        }
        if *request.method() == Method::Register {
            self.register(now, flow, &request);
        } else if request.to().tag().is_some() {
            self.within_dialog(now, flow, request, token.as_deref());
        } else {
            self.out_of_dialog(now, flow, request);
        }
    }

    pub(super) fn response(&mut self, now: Instant, flow: FlowId, response: &Message) {
        let key = TransactionKey::of(response);
        let tag = self.ids.token();
        let mut contexts = self.contexts.values_mut();
        let Some(context) = contexts.find(|context| context.sent(flow, &key)) else {
            return; // Of nothing we sent: RFC 6026 §7.3 forbids to let it pass.
        };
        let sends = context.response(now, response, &tag);
        self.send_all(sends);
        self.contexts.retain(|_, context| !context.is_over());
    }

    /// What is wrong with a request whoever sent it (RFC 3261 §16.3).
    fn defect(&self, request: &Message) -> Option<(StatusCode, Vec<(&'static str, String)>)> {
        if request.header("Max-Forwards").is_some() && request.number("Max-Forwards").unwrap_or(0) == 0 {
            return Some((StatusCode::TOO_MANY_HOPS, Vec::new()));
        }
        if !request.uri().is_some_and(Uri::is_sip) {
            return Some((StatusCode::UNSUPPORTED_URI_SCHEME, Vec::new()));
        }
        if let Some(extensions) = request.header("Proxy-Require") {
            return Some((StatusCode::BAD_EXTENSION, vec![("Unsupported", extensions.to_owned())]));
        }
        if self.contexts.len() >= MAX_CONTEXTS {
            return Some((StatusCode::SERVICE_UNAVAILABLE, vec![("Retry-After", "5".to_owned())]));
        }
        None
    }

    /// The ACK to a 2xx goes its own way to the callee (RFC 3261 §13.2.2.4); one that has no way is dropped, since an
    /// ACK is never answered.
    fn ack(&mut self, flow: FlowId, request: Message) {
        let (request, token) = self.without_own_routes(request);
        if let Some(target) = self.way_within_dialog(flow, &request, token.as_deref()) {
            let copy = self.copy(&request, flow, &target);
            self.transmit(target.flow, copy);
        }
    }

    fn cancel(&mut self, now: Instant, flow: FlowId, request: &Message) {
        let key = TransactionKey::cancelled_by(request);
        let mut contexts = self.contexts.values_mut();
        let Some(context) = contexts.find(|context| context.is_for(flow, &key)) else {
            return self.answer(flow, request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST, &[]);
        };
        let sends = context.cancel(now, request.header("Reason"));
        self.answer(flow, request, StatusCode::OK, &[]);
        self.send_all(sends);
    }

    /// RFC 3261 §10.3.
    fn register(&mut self, now: Instant, flow: FlowId, request: &Message) {
        let Some(user) = request.to().uri.user() else {
            return self.answer(flow, request, StatusCode::NOT_FOUND, &[]);
        };
        if !self.is_ours(request.to().uri.host()) {
            return self.answer(flow, request, StatusCode::NOT_FOUND, &[]);
        }
        if !self.authenticated(now, flow, request, Some(&user), Method::Register) {
            return;
        }
        let is_guest = self.flows.get(&flow).is_some_and(|flow| flow.trust == Trust::Guest);
        // A name that no Request-URI of a caller can have, since none is looked up with a space in it.
        let user = if is_guest { format!("{user} (guest {})", flow.0) } else { user };
        let (code, headers) = match self.registrar.register(now, flow, &user, request) {
            Ok(()) => (StatusCode::OK, self.registered(now, request, &user, is_guest)),
            Err(Refusal::BadContact) => (StatusCode::BAD_REQUEST, Vec::new()),
            Err(Refusal::TooMany | Refusal::Taken) => (StatusCode::FORBIDDEN, Vec::new()),
            Err(Refusal::TooBrief(least)) => {
                (StatusCode::INTERVAL_TOO_BRIEF, vec![("Min-Expires", least.to_string())])
            }
        };
        self.answer(flow, request, code, &headers);
    }

    fn registered(
        &self,
        now: Instant,
        request: &Message,
        user: &str,
        is_guest: bool,
    ) -> Vec<(&'static str, String)> {
        // A guest's GRUU would show the name it is kept under.
        let gruu = request.lists("Supported", "gruu") && !is_guest;
        let contacts = self.registrar.contacts(now, user, &self.config.domain, gruu);
        let mut headers: Vec<_> = contacts.into_iter().map(|contact| ("Contact", contact)).collect();
        let numbered = request.addresses("Contact").any(|contact| contact.params.get("reg-id").is_some());
        if numbered && request.lists("Supported", "outbound") {
            headers.push(("Require", "outbound".to_owned()));
            headers.push(("Flow-Timer", FLOW_TIMER.to_string()));
        }
        headers
    }

    /// Whether the flow is this user, or any of ours where none is claimed. If not, the answer is sent.
    fn authenticated(
        &mut self,
        now: Instant,
        flow: FlowId,
        request: &Message,
        claimed: Option<&str>,
        method: Method,
    ) -> bool {
        if self.flows.get(&flow).is_some_and(|flow| flow.trust != Trust::Challenged) {
            if let Some(user) = claimed {
                self.proven(flow, user);
            }
            return true;
        }
        let (code, asks, tells) = match method {
            Method::Register => (StatusCode::UNAUTHORIZED, "WWW-Authenticate", "Authorization"),
            _ => (StatusCode::PROXY_AUTHENTICATION_REQUIRED, "Proxy-Authenticate", "Proxy-Authorization"),
        };
        let realm = &self.config.domain;
        let verdict = self.nonces.check(now, request, tells, realm, &self.config.users);
        let stale = match verdict {
            Verdict::Proven(user) if claimed.is_none_or(|claimed| claimed == user) => {
                self.proven(flow, &user);
                return true;
            }
            Verdict::Proven(_) => {
                self.answer(flow, request, StatusCode::FORBIDDEN, &[]);
                return false;
            }
            Verdict::Missing => false,
            Verdict::Stale => true,
        };
        let challenges = self.nonces.challenges(now, &mut self.ids, realm, stale);
        let headers: Vec<_> = challenges.into_iter().map(|challenge| (asks, challenge)).collect();
        self.answer(flow, request, code, &headers);
        false
    }

    fn proven(&mut self, flow: FlowId, user: &str) {
        if let Some(flow) = self.flows.get_mut(&flow) {
            flow.user = Some(user.to_owned());
        }
    }

    fn out_of_dialog(&mut self, now: Instant, flow: FlowId, request: Message) {
        let Some(uri) = request.uri().cloned() else { return };
        let by_gruu = uri.param("gr").and_then(|_| self.registrar.by_contact(&uri));
        if by_gruu.is_none() && !self.is_ours(uri.host()) {
            return self.answer(flow, &request, StatusCode::NOT_FOUND, &[]);
        }
        let Some(callee) = uri.user() else {
            return self.for_ourselves(flow, &request);
        };
        let from = &request.from().uri;
        // RFC 3323 §4.1.1.3: who withholds the name is known by the user name of the digest alone.
        let is_withheld = from.host().eq_ignore_ascii_case(ANONYMOUS_HOST);
        let caller = (!is_withheld).then(|| from.user().unwrap_or_default());
        if !self.authenticated(now, flow, &request, caller.as_deref(), request.method().clone()) {
            return;
        }
        let targets = self.targets(&uri, &callee);
        if targets.is_empty() {
            let code = match self.knows(&callee) {
                true => StatusCode::TEMPORARILY_UNAVAILABLE,
                false => StatusCode::NOT_FOUND,
            };
            return self.answer(flow, &request, code, &[]);
        }
        self.forward(now, flow, request, &targets);
    }

    /// A request to the server itself (RFC 3261 §11).
    fn for_ourselves(&mut self, flow: FlowId, request: &Message) {
        match request.method() {
            Method::Options => {
                let headers = [("Allow", ALLOW.to_owned()), ("Supported", "outbound, gruu".to_owned())];
                self.answer(flow, request, StatusCode::OK, &headers);
            }
            _ => self.answer(flow, request, StatusCode::NOT_FOUND, &[]),
        }
    }

    /// All bindings of the callee, or of the one who takes numbers that nobody has.
    fn targets(&self, uri: &Uri, callee: &str) -> Vec<Target> {
        let target = |binding: &super::registrar::Binding| Target {
            flow: binding.flow,
            uri: Some(binding.contact.uri.clone()),
        };
        if uri.param("gr").is_some() {
            return self.registrar.by_contact(uri).map(target).into_iter().collect();
        }
        let outside = || self.config.other_numbers.as_deref().filter(|_| is_outside_number(callee));
        let taker = if self.knows(callee) { Some(callee) } else { outside() };
        taker.map_or(&[][..], |taker| self.registrar.of(taker)).iter().map(target).collect()
    }

    fn within_dialog(&mut self, now: Instant, flow: FlowId, request: Message, token: Option<&str>) {
        match self.way_within_dialog(flow, &request, token) {
            Some(target) => self.forward(now, flow, request, &[target]),
            // 481 would end the dialog (RFC 3261 §12.2.1.2), and who is away for a moment comes back to it.
            None if self.leads_to_who_is_away(now, flow, &request, token) => {
                self.answer(flow, &request, StatusCode::TEMPORARILY_UNAVAILABLE, &[]);
            }
            None => self.answer(flow, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST, &[]),
        }
    }

    /// Whether a request within a dialog was on the right way, only that nobody is there now, who may come back.
    fn leads_to_who_is_away(
        &self,
        now: Instant,
        flow: FlowId,
        request: &Message,
        token: Option<&str>,
    ) -> bool {
        let by_gruu = || {
            let uri = request.uri().filter(|uri| self.is_ours(uri.host()))?;
            let (user, instance) = (uri.user()?, uri.param("gr")?);
            Some(self.config.users.contains_key(&user) && self.away.is_instance(now, &user, instance))
        };
        let by_token = || {
            let (one, other) = token.and_then(|token| self.ends(token))?;
            Some(self.away.is_flow(now, if one == flow { other } else { one }))
        };
        by_gruu().or_else(by_token).unwrap_or(false)
    }

    /// The flow that a Request-URI within a dialog leads to: that of the binding it names, since the phone may have
    /// reconnected; else the other end of the token that our Record-Route left. Strangers are led nowhere.
    fn way_within_dialog(&self, flow: FlowId, request: &Message, token: Option<&str>) -> Option<Target> {
        let ends = token.and_then(|token| self.ends(token));
        let known = self.flows.get(&flow)?;
        if known.trust == Trust::Challenged && known.user.is_none() && ends.is_none() {
            return None;
        }
        if let Some(binding) = request.uri().and_then(|uri| self.registrar.by_contact(uri)) {
            let uri = request.uri().filter(|uri| uri.param("gr").is_some());
            return Some(Target { flow: binding.flow, uri: uri.map(|_| binding.contact.uri.clone()) });
        }
        let (one, other) = ends?;
        let far = if one == flow { other } else { one };
        self.flows.contains_key(&far).then_some(Target { flow: far, uri: None })
    }

    fn forward(&mut self, now: Instant, flow: FlowId, request: Message, targets: &[Target]) {
        let copies =
            targets.iter().map(|target| (target.flow, self.copy(&request, flow, target))).collect::<Vec<_>>();
        let (context, sends) = Context::new(now, flow, request, copies);
        self.next_context += 1;
        self.contexts.insert(self.next_context, context);
        self.send_all(sends);
    }

    /// The request as it leaves for a target (RFC 3261 §16.6).
    fn copy(&mut self, request: &Message, from: FlowId, target: &Target) -> Message {
        let branch = self.ids.branch();
        let hops = request.number("Max-Forwards").unwrap_or(70).saturating_sub(1);
        let mut copy = request
            .edit()
            .push_via(Via::new("WS", &self.config.domain, &branch))
            .set("Max-Forwards", &hops.to_string())
            .remove("Proxy-Authorization");
        // RFC 3325 §7: who a user says that it is counts only where we have asked for a proof, which is in From.
        if self.flows.get(&from).is_some_and(|flow| flow.trust == Trust::Challenged) {
            copy = ASSERTED.iter().fold(copy, |copy, name| copy.remove(name));
        }
        if let Some(uri) = &target.uri {
            copy = copy.uri(uri.clone());
        }
        let makes_dialog = matches!(request.method(), Method::Invite | Method::Subscribe | Method::Refer);
        if makes_dialog && request.to().tag().is_none() {
            copy = copy.add_first("Record-Route", &self.record_route(from, target.flow));
        }
        copy.finish()
    }

    fn record_route(&self, one: FlowId, other: FlowId) -> String {
        let ends = format!("{:x}-{:x}", one.0, other.0);
        let token = format!("{ends}-{}", self.sealed(&ends));
        let uri = Uri::sip(Some(&token), &self.config.domain).with_param("transport", Some("ws"));
        NameAddr::new(uri.with_param("lr", None)).to_string()
    }

    /// The two flows of a token, if we made it.
    fn ends(&self, token: &str) -> Option<(FlowId, FlowId)> {
        let (ends, seal) = token.rsplit_once('-')?;
        if self.sealed(ends) != seal {
            return None;
        }
        let (one, other) = ends.split_once('-')?;
        let flow = |text| u64::from_str_radix(text, 16).ok().map(FlowId);
        Some((flow(one)?, flow(other)?))
    }

    /// The request without the Routes that name us (RFC 3261 §16.4), and the token that stood in one.
    fn without_own_routes(&self, mut request: Message) -> (Message, Option<String>) {
        let mut token = None;
        let top = |request: &Message| request.addresses("Route").next();
        while let Some(route) = top(&request).filter(|route| self.is_ours(route.uri.host())) {
            token = token.or(route.uri.user());
            request = request.edit().remove_first("Route").finish();
        }
        (request, token)
    }

    fn is_ours(&self, host: &str) -> bool {
        let names = std::iter::once(&self.config.domain).chain(&self.config.aliases);
        names.into_iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

fn is_outside_number(user: &str) -> bool {
    let digits = user.strip_prefix('+').unwrap_or(user);
    let is_long = user.starts_with('+') || digits.len() >= OUTSIDE_DIGITS;
    is_long && !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit())
}
