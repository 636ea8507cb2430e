// @ts-check
/// <reference path="../www/softframe-cti.d.ts" />
// A page as it is written for XiVO: it knows `Cti` and its events, and nothing of Softframe but the frame and the script.

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

const { MessageType } = Cti;
/** Calls by `linkedId`, as such pages keep them. @type {Map<string, import('../www/softframe-cti.js').PhoneEvent>} */
const calls = new Map();

/** @param {string} label @param {() => void} act */
const button = (label, act) => {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = label;
  made.addEventListener('click', act);
  return made;
};

const show = () => {
  find('#none').hidden = calls.size > 0;
  find('#calls').replaceChildren(
    ...[...calls.values()].map((call) => {
      const item = document.createElement('li');
      item.append(`${call.otherDName || call.otherDN || 'withheld'}: ${call.eventType.replace('Event', '')} `);
      if (call.eventType === 'EventRinging') item.append(button('Answer', () => Cti.answer(call.uniqueId)));
      if (['EventEstablished', 'EventOnHold'].includes(call.eventType))
        item.append(button('Hold', () => Cti.hold(call.uniqueId)), button('Transfer', () => Cti.directTransfer(find('#number').value)));
      item.append(button('Hang up', () => Cti.hangup(call.uniqueId)));
      return item;
    }),
  );
};

Cti.setHandler(MessageType.PHONEEVENT, (event) => {
  if (['EventReleased', 'EventFailure'].includes(event.eventType)) calls.delete(event.linkedId);
  else calls.set(event.linkedId, event);
  show();
});
Cti.setHandler(MessageType.PHONESTATUSUPDATE, ({ status }) => {
  find('#status').textContent = status;
  find('#status').dataset.state = status === 'AVAILABLE' ? 'registered' : 'offline';
});
Cti.setHandler(MessageType.USERSTATUSES, (statuses) => {
  find('#statuses').replaceChildren(...statuses.map(({ name, longName }) => new Option(longName, name)));
  find('#statuses').disabled = false;
});
Cti.setHandler(MessageType.USERSTATUSUPDATE, ({ status }) => (find('#statuses').value = status));
Cti.setHandler(MessageType.USERCONFIGUPDATE, ({ dndEnabled }) => {
  find('#dnd').checked = dndEnabled;
  find('#dnd').disabled = false;
});
Cti.setHandler(MessageType.PHONEHINTSTATUSEVENT, ({ number, status }) => {
  const id = `hint-${number}`;
  const item = document.getElementById(id) ?? document.createElement('li');
  item.id = id;
  item.textContent = `${number}: ${Cti.PhoneStatus[status]}`;
  item.style.color = Cti.PhoneStatusColors[status] ?? '';
  find('#hints').append(item);
});
Cti.setHandler(MessageType.ERROR, ({ Error: error }) => (find('#error').textContent = error));
Cti.setHandler(MessageType.LOGGEDON, () => Cti.subscribeToPhoneHints(['201', '202']));

find('#dial').addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  Cti.dial(find('#number').value, { customer: 'Marigold' });
});
find('#dnd').addEventListener('change', () => Cti.dnd(find('#dnd').checked));
find('#statuses').addEventListener('change', () => Cti.changeUserStatus(find('#statuses').value));

Cti.WebSocket.init('wss://xivo.example/xuc/api/2.0/cti?token=none', extension, extension);
