//! Digest authentication (RFC 7616, RFC 8760): the strongest of the challenges that came, from a password or from saved
//! hashes. Answers `qop=auth`, `auth-int` where nothing else is offered (a proxy that changes the body would break it),
//! or no qop at all where the registrar itself asks so (the sample configuration of Kamailio does); never weaker than
//! what let us in, never twice on a nonce with the same counter.

use crate::{
    Ids, RealmHash, Secret,
    table::remember,
    wire::{AuthValue, Message, Method, quote, split_list},
};
use sha2::Digest as _;

/// Kept nonces: one for each realm and kind of request; real set-ups have two realms.
const MAX_NONCES: usize = 8;
/// Answers given for one request altogether, so that a row of realms cannot keep it going.
const MAX_ANSWERS: usize = 4;
/// Realms that let us in and are remembered: a registrar that names another each time would fill any room.
const MAX_REALMS: usize = MAX_NONCES;
/// How the names of algorithms end whose key is one of the session.
const SESSION: &str = "-sess";

/// Hash algorithms, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// MD5, what a challenge without a name means.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512/256.
    Sha512_256,
}

impl Algorithm {
    /// By its name on the wire, without `-sess`; `None` for those not supported.
    pub fn from_name(name: &str) -> Option<Algorithm> {
        let all = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256];
        all.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512_256 => "SHA-512-256",
        }
    }

    /// The hash of `text` in lower-case hexadecimal.
    pub fn hash(self, text: &str) -> String {
        self.hash_octets(text.as_bytes())
    }

    fn hash_octets(self, octets: &[u8]) -> String {
        match self {
            Algorithm::Md5 => hexadecimal(&md5::Md5::digest(octets)),
            Algorithm::Sha256 => hexadecimal(&sha2::Sha256::digest(octets)),
            Algorithm::Sha512_256 => hexadecimal(&sha2::Sha512_256::digest(octets)),
        }
    }
}

fn hexadecimal(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().map_or('0', char::from);
    let mut text = String::with_capacity(2 * octets.len());
    for octet in octets {
        text.extend([digit(octet >> 4), digit(octet & 15)]);
    }
    text
}

impl RealmHash {
    /// The hashes of a password, for saving in its place.
    pub fn from_password(user: &str, realm: &str, password: &str) -> RealmHash {
        let text = format!("{user}:{realm}:{password}");
        RealmHash {
            realm: realm.to_owned(),
            md5: Algorithm::Md5.hash(&text),
            sha256: Algorithm::Sha256.hash(&text),
            sha512_256: Algorithm::Sha512_256.hash(&text),
        }
    }

    /// HA1 for one algorithm.
    pub fn of(&self, algorithm: Algorithm) -> &str {
        match algorithm {
            Algorithm::Md5 => &self.md5,
            Algorithm::Sha256 => &self.sha256,
            Algorithm::Sha512_256 => &self.sha512_256,
        }
    }
}

/// What a response is computed from, beside the secret.
#[derive(Clone, Copy, Debug)]
pub struct DigestInput<'a> {
    /// The nonce of the challenge.
    pub nonce: &'a str,
    /// The eight hexadecimal digits of the counter.
    pub nc: &'a str,
    /// The client's nonce.
    pub cnonce: &'a str,
    /// The method of the request.
    pub method: &'a str,
    /// The digest URI.
    pub uri: &'a str,
    /// The body, where it is protected too: the response is one for `qop=auth-int`.
    pub body: Option<&'a [u8]>,
}

/// The response for `qop=auth` or `auth-int` (RFC 7616 §3.4.1), for both sides.
pub fn response(algorithm: Algorithm, ha1: &str, input: DigestInput<'_>) -> String {
    let DigestInput { nonce, nc, cnonce, method, uri, body } = input;
    let (qop, a2) = match body {
        None => ("auth", format!("{method}:{uri}")),
        Some(body) => ("auth-int", format!("{method}:{uri}:{}", algorithm.hash_octets(body))),
    };
    let ha2 = algorithm.hash(&a2);
    algorithm.hash(&format!("{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}"))
}

/// The response to a challenge without qop (RFC 2069).
fn old_response(algorithm: Algorithm, ha1: &str, nonce: &str, method: &str, uri: &str) -> String {
    let ha2 = algorithm.hash(&format!("{method}:{uri}"));
    algorithm.hash(&format!("{ha1}:{nonce}:{ha2}"))
}

/// What a challenge asks for, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Strength {
    algorithm: Algorithm,
    qop: Qop,
}

/// What beside the secret and the nonce a response proves, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Qop {
    /// RFC 2069: nothing of ours is hashed.
    None,
    Auth,
    AuthInt,
}

impl Qop {
    /// `None` where the challenge offers only what we do not know.
    fn read(offered: Option<&str>) -> Option<Qop> {
        let Some(offered) = offered else { return Some(Qop::None) };
        let offers = |wanted: &str| split_list(offered).any(|qop| qop.eq_ignore_ascii_case(wanted));
        [("auth", Qop::Auth), ("auth-int", Qop::AuthInt)]
            .into_iter()
            .find_map(|(name, qop)| offers(name).then_some(qop))
    }
}

/// A challenge that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Challenge {
    proxy: bool,
    realm: String,
    scheme: Scheme,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scheme {
    /// `named`: the algorithm as the challenge named it, so the answer does too. `session`: it ends in `-sess`, and what
    /// is hashed first is hashed again with both nonces (RFC 7616 §3.4.2).
    Digest {
        strength: Strength,
        named: Option<String>,
        session: bool,
        nonce: String,
        opaque: Option<String>,
        stale: bool,
    },
    Bearer,
}

impl Challenge {
    fn read(value: &str, proxy: bool) -> Option<Challenge> {
        let value = AuthValue::parse(value).ok()?;
        let realm = value.get("realm").unwrap_or_default().to_owned();
        if value.is("Bearer") {
            return Some(Challenge { proxy, realm, scheme: Scheme::Bearer });
        }
        if !value.is("Digest") {
            return None;
        }
        let name = value.get("algorithm").unwrap_or("MD5");
        let (base, suffix) = name.split_at_checked(name.len().saturating_sub(SESSION.len()))?;
        let session = suffix.eq_ignore_ascii_case(SESSION);
        let algorithm = Algorithm::from_name(if session { base } else { name })?;
        let qop = Qop::read(value.get("qop"))?;
        if session && qop == Qop::None {
            // Its key needs our nonce, which has no place in an answer without qop (RFC 7616 §3.4).
            return None;
        }
        let scheme = Scheme::Digest {
            strength: Strength { algorithm, qop },
            named: value.get("algorithm").map(str::to_owned),
            session,
            nonce: value.get("nonce")?.to_owned(),
            opaque: value.get("opaque").map(str::to_owned),
            stale: value.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        };
        Some(Challenge { proxy, realm, scheme })
    }

    fn is_stale(&self) -> bool {
        matches!(self.scheme, Scheme::Digest { stale: true, .. })
    }

    fn nonce(&self) -> Option<&str> {
        match &self.scheme {
            Scheme::Digest { nonce, .. } => Some(nonce),
            Scheme::Bearer => None,
        }
    }

    /// The higher, the sooner it is answered: by the algorithm, then `auth` before `auth-int`, then what has no qop.
    fn rank(&self) -> Option<(Algorithm, u8)> {
        let Strength { algorithm, qop } = self.strength()?;
        let qop = match qop {
            Qop::Auth => 2,
            Qop::AuthInt => 1,
            Qop::None => 0,
        };
        Some((algorithm, qop))
    }

    fn strength(&self) -> Option<Strength> {
        match self.scheme {
            Scheme::Digest { strength, .. } => Some(strength),
            Scheme::Bearer => None,
        }
    }
}

/// Why a challenge was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The answer was given and refused: the password is wrong.
    Refused,
    /// No hash is known for this realm, or it is none of those that let us in.
    UnknownRealm,
    /// No challenge of a kind that we answer.
    Unsupported,
}

impl Unanswered {
    /// A sentence for a person.
    pub fn sentence(self) -> &'static str {
        match self {
            Unanswered::Refused => "The user name or the password is wrong.",
            Unanswered::UnknownRealm => "The server asks for another password than the one that is saved.",
            Unanswered::Unsupported => "The server asks for a kind of sign-in that is not supported.",
        }
    }
}

/// What was answered so far for one request, over its repetitions.
#[derive(Clone, Debug, Default)]
pub struct Attempt(Vec<(String, bool)>);

/// The secret of an account and the nonces it was used with.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    secret: Secret,
    kept: Vec<Kept>,
    /// Realms that let us in, with what they asked for: later challenges may not be weaker in anything, and no other
    /// realm is answered outside of REGISTER (a callee could ask for one of its own to crack the answer at leisure).
    accepted: Vec<(String, Option<Strength>)>,
}

#[derive(Clone)]
struct Kept {
    challenge: Challenge,
    /// REGISTER and the rest have nonces of their own: registrar and proxy may differ.
    register: bool,
    used: u32,
    /// Ours, one for each of theirs: the key of a `-sess` stays what it was in the first request.
    cnonce: String,
}

impl Credentials {
    /// For one account.
    pub fn new(user: &str, secret: Secret) -> Credentials {
        Credentials { user: user.to_owned(), secret, kept: Vec::new(), accepted: Vec::new() }
    }

    /// Header lines for a request, from nonces that were accepted before (RFC 7616 §3.4): saves a round trip.
    pub fn authorize(
        &mut self,
        ids: &mut Ids,
        method: &Method,
        uri: &str,
        body: &[u8],
    ) -> Vec<(&'static str, String)> {
        let register = *method == Method::Register;
        let (user, secret) = (&self.user, &self.secret);
        let kept = self.kept.iter_mut().filter(|kept| kept.register == register);
        kept.filter_map(|kept| {
            if kept.cnonce.is_empty() {
                kept.cnonce = ids.token();
            }
            kept.header(user, secret, method, uri, body)
        })
        .collect()
    }

    /// A 401 or 407 came. `Ok` where the request should be sent again with what [`Credentials::authorize`] gives.
    pub fn challenged(&mut self, response: &Message, attempt: &mut Attempt) -> Result<(), Unanswered> {
        let register = *response.method() == Method::Register;
        let mut fitting = Err(Unanswered::Unsupported);
        for challenge in strongest(response) {
            match self.judge(&challenge, register, attempt) {
                Ok(()) => {
                    attempt.0.push((challenge.realm.clone(), challenge.proxy));
                    self.keep(challenge, register);
                    fitting = Ok(());
                }
                // One realm refused is enough: the request cannot succeed.
                Err(Unanswered::Refused) => return Err(Unanswered::Refused),
                Err(reason) if fitting.is_err() => fitting = Err(reason),
                Err(_) => {}
            }
        }
        fitting
    }

    fn judge(&self, challenge: &Challenge, register: bool, attempt: &Attempt) -> Result<(), Unanswered> {
        let answered =
            attempt.0.iter().filter(|(realm, proxy)| *realm == challenge.realm && *proxy == challenge.proxy);
        match answered.count() {
            0 => {}
            1 if challenge.is_stale() => {}
            _ => return Err(Unanswered::Refused),
        }
        if attempt.0.len() >= MAX_ANSWERS {
            return Err(Unanswered::Refused);
        }
        match self.accepted.iter().find(|(realm, _)| *realm == challenge.realm) {
            Some((_, before)) if is_weaker(challenge.strength(), *before) => {
                return Err(Unanswered::Unsupported);
            }
            None if !register && !self.accepted.is_empty() => return Err(Unanswered::UnknownRealm),
            // A registrar that never asked pins no realm: then who is called chooses it, and must not choose the whole
            // of what is hashed.
            None if !register && challenge.strength().is_some_and(|strength| strength.qop == Qop::None) => {
                return Err(Unanswered::Unsupported);
            }
            Some(_) | None => {}
        }
        match &self.secret {
            Secret::Hashes(hashes) if !hashes.iter().any(|hash| hash.realm == challenge.realm) => {
                Err(Unanswered::UnknownRealm)
            }
            Secret::Password(_) | Secret::Hashes(_) if challenge.scheme == Scheme::Bearer => {
                Err(Unanswered::Unsupported)
            }
            // A token is shown as it is, and who is called can ask for it too: only the registrar gets it.
            Secret::Token(_) if challenge.scheme == Scheme::Bearer && !register => {
                Err(Unanswered::Unsupported)
            }
            Secret::Password(_) | Secret::Hashes(_) | Secret::Token(_) => Ok(()),
        }
    }

    fn keep(&mut self, challenge: Challenge, register: bool) {
        let same = |kept: &Kept| {
            kept.register == register
                && kept.challenge.realm == challenge.realm
                && kept.challenge.proxy == challenge.proxy
        };
        let nonce = challenge.nonce();
        // A nonce that is asked for again goes on counting: the same number twice is a replay.
        let before = self.kept.iter().find(|kept| same(kept) && kept.challenge.nonce() == nonce);
        let (used, cnonce) = before.map(|kept| (kept.used, kept.cnonce.clone())).unwrap_or_default();
        self.kept.retain(|kept| !same(kept));
        remember(&mut self.kept, MAX_NONCES, Kept { challenge, register, used, cnonce });
    }

    /// A REGISTER was accepted: its realms are the ones we answer from now on. Returns what may be saved of those that
    /// are new.
    pub fn accepted(&mut self) -> Vec<RealmHash> {
        let mut fresh = Vec::new();
        for kept in self.kept.iter().filter(|kept| kept.register) {
            let realm = &kept.challenge.realm;
            match self.accepted.iter_mut().find(|(known, _)| known == realm) {
                Some((_, strength)) => *strength = kept.challenge.strength().max(*strength),
                None => {
                    let accepted = (realm.clone(), kept.challenge.strength());
                    remember(&mut self.accepted, MAX_REALMS, accepted);
                    fresh.extend(hashes(&self.user, realm, &self.secret));
                }
            }
        }
        fresh
    }
}

/// Weaker in the algorithm or in qop, whatever the other is.
fn is_weaker(now: Option<Strength>, before: Option<Strength>) -> bool {
    match (now, before) {
        (Some(now), Some(before)) => now.algorithm < before.algorithm || now.qop < before.qop,
        (None, Some(_)) => true,
        (_, None) => false,
    }
}

/// Of each realm the strongest challenge that can be answered (RFC 8760 §2.4), over all header lines.
fn strongest(response: &Message) -> Vec<Challenge> {
    let mut best: Vec<Challenge> = Vec::new();
    for (name, proxy) in [("WWW-Authenticate", false), ("Proxy-Authenticate", true)] {
        for challenge in response.values(name).filter_map(|value| Challenge::read(value, proxy)) {
            match best.iter_mut().find(|best| best.realm == challenge.realm && best.proxy == proxy) {
                Some(best) if challenge.rank() > best.rank() => *best = challenge,
                Some(_) => {}
                None => best.push(challenge),
            }
        }
    }
    best
}

fn hashes(user: &str, realm: &str, secret: &Secret) -> Option<RealmHash> {
    match secret {
        Secret::Password(password) | Secret::Token(password) => {
            Some(RealmHash::from_password(user, realm, password))
        }
        Secret::Hashes(hashes) => hashes.iter().find(|hash| hash.realm == realm).cloned(),
    }
}

impl Kept {
    fn header(
        &mut self,
        user: &str,
        secret: &Secret,
        method: &Method,
        uri: &str,
        body: &[u8],
    ) -> Option<(&'static str, String)> {
        let name = if self.challenge.proxy { "Proxy-Authorization" } else { "Authorization" };
        let realm = &self.challenge.realm;
        match &self.challenge.scheme {
            Scheme::Bearer => match secret {
                Secret::Token(token) => Some((name, format!("Bearer {token}"))),
                Secret::Password(_) | Secret::Hashes(_) => None,
            },
            Scheme::Digest {
                strength: Strength { algorithm, qop }, named, session, nonce, opaque, ..
            } => {
                let (hashes, cnonce) = (hashes(user, realm, secret)?, &self.cnonce);
                let ha1 = match hashes.of(*algorithm) {
                    ha1 if *session => algorithm.hash(&format!("{ha1}:{nonce}:{cnonce}")),
                    ha1 => ha1.to_owned(),
                };
                self.used = self.used.saturating_add(1);
                let (nc, method) = (hexadecimal(&self.used.to_be_bytes()), method.as_str());
                let body = (*qop == Qop::AuthInt).then_some(body);
                let input = DigestInput { nonce, nc: &nc, cnonce, method, uri, body };
                let response = match qop {
                    Qop::None => old_response(*algorithm, &ha1, nonce, method, uri),
                    Qop::Auth | Qop::AuthInt => response(*algorithm, &ha1, input),
                };
                let mut value = format!(
                    "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
                    quote(user),
                    quote(realm),
                    quote(nonce),
                    quote(uri)
                );
                if let Some(named) = named {
                    value.push_str(&format!(", algorithm={named}"));
                }
                if let Some(opaque) = opaque {
                    value.push_str(&format!(", opaque={}", quote(opaque)));
                }
                let named = match qop {
                    Qop::None => return Some((name, value)),
                    Qop::Auth => "auth",
                    Qop::AuthInt => "auth-int",
                };
                value.push_str(&format!(", qop={named}, nc={nc}, cnonce=\"{cnonce}\""));
                Some((name, value))
            }
        }
    }
}

#[cfg(test)]
mod tests;
