//! Devices that are heard and say what does not work.

use super::{super::*, DEVICES, TABLETS, World, at, name};

/// Devices of a school say that a target fails from one second on, and every five minutes again, up to another.
fn fail(world: &mut World, school: usize, devices: &[usize], target: &Target, error: ErrorKind, [from, to]: [i64; 2]) {
    for device in devices {
        let mut told = from + (*device as i64 * 17).rem_euclid(60);
        while told < to {
            world.says_why(told, told, school, *device, target, Outcome::Failed, Some(error));
            told += 305;
        }
        let over = to + (*device as i64 * 13).rem_euclid(60);
        world.says(over, over, school, *device, target, Outcome::Ok);
    }
}

fn all() -> Vec<usize> {
    (0..DEVICES).collect()
}

fn drill() -> Target {
    Target::Service("drill".into())
}

#[test]
fn a_service_that_fails_in_all_schools_is_the_service() {
    let mut world = World::new(at(9, 0));
    let period = [at(9, 10), at(9, 25)];
    (0..6).for_each(|school| fail(&mut world, school, &all(), &drill(), ErrorKind::Unavailable, period));
    world.run(at(9, 45));
    assert_eq!(world.opened(), ["service/drill"]);
    assert_eq!(world.announced()[0].verdict.mext_place, MextPlace::Service);
}

#[test]
fn a_service_that_is_refused_behind_one_filter_is_the_filter() {
    let mut world = World::new(at(9, 0));
    let period = [at(9, 10), at(9, 25)];
    (0..3).for_each(|school| fail(&mut world, school, &all(), &drill(), ErrorKind::Blocked, period));
    world.run(at(9, 45));
    assert_eq!(world.opened(), ["filter/filter-east"]);
    assert_eq!(world.announced()[0].verdict.mext_place, MextPlace::Equipment);
}

#[test]
fn signing_in_that_fails_is_the_identity_provider() {
    let mut world = World::new(at(9, 0));
    let (period, login) = ([at(9, 10), at(9, 25)], Target::Service("login".into()));
    (0..6).for_each(|school| fail(&mut world, school, &all(), &login, ErrorKind::Timeout, period));
    world.run(at(9, 45));
    assert_eq!(world.opened(), ["identity_provider/login"]);
}

#[test]
fn names_that_fail_behind_one_resolver_are_the_resolver() {
    let mut world = World::new(at(9, 0));
    let period = [at(9, 10), at(9, 25)];
    (3..6).for_each(|school| fail(&mut world, school, &all(), &Target::Dns, ErrorKind::NoAnswer, period));
    world.run(at(9, 45));
    assert_eq!(world.opened(), ["dns/dns-west"]);
}

#[test]
fn a_line_that_is_so_full_that_names_are_lost_is_the_line_and_not_the_resolver() {
    let mut world = World::new(at(9, 0));
    for device in all() {
        for told in [at(9, 10), at(9, 15)].map(|told| told + (device as i64 * 17).rem_euclid(60)) {
            if device % 3 != 0 {
                world.says_why(told, told, 4, device, &Target::Dns, Outcome::Failed, Some(ErrorKind::Timeout));
            }
            world.says(told, told, 4, device, &Target::Server, Outcome::Slow);
            world.says(told, told, 4, device, &drill(), Outcome::Slow);
        }
    }
    world.run(at(9, 20));
    assert_eq!(world.opened(), ["school_line/s4"]);
    assert_eq!(world.announced()[0].verdict.cause, Cause::LineCongestion);
}

#[test]
fn a_device_that_slept_through_the_end_of_a_shared_trouble_is_not_broken() {
    let mut world = World::new(at(9, 0));
    let period = [at(9, 0) + 30, at(9, 40)];
    (0..6).for_each(|school| fail(&mut world, school, &all(), &drill(), ErrorKind::Unavailable, period));
    // One goes on to say so for a quarter of an hour.
    for told in [at(9, 42), at(9, 47), at(9, 52)] {
        world.says(told, told, 5, 7, &drill(), Outcome::Failed);
    }
    world.run(at(10, 10));
    assert_eq!(world.opened(), ["service/drill"]);
}

#[test]
fn one_device_that_keeps_failing_among_well_ones_is_a_device() {
    let mut world = World::new(at(9, 0));
    fail(&mut world, 4, &[7], &Target::Dns, ErrorKind::NoAnswer, [at(9, 5), at(9, 50)]);
    world.run(at(9, 25));
    assert_eq!(world.opened(), Vec::<String>::new(), "troubles of some minutes pass by themselves");
    world.run(at(9, 45));
    assert_eq!(world.opened(), ["device/s4/d7"]);
}

#[test]
fn a_device_that_is_at_home_is_nobodys_incident() {
    let mut world = World::new(at(9, 0));
    fail(&mut world, 4, &[7], &Target::Dns, ErrorKind::NoAnswer, [at(9, 5), at(9, 20)]);
    for told in [at(9, 18), at(9, 25), at(9, 40)] {
        let what = Observed::Transition {
            at: None,
            device: "d7".into(),
            school: Some("s4".into()),
            place: Place::Home,
            access_point: None,
            target: Target::Dns,
            outcome: Outcome::Failed,
            error: None,
        };
        world.tell(told, what);
    }
    world.run(at(9, 55));
    assert_eq!(world.opened(), Vec::<String>::new());
}

/// A room's tablets lose their access point; half of them roam and say so from a neighbour's.
fn lose_access_point(world: &mut World, room: usize, from: i64, to: i64) {
    for device in room * TABLETS..(room + 1) * TABLETS {
        world.silent.push((4, device, from, to));
        if device % 2 == 0 {
            let told = from + 10 + (device as i64 * 7).rem_euclid(50);
            world.says(told, told - 8, 4, device, &Target::Link, Outcome::Failed);
            world.says(told, told - 2, 4, device, &Target::Link, Outcome::Ok);
        }
    }
}

#[test]
fn an_access_point_that_all_its_devices_lose_is_the_access_point() {
    let mut world = World::new(at(9, 0));
    lose_access_point(&mut world, 1, at(9, 10), at(9, 40));
    world.run(at(9, 20));
    assert_eq!(world.opened(), ["access_point/s4/ap-1"]);
    assert_eq!(world.announced()[0].verdict.cause, Cause::AccessPointCoverage);
}

#[test]
fn a_second_access_point_that_is_lost_while_the_first_still_is_turns_the_verdict_to_the_switch() {
    let mut world = World::new(at(9, 0));
    lose_access_point(&mut world, 1, at(9, 10), at(9, 40));
    lose_access_point(&mut world, 2, at(9, 20), at(9, 40));
    world.run(at(9, 30));
    assert_eq!(world.opened(), ["access_point/s4/ap-1"], "alerted once");
    let incident = world.announced()[0];
    assert_eq!((name(incident).as_str(), incident.verdict.cause), ("school_lan/s4", Cause::Switch));
}

#[test]
fn devices_that_wait_long_for_an_address_are_out_of_addresses() {
    let mut world = World::new(at(9, 0));
    for device in 0..6 {
        let told = at(9, 15) + 20 * device as i64;
        world.says(told, told - 240, 4, device, &Target::Address, Outcome::Failed);
        world.says(told, told, 4, device, &Target::Address, Outcome::Ok);
    }
    world.run(at(9, 25));
    assert_eq!(world.opened(), ["school_lan/s4"]);
    assert_eq!(world.announced()[0].verdict.cause, Cause::DhcpExhaustion);
}

#[test]
fn three_devices_that_get_an_address_after_some_seconds_are_nothing() {
    let mut world = World::new(at(9, 0));
    for device in 0..3 {
        let told = at(9, 15) + 60 * device as i64;
        world.says(told, told - 30, 4, device, &Target::Address, Outcome::Failed);
        world.says(told, told, 4, device, &Target::Address, Outcome::Ok);
    }
    world.run(at(9, 25));
    assert_eq!(world.opened(), Vec::<String>::new());
}

#[test]
fn names_that_fail_again_on_a_full_line_are_the_full_line() {
    let mut world = World::new(at(9, 0));
    let (broken, full) = ([at(9, 10), at(9, 13)], [at(9, 22), at(9, 33)]);
    (0..3).for_each(|school| fail(&mut world, school, &all(), &Target::Dns, ErrorKind::NoAnswer, broken));
    world.run(at(9, 21));
    let states = |world: &World| world.announced().iter().map(|i| (name(i), i.state)).collect::<Vec<_>>();
    assert_eq!(states(&world), [(String::from("dns/dns-east"), IncidentState::Closed)]);
    for (school, device) in (0..3).flat_map(|school| (0..24).map(move |device| (school, device))) {
        for target in [Target::Server, drill()] {
            let told = full[0] + (device as i64 * 17).rem_euclid(60);
            world.says(told, told, school, device, &target, Outcome::Slow);
            world.says(full[1] + told % 60, full[1], school, device, &target, Outcome::Ok);
        }
    }
    let lost: Vec<usize> = (24..DEVICES).collect();
    for school in 0..3 {
        fail(&mut world, school, &lost, &Target::Dns, ErrorKind::NoAnswer, [at(9, 26), at(9, 33)]);
    }
    world.run(at(9, 32));
    let lasts = [("dns/dns-east", IncidentState::Closed), ("hub/hub", IncidentState::Open)];
    assert_eq!(states(&world), lasts.map(|(name, state)| (String::from(name), state)));
}
