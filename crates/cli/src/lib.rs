//! A phone on the command line, signalling only: it asks a SIP server what the widget would ask it, shows what goes over
//! the wire, and says in a sentence what that means. It never has media.

mod arguments;
mod ladder;
mod line;
mod options;
mod socket;
mod tasks;
mod verdict;

pub use arguments::{Arguments, Task, USAGE};
pub use socket::{Came, Trust, open};
pub use tasks::run;
