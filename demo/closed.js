// The phone that is not displayed until it is needed. It rings and dials all the same.
import { start } from './crm.js';

const drawer = document.querySelector('#drawer');
const frame = drawer.querySelector('iframe');
const launch = document.querySelector('#launch');

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
document.querySelector('#close').addEventListener('click', () => show(false));
