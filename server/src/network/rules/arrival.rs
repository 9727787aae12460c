//! Devices that were expected in the morning and never came.
//!
//! A line that was cut overnight looks like a school that stays closed. What tells them apart: a probe, devices of teachers
//! who come anyway, and the other schools of the owner, since most closings are an owner's.

/// What is known when nothing was heard since midnight although there should be school.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Morning {
    /// The probe was heard yesterday and is not heard now; `Some(false)` if it is heard.
    pub(super) probe_silent: Option<bool>,
    /// Devices that do not sleep and usually come; `None` if not known.
    pub(super) usual_awake: Option<f64>,
    /// Other schools of the owner: how many have arrived, of how many.
    pub(super) others: [u32; 2],
    /// Pupils of other owners' schools have arrived.
    pub(super) elsewhere: bool,
}

/// Log-likelihood of a cut against a closing that nobody announced.
pub(super) fn weigh(morning: Morning) -> f64 {
    if !morning.elsewhere && morning.others[0] == 0 {
        return 0.0;
    }
    let probe = match morning.probe_silent {
        Some(true) => 12.0,
        Some(false) => return -20.0,
        None => 0.0,
    };
    let awake = match morning.usual_awake {
        Some(usual) if usual >= 2.0 => 5.0,
        // Lids that stay closed for a lesson or a day are nothing rare.
        Some(_) | None => -6.0,
    };
    let [arrived, of] = morning.others;
    let others = if of == 0 {
        0.0
    } else if arrived * 10 >= of * 6 {
        5.0
    } else if arrived * 10 <= of * 3 {
        // An owner closes its schools together: many that are missing are no better evidence than one.
        -12.0
    } else {
        0.0
    };
    8.0 + probe + awake + others
}
