//! Tests of this package live in `tests/`.
