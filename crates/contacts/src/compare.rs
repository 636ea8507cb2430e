//! Numbers by themselves, without a contact: their international form, and whether two are one.
//!
//! It never guesses a country: where none is configured, a national number has no international form.

use crate::{Contacts, index::keys::Forms};

impl Contacts {
    /// The number in E.164 (`+34911085460`), where the country is known or the number itself says it.
    ///
    /// ```
    /// let mut contacts = softframe_contacts::Contacts::new();
    /// assert_eq!(contacts.international("911 08 54 60"), None);
    /// contacts.set_country("ES");
    /// assert_eq!(contacts.international("911 08 54 60").as_deref(), Some("+34911085460"));
    /// assert_eq!(contacts.international("0044 20 7946 0000").as_deref(), Some("+442079460000"));
    /// assert_eq!(contacts.international("201"), None);
    /// ```
    pub fn international(&self, number: &str) -> Option<String> {
        let forms = self.forms(number);
        let digits = forms.number.digits.iter().map(|digit| char::from(*digit));
        forms.number.international.then(|| std::iter::once('+').chain(digits).collect())
    }

    /// Whether the two are one number, as [`Contacts::by_number`] compares them.
    ///
    /// ```
    /// let mut contacts = softframe_contacts::Contacts::new();
    /// contacts.set_country("ES");
    /// assert!(contacts.is_same_number("+34 911 08 54 60", "911085460"));
    /// assert!(!contacts.is_same_number("911085460", "911085461"));
    /// ```
    pub fn is_same_number(&self, one: &str, other: &str) -> bool {
        self.forms(one).number.likeness(&self.forms(other).number).is_some()
    }

    fn forms(&self, number: &str) -> Forms {
        let mut forms = Forms::default();
        forms.read(number, self.home());
        forms
    }
}
