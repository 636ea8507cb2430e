/*!
 * Softframe in the place of RingCentral Embeddable: for pages written for its `adapter.js`, only the address changes.
 *
 *   <script src="https://phone.example/softframe-rc.js"></script>
 *   RCAdapter.clickToCall('+34911085460', true);
 *
 * It makes `div#rc-widget` with `iframe#rc-widget-adapter-frame`, which is the phone with `?dialect=rc`, and `RCAdapter`.
 * It has each method of the original, but does nothing where there is nothing to do here: no SMS, no meetings, no window.
 * Of the parameters of its own address it takes `prefix`, `defaultDirection` (left, right), `minimized` (1),
 * `notification` (1), `disableClickToCall` (1) and `zIndex`; all others go on to the frame.
 * It hears its own frame alone and posts to the phone's origin alone.
 */
(() => {
  'use strict';

  /** The size and place that the original has. */
  const WIDTH = 300;
  const HEIGHT = 500;
  const HEADER = 36;
  const Z_INDEX = '999';
  /** How long a question to the phone may take. */
  const ANSWER_MS = 5_000;
  /** A dragged widget is told at most so often. */
  const MOVE_MS = 100;
  /** The phone takes a megabyte of text, which is so much of a file. */
  const MAX_RING_OCTETS = 768 * 1024 - 64;
  const ALLOW = 'microphone; autoplay; speaker-selection; clipboard-write; hid';
  const SANDBOX =
    'allow-same-origin allow-scripts allow-forms allow-popups allow-downloads allow-popups-to-escape-sandbox';

  const script = document.currentScript;
  const own = new URL(script?.src ?? location.href, location.href);
  const parameters = own.searchParams;
  const taken = ['prefix', 'defaultDirection', 'minimized', 'notification', 'disableClickToCall', 'zIndex'];

  /** The frame's address: beside this script, with what is not ours. */
  const frameAddress = () => {
    const address = new URL('./', own);
    for (const [name, value] of parameters) if (!taken.includes(name)) address.searchParams.append(name, value);
    address.searchParams.set('dialect', 'rc');
    return address;
  };

  /** The number of a link, as the original reads it. */
  const numberOf = (href) => href.replace(/[^\d+*-]/g, '');

  /**
   * A ring from the page's own sites comes along as `data:`, so that the phone has to load nothing from elsewhere. What the
   * page itself cannot have goes on as it is: the phone may (`soundHosts`), or says that it cannot.
   */
  const brought = async (uri) => {
    if (!/^https?:/i.test(uri)) return uri;
    try {
      const answer = await fetch(uri);
      const file = await answer.arrayBuffer();
      if (!answer.ok || file.byteLength > MAX_RING_OCTETS) return uri;
      const reader = new FileReader();
      reader.readAsDataURL(new Blob([file], { type: 'audio/any' }));
      await new Promise((done) => reader.addEventListener('loadend', done));
      return reader.result ?? uri;
    } catch {
      return uri;
    }
  };

  const make = (tag, styles, attributes = {}) => {
    const element = document.createElement(tag);
    Object.assign(element.style, styles);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  class Adapter {
    #prefix = parameters.get('prefix') || 'rc-widget';
    #container;
    #title;
    #body;
    #frame;
    #origin;
    #questions = new Map();
    #serial = 0;
    #minimized = parameters.get('minimized') === '1';
    #closed = false;
    #calls = 0;
    #size = { width: WIDTH, height: HEIGHT };
    #place = { x: 0, y: 0 };
    #drag = null;
    #moved = null;
    /** How often a ring was given. */
    #rings = 0;
    #over = new AbortController();

    constructor() {
      const { signal } = this.#over;
      const address = frameAddress();
      this.#origin = address.origin;
      this.#build(address);
      addEventListener('message', (event) => this.#hear(event), { signal });
      addEventListener('beforeunload', (event) => this.#calls > 0 && event.preventDefault(), { signal });
      if (parameters.get('disableClickToCall') !== '1') {
        addEventListener('click', (event) => this.#click(event), { signal });
      }
      this.#show();
    }

    #build(address) {
      const side = parameters.get('defaultDirection') === 'left' ? 'left' : 'right';
      this.#container = make('div', {
        position: 'fixed', bottom: '0', [side]: '15px', zIndex: parameters.get('zIndex') || Z_INDEX, overflow: 'hidden',
        background: 'light-dark(#fff, #222529)', color: 'light-dark(#222, #e8e8e8)',
        border: '1px solid light-dark(#bbb, #555)', colorScheme: 'light', borderRadius: '8px 8px 0 0', boxSizing: 'border-box',
        maxWidth: '100vw', maxHeight: '100vh', font: '14px/1.4 system-ui, sans-serif',
      }, { id: this.#prefix });
      const header = make('div', {
        height: `${HEADER}px`, display: 'flex', alignItems: 'center', gap: '4px', padding: '0 4px 0 12px', cursor: 'move',
        touchAction: 'none', userSelect: 'none', boxSizing: 'border-box',
      });
      const title = make('span', { flex: '1' }, { 'data-name': '' });
      title.textContent = 'Phone';
      this.#title = title;
      const button = (name, label, act) => {
        const made = make('button', {
          width: '28px', height: '28px', border: '0', background: 'none', color: 'inherit', font: 'inherit', cursor: 'pointer',
        }, { type: 'button', 'aria-label': label, 'data-action': name });
        made.textContent = name === 'close' ? '×' : '–';
        made.addEventListener('click', act);
        return made;
      };
      header.append(
        title,
        button('minimize', 'Minimise the phone', () => this.setMinimized(!this.#minimized)),
        button('close', 'Close the phone', () => this.setClosed(true)),
      );
      header.addEventListener('pointerdown', (event) => this.#grip(event, header));
      header.addEventListener('pointermove', (event) => this.#move(event));
      header.addEventListener('pointerup', () => (this.#drag = null));
      header.addEventListener('pointercancel', () => (this.#drag = null));
      this.#body = make('div', { height: `calc(100% - ${HEADER}px)` });
      // The colours of the container are what the phone says; what the machine wants must reach the phone past them.
      const styles = { width: '100%', height: '100%', border: '0', display: 'block', colorScheme: 'light dark' };
      this.#frame = make('iframe', styles, {
        id: `${this.#prefix}-adapter-frame`, name: `${this.#prefix}-adapter-frame`, allow: ALLOW, sandbox: SANDBOX,
        title: 'Phone', src: address.href,
      });
      this.#body.append(this.#frame);
      this.#container.append(header, this.#body);
      const place = () => document.body.append(this.#container);
      if (document.body) place();
      else addEventListener('DOMContentLoaded', place, { once: true, signal: this.#over.signal });
    }

    #show() {
      const { width, height } = this.#size;
      Object.assign(this.#container.style, {
        width: `${width}px`,
        height: this.#minimized ? `${HEADER}px` : `${height + HEADER}px`,
        transform: `translate(${this.#place.x}px, ${this.#place.y}px)`,
        // The phone goes on in a frame that is not displayed.
        display: this.#closed ? 'none' : 'block',
      });
    }

    #grip(event, header) {
      if (event.target.closest('button')) return;
      this.#drag = { x: event.clientX - this.#place.x, y: event.clientY - this.#place.y };
      header.setPointerCapture(event.pointerId);
    }

    #move(event) {
      if (!this.#drag) return;
      this.#place = { x: event.clientX - this.#drag.x, y: event.clientY - this.#drag.y };
      this.#show();
      this.#moved ??= setTimeout(() => {
        this.#moved = null;
        const { x, y } = this.#place;
        this.#post({ type: 'rc-adapter-syncPosition', position: { translateX: x, translateY: y } });
      }, MOVE_MS);
    }

    #click(event) {
      let element = event.target instanceof Element ? event.target : null;
      // The element itself, its parent, or the one above, as the original looks.
      for (let steps = 0; element && steps < 3; steps += 1, element = element.parentElement) {
        if (!element.matches('a[href^="tel:"]')) continue;
        event.preventDefault();
        this.clickToCall(numberOf(element.getAttribute('href')), true);
        return;
      }
    }

    #post(message) {
      this.#frame.contentWindow?.postMessage(message, this.#origin);
    }

    #hear({ source, origin, data }) {
      if (source !== this.#frame.contentWindow || origin !== this.#origin || !data) return;
      switch (data.type) {
        case 'rc-adapter-message-response': {
          this.#questions.get(data.responseId)?.(data.response);
          this.#questions.delete(data.responseId);
          return;
        }
        case 'rc-adapter-pushAdapterState': {
          // The place and state that the phone has kept; a size of the original's, unless the phone wants another.
          const { translateX: x, translateY: y } = data.position ?? {};
          if (Number.isFinite(x) && Number.isFinite(y)) this.#place = { x, y };
          if (data.size) this.#size = data.size;
          this.#minimized = data.minimized ?? this.#minimized;
          this.#closed = data.closed ?? this.#closed;
          return this.#show();
        }
        case 'rc-adapter-syncSize':
          this.#size = data.size;
          return this.#show();
        case 'rc-adapter-syncMinimized':
          return this.setMinimized(data.minimized);
        case 'rc-adapter-pushRingState':
          // For the style sheet of the page: a header that blinks, a page that makes room.
          this.#container.classList.toggle('ringing', data.ringing);
          return;
        case 'rc-adapter-theme-notify':
          this.#container.style.colorScheme = data.theme;
          return;
        case 'rc-brand-assets-notify':
          if (data.name) this.#title.textContent = data.name;
          return;
        case 'rc-adapter-pushLocale':
          this.#container.lang = data.locale;
          return;
        case 'rc-adapter-pushCalls':
          this.#calls = data.calls.length;
          return;
        case 'widget:attention':
          return this.setMinimized(false);
        case 'rc-call-ring-notify':
          this.setMinimized(false);
          return this.#notify(data.call);
        case 'rc-call-init-notify':
          this.setMinimized(false);
      }
    }

    #notify({ fromUserName, fromNumber }) {
      if (parameters.get('notification') !== '1' || !('Notification' in self)) return;
      if (Notification.permission !== 'granted') return;
      const notice = new Notification('Incoming call', { body: fromUserName || fromNumber });
      notice.addEventListener('click', () => focus());
    }

    #ask(path, body) {
      this.#serial += 1;
      const requestId = `${this.#prefix}-${this.#serial}`;
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          this.#questions.delete(requestId);
          reject(new Error(`${path}: no answer in ${ANSWER_MS} ms`));
        }, ANSWER_MS);
        this.#questions.set(requestId, (response) => {
          clearTimeout(late);
          resolve(response);
        });
        this.#post({ type: 'rc-adapter-message-request', requestId, path, body });
      });
    }

    clickToCall(phoneNumber, toCall = false) {
      this.setClosed(false);
      this.setMinimized(false);
      this.#post({ type: 'rc-adapter-new-call', phoneNumber, toCall });
    }

    controlCall(callAction, callId, options) {
      this.#post({ type: 'rc-adapter-control-call', callAction, callId, options });
    }

    setMinimized(minimized) {
      const before = this.#minimized;
      this.#minimized = Boolean(minimized);
      if (this.#minimized !== before) {
        this.#post({ type: 'rc-adapter-syncMinimized', minimized: this.#minimized });
      }
      if (!this.#minimized) this.setClosed(false);
      this.#show();
    }

    setClosed(closed) {
      const before = this.#closed;
      this.#closed = Boolean(closed);
      if (this.#closed !== before) this.#post({ type: 'rc-adapter-syncClosed', closed: this.#closed });
      this.#show();
    }

    navigateTo(path) {
      this.#post({ type: 'rc-adapter-navigate-to', path });
    }

    logoutUser() {
      this.#post({ type: 'rc-adapter-logout' });
    }

    updateCallingSetting(settings) {
      this.#post({ ...settings, type: 'rc-calling-settings-update' });
    }

    updateRingtone({ name, uri, volume }) {
      const type = 'rc-adapter-update-ringtone';
      if (volume !== undefined) this.#post({ type, name, volume });
      if (uri === undefined) return;
      this.#rings += 1;
      const ring = this.#rings;
      // The newest counts, however long the others take.
      brought(uri).then((sound) => ring === this.#rings && this.#post({ type, name, uri: sound }));
    }

    setAutoLog({ call } = {}) {
      this.#post({ type: 'rc-adapter-update-auto-log-settings', call });
    }

    alertMessage(message) {
      return this.#ask('/custom-alert-message', message);
    }

    dismissMessage(id) {
      return this.#ask('/dismiss-alert-message', { id });
    }

    getUnloggedCalls(perPage, page) {
      return this.#ask('/unlogged-calls', { perPage, page });
    }

    getCallLog({ sessionId, telephonySessionId }) {
      return this.#ask('/get-call-log', { sessionId, telephonySessionId });
    }

    isWindowPoppedUp({ alert = false } = {}) {
      return this.#ask('/check-popup-window', { alert });
    }

    scheduleMeeting(meeting) {
      return this.#ask('/schedule-meeting', meeting);
    }

    createSMSTemplate(displayName, text) {
      return this.#ask('/create-sms-template', { displayName, text });
    }

    toggleMinimized() {
      this.setMinimized(!this.#minimized);
    }

    toggleClosed() {
      this.setClosed(!this.#closed);
    }

    setSize({ width, height }) {
      this.#size = { width, height };
      this.#show();
    }

    get id() {
      return this.#prefix;
    }

    get minimized() {
      return this.#minimized;
    }

    get closed() {
      return this.#closed;
    }

    get contentWindow() {
      return this.#frame.contentWindow;
    }

    dispose() {
      this.#over.abort();
      clearTimeout(this.#moved);
      this.#questions.clear();
      this.#container.remove();
    }
  }

  // What this phone has not, pages call without looking: a window of its own would be a second phone.
  const absent = [
    'clickToSMS', 'updateSmsSetting', 'autoPopulateConversation', 'setPhoneNumberFormat', 'setThemeVariables',
    'setEnvironment', 'gotoPresence', 'showFeedback',
  ];
  for (const name of absent) Adapter.prototype[name] = () => {};
  Adapter.prototype.popupWindow = async () => {};

  const dispose = () => {
    globalThis.RCAdapter?.dispose();
    globalThis.RCAdapter = undefined;
  };
  const init = () => {
    dispose();
    globalThis.RCAdapter = new Adapter();
    return globalThis.RCAdapter;
  };
  Object.assign(globalThis, { RCAdapterInit: init, RCAdapterDispose: dispose });
  if (!globalThis.RC_EMBEDDABLE_ADAPTER_MANUAL_INIT && !globalThis.RCAdapter) init();
})();
