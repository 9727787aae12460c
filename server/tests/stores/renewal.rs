//! The ledger of renewal: recorded once, told as of any time; the published plan, rules, reports.

use std::time::Duration;

use gigafleet::{
    clock::Timestamp,
    console::words::Language,
    db::Engine,
    error::{Error, Kind, Result},
    renewal::{
        documents::Form,
        rules::{
            Payer,
            board::{SaidPlanned, SaidPupils},
            ledger::{EntryId, EntryKind},
            lots::{SaidLot, SaidShare},
            money::Yen,
            records::{SaidCost, SaidDisposal, SaidDisposed},
            report::{
                Sealed,
                asked::Asked,
                costs::CostOrder,
                parts::PartFilter,
                plan::{PlanOrder, PlanReport},
            },
            rule_sets::{RulesFrom, RulesKind, product},
            said::Said,
        },
        service::{EntryView, ListOrder, PartsOrder, RecordOrder, Renewal, ReportOrder, Shown},
    },
    schools::rules::{MunicipalityId, fiscal::FiscalYear},
};
use uuid::Uuid;

use crate::{World, ticketing::reason};

crate::on_both_engines!(
    published_plan_comes_out_of_what_was_recorded,
    entries_are_recorded_once_and_listed_page_by_page,
    a_correction_changes_no_report_of_before,
    disposals_wait_for_the_end_of_the_restriction,
    rules_hold_from_when_they_were_said,
    wrong_rules_are_refused_whole,
    what_changed_is_told,
    every_yen_leads_to_devices,
    a_report_is_verified,
    a_file_of_before_stays_the_same,
    a_merged_owner_counts_once,
);

/// The published plan of 大東市.
const EXAMPLE: &str = include_str!("../../src/renewal/rules/plan/example.csv");
pub(crate) const BEFORE: (i64, Uuid) = (i64::MAX, Uuid::max());

pub(crate) fn renewal(world: &World) -> Renewal {
    Renewal::new(world.db.clone(), world.clock.clone(), world.access.clone())
}

pub(crate) fn text(text: &str) -> String {
    text.to_owned()
}

pub(crate) fn share(payer: Payer, amount: &str) -> SaidShare {
    SaidShare { payer: payer.to_number().into(), amount_yen: text(amount) }
}

/// So many devices that were bought for 55,000 yen each, two thirds by the fund.
pub(crate) fn bought(kind: i32, count: i64, delivered: &str) -> SaidLot {
    let total = count * 55_000;
    SaidLot {
        kind,
        maker: text("緑工業"),
        model: text("K-1"),
        count: count.to_string(),
        acquisition: 1,
        unit_yen: text("55,000円"),
        tax_basis: 1,
        tax_percent: text("10"),
        funding: vec![
            share(Payer::StateFund, &(total * 2 / 3).to_string()),
            share(Payer::Own, &(total - total * 2 / 3).to_string()),
        ],
        delivered: text(delivered),
        ..SaidLot::default()
    }
}

pub(crate) fn pupils(year: &str, count: u32) -> Said {
    Said::Pupils(SaidPupils { fiscal_year: text(year), count: count.to_string(), ..SaidPupils::default() })
}

pub(crate) fn repair(amount: &str, on: &str) -> SaidCost {
    SaidCost {
        kind: 10,
        amount_yen: text(amount),
        funding: vec![share(Payer::Own, amount)],
        from: text(on),
        ..SaidCost::default()
    }
}

pub(crate) fn order(owner: MunicipalityId, said: Said) -> RecordOrder {
    RecordOrder { id: None, owner, school: None, said, corrects: None }
}

/// Records something by the first administrator.
pub(crate) async fn record(world: &World, order: RecordOrder) -> Result<EntryView> {
    renewal(world).record(&world.staff().await, order).await.map(|(view, _)| view)
}

pub(crate) async fn recorded(world: &World, owner: MunicipalityId, said: Said) -> EntryView {
    record(world, order(owner, said)).await.unwrap()
}

pub(crate) fn fields(error: &Error) -> Vec<&str> {
    error.fields.iter().map(|field| field.field.as_ref()).collect()
}

pub(crate) async fn refused(world: &World, owner: MunicipalityId, said: Said) -> Vec<String> {
    let error = record(world, order(owner, said)).await.unwrap_err();
    assert_eq!((error.kind, error.reason), (Kind::Invalid, "FIELD_INVALID"));
    fields(&error).into_iter().map(str::to_owned).collect()
}

pub(crate) async fn plan(world: &World, owner: MunicipalityId, as_of: Option<Timestamp>) -> Sealed<PlanReport> {
    renewal(world).plan(&world.staff().await, Some(owner), as_of, &PlanOrder::default()).await.unwrap()
}

/// A plan as the example has it.
pub(crate) fn written(municipality: &str, report: &PlanReport) -> String {
    let mut text = String::from("municipality,row,label");
    for year in &report.plan.years {
        text.push_str(&format!(",{}", year.letter()));
    }
    text.push('\n');
    for row in &report.plan.rows {
        let cells: Vec<_> = row.cells.iter().map(ToString::to_string).collect();
        text.push_str(&format!("{municipality},{},{},{}\n", row.number, row.label, cells.join(",")));
    }
    text
}

pub(crate) fn cell(report: &PlanReport, row: usize, year: i32) -> String {
    let at = report.plan.years.iter().position(|one| one.year() == year).unwrap();
    report.plan.rows[row - 1].cells[at].to_string()
}

pub(crate) fn hour(world: &World) {
    world.clock.advance(Duration::from_secs(3_600));
}

async fn published_plan_comes_out_of_what_was_recorded(world: World) {
    let owner = world.municipality("272183").await;
    for (year, count) in [("R6", 7_617), ("R7", 7_800), ("R8", 7_800)] {
        recorded(&world, owner, pupils(year, count)).await;
    }
    recorded(&world, owner, Said::Lot(bought(1, 7_800, "R7.9.30"), Vec::new())).await;
    recorded(&world, owner, Said::Lot(bought(2, 1_170, "R8.3.31"), Vec::new())).await;
    let sealed = plan(&world, owner, None).await;
    assert_eq!(written("大東市", &sealed.report), EXAMPLE);
    assert_eq!(sealed.report.programme.id, "next-giga");
    assert!(sealed.content.contains("\"owners\":[\"272183\"]"), "{}", sealed.content);
    assert_eq!((sealed.sha256.len(), plan(&world, owner, None).await), (64, sealed.clone()));

    // Filled the other way: ② in each year, ⑧ of what is allowed.
    let otherwise = PlanOrder {
        definitions: gigafleet::renewal::rules::plan::Definitions {
            cap_after: gigafleet::renewal::rules::plan::CapAfterRenewal::Computed,
            spare_share: gigafleet::renewal::rules::plan::SpareShare::OfAllowed,
        },
        programme: None,
    };
    let other = renewal(&world).plan(&world.staff().await, Some(owner), None, &otherwise).await.unwrap();
    assert_eq!((cell(&other.report, 2, 2026), cell(&other.report, 8, 2025)), (text("8970"), text("100%")));
    assert_ne!(other.sha256, sealed.sha256);

    // What is planned for a year to come counts until it is over, and what came where it is more.
    let planned = SaidPlanned { fiscal_year: text("R8"), installed: text("120"), ..SaidPlanned::default() };
    recorded(&world, owner, Said::Planned(planned)).await;
    recorded(&world, owner, Said::Lot(bought(1, 20, "R8.4.1"), Vec::new())).await;
    assert_eq!(cell(&plan(&world, owner, None).await.report, 3, 2026), "120");
    let wrong = PlanOrder { programme: Some(text("giga-9")), ..PlanOrder::default() };
    let staff = world.staff().await;
    assert_eq!(reason(renewal(&world).plan(&staff, Some(owner), None, &wrong).await), "PROGRAMME_NOT_FOUND");
    // More spares than the form can hold.
    recorded(&world, owner, Said::Lot(bought(2, 1, "R8.5.1"), Vec::new())).await;
    let error = renewal(&world).plan(&staff, Some(owner), None, &PlanOrder::default()).await.unwrap_err();
    assert_eq!(
        (error.kind, error.reason, fields(&error)),
        (Kind::Precondition, "PLAN_REFUSED", vec!["years.R8.spares"])
    );
}

async fn entries_are_recorded_once_and_listed_page_by_page(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let id = Uuid::now_v7();
    let with_id =
        RecordOrder {
            id: Some(id), school: Some(school), ..order(owner, Said::Cost(repair("3,000円", "2026-04-01")))
        };
    let (first, is_new) = renewal.record(&staff, with_id.clone()).await.unwrap();
    assert!(is_new);
    let (again, is_new) = renewal.record(&staff, with_id.clone()).await.unwrap();
    assert!(!is_new);
    assert_eq!(again.entry, first.entry);
    let other = RecordOrder { said: Said::Cost(repair("4,000円", "2026-04-01")), ..with_id.clone() };
    let error = renewal.record(&staff, other).await.unwrap_err();
    assert_eq!((error.kind, error.reason), (Kind::Exists, "ENTRY_EXISTS"));
    let nowhere =
        RecordOrder { id: None, school: Some(gigafleet::schools::rules::SchoolId(Uuid::now_v7())), ..with_id };
    assert_eq!(reason(renewal.record(&staff, nowhere).await), "SCHOOL_NOT_FOUND");

    // The clock stands still, so that time of recording is told apart by the ledger itself.
    for day in 2..=5 {
        recorded(&world, owner, Said::Cost(repair("1000", &format!("2026-04-{day:02}")))).await;
    }
    recorded(&world, owner, pupils("R8", 10)).await;
    let page = async |before, kind, limit| {
        let order = ListOrder { owner, as_of: None, kind, shown: Shown::Standing, before, limit };
        renewal.entries(&staff, order).await.unwrap()
    };
    let all = page(BEFORE, None, 100).await;
    assert_eq!(all.len(), 6);
    assert!(all.windows(2).all(|two| two[0].entry.recorded_at > two[1].entry.recorded_at));
    let (mut before, mut seen) = (BEFORE, Vec::new());
    loop {
        let next = page(before, Some(EntryKind::Cost), 2).await;
        let Some(last) = next.last() else { break };
        before = (last.entry.recorded_at.0, last.entry.id.0);
        seen.extend(next.iter().map(|view| view.entry.id));
    }
    let costs: Vec<_> =
        all.iter().filter(|view| view.entry.kind == EntryKind::Cost).map(|view| view.entry.id).collect();
    assert_eq!(seen, costs);
    let whole = renewal.entry(&staff, (owner, first.entry.id), None).await.unwrap();
    assert_eq!((whole.stated, whole.recorder), (first.stated, first.recorder));
    assert_eq!(reason(renewal.entry(&staff, (owner, EntryId(Uuid::now_v7())), None).await), "ENTRY_NOT_FOUND");
    let elsewhere = world.municipality("131121").await;
    let (found, at) = (world.staff().await, (elsewhere, first.entry.id));
    assert_eq!(reason(renewal.entry(&found, at, None).await), "ENTRY_NOT_FOUND");
    let future = Some(Timestamp(world.clock.now().0 + 3_600_000_000));
    let error = renewal.entry(&staff, (owner, first.entry.id), future).await.unwrap_err();
    assert_eq!(fields(&error), ["as_of_time"]);
}

async fn a_correction_changes_no_report_of_before(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    let said = recorded(&world, owner, pupils("R7", 100)).await;
    let lot = recorded(&world, owner, Said::Lot(bought(1, 100, "2026-03-31"), Vec::new())).await;
    let then = plan(&world, owner, None).await;
    let costs = renewal.costs(&staff, Some(owner), None, CostOrder::default()).await.unwrap();
    let at = Some(then.report.as_of);
    hour(&world);
    let corrected = RecordOrder {
        corrects: Some((said.entry.id, text("転入の計上漏れ"))),
        ..order(owner, pupils("R7", 200))
    };
    record(&world, corrected.clone()).await.unwrap();
    assert_eq!(reason(record(&world, corrected).await), "ENTRY_REVERSED");
    let other_kind = RecordOrder { corrects: Some((lot.entry.id, text("x"))), ..order(owner, pupils("R8", 200)) };
    assert_eq!(fields(&record(&world, other_kind).await.unwrap_err()), ["corrects_entry_id"]);
    // A day later by the calendar, and it came in another year.
    let moved = RecordOrder {
        corrects: Some((lot.entry.id, text("検収日の誤り"))),
        ..order(owner, Said::Lot(bought(1, 100, "2026-04-01"), Vec::new()))
    };
    record(&world, moved).await.unwrap();
    recorded(&world, owner, pupils("R8", 200)).await;
    assert_eq!(plan(&world, owner, at).await, then, "to the byte");
    assert_eq!(renewal.costs(&staff, Some(owner), at, CostOrder::default()).await.unwrap(), costs);
    let now = plan(&world, owner, None).await;
    assert_ne!(now.sha256, then.sha256);
    let cells = |sealed: &Sealed<PlanReport>| {
        [(3, 2025), (5, 2025), (3, 2026), (5, 2026)].map(|(row, year)| cell(&sealed.report, row, year))
    };
    assert_eq!(cells(&then), ["100", "100%", "", ""].map(text));
    assert_eq!(cells(&now), ["0", "0%", "100", "50%"].map(text));
    let changed =
        renewal.changes(&staff, owner, (then.report.as_of, None), &PlanOrder::default()).await.unwrap().report;
    assert_eq!((changed.added.len(), changed.reversed.len()), (3, 2));
    assert!(changed.figures.cells.iter().any(|cell| (cell.row, cell.after.as_str()) == (5, "50%")));
}

async fn disposals_wait_for_the_end_of_the_restriction(world: World) {
    let owner = world.municipality("131130").await;
    recorded(&world, owner, Said::Lot(bought(1, 2, "2025-09-30"), ["AB12CD", "CD34EF"].map(text).into())).await;
    let device = |serial: &str| SaidDisposed { serial: text(serial), certificate: String::new() };
    let disposal = SaidDisposal {
        route: 2,
        eraser: 2,
        on: text("2026-11-01"),
        devices: vec![device("OLD001"), device("AB12CD")],
        ..SaidDisposal::default()
    };
    assert_eq!(refused(&world, owner, Said::Disposal(disposal.clone())).await, ["devices.2.serial"]);
    let approved = SaidDisposal { approval: text("6文科初第1号"), ..disposal };
    recorded(&world, owner, Said::Disposal(approved)).await;
    let block = plan(&world, owner, None).await.report.disposal.unwrap();
    assert_eq!((block.devices, block.by_route[1].1), (2, 2));
    // What is gone is not due any more, and was there until then.
    let costs = renewal(&world).costs(&world.staff().await, Some(owner), None, CostOrder::OF_BOARD).await.unwrap();
    assert_eq!(costs.report.due[0].1.count, 1);
    let devices = costs.report.devices.unwrap();
    let counts: Vec<_> = devices.iter().map(|((_, year), count)| (year.year(), *count)).collect();
    assert_eq!(counts[..3], [(2025, 2), (2026, 1), (2027, 1)]);
}

/// The product's assumptions with another price of devices.
fn assumptions(price: &str) -> String {
    let more = format!(
        "\"device_price_yen\": {{ \"value\": \"{price}\", \"source\": \"見積\", \"date\": \"2026-11-01\", \"verified\": true }},"
    );
    product(RulesKind::Assumptions).replacen("\"source\":", &format!("{more} \"source\":"), 1)
}

async fn rules_hold_from_when_they_were_said(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    recorded(&world, owner, Said::Lot(bought(1, 10, "2021-09-30"), Vec::new())).await;
    let costs = async |as_of| renewal.costs(&staff, Some(owner), as_of, CostOrder::default()).await.unwrap();
    let before = costs(None).await;
    let at = Some(before.report.as_of);
    let kind = RulesKind::Assumptions;
    assert_eq!(renewal.rules(&staff, Some(owner), kind, None).await.unwrap().from, RulesFrom::Product);
    let text = Some(assumptions("60,000円"));
    let preview =
        renewal.preview_rules(&staff, owner, (kind, text.clone()), &PlanOrder::default()).await.unwrap().figures;
    assert!(preview.amounts.iter().all(|change| change.after > change.before) && !preview.amounts.is_empty());
    assert_eq!(costs(None).await, before, "a preview changes nothing");
    hour(&world);
    renewal.set_rules(&staff, None, kind, text).await.unwrap();
    assert_eq!(renewal.rules(&staff, Some(owner), kind, None).await.unwrap().from, RulesFrom::Installation);
    let after = costs(None).await;
    assert_eq!(costs(at).await, before, "to the byte");
    assert_ne!(after.sha256, before.sha256);
    hour(&world);
    renewal.set_rules(&staff, Some(owner), kind, Some(assumptions("70,000円"))).await.unwrap();
    assert_eq!(renewal.rules(&staff, Some(owner), kind, None).await.unwrap().from, RulesFrom::Owner);
    assert_eq!(renewal.rules(&staff, Some(owner), kind, at).await.unwrap().from, RulesFrom::Product);
    renewal.set_rules(&staff, Some(owner), kind, None).await.unwrap();
    assert_eq!(renewal.rules(&staff, Some(owner), kind, None).await.unwrap().from, RulesFrom::Installation);
    let sum = |report: &gigafleet::renewal::rules::report::costs::CostReport| {
        Yen::sum(report.lines.iter().map(|line| line.amount)).unwrap()
    };
    assert_eq!(sum(&costs(None).await.report), sum(&after.report));
}

async fn wrong_rules_are_refused_whole(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    let kind = RulesKind::Programmes;
    let own = product(kind);
    let within = own.replace("\"from_date\": \"2024-04-01\"", "\"from_date\": \"2024-10-01\"");
    let overlapping = own.replace("\"from_date\": \"2029-04-01\"", "\"from_date\": \"2028-04-01\"");
    for (text, field) in [
        (within, "programmes.next-giga.from_date"),
        (overlapping, "programmes.giga-3-invented.from_date"),
        (text("{"), "file"),
        (" ".repeat(200_001), "rules"),
    ] {
        let error = renewal.set_rules(&staff, Some(owner), kind, Some(text.clone())).await.unwrap_err();
        assert!(fields(&error).contains(&field), "{error}");
        let order = PlanOrder::default();
        let error = renewal.preview_rules(&staff, owner, (kind, Some(text)), &order).await.unwrap_err();
        assert!(fields(&error).contains(&field), "{error}");
    }
    assert_eq!(renewal.rules(&staff, Some(owner), kind, None).await.unwrap().from, RulesFrom::Product);
}

async fn what_changed_is_told(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    let cost = recorded(&world, owner, Said::Cost(repair("3000", "2026-04-01"))).await;
    let since = world.clock.now();
    hour(&world);
    renewal.reverse(&staff, (owner, cost.entry.id), None, "誤り").await.unwrap();
    let new = recorded(&world, owner, Said::Cost(repair("4000", "2026-04-01"))).await;
    renewal.set_rules(&staff, Some(owner), RulesKind::Assumptions, Some(assumptions("1"))).await.unwrap();
    let sealed = renewal.changes(&staff, owner, (since, None), &PlanOrder::default()).await.unwrap();
    let report = &sealed.report;
    assert_eq!(report.added.iter().map(|entry| entry.id).collect::<Vec<_>>(), [new.entry.id]);
    assert_eq!(report.reversed.iter().map(|entry| entry.id).collect::<Vec<_>>(), [cost.entry.id]);
    assert_eq!(report.rules, [RulesKind::Assumptions]);
    let amounts: Vec<_> = report
        .figures
        .amounts
        .iter()
        .map(|one| (one.year.year(), one.before.to_number(), one.after.to_number()))
        .collect();
    assert_eq!(amounts, [(2026, 3_000, 4_000)]);
    let later = Timestamp(world.clock.now().0 + 1_000_000);
    let error = renewal.changes(&staff, owner, (later, None), &PlanOrder::default()).await.unwrap_err();
    assert_eq!(fields(&error), ["since_time"]);
}

async fn every_yen_leads_to_devices(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    // Ten yen more than three devices can share evenly.
    let said = SaidLot {
        unit_yen: String::new(),
        acquisition: 2,
        lease_months: text("12"),
        lease_monthly_yen: text("10,001"),
        funding: vec![share(Payer::Own, "100,012"), share(Payer::Prefecture, "20,000")],
        ..bought(1, 7, "2025-10-01")
    };
    let lot = recorded(&world, owner, Said::Lot(said, ["AB12CD", "CD34EF"].map(text).into())).await;
    recorded(&world, owner, Said::Cost(repair("3000", "2026-04-01"))).await;
    let order = PartsOrder { owner, as_of: None, filter: PartFilter::default(), from: 0, limit: 100 };
    let (parts, as_of) = renewal.parts(&staff, &order).await.unwrap();
    let report = renewal.costs(&staff, Some(owner), Some(as_of), CostOrder::default()).await.unwrap().report;
    let recorded_lines = report.lines.iter().filter(|line| line.basis.code() == "RECORDED").map(|line| line.amount);
    assert_eq!(Yen::sum(parts.iter().map(|view| view.part.amount)), Yen::sum(recorded_lines));
    let (mut from, mut seen) = (0, Vec::new());
    loop {
        let (page, _) =
            renewal.parts(&staff, &PartsOrder { as_of: Some(as_of), from, limit: 2, ..order.clone() }).await.unwrap();
        if page.is_empty() {
            break;
        }
        from += page.len();
        seen.extend(page);
    }
    assert_eq!(seen, parts);
    let year = FiscalYear::starting_in(2026);
    let filter = PartFilter { year, payer: Some(Payer::Prefecture), ..PartFilter::default() };
    let (one, _) = renewal.parts(&staff, &PartsOrder { filter: filter.clone(), ..order.clone() }).await.unwrap();
    assert_eq!(one.len(), 1);
    let devices = renewal.devices(&staff, (owner, lot.entry.id), &filter, (0, 100)).await.unwrap();
    assert_eq!(devices.len(), 7);
    assert_eq!(Yen::sum(devices.iter().map(|device| device.amount)), Ok(one[0].part.amount));
    let serials: Vec<_> = devices.iter().filter_map(|device| device.serial.as_deref()).collect();
    assert_eq!(serials, ["AB12CD", "CD34EF"]);
    let all = renewal.devices(&staff, (owner, lot.entry.id), &PartFilter::default(), (0, 3)).await.unwrap();
    let rest = renewal.devices(&staff, (owner, lot.entry.id), &PartFilter::default(), (3, 100)).await.unwrap();
    let sum = Yen::sum(all.iter().chain(&rest).map(|device| device.amount)).unwrap();
    assert_eq!((all.len(), rest.len(), sum.to_number()), (3, 4, 120_012));
}

async fn a_report_is_verified(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    recorded(&world, owner, pupils("R7", 100)).await;
    recorded(&world, owner, Said::Lot(bought(1, 100, "R7.9.30"), Vec::new())).await;
    let since = world.clock.now();
    let wanted = [
        Asked::Plan(PlanOrder::default()),
        Asked::Costs(CostOrder::default()),
        Asked::Costs(CostOrder::OF_BOARD),
        Asked::Scenarios(Vec::new()),
        Asked::Changes(since, PlanOrder::default()),
    ];
    for asked in wanted {
        for of in [Some(owner), None] {
            if of.is_none() && matches!(asked, Asked::Changes(..)) {
                continue;
            }
            let order = ReportOrder { owner: of, as_of: None, asked: asked.clone() };
            let made = renewal.report(&staff, &order).await.unwrap();
            hour(&world);
            recorded(&world, owner, Said::Cost(repair("3000", "2026-04-01"))).await;
            let again = renewal.verify(&staff, made.content(), made.sha256()).await.unwrap();
            assert_eq!(
                (again.is_hash_right, again.is_same, again.sha256.as_str()),
                (true, true, made.sha256()),
                "{asked:?}"
            );
            let changed = made.content().replace("131130", "131121");
            let forged = made.content().replacen("\"version\":1", "\"version\":2", 1);
            let found = renewal.verify(&staff, &forged, made.sha256()).await.unwrap();
            assert_eq!((found.is_hash_right, found.is_same), (false, false));
            assert!(renewal.verify(&staff, &changed, made.sha256()).await.is_err());
            let exported = renewal.export(&staff, &order, (Form::CsvCp932, Language::Ja)).await.unwrap();
            let csv = encoding_of(&exported.bytes);
            assert!(csv.contains(&exported.sha256) && csv.lines().count() > 3, "{csv}");
        }
    }
    for junk in ["", "{}", "[1]", "{\"report\":\"PLAN\"}"] {
        assert_eq!(fields(&renewal.verify(&staff, junk, "").await.unwrap_err()), ["content"]);
    }
}

async fn a_file_of_before_stays_the_same(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    recorded(&world, owner, pupils("R7", 100)).await;
    let lot = recorded(&world, owner, Said::Lot(bought(1, 100, "R7.9.30"), Vec::new())).await;
    let (since, as_of) = (world.clock.now(), Some(lot.entry.recorded_at));
    let wanted = [
        (Asked::Plan(PlanOrder::default()), "plan"),
        (Asked::Costs(CostOrder::default()), "costs"),
        (Asked::Costs(CostOrder::OF_BOARD), "costs"),
        (Asked::Scenarios(Vec::new()), "scenarios"),
        (Asked::Changes(Timestamp(since.0 - 1_000_000), PlanOrder::default()), "changes"),
    ];
    let files = async || {
        let mut files = Vec::new();
        for (asked, name) in wanted.clone() {
            for form in Form::ALL {
                let order = ReportOrder { owner: Some(owner), as_of, asked: asked.clone() };
                let file = renewal.export(&staff, &order, (form, Language::Ja)).await.unwrap();
                assert_eq!(file.file_name, format!("renewal-{name}.{}", form.extension()));
                files.push(file);
            }
        }
        files
    };
    let before = files().await;
    for file in &before {
        let begins: &[u8] = match file.file_name.rsplit('.').next() {
            Some("xlsx") => b"PK",
            Some("pdf") => b"%PDF-1.7",
            _ => &[],
        };
        assert!(file.bytes.starts_with(begins), "{}", file.file_name);
    }
    hour(&world);
    renewal.reverse(&staff, (owner, lot.entry.id), None, "返品").await.unwrap();
    assert!(files().await == before, "to the byte");
}

/// CP932 as text; what these reports say stands in it.
fn encoding_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

async fn a_merged_owner_counts_once(world: World) {
    let renewal = renewal(&world);
    let (town, village) = (world.municipality("131130").await, world.municipality("131121").await);
    let staff = world.staff().await;
    recorded(&world, town, pupils("R7", 200)).await;
    let of_village = recorded(&world, village, pupils("R7", 100)).await;
    let said = Said::Lot(bought(1, 100, "R7.9.30"), vec![text("AB12CD")]);
    let lot = recorded(&world, village, said.clone()).await;
    let rolled = async |as_of| renewal.plan(&staff, None, as_of, &PlanOrder::default()).await.unwrap();
    let total = async |as_of| {
        let report = renewal.costs(&staff, None, as_of, CostOrder::default()).await.unwrap().report;
        Yen::sum(report.lines.iter().filter(|line| line.basis.code() == "RECORDED").map(|line| line.amount)).unwrap()
    };
    let before = rolled(None).await;
    let (at, was) = (Some(before.report.as_of), total(None).await);
    assert_eq!(before.report.owners, ["131121", "131130"]);
    assert_eq!((cell(&before.report, 1, 2025), cell(&before.report, 5, 2025)), (text("300"), text("33.3%")));
    // The village becomes a part of the town: what it had is taken back there and recorded here.
    hour(&world);
    for entry in [of_village.entry.id, lot.entry.id] {
        renewal.reverse(&staff, (village, entry), None, "合併により移管").await.unwrap();
    }
    recorded(&world, town, said).await;
    let known = renewal.entries(
        &staff,
        ListOrder {
            owner: town,
            as_of: None,
            kind: Some(EntryKind::Pupils),
            shown: Shown::Standing,
            before: BEFORE,
            limit: 1,
        },
    );
    let known = known.await.unwrap()[0].entry.id;
    let whole = RecordOrder { corrects: Some((known, text("合併"))), ..order(town, pupils("R7", 300)) };
    record(&world, whole).await.unwrap();
    let after = rolled(None).await;
    assert_eq!(after.report.owners, ["131130"]);
    assert_eq!((cell(&after.report, 1, 2025), cell(&after.report, 5, 2025)), (text("300"), text("33.3%")));
    assert_eq!(total(None).await, was, "no yen twice, none lost");
    assert_eq!(rolled(at).await, before, "to the byte");
}

/// The same on both engines, to the byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_give_the_same_bytes() {
    let mut made = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = World::on(engine).await;
        made.push(crate::renewal_town::reports(&world).await);
    }
    let (seals, files) = &made[0];
    assert_eq!(seals, &made[1].0);
    assert!(files == &made[1].1, "files too");
    assert_eq!((seals.len(), files.len()), (7, 28));
}
