// Runs in each page before its own scripts: keeps what the page is told in `heard`, and holds `state` of the phone against the
// fold of all events so far, as the host library makes it, after each event. What differs is in `unfolded`.
(() => {
  if (self !== top) return;
  const fold = ((globalThis) => {
    /* LIBRARY */
    return globalThis.Softframe.fold;
  })({});
  /** Of each frame that is a phone: the fold, once there is a snapshot, and the questions of the last second. */
  const phones = new Map();
  /** Commands of a page are counted, fifty a second: a test's own ones must not be too many because of ours. */
  const MOST_A_SECOND = 10;
  /** `userData` and the like have no order. */
  const sorted = (value) => JSON.stringify(value, (_, one) => (one?.constructor === Object
    ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
    : one));

  self.heard = [];
  self.unfolded = [];
  self.compared = 0;
  /** A test that counts each command sets this to false. */
  self.asksState = true;

  const answered = (phone, { ok, data }) => {
    if (!ok) return;
    if (phone.fold && sorted(phone.fold) !== sorted(data)) unfolded.push([phone.last, data, phone.fold]);
    if (phone.fold) compared += 1;
    phone.fold = data;
  };

  const told = (phone, message, source, origin) => {
    const { type, seq } = message;
    phone.last = type;
    if (type === 'softframe:ready') return;
    // Who signs in next begins anew.
    phone.fold = type === 'logged' || type === 'unlogged' ? null : phone.fold && fold(phone.fold, message);
    // A page that is not trusted yet is told of this alone, and has no snapshot.
    if (type === 'widget:attention') return;
    const now = performance.now();
    phone.asked = phone.asked.filter((at) => now - at < 1000);
    if (!asksState || type === 'unlogged' || phone.asked.length >= MOST_A_SECOND) return;
    phone.asked.push(now);
    source.postMessage({ type: 'state', id: `fold:${seq}` }, origin === 'null' ? '*' : origin);
  };

  addEventListener('message', ({ data, origin, source }) => {
    if (!data?.type) return;
    const isPhone = data.v === 1 && Number.isInteger(data.seq);
    // A frame that loads anew has forgotten what it was asked.
    if (data.type === 'softframe:ready' && isPhone) phones.set(source, { asked: [], fold: null });
    const phone = phones.get(source);
    if (phone && data.type === 'softframe:response' && String(data.id).startsWith('fold:')) return answered(phone, data);
    heard.push({ ...data, origin, at: performance.now() });
    if (phone && isPhone) told(phone, data, source, origin);
  });
})();
