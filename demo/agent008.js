// @ts-check
// A page as it is written for 008: contacts as a bare list, `call`, `hangup`, and the facts of a call in `data.cdr`. Nothing of
// it knows another phone; only the address of the frame has changed.

/** Whatever it is, it has what is used of it. @param {string} selector */
const find = (selector) => /** @type {any} */ (document.querySelector(selector));

const extension = new URLSearchParams(location.search).get('ext') ?? '200';
find('#extension').textContent = extension;

// The phone lives on another site than this page, as in production: page on 127.0.0.1, phone on localhost.
const address = new URL(`/${encodeURIComponent(extension)}/?dialect=008`, location.href);
if (address.hostname === '127.0.0.1') address.hostname = 'localhost';
const frame = document.createElement('iframe');
frame.name = 'sf';
frame.title = 'Phone';
frame.allow = 'microphone; autoplay; speaker-selection; clipboard-write; hid';
[frame.width, frame.height] = ['320', '460'];
frame.src = address.href;
find('#phone').append(frame);

/** @param {string} type @param {unknown} [data] */
const post = (type, data) => frame.contentWindow?.postMessage({ type, data }, address.origin);

const contacts = [
  { id: 'c-1', name: 'Inés Carvajal', phones: ['+34911085460'] },
  { id: 'c-2', name: 'Echo', phones: ['600'] },
];

/** One line of the list of calls, by the id of its record. @param {Record<string, any>} cdr */
const line = (cdr) => {
  const known = find(`[data-id="${CSS.escape(cdr.id)}"]`);
  if (known) return known;
  const item = document.createElement('li');
  item.dataset.id = cdr.id;
  find('#calls').append(item);
  return item;
};

addEventListener('message', ({ source, origin, data: message }) => {
  if (source !== frame.contentWindow || origin !== address.origin) return;
  const { type, data } = message;
  if (type === 'connection:change') {
    find('#connection').textContent = data.state;
    find('#connection').dataset.state = data.state;
  } else if (type === 'logged') {
    post('contacts', contacts);
  } else if (data?.cdr) {
    const { cdr } = data;
    const who = data.contact?.name ?? (cdr.direction === 'inbound' ? cdr.from : cdr.to);
    const over = type === 'phone:terminated' ? `, ${cdr.total} s in all, ${cdr.duration} s of talk` : '';
    line(cdr).textContent = `${cdr.direction} ${who}: ${type.replace('phone:', '')}, ${cdr.status}${over}`;
  }
});

find('#call').addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  post('call', { number: find('#number').value });
});
find('#hangup').addEventListener('click', () => post('hangup'));

// A module: its names are its own.
export {};
