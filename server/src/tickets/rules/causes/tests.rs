//! Rules on what is known: each condition at its limit, what is said of it, and that nothing panics.

use proptest::prelude::*;

use super::{judge::*, *};
use crate::tickets::{rules::Category, search::rules::fold};

fn phrase(text: &str) -> Phrase {
    Phrase { ja: text.to_owned(), en: text.to_owned() }
}

fn rule(id: &str, when: Conditions) -> CauseRule {
    CauseRule {
        id: id.to_owned(),
        name: phrase("name"),
        when,
        cause: phrase("cause"),
        steps: vec![phrase("step")],
        leads_to: vec![Category::Battery.to_number()],
        source: String::from("test"),
        date: String::from("2026-11-26"),
    }
}

fn rules(rules: Vec<CauseRule>) -> CauseRules {
    CauseRules { source: String::from("test"), rules }
}

fn said(rules: &CauseRules, evidence: &Evidence) -> Vec<(String, Vec<String>)> {
    let shown = |one: Suggestion<'_>| {
        (one.rule.id.clone(), one.reasons.iter().map(|reason| reason.en.clone().into_owned()).collect())
    };
    Reasoner::new(rules).suggest(evidence).into_iter().map(shown).collect()
}

#[test]
fn shipped_rules_are_within_their_limits() {
    let ours = CauseRules::default();
    assert!(ours.rules.len() >= 20);
    assert_eq!(ours.clone().check(), Ok(ours.clone()));
    let text = serde_json::to_string(&ours).unwrap();
    assert_eq!(serde_json::from_str::<CauseRules>(&text).unwrap(), ours, "what is written is read");
}

#[test]
fn weak_battery_is_named_with_its_reason() {
    let ours = CauseRules::default();
    let facts = Facts { battery_health_percent: Some(61), ..Facts::default() };
    let evidence = Evidence { category: Category::Battery.to_number(), then: Some(facts), ..Evidence::default() };
    let found = said(&ours, &evidence);
    assert_eq!(found[0].0, "battery-worn");
    assert_eq!(
        found[0].1,
        ["its category is battery, charging", "the battery keeps 61 %, below 70 % (when it was reported)"]
    );
    let well = Facts { battery_health_percent: Some(70), ..Facts::default() };
    assert_eq!(said(&ours, &Evidence { then: Some(well), ..evidence }), []);
}

#[test]
fn what_was_well_when_it_was_reported_counts_as_it_is_now() {
    let asked = rules(vec![rule("b", Conditions { charge_percent_below: 10, ..Conditions::default() })]);
    let facts = |percent| Some(Facts { charge_percent: Some(percent), ..Facts::default() });
    let both = |then, now| said(&asked, &Evidence { then, now, ..Evidence::default() });
    assert_eq!(both(facts(50), facts(9))[0].1, ["it is charged to 9 %, below 10 % (now)"]);
    assert_eq!(both(facts(8), facts(50))[0].1, ["it is charged to 8 %, below 10 % (when it was reported)"]);
    assert_eq!(both(facts(10), facts(10)), []);
    assert_eq!(both(None, None), [], "of what nobody said nothing is thought");
}

#[test]
fn each_condition_is_asked_at_its_limit() {
    let facts = Facts {
        battery_health_percent: Some(69),
        charge_percent: Some(9),
        storage_free_percent: Some(4),
        os_ended: true,
        silent_hours: Some(72),
        link: Some(1),
        rssi_dbm: Some(-76),
        failing_layers: vec![4],
        lifecycle: Some(3),
    };
    let other = Other { apart_us: 20 * 60_000_000, category: 7, school: true, room: true, model: true };
    let evidence = Evidence {
        category: 7,
        folded: fold("Ｗｉ－Ｆｉガ切レル"),
        then: Some(facts),
        now: None,
        incidents: vec![4],
        has_spare: Some(false),
        others: vec![other],
    };
    let others = |near, minutes, tickets| Some(Others { near, minutes, tickets });
    let none = Conditions::default;
    let fitting = [
        Conditions { categories: vec![3, 7], ..none() },
        Conditions { words: vec![String::from("ない"), String::from("WI-FI")], ..none() },
        Conditions { battery_health_percent_below: 70, ..none() },
        Conditions { storage_free_percent_below: 5, ..none() },
        Conditions { os_ended: true, ..none() },
        Conditions { silent_hours: 72, ..none() },
        Conditions { links: vec![1], ..none() },
        Conditions { rssi_dbm_below: -75, ..none() },
        Conditions { failing_layers: vec![3, 4], ..none() },
        Conditions { incident: true, ..none() },
        Conditions { incident_elements: vec![4], ..none() },
        Conditions { lifecycles: vec![3], ..none() },
        Conditions { no_spare: true, ..none() },
        Conditions { others: others(Near::Room, 20, 1), categories: vec![7], ..none() },
        Conditions { others: others(Near::Model, 20, 1), ..none() },
    ];
    for when in fitting {
        assert_eq!(said(&rules(vec![rule("fits", when.clone())]), &evidence).len(), 1, "{when:?}");
    }
    let not = [
        Conditions { categories: vec![3], ..none() },
        Conditions { words: vec![String::from("画面")], ..none() },
        Conditions { battery_health_percent_below: 69, ..none() },
        Conditions { silent_hours: 73, ..none() },
        Conditions { links: vec![3], ..none() },
        Conditions { rssi_dbm_below: -76, ..none() },
        Conditions { failing_layers: vec![3], ..none() },
        Conditions { incident_elements: vec![5], ..none() },
        Conditions { lifecycles: vec![4], ..none() },
        Conditions { others: others(Near::School, 19, 1), ..none() },
        Conditions { others: others(Near::School, 20, 2), ..none() },
        // All of it must be so.
        Conditions { categories: vec![7], os_ended: true, silent_hours: 100, ..none() },
        none(),
    ];
    for when in not {
        assert_eq!(said(&rules(vec![rule("not", when.clone())]), &evidence), [], "{when:?}");
    }
}

#[test]
fn the_most_specific_comes_first_and_three_are_shown() {
    let wifi = || Conditions { categories: vec![7], ..Conditions::default() };
    let all = rules(vec![
        rule("d", wifi()),
        rule("c", wifi()),
        rule("b", wifi()),
        rule("z", Conditions { incident: true, ..wifi() }),
    ]);
    let evidence = Evidence { category: 7, incidents: vec![4], ..Evidence::default() };
    let ids: Vec<_> = said(&all, &evidence).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["z", "b", "c"]);
}

#[test]
fn all_that_is_wrong_with_rules_is_said_at_once_with_its_limit() {
    let when = Conditions {
        categories: vec![15],
        words: vec![String::from("遅")],
        charge_percent_below: 101,
        rssi_dbm_below: 1,
        silent_hours: 9_000,
        links: vec![1, 1],
        others: Some(Others { near: Near::School, minutes: 0, tickets: 1 }),
        ..Conditions::default()
    };
    let wrong =
        CauseRule {
            id: String::from("Not An Id"), date: String::from("いつか"), steps: Vec::new(), ..rule("", when)
        };
    let twice = rule("twice", Conditions { incident: true, ..Conditions::default() });
    let empty = rule("empty", Conditions::default());
    let refused = rules(vec![wrong, twice.clone(), twice, empty]).check().unwrap_err();
    let fields: Vec<_> = refused.iter().map(|wrong| wrong.field.as_ref()).collect();
    assert_eq!(
        fields,
        [
            "rules.id",
            "rules.steps",
            "rules.date",
            "rules.when.words",
            "rules.when.charge_percent_below",
            "rules.when.silent_hours",
            "rules.when.rssi_dbm_below",
            "rules.when.categories",
            "rules.when.links",
            "rules.when.others",
            "rules.id",
            "rules.when",
        ]
    );
    assert!(refused[1].message.en.contains("1 to 8 steps") && refused[10].message.en.starts_with("rule 3 \"twice\""));
    let none = rules(Vec::new()).check().unwrap_err();
    assert_eq!(none[0].message.en, "needs 1 to 100 rules");
    let unknown = serde_json::from_str::<CauseRules>(r#"{"source":"x","rules":[],"more":1}"#).unwrap_err();
    assert!(unknown.to_string().contains("more"), "{unknown}");
}

#[test]
fn a_trial_counts_what_rules_would_have_said() {
    let asked = rules(vec![
        rule("battery", Conditions { charge_percent_below: 10, ..Conditions::default() }),
        rule("spare", Conditions { no_spare: true, ..Conditions::default() }),
    ]);
    let mut trial = Trial::new(&asked);
    for (number, charge, ended_as) in [(1, 5, Some(3)), (2, 5, Some(4)), (3, 5, None), (4, 50, Some(3))] {
        let then = Some(Facts { charge_percent: Some(charge), ..Facts::default() });
        trial.look_at(&Past { number, evidence: Evidence { then, ..Evidence::default() }, ended_as });
    }
    let (tickets, explained, tried) = trial.finish();
    assert_eq!((tickets, explained), (4, 3));
    let battery = &tried[0];
    assert_eq!((battery.matched, battery.first, battery.judged, battery.agreed), (3, 3, 2, 1));
    assert_eq!(battery.examples, [1, 2, 3]);
    assert!(tried[1].needs_present && tried[1].matched == 0 && !battery.needs_present);
}

prop_compose! {
    fn any_facts()(
        figures in prop::array::uniform5(prop::option::of(any::<i64>())),
        os_ended in any::<bool>(),
        link in prop::option::of(any::<i16>()),
        layers in prop::collection::vec(any::<i16>(), 0..4),
        lifecycle in prop::option::of(any::<i16>()),
    ) -> Facts {
        let [battery_health_percent, charge_percent, storage_free_percent, silent_hours, rssi_dbm] = figures;
        Facts {
            battery_health_percent, charge_percent, storage_free_percent, os_ended, silent_hours, link, rssi_dbm,
            failing_layers: layers, lifecycle,
        }
    }
}

prop_compose! {
    fn any_conditions()(
        lists in prop::array::uniform5(prop::collection::vec(-1_i16..16, 0..3)),
        words in prop::collection::vec(".{0,8}", 0..3),
        figures in prop::array::uniform3(any::<u8>()),
        silent_hours in any::<u32>(),
        rssi_dbm_below in any::<i16>(),
        flags in prop::array::uniform3(any::<bool>()),
        others in prop::option::of((any::<u32>(), any::<u32>())),
    ) -> Conditions {
        let [categories, links, failing_layers, incident_elements, lifecycles] = lists;
        let [battery_health_percent_below, charge_percent_below, storage_free_percent_below] = figures;
        let [os_ended, incident, no_spare] = flags;
        let others = others.map(|(minutes, tickets)| Others { near: Near::Room, minutes, tickets });
        Conditions {
            categories, words, battery_health_percent_below, charge_percent_below, storage_free_percent_below, os_ended,
            silent_hours, links, rssi_dbm_below, failing_layers, incident, incident_elements, lifecycles, no_spare, others,
        }
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_the_order_is_the_same_whatever_the_order_of_rules(
        conditions in prop::collection::vec(any_conditions(), 0..6),
        then in prop::option::of(any_facts()),
        now in prop::option::of(any_facts()),
        category in any::<i16>(),
        text in ".{0,40}",
        incidents in prop::collection::vec(any::<i16>(), 0..3),
        apart_us in any::<i64>(),
    ) {
        let mut list: Vec<_> = conditions.into_iter().enumerate().map(|(at, when)| rule(&format!("r{at}"), when)).collect();
        let other = Other { apart_us, category, school: true, room: true, model: false };
        let evidence = Evidence { category, folded: fold(&text), then, now, incidents, has_spare: Some(false), others: vec![other] };
        let there = said(&rules(list.clone()), &evidence);
        list.reverse();
        prop_assert_eq!(&there, &said(&rules(list.clone()), &evidence));
        prop_assert!(there.len() <= MOST_SHOWN);
        let _ = rules(list).check();
    }
}
