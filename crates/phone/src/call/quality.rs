//! How well a call is heard: what the browser counted each second, the score of the E-model, and the bars on screen.
//!
//! It never judges a call that is held or that reconnects: nothing has to come then.

use super::{Call, Link, State, Talk};
use crate::{
    CallId, MediaRequest, MediaStats, Phone,
    bridge::{self, QualityData},
    view::{Sheet, Text},
};
use softframe_sip::Instant;
use std::collections::VecDeque;

/// The browser is asked so often.
const PERIOD_MILLIS: u64 = 1_000;
/// Seconds that count: the bars follow five seconds, not one (ui.md 4.13).
const MAX_SECONDS: usize = 5;
/// Bars change only after the score has asked for it so long.
const STEADY_MILLIS: u64 = 5_000;
/// A weak call is said at most once in this time (ui.md 7).
const WARN_MILLIS: u64 = 60_000;

/// ITU-T G.107 (06/2015), table 2: R of a connection with nothing but the default values.
const BEST_RATING: f64 = 93.2;
/// G.113 (11/2007), appendix I: how well a codec with packet loss concealment stands loss (G.711). Opus has no value of
/// its own there, and stands more.
const LOSS_ROBUSTNESS: f64 = 25.1;
/// Frames and lookahead of the codec, one way.
const CODEC_MILLIS: f64 = 20.0;
/// A jitter buffer holds about twice the jitter back.
const BUFFER_PER_JITTER: f64 = 2.0;

/// What is known of the sound of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Quality {
    last: Option<MediaStats>,
    asked: Option<Instant>,
    seconds: VecDeque<Second>,
    /// What the bars show.
    shown: Option<Grade>,
    /// Since when the score has been another.
    differs_since: Option<Instant>,
    warned: Option<Instant>,
    sums: Sums,
}

/// One second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Second {
    received: u64,
    lost: u64,
    /// Of what we send, per mille, as the other side tells.
    lost_there: u32,
    jitter_millis: u32,
    round_trip_millis: u32,
}

/// Over the whole call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    seconds: u64,
    received: u64,
    lost: u64,
    jitter_millis: u64,
    round_trip_millis: u64,
    score_tenths: u64,
}

/// The sound of some seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Mean opinion score, 10 to 45.
    pub(crate) score_tenths: u32,
    /// Per mille of the packets; the worse of both directions.
    pub(crate) loss_per_mille: u32,
    pub(crate) jitter_millis: u32,
    pub(crate) round_trip_millis: u32,
}

/// What the bars say (ui.md 4.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    Poor,
    Weak,
    Fair,
    Good,
}

impl Grade {
    fn of(score_tenths: u32) -> Grade {
        match score_tenths {
            40.. => Grade::Good,
            36..40 => Grade::Fair,
            31..36 => Grade::Weak,
            ..31 => Grade::Poor,
        }
    }

    pub(crate) fn bars(self) -> u8 {
        match self {
            Grade::Poor => 1,
            Grade::Weak => 2,
            Grade::Fair => 3,
            Grade::Good => 4,
        }
    }
}

impl Quality {
    pub(crate) fn grade(&self) -> Option<Grade> {
        self.shown
    }

    /// Of the last seconds.
    pub(crate) fn heard(&self) -> Option<Heard> {
        let count = u32::try_from(self.seconds.len()).ok().filter(|count| *count > 0)?;
        let sum = |of: fn(&Second) -> u64| self.seconds.iter().map(of).sum::<u64>();
        let there = self.seconds.iter().map(|second| second.lost_there).sum::<u32>() / count;
        let mean = |of: fn(&Second) -> u64| u32::try_from(sum(of) / u64::from(count)).unwrap_or(u32::MAX);
        let here = per_mille(sum(|second| second.lost), sum(|second| second.received));
        let mut heard = Heard {
            score_tenths: 0,
            loss_per_mille: here.max(there),
            jitter_millis: mean(|second| u64::from(second.jitter_millis)),
            round_trip_millis: mean(|second| u64::from(second.round_trip_millis)),
        };
        heard.score_tenths = score_tenths(heard);
        Some(heard)
    }

    /// Of the whole call.
    pub(crate) fn summary(&self) -> Option<Heard> {
        let sums = self.sums;
        let mean = |sum: u64| sum.checked_div(sums.seconds).and_then(|mean| u32::try_from(mean).ok());
        Some(Heard {
            score_tenths: mean(sums.score_tenths)?,
            loss_per_mille: per_mille(sums.lost, sums.received),
            jitter_millis: mean(sums.jitter_millis)?,
            round_trip_millis: mean(sums.round_trip_millis)?,
        })
    }

    /// What the browser has counted until now; says whether the bars have changed.
    fn count(&mut self, now: Instant, stats: MediaStats) -> bool {
        let Some(last) = self.last.replace(stats) else { return false };
        self.seconds.push_back(Second {
            // Counters that fall belong to another transport.
            received: stats.received.saturating_sub(last.received),
            lost: stats.lost.saturating_sub(last.lost),
            lost_there: stats.lost_there_per_mille.min(1_000),
            jitter_millis: stats.jitter_millis,
            round_trip_millis: stats.round_trip_millis,
        });
        if self.seconds.len() > MAX_SECONDS {
            self.seconds.pop_front();
        }
        let (Some(heard), Some(second)) = (self.heard(), self.seconds.back()) else { return false };
        self.sums.add(second, heard);
        let grade = Grade::of(heard.score_tenths);
        if self.shown == Some(grade) {
            self.differs_since = None;
            return false;
        }
        let since = *self.differs_since.get_or_insert(now);
        let changes = match self.shown {
            None => self.seconds.len() == MAX_SECONDS,
            Some(_) => now.since(since) >= STEADY_MILLIS,
        };
        if changes {
            (self.shown, self.differs_since) = (Some(grade), None);
        }
        changes
    }

    /// Whether the call has just become one of which somebody should be told.
    fn warns(&mut self, now: Instant) -> bool {
        let is_bad = self.shown.is_some_and(|grade| grade <= Grade::Weak);
        let long_ago = self.warned.is_none_or(|warned| now.since(warned) >= WARN_MILLIS);
        if is_bad && long_ago {
            self.warned = Some(now);
        }
        is_bad && long_ago
    }

    /// Nothing comes now (a hold, a new transport): what comes later is counted from there.
    fn pause(&mut self) {
        (self.last, self.asked, self.differs_since) = (None, None, None);
        self.seconds.clear();
    }
}

impl Sums {
    fn add(&mut self, second: &Second, heard: Heard) {
        self.seconds += 1;
        self.received = self.received.saturating_add(second.received);
        self.lost = self.lost.saturating_add(second.lost);
        self.jitter_millis += u64::from(second.jitter_millis);
        self.round_trip_millis += u64::from(second.round_trip_millis);
        self.score_tenths += u64::from(heard.score_tenths);
    }
}

impl Heard {
    pub(crate) fn data(self) -> QualityData {
        QualityData {
            mos: f64::from(self.score_tenths) / 10.0,
            loss: f64::from(self.loss_per_mille) / 10.0,
            jitter: self.jitter_millis,
            rtt: self.round_trip_millis,
        }
    }
}

fn per_mille(lost: u64, received: u64) -> u32 {
    let all = lost.saturating_add(received);
    lost.saturating_mul(1_000).checked_div(all).and_then(|part| u32::try_from(part).ok()).unwrap_or(0)
}

/// The mean opinion score, by the E-model of ITU-T G.107: loss by clause 7.5 (random loss), delay by the common
/// simplification of clause 7.4 (R. G. Cole, J. H. Rosenbluth, "Voice over IP Performance Monitoring", 2001), and from
/// the rating to the score by annex B.
fn score_tenths(heard: Heard) -> u32 {
    let delay = f64::from(heard.round_trip_millis) / 2.0
        + BUFFER_PER_JITTER * f64::from(heard.jitter_millis)
        + CODEC_MILLIS;
    let impaired_by_delay = 0.024 * delay + 0.11 * (delay - 177.3).max(0.0);
    let percent_lost = f64::from(heard.loss_per_mille) / 10.0;
    let impaired_by_loss = 95.0 * percent_lost / (percent_lost + LOSS_ROBUSTNESS);
    let rating = (BEST_RATING - impaired_by_delay - impaired_by_loss).clamp(0.0, 100.0);
    let score = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7.0e-6;
    // Rounded and between 10 and 45: the cast is exact.
    (score.clamp(1.0, 4.5) * 10.0).round() as u32
}

impl Talk {
    /// Sound should come: nobody holds anybody, and the call is not being mended.
    fn is_audible(&self) -> bool {
        self.held.is_none() && !self.held_by_them && self.link == Link::Whole
    }

    /// When the browser is asked next.
    pub(crate) fn measured_at(&self) -> Option<Instant> {
        let last = self.quality.asked.unwrap_or(self.accepted);
        self.is_audible().then(|| last.after(PERIOD_MILLIS))
    }
}

impl Phone {
    /// Asks the browser how the calls are heard, where it is time.
    pub(crate) fn qualities_due(&mut self, now: Instant) {
        let mut due: Vec<CallId> = Vec::new();
        for (_, call) in self.calls.iter_mut() {
            let State::Talking(talk) = &mut call.state else { continue };
            match talk.measured_at() {
                Some(at) if at <= now => {
                    talk.quality.asked = Some(now);
                    due.push(call.id);
                }
                Some(_) => {}
                None => talk.quality.pause(),
            }
        }
        for id in due {
            self.tell_media(id, MediaRequest::Measure);
        }
    }

    /// What the browser has counted.
    pub(crate) fn measured(&mut self, now: Instant, id: CallId, stats: MediaStats) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let label = call.label.clone();
        let Some(talk) = call.talk_mut().filter(|talk| talk.is_audible()) else { return };
        if !talk.quality.count(now, stats) {
            return;
        }
        let warns = talk.quality.warns(now);
        if let Some(heard) = talk.quality.heard() {
            self.tell(
                "media:quality",
                &bridge::json(&bridge::MediaQuality { id: label, heard: heard.data() }),
            );
        }
        if warns {
            self.say(Text::of("call.weak"), false);
        }
    }

    /// 37.
    pub(crate) fn quality_sheet(&self, id: CallId) -> Option<Sheet> {
        let quality = &self.calls.get(&id).and_then(Call::talk)?.quality;
        let (grade, heard) = (quality.grade()?, quality.heard().or(quality.summary())?);
        Some(Sheet::Quality {
            bars: grade.bars(),
            score_tenths: heard.score_tenths,
            loss_tenths: heard.loss_per_mille,
            jitter_millis: heard.jitter_millis,
            round_trip_millis: heard.round_trip_millis,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(loss_per_mille: u32, jitter_millis: u32, round_trip_millis: u32) -> Heard {
        Heard { score_tenths: 0, loss_per_mille, jitter_millis, round_trip_millis }
    }

    #[test]
    fn the_score_falls_with_loss_and_delay_and_stays_within_its_scale() {
        for (loss, jitter, round_trip, score) in [
            (0, 0, 0, 44),
            (10, 5, 40, 43),
            (50, 10, 80, 38),
            (76, 46, 212, 32),
            (0, 0, 800, 29),
            (150, 60, 300, 20),
            (1_000, 2_000, 60_000, 10),
        ] {
            assert_eq!(score_tenths(heard(loss, jitter, round_trip)), score, "{loss} {jitter} {round_trip}");
        }
    }

    /// Second by second: packets lost of 50, and the bars after it.
    fn bars(lost: &[u64]) -> Vec<u8> {
        let mut quality = Quality::default();
        let mut stats = MediaStats::default();
        quality.count(Instant(0), stats);
        let mut shown = Vec::new();
        for (second, lost) in (1..).zip(lost) {
            stats.received += 50 - lost;
            stats.lost += lost;
            quality.count(Instant(second * 1_000), stats);
            shown.push(quality.grade().map_or(0, Grade::bars));
        }
        shown
    }

    #[test]
    fn bars_come_after_five_seconds_and_change_only_for_what_lasts_five() {
        assert_eq!(bars(&[0; 6]), [0, 0, 0, 0, 4, 4]);
        let mut lost = vec![0; 5];
        lost.extend([20; 12]);
        let shown = bars(&lost);
        let fell = shown.iter().skip(5).position(|bars| *bars < 4).unwrap();
        assert!(fell >= 5, "{shown:?}");
        assert_eq!(shown.last(), Some(&1), "{shown:?}");
        let mut short = vec![0; 5];
        short.extend([6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert!(bars(&short).iter().skip(4).all(|bars| *bars == 4), "one bad second moves no bar");
    }

    #[test]
    fn counters_of_another_transport_are_no_loss() {
        let mut quality = Quality::default();
        quality.count(Instant(0), MediaStats { received: 5_000, lost: 9, ..MediaStats::default() });
        quality.count(Instant(1_000), MediaStats { received: 20, ..MediaStats::default() });
        assert_eq!(quality.heard().unwrap().loss_per_mille, 0);
    }
}
