//! The gateway of the server: what it is told of calls, and what its clients hear of the phone and ask of it.
//!
//! It opens no connection; an account that is signed out is told of to nobody.

mod outbox;
mod relay;

pub(crate) use outbox::Outbox;
pub(crate) use relay::Relay;

use crate::{Phone, config::GatewayConfig};
use softframe_sip::Instant;

/// The first pause after a failure, in milliseconds; each further one is twice as long …
const FIRST_PAUSE: u64 = 1_000;
/// … up to this.
const LONGEST_PAUSE: u64 = 30_000;

/// Milliseconds until the next try after so many failures.
fn pause(failures: u32) -> u64 {
    FIRST_PAUSE.saturating_mul(2_u64.saturating_pow(failures.saturating_sub(1))).min(LONGEST_PAUSE)
}

impl Phone {
    /// What of the gateway is due.
    pub(crate) fn gateway_due(&mut self, now: Instant) {
        self.post_next(now);
        self.relay_due(now);
    }

    pub(crate) fn gateway_deadline(&self) -> Option<Instant> {
        Instant::earliest(&[self.outbox.deadline(), self.relay.deadline()])
    }

    fn gateway(&self) -> Option<&GatewayConfig> {
        self.config.gateway.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let pauses: Vec<u64> = [1, 2, 3, 5, 6, 64, u32::MAX].into_iter().map(pause).collect();
        assert_eq!(pauses, [1_000, 2_000, 4_000, 16_000, 30_000, 30_000, 30_000]);
    }
}
