//! `softframe-cli`: arguments in, a ladder and a verdict out.

use softframe_cli::{Arguments, USAGE, run};
use std::process::ExitCode;

/// The verdict is that it does not work.
const FAILED: u8 = 1;
/// What was typed is not understood.
const MISUSED: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() || words.iter().any(|word| matches!(word.as_str(), "--help" | "-h" | "help")) {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let arguments = match Arguments::read(&words, |name| std::env::var(name).ok()) {
        Ok(arguments) => arguments,
        Err(sentence) => {
            eprintln!("{sentence}\n\n{USAGE}");
            return ExitCode::from(MISUSED);
        }
    };
    match run(&arguments).await {
        Ok(verdict) => {
            println!("{verdict}");
            ExitCode::SUCCESS
        }
        Err(verdict) => {
            println!("{verdict}");
            ExitCode::from(FAILED)
        }
    }
}
