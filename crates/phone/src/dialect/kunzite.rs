//! The Kunzite messages: `click2call`, `contacts`, and the `phone:*` events with their 12 keys.
//!
//! The native protocol is a superset of them, so nothing is translated here; what must not change is held by the
//! tests against the published payloads.

#[cfg(test)]
mod tests {
    use crate::bridge::{CallEvent, Context, Size, json};
    use serde_json::Value;

    /// As published, with the person's address as the demo prints it.
    const TERMINATED: &str = r#"{"context":{"status":"online","user":"johndoe@astroline.es","extension":"200","size":{"width":320,"height":460}},"id":"294e44c0-494d-487f-b286-2d22fb5b0c3a","date":"2023-05-21T15:10:19.342Z","from":"+34917370192","to":"+34917370191","direction":"inbound","status":"answered","duration":22,"wait":8,"total":30,"team":"Dev_Team"}"#;

    #[test]
    fn an_event_begins_with_the_published_keys_in_their_order() {
        let event = CallEvent {
            context: Context {
                status: "online".into(),
                user: "johndoe@astroline.es".into(),
                extension: "200".into(),
                size: Size { width: 320, height: 460 },
            },
            id: "294e44c0-494d-487f-b286-2d22fb5b0c3a".into(),
            date: crate::clock::iso8601(1_684_681_819_342),
            from: "+34917370192".into(),
            to: "+34917370191".into(),
            direction: "inbound",
            status: "answered",
            duration: 22,
            wait: 8,
            total: 30,
            team: "Dev_Team".into(),
            reference: None,
            connected: None,
            display_name: String::new(),
            contact: None,
            contacts: Vec::new(),
            headers: Default::default(),
            user_data: None,
            sip_call_id: "x".into(),
            video: false,
            code: None,
            early_media: None,
            by: None,
            muted: None,
            state: None,
            cause: None,
            enigma: None,
            cdr: None,
            quality: None,
        };
        let text = json(&event);
        assert!(text.starts_with(TERMINATED.trim_end_matches('}')), "{text}");
        let published: Value = serde_json::from_str(TERMINATED).unwrap();
        let ours: Value = serde_json::from_str(&text).unwrap();
        for (key, value) in published.as_object().unwrap() {
            assert_eq!(&ours[key], value, "{key}");
        }
    }
}
