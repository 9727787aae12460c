//! Rules of renewal as pages change them: who said them when, nobody says them over another's head, their figures are seen
//! before; and owners beside each other add up to the reports of all together.

use gigafleet::{
    error::Kind,
    renewal::{
        rules::{
            Payer,
            edits::{Edit, ProgrammeEdit},
            fraction::Fraction,
            money::Yen,
            plan::Share,
            programmes::Origin,
            report::{
                costs::CostOrder,
                plan::{NoPlan, PlanOrder},
            },
            rule_sets::{RulesFrom, RulesKind, product},
            said::Said,
        },
        service::RulesDeed,
    },
    schools::rules::fiscal::FiscalYear,
};

use crate::{
    World,
    renewal::{bought, hour, order, pupils, record, renewal},
};

crate::on_both_engines!(
    history_of_rules_is_told_the_newest_first,
    rules_are_not_said_over_the_head_of_another,
    figures_stand_beside_those_under_other_rules,
    owners_add_up_to_all_together,
);

/// The product's programmes with another cap of spares.
fn with_cap(percent: u32) -> String {
    let date = FiscalYear::starting_in(2026).unwrap().first_day();
    let edit = ProgrammeEdit {
        of: String::from("next-giga"),
        copy: None,
        name: None,
        first: None,
        last: None,
        standard: None,
        rate: None,
        cap: Fraction::new(percent, 100),
        origin: Origin { source: String::from("市"), date, verified: true },
    };
    Edit::Programme(edit).made_in(product(RulesKind::Programmes)).unwrap()
}

async fn history_of_rules_is_told_the_newest_first(world: World) {
    let (renewal, owner, staff) = (renewal(&world), world.municipality("131130").await, world.staff().await);
    let kind = RulesKind::Programmes;
    assert_eq!(renewal.rules_history(&staff, Some(owner), kind, 9).await.unwrap(), Vec::new());
    let first = renewal.set_rules(&staff, Some(owner), kind, Some(with_cap(20))).await.unwrap();
    hour(&world);
    renewal.set_rules(&staff, Some(owner), kind, None).await.unwrap();
    renewal.set_rules(&staff, None, kind, Some(with_cap(10))).await.unwrap();
    renewal.set_rules(&staff, Some(owner), RulesKind::Ends, None).await.unwrap();
    let history = renewal.rules_history(&staff, Some(owner), kind, 9).await.unwrap();
    let [newest, oldest] = &history[..] else { panic!("{history:?}") };
    assert!(newest.is_given_up && newest.at > oldest.at);
    let recorder = newest.recorder.clone();
    assert_eq!(oldest, &RulesDeed { at: first.recorded_at.unwrap(), is_given_up: false, recorder });
    assert!(!oldest.recorder.is_empty());
    assert_eq!(renewal.rules_history(&staff, Some(owner), kind, 1).await.unwrap(), history[..1]);
    assert_eq!(renewal.rules_history(&staff, None, kind, 9).await.unwrap().len(), 1);
}

async fn rules_are_not_said_over_the_head_of_another(world: World) {
    let (renewal, owner, staff) = (renewal(&world), world.municipality("131130").await, world.staff().await);
    let kind = RulesKind::Programmes;
    let replace =
        async |percent, seen| renewal.replace_rules(&staff, Some(owner), (kind, Some(with_cap(percent))), seen).await;
    let seen = replace(20, None).await.unwrap().recorded_at;
    hour(&world);
    for stale in [None, seen.map(|at| gigafleet::clock::Timestamp(at.0 - 1))] {
        let error = replace(30, stale).await.unwrap_err();
        assert_eq!((error.kind, error.reason), (Kind::Conflict, "ETAG_MISMATCH"));
    }
    assert_eq!(renewal.rules(&staff, Some(owner), kind, None).await.unwrap().text, with_cap(20));
    replace(30, seen).await.unwrap();
    assert_eq!(renewal.rules(&staff, Some(owner), kind, None).await.unwrap().text, with_cap(30));
}

async fn figures_stand_beside_those_under_other_rules(world: World) {
    let (renewal, owner, staff) = (renewal(&world), world.municipality("131130").await, world.staff().await);
    record(&world, order(owner, pupils("R8", 1_000))).await.unwrap();
    record(&world, order(owner, Said::Lot(bought(2, 150, "R8.9.30"), Vec::new()))).await.unwrap();
    let other = |percent| (RulesKind::Programmes, Some(with_cap(percent)));
    let before = renewal.plan(&staff, Some(owner), None, &PlanOrder::default()).await.unwrap().report;
    let under = renewal.figures_under(&staff, owner, other(20)).await.unwrap();
    let cap = |report: &gigafleet::renewal::rules::report::plan::PlanReport| report.plan.rows[1].cells[2].to_string();
    let [old, new] = under.plans.each_ref().map(|plan| plan.as_ref().unwrap());
    assert_eq!((old, under.from), (&before, RulesFrom::Product));
    assert_eq!([cap(old), cap(new)], ["1150", "1200"]);
    assert_eq!(under.costs[0], renewal.costs(&staff, Some(owner), None, CostOrder::default()).await.unwrap().report);
    let [_, fewer] = renewal.figures_under(&staff, owner, other(10)).await.unwrap().plans;
    assert!(matches!(fewer, Err(NoPlan::Refused(_))), "150 spares are more than 10 % of the pupils");
    assert_eq!(renewal.rules(&staff, Some(owner), RulesKind::Programmes, None).await.unwrap().from, RulesFrom::Product);
}

async fn owners_add_up_to_all_together(world: World) {
    let renewal = renewal(&world);
    let large = world.municipality("131130").await;
    let small = world.municipality("132276").await;
    let empty = world.municipality("133078").await;
    let staff = world.staff().await;
    record(&world, order(large, pupils("R8", 1_000))).await.unwrap();
    record(&world, order(large, Said::Lot(bought(1, 500, "R8.4.1"), Vec::new()))).await.unwrap();
    record(&world, order(small, Said::Lot(bought(1, 20, "R3.4.1"), Vec::new()))).await.unwrap();
    // More spares than are allowed.
    record(&world, order(small, pupils("R8", 10))).await.unwrap();
    record(&world, order(small, Said::Lot(bought(2, 9, "R8.4.1"), Vec::new()))).await.unwrap();
    let report = renewal.owners(&staff, None, &PlanOrder::default()).await.unwrap();
    assert_eq!((report.next.year(), report.without.as_slice()), (2027, [empty].as_slice()));
    let row = |owner| report.rows.iter().find(|row| row.owner == owner).unwrap();
    assert_eq!((row(large).renewed, row(large).due), (Share::new(500, 1_000), 0));
    assert_eq!((row(small).renewed, row(small).due), (None, 20));
    assert!(row(small).cost_next > Yen::ZERO && row(small).own_next <= row(small).cost_next);
    let left_out: Vec<_> = report.left_out.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(left_out, ["132276"]);
    let plan = renewal.plan(&staff, None, None, &PlanOrder::default()).await.unwrap().report;
    assert_eq!(report.plan.as_ref().map(|one| &one.plan), Some(&plan.plan));
    let costs = renewal.costs(&staff, None, None, CostOrder::default()).await.unwrap().report;
    let to_come = costs.lines.iter().filter(|line| line.key.year >= costs.outlook_from);
    let whole = Yen::sum(to_come.clone().map(|line| line.amount)).unwrap();
    let own = Yen::sum(to_come.filter(|line| line.key.payer == Payer::Own).map(|line| line.amount)).unwrap();
    assert_eq!(Yen::sum(report.amounts.values().copied()).unwrap(), whole);
    let rows = |of: fn(&gigafleet::renewal::service::OwnerRow) -> Yen| Yen::sum(report.rows.iter().map(of)).unwrap();
    assert_eq!((rows(|row| row.total), rows(|row| row.own)), (whole, own));
}
