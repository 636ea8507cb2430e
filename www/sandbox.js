// A frame with `sandbox` and without `allow-same-origin` has an origin of its own, "null": neither a module nor a setting of
// the phone loads there, and no microphone is to be had. This script is no module, so that it can say so.
if (self.origin === 'null') {
  const starting = document.querySelector('.starting');
  starting.querySelector('.text').textContent = 'The page keeps this phone in a sandbox';
  const about = document.createElement('p');
  about.textContent =
    'Neither its settings nor a microphone can be had there. Leave "sandbox" out of the frame, or add "allow-same-origin" to it.';
  starting.querySelector('.late').replaceWith(about);
}
