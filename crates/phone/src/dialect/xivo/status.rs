//! Where the person and the phone stand, in the words of the platform: computed anew after each input.
//!
//! It changes nothing.

use super::said::{Told, UserConfig, VoiceMail};
use crate::{
    Phone,
    call::{Call, MAX_CALLS},
};
use softframe_sip::ConnectionState;

impl Phone {
    pub(super) fn xivo_standing(&self) -> Told {
        Told {
            user_status: self.person.status.clone(),
            config: self.user_config(),
            phone_status: self.phone_status(),
            voice_mail: self.voice_mail(),
        }
    }

    /// Of the registration, or, where the operator wants that, of the calls.
    fn phone_status(&self) -> &'static str {
        let known = self.connection.as_ref();
        match known.map(|known| (known.state, known.code)) {
            Some((ConnectionState::Registered, _)) if self.config.xivo.status_from_hint => {
                self.status_of_calls()
            }
            Some((ConnectionState::Registered, _)) => "AVAILABLE",
            Some((ConnectionState::Refused, code)) if self.config.xivo.status_from_hint => match code {
                Some(403) => "DEACTIVATED",
                Some(404) => "UNEXISTING",
                _ => "ERROR",
            },
            _ => "INDISPONIBLE",
        }
    }

    fn status_of_calls(&self) -> &'static str {
        let rings = self.calls.values().any(Call::is_ringing_in);
        let calls = || self.calls.values().filter(|call| !call.is_ringing_in());
        let is_held = |call: &Call| call.talk().is_some_and(|talk| talk.held.is_some());
        let talks = calls().next().is_some();
        let is_full = self.calls.len() >= MAX_CALLS || (talks && !self.config.call_waiting);
        match (rings, talks) {
            (true, true) => "BUSY_AND_RINGING",
            (true, false) => "RINGING",
            (false, true) if calls().all(is_held) => "ONHOLD",
            // Who calls now is told that the line is busy.
            (false, true) if is_full => "BUSY",
            (false, true) => "CALLING",
            (false, false) if self.person.dnd => "BUSY",
            (false, false) => "AVAILABLE",
        }
    }

    fn user_config(&self) -> UserConfig {
        let identity = self.identity();
        let name = identity.and_then(|identity| identity.display_name.clone());
        let user = || identity.map(|identity| identity.user.clone()).unwrap_or_default();
        let forwards = self.forwards();
        UserConfig {
            user_id: self.config.xivo.user_id,
            full_name: name.unwrap_or_else(user),
            mobile_number: self.config.xivo.mobile_number.clone().unwrap_or_default(),
            agent_id: 0,
            voice_mail_id: self.config.xivo.voice_mail_id,
            voice_mail_enabled: self.config.voicemail.is_some(),
            dnd_enabled: self.person.dnd,
            na_fwd_enabled: forwards.na.enabled,
            na_fwd_destination: forwards.na.destination.clone(),
            unc_fwd_enabled: forwards.unc.enabled,
            unc_fwd_destination: forwards.unc.destination.clone(),
            busy_fwd_enabled: forwards.busy.enabled,
            busy_fwd_destination: forwards.busy.destination.clone(),
        }
    }

    fn voice_mail(&self) -> VoiceMail {
        let known = self.voicemail.unwrap_or_default();
        VoiceMail {
            voice_mail_id: self.config.xivo.voice_mail_id,
            new_messages: known.new_messages,
            waiting_messages: u32::from(known.waiting),
            old_messages: known.old_messages,
        }
    }
}
