// @ts-check
// A page beside an application of Teleforge Enigma: its back end takes calls from Redis, the page shows the same notification
// when the phone tells of the call.

/** Whatever it is, it has what is used of it. @param {string} selector */
const find = (selector) => /** @type {any} */ (document.querySelector(selector));

const extension = new URLSearchParams(location.search).get('ext') ?? '200';
find('#extension').textContent = extension;

// The phone lives on another site than this page, as in production: page on 127.0.0.1, phone on localhost.
const address = new URL(`/${encodeURIComponent(extension)}/`, location.href);
if (address.hostname === '127.0.0.1') address.hostname = 'localhost';
const frame = document.createElement('iframe');
frame.name = 'sf';
frame.title = 'Phone';
frame.allow = 'microphone; autoplay; speaker-selection; clipboard-write; hid';
[frame.width, frame.height] = ['320', '460'];
frame.src = address.href;
find('#phone').append(frame);

/** One function unpacks both kinds, as the documents say. @param {{ type: string, payload: Record<string, unknown> }} notification */
const unpack = ({ type, payload }) => {
  const item = document.createElement('li');
  item.dataset.type = type;
  const code = document.createElement('code');
  code.textContent = JSON.stringify(payload);
  item.append(type === 'call' ? `Call from ${payload.number || 'a withheld number'} ` : `Over: ${payload.end_reason} `, code);
  return item;
};

addEventListener('message', ({ source, origin, data }) => {
  if (source !== frame.contentWindow || origin !== address.origin) return;
  if (data.type === 'connection:change') {
    find('#connection').textContent = data.data.state;
    find('#connection').dataset.state = data.data.state;
  }
  if (data.data?.enigma && (data.type === 'phone:accepted' || data.type === 'phone:terminated')) {
    find('#none').hidden = true;
    find('#notifications').append(unpack(data.data.enigma));
  }
});

find('#ring').addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  // The server of the demo plays the queue: who called which number, how long they waited, who they are.
  const headers = { 'X-Dialed-Number': '0215550100', 'X-Queue-Hold-Time': '37', 'X-Contact-Ref': 'ACC-9' };
  const body = JSON.stringify({ to: extension, from: find('#number').value, headers });
  void fetch('/demo/ring', { method: 'POST', body });
});

// A module: its names are its own.
export {};
