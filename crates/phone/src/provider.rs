//! The page's own address book, asked as it is needed: lists, searches, matches, and what may not be called.
//!
//! It knows no JSON: `bridge` and `dialect` write its questions and read the answers. No answer ever stops a call but
//! the one that was asked for before it.

mod clearance;
mod list;
mod matching;
mod search;

use crate::{
    CallId, Phone,
    bridge::{self, CallEvent},
    call::Wish,
    data,
    dialect::rc,
};
use list::List;
use matching::Matching;
use search::Search;
use serde_json::Value;
use softframe_contacts::{Contact, Hit, Source};
use softframe_sip::Instant;

/// Questions open at once. List, search, match and clearance are one each; the others are views and logs, which a
/// page answers at once or never.
const MAX_OPEN: usize = 32;
/// How long a page may take (RingCentral Embeddable's times, protocol.md 3.2).
const LIST_MILLIS: u64 = 60_000;
const SEARCH_MILLIS: u64 = 30_000;
const MATCH_MILLIS: u64 = 30_000;
const LOG_MILLIS: u64 = 15_000;
const SHORT_MILLIS: u64 = 3_000;
/// Where a page names no other time, in milliseconds (protocol.md 3.6).
pub(crate) const DEFAULT_TTL: u64 = 7_200_000;
pub(crate) const DEFAULT_NO_MATCH_TTL: u64 = 300_000;

/// What a page offers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Offers {
    pub(crate) list: bool,
    pub(crate) search: bool,
    pub(crate) matching: bool,
    pub(crate) view: bool,
    pub(crate) log: bool,
    pub(crate) do_not_call: bool,
}

/// In whose words questions are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Native,
    Rc,
}

/// `provider:register`, or what a dialect makes of its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Registration {
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) offers: Offers,
    /// Milliseconds that a match is kept.
    pub(crate) ttl: u64,
    /// Milliseconds after which a number may be asked for again, matched or not.
    pub(crate) no_match_ttl: u64,
    /// Nothing is asked before the page says that it may be.
    pub(crate) authorized: bool,
}

/// A contact of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) contact: Contact,
    /// The page's own object, unknown fields included: it goes back as it came.
    pub(crate) own: Value,
    pub(crate) deleted: bool,
    /// Its id is a text, also where that reads like a number.
    pub(crate) text_id: bool,
}

/// One question, in nobody's words yet.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    List { page: Value, since: Value, by_page: bool },
    Search { words: String },
    Match { numbers: Vec<String>, by_page: bool },
    View { contact: Value },
    Log { event: Box<CallEvent> },
    DoNotCall { number: String },
}

/// Which answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    List,
    Search,
    Match,
    View,
    Log,
    DoNotCall,
}

impl Question {
    pub(crate) fn op(&self) -> Op {
        match self {
            Question::List { .. } => Op::List,
            Question::Search { .. } => Op::Search,
            Question::Match { .. } => Op::Match,
            Question::View { .. } => Op::View,
            Question::Log { .. } => Op::Log,
            Question::DoNotCall { .. } => Op::DoNotCall,
        }
    }
}

impl Op {
    fn patience(self) -> u64 {
        match self {
            Op::List => LIST_MILLIS,
            Op::Search => SEARCH_MILLIS,
            Op::Match => MATCH_MILLIS,
            Op::Log => LOG_MILLIS,
            Op::View | Op::DoNotCall => SHORT_MILLIS,
        }
    }
}

/// What a page answered, read by the form of its registration. What was not asked for is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) rows: Vec<Given>,
    pub(crate) next: Value,
    pub(crate) stamp: Value,
    /// Number as the page wrote it, and whose it is.
    pub(crate) matches: Vec<(String, Vec<Given>)>,
    pub(crate) refusal: Option<Refusal>,
}

/// The page says that a number must not be called.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    /// The person cannot overrule it.
    pub(crate) is_final: bool,
}

struct Open {
    id: String,
    op: Op,
    until: Instant,
}

/// A page that offers its address book.
pub(crate) struct Provider {
    pub(crate) registration: Registration,
    open: Vec<Open>,
    list: List,
    search: Search,
    matching: Matching,
    /// Waits for the page's word.
    clearing: Option<Wish>,
    /// Calls whose number was asked for.
    seen: Vec<CallId>,
}

impl Provider {
    fn new(registration: Registration) -> Provider {
        Provider {
            registration,
            open: Vec::new(),
            list: List::default(),
            search: Search::default(),
            matching: Matching::default(),
            clearing: None,
            seen: Vec::new(),
        }
    }

    /// Under which its contacts are indexed; no page pushes under this name by accident.
    pub(crate) fn source(&self) -> Source {
        Source::Host(format!("provider:{}", self.registration.name))
    }

    fn offers(&self, op: Op) -> bool {
        let offers = &self.registration.offers;
        let offered = match op {
            Op::List => offers.list,
            Op::Search => offers.search,
            Op::Match => offers.matching,
            Op::View => offers.view,
            Op::Log => offers.log,
            Op::DoNotCall => offers.do_not_call,
        };
        offered && self.registration.authorized
    }

    pub(crate) fn is_open(&self, op: Op) -> bool {
        self.open.iter().any(|open| open.op == op)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        Instant::earliest(&[self.open.iter().map(|open| open.until).min(), self.search.deadline()])
    }

    /// Everybody that it has named and the index does not have.
    fn named(&self) -> impl Iterator<Item = &Given> {
        self.matching.given().chain(self.search.given())
    }
}

impl Phone {
    /// A page offers its address book: a second time under the same name changes what it offers, another name ends
    /// the first.
    pub(crate) fn register_provider(&mut self, now: Instant, registration: Registration) {
        let before = self.provider.as_ref().map(|provider| provider.registration.clone());
        let is_known = before.as_ref().is_some_and(|before| before.name == registration.name);
        match &mut self.provider {
            Some(provider) if is_known => provider.registration = registration,
            _ => {
                self.drop_provider(now);
                self.provider = Some(Provider::new(registration));
            }
        }
        self.begin_with_provider(now);
    }

    /// It may be asked: what it lists is fetched, and who is on screen is looked up.
    pub(crate) fn begin_with_provider(&mut self, now: Instant) {
        self.want_list(now, false);
        self.match_what_is_known(now);
    }

    /// Its contacts go with it; what waited for its word goes on.
    pub(crate) fn drop_provider(&mut self, now: Instant) {
        let Some(provider) = self.provider.take() else { return };
        self.contacts.clear(&provider.source());
        self.wants_index();
        if let Some(wish) = provider.clearing {
            self.dial(now, Wish { cleared: true, ..wish });
        }
    }

    /// The account is gone, and its contacts are: the next one begins with everything. A dialect's page registers
    /// once for the life of the page, and stays.
    pub(crate) fn forget_provided(&mut self) {
        let Some(provider) = self.provider.take() else { return };
        if let Some(wish) = provider.clearing {
            self.fail_ask(wish.ask, bridge::Code::NotRegistered, "The phone is not registered.");
        }
        if provider.registration.form == Form::Rc {
            self.provider = Some(Provider::new(provider.registration));
        }
    }

    /// Somebody is signed in: a page that registered once for its life is asked for its list again, if it is gone.
    pub(crate) fn resume_provider(&mut self, now: Instant) {
        if self.provider.as_ref().is_some_and(|provider| provider.list.is_untouched()) {
            self.begin_with_provider(now);
        }
    }

    /// Sends a question if the page takes such; whether it did.
    fn ask_provider(&mut self, now: Instant, question: Question) -> bool {
        let op = question.op();
        let Some(provider) = self.provider.as_mut().filter(|provider| provider.offers(op)) else {
            return false;
        };
        if provider.open.len() >= MAX_OPEN || !self.host.is_trusted() {
            return false;
        }
        let id = crate::uuid::uuid(&mut self.ids);
        provider.open.push(Open { id: id.clone(), op, until: now.after(op.patience()) });
        match provider.registration.form {
            Form::Native => {
                let data = bridge::provider::request(&id, &question);
                self.tell_parent("provider:request", &data);
            }
            Form::Rc => self.say_rc(rc::service::request(self, &id, &question)),
        }
        true
    }

    /// What the page answers to `id`; the first answer counts, and one to nothing is none. `None`: it could not.
    pub(crate) fn provider_said(&mut self, now: Instant, id: &str, answer: Option<&Value>) {
        let Some(provider) = self.provider.as_mut() else { return };
        let Some(at) = provider.open.iter().position(|open| open.id == id) else { return };
        let op = provider.open.remove(at).op;
        let form = provider.registration.form;
        let reply = answer.map(|answer| match form {
            Form::Native => bridge::provider::reply(op, answer),
            Form::Rc => rc::service::reply(op, answer),
        });
        self.provider_answered(now, op, reply);
    }

    fn provider_answered(&mut self, now: Instant, op: Op, reply: Option<Reply>) {
        match op {
            Op::List => self.listed(now, reply),
            Op::Search => self.searched(now, reply),
            Op::Match => self.matched(now, reply),
            Op::DoNotCall => self.cleared(now, reply),
            // Nothing follows from them.
            Op::View | Op::Log => {}
        }
    }

    /// What was not answered in its time, and a search that is due.
    pub(crate) fn provider_due(&mut self, now: Instant) {
        loop {
            let Some(provider) = self.provider.as_mut() else { return };
            let Some(at) = provider.open.iter().position(|open| open.until <= now) else { break };
            let op = provider.open.remove(at).op;
            self.provider_answered(now, op, None);
        }
        self.search_due(now);
    }

    /// Looks at what has changed by this input and what of it the page should be asked.
    pub(crate) fn follow_provider(&mut self, now: Instant) {
        if self.provider.is_none() {
            return;
        }
        self.follow_tabs(now);
        self.follow_search(now);
        self.follow_calls(now);
    }

    /// Shows a contact of the page's own address book there.
    pub(crate) fn view_provided(&mut self, now: Instant, hit: &Hit) {
        let Some(provider) = self.provider.as_ref().filter(|provider| provider.source() == hit.source) else {
            return;
        };
        let contact = match (self.own_object(&hit.source, &hit.contact.id), provider.registration.form) {
            (Some(own), _) => own,
            (None, Form::Native) => bridge::provider::row(&hit.contact, self.given_id(hit)),
            (None, Form::Rc) => rc::service::contact(&provider.registration.name, &hit.contact),
        };
        self.ask_provider(now, Question::View { contact });
    }

    /// A call is over: the page logs it, if it takes and wants that.
    pub(crate) fn log_provided(&mut self, now: Instant, event: &CallEvent) -> bool {
        let is_wanted = self.provider.as_ref().is_some_and(|provider| provider.offers(Op::Log));
        if !is_wanted || !self.rc.logs() {
            return false;
        }
        let mut event = Box::new(event.clone());
        data::leave_out(&mut event);
        self.ask_provider(now, Question::Log { event })
    }

    /// A contact by source and id: of the index, or one that the page has named.
    pub(crate) fn contact_of(&self, source: &Source, id: &str) -> Option<Hit> {
        let named = || {
            let provider = self.provider.as_ref().filter(|provider| provider.source() == *source)?;
            let given = provider.named().find(|given| given.contact.id == id)?;
            Some(hit(source, &given.contact))
        };
        self.contacts.get(source, id).or_else(named)
    }

    /// The page's own object of a contact of its.
    pub(crate) fn own_object(&self, source: &Source, id: &str) -> Option<Value> {
        let provider = self.provider.as_ref().filter(|provider| provider.source() == *source)?;
        let named = || provider.named().find(|given| given.contact.id == id).map(|given| given.own.clone());
        named().or_else(|| provider.list.own(id))
    }
}

fn hit(source: &Source, contact: &Contact) -> Hit {
    Hit {
        source: source.clone(),
        contact: contact.clone(),
        phone: None,
        name_ranges: Vec::new(),
        phone_range: None,
    }
}
