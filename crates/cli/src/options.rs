//! OPTIONS to a server (RFC 3261 §11), without an account.

use crate::{
    Came, Trust,
    ladder::{Direction, rung, show},
    open, verdict,
};
use softframe_sip::{
    Config, Ids,
    wire::{Frame, Message, Method, NameAddr, RequestBuilder, Uri, Via},
};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::unbounded_channel;

/// To connect, and for the answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks the servers in their order, until one answers.
pub(crate) async fn ask(
    config: &Config,
    trust: &Trust,
    seed: [u8; 32],
    is_whole: bool,
) -> Result<String, String> {
    let mut ids = Ids::new(seed);
    let mut silent = Vec::new();
    for server in &config.servers {
        match ask_one(config, server, trust, &mut ids, is_whole).await {
            Ok(answer) => return Ok(format!("{server} {}", verdict::abilities(&answer))),
            Err(why) => silent.push(why),
        }
    }
    Err(silent.join("\n"))
}

async fn ask_one(
    config: &Config,
    server: &str,
    trust: &Trust,
    ids: &mut Ids,
    is_whole: bool,
) -> Result<Message, String> {
    let (comes, mut came) = unbounded_channel();
    let begin = Instant::now();
    let note = |direction, octets: &[u8]| {
        show(&rung(begin.elapsed().as_secs_f64(), direction, octets, is_whole));
    };
    // Nobody listens any more once the answer is there.
    let socket = open(server, trust, move |what| drop(comes.send(what)));
    let question = question(config, server, ids);
    while let Ok(Some(what)) =
        tokio::time::timeout(PATIENCE.saturating_sub(begin.elapsed()), came.recv()).await
    {
        match what {
            Came::Open => {
                note(Direction::Out, question.octets());
                // A socket that has just broken says so by itself.
                let _ = socket.send(question.octets().to_vec());
            }
            Came::Octets(octets) => {
                note(Direction::In, &octets);
                if let Frame::Message(message) = Frame::read(octets)
                    && message.status().is_some_and(|(code, _)| code >= 200)
                    && message.call_id() == question.call_id()
                {
                    return Ok(*message);
                }
            }
            Came::Gone(why) => return Err(why.unwrap_or_else(|| format!("{server} hung up."))),
        }
    }
    Err(format!("{server} took the connection and does not answer OPTIONS: is it a SIP server?"))
}

fn question(config: &Config, server: &str, ids: &mut Ids) -> Message {
    let transport = if server.starts_with("ws:") { "WS" } else { "WSS" };
    let host = format!("{}.invalid", ids.token());
    let via = Via::new(transport, &host, &format!("z9hG4bK{}", ids.token()));
    let from = NameAddr::new(Uri::sip(Some(&config.user), &config.domain)).with_tag(&ids.token());
    let to = Uri::sip(None, &config.domain);
    let call_id = ids.token();
    RequestBuilder::new(Method::Options, to.clone(), via, from, NameAddr::new(to), &call_id, 1)
        .header("Contact", &format!("<sip:{}@{host};transport=ws>", config.user))
        .header("Accept", "application/sdp")
        .header("User-Agent", &config.user_agent)
        .build()
}
