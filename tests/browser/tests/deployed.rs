//! The widget behind nginx and Caddy, by the very text of the README and the snippets that lie in its folder: under a path, with
//! its policy, compressed, kept as long as it may be, and SIP through the same server.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, until};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

const README: &str = include_str!("../../../README.md");
/// Where the README has the folder.
const FOLDER: &str = "/srv/softframe";
/// Where Debian has the module of nginx that sends compressed files.
const BROTLI: &str = "/usr/lib/nginx/modules/ngx_http_brotli_static_module.so";

/// A web server with the widget's folder; ends with the value, and takes its files along.
struct Deployed {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Drop for Deployed {
    fn drop(&mut self) {
        // SIGTERM lets nginx end its workers, which a killed master would leave behind.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The block of the README that holds this, without its fence.
fn documented(part: &str) -> String {
    let mut blocks = README.split("```").skip(1).step_by(2);
    let block =
        blocks.find(|block| block.contains(part)).unwrap_or_else(|| panic!("no {part} in the README"));
    block.split_once('\n').expect("a fence").1.to_owned()
}

/// What a test must do otherwise than the README: the text has to be there.
fn exchanged(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "no {from} in {text}");
        text.replace(from, to)
    })
}

/// The widget's folder under a name of its own, with a `config.json` whose server is the one in front of it.
fn copy(server: &Server, name: &str, port: u16) -> PathBuf {
    let source = PathBuf::from(std::env::var_os("SOFTFRAME_WWW").expect("run by cargo xtask test"));
    let folder = std::env::temp_dir().join(format!("softframe-{name}-{}", std::process::id()));
    copy_all(&source, &folder);
    let config = fetched(server.port, "/200/config.json").1;
    let mut config: Value = serde_json::from_slice(&config).expect("JSON");
    config["server"] = json!(format!("ws://localhost:{port}/ws"));
    std::fs::write(folder.join("config.json"), config.to_string()).expect("written");
    for snippet in ["nginx.conf.snippet", "Caddyfile.snippet"] {
        let text = std::fs::read_to_string(folder.join(snippet)).expect("the folder has it");
        let place = folder.display().to_string();
        std::fs::write(folder.join(snippet), exchanged(&text, &[(FOLDER, &place)])).expect("written");
    }
    folder
}

fn copy_all(source: &Path, folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    for entry in std::fs::read_dir(source).expect("the widget").flatten() {
        let (from, to) = (entry.path(), folder.join(entry.file_name()));
        match from.is_dir() {
            true => copy_all(&from, &to),
            false => drop(std::fs::copy(&from, &to).expect("copied")),
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

async fn started(mut command: Command, port: u16, folder: PathBuf) -> Deployed {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let deployed = Deployed { child: child.expect("is installed"), port, folder };
    until("it listens", async || TcpStream::connect(("127.0.0.1", port)).ok()).await;
    deployed
}

async fn nginx(server: &Server) -> Deployed {
    let port = free_port();
    let folder = copy(server, "nginx", port);
    let place = folder.display().to_string();
    let block = exchanged(
        &documented("nginx-maps.conf.snippet"),
        &[
            ("listen 443 ssl;", &format!("listen 127.0.0.1:{port};")),
            ("    ssl_certificate     /etc/ssl/phone.pem;\n", ""),
            ("    ssl_certificate_key /etc/ssl/phone.key;\n", ""),
            ("127.0.0.1:8088", &format!("127.0.0.1:{}", server.port)),
            (FOLDER, &place),
        ],
    );
    let mut load = String::new();
    if Path::new(BROTLI).exists() {
        load = format!("load_module {BROTLI};");
        let snippet = folder.join("nginx.conf.snippet");
        let text = std::fs::read_to_string(&snippet).expect("it is there");
        std::fs::write(snippet, exchanged(&text, &[("# brotli_static on;", "brotli_static on;")]))
            .expect("written");
    }
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {place}/{kind};"))
        .collect();
    let whole = format!(
        "{load} daemon off; pid {place}/pid; error_log {place}/errors; events {{}} \
         http {{ access_log off; {temporary}\n{block} }}"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, whole).expect("written");
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&folder).arg("-c").arg(file).arg("-e").arg(folder.join("errors"));
    started(command, port, folder).await
}

async fn caddy(server: &Server) -> Deployed {
    let port = free_port();
    let folder = copy(server, "caddy", port);
    let block = exchanged(
        &documented("Caddyfile.snippet\n"),
        &[
            ("phone.example {", &format!("http://localhost:{port} {{")),
            ("127.0.0.1:8088", &format!("127.0.0.1:{}", server.port)),
            (FOLDER, &folder.display().to_string()),
        ],
    );
    let file = folder.join("Caddyfile");
    std::fs::write(&file, format!("{{\n\tadmin off\n}}\n{block}")).expect("written");
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file).env("HOME", &folder);
    started(command, port, folder).await
}

/// Head in small letters, and body, for a browser that takes brotli.
fn fetched(port: u16, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept-Encoding: br\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("written");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("read");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let body = answer.split_off(end + 4);
    (String::from_utf8_lossy(&answer).to_lowercase(), body)
}

/// What every file carries, and what only some do.
fn check_headers(deployed: &Deployed, compresses: bool) {
    let module = std::fs::read_dir(&deployed.folder).expect("the folder").flatten();
    let module = module.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let module = module.into_iter().find(|name| name.ends_with(".wasm")).expect("a module");
    for (file, kind, kept, open) in [
        ("", "text/html", "no-cache", false),
        ("config.json", "application/json", "no-cache", false),
        (module.as_str(), "application/wasm", "public, max-age=31536000, immutable", false),
        ("softframe.js", "text/javascript", "public, max-age=600", true),
        ("softframe-rc.js", "text/javascript", "public, max-age=600", true),
        ("schema/softframe-1.json", "application/json", "no-cache", false),
    ] {
        let (head, _) = fetched(deployed.port, &format!("/phone/{file}"));
        assert!(head.starts_with("http/1.1 200"), "{file}: {head}");
        assert!(head.contains(&format!("\r\ncontent-type: {kind}")), "{file}: {head}");
        assert!(head.contains(&format!("\r\ncache-control: {kept}\r\n")), "{file}: {head}");
        assert_eq!(head.matches("\r\ncache-control:").count(), 1, "{file}: {head}");
        assert_eq!(
            head.matches("\r\ncontent-security-policy: default-src 'none'").count(),
            1,
            "{file}: {head}"
        );
        assert!(head.contains("\r\nx-content-type-options: nosniff"), "{file}: {head}");
        assert!(!head.contains("x-frame-options"), "{file}: {head}");
        assert_eq!(head.contains("\r\naccess-control-allow-origin: *"), open, "{file}: {head}");
        let small = file == "config.json";
        assert_eq!(head.contains("\r\ncontent-encoding: br"), compresses && !small, "{file}: {head}");
    }
}

/// The widget below its path, over the server's own WebSocket, makes a call that is heard.
async fn check_call(server: &Server, deployed: &Deployed) {
    let page = Page::open_served(server, &format!("http://localhost:{}/phone/", deployed.port)).await;
    page.expect("logged").await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    server.expect_heard("600").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn widget_behind_nginx_as_the_readme_has_it_has_its_headers_and_calls() {
    let server = Server::start();
    let deployed = nginx(&server).await;
    check_headers(&deployed, Path::new(BROTLI).exists());
    check_call(&server, &deployed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn widget_behind_caddy_as_the_readme_has_it_has_its_headers_and_calls() {
    let server = Server::start();
    let deployed = caddy(&server).await;
    check_headers(&deployed, true);
    check_call(&server, &deployed).await;
}
