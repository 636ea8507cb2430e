//! AES-GCM over single values. The tag is the checksum; the name is authenticated, so values cannot be exchanged.
//!
//! It never sees a key's octets: the browser keeps them.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array, futures::JsFuture};
use wasm_bindgen::JsCast;
use web_sys::{CryptoKey, SubtleCrypto};

const NONCE_BYTES: u32 = 12;

/// A fresh key.
pub(super) async fn generate(subtle: &SubtleCrypto) -> Option<CryptoKey> {
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &"AES-GCM".into()).ok()?;
    Reflect::set(&algorithm, &"length".into(), &256.into()).ok()?;
    let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
    let made: Promise = subtle.generate_key_with_object(&algorithm, false, &usages).ok()?.unchecked_into();
    JsFuture::from(made).await.ok().map(JsCast::unchecked_into)
}

/// Nonce and ciphertext in one.
pub(super) async fn seal(
    subtle: &SubtleCrypto,
    key: &CryptoKey,
    name: &str,
    value: &[u8],
) -> Option<Uint8Array> {
    let mut nonce = [0; NONCE_BYTES as usize];
    web_sys::window()?.crypto().ok()?.get_random_values_with_u8_array(&mut nonce).ok()?;
    let nonce = Uint8Array::from(&nonce[..]);
    let clear = Uint8Array::from(value);
    let sealing: Promise = subtle
        .encrypt_with_object_and_buffer_source(&algorithm(&nonce, name)?, key, &clear)
        .ok()?
        .unchecked_into();
    let sealed = Uint8Array::new(&JsFuture::from(sealing).await.ok()?);
    let whole = Uint8Array::new_with_length(NONCE_BYTES + sealed.length());
    whole.set(&nonce, 0);
    whole.set(&sealed, NONCE_BYTES);
    Some(whole)
}

/// The value, unless it was damaged or put under another name or key.
pub(super) async fn open(
    subtle: &SubtleCrypto,
    key: &CryptoKey,
    name: &str,
    whole: &Uint8Array,
) -> Option<Vec<u8>> {
    if !whole.is_instance_of::<Uint8Array>() || whole.length() < NONCE_BYTES {
        return None;
    }
    let nonce = whole.slice(0, NONCE_BYTES);
    let sealed = whole.slice(NONCE_BYTES, whole.length());
    let opening: Promise = subtle
        .decrypt_with_object_and_buffer_source(&algorithm(&nonce, name)?, key, &sealed)
        .ok()?
        .unchecked_into();
    JsFuture::from(opening).await.ok().map(|clear| Uint8Array::new(&clear).to_vec())
}

fn algorithm(nonce: &Uint8Array, name: &str) -> Option<Object> {
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &"AES-GCM".into()).ok()?;
    Reflect::set(&algorithm, &"iv".into(), nonce).ok()?;
    Reflect::set(&algorithm, &"additionalData".into(), &Uint8Array::from(name.as_bytes())).ok()?;
    Some(algorithm)
}
