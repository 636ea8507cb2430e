// Types of softframe-cti.js: XiVO's `Cti` over Softframe.

/** Behaves as a WebSocket; the other side is the phone in the frame. */
declare class CtiSocket extends EventTarget {
  constructor(url: string | URL);
  readonly url: string;
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent<string>) => void) | null;
  onerror: ((event: Event) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** Variables of a call; those that come back begin with `USR_`. */
export type Variables = Record<string, string | number | boolean>;

/** `PhoneEvent`. */
export interface PhoneEvent {
  eventType: 'EventReleased' | 'EventDialing' | 'EventRinging' | 'EventEstablished' | 'EventOnHold' | 'EventFailure';
  DN: string;
  otherDN: string;
  otherDName: string;
  linkedId: string;
  uniqueId: string;
  queueName?: string;
  callDirection: 'Incoming' | 'Outgoing';
  userData: Record<string, string>;
  /** Of the contact that the number belongs to, where the page has given it one. */
  username?: string;
}

/** What each type of message carries. */
export interface Messages {
  Error: { Error: string; command?: string };
  LoggedOn: Record<string, never>;
  LoggedOnError: { Error: 'loggedOnFailed' | 'loggedOnTimeout' };
  LinkStatusUpdate: { status: 'opened' | 'closed' };
  PhoneEvent: PhoneEvent;
  CurrentCallsPhoneEvents: { events: PhoneEvent[] };
  PhoneStatusUpdate: { status: string };
  PhoneHintStatusEvent: { number: string; status: number };
  VoiceMailStatusUpdate: { voiceMailId: number; newMessages: number; waitingMessages: number; oldMessages: number };
  UsersStatuses: { name: string; longName: string; color: string; actions: unknown[] }[];
  UserStatusUpdate: { status: string };
  UserConfigUpdate: {
    userId: number;
    fullName: string;
    mobileNumber: string;
    agentId: number;
    voiceMailId: number;
    voiceMailEnabled: boolean;
    dndEnabled: boolean;
    naFwdEnabled: boolean;
    naFwdDestination: string;
    uncFwdEnabled: boolean;
    uncFwdDestination: string;
    busyFwdEnabled: boolean;
    busyFwdDestination: string;
  };
  LineConfig: { id: string; name: string; number: string; hasDevice: boolean; webRtc: boolean };
  DirectoryResult: { headers: string[]; entries: { status: number; entry: string[] }[] };
}

export interface Cti {
  readonly MessageType: {
    ERROR: 'Error';
    LOGGEDON: 'LoggedOn';
    LINKSTATUSUPDATE: 'LinkStatusUpdate';
    PHONEEVENT: 'PhoneEvent';
    CURRENTCALLSPHONEEVENTS: 'CurrentCallsPhoneEvents';
    PHONESTATUSUPDATE: 'PhoneStatusUpdate';
    PHONEHINTSTATUSEVENT: 'PhoneHintStatusEvent';
    VOICEMAILSTATUSUPDATE: 'VoiceMailStatusUpdate';
    USERSTATUSES: 'UsersStatuses';
    USERSTATUSUPDATE: 'UserStatusUpdate';
    USERCONFIGUPDATE: 'UserConfigUpdate';
    DIRECTORYRESULT: 'DirectoryResult';
    LINECONFIG: 'LineConfig';
  };
  /** Names by code. */
  readonly PhoneStatus: Record<number, string>;
  /** Colours by code. */
  readonly PhoneStatusColors: Record<number, string>;
  readonly WebSocket: {
    init(url: string, username: string, phoneNumber: string, Socket?: new (url: string) => CtiSocket | WebSocket): void;
    close(): void;
  };
  close(): void;
  setHandler<T extends keyof Messages>(type: T, handler: (message: Messages[T]) => void): void;
  unsetHandler<T extends keyof Messages>(type: T, handler: (message: Messages[T]) => void): void;
  setData(variables: Variables | string): void;
  dial(destination: string, variables?: Variables): void;
  dialFromMobile(destination: string, variables?: Variables): void;
  dialByUsername(username: string, variables?: Variables): void;
  originate(destination: string): void;
  hangup(uniqueId?: string): void;
  answer(uniqueId?: string): void;
  hold(uniqueId?: string): void;
  directTransfer(destination: string): void;
  attendedTransfer(destination: string, device?: string): void;
  completeTransfer(): void;
  cancelTransfer(): void;
  conference(): void;
  getCurrentCallsPhoneEvents(): void;
  naFwd(destination: string, state: boolean): void;
  uncFwd(destination: string, state: boolean): void;
  busyFwd(destination: string, state: boolean): void;
  dnd(state: boolean): void;
  subscribeToPhoneHints(phoneNumbers: string[]): void;
  unsubscribeFromAllPhoneHints(): void;
  sendDtmf(key: string): void;
  toggleMicrophone(uniqueId?: string): void;
  changeUserStatus(status: string): void;
  directoryLookUp(term: string): void;
  searchContacts(term: string): void;
  getConfig(objectType: string): void;
  getList(objectType: string): void;
}

declare global {
  const SoftframeCti: {
    /** The frame with the phone; without it, `iframe[name=sf]`. */
    attach(frame: HTMLIFrameElement | string): void;
    readonly WebSocket: typeof CtiSocket;
  };
  const Cti: Cti;
}
