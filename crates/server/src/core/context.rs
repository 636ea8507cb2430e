//! One request on its way through the proxy: where it came from, its branches, and which response goes back
//! (RFC 3261 §16.7, the response context).
//!
//! It never chooses targets and never looks into a body.

use softframe_sip::{
    FlowId, Instant,
    transaction::{
        ClientAction, ClientTransaction, ServerAction, ServerTransaction, TIMEOUT, TransactionKey,
    },
    wire::{Message, Method, ResponseBuilder, StatusCode},
};

/// Timer C (RFC 3261 §16.6.11) in milliseconds: how long a phone may ring.
const RINGING: u64 = 181_000;

/// What a loser's CANCEL says (RFC 3326 §2).
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// A message for a flow.
#[derive(Debug)]
pub(crate) struct Send(pub(crate) FlowId, pub(crate) Message);

/// A request on its way.
pub(crate) struct Context {
    flow: FlowId,
    server: ServerTransaction,
    search: Search,
    branches: Vec<Branch>,
}

/// What is known so far.
enum Search {
    /// No final response is decided on; this is the best one that came.
    Open(Option<Box<Message>>),
    /// The caller does not want it any more.
    Cancelled,
    /// The final response went back.
    Ended,
}

/// One forwarded copy.
struct Branch {
    flow: FlowId,
    client: ClientTransaction,
    progress: Progress,
}

/// What a branch waits for, beside its transaction.
enum Progress {
    /// A response. `give_up` is Timer C, of an INVITE that rings.
    Waiting { give_up: Option<Instant> },
    /// A provisional response, before which no CANCEL may be sent (RFC 3261 §9.1). Holds its Reason.
    CancelHeld(Option<String>),
    /// The final response to a cancelled INVITE.
    Cancelled { give_up: Instant },
    /// Nothing: it has its final response, or will have none.
    Done,
}

impl Context {
    /// A request that came by `flow`, with its copies as they leave.
    pub(crate) fn new(
        now: Instant,
        flow: FlowId,
        request: Message,
        copies: Vec<(FlowId, Message)>,
    ) -> (Context, Vec<Send>) {
        let is_invite = *request.method() == Method::Invite;
        let trying = is_invite.then(|| ResponseBuilder::new(&request, StatusCode::TRYING).build());
        let (mut branches, server) = (Vec::new(), ServerTransaction::new(request));
        let mut context_sends = Vec::new();
        for (target, copy) in copies {
            context_sends.push(Send(target, copy.clone()));
            let (client, progress) = (ClientTransaction::new(now, copy), Progress::Waiting { give_up: None });
            branches.push(Branch { flow: target, client, progress });
        }
        let mut context = Context { flow, server, search: Search::Open(None), branches };
        let mut sends: Vec<Send> =
            trying.and_then(|trying| context.respond(now, trying)).into_iter().collect();
        sends.extend(context_sends);
        (context, sends)
    }

    /// Whether its server transaction has this key. Who was called knows it from the Via, so the flow counts too.
    pub(crate) fn is_for(&self, flow: FlowId, key: &TransactionKey) -> bool {
        self.flow == flow && self.server.key() == *key
    }

    /// Whether a response that came by `flow` belongs to one of its branches.
    pub(crate) fn sent(&self, flow: FlowId, key: &TransactionKey) -> bool {
        self.branches.iter().any(|branch| branch.flow == flow && branch.client.key() == *key)
    }

    /// Whether it can be dropped.
    pub(crate) fn is_over(&self) -> bool {
        self.server.is_terminated()
    }

    /// The earliest deadline.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.branches.iter().filter_map(Branch::poll_timeout).chain(self.server.poll_timeout()).min()
    }

    /// The same request again, or the ACK of its failure. `None` where an ACK must go on to the callee.
    pub(crate) fn repeated(&mut self, now: Instant, request: &Message) -> Option<Vec<Send>> {
        match self.server.handle_request(now, request) {
            ServerAction::Repeat(response) => Some(vec![Send(self.flow, *response)]),
            ServerAction::Acknowledged => Some(Vec::new()),
            ServerAction::Ignore => (*request.method() != Method::Ack).then(Vec::new),
        }
    }

    /// The caller's CANCEL, already answered.
    pub(crate) fn cancel(&mut self, now: Instant, reason: Option<&str>) -> Vec<Send> {
        match self.search {
            Search::Open(_) => self.search = Search::Cancelled,
            // RFC 3261 §9.2: after a final response it has no effect.
            Search::Cancelled | Search::Ended => return Vec::new(),
        }
        self.cancel_branches(now, reason)
    }

    /// A response of one of its branches.
    pub(crate) fn response(&mut self, now: Instant, response: &Message, tag: &str) -> Vec<Send> {
        let key = TransactionKey::of(response);
        let Some(branch) = self.branches.iter_mut().find(|branch| branch.client.key() == key) else {
            return Vec::new();
        };
        let Some(status) = response.status_code() else { return Vec::new() };
        let mut sends = Vec::new();
        match branch.client.handle_response(now, response) {
            ClientAction::Ignore => return sends,
            ClientAction::Pass => {}
            ClientAction::PassAndAcknowledge(ack) => sends.push(Send(branch.flow, *ack)),
        }
        sends.extend(branch.came(now, status));
        // The Via below ours is the caller's; without one the response has nowhere to go, and the branch has failed.
        match response.edit().pop_via() {
            Some(onwards) => sends.extend(self.passed(now, status, onwards.finish())),
            None if status.is_final() => {
                self.keep_if_better(self.own(StatusCode::SERVER_INTERNAL_ERROR, tag));
            }
            None => {}
        }
        sends.extend(self.settle(now, tag));
        sends
    }

    /// A flow is gone: branches on it end, and the caller's request has nobody to answer.
    pub(crate) fn flow_closed(&mut self, now: Instant, flow: FlowId, tag: &str) -> Vec<Send> {
        if self.flow == flow {
            return self.cancel(now, None);
        }
        self.end_branches(now, StatusCode::TEMPORARILY_UNAVAILABLE, tag, |branch| branch.flow == flow)
    }

    /// Time passed.
    pub(crate) fn timeout(&mut self, now: Instant, tag: &str) -> Vec<Send> {
        // A missing ACK is the caller's loss; there is nobody to tell.
        let _missing_ack = self.server.handle_timeout(now);
        let ringing = self.branches.iter_mut().filter_map(|branch| branch.rang_out(now));
        let mut sends: Vec<Send> = ringing.collect();
        let ended = self.end_branches(now, StatusCode::REQUEST_TIMEOUT, tag, |branch| branch.is_silent(now));
        sends.extend(ended);
        sends
    }

    /// Ends the branches that wait in vain, as if each had answered with `code`.
    fn end_branches(
        &mut self,
        now: Instant,
        code: StatusCode,
        tag: &str,
        ends: impl Fn(&Branch) -> bool,
    ) -> Vec<Send> {
        let mut ended = false;
        for branch in self.branches.iter_mut().filter(|branch| branch.is_open()) {
            if ends(branch) {
                branch.progress = Progress::Done;
                ended = true;
            }
        }
        if !ended {
            return Vec::new();
        }
        self.keep_if_better(self.own(code, tag));
        self.settle(now, tag).into_iter().collect()
    }

    /// A response, addressed to the caller.
    fn passed(&mut self, now: Instant, status: StatusCode, onwards: Message) -> Vec<Send> {
        if status == StatusCode::TRYING {
            return Vec::new();
        }
        if status.is_provisional() {
            return self.respond(now, onwards).into_iter().collect();
        }
        if !status.is_success() {
            self.keep_if_better(onwards);
            // RFC 3261 §16.7.5: a 6xx ends the search.
            return if status.code() >= 600 { self.cancel_branches(now, None) } else { Vec::new() };
        }
        // A second 2xx goes back too: two picked up at once, and the caller ends one (RFC 3261 §13.2.2.4).
        self.search = Search::Ended;
        let mut sends: Vec<Send> = self.respond(now, onwards).into_iter().collect();
        sends.extend(self.cancel_branches(now, Some(ELSEWHERE)));
        sends
    }

    /// Sends the best response once every branch is done.
    fn settle(&mut self, now: Instant, tag: &str) -> Option<Send> {
        if self.branches.iter().any(Branch::is_open) {
            return None;
        }
        let response = match std::mem::replace(&mut self.search, Search::Ended) {
            Search::Open(Some(best)) => *best,
            Search::Open(None) => self.own(StatusCode::TEMPORARILY_UNAVAILABLE, tag),
            Search::Cancelled => self.own(StatusCode::REQUEST_TERMINATED, tag),
            Search::Ended => return None,
        };
        self.respond(now, response)
    }

    fn respond(&mut self, now: Instant, response: Message) -> Option<Send> {
        self.server.respond(now, &response).then_some(Send(self.flow, response))
    }

    fn keep_if_better(&mut self, response: Message) {
        let Search::Open(best) = &mut self.search else { return };
        if best.as_ref().is_none_or(|old| rank(&response) < rank(old)) {
            *best = Some(Box::new(response));
        }
    }

    fn own(&self, status: StatusCode, tag: &str) -> Message {
        ResponseBuilder::new(self.server.request(), status).to_tag(tag).build()
    }

    fn cancel_branches(&mut self, now: Instant, reason: Option<&str>) -> Vec<Send> {
        if *self.server.request().method() != Method::Invite {
            return Vec::new();
        }
        self.branches.iter_mut().filter_map(|branch| branch.cancel(now, reason)).collect()
    }
}

/// Lower is better (RFC 3261 §16.7.6): 6xx, then the lowest class; within 4xx what the caller can act on, then what
/// tells most.
fn rank(response: &Message) -> (u16, u8) {
    let code = response.status_code().map_or(999, StatusCode::code);
    let telling = match code {
        401 | 407 | 415 | 420 | 484 => 0,
        486 => 1,
        408 | 480 | 487 => 3,
        _ => 2,
    };
    (if code >= 600 { 0 } else { code / 100 }, telling)
}

impl Branch {
    fn is_open(&self) -> bool {
        !matches!(self.progress, Progress::Done)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self.progress {
            Progress::Waiting { give_up: Some(give_up) } | Progress::Cancelled { give_up } => Some(give_up),
            Progress::Waiting { give_up: None } | Progress::CancelHeld(_) => self.client.poll_timeout(),
            Progress::Done => None,
        }
    }

    /// A response of this status came.
    fn came(&mut self, now: Instant, status: StatusCode) -> Option<Send> {
        if status.is_final() {
            self.progress = Progress::Done;
            return None;
        }
        let is_invite = *self.client.request().method() == Method::Invite;
        match std::mem::replace(&mut self.progress, Progress::Done) {
            Progress::Waiting { .. } => {
                self.progress = Progress::Waiting { give_up: is_invite.then(|| now.after(RINGING)) };
                None
            }
            Progress::CancelHeld(reason) => {
                self.progress = Progress::Waiting { give_up: None };
                self.cancel(now, reason.as_deref())
            }
            other @ (Progress::Cancelled { .. } | Progress::Done) => {
                self.progress = other;
                None
            }
        }
    }

    fn cancel(&mut self, now: Instant, reason: Option<&str>) -> Option<Send> {
        match self.progress {
            Progress::Waiting { .. } if self.client.is_proceeding() => {
                self.progress = Progress::Cancelled { give_up: now.after(TIMEOUT) };
                let cancel = self.client.request().to_cancel();
                let cancel = match reason {
                    Some(reason) => cancel.edit().set("Reason", reason).finish(),
                    None => cancel,
                };
                Some(Send(self.flow, cancel))
            }
            Progress::Waiting { .. } => {
                self.progress = Progress::CancelHeld(reason.map(str::to_owned));
                None
            }
            Progress::CancelHeld(_) | Progress::Cancelled { .. } | Progress::Done => None,
        }
    }

    /// Timer C: it has rung long enough.
    fn rang_out(&mut self, now: Instant) -> Option<Send> {
        match self.progress {
            Progress::Waiting { give_up: Some(give_up) } if give_up <= now => self.cancel(now, None),
            Progress::Waiting { .. }
            | Progress::CancelHeld(_)
            | Progress::Cancelled { .. }
            | Progress::Done => None,
        }
    }

    /// No final response came in time.
    fn is_silent(&self, now: Instant) -> bool {
        match self.progress {
            Progress::Cancelled { give_up } => give_up <= now,
            Progress::Waiting { give_up: None } | Progress::CancelHeld(_) => {
                self.client.poll_timeout().is_some_and(|at| at <= now)
            }
            Progress::Waiting { give_up: Some(_) } | Progress::Done => false,
        }
    }
}
