// @ts-check
/// <reference path="../www/softframe.d.ts" />
// The phone by the host library: what a page writes where it need not know the messages.
import { customers } from './customers.js';

/** @param {string} selector */
const find = (selector) => /** @type {HTMLButtonElement} */ (document.querySelector(selector));

const extension = new URLSearchParams(location.search).get('ext') ?? '200';
find('#extension').textContent = extension;
// The phone lives on another site than this page, as in production: page on 127.0.0.1, phone on localhost.
const address = new URL(`/${encodeURIComponent(extension)}/`, location.href);
if (address.hostname === '127.0.0.1') address.hostname = 'localhost';

const phone = await Softframe.create({ url: address.href, container: '#phone', tel: true, ring: true, notifications: true });

const show = () => {
  const [call] = phone.state?.calls ?? [];
  const other = call?.direction === 'inbound' ? call.from : call?.to;
  find('#connection').textContent = phone.state?.connection ?? 'signed out';
  find('#call').textContent = call ? `${call.state}: ${other || 'withheld'}` : 'No call';
  find('#answer').disabled = call?.state !== 'ringing';
  find('#hangup').disabled = !call;
  find('#push').disabled = !phone.state;
};
phone.on('*', show);

/** @param {unknown} error */
const fail = (error) => (find('#call').textContent = String(error));
find('#answer').addEventListener('click', () => phone.answer().catch(fail));
find('#hangup').addEventListener('click', () => phone.hangup().catch(fail));
find('#push').addEventListener('click', () => {
  const contacts = Array.from({ length: 1000 }, (_, id) => ({ ...customers[id % customers.length], id }));
  const progress = /** @type {HTMLProgressElement} */ (document.querySelector('#progress'));
  phone.uploadContacts(contacts, { source: 'crm', onProgress: ({ done }) => (progress.value = done) }).catch(fail);
});
