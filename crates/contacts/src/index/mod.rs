//! The index: immutable segments over one dictionary each, made in slices, asked one after the other.
//!
//! A finished segment never changes; what is removed is marked beside it.

pub(crate) mod bits;
pub(crate) mod builder;
pub(crate) mod dictionary;
pub(crate) mod digits;
pub(crate) mod keys;
pub(crate) mod meant;
pub(crate) mod merge;
pub(crate) mod page;
pub(crate) mod query;
pub(crate) mod runs;
pub(crate) mod seal;
pub(crate) mod segment;
pub(crate) mod shelf;
pub(crate) mod top;
pub(crate) mod typo;
pub(crate) mod uses;
