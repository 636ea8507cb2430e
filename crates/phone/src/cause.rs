//! Why a call ended, in the closed list of the host protocol (protocol.md 1.6).
//!
//! It never invents a status: code and phrase are those of the wire.

use crate::{config::HeaderNames, headers};
use softframe_sip::{Cause, EndedBy};

/// `cause.reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Hangup,
    Busy,
    NoAnswer,
    Rejected,
    Cancelled,
    NotFound,
    Unavailable,
    Forbidden,
    AnsweredElsewhere,
    Transferred,
    Forwarded,
    MediaFailed,
    Lost,
    Error,
}

impl Reason {
    /// As it stands in events and, after `ended.`, in the table of texts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Reason::Hangup => "hangup",
            Reason::Busy => "busy",
            Reason::NoAnswer => "no-answer",
            Reason::Rejected => "rejected",
            Reason::Cancelled => "cancelled",
            Reason::NotFound => "not-found",
            Reason::Unavailable => "unavailable",
            Reason::Forbidden => "forbidden",
            Reason::AnsweredElsewhere => "answered-elsewhere",
            Reason::Transferred => "transferred",
            Reason::Forwarded => "forwarded",
            Reason::MediaFailed => "media-failed",
            Reason::Lost => "lost",
            Reason::Error => "error",
        }
    }

    /// The message id of the pill on the "ended" view.
    pub(crate) fn text_id(self) -> &'static str {
        match self {
            Reason::Hangup => "ended.hangup",
            Reason::Busy => "ended.busy",
            Reason::NoAnswer => "ended.no-answer",
            Reason::Rejected => "ended.rejected",
            Reason::Cancelled => "ended.cancelled",
            Reason::NotFound => "ended.not-found",
            Reason::Unavailable => "ended.unavailable",
            Reason::Forbidden => "ended.forbidden",
            Reason::AnsweredElsewhere => "ended.answered-elsewhere",
            Reason::Transferred => "ended.transferred",
            Reason::Forwarded => "ended.forwarded",
            Reason::MediaFailed => "ended.media-failed",
            Reason::Lost => "ended.lost",
            Reason::Error => "ended.error",
        }
    }

    /// What a final status of the other side means (RFC 3261 §21); `None`: nothing that a person has a word for.
    pub(crate) fn of_status(code: u16) -> Option<Reason> {
        Some(match code {
            300..=399 => Reason::Forwarded,
            401 | 403 | 407 => Reason::Forbidden,
            404 | 410 | 416 | 484 | 485 | 604 => Reason::NotFound,
            408 | 487 => Reason::NoAnswer,
            480 | 430 | 502..=504 => Reason::Unavailable,
            486 | 600 => Reason::Busy,
            415 | 488 | 606 => Reason::MediaFailed,
            433 | 603 | 607 | 608 => Reason::Rejected,
            _ => return None,
        })
    }

    /// The reason of that name, for what was stored.
    pub(crate) fn from_name(name: &str) -> Option<Reason> {
        [
            Reason::Hangup,
            Reason::Busy,
            Reason::NoAnswer,
            Reason::Rejected,
            Reason::Cancelled,
            Reason::NotFound,
            Reason::Unavailable,
            Reason::Forbidden,
            Reason::AnsweredElsewhere,
            Reason::Transferred,
            Reason::Forwarded,
            Reason::MediaFailed,
            Reason::Lost,
            Reason::Error,
        ]
        .into_iter()
        .find(|reason| reason.name() == name)
    }
}

/// `cause.endedBy`.
pub(crate) fn side(ended_by: EndedBy) -> &'static str {
    match ended_by {
        EndedBy::Local => "local",
        EndedBy::Remote => "remote",
        EndedBy::Network => "network",
    }
}

/// How far the call had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Outgoing,
    Incoming,
    Talking,
}

/// The whole of `cause`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) reason: Reason,
    pub(crate) ended_by: EndedBy,
    /// SIP status, 0 if none is involved.
    pub(crate) code: u16,
    pub(crate) text: String,
    /// What the server says beside that in a header of its own, or nothing.
    pub(crate) details: String,
}

impl Ending {
    pub(crate) fn local(reason: Reason, code: u16, text: &str) -> Ending {
        Ending { reason, ended_by: EndedBy::Local, code, text: text.to_owned(), details: String::new() }
    }
}

/// Translates what the SIP side says.
pub(crate) fn ending(stage: Stage, cause: &Cause, names: &HeaderNames) -> Ending {
    let reason = match stage {
        Stage::Talking => talking(cause),
        Stage::Incoming => incoming(cause),
        Stage::Outgoing => outgoing(cause),
    };
    let refusal = cause.refusal.as_ref();
    Ending {
        reason,
        ended_by: cause.ended_by,
        code: cause.code,
        text: headers::shown(&cause.phrase),
        details: refusal.map(|refusal| headers::first(refusal, &names.error)).unwrap_or_default(),
    }
}

fn talking(cause: &Cause) -> Reason {
    match cause.ended_by {
        EndedBy::Network => Reason::Lost,
        EndedBy::Local | EndedBy::Remote => Reason::Hangup,
    }
}

fn incoming(cause: &Cause) -> Reason {
    // RFC 3326 §2: a proxy tells the forks that lose why.
    if cause
        .reason
        .as_ref()
        .is_some_and(|reason| reason.protocol.eq_ignore_ascii_case("SIP") && reason.cause == 200)
    {
        return Reason::AnsweredElsewhere;
    }
    match cause.ended_by {
        EndedBy::Network => Reason::Lost,
        EndedBy::Remote => Reason::Cancelled,
        EndedBy::Local => Reason::Rejected,
    }
}

fn outgoing(cause: &Cause) -> Reason {
    if cause.ended_by == EndedBy::Local {
        return Reason::Cancelled;
    }
    // A gateway's Q.850 cause is closer to the truth than the status it was squeezed into.
    let q850 = cause.reason.as_ref().filter(|reason| reason.protocol.eq_ignore_ascii_case("Q.850"));
    match q850.map(|reason| reason.cause) {
        Some(1 | 2 | 3 | 22 | 28) => return Reason::NotFound,
        Some(17) => return Reason::Busy,
        Some(18 | 19 | 102) => return Reason::NoAnswer,
        Some(21) => return Reason::Rejected,
        Some(20 | 27 | 34 | 38 | 41 | 42) => return Reason::Unavailable,
        Some(65 | 79 | 88) => return Reason::MediaFailed,
        _ => {}
    }
    match Reason::of_status(cause.code) {
        Some(Reason::Unavailable)
            if (502..=504).contains(&cause.code) && cause.ended_by != EndedBy::Remote =>
        {
            Reason::Lost
        }
        Some(reason) => reason,
        None if cause.ended_by == EndedBy::Network => Reason::Lost,
        None => Reason::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(ended_by: EndedBy, code: u16, reason: Option<(&str, u16)>) -> Cause {
        let reason = reason.map(|(protocol, cause)| softframe_sip::Reason {
            protocol: protocol.into(),
            cause,
            text: String::new(),
        });
        Cause { ended_by, code, phrase: String::new(), reason, retry_after: None, refusal: None }
    }

    #[test]
    fn endings_map_to_the_closed_list() {
        use EndedBy::{Local, Network, Remote};
        for (stage, given, expected) in [
            (Stage::Talking, cause(Remote, 200, None), Reason::Hangup),
            (Stage::Talking, cause(Network, 408, None), Reason::Lost),
            (Stage::Incoming, cause(Remote, 487, None), Reason::Cancelled),
            (Stage::Incoming, cause(Remote, 487, Some(("SIP", 200))), Reason::AnsweredElsewhere),
            (Stage::Incoming, cause(Local, 486, None), Reason::Rejected),
            (Stage::Outgoing, cause(Remote, 486, None), Reason::Busy),
            (Stage::Outgoing, cause(Remote, 480, Some(("Q.850", 19))), Reason::NoAnswer),
            (Stage::Outgoing, cause(Remote, 480, None), Reason::Unavailable),
            (Stage::Outgoing, cause(Remote, 603, None), Reason::Rejected),
            (Stage::Outgoing, cause(Remote, 404, None), Reason::NotFound),
            (Stage::Outgoing, cause(Remote, 403, None), Reason::Forbidden),
            (Stage::Outgoing, cause(Remote, 302, None), Reason::Forwarded),
            (Stage::Outgoing, cause(Remote, 500, None), Reason::Error),
            (Stage::Outgoing, cause(Remote, 422, None), Reason::Error),
            (Stage::Outgoing, cause(Remote, 503, None), Reason::Unavailable),
            (Stage::Outgoing, cause(Remote, 500, Some(("Q.850", 34))), Reason::Unavailable),
            (Stage::Outgoing, cause(Remote, 500, Some(("Q.850", 3))), Reason::NotFound),
            (Stage::Outgoing, cause(Remote, 500, Some(("Q.850", 88))), Reason::MediaFailed),
            (Stage::Outgoing, cause(Remote, 480, Some(("Q.850", 102))), Reason::NoAnswer),
            (Stage::Outgoing, cause(Remote, 488, None), Reason::MediaFailed),
            (Stage::Outgoing, cause(Remote, 600, None), Reason::Busy),
            (Stage::Outgoing, cause(Remote, 433, None), Reason::Rejected),
            (Stage::Outgoing, cause(Local, 487, None), Reason::Cancelled),
            (Stage::Outgoing, cause(Network, 503, None), Reason::Lost),
        ] {
            assert_eq!(
                ending(stage, &given, &HeaderNames::default()).reason,
                expected,
                "{stage:?} {given:?}"
            );
        }
    }

    #[test]
    fn every_status_and_cause_of_a_refusal_has_its_word() {
        for (reason, codes, causes) in [
            (Reason::Forwarded, &[300, 301, 302, 305, 380][..], &[][..]),
            (Reason::Forbidden, &[401, 403, 407], &[]),
            (Reason::NotFound, &[404, 410, 416, 484, 485, 604], &[1, 2, 3, 22, 28]),
            (Reason::NoAnswer, &[408, 487], &[18, 19, 102]),
            (Reason::Unavailable, &[430, 480, 502, 503, 504], &[20, 27, 34, 38, 41, 42]),
            (Reason::Busy, &[486, 600], &[17]),
            (Reason::MediaFailed, &[415, 488, 606], &[65, 79, 88]),
            (Reason::Rejected, &[433, 603, 607, 608], &[21]),
            (
                Reason::Error,
                &[400, 402, 405, 406, 413, 420, 481, 482, 483, 489, 491, 493, 500, 501, 505, 513],
                &[],
            ),
        ] {
            for code in codes {
                let given = cause(EndedBy::Remote, *code, None);
                assert_eq!(ending(Stage::Outgoing, &given, &HeaderNames::default()).reason, reason, "{code}");
            }
            // What a gateway says of its own network counts more than the status it came with (RFC 3398 §8.2.6.1).
            for number in causes {
                let given = cause(EndedBy::Remote, 501, Some(("q.850", *number)));
                assert_eq!(
                    ending(Stage::Outgoing, &given, &HeaderNames::default()).reason,
                    reason,
                    "{number}"
                );
            }
        }
        // Causes that say no more than that it is over leave it to the status.
        for number in [16, 31, 127] {
            let given = cause(EndedBy::Remote, 486, Some(("Q.850", number)));
            assert_eq!(
                ending(Stage::Outgoing, &given, &HeaderNames::default()).reason,
                Reason::Busy,
                "{number}"
            );
        }
        // 200 is no cause of Q.850, and of SIP says that another device has it.
        let given = cause(EndedBy::Remote, 487, Some(("Q.850", 200)));
        assert_eq!(ending(Stage::Incoming, &given, &HeaderNames::default()).reason, Reason::Cancelled);
    }

    #[test]
    fn every_name_is_found_again() {
        assert_eq!(Reason::from_name("answered-elsewhere"), Some(Reason::AnsweredElsewhere));
        assert_eq!(Reason::from_name("x"), None);
    }
}
