// Types of the host library (softframe.js, softframe.module.js). Those of the messages are in softframe-messages.d.ts.
import type { CallChoice, Click2Call, Commands, Contact, ContactsMatch, ContactsSearch, Dtmf, Events, Snapshot, Text } from './softframe-messages.js';

export type * from './softframe-messages.js';

type CallEvents = { [K in keyof Events as K extends `phone:${infer Short}` ? Short : never]: Events[K] };
/** What the library says itself. */
interface OwnEvents {
  /** `phone.state` is known. */
  'softframe:state': Snapshot;
}
/** The events by their full names, and those of calls also without `phone:`. */
export type NamedEvents = Events & CallEvents & OwnEvents;

/** What a listener of `'*'` gets beside the data; any listener, in fact. */
export interface HeardMessage {
  type: string;
  data: unknown;
  seq?: number;
}

export interface AttachOptions {
  /** The phone's origin, where it is not that of the frame's `src`. */
  origin?: string;
  /** Milliseconds until the phone must have spoken. */
  timeLimit?: number;
  /** What `show` and `hide` act upon; the frame itself where it is left out. */
  container?: Element | string;
  /** Shows the frame when a call comes or goes, or the phone needs the person. `create`: `true`. */
  autoShow?: boolean;
  /** Gives the frame the size that the phone wants. `create`: `true`. */
  resize?: boolean;
  /** Calls the numbers of `tel:` links, in the page or below an element. */
  tel?: boolean | Element | string;
  /** Rings in the page where the frame may not sound. */
  ring?: boolean;
  /** Notifies of calls while the page is hidden, once `askNotifications` was granted. */
  notifications?: boolean;
}

export interface CreateOptions extends AttachOptions {
  /** The phone's folder. Default: that of the script. */
  url?: string;
  name?: string;
  title?: string;
  width?: number;
  height?: number;
}

export interface SendOptions {
  /** Milliseconds; `COMMAND_MS` where it is left out. */
  timeLimit?: number;
  port?: MessagePort | null;
  transfer?: Transferable[];
}

export interface UploadOptions {
  source?: string;
  mode?: 'upsert' | 'replace';
  /** At most `MAX_BATCH`. */
  batchSize?: number;
  onProgress?(progress: { done: number; total: number | null }): void;
}

/** Why a command failed: a code of the phone, or `timeout`, `disposed`, `reloaded`, `bad_frame`. */
export class SoftframeError extends Error {
  code: string;
  details?: unknown;
}

export interface Phone {
  readonly frame: HTMLIFrameElement;
  /** Kept current by each event; `null` until somebody is signed in and the page is trusted. */
  readonly state: Snapshot | null;

  send<K extends keyof Commands>(type: K, data?: Commands[K]['data'], options?: SendOptions): Promise<Commands[K]['answer']>;
  on<K extends keyof NamedEvents>(name: K, listener: (data: NamedEvents[K], message: HeardMessage) => void): () => void;
  on(name: '*', listener: (data: unknown, message: HeardMessage) => void): () => void;
  off<K extends keyof NamedEvents>(name: K, listener: (data: NamedEvents[K], message: HeardMessage) => void): void;
  off(name: '*', listener: (data: unknown, message: HeardMessage) => void): void;
  once<K extends keyof NamedEvents>(name: K): Promise<NamedEvents[K]>;

  call(number: Text, options?: Omit<Click2Call, 'number'>): Promise<Commands['click2call']['answer']>;
  answer(callId?: CallChoice['callId']): Promise<object>;
  reject(callId?: CallChoice['callId'], code?: number): Promise<object>;
  hangup(callId?: CallChoice['callId']): Promise<object>;
  hold(callId?: CallChoice['callId']): Promise<object>;
  unhold(callId?: CallChoice['callId']): Promise<object>;
  mute(callId?: CallChoice['callId']): Promise<object>;
  unmute(callId?: CallChoice['callId']): Promise<object>;
  dtmf(digits: Text, options?: Omit<Dtmf, 'digits'>): Promise<object>;
  transfer(to: Text, callId?: CallChoice['callId']): Promise<object>;
  search(query: ContactsSearch['query'], max?: number): Promise<Commands['contacts:search']['answer']>;
  match(numbers: ContactsMatch['numbers']): Promise<Commands['contacts:match']['answer']>;
  uploadContacts(contacts: Iterable<Contact> | AsyncIterable<Contact>, options?: UploadOptions): Promise<{ sent: number }>;

  interceptTel(root?: Document | Element): () => void;
  askNotifications(): Promise<boolean>;
  show(): void;
  hide(): void;
  dispose(): void;
}

export function attach(frame: HTMLIFrameElement | string, options?: AttachOptions): Promise<Phone>;
export function create(options?: CreateOptions): Promise<Phone>;
/** The snapshot after one more event. */
export function fold(state: Snapshot, message: { type: string; data: object; seq: number }): Snapshot;
export const COMMAND_MS: number;
export const MAX_BATCH: number;

declare const Softframe: {
  attach: typeof attach;
  create: typeof create;
  fold: typeof fold;
  SoftframeError: typeof SoftframeError;
  COMMAND_MS: number;
  MAX_BATCH: number;
};
export default Softframe;

declare global {
  /** What the classic script defines. */
  var Softframe: {
    attach: typeof attach;
    create: typeof create;
    fold: typeof fold;
    SoftframeError: typeof SoftframeError;
    readonly COMMAND_MS: number;
    readonly MAX_BATCH: number;
  };
}
