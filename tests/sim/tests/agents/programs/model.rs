//! What may be told of a call, and what may stand on the wire: a small reference, made from the documentation of commands
//! and events and from the RFCs, that knows nothing of how the agent keeps its state.

use softframe_sip::{
    Command, Event, SessionId,
    wire::{Frame, Message},
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A command was given, and nothing is told yet.
    Asked,
    Inviting,
    Ringing,
    Accepting,
    Talking,
    Over,
}

/// Commands that want one outcome each, and the outcomes.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    asked: usize,
    told: usize,
}

#[derive(Clone, Debug)]
struct Call {
    stage: Stage,
    /// Whether an offer of theirs waits for our answer.
    is_offered: bool,
    offers: Count,
    infos: Count,
    transfers: Count,
}

#[derive(Default)]
pub(crate) struct Model {
    calls: BTreeMap<SessionId, Call>,
}

impl Call {
    fn new(stage: Stage) -> Call {
        let none = Count::default();
        Call { stage, is_offered: false, offers: none, infos: none, transfers: none }
    }
}

impl Model {
    /// Sessions that are not over.
    pub(crate) fn alive(&self) -> Vec<SessionId> {
        let alive = self.calls.iter().filter(|(_, call)| call.stage != Stage::Over);
        alive.map(|(session, _)| *session).collect()
    }

    /// All there ever were.
    pub(crate) fn all(&self) -> Vec<SessionId> {
        self.calls.keys().copied().collect()
    }

    pub(crate) fn ringing(&self) -> Vec<SessionId> {
        let ringing = self.calls.iter().filter(|(_, call)| call.stage == Stage::Ringing);
        ringing.map(|(session, _)| *session).collect()
    }

    pub(crate) fn offered(&self) -> Vec<SessionId> {
        self.calls.iter().filter(|(_, call)| call.is_offered).map(|(session, _)| *session).collect()
    }

    /// Before the agent hears it.
    pub(crate) fn commanded(&mut self, command: &Command) {
        let (session, update): (_, fn(&mut Call)) = match command {
            Command::Invite { session, .. } | Command::Follow { session, .. } => {
                self.calls.entry(*session).or_insert_with(|| Call::new(Stage::Asked));
                return;
            }
            Command::Accept { session, .. } => (session, |call| {
                if call.stage == Stage::Ringing {
                    call.stage = Stage::Accepting;
                }
            }),
            Command::Answer { session, .. } | Command::RefuseOffer { session, .. } => {
                (session, |call| call.is_offered = false)
            }
            Command::Reinvite { session, .. } | Command::Update { session, .. } => {
                (session, |call| call.offers.asked += 1)
            }
            Command::Info { session, .. } => (session, |call| call.infos.asked += 1),
            Command::Refer { session, .. } => (session, |call| call.transfers.asked += 1),
            _ => return,
        };
        if let Some(call) = self.calls.get_mut(session).filter(|call| call.stage != Stage::Over) {
            update(call);
        }
    }

    /// What the agent told: `Err` says what should not have been.
    pub(crate) fn told(&mut self, event: &Event) -> Result<(), String> {
        use Stage::{Accepting, Asked, Inviting, Over, Ringing, Talking};
        if let Event::Incoming { session, .. } = event {
            let before = self.calls.insert(*session, Call::new(Ringing));
            return before
                .map_or(Ok(()), |call| Err(format!("{session:?} rings anew after {:?}", call.stage)));
        }
        let (session, legal, next): (_, &[Stage], Option<Stage>) = match event {
            Event::Inviting { session } => (session, &[Asked], Some(Inviting)),
            Event::Progress { session, .. } | Event::Redirected { session, .. } => {
                (session, &[Inviting], None)
            }
            Event::Accepted { session, .. } => (session, &[Inviting], Some(Talking)),
            Event::Confirmed { session, .. } => (session, &[Accepting, Talking], Some(Talking)),
            Event::EarlyAnswered { session, .. } => (session, &[Ringing, Accepting], None),
            Event::Offered { session, .. } | Event::OfferWithdrawn { session } => {
                (session, &[Ringing, Accepting, Talking], None)
            }
            Event::Reinvited { session, .. } => (session, &[Inviting, Ringing, Accepting, Talking], None),
            Event::Refresh { session } | Event::Referred { session, .. } => {
                (session, &[Accepting, Talking], None)
            }
            Event::ReinviteFailed { session, .. }
            | Event::Info { session, .. }
            | Event::Informed { session, .. }
            | Event::Identified { session, .. } => (session, &[Inviting, Ringing, Accepting, Talking], None),
            Event::Transfer { session, .. } => {
                (session, &[Inviting, Ringing, Accepting, Talking, Over], None)
            }
            Event::Terminated { session, .. } => {
                (session, &[Asked, Inviting, Ringing, Accepting, Talking], Some(Over))
            }
            _ => return Ok(()),
        };
        let Some(call) = self.calls.get_mut(session) else {
            return Err("of a session that never was".to_owned());
        };
        if !legal.contains(&call.stage) {
            return Err(format!("in {:?}", call.stage));
        }
        call.stage = next.unwrap_or(call.stage);
        match event {
            Event::Offered { .. } if call.is_offered => {
                return Err("beside an offer without an answer".to_owned());
            }
            Event::Offered { .. } => call.is_offered = true,
            Event::OfferWithdrawn { .. } if !call.is_offered => return Err("of no offer".to_owned()),
            Event::OfferWithdrawn { .. } | Event::Terminated { .. } => call.is_offered = false,
            Event::Reinvited { .. } | Event::ReinviteFailed { .. } => call.offers.told += 1,
            Event::Informed { .. } => call.infos.told += 1,
            Event::Transfer { code: 200.., .. } => call.transfers.told += 1,
            _ => {}
        }
        let too_many = [("offer", call.offers), ("INFO", call.infos), ("transfer", call.transfers)];
        match too_many.iter().find(|(_, count)| count.told > count.asked) {
            Some((what, count)) => Err(format!("a second outcome of one {what}: {count:?}")),
            None => Ok(()),
        }
    }

    /// At rest, with calls that stand: each command has had its outcome.
    pub(crate) fn unanswered(&self) -> Option<String> {
        let waits = |call: &Call| call.offers.told < call.offers.asked || call.infos.told < call.infos.asked;
        let found = self.calls.iter().find(|(_, call)| call.stage != Stage::Over && waits(call));
        found.map(|(session, call)| format!("a command without an outcome in {session:?}: {call:?}"))
    }
}

/// A dialog by its Call-ID and the tag of the other end.
type DialogKey = (String, String);

/// What the agent and its peer have put on the wire.
#[derive(Default)]
pub(crate) struct Wire {
    /// The last number of the agent's in each dialog, and of which method.
    numbers: BTreeMap<DialogKey, (u32, String)>,
    branches: BTreeSet<String>,
    /// Final codes of the agent's, by branch and method.
    finals: BTreeMap<(String, String), u16>,
    /// Offers inside of dialogs without a final answer: of the agent's and of its peer's, by dialog, with branch.
    ours: BTreeMap<DialogKey, (String, u64)>,
    theirs: BTreeMap<DialogKey, String>,
    /// Dialogs with a BYE.
    over: BTreeSet<DialogKey>,
    /// 2xx to INVITEs that were delivered and want an ACK, by dialog and number.
    unacknowledged: BTreeSet<(DialogKey, u32)>,
    /// Requests of the peer's without a final answer, by branch and method.
    unanswered: BTreeSet<(String, String)>,
}

fn read(octets: &[u8]) -> Option<Message> {
    match Frame::read(octets.to_vec()) {
        Frame::Message(message) => Some(*message),
        Frame::Ping | Frame::Pong | Frame::Malformed(_) => None,
    }
}

/// The dialog of a message of the agent's side: the other end is in To of its requests.
fn dialog(message: &Message, is_of_agent: bool) -> Option<DialogKey> {
    let other = if is_of_agent == message.is_request() { message.to() } else { message.from() };
    Some((message.call_id().to_owned(), other.tag()?.to_owned()))
}

fn exchange(message: &Message) -> (String, String) {
    (message.via().branch().to_owned(), message.cseq().method.as_str().to_owned())
}

fn is_in_dialog(message: &Message) -> bool {
    message.to().tag().is_some() && message.from().tag().is_some()
}

/// How long an offer of the agent's may stand: afterwards it has given up (timers B and F, RFC 3261 §17.1).
const GIVEN_UP: u64 = 32_000;

impl Wire {
    /// The flow broke: whatever was in the air has come to nothing.
    pub(crate) fn lost(&mut self) {
        self.ours.clear();
        self.theirs.clear();
        self.finals.clear();
        self.unanswered.clear();
        self.unacknowledged.clear();
    }

    /// A frame to the agent.
    pub(crate) fn delivered(&mut self, octets: &[u8]) {
        let Some(message) = read(octets) else { return };
        let Some(key) = dialog(&message, false) else { return };
        let is_offer = is_in_dialog(&message) && !message.body().is_empty();
        match (message.status(), message.cseq().method.as_str()) {
            (None, "ACK") => {}
            (None, method) => {
                if !self.finals.contains_key(&exchange(&message)) {
                    self.unanswered.insert(exchange(&message));
                    if is_offer && ["INVITE", "UPDATE"].contains(&method) {
                        self.theirs.entry(key.clone()).or_insert_with(|| message.via().branch().to_owned());
                    }
                }
            }
            (Some((200..300, _)), "INVITE") => {
                self.unacknowledged.insert((key.clone(), message.cseq().number));
                self.settled(&key, &message);
            }
            (Some((200.., _)), _) => self.settled(&key, &message),
            (Some(_), _) => {}
        }
    }

    fn settled(&mut self, key: &DialogKey, response: &Message) {
        if self.ours.get(key).is_some_and(|(branch, _)| branch == response.via().branch()) {
            self.ours.remove(key);
        }
    }

    /// A frame of the agent's: `Err` says what should not have been.
    pub(crate) fn sent(&mut self, octets: &[u8], now: u64) -> Result<(), String> {
        let Some(message) = read(octets) else { return Ok(()) };
        match message.status() {
            Some((200.., _)) => self.answered(&message),
            Some(_) => Ok(()),
            None => self.asked(&message, now),
        }
    }

    fn answered(&mut self, response: &Message) -> Result<(), String> {
        let code = response.status().map_or(0, |(code, _)| code);
        let key = exchange(response);
        self.unanswered.remove(&key);
        if let ("BYE", 200, Some(dialog)) = (key.1.as_str(), code, dialog(response, true)) {
            self.over.insert(dialog);
        }
        if let Some(key) = dialog(response, true)
            && self.theirs.get(&key).is_some_and(|branch| branch == response.via().branch())
        {
            self.theirs.remove(&key);
        }
        // A CANCEL is judged anew each time: its INVITE may be gone.
        let may_differ = key.1 == "CANCEL";
        match self.finals.insert(key, code) {
            Some(before) if before != code && !may_differ => {
                Err(format!("{code} after {before} to one request"))
            }
            _ => Ok(()),
        }
    }

    fn asked(&mut self, request: &Message, now: u64) -> Result<(), String> {
        let (method, number) = (request.method().as_str().to_owned(), request.cseq().number);
        let Some(key) = dialog(request, true) else { return Ok(()) };
        if method == "ACK" {
            self.unacknowledged.remove(&(key, number));
            return Ok(());
        }
        if method == "CANCEL" {
            return Ok(());
        }
        if !self.branches.insert(request.via().branch().to_owned()) {
            return Err("a branch that was used before".to_owned());
        }
        // A BYE that waited for the next flow keeps its number.
        let before = self.numbers.insert(key.clone(), (number, method.clone()));
        if before.is_some_and(|(last, kind)| {
            last > number || (last == number && (method != "BYE" || kind != "BYE"))
        }) {
            return Err("a number that does not rise".to_owned());
        }
        if method == "BYE" {
            self.over.insert(key);
            return Ok(());
        }
        if self.over.contains(&key) && method != "NOTIFY" {
            return Err("a request in a dialog after its BYE".to_owned());
        }
        if request.body().is_empty() || !["INVITE", "UPDATE"].contains(&method.as_str()) {
            return Ok(());
        }
        if self.theirs.contains_key(&key) {
            return Err("an offer against theirs, which has no answer".to_owned());
        }
        let ours = self.ours.insert(key, (request.via().branch().to_owned(), now));
        match ours {
            Some((_, at)) if now < at + GIVEN_UP => Err("a second offer beside the first".to_owned()),
            _ => Ok(()),
        }
    }

    /// At rest.
    pub(crate) fn left(&self) -> Option<String> {
        let unanswered =
            self.unanswered.first().map(|(branch, method)| format!("{method} {branch} has no final answer"));
        let unacknowledged =
            || self.unacknowledged.first().map(|(key, number)| format!("no ACK in {key:?} for {number}"));
        unanswered.or_else(unacknowledged)
    }
}
