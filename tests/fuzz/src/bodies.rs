//! What comes inside of SIP messages: session descriptions, presence, dialog states, summaries.

use crate::{Target, bytes::Bytes};
use softframe_phone::fuzz;

pub(crate) const SDP: Target =
    Target { name: "sdp", run: fuzz::description, seeds: descriptions, words: SDP_WORDS, max_octets: 4096 };

pub(crate) const BODIES: Target =
    Target { name: "bodies", run: run_body, seeds: bodies, words: BODY_WORDS, max_octets: 4096 };

const SDP_WORDS: &[&str] = &[
    "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 126",
    "\r\nm=audio 0 RTP/AVP 0",
    "\r\nm=video 9 RTP/SAVPF 96",
    "\r\nc=IN IP4 0.0.0.0",
    "\r\nc=IN IP6 ::1",
    "\r\na=sendonly",
    "\r\na=inactive",
    "\r\na=sendrecv",
    "\r\na=recvonly",
    "\r\na=ice-ufrag:ab",
    "\r\na=fingerprint:sha-256 AA:BB",
    "\r\na=rtpmap:126 telephone-event/8000",
    "\r\na=rtpmap:111 opus/48000/2",
    "\r\na=candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host",
    "\r\na=group:BUNDLE 0",
    "\r\n",
    "\n",
    "v=0",
    "65536",
    "99999999999999999999",
    "\u{fffd}",
    "\0",
];

/// A browser's and a PBX's.
pub(crate) const CHROMIUM: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 126\r\n\
     c=IN IP4 0.0.0.0\r\na=candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host\r\na=ice-ufrag:ab\r\n\
     a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\n\
     a=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:126 telephone-event/8000\r\n";
pub(crate) const FREESWITCH: &str = "v=0\r\no=FreeSWITCH 1 2 IN IP4 10.0.0.1\r\ns=FreeSWITCH\r\nc=IN IP6 ::1\r\nb=AS:84\r\nt=0 0\r\n\
     m=audio 17000 RTP/SAVPF 8 0 101\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\na=ptime:20\r\n\
     a=fingerprint:SHA-256 AA\r\na=sendonly\r\n";

fn descriptions() -> Vec<Vec<u8>> {
    let rejected = "v=0\r\no=x 1 1 IN IP4 1\r\ns= \r\nt=0 0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=inactive\r\nm=audio 0 RTP/AVP 0\r\n";
    [CHROMIUM, FREESWITCH, rejected].map(|text| text.as_bytes().to_vec()).to_vec()
}

const BODY_WORDS: &[&str] = &[
    "<?xml version=\"1.0\"?>",
    "<dialog-info version=\"1\" state=\"full\">",
    "state=\"partial\"",
    "version=\"4294967295\"",
    "</dialog-info>",
    "<dialog id=\"1\" direction=\"recipient\">",
    "</dialog>",
    "<state>confirmed</state>",
    "<state>terminated</state>",
    "<local>",
    "<param pname=\"+sip.rendering\" pval=\"no\"/>",
    "<presence>",
    "</presence>",
    "<basic>open</basic>",
    "<note>",
    "</note>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&amp;",
    "&#x10ffff;",
    "&#0;",
    "&lt;",
    "/>",
    "='",
    "a:b",
    "\u{fffd}",
    "\0",
    "Messages-Waiting: yes",
    "Voice-Message: 2/8 (0/2)",
    "\r\n",
];

fn bodies() -> Vec<Vec<u8>> {
    [
        "\0<?xml version=\"1.0\"?>\n<presence entity=\"sip:302@a\" xmlns:pp=\"urn:x\"><note>On the &quot;phone&#33;</note>\
         <tuple id='302'><status><basic>open</basic></status></tuple><pp:person><ep:on-the-phone/></pp:person></presence>",
        "\x01<dialog-info version=\"0\" state=\"full\"><dialog id=\"1\" direction=\"recipient\"><state>early</state></dialog></dialog-info>\0\
         <dialog-info version=\"1\" state=\"partial\"><dialog id=\"2\"><state>confirmed</state><local><target><param \
         pname=\"+sip.rendering\" pval=\"no\"/></target></local></dialog></dialog-info>\0<dialog-info version=\"3\" state=\"partial\"/>",
        "\x02Messages-Waiting: yes\r\nMessage-Account: sip:a@b\r\nVoice-Message: 2/8 (0/2)\r\n",
        "\x03\"Marta \\\"M\\\" Ruiz\" <sip:+34%20911@h;x=1?a=b>;tag=a",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

fn run_body(octets: &[u8]) {
    let mut bytes = Bytes::new(octets);
    let kind = bytes.below(4);
    let body = bytes.rest();
    let text = String::from_utf8_lossy(body);
    match kind {
        0 => fuzz::presence(&text),
        1 => fuzz::dialog_states(text.split('\0')),
        2 => fuzz::summary(body),
        _ => fuzz::party(&text),
    }
}
