//! The one Content Security Policy and the other headers of the widget, made from its `config.json`.
//!
//! Also compiled into xtask, which writes them into `_headers` and the snippets for nginx and Caddy; so it must
//! depend on `serde_json` only, and never read a file or the environment.

use serde_json::{Map, Value};

/// What every answer of the widget's folder carries beside the policy. No `X-Frame-Options`: it cannot name hosts.
pub(crate) const HEADERS: [(&str, &str); 5] = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    // These two let a host page with COEP embed the widget.
    ("Cross-Origin-Embedder-Policy", "require-corp"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), display-capture=(), usb=(), payment=()"),
];

/// Pages keep the host library for ten minutes, so that a new version of the widget soon has its own. Pages of other
/// origins import it as a module, which takes `Access-Control-Allow-Origin`.
pub(crate) const LIBRARY_CACHE: &str = "public, max-age=600";
/// The files of the host library: host pages name them, so their names never change.
pub(crate) const LIBRARY: [&str; 4] =
    ["softframe.js", "softframe.module.js", "softframe-cti.js", "softframe-rc.js"];

/// The policy for a widget with this configuration; an empty map for none.
///
/// Addresses that are no plain `scheme://host` never reach the header: the widget itself says what is wrong with them.
pub(crate) fn content_security_policy(config: &Map<String, Value>) -> String {
    let images = listed(config.get("imageHosts")).into_iter().filter_map(origin);
    let mut connect: Vec<String> =
        ["server", "accountUrl", "settingsUrl", "webhooks", "gateway", "soundHosts"]
            .into_iter()
            .flat_map(|key| listed(config.get(key)))
            .filter_map(origin)
            .collect();
    // The gateway has a socket and takes posts, both under one address.
    let posts = listed(config.get("gateway")).into_iter().filter_map(origin);
    connect.extend(
        posts.filter_map(|origin| Some(format!("http{}", origin.strip_prefix("ws")?))).collect::<Vec<_>>(),
    );
    if !config.contains_key("account") && !config.contains_key("accountUrl") {
        // The person signs in and may type another server: any over TLS, plain ones on this machine only.
        connect.extend(["wss:", "ws://localhost:*", "ws://127.0.0.1:*"].map(str::to_owned));
    }
    let mut policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
         img-src 'self' data: blob:{}; media-src 'self' blob:; connect-src 'self'{}; base-uri 'none'; form-action 'none'",
        spaced(images),
        spaced(connect),
    );
    let hosts = listed(config.get("hosts"));
    // `'null'` has no name in a policy, and `*` means no restriction: the widget's own check is what is left.
    if !hosts.is_empty() && !hosts.iter().any(|host| *host == "null" || *host == "*") {
        policy += &format!("; frame-ancestors{}", spaced(hosts.into_iter().filter_map(origin)));
    }
    policy + "; require-trusted-types-for 'script'; trusted-types softframe"
}

/// A string, the strings of a list, or the `url` (or `endpoint`) of an object or of a list of them.
fn listed(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().flat_map(|item| listed(Some(item))).collect(),
        Some(Value::Object(object)) => listed(object.get("url").or_else(|| object.get("endpoint"))),
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => Vec::new(),
    }
}

/// `scheme://host[:port]` of an absolute address; `None` for a relative one (`'self'` covers it) or a strange one.
fn origin(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '*' | '[' | ']' | '_');
    let known = ["https", "http", "wss", "ws", "chrome-extension"].contains(&scheme);
    (known && !authority.is_empty() && authority.chars().all(plain))
        .then(|| format!("{scheme}://{authority}"))
}

fn spaced(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().map(|word| format!(" {word}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(config: &str) -> String {
        content_security_policy(
            serde_json::from_str::<Value>(config).expect("JSON").as_object().expect("object"),
        )
    }

    #[test]
    fn policy_names_what_the_configuration_names() {
        let full = policy(
            r#"{"server":["wss://a.example/ws","wss://b.example:8443"],"hosts":["https://crm.example","https://*.x.example"],
                "account":{"user":"200","password":"x"},"accountUrl":"/me","settingsUrl":"https://s.example/x","imageHosts":["https://pics.example"],"soundHosts":["https://rings.example"],
                "gateway":{"url":"wss://gw.example/v1"},"webhooks":[{"label":"x","endpoint":"https://hook.example/in"}]}"#,
        );
        assert!(full.contains("connect-src 'self' wss://a.example wss://b.example:8443 https://s.example https://hook.example wss://gw.example https://rings.example https://gw.example;"), "{full}");
        assert!(full.contains("img-src 'self' data: blob: https://pics.example;"), "{full}");
        assert!(full.contains("frame-ancestors https://crm.example https://*.x.example;"), "{full}");
    }

    #[test]
    fn person_who_signs_in_may_reach_any_server_over_tls_and_plain_loopback() {
        let none = policy("{}");
        assert!(none.contains("connect-src 'self' wss: ws://localhost:* ws://127.0.0.1:*;"), "{none}");
        assert!(!none.contains("frame-ancestors"), "{none}");
    }

    #[test]
    fn null_and_star_hosts_cannot_be_named() {
        for hosts in [r#"["null","https://crm.example"]"#, r#"["*"]"#] {
            assert!(!policy(&format!(r#"{{"hosts":{hosts}}}"#)).contains("frame-ancestors"), "{hosts}");
        }
    }

    #[test]
    fn strange_addresses_never_reach_the_header() {
        let odd = policy(
            r#"{"server":"wss://a b; script-src *","accountUrl":"javascript://x","hosts":["https://a'b"]}"#,
        );
        assert_eq!(odd.matches("script-src").count(), 1, "{odd}");
        assert!(!odd.contains("javascript"), "{odd}");
    }
}
