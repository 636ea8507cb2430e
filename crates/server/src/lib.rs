//! Serves the widget and the demo; registrar and proxy for SIP over WebSocket; numbers that answer by themselves.
//! For development and tests.
//!
//! Only `http`, `socket`, `switchboard`, `gateway` and `answering::media` do I/O; what SIP means is decided in [`core`].

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable
    )
)]

pub mod answering;
pub mod core;
mod demo;
mod files;
pub mod gateway;
mod http;
mod policy;
mod settings;
mod socket;
mod switchboard;
mod trace;

pub use settings::{Options, Settings};

use answering::{Answering, OTHER_NUMBERS};
use core::{Config, Exchange};
use http::Site;
use std::{net::SocketAddr, sync::Arc};
use switchboard::Switchboard;

/// Starts the server in the current tokio runtime and says where it listens. It runs as long as the runtime does.
pub async fn start(options: Options) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let aliases =
        ["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned(), address.ip().to_string()];
    let config = Config {
        domain: options.settings.domain.clone(),
        aliases: aliases.to_vec(),
        users: options.settings.users.clone(),
        other_numbers: Some(OTHER_NUMBERS.to_owned()),
    };
    let answering = Answering::new(config.domain.clone(), seed()?);
    let switchboard = Switchboard::start(Exchange::new(config, seed()?), answering);
    tokio::task::spawn_blocking(answering::warm_up);
    let gateway = options.settings.gateway.clone().map(gateway::Gateway::new).transpose();
    let gateway = gateway.map_err(std::io::Error::other)?;
    let router = http::router(Arc::new(Site { options, switchboard, gateway }));
    tokio::spawn(async move {
        if let Err(error) =
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
        {
            eprintln!("the HTTP server has ended: {error}");
        }
    });
    Ok(address)
}

/// The numbers that answer by themselves, each with what it does in a few words.
pub fn numbers() -> impl Iterator<Item = (&'static str, &'static str)> {
    answering::NUMBERS.into_iter().map(|(number, _, words)| (number, words))
}

/// A password that nobody guesses: 128 bits in hexadecimal.
pub fn fresh_password() -> std::io::Result<String> {
    Ok(seed()?.iter().take(16).map(|octet| format!("{octet:02x}")).collect())
}

fn seed() -> std::io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(seed)
}
