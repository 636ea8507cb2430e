//! Everything a person types: `cargo xtask build | demo | dist | test | bench`.
//!
//! It installs nothing but what a command needs, and never writes outside of the target folder.

mod child;
mod compiler;
mod folder;
mod headers;
mod names;
#[path = "../../server/src/policy.rs"]
mod policy;
mod tree;
mod widget;

use std::process::ExitCode;

/// What goes wrong is a sentence for the person who typed the command.
type Outcome<T = ()> = Result<T, String>;

const HELP: &str = "\
cargo xtask COMMAND

  demo    build the widget and the server, start both, print two addresses
  build   the widget as static files, quickly compressed: target/www
  dist    the widget as static files for any web server: target/dist
  test    formatting, lints, native tests, browser tests
  bench   bytes and times of the widget

  --port N        demo: the port to listen on (default 8088)
  --only NAME     test: only this suite
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Outcome {
    let tree = tree::Tree::find()?;
    match arguments.first().map(String::as_str) {
        Some("build") => folder::make(&tree, folder::Kind::Build).map(drop),
        Some("dist") => folder::make(&tree, folder::Kind::Dist).map(drop),
        Some("help" | "--help" | "-h") | None => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => Err(format!("there is no command '{other}'; `cargo xtask help` lists them.")),
    }
}
