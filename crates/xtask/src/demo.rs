//! `cargo xtask demo`: from the sources to two pages that call each other.
//!
//! It serves on loopback only.

use crate::{Outcome, child::say, compiler::Compiler, folder, server, tree::Tree};

/// Where the demo listens unless told otherwise.
const PORT: u16 = 8088;

/// Builds, starts, prints the addresses, and stays up until the server ends.
pub(crate) fn run(tree: &Tree, port: Option<u16>) -> Outcome {
    // Debian's compiler for wasm32 takes the place of Debian's `cargo`: not while that one compiles.
    Compiler::find()?;
    // The first build is long: what one leaves of the cores, the other takes.
    let (www, program) = std::thread::scope(|scope| {
        let server = scope.spawn(|| server::build(tree));
        (folder::make(tree, folder::Kind::Build), server.join())
    });
    let (www, program) = (www?, program.map_err(|_| "the build of the server was lost.")??);
    let port = server::free_port(port.unwrap_or(PORT))?;
    let mut child = server::start(tree, &program, &www, port)?;
    say("open these in two tabs, and call one from the other:");
    println!("\n    http://127.0.0.1:{port}/demo/?ext=200\n    http://127.0.0.1:{port}/demo/?ext=201\n");
    println!("600 sends a tone, 601 an echo, 607 reads back key tones. Ctrl-C ends it.");
    let status = child.wait().map_err(|error| format!("softframe-server was lost: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("softframe-server ended ({status}).")) }
}
