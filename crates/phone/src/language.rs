//! Which language the phone speaks: the first of all wishes that there are texts for.
//!
//! It holds no text; the texts are files of the page, one for each language.

use crate::Phone;

/// There are texts in these languages (BCP 47), in the order of the settings page.
pub const LANGUAGES: [&str; 7] = ["en", "es", "fr", "de", "pt", "it", "ar"];
/// What is spoken where no wish can be met, and where the texts of a language cannot be had.
pub const ENGLISH: &str = "en";
/// Longer tags are none (RFC 5646 §4.4.1).
const MAX_TAG_CHARS: usize = 35;

/// A language of ours, and how numbers and dates are written in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language {
    /// One of [`LANGUAGES`]: whose texts are shown.
    pub texts: &'static str,
    /// The tag as it was wished for (`de-AT`), for numbers, dates and the page's `lang`.
    pub tag: String,
}

impl Default for Language {
    fn default() -> Language {
        Language { texts: ENGLISH, tag: ENGLISH.to_owned() }
    }
}

impl Language {
    /// The language of a wish (`de`, `pt-BR`, `ar_EG`), if there are texts in it.
    pub fn of(wish: &str) -> Option<Language> {
        let tag = tag(wish)?;
        let primary = tag.split('-').next()?;
        let texts = LANGUAGES.into_iter().find(|known| known.eq_ignore_ascii_case(primary))?;
        Some(Language { texts, tag })
    }
}

/// A language tag in the form of BCP 47; `None` for what is no tag.
fn tag(wish: &str) -> Option<String> {
    let tag = wish.trim().replace('_', "-");
    let parts = tag
        .split('-')
        .all(|part| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_alphanumeric()));
    (parts && tag.len() <= MAX_TAG_CHARS).then_some(tag)
}

impl Phone {
    /// What is spoken: as the person chose, else as the configuration says, else as the page was opened with, else
    /// as the browser prefers.
    pub fn language(&self) -> Language {
        let chosen = self.person.language().and_then(Language::of);
        let proposed = self.proposals.iter().find(|(key, _)| key == "lang").map(|(_, tag)| tag);
        let wishes = proposed.into_iter().chain(&self.languages);
        chosen
            .or_else(|| self.configured_language())
            .or_else(|| wishes.into_iter().find_map(|wish| Language::of(wish)))
            .unwrap_or_default()
    }

    /// A configuration that brings its own texts may be in any language: ours are below them.
    fn configured_language(&self) -> Option<Language> {
        let wish = &self.config.language;
        Language::of(wish).or_else(|| {
            let tag = tag(wish).filter(|_| !self.config.strings.is_empty())?;
            Some(Language { texts: ENGLISH, tag })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_however_they_are_written() {
        for (wish, expected) in [
            ("de", Some(("de", "de"))),
            ("pt_BR", Some(("pt", "pt-BR"))),
            ("AR-eg", Some(("ar", "AR-eg"))),
            (" fr-CA ", Some(("fr", "fr-CA"))),
            ("nl", None),
            ("deu", None),
            ("", None),
            ("de-", None),
            ("de<b>", None),
            ("de-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa", None),
        ] {
            let found = Language::of(wish);
            let found = found.as_ref().map(|language| (language.texts, language.tag.as_str()));
            assert_eq!(found, expected, "{wish:?}");
        }
    }
}
