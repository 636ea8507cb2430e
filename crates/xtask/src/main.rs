//! Everything a person types: `cargo xtask COMMAND`, as [`HELP`] lists them.
//!
//! It installs nothing but what a command needs, and never writes outside of the target folder.

mod axe;
mod bench;
mod child;
mod chromium;
mod compiler;
mod demo;
mod disk;
mod firefox;
mod folder;
mod fuzz;
mod headers;
mod languages;
mod licences;
mod names;
mod pictures;
#[path = "../../server/src/policy.rs"]
mod policy;
mod probe;
mod script;
mod server;
mod soak;
mod suites;
mod table;
mod telephony;
mod tidy;
mod tree;
mod typings;
mod weigh;
mod widget;

use std::process::ExitCode;

/// What goes wrong is a sentence for the person who typed the command.
type Outcome<T = ()> = Result<T, String>;

const HELP: &str = "\
cargo xtask COMMAND

  demo    build the widget and the server, start both, print two addresses
  build   the widget as static files, quickly compressed: target/www
  pictures  every screen with made-up people in every form, and a contact sheet of each form: target/pictures;
            the same as static files to click through: target/www-pictures
  dist    the widget as static files for any web server: target/dist
  test    formatting, lints, native tests, browser tests, real SIP servers
  schema  the JSON Schema and the typings of the host protocol, from its types: www/schema, www/softframe-messages.d.ts
  bench   bytes and times of the widget
  bench contacts  the contact index beside MiniSearch, FlexSearch, elasticlunr and a linear scan
  fuzz    coverage-guided inputs to every reader and state machine; `fuzz TARGET` for one of them
  soak    damaged input with fresh dice, all fuzz targets, pages with 2,000 calls, and one with a million contacts

  --port N        demo: the port to listen on (default 8088)
  --seconds N     soak: how long for each kind of input (default 60); fuzz: for each target (default 120);
                  bench contacts: for a rival to index (default 120)
  --sizes N,N     bench contacts: how many contacts (default 10000,100000,250000,1000000)
  --readme        pictures: put those of README into demo/pictures/, too
  --only NAME     test: only this suite; what follows `--` goes to its test programs;
                  bench contacts: `ours` measures ours and the scan, no library
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

/// What may stand behind a command.
const OPTIONS: [&str; 5] = ["--port", "--seconds", "--sizes", "--readme", "--only"];

fn run(arguments: &[String]) -> Outcome {
    if wants_help(arguments)? {
        print!("{HELP}");
        return Ok(());
    }
    let tree = tree::Tree::find()?;
    match arguments.first().map(String::as_str) {
        Some("demo") => {
            let port = value(arguments, "--port")
                .map(|port| port.parse().map_err(|_| format!("'{port}' is no port.")));
            demo::run(&tree, port.transpose()?)
        }
        Some("test") => {
            let filter =
                arguments.iter().skip_while(|word| *word != "--").skip(1).cloned().collect::<Vec<_>>();
            suites::run_all(&tree, value(arguments, "--only"), &filter)
        }
        Some("bench") if arguments.get(1).is_some_and(|word| word == "contacts") => {
            let [sizes, seconds, only] =
                ["--sizes", "--seconds", "--only"].map(|name| value(arguments, name));
            bench::contacts(&tree, sizes, seconds, only)
        }
        Some("bench") => bench::run_all(&tree),
        Some("fuzz") => {
            let target = arguments.get(1).map(String::as_str).filter(|word| !word.starts_with('-'));
            fuzz::run_all(&tree, target, value(arguments, "--seconds"))
        }
        Some("soak") => soak::run_all(&tree, value(arguments, "--seconds")),
        Some("schema") => {
            child::run(child::cargo(&tree).args(["run", "--quiet", "--package", "softframe-schema"]))
        }
        Some("build") => folder::make(&tree, folder::Kind::Build).map(drop),
        Some("pictures") => suites::pictures(&tree, arguments.iter().any(|word| word == "--readme")),
        Some("dist") => folder::make(&tree, folder::Kind::Dist).map(drop),
        other => Err(format!(
            "there is no command '{}'; `cargo xtask help` lists them.",
            other.unwrap_or_default()
        )),
    }
}

/// Whether a person asks what there is. A word that nobody knows starts nothing that takes an hour.
fn wants_help(arguments: &[String]) -> Outcome<bool> {
    let own = arguments.iter().take_while(|word| *word != "--");
    let options: Vec<&str> = own.map(String::as_str).filter(|word| word.starts_with('-')).collect();
    if arguments.first().is_none_or(|word| word == "help")
        || options.iter().any(|one| ["--help", "-h"].contains(one))
    {
        return Ok(true);
    }
    match options.iter().find(|one| !OPTIONS.contains(one)) {
        Some(unknown) => Err(format!("there is no option '{unknown}'; `cargo xtask help` lists them.")),
        None => Ok(false),
    }
}

/// What follows `name` on the command line.
fn value<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let place = arguments.iter().position(|word| word == name)?;
    arguments.get(place + 1).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_given_where_it_is_asked_for_and_an_unknown_option_starts_nothing() {
        for (line, expected) in [
            ("", Ok(true)),
            ("help", Ok(true)),
            ("test --help", Ok(true)),
            ("demo -h", Ok(true)),
            ("test --only live -- --nocapture", Ok(false)),
            ("bench contacts --sizes 10000,100000", Ok(false)),
            ("test --onyl live", Err(())),
        ] {
            let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(wants_help(&arguments).map_err(drop), expected, "{line}");
        }
    }
}
