//! The screens before somebody is signed in: a mistake in the configuration, the sign-in form.
//!
//! It keeps no password beyond the field it is typed in.

use super::{
    context::Context,
    dom::{Part, Template, window},
};
use crate::listener::Listener;
use softframe_phone::{
    Action,
    view::{SignIn, Text},
};
use std::rc::Rc;

/// 59.
pub(crate) struct ConfigError {
    cx: Rc<Context>,
    part: Part,
    _again: Listener,
}

impl ConfigError {
    pub(crate) fn new(cx: &Rc<Context>) -> ConfigError {
        let part = cx.copy(Template::ConfigError);
        let again = part.find(".again").on("click", |_| reload());
        ConfigError { cx: cx.clone(), part, _again: again }
    }

    pub(crate) fn update(&self, key: &str, rule: &str, found: &str) {
        self.part.find(".rule").text(&self.cx.with("boot.config.key", &[("key", key), ("rule", rule)]));
        let found =
            if found.is_empty() { String::new() } else { self.cx.with("boot.found", &[("value", found)]) };
        self.part.find(".found").text_or_hide(&found);
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }
}

fn reload() {
    // Fails only where navigation is forbidden, and then there is nothing to try again.
    let _ = window().location().reload();
}

/// 01, 02.
pub(crate) struct SignInForm {
    cx: Rc<Context>,
    part: Part,
    server: Part,
    user: Part,
    password: Part,
    proposed: (String, String),
    shown: Option<SignIn>,
    _listeners: Vec<Listener>,
}

impl SignInForm {
    pub(crate) fn new(cx: &Rc<Context>) -> SignInForm {
        let part = cx.copy(Template::SignIn);
        let (server, user, password) =
            (part.find(".server input"), part.find(".user input"), part.find(".password input"));
        let send = send(cx, &part, [&server, &user, &password]);
        let change = {
            let cx = cx.clone();
            part.find(".change").on("click", move |_| cx.act(Action::ChangeServer))
        };
        SignInForm {
            cx: cx.clone(),
            part,
            server,
            user,
            password,
            proposed: Default::default(),
            shown: None,
            _listeners: vec![send, change],
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// Writes what differs; what the person typed stays.
    pub(crate) fn update(&mut self, view: &SignIn) {
        if self.shown.as_ref() == Some(view) {
            return;
        }
        let before = self.shown.take();
        self.propose(view);
        let part = &self.part;
        part.find(".fixed-server").show(view.server_fixed);
        part.find(".address").text(host_of(&view.server));
        let opened = before.as_ref().is_some_and(|before| before.server_fixed) && !view.server_fixed;
        part.find(".field.server").show(!view.server_fixed);
        if opened {
            self.server.focus();
        }
        self.trust(&view.chain);
        let go = part.find(".go");
        go.text(&self.cx.plain(if view.busy { "signin.busy" } else { "signin.go" }));
        go.only_if("aria-disabled", view.busy);
        part.find(".form-note").text_or_hide(&text_of(&self.cx, view.note.as_ref()));
        self.errors(view, before.as_ref());
        self.shown = Some(view.clone());
    }

    fn propose(&mut self, view: &SignIn) {
        let proposed = (view.server.clone(), view.user.clone());
        if proposed.0 != self.proposed.0 {
            self.server.input().set_value(&proposed.0);
        }
        if proposed.1 != self.proposed.1 {
            self.user.input().set_value(&proposed.1);
        }
        self.proposed = proposed;
    }

    fn trust(&self, chain: &[String]) {
        let trust = self.part.find(".trust");
        trust.show(!chain.is_empty());
        let text = trust.find(".text");
        text.clear();
        let (before, after) = self.cx.strings().borrow().around("signin.host", "origin");
        let bold = Part::new("b");
        bold.text(&chain.join(", "));
        for (tag, words) in [(false, before), (true, String::new()), (false, after)] {
            if tag {
                text.append(&bold);
            } else {
                let span = Part::new("span");
                span.text(&words);
                text.append(&span);
            }
        }
    }

    fn errors(&self, view: &SignIn, before: Option<&SignIn>) {
        self.part.find("#signin-error").show(view.bad);
        for field in [&self.user, &self.password] {
            field.only_if("aria-invalid", view.bad);
        }
        let server_error = text_of(&self.cx, view.server_error.as_ref());
        let line = self.part.find("#signin-server-error");
        line.show(!server_error.is_empty());
        line.find("span").text(&server_error);
        self.server.only_if("aria-invalid", !server_error.is_empty());
        let new_bad = view.bad && before.is_none_or(|before| !before.bad);
        let new_server =
            view.server_error.is_some() && before.is_none_or(|before| before.server_error.is_none());
        if new_server && !view.server_fixed {
            self.server.focus();
        } else if new_bad {
            // The password is kept, selected: typing replaces it.
            self.password.focus();
            self.password.input().select();
        }
    }
}

/// Sends the form; an empty field takes the focus instead.
fn send(cx: &Rc<Context>, part: &Part, fields: [&Part; 3]) -> Listener {
    let (cx, fields, go) = (cx.clone(), fields.map(Part::clone), part.find(".go"));
    part.find("form").on("submit", move |event| {
        event.prevent_default();
        if go.says("aria-disabled").is_some() {
            return;
        }
        let [server, user, password] = &fields;
        let empty = fields.iter().find(|field| field.input().value().trim().is_empty());
        // A server that the configuration gives stands in the hidden field as well.
        if let Some(empty) = empty {
            empty.focus();
            return;
        }
        cx.act(Action::SignIn {
            server: server.input().value().trim().to_owned(),
            user: user.input().value().trim().to_owned(),
            password: password.input().value(),
        });
    })
}

/// A message, or nothing.
pub(crate) fn text_of(cx: &Context, text: Option<&Text>) -> String {
    text.map(|text| cx.text(text)).unwrap_or_default()
}

/// What names a server to a person: how it is spoken to is the administrator's.
fn host_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split_once('/').map_or(rest, |(host, _)| host)
}
