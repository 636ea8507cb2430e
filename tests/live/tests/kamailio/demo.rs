//! What `demo/kamailio` hands out is whole: Kamailio takes the files as they lie there.

use std::{path::Path, process::Command};

#[test]
fn files_of_the_demo_are_taken_as_they_are() {
    for (file, listens) in [
        ("kamailio.cfg", ["udp: 192.0.2.10", "tls: 192.0.2.10"]),
        ("edge/kamailio.cfg", ["udp: 192.0.2.30", "tls: 192.0.2.30"]),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/kamailio").join(file);
        let output =
            Command::new("kamailio").arg("-c").arg("-f").arg(path).output().expect("kamailio is installed");
        let said =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(output.status.success(), "{file}: {said}");
        for part in listens {
            assert!(said.contains(part), "{file}: {part}: {said}");
        }
    }
}
