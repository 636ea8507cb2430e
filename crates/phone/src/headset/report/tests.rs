//! Descriptors as WebHID gives them, and every report that could come for them.

use super::*;
use proptest::prelude::*;
use serde_json::json;

/// A run of one-bit items: the usages, and whether they are absolute and have a preferred state.
fn item(usages: &[i64], is_absolute: bool, has_preferred_state: bool) -> Value {
    json!({
        "isAbsolute": is_absolute, "isArray": false, "isRange": false, "isConstant": false,
        "hasPreferredState": has_preferred_state, "usages": usages, "reportSize": 1, "reportCount": usages.len(),
        "logicalMinimum": 0, "logicalMaximum": 1,
    })
}

fn padding(bits: u32) -> Value {
    json!({ "isConstant": true, "isArray": false, "usages": [], "reportSize": bits, "reportCount": 1 })
}

fn telephone(inputs: Value, outputs: Value) -> Value {
    let of = |items: Value| json!([{ "reportId": 2, "items": items }]);
    json!([
        { "usagePage": 12, "inputReports": of(json!([item(&[0x0b_0020], true, false)])) },
        { "usagePage": 11, "usage": 5, "inputReports": of(inputs), "outputReports": of(outputs) },
    ])
}

#[test]
fn keys_are_found_at_their_bits_with_how_they_move() {
    let items = json!([
        item(&[0x0b_0020, 0x0b_0097], true, false),
        item(&[0x0b_002f, 0x0b_0021], false, true),
        padding(4),
        { "isArray": true, "isRange": true, "usageMinimum": 0x0b_0023, "usageMaximum": 0x0b_0030,
          "reportSize": 8, "reportCount": 2, "logicalMinimum": 1, "isAbsolute": true, "hasPreferredState": true },
    ]);
    let keys = keys(&telephone(items, json!([])));
    let pressed = |octets: &[u8]| -> Vec<Key> {
        keys.iter().filter(|key| key.is_on(octets)).map(|key| key.what).collect()
    };
    assert_eq!(pressed(&[0b0001, 0, 0]), [Key::Hook]);
    assert_eq!(pressed(&[0b0010, 0, 0]), [], "the line's busy tone is no key of ours");
    assert_eq!(pressed(&[0b0100, 0, 0]), [Key::Mute]);
    assert_eq!(pressed(&[0b1000, 0, 0]), [Key::Hold]);
    assert_eq!(pressed(&[0, 4, 1]), [Key::Hold, Key::Drop], "an array names what is pressed, in any order");
    assert_eq!(pressed(&[0, 13, 0]), [Key::Mute]);
    assert_eq!(pressed(&[]), [], "a report that is cut off");
    let latched: Vec<Key> = keys.iter().filter(|key| key.latched).map(|key| key.what).collect();
    assert_eq!(latched, [Key::Hook]);
}

#[test]
fn lights_that_share_a_report_are_written_into_it_together_and_others_into_theirs() {
    let shared =
        telephone(json!([]), json!([item(&[0x08_0017, 0x08_001e, 0x08_0018], true, false), padding(9)]));
    let lit = |light| light == Light::Ring;
    assert_eq!(write(&lights(&shared), lit), [(2, vec![0b100, 0])]);
    assert_eq!(write(&lights(&shared), |_| false), [(2, vec![0, 0])]);
    let apart = |id: u8, usage: i64| json!({ "reportId": id, "items": [item(&[usage], true, false)] });
    let apart =
        json!([{ "usagePage": 11, "outputReports": [apart(0x17, 0x08_0017), apart(0x18, 0x08_0018)] }]);
    assert_eq!(write(&lights(&apart), lit), [(0x17, vec![0]), (0x18, vec![1])]);
}

#[test]
fn device_without_a_telephone_and_a_report_without_end_have_nothing() {
    let keyboard = json!([{ "usagePage": 1, "inputReports": [{ "reportId": 1, "items": [item(&[0x0b_0020], true, false)] }] }]);
    assert!(keys(&keyboard).is_empty());
    let huge = json!({ "reportSize": 32, "reportCount": 4_000_000_000_u64 });
    assert!(keys(&telephone(json!([item(&[0x0b_0020], true, false), huge]), json!([]))).is_empty());
    assert!(keys(&Value::Null).is_empty());
}

/// Items of any width and kind, some of them with our usages.
fn items() -> impl Strategy<Value = Value> {
    let number = prop_oneof![4 => 0_i64..40, 1 => any::<i64>()];
    let usage = prop_oneof![
        prop::sample::select(LIGHTS.map(|(usage, _)| usage).to_vec()),
        prop::sample::select(KEYS.map(|(usage, _)| usage).to_vec()),
        any::<i64>()
    ];
    let flags = any::<(bool, bool, bool, bool)>();
    let usages = prop::collection::vec(usage, 0..5);
    let one = (flags, usages, (number.clone(), number.clone(), number.clone(), number));
    let one = one.prop_map(|((array, range, constant, absolute), usages, (size, count, least, most))| {
        json!({
            "isArray": array, "isRange": range, "isConstant": constant, "isAbsolute": absolute, "usages": usages,
            "usageMinimum": least, "usageMaximum": most, "logicalMinimum": least, "reportSize": size,
            "reportCount": count,
        })
    });
    prop::collection::vec(one, 0..6).prop_map(Value::Array)
}

proptest! {
    #[test]
    fn any_descriptor_and_report_are_read_without_harm(
        items in items(), report in prop::collection::vec(any::<u8>(), 0..70),
    ) {
        let device = telephone(items.clone(), items);
        for key in keys(&device) {
            key.is_on(&report);
        }
        for (id, octets) in write(&lights(&device), |_| true) {
            prop_assert!(id == 2 && octets.len() <= MAX_REPORT_OCTETS as usize);
        }
    }

    #[test]
    fn lights_that_are_written_are_read_back_and_no_other_bit_is_set(
        order in Just(LIGHTS.map(|(usage, _)| usage).to_vec()).prop_shuffle(),
        gaps in prop::collection::vec(0_u32..20, 5), lit in any::<[bool; 4]>(),
    ) {
        let one = |(usage, gap): (&i64, &u32)| [padding(*gap), item(&[*usage], true, false)];
        let items: Vec<Value> = order.iter().zip(&gaps).flat_map(one).collect();
        let fields = lights(&telephone(json!([]), Value::Array(items)));
        let is_lit = |light| lit[[Light::OffHook, Light::Ring, Light::Mute, Light::Hold].iter().position(|one| *one == light).unwrap()];
        let written = write(&fields, is_lit);
        prop_assert_eq!(written.len(), 1);
        for field in &fields {
            prop_assert_eq!(field.is_on(&written[0].1), is_lit(field.what));
        }
        let set: u32 = written[0].1.iter().map(|octet| octet.count_ones()).sum();
        prop_assert_eq!(set as usize, fields.iter().filter(|field| is_lit(field.what)).count());
    }
}
