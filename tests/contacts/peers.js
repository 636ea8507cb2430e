// Who is measured: each takes rows one by one and answers with the places of the best twenty. All but the index under
// test get words folded and numbers made international by `text.js`, so that all can find the same; libraries that only
// know beginnings of words get every end of a number as a word.

import elasticlunr from 'elasticlunr';
import { Index } from 'flexsearch';
import MiniSearch from 'minisearch';
import init, { Book, __wbg_reset_state } from './softframe.js';
import octets from './softframe_bg.wasm';
import { HOME } from './people.js';
import { dialled, digits, isNumber, words } from './text.js';

export const TOP = 20;
/// Rows that the phone takes in at a time.
const ROWS = 50;
/// A third of what the phone's pacing allows a step at most.
const UNITS = 10;
/// Fewer digits are no key of a rival: everybody has them.
const LEAST_DIGITS = 3;

let memory;
export async function load() { memory = (await init({ module_or_path: octets })).memory; }

/// A fresh module, so that memory is counted from nothing: it never shrinks.
export function fresh(country) {
  __wbg_reset_state();
  return new Book(country);
}

/// Rows as one text, which costs least to hand over.
export const packed = (rows) => rows.map(({ id, name, company, phones }) => `${id}\x1F${name}\x1F${company}\x1F${phones.join('\x1F')}`).join('\x1E');

/// What the module has taken from the browser.
export async function octetsHeld() {
  // The glue's own state was reset since: it gives what there is without loading anew.
  memory = (await init()).memory;
  return memory.buffer.byteLength;
}

const international = (number) => dialled(number, HOME.code);

/// The index under test.
class Ours {
  constructor() {
    // How many rows are added between two looks at the clock.
    this.stride = ROWS;
    this.book = fresh(HOME.iso);
    this.waiting = [];
  }

  add(row) {
    if (this.waiting.push(row) === ROWS) this.flush();
  }

  flush() {
    if (this.waiting.length) this.book.push(packed(this.waiting));
    this.waiting = [];
    this.book.step(UNITS);
  }

  /// What is left after the last row; whether more remains.
  finish() {
    if (this.waiting) {
      this.flush();
      this.waiting = null;
      this.book.end();
    }
    return this.book.step(UNITS);
  }

  search(query) { return this.book.search(query, TOP); }
}

/// What is typed of a number: a whole one may be written in any way.
const typedNumber = (query) => (query.startsWith('+') || query.startsWith('(0') || digits(query).length > 8 ? international(query) : digits(query));

/// Strings folded once and looked through one by one, and a table of callers: the cheapest that answers correctly.
class Scan {
  constructor() {
    this.stride = ROWS;
    this.texts = [];
    this.numbers = [];
    this.callers = new Map();
  }

  add(row, at) {
    this.texts.push(flat(` ${words(row.name).join(' ')} ${words(row.company).join(' ')} `));
    this.numbers.push(flat(row.phones.map((phone) => {
      const [written, full] = [digits(phone), international(phone)];
      const known = this.callers.get(full);
      if (known) known.push(at); else this.callers.set(full, [at]);
      return written.endsWith(full) ? written : `${written} ${full}`;
    }).join(' ')));
  }

  finish() { return false; }

  search(query) {
    if (isNumber(query)) return this.best([typedNumber(query)], this.numbers, '');
    return this.best(words(query), this.texts, ' ');
  }

  /// The twenty that come first: more whole words, then the alphabet.
  best(typed, texts, before) {
    const begun = typed.map((word) => before + word);
    const whole = begun.map((word) => `${word} `);
    const top = [];
    let worst = null;
    for (let at = 0; at < texts.length; at++) {
      const text = texts[at];
      if (!begun.every((word) => text.includes(word))) continue;
      let score = 0;
      for (const word of whole) if (!text.includes(word)) score++;
      if (worst && (score > worst.score || (score === worst.score && text >= worst.text))) continue;
      let place = top.length;
      while (place > 0 && (top[place - 1].score > score || (top[place - 1].score === score && top[place - 1].text > text))) place--;
      top.splice(place, 0, { score, text, at });
      if (top.length > TOP) top.pop();
      if (top.length === TOP) worst = top[TOP - 1];
    }
    return top.map(({ at }) => at);
  }
}

/// Joined strings are put together when they are first read, which would be the first question.
function flat(text) {
  text.includes('\0');
  return text;
}

const suffixes = (number) => {
  const all = [];
  for (let at = 0; at + LEAST_DIGITS <= number.length; at++) all.push(number.slice(at));
  return all;
};

class Mini {
  constructor() {
    this.index = new MiniSearch({
      fields: ['name', 'company', 'phones'],
      extractField: (row, field) => (field === 'id' ? row.at : field === 'phones' ? row.phones.map(international).join(' ') : row[field]),
      tokenize: (text, field) => (field === 'phones' ? text.split(' ').flatMap(suffixes) : words(text)),
      processTerm: (term) => term,
    });
  }

  add(row, at) { this.index.add({ at, name: row.name, company: row.company, phones: row.phones, id: at }); }

  finish() { return false; }

  search(query) {
    const isDigits = isNumber(query);
    const options = { prefix: true, combineWith: 'AND', tokenize: () => (isDigits ? [typedNumber(query)] : words(query)) };
    let found = this.index.search(query, options);
    // A slip is forgiven where little was found, as the index under test does.
    if (found.length < TOP && !isDigits) {
      const exact = new Set(found.map((one) => one.id));
      const like = this.index.search(query, { ...options, fuzzy: (term) => (term.length >= 4 ? 1 : false) });
      found = [...found, ...like.filter((one) => !exact.has(one.id))];
    }
    return found.slice(0, TOP).map((one) => one.id);
  }
}

class Flex {
  constructor() {
    const encode = (text) => text.split(' ');
    this.index = new Index({ tokenize: 'forward', encode, resolution: 3 });
  }

  add(row, at) {
    this.index.add(at, [...words(row.name), ...words(row.company), ...row.phones.flatMap((number) => suffixes(international(number)))].join(' '));
  }

  finish() { return false; }

  search(query) { return this.index.search(isNumber(query) ? typedNumber(query) : words(query).join(' '), { limit: TOP }); }
}

const GRAM = 4;
const grams = (word) => Array.from({ length: Math.max(0, word.length - GRAM + 1) }, (_, at) => word.slice(at, at + GRAM));

class Elastic {
  constructor() {
    elasticlunr.clearStopWords();
    elasticlunr.tokenizer = (tokens) => tokens;
    this.index = elasticlunr(function configure() {
      this.addField('text');
      this.setRef('id');
      this.saveDocument(false);
    });
    this.index.pipeline.reset();
  }

  add(row, at) {
    const all = [...words(row.name), ...words(row.company), ...row.phones.map(international)];
    this.index.addDoc({ id: at, text: [...all, ...all.flatMap(grams)] });
  }

  finish() { return false; }

  search(query) {
    const typed = isNumber(query) ? [typedNumber(query)] : words(query);
    const long = typed.every((word) => word.length >= GRAM);
    const tokens = typed.flatMap((word) => (word.length >= GRAM ? grams(word) : [word]));
    const found = this.index.search(tokens, { bool: 'AND', expand: !long });
    return found.slice(0, TOP).map((one) => +one.ref);
  }
}

/// By name; the first two are in every comparison.
export const PEERS = { ours: Ours, scan: Scan, MiniSearch: Mini, FlexSearch: Flex, elasticlunr: Elastic };
