//! Who is heard of one school, and when all of them fell silent.
//!
//! Devices check in once per pace, so the check-ins of one pace count the devices that are there. What a silence means is
//! weighed in [`super::silence`].
//!
//! Deliberately not here: what one tablet does. A single tablet's absence means nothing.

use serde::{Deserialize, Serialize};

use super::{
    Policy,
    cover::{TROUBLE, kept},
    silence::{Due, SHAPE, Scene, matched, weigh},
};

/// Buckets kept: sixteen minutes.
const KEPT: usize = 96;
/// Buckets before a silence from which its expectation is taken.
const BEFORE: i64 = 18;
/// Buckets into a silence after which more of it says nothing new.
const SATURATED: i64 = 60;
/// Buckets of a silence that are looked at, however short the pace: the counts of one alone may be late.
const LEAST_LOOK: i64 = 3;
/// Paces longer than this, in buckets, are not compared bucket by bucket.
const LONG_PACE: i64 = 18;
/// Buckets after a silence within which another one is judged by what was heard before the first.
const MEMORY: i64 = 36;
/// Most that one silence says for the next, if the cohort came back at once.
const CARRIED: f64 = 8.0;

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
    /// The last silence, for one that follows closely.
    last: Option<Past>,
}

/// A silence that is over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Past {
    ended: i64,
    mean: f64,
    awake: Option<f64>,
    rooms: u32,
    score: f64,
}

/// A silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Quiet {
    /// Its first silent bucket.
    pub(super) onset: i64,
    /// Check-ins per bucket before it.
    pub(super) mean: f64,
    /// The same of devices that do not sleep, where they are told apart.
    awake: Option<f64>,
    /// Rooms in which devices were about.
    rooms: u32,
    /// It follows another one so closely that there was no pace in between to compare with.
    remembered: bool,
    /// What the silence before says.
    carried: f64,
    /// Log-likelihood of a cut against anything else.
    pub(super) score: f64,
    /// Of a cut against lids.
    pub(super) against_lids: f64,
    /// Check-ins that are missing.
    pub(super) missing: f64,
}

/// What is known of a school beside its check-ins when it falls silent.
pub(super) struct Around<'a> {
    /// Buckets of its pace.
    pub(super) pace: i64,
    /// Whether a bucket could be heard at all.
    pub(super) observed: &'a dyn Fn(i64) -> bool,
    /// Whether lids are likely to close in a bucket: in a break, about the begin or end of a lesson or of the day.
    pub(super) bell: &'a dyn Fn(i64) -> bool,
    /// Rooms in which devices were about up to a bucket.
    pub(super) rooms: &'a dyn Fn(i64) -> u32,
    /// Devices that usually do not sleep.
    pub(super) usual_awake: Option<f64>,
    /// Share of the check-ins of the whole region that come.
    pub(super) comes: f64,
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

    /// Looks at the bucket `to`, the newest that is complete.
    pub(super) fn look(&mut self, to: i64, around: &Around<'_>, policy: &Policy) {
        if !(around.observed)(to) {
            return;
        }
        if let Some(quiet) = &self.quiet {
            let back = f64::from(self.heard_within(to, 3.min(to - quiet.onset + 1)));
            if back >= (0.6 * quiet.mean).max(1.0) {
                let Quiet { mean, awake, rooms, .. } = *quiet;
                // A few silent buckets may be late counts, or chance.
                if to - quiet.onset > 5 && quiet.score > TROUBLE {
                    self.last = Some(Past { ended: to, mean, awake, rooms, score: quiet.score });
                }
                self.quiet = None;
            } else if (quiet.onset..=quiet.onset + 2).any(|bucket| f64::from(self.heard(bucket)) > 0.15 * quiet.mean) {
                // Counts that were late: it began later, if it did.
                self.quiet = self.begin(to, around);
            }
        } else {
            self.quiet = self.begin(to, around);
        }
        let Some(mut quiet) = self.quiet.take() else { return };
        if to - quiet.onset <= SATURATED {
            self.weigh(&mut quiet, to, around, policy);
        }
        self.quiet = Some(quiet);
    }

    /// Whether the cohort of a past silence came back, lately: fewer are no cut that ended.
    fn came_back(&self, past: &Past, to: i64) -> bool {
        let buckets = (to - past.ended).clamp(0, 6) + 3;
        let heard = f64::from(self.heard_within(past.ended + buckets - 3, buckets));
        to - past.ended < MEMORY && heard >= 0.5 * past.mean * buckets as f64
    }

    fn begin(&self, to: i64, around: &Around<'_>) -> Option<Quiet> {
        let observed = around.observed;
        let recent: f64 = self.mean(to - 2, to - 2 - BEFORE, observed, |bucket| self.heard(bucket));
        let past = self.last.filter(|past| self.came_back(past, to));
        let mean = past.map_or(recent, |past| past.mean.max(recent));
        if mean < 0.1 || f64::from(self.heard(to)) > 0.15 * mean {
            return None;
        }
        let silent = |bucket: i64| !observed(bucket) || f64::from(self.heard(bucket)) <= 0.15 * mean;
        let onset = (to - 30..=to).rev().take_while(|bucket| silent(*bucket)).last()?;
        // Taken anew from before the silence.
        let pace = if around.pace <= LONG_PACE { around.pace } else { BEFORE };
        let before = self.mean(onset - 1, onset - 1 - pace.max(4), observed, |bucket| self.heard(bucket));
        let mean = past.map_or(before, |past| past.mean.max(before));
        if mean < 0.1 || mean * (to - onset + 1) as f64 <= 1.2 {
            return None;
        }
        let awake = self.knows_awake.then(|| {
            let before = self.mean(onset - 1, onset - 1 - pace.max(4), observed, |bucket| self.awake(bucket));
            past.map_or(before, |past| past.awake.map_or(before, |awake| awake.max(before)))
        });
        let remembered = past.is_some_and(|past| onset - past.ended < around.pace + 2);
        let rooms = (around.rooms)(onset).max(past.map_or(1, |past| past.rooms));
        let carried = past.map_or(0.0, |past| (past.score / 2.0).clamp(0.0, CARRIED));
        let (mean, awake, carried) = (kept(mean), awake.map(kept), kept(carried));
        Some(Quiet { onset, mean, awake, rooms, remembered, carried, score: 0.0, against_lids: 0.0, missing: 0.0 })
    }

    fn mean(&self, to: i64, after: i64, observed: &dyn Fn(i64) -> bool, count: impl Fn(i64) -> u32) -> f64 {
        let (mut sum, mut buckets) = (0.0, 0.0);
        for bucket in after + 1..=to {
            if observed(bucket) {
                sum += f64::from(count(bucket));
                buckets += 1.0;
            }
        }
        if buckets < 4.0 { 0.0 } else { sum / buckets }
    }

    fn weigh(&self, quiet: &mut Quiet, to: i64, around: &Around<'_>, policy: &Policy) {
        let (onset, pace) = (quiet.onset, around.pace);
        let compared = pace <= LONG_PACE && !quiet.remembered;
        let awake = |bucket: i64| f64::from(self.awake(bucket));
        let heard = |bucket: i64| f64::from(self.heard(bucket));
        let sleeper = |bucket: i64| (heard(bucket) - awake(bucket)).max(0.0);
        let first = if compared { onset - SHAPE } else { onset };
        let observed = |bucket: &i64| (around.observed)(*bucket);
        let looked_at: Vec<i64> = (first..=to).filter(observed).collect();
        let silent = looked_at.iter().filter(|bucket| **bucket >= onset).count() as f64;
        // Who is due in a bucket: whoever came one pace before, or an even share of all. Under a short pace they are due again.
        let once = pace.max(LEAST_LOOK);
        let due = |count: &dyn Fn(i64) -> f64, even: f64, buckets: i64| -> Vec<Due> {
            let due = |bucket: &i64| {
                let before = bucket - pace * ((bucket - onset).div_euclid(pace) + 1).max(1);
                let known = compared && (around.observed)(before);
                let due = if known { count(before) } else { even };
                (*bucket < onset + buckets && (known || *bucket >= onset)).then(|| Due {
                    at: bucket - onset,
                    before: before - onset,
                    due,
                    came: count(*bucket),
                    even: !known,
                })
            };
            matched(looked_at.iter().filter_map(due).collect())
        };
        let all = due(&heard, quiet.mean, once);
        let told_apart = quiet.awake.is_some();
        let even_awake = quiet.awake.unwrap_or(0.0);
        let lids = if told_apart { due(&sleeper, (quiet.mean - even_awake).max(0.0), once) } else { Vec::new() };
        let awake = if told_apart { due(&awake, even_awake, SATURATED * pace) } else { Vec::new() };
        let scene = Scene {
            all: &all,
            lids: &lids,
            awake: &awake,
            awake_devices: quiet.awake.map(|awake| awake * pace as f64),
            usual_awake: around.usual_awake,
            devices: quiet.mean * pace as f64,
            paces: silent / pace as f64,
            bell: (onset - 2..=onset).any(around.bell),
            rooms: quiet.rooms,
            comes: around.comes,
        };
        let [score, against_lids] = weigh(&scene, policy);
        (quiet.score, quiet.against_lids) = (kept(score + quiet.carried), kept(against_lids));
        quiet.missing = kept(quiet.mean * silent);
    }
}
