// The messages of softframe/1. Made from the types of the phone by `cargo xtask schema`: edit those.
/** A call that came in. Which fields are there depends on the version. */
export interface Arrived {
  call_dir?: string;
  call_ref: string;
  campaign_ref?: string;
  contact_ref: string;
  dial_number: string;
  /** Seconds in the queue. */
  hold_time: number;
  number: string;
  ref: string;
}

/** `widget:attention`: a page that keeps the phone closed opens it. */
export interface Attention {
  reason: 'consent' | 'confirm' | 'microphone' | 'sound' | 'signin';
}

/** A part of a push. */
export interface Batch {
  last?: boolean;
  /** From 1. */
  n: number;
}

/** Which call is meant: `id` of its events or its `ref`; without it, the one there is. */
export interface CallChoice {
  callId?: Text;
}

/** The 12 documented keys, then what we add. */
export interface CallEvent {
  by?: 'local' | 'remote';
  cause?: CauseData;
  /** The facts again, for a page of 008. */
  cdr?: Record;
  code?: number;
  /** The number of who has the line, where that is not `to`. */
  connected?: string;
  contact?: ContactRow;
  contacts: ContactRow[];
  context: Context;
  date: string;
  direction: 'inbound' | 'outbound';
  displayName: string;
  duration: number;
  earlyMedia?: boolean;
  /** What Enigma is told of the call. */
  enigma?: Notification;
  from: string;
  headers: { [key: string]: string };
  id: string;
  muted?: boolean;
  /** Of the whole call, with `phone:terminated`, where it was long enough to be measured. */
  quality?: QualityData;
  ref?: string;
  sipCallId: string;
  state?: 'trying' | 'progress' | 'done' | 'failed';
  status: 'ringing' | 'answered' | 'missed';
  team: string;
  to: string;
  total: number;
  userData?: unknown;
  video: boolean;
  wait: number;
}

/** A call as `state` has it. */
export interface CallState {
  /** ISO 8601, in UTC. */
  date: string;
  direction: 'inbound' | 'outbound';
  from: string;
  id: string;
  muted: boolean;
  /** The `ref` of the `click2call` that made it. */
  ref: string | null;
  /** What the events told: `held` is by us. */
  state: 'calling' | 'progress' | 'ringing' | 'active' | 'held';
  to: string;
  /** Seconds that it rang, once it is answered. */
  wait: number;
}

export interface CauseData {
  code: number;
  /** What the server explains beside code and text (`headers.error`). */
  details?: string;
  endedBy: 'local' | 'remote' | 'network';
  reason: 'hangup' | 'busy' | 'no-answer' | 'rejected' | 'cancelled' | 'not-found' | 'unavailable' | 'forbidden' | 'answered-elsewhere' | 'transferred' | 'forwarded' | 'media-failed' | 'lost' | 'error';
  text: string;
  transferredTo?: string;
}

/** `click2call` and `call`: dials. */
export interface Click2Call {
  /** `false` fills the number in and dials nothing. Default: `true`. */
  autoDial?: boolean;
  /** A number of ours that the call shows, or `anonymous`. */
  from?: Text;
  /** Headers of the INVITE, `X-…` alone. */
  headers?: { [key: string]: string };
  number: Text;
  /** Comes back in every event of the call, and names it in commands. */
  ref?: Text;
  /** Comes back in every event of the call; at most 8 kB of JSON. */
  userData?: { [key: string]: unknown };
  /** Data that the INVITE carries, as by `setData`. */
  variables?: Variables;
}

/** The error of a response. */
export interface CommandError {
  /** As in `softframe:error`; `sip_486` and the like for what the other side refused. */
  code: string;
  message: string;
}

/** `connection:change`. */
export interface ConnectionData {
  code?: number;
  reason: string;
  retryAt?: string;
  state: 'connecting' | 'registered' | 'reconnecting' | 'offline' | 'refused';
}

/** A contact of the page. */
export interface Contact {
  avatar?: string;
  company?: string;
  /** Takes the contact away. */
  deleted?: boolean;
  emails?: string[];
  id: Text;
  name?: string;
  phones?: Phones;
  title?: string;
  url?: string;
  username?: string;
}

/** `contact:click`: the person opened a contact. */
export interface ContactClick {
  contact: ContactRow;
}

/** A number of a contact. */
export type ContactNumber = Text | {
  label?: string;
  number: Text;
  type?: string;
};

/** `contacts` with its rows in one of three forms. */
export interface ContactPush {
  batch?: Batch;
  contacts?: Contact[];
  /** The list as JSON text. */
  json?: string;
  mode?: 'upsert' | 'replace';
  /** One JSON object a line, in UTF-8. */
  ndjson?: ArrayBuffer;
  /** A name for all that is pushed under it. Default: `host`. */
  source?: string;
}

/** A contact as events carry it. */
export interface ContactRow {
  company?: string;
  /** As the page gave it. */
  id: string | number;
  name: string;
  number: string;
  source: string;
}

/** `contacts`. */
export type Contacts = Contact[] | ContactPush;

/** `contacts:clear`. */
export interface ContactsClear {
  source?: string;
}

/** `contacts:match`: who has these numbers, at most 100. */
export interface ContactsMatch {
  numbers: Text[];
}

/** `contacts:remove`. */
export interface ContactsRemove {
  ids: Text[];
  source?: string;
}

/** `contacts:search`: as the person types. */
export interface ContactsSearch {
  /** Default: 20, at most 100. */
  max?: number;
  query: Text;
}

/** `contacts:vcf`: a vCard file. */
export interface ContactsVcf {
  text: string;
}

/** `context` of every event of the phone. */
export interface Context {
  extension: string;
  size: Size;
  status: string;
  user: string;
}

/** The answer to `click2call`, once the INVITE is sent. */
export interface Dialled {
  /** Absent where the number was only filled in. */
  callId?: string;
}

/** `dnd`: do not disturb. */
export interface Dnd {
  enabled: boolean;
}

/** `dtmf`: key tones. */
export interface Dtmf {
  callId?: Text;
  /** 1 to 64 of `0-9 * # A-D` and comma, which waits. */
  digits: Text;
  method?: 'auto' | 'rtp' | 'info';
}

/** A call that is over. */
export interface Ended {
  call_dir: string;
  call_ref: string;
  /** Seconds of talk. */
  call_time: number;
  contact_ref: string;
  dial_number: string;
  dialed_at: string;
  end_code: number;
  end_reason: string;
  extension: string;
  hold_time: number;
  number?: string;
  recording_url: string;
  ref: string;
}

/** `softframe:error`: what a command without an `id` could not do. */
export interface ErrorData {
  code: string;
  /** The `type` of the command; empty where there was none. */
  command: string;
  message: string;
}

/** One rule. */
export interface Forward {
  /** The number that calls go to; kept while the rule is off. */
  destination: string;
  /** It is on. */
  enabled: boolean;
}

/** `forward:change`: where calls go on to. */
export interface ForwardChange {
  context: Context;
  /** All of them, as in `state`. */
  forwards: Forwards;
  /** The rule that has changed. */
  kind: 'unc' | 'busy' | 'na';
}

/** The rule for calls that nobody answers. */
export interface ForwardUnanswered {
  /** The number that calls go to; kept while the rule is off. */
  destination: string;
  /** It is on. */
  enabled: boolean;
  /** How long the phone rings before, in seconds. */
  timeout: number;
}

/** `forward`: calls go on to another number. */
export interface ForwardWish {
  /** Left out: as it was. */
  destination?: Text;
  enabled: boolean;
  /** All at once, those during another call, or those that nobody answers. */
  kind: 'unc' | 'busy' | 'na';
  /** Seconds of ringing before `na`, 3 to 170. Default: as it was, 20 at first. */
  timeout?: number;
}

/** All rules of an account: `config.json`'s `forward` until somebody changes one. */
export interface Forwards {
  /** While there is another call. */
  busy: Forward;
  /** What has rung for some time. */
  na: ForwardUnanswered;
  /** Every call, at once. */
  unc: Forward;
}

/** The answer to `hello`. */
export interface Hello {
  features: string[];
  limits: Limits;
  v: number;
}

/** `hello`: which versions the page speaks; `port` asks for a port for bulk traffic, which comes with the answer. */
export interface HelloWish {
  features?: string[];
  port?: boolean;
  versions?: number[];
}

/** `hint:change`: what is known of a number that is watched. */
export interface HintChange {
  /** 0 available, 1 calling, 4 unavailable, 8 ringing, 9 both, 16 on hold; below 0: not known. */
  code: number;
  name: 'ONHOLD' | 'BUSY_AND_RINGING' | 'RINGING' | 'INDISPONIBLE' | 'CALLING' | 'AVAILABLE' | 'DEACTIVATED' | 'UNEXISTING' | 'ERROR';
  note: string;
  number: string;
}

/** `hints:subscribe`: numbers to watch, at most 100 in all. */
export interface HintsSubscribe {
  numbers: Text[];
}

/** `hints:unsubscribe`: these numbers, or all. */
export interface HintsUnsubscribe {
  numbers?: Text[];
}

/** The answer to `contacts:search`. */
export interface Hits {
  hits: ContactRow[];
  more: boolean;
}

/** `contacts:indexed`. */
export interface IndexedData {
  added: number;
  count: number;
  reasons: { [key: string]: number };
  rejected: number;
  removed: number;
  source: string;
  updated: number;
}

/** `contacts:indexing`: how far the index is. */
export interface Indexing {
  done: number;
  total: number;
}

/** What a page should keep to. */
export interface Limits {
  /** Contacts of one message; more than that cost the browser many times the time of each. */
  maxMessageContacts: number;
}

/** `logged`: somebody is signed in, or the page has just been trusted. */
export interface Logged {
  context: Context;
}

/** `login`, and `settings` with the same: signs in, where `config.json` names the page in `hosts` and says `hostLogin`. The words of SIP.js 0.7 are taken, too: `uri`, `wsServers`, `authorizationUser`; and those of 008: `sipUri`, `wsUri`, `sipUser`, `sipPassword`. */
export interface LoginWish {
  authUser?: string;
  displayName?: string;
  password?: string;
  /** `wss://…`, or several in order. Default: those of `config.json`. */
  server?: Servers;
  token?: string;
  /** Perhaps with `@domain`. */
  user?: string;
}

/** The answer to `contacts:match`. */
export interface Matches {
  matches: { [key: string]: ContactRow[] };
}

/** `media:quality`: the bars of a call have changed. */
export interface MediaQuality {
  /** The call's, as in its events. */
  id: string;
  /** Milliseconds. */
  jitter: number;
  /** Packets lost, per cent; while the call runs the worse of both directions. */
  loss: number;
  /** Mean opinion score by the E-model (ITU-T G.107), 1 to 4.5. */
  mos: number;
  /** Round trip, milliseconds. */
  rtt: number;
}

/** `media:error`: no microphone. */
export interface MediaTrouble {
  code: string;
}

/** `message:received`: a text message. */
export interface MessageReceived {
  from: string;
  text: string;
}

/** `navigate`. */
export interface Navigate {
  view: 'keypad' | 'contacts' | 'history' | 'settings' | 'call';
}

/** No data. */
export interface NoData { [key: string]: unknown }

/** `{}`. */
export interface Nothing { [key: string]: unknown }

/** `data.enigma` of an event: the whole notification. */
export interface Notification {
  payload: Payload;
  type: 'call' | 'cdr';
}

export type Payload = Arrived | Ended;

/** The numbers of a contact, or its only one. */
export type Phones = ContactNumber[] | Text;

/** `provider:register`: what the page can answer. */
export interface ProviderRegister {
  /** Says before each call whether it may be made. */
  doNotCall?: boolean;
  /** All contacts, page by page, and what has changed since. */
  list?: boolean;
  /** Takes each call that is over. */
  log?: boolean;
  /** Whose these numbers are. */
  match?: boolean;
  /** Shown nowhere; a second one under the same name takes the place of the first. */
  name: string;
  /** Milliseconds after which a number may be asked for again. Default: 300,000. */
  noMatchTtl?: number;
  /** Contacts for what is typed. */
  search?: boolean;
  /** Milliseconds that a match is kept. Default: 7,200,000. */
  ttl?: number;
  /** Opens a contact in the page. */
  view?: boolean;
}

/** `provider:request`: the page answers by `provider:response` with the same `id`. */
export interface ProviderRequest {
  /** `list`: `{page, syncTimestamp}`; `search`: `{query}`; `match`: `{numbers}`; `view`: `{contact}`, as the page gave it; `log`: `{call}`, the data of its `phone:terminated`; `doNotCall`: `{number}`. */
  body: { [key: string]: unknown };
  id: string;
  op: 'list' | 'search' | 'match' | 'view' | 'log' | 'doNotCall';
}

/** `provider:response`: the answer to a `provider:request`, by its `id`. */
export interface ProviderResponse {
  /** `list`: `{contacts, nextPage, syncTimestamp}`; `search`: `{contacts}`; `match`: `{matches: {number: rows}}`; `doNotCall`: `{refuse, message, final}`. */
  data?: unknown;
  /** Why there is none; for people who read the page's messages. */
  error?: unknown;
  id: string;
  /** Default: `true`. */
  ok?: boolean;
}

/** How the sound was. */
export interface QualityData {
  /** Milliseconds. */
  jitter: number;
  /** Packets lost, per cent; while the call runs the worse of both directions. */
  loss: number;
  /** Mean opinion score by the E-model (ITU-T G.107), 1 to 4.5. */
  mos: number;
  /** Round trip, milliseconds. */
  rtt: number;
}

/** `softframe:ready`: the phone hears messages from now on. */
export interface Ready {
  features: string[];
  /** Another one for each load. */
  instance: string;
  protocols: string[];
  /** The version of the protocol. */
  v: number;
  /** The version of the widget. */
  version: string;
}

/** `data.cdr` of an event: the flat fields again, under the names that 008 documents. */
export interface Record {
  date: string;
  direction: 'inbound' | 'outbound';
  duration: number;
  from: string;
  headers: { [key: string]: string };
  id: string;
  status: 'ringing' | 'answered' | 'missed';
  to: string;
  total: number;
  video: boolean;
  wait: number;
}

/** `reject`. */
export interface Reject {
  callId?: Text;
  /** The SIP status, 400 to 699. Default: 486. */
  code?: number;
}

/** The answer to `report`: what went over the wire lately and what became of it, for support; credentials, keys and texts are masked. */
export interface Report {
  text: string;
}

/** One address, or several. */
export type Servers = string | string[];

/** `setData`: goes with the call where it is transferred to, and stands in its `userData` as `USR_…`. */
export interface SetData {
  callId?: Text;
  variables: Variables;
}

export interface Size {
  height: number;
  width: number;
}

/** The answer to `state`: what all events so far add up to. */
export interface Snapshot {
  /** Calls that were told and are not over. */
  calls: CallState[];
  connection: 'connecting' | 'registered' | 'reconnecting' | 'offline' | 'refused';
  context: Context;
  dnd: boolean;
  forwards: Forwards;
  /** Of the last event. */
  seq: number;
  voicemail: Voicemail;
}

/** `status`: an id of `statuses`, or `online`, `busy`, `away`. */
export interface Status {
  status: string;
}

/** `status:change`: what others see of the person. */
export interface StatusChange {
  context: Context;
  /** Do not disturb. */
  dnd: boolean;
}

/** A text; a number counts as its decimal text. */
export type Text = string | number;

/** `message`: a text message, at most 1300 bytes in UTF-8. */
export interface TextMessage {
  text: string;
  to: Text;
}

/** `transfer` and `transfer:start`, and `redirect` of a call that rings. */
export interface Transfer {
  callId?: Text;
  to: Text;
}

/** `transfer:complete`: connects two calls and leaves; `merge`: makes them one conversation with the person. */
export interface TransferComplete {
  callId?: Text;
  otherCallId?: Text;
}

/** `unlogged`. */
export interface Unlogged {
  /** The SIP status that refused the account. */
  code?: number;
  reason: 'logout' | 'refused';
}

/** A text; what is none counts as one. */
export type Variable = string | number | boolean;

/** Data of a call: keys of 1 to 64 of `A-Z a-z 0-9 _ -`, values of one line and at most 512 bytes, 2 kB in all; or such an object as text. */
export type Variables = { [key: string]: Variable } | string;

/** The answer to `contacts:vcf`. */
export interface VcfTaken {
  count: number;
  rejected: number;
}

/** `voicemail:update`, and the same in `state`. */
export interface Voicemail {
  newMessages: number;
  oldMessages: number;
  waiting: boolean;
}

/** `size`: pixels, 48 to 4096. */
export interface WantedSize {
  height: number;
  width: number;
}

/** `xivo:frame`: what such a client sends. */
export interface XivoClientFrame {
  /** JSON as text, as the platform would get it. */
  frame: string;
  socket: Text;
}

/** `xivo:close`: the phone ends a client's socket. */
export interface XivoClose {
  /** Of RFC 6455 §7.4.1. */
  code: number;
  socket: string;
}

/** `xivo:frame`: a frame of the phone for a client. */
export interface XivoFrame {
  /** JSON as text, as the platform would send it. */
  frame: string;
  /** The client's name for its socket. */
  socket: string;
}

/** `xivo:open` and `xivo:close`: a client of XiVO's `Cti` opens or closes its socket. */
export interface XivoSocket {
  /** The client's own name for it. */
  socket: Text;
}

/** Events of the phone: the `data` of each, by `type`. */
export interface Events {
  'connection:change': ConnectionData;
  'contact:click': ContactClick;
  'contacts:indexed': IndexedData;
  'contacts:indexing': Indexing;
  'forward:change': ForwardChange;
  'hint:change': HintChange;
  'logged': Logged;
  'media:error': MediaTrouble;
  'media:quality': MediaQuality;
  'message:received': MessageReceived;
  'phone:accepted': CallEvent;
  'phone:audio-blocked': CallEvent;
  'phone:calling': CallEvent;
  'phone:hold': CallEvent & Required<Pick<CallEvent, 'by'>>;
  'phone:muted': CallEvent & Required<Pick<CallEvent, 'muted'>>;
  'phone:progress': CallEvent & Required<Pick<CallEvent, 'code' | 'earlyMedia'>>;
  'phone:reconnected': CallEvent;
  'phone:reconnecting': CallEvent;
  'phone:refused': CallEvent & Required<Pick<CallEvent, 'cause'>>;
  'phone:ringing': CallEvent;
  'phone:terminated': CallEvent & Required<Pick<CallEvent, 'cause'>>;
  'phone:transfer': CallEvent & Required<Pick<CallEvent, 'state'>>;
  'phone:unhold': CallEvent & Required<Pick<CallEvent, 'by'>>;
  'phone:updated': CallEvent;
  'provider:request': ProviderRequest;
  'softframe:error': ErrorData;
  'softframe:ready': Ready;
  'status:change': StatusChange;
  'unlogged': Unlogged;
  'voicemail:update': Voicemail;
  'widget:attention': Attention;
  'widget:size': Size;
  'xivo:close': XivoClose;
  'xivo:frame': XivoFrame;
}

/** Commands to the phone: the `data` of each, and of its answer, by `type`. */
export interface Commands {
  'answer': { data: CallChoice; answer: Nothing };
  'call': { data: Click2Call; answer: Dialled };
  'click2call': { data: Click2Call; answer: Dialled };
  'contacts': { data: Contacts; answer: Nothing };
  'contacts:clear': { data: ContactsClear; answer: Nothing };
  'contacts:match': { data: ContactsMatch; answer: Matches };
  'contacts:remove': { data: ContactsRemove; answer: Nothing };
  'contacts:search': { data: ContactsSearch; answer: Hits };
  'contacts:vcf': { data: ContactsVcf; answer: VcfTaken };
  'dnd': { data: Dnd; answer: Nothing };
  'dtmf': { data: Dtmf; answer: Nothing };
  'forward': { data: ForwardWish; answer: Nothing };
  'hangup': { data: CallChoice; answer: Nothing };
  'hello': { data: HelloWish; answer: Hello };
  'hide': { data: NoData; answer: Nothing };
  'hints:subscribe': { data: HintsSubscribe; answer: Nothing };
  'hints:unsubscribe': { data: HintsUnsubscribe; answer: Nothing };
  'hold': { data: CallChoice; answer: Nothing };
  'login': { data: LoginWish; answer: Nothing };
  'logout': { data: NoData; answer: Nothing };
  'merge': { data: TransferComplete; answer: Nothing };
  'message': { data: TextMessage; answer: Nothing };
  'minimize': { data: NoData; answer: Nothing };
  'mute': { data: CallChoice; answer: Nothing };
  'navigate': { data: Navigate; answer: Nothing };
  'provider:register': { data: ProviderRegister; answer: Nothing };
  'provider:response': { data: ProviderResponse; answer: Nothing };
  'redirect': { data: Transfer; answer: Nothing };
  'reject': { data: Reject; answer: Nothing };
  'report': { data: NoData; answer: Report };
  'setData': { data: SetData; answer: Nothing };
  'settings': { data: LoginWish; answer: Nothing };
  'show': { data: NoData; answer: Nothing };
  'size': { data: WantedSize; answer: Nothing };
  'state': { data: NoData; answer: Snapshot };
  'status': { data: Status; answer: Nothing };
  'transfer': { data: Transfer; answer: Nothing };
  'transfer:cancel': { data: NoData; answer: Nothing };
  'transfer:complete': { data: TransferComplete; answer: Nothing };
  'transfer:start': { data: Transfer; answer: Nothing };
  'unhold': { data: CallChoice; answer: Nothing };
  'unmute': { data: CallChoice; answer: Nothing };
  'xivo:close': { data: XivoSocket; answer: Nothing };
  'xivo:frame': { data: XivoClientFrame; answer: Nothing };
  'xivo:open': { data: XivoSocket; answer: Nothing };
}

/** An event as it is posted. */
export type EventMessage = {
  [K in keyof Events]: { type: K; data: Events[K]; seq: number; v: 1 };
}[keyof Events];

/** A command as it is posted; with an `id` it is answered once. */
export type CommandMessage = {
  [K in keyof Commands]: { type: K; data?: Commands[K]['data']; id?: string | number };
}[keyof Commands];

/** The one answer to a command. */
export type ResponseMessage =
  | { type: 'softframe:response'; id: string | number; ok: true; data: object }
  | { type: 'softframe:response'; id: string | number; ok: false; error: CommandError };
