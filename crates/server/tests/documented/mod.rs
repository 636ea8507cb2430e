//! What the public documentation of Enigma shows, taken from it as it stands.

/// The document, verbatim.
const DOCUMENT: &str = include_str!("../../../../tests/seeds/teleforge-enigma-inbound.txt");
/// The heading of the payload of the releases before 3.0.0 …
#[allow(dead_code, reason = "not every test speaks to old releases")]
pub(crate) const OLD: &str = "// Payload prior to v3.0.0";
/// … and of those from then on.
pub(crate) const NEW: &str = "// Payload from v3.0.0 upwards";

/// The payload that the document shows after this line, with its placeholders filled in.
pub(crate) fn documented(heading: &str, values: &[(&str, &str)]) -> String {
    let (_, rest) = DOCUMENT.split_once(heading).expect("the heading");
    let (_, fields) = rest.split_once("payload: {").expect("a payload");
    let (fields, _) = fields.split_once('}').expect("its end");
    let filled: Vec<String> = fields
        .lines()
        .filter_map(|line| line.trim().trim_end_matches(',').split_once(':'))
        .map(|(name, value)| {
            let value = value.trim();
            let known = values.iter().find(|(place, _)| *place == value);
            format!("\"{}\":{}", name.trim(), known.map_or(value, |(_, filled)| filled))
        })
        .collect();
    format!("{{\"type\":\"call\",\"payload\":{{{}}}}}", filled.join(","))
}
