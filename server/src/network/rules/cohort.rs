//! Silence of a whole cohort, told from absence.
//!
//! Devices check in once per pace, so the check-ins of one pace count the devices that are there. A cut ends all of them
//! within one bucket. Lids that are closed end them over tens of seconds to minutes, and leave those that never sleep. The
//! log-likelihood of a cut is compared with both: nothing happened and chance was quiet; lids were closed, summed over how
//! long that took and how many stayed. Counts are taken as Poisson.
//!
//! Deliberately not here: what one tablet does. A single tablet's absence means nothing.

use serde::{Deserialize, Serialize};

use super::Policy;

/// Buckets kept: sixteen minutes.
const KEPT: usize = 96;
/// Buckets before a silence from which its expectation is taken.
const BEFORE: i64 = 18;
/// Buckets before a silence whose shape tells a cut from lids.
const SHAPE: i64 = 9;
/// Buckets into a silence after which more of it says nothing new.
const SATURATED: i64 = 60;
/// How long lids may take to close, in buckets, and how likely that is.
const LIDS: [(f64, f64); 5] = [(2.0, 0.01), (4.0, 0.09), (8.0, 0.25), (16.0, 0.35), (32.0, 0.3)];
/// Check-ins that may stray into a bucket of a school that is cut.
const STRAY: f64 = 0.01;

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Slot {
    bucket: i64,
    heard: u32,
    awake: u32,
}

/// What is known of one school's check-ins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cohort {
    slots: Vec<Slot>,
    /// Whether devices that do not sleep are told apart.
    knows_awake: bool,
    /// The silence that lasts.
    pub(super) quiet: Option<Quiet>,
    /// Expectation of the time before the last silence, for one that follows closely; and when it ended.
    last: Option<(i64, f64, f64)>,
}

/// A silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Quiet {
    /// Its first silent bucket.
    pub(super) onset: i64,
    /// Expected check-ins per bucket, by phase of the pace.
    expected: Vec<f64>,
    /// Their mean.
    pub(super) mean: f64,
    /// Expected check-ins per bucket of devices that do not sleep, where they are told apart.
    awake: Option<f64>,
    /// Log-likelihood of a cut against anything else.
    pub(super) score: f64,
    /// Of a cut against lids.
    pub(super) against_lids: f64,
    /// Check-ins that are missing.
    pub(super) missing: f64,
}

impl Cohort {
    pub(super) fn new() -> Self {
        let empty = Slot { bucket: i64::MIN, heard: 0, awake: 0 };
        Self { slots: vec![empty; KEPT], knows_awake: false, quiet: None, last: None }
    }

    pub(super) fn hear(&mut self, bucket: i64, heard: u32, awake: Option<u32>) {
        let slot = &mut self.slots[bucket.rem_euclid(KEPT as i64) as usize];
        if slot.bucket > bucket {
            return;
        }
        if slot.bucket < bucket {
            *slot = Slot { bucket, heard: 0, awake: 0 };
        }
        slot.heard = slot.heard.saturating_add(heard);
        if let Some(awake) = awake {
            self.knows_awake = true;
            slot.awake = slot.awake.saturating_add(awake);
        }
    }

    pub(super) fn heard(&self, bucket: i64) -> u32 {
        let slot = &self.slots[bucket.rem_euclid(KEPT as i64) as usize];
        if slot.bucket == bucket { slot.heard } else { 0 }
    }

    fn awake(&self, bucket: i64) -> u32 {
        let slot = &self.slots[bucket.rem_euclid(KEPT as i64) as usize];
        if slot.bucket == bucket { slot.awake } else { 0 }
    }

    /// Check-ins in the last `buckets` buckets up to and with `to`.
    pub(super) fn heard_within(&self, to: i64, buckets: i64) -> u32 {
        (0..buckets).map(|back| self.heard(to - back)).sum()
    }

    /// Devices that are there: the check-ins of one pace, the more of the last two.
    pub(super) fn present(&self, to: i64, pace: i64) -> u32 {
        let pace = pace.clamp(1, KEPT as i64 / 2);
        self.heard_within(to, pace).max(self.heard_within(to - pace, pace))
    }

    /// Devices that do not sleep and are there; `None` where they are not told apart.
    pub(super) fn present_awake(&self, to: i64, pace: i64) -> Option<u32> {
        let pace = pace.clamp(1, KEPT as i64 / 2);
        self.knows_awake.then(|| (0..pace).map(|back| self.awake(to - back)).sum())
    }

    /// Looks at the bucket `to`, the newest that is complete. `observed` says whether a bucket could be heard at all;
    /// `bell` whether lids are likely to close in a bucket: in a break, about the begin or end of a lesson or of the day.
    pub(super) fn look(
        &mut self,
        to: i64,
        pace: i64,
        observed: impl Fn(i64) -> bool,
        bell: impl Fn(i64) -> bool,
        policy: &Policy,
    ) {
        if !observed(to) {
            return;
        }
        if let Some(quiet) = &self.quiet {
            let back = f64::from(self.heard_within(to, 3.min(to - quiet.onset + 1)));
            if back >= (0.6 * quiet.mean).max(1.0) {
                self.last = Some((to, quiet.mean, quiet.awake.unwrap_or(0.0)));
                self.quiet = None;
            }
        } else {
            self.quiet = self.begin(to, pace, &observed);
        }
        let Some(mut quiet) = self.quiet.take() else { return };
        let bell = (quiet.onset - 2..=quiet.onset).any(bell);
        self.weigh(&mut quiet, to, observed, bell, policy);
        self.quiet = Some(quiet);
    }

    fn begin(&self, to: i64, pace: i64, observed: &impl Fn(i64) -> bool) -> Option<Quiet> {
        let recent: f64 = self.mean(to - 2, to - 2 - BEFORE, observed, |bucket| self.heard(bucket));
        let remembered = self.last.filter(|(ended, ..)| to - ended < 2 * BEFORE);
        let mean = remembered.map_or(recent, |(_, mean, _)| mean.max(recent));
        if mean < 0.1 || f64::from(self.heard(to)) > 0.15 * mean {
            return None;
        }
        let silent = |bucket: i64| !observed(bucket) || f64::from(self.heard(bucket)) <= 0.15 * mean;
        let onset = (to - 30..=to).rev().take_while(|bucket| silent(*bucket)).last()?;
        // Taken anew from before the silence.
        let before = self.mean(onset - 1, onset - 1 - BEFORE, observed, |bucket| self.heard(bucket));
        let mean = remembered.map_or(before, |(_, mean, _)| mean.max(before));
        if mean < 0.1 {
            return None;
        }
        let awake = self.knows_awake.then(|| {
            let before = self.mean(onset - 1, onset - 1 - 2 * BEFORE, observed, |bucket| self.awake(bucket));
            remembered.map_or(before, |(.., awake)| awake.max(before))
        });
        let expected = if remembered.is_none() && pace <= BEFORE {
            (0..pace).map(|phase| self.expected_at(phase, onset, pace, mean)).collect()
        } else {
            vec![mean]
        };
        let quiet = Quiet { onset, expected, mean, awake, score: 0.0, against_lids: 0.0, missing: 0.0 };
        let missing: f64 = (onset..=to).map(|bucket| quiet.expected(bucket)).sum();
        (missing >= 1.2).then_some(quiet)
    }

    /// Devices that woke together check in together: no more is expected of a phase than it brought lately.
    fn expected_at(&self, phase: i64, onset: i64, pace: i64, mean: f64) -> f64 {
        let first = (onset - 1 - phase).rem_euclid(pace);
        let buckets: Vec<i64> = (0..3).map(|cycle| onset - 1 - first - cycle * pace).collect();
        let around = |bucket: i64| {
            f64::from(self.heard(bucket)) * 0.5
                + f64::from(self.heard(bucket - 1)) * 0.25
                + f64::from(self.heard(bucket + 1).max(self.heard(bucket - 1))) * 0.25
        };
        let lately = buckets.iter().map(|bucket| around(*bucket)).sum::<f64>() / buckets.len() as f64;
        mean.min(lately)
    }

    fn mean(&self, to: i64, after: i64, observed: &impl Fn(i64) -> bool, count: impl Fn(i64) -> u32) -> f64 {
        let (mut sum, mut buckets) = (0.0, 0.0);
        for bucket in after + 1..=to {
            if observed(bucket) {
                sum += f64::from(count(bucket));
                buckets += 1.0;
            }
        }
        if buckets < 4.0 { 0.0 } else { sum / buckets }
    }

    fn weigh(&self, quiet: &mut Quiet, to: i64, observed: impl Fn(i64) -> bool, bell: bool, policy: &Policy) {
        let onset = quiet.onset;
        if to - onset > SATURATED {
            return;
        }
        let seen: Vec<(i64, f64, f64)> = (onset - SHAPE..=to)
            .filter(|bucket| observed(*bucket))
            .map(|bucket| (bucket, f64::from(self.heard(bucket)), quiet.expected(bucket)))
            .collect();
        let stray = STRAY + 0.002 * quiet.mean;
        let cut: f64 = seen
            .iter()
            .map(|(bucket, heard, expected)| match bucket - onset {
                ..-1 => poisson(*heard, *expected),
                -1 => mean_of_logs([0.1, 0.3, 0.5, 0.7, 0.9, 1.0].map(|share| poisson(*heard, share * expected))),
                _ => poisson(*heard, stray),
            })
            .sum();
        let normal: f64 = seen.iter().map(|(_, heard, expected)| poisson(*heard, 0.8 * expected)).sum();
        let floor = match quiet.awake {
            Some(awake) => (awake / quiet.mean).clamp(policy.least_residual_share / 4.0, 0.9),
            None => policy.least_residual_share,
        };
        // Now and then the devices that never sleep are away too.
        let nobody = policy.lids_without_residual;
        let stays = 1.0 - nobody;
        let residuals: Vec<(f64, f64)> = match quiet.awake {
            Some(_) => vec![(0.0, nobody), (0.6, stays / 2.0), (1.0, stays / 2.0)],
            None => vec![(0.0, nobody), (1.0, stays / 3.0), (2.5, stays / 3.0), (6.0, stays / 3.0)],
        };
        let mut lids = Vec::with_capacity(LIDS.len() * residuals.len() * 4);
        for (took, weight) in LIDS {
            for (residual, how_likely) in &residuals {
                for ended in 0..4 {
                    let end = (onset + ended) as f64;
                    let likelihood: f64 = seen
                        .iter()
                        .map(|(bucket, heard, expected)| {
                            let open = ((end - *bucket as f64 - 0.5) / took).clamp(0.0, 1.0);
                            let stay = (floor * residual).min(0.9);
                            poisson(*heard, (expected * (stay + (1.0 - stay) * open)).max(stray))
                        })
                        .sum();
                    lids.push(likelihood + weight.ln() + how_likely.ln() - 4.0_f64.ln());
                }
            }
        }
        let lids = sum_of_logs(&lids);
        let prior = policy.prior_lids + if bell { policy.prior_lids_at_bell } else { 0.0 };
        quiet.against_lids = cut - lids;
        quiet.score = cut - sum_of_logs(&[normal, prior + lids]);
        quiet.missing = (onset..=to).filter(|bucket| observed(*bucket)).map(|bucket| quiet.expected(bucket)).sum();
    }
}

impl Quiet {
    fn expected(&self, bucket: i64) -> f64 {
        self.expected[bucket.rem_euclid(self.expected.len() as i64) as usize]
    }
}

/// Logarithm of a Poisson probability, without the factorial, which cancels out.
fn poisson(count: f64, rate: f64) -> f64 {
    let rate = rate.max(1e-3);
    count * rate.ln() - rate
}

/// Logarithm of a sum, from logarithms.
pub(super) fn sum_of_logs(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most.is_finite() { most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln() } else { most }
}

fn mean_of_logs<const N: usize>(logs: [f64; N]) -> f64 {
    sum_of_logs(&logs) - (N as f64).ln()
}
