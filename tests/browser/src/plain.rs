//! Any web server: hands out the files of a folder below a path, knows five types, and sends no policy.
//!
//! It knows nothing of the phone, as the servers of the world do.

use crate::prepared;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The widget's folder below `path`, with this `config.json`; the address of its `index.html`. Serves until the test ends.
pub fn serve_widget(path: &'static str, config: String) -> String {
    serve_widget_in_trouble(path, config, "", 0)
}

/// The same with a `config.json` that the operator changes meanwhile.
pub fn serve_changing_widget(path: &'static str, config: Arc<Mutex<String>>) -> String {
    serve(path, config, Trouble { file: "", times: AtomicUsize::new(0) })
}

/// The same, but that it answers 503 the first `times` that a file is asked for whose name begins so.
pub fn serve_widget_in_trouble(
    path: &'static str,
    config: String,
    file: &'static str,
    times: usize,
) -> String {
    serve(path, Arc::new(Mutex::new(config)), Trouble { file, times: AtomicUsize::new(times) })
}

fn serve(path: &'static str, config: Arc<Mutex<String>>, trouble: Trouble) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let folder = prepared("SOFTFRAME_WWW");
    let trouble = Arc::new(trouble);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (folder, config, trouble) = (folder.clone(), config.clone(), trouble.clone());
            // A browser that goes away in the middle is no news.
            std::thread::spawn(move || {
                let config = config.lock().expect("no test panics in here").clone();
                answer(stream, path, &folder, &config, &trouble).ok()
            });
        }
    });
    format!("http://localhost:{port}{path}")
}

/// What a server does not have just now.
struct Trouble {
    file: &'static str,
    times: AtomicUsize,
}

impl Trouble {
    fn hits(&self, name: &str) -> bool {
        let once_less = |left: usize| left.checked_sub(1);
        name.starts_with(self.file)
            && self.times.fetch_update(Ordering::Relaxed, Ordering::Relaxed, once_less).is_ok()
    }
}

/// A page without anything, on every host name of this machine; its port. Serves until the test ends.
pub fn serve_pages() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A browser also connects ahead of need, and says nothing for a while.
            std::thread::spawn(move || answer_with_nothing(stream).ok());
        }
    });
    port
}

/// A file for pages of any origin, at every path of the origin that is given back. Serves until the test ends.
pub fn serve_file(kind: &'static str, content: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let content = content.clone();
            std::thread::spawn(move || {
                if stream.read(&mut [0; 4096])? == 0 {
                    return Ok(());
                }
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
                     Access-Control-Allow-Origin: *\r\n\r\n",
                    content.len()
                )?;
                stream.write_all(&content)
            });
        }
    });
    format!("http://127.0.0.1:{port}")
}

/// An address that takes posts of any page, and the JSON of those that came.
pub fn receive_posts() -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let posts = Arc::new(Mutex::new(Vec::new()));
    let kept = posts.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let kept = kept.clone();
            std::thread::spawn(move || take_post(stream, &kept).ok());
        }
    });
    (format!("http://127.0.0.1:{port}/hook"), posts)
}

/// Answers a preflight and a post (Fetch, CORS protocol).
fn take_post(mut stream: TcpStream, kept: &Mutex<Vec<Value>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.trim().split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.parse().unwrap_or(0);
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if let Ok(value) = serde_json::from_slice(&body) {
        kept.lock().expect("no test panics in here").push(value);
    }
    write!(
        stream,
        "HTTP/1.1 204 No Content\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\n\
         Access-Control-Allow-Headers: content-type\r\n\r\n"
    )
}

fn answer_with_nothing(mut stream: TcpStream) -> std::io::Result<()> {
    const PAGE: &str = "<!doctype html><title>Page</title><body>";
    if stream.read(&mut [0; 4096])? == 0 {
        return Ok(());
    }
    let length = PAGE.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n{PAGE}"
    )
}

fn answer(
    mut stream: TcpStream,
    below: &str,
    folder: &Path,
    config: &str,
    trouble: &Trouble,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut octets = [0; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut octets)? {
            0 => return Ok(()),
            count => head.extend_from_slice(octets.get(..count).unwrap_or_default()),
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let name = head.split(' ').nth(1).and_then(|address| address.strip_prefix(below)).unwrap_or("..");
    let name = if name.is_empty() { "index.html" } else { name };
    if trouble.hits(name) {
        return write!(
            stream,
            "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
    }
    let found = match name {
        "config.json" => Some(config.as_bytes().to_vec()),
        out if out.contains("..") => None,
        name => std::fs::read(folder.join(name)).ok(),
    };
    let Some(content) = found else {
        return write!(stream, "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    };
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        _ => "application/json",
    };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        content.len()
    )?;
    stream.write_all(&content)
}
