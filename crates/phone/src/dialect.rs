//! Translators from the host protocols of other phones to the native one. They hold no call logic.

pub(crate) mod kunzite;
