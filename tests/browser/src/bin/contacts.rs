//! `cargo xtask bench contacts`: what a contact book costs, ours beside three libraries and a linear scan, in one
//! Chromium, in turns; and how far the aims are. Figures of one run are compared with each other only.
//!
//! Where a figure is the least of several rounds, it is so for all: what other work of the machine adds, it adds to all.

use serde_json::{Value, json};
use softframe_browser_tests::{Browser, Setup};
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpListener,
    time::Duration,
};

#[path = "contacts/aims.rs"]
mod aims;
#[path = "contacts/table.rs"]
mod table;

/// Who is measured beside ours and the scan, one after the other.
const RIVALS: [&str; 3] = ["MiniSearch", "FlexSearch", "elasticlunr"];

/// More contacts than this only ours and the scan index.
const MOST_OF_RIVALS: usize = 250_000;

/// Rounds of building; who takes longer than [`SLOW_MS`] is built once.
const ROUNDS: usize = 3;
const SLOW_MS: f64 = 8_000.0;

/// Rounds of pushes of a hundred, which are quick enough for more, and of steps.
const ROUNDS_OF_PUSHES: usize = 6;
const ROUNDS_OF_STEPS: usize = 4;

/// Rounds of both of more contacts than [`MOST_OF_RIVALS`], each of which takes many seconds.
const ROUNDS_OF_MANY: usize = 2;

/// Of so many contacts every fourth question of a kind is asked of the scan, to which all questions are alike: it takes
/// longer for each of them than ours for all.
const SHARE_OF_MANY: usize = 4;

/// A longer script is not going to end.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Callers of each written form.
const CALLERS: usize = 2_000;

/// What one library costs at one size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// CPU of the page's thread to index all, the least of the rounds, in milliseconds.
    pub(crate) cpu: f64,
    /// The longest task of the best round, in milliseconds, and how many took more than 50.
    pub(crate) longest: f64,
    pub(crate) long: f64,
    /// Megabytes held after indexing: JavaScript's and, for ours, the module's.
    pub(crate) memory: f64,
    /// By kind of query: median and worst milliseconds, recall and precision.
    pub(crate) queries: Vec<(String, [f64; 4])>,
    /// If it did not end: why.
    pub(crate) cut: Option<String>,
}

/// All at one size, by name.
pub(crate) type Stage = BTreeMap<String, Figures>;

/// What only ours is asked.
#[derive(Debug, Default)]
pub(crate) struct Own {
    /// By home country and size: form, median µs, worst µs, share right, wrong hits, how many.
    pub(crate) callers: Vec<(String, usize, Vec<Value>)>,
    /// By size and units: steps, median, 99.9th of a hundred, longest, in milliseconds.
    pub(crate) steps: Vec<(usize, u32, [f64; 4])>,
    /// By size: µs of CPU for each contact where each hundred is a push of its own.
    pub(crate) pushes: Vec<(usize, f64)>,
    /// What is asked of a book of few names, by size.
    pub(crate) few: Vec<(usize, Figures)>,
    /// Cards, cards read, megabytes, seconds.
    pub(crate) cards: [f64; 4],
}

#[tokio::main]
async fn main() {
    let script = variable("SOFTFRAME_CONTACTS");
    let script = std::fs::read_to_string(script).expect("the script") + "; self.contacts = contacts";
    let limit = variable("SOFTFRAME_SECONDS").parse().unwrap_or(120.0) * 1000.0;
    let has_rivals = variable("SOFTFRAME_ONLY") != "ours";
    let mut bench = Bench { browser: start().await, address: serve(), script, limit, has_rivals };
    let mut own = Own::default();
    let mut stages = Vec::new();
    let sizes = variable("SOFTFRAME_SIZES");
    for size in sizes.split(',').filter_map(|size| size.trim().parse().ok()) {
        let stage = bench.stage(size).await;
        table::print(size, &stage);
        bench.own(size, &mut own).await;
        stages.push((size, stage));
    }
    table::print_own(&own);
    aims::print(&stages, &own);
    table::print_markdown(&stages);
}

fn variable(name: &str) -> String {
    std::env::var(name).expect("cargo xtask bench contacts says it")
}

async fn start() -> Browser {
    let browser = Browser::start(Setup::NoMicrophone).await;
    browser.allow_scripts(PATIENCE).await;
    browser
}

/// An empty page that is isolated from all others: its clock is twenty times as fine.
fn serve() -> String {
    const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\
         Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Embedder-Policy: require-corp\r\n\r\n<!doctype html>";
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/", listener.local_addr().expect("its number"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(PAGE.as_bytes());
        }
    });
    address
}

struct Bench {
    browser: Browser,
    address: String,
    script: String,
    limit: f64,
    has_rivals: bool,
}

impl Bench {
    /// A fresh document with the book of this size, of names as in life or of few.
    async fn open(&self, size: usize, is_of_few: bool) {
        self.browser.visit(&self.address).await;
        self.browser.cdp("Performance.enable", json!({})).await;
        self.run(&self.script, Vec::new()).await.expect("the script loads");
        let script = "return contacts.begin(arguments[0], arguments[1])";
        self.run(script, vec![json!(size), json!(is_of_few)]).await.expect("a book");
    }

    async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value, String> {
        self.browser.attempt(script, arguments).await
    }

    /// Each rival in a document of its own, beside ours and the scan; of these the least of all counts.
    async fn stage(&mut self, size: usize) -> Stage {
        let rivals: &[&str] = if size > MOST_OF_RIVALS || !self.has_rivals { &[] } else { &RIVALS };
        let mut stage = Stage::new();
        for rival in rivals.iter().map(Some).chain(rivals.is_empty().then_some(None)) {
            let names: Vec<&str> = ["ours", "scan"].into_iter().chain(rival.copied()).collect();
            self.open(size, false).await;
            let mut part = Stage::new();
            let mut end = self.build(&names, &mut part).await;
            if end.is_ok() {
                let share = if size > MOST_OF_RIVALS { SHARE_OF_MANY } else { 1 };
                end = self.ask(&names, &mut part, share).await;
            }
            if let Err(why) = end {
                // Only a rival has ever taken the page with it.
                self.browser = start().await;
                if let Some(figures) = rival.and_then(|rival| part.get_mut(*rival)) {
                    figures.cut.get_or_insert(first_line(&why));
                }
            }
            for (name, figures) in part {
                let known = stage.entry(name).or_insert_with(|| figures.clone());
                known.keep_least(&figures);
            }
        }
        stage
    }

    async fn build(&self, names: &[&str], stage: &mut Stage) -> Result<(), String> {
        for round in 0..ROUNDS {
            for name in names {
                let known = stage.get(*name);
                let is_slow = known.is_some_and(|known| known.cut.is_some() || known.cpu > SLOW_MS);
                if is_slow {
                    continue;
                }
                eprint!("\r{:70}\r{name}, round {}", "", round + 1);
                let built = self.build_one(name).await;
                let end = built.as_ref().map(drop).map_err(String::clone);
                let figures =
                    built.unwrap_or_else(|why| Figures { cut: Some(first_line(&why)), ..Figures::default() });
                let known = stage.entry((*name).to_owned()).or_insert_with(|| figures.clone());
                known.keep_least(&figures);
                end?;
            }
        }
        Ok(())
    }

    async fn build_one(&self, name: &str) -> Result<Figures, String> {
        let _ = self.run("contacts.drop(arguments[0])", vec![json!(name)]).await;
        let before = self.heap().await;
        let start = self.worked().await;
        let idle = self.worked().await - start;
        let start = self.worked().await;
        let script = "return contacts.build(arguments[0], arguments[1])";
        let built = self.run(script, vec![json!(name), json!(self.limit)]).await?;
        let cpu = self.worked().await - start - idle;
        let number = |key: &str| built[key].as_f64().unwrap_or_default();
        let cut = (built["done"] != true)
            .then(|| format!("cut after {:.0} s at {}", number("took") / 1000.0, number("count")));
        let mut memory = self.heap().await - before;
        if name == "ours" {
            let held = self.run("return contacts.held()", Vec::new()).await;
            memory = memory.max(0.0) + held.ok().and_then(|held| held.as_f64()).unwrap_or(f64::NAN);
        }
        let (longest, long) = (number("longest"), number("long"));
        Ok(Figures { cpu, longest, long, memory: memory / 1e6, queries: Vec::new(), cut })
    }

    /// CPU time of the page's thread so far, in milliseconds.
    async fn worked(&self) -> f64 {
        let metrics = self.browser.cdp("Performance.getMetrics", json!({})).await;
        let mut all = metrics["metrics"].as_array().into_iter().flatten();
        let found = all.find(|metric| metric["name"] == "ThreadTime");
        found.and_then(|metric| metric["value"].as_f64()).expect("the browser tells the time of a thread")
            * 1e3
    }

    /// Octets of JavaScript's heap, and of buffers, after it was tidied. The module's memory is counted apart.
    async fn heap(&self) -> f64 {
        for _ in 0..2 {
            self.browser.cdp("HeapProfiler.collectGarbage", json!({})).await;
        }
        self.browser.cdp("Runtime.getHeapUsage", json!({})).await["usedSize"].as_f64().unwrap_or(f64::NAN)
    }

    /// Asks those that were built; all but the first of them one question of so many as `share` says.
    async fn ask(&self, names: &[&str], stage: &mut Stage, share: usize) -> Result<(), String> {
        let names: Vec<&&str> = names.iter().filter(|name| stage[**name].cut.is_none()).collect();
        let kinds = self.run("return contacts.prepare()", Vec::new()).await?;
        for kind in kinds.as_array().into_iter().flatten().filter_map(Value::as_str) {
            eprint!("\r{:70}\rasking for {kind}", "");
            let script = "return contacts.ask(arguments[0], arguments[1], arguments[2])";
            let answers = self.run(script, vec![json!(kind), json!(names), json!(share)]).await?;
            for (name, answer) in names.iter().zip(answers.as_array().into_iter().flatten()) {
                let four = std::array::from_fn(|at| answer[at].as_f64().unwrap_or(f64::NAN));
                if let Some(figures) = stage.get_mut(**name) {
                    figures.queries.push((kind.to_owned(), four));
                }
            }
        }
        eprint!("\r{:70}\r", "");
        Ok(())
    }

    /// What only ours does.
    async fn own(&self, size: usize, own: &mut Own) {
        self.open(size, true).await;
        let mut few = Stage::new();
        let asked = async {
            self.build(&["ours"], &mut few).await?;
            self.ask(&["ours"], &mut few, 1).await
        };
        asked.await.expect("ours has an answer");
        own.few.extend(few.remove("ours").map(|figures| (size, figures)));
        self.open(size, false).await;
        let rounds = |few: usize| if size > MOST_OF_RIVALS { ROUNDS_OF_MANY } else { few };
        for units in [1, 10] {
            let script = "return contacts.steps(arguments[0], arguments[1])";
            let found = self.run(script, vec![json!(units), json!(rounds(ROUNDS_OF_STEPS))]).await;
            let found = found.expect("steps");
            own.steps.push((size, units, std::array::from_fn(|at| found[at].as_f64().unwrap_or(f64::NAN))));
        }
        let mut least = f64::MAX;
        for _ in 0..rounds(ROUNDS_OF_PUSHES) {
            let start = self.worked().await;
            self.run("contacts.pushes(100)", Vec::new()).await.expect("pushes");
            least = least.min(self.worked().await - start);
        }
        own.pushes.push((size, least * 1e3 / size as f64));
        if size >= MOST_OF_RIVALS {
            for country in ["DE", ""] {
                let script = "return contacts.lookUp(arguments[0], arguments[1])";
                let found = self.run(script, vec![json!(country), json!(CALLERS)]).await.expect("callers");
                own.callers.push((country.to_owned(), size, found.as_array().cloned().unwrap_or_default()));
            }
        }
        let cards = self.run("return contacts.cards()", Vec::new()).await.expect("cards");
        own.cards = std::array::from_fn(|at| cards[at].as_f64().unwrap_or(f64::NAN));
    }
}

impl Figures {
    fn keep_least(&mut self, other: &Figures) {
        self.cpu = self.cpu.min(other.cpu);
        self.longest = self.longest.min(other.longest);
        self.long = self.long.min(other.long);
        self.memory = self.memory.min(other.memory);
        if self.queries.is_empty() {
            self.queries = other.queries.clone();
        }
        for ((_, own), (_, other)) in self.queries.iter_mut().zip(&other.queries) {
            own[0] = own[0].min(other[0]);
            own[1] = own[1].min(other[1]);
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(40).collect()
}
