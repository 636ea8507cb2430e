//! Who may talk to the phone: the decision alone, from origins as text.
//!
//! It never sees a message, a window or a clock, so that all of it is tested natively.

/// What `config.json` says about host pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    hosts: Vec<Pattern>,
    addons: Vec<String>,
}

/// How an embedding chain stands before anybody was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may use the phone.
    Trusted,
    /// A grant or the person decides; meanwhile it gets nothing private.
    Unknown,
    /// An opaque parent that nobody admitted: it gets nothing at all.
    Nobody,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Any,
    Exact(String),
    Below { scheme: String, suffix: String },
}

impl Rules {
    /// Reads `hosts` and `addons`. A host that is neither an origin nor a pattern matches nothing.
    pub fn new(hosts: &[String], addons: &[String]) -> Rules {
        let hosts = hosts.iter().map(|host| Pattern::read(host)).collect();
        Rules { hosts, addons: addons.iter().map(|addon| normal(addon)).collect() }
    }

    /// How `chain` (the parent first) stands with a widget of origin `own`.
    pub fn verdict(&self, own: &str, chain: &[String]) -> Verdict {
        let chain: Vec<String> = chain.iter().map(|origin| normal(origin)).collect();
        let Some(parent) = chain.first() else { return Verdict::Unknown };
        let listed = chain.iter().all(|origin| origin == own && own != NULL || self.names(origin));
        let loopback = is_loopback(own) && chain.iter().all(|origin| is_loopback(origin));
        match (listed || loopback, parent == NULL) {
            (true, _) => Verdict::Trusted,
            (false, false) => Verdict::Unknown,
            (false, true) => Verdict::Nobody,
        }
    }

    /// Whether the operator has named every origin of `chain`.
    pub fn lists(&self, chain: &[String]) -> bool {
        !chain.is_empty() && chain.iter().all(|origin| self.names(&normal(origin)))
    }

    /// Whether a grant or the person can admit `chain`. An opaque origin in it may be anybody's, next time another's:
    /// only `hosts` can admit that.
    pub fn may_be_granted(&self, chain: &[String]) -> bool {
        let is_opaque = |origin: &String| normal(origin) == NULL;
        !chain.is_empty() && (!chain.iter().any(is_opaque) || self.names(NULL))
    }

    /// Whether windows of `origin`, though not the parent, may send contacts.
    pub fn is_addon(&self, origin: &str) -> bool {
        origin != NULL && self.addons.iter().any(|addon| addon == origin)
    }

    /// The hosts that are exact origins: where a first word may go if the browser does not name the parent.
    pub fn exact_hosts(&self) -> Vec<&str> {
        let exact = self.hosts.iter().filter_map(|pattern| match pattern {
            Pattern::Exact(origin) if origin != NULL => Some(origin.as_str()),
            Pattern::Exact(_) | Pattern::Any | Pattern::Below { .. } => None,
        });
        exact.collect()
    }

    /// Whether everybody is admitted: worth a warning.
    pub fn admits_everybody(&self) -> bool {
        self.hosts.contains(&Pattern::Any)
    }

    fn names(&self, origin: &str) -> bool {
        self.hosts.iter().any(|pattern| match pattern {
            // An opaque origin must be written out, whatever else is admitted.
            Pattern::Any => origin != NULL,
            Pattern::Exact(exact) => exact == origin,
            Pattern::Below { scheme, suffix } => {
                let host =
                    origin.strip_prefix(scheme.as_str()).and_then(|rest| rest.strip_suffix(suffix.as_str()));
                host.is_some_and(|label| !label.is_empty() && !label.contains(['/', ':', '@']))
            }
        })
    }
}

/// How an opaque origin is written in `event.origin`.
pub const NULL: &str = "null";

impl Pattern {
    fn read(text: &str) -> Pattern {
        match text.split_once("://*.") {
            _ if text == "*" => Pattern::Any,
            Some((scheme, domain)) => {
                Pattern::Below { scheme: format!("{scheme}://"), suffix: format!(".{domain}") }
            }
            None => Pattern::Exact(normal(text)),
        }
    }
}

/// An origin as the browser compares it: `file://` (Chromium's name in a list of ancestors) is opaque, and a
/// slash at the end that a person wrote is not part of it.
pub fn normal(origin: &str) -> String {
    match origin {
        "file://" | "file:///" => NULL.to_owned(),
        _ => origin.trim_end_matches('/').to_ascii_lowercase(),
    }
}

/// Exactly `localhost`, `127.0.0.0/8` or `[::1]`; never `*.localhost`, so that other sites can be played on one
/// machine.
pub fn is_loopback(origin: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    if scheme != "http" && scheme != "https" {
        return false;
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        Some(_) | None => (authority, ""),
    };
    let octets = host.split('.').map(str::parse::<u8>).collect::<Result<Vec<_>, _>>();
    let ipv4 = octets.is_ok_and(|octets| octets.len() == 4 && octets.first() == Some(&127));
    port.bytes().all(|byte| byte.is_ascii_digit()) && (host == "localhost" || host == "[::1]" || ipv4)
}

/// The key of a stored grant: exactly this chain, for this account.
pub fn grant_key(account: &str, chain: &[String]) -> String {
    let chain: Vec<String> = chain.iter().map(|origin| normal(origin)).collect();
    format!("{account}\n{}", chain.join(" "))
}

/// Tokens for messages: `rate` a second, at most `burst` at once.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    rate: f64,
    burst: f64,
    tokens: f64,
    at_ms: f64,
}

impl Bucket {
    /// A full one.
    pub fn new(rate: f64, burst: f64) -> Bucket {
        Bucket { rate, burst, tokens: burst, at_ms: 0.0 }
    }

    /// Takes one, if there is one at `now_ms`.
    pub fn take(&mut self, now_ms: f64) -> bool {
        let earned = (now_ms - self.at_ms).max(0.0) * self.rate / 1000.0;
        self.tokens = (self.tokens + earned).min(self.burst);
        self.at_ms = now_ms;
        let taken = self.tokens >= 1.0;
        if taken {
            self.tokens -= 1.0;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    fn verdict(hosts: &[&str], own: &str, chain: &[&str]) -> Verdict {
        Rules::new(&texts(hosts), &[]).verdict(own, &texts(chain))
    }

    const OWN: &str = "https://phone.example";

    #[test]
    fn listed_parent_is_trusted_and_every_ancestor_must_be() {
        let hosts = ["https://crm.example"];
        for (chain, expected) in [
            (&["https://crm.example"][..], Verdict::Trusted),
            (&["https://evil.example"][..], Verdict::Unknown),
            (&["https://evil.example", "https://crm.example"][..], Verdict::Unknown),
            (&["https://crm.example", "https://evil.example"][..], Verdict::Unknown),
            (&["https://crm.example", "https://crm.example"][..], Verdict::Trusted),
            (&["http://crm.example"][..], Verdict::Unknown),
            (&["https://crm.example:8443"][..], Verdict::Unknown),
            (&["https://phone.example"][..], Verdict::Trusted),
            (&["https://phone.example", "https://evil.example"][..], Verdict::Unknown),
            (&[][..], Verdict::Unknown),
        ] {
            assert_eq!(verdict(&hosts, OWN, chain), expected, "{chain:?}");
        }
    }

    #[test]
    fn wildcard_names_what_lies_below_and_nothing_else() {
        let hosts = ["https://*.example.com"];
        for (origin, expected) in [
            ("https://a.example.com", Verdict::Trusted),
            ("https://a.b.example.com", Verdict::Trusted),
            ("https://example.com", Verdict::Unknown),
            ("https://.example.com", Verdict::Unknown),
            ("https://evilexample.com", Verdict::Unknown),
            ("http://a.example.com", Verdict::Unknown),
            ("https://a.example.com.evil.org", Verdict::Unknown),
            ("https://a.example.com:444", Verdict::Unknown),
        ] {
            assert_eq!(verdict(&hosts, OWN, &[origin]), expected, "{origin}");
        }
    }

    #[test]
    fn loopback_trusts_loopback_alone() {
        for (own, chain, expected) in [
            ("http://localhost:8080", &["http://127.0.0.1:8081"][..], Verdict::Trusted),
            ("http://127.9.9.9", &["http://[::1]:1"][..], Verdict::Trusted),
            ("http://localhost:8080", &["http://crm.localhost:8081"][..], Verdict::Unknown),
            ("http://a.localhost:8080", &["http://localhost:8081"][..], Verdict::Unknown),
            ("http://localhost", &["http://localhost", "https://evil.example"][..], Verdict::Unknown),
            (OWN, &["http://localhost"][..], Verdict::Unknown),
            ("http://localhost", &["http://127.0.0.1.evil.example"][..], Verdict::Unknown),
            ("http://localhost", &["http://127.0.0.1@evil.example"][..], Verdict::Unknown),
        ] {
            assert_eq!(verdict(&[], own, chain), expected, "{own} in {chain:?}");
        }
    }

    #[test]
    fn opaque_parent_needs_its_own_word() {
        assert_eq!(verdict(&[], OWN, &["null"]), Verdict::Nobody);
        assert_eq!(verdict(&["*"], OWN, &["file://"]), Verdict::Nobody);
        assert_eq!(verdict(&["null"], OWN, &["file://"]), Verdict::Trusted);
        assert_eq!(verdict(&["null"], OWN, &["null", "https://evil.example"]), Verdict::Nobody);
        assert_eq!(verdict(&[], NULL, &["null"]), Verdict::Nobody);
        assert_eq!(verdict(&["*"], OWN, &["https://any.example"]), Verdict::Trusted);
    }

    #[test]
    fn chain_is_listed_where_every_origin_of_it_is_named_and_not_for_being_loopback_or_our_own() {
        for (hosts, chain, expected) in [
            (&["https://crm.example"][..], &["https://crm.example"][..], true),
            (&["https://*.example"], &["https://crm.example", "https://top.example"], true),
            (&["https://crm.example"], &["https://crm.example", OWN], false),
            (&["https://crm.example"], &["http://localhost"], false),
            (&[], &[], false),
        ] {
            assert_eq!(Rules::new(&texts(hosts), &[]).lists(&texts(chain)), expected, "{hosts:?} {chain:?}");
        }
    }

    #[test]
    fn opaque_origin_is_granted_by_nobody() {
        for (hosts, chain, expected) in [
            (&[][..], &["https://crm.example"][..], true),
            (&[], &["null"], false),
            (&["*"], &["file://"], false),
            (&[], &["https://crm.example", "null"], false),
            (&["null"], &["null", "https://crm.example"], true),
            (&[], &[], false),
        ] {
            let rules = Rules::new(&texts(hosts), &[]);
            assert_eq!(rules.may_be_granted(&texts(chain)), expected, "{hosts:?} {chain:?}");
        }
    }

    #[test]
    fn addon_is_an_exact_origin() {
        let rules = Rules::new(&[], &texts(&["chrome-extension://abc", "null"]));
        assert!(rules.is_addon("chrome-extension://abc"));
        assert!(!rules.is_addon("chrome-extension://abcd"));
        assert!(!rules.is_addon("null"));
    }

    #[test]
    fn grant_is_for_one_account_and_one_chain() {
        let key = grant_key("sip:200@a", &texts(&["https://x", "https://y"]));
        assert_ne!(key, grant_key("sip:201@a", &texts(&["https://x", "https://y"])));
        assert_ne!(key, grant_key("sip:200@a", &texts(&["https://y", "https://x"])));
        assert_eq!(key, grant_key("sip:200@a", &texts(&["https://x/", "https://Y"])));
    }

    #[test]
    fn bucket_gives_its_burst_then_its_rate() {
        let mut bucket = Bucket::new(50.0, 200.0);
        assert_eq!((0..300).filter(|_| bucket.take(1000.0)).count(), 200);
        assert!(!bucket.take(1019.0));
        assert!(bucket.take(1039.0));
        assert_eq!((0..300).filter(|_| bucket.take(2039.0)).count(), 50);
    }
}
