//! What is shipped of the host protocol's types: `www/schema/softframe-1.json`, and `www/softframe-messages.d.ts`.
//!
//! Both come from `softframe_phone::schema`; nobody edits them. The typings are a walk over the schema, which uses few
//! words of JSON Schema; what it does not know it says.

mod typings;

use std::path::PathBuf;

/// Paths below `www/`, and contents.
pub fn files() -> Result<[(&'static str, String); 2], String> {
    let document = softframe_phone::schema::document();
    let schema = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?;
    Ok([
        ("schema/softframe-1.json", format!("{schema}\n")),
        ("softframe-messages.d.ts", typings::of(&document)?),
    ])
}

/// The folder `www/` of this repository.
pub fn www() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../www"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_shipped_is_what_the_types_say() {
        for (path, made) in super::files().expect("the schema has typings") {
            let shipped = std::fs::read_to_string(super::www().join(path)).unwrap_or_default();
            assert!(shipped == made, "www/{path} is stale: run `cargo xtask schema`");
        }
    }
}
