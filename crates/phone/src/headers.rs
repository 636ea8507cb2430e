//! Reads the headers of an INVITE into the fields of a call, by the configurable table of names.
//!
//! The only place of this crate that names a SIP header; dialects read the fields.

use crate::{config::HeaderNames, data::Variables};
use softframe_sip::wire::{Message, Uri};

/// What a peer may put on the screen or into an event.
pub(crate) const MAX_SHOWN_CHARS: usize = 128;
/// Headers handed to the host page with a call.
pub(crate) const MAX_EXTRA_HEADERS: usize = 64;
/// Values that the platform attached, of those that events carry.
const MAX_ATTACHED: usize = 32;
/// Octets of one of them.
pub(crate) const MAX_EXTRA_OCTETS: usize = 2_048;

/// What an INVITE says of its caller and call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The platform's id of the call, if it gives one.
    pub(crate) call_id: Option<String>,
    /// Caller's number, empty if withheld.
    pub(crate) from: String,
    /// The host that this number is one of; `None`: the network says the number and no host (`tel:`).
    pub(crate) from_host: Option<String>,
    /// What the caller calls itself.
    pub(crate) display_name: String,
    /// The number that was called, if any header tells.
    pub(crate) dialled: Option<String>,
    pub(crate) team: Option<String>,
    pub(crate) queue: String,
    /// The platform's ids of the call and of its leg, if it gives any.
    pub(crate) linked_id: Option<String>,
    pub(crate) unique_id: Option<String>,
    /// What the platform attached to the call: key, value.
    pub(crate) attached: Vec<(String, String)>,
    /// What a page gave the call, and came with it.
    pub(crate) variables: Variables,
    /// How long the caller has waited in a queue.
    pub(crate) held: Held,
    /// What the caller is known by at the customer's.
    pub(crate) contact_ref: String,
    /// For the host page: name on the wire, value.
    pub(crate) extras: Vec<(String, String)>,
    pub(crate) sip_call_id: String,
}

/// The wait in a queue, as a platform tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Held {
    /// Not at all, or nobody tells.
    #[default]
    No,
    /// So many seconds.
    Seconds(u64),
    /// Since this second since 1970.
    Since(u64),
}

/// Longest wait that is believed, in seconds; more is a clock that is wrong.
const MAX_HELD: u64 = 24 * 60 * 60;

impl Facts {
    /// Seconds in the queue before the call came here at `date` (milliseconds since 1970).
    pub(crate) fn hold_seconds(&self, date: u64) -> u64 {
        let seconds = match self.held {
            Held::No => 0,
            Held::Seconds(seconds) => seconds,
            Held::Since(entered) => (date / 1_000).saturating_sub(entered),
        };
        if seconds > MAX_HELD { 0 } else { seconds }
    }
}

/// What of the two headers is a number; fractions of a second are cut.
fn held(seconds: &Option<String>, since: &Option<String>) -> Held {
    let whole = |text: &Option<String>| text.as_ref()?.split('.').next()?.trim().parse().ok();
    whole(seconds).map(Held::Seconds).or_else(|| whole(since).map(Held::Since)).unwrap_or_default()
}

/// What the platform asked to be known by in a call that we make: the first of these headers that it has.
pub(crate) fn contact_ref_of(headers: &[(String, String)], names: &[String]) -> String {
    let value = |name: &String| headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    names.iter().find_map(value).map(|(_, value)| shown(value)).unwrap_or_default()
}

/// Reads `invite`, an incoming request. `is_own` knows the names under which a server knows this phone, which are no numbers
/// that anybody has called.
pub(crate) fn read(invite: &Message, names: &HeaderNames, is_own: impl Fn(&str) -> bool) -> Facts {
    let from = name_addr(invite.header("From").unwrap_or(""));
    let asserted = asserted(invite);
    let vouched = asserted.as_ref().filter(|party| !party.user.is_empty());
    let caller = vouched.unwrap_or(&from);
    let withheld = caller.anonymous || (asserted.is_none() && from.anonymous);
    let named = if caller.display.is_empty() { &from } else { caller };
    let text = |name: &str| invite.header(name).map(shown).filter(|value| !value.is_empty());
    Facts {
        call_id: text(&names.call_id),
        from: if withheld { String::new() } else { caller.user.clone() },
        from_host: Some(caller.host.clone()).filter(|host| !host.is_empty() || vouched.is_none()),
        display_name: if withheld { String::new() } else { named.display.clone() },
        dialled: dialled(invite, names, is_own),
        team: text(&names.team),
        queue: text(&names.queue).unwrap_or_default(),
        linked_id: text(&names.linked_id),
        unique_id: text(&names.unique_id),
        attached: attached(invite, &names.attached),
        variables: Variables::of_headers(invite.headers()),
        held: held(&text(&names.hold_time), &text(&names.queue_enter)),
        contact_ref: first(invite, &names.contact_ref),
        extras: extras(invite),
        sip_call_id: invite.header("Call-ID").unwrap_or("").to_owned(),
    }
}

/// The first of these headers that says anything.
pub(crate) fn first(message: &Message, names: &[String]) -> String {
    let value = |name: &String| message.header(name).map(shown).filter(|value| !value.is_empty());
    names.iter().find_map(value).unwrap_or_default()
}

/// Whether the caller can only hear it ring with an offer of ours (RFC 3262 §5).
pub(crate) fn wants_early_offer(invite: &Message) -> bool {
    invite.body().is_empty() && invite.lists("Require", "100rel")
}

/// Who the network says it is: P-Asserted-Identity (RFC 3325), else Remote-Party-ID of older servers. Of several the first
/// that is a number. Nobody, where the network should have kept it back and has not (RFC 3325 §9.3).
pub(crate) fn asserted(message: &Message) -> Option<Party> {
    if keeps_back_identity(message) {
        return None;
    }
    let parties = || message.list("P-Asserted-Identity").chain(message.list("Remote-Party-ID")).map(party);
    parties().find(|party| !party.user.is_empty()).or_else(|| parties().next())
}

/// Whether the network should have kept back who it says it is (RFC 3325 §9.3).
fn keeps_back_identity(message: &Message) -> bool {
    message.privacy().any(|what| what.eq_ignore_ascii_case("id"))
}

/// Whether nothing speaks against the caller that is read from `invite`. A caller who asks for privacy has the network keep
/// back what it knows (RFC 3323 §4.2, RFC 3325 §9.3), and From is then no more than the caller's own word; `screen=no` of
/// Remote-Party-ID says that the network knows nothing.
pub(crate) fn vouches_for_caller(invite: &Message) -> bool {
    let is_private = invite.privacy().any(|what| !what.eq_ignore_ascii_case("none"));
    let is_unscreened = |value: &str| {
        let params = value.rsplit('>').next().unwrap_or_default().split(';');
        let mut params = params.filter_map(|param| param.trim().split_once('='));
        params.any(|(name, value)| {
            name.trim().eq_ignore_ascii_case("screen") && value.trim().eq_ignore_ascii_case("no")
        })
    };
    !is_private && !invite.list("Remote-Party-ID").any(is_unscreened)
}

fn party(value: &str) -> Party {
    let mut party = name_addr(value);
    // What a proxy should have kept back is not shown (draft-ietf-sip-privacy: `privacy=full`, `uri`, `name`).
    let params = value.rsplit('>').next().unwrap_or_default();
    let privacy = params.split(';').filter_map(|param| param.trim().split_once('='));
    let is_private = |(name, value): (&str, &str)| {
        name.trim().eq_ignore_ascii_case("privacy") && !value.trim().eq_ignore_ascii_case("off")
    };
    party.anonymous |= privacy.into_iter().any(is_private);
    party
}

/// After how many seconds the caller wants to be put through by itself: `answer-after` of Call-Info or Alert-Info, the
/// words of Alert-Info that telephones know, or Answer-Mode (RFC 5373).
pub(crate) fn answer_after(invite: &Message) -> Option<u32> {
    let after = |value: &str| {
        let at = value.to_ascii_lowercase().find("answer-after=")? + "answer-after=".len();
        let digits = value.get(at..)?.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    };
    let infos = || invite.list("Call-Info").chain(invite.list("Alert-Info"));
    let is_auto = |value: &str| {
        let value = value.to_ascii_lowercase();
        ["alert-autoanswer", "auto answer", "auto-answer", "autoanswer"]
            .iter()
            .any(|words| value.contains(words))
    };
    let mode = |name: &str| {
        let value = invite.header(name).unwrap_or_default();
        value.split(';').next().is_some_and(|mode| mode.trim().eq_ignore_ascii_case("auto"))
    };
    let asked = invite.list("Alert-Info").any(is_auto) || mode("Answer-Mode") || mode("Priv-Answer-Mode");
    infos().find_map(after).or(asked.then_some(0))
}

/// The headers that say to the server which of our numbers calls, as configured; what is no address of its own has the
/// number alone.
pub(crate) fn identity(names: &[String], number: &str, domain: &str) -> Vec<(String, String)> {
    let value = |name: &String| match name.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("X-")) {
        true => number.to_owned(),
        false => format!("<{}>", Uri::sip(Some(number), domain)),
    };
    names.iter().map(|name| (name.clone(), value(name))).collect()
}

/// The headers of a 302 to a number of our domain, or to a whole address (RFC 3261 §21.3.3): where the call goes, and who sends
/// it there for what reason (RFC 5806).
pub(crate) fn onward(destination: &str, user: &str, domain: &str, why: &str) -> Vec<(String, String)> {
    let own = |user: &str| Uri::sip(Some(user), domain).to_string();
    let target = match Uri::parse(destination) {
        Ok(whole) if whole.is_sip() => whole.to_string(),
        _ => own(destination),
    };
    let diversion = format!("<{}>;reason={why}", own(user));
    vec![("Contact".to_owned(), format!("<{target}>")), ("Diversion".to_owned(), diversion)]
}

/// protocol.md 5.1: own headers, P-Called-Party-ID, oldest History-Info, oldest Diversion, To.
fn dialled(invite: &Message, names: &HeaderNames, is_own: impl Fn(&str) -> bool) -> Option<String> {
    let mut configured = names.dialled.iter().filter_map(|name| invite.header(name)).map(shown);
    let user = |value: &str| Some(name_addr(value).user).filter(|user| !user.is_empty());
    configured
        .find(|number| !number.is_empty())
        .or_else(|| invite.header("P-Called-Party-ID").and_then(user))
        // RFC 7044 §5 adds behind, RFC 5806 §3 before those that are there.
        .or_else(|| invite.list("History-Info").next().and_then(user))
        .or_else(|| invite.list("Diversion").last().and_then(user))
        .or_else(|| invite.header("To").and_then(user).filter(|to| !is_own(to)))
}

/// The headers that begin with `prefix`, by what follows it.
fn attached(invite: &Message, prefix: &str) -> Vec<(String, String)> {
    let key = |name: &str| {
        let (head, key) = name.split_at_checked(prefix.len())?;
        (head.eq_ignore_ascii_case(prefix) && !key.is_empty()).then(|| key.to_owned())
    };
    let found = invite.headers().filter_map(|(name, value)| Some((key(name)?, shown(value))));
    found.take(MAX_ATTACHED).collect()
}

/// All `X-*` by their names on the wire, and the few others a host may want; none that names a caller who is withheld.
fn extras(invite: &Message) -> Vec<(String, String)> {
    const OTHERS: [&str; 8] = [
        "Alert-Info",
        "Call-Info",
        "Subject",
        "Diversion",
        "P-Asserted-Identity",
        "History-Info",
        "Remote-Party-ID",
        "User-to-User",
    ];
    let is_private = keeps_back_identity(invite);
    let names_withheld = |name: &str, value: &str| {
        let identities = ["P-Asserted-Identity", "Remote-Party-ID"];
        identities.iter().any(|known| known.eq_ignore_ascii_case(name))
            && (is_private || party(value).anonymous)
    };
    invite
        .headers()
        .filter(|(name, value)| {
            let extension = name.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("X-"));
            let other = OTHERS.iter().any(|known| known.eq_ignore_ascii_case(name));
            (extension || other) && value.len() <= MAX_EXTRA_OCTETS && !names_withheld(name, value)
        })
        .take(MAX_EXTRA_HEADERS)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A name-addr or addr-spec (RFC 3261 §20.10), as far as a phone shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) display: String,
    /// User part or `tel:` number, percent-decoded, without parameters.
    pub(crate) user: String,
    /// Without a port; empty where the scheme has none.
    pub(crate) host: String,
    pub(crate) anonymous: bool,
}

pub(crate) fn name_addr(value: &str) -> Party {
    let value = value.trim();
    let (display, rest) = match value.strip_prefix('"') {
        Some(quoted) => unquote(quoted),
        None => {
            let (display, rest) = value.split_at_checked(value.find('<').unwrap_or(0)).unwrap_or(("", value));
            (display.trim().to_owned(), rest)
        }
    };
    let uri = match rest.find('<') {
        Some(start) => {
            let inner = rest.get(start + 1..).unwrap_or("");
            inner.split('>').next().unwrap_or("")
        }
        None => rest.split([';', ',']).next().unwrap_or("").trim(),
    };
    let (user, host) = user_and_host(uri);
    let anonymous = user.eq_ignore_ascii_case("anonymous") || host.eq_ignore_ascii_case("anonymous.invalid");
    Party { display: shown(&display), user: shown(&user), host: host.to_owned(), anonymous }
}

/// The text of a quoted string and what follows it.
fn unquote(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (text, quoted.get(at + 1..).unwrap_or("")),
            '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => text.push(c),
        }
    }
    (text, "")
}

fn user_and_host(uri: &str) -> (String, &str) {
    let Some((scheme, rest)) = uri.split_once(':') else { return (String::new(), "") };
    if scheme.eq_ignore_ascii_case("tel") {
        return (rest.split(';').next().unwrap_or("").to_owned(), "");
    }
    let Some((user, host)) = rest.rsplit_once('@') else { return (String::new(), rest) };
    let user = user.split([';', ':']).next().unwrap_or("");
    let host = host.split([';', ':', '?']).next().unwrap_or("");
    (percent_decoded(user), host)
}

fn percent_decoded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        let mut ahead = rest.clone();
        let hex = |digit: Option<u8>| digit.and_then(|digit| char::from(digit).to_digit(16));
        match (octet, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                octets.push((high * 16 + low) as u8);
                rest = ahead;
            }
            _ => octets.push(octet),
        }
    }
    String::from_utf8(octets).unwrap_or_else(|_| text.to_owned())
}

/// What a peer wrote, without what could disturb a screen (protocol.md 1.7).
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| !disturbs(*c)).take(MAX_SHOWN_CHARS).collect()
}

/// The same at full length.
pub(crate) fn undisturbing(text: &str) -> String {
    text.chars().filter(|c| !disturbs(*c)).collect()
}

/// Controls, line separators, marks of direction, and what has no width.
fn disturbs(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_are_read_from_every_form() {
        for (value, display, user, anonymous) in [
            ("\"Marta \\\"M\\\" Ruiz\" <sip:+34911@h;x=1>;tag=a", "Marta \"M\" Ruiz", "+34911", false),
            ("Ana <sips:ana%20b@h:5061>", "Ana", "ana b", false),
            ("sip:201@h;tag=x", "", "201", false),
            ("<tel:+34911;phone-context=x>", "", "+34911", false),
            ("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1", "Anonymous", "anonymous", true),
            ("<sip:h>", "", "", false),
            ("\"unfinished", "unfinished", "", false),
            ("", "", "", false),
            ("<sip:100%zz@h>", "", "100%zz", false),
        ] {
            let party = name_addr(value);
            assert_eq!(
                (party.display.as_str(), party.user.as_str(), party.anonymous),
                (display, user, anonymous)
            );
        }
    }

    #[test]
    fn marks_that_disturb_a_screen_are_removed() {
        assert_eq!(shown("a\u{202e}b\u{0}c\u{200b}\u{61c}\u{2060}\u{2028}\u{ad}\u{e0041}"), "abc");
        assert_eq!(shown(&"x".repeat(500)).len(), MAX_SHOWN_CHARS);
    }
}
