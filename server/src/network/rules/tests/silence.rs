//! Schools that fall silent.

use super::{super::*, ROOMS, TABLETS, World, at, name, region};

#[test]
fn one_silent_school_is_a_cut_line_within_a_minute_and_a_half() {
    let mut world = World::new(at(9, 10));
    world.cut(4, at(9, 20), at(9, 40));
    world.run(at(9, 22));
    assert_eq!(world.opened(), ["school_line/s4"]);
    let incident = world.announced()[0].clone();
    let opened = incident.opened_at.unwrap();
    assert!(opened <= Moment::from_seconds(at(9, 20) + 90), "{opened}");
    assert!((incident.started.at.0 / 1_000_000 - at(9, 20)).abs() <= 20, "{}", incident.started.at);
    assert_eq!(incident.verdict.mext_place, MextPlace::Line);
    assert!(incident.verdict.confidence < 0.9, "nothing tells the line from the school's own network yet");
    world.run(at(9, 46));
    assert_eq!(world.announced()[0].state, IncidentState::Closed);
}

#[test]
fn short_paces_tell_a_cut_as_well_as_long_ones_and_lids_too() {
    for pace_s in [10, 20, 30, 120] {
        let mut topology = region();
        topology.schools.iter_mut().for_each(|school| school.pace_s = pace_s);
        let mut world = World::of(topology, at(9, 0));
        for room in 0..3 {
            world.close_lids(2, room, at(9, 16) + 15 * room as i64, 40);
        }
        world.cut(4, at(9, 20), at(9, 40));
        world.run(at(9, 24));
        assert_eq!(world.opened(), ["school_line/s4"], "pace of {pace_s} s");
    }
}

#[test]
fn beat_of_a_probe_from_before_the_cut_does_not_make_it_recover() {
    let mut topology = region();
    topology.probes.push(Probe { id: "probe-s4".into(), school: "s4".into() });
    let mut world = World::of(topology, at(9, 10));
    world.cut(4, at(9, 20), at(9, 40));
    for beat in (at(9, 10)..at(9, 20)).step_by(10).map(|second| second + 7) {
        let (probe, moment) = (String::from("probe-s4"), Some(Moment::from_seconds(beat)));
        world.tell(beat, Observed::ProbeHeartbeat { probe, at: moment });
    }
    world.run(at(9, 25));
    let incident = world.announced()[0];
    assert!(incident.opened_at.unwrap() <= Moment::from_seconds(at(9, 20) + 40));
    let said: Vec<ChangeKind> = incident.timeline.iter().map(|entry| entry.change).collect();
    assert_eq!(said, [ChangeKind::Suspected, ChangeKind::Opened]);
}

#[test]
fn schools_behind_a_hub_that_fall_silent_together_are_one_incident_of_the_hub() {
    let mut world = World::new(at(9, 10));
    (0..3).for_each(|school| world.cut(school, at(9, 20), at(9, 38)));
    world.run(at(9, 45));
    assert_eq!(world.opened(), ["hub/hub"]);
    let incident = world.announced()[0];
    assert_eq!(incident.owners.len(), 1);
    assert_eq!(incident.owners[0].schools, ["s0", "s1", "s2"]);
    let minutes = incident.lesson_device_minutes / f64::from(incident.devices);
    assert!((9.8..10.4).contains(&minutes), "the lesson ends ten minutes after the cut: {minutes}");
}

#[test]
fn no_owner_sees_the_name_of_another_ones_school() {
    let mut world = World::new(at(9, 10));
    world.cut(4, at(9, 20), at(9, 40));
    world.run(at(9, 22));
    let incident = world.announced()[0];
    assert!(incident.for_owner("east").is_none());
    assert_eq!(incident.for_owner("west").unwrap().other_owners, 0);
}

#[test]
fn lids_that_close_room_by_room_are_no_incident() {
    let mut world = World::new(at(9, 10));
    for room in 0..3 {
        world.close_lids(4, room, at(9, 20) + 15 * room as i64, 40);
    }
    world.run(at(9, 50));
    assert_eq!(world.opened(), Vec::<String>::new());
}

#[test]
fn all_lids_that_close_at_the_bell_in_all_schools_are_no_incident() {
    let mut world = World::new(at(9, 10));
    for (school, room) in (0..6).flat_map(|school| (0..3).map(move |room| (school, room))) {
        world.close_lids(school, room, at(9, 28) + 10 * room as i64, 50);
    }
    world.run(at(9, 39));
    assert_eq!(world.opened(), Vec::<String>::new());
}

#[test]
fn a_line_that_flaps_alerts_once() {
    let mut world = World::new(at(9, 10));
    for cycle in 0..4 {
        world.cut(4, at(9, 20 + 4 * cycle), at(9, 22 + 4 * cycle));
    }
    world.run(at(9, 55));
    assert_eq!(world.opened(), ["school_line/s4"]);
    assert!(world.announced()[0].flaps >= 2, "{}", world.announced()[0].flaps);
}

#[test]
fn late_reports_turn_the_verdict_to_the_schools_own_network_without_a_second_alarm() {
    let mut world = World::new(at(9, 10));
    world.cut(4, at(9, 20), at(9, 30));
    for device in 0..20 {
        world.says(at(9, 30) + 5, at(9, 20) + device as i64, 4, device, &Target::Gateway, Outcome::Failed);
        world.says(at(9, 30) + 5, at(9, 30), 4, device, &Target::Gateway, Outcome::Ok);
    }
    world.run(at(9, 40));
    assert_eq!(world.opened(), ["school_line/s4"]);
    let incident = world.announced()[0];
    assert_eq!((name(incident).as_str(), incident.verdict.cause), ("school_lan/s4", Cause::Router));
    assert!(incident.verdict.confidence > 0.9);
    assert_eq!(incident.first_verdict.as_ref().unwrap().element.kind, ElementKind::SchoolLine);
    assert_eq!(incident.evidence.late_reports, [20, 0]);
    let off = incident.started.at.0 / 1_000_000 - at(9, 20);
    assert!((-10..=10).contains(&off), "late reports correct the start: {off} s off");
}

#[test]
fn announced_work_silences() {
    let mut world = World::new(at(9, 10));
    let (from, to) = (Moment::from_seconds(at(9, 15)), Moment::from_seconds(at(9, 45)));
    let element = Element::new(ElementKind::SchoolLine, "s4");
    world.tell(at(9, 11), Observed::PlannedWork { id: "work".into(), element, from, to });
    world.cut(4, at(9, 20), at(9, 40));
    world.run(at(9, 30));
    let incident = world.engine.incidents().find(|incident| incident.opened_at.is_some()).unwrap();
    assert_eq!(incident.silenced_by.as_deref(), Some("work"));
    assert!(!incident.is_announced());
}

#[test]
fn what_servers_could_not_hear_is_no_silence() {
    let mut world = World::new(at(9, 10));
    world.stalled = Some([at(9, 20), at(9, 25)]);
    let (from, to) = (Moment::from_seconds(at(9, 20)), Moment::from_seconds(at(9, 25)));
    world.tell(at(9, 25) + 1, Observed::ServerGap { from, to });
    world.run(at(9, 35));
    assert_eq!(world.opened(), Vec::<String>::new());
}

/// A server that hung judges afterwards, ten seconds after ten seconds, what it could not hear.
#[test]
fn probes_that_servers_could_not_hear_are_not_silent() {
    let mut world = World::new(at(9, 10));
    let probe = |number: usize| Probe { id: format!("p{number}"), school: format!("s{number}") };
    let topology = Topology { probes: [3, 5].map(probe).into(), ..region() };
    world.engine = Engine::new(topology, Policy::default());
    let (from, to) = (at(9, 20), at(9, 26));
    for second in (at(9, 10)..at(9, 35)).step_by(10).filter(|second| !(from..to).contains(second)) {
        for number in [3, 5] {
            let at = Some(Moment::from_seconds(second));
            world.tell(second, Observed::ProbeHeartbeat { probe: format!("p{number}"), at });
        }
    }
    for school in 0..6 {
        // Only the teachers' devices are awake, so that ten seconds without anybody are nothing.
        world.silent.extend((0..ROOMS * TABLETS).map(|device| (school, device, at(9, 0), i64::MAX)));
        world.cut(school, from, to);
    }
    let gap = Observed::ServerGap { from: Moment::from_seconds(from), to: Moment::from_seconds(to) };
    world.tell(from, gap);
    world.run(at(9, 35));
    assert_eq!(world.opened(), Vec::<String>::new());
}

#[test]
fn a_school_that_never_arrives_while_its_owners_others_do_is_cut_off() {
    let mut world = World::new(at(7, 0));
    world.cut(4, at(0, 0), at(9, 30));
    for school in [0, 1, 2, 3, 5] {
        world.cut(school, at(0, 0), at(8, 30));
    }
    world.run(at(9, 5));
    assert_eq!(world.opened(), ["school_line/s4"]);
    assert!(world.announced()[0].opened_at.unwrap() >= Moment::from_seconds(at(8, 45)), "not before the first lesson");
}

#[test]
fn schools_of_an_owner_that_stay_closed_are_no_incident() {
    let mut world = World::new(at(7, 0));
    (0..3).for_each(|school| world.cut(school, at(0, 0), at(23, 0)));
    (3..6).for_each(|school| world.cut(school, at(0, 0), at(8, 30)));
    world.run(at(10, 30));
    assert_eq!(world.opened(), Vec::<String>::new());
}

#[test]
fn devices_that_leave_after_school_are_no_incident() {
    let mut world = World::new(at(15, 40));
    (0..6).for_each(|school| world.cut(school, at(15, 50) + 60 * school as i64, at(23, 0)));
    world.run(at(16, 30));
    assert_eq!(world.opened(), Vec::<String>::new());
}

#[test]
fn a_silence_in_a_break_is_a_cut_once_nobody_comes_to_the_next_lessons() {
    let mut world = World::new(at(9, 10));
    for (school, room) in (0..6).flat_map(|school| (0..3).map(move |room| (school, room))) {
        world.close_lids(school, room, at(9, 28) + 10 * room as i64, 50);
    }
    // Lids open again in the next lesson, but behind the hub.
    for silence in &mut world.silent {
        silence.3 = at(9, 41);
    }
    (0..3).for_each(|school| world.cut(school, at(9, 33), at(10, 0)));
    world.run(at(9, 58));
    assert!(world.opened().iter().any(|opened| opened == "hub/hub"), "{:?}", world.opened());
}

#[test]
fn a_state_that_is_written_and_read_back_goes_on_identically() {
    for stop in [at(9, 15), at(9, 20) + 30, at(9, 24), at(9, 31)] {
        let play = |restart: bool| {
            let mut world = World::new(at(9, 10));
            world.cut(4, at(9, 20), at(9, 30));
            world.close_lids(1, 0, at(9, 22), 40);
            for device in 0..6 {
                world.says(at(9, 30) + 9, at(9, 20) + 3, 4, device, &Target::Dns, Outcome::Failed);
                world.says(at(9, 18), at(9, 18), 2, device, &Target::Service("drill".into()), Outcome::Failed);
            }
            world.run(stop);
            if restart {
                let written = serde_json::to_string(&world.engine).unwrap();
                world.engine = serde_json::from_str(&written).unwrap();
            }
            world.run(at(9, 45));
            (world.changes, world.engine)
        };
        let ((told, state), (told_again, state_again)) = (play(false), play(true));
        assert!(!told.is_empty());
        assert_eq!(told, told_again, "stopped at {stop}");
        assert!(state == state_again, "stopped at {stop}");
    }
}
