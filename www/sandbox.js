// A frame with `sandbox` and without `allow-same-origin` has an origin of its own, "null": neither a module nor a setting of
// the phone loads there, and no microphone is to be had. This script is no module, so that it can say so.
if (self.origin === 'null') {
  const starting = document.querySelector('.starting');
  starting.querySelector('.text').textContent = 'The page keeps this phone in a sandbox';
  const about = document.createElement('p');
  about.textContent =
    'Neither its settings nor a microphone can be had there. Leave "sandbox" out of the frame, or add "allow-same-origin" to it.';
  starting.querySelector('.late').replaceWith(about);
  // Whom the phone trusts is among the settings that cannot be had. The page may be told all the same, as it may be told
  // `softframe:ready`: it has made the sandbox, and nothing in this is private. One without an origin could be reached by '*'
  // alone, and so by whoever is there: it hears nothing.
  const page = location.ancestorOrigins?.[0] ?? 'null';
  if (page !== 'null') parent.postMessage({ type: 'media:error', data: { code: 'media_denied' }, seq: 1, v: 1 }, page);
}
