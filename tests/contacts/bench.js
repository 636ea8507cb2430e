// Measures contact books: ours beside the libraries of `peers.js`, in one page, in turns. The program that drives the
// browser calls one function after the other and reads the clock of the page's thread in between.

import { Cards } from './softframe.js';
import { callers, judge, queries, Truth } from './oracle.js';
import { people } from './people.js';
import { fresh, load, octetsHeld, packed, PEERS, TOP } from './peers.js';

/// One turn of the page's loop lasts so long; a frame of a page in which nothing may stutter has 16.
const SLICE_MS = 8;
/// The clock of an isolated page ticks in five thousandths of a millisecond: what is quicker than this is repeated.
const BATCH_MS = 0.1;
/// The least of so many turns counts, or of those that fit into the time: what other work of the machine adds, it adds to all,
/// and a turn is much shorter than what the machine gives to others at a time.
const TURNS = 40;
const TURNS_MS = 12;
const LEAST_TURNS = 3;
const LEAST_QUICK_TURNS = 12;
const QUICK_MS = 5;
/// Who takes longer than this is asked once.
const SLOW_MS = 100;
/// And who has taken longer than this for the questions of a kind is asked no more of them.
const PATIENCE_MS = 20000;
/// Rounds of reading cards.
const ROUNDS = 6;

let book;
let truth;
let built = {};

/// Makes the book of this size, of names as in life or of few.
export async function begin(size, few, seed = 1) {
  await load();
  built = {};
  truth = undefined;
  book = people(seed, size, few);
  return book.rows.length;
}

const turn = () => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { port1.close(); done(); };
  port2.postMessage(null);
});

/// Indexes the whole book in slices, or as much as fits into the time: `{ done, count, longest, long }`.
export async function build(name, limit) {
  delete built[name];
  const peer = new PEERS[name]();
  const { rows } = book;
  const began = performance.now();
  let [next, longest, long, more] = [0, 0, 0, true];
  while (more && performance.now() - began < limit) {
    const start = performance.now();
    let spent = 0;
    while (more && spent < SLICE_MS) {
      const end = Math.min(rows.length, next + (peer.stride ?? 1));
      if (next < end) for (; next < end; next++) peer.add(rows[next], next); else more = peer.finish();
      spent = performance.now() - start;
    }
    longest = Math.max(longest, spent);
    long += spent > 50;
    await turn();
  }
  if (!more) built[name] = peer;
  return { done: !more, count: next, longest, long, took: performance.now() - began };
}

export function drop(name) { delete built[name]; }

/// Octets of wasm memory after the build.
export const held = octetsHeld;

function time(act, count) {
  const start = performance.now();
  for (let n = 0; n < count; n++) act();
  return performance.now() - start;
}

function least(act) {
  let count = 1;
  let first = time(act, count);
  if (first > SLOW_MS) return first;
  for (; count < 1024 && first < BATCH_MS; first = time(act, count)) count *= 2;
  let best = Infinity;
  let spent = 0;
  for (let turn = 0; turn < TURNS && (spent < TURNS_MS || turn < (best < QUICK_MS ? LEAST_QUICK_TURNS : LEAST_TURNS)); turn++) {
    const took = time(act, count);
    best = Math.min(best, took / count);
    spent += took;
  }
  return best;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
const mean = (values) => (values.length ? values.reduce((sum, one) => sum + one, 0) / values.length : null);

let asked;

/// Prepares the questions; their kinds.
export function prepare() {
  truth ??= new Truth(book);
  asked = queries(truth, 7);
  return asked.map(([kind]) => kind);
}

/// Asks all questions of one kind, of others than the first of `names` one in `share`, and no more once they have taken
/// [`PATIENCE_MS`]: for each of them `[median ms, worst ms, recall, precision]`.
export function ask(kind, names, share) {
  const list = asked.find(([name]) => name === kind)[1];
  const results = names.map(() => ({ times: [], recalls: [], precisions: [], spent: 0 }));
  list.forEach((question, number) => names.forEach((name, at) => {
    if (at > 0 && (number % share > 0 || results[at].spent > PATIENCE_MS)) return;
    const peer = built[name];
    const start = performance.now();
    const answer = Array.from(peer.search(question.query));
    const { recall, precision } = judge(question, answer, TOP);
    if (recall !== null) results[at].recalls.push(recall);
    if (precision !== null) results[at].precisions.push(precision);
    results[at].times.push(least(() => peer.search(question.query)));
    results[at].spent += performance.now() - start;
  }));
  return results.map(({ times, recalls, precisions }) => [median(times), Math.max(...times), mean(recalls), mean(precisions)]);
}

/// Questions that one peer answers worst: for who improves it.
export function worst(kind, name) {
  const list = asked.find(([one]) => one === kind)[1];
  return list.map((question) => {
    const { recall } = judge(question, Array.from(built[name].search(question.query)), TOP);
    return [question.query, least(() => built[name].search(question.query)), recall];
  }).sort((a, b) => b[1] - a[1]);
}

function whole(country) {
  const own = fresh(country);
  for (let at = 0; at < book.rows.length; at += 500) {
    own.push(packed(book.rows.slice(at, at + 500)));
    own.step(100);
  }
  own.end();
  while (own.step(100));
  return own;
}

/// Whose number it is, with the country known or not: `[form, median µs, worst µs, right, wrong hits, asked]`.
export function lookUp(country, count) {
  built = {};
  truth ??= new Truth(book);
  const own = whole(country);
  return callers(truth, 11, count).map(([form, list]) => {
    const times = [];
    let [right, wrong] = [0, 0];
    for (const { number, wanted } of list) {
      const found = Array.from(own.callers(number));
      const strangers = found.filter((at) => !wanted.includes(at)).length;
      wrong += strangers;
      right += strangers === 0 && found.length === Math.min(TOP, wanted.length);
    }
    for (const { number } of list.slice(0, 200)) times.push(least(() => own.callers(number)) * 1000);
    return [form, median(times), Math.max(...times), right / list.length, wrong, list.length];
  });
}

/// How long each step of so many units takes, the same steps in every round: the longest, by the least of the rounds.
export function steps(units, rounds) {
  built = {};
  let best = [];
  for (let round = 0; round < rounds; round++) {
    const own = fresh('DE');
    const times = [];
    for (let at = 0, more = true; more;) {
      if (at < book.rows.length) own.push(packed(book.rows.slice(at, at += 50))); else own.end();
      const start = performance.now();
      more = own.step(units) || at < book.rows.length;
      times.push(performance.now() - start);
    }
    best = round ? best.map((time, at) => Math.min(time, times[at])) : times;
  }
  best.sort((a, b) => a - b);
  return [best.length, best[Math.floor(best.length / 2)], best[Math.floor(best.length * 0.999)], best.at(-1)];
}

/// The whole book in pushes of so many rows, each of which ends and is found before the next one comes.
export function pushes(rows) {
  built = {};
  const own = fresh('DE');
  // What comes outside of a push is one by itself.
  own.end();
  for (let at = 0; at < book.rows.length; at += rows) {
    own.push(packed(book.rows.slice(at, at + rows)));
    while (own.step(100));
  }
}

const quoted = (text) => Array.from(new TextEncoder().encode(text), (octet) => `=${octet.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/// A file of cards as telephones export them, 3.0 and 2.1 in turns: `[cards, cards read, MB, least seconds]`.
export function cards() {
  const text = book.rows.slice(0, 50000).map(({ id, name, company, phones }, at) => {
    const isOld = at % 4 === 0;
    const value = isOld ? `;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:${quoted(name)}` : `:${name}`;
    const numbers = phones.map((phone) => `TEL;${isOld ? 'CELL' : 'TYPE=CELL'}:${phone}\r\n`).join('');
    return `BEGIN:VCARD\r\nVERSION:${isOld ? '2.1' : '3.0'}\r\nN${value}\r\nFN${value}\r\n${company ? `ORG:${company}\r\n` : ''}`
      + `${numbers}UID:${id}\r\nREV:2026-01-01T00:00:00Z\r\nEND:VCARD\r\n`;
  });
  const octets = new TextEncoder().encode(text.join(''));
  let [best, read] = [Infinity, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const reader = new Cards();
    read = 0;
    const start = performance.now();
    for (let at = 0; at < octets.length; at += 65536) read += reader.feed(octets.subarray(at, at + 65536));
    read += reader.feed(undefined);
    best = Math.min(best, (performance.now() - start) / 1000);
    reader.free();
  }
  return [text.length, read, octets.length / 1e6, best];
}
