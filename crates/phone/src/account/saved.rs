//! The account kept on this device: digest hashes in place of the password.
//!
//! It never holds a password.

use super::{Account, DEVICE, Identity};
use crate::{Phone, StoreRequest, bridge};
use serde::{Deserialize, Serialize};
use softframe_sip::{Instant, RealmHash, Secret};

/// Realms of one account.
const MAX_REALMS: usize = 16;
/// Its key in the device's space.
pub(super) const SAVED_KEY: &str = "account";

#[derive(Serialize, Deserialize)]
struct SavedRealm {
    realm: String,
    md5: String,
    sha256: String,
    sha512_256: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    servers: Vec<String>,
    user: String,
    domain: String,
    auth_user: Option<String>,
    display_name: Option<String>,
    hashes: Vec<SavedRealm>,
}

impl Phone {
    pub(super) fn sign_in_saved(&mut self, now: Instant, saved: Saved) {
        let hashes: Vec<RealmHash> = saved
            .hashes
            .into_iter()
            .map(|hash| RealmHash {
                realm: hash.realm,
                md5: hash.md5,
                sha256: hash.sha256,
                sha512_256: hash.sha512_256,
            })
            .collect();
        let servers =
            if self.config.servers.is_empty() { saved.servers } else { self.config.servers.clone() };
        let identity = Identity {
            servers,
            user: saved.user,
            domain: saved.domain,
            auth_user: saved.auth_user,
            display_name: saved.display_name,
            context_user: None,
            extension: None,
        };
        self.account = Account::SignedIn { identity: identity.clone(), hashes: None, logged: false };
        self.works_for(identity.aor());
        self.register(now, &identity, Secret::Hashes(hashes));
        self.ask_consent();
        self.open_space();
    }

    /// A realm accepted us; its hashes may be saved in place of the password.
    pub(crate) fn authenticated(&mut self, hash: RealmHash) {
        let kept = match &mut self.account {
            Account::SigningIn { hashes, .. } | Account::SignedIn { hashes: Some(hashes), .. } => hashes,
            _ => return,
        };
        kept.retain(|known| known.realm != hash.realm);
        if kept.len() < MAX_REALMS {
            kept.push(hash);
        }
        if matches!(self.account, Account::SignedIn { .. }) {
            self.save_account();
        }
    }

    pub(super) fn save_account(&mut self) {
        let Account::SignedIn { identity, hashes: Some(hashes), .. } = &self.account else { return };
        let saved = Saved {
            servers: identity.servers.clone(),
            user: identity.user.clone(),
            domain: identity.domain.clone(),
            auth_user: identity.auth_user.clone(),
            display_name: identity.display_name.clone(),
            hashes: hashes
                .iter()
                .map(|hash| SavedRealm {
                    realm: hash.realm.clone(),
                    md5: hash.md5.clone(),
                    sha256: hash.sha256.clone(),
                    sha512_256: hash.sha512_256.clone(),
                })
                .collect(),
        };
        let value = bridge::json(&saved).into_bytes();
        self.store(StoreRequest::Put { space: DEVICE.to_owned(), key: SAVED_KEY.to_owned(), value });
    }
}
