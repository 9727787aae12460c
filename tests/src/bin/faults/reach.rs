//! Whom a fault meets: what nobody could notice is no scenario.
//!
//! A fault counts when in three of five of its schools at least eight devices, a third of a class, were about as it began, and
//! at least eight met it where it struck for three minutes of its time: devices of the access point for one that is off or
//! full (at two of them for a switch that feeds several), devices that opened their lids for a lack of addresses, devices of the school for the rest. A broken device counts
//! when it was in use for twenty-five of its broken minutes, about half a lesson. Only the drawn timetable is looked at, never
//! what was found.

use super::{
    fault::{Effect, Fault},
    schedule::Awake,
    town::Town,
};

/// Devices that make a fault noticeable, and for how long each has to meet it.
const DEVICES: usize = 8;
const DEVICES_S: f64 = 180.0;
/// For how long a single broken device has to be in use.
const DEVICE_S: f64 = 1_500.0;

/// Whether somebody could notice a fault. `awake` holds each school's devices, by number.
pub fn is_noticeable(fault: &Fault, town: &Town, awake: &[Vec<Awake>]) -> bool {
    let met = fault.schools.iter().filter(|school| is_met(fault, town, **school, &awake[**school])).count();
    met * 5 >= fault.schools.len() * 3
}

fn is_met(fault: &Fault, town: &Town, school: usize, awake: &[Awake]) -> bool {
    // Devices of pupils are numbered class by class; class n uses access point n.
    let classes = &town.schools[school].classes;
    let spots: Vec<usize> = classes.iter().enumerate().flat_map(|(spot, pupils)| vec![spot; *pupils]).collect();
    let at = |device: usize, wanted: &[usize]| spots.get(device).is_some_and(|spot| wanted.contains(spot));
    let about = |concerns: &dyn Fn(usize) -> bool| {
        let meets = |device: &usize| concerns(*device) && met_s(fault, &awake[*device]) >= DEVICES_S;
        (0..awake.len()).filter(meets).count() >= DEVICES
    };
    let begin = fault.begin();
    let at_begin = awake.iter().filter(|awake| awake.iter().any(|[opens, closes]| (*opens..*closes).contains(&begin)));
    if at_begin.count() < DEVICES {
        return false;
    }
    match &fault.effect {
        Effect::Device { device, .. } => met_s(fault, &awake[*device]) >= DEVICE_S,
        // Of a switch, at two of its access points.
        Effect::AccessPoints(wanted) => {
            let met = wanted.iter().filter(|wanted| about(&|device| at(device, &[**wanted]))).count();
            met >= wanted.len().min(2)
        }
        Effect::Overload(wanted) => about(&|device| at(device, &[*wanted])),
        Effect::Addresses => about(&|device| awake[device].iter().any(|[opens, _]| fault.is_active(*opens))),
        Effect::Core | Effect::Cut | Effect::Full | Effect::Names | Effect::Service(..) => about(&|_| true),
    }
}

/// Seconds for which a device is awake while the fault lasts.
fn met_s(fault: &Fault, awake: &Awake) -> f64 {
    let overlap = |[begin, end]: &[f64; 2], [from, to]: &[f64; 2]| (end.min(*to) - begin.max(*from)).max(0.0);
    let periods = fault.periods.iter();
    periods.map(|period| awake.iter().map(|awake| overlap(awake, period)).sum::<f64>()).sum()
}
