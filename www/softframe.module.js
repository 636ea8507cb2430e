// The host library as a module; see softframe.js beside it.
import './softframe.js';

const { Softframe } = globalThis;
export const { attach, create, fold, SoftframeError, COMMAND_MS, MAX_BATCH } = Softframe;
export default Softframe;
