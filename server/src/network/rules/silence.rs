//! How likely a silence is a cut, lids that were closed, or chance.
//!
//! A device checks in once per pace, so whoever came one pace before is due now. A cut ends all who are due within one bucket.
//! Lids end them over tens of seconds to minutes, room by room, and leave those that never sleep. So each bucket about the
//! onset is compared with the one a pace before: how many of those who were due came. Under lids that take some time to close
//! the share that still comes falls; under a cut it is all, then nobody. The longer it lasts, the more those that never sleep
//! are missed.

use super::{Policy, cover::sum_of_logs};

/// Buckets before a silence whose shape tells a cut from lids.
pub(super) const SHAPE: i64 = 9;
/// How long lids may take to close, in buckets, and how likely that is.
const LIDS: [(f64, f64); 6] = [(2.0, 0.02), (4.0, 0.13), (6.0, 0.2), (10.0, 0.25), (16.0, 0.2), (32.0, 0.2)];
/// Share of those due that come when nothing is wrong: some check-ins are lost, some drift into another bucket.
const COMES: f64 = 0.97;
/// Share that seems to come when nothing can: counts that were late, clocks.
const STRAY: f64 = 0.01;
/// Most of those due in a bucket who drift into the one before.
const EARLY: f64 = 0.25;
/// Least log-likelihood of one bucket under any explanation: its counts may be late or lost. Those of one room, and of several.
const LOST: [f64; 2] = [-7.0, -11.0];

/// Those who were due in one bucket, and those of them who came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Due {
    /// The bucket, counted from the onset.
    pub(super) at: i64,
    /// The bucket in which they came before.
    pub(super) before: i64,
    pub(super) due: f64,
    pub(super) came: f64,
    /// It is not known who is due, only how many on average.
    pub(super) even: bool,
}

/// What is looked at.
#[derive(Debug, Clone)]
pub(super) struct Scene<'a> {
    /// All devices, from [`SHAPE`] buckets before the onset to one pace after it.
    pub(super) all: &'a [Due],
    /// Of these, devices that may sleep, where the others are told apart; otherwise empty.
    pub(super) lids: &'a [Due],
    /// Devices that do not sleep, to the end of what is looked at, where they are told apart; otherwise empty.
    pub(super) awake: &'a [Due],
    /// How many do not sleep; none if they are not told apart.
    pub(super) awake_devices: Option<f64>,
    /// How many of them there usually are, if that is known.
    pub(super) usual_awake: Option<f64>,
    pub(super) devices: f64,
    /// How much of the silence was looked at, in paces.
    pub(super) paces: f64,
    /// Lids are likely to close about now.
    pub(super) bell: bool,
    /// Rooms in which devices were about.
    pub(super) rooms: u32,
    /// Share of the check-ins of the whole region that come.
    pub(super) comes: f64,
}

/// Log-likelihoods of a cut: against anything else, and against lids.
pub(super) fn weigh(scene: &Scene<'_>, policy: &Policy) -> [f64; 2] {
    let lost = lost(scene);
    let cut: f64 = scene
        .all
        .iter()
        .map(|due| match due.at {
            ..-1 => likelihood(due, scene.comes, lost),
            -1 => mean_of_logs([0.1, 0.3, 0.5, 0.7, 0.9, 1.0].map(|share| likelihood(due, share * scene.comes, lost))),
            _ => likelihood(due, 0.0, lost),
        })
        .sum();
    let normal: f64 = scene.all.iter().map(|due| likelihood(due, scene.comes, lost)).sum();
    let together = if scene.rooms > 1 { policy.prior_lids } else { policy.prior_lids_of_one_room };
    let sleepers = match (scene.awake_devices, scene.usual_awake) {
        (Some(awake), _) => scene.devices - awake >= 1.0,
        (None, Some(usual)) => scene.devices > 1.4 * usual + 1.0,
        (None, None) => true,
    };
    // Those that do not sleep do not go by the bell.
    let prior = if scene.bell && sleepers { policy.prior_lids_at_bell } else { together };
    let lids = prior + lids(scene, policy);
    let score = cut - sum_of_logs(&[normal, lids]);
    // All counts of one bucket may be late; those of two seldom are.
    let silent = scene.all.iter().filter(|due| due.at >= 0 && due.due > due.came).count();
    [if silent < 2 { score.min(-lost) } else { score }, cut - (lids - prior)]
}

/// Log-likelihood under lids: nobody stays, or those that never sleep do.
fn lids(scene: &Scene<'_>, policy: &Policy) -> f64 {
    let lost = lost(scene);
    let nobody = ramps(scene.all, lost);
    let gone = |awake: f64| policy.lids_without_residual.powf(awake.max(0.0)).max(policy.least_lids_without_residual);
    // Devices that stay, none of which was heard since the onset.
    let unheard = |devices: f64| {
        let once = (1.0 - scene.paces).max(1.0 - COMES * scene.comes).ln();
        devices * (once + (scene.paces - 1.0).max(0.0) * (1.0 - COMES * scene.comes).ln())
    };
    let heard: f64 = scene.all.iter().filter(|due| due.at >= 0).map(|due| due.came).sum();
    let some =
        |devices: f64| if heard > 0.0 { nobody.max(ramps_with(scene, devices)) } else { nobody + unheard(devices) };
    match (scene.awake_devices, scene.usual_awake) {
        (Some(awake), _) => {
            if awake < 0.5 {
                return nobody;
            }
            let stay: f64 = scene.awake.iter().map(|due| likelihood(due, scene.comes, lost)).sum();
            let gone = gone(awake);
            sum_of_logs(&[gone.ln() + nobody, (1.0 - gone).ln() + ramps(scene.lids, lost) + stay])
        }
        (None, Some(usual)) if usual < 0.5 => nobody,
        (None, Some(usual)) => {
            let gone = gone(0.6 * usual);
            let each = ((1.0 - gone) / 3.0).ln();
            let stay = [0.5, 0.8, 1.1].map(|share| each + some((share * usual).min(0.9 * scene.devices)));
            sum_of_logs(&[gone.ln() + nobody, stay[0], stay[1], stay[2]])
        }
        (None, None) => {
            let gone = policy.lids_without_residual;
            let each = ((1.0 - gone) / 3.0).ln();
            let least = policy.least_residual_share * scene.devices;
            let stay = [1.0, 2.5, 6.0].map(|times| each + some(least * times));
            sum_of_logs(&[gone.ln() + nobody, stay[0], stay[1], stay[2]])
        }
    }
}

/// Log-likelihood of lids that close over some time, all of them.
fn ramps(dues: &[Due], lost: f64) -> f64 {
    ramps_down_to(dues, 0.0, lost)
}

/// The same where some devices stay.
fn ramps_with(scene: &Scene<'_>, devices: f64) -> f64 {
    ramps_down_to(scene.all, (devices / scene.devices.max(1.0)).min(0.9), lost(scene))
}

fn ramps_down_to(dues: &[Due], stay: f64, lost: f64) -> f64 {
    let mut each = Vec::with_capacity(LIDS.len() * 4);
    for (took, weight) in LIDS {
        for end in 0..4 {
            let open = |at: i64| stay + (1.0 - stay) * ((f64::from(end) - at as f64 - 0.5) / took).clamp(0.0, 1.0);
            let share = |due: &Due| open(due.at) / open(due.before).max(1e-6);
            let sum: f64 = dues.iter().map(|due| likelihood(due, share(due), lost)).sum();
            each.push(sum + weight.ln() - 4.0_f64.ln());
        }
    }
    sum_of_logs(&each)
}

/// Least log-likelihood of one bucket.
fn lost(scene: &Scene<'_>) -> f64 {
    if scene.rooms > 1 { LOST[1] } else { LOST[0] }
}

/// Log-likelihood that of those due so many come, if this share still does.
fn likelihood(due: &Due, share: f64, lost: f64) -> f64 {
    if due.even {
        let rate = (due.due * share).max(STRAY);
        return (due.came * rate.ln() - rate).max(lost);
    }
    let comes = (share * COMES).clamp(STRAY, COMES);
    (due.came * comes.ln() + (due.due - due.came).max(0.0) * (1.0 - comes).ln()).max(lost)
}

fn mean_of_logs<const N: usize>(logs: [f64; N]) -> f64 {
    sum_of_logs(&logs) - (N as f64).ln()
}

/// Finds for those due in each bucket who came in it, or else in the next or the one before.
pub(super) fn matched(mut due: Vec<Due>) -> Vec<Due> {
    let heard: Vec<f64> = due.iter().map(|due| due.came).collect();
    for due in due.iter_mut().filter(|due| !due.even) {
        due.came = due.came.min(due.due);
    }
    let mut left: Vec<f64> = due.iter().zip(&heard).map(|(due, heard)| heard - due.came).collect();
    for number in 0..due.len() {
        for other in [number.wrapping_sub(1), number + 1] {
            let near = due.get(other).is_some_and(|other| (other.at - due[number].at).abs() == 1 && !other.even);
            let Some(left) = left.get_mut(other).filter(|_| near) else { continue };
            let came = left.min(due[number].due - due[number].came);
            *left -= came;
            if due[number].at == 0 && other < number {
                // Who came early, just before the silence, is not missed in it.
                due[number].due -= came.min(EARLY * due[number].due);
            } else {
                due[number].came += came;
            }
        }
    }
    // Whoever is heard in the silence although nobody was due speaks against a cut.
    for (due, left) in due.iter_mut().zip(left).filter(|(due, _)| due.at >= 1 && !due.even) {
        due.due += left;
        due.came += left;
    }
    due
}
