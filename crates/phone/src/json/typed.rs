//! A `Value` into the type that it should be.
//!
//! serde_json's own road takes a list for a struct, too, and writes what was wrong: every derived reader is twice as
//! large for what nobody wants (a list in the place of `account`) and nobody reads (each caller has words of its own).

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::StringDeserializer,
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};
use std::fmt::{self, Display};

/// The value is not of the type; where in it is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongType;

impl Display for WrongType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrong type")
    }
}

impl std::error::Error for WrongType {}

impl Error for WrongType {
    fn custom<T: Display>(_: T) -> WrongType {
        WrongType
    }
}

/// Reads a value. An object alone is a struct; numbers are what JSON calls so, a text of digits is none.
pub(crate) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, WrongType> {
    T::deserialize(Reader(value))
}

struct Reader(Value);

impl<'de> Deserializer<'de> for Reader {
    type Error = WrongType;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(flag),
            Value::Number(_) => self.deserialize_u64(visitor),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(map) => visitor.visit_map(Fields::of(map)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        visitor.visit_bool(self.0.as_bool().ok_or(WrongType)?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        if let Some(number) = self.0.as_u64() {
            return visitor.visit_u64(number);
        }
        match self.0.as_i64() {
            Some(number) => visitor.visit_i64(number),
            None => visitor.visit_f64(self.0.as_f64().ok_or(WrongType)?),
        }
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            _ => Err(WrongType),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        match self.0 {
            Value::Array(list) => visitor.visit_seq(Elements(list.into_iter())),
            _ => Err(WrongType),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        match self.0 {
            Value::Object(map) => visitor.visit_map(Fields::of(map)),
            _ => Err(WrongType),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, WrongType> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, WrongType> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.into_deserializer()),
            _ => Err(WrongType),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, WrongType> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char str bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

struct Elements(std::vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for Elements {
    type Error = WrongType;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, WrongType> {
        self.0.next().map(|value| seed.deserialize(Reader(value))).transpose()
    }
}

struct Fields {
    rest: serde_json::map::IntoIter,
    value: Value,
}

impl Fields {
    fn of(map: Map<String, Value>) -> Fields {
        Fields { rest: map.into_iter(), value: Value::Null }
    }
}

impl<'de> MapAccess<'de> for Fields {
    type Error = WrongType;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, WrongType> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = value;
        seed.deserialize(StringDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, WrongType> {
        seed.deserialize(Reader(self.value.take()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        name: String,
        age: Option<u8>,
        #[serde(default)]
        tags: Vec<Tag>,
        #[serde(default)]
        rest: BTreeMap<String, Value>,
        #[serde(default)]
        flag: bool,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Tag {
        Old,
        New,
    }

    #[test]
    fn value_of_the_type_is_read_as_serde_json_reads_it() {
        for value in [
            json!({ "name": "A", "age": 255, "tags": ["old", "new"], "flag": true,
                    "rest": { "deep": [1, -2, 0.5, null, { "a": "b" }] }, "unknown": [{}] }),
            json!({ "name": "A", "age": null }),
            json!({ "name": "" }),
        ] {
            let theirs: Row = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(typed::<Row>(value), Ok(theirs));
        }
    }

    #[test]
    fn value_of_another_type_is_refused() {
        for value in [
            json!(["A", 1]),
            json!({}),
            json!({ "name": 5 }),
            json!({ "name": ["A"] }),
            json!({ "name": "A", "age": 256 }),
            json!({ "name": "A", "age": -1 }),
            json!({ "name": "A", "age": 1.5 }),
            json!({ "name": "A", "age": "1" }),
            json!({ "name": "A", "tags": "old" }),
            json!({ "name": "A", "tags": ["older"] }),
            json!({ "name": "A", "tags": [{ "old": null }] }),
            json!({ "name": "A", "tags": {} }),
            json!({ "name": "A", "rest": [] }),
            json!({ "name": "A", "flag": 1 }),
            json!({ "name": "A", "flag": null }),
            json!("A"),
            json!(null),
        ] {
            assert_eq!(typed::<Row>(value.clone()), Err(WrongType), "{value}");
        }
    }
}
