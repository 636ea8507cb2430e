// @ts-check
// The phone that is not displayed until it is needed. It rings and dials all the same.
import { start } from './crm.js';

/** Whatever it is, it has what is used of it. @param {string} selector */
const find = (selector) => /** @type {any} */ (document.querySelector(selector));

const drawer = find('#drawer');
const frame = find('#drawer iframe');
const launch = find('#launch');

/** @param {boolean} open */
const show = (open) => {
  drawer.hidden = !open;
  launch.setAttribute('aria-expanded', String(open));
};

start((type, { context }) => {
  // The size the phone wants, not the one it has.
  if (context?.size) {
    frame.width = context.size.width;
    frame.height = context.size.height;
  }
  if (type === 'phone:ringing' || type === 'phone:calling' || type === 'widget:attention') show(true);
});

launch.addEventListener('click', () => show(drawer.hidden));
find('#close').addEventListener('click', () => show(false));
