//! Settings for other web servers: `_headers` (Netlify, Cloudflare Pages), and snippets for nginx and Caddy.
//!
//! Pure: the configuration in, text out. The policy itself is made where the server makes its own.

use crate::policy::{HEADERS, LIBRARY, LIBRARY_CACHE, content_security_policy};
use serde_json::{Map, Value};

/// Names with a hash in them never change their content.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// The host library, as nginx and Caddy match it.
const LIBRARY_PATH: &str = r"/softframe(-cti|-rc|\.module)?\.js$";

/// File names and contents for one configuration.
pub(crate) fn files(config: &Map<String, Value>) -> [(&'static str, String); 4] {
    let policy = content_security_policy(config);
    let all: Vec<(&str, &str)> =
        [("Content-Security-Policy", policy.as_str())].into_iter().chain(HEADERS).collect();
    [
        ("_headers", pages(&all)),
        ("nginx.conf.snippet", nginx(&all)),
        ("nginx-maps.conf.snippet", nginx_maps()),
        ("Caddyfile.snippet", caddy(&all)),
    ]
}

fn pages(headers: &[(&str, &str)]) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect();
    let library: String = LIBRARY
        .iter()
        .map(|file| {
            format!("/{file}\n  ! Cache-Control\n  Cache-Control: {LIBRARY_CACHE}\n  Access-Control-Allow-Origin: *\n")
        })
        .collect();
    format!(
        "/*\n{lines}  Cache-Control: no-cache\n/*-*.wasm\n  ! Cache-Control\n  Cache-Control: {FOREVER}\n{library}"
    )
}

fn nginx(headers: &[(&str, &str)]) -> String {
    let lines: String =
        headers.iter().map(|(name, value)| format!("    add_header {name} \"{value}\" always;\n")).collect();
    format!(
        "# Inside `server {{ … }}`; /phone/ and the folder are yours to choose. The policy belongs on scripts and worker\n\
         # files too, so it stands on the whole folder.\n\
         location /phone/ {{\n    alias /srv/softframe/;\n    index index.html;\n    \
         types {{ text/html html; text/javascript js; text/css css; application/wasm wasm; application/json json; image/svg+xml svg; text/plain txt ts; }}\n    \
         # With ngx_brotli (Debian: libnginx-mod-http-brotli-static) the compressed files beside the others are sent.\n    \
         # brotli_static on;\n{lines}    \
         add_header Cache-Control $softframe_cache always;\n    \
         add_header Access-Control-Allow-Origin $softframe_origins always;\n}}\n"
    )
}

/// What stands beside `server`, not in it. An expression with braces needs its quotes.
fn nginx_maps() -> String {
    format!(
        "# Before `server {{ … }}`: how long a file may be kept, and which ones pages of other origins import.\n\
         map $uri $softframe_cache {{\n    \"~-[0-9a-f]{{16}}\\.\" \"{FOREVER}\";\n    \"~{LIBRARY_PATH}\" \"{LIBRARY_CACHE}\";\n    default \"no-cache\";\n}}\n\
         # An empty header is not sent.\n\
         map $uri $softframe_origins {{\n    \"~{LIBRARY_PATH}\" \"*\";\n    default \"\";\n}}\n"
    )
}

/// Caddy runs a `header` without a matcher after those with one: both kinds of caching need theirs.
fn caddy(headers: &[(&str, &str)]) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("        {name} \"{value}\"\n")).collect();
    format!(
        "# Inside a site block; /phone/ and the folder are yours to choose.\nredir /phone /phone/\nhandle_path /phone/* {{\n    root * /srv/softframe\n    \
         header {{\n{lines}    }}\n    @forever path_regexp -[0-9a-f]{{16}}\\.\n    \
         header @forever Cache-Control \"{FOREVER}\"\n    @library path_regexp {LIBRARY_PATH}\n    header @library {{\n        Cache-Control \"{LIBRARY_CACHE}\"\n        Access-Control-Allow-Origin *\n    }}\n    \
         @fresh not path_regexp (-[0-9a-f]{{16}}\\.|{LIBRARY_PATH})\n    \
         header @fresh Cache-Control no-cache\n    file_server {{\n        precompressed br\n    }}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_gets_every_header_with_the_configured_hosts() {
        let config = serde_json::json!({"hosts": ["https://crm.example"], "server": "wss://pbx.example/ws", "accountUrl": "/me"});
        let [pages, nginx, maps, caddy] = files(config.as_object().expect("object"));
        let nginx = ("nginx", nginx.1 + &maps.1);
        for (name, text) in [pages, nginx, caddy] {
            assert!(text.contains("frame-ancestors https://crm.example;"), "{name}: {text}");
            assert!(text.contains("connect-src 'self' wss://pbx.example;"), "{name}: {text}");
            for (header, value) in HEADERS {
                assert!(text.contains(header) && text.contains(value), "{name} lacks {header}");
            }
            assert!(
                text.contains("Access-Control-Allow-Origin") && text.contains(LIBRARY_CACHE),
                "{name}: {text}"
            );
        }
    }
}
