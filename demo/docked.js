// The docked phone: everything an integrator needs beside crm.js is the two lines about `logged`.
import { pushContacts, start } from './crm.js';

const push = document.querySelector('#push');
const auto = document.querySelector('#auto');

start((type) => {
  if (type === 'softframe:ready') push.disabled = false;
  // Contacts of a page are volatile: they belong at `logged`, which comes again after a new start of the phone.
  if (type === 'logged' && auto.checked) pushContacts();
});

push.addEventListener('click', pushContacts);
document.querySelector('#clear').addEventListener('click', () => document.querySelector('#log').replaceChildren());
