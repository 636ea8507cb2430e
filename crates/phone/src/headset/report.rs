//! Where in the reports of a headset its keys and lights are, by its own descriptor (HID 1.11 §6.2.2).
//!
//! It knows the usages of telephones (HID Usage Tables 1.5, pages 0x08 and 0x0B), no vendor and no call.

use serde_json::Value;

/// The page of telephones (§14), of which a headset is one.
const TELEPHONY: i64 = 0x0b;
/// Longest report that is read or written, in octets: the largest packet of an interrupt endpoint (USB 2.0 §5.7.3).
const MAX_REPORT_OCTETS: u32 = 1_024;
/// Keys and lights that a headset has are a handful; a descriptor can name thousands.
const MAX_FIELDS: usize = 32;
/// An item is at most so wide (HID 1.11 §8.2).
const MAX_BITS: u32 = 32;

/// A button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Hook,
    Mute,
    /// Hold, and Flash, which on a desk phone does the same.
    Hold,
    Drop,
}

/// A light, or a sound that the headset makes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Light {
    OffHook,
    Ring,
    Mute,
    Hold,
}

/// Page and usage of each.
const KEYS: [(i64, Key); 5] = [
    (0x0b_0020, Key::Hook),
    (0x0b_002f, Key::Mute),
    (0x0b_0021, Key::Hold),
    (0x0b_0023, Key::Hold),
    (0x0b_0026, Key::Drop),
];
const LIGHTS: [(i64, Light); 5] = [
    (0x08_0017, Light::OffHook),
    (0x08_0018, Light::Ring),
    // The headset rings by itself.
    (0x0b_009e, Light::Ring),
    (0x08_0009, Light::Mute),
    (0x08_0020, Light::Hold),
];

/// A key or a light, and its place in a report.
#[derive(Clone, Debug)]
pub(super) struct Field<T> {
    pub(super) what: T,
    pub(super) report: u8,
    /// It stays as it was put (§6.2.2.5, "no preferred state"); else it is there while it is pressed.
    pub(super) latched: bool,
    /// In bits from the beginning of the report.
    offset: u32,
    /// In bits.
    size: u32,
    /// Of an array: how many elements there are, and which value in one of them means this usage.
    selected_by: Option<(u32, u32)>,
    /// Of the whole report.
    octets: u32,
}

/// The keys that `collections` of a `HIDDevice`, as JSON, has.
pub(super) fn keys(collections: &Value) -> Vec<Field<Key>> {
    fields(collections, "inputReports", &KEYS)
}

/// The lights.
pub(super) fn lights(collections: &Value) -> Vec<Field<Light>> {
    fields(collections, "outputReports", &LIGHTS)
}

fn fields<T: Copy>(collections: &Value, kind: &str, usages: &[(i64, T)]) -> Vec<Field<T>> {
    let mut found = Vec::new();
    // What inner collections report is in the list of the outermost, too, in the order of the bits.
    let telephones = list(Some(collections)).filter(|one| number(one, "usagePage") == TELEPHONY);
    for report in telephones.flat_map(|telephone| list(telephone.get(kind))) {
        let first = found.len();
        let mut end = 0;
        for item in list(report.get("items")) {
            let size = number(item, "reportSize").clamp(0, i64::from(MAX_BITS)) as u32;
            let count = number(item, "reportCount").clamp(0, i64::from(MAX_REPORT_OCTETS * 8)) as u32;
            let at = end;
            end += size * count;
            if end > MAX_REPORT_OCTETS * 8 {
                found.truncate(first);
                break;
            }
            let usages = usages.iter().filter(|_| size > 0 && !is(item, "isConstant"));
            found.extend(usages.filter_map(|(usage, what)| field(item, *usage, *what, (at, size, count))));
        }
        found.truncate(MAX_FIELDS);
        for field in found.iter_mut().skip(first) {
            (field.report, field.octets) = (number(report, "reportId") as u8, end.div_ceil(8));
        }
    }
    found
}

/// A usage of an item that lies `at` a bit and has `count` elements of `size`. Of which report, the caller says.
fn field<T>(item: &Value, usage: i64, what: T, (at, size, count): (u32, u32, u32)) -> Option<Field<T>> {
    let place = place_of(item, usage)?;
    let (offset, selected_by) = if is(item, "isArray") {
        (at, Some((count, (number(item, "logicalMinimum") + place) as u32)))
    } else {
        let place = u32::try_from(place).ok().filter(|place| *place < count)?;
        (at + size * place, None)
    };
    let latched = is(item, "isAbsolute") && !is(item, "hasPreferredState");
    Some(Field { what, report: 0, latched, offset, size, selected_by, octets: 0 })
}

/// Which of the usages of an item this is.
fn place_of(item: &Value, usage: i64) -> Option<i64> {
    if is(item, "isRange") {
        let (first, last) = (number(item, "usageMinimum"), number(item, "usageMaximum"));
        return (first..=last).contains(&usage).then(|| usage - first);
    }
    list(item.get("usages")).position(|one| one.as_i64() == Some(usage)).map(|place| place as i64)
}

impl<T: Copy + PartialEq> Field<T> {
    /// Whether `report`, which is one of this field's, says that it is pressed. What a short report leaves out is not.
    pub(super) fn is_on(&self, report: &[u8]) -> bool {
        match self.selected_by {
            None => bits(report, self.offset, self.size) != 0,
            Some((count, value)) => {
                (0..count).any(|element| bits(report, self.offset + element * self.size, self.size) == value)
            }
        }
    }
}

/// The reports, by number, that switch on the lights for which `is_lit` is true, and all others off.
pub(super) fn write(lights: &[Field<Light>], is_lit: impl Fn(Light) -> bool) -> Vec<(u8, Vec<u8>)> {
    let mut reports: Vec<(u8, Vec<u8>)> = Vec::new();
    for light in lights {
        let place = reports.iter().position(|(id, _)| *id == light.report).unwrap_or(reports.len());
        if place == reports.len() {
            reports.push((light.report, vec![0; light.octets as usize]));
        }
        // In an array of lights each element names one that burns: no headset has been seen with that.
        let bit = (light.selected_by.is_none() && is_lit(light.what)).then_some(light.offset);
        let octet = reports
            .get_mut(place)
            .zip(bit)
            .and_then(|((_, octets), bit)| Some((octets.get_mut(bit as usize / 8)?, bit % 8)));
        if let Some((octet, bit)) = octet {
            *octet |= 1 << bit;
        }
    }
    reports
}

/// Least significant first (HID 1.11 §8.4).
fn bits(report: &[u8], offset: u32, size: u32) -> u32 {
    let bit = |place: u32| report.get(place as usize / 8).is_some_and(|octet| octet >> (place % 8) & 1 == 1);
    (0..size).filter(|place| bit(offset + place)).fold(0, |value, place| value | 1 << place)
}

fn list(value: Option<&Value>) -> std::slice::Iter<'_, Value> {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

/// None is 0. A descriptor has no more than 32 bits for one (HID 1.11 §6.2.2.2).
fn number(of: &Value, name: &str) -> i64 {
    let found = of.get(name).and_then(Value::as_i64).unwrap_or_default();
    found.clamp(i64::from(i32::MIN), i64::from(u32::MAX))
}

fn is(item: &Value, name: &str) -> bool {
    item.get(name).and_then(Value::as_bool).unwrap_or_default()
}

#[cfg(test)]
mod tests;
