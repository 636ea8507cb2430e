//! When a description is ready to be sent: at the first candidate that a peer can use.
//!
//! A call never waits for the end of gathering, nor longer than [`MAX_GATHERING_MS`].

use crate::{
    boot::is_visible,
    listener::{Listener, promise, within},
};
use js_sys::{Array, Object, Promise, Reflect, futures::JsFuture};
use softframe_phone::Paths;
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Event, RtcConfiguration, RtcIceGatheringState, RtcPeerConnection, RtcPeerConnectionIceEvent};

/// A caller waits no longer than this for a STUN or TURN server that does not answer.
const MAX_GATHERING_MS: i32 = 500;
/// Addresses of one machine come within a millisecond or two, each by an event of its own, and a server with ICE should know
/// them all: the pair that works best may be another than that of the first.
const BURST_MS: i32 = 3;
/// A check waits for the last candidate: browsers give up on a server after five to ten seconds.
const MAX_LOOKING_MS: i32 = 6_000;

/// The ICE part of the configuration.
#[derive(Clone, Default)]
pub(crate) struct Ice {
    servers: Option<Array>,
    policy: Option<String>,
}

impl Ice {
    /// `servers` as in `config.json`; anything but a list counts as none.
    pub(crate) fn new(servers: JsValue, policy: Option<String>) -> Ice {
        Ice { servers: servers.dyn_into::<Array>().ok().filter(|servers| servers.length() > 0), policy }
    }

    /// For the connection's constructor.
    pub(crate) fn configuration(&self) -> RtcConfiguration {
        let configuration = Object::new();
        let set = |key: &str, value: &JsValue| {
            // `Reflect.set` on a plain object does not fail.
            let _ = Reflect::set(&configuration, &key.into(), value);
        };
        // `bundlePolicy` stays "balanced": with "max-bundle" Chromium refuses an answer without a BUNDLE group, and neither
        // rtpengine nor desk phones behind it know groups. There is one section, so nothing is lost.
        if let Some(servers) = &self.servers {
            set("iceServers", servers);
        }
        if let Some(policy) = &self.policy {
            set("iceTransportPolicy", &policy.as_str().into());
        }
        configuration.unchecked_into()
    }

    /// Without a server to ask, the first host candidate will do; with one, its answer is what was wanted.
    fn is_useful(&self, candidate: &str) -> bool {
        if !candidate.to_ascii_lowercase().contains(" udp ") {
            return false;
        }
        match &self.servers {
            None => candidate.contains(" typ "),
            Some(_) => candidate.contains(" typ srflx") || candidate.contains(" typ relay"),
        }
    }
}

/// All kinds of candidates there are, found with a connection that goes nowhere.
pub(crate) async fn paths(ice: Ice) -> Option<Paths> {
    let connection = RtcPeerConnection::new_with_configuration(&ice.configuration()).ok()?;
    let (over, done) = promise();
    let _listener = Listener::new(&connection, "icecandidate", move |event: Event| {
        let event: &RtcPeerConnectionIceEvent = event.unchecked_ref();
        if event.candidate().is_none_or(|candidate| candidate.candidate().is_empty()) {
            let _ = done.call0(&JsValue::NULL);
        }
    });
    connection.add_transceiver_with_str("audio");
    let described = match JsFuture::from(connection.create_offer()).await {
        Ok(offer) => JsFuture::from(connection.set_local_description(offer.unchecked_ref())).await.is_ok(),
        Err(_) => false,
    };
    if described {
        within(MAX_LOOKING_MS, &over).await;
    }
    let sdp = connection.local_description().map(|description| description.sdp()).unwrap_or_default();
    connection.close();
    let has = |kind: &str| sdp.contains(kind);
    Some(Paths {
        asked: ice.servers.is_some(),
        host: has(" typ host"),
        reflexive: has(" typ srflx"),
        relay: has(" typ relay"),
    })
}

/// Listens from before the local description is set until the first useful candidate and those that come with it.
pub(crate) struct Gathering {
    ice: Ice,
    connection: RtcPeerConnection,
    useful: Promise,
    over: Promise,
    _listener: Listener,
}

impl Gathering {
    /// Starts listening.
    pub(crate) fn start(connection: &RtcPeerConnection, ice: Ice) -> Gathering {
        let (useful, found) = promise();
        let (over, ended) = promise();
        let wanted = ice.clone();
        let listener = Listener::new(connection, "icecandidate", move |event: Event| {
            let event: &RtcPeerConnectionIceEvent = event.unchecked_ref();
            let last = event.candidate().is_none_or(|candidate| candidate.candidate().is_empty());
            if last || event.candidate().is_some_and(|candidate| wanted.is_useful(&candidate.candidate())) {
                let _ = found.call0(&JsValue::NULL);
            }
            if last {
                let _ = ended.call0(&JsValue::NULL);
            }
        });
        Gathering { ice, connection: Clone::clone(connection), useful, over, _listener: listener }
    }

    /// The local description, once useful candidates are in it, gathering is over, or the time is up.
    pub(crate) async fn description(self) -> Option<String> {
        // Right after new ICE was asked for, the state is still that of the old, and no candidate is there. Asterisk takes
        // such an offer for a hold and answers without ICE.
        let complete = self.connection.ice_gathering_state() == RtcIceGatheringState::Complete;
        if !(complete && self.has(|_| true)) {
            if !self.has(|candidate| self.ice.is_useful(candidate)) {
                within(MAX_GATHERING_MS, &self.useful).await;
            }
            // In a hidden tab a timer would take longer than an answer may.
            if is_visible() {
                within(BURST_MS, &self.over).await;
            }
        }
        self.connection.local_description().map(|description| description.sdp())
    }

    fn has(&self, is_wanted: impl Fn(&str) -> bool) -> bool {
        let Some(description) = self.connection.local_description() else { return false };
        description.sdp().lines().any(|line| line.starts_with("a=candidate") && is_wanted(line))
    }
}
