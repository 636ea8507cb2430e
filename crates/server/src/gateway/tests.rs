//! What the sockets do as time passes, on a clock that goes on when nobody has anything left to do.

use super::{
    Gateway, Grant, Role, WIDGET_TOKEN_SECONDS, desk, letters::MAX_WAITING, routes, seats::MAX_OF_GRANT,
    settings::GatewaySettings,
};
use crate::{
    Options, Settings,
    answering::Answering,
    core::{Config, Exchange},
    http::Site,
    switchboard::Switchboard,
};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{collections::HashSet, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::DuplexStream,
    sync::mpsc,
    time::{Instant, advance, sleep, timeout},
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// What is on its way between the two ends of a socket.
const ON_THE_WAY: usize = 4 * 1024;

/// Sockets in memory, in the place of a port.
struct Door(mpsc::UnboundedReceiver<DuplexStream>);

impl axum::serve::Listener for Door {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(end) => (end, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The gateways of one process without Redis.
struct Served {
    site: Arc<Site>,
    door: mpsc::UnboundedSender<DuplexStream>,
}

impl Served {
    fn start() -> Served {
        let settings = Settings::demo(|| "password".to_owned());
        let config = Config {
            domain: settings.domain.clone(),
            aliases: Vec::new(),
            users: settings.users.clone(),
            other_numbers: None,
        };
        let answering = Answering::new(config.domain.clone(), [1; 32]);
        let switchboard = Switchboard::start(Exchange::new(config, [2; 32]), answering);
        let nowhere = PathBuf::from("nowhere");
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = Options { listen, www: nowhere.clone(), demo: nowhere, settings };
        let gateway = Gateway::new(GatewaySettings::default()).expect("no address of Redis to be wrong");
        let site = Arc::new(Site { options, switchboard, gateway: Some(gateway) });
        let (door, ends) = mpsc::unbounded_channel();
        let app = routes().with_state(site.clone());
        tokio::spawn(async move { axum::serve(Door(ends), app).await });
        Served { site, door }
    }

    fn gateway(&self) -> &Gateway {
        self.site.gateway.as_ref().expect("there are gateways")
    }

    async fn give_token(&self, token: &str, role: Role, seconds: u64) {
        let grant = Grant { role, extension: "200".to_owned() };
        self.gateway().shared.keep_token(token, &grant, seconds).await.expect("memory takes it");
    }

    async fn open(&self, token: &str) -> WebSocketStream<DuplexStream> {
        let (here, there) = tokio::io::duplex(ON_THE_WAY);
        self.door.send(there).expect("the server runs");
        let address = format!("ws://gateway.example/v1/socket?token={token}");
        client_async(address, here).await.expect("the socket opens").0
    }

    /// How many clients of 200 hear what its phone says.
    async fn hearing(&self) -> usize {
        self.gateway().shared.publish(&desk::event_channel("200"), "{}").await.expect("memory takes it")
    }
}

#[tokio::test(start_paused = true)]
async fn socket_whose_token_runs_out_is_closed_for_good_at_the_next_look_and_is_asked_for_life_before() {
    let served = Served::start();
    served.give_token("ends", Role::Client, 60).await;
    let mut socket = served.open("ends").await;
    let begin = Instant::now();
    let mut asked = Vec::new();
    let frame = loop {
        match socket.next().await {
            Some(Ok(Message::Ping(_))) => asked.push(begin.elapsed().as_secs()),
            Some(Ok(Message::Close(frame))) => break frame,
            other => panic!("{other:?} after {:?}", begin.elapsed()),
        }
    };
    assert_eq!((asked, begin.elapsed().as_secs()), (vec![25, 50], 75));
    assert_eq!(frame.map(|frame| u16::from(frame.code)), Some(1008));
}

#[tokio::test(start_paused = true)]
async fn token_of_a_phone_is_good_while_its_socket_is_open_and_for_a_day_without() {
    let served = Served::start();
    served.give_token("used", Role::Widget, 60).await;
    served.give_token("idle", Role::Widget, 60).await;
    let mut socket = served.open("used").await;
    let grant = Grant { role: Role::Widget, extension: "200".to_owned() };
    let is_known = async |token: &str| served.gateway().bearer(token).await == Ok(Some(grant.clone()));
    for seconds in [25, 50, 75] {
        let asked = socket.next().await;
        assert!(matches!(asked, Some(Ok(Message::Ping(_)))), "{asked:?} after {seconds} s");
        assert_eq!([is_known("used").await, is_known("idle").await], [true, seconds < 60], "{seconds} s");
    }
    drop(socket);
    advance(Duration::from_secs(WIDGET_TOKEN_SECONDS - 1)).await;
    assert!(is_known("used").await);
    advance(Duration::from_secs(2)).await;
    assert!(!is_known("used").await);
}

#[tokio::test(start_paused = true)]
async fn side_that_answers_nothing_for_fifty_seconds_is_gone_and_not_before() {
    let served = Served::start();
    served.give_token("silent", Role::Client, 600).await;
    let _open = served.open("silent").await;
    // Whatever the opening took is no time on this clock.
    sleep(Duration::from_millis(49_999)).await;
    assert_eq!(served.hearing().await, 1);
    sleep(Duration::from_millis(2)).await;
    assert_eq!(served.hearing().await, 0);
}

#[tokio::test(start_paused = true)]
async fn client_that_sends_a_thousand_commands_costs_a_busy_phone_neither_its_socket_nor_a_command() {
    const COMMANDS: u32 = 1_000;
    let served = Served::start();
    served.give_token("phone", Role::Widget, 600).await;
    served.give_token("client", Role::Client, 600).await;
    let mut phone = served.open("phone").await;
    let (mut sender, _receiver) = served.open("client").await.split();
    let begin = Instant::now();
    let sending = tokio::spawn(async move {
        for number in 0..COMMANDS {
            let command = format!("{{\"type\":\"dtmf\",\"data\":{{\"digits\":\"{number}\"}}}}");
            sender.send(Message::text(command)).await.expect("the socket is open");
        }
    });
    // The page of the phone does something else.
    sleep(Duration::from_secs(1)).await;
    for number in 0..COMMANDS {
        let heard = phone.next().await;
        let Some(Ok(Message::Text(text))) = &heard else { panic!("{heard:?} in the place of {number}") };
        assert!(text.ends_with(&format!("\"{number}\"}}}}")), "{text} in the place of {number}");
    }
    // 200 at once, then 50 a second.
    let taken = begin.elapsed().as_millis();
    assert!((16_000..16_100).contains(&taken), "{taken} ms");
    sending.await.expect("all are sent");
}

#[tokio::test(start_paused = true)]
async fn clients_that_together_send_more_than_a_phone_takes_are_told_so_and_the_phone_keeps_its_socket() {
    /// All but one that comes later.
    const CLIENTS: usize = MAX_OF_GRANT - 1;
    const COMMANDS: usize = 100;
    let served = Served::start();
    served.give_token("phone", Role::Widget, 600).await;
    served.give_token("client", Role::Client, 600).await;
    let mut phone = served.open("phone").await;
    let mut clients = Vec::new();
    for name in 0..CLIENTS {
        let (mut sender, receiver) = served.open("client").await.split();
        clients.push(receiver);
        tokio::spawn(async move {
            for number in 0..COMMANDS {
                let command = format!("{{\"type\":\"mute\",\"id\":\"{name}-{number}\"}}");
                sender.send(Message::text(command)).await.expect("the socket is open");
            }
            // An end of the sender would be the end of the socket.
            std::future::pending::<()>().await;
        });
    }
    // The page of the phone does something else for as long as its socket waits for it.
    sleep(Duration::from_secs(5)).await;

    let mut refused = HashSet::new();
    for (name, client) in clients.iter_mut().enumerate() {
        // The answers have come by now: what more there is would take time.
        while let Ok(heard) = timeout(Duration::from_millis(1), client.next()).await {
            let Some(Ok(Message::Text(text))) = &heard else { panic!("client {name}: {heard:?}") };
            let Ok(answer) = serde_json::from_str::<Value>(text) else { panic!("{text}") };
            assert_eq!((&answer["ok"], &answer["error"]["code"]), (&json!(false), &json!("rate_limited")));
            refused.insert(answer["id"].as_str().expect("the id of the command").to_owned());
        }
    }
    let mut taken = HashSet::new();
    while let Ok(heard) = timeout(Duration::from_millis(1), phone.next()).await {
        let Some(Ok(Message::Text(text))) = &heard else { panic!("the phone: {heard:?}") };
        let (_, command) = text.split_once('\n').expect("a line with the client");
        let command: Value = serde_json::from_str(command).expect("the command as it was");
        taken.insert(command["id"].as_str().expect("its id").to_owned());
    }
    assert!(taken.is_disjoint(&refused));
    assert_eq!(taken.len() + refused.len(), CLIENTS * COMMANDS, "each is taken or refused");
    // What waits, and what was on its way in the socket itself; the name of the client alone has 32 octets.
    let most = MAX_WAITING + ON_THE_WAY / 32;
    assert!((MAX_WAITING..most).contains(&taken.len()), "{}", taken.len());

    let mut late = served.open("client").await;
    late.send(Message::text(r#"{"type":"mute","id":"late"}"#)).await.expect("the socket is open");
    let heard = phone.next().await;
    assert!(matches!(&heard, Some(Ok(Message::Text(text))) if text.ends_with("\"late\"}")), "{heard:?}");
}
