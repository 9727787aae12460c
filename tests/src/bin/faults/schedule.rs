//! Who opens a lid when: lessons, and what is no fault although devices go.

use super::{
    draw::Draw,
    fault::Class,
    town::{LESSONS, Town},
};

/// Periods in which one device is awake, seconds of the day, in order.
pub type Awake = Vec<[f64; 2]>;

/// What the day is like.
#[derive(Debug, Clone)]
pub struct DayPlan {
    pub class: Class,
    /// The simulated part of the day, seconds.
    pub from: f64,
    pub to: f64,
    /// When the scenario's event happens.
    pub event: f64,
    /// Schools that it happens to.
    pub schools: Vec<usize>,
}

/// Draws the waking periods of all devices, school by school: classes first, teachers after.
pub fn draw_schedule(town: &Town, plan: &DayPlan, draw: &mut Draw) -> Vec<Vec<Awake>> {
    let mut all = Vec::new();
    for (number, school) in town.schools.iter().enumerate() {
        let hit = plan.schools.contains(&number);
        let mut devices = Vec::new();
        let trip = hit && plan.class == Class::Trip;
        let empty = matches!(plan.class, Class::Night | Class::Holiday) || (hit && plan.class == Class::Snow);
        let sports = hit && plan.class == Class::SportsDay;
        for (class, pupils) in school.classes.iter().enumerate() {
            let away = empty || sports || (trip && class % 3 == plan.schools[0] % 3);
            let mut periods = Vec::new();
            for [begin, end] in LESSONS {
                if draw.chance(0.62) {
                    let opens = begin as f64 * 60.0 + draw.between(20.0, 240.0);
                    let closes = end as f64 * 60.0 - draw.between(0.0, 240.0);
                    // One lesson in four uses them for a part only.
                    let closes = if draw.chance(0.25) { draw.between(opens + 600.0, closes) } else { closes };
                    periods.push([opens, closes]);
                }
            }
            for _ in 0..*pupils {
                let mut awake: Awake = Vec::new();
                let here = !away && draw.chance(0.95);
                for [opens, closes] in &periods {
                    if here && draw.chance(0.93) {
                        awake.push([opens + draw.exponential(15.0), closes + draw.between(-25.0, 25.0)]);
                    }
                }
                devices.push(awake);
            }
        }
        for _ in 0..school.teachers {
            let mut awake: Awake = Vec::new();
            let here = match plan.class {
                Class::Night => false,
                Class::Holiday => draw.chance(0.1),
                Class::Snow if hit => number % 10 != 0 && draw.chance(0.7),
                _ => draw.chance(0.95),
            };
            if here {
                let (mut at, leave) = (draw.between(27_000.0, 30_000.0), draw.between(59_000.0, 66_000.0));
                while at < leave {
                    let until = at + draw.exponential(14_000.0);
                    awake.push([at, until.min(leave)]);
                    at = until + draw.between(300.0, 2_400.0);
                }
            }
            devices.push(awake);
        }
        if hit {
            disturb(plan, school.classes.as_slice(), &mut devices, draw);
        }
        for awake in &mut devices {
            awake.retain(|[begin, end]| end > begin);
        }
        all.push(devices);
    }
    all
}

fn disturb(plan: &DayPlan, classes: &[usize], devices: &mut [Awake], draw: &mut Draw) {
    match plan.class {
        Class::LidsClosed => {
            let until = plan.event + draw.between(1_500.0, 2_700.0);
            let mut first = 0;
            for pupils in classes {
                // Each room is told at its own moment and takes its own time.
                let told = plan.event + draw.between(0.0, 60.0);
                let takes = draw.between(20.0, 90.0);
                for awake in &mut devices[first..first + pupils] {
                    cut_out(awake, told + draw.between(0.0, takes), until + draw.between(0.0, 120.0));
                }
                first += pupils;
            }
        }
        Class::OsUpdate => {
            let spread = draw.between(120.0, 1_200.0);
            for awake in devices {
                if draw.chance(0.15) {
                    continue;
                }
                let begin = plan.event + draw.between(0.0, spread);
                cut_out(awake, begin, begin + draw.between(120.0, 400.0));
            }
        }
        _ => {}
    }
}

/// Takes a period out of the waking time.
fn cut_out(awake: &mut Awake, from: f64, to: f64) {
    let mut rest = Vec::new();
    for [begin, end] in awake.drain(..) {
        if begin < from {
            rest.push([begin, end.min(from)]);
        }
        if end > to {
            rest.push([begin.max(to), end]);
        }
    }
    *awake = rest;
}
