//! Numbers in the ways people write them, and which of two are the same.
//!
//! It never asks more of a pair than whether they are alike.

use super::*;
use crate::country::by_iso;

fn read(text: &str, home: Option<Country>) -> Number {
    let mut number = Number::default();
    read_into(text, home, &mut number, &mut Vec::new());
    number
}

fn told(text: &str, home: &str) -> String {
    let number = read(text, by_iso(home));
    let plus = if number.international { "+" } else { "" };
    format!("{plus}{}", String::from_utf8(number.digits).unwrap())
}

#[test]
fn numbers_are_read_in_every_way_of_writing() {
    for (text, expected) in [
        ("+34 600 123 456", "+34600123456"),
        ("0034 600-123-456", "+34600123456"),
        ("tel:+34-600-123-456", "+34600123456"),
        ("TEL:+34600123456;ext=12", "+34600123456"),
        ("(+34) 600.123.456", "+34600123456"),
        ("＋３４６００１２３４５６", "+34600123456"),
        ("٠٦٠٠١٢٣", "0600123"),
        ("+49 (0)30 901820", "+4930901820"),
        ("0049 (0)30 901820", "+4930901820"),
        ("+٤٩ (٠)٣٠ ٩٠١٨٢٠", "+4930901820"),
        ("００４９ (０)３０ ９０１８２０", "+4930901820"),
        ("030/901820", "030901820"),
        ("030901820 / 12", "030901820"),
        ("030 901820 ext. 12", "030901820"),
        ("030 901820 x12", "030901820"),
        ("030 901820, 12", "030901820"),
        ("404", "404"),
        ("0012", "0012"),
        ("00123456", "00123456"),
        ("sip", ""),
        ("", ""),
    ] {
        assert_eq!(told(text, ""), expected, "{text}");
    }
}

#[test]
fn numbers_at_home_become_international() {
    for (home, text, expected) in [
        ("ES", "600 123 456", "+34600123456"),
        ("ES", "34600123456", "+34600123456"),
        ("ES", "112", "112"),
        ("DE", "030 901820", "+4930901820"),
        ("DE", "0170 1234567", "+491701234567"),
        ("de", "+34600123456", "+34600123456"),
        ("GB", "(020) 7946 0000", "+442079460000"),
        ("US", "(212) 555-0147", "+12125550147"),
        ("US", "1 212 555 0147", "+12125550147"),
        ("US", "011 34 600123456", "+34600123456"),
        ("IT", "06 1234 5678", "+390612345678"),
        ("HU", "06 30 123 4567", "+36301234567"),
        ("RU", "8 495 1234567", "+74951234567"),
        ("XX", "600 123 456", "600123456"),
    ] {
        assert_eq!(told(text, home), expected, "{home} {text}");
    }
}

#[test]
fn likeness_is_the_same_both_ways() {
    use Likeness::Same;
    for (a, b, expected) in [
        ("+34600123456", "0034600123456", Some(Same)),
        ("+34600123456", "600123456", Some(Same)),
        ("+34600123456", "34600123456", Some(Same)),
        ("+4930901820", "030901820", Some(Same)),
        ("+35891234567", "091234567", Some(Same)),
        ("+36301234567", "06301234567", Some(Same)),
        ("+74951234567", "84951234567", Some(Same)),
        ("4951234567", "84951234567", Some(Same)),
        ("+12125550147", "12125550147", Some(Same)),
        ("2125550147", "12125550147", Some(Same)),
        ("+12125550147", "2125550147", Some(Same)),
        ("30901820", "030901820", Some(Same)),
        ("+5491112345678", "01112345678", Some(Same)),
        ("+525512345678", "+5215512345678", None),
        ("+390612345678", "0612345678", Some(Same)),
        ("+34600123456", "01134600123456", Some(Same)),
        // Of a country that is not in the table.
        ("+992917123456", "917123456", Some(Same)),
        ("+992917123456", "0917123456", Some(Same)),
        // It ends so, and nobody would dial it so.
        ("+358378448968", "06378448968", None),
        ("+33648847575", "06648847575", None),
        ("+13539378691", "0539378691", None),
        ("+446531004808", "531004808", None),
        ("48607777289", "0607777289", None),
        ("78457306486", "0049457306486", None),
        ("07599301836", "06599301836", None),
        ("+34600123456", "+33600123456", None),
        ("+34600123456", "600123457", None),
        ("+34600123456", "123456", None),
        ("+12345600123456", "600123456", None),
        ("123", "123", Some(Same)),
        ("123", "0123", None),
        ("100", "+34600123100", None),
        // An extension is no number of another country, whatever is dialled before it.
        ("23456", "00123456", None),
        ("600123", "011600123", None),
        ("", "", None),
        ("1", "", None),
    ] {
        let (one, other) = (read(a, None), read(b, None));
        assert_eq!(one.likeness(&other), expected, "{a} {b}");
        assert_eq!(other.likeness(&one), expected, "{b} {a}");
    }
}
