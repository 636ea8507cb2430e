// @ts-check
// The part of the page that both demos share: the table, the screen pop, the log, and talking to the phone.
import { byNumber, customers, lines } from './customers.js';

/** @typedef {import('../www/softframe-messages.js').Events} Events What the phone says, by its type. */

/** @param {string} name @param {Record<string, unknown>} [properties] @param {(Node | string)[]} children */
const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
/** Whatever it is, it has what is used of it. @param {string} selector */
const find = (selector) => /** @type {any} */ (document.querySelector(selector));
/** @returns {HTMLTableRowElement[]} */
const rowsOfCustomers = () => [...find('#customers tbody').rows];

const extension = new URLSearchParams(location.search).get('ext') ?? '200';

// The phone lives on another site than this page, as in production: page on 127.0.0.1, phone on localhost.
const phone = new URL(`/${encodeURIComponent(extension)}/`, location.href);
if (phone.hostname === '127.0.0.1') phone.hostname = 'localhost';

/** The phone's window. */
const frame = () => find('iframe[name=sf]').contentWindow;

/** Sends one message to the phone, and to nobody else. @param {string} type @param {unknown} data */
export const send = (type, data) => frame().postMessage({ type, data }, phone.origin);

/** @param {string} number */
export const call = (number) => send('click2call', { number });

export const pushContacts = () =>
  send('contacts', { contacts: customers.map(({ id, name, company, phones }) => ({ id, name, company, phones })) });

/** Loads the phone, and calls `listener(type, data)` for each of its messages. @param {(type: string, data: any) => void} listener */
export function start(listener) {
  fill();
  window.addEventListener('message', (event) => {
    if (event.source !== frame() || event.origin !== phone.origin) return;
    const { type, data, seq } = event.data ?? {};
    if (typeof type !== 'string') return;
    write(type, data, seq);
    react(type, data ?? {});
    listener(type, data ?? {});
  });
  find('iframe[name=sf]').src = phone.href;
}

/** @param {string} type @param {any} data */
function react(type, data) {
  if (type === 'phone:ringing') pop(data);
  if (type === 'phone:accepted' || type === 'phone:terminated') settle(type, data);
  if (type === 'connection:change') {
    const chip = find('#connection');
    chip.textContent = data.state;
    chip.dataset.state = data.state;
  }
  if (type === 'contact:click') highlight(data.contact?.id ?? data.id);
}

/** Screen pop: who is calling, before anybody answers. @param {Events['phone:ringing']} call */
function pop({ id, from, displayName, team, headers }) {
  const customer = byNumber(from);
  const box = find('#pop');
  const rows = [['Number', from || 'withheld'], ['Team', team], ['Queue', headers['X-Queue'] ?? '']].filter(([, value]) => value);
  box.replaceChildren(
    element('div', { className: 'avatar', textContent: initials(customer?.name ?? displayName ?? '?') }),
    element('div', {},
      element('p', { className: 'state', textContent: 'is calling' }),
      element('h2', { textContent: customer?.name ?? displayName ?? from ?? 'Unknown caller' }),
      element('p', { textContent: customer ? `${customer.company}, ${customer.city}` : 'Not among the customers' })),
    element('dl', {}, ...rows.flatMap(([key, value]) => [element('dt', { textContent: key }), element('dd', { textContent: value })])),
    element('button', { type: 'button', className: 'quiet', textContent: '✕', ariaLabel: 'Close', onclick: () => close() }),
  );
  box.dataset.call = id;
  box.dataset.state = 'ringing';
  box.hidden = false;
  highlight(customer?.id);
}

function close() {
  find('#pop').hidden = true;
  highlight();
}

/** @param {string} type @param {Events['phone:terminated']} call */
function settle(type, { id, status, duration, cause }) {
  const box = find('#pop');
  if (box.dataset.call !== id) return;
  const missed = status === 'missed';
  box.dataset.state = type === 'phone:accepted' ? 'active' : missed ? 'missed' : 'ended';
  box.querySelector('.state').textContent =
    type === 'phone:accepted' ? 'on the phone' : missed ? `missed (${cause?.reason ?? 'no answer'})` : `ended after ${duration} s`;
}

/** @param {unknown} [id] */
function highlight(id) {
  for (const row of rowsOfCustomers()) row.classList.toggle('found', row.dataset.id === id);
}

/** @param {string} type @param {unknown} data @param {number} [seq] */
function write(type, data, seq) {
  const log = find('#log');
  const time = new Date().toLocaleTimeString([], { hour12: false });
  const entry = element('details', {},
    element('summary', {},
      element('time', { textContent: time }), element('span', { className: 'type', textContent: type }),
      element('span', { className: 'seq', textContent: seq ?? '' })),
    element('pre', { textContent: JSON.stringify(data, null, 2) }));
  log.prepend(element('li', {}, entry));
  // A log that grows for days would slow the page down.
  while (log.children.length > 200) log.lastChild.remove();
}

/** @param {string} name */
const initials = (name) => name.split(/\s+/).map((word) => word[0] ?? '').slice(0, 2).join('').toUpperCase();

/** @param {string} number @param {string} [label] */
const numberButton = (number, label) =>
  element('button', { type: 'button', className: 'number', title: `Call ${number}`, onclick: () => call(number) }, label ?? number);

function fill() {
  find('#extension').textContent = extension;
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('nav a, .brand'))) link.search = location.search;
  find('#customers tbody').append(...customers.map((customer) => {
    const row = element('tr', {},
      element('td', {}, element('div', { className: 'person' },
        element('span', { className: 'avatar', textContent: initials(customer.name) }),
        element('span', {}, element('strong', { textContent: customer.name }), ' ', element('small', { textContent: customer.company })))),
      element('td', { textContent: customer.city }),
      element('td', {}, element('span', { className: `stage ${customer.stage.toLowerCase()}`, textContent: customer.stage })),
      element('td', {}, element('div', { className: 'numbers' }, ...customer.phones.map((number) => numberButton(number)))));
    row.dataset.id = customer.id;
    return row;
  }));
  const other = extension === '200' ? '201' : '200';
  find('#lines').append(...[/** @type {[string, string]} */ ([other, 'colleague']), ...lines].map(([number, what]) => numberButton(number, `${number} ${what}`)));
  find('#filter').addEventListener('input', (/** @type {{ target: HTMLInputElement }} */ { target }) => {
    const wanted = target.value.trim().toLowerCase();
    const rows = rowsOfCustomers();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    find('#none').hidden = rows.some((row) => !row.hidden);
  });
  const form = find('#ring');
  form.elements.from.append(...customers.map(({ name, phones }) => new Option(name, phones[0] ?? '')));
  form.addEventListener('submit', async (/** @type {Event} */ event) => {
    event.preventDefault();
    const body = JSON.stringify({ to: extension, from: form.elements.from.value });
    const answer = await fetch('/demo/ring', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (!answer.ok) write('server', { status: answer.status, text: await answer.text() });
  });
}
