/*!
 * Pages written for XiVO's `Cti` speak with Softframe: `SoftframeCti.WebSocket` in the place of a socket to the platform,
 * and, where the page has no `Cti` of its own, a `Cti` without jQuery.
 *
 *   <iframe name="sf" src="https://phone.example/" allow="microphone; autoplay; speaker-selection"></iframe>
 *   <script src="https://phone.example/softframe-cti.js"></script>
 *   Cti.WebSocket.init(url, username, phoneNumber, SoftframeCti.WebSocket);   // a page with its own cti.js
 *   Cti.WebSocket.init(url, username, phoneNumber);                           // with ours
 *
 * What the frames say is read and written by the phone; here they only change hands. Messages of the phone's frame and
 * origin alone are read, and nothing is ever posted to '*'.
 */
(() => {
  'use strict';

  /** The phone itself sends clients away after 10 s without anybody signed in; this is for a phone that never loads. */
  const LOGGED_ON_MS = 12_000;
  /** A client asks so often whether the other side is there, and closes after so many times without an answer. */
  const PING_MS = 5_000;
  const MAX_PINGS = 3;
  /** RFC 6455 §7.4.1. */
  const NORMAL = 1000;
  const GOING_AWAY = 1001;
  const ABNORMAL = 1006;

  const { document } = globalThis;

  /** Runs `act` in a task of its own, in a hidden page, too, where timers wait. */
  const later = (act) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      act();
    };
    port2.postMessage(null);
  };

  /** The frame with the phone, its origin, and the sockets that go there. */
  let frame = null;
  const sockets = new Map();
  const prefix = Math.random().toString(36).slice(2);
  let names = 0;

  const originOf = (element) => new URL(element.src, document.baseURI).origin;

  const attach = (wanted) => {
    const element = typeof wanted === 'string' ? document.querySelector(wanted) : wanted;
    if (!element?.contentWindow) throw new TypeError('SoftframeCti.attach: there is no such frame.');
    frame = element;
    for (const socket of sockets.values()) socket._post('open');
  };

  addEventListener('message', ({ source, origin, data }) => {
    if (!frame || source !== frame.contentWindow || origin !== originOf(frame)) return;
    // A phone that has loaded anew knows nobody.
    if (data?.type === 'softframe:ready') for (const socket of sockets.values()) socket._post('open');
    const socket = sockets.get(data?.data?.socket);
    if (data?.type === 'xivo:frame') socket?._receive(data.data.frame);
    if (data?.type === 'xivo:close') socket?._end(data.data.code, '', true);
  });

  /** Behaves as a WebSocket. Its address is not used: the other side is the phone in the frame. */
  class CtiSocket extends EventTarget {
    #name = `${prefix}-${++names}`;
    #patience = null;

    constructor(url) {
      super();
      Object.assign(this, { url: String(url), readyState: 0, protocol: '', extensions: '', bufferedAmount: 0, binaryType: 'blob' });
      for (const type of ['open', 'message', 'error', 'close']) {
        this[`on${type}`] = null;
        this.addEventListener(type, (event) => this[`on${type}`]?.(event));
      }
      // A page may make the socket before its frame.
      if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => this.#open(), { once: true });
      else later(() => this.#open());
    }

    #open() {
      if (this.readyState !== 0) return;
      frame ??= document.querySelector('iframe[name=sf]');
      if (!frame?.contentWindow) {
        this.dispatchEvent(new Event('error'));
        this._end(ABNORMAL, 'There is no frame with a phone.', false);
        return;
      }
      sockets.set(this.#name, this);
      this.readyState = 1;
      this.#patience = setTimeout(() => this.#giveUp(), LOGGED_ON_MS);
      this.dispatchEvent(new Event('open'));
      this._post('open');
    }

    #giveUp() {
      this._receive('{"msgType":"LoggedOnError","ctiMessage":{"Error":"loggedOnTimeout"}}');
      this.close(GOING_AWAY);
    }

    send(text) {
      if (this.readyState === 0) throw new DOMException('The socket is not open yet.', 'InvalidStateError');
      if (this.readyState === 1) this._post('frame', { frame: String(text) });
    }

    close(code = NORMAL, reason = '') {
      if (this.readyState > 1) return;
      this._post('close');
      this.readyState = 2;
      later(() => this._end(code, reason, true));
    }

    _post(what, more) {
      if (this.readyState !== 1) return;
      if (!frame.contentWindow) {
        later(() => this._end(ABNORMAL, '', false));
        return;
      }
      frame.contentWindow.postMessage({ type: `xivo:${what}`, data: { socket: this.#name, ...more } }, originOf(frame));
    }

    _receive(data) {
      if (this.readyState !== 1) return;
      clearTimeout(this.#patience);
      this.dispatchEvent(new MessageEvent('message', { data }));
    }

    _end(code, reason, wasClean) {
      if (this.readyState === 3) return;
      this.readyState = 3;
      clearTimeout(this.#patience);
      sockets.delete(this.#name);
      this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean }));
    }
  }
  ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].forEach((name, state) => {
    Object.defineProperty(CtiSocket, name, { value: state });
    Object.defineProperty(CtiSocket.prototype, name, { value: state });
  });

  const MESSAGE_TYPES = {
    ERROR: 'Error',
    LOGGEDON: 'LoggedOn',
    LINKSTATUSUPDATE: 'LinkStatusUpdate',
    PHONEEVENT: 'PhoneEvent',
    CURRENTCALLSPHONEEVENTS: 'CurrentCallsPhoneEvents',
    PHONESTATUSUPDATE: 'PhoneStatusUpdate',
    PHONEHINTSTATUSEVENT: 'PhoneHintStatusEvent',
    VOICEMAILSTATUSUPDATE: 'VoiceMailStatusUpdate',
    USERSTATUSES: 'UsersStatuses',
    USERSTATUSUPDATE: 'UserStatusUpdate',
    USERCONFIGUPDATE: 'UserConfigUpdate',
    DIRECTORYRESULT: 'DirectoryResult',
    LINECONFIG: 'LineConfig',
  };

  /** Code, name, colour. */
  const PHONE_STATUSES = [
    [16, 'ONHOLD', '#f9a825'],
    [9, 'BUSY_AND_RINGING', '#ef6c00'],
    [8, 'RINGING', '#1565c0'],
    [4, 'INDISPONIBLE', '#757575'],
    [2, 'BUSY', '#c62828'],
    [1, 'CALLING', '#d84315'],
    [0, 'AVAILABLE', '#2e7d32'],
    [-1, 'DEACTIVATED', '#424242'],
    [-2, 'UNEXISTING', '#212121'],
    [-99, 'ERROR', '#6a1b9a'],
  ];

  /** Names by code; the code of a name is there, too, but not listed. */
  const phoneStatuses = () => {
    const statuses = Object.fromEntries(PHONE_STATUSES.map(([code, name]) => [code, name]));
    for (const [code, name] of PHONE_STATUSES) Object.defineProperty(statuses, name, { value: code });
    return statuses;
  };

  /** Variables as an object; the document gives them as text with single quotes, too. Of what is neither, the phone says so. */
  const objectOf = (variables) => {
    if (typeof variables !== 'string') return variables;
    for (const text of [variables, variables.replaceAll("'", '"')]) {
      try {
        return JSON.parse(text);
      } catch {
        continue;
      }
    }
    return variables;
  };

  const makeCti = () => {
    const handlers = new Map();
    let socket = null;
    let pings = 0;
    let pinging = null;

    const publish = (type, message) => {
      for (const handler of [...(handlers.get(type) ?? [])]) handler(message);
    };
    const send = (message) => socket?.readyState === 1 && socket.send(JSON.stringify(message));
    /** What is undefined is not sent. */
    const command = (name, fields) => send({ claz: 'web', command: name, ...fields });
    const on = (type, handler) => {
      if (!handlers.has(type)) handlers.set(type, new Set());
      handlers.get(type).add(handler);
    };

    const ping = () => {
      if (pings >= MAX_PINGS) {
        socket.close();
        return;
      }
      pings += 1;
      send({ claz: 'ping' });
    };
    const leave = () => {
      clearInterval(pinging);
      const left = socket;
      socket = null;
      left?.close();
    };
    const init = (url, username, phoneNumber, Socket = CtiSocket) => {
      leave();
      const made = new Socket(url);
      [socket, pings] = [made, 0];
      made.onopen = () => {
        publish(MESSAGE_TYPES.LINKSTATUSUPDATE, { status: 'opened' });
        pinging = setInterval(ping, PING_MS);
      };
      made.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        pings = 0;
        publish(message.msgType, message.ctiMessage);
      };
      made.onclose = () => {
        if (socket === made) clearInterval(pinging);
        publish(MESSAGE_TYPES.LINKSTATUSUPDATE, { status: 'closed' });
      };
    };

    return {
      MessageType: MESSAGE_TYPES,
      PhoneStatus: phoneStatuses(),
      PhoneStatusColors: Object.fromEntries(PHONE_STATUSES.map(([code, , colour]) => [code, colour])),
      WebSocket: { init, close: leave },
      close: leave,
      setHandler: on,
      unsetHandler: (type, handler) => handlers.get(type)?.delete(handler),

      setData: (variables) => command('setData', { variables: objectOf(variables) }),
      dial: (destination, variables) => command('dial', { destination, variables }),
      dialFromMobile: (destination, variables) => command('dialFromMobile', { destination, variables }),
      dialByUsername: (username, variables) => command('dialByUsername', { username, variables }),
      originate: (destination) => command('originate', { destination }),
      hangup: (uniqueId) => command('hangup', { uniqueId }),
      answer: (uniqueId) => command('answer', { uniqueId }),
      hold: (uniqueId) => command('hold', { uniqueId }),
      directTransfer: (destination) => command('directTransfer', { destination }),
      attendedTransfer: (destination, device) => command('attendedTransfer', { destination, device }),
      completeTransfer: () => command('completeTransfer'),
      cancelTransfer: () => command('cancelTransfer'),
      conference: () => command('conference'),
      getCurrentCallsPhoneEvents: () => command('getCurrentCallsPhoneEvents'),
      naFwd: (destination, state) => command('naFwd', { state, destination }),
      uncFwd: (destination, state) => command('uncFwd', { state, destination }),
      busyFwd: (destination, state) => command('busyFwd', { state, destination }),
      dnd: (state) => command('dnd', { state }),
      subscribeToPhoneHints: (phoneNumbers) => command('subscribeToPhoneHints', { phoneNumbers }),
      unsubscribeFromAllPhoneHints: () => command('unsubscribeFromAllPhoneHints'),
      sendDtmf: (key) => command('sendDtmf', { key }),
      toggleMicrophone: (uniqueId) => command('toggleMicrophone', { uniqueId }),
      changeUserStatus: (status) => command('userStatusUpdate', { status }),
      directoryLookUp: (term) => command('directoryLookUp', { term }),
      searchContacts: (term) => command('searchContacts', { term }),
      getConfig: (objectType) => command('getConfig', { objectType }),
      getList: (objectType) => command('getList', { objectType }),
    };
  };

  globalThis.SoftframeCti = { attach, WebSocket: CtiSocket };
  globalThis.Cti ??= makeCti();
})();
