//! The loader's container around the frame: how it was left, kept over loads, and what it shows of the phone.
//!
//! It moves nothing by itself: the loader and the phone each say what they have done, and the other follows.

use super::Rc;
use crate::{
    Phone, StoreRequest, Theme,
    account::{Account, DEVICE},
    bridge,
    call::Call,
    json::object,
};
use serde_json::Value;

/// Where it is kept in the device's space.
const KEPT_KEY: &str = "rc-container";
/// No screen is larger.
const MAX_PIXELS: f64 = 100_000.0;

/// How the container was left, and what it was told last.
#[derive(Default)]
pub(super) struct Container {
    kept: Kept,
    size: Option<(u32, u32)>,
    is_bar: bool,
    ringing: bool,
    language: String,
    machine_is_dark: bool,
    /// Whether the container was told dark colours.
    dark: Option<bool>,
}

/// Place as (x, y) in pixels, minimised, closed; `None` where a page never said so, and the loader's parameters count.
type Kept = (Option<(i64, i64)>, Option<bool>, Option<bool>);

impl Rc {
    /// How it was left in an earlier load.
    pub(super) fn restore_container(&mut self, values: &[(String, Vec<u8>)]) {
        let value = values.iter().find(|(key, _)| key == KEPT_KEY).map(|(_, value)| value.as_slice());
        self.container.kept = value.and_then(|value| crate::json::read(value).ok()).unwrap_or_default();
    }

    /// What [`Theme::System`] means.
    pub(crate) fn machine_is_dark(&mut self, dark: bool) {
        self.container.machine_is_dark = dark;
    }
}

impl Phone {
    /// `rc-adapter-syncPosition`, `-syncMinimized`, `-syncClosed`: what the person did with the container.
    pub(super) fn rc_container(&mut self, message: &Value) {
        let pixels = |key: &str| {
            let pixels = message.get("position")?.get(key)?.as_f64()?;
            (pixels.abs() <= MAX_PIXELS).then_some(pixels as i64)
        };
        let flag = |key: &str| message.get(key).and_then(Value::as_bool);
        let (place, minimized, closed) = self.rc.container.kept;
        let kept = (
            pixels("translateX").zip(pixels("translateY")).or(place),
            flag("minimized").or(minimized),
            flag("closed").or(closed),
        );
        if flag("minimized") == Some(false) {
            self.minimise(false);
            self.rc.container.is_bar = false;
        }
        if self.rc.container.kept != kept {
            self.rc.container.kept = kept;
            let value = bridge::json(&kept).into_bytes();
            self.store(StoreRequest::Put { space: DEVICE.to_owned(), key: KEPT_KEY.to_owned(), value });
        }
    }

    /// The container takes the size that the phone wants, and shows that it rings.
    pub(super) fn settle_container(&mut self) {
        if matches!(self.account, Account::Starting { .. }) {
            // How it was left is not known yet.
            return;
        }
        let wanted = self.size();
        let size = object(vec![("width", wanted.0.into()), ("height", wanted.1.into())]);
        let (place, minimized, closed) = self.rc.container.kept;
        let position = place.map(|(x, y)| object(vec![("translateX", x.into()), ("translateY", y.into())]));
        match self.rc.container.size.replace(wanted) {
            None => {
                self.say_rc(object(vec![
                    ("type", "rc-adapter-pushAdapterState".into()),
                    ("size", size),
                    ("minimized", minimized.into()),
                    ("closed", closed.into()),
                    ("position", position.unwrap_or_default()),
                ]));
                // The operator gives the phone a name and no pictures.
                let name = self.config.theme.name.clone();
                self.say_rc(object(vec![
                    ("type", "rc-brand-assets-notify".into()),
                    ("logoUri", Value::Null),
                    ("iconUri", Value::Null),
                    ("name", name.into()),
                ]));
            }
            Some(before) if before != wanted => self.rc_shows("rc-adapter-syncSize", "size", size),
            Some(_) => {}
        }
        let is_bar = self.frame.minimised;
        if std::mem::replace(&mut self.rc.container.is_bar, is_bar) != is_bar {
            self.rc_shows("rc-adapter-syncMinimized", "minimized", is_bar.into());
        }
        let dark = match self.theme() {
            Theme::System => self.rc.container.machine_is_dark,
            Theme::Light => false,
            Theme::Dark => true,
        };
        if self.rc.container.dark.replace(dark) != Some(dark) {
            self.rc_shows("rc-adapter-theme-notify", "theme", if dark { "dark" } else { "light" }.into());
        }
        let ringing = self.calls.values().any(Call::is_ringing_in);
        if std::mem::replace(&mut self.rc.container.ringing, ringing) != ringing {
            self.rc_shows("rc-adapter-pushRingState", "ringing", ringing.into());
        }
        let language = self.language().tag;
        if self.rc.container.language != language {
            self.rc_shows("rc-adapter-pushLocale", "locale", language.as_str().into());
            self.rc.container.language = language;
        }
    }

    /// A message of one field.
    pub(super) fn rc_shows(&mut self, kind: &'static str, key: &'static str, value: Value) {
        self.say_rc(object(vec![("type", kind.into()), (key, value)]));
    }
}
