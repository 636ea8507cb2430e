// Types of the module.
export * from './softframe.js';
export { default } from './softframe.js';
