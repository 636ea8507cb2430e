//! The embedded server: built once with its own profile, started as a child.
//!
//! It never waits for a call; what runs inside is the server's business.

use crate::{
    Outcome,
    child::{cargo, run, say},
    tree::Tree,
};
use std::{
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command},
    time::{Duration, Instant},
};

/// Builds it; gives the program.
pub(crate) fn build(tree: &Tree) -> Outcome<PathBuf> {
    say("building softframe-server");
    run(cargo(tree).args([
        "build",
        "--package",
        "softframe-server",
        "--profile",
        "server",
        "--bin",
        "softframe-server",
    ]))?;
    Ok(tree.built("server").join(format!("softframe-server{}", std::env::consts::EXE_SUFFIX)))
}

/// Starts it and waits until it takes connections.
pub(crate) fn start(tree: &Tree, program: &PathBuf, www: &PathBuf, port: u16) -> Outcome<Child> {
    let mut child = Command::new(program)
        .arg("--listen")
        .arg(format!("127.0.0.1:{port}"))
        .arg("--www")
        .arg(www)
        .arg("--demo")
        .arg(tree.at("demo"))
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("softframe-server ended at once ({status})."));
        }
        if start.elapsed() > Duration::from_secs(10) {
            // It may end between the two calls.
            let _ = child.kill();
            return Err(format!("softframe-server took no connection on port {port} within 10 s."));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(child)
}

/// `wanted` if it is free, else one that the system chooses.
pub(crate) fn free_port(wanted: u16) -> Outcome<u16> {
    let free = TcpListener::bind(("127.0.0.1", wanted)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)));
    let address = free.and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(|error| format!("no port is free on 127.0.0.1: {error}"))
}
