// What an integrator writes, held against the typings that are shipped: `cargo xtask test --only typings`.
import Softframe, { type CallEvent, type EventMessage, type Phone, SoftframeError } from '../../www/softframe.module.js';

const phone: Phone = await Softframe.create({ url: 'https://phone.example/', container: '#phone', tel: true });
const other = await Softframe.attach('iframe[name=sf]', { autoShow: true });
other.dispose();

phone.on('ringing', (call: CallEvent) => console.log(call.from, call.contact?.name));
phone.on('phone:terminated', ({ cause }) => console.log(cause.reason === 'busy', cause.endedBy));
phone.on('contacts:indexed', ({ count, rejected }) => console.log(count + rejected));
const stop = phone.on('*', (_data, { type, seq }) => console.log(type, seq));
stop();

try {
  const { callId } = await phone.call('+34911085460', { ref: 'ticket-7', userData: { customer: 7 } });
  await phone.dtmf('1,2', { method: 'rtp' });
  await phone.hold(callId);
  await phone.send('transfer:start', { callId, to: 201 });
} catch (error) {
  if (error instanceof SoftframeError) console.error(error.code);
}
await phone.uploadContacts([{ id: 1, name: 'Ana', phones: ['911', { number: 912, type: 'cell' }] }], {
  source: 'crm',
  onProgress: ({ done, total }) => console.log(done, total),
});
const { hits, more } = await phone.search('ana');
console.log(hits.map((hit) => hit.name), more, phone.state?.calls[0]?.state === 'held');

export const read = (message: EventMessage): string | undefined => {
  if (message.type === 'phone:transfer') return message.data.state;
  if (message.type === 'logged') return message.data.context.extension;
  return undefined;
};

// What must not compile.
// @ts-expect-error: there is no such event
phone.on('rings', () => {});
// @ts-expect-error: a number is missing
phone.send('transfer', {});
// @ts-expect-error: there is no such method
phone.dtmf('1', { method: 'sms' });
