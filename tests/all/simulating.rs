//! `gigafleet simulate` as it is typed: a school day in virtual time, from the agents' engines to the judge's incidents.

use gigafleet_tests::process::{Ran, gigafleet};
use serde_json::Value;

fn simulate(more: &[&str]) -> Ran {
    gigafleet(&[&["simulate"][..], more].concat())
}

/// Plays a day with 120 devices; nothing may be lost or counted twice in any.
fn day(scenario: &str) -> Value {
    let ran = simulate(&["--devices", "120", "--scenario", scenario, "--seed", "7", "--json"]);
    assert!(ran.is_good(), "{scenario}: {}", ran.remarks);
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((&report["lost"], &report["counted_twice"]), (&Value::from(0), &Value::from(0)), "{report:#}");
    let count = |name: &str| report[name].as_u64().expect("a count");
    assert!(count("checkins_stored") > 10_000, "{report:#}");
    assert_eq!(count("checkins_stored"), count("checkins_arrived"), "{report:#}");
    report
}

#[test]
fn cut_line_of_a_school_is_found_in_a_simulated_day_and_nothing_else() {
    let report = day("school-line-cut");
    assert_eq!(report["found"], true, "{report:#}");
    assert_eq!(report["wrong_incidents"], 0, "{report:#}");
    let incidents = report["incidents"].as_array().expect("a list");
    let [incident] = incidents.as_slice() else { panic!("one cut is one incident: {report:#}") };
    assert_eq!((&incident["element_kind"], &incident["cause"]), (&"school_line".into(), &"line_cut".into()));
    // (2) of the ministry's four places: the line.
    assert_eq!(incident["mext_place"], 2);
    assert_eq!(incident["element_name"], report["injected"]["element_name"]);
    assert_eq!(incident["schools"], Value::from(vec![report["injected"]["element_name"].clone()]));
    assert_eq!(incident["state"], "closed");
    let seconds = |name: &str| incident[name].as_i64().expect("seconds");
    assert!((0..=120).contains(&seconds("opened_after_seconds")), "{incident:#}");
    // An end is certain three minutes after it.
    assert!((0..=600).contains(&seconds("closed_after_seconds")), "{incident:#}");
}

#[test]
fn access_point_that_dies_is_found_by_where_its_devices_were() {
    let report = day("access-point-down");
    assert_eq!((&report["found"], &report["wrong_incidents"]), (&true.into(), &0.into()), "{report:#}");
    assert_eq!(report["incidents"][0]["element_name"], report["injected"]["element_name"], "{report:#}");
}

#[test]
fn quiet_day_has_no_incident() {
    let report = day("quiet");
    assert_eq!(report["incidents"], Value::Array(Vec::new()), "{report:#}");
    assert!(report.get("found").is_none() && report.get("injected").is_none(), "{report:#}");
}

#[test]
fn what_cannot_be_simulated_is_named() {
    for (wrong, expected) in [
        (["--devices", "120", "--scenario", "flood"], "late-uploads"),
        (["--devices", "3", "--scenario", "quiet"], "40..=50000"),
        (["--devices", "120", "--schedule", "night"], "school-day"),
    ] {
        let ran = simulate(&wrong);
        assert!(!ran.is_good() && ran.remarks.contains(expected), "{wrong:?}: {}", ran.remarks);
    }
}
