//! From a seed to scenarios, and from what the engine said to what is counted.

use gigafleet::network::rules::{Change, ChangeKind, Element, ElementKind, Incident, Moment};

use super::{
    day::{MIDNIGHT, Outcomes, play},
    draw::Draw,
    fault::{Class, Effect, Fault, draw_fault},
    schedule::DayPlan,
    town::{HOURS, LESSONS, Town, draw_town},
};

/// Seconds after the last fault for which the day goes on, so that recovery and late reports are seen.
const AFTERWARDS: f64 = 1_500.0;

/// What became of one fault.
#[derive(Debug, Clone)]
pub struct Judged {
    pub class: Class,
    /// The kind of the true element.
    pub kind: ElementKind,
    /// There was a probe in all schools of the fault, or in none of them.
    pub probe: Option<bool>,
    pub found: bool,
    /// The element at the first opening was right; at the end it was.
    pub right_first: bool,
    pub right: bool,
    pub right_place: bool,
    /// From the fault's begin to the opening, seconds; none overnight.
    pub detect_s: Option<f64>,
    /// How far the start that stands at the end is off, seconds.
    pub start_off_s: Option<f64>,
    /// What happened and what was said of it, for one that is wrong.
    pub story: Vec<String>,
}

/// What became of one scenario.
#[derive(Debug, Clone, Default)]
pub struct Scenario {
    pub class: Option<Class>,
    pub judged: Vec<Judged>,
    /// Alarms that belong to no fault, or to one that had its alarm.
    pub wrong_alarms: Vec<String>,
    /// School-days that were simulated, in parts of the day between the first and last minute of school.
    pub school_days: f64,
    /// Confidence at the end and whether the verdict was right; the same at opening.
    pub calibration: Vec<(f64, bool)>,
    pub calibration_first: Vec<(f64, bool)>,
    pub events: u64,
}

/// Plays one scenario of a class, with devices that check in once per `pace_s` seconds.
pub fn play_scenario(seed: u64, class: Class, pace_s: u32) -> Scenario {
    let mut draw = Draw::new(seed.wrapping_mul(1_000_003).wrapping_add(class as u64));
    for _ in 0..20 {
        let town = draw_town(&mut draw, pace_s);
        let Some((plan, faults)) = draw_plan(class, &town, &mut draw) else { continue };
        let mut play_draw = draw.clone();
        let Some(outcomes) = play(&town, &plan, &faults, &mut play_draw) else {
            draw.unit();
            continue;
        };
        return judge(class, &town, &plan, &faults, outcomes);
    }
    Scenario::default()
}

fn draw_plan(class: Class, town: &Town, draw: &mut Draw) -> Option<(DayPlan, Vec<Fault>)> {
    let all: Vec<usize> = (0..town.schools.len()).collect();
    let one = vec![draw.below(all.len())];
    let owner = &town.topology.owners[draw.below(town.topology.owners.len())].id;
    let owner = town.schools_with(|school| school.owner == *owner);
    let event = draw.between(32_400.0, 53_400.0);
    let quiet = |from: f64, to: f64, event: f64, schools: Vec<usize>| {
        Some((DayPlan { class, from, to, event, schools }, Vec::new()))
    };
    match class {
        Class::Night => quiet(3_600.0, 10_800.0, 5_000.0, all),
        Class::Holiday => quiet(30_000.0, 41_000.0, 32_000.0, all),
        Class::Snow => quiet(27_000.0, 39_000.0, 30_000.0, owner),
        Class::Trip | Class::SportsDay => quiet(27_000.0, 41_000.0, 30_000.0, one),
        Class::LidsClosed => {
            let lesson = LESSONS[draw.below(6)][0] as f64 * 60.0;
            let event = lesson + draw.between(420.0, 1_200.0);
            quiet(event - 1_800.0, event + 3_600.0, event, one)
        }
        Class::OsUpdate => quiet(event - 1_800.0, event + 3_600.0, event, one),
        Class::OwnServers => quiet(event - 1_800.0, event + 1_800.0, event, all),
        Class::ProbeUnplugged => {
            let probed: Vec<usize> = all.into_iter().filter(|school| town.schools[*school].probe).collect();
            if probed.is_empty() {
                return None;
            }
            quiet(event - 1_800.0, event + 2_400.0, event, vec![probed[draw.below(probed.len())]])
        }
        Class::QuietDay => quiet(27_000.0, 64_800.0, 27_000.0, Vec::new()),
        Class::Two => {
            let mixed = [
                Class::LineCut,
                Class::SchoolLan,
                Class::Hub,
                Class::Isp,
                Class::Dns,
                Class::Filter,
                Class::Service,
                Class::Identity,
                Class::AccessPoint,
            ];
            let first = draw_fault(mixed[draw.below(mixed.len())], town, event, draw, &[])?;
            // A service that fails everywhere leaves every school to the other fault.
            let avoid = if first.schools.len() == town.schools.len() { Vec::new() } else { first.schools.clone() };
            let begin = event + draw.between(0.0, 300.0);
            let second = draw_fault(mixed[draw.below(mixed.len())], town, begin, draw, &avoid)?;
            // Two faults that make the same service fail at the same time are one trouble to everybody.
            if let (Effect::Service(one, _), Effect::Service(other, _)) = (&first.effect, &second.effect)
                && one == other
            {
                return None;
            }
            if first.element == second.element || (first.element.kind == second.element.kind && avoid.is_empty()) {
                return None;
            }
            let to = first.end().max(second.end()) + AFTERWARDS;
            let schools = first.schools.clone();
            Some((DayPlan { class, from: event - 1_800.0, to, event, schools }, vec![first, second]))
        }
        Class::LineCut if draw.chance(0.1) => {
            // Overnight: nobody saw it begin.
            let mut fault = draw_fault(class, town, 10_000.0, draw, &[])?;
            fault.periods = vec![[10_000.0, 35_000.0]];
            let plan = DayPlan { class, from: 9_000.0, to: 36_600.0, event: 10_000.0, schools: fault.schools.clone() };
            Some((plan, vec![fault]))
        }
        Class::Congestion => {
            let begin = LESSONS[0][0] as f64 * 60.0 + draw.between(120.0, 600.0);
            let fault = draw_fault(class, town, begin, draw, &[])?;
            let plan = DayPlan {
                class,
                from: begin - 1_500.0,
                to: fault.end() + AFTERWARDS,
                event: begin,
                schools: fault.schools.clone(),
            };
            Some((plan, vec![fault]))
        }
        Class::Device
        | Class::AccessPoint
        | Class::AccessPointOverload
        | Class::SchoolLan
        | Class::Dhcp
        | Class::LineCut
        | Class::Hub
        | Class::Isp
        | Class::Dns
        | Class::Filter
        | Class::Service
        | Class::Identity
        | Class::Flapping => {
            let fault = draw_fault(class, town, event, draw, &[])?;
            let to = fault.end() + AFTERWARDS;
            let plan = DayPlan { class, from: event - 1_800.0, to, event, schools: fault.schools.clone() };
            Some((plan, vec![fault]))
        }
    }
}

/// An alarm: the incident at its opening and at the end.
struct Alarm {
    opened: Incident,
    last: Incident,
}

fn alarms(changes: &[Change]) -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = Vec::new();
    for change in changes {
        if change.change == ChangeKind::Opened {
            let incident = (*change.incident).clone();
            alarms.push(Alarm { opened: incident.clone(), last: incident });
        } else if let Some(alarm) = alarms.iter_mut().find(|alarm| alarm.last.id == change.incident.id) {
            alarm.last = (*change.incident).clone();
        }
    }
    alarms
}

fn second_of(moment: Moment) -> f64 {
    moment.0 as f64 / 1e6 - MIDNIGHT as f64
}

fn judge(class: Class, town: &Town, plan: &DayPlan, faults: &[Fault], outcomes: Outcomes) -> Scenario {
    let hours = (plan.to.min(HOURS[1] as f64 * 60.0) - plan.from.max(HOURS[0] as f64 * 60.0)).max(0.0);
    let length = (HOURS[1] - HOURS[0]) as f64 * 60.0;
    let mut scenario = Scenario {
        class: Some(class),
        school_days: town.schools.len() as f64 * hours / length,
        events: outcomes.events,
        ..Scenario::default()
    };
    let mut alarms: Vec<Option<Alarm>> = alarms(&outcomes.changes).into_iter().map(Some).collect();
    for fault in faults {
        let ids: Vec<&str> = fault.schools.iter().map(|s| town.topology.schools[*s].id.as_str()).collect();
        let touches = |incident: &Incident| {
            let mut schools = incident.owners.iter().flat_map(|share| &share.schools);
            let opened = incident.opened_at.map_or(0.0, second_of);
            schools.any(|school| ids.contains(&school.as_str()))
                && opened >= fault.begin()
                && opened < fault.end() + AFTERWARDS
        };
        let is = |incident: &Incident, element: &Element| incident.verdict.element == *element;
        let alone = |alarm: &&Alarm| alarm.last.merged_into.is_none();
        let first = alarms.iter().flatten().filter(|alarm| alone(alarm)).find(|alarm| touches(&alarm.opened));
        let right_first = first.is_some_and(|alarm| is(&alarm.opened, &fault.element));
        // The alarm of this fault: the one with the right element, or else the first that another fault has no claim to.
        let position = alarms
            .iter()
            .position(|a| a.as_ref().is_some_and(|a| alone(&a) && touches(&a.opened) && is(&a.last, &fault.element)))
            .or_else(|| {
                let claimed = |a: &Alarm| faults.iter().any(|other| is(&a.last, &other.element));
                alarms.iter().position(|a| a.as_ref().is_some_and(|a| alone(&a) && touches(&a.opened) && !claimed(a)))
            });
        let alarm = position.and_then(|position| alarms[position].take());
        let probes = fault.schools.iter().filter(|school| town.schools[**school].probe).count();
        let right = alarm.as_ref().is_some_and(|alarm| is(&alarm.last, &fault.element));
        if let Some(alarm) = &alarm {
            scenario.calibration.push((alarm.last.verdict.confidence, right));
            let first_right = is(&alarm.opened, &fault.element);
            scenario.calibration_first.push((alarm.opened.verdict.confidence, first_right));
        }
        let opened = alarm.as_ref().and_then(|alarm| alarm.last.opened_at).map(second_of);
        scenario.judged.push(Judged {
            class,
            kind: fault.element.kind,
            probe: if probes == 0 { Some(false) } else { (probes == fault.schools.len()).then_some(true) },
            found: alarm.is_some(),
            right_first,
            right,
            right_place: alarm.as_ref().is_some_and(|alarm| alarm.last.verdict.mext_place == fault.place),
            detect_s: opened.filter(|_| fault.begin() > 28_800.0).map(|opened| opened - fault.begin()),
            start_off_s: alarm.as_ref().map(|alarm| second_of(alarm.last.started.at) - fault.begin()),
            story: if right { Vec::new() } else { tell_story(fault, &ids, &outcomes.changes) },
        });
    }
    for alarm in alarms.into_iter().flatten() {
        scenario.calibration.push((alarm.last.verdict.confidence, false));
        scenario.calibration_first.push((alarm.opened.verdict.confidence, false));
        let element = &alarm.last.verdict.element;
        let merged = if alarm.last.merged_into.is_some() { " (merged later)" } else { "" };
        let at = clock(alarm.last.opened_at.map_or(0.0, second_of));
        scenario.wrong_alarms.push(format!(
            "{}/{} {:?} at {at}{merged}, {:?}, log odds {:.1}, {} devices in {} schools, missing {}",
            element.kind.name(),
            element.id,
            alarm.last.verdict.cause,
            alarm.opened.evidence.witness,
            alarm.opened.evidence.log_odds,
            alarm.opened.devices,
            alarm.opened.owners.iter().map(|owner| owner.schools.len()).sum::<usize>(),
            alarm.opened.evidence.affected.failing,
        ));
    }
    scenario
}

/// What a fault was, and what was said of its schools while it lasted.
fn tell_story(fault: &Fault, schools: &[&str], changes: &[Change]) -> Vec<String> {
    let element = &fault.element;
    let periods: Vec<String> =
        fault.periods.iter().map(|[from, to]| format!("{}–{}", clock(*from), clock(*to))).collect();
    let name = format!("{}/{} {:?}", element.kind.name(), element.id, fault.effect);
    let mut story = vec![format!("{name} {}, {} schools", periods.join(" "), schools.len())];
    for change in changes {
        let incident = &change.incident;
        let at = second_of(change.at);
        let mut named = incident.owners.iter().flat_map(|share| &share.schools);
        if at < fault.begin() || at > fault.end() + AFTERWARDS || !named.any(|name| schools.contains(&name.as_str())) {
            continue;
        }
        let verdict = &incident.verdict;
        story.push(format!(
            "{} {:?} {}/{} {:?}, log odds {:.1}, confidence {:.2}, late {:?}",
            clock(at),
            change.change,
            verdict.element.kind.name(),
            verdict.element.id,
            verdict.cause,
            incident.evidence.log_odds,
            verdict.confidence,
            incident.evidence.late_reports,
        ));
    }
    story
}

fn clock(second: f64) -> String {
    let second = second as i64;
    format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}
