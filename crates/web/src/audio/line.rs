//! What a telephone line sounds like while the other side rings or is busy, by country.
//!
//! From the list of tones that national networks use (ITU-T E.180, supplement 2); where a country is not named, as ETSI
//! recommends (TR 101 041-2).

/// The tones of one network: frequencies in hertz, times in seconds.
pub(crate) struct Line {
    /// ISO 3166-1 alpha-2, with spaces between.
    countries: &'static str,
    pub(super) ringback: &'static [f32],
    /// Start and length of each burst in a period.
    pub(super) bursts: &'static [(f64, f64)],
    pub(super) period: f64,
    pub(super) busy: &'static [f32],
    /// As long as the pause after it.
    pub(super) busy_burst: &'static [(f64, f64)],
}

const ONE: &[(f64, f64)] = &[(0.0, 1.0)];
const LONG: &[(f64, f64)] = &[(0.0, 1.5)];
/// As bells rang in Britain.
const DOUBLE: &[(f64, f64)] = &[(0.0, 0.4), (0.6, 0.4)];
const HALF: &[(f64, f64)] = &[(0.0, 0.5)];

const EUROPE: Line =
    Line { countries: "", ringback: &[425.0], bursts: ONE, period: 5.0, busy: &[425.0], busy_burst: HALF };

const LINES: [Line; 11] = [
    Line {
        countries: "US CA PR",
        ringback: &[440.0, 480.0],
        bursts: &[(0.0, 2.0)],
        period: 6.0,
        busy: &[480.0, 620.0],
        ..EUROPE
    },
    Line {
        countries: "GB",
        ringback: &[400.0, 450.0],
        bursts: DOUBLE,
        period: 3.0,
        busy: &[400.0],
        busy_burst: &[(0.0, 0.375)],
    },
    Line { countries: "IE", ringback: &[400.0, 450.0], bursts: DOUBLE, period: 3.0, ..EUROPE },
    Line {
        countries: "AU",
        ringback: &[400.0, 450.0],
        bursts: DOUBLE,
        period: 3.0,
        busy_burst: &[(0.0, 0.375)],
        ..EUROPE
    },
    Line {
        countries: "NZ",
        ringback: &[400.0, 450.0],
        bursts: DOUBLE,
        period: 3.0,
        busy: &[400.0],
        ..EUROPE
    },
    Line { countries: "FR", ringback: &[440.0], bursts: LONG, busy: &[440.0], ..EUROPE },
    Line { countries: "ES", bursts: LONG, period: 4.5, busy_burst: &[(0.0, 0.2)], ..EUROPE },
    Line { countries: "DE", busy_burst: &[(0.0, 0.48)], ..EUROPE },
    Line { countries: "PT", period: 6.0, ..EUROPE },
    Line { countries: "BR MX SE", busy_burst: &[(0.0, 0.25)], ..EUROPE },
    Line { countries: "JP", ringback: &[400.0], period: 3.0, busy: &[400.0], ..EUROPE },
];

impl Line {
    /// Of a country.
    pub(super) fn of(country: &str) -> &'static Line {
        let is_here = |line: &&Line| line.countries.split(' ').any(|one| one == country && !one.is_empty());
        LINES.iter().find(is_here).unwrap_or(&EUROPE)
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn line_of_a_country_is_its_own_and_else_the_european_one() {
        let sounds = |country| {
            let line = Line::of(country);
            (line.ringback, line.period, line.busy)
        };
        assert_eq!(sounds("US"), (&[440.0, 480.0][..], 6.0, &[480.0, 620.0][..]));
        assert_eq!(sounds("FR"), (&[440.0][..], 5.0, &[440.0][..]));
        for other in ["", "IT", "XX", "us", "U"] {
            assert_eq!(sounds(other), (&[425.0][..], 5.0, &[425.0][..]), "{other}");
        }
    }

    #[test]
    fn bursts_fit_into_their_period_one_after_the_other() {
        for line in super::LINES.iter().chain([&super::EUROPE]) {
            let end = line.bursts.iter().fold(0.0, |end, (start, length)| {
                assert!(*start >= end, "{}", line.countries);
                start + length
            });
            assert!(end < line.period, "{}", line.countries);
        }
    }
}
