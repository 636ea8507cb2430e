//! What a connection has counted of its sound, in the words of the phone (W3C "Identifiers for WebRTC's Statistics API").
//!
//! It judges nothing, and never asks for more than one report at a time.

use js_sys::{Array, Function, Reflect, futures::JsFuture};
use softframe_phone::MediaStats;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::RtcPeerConnection;

/// `None` where nothing has come yet, or the browser does not say.
pub(super) async fn of(connection: &RtcPeerConnection) -> Option<MediaStats> {
    let report = JsFuture::from(connection.get_stats()).await.ok()?;
    let values: Function = Reflect::get(&report, &"values".into()).ok()?.dyn_into().ok()?;
    let entries = Array::from(&values.call0(&report).ok()?);
    let audio = |wanted: &str| {
        entries.iter().find(|entry| says(entry, "type", wanted) && says(entry, "kind", "audio"))
    };
    let inbound = audio("inbound-rtp")?;
    let there = audio("remote-inbound-rtp").unwrap_or(JsValue::UNDEFINED);
    // The path in use; before the first report of the other side only it knows how long a packet takes.
    let path = entries.iter().find(|entry| {
        says(entry, "type", "candidate-pair")
            && number(entry, "currentRoundTripTime") > 0.0
            && is_nominated(entry)
    });
    let by_path = path.map_or(0.0, |path| number(&path, "currentRoundTripTime"));
    let by_report = number(&there, "roundTripTime");
    Some(MediaStats {
        // Counts and times that are never negative here: the casts cut what is beyond.
        received: number(&inbound, "packetsReceived") as u64,
        lost: number(&inbound, "packetsLost") as u64,
        jitter_millis: (number(&inbound, "jitter") * 1_000.0) as u32,
        round_trip_millis: (if by_report > 0.0 { by_report } else { by_path } * 1_000.0) as u32,
        lost_there_per_mille: (number(&there, "fractionLost") * 1_000.0) as u32,
    })
}

fn is_nominated(pair: &JsValue) -> bool {
    Reflect::get(pair, &"nominated".into()).is_ok_and(|value| value.is_truthy())
}

fn says(entry: &JsValue, key: &str, wanted: &str) -> bool {
    Reflect::get(entry, &key.into()).is_ok_and(|value| value.as_string().as_deref() == Some(wanted))
}

/// 0 where there is none.
fn number(entry: &JsValue, key: &str) -> f64 {
    if !entry.is_object() {
        return 0.0;
    }
    Reflect::get(entry, &key.into()).ok().and_then(|value| value.as_f64()).unwrap_or(0.0)
}
