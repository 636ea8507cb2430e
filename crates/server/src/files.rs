//! Files of one folder for a request path: the right type, a brotli side file, a tag, and how long to keep it.
//!
//! It never serves what lies outside the folder, a hidden file, or a listing.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
};
use std::path::{Path, PathBuf};

/// Longer paths name nothing of ours.
const MAX_PATH: usize = 512;

/// The answer to a GET or HEAD of `path` (percent-encoded, below the folder, without a leading slash).
pub(crate) async fn serve(root: &Path, path: &str, method: &Method, asked: &HeaderMap) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD here.");
        refusal.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    let Some(relative) = relative(path) else {
        return text(StatusCode::BAD_REQUEST, "Not a path of this server.");
    };
    let Some(file) = resolve(root, &relative).await else {
        return text(StatusCode::NOT_FOUND, "There is no such file.");
    };
    let name = file.to_string_lossy().into_owned();
    let side = if accepts_brotli(asked) { resolve(root, &side_file(&relative)).await } else { None };
    let chosen = side.as_ref().unwrap_or(&file);
    let Some(tag) = entity_tag(chosen).await else {
        return text(StatusCode::NOT_FOUND, "There is no such file.");
    };
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(&name)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control(&name)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if side.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|value| value == tag);
    headers.insert(header::ETAG, tag);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    match tokio::fs::read(chosen).await {
        Ok(octets) => *response.body_mut() = Body::from(octets),
        Err(_) => return text(StatusCode::NOT_FOUND, "The file could not be read."),
    }
    response
}

/// A plain-text answer that no cache keeps.
pub(crate) fn text(status: StatusCode, words: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::from(words.into() + "\n"));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The path below the root, decoded, or `None` for one that tries to leave it or to name something hidden.
fn relative(path: &str) -> Option<PathBuf> {
    if path.len() > MAX_PATH {
        return None;
    }
    let decoded = percent_decoded(path)?;
    let mut relative = PathBuf::new();
    for segment in decoded.split('/') {
        match segment {
            "" => {}
            hidden if hidden.starts_with('.') => return None,
            odd if odd.contains(['\\', ':']) || odd.chars().any(char::is_control) => return None,
            plain => relative.push(plain),
        }
    }
    if decoded.is_empty() || decoded.ends_with('/') {
        relative.push("index.html");
    }
    Some(relative)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            octets.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            octets.push(octet);
        }
    }
    String::from_utf8(octets).ok()
}

/// The file itself, with links followed, if it is one and lies inside the folder.
async fn resolve(root: &Path, relative: &Path) -> Option<PathBuf> {
    let root = tokio::fs::canonicalize(root).await.ok()?;
    let file = tokio::fs::canonicalize(root.join(relative)).await.ok()?;
    let is_file = tokio::fs::metadata(&file).await.ok()?.is_file();
    (is_file && file.starts_with(&root)).then_some(file)
}

fn side_file(relative: &Path) -> PathBuf {
    let mut name = relative.as_os_str().to_owned();
    name.push(".br");
    PathBuf::from(name)
}

fn accepts_brotli(asked: &HeaderMap) -> bool {
    let codings = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    codings.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br")) && !parts.any(|q| q == "q=0")
    })
}

/// Changes with the file's length and time of change, which is what a build changes.
async fn entity_tag(file: &Path) -> Option<HeaderValue> {
    let metadata = tokio::fs::metadata(file).await.ok()?;
    let changed = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    HeaderValue::from_str(&format!("\"{:x}-{:x}\"", metadata.len(), changed.as_nanos())).ok()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "vcf" => "text/vcard; charset=utf-8",
        "txt" | "ts" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// A name with a content hash in it never changes its content; everything else is asked for again each time.
fn cache_control(name: &str) -> &'static str {
    let file = name.rsplit('/').next().unwrap_or(name);
    let hashed = file.split(['.', '-', '_']).skip(1).any(|part| {
        part.len() >= 8
            && part.bytes().all(|b| b.is_ascii_hexdigit())
            && part.bytes().any(|b| b.is_ascii_digit())
    });
    if hashed { "public, max-age=31536000, immutable" } else { "no-cache" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_stays_below_its_folder() {
        for (path, expected) in [
            ("", Some("index.html")),
            ("a/b.js", Some("a/b.js")),
            ("a/", Some("a/index.html")),
            ("a%20b", Some("a b")),
            ("../x", None),
            ("a/%2e%2e/x", None),
            ("a/..%2fx", None),
            (".git/config", None),
            ("a\\b", None),
            ("a%00", None),
            ("%zz", None),
            ("%ff", None),
        ] {
            assert_eq!(relative(path), expected.map(PathBuf::from), "{path}");
        }
    }

    #[test]
    fn only_hashed_names_are_immutable() {
        for (name, immutable) in [
            ("/w/softframe-3f2a9c1b.wasm", true),
            ("/w/boot.00ff3f2a9c1b.js", true),
            ("/w/index.html", false),
            ("/w/boot.js", false),
            ("/w/decade-facade.js", false),
        ] {
            assert_eq!(cache_control(name).contains("immutable"), immutable, "{name}");
        }
    }

    #[test]
    fn brotli_only_where_accepted() {
        for (value, accepted) in [("gzip, br", true), ("br;q=0", false), ("gzip", false), ("brx", false)] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(accepts_brotli(&headers), accepted, "{value}");
        }
    }
}
