//! The product without a browser: calls, policy, the host protocol and its dialects, and the view.
//!
//! It reads no clock, draws no randomness, does no I/O and knows no origin. Three doors: [`Phone::handle_input`],
//! [`Phone::poll_output`], [`Phone::poll_timeout`]; all work is done in the first.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable
    )
)]

mod account;
mod action;
mod agent;
mod bridge;
mod call;
mod cause;
mod check;
mod clock;
pub mod config;
mod contact;
mod data;
mod devices;
mod dial;
mod dialect;
mod forward;
mod forwarding;
mod frame;
mod gateway;
#[cfg(feature = "schema")]
pub use bridge::schema;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod headers;
mod headset;
mod history;
mod host;
mod journal;
mod json;
mod language;
mod liked;
mod news;
mod person;
mod port;
mod provider;
mod push;
mod recorder;
mod sdp;
mod sound;
mod speaker;
mod tabs;
mod texting;
mod ui;
mod uuid;
pub mod view;
mod voicemail;
mod watch;
mod webhooks;

pub use action::{Action, Answer, Consent, Mending, Theme};
pub use config::Config;
pub use devices::Devices;
pub use forward::{Forward, ForwardUnanswered, Forwards};
pub use headset::{HeadsetEvent, Lights, MediaKey};
pub use language::{ENGLISH, LANGUAGES, Language};
pub use port::{
    Audience, CallId, Dtmf, FileEvent, Found, HostInput, Input, JournalEntry, MediaError, MediaEvent,
    MediaRequest, MediaStats, Output, Paths, PeerId, PeerState, PostOutcome, RelayEvent, RequestId, Seal,
    SocketEvent, Sound, StorageError, StoreRequest, Stress, TabEvent, TabRequest,
};
pub use softframe_contacts::{Contact, Contacts, Hit, PhoneNumber, Source, initial};
pub use softframe_sip::{FlowId, Instant};

use account::Account;
use call::{Arrivals, Call, Next};
use clock::Clock;
use config::ConfigError;
use dial::HostGate;
use dialect::xivo::Xivo;
use gateway::{Outbox, Relay};
use history::History;
use host::Host;
use liked::Liked;
use litemap::LiteMap;
use person::Person;
use push::Push;
use softframe_sip::{Connection, Ids, UserAgent};
use std::collections::VecDeque;
use ui::Ui;
use webhooks::Webhooks;

/// One phone: an account, its calls, its contacts, and what the screen and the host page are told of them.
///
/// At most six calls, three of them ringing; every queue has a `MAX_` constant where it is. An input costs what it
/// causes, and only [`Phone::contacts_step`] works through bulk.
///
/// ```
/// use softframe_phone::{Input, Instant, Output, Phone};
///
/// let mut phone = Phone::new([7; 32]);
/// phone.handle_input(Instant(0), Input::Wall(1_684_681_819_342));
/// let Some(Output::Host { message, .. }) = phone.poll_output() else { panic!("the phone speaks first") };
/// assert!(message.starts_with(r#"{"type":"softframe:ready""#));
/// ```
pub struct Phone {
    ids: Ids,
    clock: Clock,
    out: VecDeque<Output>,
    config: Config,
    /// The configuration has come (or there is none).
    configured: bool,
    /// What is wrong with it: nothing starts.
    boot: Option<ConfigError>,
    proposals: Vec<(String, String)>,
    languages: Vec<String>,
    restored: Option<Vec<(String, Vec<u8>)>>,
    instance: String,
    account: Account,
    login: account::Login,
    agent: Option<UserAgent>,
    /// Agents so far: a flow of an earlier one is not mistaken for one of this.
    generation: u64,
    /// The flow asked for last.
    flow: Option<FlowId>,
    connection: Option<Connection>,
    person: Person,
    /// Where calls go on to, for each account of this device.
    forwards: forward::Kept,
    calls: LiteMap<CallId, Call>,
    last_call: u64,
    last_peer: u64,
    last_request: u64,
    last_turn: u64,
    /// Ids that calls of this load have had, as fingerprints.
    labels: VecDeque<u64>,
    /// What the server said last of the voice mail.
    voicemail: Option<voicemail::Voicemail>,
    /// What servers tell of others.
    watches: watch::Watches,
    texting: texting::Texting,
    arrivals: Arrivals,
    gate: HostGate,
    transfer_gate: HostGate,
    /// The same for transfers that others ask for, so that they do not use up what the host may dial.
    referrals: HostGate,
    /// Two calls that are one conversation.
    merged: Option<call::Merged>,
    /// Waits for that call to be held.
    after_hold: Option<(CallId, Next)>,
    /// Transfers whose calls are over.
    transfers_over: Vec<call::Over>,
    contacts: Contacts,
    push: Push,
    /// The page's own address book, if it offers one.
    provider: Option<provider::Provider>,
    rc: dialect::rc::Rc,
    history: History,
    liked: Liked,
    host: Host,
    xivo: Xivo,
    /// What the gateway is still to be told.
    outbox: Outbox,
    /// The gateway's clients.
    relay: Relay,
    webhooks: Webhooks,
    recorder: recorder::Recorder,
    tabs: tabs::Tabs,
    ui: Ui,
    /// What the context asks of the host page's frame.
    frame: frame::Frame,
    headsets: headset::Headsets,
    /// What is being played.
    sound: Sound,
    /// To be played once, when this input is done.
    once: Option<Sound>,
    /// Farewells of a previous life, for the first flow.
    farewells: Vec<Vec<u8>>,
    /// When a time on screen changes next.
    tick: Option<Instant>,
    /// A dialog went on since the farewells of the journal were made.
    stale_journal: bool,
    /// The page goes: calls end, and the store may have no time for them.
    is_leaving: bool,
}

impl Phone {
    /// A phone that knows nothing yet. `seed` must be fresh randomness: every id is drawn from it.
    pub fn new(seed: [u8; 32]) -> Phone {
        let mut ids = Ids::new(seed);
        let instance = uuid::uuid(&mut ids);
        Phone {
            ids,
            clock: Clock::default(),
            out: VecDeque::new(),
            config: Config::default(),
            configured: false,
            boot: None,
            proposals: Vec::new(),
            languages: Vec::new(),
            restored: None,
            instance,
            account: Account::Starting { give_up_at: None },
            login: account::Login::default(),
            agent: None,
            generation: 0,
            flow: None,
            connection: None,
            person: Person::default(),
            forwards: forward::Kept::new(),
            calls: LiteMap::new(),
            last_call: 0,
            last_peer: 0,
            last_request: 0,
            last_turn: 0,
            labels: VecDeque::new(),
            voicemail: None,
            watches: watch::Watches::default(),
            texting: texting::Texting::default(),
            arrivals: Arrivals::default(),
            gate: HostGate::default(),
            transfer_gate: HostGate::default(),
            referrals: HostGate::default(),
            merged: None,
            after_hold: None,
            transfers_over: Vec::new(),
            contacts: Contacts::new(),
            push: Push::default(),
            provider: None,
            rc: dialect::rc::Rc::default(),
            history: History::default(),
            liked: Liked::default(),
            host: Host::new(),
            xivo: Xivo::default(),
            outbox: Outbox::default(),
            relay: Relay::default(),
            webhooks: Webhooks::default(),
            recorder: recorder::Recorder::default(),
            tabs: tabs::Tabs::default(),
            ui: Ui::default(),
            frame: frame::Frame::default(),
            headsets: headset::Headsets::default(),
            sound: Sound::Silence,
            once: None,
            farewells: Vec::new(),
            tick: None,
            stale_journal: false,
            is_leaving: false,
        }
    }

    /// Everything that happens comes in here, and all work is done here. Cannot fail.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        self.start_patience(now, &input);
        if let Input::Resume { seq } = input {
            self.host.resume(seq);
            return;
        }
        self.ready();
        let first = self.record_input(now, &input);
        // Bulk inputs draw nothing by themselves; the index tells when there is something to see.
        let bulk = matches!(
            input,
            Input::Host(HostInput::ContactRows { .. }) | Input::File(FileEvent::Chunk { .. })
        );
        self.dispatch(now, input);
        self.due(now);
        self.drain_agent(now);
        self.follow_provider(now);
        self.renew_journal(now);
        self.xivo_news(now);
        self.gateway_due(now);
        self.post_webhooks(now);
        self.settle_rc(now);
        self.make_room(now);
        self.tell_tabs();
        self.say_toast();
        self.say_check();
        self.play();
        self.light_headsets(now);
        self.tick = self.next_tick(now);
        self.record_outputs(now, first);
        if !bulk {
            self.out.push_back(Output::Render);
        }
    }

    /// Pops the queue of outputs.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// The earliest deadline.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let agent = self.agent.as_ref().and_then(UserAgent::poll_timeout);
        let provider = self.provider.as_ref().and_then(provider::Provider::deadline);
        let dialects = [self.xivo.deadline(), self.gateway_deadline(), self.webhooks.deadline()];
        let own = [self.account_deadline(), self.host.deadline(), self.ui.deadline(), self.tick];
        let (dialects, own) = (Instant::earliest(&dialects), Instant::earliest(&own));
        let mut earliest = Instant::earliest(&[agent, provider, dialects, own]);
        let mut or = |deadline: Option<Instant>| earliest = Instant::earliest(&[earliest, deadline]);
        self.calls.values().for_each(|call| or(call.deadline(self.is_registered())));
        self.transfers_over.iter().for_each(|over| or(Some(over.ends_at)));
        earliest
    }

    /// What the screen shows at `now`.
    pub fn view(&self, now: Instant) -> view::View {
        self.make_view(now)
    }

    /// How much stands in the way of other work.
    pub fn stress(&self) -> Stress {
        let talks = |call: &Call| matches!(call.state, call::State::Talking(_));
        match (self.calls.is_empty(), self.calls.values().all(talks)) {
            (true, _) => Stress::None,
            (false, true) => Stress::Talk,
            (false, false) => Stress::Setup,
        }
    }

    /// The contacts, to read.
    pub fn contacts(&self) -> &Contacts {
        &self.contacts
    }

    /// What the operator decided; the defaults until the configuration has come.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The account as `user@domain`: the key of its grants and its space in the store.
    pub fn account(&self) -> Option<String> {
        self.identity().map(account::Identity::aor)
    }

    /// Rows `start..start + count` of all contacts by name.
    pub fn contact_rows(&self, start: usize, count: usize) -> Vec<view::Row> {
        self.contacts.page(start, count).iter().map(view::contact_list_row).collect()
    }

    /// Indexes for `units` (about 1 kB of text each) and says if more remains. Outputs may follow.
    pub fn contacts_step(&mut self, now: Instant, units: u32) -> bool {
        self.step_contacts(now, units)
    }

    fn dispatch(&mut self, now: Instant, input: Input) {
        match input {
            Input::Wall(wall) => {
                if self.clock.tell(now, wall) {
                    self.woke(now);
                }
            }
            Input::Config(text) => self.configure(now, text),
            Input::Instance(instance) => self.instance = instance,
            Input::Resume { .. } => {}
            Input::Account(text) => self.account_fetched(now, text),
            Input::Kept(text) => self.rc.keep(&text),
            Input::Proposals(proposals) => self.proposals = proposals,
            Input::Languages(languages) => self.languages = languages,
            Input::Restored(values) => self.restore(now, values),
            Input::Loaded { space, key, value } => self.loaded(now, &space, &key, value),
            Input::LoadEnd { space } => self.load_ended(&space),
            Input::StorageFailed(error) => self.storage_failed(now, error),
            Input::Host(input) => self.host_input(now, input),
            Input::Action(action) => self.action(now, action),
            Input::Socket { flow, event } => self.socket(now, flow, event),
            Input::Media { call, peer, request, event } => self.media_event(now, call, peer, request, event),
            Input::File(event) => self.file(now, event),
            Input::Posted { post, outcome } => {
                self.posted(now, post, outcome);
                self.webhook_posted(now, post, outcome);
            }
            Input::Relay(event) => self.relay_event(now, event),
            Input::Online(true) => self.woke(now),
            Input::Online(false) => {}
            Input::Visible(visible) => self.page_visible(now, visible),
            Input::Dark(dark) => self.rc.machine_is_dark(dark),
            Input::SoundBlocked => self.sound_blocked(now),
            Input::RingFailed => self.rc_ring_failed(),
            Input::Speakers(speakers) => self.speakers_are(now, speakers),
            Input::Microphones(microphones) => self.microphones_are(now, microphones),
            Input::Headset(event) => self.headset(now, event),
            Input::Found(found) => self.found(found),
            Input::Tab(event) => self.tab_event(now, event),
            Input::MicrophoneBlocked(blocked) => self.ui.microphone_blocked = blocked,
            Input::Leave => self.leave(now),
            Input::Journal(entries) => self.journal_of_previous_life(now, entries),
            Input::Timeout => {
                if let Some(agent) = self.agent.as_mut() {
                    agent.handle_input(now, softframe_sip::Input::Timeout);
                }
            }
        }
    }

    fn configure(&mut self, now: Instant, text: Option<String>) {
        if self.configured {
            return;
        }
        self.configured = true;
        match text.map(|text| Config::parse(&text)) {
            None => {}
            Some(Ok((config, warnings))) => {
                self.frame.wanted = config.size;
                if !config.country.is_empty() && !self.contacts.set_country(&config.country) {
                    let text = format!("config.json: the country \"{}\" is not known", config.country);
                    self.out.push_back(Output::Warn(text));
                }
                self.webhooks = Webhooks::new(&config.webhooks);
                self.config = config;
                self.out.extend(warnings.into_iter().map(Output::Warn));
            }
            Some(Err(error)) => {
                self.out.push_back(Output::Warn(format!("config.json: {} {}", error.key, error.rule)));
                self.boot = Some(error);
            }
        }
        if self.restored.is_some() {
            self.start_account(now);
        }
    }

    /// Deadlines of ours that have passed.
    fn due(&mut self, now: Instant) {
        self.account_due(now);
        self.queue_due(now);
        self.prompts_due(now);
        self.media_timeouts(now);
        self.links_due(now);
        self.early_media_due(now);
        self.transfers_due(now);
        self.qualities_due(now);
        self.transfers_over_due(now);
        self.auto_answers_due(now);
        self.forwards_due(now);
        self.keys_due(now);
        self.provider_due(now);
        self.ui_due(now);
    }

    fn store(&mut self, request: StoreRequest) {
        self.out.push_back(Output::Store(request));
    }

    fn end_all(&mut self, now: Instant) {
        // What waits for a call to be held must not begin because that call ends.
        if let Some((_, next)) = self.after_hold.take() {
            self.fail_next(now, next);
        }
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            self.end(now, id, cause::Reason::Hangup);
        }
        self.drop_transfers_over();
    }
}
