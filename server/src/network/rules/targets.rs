//! What devices try beyond the layers, and the plan that they follow.

use gigafleet_proto::v1::{NetworkLayer, ProbePlan, ProbeTarget};

/// What a target is. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum TargetKind {
    /// A service for teaching and learning.
    Learning = 1,
    /// A service at which people sign in.
    Identity = 2,
    /// Any other service.
    Other = 3,
    /// A hop at a hub; for probes.
    HubHop = 4,
    /// A hop at a provider; for probes.
    IspHop = 5,
    /// Sessions that a line can still open; for probes.
    Ports = 6,
}

impl TargetKind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Learning, Self::Identity, Self::Other, Self::HubHop, Self::IspHop, Self::Ports];

    /// The number under which it is stored.
    pub fn to_number(self) -> i64 {
        self as i64
    }

    /// What is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i16 == number)
    }

    /// The layer that it is tried as.
    pub fn layer(self) -> NetworkLayer {
        match self {
            Self::Learning | Self::Identity | Self::Other => NetworkLayer::Service,
            Self::HubHop => NetworkLayer::Hub,
            Self::IspHop => NetworkLayer::Isp,
            Self::Ports => NetworkLayer::Ports,
        }
    }
}

/// Most targets of a plan.
pub const TARGETS: usize = 16;

/// From one round of checks to the next. A device that finds a difference checks again and reports at once, so the rounds
/// can be rare: 100,000 devices make 330 rounds a second.
const INTERVAL_MS: u32 = 300_000;
/// Longest wait for one answer.
const TIMEOUT_MS: u32 = 5_000;
/// A result that differs is checked again after this.
const CONFIRM_DELAY_MS: u32 = 3_000;
/// Ours; the ministry publishes no thresholds: within a school's network 50 ms is long, a resolver should answer in 100 ms,
/// and beyond 150 ms people wait for a service.
const SLOW_MS: [u32; 3] = [50, 100, 150];

/// The plan of all devices. Its version is a hash of what it says, never 0.
pub fn plan(interval_ms: Option<u32>, targets: Vec<ProbeTarget>) -> ProbePlan {
    let [gateway_slow_ms, dns_slow_ms, server_slow_ms] = SLOW_MS;
    let plan = ProbePlan {
        version: 0,
        interval_ms: interval_ms.unwrap_or(INTERVAL_MS),
        timeout_ms: TIMEOUT_MS,
        confirm_delay_ms: CONFIRM_DELAY_MS,
        targets,
        gateway_slow_ms,
        dns_slow_ms,
        server_slow_ms,
    };
    // Two bytes of a varint, so that an unchanged report stays small.
    let bytes = prost::Message::encode_to_vec(&plan);
    let hash = bytes.iter().fold(0x811c_9dc5_u32, |hash, b| (hash ^ u32::from(*b)).wrapping_mul(0x0100_0193));
    ProbePlan { version: hash % 16_383 + 1, ..plan }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_changes_with_the_plan_and_is_short() {
        let target =
            |number| ProbeTarget { number, host: String::from("s.example"), port: 443, ..ProbeTarget::default() };
        let (one, same, other) =
            (plan(None, vec![target(1)]), plan(None, vec![target(1)]), plan(None, vec![target(2)]));
        assert_eq!(one, same);
        assert_ne!(one.version, other.version);
        assert!((1..=16_383).contains(&one.version));
    }
}
