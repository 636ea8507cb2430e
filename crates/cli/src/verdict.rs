//! What came of it, in a sentence for an administrator: pure functions of what the server has said.

use crate::ladder::clean;
use softframe_sip::{
    Cause, Connection, EndedBy,
    wire::{AuthValue, Message},
};
use std::time::Duration;

/// What signing in has shown.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The digest that was sent last, if one was.
    pub(crate) algorithm: Option<String>,
    /// The registrar's last 2xx.
    pub(crate) granted: Option<Box<Message>>,
}

/// `registered for 600 s at …`, with what the registrar gave beside it.
pub(crate) fn registered(facts: &Facts, servers: &str, instance: &str, asked: u32) -> String {
    let Some(granted) = &facts.granted else { return format!("registered at {servers}") };
    let own = granted.addresses("Contact").find(|contact| {
        contact.params.get("+sip.instance").is_some_and(|instance_of| instance_of.contains(instance))
    });
    let seconds = own.as_ref().and_then(|own| own.params.get("expires")?.parse().ok());
    let seconds: u32 = seconds.or(granted.number("Expires")).unwrap_or(asked);
    let has_gruu = own.as_ref().is_some_and(|own| own.params.get("pub-gruu").is_some());
    let mut with = vec![match &facts.algorithm {
        Some(algorithm) => format!("digest {}", clean(algorithm)),
        None => "without a password".to_owned(),
    }];
    with.push(if has_gruu {
        "a GRUU, so calls outlive a lost connection".to_owned()
    } else {
        "no GRUU, so a call may be lost with its connection".to_owned()
    });
    if let Some(seconds) = granted.number("Flow-Timer") {
        with.push(format!("a sign of life wanted every {seconds} s"));
    }
    let others = granted.addresses("Contact").count().saturating_sub(1);
    if others > 0 {
        with.push(format!("phones of this account beside it: {others}"));
    }
    format!("registered for {seconds} s at {servers} ({})", with.join("; "))
}

/// The registrar wants nothing of us.
pub(crate) fn refused(connection: &Connection, user: &str, domain: &str) -> String {
    let code = connection.code.unwrap_or_default();
    let reason = clean(&connection.reason);
    match code {
        401 | 407 if reason.contains("password is wrong") => {
            format!("{code}: wrong password, or no user {user} at {domain}")
        }
        401 | 407 => format!("{code}: {reason}"),
        403 => format!("403 {reason}: the account may not register from here, or has too many phones"),
        404 => format!("404 {reason}: the server knows no {user} at {domain}; is --domain right?"),
        423 => format!("423 {reason}: the registrar wants longer registrations; see --expires"),
        _ => format!("{code} {reason}"),
    }
}

/// There is no registration, and no refusal of the account.
pub(crate) fn unreachable(connection: &Connection, why: Option<&str>, server: &str) -> String {
    match (why, connection.code) {
        (Some(why), _) => why.to_owned(),
        (None, Some(408)) => format!(
            "{server} took the connection and does not answer REGISTER in 10 s: is it a SIP server, and does it know the domain?"
        ),
        (None, Some(code)) => format!("{server} cannot now: {code} {}", clean(&connection.reason)),
        (None, None) => format!("{server}: {}", connection.reason),
    }
}

/// How a call of ours or theirs ended.
pub(crate) fn ended(cause: &Cause) -> String {
    let by = match cause.ended_by {
        EndedBy::Local => "by us",
        EndedBy::Remote => "by the other side",
        EndedBy::Network => "by a lost connection",
    };
    let reason = cause.reason.as_ref().map(|reason| format!(" ({} {})", reason.protocol, reason.cause));
    format!("ended {by}{}", clean(&reason.unwrap_or_default()))
}

/// Why nobody answered a call of ours.
pub(crate) fn failed(number: &str, cause: &Cause) -> String {
    let meaning = match cause.code {
        401 | 407 => "the server wants a password for calls, and not this one",
        403 => "this account may not call there",
        404 | 604 => "there is no such number",
        408 => "no answer",
        415 | 488 | 606 => {
            "the other side takes no WebRTC: is there a gateway for media (rtpengine) between?"
        }
        480 => "nobody is registered under it",
        486 | 600 => "busy",
        487 => "given up",
        500..600 => "the server could not put it through",
        603 => "declined",
        _ => "refused",
    };
    format!("{number}: {} {}: {meaning}", cause.code, clean(&cause.phrase))
}

/// What a server says to OPTIONS.
pub(crate) fn abilities(answer: &Message) -> String {
    let (code, phrase) = answer.status().unwrap_or_default();
    let mut parts = vec![format!("answers OPTIONS with {code} {}", clean(phrase))];
    for (name, words) in
        [("Server", "is"), ("User-Agent", "is"), ("Allow", "allows"), ("Supported", "supports")]
    {
        let values: Vec<&str> = answer.values(name).collect();
        if !values.is_empty() {
            parts.push(format!("{words} {}", clean(&values.join(", "))));
        }
    }
    parts.join("; ")
}

/// `0.8 s`
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Which hash a request was signed with.
pub(crate) fn algorithm(request: &Message) -> Option<String> {
    let value = request.header("Authorization").or(request.header("Proxy-Authorization"))?;
    let value = AuthValue::parse(value).ok()?;
    // RFC 7616 §3.3: without a name it is MD5.
    Some(value.get("algorithm").unwrap_or(if value.is("Digest") { "MD5" } else { "token" }).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use softframe_sip::ConnectionState;

    fn granted(contacts: &str) -> Facts {
        let text = format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK1\r\nFrom: <sip:200@p>;tag=a\r\n\
             To: <sip:200@p>;tag=b\r\nCall-ID: 1\r\nCSeq: 2 REGISTER\r\n{contacts}\r\n\r\n"
        );
        let granted = Message::parse(text.into_bytes()).expect("a message");
        Facts { algorithm: Some("SHA-256".to_owned()), granted: Some(Box::new(granted)) }
    }

    #[test]
    fn own_binding_counts_among_several() {
        let facts = granted(
            "Contact: <sip:a@b>;expires=3;+sip.instance=\"<urn:uuid:other>\", \
             <sip:c@d>;expires=50;+sip.instance=\"<urn:uuid:mine>\";pub-gruu=\"sip:200@p;gr=x\"\r\nFlow-Timer: 25",
        );
        let text = registered(&facts, "wss://p", "mine", 600);
        assert!(text.starts_with("registered for 50 s at wss://p (digest SHA-256; a GRUU"), "{text}");
        assert!(text.ends_with("every 25 s; phones of this account beside it: 1)"), "{text}");
        let text = registered(&granted("Expires: 120"), "wss://p", "mine", 600);
        assert!(text.contains("for 120 s") && text.contains("no GRUU"), "{text}");
    }

    #[test]
    fn refusals_say_what_to_look_at() {
        let refusal = |code, reason: &str| {
            let reason = reason.to_owned();
            let connection =
                Connection { state: ConnectionState::Refused, code: Some(code), reason, retry_at: None };
            refused(&connection, "200", "p")
        };
        assert_eq!(
            refusal(401, "The user name or the password is wrong."),
            "401: wrong password, or no user 200 at p"
        );
        assert!(
            refusal(401, "The server asks for a kind of sign-in that is not supported.").contains("kind")
        );
        assert!(refusal(403, "Forbidden").contains("too many phones"));
    }
}
