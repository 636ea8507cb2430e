//! What each of our crates weighs in the widget: the module as it ships beside one whose functions of that crate do
//! nothing. A module of its own weighs more: it has an allocator, glue, and less to share words with.

use crate::{
    Outcome, folder,
    tree::Tree,
    widget::{self, Widget},
};
use walrus::{FunctionKind, ModuleConfig};

/// The widget's crates, as the names of their functions have them.
const CRATES: [&str; 4] = ["softframe_sip", "softframe_contacts", "softframe_phone", "softframe_web"];

/// What begins the name of each of [`CRATES`].
const OURS: &str = "softframe_";

/// Octets that a crate adds to the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The crate; what is nobody's is `others`: the standard library, the binder's glue, what comes from crates.io.
    pub(crate) name: &'static str,
    /// As the browser holds them.
    pub(crate) raw: usize,
    /// As they are fetched.
    pub(crate) small: usize,
}

/// Weighs the widget that ships, a few seconds for each part. They make less than the whole: data and tables are nobody's.
pub(crate) fn parts(tree: &Tree) -> Outcome<Vec<Part>> {
    let Widget { module, .. } = widget::with_names(tree, "softframe-web")?;
    let whole = without(&module, |_| false)?;
    let small = |octets: &[u8]| folder::compressed(octets, folder::BEST).len();
    let whole_small = small(&whole);
    let mut parts = Vec::new();
    for name in CRATES.into_iter().chain(["others"]) {
        let rest = without(&module, |function| owner(function) == name)?;
        parts.push(Part {
            name,
            raw: whole.len().saturating_sub(rest.len()),
            small: whole_small.saturating_sub(small(&rest)),
        });
    }
    Ok(parts)
}

/// The module with no names, whose functions that `is_dropped` knows by name do nothing but trap.
fn without(module: &[u8], is_dropped: impl Fn(&str) -> bool) -> Outcome<Vec<u8>> {
    let mut config = ModuleConfig::new();
    config.generate_producers_section(false);
    let mut module = config.parse(module).map_err(|error| format!("the widget is no module: {error:?}"))?;
    for function in module.funcs.iter_mut() {
        // Nobody downloads the names.
        let name = function.name.take().unwrap_or_default();
        if let FunctionKind::Local(local) = &mut function.kind
            && is_dropped(&name)
        {
            let mut body = local.builder_mut().func_body();
            body.instrs_mut().clear();
            body.unreachable();
        }
    }
    Ok(module.emit_wasm())
}

/// The first of [`CRATES`] in a mangled name: the crate of the function, or of the type that a generic one is made for.
fn owner(function: &str) -> &'static str {
    let first = function.find(OURS).and_then(|place| function.get(place..)).unwrap_or_default();
    CRATES.into_iter().find(|name| first.starts_with(name)).unwrap_or("others")
}

#[cfg(test)]
mod tests {
    use super::*;
    use walrus::{FunctionBuilder, Module};

    #[test]
    fn functions_of_one_crate_do_nothing_and_no_name_is_left() {
        let mut module = Module::default();
        for name in ["_RNvC_13softframe_sip4read", "_RNvC_13softframe_web4show"] {
            let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
            builder.name(name.to_owned());
            for number in 0..50 {
                builder.func_body().i32_const(number).drop();
            }
            let function = builder.finish(Vec::new(), &mut module.funcs);
            module.exports.add(&name[name.len() - 4..], function);
        }
        let module = module.emit_wasm();
        let whole = without(&module, |_| false).expect("a module");
        let rest = without(&module, |name| owner(name) == "softframe_sip").expect("a module");
        assert!((150..200).contains(&(whole.len() - rest.len())), "{} {}", whole.len(), rest.len());
        assert!(!whole.windows(OURS.len()).any(|octets| octets == OURS.as_bytes()));
        assert!(without(b"no module", |_| false).is_err());
    }

    #[test]
    fn function_belongs_to_the_first_of_our_crates_that_its_name_has() {
        for (name, expected) in [
            ("_RNvMNtCsioVNKv8NnNp_13softframe_sip5agentNtB2_9UserAgent12handle_input", "softframe_sip"),
            ("_RNvXC4core_Nt18softframe_contacts5store_13softframe_web", "softframe_contacts"),
            ("_RNvC_17softframe_unknown", "others"),
            ("malloc", "others"),
            ("", "others"),
        ] {
            assert_eq!(owner(name), expected, "{name}");
        }
    }
}
