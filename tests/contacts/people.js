// Made-up people from a seed, as a German office knows them: names and numbers are shared as in life (Zipf), several
// scripts, numbers in many ways of writing. The same seed gives the same people in every run.

/// mulberry32: small, and the same everywhere.
export class Dice {
  constructor(seed) { this.state = seed >>> 0; }

  /// In [0, 1).
  roll() {
    this.state = (this.state + 0x6D2B79F5) >>> 0;
    let bits = this.state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  }

  below(bound) { return Math.floor(this.roll() * bound); }

  of(items) { return items[this.below(items.length)]; }

  digits(count) { return Array.from({ length: count }, () => this.below(10)).join(''); }
}

/// Draws the first items often and the last rarely: the n-th as often as 1/n.
class Zipf {
  constructor(items) {
    this.items = items;
    let sum = 0;
    this.sums = Float64Array.from(items, (_, at) => sum += 1 / (at + 1));
  }

  draw(dice) {
    const wanted = dice.roll() * this.sums[this.sums.length - 1];
    let [low, high] = [0, this.sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sums[middle] <= wanted) low = middle + 1; else high = middle;
    }
    return this.items[low];
  }
}

const split = (text) => text.split(' ');
const GIVEN = split('Anna Maria Thomas Michael Andreas Peter Sabine Jürgen José Jörg Björn Zoë Chloé Łukasz Siobhán Øyvind Åsa Çağla '
  + 'François Günther Renée Martin Marie Marta Matteo Paul Pablo Grace Gabriel Mary John Jane Søren Mónica Begoña Álvaro Ewa Ömer');
const FAMILY = split("Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf "
  + "Schröder Neumann Schwarz Zimmermann Braun Krüger Hartmann Lange Werner Krause Lehmann Köhler Maier König Groß García López "
  + "Martínez Núñez O'Neill Nowak Kowalski Łapiński Ångström Sørensen Çelik Yılmaz Dvořák Nguyễn Rossi Müller-Lüdenscheidt");
const CYRILLIC = [split('Иван Мария Сергей Анна Ольга Дмитрий Наталья Алексей Елена Андрей Юлия Фёдор'),
  split('Иванов Смирнова Кузнецов Попова Васильев Петрова Соколов Михайлова Новиков Фёдоров Морозова Волков Соловьёв Зайцева')];
const GREEK = [split('Γιώργος Μαρία Δημήτρης Ελένη Άννα Κώστας'), split('Παπαδόπουλος Νικολάου Γεωργίου Παππάς Ιωάννου Οικονόμου')];
const ARABIC = [split('محمد أحمد فاطمة علي مُحَمَّد يوسف إبراهيم خديجة عمر سارة مريم خالد آمنة حسين'),
  split('الحسن الأحمد العلي المصري حداد خليل منصور ناصر عبدالله الشامي البغدادي سليمان')];
const HAN = [[...'王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗'], [...'伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红']];
const HANGUL = [[...'김이박최정강조윤장임한오서신권'], [...'민서지우도윤하준예은수현진영호경희']];
const KANA = [split('佐藤 鈴木 高橋 田中 渡辺 さとう たなか'), split('健太 さくら 陽子 ハルト ユイ 翔 がく')];
const SYLLABLES = split('ba ber co da dö el fer ga gon ha i jo ka kow la ló mar mei ne nú o pé qui ra rez sa ski son ß ta tz u va wal xi ya zan ž ñez sch ing hof');
const TRADES = split('Bau Metall Elektro Druck Handel Transport Software Garten Möbel Energie Pharma Logistik');
const FORMS = split('GmbH AG KG e.K. S.L. Inc Ltd OHG SE Holding');

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
const made = (dice, least) => capital(Array.from({ length: least + dice.below(3) }, () => dice.of(SYLLABLES)).join(''));
/// Known names first, then rare ones.
const tail = (dice, known, count) => [...known, ...Array.from({ length: count }, () => made(dice, 2))];

/// The country code of the book's home; the prefix of national numbers there is 0.
export const HOME = { iso: 'DE', code: '49', trunk: '0' };
/// [country code, digits of a national number].
const ABROAD = [['33', 9], ['44', 10], ['1', 10], ['34', 9], ['39', 10], ['48', 9], ['43', 10], ['41', 9], ['90', 10], ['7', 10], ['86', 11],
  ['81', 10], ['82', 10], ['971', 9], ['31', 9], ['45', 8], ['420', 9]];
const AREAS = ['30', '40', '69', '89', '221', '711', '511', '341', '151', '160', '170', '176', '1523'];

/// A number as it is dialled from anywhere: country code, area, the rest.
export function number(dice) {
  if (dice.below(10) < 7) {
    const area = dice.of(AREAS);
    return [HOME.code, area, String(1 + dice.below(9)) + dice.digits((area.startsWith('1') ? 9 + dice.below(2) : 9) - area.length)];
  }
  const [code, length] = dice.of(ABROAD);
  return [code, `${2 + dice.below(8)}${dice.digits(1)}`, dice.digits(length - 2)];
}

export const international = ([code, area, rest]) => code + area + rest;

/// The forms in which a caller's number comes: name, and how it is made; null where there is no such form.
export const CALLERS = [
  ['+49…', (number) => `+${international(number)}`],
  ['0049…', (number) => `00${international(number)}`],
  ['49…', (number) => international(number)],
  ['0…', ([code, area, rest]) => (code === HOME.code ? HOME.trunk + area + rest : null)],
];

/// As people write it.
export function written(dice, [code, area, rest]) {
  const cut = 2 + dice.below(Math.max(1, rest.length - 3));
  const [a, b] = [rest.slice(0, cut), rest.slice(cut)];
  if (code !== HOME.code) return dice.of([`+${code} ${area} ${a} ${b}`, `+${code}${area}${rest}`, `00${code} ${area}-${rest}`, `+${code} (${area}) ${a}-${b}`]);
  const zero = HOME.trunk + area;
  return dice.of([`+${code} ${area} ${a} ${b}`, `+${code} (0)${area} ${rest}`, `00${code} ${area} ${rest}`, `${zero} ${a} ${b}`, `${zero}/${a}-${b}`,
    `(${zero}) ${rest}`, `${zero}${rest}`, `+${code}${area}${rest}`, `${zero}-${a}${b}`, `tel:+${code}-${area}-${a}-${b}`]);
}

const ARABIC_DIGITS = (text) => text.replace(/\d/g, (digit) => String.fromCharCode(0x660 + +digit));
const WIDE_DIGITS = (text) => text.replace(/\d/g, (digit) => String.fromCharCode(0xFF10 + +digit));

/// `{ rows: [{ id, name, company, phones }], numbers: [[number or extension as text, …], …] }`: what the phone gets, and
/// for each number of each row the truth. Of few names each is shared by thousands, and none is rare.
export function people(seed, count, few = false) {
  const dice = new Dice(seed);
  const given = new Zipf(tail(dice, GIVEN, few ? 0 : 3000));
  const family = new Zipf(tail(dice, FAMILY, few ? 0 : 40000));
  const scripts = [CYRILLIC, GREEK, ARABIC].map(([given, family]) => [new Zipf(given), new Zipf(family)]);
  const companies = new Zipf(Array.from({ length: Math.ceil(count / 20) }, () => {
    const name = `${dice.below(2) ? made(dice, 2) : family.draw(dice)} ${dice.below(2) ? `${dice.of(TRADES)} ` : ''}${dice.of(FORMS)}`;
    return { name, main: number(dice) };
  }));
  const rows = [];
  const numbers = [];
  for (let at = 0; at < count; at++) {
    const kind = dice.below(100);
    let name;
    if (kind < 62) name = `${given.draw(dice)} ${family.draw(dice)}${dice.below(12) ? '' : `-${family.draw(dice)}`}`;
    else if (kind < 68) name = `${family.draw(dice)}, ${given.draw(dice)} ${given.draw(dice)}`;
    else if (kind < 72) name = few ? family.draw(dice) : made(dice, 3);
    else if (kind < 90) {
      const [first, last] = scripts[kind < 80 ? 0 : kind < 83 ? 1 : 2];
      name = `${first.draw(dice)} ${last.draw(dice)}`;
    } else if (kind < 95) name = dice.of(HAN[0]) + dice.of(HAN[1]) + (dice.below(2) ? dice.of(HAN[1]) : '');
    else if (kind < 98) name = dice.of(HANGUL[0]) + dice.of(HANGUL[1]) + dice.of(HANGUL[1]);
    else name = `${dice.of(KANA[0])}${dice.below(2) ? ' ' : ''}${dice.of(KANA[1])}`;
    const employer = dice.below(10) < 3 ? companies.draw(dice) : null;
    const phones = [];
    const own = [];
    const add = (number, text) => { own.push(number); phones.push(text); };
    for (let more = 1 + dice.below(8) / 5; more >= 1; more--) {
      const one = number(dice);
      let text = written(dice, one);
      if (kind >= 83 && kind < 90 && dice.below(10) === 0) text = ARABIC_DIGITS(text);
      if (kind >= 98 && dice.below(5) === 0) text = WIDE_DIGITS(text);
      if (dice.below(60) === 0) text += dice.of([' ext. 12', ' x34', ';ext=567']);
      add(one, text);
    }
    if (employer && dice.below(10) < 4) add(employer.main, written(dice, employer.main));
    if (dice.below(16) === 0) {
      const extension = String(100 + dice.below(4900));
      add(extension, extension);
    }
    rows.push({ id: String(at), name, company: employer?.name ?? '', phones });
    numbers.push(own);
  }
  return { rows, numbers };
}
