// The shell of the widget. It loads the core, and keeps what must outlive it: the journal, `seq`, the live sockets
// and the live peer connections. When the core traps, it says the core's last words and starts a fresh one.
const JOURNAL = 'softframe.journal';
// A core that traps again and again is not started for ever.
const MAX_LIVES = 20;
// A server needs the socket to answer BYE.
const FAREWELL_MS = 2000;
// What did not load is tried again after so long.
const RELOAD_MS = 15_000;

const journal = new Map();
const sockets = new Map();
const peers = new Map();
const page = document.body.cloneNode(true);
let instance = null;
let target = null;
let seq = -1;
let lives = 0;
let core = null;
let listening = new AbortController();

// From the core's start on, every listener is the core's and ends with it: a dead core must not be called.
const add = EventTarget.prototype.addEventListener;
const addUntilTrap = function (type, heard, options) {
  const given = typeof options === 'object' ? options : { capture: Boolean(options) };
  return add.call(this, type, heard, { signal: listening.signal, ...given });
};

const clockUrl = new URL('clock-worker.js', import.meta.url).href;
const policy = globalThis.trustedTypes?.createPolicy('softframe', {
  createScriptURL: (url) => {
    if (url !== clockUrl) throw new TypeError(url);
    return url;
  },
});
let clock = null;

const store = () => {
  try {
    return sessionStorage;
  } catch {
    return null; // a sandboxed frame has none
  }
};

const save = () => {
  if (instance === null) return;
  const key = `${JOURNAL}.${instance}`;
  try {
    if (journal.size === 0) store()?.removeItem(key);
    else store()?.setItem(key, JSON.stringify([...journal.values()]));
  } catch {
    // Full: the copy in memory serves every end but a crash of the page.
  }
};

const keepIn = (map, key, value) => {
  if (value == null) map.delete(key);
  else map.set(key, value);
};

/** What the core may ask of the shell: see crates/web/src/shell.rs. */
export const shell = {
  keep(call, entry) {
    keepIn(journal, call, entry === undefined ? null : JSON.parse(entry));
    save();
  },
  left(id) {
    instance = id;
    const key = `${JOURNAL}.${id}`;
    try {
      const text = store()?.getItem(key) ?? undefined;
      if (text !== undefined) store().removeItem(key);
      return text;
    } catch {
      return undefined; // taken away since: the core must not die of it
    }
  },
  pin: (origin) => void (target = origin),
  said: (number) => void (seq = number),
  resume: () => (lives > 1 ? seq + 1 : undefined),
  socket: (flow, socket) => keepIn(sockets, flow, socket),
  peer: (id, peer) => keepIn(peers, id, peer),
  worker() {
    clock?.terminate();
    try {
      clock = new Worker(policy ? policy.createScriptURL(clockUrl) : clockUrl);
    } catch {
      clock = null;
    }
    return clock ?? undefined;
  },
  trap() {
    const asked = document.documentElement.dataset.trap === 'now';
    if (asked) delete document.documentElement.dataset.trap;
    return asked;
  },
};

/** The one `phone:terminated` of a call whose core has died. */
const lastWords = ({ terminated, acceptedAt }) => {
  const message = JSON.parse(terminated);
  if (acceptedAt !== null) {
    message.data.duration = Math.max(0, Math.floor((Date.now() - acceptedAt) / 1000));
    message.data.total = message.data.wait + message.data.duration;
  }
  message.seq = ++seq;
  return message;
};

const playJournal = () => {
  for (const entry of journal.values()) {
    try {
      const socket = sockets.get(entry.flow);
      if (entry.farewell !== null && socket?.readyState === WebSocket.OPEN) socket.send(entry.farewell);
      if (!entry.told && target !== null && parent !== window) parent.postMessage(lastWords(entry), target);
    } catch (error) {
      console.error('softframe: the journal could not be played', error);
    }
  }
  journal.clear();
  save();
  for (const peer of peers.values()) {
    for (const sender of peer.getSenders()) sender.track?.stop();
    peer.close();
  }
  peers.clear();
  const left = [...sockets.values()];
  sockets.clear();
  setTimeout(() => left.forEach((socket) => socket.close()), FAREWELL_MS);
};

const run = () => {
  lives += 1;
  core.start(shell);
};

let restarting = false;
const onTrap = (error) => {
  if (restarting) return;
  restarting = true;
  console.error('softframe: the core has trapped and is started afresh', error);
  listening.abort();
  listening = new AbortController();
  playJournal();
  document.body.replaceWith(page.cloneNode(true));
  // Not before what is running now is over: the trap may have come through a call of the core into the page.
  setTimeout(() => {
    restarting = false;
    try {
      if (lives >= MAX_LIVES) throw new Error('it traps again and again');
      core.__wbg_reset_state();
      run();
    } catch (again) {
      // The last resort: a fresh page, which is what a host sees as a reload of the frame.
      console.error('softframe: the core does not start again', again);
      if (lives < MAX_LIVES) location.reload();
    }
  });
};

const isTrap = (error) => error instanceof WebAssembly.RuntimeError;
// An exception of the browser that went through the core leaves it as dead as a trap.
const wentThrough = (error) => Boolean(error?.stack?.includes('wasm-function'));
// What a dead core's promises and timers still call says one of these; it is no news.
const ECHOES = ['Module terminated', 'Cannot invoke closure from previous WASM instance'];
const isEcho = (error) => ECHOES.includes(error?.message);

addEventListener('error', (event) => {
  if (isTrap(event.error) || wentThrough(event.error)) onTrap(event.error);
  if (isEcho(event.error)) event.preventDefault();
});
addEventListener('unhandledrejection', (event) => {
  if (isTrap(event.reason)) onTrap(event.reason);
  if (isEcho(event.reason)) event.preventDefault();
});

// A file that is dropped before there is a core, or after it, must not take the place of the phone.
for (const kind of ['dragenter', 'dragover', 'drop']) {
  addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  }, true);
}

// For the tests, which look at the live connections; another origin cannot see it.
globalThis.softframe = { peers, sockets, journal };

EventTarget.prototype.addEventListener = addUntilTrap;
try {
  core = await import('./core.js');
  await core.default({ module_or_path: 'softframe_bg.wasm' });
  queueMicrotask(run);
} catch (error) {
  // The server was away, or has another version by now, with other names: a fresh page finds what there is.
  console.error('softframe: the core did not load', error);
  setTimeout(() => location.reload(), RELOAD_MS);
}
