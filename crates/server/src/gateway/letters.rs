//! What clients say to one phone, in its order and no more of it than the phone takes.
//!
//! Each client is read at a pace of its own, but many together may send more than a phone takes that is busy. What finds no
//! room is answered here, at the server of the phone, wherever its clients are; the phone keeps its socket.

use super::{
    Gateway,
    desk::client_channel,
    leg::BURST,
    seats::MAX_OF_GRANT,
    shared::{MAX_MAIL, Mail},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Messages of clients that wait for a phone: what one client may send at once, and what it sends while a page is busy for a
/// second.
pub(super) const MAX_WAITING: usize = 256;

/// Mail of a phone that is not sorted yet: all that the clients of one server may send at once. It is sorted without waiting for
/// the phone.
pub(super) const MAX_UNSORTED: usize = MAX_OF_GRANT * BURST as usize;

/// What waits for a phone, and beside it the gateway's own words, which nobody could be told to repeat.
pub(super) fn queue() -> (Sender<String>, Receiver<String>) {
    mpsc::channel(MAX_WAITING + MAX_MAIL)
}

/// Sorts the mail of a phone until it ends, or the token is revoked: then `true`.
pub(super) async fn sort(
    gateway: &Gateway,
    extension: &str,
    revoked: &str,
    mut mail: Receiver<Mail>,
    waiting: Sender<String>,
) -> bool {
    while let Some(Mail { channel, text }) = mail.recv().await {
        if channel == revoked {
            return true;
        }
        if waiting.capacity() <= MAX_MAIL
            && let Some((client, answer)) = refusal(&text)
        {
            if gateway.shared.publish(&client_channel(extension, client), &answer).await.is_err() {
                return false;
            }
        } else if waiting.try_send(text).is_err() {
            return false;
        }
    }
    false
}

/// Whom to answer a letter that is not delivered, and what; `None` for the gateway's own words.
fn refusal(letter: &str) -> Option<(&str, String)> {
    const CODE: &str = "rate_limited";
    const MESSAGE: &str = "The phone takes no more messages just now.";
    let (client, message) = letter.split_once('\n')?;
    let Head { r#type, id } = serde_json::from_str(message).ok()?;
    let answer = match r#type.as_str() {
        "xivo:frame" => {
            let frame = json!({ "msgType": "Error", "ctiMessage": { "Error": "RateLimited" } });
            json!({ "type": r#type, "data": { "frame": frame.to_string() } })
        }
        kind if kind.starts_with("xivo:") => return None,
        kind => failure(kind, &id, CODE, MESSAGE),
    };
    Some((client, answer.to_string()))
}

#[derive(Deserialize)]
struct Head {
    r#type: String,
    #[serde(default)]
    id: Value,
}

/// The answer to a message of the host protocol that no phone takes.
pub(super) fn failure(kind: &str, id: &Value, code: &str, message: &str) -> Value {
    if id.is_null() {
        let data = json!({ "command": kind, "code": code, "message": message });
        return json!({ "type": "softframe:error", "data": data, "v": 1 });
    }
    let error = json!({ "code": code, "message": message });
    json!({ "type": "softframe:response", "id": id, "ok": false, "error": error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_that_finds_no_room_is_answered_in_the_words_of_its_client_and_the_gateways_own_is_not() {
        let answered = |message: &str| refusal(&format!("c1\n{message}")).map(|(_, answer)| answer);
        let answer = |message: &str| serde_json::from_str::<Value>(&answered(message)?).ok();
        let told = answer(r#"{"type":"mute","id":7}"#).expect("an answer");
        assert_eq!((&told["id"], &told["error"]["code"]), (&json!(7), &json!("rate_limited")));
        let told = answer(r#"{"type":"mute"}"#).expect("an error");
        assert_eq!(
            (&told["type"], &told["data"]["command"], &told["data"]["code"]),
            (&json!("softframe:error"), &json!("mute"), &json!("rate_limited"))
        );
        let told = answer(r#"{"type":"xivo:frame","data":{"socket":"c1","frame":"{}"}}"#).expect("a frame");
        let frame =
            told["data"]["frame"].as_str().and_then(|frame| serde_json::from_str::<Value>(frame).ok());
        assert_eq!(frame, Some(json!({ "msgType": "Error", "ctiMessage": { "Error": "RateLimited" } })));
        for own in [r#"{"type":"xivo:open","data":{"socket":"c1"}}"#, r#"{"type":"xivo:close"}"#, "5"] {
            assert_eq!(answered(own), None, "{own}");
        }
    }
}
