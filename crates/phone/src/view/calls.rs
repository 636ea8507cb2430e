//! The screens of calls: who, the pill, the tiles, what is enabled.
//!
//! Tiles keep their place from the first ring to the end; what does not work is there and disabled.

use super::{
    CallScreen, Consultation, Incoming, Party, Pill, Row, RunningCall, Sheet, Text, Tile, Tone, TransferPick,
};
use crate::{
    Action, CallId, MediaError, Phone,
    call::{Call, Direction, Exchange, Grade, Link, State, Talk},
    clock, dial,
    view::lists::{key_of, kind_id},
};
use softframe_contacts::Source;
use softframe_sip::Instant;

/// Contacts that share a number, as many as the screen names before "and n more".
const MAX_SHARED: usize = 20;

/// Who is on a call.
pub(crate) fn party(call: &Call) -> Party {
    let line = match (call.direction, call.facts.queue.is_empty(), call.facts.dialled.as_deref()) {
        (Direction::Inbound, false, _) => Text::plain(&call.facts.queue),
        (Direction::Inbound, true, Some(number)) => Text::with("in.line", "number", number),
        (Direction::Inbound, true, None) | (Direction::Outbound, _, _) => Text::default(),
    };
    let number = call.number().to_owned();
    // Without a queue it is in the line itself.
    let called = call.facts.dialled.clone().filter(|_| line.id.is_empty()).unwrap_or_default();
    let outbound = call.direction == Direction::Outbound;
    let mut party = Party { line, called, withheld: number.is_empty(), number, outbound, ..Party::default() };
    match call.matches.as_slice() {
        [] => party.says = call.facts.display_name.clone(),
        [only] => {
            let contact = &only.contact;
            party.avatar = contact.id.clone();
            if matches!(only.source, Source::Host(_)) {
                party.opens = key_of(&only.source, &contact.id);
            }
            party.name = contact.name.clone();
            party.kind = only
                .phone
                .and_then(|phone| contact.phones.get(phone))
                .map_or("", |p| kind_id(p.kind.as_deref()));
            let words: Vec<&str> =
                [&contact.company, &contact.title].into_iter().flatten().map(String::as_str).collect();
            party.company = words.join(", ");
        }
        several => {
            party.shared = several
                .iter()
                .take(MAX_SHARED)
                .map(|hit| (hit.contact.name.clone(), hit.contact.company.clone().unwrap_or_default()))
                .collect();
        }
    }
    party
}

pub(crate) fn microphone_title(error: MediaError) -> &'static str {
    match error {
        MediaError::Denied => "mic.denied",
        MediaError::Policy => "mic.policy",
        MediaError::NoDevice => "mic.none",
        MediaError::Busy => "mic.busy",
        MediaError::Description | MediaError::Other => "ended.media-failed",
    }
}

pub(super) fn microphone_sheet(error: MediaError, again: bool, decline: Option<CallId>) -> Sheet {
    let sub = match error {
        MediaError::Denied => Text::of("mic.denied.sub"),
        MediaError::Policy => Text::of("mic.policy.sub"),
        MediaError::NoDevice => Text::of("mic.none.sub"),
        MediaError::Busy => Text::default(),
        MediaError::Description | MediaError::Other => Text::of("ended.media-failed.note"),
    };
    Sheet::Microphone { title: Text::of(microphone_title(error)), sub, again, decline }
}

impl Phone {
    /// The ring that fills the screen, or lies over the call as a sheet.
    pub(super) fn incoming_view(&self, now: Instant) -> Option<Incoming> {
        let call = self.calls.values().find(|call| call.is_ringing_in())?;
        let State::Incoming { silenced, trouble, .. } = &call.state else { return None };
        let auto = call.auto_answer.map(|at| Text::with("in.auto", "s", at.since(now).div_ceil(1_000)));
        Some(Incoming {
            call: call.id,
            party: party(call),
            since: clock::short_minutes(now.since(call.started) / 1_000),
            more: self.calls.values().filter(|call| call.is_ringing_in()).count().saturating_sub(1),
            silent: self.ui.sound_blocked,
            silenced: *silenced,
            note: trouble
                .or(self.ui.microphone_blocked.then_some(MediaError::Denied))
                .map(|error| Text::of(microphone_title(error)))
                .or(auto),
        })
    }

    /// Whether another call is there beside the one that rings.
    pub(super) fn rings_beside(&self) -> bool {
        self.calls.values().any(|call| !call.is_ringing_in())
    }

    /// The call in front, if it is not one that rings.
    pub(crate) fn front_call(&self) -> Option<&Call> {
        let chosen = self.ui.front.and_then(|id| self.calls.get(&id)).filter(|call| !call.is_ringing_in());
        chosen.or_else(|| self.calls.values().rev().find(|call| !call.is_ringing_in()))
    }

    pub(super) fn call_screen(&self, now: Instant, call: &Call) -> CallScreen {
        let (mut pill, note) = pill(call, now);
        let merged = self.mixed_since(call.id).filter(|_| call.is_whole());
        if let Some(since) = merged {
            pill.0 = Text::with("call.threeway", "t", clock::minutes(now.since(since) / 1_000));
        }
        let grade = call.talk().filter(|talk| talk.link == Link::Whole).and_then(|talk| talk.quality.grade());
        let weak = grade.is_some_and(|grade| grade <= Grade::Weak);
        // Nobody pressed Answer: it stays on screen that the line is open.
        let note = self.transfer_note(call).filter(|_| call.is_whole()).or(note);
        let note =
            note.or(weak.then(|| Text::of("call.weak"))).or(call.auto_answer.map(|_| Text::of("call.auto")));
        let others = self.others(call).map(|other| {
            let (mut pill, _) = self::pill(other, now);
            // 33, 34: it is not only held, it is waited with.
            if let Some(since) = waiting_since(other).filter(|_| call.consults == Some(other.id)) {
                pill.0 = Text::with("transfer.waiting", "t", clock::short_minutes(now.since(since) / 1_000));
            }
            (other.id, party(other), pill)
        });
        let (tiles, consultation) = (self.tiles(call), self.consultation(call));
        let disabled = tiles.iter().any(|tile| !tile.enabled && !tile.busy);
        let disabled = disabled || consultation.as_ref().is_some_and(|consultation| !consultation.ready);
        CallScreen {
            call: call.id,
            party: party(call),
            wash: pill.1,
            pill,
            note,
            tiles,
            why_not: disabled.then(|| self.why_not(call)),
            keypad: self.ui.keypad.then(|| call.keys.clone()),
            end: self.end_button(call),
            others: others.collect(),
            merged: merged.is_some(),
            bars: grade.map_or(0, Grade::bars),
            consultation,
            take_back: self.may_take_back(now, call),
        }
    }

    fn consultation(&self, call: &Call) -> Option<Consultation> {
        let waits = self.calls.get(&call.consults?)?;
        let back = Text::with("transfer.backto", "name", waits.first_name());
        Some(Consultation { back, ready: waits.can_be_joined() && call.can_be_joined() })
    }

    /// The calls beside this one, but for those that ring.
    fn others<'a>(&'a self, call: &'a Call) -> impl Iterator<Item = &'a Call> {
        self.calls.values().filter(|other| other.id != call.id && !other.is_ringing_in())
    }

    fn end_button(&self, call: &Call) -> (Text, Box<Action>) {
        if self.mixed_since(call.id).is_some() {
            return (Text::of("call.endall"), Box::new(Action::EndAll(call.id)));
        }
        let alone = self.others(call).next().is_none();
        let text = match alone {
            true => Text::of("call.end"),
            false => Text::with("call.endwith", "name", call.first_name()),
        };
        (text, Box::new(Action::End(call.id)))
    }

    fn tiles(&self, call: &Call) -> Vec<Tile> {
        let id = call.id;
        let whole = call.is_whole();
        let sound =
            whole || matches!(&call.state, State::Progressing(progressing) if progressing.early.is_some());
        // Whether the browser lets choose is known from the start: no tile moves in a call.
        let route = self.route().map(|(icon, label)| tile(icon, label, true, Action::OpenRoute));
        let first =
            [mute_tile(id, call.muted), tile("keypad", "call.keypad", sound, Action::CallKeypad(true))];
        let hold = hold_tile(id, call.talk().filter(|_| whole));
        let aimed = match self.others(call).max_by_key(|other| other.can_be_joined()) {
            Some(other) => self.pair_tiles(call, other),
            None => vec![
                tile("transfer", "call.transfer", whole && call.can_be_joined(), Action::PickTransfer(id)),
                tile("add", "call.add", whole, Action::Browse(true)),
            ],
        };
        first.into_iter().chain(route).chain([hold]).chain(aimed).collect()
    }

    /// Why what the person pressed on the screen of a call does not work yet (ui.md 5).
    pub(crate) fn say_why_not(&mut self, now: Instant) {
        let on_screen = !self.ui.browsing && self.ui.picking.is_none();
        let why = self.front_call().filter(|_| on_screen).map(|call| self.why_not(call));
        why.into_iter().for_each(|why| self.ui.toast(now, why, false));
    }

    fn why_not(&self, call: &Call) -> Text {
        match (call.talk(), call.talk().and_then(|talk| talk.transfer.as_ref())) {
            (Some(talk), _) if talk.link != Link::Whole => Text::of("call.reconnecting.note"),
            (Some(_), Some(transfer)) if transfer.taken_back => {
                let to = self.name_of(&transfer.to).unwrap_or_else(|| transfer.to.clone());
                Text::with("transfer.pending", "to", to)
            }
            (Some(_), Some(_)) => Text::of("transfer.running"),
            (Some(_), None) if !self.is_registered() => Text::of("dial.offline"),
            _ => Text::of("call.notyet"),
        }
    }

    /// What can be made of two calls.
    fn pair_tiles(&self, call: &Call, other: &Call) -> Vec<Tile> {
        let (one, two) = (call.id, other.id);
        let joined = call.can_be_joined() && other.can_be_joined();
        let mixed = self.mixed_since(one).is_some();
        let merge = match mixed {
            true => tile("split", "call.split", true, Action::Split(one)),
            false => tile("merge", "call.merge", self.can_merge(call, other), Action::Merge(one, two)),
        };
        let busy = self.is_merged(one) && !mixed;
        let merge = Tile { busy, enabled: merge.enabled && !busy, ..merge };
        // Where one asks for the other, Transfer below the tiles does the same.
        if call.consults.is_some() {
            return vec![merge];
        }
        let connects = joined && self.is_registered();
        vec![merge, tile("transfer", "call.connect", connects, Action::Connect(two, one))]
    }

    /// 31: the target of a transfer is chosen.
    pub(super) fn transfer_pick(&self, now: Instant) -> Option<TransferPick> {
        let (id, query) = self.ui.picking.as_ref()?;
        let call = self.calls.get(id)?;
        let target = dial::clean(query, &self.config).ok();
        let redirect = call.is_ringing_in();
        let note = target.as_ref().filter(|_| !redirect).map(|to| {
            let to = self.name_of(to).unwrap_or_else(|| to.clone());
            Text { id: "transfer.ask.note", args: vec![("name", call.first_name()), ("to", to)] }
        });
        Some(TransferPick {
            call: *id,
            name: call.name(),
            query: query.clone(),
            rows: self.matches_of(query).into_iter().map(|row| self.with_hint(row)).collect(),
            pill: pill(call, now).0,
            note,
            enabled: target.is_some(),
            redirect,
        })
    }

    /// As far as the page watches them.
    fn with_hint(&self, row: Row) -> Row {
        Row { free: self.is_free(&row.handset), ..row }
    }

    pub(super) fn running_call(&self, now: Instant) -> Option<RunningCall> {
        let call = self.front_call()?;
        let ((_, tone, _), _) = pill(call, now);
        let time = call.talk().map(|talk| clock::minutes(now.since(talk.accepted) / 1_000));
        Some(RunningCall {
            call: call.id,
            name: call.name(),
            says: call.says(),
            time: time.unwrap_or_default(),
            muted: call.muted,
            tone,
        })
    }
}

fn pill(call: &Call, now: Instant) -> (Pill, Option<Text>) {
    let short = |since: Instant| clock::short_minutes(now.since(since) / 1_000);
    match &call.state {
        State::Preparing { attention_at } => {
            let note = attention_at.is_none().then(|| Text::of("call.allow"));
            (calling(), note)
        }
        State::Calling | State::Redirecting { .. } => (calling(), None),
        State::Progressing(progressing) if progressing.early.is_some() => (
            (Text::with("call.early", "t", short(progressing.since)), Tone::Accent, "speaker"),
            Some(Text::of("call.early.note")),
        ),
        State::Progressing(progressing) if progressing.ringing => {
            ((Text::with("call.ringing", "t", short(progressing.since)), Tone::Accent, "bell"), None)
        }
        State::Progressing(_) => (calling(), None),
        State::Incoming { .. } => ((Text::of("in.title"), Tone::Accent, "bell"), None),
        State::Answering { .. } | State::Accepting { .. } => {
            ((Text::with("call.early", "t", "0:00"), Tone::Accent, "speaker"), None)
        }
        State::Talking(talk) => talking_pill(talk, now),
    }
}

fn calling() -> Pill {
    (Text::of("call.calling"), Tone::Accent, "phone")
}

fn talking_pill(talk: &Talk, now: Instant) -> (Pill, Option<Text>) {
    let time = clock::minutes(now.since(talk.accepted) / 1_000);
    if talk.link != Link::Whole {
        return (
            (Text::of("call.reconnecting"), Tone::Warn, "offline"),
            Some(Text::of("call.reconnecting.note")),
        );
    }
    if talk.transfer.as_ref().is_some_and(|transfer| !transfer.taken_back) {
        return ((Text::of("transfer.running"), Tone::Warn, "transfer"), None);
    }
    if let Some(since) = talk.held {
        let held = clock::short_minutes(now.since(since) / 1_000);
        return (
            (Text::with("call.held", "t", held), Tone::Warn, "pause"),
            Some(Text::with("call.total", "t", time)),
        );
    }
    let note = talk.held_by_them.then(|| Text::of("call.theyheld"));
    ((Text::plain(&time), Tone::Live, ""), note)
}

/// Since when somebody is held who waits for what another call brings.
fn waiting_since(call: &Call) -> Option<Instant> {
    call.talk().filter(|talk| talk.link == Link::Whole && talk.transfer.is_none())?.held
}

fn tile(icon: &'static str, label: &'static str, enabled: bool, action: Action) -> Tile {
    Tile { icon, label: Text::of(label), pressed: false, enabled, busy: false, action }
}

fn mute_tile(id: CallId, muted: bool) -> Tile {
    let (icon, label) = if muted { ("mic-off", "call.muted") } else { ("mic", "call.mute") };
    Tile { pressed: muted, ..tile(icon, label, true, Action::Mute(id, !muted)) }
}

fn hold_tile(id: CallId, talk: Option<&Talk>) -> Tile {
    let Some(talk) = talk else { return tile("pause", "call.hold", false, Action::Hold(id, true)) };
    let held = talk.held.is_some();
    let busy = talk.want_held != held
        || matches!(talk.exchange, Exchange::Offering(renewal) | Exchange::Inviting(renewal) if renewal.hold != held);
    let (icon, label) = match (held, busy) {
        (false, true) => ("pause", "call.holding"),
        (false, false) => ("pause", "call.hold"),
        (true, _) => ("play", "call.resume"),
    };
    Tile { pressed: held, busy, ..tile(icon, label, !busy, Action::Hold(id, !held)) }
}
