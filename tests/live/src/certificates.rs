//! An authority that only one test knows, and a server's certificate from it, in the files that `demo/kamailio` names.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Of one server.
pub struct Certificates {
    /// The authority's, in PEM.
    pub authority: PathBuf,
    /// The SHA-256 of the server's public key as its certificate has it (RFC 7469 §2.4).
    pub public_key: [u8; 32],
}

impl Certificates {
    /// Makes them for a server of this name, with the `tls.cfg` that names them.
    pub(crate) fn make(folder: &Path, name: &str) -> Certificates {
        let key = || KeyPair::generate().expect("a key");
        let mut authority = CertificateParams::new(Vec::new()).expect("no names");
        authority.distinguished_name.push(DnType::CommonName, "Authority of a test");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = key();
        let own = authority.self_signed(&authority_key).expect("a certificate");
        let issuer = Issuer::new(authority, authority_key);
        let server_key = key();
        let server = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let server = server.signed_by(&server_key, &issuer).expect("a certificate");
        let file = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let authority = file("authority.pem", own.pem());
        let private_key = file("pbx.key", server_key.serialize_pem());
        let certificate = file("pbx.pem", server.pem());
        file(
            "tls.cfg",
            format!(
                "[server:default]\nmethod = TLSv1.2+\nprivate_key = {}\ncertificate = {}\n",
                private_key.display(),
                certificate.display()
            ),
        );
        Certificates { authority, public_key: Sha256::digest(server_key.subject_public_key_info()).into() }
    }
}
