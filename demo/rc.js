// @ts-check
// What a page for RingCentral Embeddable does: the loader's script, a listener, a service, and RCAdapter.
(() => {
  /** Whatever it is, it has what is used of it. @param {string} selector */
  const find = (selector) => /** @type {any} */ (document.querySelector(selector));
  /** What the loader defines. @type {() => { controlCall(action: string): void }} */
  const adapter = () => /** @type {any} */ (globalThis).RCAdapter;
  const extension = new URLSearchParams(location.search).get('ext') ?? '200';
  find('#extension').textContent = extension;

  const people = [
    { id: '1', name: 'Inés Carvajal', number: '+34911085460', company: 'Carvajal Legal' },
    { id: '2', name: 'Zoë Lindqvist', number: '+46705550161', company: 'Lindqvist & Co' },
  ];
  /** @param {typeof people[number]} person */
  const asContact = ({ id, name, number, company }) => ({
    id, name, company, type: 'Marigold', phoneNumbers: [{ phoneNumber: number, phoneType: 'direct' }],
  });
  /** @param {Record<string, unknown>} message */
  const post = (message) => find('#rc-widget-adapter-frame').contentWindow.postMessage(message, '*');
  /** By path: what a question with this body is answered. @type {Record<string, (body: any) => unknown>} */
  const answers = {
    '/contacts': ({ syncTimestamp }) => ({ data: syncTimestamp ? [] : people.map(asContact), syncTimestamp: Date.now() }),
    '/contacts/search': ({ searchString }) => ({
      data: people.filter(({ name }) => name.toLowerCase().includes(searchString.toLowerCase())).map(asContact),
    }),
    '/contacts/match': ({ phoneNumbers }) => ({
      data: Object.fromEntries(
        phoneNumbers.map((/** @type {string} */ wanted) => [wanted, people.filter(({ number }) => number === wanted).map(asContact)]),
      ),
    }),
    '/contacts/view': ({ name }) => {
      find('#call').textContent = `Record of ${name}`;
      return 'ok';
    },
  };

  let registered = false;
  addEventListener('message', ({ data }) => {
    if (!data?.type) return;
    if (data.type === 'rc-login-status-notify') {
      find('#connection').textContent = data.loggedIn ? 'signed in' : 'signed out';
      if (registered) return;
      registered = true;
      post({
        type: 'rc-adapter-register-third-party-service',
        service: {
          name: 'Marigold',
          contactsPath: '/contacts',
          contactSearchPath: '/contacts/search',
          contactMatchPath: '/contacts/match',
          viewMatchedContactPath: '/contacts/view',
        },
      });
    } else if (data.type === 'rc-post-message-request' && answers[data.path]) {
      post({ type: 'rc-post-message-response', responseId: data.requestId, response: answers[data.path]?.(data.body) });
    } else if (data.type === 'rc-active-call-notify') {
      const { direction, telephonyStatus, from, fromName, to, toName } = data.call;
      const who = direction === 'Inbound' ? fromName || from.phoneNumber : toName || to.phoneNumber;
      find('#call').textContent = telephonyStatus === 'NoCall' ? 'No call' : `${telephonyStatus}: ${who}`;
    }
  });
  find('#answer').addEventListener('click', () => adapter().controlCall('answer'));
  find('#hold').addEventListener('click', () => adapter().controlCall('hold'));
  find('#hangup').addEventListener('click', () => adapter().controlCall('hangup'));

  // As the documents insert it. The phone lives on another site than this page, as in production.
  const address = new URL(`/${encodeURIComponent(extension)}/softframe-rc.js`, location.href);
  if (address.hostname === '127.0.0.1') address.hostname = 'localhost';
  const rcs = document.createElement('script');
  rcs.src = address.href;
  const rcs0 = document.getElementsByTagName('script')[0];
  rcs0?.parentNode?.insertBefore(rcs, rcs0);
})();
