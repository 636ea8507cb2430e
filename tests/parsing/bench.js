// Times the reading of messages and the answering of a challenge: ours, JsSIP's and SIP.js's, in turns, in one page.
// Each figure is the least of many batches: what a machine with other work adds, it adds to all three.

import init, { Challenge, call_id, read } from './softframe.js';
import octets from './softframe_bg.wasm';
import * as JsSipParser from 'jssip/lib/Parser.js';
import JsSipDigest from 'jssip/lib/DigestAuthentication.js';
import { Parser as SipJsParser } from 'sip.js/lib/core/messages/parser.js';
import { DigestAuthentication as SipJsDigest } from 'sip.js/lib/core/messages/digest-authentication.js';

const BATCHES = 60;
/// Clocks of a page tick in tenths of a millisecond.
const BATCH_MS = 8;

const complain = (...words) => { throw new Error(words.join(' ')); };
const log = { debug() {}, log() {}, warn: complain, error: complain };
const logs = { getLogger: () => log };

const [USER, PASSWORD, URI] = ['200', 'secret', 'sip:softframe.example'];

const SDP = ['v=0', 'o=- 4611731400430051336 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0', 'a=extmap-allow-mixed',
  'a=msid-semantic: WMS c1f1d8c4-6a5e-4a8e-9f39-2b0e3e6f2d11', 'm=audio 54321 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126',
  'c=IN IP4 192.0.2.4', 'a=rtcp:9 IN IP4 0.0.0.0',
  ...[1, 2, 3, 4].map((n) => `a=candidate:${n}873965${n} 1 udp 2113937151 192.0.2.${n} 5432${n} typ host generation 0 network-cost 999`),
  'a=ice-ufrag:Uf7r', 'a=ice-pwd:pX4Zy9b3o1qK2mW8sV6tR5nL', 'a=ice-options:trickle',
  `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=setup:actpass', 'a=mid:0',
  'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level', 'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid', 'a=sendrecv',
  'a=msid:c1f1d8c4-6a5e-4a8e-9f39-2b0e3e6f2d11 0c5d2b6a-77f1-4c58-9b1e-5d8e6c6f1a22', 'a=rtcp-mux', 'a=rtcp-rsize',
  'a=rtpmap:111 opus/48000/2', 'a=rtcp-fb:111 transport-cc', 'a=fmtp:111 minptime=10;useinbandfec=1', 'a=rtpmap:63 red/48000/2',
  'a=fmtp:63 111/111', 'a=rtpmap:9 G722/8000', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:13 CN/8000',
  'a=rtpmap:110 telephone-event/48000', 'a=rtpmap:126 telephone-event/8000', 'a=ssrc:2231627014 cname:4TOk42mSjXCkVIa6', ''].join('\r\n');

const message = (start, headers, body = '') =>
  [start, ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n');

const PATH = ['Via: SIP/2.0/WSS edge.softframe.example;branch=z9hG4bKnashds8;rport=5066;received=192.0.2.9',
  'Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK87asdks7', 'Record-Route: <sip:edge.softframe.example;transport=ws;lr>',
  'Record-Route: <sip:198.51.100.7;lr;ftag=as7d0f;did=11.3c2>', 'Max-Forwards: 67'];

const MESSAGES = {
  'INVITE with an offer': message('INVITE sip:200@df7jal23ls0d.invalid;transport=ws SIP/2.0', [...PATH,
    'From: "Inés Ortega" <sip:+34911085460@softframe.example>;tag=as7d0f', 'To: <sip:200@softframe.example>',
    'Contact: <sip:+34911085460@198.51.100.7:5060>', 'Call-ID: 7f2a9c1b55@198.51.100.7', 'CSeq: 102 INVITE',
    'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, UPDATE', 'Supported: replaces, timer',
    'P-Asserted-Identity: <sip:+34911085460@softframe.example>', 'User-Agent: PBX 20.4', 'Content-Type: application/sdp'], SDP),
  '200 with an answer': message('SIP/2.0 200 OK', [...PATH.filter((line) => !line.startsWith('Max')),
    'From: <sip:200@softframe.example>;tag=k2j3h4', 'To: <sip:601@softframe.example>;tag=as55f1',
    'Contact: <sip:601@198.51.100.7:5060>', 'Call-ID: 0b1c2d3e4f', 'CSeq: 2 INVITE', 'Supported: replaces, timer',
    'Content-Type: application/sdp'], SDP),
  'NOTIFY of a busy lamp': message('NOTIFY sip:200@df7jal23ls0d.invalid;transport=ws SIP/2.0', [...PATH,
    'From: <sip:301@softframe.example>;tag=n81', 'To: <sip:200@softframe.example>;tag=s44', 'Contact: <sip:301@198.51.100.7:5060>',
    'Call-ID: blf-301', 'CSeq: 7 NOTIFY', 'Event: dialog', 'Subscription-State: active;expires=3000',
    'Content-Type: application/dialog-info+xml'],
    '<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="7" state="full" entity="sip:301@softframe.example"><dialog id="301"><state>confirmed</state></dialog></dialog-info>'),
  '401 with a challenge': message('SIP/2.0 401 Unauthorized', [PATH[0], 'From: <sip:200@softframe.example>;tag=r1',
    'To: <sip:200@softframe.example>;tag=r2', 'Call-ID: reg-1', 'CSeq: 1 REGISTER',
    'WWW-Authenticate: Digest realm="softframe.example", nonce="Zx8kVmYvKk1pQ2Jz", algorithm=MD5, qop="auth"']),
};

/// One row for each of what is timed: its name, and one function for each of the three.
function rows() {
  const readers = Object.entries(MESSAGES).map(([name, text]) => {
    const expected = /Call-ID: (.*)\r/.exec(text)[1];
    const jssip = () => JsSipParser.parseMessage(text, {});
    const sipjs = () => SipJsParser.parseMessage(text, log);
    if (call_id(text) !== expected || jssip()?.call_id !== expected || sipjs()?.callId !== expected) complain(name, 'is not read');
    return [`read ${name}, ${text.length} octets`, [() => read(text), jssip, sipjs]];
  });
  const response = MESSAGES['401 with a challenge'];
  const ours = new Challenge(response);
  const challenge = JsSipParser.parseMessage(response, {}).parseHeader('www-authenticate');
  const jssip = () => {
    const digest = new JsSipDigest({ username: USER, password: PASSWORD, realm: challenge.realm });
    return digest.authenticate({ method: 'REGISTER', ruri: URI }, challenge) && digest.toString();
  };
  const sipjs = () => {
    const digest = new SipJsDigest(logs, undefined, USER, PASSWORD);
    return digest.authenticate({ method: 'REGISTER', ruri: URI }, challenge) && digest.toString();
  };
  const answers = [() => ours.answer(USER, PASSWORD, URI), jssip, sipjs];
  if (!answers.every((answer) => /response="[0-9a-f]{32}"/.test(answer()))) complain('a challenge is not answered');
  return [...readers, ['answer a challenge by MD5', answers]];
}

/// How long one turn takes, in microseconds, over so many turns.
function time(turn, turns) {
  const start = performance.now();
  for (let n = 0; n < turns; n++) turn();
  return (performance.now() - start) * 1000 / turns;
}

/// How many turns make a batch.
function measure(turn) {
  let turns = 1;
  while (time(turn, turns) * turns < BATCH_MS * 1000) turns *= 2;
  return turns;
}

/// `[[name, ours, JsSIP, SIP.js], …]` in microseconds.
export async function run() {
  await init({ module_or_path: octets });
  return rows().map(([name, subjects]) => {
    const turns = subjects.map(measure);
    const least = subjects.map(() => Infinity);
    for (let batch = 0; batch < BATCHES; batch++)
      subjects.forEach((subject, at) => { least[at] = Math.min(least[at], time(subject, turns[at])); });
    return [name, ...least];
  });
}
