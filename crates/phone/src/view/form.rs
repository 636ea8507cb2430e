//! The form of a contact.
//!
//! It never holds more than stands on the screen.

/// What stands in its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Name.
    pub name: String,
    /// Company.
    pub company: String,
    /// E-mail address.
    pub email: String,
    /// Numbers as typed; empty ones are left out when it is kept. The last is for one more.
    pub numbers: Vec<String>,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No name.
    Name,
    /// No number at all.
    NoNumber,
    /// This one has not a single digit.
    Number(usize),
}
