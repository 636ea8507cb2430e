// @ts-check
// The docked phone: everything an integrator needs beside crm.js is the two lines about `logged`.
import { pushContacts, start } from './crm.js';

/** Whatever it is, it has what is used of it. @param {string} selector */
const find = (selector) => /** @type {any} */ (document.querySelector(selector));

const push = find('#push');
const auto = find('#auto');

start((type) => {
  if (type === 'softframe:ready') push.disabled = false;
  // Contacts of a page are volatile: they belong at `logged`, which comes again after a new start of the phone.
  if (type === 'logged' && auto.checked) pushContacts();
});

push.addEventListener('click', pushContacts);
find('#clear').addEventListener('click', () => find('#log').replaceChildren());
