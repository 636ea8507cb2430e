//! Tests of this package live in `tests/`. They need a SIP server on this machine and are run by hand:
//! `apt-get install kamailio kamailio-websocket-modules kamailio-outbound-modules sip-tester`, then
//! `cargo test -p softframe-live`.
