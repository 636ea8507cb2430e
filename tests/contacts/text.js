// Folding and digits for everybody but the index under test: as careful as JavaScript is by its own means.

const LETTERS = { ł: 'l', ø: 'o', ß: 'ss', æ: 'ae', œ: 'oe', đ: 'd', ð: 'd', þ: 'th', ı: 'i', ς: 'σ', ħ: 'h', ŋ: 'n' };
const ASCII = /^[\0-\x7F]*$/;
// Not the marks of voice in Kana: those make another letter.
const MARKS = /[\p{M}\u200B-\u200F]/gu;
const VOICED = /[\u3099\u309A]/;

/// Lower case without accents; apostrophes vanish.
export function fold(text) {
  if (ASCII.test(text)) return text.toLowerCase().replace(/['`]/g, '');
  const plain = text.normalize('NFKD').replace(MARKS, (mark) => (VOICED.test(mark) ? mark : ''));
  return plain.toLowerCase().replace(/[łøßæœđðþıςħŋ]/g, (letter) => LETTERS[letter]).replace(/['`’]/g, '');
}

/// Folded words.
export const words = (text) => fold(text).split(/[^\p{L}\p{N}\u3099\u309A]+/u).filter(Boolean);

/// The digits of a number in whatever script.
export function digits(text) {
  if (ASCII.test(text)) return text.replace(/\D/g, '');
  return text.normalize('NFKC').replace(/[٠-٩]/g, (digit) => digit.charCodeAt(0) - 0x660).replace(/\D/g, '');
}

/// A number as it is dialled from abroad, by somebody at home where `code` is dialled and `0` before national numbers;
/// the plain digits where that is not certain.
export function dialled(text, code) {
  const end = text.search(/ ?(ext|x|;ext)/);
  const plain = (end < 0 ? text : text.slice(0, end)).replace('(0)', '');
  const all = digits(plain);
  if (all.length < 7) return all;
  if (plain.includes('+')) return all;
  if (all.startsWith('00')) return all.slice(2);
  return all.startsWith('0') ? code + all.slice(1) : all;
}

/// Whether what was typed has no letters.
export const isNumber = (query) => !/\p{L}/u.test(query) && /\d/.test(query);
