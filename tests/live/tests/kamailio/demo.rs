//! What `demo/kamailio` hands out is whole: Kamailio takes the files as they lie there.

use std::{path::Path, process::Command};

#[test]
fn files_of_the_demo_are_taken_as_they_are() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/kamailio/kamailio.cfg");
    let output =
        Command::new("kamailio").arg("-c").arg("-f").arg(file).output().expect("kamailio is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for part in ["udp: 192.0.2.10", "tls: 192.0.2.10"] {
        assert!(
            said.contains(part) || String::from_utf8_lossy(&output.stdout).contains(part),
            "{part}: {said}"
        );
    }
}
