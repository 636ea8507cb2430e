// What should be found, by brute force over the truth, and what is asked: seventeen kinds of query.

import { CALLERS, Dice, HOME, international, number, written } from './people.js';
import { digits, fold, isNumber, words } from './text.js';

/// Queries of each kind.
const QUERIES = 40;

const chars = (word) => Array.from(word);

/// Whether the first `count` letters of a word are at most one slip from what was typed: a letter wrong, missing, too many,
/// or two neighbours swapped.
function isNear(own, count, typed) {
  const [n, m] = [Math.min(count, own.length), typed.length];
  if (Math.abs(n - m) > 1) return false;
  let head = 0;
  while (head < n && head < m && own[head] === typed[head]) head++;
  const isRest = (i, j) => {
    if (Math.max(0, n - i) !== Math.max(0, m - j)) return false;
    for (; i < n; i++, j++) if (own[i] !== typed[j]) return false;
    return true;
  };
  return isRest(head, head) || isRest(head, head + 1) || isRest(head + 1, head) || isRest(head + 1, head + 1)
    || (head + 1 < n && own[head] === typed[head + 1] && own[head + 1] === typed[head] && isRest(head + 2, head + 2));
}

/// Whether some beginning of a word, about as long as what was typed, is at most one slip from it.
function isBegunNear(own, typed) {
  return isNear(own, typed.length, typed) || isNear(own, typed.length - 1, typed) || isNear(own, typed.length + 1, typed);
}

/// Whether a word begins with what was meant, if the slip was in the first letter and the rest is right.
function isFirstSlip(typed, own) {
  const begins = (i, j) => {
    for (; i < typed.length; i++, j++) if (typed[i] !== own[j]) return false;
    return true;
  };
  return begins(1, 1) || begins(0, 1) || (typed.length > 4 && begins(1, 0))
    || (own[0] === typed[1] && own[1] === typed[0] && begins(2, 2));
}

/// Whether some beginning of a word is at most two slips away, none of them in the first letter.
function isTwoSlips(typed, own) {
  if (typed[0] !== own[0]) return false;
  const width = Math.min(own.length, typed.length + 2);
  // The table of all beginnings of both, row by row.
  let [before, last] = [[], Array.from({ length: width }, (_, at) => at)];
  for (let i = 1; i < typed.length; i++) {
    const row = [i];
    for (let j = 1; j < width; j++) {
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (typed[i] === own[j] ? 0 : 1));
      if (i > 1 && j > 1 && typed[i] === own[j - 1] && typed[i - 1] === own[j]) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    // Later rows are no less than the least of two in a row.
    if (Math.min(...row) > 2 && Math.min(...last) > 2) return false;
    [before, last] = [last, row];
  }
  return Math.min(...last) <= 2;
}

/// Every word and every number of a book.
export class Truth {
  constructor({ rows, numbers }) {
    this.rows = rows;
    this.numbers = numbers;
    this.names = rows.map((row) => words(row.name));
    this.byWord = new Map();
    const put = (word, at) => {
      const list = this.byWord.get(word);
      if (!list) this.byWord.set(word, [at]); else if (list.at(-1) !== at) list.push(at);
    };
    rows.forEach((row, at) => { for (const word of [...this.names[at], ...words(row.company)]) put(word, at); });
    this.vocabulary = [...this.byWord.keys()];
    this.letters = this.vocabulary.map(chars);
    // The numbers of each row as they are written and as they are dialled from abroad, as one text.
    this.forms = rows.map((row, at) => row.phones.map((phone, of) => {
      const truth = numbers[at][of];
      return typeof truth === 'string' ? truth : `${digits(phone)} ${international(truth)}`;
    }).join(' '));
    // And as they are dialled from home and by the prefix of calls abroad: who types such begins with the prefix.
    this.dialled = numbers.map((own) => own.filter((one) => typeof one !== 'string').map((one) => {
      const [code, area, rest] = one;
      return ` 00${international(one)}${code === HOME.code ? ` ${HOME.trunk}${area}${rest}` : ''}`;
    }).join(''));
    this.byNumber = new Map();
    numbers.forEach((own, at) => own.forEach((one) => {
      const key = typeof one === 'string' ? one : international(one);
      const list = this.byNumber.get(key);
      if (!list) this.byNumber.set(key, [at]); else if (list.at(-1) !== at) list.push(at);
    }));
  }

  /// Rows with a word for which `fits` holds; it is given its letters too.
  withWord(fits) {
    const found = new Uint8Array(this.rows.length);
    this.vocabulary.forEach((word, n) => {
      if (fits(word, this.letters[n])) for (const at of this.byWord.get(word)) found[at] = 1;
    });
    return found;
  }

  /// Rows in which every word typed begins a word.
  begun(typed) {
    const [first, ...others] = typed.map((typed) => this.withWord((word) => word.startsWith(typed)));
    for (const other of others) for (let at = 0; at < first.length; at++) first[at] &= other[at];
    return first;
  }

  /// Rows of which a number has the digits somewhere; those with exactly these numbers too.
  inside(typed, exact = []) {
    const found = new Uint8Array(this.rows.length);
    const mark = (texts, part) => { for (let at = 0; at < texts.length; at++) if (texts[at].includes(part)) found[at] = 1; };
    mark(this.forms, typed);
    if (typed.startsWith(HOME.trunk)) mark(this.dialled, ` ${typed}`);
    for (const at of exact) found[at] = 1;
    return found;
  }
}

const many = (make) => {
  const made = [];
  for (let tries = 0; made.length < QUERIES && tries < 200000; tries++) {
    const one = make();
    if (one) made.push(one);
  }
  return made;
};

function slip(dice, word) {
  const letters = chars(word);
  // Not the first letter: that is the one that people get right.
  const at = 1 + dice.below(letters.length - 1);
  const letter = dice.of('aeiourstnl');
  const kind = dice.below(4);
  if (kind === 0 && at + 1 < letters.length) [letters[at], letters[at + 1]] = [letters[at + 1], letters[at]];
  else if (kind === 1) letters.splice(at, 1);
  else if (kind === 2) letters.splice(at, 0, letter);
  else letters[at] = letter;
  return letters.join('');
}

/// `[kind, [{ query, wanted, allowed }]]`: which rows should be found, and which may.
export function queries(truth, seed) {
  const dice = new Dice(seed);
  const anybody = () => dice.below(truth.rows.length);
  const nameOf = (at, script) => (script.test(truth.rows[at].name) ? truth.names[at] : null);
  const begin = (word, letters) => chars(word).slice(0, letters).join('');
  const typed = (query) => ({ query, wanted: truth.begun(words(query)) });
  const byCount = [...truth.byWord].filter(([word]) => word.length > 3).sort((a, b) => b[1].length - a[1].length);
  const numberOf = (at, isShort) => {
    const own = truth.numbers[at].filter((one) => (typeof one === 'string') === isShort);
    return own.length ? dice.of(own) : null;
  };
  const LATIN = /^[\p{Script=Latin}\s,'-]+$/u;
  // What begins with something near is no mistake, nor is what is further off where a long word allows it.
  const near = (query) => {
    const typed = chars(query);
    return truth.withWord((_, other) => isBegunNear(other, typed) || isFirstSlip(typed, other) || (typed.length >= 8 && isTwoSlips(typed, other)));
  };
  const kinds = {
    miss: () => {
      const query = `${begin(dice.of(truth.vocabulary), 3)}${dice.of('qxj')}${dice.of('qxz')}${dice.of('vwq')}`;
      const letters = chars(query);
      return truth.letters.some((word) => isBegunNear(word, letters)) ? null : typed(query);
    },
    'one letter': () => {
      const name = nameOf(anybody(), LATIN);
      return name && typed(begin(dice.of(name), 1));
    },
    'common name': () => typed(byCount[dice.below(60)][0]),
    'full name': () => {
      const at = anybody();
      return nameOf(at, LATIN) && typed(truth.rows[at].name);
    },
    'two words, any order': () => {
      const name = nameOf(anybody(), LATIN);
      if (!name || name.length < 2) return null;
      const [a, b] = dice.below(2) ? [0, 1] : [1, 0];
      return typed(`${begin(name[a], 2 + dice.below(3))} ${begin(name[b], 1 + dice.below(4))}`);
    },
    'one-letter words': () => {
      const name = nameOf(anybody(), LATIN);
      if (!name || name.length < 2) return null;
      const letters = name.map((word) => begin(word, 1));
      // In any order, and now and then a third, or the same one twice.
      const [a, b] = dice.below(2) ? letters : letters.slice(0, 2).reverse();
      return typed(dice.of([`${a} ${b}`, `${a} ${b}`, `${a} ${b}`, `${b} ${b}`, `${b} ${a} ${letters.at(-1)}`, `${a} ${a} ${b}`]));
    },
    'letter and word': () => {
      const name = nameOf(anybody(), LATIN);
      if (!name || name.length < 2) return null;
      const [a, b] = dice.below(2) ? name : name.slice(0, 2).reverse();
      return typed(`${begin(a, 1)} ${b}`);
    },
    'company word': () => {
      const { company } = truth.rows[anybody()];
      return company && typed(dice.of(words(company)));
    },
    'one typo': () => {
      const at = anybody();
      const name = nameOf(at, LATIN)?.filter((word) => word.length >= 5);
      if (!name?.length) return null;
      const word = dice.of(name);
      const query = slip(dice, word);
      if (query === word || words(query)[0] !== query) return null;
      const letters = chars(query);
      const wanted = truth.withWord((word, other) => word.startsWith(query) || (other[0] === letters[0] && isNear(other, Infinity, letters)));
      return { query, wanted, allowed: near(query) };
    },
    'first letter': () => {
      const name = nameOf(anybody(), LATIN)?.filter((word) => word.length >= 6);
      if (!name?.length) return null;
      const word = dice.of(name);
      const query = [`${dice.of('aeiourstnl')}${word.slice(1)}`, word.slice(1), `${word[1]}${word[0]}${word.slice(2)}`][dice.below(3)];
      if (query === word || words(query)[0] !== query || truth.byWord.has(query)) return null;
      // Others that are as near are no worse an answer than the one that was meant.
      const letters = chars(query);
      const wanted = truth.withWord((word, other) => word.startsWith(query) || isNear(other, Infinity, letters));
      return { query, wanted, allowed: near(query) };
    },
    'two slips': () => {
      const name = nameOf(anybody(), LATIN)?.filter((word) => word.length >= 9);
      if (!name?.length) return null;
      const word = dice.of(name);
      const query = slip(dice, slip(dice, word));
      const [letters, typed] = [chars(word), chars(query)];
      if (query.length < 8 || words(query)[0] !== query || isNear(letters, Infinity, typed) || !isTwoSlips(typed, letters)) return null;
      return { query, wanted: truth.withWord((other) => other === word), allowed: near(query) };
    },
    '3 digits': () => {
      const one = numberOf(anybody(), false);
      const all = one && international(one);
      const from = all && dice.below(all.length - 2);
      return all && digitsTyped(truth, all.slice(from, from + 3));
    },
    'middle digits': () => {
      const one = numberOf(anybody(), false);
      const all = one && international(one);
      const from = all && 3 + dice.below(all.length - 8);
      return all && digitsTyped(truth, all.slice(from, from + 5));
    },
    'formatted number': () => {
      const one = numberOf(anybody(), false);
      if (!one) return null;
      const query = written(dice, one).replace('tel:', '');
      const all = international(one);
      return { query, wanted: truth.inside(digits(query), truth.byNumber.get(all)) };
    },
    extension: () => {
      const one = numberOf(anybody(), true);
      if (!one) return null;
      const wanted = new Uint8Array(truth.rows.length);
      for (const at of truth.byNumber.get(one)) wanted[at] = 1;
      return { query: one, wanted, allowed: truth.inside(one) };
    },
    CJK: () => {
      const name = nameOf(anybody(), /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\s]+$/u);
      return name && typed(begin(name[0], 1 + dice.below(3)).normalize('NFC'));
    },
    Arabic: () => {
      const name = nameOf(anybody(), /^[\p{Script=Arabic}\p{M}\s]+$/u);
      return name && typed(begin(dice.of(name), 2 + dice.below(4)));
    },
  };
  return Object.entries(kinds).map(([kind, make]) => [kind, many(make)]);
}

const digitsTyped = (truth, query) => ({ query, wanted: truth.inside(query) });

/// `{ recall, precision }` of an answer of at most `top`; null where there is nothing to judge.
export function judge({ wanted, allowed }, answer, top) {
  const all = wanted.reduce((sum, one) => sum + one, 0);
  const right = answer.reduce((sum, at) => sum + wanted[at], 0);
  const fitting = answer.reduce((sum, at) => sum + (allowed ?? wanted)[at], 0);
  return {
    recall: all ? right / Math.min(top, all) : null,
    precision: all ? (answer.length ? fitting / answer.length : null) : Number(answer.length === 0),
  };
}

/// Callers in each written form: `[form, [{ number, wanted }]]`, known ones, then unknown ones, then extensions.
export function callers(truth, seed, count) {
  const dice = new Dice(seed);
  const known = [...truth.byNumber.keys()];
  const numbers = truth.numbers.flat();
  const lists = CALLERS.flatMap(([form, write]) => {
    const own = [];
    while (own.length < count) {
      const one = dice.of(numbers);
      const text = typeof one === 'string' ? null : write(one);
      if (text) own.push({ number: text, wanted: truth.byNumber.get(international(one)) });
    }
    const others = [];
    while (others.length < count) {
      const one = number(dice);
      const text = truth.byNumber.has(international(one)) ? null : write(one);
      if (text) others.push({ number: text, wanted: [] });
    }
    return [[form, own], [`${form} unknown`, others]];
  });
  const short = known.filter((one) => one.length < 5).slice(0, count);
  return [...lists, ['extension', short.map((one) => ({ number: one, wanted: truth.byNumber.get(one) }))]];
}
