//! The command line of the development server.
//!
//! It reads arguments and prints addresses; the rest is the library's.

use softframe_server::{Options, Settings, fresh_password, gateway::settings::EnigmaVersion, numbers, start};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

const USAGE: &str = "usage: softframe-server [--listen 127.0.0.1:8200] [--www target/dist] [--demo demo] [--config FILE]
                        [--redis redis://127.0.0.1:6379/0] [--enigma v3]

  --listen  where to listen; port 0 takes a free one. Anything but loopback is open to the network.
  --www     the widget's folder, as `cargo xtask dist` makes it
  --demo    the demo's folder
  --config  JSON: {\"domain\": \"…\", \"users\": {\"200\": \"password\"}, \"widget\": {keys for every config.json},
             \"gateway\": {see README, \"Gateways\"}}
  --redis   turns the gateways on; what they share is kept there, and calls are told on its lists
  --enigma  turns the gateways on; the form of these messages: v2 or v3";

const WARNING: &str = "softframe-server is a development server: plain HTTP, users in memory, numbers that answer by themselves.
In production serve the widget's folder from any web server and let Kamailio, Asterisk or FreeSWITCH do SIP over wss:.";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| matches!(argument.as_str(), "--help" | "-h")) {
        println!("{USAGE}");
        return Ok(());
    }
    let options = read(&arguments)?;
    let wanted = options.listen;
    if !options.www.join("index.html").is_file() {
        eprintln!("There is no widget in {}: `cargo xtask dist` builds it.", options.www.display());
    }
    let address = start(options).await.map_err(|error| format!("Cannot listen on {wanted}: {error}"))?;
    announce(address);
    tokio::signal::ctrl_c().await.map_err(|error| format!("No signals here: {error}"))
}

/// The first line is for programs: everything after `listening ` is the base address.
fn announce(address: SocketAddr) {
    println!("listening http://{address}");
    println!("demo      http://{address}/demo/");
    println!("widget    http://localhost:{}/200/", address.port());
    let numbers: Vec<String> = numbers().map(|(number, words)| format!("{number} {words}")).collect();
    println!("numbers   {}; longer ones as 601", numbers.join(", "));
    println!("{WARNING}");
    if !address.ip().is_loopback() {
        println!("It listens beyond this machine: everybody who reaches it can read the accounts.");
    }
}

fn read(arguments: &[String]) -> Result<Options, String> {
    let mut fresh_failed = None;
    let mut fresh = || {
        fresh_password().unwrap_or_else(|error| {
            fresh_failed = Some(format!("No random numbers here: {error}"));
            String::new()
        })
    };
    let mut options = Options {
        listen: SocketAddr::from(([127, 0, 0, 1], 8200)),
        www: PathBuf::from("target/dist"),
        demo: PathBuf::from("demo"),
        settings: Settings::demo(&mut fresh),
    };
    let (mut redis, mut enigma) = (None, None);
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let known =
            ["--listen", "--www", "--demo", "--config", "--redis", "--enigma"].contains(&name.as_str());
        let value =
            known.then(|| rest.next()).flatten().ok_or_else(|| format!("What is {name}?\n{USAGE}"))?;
        match name.as_str() {
            "--listen" => {
                options.listen =
                    value.parse().map_err(|_| format!("{value} is no address with a port.\n{USAGE}"))?;
            }
            "--www" => options.www = PathBuf::from(value),
            "--demo" => options.demo = PathBuf::from(value),
            "--redis" => redis = Some(value.clone()),
            "--enigma" => {
                let version = EnigmaVersion::named(value);
                enigma = Some(version.ok_or_else(|| format!("{value} is not v2 or v3.\n{USAGE}"))?);
            }
            _ => {
                let text = std::fs::read_to_string(value).map_err(|error| format!("{value}: {error}"))?;
                options.settings = Settings::from_json(&text, &mut fresh)
                    .map_err(|sentence| format!("{value}: {sentence}"))?;
            }
        }
    }
    if redis.is_some() || enigma.is_some() {
        let gateway = options.settings.gateway.get_or_insert_default();
        gateway.redis = redis.or(gateway.redis.take());
        gateway.enigma.version = enigma.unwrap_or(gateway.enigma.version);
    }
    match fresh_failed {
        Some(sentence) => Err(sentence),
        None => Ok(options),
    }
}
