//! One call's media task: the UDP socket and the clock around a [`Line`].
//!
//! It never decides about the call; it reports and obeys.

use super::line::{Happening, Line, Sound, Wish};
use serde_json::Value;
use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::{
    net::UdpSocket,
    sync::{mpsc, watch},
};

/// Orders waiting: a call has one or two at a time.
const MAX_ORDERS: usize = 16;

/// A UDP datagram cannot be longer.
const MAX_DATAGRAM: usize = 65_536;

/// How often the figures of `/demo/state` are brought up to date.
const FIGURES: Duration = Duration::from_millis(100);

/// What a call wants of its media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Answer this offer.
    Answer(Sound, Vec<u8>),
    /// Make an offer.
    Offer(Sound),
    /// The answer to our offer.
    Accept(Vec<u8>),
    /// Answer a new offer inside the call.
    Renew(Vec<u8>),
    /// The call is over.
    Close,
}

/// What media say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The description that was ordered, or why there is none.
    Description(Result<String, String>),
    /// The answer to a new offer, or why there is none.
    Renewed(Result<String, String>),
    /// Something happened on the line.
    Happened(Happening),
}

/// The way to a media task, which ends when this is dropped.
pub(crate) struct Media {
    orders: mpsc::Sender<Order>,
    heard: watch::Receiver<Value>,
}

impl Media {
    /// Starts a task that says what happens through `report`.
    pub(crate) fn start<F, R>(report: F) -> Media
    where
        F: Fn(Report) -> R + Send + Sync + Clone + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let (orders, incoming) = mpsc::channel(MAX_ORDERS);
        let (figures, heard) = watch::channel(Value::Null);
        tokio::spawn(async move {
            let task = tokio::spawn(run(incoming, figures, report.clone()));
            // What a peer sends reaches parsers that are not ours: a panic there ends this call only.
            if task.await.is_err() {
                eprintln!("a media task panicked; its call ends");
                report(Report::Description(Err("the description could not be used".to_owned()))).await;
                report(Report::Happened(Happening::Closed)).await;
            }
        });
        Media { orders, heard }
    }

    /// Gives an order. A task that is that far behind is stuck, and its call will end by itself.
    pub(crate) fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            eprintln!("a media task takes no orders any more");
        }
    }

    /// Figures of what is heard.
    pub(crate) fn heard(&self) -> Value {
        self.heard.borrow().clone()
    }
}

async fn run<F, R>(mut orders: mpsc::Receiver<Order>, figures: watch::Sender<Value>, report: F)
where
    F: Fn(Report) -> R,
    R: Future<Output = ()>,
{
    let Some(first) = orders.recv().await else { return };
    let opened = match bound().await {
        Ok((socket, local)) => opened(first, local).map(|opened| (socket, opened)),
        Err(error) => Err(format!("no socket for media: {error}")),
    };
    match opened {
        Ok((socket, (line, description))) => {
            report(Report::Description(Ok(description))).await;
            let mut task = Task { line, socket, report, figures, shown: Instant::now() };
            task.serve(orders).await;
        }
        Err(reason) => report(Report::Description(Err(reason))).await,
    }
}

fn opened(order: Order, local: SocketAddr) -> Result<(Line, String), String> {
    let now = Instant::now();
    match order {
        Order::Answer(sound, offer) => Line::answering(now, local, sound, &offer),
        Order::Offer(sound) => Line::offering(now, local, sound),
        Order::Accept(_) | Order::Renew(_) | Order::Close => Err("there is no line yet".to_owned()),
    }
}

/// A socket on the address that this machine is reached by: a browser's own candidates are never on 127.0.0.1, and
/// Firefox sends nothing from its address to that one. Without any network, loopback.
async fn bound() -> std::io::Result<(UdpSocket, SocketAddr)> {
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    // Connecting a UDP socket sends nothing; it asks the system for the source address (192.0.2.1: RFC 5737).
    let own = match probe.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).await {
        Ok(()) => probe.local_addr()?.ip(),
        Err(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let socket = UdpSocket::bind((own, 0)).await?;
    let local = socket.local_addr()?;
    Ok((socket, local))
}

struct Task<F> {
    line: Line,
    socket: UdpSocket,
    report: F,
    figures: watch::Sender<Value>,
    shown: Instant,
}

impl<F, R> Task<F>
where
    F: Fn(Report) -> R,
    R: Future<Output = ()>,
{
    /// Runs until the call is over.
    async fn serve(&mut self, mut orders: mpsc::Receiver<Order>) {
        let mut datagram = vec![0; MAX_DATAGRAM];
        loop {
            let wake = self.poll().await;
            self.show();
            tokio::select! {
                order = orders.recv() => match order {
                    None | Some(Order::Close) => return,
                    Some(order) => self.order(order).await,
                },
                received = self.socket.recv_from(&mut datagram) => {
                    // An error here is ICMP's word about one destination; ICE finds out by itself.
                    if let Ok((length, source)) = received {
                        self.line.datagram(Instant::now(), source, datagram.get(..length).unwrap_or(&[]));
                    }
                }
                () = tokio::time::sleep_until(wake.into()) => self.line.timeout(Instant::now()),
            }
        }
    }

    async fn poll(&mut self) -> Instant {
        loop {
            match self.line.poll(Instant::now()) {
                Wish::Transmit(destination, octets) => {
                    // Lost like any datagram may be.
                    let _lost = self.socket.send_to(&octets, destination).await;
                }
                Wish::Tell(happening) => (self.report)(Report::Happened(happening)).await,
                Wish::Wait(at) => return at,
            }
        }
    }

    async fn order(&mut self, order: Order) {
        match order {
            Order::Accept(answer) => {
                if let Err(reason) = self.line.accept(&answer) {
                    eprintln!("media: an answer could not be used: {reason}");
                    (self.report)(Report::Happened(Happening::Closed)).await;
                }
            }
            Order::Renew(offer) => {
                let answer = self.line.renew(&offer);
                (self.report)(Report::Renewed(answer)).await;
            }
            Order::Answer(..) | Order::Offer(_) | Order::Close => {}
        }
        self.line.timeout(Instant::now());
    }

    fn show(&mut self) {
        if self.shown.elapsed() >= FIGURES {
            self.shown = Instant::now();
            self.figures.send_replace(self.line.heard().to_json());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than anything here takes; a test that meets it fails.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn started() -> (Media, mpsc::Receiver<Report>) {
        let (reports, incoming) = mpsc::channel(64);
        let media = Media::start(move |report| {
            let reports = reports.clone();
            async move { reports.send(report).await.expect("the test listens") }
        });
        (media, incoming)
    }

    async fn description(reports: &mut mpsc::Receiver<Report>) -> Result<String, String> {
        match tokio::time::timeout(PATIENCE, reports.recv()).await.expect("in time") {
            Some(Report::Description(description)) => description,
            other => panic!("{other:?}"),
        }
    }

    /// Both hear 440 Hz: one the tone, the other its echo.
    #[tokio::test]
    async fn two_tasks_hear_each_other_over_udp() {
        let (caller, mut of_caller) = started();
        let (callee, mut of_callee) = started();
        caller.order(Order::Offer(Sound::TONE));
        let offer = description(&mut of_caller).await.expect("an offer");
        callee.order(Order::Answer(Sound::Echo, offer.into_bytes()));
        let answer = description(&mut of_callee).await.expect("an answer");
        caller.order(Order::Accept(answer.into_bytes()));
        for media in [&caller, &callee] {
            let mut heard = media.heard.clone();
            let tone = heard.wait_for(|figures| figures["dominantHz"] == 440);
            tokio::time::timeout(PATIENCE, tone).await.expect("in time").expect("the task lives");
        }
        assert_eq!(of_caller.recv().await, Some(Report::Happened(Happening::Connected)));
        assert_eq!(of_callee.recv().await, Some(Report::Happened(Happening::Connected)));
    }

    #[tokio::test]
    async fn useless_offer_is_reported_not_answered() {
        let (media, mut reports) = started();
        media.order(Order::Answer(Sound::TONE, b"v=0\r\nm=audio 9 RTP/AVP 0\r\n".to_vec()));
        assert!(description(&mut reports).await.is_err());
    }
}
