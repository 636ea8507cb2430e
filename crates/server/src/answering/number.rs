//! The numbers that answer by themselves and what each does.
//!
//! It only names behaviours; [`super::Answering`] carries them out.

use super::line::Sound;

/// How long 605 plays before it answers, in milliseconds.
pub(crate) const EARLY: u64 = 3_000;

/// After how long 606 hangs up, in milliseconds.
pub(crate) const SHORT: u64 = 5_000;

/// How long 607 waits for a further digit before it reports, in milliseconds.
pub(crate) const DIGIT_PAUSE: u64 = 1_500;

/// What 608 sounds like, so that two tones in one conversation can be told apart.
const HIGH_HZ: u32 = 1_000;

/// What a number does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Answers at once with this sound.
    Answers(Sound),
    /// Refuses with this status.
    Refuses(u16),
    /// Rings until the caller gives up.
    Rings,
    /// Plays early media for [`EARLY`], then answers.
    PlaysEarly,
    /// Answers, and hangs up after [`SHORT`].
    HangsUp,
    /// Answers, and reports digits by MESSAGE.
    ReportsDigits,
}

/// All numbers.
pub(crate) const NUMBERS: [(&str, Behaviour, &str); 9] = [
    ("600", Behaviour::Answers(Sound::TONE), "a tone of 440 Hz"),
    ("601", Behaviour::Answers(Sound::Echo), "your own voice"),
    ("602", Behaviour::Refuses(486), "busy"),
    ("603", Behaviour::Rings, "rings, never answers"),
    ("604", Behaviour::Refuses(603), "declines"),
    ("605", Behaviour::PlaysEarly, "a tone before it answers"),
    ("606", Behaviour::HangsUp, "hangs up after 5 s"),
    ("607", Behaviour::ReportsDigits, "tells by message which keys it heard"),
    ("608", Behaviour::Answers(Sound::Tone(HIGH_HZ)), "a tone of 1000 Hz"),
];

/// Who takes the numbers that nobody has.
pub(crate) const OTHER_NUMBERS: &str = "601";

impl Behaviour {
    /// What the caller hears.
    pub(crate) fn sound(self) -> Sound {
        match self {
            Behaviour::Answers(sound) => sound,
            Behaviour::ReportsDigits => Sound::Echo,
            Behaviour::Refuses(_) | Behaviour::Rings | Behaviour::PlaysEarly | Behaviour::HangsUp => {
                Sound::TONE
            }
        }
    }
}
