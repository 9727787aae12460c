//! What is recorded: once, taken back once, from files whole or not at all; under a lock, within bounds, at a time that no
//! report has passed.

use std::{collections::BTreeSet, time::Duration};

use gigafleet::{
    access::service::audit::Deed,
    clock::Timestamp,
    db::{Engine, Tx},
    renewal::{
        rules::{
            board::SaidDisposalPlan,
            ledger::{EntryId, EntryKind},
            money::Yen,
            open_ledger::SAID_MOST,
            records::{SaidDisposal, SaidDisposed},
            report::{costs::CostOrder, plan::PlanOrder},
            rule_sets::{RulesKind, product},
            said::Said,
        },
        service::{ImportOrder, ListOrder, RecordOrder, Shown},
    },
    schools::{
        rules::{MunicipalityId, import::ImportOutcome},
        store::lock_money,
    },
};
use uuid::Uuid;

use crate::{
    World,
    renewal::{BEFORE, bought, cell, fields, hour, order, plan, pupils, record, recorded, renewal, repair, text},
    ticketing::reason,
};

crate::on_both_engines!(
    entries_are_taken_back_once,
    a_retry_is_told_by_what_was_said,
    files_are_recorded_whole_and_once,
    same_file_is_recorded_once_whatever_the_rules,
    year_is_said_by_one_row_of_a_file,
    planned_devices_of_schools_add_up,
    planned_disposals_and_networks_are_of_no_school,
    a_file_is_read_before_anybody_waits_for_it,
    whoever_is_at_the_limit_takes_back,
    time_of_recording_is_taken_when_nothing_is_left_to_wait_for,
    a_report_of_now_waits_for_who_is_recording,
);

async fn entries_are_taken_back_once(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    let cost = recorded(&world, owner, Said::Cost(repair("3000", "2026-04-01"))).await;
    let place = (owner, cost.entry.id);
    let before = cost.entry.recorded_at;
    hour(&world);
    assert_eq!(fields(&renewal.reverse(&staff, place, None, " ").await.unwrap_err()), ["reason"]);
    let id = Uuid::now_v7();
    let back = renewal.reverse(&staff, place, Some(id), "二重記録").await.unwrap();
    assert_eq!((back.entry.reverses, back.reason.as_deref()), (Some(cost.entry.id), Some("二重記録")));
    let again = renewal.reverse(&staff, place, Some(id), "二重記録").await.unwrap();
    assert_eq!(again.entry, back.entry, "the same call is no second reversal");
    assert_eq!(reason(renewal.reverse(&staff, place, Some(id), "別").await), "ENTRY_EXISTS");
    assert_eq!(reason(renewal.reverse(&staff, place, None, "もう一度").await), "ENTRY_REVERSED");
    assert_eq!(reason(renewal.reverse(&staff, (owner, back.entry.id), None, "x").await), "ENTRY_IS_REVERSAL");
    assert_eq!(reason(renewal.reverse(&staff, (owner, EntryId(Uuid::now_v7())), None, "x").await), "ENTRY_NOT_FOUND");
    let list = async |as_of, shown| {
        let order = ListOrder { owner, as_of, kind: None, shown, before: BEFORE, limit: 10 };
        renewal.entries(&staff, order).await.unwrap()
    };
    assert!(list(None, Shown::Standing).await.is_empty());
    assert_eq!(list(Some(before), Shown::Standing).await.len(), 1, "it stood then");
    let all = list(None, Shown::All).await;
    assert_eq!((all.len(), all[1].reversed_by), (2, Some(back.entry.id)));
    assert_eq!(list(Some(before), Shown::All).await[0].reversed_by, None);
}

/// The product's programmes, with another time in which devices must not be disposed of.
fn five_years() -> Option<String> {
    let years = "\"disposal_restriction_years\": { \"value\": ";
    Some(product(RulesKind::Programmes).replace(&format!("{years}4"), &format!("{years}5")))
}

async fn a_retry_is_told_by_what_was_said(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let numbered = |said| RecordOrder { id: Some(Uuid::now_v7()), ..order(owner, said) };
    let is_new =
        async |order: &RecordOrder| renewal.record(&world.staff().await, order.clone()).await.map(|(_, is_new)| is_new);
    let lot = |serials: &[&str]| Said::Lot(bought(1, 3, "R7.9.30"), serials.iter().map(|one| text(one)).collect());
    let routes =
        SaidDisposalPlan { by_route: ["10", "", "", ""].map(text), erasers: vec![1], ..SaidDisposalPlan::default() };
    let gone = SaidDisposal {
        route: 2,
        eraser: 2,
        on: text("2026-11-01"),
        devices: vec![SaidDisposed { serial: text("EF56GH"), certificate: String::new() }],
        approval: text("6文科初第1号"),
        ..SaidDisposal::default()
    };
    let pupils_before = recorded(&world, owner, pupils("R7", 100)).await.entry.id;
    let corrected = RecordOrder { corrects: Some((pupils_before, text("転入"))), ..numbered(pupils("R7", 200)) };
    let devices = numbered(lot(&["AB12CD", "CD34EF"]));
    let said = [Said::DisposalPlan(routes), Said::Network(text("R8")), Said::Disposal(gone)].map(numbered);
    let all = [&said[0], &said[1], &said[2], &corrected, &devices];
    for one in all {
        assert!(is_new(one).await.unwrap(), "{one:?}");
    }
    // Another day, one school more, another rule, and what went is found to be restricted.
    world.clock.advance(Duration::from_secs(86_400));
    world.school(owner, "緑小学校").await;
    renewal.set_rules(&world.staff().await, Some(owner), RulesKind::Programmes, five_years()).await.unwrap();
    recorded(&world, owner, lot(&["EF56GH"])).await;
    for one in all {
        assert!(!is_new(one).await.unwrap(), "{one:?}");
    }
    let others = [
        RecordOrder { said: lot(&["AB12CD"]), ..devices.clone() },
        RecordOrder { said: lot(&["AB12CD", "GH78IJ"]), ..devices },
        RecordOrder { corrects: None, ..corrected.clone() },
        RecordOrder { corrects: Some((pupils_before, text("転出"))), ..corrected },
    ];
    for other in &others {
        assert_eq!(reason(is_new(other).await), "ENTRY_EXISTS", "{other:?}");
    }
}

/// Takes a file, or only says what it would record.
async fn take(world: &World, owner: MunicipalityId, kind: EntryKind, content: &str, dry_run: bool) -> ImportOutcome {
    let order = ImportOrder { owner, kind, content: content.as_bytes().to_vec(), dry_run };
    renewal(world).import(&world.staff().await, &order).await.unwrap()
}

fn counts(outcome: &ImportOutcome) -> (u32, u32, u32, usize) {
    (outcome.added, outcome.changed, outcome.unchanged, outcome.faults.len())
}

async fn files_are_recorded_whole_and_once(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    let costs = "種類,金額,日付\n修理,\"3,000円\",R8.4.1\n修理,\"3,000円\",R8.4.1\n保険,5000,R8.4.2\n";
    assert_eq!(counts(&take(&world, owner, EntryKind::Cost, costs, true).await), (3, 0, 0, 0));
    assert_eq!(
        counts(&take(&world, owner, EntryKind::Cost, costs, false).await),
        (3, 0, 0, 0),
        "a dry run recorded nothing"
    );
    assert_eq!(counts(&take(&world, owner, EntryKind::Cost, costs, false).await), (0, 0, 3, 0));
    let wrong =
        take(&world, owner, EntryKind::Cost, "種類,金額,日付\n修理,1,R8.4.3\n修理,-1,R8.4.3\n修理,1,R8.2.30\n", false)
            .await;
    let named: Vec<_> = wrong.faults.iter().map(|fault| (fault.row, fault.field.as_str())).collect();
    assert_eq!((counts(&wrong).0, named.contains(&(3, "amount_yen")), named.contains(&(4, "from"))), (0, true, true));
    assert_eq!(
        counts(&take(&world, owner, EntryKind::Pupils, "年度,児童生徒数\nR7,100\nR8,90\n", false).await),
        (2, 0, 0, 0)
    );
    assert_eq!(
        counts(&take(&world, owner, EntryKind::Pupils, "年度,児童生徒数\nR7,100\nR8,95\n", false).await),
        (0, 1, 1, 0)
    );
    assert_eq!(
        counts(&take(&world, owner, EntryKind::Pupils, "年度,児童生徒数\nR8,90\n", false).await),
        (0, 1, 0, 0),
        "back again"
    );
    let lots =
        "機種名,台数,納品日,単価,一般財源,シリアル番号\nK-1,1,R7.9.30,100,100,AB12CD\nK-1,1,R7.9.30,100,100,AB12CD\n";
    let twice = take(&world, owner, EntryKind::Lot, lots, false).await;
    assert_eq!(
        twice.faults.iter().map(|fault| (fault.row, fault.field.as_str())).collect::<Vec<_>>(),
        [(3, "serials.1")]
    );
    let order = ListOrder { owner, as_of: None, kind: None, shown: Shown::Standing, before: BEFORE, limit: 100 };
    let kinds: BTreeSet<_> = renewal.entries(&staff, order).await.unwrap().iter().map(|view| view.entry.kind).collect();
    assert_eq!(kinds, BTreeSet::from([EntryKind::Cost, EntryKind::Pupils]), "nothing of the file of lots");
}

async fn same_file_is_recorded_once_whatever_the_rules(world: World) {
    let owner = world.municipality("131130").await;
    let lots = "機種名,台数,納品日,単価,基金,一般財源\nK-1,3,R7.9.30,\"55,000円\",\"110,000\",\"55,000\"\n";
    assert_eq!(counts(&take(&world, owner, EntryKind::Lot, lots, false).await), (1, 0, 0, 0));
    let staff = world.staff().await;
    renewal(&world).set_rules(&staff, Some(owner), RulesKind::Programmes, five_years()).await.unwrap();
    assert_eq!(counts(&take(&world, owner, EntryKind::Lot, lots, false).await), (0, 0, 1, 0));
}

async fn year_is_said_by_one_row_of_a_file(world: World) {
    let owner = world.municipality("131130").await;
    world.school(owner, "緑小学校").await;
    for (kind, text) in [
        (EntryKind::Pupils, "年度,児童生徒数,学校\nR7,100,\nR7,90,緑小学校\n令和7年度,110,\n"),
        (EntryKind::Planned, "年度,整備台数,学校\nR7,100,緑小学校\nR7,90,\nR7,110,緑小学校\n"),
    ] {
        let outcome = take(&world, owner, kind, text, false).await;
        let faults: Vec<_> = outcome.faults.iter().map(|fault| (fault.row, fault.field.as_str())).collect();
        assert_eq!((counts(&outcome), faults), ((0, 0, 0, 1), vec![(4, "fiscal_year")]));
        assert!(outcome.faults[0].message.en.contains("row 2"), "{}", outcome.faults[0].message.en);
    }
}

async fn planned_devices_of_schools_add_up(world: World) {
    let owner = world.municipality("131130").await;
    for school in ["緑小学校", "青小学校"] {
        world.school(owner, school).await;
    }
    recorded(&world, owner, pupils("R8", 1_000)).await;
    let file = "年度,整備台数,予備機,学校\nR8,30,4,緑小学校\nR8,12,1,青小学校\n";
    assert_eq!(counts(&take(&world, owner, EntryKind::Planned, file, false).await), (2, 0, 0, 0));
    let report = plan(&world, owner, None).await.report;
    assert_eq!((cell(&report, 3, 2026), cell(&report, 6, 2026)), (text("42"), text("5")));
    take(&world, owner, EntryKind::Planned, "年度,整備台数\nR8,40\n", false).await;
    let report = plan(&world, owner, None).await.report;
    assert_eq!((cell(&report, 3, 2026), cell(&report, 6, 2026)), (text("40"), text("0")), "of the whole");
}

async fn planned_disposals_and_networks_are_of_no_school(world: World) {
    let owner = world.municipality("131130").await;
    let school = Some(world.school(owner, "緑小学校").await);
    let plan =
        SaidDisposalPlan { by_route: ["10", "", "", ""].map(text), erasers: vec![1], ..SaidDisposalPlan::default() };
    for said in [Said::DisposalPlan(plan), Said::Network(text("R8"))] {
        let of_school = RecordOrder { school, ..order(owner, said.clone()) };
        assert_eq!(fields(&record(&world, of_school).await.unwrap_err()), ["school_id"]);
        recorded(&world, owner, said).await;
    }
}

/// Somebody else who records.
async fn held(world: &World, owner: MunicipalityId) -> Tx {
    let mut tx = world.db.begin().await.unwrap();
    lock_money(&mut tx, owner).await.unwrap();
    tx
}

async fn a_file_is_read_before_anybody_waits_for_it(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    let _other = held(&world, owner).await;
    let order = ImportOrder { owner, kind: EntryKind::Cost, content: b"a,b\n1,2\n".to_vec(), dry_run: false };
    let outcome = tokio::time::timeout(Duration::from_secs(5), renewal.import(&staff, &order)).await;
    assert_eq!(outcome.expect("it does not wait").unwrap().faults[0].field, "header");
}

/// Records an entry so many times more, as if it had been said so often.
macro_rules! copies {
    ($random:literal) => {
        concat!(
            "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $3)
             INSERT INTO renewal_entry (municipality_id, entry_id, kind, valid_from, valid_to, recorded_at, body, recorder_id,
                 recorder_name)
             SELECT e.municipality_id, ",
            $random,
            ", e.kind, e.valid_from, e.valid_to, e.recorded_at, e.body, e.recorder_id, e.recorder_name
             FROM renewal_entry e CROSS JOIN n WHERE e.municipality_id = $1 AND e.entry_id = $2"
        )
    };
}

async fn whoever_is_at_the_limit_takes_back(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    let first = recorded(&world, owner, Said::Cost(repair("3000", "2026-04-01"))).await.entry.id;
    let mut tx = world.db.begin().await.unwrap();
    let sql = tx.by_engine(copies!("randomblob(16)"), copies!("gen_random_uuid()"));
    let copied = tx.query(sql).bind(owner).bind(first.0).bind(SAID_MOST - 2).execute().await.unwrap();
    assert_eq!(i64::try_from(copied).unwrap(), SAID_MOST - 2);
    tx.commit().await.unwrap();
    // There is room for one, not for two.
    let two = "種類,金額,日付\n修理,1,R8.4.1\n修理,2,R8.4.1\n";
    let two = ImportOrder { owner, kind: EntryKind::Cost, content: two.as_bytes().to_vec(), dry_run: false };
    assert_eq!(reason(renewal.import(&staff, &two).await), "LEDGER_TOO_LARGE");
    let last = recorded(&world, owner, Said::Cost(repair("1", "2026-04-01"))).await.entry.id;
    assert_eq!(reason(record(&world, order(owner, pupils("R8", 1))).await), "LEDGER_TOO_LARGE");
    for entry in [first, last] {
        renewal.reverse(&staff, (owner, entry), None, "誤り").await.unwrap();
    }
    let report = renewal.costs(&staff, Some(owner), None, CostOrder::default()).await.unwrap().report;
    let amounts = report.lines.iter().filter(|line| line.basis.code() == "RECORDED").map(|line| line.amount);
    assert_eq!(Yen::sum(amounts).unwrap().to_number(), 3_000 * (SAID_MOST - 2));
}

/// Waits until somebody waits for a lock. On SQLite everybody does who wants to write, and nothing shows it: there the waiting
/// itself is not proven, only what comes of it.
async fn somebody_waits(world: &World) {
    if world.db.engine() == Engine::Sqlite {
        return;
    }
    let look = async {
        loop {
            let mut tx = world.db.read().await.unwrap();
            let waiting = tx.query(
                "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            );
            let (waiting,): (i64,) = waiting.one().await.unwrap();
            if waiting > 0 {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), look).await.expect("somebody waits");
}

/// Ends what somebody waits for, an hour after that.
async fn an_hour_later(world: &World, other: Tx) -> Timestamp {
    somebody_waits(world).await;
    hour(world);
    other.commit().await.unwrap();
    world.clock.now()
}

async fn time_of_recording_is_taken_when_nothing_is_left_to_wait_for(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    // Somebody else has the audit log of the owner, in which whoever records writes.
    let mut other = world.db.begin().await.unwrap();
    let subject_id = owner.to_string();
    let (action, subject_kind, details) = ("municipality.update", "municipality", serde_json::json!({}));
    let deed = Deed { municipality: Some(owner), action, subject_kind, subject_id, details };
    world.access.audit(&mut other, &staff, deed).await.unwrap();
    let (view, later) =
        tokio::join!(renewal.record(&staff, order(owner, pupils("R8", 10))), an_hour_later(&world, other));
    assert_eq!(view.unwrap().0.entry.recorded_at, later);
    let rules = renewal.set_rules(&staff, Some(owner), RulesKind::Programmes, five_years());
    let other = held(&world, owner).await;
    let (said, later) = tokio::join!(rules, an_hour_later(&world, other));
    assert_eq!(said.unwrap().recorded_at, Some(later));
}

async fn a_report_of_now_waits_for_who_is_recording(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let elsewhere = world.municipality("131121").await;
    let staff = world.staff().await;
    let before = world.clock.now();
    hour(&world);
    hour(&world);
    let usual = PlanOrder::default();
    for (asked, recording) in [(Some(owner), owner), (None, elsewhere)] {
        let other = held(&world, recording).await;
        let plan = renewal.plan(&staff, asked, None, &usual);
        let (report, later) = tokio::join!(plan, an_hour_later(&world, other));
        assert_eq!(report.unwrap().report.as_of, later);
    }
    // Of long ago everything is known, whoever records now.
    let _other = held(&world, owner).await;
    let plan = renewal.plan(&staff, Some(owner), Some(before), &usual);
    let report = tokio::time::timeout(Duration::from_secs(5), plan).await.expect("it does not wait").unwrap();
    assert_eq!(report.report.as_of, before);
}
