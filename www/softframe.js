/*!
 * The host library of Softframe: puts the phone into a page, or takes the frame that is there, and speaks with it.
 *
 *   <script src="https://phone.example/softframe.js"></script>
 *   const phone = await Softframe.create({ url: 'https://phone.example/', container: '#phone' });
 *   phone.on('ringing', (call) => show(call.from));
 *   await phone.call('+34911085460');
 *
 * As a module: `import Softframe from 'https://phone.example/softframe.module.js'`. Types: softframe.d.ts.
 * It reads messages of its own frame and of the phone's origin alone, and never posts to '*'.
 */
(() => {
  'use strict';

  /** How long a command may take, unless it says so itself: the phone keeps some for 30 s until somebody signs in. */
  const COMMAND_MS = 60_000;
  /** How long attach and create wait for the phone to load. */
  const LOAD_MS = 30_000;
  /** How long contacts wait for the port before they go by window messages. */
  const PORT_MS = 5_000;
  /** Contacts of one message. Above some 200 each costs the browser many times as much. */
  const MAX_BATCH = 150;
  /** Batches on their way at a time; the next goes when one is answered. */
  const MAX_AHEAD = 4;
  /** What the frame may do. */
  const ALLOW = 'microphone; autoplay; speaker-selection; clipboard-write; hid';
  /** Ringing in the page: a tone of two notes for a second, every three. */
  const RING_MS = 3_000;
  const RING_HERTZ = [440, 480];
  const RING_GAIN = 0.08;

  /** The title of a notification where nobody is known, in the languages of the phone. */
  const UNKNOWN = {
    en: 'Unknown caller', es: 'Llamada desconocida', fr: 'Appelant inconnu', de: 'Unbekannter Anrufer',
    pt: 'Chamada desconhecida', it: 'Chiamante sconosciuto', ar: 'متصل غير معروف',
  };

  const { document } = globalThis;
  /** In the language of the page, else of the browser. */
  const unknown = () => UNKNOWN[(document.documentElement.lang || navigator.language).slice(0, 2)] ?? UNKNOWN.en;
  /** The folder of this script is the folder of the phone. */
  const home = document?.currentScript?.src;

  /** Why a command failed: `code` as the phone says it, or `timeout`, `disposed`, `reloaded`, `bad_frame`. */
  class SoftframeError extends Error {
    constructor(code, message, details) {
      super(message);
      this.name = 'SoftframeError';
      this.code = code;
      this.details = details;
    }
  }

  /** `ringing` is `phone:ringing`; names with a colon, and those two, are whole. */
  const fullName = (name) => (name === '*' || name === 'logged' || name === 'unlogged' || name.includes(':') ? name : `phone:${name}`);

  const TEL = /^\s*(tel|callto):/i;
  /** The number of a link, without its parameters (RFC 3966). */
  const numberOf = (href) => {
    const [number] = href.replace(TEL, '').split(/[;?]/);
    try {
      return decodeURIComponent(number);
    } catch {
      return number;
    }
  };

  const found = (wanted) => (typeof wanted === 'string' ? document.querySelector(wanted) : wanted);

  const CALL_STATES = { 'phone:calling': 'calling', 'phone:ringing': 'ringing', 'phone:progress': 'progress', 'phone:accepted': 'active' };

  /** What a call is after an event. */
  const foldCall = (call, type, data) => {
    const { id, direction, from, to, date } = data;
    const next = { muted: false, state: 'calling', ...call, id, ref: data.ref ?? null, direction, from, to, date, wait: data.wait };
    next.state = CALL_STATES[type] ?? next.state;
    if (data.by === 'local') next.state = type === 'phone:hold' ? 'held' : 'active';
    if (type === 'phone:muted') next.muted = data.muted;
    return next;
  };

  /** The snapshot after one more event: what `state` would say then. */
  const fold = (state, { type, data, seq }) => {
    const next = { ...state, seq };
    if (data.context) next.context = data.context;
    if (type === 'connection:change') next.connection = data.state;
    else if (type === 'status:change') next.dnd = data.dnd;
    else if (type === 'forward:change') next.forwards = data.forwards;
    else if (type === 'voicemail:update') next.voicemail = data;
    else if (type === 'widget:size') next.context = { ...state.context, size: data };
    else if (type === 'phone:terminated') next.calls = state.calls.filter(({ id }) => id !== data.id);
    else if (type.startsWith('phone:') && type !== 'phone:refused') {
      const known = state.calls.find(({ id }) => id === data.id);
      const call = foldCall(known, type, data);
      next.calls = known ? state.calls.map((one) => (one === known ? call : one)) : [...state.calls, call];
    }
    return next;
  };

  /** A phone in a frame. Made by `attach` and `create`. */
  class Phone {
    #origin;
    #options;
    #listeners = new Map();
    #pending = new Map();
    #stops = [];
    #ids = 0;
    #prefix = Math.random().toString(36).slice(2);
    #instance = null;
    #port = null;
    #portAsked = null;
    #ring = null;
    #notes = new Map();
    #own = false;
    #disposed = false;

    constructor(frame, options) {
      this.frame = frame;
      /** The snapshot, kept current by each event; `null` until somebody is signed in and the page is trusted. */
      this.state = null;
      this.#options = options;
      this.#own = options.own;
      this.#origin = new URL(options.origin ?? frame.src, document.baseURI).origin;
      if (this.#origin === 'null') throw new SoftframeError('bad_frame', `The frame has no address of a phone: ${frame.src}`);
      this.#listen(window, 'message', (event) => this.#receive(event));
      this.#installOwn();
    }

    /** Waits until the phone has spoken; a frame that has loaded before is greeted. */
    _arrive(timeLimit) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          this.dispose();
          reject(new SoftframeError('timeout', 'The phone did not load.'));
        }, timeLimit ?? LOAD_MS);
        const there = () => {
          clearTimeout(timer);
          resolve(this);
        };
        this.once('softframe:ready').then(there);
        if (!this.#own) this.#hello().then(there, () => {});
      });
    }

    /**
     * Sends a command. Resolves with the `data` of its answer, rejects with a SoftframeError.
     * `options.timeLimit`: milliseconds.
     */
    send(type, data = {}, { timeLimit = COMMAND_MS, port = null, transfer = [] } = {}) {
      if (this.#disposed) return Promise.reject(new SoftframeError('disposed', 'This phone was disposed of.'));
      const id = `${this.#prefix}-${++this.#ids}`;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => this.#settle(id, null, new SoftframeError('timeout', `No answer to ${type}.`)), timeLimit);
        this.#pending.set(id, { resolve, reject, timer });
        try {
          if (port) port.postMessage({ type, data, id }, transfer);
          else this.frame.contentWindow.postMessage({ type, data, id }, this.#origin, transfer);
        } catch (error) {
          this.#settle(id, null, new SoftframeError('bad_request', String(error)));
        }
      });
    }

    /** Listens: `on('ringing', …)`, `on('contacts:indexed', …)`, `on('*', …)`. Gives a function that ends it. */
    on(name, listener) {
      const type = fullName(name);
      if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
      this.#listeners.get(type).add(listener);
      return () => this.off(name, listener);
    }

    /** Listens no more. */
    off(name, listener) {
      this.#listeners.get(fullName(name))?.delete(listener);
    }

    /** The `data` of the next event of this name. */
    once(name) {
      return new Promise((resolve) => {
        const stop = this.on(name, (data) => {
          stop();
          resolve(data);
        });
      });
    }

    /** Dials. Resolves with `{ callId }` when the call is on its way. */
    call(number, options = {}) {
      return this.send('click2call', { ...options, number });
    }
    answer(callId) {
      return this.send('answer', { callId });
    }
    reject(callId, code) {
      return this.send('reject', { callId, code });
    }
    hangup(callId) {
      return this.send('hangup', { callId });
    }
    hold(callId) {
      return this.send('hold', { callId });
    }
    unhold(callId) {
      return this.send('unhold', { callId });
    }
    mute(callId) {
      return this.send('mute', { callId });
    }
    unmute(callId) {
      return this.send('unmute', { callId });
    }
    dtmf(digits, options = {}) {
      return this.send('dtmf', { ...options, digits });
    }
    /** Transfers blindly; resolves when the other side says that it worked. */
    transfer(to, callId) {
      return this.send('transfer', { to, callId });
    }
    search(query, max) {
      return this.send('contacts:search', { query, max });
    }
    match(numbers) {
      return this.send('contacts:match', { numbers });
    }

    /**
     * Pushes contacts in batches through the port, a few ahead at a time. `contacts`: a list, or anything that can be
     * iterated, also asynchronously. Resolves with `{ sent }` when the phone has taken all; `contacts:indexed` follows.
     */
    async uploadContacts(contacts, { source = 'host', mode = 'upsert', batchSize = MAX_BATCH, onProgress } = {}) {
      const size = Math.max(1, Math.min(batchSize, MAX_BATCH));
      const total = contacts.length ?? null;
      const port = await this.#portOrNone();
      const ahead = new Set();
      let failed = null;
      let taken = 0;
      let number = 0;
      const push = async (rows, last) => {
        while (ahead.size >= MAX_AHEAD && !failed) await Promise.race(ahead);
        if (failed) throw failed;
        const data = { contacts: rows, source, mode, batch: { n: ++number, last } };
        const sent = this.send('contacts', data, { port })
          .then(() => onProgress?.({ done: (taken += rows.length), total }), (error) => (failed ??= error))
          .finally(() => ahead.delete(sent));
        ahead.add(sent);
      };
      let rows = [];
      for await (const row of contacts) {
        // One batch is kept back, since the last one says that it is.
        if (rows.length === size) {
          await push(rows, false);
          rows = [];
        }
        rows.push(row);
      }
      await push(rows, true);
      await Promise.all(ahead);
      if (failed) throw failed;
      return { sent: taken };
    }

    /** Calls what `tel:` and `callto:` links name when they are clicked. Gives a function that ends it. */
    interceptTel(root = document) {
      return this.#listen(root, 'click', (event) => {
        if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        const link = event.composedPath().find((one) => one.localName === 'a' && TEL.test(one.getAttribute('href')));
        if (!link) return;
        event.preventDefault();
        this.call(numberOf(link.getAttribute('href'))).catch((error) => this.#emit('softframe:error', { command: 'click2call', code: error.code, message: error.message }));
      });
    }

    /** Asks whether calls may be notified; in a click. Resolves with whether they may. */
    async askNotifications() {
      return 'Notification' in window && (await Notification.requestPermission()) === 'granted';
    }

    /** Shows the frame, or its container. */
    show() {
      (found(this.#options.container) ?? this.frame).hidden = false;
    }
    /** Hides it. Calls go on, and come in. */
    hide() {
      (found(this.#options.container) ?? this.frame).hidden = true;
    }

    /** Ends everything of this phone in the page; a frame of `create` goes, too. */
    dispose() {
      if (this.#disposed) return;
      this.#disposed = true;
      this.#stops.splice(0).forEach((stop) => stop());
      this.#drop('disposed', 'This phone was disposed of.');
      this.#listeners.clear();
      this.#quiet();
      if (this.#own) this.frame.remove();
    }

    #listen(target, type, listener) {
      target.addEventListener(type, listener);
      const stop = () => target.removeEventListener(type, listener);
      this.#stops.push(stop);
      return stop;
    }

    #receive({ source, origin, data, ports }) {
      // Whoever else is in this page must not be read, let alone believed.
      if (source !== this.frame.contentWindow || origin !== this.#origin) return;
      if (typeof data?.type !== 'string') return;
      if (data.type === 'softframe:response') return this.#respond(data, ports);
      if (typeof data.seq !== 'number') return;
      if (data.type === 'softframe:ready') this.#greet(data.data);
      if (this.state) this.state = fold(this.state, data);
      if (data.type === 'logged') this.#refresh();
      if (data.type === 'unlogged') this.state = null;
      this.#emit(data.type, data.data, data);
    }

    #emit(type, data, message) {
      for (const listener of [...(this.#listeners.get(type) ?? []), ...(this.#listeners.get('*') ?? [])]) {
        try {
          listener(data, message ?? { type, data });
        } catch (error) {
          // One listener's mistake is not the next one's.
          reportError(error);
        }
      }
    }

    #respond({ id, ok, data, error }, ports) {
      // Before whoever waits goes on.
      if (ok && id === this.#portAsked) this.#port = ports?.[0] ?? null;
      const reason = ok ? null : new SoftframeError(error?.code ?? 'internal', error?.message ?? '', error?.details);
      this.#settle(id, data, reason);
    }

    #settle(id, data, error) {
      const waiting = this.#pending.get(id);
      if (!waiting) return;
      this.#pending.delete(id);
      clearTimeout(waiting.timer);
      if (error) waiting.reject(error);
      else waiting.resolve(data);
    }

    /** The phone has loaded, perhaps again: what was asked before is not answered any more. */
    #greet({ instance }) {
      const again = this.#instance !== null && this.#instance !== instance;
      this.#instance = instance;
      this.state = null;
      if (again) this.#drop('reloaded', 'The phone was loaded again.');
      this.#hello().catch(() => {});
    }

    /** Asks for the port, and for `logged` if that was missed. A page that is not trusted yet is answered later. */
    #hello() {
      this.#settle(this.#portAsked, null, new SoftframeError('reloaded', 'Asked again.'));
      const sent = this.send('hello', { versions: [1], features: this.#options.resize ? ['resize'] : [], port: true }, { timeLimit: 2 ** 31 - 1 });
      this.#portAsked = `${this.#prefix}-${this.#ids}`;
      return sent;
    }

    #refresh() {
      const ask = this.send('state').then((state) => {
        const first = this.state === null;
        this.state = state;
        if (first) this.#emit('softframe:state', state);
      });
      ask.catch(() => {});
    }

    #drop(code, message) {
      for (const id of [...this.#pending.keys()]) this.#settle(id, null, new SoftframeError(code, message));
      this.#port?.close();
      this.#port = null;
    }

    async #portOrNone() {
      const until = Date.now() + PORT_MS;
      while (!this.#port && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
      return this.#port;
    }

    /** What the library does by itself. */
    #installOwn() {
      const { autoShow, resize, tel, ring, notifications } = this.#options;
      const opening = ['ringing', 'calling', 'widget:attention'];
      if (autoShow) opening.forEach((name) => this.on(name, () => this.show()));
      if (resize) {
        this.on('widget:size', (size) => this.#resize(size));
        this.on('*', (data) => data?.context?.size && this.#resize(data.context.size));
      }
      if (tel) this.interceptTel(tel === true ? document : found(tel));
      if (ring) this.on('audio-blocked', () => this.#startRing());
      if (notifications) this.on('ringing', (call) => this.#notify(call));
      for (const name of ['accepted', 'terminated']) this.on(name, (call) => this.#settled(call));
    }

    #resize({ width, height }) {
      this.frame.width = width;
      this.frame.height = height;
    }

    #settled({ id }) {
      this.#quiet();
      this.#notes.get(id)?.close();
      this.#notes.delete(id);
    }

    /** The frame may not sound before it is clicked; this page may have been. */
    #startRing() {
      if (this.#ring) return;
      const context = new AudioContext();
      const play = () => {
        const end = context.currentTime + 1;
        for (const hertz of RING_HERTZ) {
          const [tone, volume] = [new OscillatorNode(context, { frequency: hertz }), new GainNode(context, { gain: RING_GAIN })];
          tone.connect(volume).connect(context.destination);
          tone.start();
          tone.stop(end);
        }
      };
      play();
      this.#ring = { context, timer: setInterval(play, RING_MS) };
    }

    #quiet() {
      clearInterval(this.#ring?.timer);
      this.#ring?.context.close();
      this.#ring = null;
    }

    #notify({ id, from, displayName, contact }) {
      if (!document.hidden || !('Notification' in window) || Notification.permission !== 'granted') return;
      // What callers call themselves is quoted, and stands below the number.
      const body = !contact && displayName ? `“${displayName}”` : from;
      const note = new Notification(contact?.name ?? (from || displayName || unknown()), { body, tag: id });
      note.onclick = () => {
        window.focus();
        this.show();
        note.close();
      };
      this.#notes.set(id, note);
    }
  }

  /** Speaks with the phone in a frame of the page: the element, or its selector. */
  const attach = async (frame, options = {}) => {
    const element = found(frame);
    if (element?.localName !== 'iframe') throw new SoftframeError('bad_frame', `There is no iframe: ${frame}`);
    const { sandbox } = element;
    if (sandbox.length > 0 && !sandbox.contains('allow-same-origin')) {
      throw new SoftframeError('bad_frame', 'The phone cannot start in a sandbox without "allow-same-origin".');
    }
    return new Phone(element, options)._arrive(options.timeLimit);
  };

  /** Puts the phone at `url` into `container` (element or selector). */
  const create = async (options = {}) => {
    const container = found(options.container) ?? document.body;
    const frame = document.createElement('iframe');
    Object.assign(frame, { name: options.name ?? 'sf', title: options.title ?? 'Phone', allow: ALLOW });
    frame.src = new URL(options.url ?? '.', options.url ? document.baseURI : home ?? document.baseURI);
    frame.width = options.width ?? 320;
    frame.height = options.height ?? 460;
    // The listener is there before the phone can speak.
    const phone = new Phone(frame, { autoShow: true, resize: true, ...options, own: true });
    container.append(frame);
    return phone._arrive(options.timeLimit);
  };

  globalThis.Softframe ??= Object.freeze({ attach, create, fold, SoftframeError, COMMAND_MS, MAX_BATCH });
})();
