//! How national numbers become international: country code, trunk prefix and length for each country.
//!
//! It never validates a number; it only says what to take off and what to put before.

/// The numbering plan of one country, as far as a comparison of numbers needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Country {
    iso: &'static str,
    /// Country code, without the plus sign.
    pub(crate) code: &'static str,
    /// What is dialled before a national number and is not part of it; may be empty.
    pub(crate) trunk: &'static str,
    /// Digits of the longest national number, without trunk prefix.
    pub(crate) longest: usize,
}

/// Shortest national number that gets a country code: shorter ones are extensions and service numbers.
pub(crate) const SHORTEST_NATIONAL: usize = 7;

const fn plan(iso: &'static str, code: &'static str, trunk: &'static str, longest: usize) -> Country {
    Country { iso, code, trunk, longest }
}

/// Sorted by ISO 3166 code. Source: ITU-T E.164 and the national plans.
const PLANS: &[Country] = &[
    plan("AE", "971", "0", 9),
    plan("AR", "54", "0", 11),
    plan("AT", "43", "0", 13),
    plan("AU", "61", "0", 9),
    plan("BE", "32", "0", 9),
    plan("BG", "359", "0", 9),
    plan("BO", "591", "0", 8),
    plan("BR", "55", "0", 11),
    plan("BY", "375", "8", 9),
    plan("CA", "1", "1", 10),
    plan("CH", "41", "0", 9),
    plan("CL", "56", "", 9),
    plan("CN", "86", "0", 11),
    plan("CO", "57", "", 10),
    plan("CR", "506", "", 8),
    plan("CY", "357", "", 8),
    plan("CZ", "420", "", 9),
    plan("DE", "49", "0", 11),
    plan("DK", "45", "", 8),
    plan("DO", "1", "1", 10),
    plan("EC", "593", "0", 9),
    plan("EE", "372", "", 8),
    plan("EG", "20", "0", 10),
    plan("ES", "34", "", 9),
    plan("FI", "358", "0", 10),
    plan("FR", "33", "0", 9),
    plan("GB", "44", "0", 10),
    plan("GR", "30", "", 10),
    plan("GT", "502", "", 8),
    plan("HK", "852", "", 8),
    plan("HR", "385", "0", 9),
    plan("HU", "36", "06", 9),
    plan("ID", "62", "0", 12),
    plan("IE", "353", "0", 9),
    plan("IL", "972", "0", 9),
    plan("IN", "91", "0", 10),
    plan("IS", "354", "", 9),
    // Italian numbers keep their leading zero in the international form.
    plan("IT", "39", "", 11),
    plan("JP", "81", "0", 10),
    plan("KE", "254", "0", 9),
    plan("KR", "82", "0", 10),
    plan("KZ", "7", "8", 10),
    plan("LT", "370", "0", 8),
    plan("LU", "352", "", 11),
    plan("LV", "371", "", 8),
    plan("MA", "212", "0", 9),
    plan("MT", "356", "", 8),
    plan("MX", "52", "", 10),
    plan("MY", "60", "0", 10),
    plan("NG", "234", "0", 10),
    plan("NL", "31", "0", 9),
    plan("NO", "47", "", 8),
    plan("NZ", "64", "0", 10),
    plan("PE", "51", "0", 9),
    plan("PH", "63", "0", 10),
    plan("PK", "92", "0", 10),
    plan("PL", "48", "", 9),
    plan("PT", "351", "", 9),
    plan("PY", "595", "0", 9),
    plan("RO", "40", "0", 9),
    plan("RS", "381", "0", 9),
    plan("RU", "7", "8", 10),
    plan("SA", "966", "0", 9),
    plan("SE", "46", "0", 10),
    plan("SG", "65", "", 8),
    plan("SI", "386", "0", 8),
    plan("SK", "421", "0", 9),
    plan("TH", "66", "0", 9),
    plan("TN", "216", "", 8),
    plan("TR", "90", "0", 10),
    plan("TW", "886", "0", 9),
    plan("UA", "380", "0", 9),
    plan("US", "1", "1", 10),
    plan("UY", "598", "0", 8),
    plan("VE", "58", "0", 10),
    plan("VN", "84", "0", 10),
    plan("ZA", "27", "0", 9),
];

/// The plan of a country by its ISO 3166 code, in either case; `None` if it is not in the table.
pub(crate) fn by_iso(iso: &str) -> Option<Country> {
    PLANS.iter().find(|plan| plan.iso.eq_ignore_ascii_case(iso)).copied()
}

impl Country {
    /// What is dialled before an international number here, where it is not `00` alone.
    pub(crate) fn exit(&self) -> &'static str {
        match self.iso {
            "US" | "CA" | "DO" => "011",
            "AU" => "0011",
            "RU" | "KZ" | "BY" => "810",
            "JP" => "010",
            "HK" | "SG" | "TH" => "001",
            _ => "00",
        }
    }
}

/// Digits of the longest country code.
const LONGEST_CODE: usize = 3;

/// What is dialled before an international number, somewhere.
const EXITS: [&str; 6] = ["00", "011", "0011", "810", "010", "001"];

/// Whether `dialled` is how the international number `full` is dialled in its own country, or from some other. Of a
/// country that is not in the table it is known only that its code has up to three digits.
pub(crate) fn is_dialled(full: &[u8], dialled: &[u8]) -> bool {
    // No code begins so, and an extension has none.
    if full.starts_with(b"0") || full.len().min(dialled.len()) < SHORTEST_NATIONAL {
        return false;
    }
    if let Some(exit) = dialled.strip_suffix(full) {
        return EXITS.iter().any(|known| known.as_bytes() == exit);
    }
    let mut is_known = false;
    for plan in PLANS {
        let Some(national) = full.strip_prefix(plan.code.as_bytes()) else { continue };
        is_known = true;
        if plan.is_national(national, dialled) {
            return true;
        }
    }
    let short = dialled.strip_prefix(b"0").unwrap_or(dialled);
    let code = full.strip_suffix(short).map(<[u8]>::len);
    !is_known && short.len() >= SHORTEST_NATIONAL && code.is_some_and(|code| code <= LONGEST_CODE)
}

/// Whether `long` is `short` with what is dialled before it at home, somewhere.
pub(crate) fn is_with_trunk(long: &[u8], short: &[u8]) -> bool {
    let Some(trunk) = long.strip_suffix(short).filter(|_| short.len() >= SHORTEST_NATIONAL) else {
        return false;
    };
    PLANS.iter().any(|plan| plan.trunk.as_bytes() == trunk && short.len() <= plan.longest)
}

impl Country {
    /// Whether the national number is dialled so.
    fn is_national(&self, national: &[u8], dialled: &[u8]) -> bool {
        let ways = [Some(national), national.strip_prefix(self.mobile().as_bytes())];
        ways.into_iter()
            .flatten()
            .filter(|number| number.len() >= SHORTEST_NATIONAL)
            .any(|number| dialled == number || dialled.strip_suffix(number) == Some(self.trunk.as_bytes()))
    }

    /// What mobile numbers have before them in the international form alone.
    fn mobile(&self) -> &'static str {
        match self.iso {
            "AR" => "9",
            "MX" => "1",
            _ => "",
        }
    }
}
