//! A town reckoned by hand, with each figure on its way, and its reports beside it.
//!
//! 若葉野市 has 2,000 pupils in three schools. In 2024 it leases 1,000 tablets, in 2025 it buys 1,000 and 150 spares. 緑村 next
//! to it, with 100 pupils, leaves its own ledger in 2026 and becomes a part of the town.

use std::time::Duration;

use gigafleet::{
    access::rules::Staff,
    console::words::Language,
    renewal::{
        documents::Form,
        rules::{
            Payer,
            lots::SaidLot,
            money::Yen,
            records::SaidCost,
            report::{
                asked::Asked,
                costs::{CostDetail, CostOrder, CostReport},
                per_device::{DeviceYears, per_device},
                plan::PlanOrder,
            },
            said::Said,
        },
        service::{Exported, RecordOrder, ReportOrder},
    },
    schools::rules::{MunicipalityId, SchoolId, fiscal::FiscalYear},
    tickets::{
        legs::rules::{
            CostId, CostKind as TicketCostKind,
            said::{SaidCost as SaidTicketCost, Yen as TicketYen},
        },
        rules::TicketId,
    },
};
use uuid::Uuid;

use crate::{
    World,
    renewal::{bought, order, plan, pupils, record, renewal, share, text, written},
    ticketing::{order as ticket_order, tickets},
};

crate::on_both_engines!(the_town_is_as_it_was_reckoned_by_hand);

/// What was built.
pub(crate) struct Town {
    pub staff: Staff,
    pub owner: MunicipalityId,
    pub village: MunicipalityId,
    pub school: SchoolId,
}

/// Ids are given, so that both engines have the same.
fn id(number: u128) -> Option<Uuid> {
    Some(Uuid::from_u128(number))
}

fn numbered(number: u128, order: RecordOrder) -> RecordOrder {
    RecordOrder { id: id(number), ..order }
}

/// 1,000 tablets on lease: 60 payments of 1,100,000 yen from October 2024, all by the town.
fn leased() -> SaidLot {
    SaidLot {
        model: text("L-2"),
        acquisition: 2,
        unit_yen: String::new(),
        lease_months: text("60"),
        lease_monthly_yen: text("1,100,000円"),
        funding: vec![share(Payer::Own, "66,000,000")],
        ..bought(1, 1_000, "2024-10-01")
    }
}

/// 150 spares of 60,000 yen, of which 55,000 count: two thirds of 8,250,000 yen are 5,500,000.
fn spares() -> SaidLot {
    SaidLot {
        unit_yen: text("60,000円"),
        funding: vec![share(Payer::StateFund, "5,500,000"), share(Payer::Own, "3,500,000")],
        ..bought(2, 150, "2025-09-30")
    }
}

/// Licences of a filter from October 2025 to September 2026.
fn licences() -> SaidCost {
    SaidCost {
        kind: 6,
        amount_yen: text("1,200,000"),
        funding: vec![share(Payer::Own, "1,200,000")],
        from: text("2025-10-01"),
        to: text("2026-09-30"),
        ..SaidCost::default()
    }
}

/// What a ticket of the first school cost, written twice and put right, and what a guardian paid.
async fn repairs(world: &World, town: &Town) {
    let tickets = tickets(world);
    let (view, _) = tickets.create(&town.staff, town.owner, ticket_order(town.school, "画面割れ")).await.unwrap();
    let place = (town.owner, TicketId(view.row.ticket_id));
    let cost = |payer: Payer, amount: i64, date: &str, corrects: Option<CostId>| SaidTicketCost {
        kind: TicketCostKind::Repair.to_number().into(),
        payer: payer.to_number().into(),
        amount: TicketYen::Amount(amount),
        date: text(date),
        note: String::new(),
        corrects,
    };
    let mut seen = view.row.version;
    let said = cost(Payer::Own, 12_000, "2026-02-10", None);
    let (view, row) = tickets.record_cost(&town.staff, place, seen, &said).await.unwrap();
    seen = view.row.version;
    let back = cost(Payer::Own, -2_000, "2026-02-10", Some(CostId(row.cost_id)));
    let (view, _) = tickets.record_cost(&town.staff, place, seen, &back).await.unwrap();
    let paid = cost(Payer::Guardian, 8_000, "2026-05-01", None);
    tickets.record_cost(&town.staff, place, view.row.version, &paid).await.unwrap();
}

/// Builds the town and the village.
pub(crate) async fn build(world: &World) -> Town {
    let (owner, village) = (world.municipality("139017").await, world.municipality("139025").await);
    let mut schools = Vec::new();
    for (number, name) in [(101, "第一小学校"), (102, "第二小学校"), (103, "第一中学校")] {
        let staff = world.staff().await;
        let made = world.schools.create_school(&staff, id(number), owner, None, text(name)).await.unwrap();
        schools.push(SchoolId(made.school_id));
    }
    let town = Town { staff: world.staff().await, owner, village, school: schools[0] };
    // ① of 2024 is the sum of the schools: 900 + 700 + 400 = 2,000.
    for (number, (school, count)) in (1..).zip(schools.iter().zip([900, 700, 400])) {
        let of_school = RecordOrder { school: Some(*school), ..order(owner, pupils("R6", count)) };
        record(world, numbered(number, of_school)).await.unwrap();
    }
    let said = [
        pupils("R7", 2_000),
        pupils("R8", 2_000),
        Said::Lot(leased(), Vec::new()),
        Said::Lot(bought(1, 1_000, "2025-09-30"), Vec::new()),
        Said::Lot(spares(), Vec::new()),
        Said::Cost(licences()),
    ];
    for (number, said) in (10..).zip(said) {
        record(world, numbered(number, order(owner, said))).await.unwrap();
    }
    record(world, numbered(20, order(village, pupils("R7", 100)))).await.unwrap();
    record(world, numbered(21, order(village, Said::Lot(bought(1, 40, "2025-06-02"), Vec::new())))).await.unwrap();
    repairs(world, &town).await;
    town
}

/// Contents and hashes of all reports of the town, and of both together; and each in all forms.
pub(crate) async fn reports(world: &World) -> (Vec<(String, String)>, Vec<Exported>) {
    let town = build(world).await;
    let (mut seals, mut files) = (Vec::new(), Vec::new());
    let changes = Asked::Changes(crate::NOW, PlanOrder::default());
    for (owner, asked) in [
        (Some(town.owner), Asked::Plan(PlanOrder::default())),
        (Some(town.owner), Asked::Costs(CostOrder::default())),
        (Some(town.owner), Asked::Scenarios(Vec::new())),
        (Some(town.owner), changes),
        (None, Asked::Costs(CostOrder::default())),
        (Some(town.owner), Asked::Costs(CostOrder::OF_BOARD)),
        (None, Asked::Costs(CostOrder::OF_BOARD)),
    ] {
        world.clock.advance(Duration::from_secs(60));
        let order = ReportOrder { owner, as_of: None, asked };
        let made = renewal(world).report(&town.staff, &order).await.unwrap();
        for form in Form::ALL {
            let file = renewal(world).export(&town.staff, &order, (form, Language::Ja)).await.unwrap();
            assert_eq!(file.sha256, made.sha256());
            files.push(file);
        }
        seals.push((made.content().to_owned(), made.sha256().to_owned()));
    }
    (seals, files)
}

/// Sums of lines by year and payer of what rests on something.
fn sums(report: &CostReport, basis: &str) -> Vec<(i32, Payer, i64)> {
    let by = report.by(|line| (line.basis.code(), line.key.year, line.key.payer)).unwrap();
    by.into_iter()
        .filter(|((one, ..), _)| *one == basis)
        .map(|((_, year, payer), yen)| (year.year(), payer, yen.to_number()))
        .collect()
}

async fn the_town_is_as_it_was_reckoned_by_hand(world: World) {
    let town = build(&world).await;
    the_plan(&world, &town).await;
    what_was_recorded(&world, &town).await;
    what_is_to_come(&world, &town).await;
    what_a_device_costs(&world, &town).await;
    scenarios(&world, &town).await;
    together(&world, &town).await;
}

async fn the_plan(world: &World, town: &Town) {
    // ② 2,000 + floor(2,000 × 0.15) = 2,300; ③ 1,000 of 2,000 are 50 %, then 2,000 of 2,000; the lease is not by the fund;
    // ⑧ 150 of 2,000 are 7.5 %; ② after 2025, the last year of installation, is 0.
    let expected = "municipality,row,label,R6,R7,R8,R9,R10\n\
        若葉野市,1,児童生徒数,2000,2000,2000,,\n\
        若葉野市,2,予備機を含む整備上限台数,2300,2300,0,,\n\
        若葉野市,3,整備台数(予備機除く),1000,1000,0,,\n\
        若葉野市,4,③のうち基金事業によるもの,0,1000,0,,\n\
        若葉野市,5,累積更新率,50%,100%,100%,,\n\
        若葉野市,6,予備機整備台数,0,150,0,,\n\
        若葉野市,7,⑥のうち基金事業によるもの,0,150,0,,\n\
        若葉野市,8,予備機整備率,0%,7.5%,0%,,\n";
    assert_eq!(written("若葉野市", &plan(world, town.owner, None).await.report), expected);
}

async fn what_was_recorded(world: &World, town: &Town) {
    let report = renewal(world).costs(&town.staff, Some(town.owner), None, CostOrder::default()).await.unwrap().report;
    // The lease: 6 payments in 2024, 12 each in 2025 to 2028, 6 in 2029, of 1,100,000 yen.
    // The purchase: 1,000 × 55,000 = 55,000,000, by the fund 36,666,666, by the town 18,333,334.
    // The spares: by the fund 5,500,000, by the town 3,500,000.
    // The filter: 182 of 365 days in 2025, 183 in 2026: 598,356.2 and 601,643.8 yen, the yen that is left goes to the second.
    // Repairs: 12,000 − 2,000 in 2025 by the town, 8,000 in 2026 by a guardian.
    let own_2025 = 13_200_000 + 18_333_334 + 3_500_000 + 598_356 + 10_000;
    let fund_2025 = 36_666_666 + 5_500_000;
    assert_eq!((own_2025, fund_2025), (35_641_690, 42_166_666));
    assert_eq!(
        sums(&report, "RECORDED"),
        [
            (2024, Payer::Own, 6_600_000),
            (2025, Payer::StateFund, fund_2025),
            (2025, Payer::Own, own_2025),
            (2026, Payer::Own, 13_200_000 + 601_644),
            (2026, Payer::Guardian, 8_000),
            (2027, Payer::Own, 13_200_000),
            (2028, Payer::Own, 13_200_000),
            (2029, Payer::Own, 6_600_000),
        ]
    );
    let at_school: Vec<_> = report
        .lines
        .iter()
        .filter(|line| line.key.school == Some(town.school))
        .map(|line| line.amount.to_number())
        .collect();
    assert_eq!(at_school[..2], [10_000, 8_000], "what tickets cost is of their school");
}

async fn what_is_to_come(world: &World, town: &Town) {
    let report = renewal(world).costs(&town.staff, Some(town.owner), None, CostOrder::default()).await.unwrap().report;
    assert_eq!(report.outlook_from.year(), 2027, "the year after this one, 2026");
    // The lease ends on 2029-09-30, a day before the batteries do; the batteries of the purchase end on 2030-09-30.
    let due: Vec<_> =
        report.due.iter().map(|(_, due)| (due.year.year(), due.reason.label().en.into_owned(), due.count)).collect();
    let battery = || text("end of the battery");
    assert_eq!(due, [(2029, text("end of the lease"), 1_000), (2030, battery(), 1_000), (2030, battery(), 150)]);
    // Nothing covers devices after 2028, so the town pays all: 1,000 × 66,000 in 2029 and, five years later, in 2034;
    // 1,000 × 55,000 and 150 × 60,000 in 2030 and 2035. Each year runs what 2025 did: 598,356 + 10,000.
    let running = 608_356;
    let expected = (2027..=2036).map(|year| {
        let devices = match year {
            2029 | 2034 => 66_000_000,
            2030 | 2035 => 55_000_000 + 9_000_000,
            _ => 0,
        };
        (year, Payer::Own, devices + running)
    });
    assert_eq!(sums(&report, "EXPECTED"), expected.collect::<Vec<_>>());
}

async fn what_a_device_costs(world: &World, town: &Town) {
    let report = renewal(world).costs(&town.staff, Some(town.owner), None, CostOrder::OF_BOARD).await.unwrap().report;
    let years = report.device_years(|_, year| year.year()).unwrap();
    let one = |of: &DeviceYears| {
        [of.total().unwrap(), of.own].map(|amount| per_device(amount, of.count).unwrap().to_number())
    };
    // 1,000 of the lease on 31 March 2025; with those that were bought 2,000 from 2026 on, and 150 spares that do not count.
    let counts: Vec<_> = years.iter().map(|(year, of)| (*year, of.count)).collect();
    let expected: Vec<_> = (2024..=2036).map(|year| (year, if year == 2024 { 1_000 } else { 2_000 })).collect();
    assert_eq!(counts, expected);
    // 2024: 6,600,000 of 1,000. 2025: 35,641,690 + 42,166,666 = 77,808,356 of 2,000 are 38,904.178, of the town 17,820.845.
    assert_eq!([one(&years[&2024]), one(&years[&2025])], [[6_600, 6_600], [38_904, 17_821]]);
    // 2029: half a year of the lease, 1,000 × 66,000 and what runs: 73,208,356 of 2,000 are 36,604.178.
    assert_eq!(one(&years[&2029]), [36_604, 36_604]);
    // 2025: devices and spares without 598,356 of the filter and 10,000 of repairs.
    assert_eq!((years[&2025].renewal.to_number(), years[&2025].running.to_number()), (77_200_000, 608_356));
    // All: 131,218,000 recorded and 2 × 66,000,000 + 2 × 64,000,000 + 10 × 608,356 to come are 397,301,560, of 1,000 + 12 ×
    // 2,000 = 25,000: 15,892.06. The fund pays 42,166,666 of it and a guardian 8,000: 355,126,894 are 14,205.08.
    let all = report.device_years(|_, _| ()).unwrap()[&()];
    assert_eq!((all.count, all.total().unwrap().to_number(), all.own.to_number()), (25_000, 397_301_560, 355_126_894));
    assert_eq!(one(&all), [15_892, 14_205]);
    // The village has 40 devices in each year from 2025 on. Of both together it is the same as of each, added up.
    let both = renewal(world).costs(&town.staff, None, None, CostOrder::OF_BOARD).await.unwrap().report;
    let of = both.device_years(|owner, _| owner.to_owned()).unwrap();
    assert_eq!((of["139017"], of["139025"].count), (all, 12 * 40));
    let together = CostOrder { detail: CostDetail::Together, ..CostOrder::OF_BOARD };
    let together = renewal(world).costs(&town.staff, None, None, together).await.unwrap().report;
    assert_eq!(together.device_years(|_, year| year).unwrap(), both.device_years(|_, year| year).unwrap());
    // Years that are asked for have the devices of these years.
    let some =
        CostOrder { first: FiscalYear::starting_in(2026), last: FiscalYear::starting_in(2027), ..CostOrder::OF_BOARD };
    let some = renewal(world).costs(&town.staff, Some(town.owner), None, some).await.unwrap().report;
    assert_eq!(some.device_years(|_, _| ()).unwrap()[&()].count, 4_000);
}

async fn scenarios(world: &World, town: &Town) {
    let report = renewal(world).scenarios(&town.staff, Some(town.owner), None, &[]).await.unwrap().report;
    let of = |id: &str| report.scenarios.iter().find(|scenario| scenario.id == id).unwrap();
    // What the lease costs until September 2029 is agreed under each: 13,200,000 twice and half of it.
    let agreed = 2 * 13_200_000 + 6_600_000;
    let total = 2 * 66_000_000 + 2 * 64_000_000 + 10 * 608_356 + agreed;
    assert_eq!((total, of("today").total.to_number()), (299_083_560, 299_083_560));
    let covered = of("running-costs-covered");
    // Of 66,000 yen 55,000 count: 36,666,666 of 55,000,000, twice. The purchase the same, twice. The spares 5,500,000 of
    // 8,250,000, twice. Of what runs 398,904 of 598,356 and 6,666 of 10,000, ten times.
    let state = 2 * (36_666_666 + 36_666_666 + 5_500_000) + 10 * (398_904 + 6_666);
    assert_eq!(state, 161_722_364);
    assert_eq!(covered.of(Payer::StateOther).unwrap().to_number(), state);
    assert_eq!(covered.of(Payer::Own).unwrap().to_number(), total - state);
    assert_eq!(covered.total.to_number(), total, "who pays changes, not how much");
    // A tenth more for devices and spares: 6,600,000 and 6,400,000 twice each.
    assert_eq!(of("price-up-10").total.to_number(), total + 2 * 6_600_000 + 2 * 6_400_000);
    // A year later: 2030, 2035 and 2031, 2036; all of it still within the ten years.
    assert_eq!(of("one-year-later").total.to_number(), total);
}

async fn together(world: &World, town: &Town) {
    let renewal = renewal(world);
    let usual = PlanOrder::default();
    let both = renewal.plan(&town.staff, None, None, &usual).await.unwrap().report;
    // The village: 100 pupils, ② 115, 40 devices by the fund. ⑤ 2,000 of 2,000 and 40 of 100: 2,040 of 2,100.
    let column: Vec<_> = both.plan.rows.iter().map(|row| row.cells[1].to_string()).collect();
    assert_eq!(column, ["2100", "2415", "1040", "1040", "97.1%", "150", "150", "7.1%"]);
    let total = async || {
        let report = renewal.costs(&town.staff, None, None, CostOrder::default()).await.unwrap().report;
        let recorded = report.lines.iter().filter(|line| line.basis.code() == "RECORDED").map(|line| line.amount);
        Yen::sum(recorded).unwrap().to_number()
    };
    // 66,000,000 + 55,000,000 + 9,000,000 + 1,200,000 + 10,000 + 8,000 of the town, 40 × 55,000 of the village.
    assert_eq!(total().await, 131_218_000 + 2_200_000);
    // It leaves: taken back there, recorded here.
    world.clock.advance(Duration::from_secs(3_600));
    for number in [20, 21] {
        let entry = gigafleet::renewal::rules::ledger::EntryId(Uuid::from_u128(number));
        renewal.reverse(&town.staff, (town.village, entry), None, "合併により移管").await.unwrap();
    }
    record(world, order(town.owner, Said::Lot(bought(1, 40, "2025-06-02"), Vec::new()))).await.unwrap();
    assert_eq!(total().await, 133_418_000, "no yen twice, none lost");
}
