//! How long the steps of long work took, judged fairly on a machine that has other work, too.
//!
//! It never trusts a clock alone: beside the steps, a loop in the same page and on the same thread does a fixed work of
//! one millisecond. What takes that loop longer than four was taken away by others, and takes as much from a step.

use crate::Page;
use serde_json::Value;

/// The loop: five turns at once, as long as a slice of steps, so that the system treats both alike. Timers of a hidden
/// page come once a second, so there a channel drives it.
const CONTROL: &str = r"
    const work = (rounds) => { let x = 1; for (let n = 0; n < rounds; n++) x = (x * 48271 + n) % 2147483647; return x; };
    const took = (rounds) => { const start = performance.now(); work(rounds); return performance.now() - start; };
    const middle = (times) => times.sort((a, b) => a - b)[times.length >> 1];
    work(1e6);
    let rounds = 1e5;
    rounds = Math.round(rounds / Math.max(.05, middle(Array.from({ length: 50 }, () => took(rounds)))));
    self.control = [];
    const turns = () => { for (let n = 0; n < 5; n++) control.push(took(rounds)); };
    if (!document.hidden) { setInterval(turns, 20); return; }
    const channel = new MessageChannel();
    let passed = 0;
    channel.port1.onmessage = () => { if (++passed % 4 === 0) turns(); channel.port2.postMessage(0); };
    channel.port2.postMessage(0);";

/// How many of them took at most so many milliseconds.
#[derive(Debug)]
struct Histogram(Vec<(f64, u64)>);

impl Histogram {
    /// `0.5:n 1:n … more:n`, as the phone writes it.
    fn read(text: &str) -> Histogram {
        let classes = text.split(' ').filter_map(|class| class.split_once(':'));
        Histogram(
            classes
                .map(|(limit, count)| (limit.parse().unwrap_or(f64::INFINITY), count.parse().unwrap_or(0)))
                .collect(),
        )
    }

    fn total(&self) -> u64 {
        self.over(0.0)
    }

    /// How many are in classes above this limit.
    fn over(&self, limit: f64) -> u64 {
        self.0.iter().filter(|(class, _)| *class > limit).map(|(_, count)| count).sum()
    }
}

impl Page {
    /// Starts the loop in the phone's page.
    pub async fn start_control(&self) {
        self.phone(async |frame| frame.run(CONTROL, Vec::new()).await).await;
    }

    /// Long work since the load went in steps of at most four milliseconds, but for what others took: no more of them
    /// were longer than the loop's turns let expect; and half of them took at most two.
    pub async fn expect_short_steps(&self) {
        let script = "return [document.documentElement.dataset.steps ?? '', control]";
        let found = self.phone(async |frame| frame.run(script, Vec::new()).await).await;
        let steps = Histogram::read(found[0].as_str().unwrap_or_default());
        let turns: Vec<f64> = found[1].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let total = steps.total();
        assert!(total > 100, "one loop is not steps: {steps:?}");
        assert!(turns.len() > 50, "too few turns to compare with: {}", turns.len());
        assert!(
            steps.over(2.0) * 2 <= total,
            "half of the steps take longer than two milliseconds: {steps:?}"
        );
        for limit in [4.0, 50.0] {
            let seen = turns.iter().filter(|turn| **turn > limit).count();
            // One more than were seen: what happens once in so many turns may not have happened yet. A freeze is not
            // of that kind.
            let disturbed = if limit < 50.0 { seen + 1 } else { seen };
            let expected = (2 * disturbed * total as usize).div_ceil(turns.len()) as u64;
            let long = steps.over(limit);
            println!("over {limit} ms: {long} of {total} steps, {} of {} turns", seen, turns.len());
            assert!(long <= expected, "{long} > {expected} over {limit} ms: {steps:?}");
        }
    }
}
