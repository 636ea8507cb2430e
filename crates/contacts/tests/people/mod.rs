//! Made-up people from a seed: names of several scripts, numbers of many countries in many ways of writing.
//!
//! It never gives other people for the same seed.

use softframe_contacts::{Contact, PhoneNumber};

/// xorshift: small, and the same everywhere.
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn new(seed: u64) -> Seed {
        Seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `below`.
    pub(crate) fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % below
    }

    pub(crate) fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

const FIRST: &[&str] = &[
    "Ana",
    "María",
    "José",
    "Álvaro",
    "Begoña",
    "Jürgen",
    "Zoë",
    "Maria",
    "Martin",
    "Mary",
    "Anna",
    "Łukasz",
    "Øyvind",
    "Åsa",
    "Çağla",
    "Иван",
    "Мария",
    "Сергей",
    "Άννα",
    "Γιώργος",
    "Jean",
    "Chloé",
    "Mohamed",
    "محمد",
    "John",
    "Jane",
    "Peter",
    "Paul",
    "Grace",
    "Gabriel",
    "Nguyễn",
    "Siobhán",
    "Ōtani",
    "伟",
    "지훈",
    "Marek",
    "Marcus",
    "Margaret",
];

const SYLLABLES: &[&str] = &[
    "ba", "ber", "co", "da", "dö", "el", "fer", "ga", "gon", "ha", "i", "jo", "ka", "kow", "la", "ló", "mar",
    "mei", "ne", "nú", "o", "pé", "qui", "ra", "rez", "sa", "ski", "son", "ß", "ta", "tz", "u", "va", "wal",
    "xi", "ya", "zan", "ž", "ñez",
];

const CYRILLIC: &[&str] = &["Пе", "ров", "ский", "ва", "но", "Куз", "не", "цов", "ёв", "Ми", "хай", "лов"];

const COMPANIES: &[&str] = &["GmbH", "S.L.", "Inc", "Ltd", "& Sons", "AG", "Société", "Holding"];

/// Country code, trunk prefix, digits of a national number.
pub(crate) const PLANS: &[(&str, &str, usize)] = &[
    ("34", "", 9),
    ("49", "0", 10),
    ("44", "0", 10),
    ("1", "1", 10),
    ("33", "0", 9),
    ("39", "", 10),
    ("7", "8", 10),
    ("48", "", 9),
    ("420", "", 9),
    ("358", "0", 9),
    ("36", "06", 9),
    ("55", "0", 11),
    ("81", "0", 10),
    ("91", "0", 10),
];

/// A number: the international form, and as it is written.
pub(crate) fn number(seed: &mut Seed) -> (String, String) {
    let (code, trunk, length) = seed.of(PLANS);
    let mut national = (2 + seed.below(8)).to_string();
    while national.len() < length {
        national.push_str(&seed.below(10).to_string());
    }
    let (a, b) = national.split_at(3);
    let written = match seed.below(8) {
        0 => format!("+{code}{national}"),
        1 => format!("+{code} {a} {b}"),
        2 => format!("00{code} {a}-{b}"),
        3 => format!("{trunk}{a} {b}"),
        4 => format!("({trunk}{a}) {b}"),
        5 => format!("+{code} ({a}) {}-{}", &b[..2], &b[2..]),
        6 => format!("{trunk}{a}/{b}"),
        _ => format!("+{code}-{a}-{b}"),
    };
    (format!("+{code}{national}"), written)
}

pub(crate) fn last_name(seed: &mut Seed) -> String {
    let from = if seed.below(8) == 0 { CYRILLIC } else { SYLLABLES };
    let name: String = (0..2 + seed.below(3)).map(|_| seed.of(from)).collect();
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Contact number `at`.
pub(crate) fn person(seed: &mut Seed, at: usize) -> Contact {
    let mut name = seed.of(FIRST).to_owned();
    for _ in 0..1 + seed.below(2) {
        name.push_str(if seed.below(20) == 0 { "-" } else { " " });
        name.push_str(&last_name(seed));
    }
    let phones = (0..1 + seed.below(8) / 4 + seed.below(8) / 7).map(|_| {
        let number = if seed.below(30) == 0 { seed.below(1000).to_string() } else { number(seed).1 };
        PhoneNumber { number, kind: seed.of(&[None, Some("mobile"), Some("work")]).map(str::to_owned) }
    });
    let phones = phones.collect();
    let company = (seed.below(4) == 0).then(|| format!("{} {}", last_name(seed), seed.of(COMPANIES)));
    Contact { id: format!("c{at}"), name, phones, company, ..Contact::default() }
}

pub(crate) fn people(seed: u64, count: usize) -> Vec<Contact> {
    let mut seed = Seed::new(seed);
    (0..count).map(|at| person(&mut seed, at)).collect()
}

/// Last names of a book of few names.
const FEW: usize = 40;

/// People of whom many share their name, as in one town or one family of scripts: every letter begins thousands of names.
pub(crate) fn of_few_names(seed: u64, count: usize) -> Vec<Contact> {
    let mut seed = Seed::new(seed);
    let last: Vec<String> = (0..FEW).map(|_| last_name(&mut seed)).collect();
    let mut people: Vec<Contact> = (0..count).map(|at| person(&mut seed, at)).collect();
    for person in &mut people {
        let middle = if seed.below(8) == 0 { format!(" {}", seed.of(FIRST)) } else { String::new() };
        person.name = format!("{}{middle} {}", seed.of(FIRST), last[seed.below(FEW)]);
        let company = format!("{} {}", last[seed.below(FEW)], seed.of(COMPANIES));
        person.company = person.company.as_ref().map(|_| company);
    }
    people
}
