//! Digest challenges and what answers them (RFC 7616, RFC 8760), SHA-256 before MD5.
//!
//! It never keeps a password longer than the call that checks one, and never says which half was wrong.

use softframe_sip::{
    Ids, Instant, RealmHash,
    digest::{Algorithm, DigestInput, response},
    wire::{AuthValue, Message, quote},
};
use std::collections::{BTreeMap, VecDeque};

/// How long a nonce may be used, in milliseconds; after that `stale=true` asks for the same with a new one.
const NONCE_LIFE: u64 = 300_000;

/// Nonces out at a time. Beyond it the oldest is forgotten, which costs its owner one stale challenge.
const MAX_NONCES: usize = 4096;

/// Credentials of one request that are looked at; a request names one for each realm, so two are many.
const MAX_CREDENTIALS: usize = 8;

/// Our two algorithms in the order of preference.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Md5];

/// What a request's credentials are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They are this user's.
    Proven(String),
    /// There are none for our realm, or they are wrong.
    Missing,
    /// They are right, for a nonce that has had its time.
    Stale,
}

/// The nonces that are out.
#[derive(Default)]
pub(crate) struct Nonces {
    issued: BTreeMap<String, Nonce>,
    order: VecDeque<String>,
}

struct Nonce {
    at: Instant,
    count: u32,
}

impl Nonces {
    /// Header values that ask for credentials: one for each algorithm, all with one fresh nonce.
    pub(crate) fn challenges(
        &mut self,
        now: Instant,
        ids: &mut Ids,
        realm: &str,
        stale: bool,
    ) -> Vec<String> {
        if self.order.len() >= MAX_NONCES
            && let Some(oldest) = self.order.pop_front()
        {
            self.issued.remove(&oldest);
        }
        let nonce = ids.token();
        self.issued.insert(nonce.clone(), Nonce { at: now, count: 0 });
        self.order.push_back(nonce.clone());
        let stale = if stale { ", stale=true" } else { "" };
        let challenge = |algorithm: &Algorithm| {
            let (realm, name) = (quote(realm), algorithm.name());
            format!("Digest realm={realm}, nonce=\"{nonce}\", algorithm={name}, qop=\"auth\"{stale}")
        };
        ALGORITHMS.iter().map(challenge).collect()
    }

    /// Whether a header of the request proves a user of ours.
    pub(crate) fn check(
        &mut self,
        now: Instant,
        request: &Message,
        header: &str,
        realm: &str,
        users: &BTreeMap<String, String>,
    ) -> Verdict {
        let mut verdict = Verdict::Missing;
        for value in request.values(header).take(MAX_CREDENTIALS) {
            let Ok(credentials) = AuthValue::parse(value) else { continue };
            match self.check_one(now, request, &credentials, realm, users) {
                Verdict::Missing => {}
                Verdict::Stale => verdict = Verdict::Stale,
                Verdict::Proven(user) => return Verdict::Proven(user),
            }
        }
        verdict
    }

    fn check_one(
        &mut self,
        now: Instant,
        request: &Message,
        credentials: &AuthValue,
        realm: &str,
        users: &BTreeMap<String, String>,
    ) -> Verdict {
        let get = |name: &str| credentials.get(name).unwrap_or("");
        let user = get("username");
        let Some(password) = users.get(user) else { return Verdict::Missing };
        let ours =
            credentials.is("Digest") && get("realm") == realm && get("qop").eq_ignore_ascii_case("auth");
        let for_this = request.uri().is_some_and(|uri| uri.as_str() == get("uri"));
        if !ours
            || !for_this
            || expected(credentials, request, password).is_none_or(|text| text != get("response"))
        {
            return Verdict::Missing;
        }
        let Ok(count) = u32::from_str_radix(get("nc"), 16) else { return Verdict::Missing };
        match self.issued.get_mut(get("nonce")) {
            Some(nonce) if now.since(nonce.at) <= NONCE_LIFE && count > nonce.count => {
                nonce.count = count;
                Verdict::Proven(user.to_owned())
            }
            // Forgotten, outlived or counted already: the password was right, so ask again by `stale`.
            Some(_) | None => Verdict::Stale,
        }
    }
}

/// The response that the password makes; `None` for an algorithm that was not offered.
fn expected(credentials: &AuthValue, request: &Message, password: &str) -> Option<String> {
    let get = |name: &str| credentials.get(name).unwrap_or("");
    let algorithm = Algorithm::from_name(credentials.get("algorithm").unwrap_or("MD5"))?;
    if !ALGORITHMS.contains(&algorithm) {
        return None;
    }
    let secret = RealmHash::from_password(get("username"), get("realm"), password);
    let input = DigestInput {
        nonce: get("nonce"),
        nc: get("nc"),
        cnonce: get("cnonce"),
        method: request.method().as_str(),
        uri: get("uri"),
        body: None,
    };
    Some(response(algorithm, secret.of(algorithm), input))
}
