//! TypeScript from the schema: an interface for each type, and two tables, of events and of commands.

use serde_json::{Map, Value};
use std::fmt::Write;

const HEAD: &str = "\
// The messages of softframe/1. Made from the types of the phone by `cargo xtask schema`: edit those.\n";

/// The typings of a whole document.
pub(crate) fn of(document: &Value) -> Result<String, String> {
    let mut text = HEAD.to_owned();
    for (name, schema) in object(&document["$defs"])? {
        text += &doc(schema, "");
        // Writing to a text does not fail.
        let _ = match is_plain_object(schema) {
            true => writeln!(text, "export interface {name} {}\n", body(schema, "")?),
            false => writeln!(text, "export type {name} = {};\n", type_of(schema, "")?),
        };
    }
    text += "/** Events of the phone: the `data` of each, by `type`. */\nexport interface Events {\n";
    for (name, data) in object(&document["events"])? {
        let _ = writeln!(text, "  '{name}': {};", type_of(data, "  ")?);
    }
    text += "}\n\n/** Commands to the phone: the `data` of each, and of its answer, by `type`. */\nexport interface Commands {\n";
    for (name, command) in object(&document["commands"])? {
        let (data, answer) = (type_of(&command["data"], "  ")?, type_of(&command["answer"], "  ")?);
        let _ = writeln!(text, "  '{name}': {{ data: {data}; answer: {answer} }};");
    }
    text += "}\n\n";
    text += "/** An event as it is posted. */\nexport type EventMessage = {\n  [K in keyof Events]: { type: K; data: Events[K]; seq: number; v: 1 };\n}[keyof Events];\n\n";
    text += "/** A command as it is posted; with an `id` it is answered once. */\nexport type CommandMessage = {\n  [K in keyof Commands]: { type: K; data?: Commands[K]['data']; id?: string | number };\n}[keyof Commands];\n\n";
    text += "/** The one answer to a command. */\nexport type ResponseMessage =\n  | { type: 'softframe:response'; id: string | number; ok: true; data: object }\n  | { type: 'softframe:response'; id: string | number; ok: false; error: CommandError };\n";
    Ok(text)
}

fn type_of(schema: &Value, indent: &str) -> Result<String, String> {
    if schema == &Value::Bool(true) {
        return Ok("unknown".to_owned());
    }
    let fields = object(schema)?;
    if let Some(name) = fields.get("tsType").and_then(Value::as_str) {
        return Ok(name.to_owned());
    }
    if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
        return Ok(target.rsplit('/').next().unwrap_or_default().to_owned());
    }
    if let Some(values) = fields.get("enum").and_then(Value::as_array) {
        return Ok(values.iter().map(quoted).collect::<Vec<_>>().join(" | "));
    }
    if let Some(all) = fields.get("allOf").and_then(Value::as_array) {
        let all = all.iter().map(|one| type_of(one, indent)).collect::<Result<Vec<_>, _>>()?.join(" & ");
        let names = fields.get("required").and_then(Value::as_array).into_iter().flatten();
        let names = names.map(quoted).collect::<Vec<_>>().join(" | ");
        return Ok(if names.is_empty() { all } else { format!("{all} & Required<Pick<{all}, {names}>>") });
    }
    if let Some(any) = fields.get("anyOf").or(fields.get("oneOf")).and_then(Value::as_array) {
        let any = any.iter().map(|one| type_of(one, indent)).collect::<Result<Vec<_>, _>>()?;
        return Ok(any.join(" | "));
    }
    match fields.get("type") {
        None => Ok("unknown".to_owned()),
        Some(Value::String(name)) => named(name, schema, indent),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            Ok(names.map(|name| named(name, schema, indent)).collect::<Result<Vec<_>, _>>()?.join(" | "))
        }
        Some(other) => Err(format!("a type that is none: {other}")),
    }
}

fn named(name: &str, schema: &Value, indent: &str) -> Result<String, String> {
    match name {
        "string" | "boolean" | "null" => Ok(name.to_owned()),
        "integer" | "number" => Ok("number".to_owned()),
        "array" => {
            let item = type_of(&schema["items"], indent)?;
            Ok(if item.contains(' ') { format!("({item})[]") } else { format!("{item}[]") })
        }
        "object" => body(schema, indent),
        other => Err(format!("the typings do not know the type {other}")),
    }
}

fn body(schema: &Value, indent: &str) -> Result<String, String> {
    let none = Map::new();
    let fields = schema["properties"].as_object().unwrap_or(&none);
    if fields.is_empty() {
        return match &schema["additionalProperties"] {
            Value::Null if schema["properties"].is_null() && is_named_empty(schema) => Ok("{}".to_owned()),
            Value::Null => Ok("{ [key: string]: unknown }".to_owned()),
            every => Ok(format!("{{ [key: string]: {} }}", type_of(every, indent)?)),
        };
    }
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let deeper = format!("{indent}  ");
    let mut text = "{\n".to_owned();
    for (name, field) in fields {
        let mark = if required.iter().any(|one| one == name) { "" } else { "?" };
        text += &doc(field, &deeper);
        // `null` is what is absent, but for what is always there.
        let kind = type_of(field, &deeper)?;
        let kind = if mark.is_empty() { kind } else { kind.replace(" | null", "") };
        let _ = writeln!(text, "{deeper}{name}{mark}: {kind};");
    }
    Ok(text + indent + "}")
}

/// An interface without fields of its own: whatever is in it is ignored.
fn is_named_empty(schema: &Value) -> bool {
    schema.get("title").is_some()
}

fn is_plain_object(schema: &Value) -> bool {
    schema["type"] == "object" && schema.get("anyOf").is_none() && schema.get("oneOf").is_none()
}

fn doc(schema: &Value, indent: &str) -> String {
    match schema.get("description").and_then(Value::as_str) {
        Some(text) => format!("{indent}/** {} */\n", text.replace('\n', " ")),
        None => String::new(),
    }
}

fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("no object: {value}"))
}
