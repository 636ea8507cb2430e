//! What SIPp is to do, as a ladder: each call adds one step, and all of it becomes a scenario file. SIPp itself checks
//! order, methods, codes and, where a step says so, the text of a message.

use std::fmt::Write as _;

/// A description that any phone takes for one; here nobody speaks.
pub const SDP: &str =
    "v=0\no=trunk 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n";

/// The same for who plays: PCMU, sent from where SIPp has its sound.
pub const SOUND: &str = "v=0\no=trunk 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n\
                         m=audio [rtpstream_audio_port] RTP/AVP 0\na=rtpmap:0 PCMU/8000\n";

/// What names the call of a script, and another one of the same script.
const CALL: &str = "Call-ID: [call_id]";
const BESIDE: &str = "Call-ID: beside///[call_id]";

/// Milliseconds until SIPp repeats what has no answer. On loopback nothing is lost, and a phone on a busy machine would
/// answer twice.
const REPEATS_AFTER: u32 = 4_000;

/// One call of SIPp, as caller or as callee.
#[derive(Clone, Debug)]
pub struct Script {
    role: Role,
    steps: Vec<String>,
    /// The last number used in a request of SIPp's.
    sequence: u32,
    /// Which step sent the last INVITE (or what else began), for the branch of its CANCEL or ACK.
    began: usize,
    /// Whether that was inside of a dialog.
    is_inside: bool,
    variables: Vec<String>,
    is_literal: bool,
}

#[derive(Clone, Debug)]
enum Role {
    Caller { target: String },
    Callee,
}

/// What a callee keeps of an INVITE to answer it later: its name, the header, which of several.
const KEPT: [(&str, &str, u8); 7] = [
    ("via", "Via:", 1),
    ("inner", "Via:", 2),
    ("route", "Record-Route:", 1),
    ("second", "Record-Route:", 2),
    ("from", "From:", 1),
    ("to", "To:", 1),
    ("number", "CSeq:", 1),
];

impl Script {
    /// SIPp begins, with requests to this extension.
    pub fn caller(target: &str) -> Script {
        Script::of(Role::Caller { target: target.to_owned() })
    }

    /// SIPp waits for a call.
    pub fn callee() -> Script {
        Script::of(Role::Callee)
    }

    fn of(role: Role) -> Script {
        Script {
            role,
            steps: Vec::new(),
            sequence: 0,
            began: 0,
            is_inside: false,
            variables: Vec::new(),
            is_literal: false,
        }
    }

    /// Whether it begins by waiting.
    pub(crate) fn listens(&self) -> bool {
        matches!(self.role, Role::Callee)
    }

    /// SIPp sends nothing twice by itself, and takes nothing that comes twice for a repetition: each is a step.
    #[must_use]
    pub fn literally(mut self) -> Script {
        self.is_literal = true;
        self
    }

    /// Whether SIPp is to leave repetitions alone.
    pub(crate) fn is_literal(&self) -> bool {
        self.is_literal
    }

    /// The scenario file.
    pub(crate) fn xml(&self) -> String {
        let mut text =
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<scenario name=\"script\">\n".to_owned();
        text += &self.steps.concat();
        if !self.variables.is_empty() {
            // SIPp refuses a variable that is set and never read.
            let _ = writeln!(text, "<Reference variables=\"{}\"/>", self.variables.join(","));
        }
        text + "</scenario>\n"
    }

    /// A request outside of a dialog: an INVITE with or without a body, OPTIONS, NOTIFY, MESSAGE …
    #[must_use]
    pub fn begins(mut self, method: &str, headers: &[&str], body: &str) -> Script {
        let Role::Caller { target } = &self.role else { panic!("a callee does not begin") };
        let to = format!("<sip:{target}@sip.test>");
        let uri = format!("sip:{target}@sip.test");
        self.sequence += 1;
        (self.began, self.is_inside) = (self.steps.len(), false);
        let text = self.request(method, &uri, &to, "[branch]", "", headers, body);
        self.send(&text, method != "ACK")
    }

    /// A request inside of the dialog.
    #[must_use]
    pub fn sends(mut self, method: &str, headers: &[&str], body: &str) -> Script {
        self.sequence += 1;
        if method == "INVITE" {
            (self.began, self.is_inside) = (self.steps.len(), true);
        }
        self.sends_numbered(method, headers, body)
    }

    /// A request outside of the dialog while that goes on: with another Call-ID, which SIPp still takes for this call. A
    /// callee sends it to the `[$target]` of [`Script::takes_refer_to_replace`].
    #[must_use]
    pub fn begins_beside(mut self, method: &str, headers: &[&str], body: &str) -> Script {
        let uri = self.target_beside();
        self.sequence += 1;
        self.began = self.steps.len();
        let to = format!("<{uri}>");
        let text = self.request(method, &uri, &to, "[branch]", "", headers, body);
        self.send(&text.replace(CALL, BESIDE), true)
    }

    fn target_beside(&self) -> String {
        match &self.role {
            Role::Caller { target } => format!("sip:{target}@sip.test"),
            Role::Callee => "[$target]".to_owned(),
        }
    }

    /// Waits for the 2xx to an INVITE beside the dialog and acknowledges it. What requests in the dialog need stays as it is.
    #[must_use]
    pub fn is_accepted_beside(self) -> Script {
        let kept = [
            ("peer_address,peer", "Contact:", 1, "&lt;([^&gt;]+)&gt;"),
            ("near", "Record-Route:", 1, ".*"),
            ("far", "Record-Route:", 2, ".*"),
        ];
        let script = self.keeps_beside(200, &kept);
        // The nearest proxy stands last in an answer, and first in a request.
        script.acknowledges_beside("[$peer]", "[branch]", "Route: [$far]\nRoute: [$near]\n")
    }

    /// Waits for its refusal, and acknowledges that. The tag of the dialog is then known as a variable alone, so that
    /// nothing more is sent in it.
    #[must_use]
    pub fn is_refused_beside(self, code: u16) -> Script {
        let branch = format!("[branch-{}]", self.steps.len() + 1 - self.began);
        let uri = self.target_beside();
        self.keeps_beside(code, &[]).acknowledges_beside(&uri, &branch, "")
    }

    /// Variables, the header they are of, which of several, and how they are found in it.
    fn keeps_beside(mut self, code: u16, kept: &[(&str, &str, u8, &str)]) -> Script {
        let mut actions = String::new();
        for (names, header, occurrence, pattern) in kept.iter().chain(&[("joined", "To:", 1, ".*")]) {
            let _ = writeln!(
                actions,
                "<ereg regexp=\"{pattern}\" search_in=\"hdr\" header=\"{header}\" occurrence=\"{occurrence}\" \
                 check_it=\"true\" assign_to=\"{names}\"/>"
            );
            names.split(',').for_each(|name| self.uses(name));
        }
        self.receive(&format!("response=\"{code}\""), &actions, &[])
    }

    fn acknowledges_beside(self, uri: &str, branch: &str, routes: &str) -> Script {
        let text = self.request("ACK", uri, "[$joined]", branch, routes, &[], "");
        self.send(&text.replace(CALL, BESIDE), false)
    }

    /// ACK of a 2xx.
    #[must_use]
    pub fn acknowledges(self, body: &str) -> Script {
        self.sends_numbered("ACK", &[], body)
    }

    /// ACK of the 2xx to the INVITE that began it, after other requests.
    #[must_use]
    pub fn acknowledges_first(mut self) -> Script {
        let sequence = std::mem::replace(&mut self.sequence, 1);
        let mut script = self.sends_numbered("ACK", &[], "");
        script.sequence = sequence;
        script
    }

    fn sends_numbered(self, method: &str, headers: &[&str], body: &str) -> Script {
        let to = match &self.role {
            Role::Caller { target } => format!("<sip:{target}@sip.test>[peer_tag_param]"),
            Role::Callee => "[$from]".to_owned(),
        };
        let text = self.request(method, "[next_url]", &to, "[branch]", "[routes]\n", headers, body);
        self.send(&text, method != "ACK")
    }

    /// CANCEL of the INVITE, and all that comes of it. Kamailio answers the CANCEL itself while the phone's 487 is on its
    /// way, so that either comes first.
    #[must_use]
    pub fn cancels(self, headers: &[&str]) -> Script {
        self.of_the_first("CANCEL", "", headers).may_get(200).gets(487, &[]).acknowledges_refusal()
    }

    /// ACK of the INVITE's refusal.
    #[must_use]
    pub fn acknowledges_refusal(self) -> Script {
        self.of_the_first("ACK", "[peer_tag_param]", &[])
    }

    fn of_the_first(self, method: &str, tag: &str, headers: &[&str]) -> Script {
        let Role::Caller { target } = &self.role else { panic!("a callee has no INVITE") };
        let (mut uri, to) = (format!("sip:{target}@sip.test"), format!("<sip:{target}@sip.test>{tag}"));
        let mut routes = "";
        if self.is_inside {
            (uri, routes) = ("[next_url]".to_owned(), "[routes]\n");
        }
        let branch = format!("[branch-{}]", self.steps.len() - self.began);
        let text = self.request(method, &uri, &to, &branch, routes, headers, "");
        self.send(&text, method != "ACK")
    }

    #[allow(clippy::too_many_arguments)] // the parts of a request, in their order
    fn request(
        &self,
        method: &str,
        uri: &str,
        to: &str,
        branch: &str,
        routes: &str,
        headers: &[&str],
        body: &str,
    ) -> String {
        let from = match self.role {
            Role::Caller { .. } => "\"Trunk\" <sip:+34911085460@127.0.0.1:[local_port]>;tag=[call_number]",
            Role::Callee => "[$to];tag=[call_number]",
        };
        let sequence = self.sequence;
        format!(
            "{method} {uri} SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:[local_port];branch={branch}\nFrom: {from}\n\
             To: {to}\n{routes}Call-ID: [call_id]\nCSeq: {sequence} {method}\nMax-Forwards: 70\n{}",
            tail(headers, body)
        )
    }

    /// A response to the INVITE of the other side, whenever it is due. `tag` tells forks apart.
    #[must_use]
    pub fn says(self, status: &str, tag: &str, headers: &[&str], body: &str) -> Script {
        let text = format!(
            "SIP/2.0 {status}\nVia: [$via]\nVia: [$inner]\nRecord-Route: [$route]\nRecord-Route: [$second]\n\
             From: [$from]\nTo: [$to];tag=[call_number]{tag}\nCall-ID: [call_id]\nCSeq: [$number]\n{}",
            tail(headers, body)
        );
        self.send(&text, status.starts_with('2'))
    }

    /// A response to what came last, inside of a dialog.
    #[must_use]
    pub fn answers(self, status: &str, headers: &[&str], body: &str) -> Script {
        self.answers_last(status, "", headers, body)
    }

    /// A response to the request that came last, which opens a dialog; its Record-Routes stand in one comma list.
    #[must_use]
    pub fn opens(self, status: &str, headers: &[&str], body: &str) -> Script {
        self.answers_last(status, ";tag=[call_number]", headers, body)
    }

    fn answers_last(self, status: &str, tag: &str, headers: &[&str], body: &str) -> Script {
        let text = format!(
            "SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n[last_CSeq:]\n\
             [last_Record-Route:]\n{}",
            tail(headers, body)
        );
        self.send(&text, false)
    }

    /// Waits for an INVITE, and keeps what its answers need.
    #[must_use]
    pub fn is_called(mut self, checks: &[&str]) -> Script {
        let mut actions = String::new();
        for (name, header, occurrence) in KEPT {
            let _ = writeln!(
                actions,
                "<ereg regexp=\".*\" search_in=\"hdr\" header=\"{header}\" occurrence=\"{occurrence}\" assign_to=\"{name}\"/>"
            );
            self.uses(name);
        }
        self.receive("request=\"INVITE\" rrs=\"true\"", &actions, checks)
    }

    /// Waits for a REGISTER; the way back to the phone is `[$path]` from then on.
    #[must_use]
    pub fn is_registered_with(mut self) -> Script {
        self.uses("path");
        let action = "<ereg regexp=\"[^ ].*\" search_in=\"hdr\" header=\"Path:\" check_it=\"true\" assign_to=\"path\"/>\n";
        self.receive("request=\"REGISTER\"", action, &[])
    }

    /// An INVITE by that way, from somebody whose names lead nowhere, as Asterisk writes them on a bare machine.
    #[must_use]
    pub fn calls_by_path(self, uri: &str, body: &str) -> Script {
        let text = format!(
            "INVITE {uri} SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:[local_port];branch=[branch]\nRoute: [$path]\n\
             From: \"Desk\" <sip:302@vm>;tag=[call_number]\nTo: <sip:2lq8fv@127.0.0.1>\nCall-ID: beside///[call_id]\n\
             CSeq: 7 INVITE\nMax-Forwards: 70\n{}",
            tail(&["Contact: <sip:asterisk@vm:5060;transport=ws>"], body)
        );
        self.send(&text, true)
    }

    /// ACK of that call's 2xx.
    #[must_use]
    pub fn acknowledges_by_path(self) -> Script {
        let text = format!(
            "ACK [next_url] SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:[local_port];branch=[branch]\n[routes]\n\
             From: \"Desk\" <sip:302@vm>;tag=[call_number]\nTo: <sip:2lq8fv@127.0.0.1>[peer_tag_param]\n\
             Call-ID: beside///[call_id]\nCSeq: 7 ACK\nMax-Forwards: 70\n{}",
            tail(&[], "")
        );
        self.send(&text, false)
    }

    /// Waits for another request of the other side's.
    #[must_use]
    pub fn takes(self, method: &str, checks: &[&str]) -> Script {
        self.receive(&format!("request=\"{method}\""), "", checks)
    }

    /// Waits for a response.
    #[must_use]
    pub fn gets(self, code: u16, checks: &[&str]) -> Script {
        self.receive(&format!("response=\"{code}\" rrs=\"true\""), "", checks)
    }

    /// Waits for a REFER that names a dialog to be replaced: `[$target]`, `[$replaced]`, `[$to_tag]` and `[$from_tag]` from
    /// then on.
    #[must_use]
    pub fn takes_refer_to_replace(mut self) -> Script {
        let names = ["refer_to", "target", "replaced", "to_tag", "from_tag"];
        for name in names {
            self.uses(name);
        }
        let action = format!(
            "<ereg regexp=\"&lt;(sip:[^?]+)[?]Replaces=([^%]+)%3Bto-tag%3D([^%]+)%3Bfrom-tag%3D([^%&gt;]+)&gt;\" \
             search_in=\"hdr\" header=\"Refer-To:\" check_it=\"true\" assign_to=\"{}\"/>\n",
            names.join(",")
        );
        self.receive("request=\"REFER\"", &action, &[])
    }

    /// As [`Script::gets`]; the number in RSeq is `[$rseq]` from then on.
    #[must_use]
    pub fn gets_reliable(mut self, code: u16) -> Script {
        self.uses("rseq");
        let action = "<ereg regexp=\"[0-9]+\" search_in=\"hdr\" header=\"RSeq:\" check_it=\"true\" assign_to=\"rseq\"/>\n";
        self.receive(&format!("response=\"{code}\" rrs=\"true\""), action, &["Require: *100rel"])
    }

    /// As [`Script::gets`]; the tag in To is `[$tag]` from then on.
    #[must_use]
    pub fn gets_tagged(mut self, code: u16) -> Script {
        self.uses("tag");
        self.uses("tagged");
        let action = "<ereg regexp=\"tag=([^;]+)\" search_in=\"hdr\" header=\"To:\" check_it=\"true\" assign_to=\"tagged,tag\"/>\n";
        self.receive(&format!("response=\"{code}\" rrs=\"true\""), action, &[])
    }

    /// A response that may come, or may be overtaken by the next.
    #[must_use]
    pub fn may_get(self, code: u16) -> Script {
        self.receive(&format!("response=\"{code}\" optional=\"true\""), "", &[])
    }

    /// Plays this file, which is in PCMU and in its folder, again and again from now on.
    #[must_use]
    pub fn plays(mut self, file: &str) -> Script {
        self.steps.push(format!("<nop><action><exec rtp_stream=\"{file},-1,0\"/></action></nop>\n"));
        self
    }

    /// Lets time pass.
    #[must_use]
    pub fn waits(mut self, milliseconds: u32) -> Script {
        self.steps.push(format!("<pause milliseconds=\"{milliseconds}\"/>\n"));
        self
    }

    fn receive(mut self, what: &str, actions: &str, checks: &[&str]) -> Script {
        let mut actions = actions.to_owned();
        for check in checks {
            let name = format!("checked{}", self.variables.len());
            let _ = writeln!(
                actions,
                "<ereg regexp=\"{}\" search_in=\"msg\" check_it=\"true\" assign_to=\"{name}\"/>",
                check.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
            );
            self.uses(&name);
        }
        let inner = if actions.is_empty() { String::new() } else { format!("<action>\n{actions}</action>") };
        self.steps.push(format!("<recv {what}>{inner}</recv>\n"));
        self
    }

    fn uses(&mut self, name: &str) {
        if !self.variables.iter().any(|known| known == name) {
            self.variables.push(name.to_owned());
        }
    }

    fn send(mut self, text: &str, is_repeated: bool) -> Script {
        let repeated = if is_repeated { format!(" retrans=\"{REPEATS_AFTER}\"") } else { String::new() };
        self.steps.push(format!("<send{repeated}><![CDATA[\n{text}\n]]></send>\n"));
        self
    }
}

/// Our Contact, further headers and the body. Contact and Content-Type are as ever unless a header says otherwise.
fn tail(headers: &[&str], body: &str) -> String {
    let says = |name: &str| headers.iter().any(|header| header.starts_with(name));
    let mut text = String::new();
    if !says("Contact:") {
        text += "Contact: <sip:trunk@127.0.0.1:[local_port]>\n";
    }
    for header in headers {
        text += header;
        text.push('\n');
    }
    if !body.is_empty() && !says("Content-Type:") {
        text += "Content-Type: application/sdp\n";
    }
    text + "Content-Length: [len]\n\n" + body
}
