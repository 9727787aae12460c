//! What renewal refuses however it is asked: amounts and days that can not be, also in a file, a device that another lot has, and
//! everything to who sees one school.

use gigafleet::{
    access::rules::{Place, Role, Staff},
    console::words::Language,
    renewal::{
        documents::Form,
        rules::{
            ledger::EntryKind,
            lots::SaidLot,
            report::{asked::Asked, costs::CostOrder, parts::PartFilter, plan::PlanOrder},
            rule_sets::{RulesKind, product},
            said::Said,
        },
        service::{ImportOrder, ListOrder, PartsOrder, RecordOrder, ReportOrder, Shown},
    },
    schools::rules::MunicipalityId,
};

use crate::{
    World,
    renewal::{BEFORE, bought, order, plan, pupils, record, recorded, refused, renewal, repair, text},
    ticketing::{person, reason},
};

crate::on_both_engines!(
    what_can_not_be_is_refused_whole,
    a_device_is_in_one_lot,
    wrong_amounts_and_days_of_a_file_are_named_by_row,
    a_file_takes_no_device_out_of_another_lot,
    who_sees_a_part_sees_nothing_of_money,
    who_sees_one_school_gets_no_report,
);

fn file(owner: MunicipalityId, kind: EntryKind, text: &str) -> ImportOrder {
    ImportOrder { owner, kind, content: text.as_bytes().to_vec(), dry_run: false }
}

fn all_of(owner: MunicipalityId) -> ListOrder {
    ListOrder { owner, as_of: None, kind: None, shown: Shown::All, before: BEFORE, limit: 100 }
}

async fn what_can_not_be_is_refused_whole(world: World) {
    let owner = world.municipality("131130").await;
    let cost = |amount: &str| Said::Cost(repair(amount, "2026-04-01"));
    for amount in ["-5", "▲5,000", "0.5", "1000000000000000", "0"] {
        let wrong = refused(&world, owner, cost(amount)).await;
        assert!(wrong.contains(&text("amount_yen")), "{amount}: {wrong:?}");
    }
    let dear = SaidLot { unit_yen: text("1000000000000000"), ..bought(1, 1, "R7.9.30") };
    assert_eq!(refused(&world, owner, Said::Lot(dear, Vec::new())).await, ["unit_yen"]);
    let many = Said::Lot(bought(1, 2, "R7.9.30"), ["AB12CD", "CD34EF", "EF56GH"].map(text).into());
    assert_eq!(refused(&world, owner, many).await, ["serials"]);
    for (on, is_right) in [("2024-02-29", true), ("2025-02-29", false), ("R6.2.29", true), ("平成31年5月1日", false)]
    {
        let outcome = record(&world, order(owner, Said::Cost(repair("1000", on)))).await;
        assert_eq!(outcome.is_ok(), is_right, "{on}");
    }
    // 平成31年度 and 令和元年度 are one year, of which one number stands.
    recorded(&world, owner, pupils("令和元年度", 100)).await;
    assert_eq!(refused(&world, owner, pupils("H31", 101)).await, ["fiscal_year"]);
    assert_eq!(refused(&world, owner, pupils("7", 101)).await, ["fiscal_year"]);
    // A lot that is larger than the devices that are known of it is told, not refused.
    recorded(&world, owner, Said::Lot(bought(1, 2, "R7.9.30"), vec![text("AB12CD")])).await;
    let problems = plan(&world, owner, None).await.report.problems;
    let told: Vec<_> = problems.iter().map(|problem| problem.label().en.into_owned()).collect();
    assert!(told[0].contains("no pupils are recorded for R7"), "{told:?}");
    assert!(told[1].ends_with("has 2 devices, of which 1 serial numbers are known"), "{told:?}");
}

async fn a_device_is_in_one_lot(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    let lot = |serials: &[&str]| Said::Lot(bought(1, 3, "R7.9.30"), serials.iter().map(|one| text(one)).collect());
    let first = recorded(&world, owner, lot(&["AB12CD", "CD34EF"])).await;
    assert_eq!(refused(&world, owner, lot(&["EF56GH", "ＡＢ-12 cd"])).await, ["serials.2"]);
    let elsewhere = world.municipality("131121").await;
    recorded(&world, elsewhere, lot(&["AB12CD"])).await;
    // A correction takes its own devices along.
    let moved =
        RecordOrder { corrects: Some((first.entry.id, text("納品日"))), ..order(owner, lot(&["AB12CD", "GH78IJ"])) };
    let second = record(&world, moved).await.unwrap();
    renewal.reverse(&staff, (owner, second.entry.id), None, "返品").await.unwrap();
    recorded(&world, owner, lot(&["AB12CD"])).await;
}

async fn wrong_amounts_and_days_of_a_file_are_named_by_row(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    let rows = [
        ("amount_yen", "修理,-5,R8.4.1"),
        ("amount_yen", "修理,▲5,R8.4.1"),
        ("amount_yen", "修理,0.5,R8.4.1"),
        ("amount_yen", "修理,1000000000000000,R8.4.1"),
        ("from", "修理,5,2025-02-29"),
        ("from", "修理,5,平成31年5月1日"),
    ];
    let lines: Vec<_> = rows.iter().map(|(_, line)| *line).collect();
    let costs = format!("種類,金額,日付\n修理,5,令和元年5月1日\n修理,5,H31.4.30\n{}\n", lines.join("\n"));
    let outcome = renewal.import(&staff, &file(owner, EntryKind::Cost, &costs)).await.unwrap();
    let named: Vec<_> = outcome.faults.iter().map(|fault| (fault.row, fault.field.as_str())).collect();
    // The header is the first row, and two good ones come before those that are wrong.
    for (row, (field, line)) in (4..).zip(rows) {
        assert!(named.contains(&(row, field)), "{line}: {named:?}");
    }
    assert!(named.iter().all(|(row, _)| *row >= 4), "{named:?}");
    assert!(renewal.entries(&staff, all_of(owner)).await.unwrap().is_empty(), "all rows or none");
}

async fn a_file_takes_no_device_out_of_another_lot(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    record(&world, order(owner, Said::Lot(bought(1, 1, "R7.9.30"), vec![text("AB12CD")]))).await.unwrap();
    let header = "機種名,台数,納品日,単価,一般財源,シリアル番号\n";
    let lots = format!("{header}K-2,1,R7.9.30,100,100,XY34ZW\nK-2,1,R7.9.30,100,100,ＡＢ-12cd\n");
    let taken = renewal.import(&staff, &file(owner, EntryKind::Lot, &lots)).await.unwrap();
    let named: Vec<_> = taken.faults.iter().map(|fault| (fault.row, fault.field.as_str())).collect();
    assert!(!named.is_empty() && named.iter().all(|(row, _)| *row == 3), "{named:?}");
    // More serial numbers than devices.
    let small = format!("{header}K-3,1,R7.9.30,100,100,EF56GH GH78IJ\n");
    let more = renewal.import(&staff, &file(owner, EntryKind::Lot, &small)).await.unwrap();
    assert_eq!(more.faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["serials"]);
    assert_eq!(renewal.entries(&staff, all_of(owner)).await.unwrap().len(), 1);
}

async fn who_sees_a_part_sees_nothing_of_money(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let (school, elsewhere) = (world.school(owner, "緑小学校").await, world.municipality("131121").await);
    let entry = recorded(&world, owner, Said::Cost(repair("3000", "2026-04-01"))).await.entry.id;
    let of_school = Place::School(owner, school);
    let teacher = world.of_role(Role::SchoolStaff, of_school.clone()).await;
    let head = world.of_role(Role::Administrator, of_school).await;
    let engineer = world.of_role(Role::Engineer, Place::Municipality(owner)).await;
    let stranger = person(&world, Role::BoardEditor, Place::Municipality(elsewhere), "suzuki").await;
    let viewer = world.of_role(Role::BoardViewer, Place::Municipality(owner)).await;
    let editor = world.of_role(Role::BoardEditor, Place::Municipality(owner)).await;
    let prefecture = world.of_role(Role::PrefectureViewer, Place::Prefecture(text("13"))).await;
    let usual = PlanOrder::default();
    let plan = async |staff: &Staff| renewal.plan(staff, Some(owner), None, &usual).await.map(drop);
    let look = async |staff: &Staff| renewal.entry(staff, (owner, entry), None).await.map(drop);
    let write = async |staff: &Staff| renewal.record(staff, order(owner, pupils("R7", 1))).await.map(drop);
    for staff in [&teacher, &head, &engineer] {
        for refused in [plan(staff).await, look(staff).await, write(staff).await] {
            assert_eq!(refused.unwrap_err().reason, "RIGHT_MISSING");
        }
    }
    for refused in [plan(&stranger).await, look(&stranger).await, write(&stranger).await] {
        assert_eq!(refused.unwrap_err().reason, "MUNICIPALITY_NOT_FOUND");
    }
    assert_eq!((plan(&viewer).await.is_ok(), look(&viewer).await.is_ok()), (true, true));
    assert_eq!(reason(write(&viewer).await), "RIGHT_MISSING");
    assert!(write(&editor).await.is_ok());
    assert_eq!((plan(&prefecture).await.is_ok(), reason(look(&prefecture).await)), (true, "RIGHT_MISSING"));
    let rolled = renewal.plan(&prefecture, None, None, &usual).await.unwrap().report;
    assert_eq!(rolled.owners, ["131130"]);
    assert!(rolled.left_out.iter().any(|(code, _)| code == "131121"));
    // Who reaches one school only has nothing to add up.
    let nothing = renewal.plan(&head, None, None, &usual).await.unwrap().report;
    assert_eq!((nothing.owners.len(), nothing.left_out.len()), (0, 0));
}

async fn who_sees_one_school_gets_no_report(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let board = world.staff().await;
    let of_school = RecordOrder { school: Some(school), ..order(owner, Said::Cost(repair("3000", "2026-04-01"))) };
    let cost = record(&world, of_school).await.unwrap().entry.id;
    let lot = record(&world, order(owner, Said::Lot(bought(1, 2, "R7.9.30"), Vec::new()))).await.unwrap().entry;
    let head = world.of_role(Role::Administrator, Place::School(owner, school)).await;
    for asked in [
        Asked::Plan(PlanOrder::default()),
        Asked::Costs(CostOrder::default()),
        Asked::Scenarios(Vec::new()),
        Asked::Changes(lot.recorded_at, PlanOrder::default()),
    ] {
        let wanted = ReportOrder { owner: Some(owner), as_of: None, asked };
        assert_eq!(reason(renewal.report(&head, &wanted).await), "RIGHT_MISSING");
        for form in Form::ALL {
            assert_eq!(reason(renewal.export(&head, &wanted, (form, Language::Ja)).await), "RIGHT_MISSING");
        }
        // Nor is a report that somebody else had made again for who asks whether it is right.
        let made = renewal.report(&board, &wanted).await.unwrap();
        assert_eq!(reason(renewal.verify(&head, made.content(), made.sha256()).await), "MUNICIPALITY_NOT_FOUND");
    }
    // Of the own school neither.
    assert_eq!(reason(renewal.entry(&head, (owner, cost), None).await), "RIGHT_MISSING");
    assert_eq!(reason(renewal.entries(&head, all_of(owner)).await), "RIGHT_MISSING");
    let filter = PartFilter { school: Some(Some(school)), ..PartFilter::default() };
    let parts = PartsOrder { owner, as_of: None, filter: filter.clone(), from: 0, limit: 10 };
    assert_eq!(reason(renewal.parts(&head, &parts).await), "RIGHT_MISSING");
    assert_eq!(reason(renewal.devices(&head, (owner, lot.id), &filter, (0, 10)).await), "RIGHT_MISSING");
    assert_eq!(reason(renewal.reverse(&head, (owner, cost), None, "誤り").await), "RIGHT_MISSING");
    let pupils = file(owner, EntryKind::Pupils, "年度,児童生徒数\nR7,100\n");
    assert_eq!(reason(renewal.import(&head, &pupils).await), "RIGHT_MISSING");
    let kind = RulesKind::Assumptions;
    let rules = || Some(product(kind).to_owned());
    assert_eq!(reason(renewal.rules(&head, Some(owner), kind, None).await), "RIGHT_MISSING");
    assert_eq!(reason(renewal.set_rules(&head, Some(owner), kind, rules()).await), "RIGHT_MISSING");
    let preview = renewal.preview_rules(&head, owner, (kind, rules()), &PlanOrder::default()).await;
    assert_eq!(reason(preview), "RIGHT_MISSING");
    // Together with others it adds up to nothing.
    let nothing = renewal.costs(&head, None, None, CostOrder::default()).await.unwrap().report;
    assert_eq!((nothing.owners.len(), nothing.lines.len()), (0, 0));
}
