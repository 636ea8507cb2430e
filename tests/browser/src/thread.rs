//! How long the phone held its thread, by that thread's own time: what it worked, not how long others kept it waiting.
//! So a figure is the same on a busy machine.
//!
//! No page can read such a clock, but a trace of Chromium stamps every mark with it. Each reading of the page's clock
//! leaves a mark; the phone reads that clock before and after every step of long work.

use crate::{Browser, Page, http::request};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// Marks every reading of the clock with the number of its turn of the event loop.
const MARK: &str = r"
    if (self.marksClock) return;
    self.marksClock = true;
    const now = performance.now.bind(performance);
    let turn = 0, ends = false;
    performance.now = () => {
      if (!ends) { ends = true; queueMicrotask(() => { ends = false; turn++; }); }
      performance.mark(`clock ${turn}`);
      performance.clearMarks();
      return now();
    };";

/// A trace of the phone's page, from [`Page::trace`] on.
pub struct Trace {
    debugger: WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>,
}

/// The thread's time between one reading of the clock and the next in the same turn of the event loop, in milliseconds;
/// and whole tasks of that thread.
pub struct Stretches {
    steps: Vec<f64>,
    tasks: Vec<f64>,
}

impl Page {
    /// Starts to trace what the phone does on its thread.
    pub async fn trace(&self) -> Trace {
        self.phone(async |frame| frame.run(MARK, Vec::new()).await).await;
        let mut trace = Trace { debugger: debugger(&self.browser).await };
        let categories = json!({ "includedCategories": ["blink.user_timing", "toplevel"], "recordMode": "recordAsMuchAsPossible" });
        trace.send("Tracing.start", json!({ "traceConfig": categories })).await;
        trace.next(|event| event["id"] == 1).await;
        trace
    }
}

impl Trace {
    /// Ends it.
    pub async fn end(mut self) -> Stretches {
        self.send("Tracing.end", json!({})).await;
        let (mut marks, mut tasks) = (Vec::new(), Vec::new());
        self.next(|event| {
            for event in event["params"]["value"].as_array().into_iter().flatten() {
                marks.extend(Mark::read(event));
                tasks.extend(task(event));
            }
            event["method"] == "Tracing.tracingComplete"
        })
        .await;
        let thread = marks.first().map(|mark| mark.thread.clone());
        let mut own: Vec<_> = tasks.into_iter().filter(|(of, ..)| Some(of) == thread.as_ref()).collect();
        own.sort_by(|(_, one, _), (_, other, _)| one.total_cmp(other));
        let tasks = own.into_iter().map(|(.., took)| took).collect();
        marks.sort_by(|one, other| one.thread_us.total_cmp(&other.thread_us));
        let pairs = marks.windows(2).filter(|pair| pair[0].turn == pair[1].turn);
        let steps = pairs.map(|pair| (pair[1].thread_us - pair[0].thread_us) / 1000.0).collect();
        Stretches { steps, tasks }
    }

    async fn send(&mut self, method: &str, params: Value) {
        let text = json!({ "id": 1, "method": method, "params": params }).to_string();
        self.debugger.send(Message::text(text)).await.expect("the debugger listens");
    }

    /// Reads until this is the event.
    async fn next(&mut self, mut is_it: impl FnMut(&Value) -> bool) {
        while let Some(message) = self.debugger.next().await {
            let text = message.expect("the debugger speaks").into_text().expect("text");
            let event: Value = serde_json::from_str(&text).expect("JSON");
            assert!(event["error"].is_null(), "{event}");
            if is_it(&event) {
                return;
            }
        }
        panic!("the debugger left");
    }
}

/// The thread of a whole task, when that began, and the time of the thread that it took, in milliseconds.
fn task(event: &Value) -> Option<(Value, f64, f64)> {
    let is_task = event["ph"] == "X" && event["name"].as_str()?.ends_with("RunTask");
    is_task.then(|| Some((thread_of(event), event["ts"].as_f64()?, event["tdur"].as_f64()? / 1000.0)))?
}

fn thread_of(event: &Value) -> Value {
    json!([event["pid"], event["tid"]])
}

struct Mark {
    turn: String,
    thread: Value,
    thread_us: f64,
}

impl Mark {
    fn read(event: &Value) -> Option<Mark> {
        let turn = event["name"].as_str()?.strip_prefix("clock ")?.to_owned();
        Some(Mark { turn, thread: thread_of(event), thread_us: event["tts"].as_f64()? })
    }
}

impl Stretches {
    /// The longest whole task.
    pub fn longest_task(&self) -> f64 {
        self.tasks.iter().copied().fold(0.0, f64::max)
    }

    /// How many whole tasks took longer than this.
    pub fn tasks_over(&self, limit_ms: f64) -> usize {
        self.tasks.iter().filter(|one| **one > limit_ms).count()
    }

    /// The longest task after the longest of all: what follows a message that had to be deserialised.
    pub fn longest_after_the_longest(&self) -> f64 {
        let longest = self.longest_task();
        let after = self.tasks.iter().skip_while(|one| **one < longest).skip(1);
        after.copied().fold(0.0, f64::max)
    }

    /// The longest.
    pub fn longest(&self) -> f64 {
        self.steps.iter().copied().fold(0.0, f64::max)
    }

    /// How many took longer than this.
    pub fn over(&self, limit_ms: f64) -> usize {
        self.steps.iter().filter(|one| **one > limit_ms).count()
    }

    /// `≤0.5: n  ≤1: n …`, the last class open.
    pub fn histogram(&self) -> String {
        const CLASSES_MS: [f64; 7] = [0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 8.0];
        let from = CLASSES_MS.iter().map(|limit| self.over(*limit)).chain([0]).collect::<Vec<_>>();
        let names = CLASSES_MS[1..].iter().map(|limit| format!("≤{limit}")).chain([">8".to_owned()]);
        let classes = names.zip(from.windows(2)).map(|(name, pair)| format!("{name}: {}", pair[0] - pair[1]));
        classes.collect::<Vec<_>>().join("  ")
    }
}

/// The browser's own debugging socket: the driver passes commands on, but no events.
async fn debugger(browser: &Browser) -> WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>> {
    let (_, _, body) =
        request(browser.debugger_port(), "GET", "/json/version", None).expect("the debugger answers");
    let version: Value = serde_json::from_str(&body).expect("JSON");
    let address = version["webSocketDebuggerUrl"].as_str().expect("an address");
    let large = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
    connect_async_with_config(address, Some(large), false).await.expect("the debugger takes us").0
}
