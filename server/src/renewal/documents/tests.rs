//! Reports as people and programs get them: the published plan cell by cell, workbooks read back, and what holds for all.

use std::io::{Cursor, Read as _};

use calamine::{Data, DataType as _, Reader as _, Xlsx};
use proptest::prelude::*;
use time::{Date, Month};
use uuid::Uuid;

use super::*;
use crate::{
    clock::Timestamp,
    console::words::Language,
    devices::rules::import::export::Encoding,
    error::Both,
    renewal::rules::{
        AllocationTax, CostKind, Payer,
        body::{Body, Stated},
        fraction::Fraction,
        known::{Known, KnownEntry},
        ledger::EntryId,
        lots::{Acquisition, Lot, TaxBasis},
        money::Yen,
        plan::{
            CapAfterRenewal, Definitions, Plan, SpareShare, YearFigures,
            disposal::{DisposalBlock, Eraser},
            network::ReachingSchools,
        },
        programmes::{Programmes, SpareCap},
        projection::{Projection, Renewed, Running, project},
        report::{
            changes::changes as changed,
            costs::{AmountBasis, CostDetail, CostLine, CostReport},
            parts::AmountKey,
            plan::{PlanOrder, PlanReport, plan as planned},
            scenarios::{ScenarioColumn, ScenarioReport},
        },
        rule_sets::{RuleSet, RulesKind},
        scenario::Scenarios,
    },
    schools::rules::{MunicipalityId, fiscal::FiscalYear},
};

/// The published plan of 大東市.
const EXAMPLE: &str = include_str!("../rules/plan/example.csv");

pub(super) fn year(year: i32) -> FiscalYear {
    FiscalYear::starting_in(year).unwrap()
}

pub(super) fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

pub(super) fn cover(owner: &'static str) -> Cover {
    Cover {
        owner: Both::same(owner),
        day: Date::from_calendar_date(2026, Month::November, 27).unwrap(),
        // 2026-11-23 08:40:12 in Japan.
        as_of: Timestamp(1_795_390_812_000_000),
        hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
    }
}

fn daito() -> Plan {
    let figures = |year_of, [pupils, installed, installed_by_fund, spares, spares_by_fund]: [u32; 5]| YearFigures {
        year: year(year_of),
        pupils,
        installed,
        installed_by_fund,
        spares,
        spares_by_fund,
    };
    let entered = [
        figures(2024, [7_617, 0, 0, 0, 0]),
        figures(2025, [7_800, 7_800, 7_800, 1_170, 1_170]),
        figures(2026, [7_800, 0, 0, 0, 0]),
    ];
    let definitions = Definitions { cap_after: CapAfterRenewal::Zero, spare_share: SpareShare::OfPupils };
    Plan::compute((year(2024), year(2028)), &entered, Fraction::new(15, 100).unwrap(), definitions).unwrap()
}

pub(super) fn plan_document() -> Document {
    let schedule = vec![(String::from("令和8年4月"), String::from("処分事業者 選定"))];
    let block = DisposalBlock::new(7_800, [50, 7_000, 700, 50], &[Eraser::Contractor], schedule).unwrap();
    let source = Source { name: String::from("交付要綱"), date: cover("").day, verified: false };
    plan::devices(cover("大東市"), &daito(), Some(&block), vec![source]).unwrap()
}

fn projected() -> Vec<Projection> {
    let owner = MunicipalityId(Uuid::from_u128(1));
    let tax = AllocationTax::Receives;
    let renewed = Renewed {
        owner,
        tax,
        school: None,
        model: String::from("K-1"),
        kind: CostKind::Device,
        cap: SpareCap::Within,
        count: 7_800,
        unit_price: yen(62_000),
        due: year(2025),
        again_after: Some(5),
        os_end: None,
        earliest: None,
        is_placed: false,
    };
    let running = Running {
        owner,
        tax,
        school: None,
        kind: CostKind::Repair,
        first: year(2025),
        last: year(2030),
        yearly: yen(12_345_679),
    };
    let (scenarios, programmes) = (Scenarios::default(), Programmes::default());
    let under = |id: &str| {
        let terms = scenarios.find(id).unwrap().terms(&programmes);
        project(year(2025), 10, std::slice::from_ref(&renewed), std::slice::from_ref(&running), &terms).unwrap()
    };
    vec![under("today"), under("running-costs-covered")]
}

/// The years to come as they are today, as a report has them.
fn cost_report() -> CostReport {
    let lines = projected()[0].lines.clone().into_iter().map(|(key, amount)| CostLine {
        owner: String::from("272183"),
        key: AmountKey { year: key.year, payer: key.payer, kind: key.kind, school: key.school, model: key.model },
        basis: AmountBasis::Expected,
        amount,
    });
    CostReport {
        as_of: cover("").as_of,
        owners: vec![String::from("272183")],
        detail: CostDetail::Places,
        devices: None,
        first: year(2025),
        last: year(2034),
        outlook_from: year(2025),
        lines: lines.collect(),
        due: Vec::new(),
        problems: Vec::new(),
        rules: Vec::new(),
    }
}

fn costs_of(report: &CostReport, detail: Detail) -> Document {
    costs::yearly(cover("大東市"), report, &Names::default(), detail).unwrap()
}

fn costs_document() -> Document {
    costs_of(&cost_report(), Detail::Sums)
}

/// The same with 7,800 devices, of which there are none in the first year.
fn device_years_document() -> Document {
    let counts = (2026..=2034).map(|one| ((String::from("272183"), year(one)), 7_800));
    costs_of(&CostReport { devices: Some(counts.collect()), ..cost_report() }, Detail::Sums)
}

fn scenarios_document() -> Document {
    let (scenarios, projected) = (Scenarios::default(), projected());
    let column = |id, projection| ScenarioColumn::projected(scenarios.find(id).unwrap(), projection).unwrap();
    let compared = vec![column("today", &projected[0]), column("running-costs-covered", &projected[1])];
    let report = ScenarioReport {
        as_of: cover("").as_of,
        owners: vec![String::from("272183")],
        years: projected[0].years.clone(),
        scenarios: compared,
        rules: Vec::new(),
    };
    costs::scenarios(cover("大東市"), &report).unwrap()
}

fn network_document() -> Document {
    let counted = |schools, reached, unknown| ReachingSchools::new(schools, reached, unknown).unwrap();
    let owners = [(Both::same("日野市"), counted(25, 7, 3)), (Both::same("檜原村"), counted(2, 2, 0))];
    plan::networks(cover("東京都"), &owners, Vec::new()).unwrap()
}

/// A document of one table.
pub(super) fn document_of(table: Table) -> Document {
    Document {
        label: None,
        title: Both::fixed("表", "table"),
        cover: cover("大東市"),
        orientation: Orientation::Landscape,
        sections: vec![Section { table: Some(table), ..Section::default() }],
        sources: Vec::new(),
    }
}

/// Text of every kind that people write.
pub(super) fn odd_table() -> Table {
    let column = |kind| Column::new(kind, Both::fixed("列", "column"));
    let columns = vec![
        column(ColumnKind::Text),
        column(ColumnKind::Integer).summed(),
        column(ColumnKind::Day),
        column(ColumnKind::FiscalYear),
    ];
    let names =
        ["=HYPERLINK(\"x\")", "+1", "葛󠄀飾区", "か\u{3099}", "🦀\u{e000}\u{7}", "髙﨑𠮷①㈱", "a\tb\r\nc,\"d\"", ""];
    let day = |day| Date::from_calendar_date(2024, Month::February, day).unwrap();
    let row = |name: &&str| vec![Cell::name(*name), Cell::Integer(-5), Cell::Day(day(29)), Cell::Year(year(2019))];
    let mut rows: Vec<_> = names.iter().map(row).collect();
    rows.push(vec![Cell::Blank; 4]);
    rows.push(vec![Cell::name("字".repeat(3_000)), Cell::Integer(i64::MAX / 4), Cell::Blank, Cell::Blank]);
    Table::new(columns, rows).unwrap().with_totals(words::total()).unwrap()
}

/// Texts of several pages, forty columns, and bars without number.
pub(super) fn far_too_much() -> Document {
    let much = Both::same("長い題名の".repeat(400));
    let mut columns = vec![Column::new(ColumnKind::Text, much.clone())];
    let heading = |at: usize| Both::same(format!("{at}番目の年度の見込額(税込)"));
    columns.extend((0..40).map(|at| Column::new(ColumnKind::Yen, heading(at)).summed()));
    let row =
        |_| std::iter::once(Cell::Text(much.clone())).chain((0..40).map(|_| Cell::Yen(yen(1_234_567_890)))).collect();
    let table = Table::new(columns, (0..3).map(row).collect()).unwrap().with_totals(words::total()).unwrap();
    let bars = 120;
    let series = |look: usize| Series {
        name: much.clone(),
        amounts: vec![yen(1_000 + i64::try_from(look).unwrap()); bars],
        look,
    };
    let chart = Chart::new(much.clone(), vec![Both::same("令和7年度"); bars], (0..8).map(series).collect());
    let mut document = document_of(table);
    document.title = much.clone();
    document.cover.owner = much.clone();
    document.cover.hash = "0123456789".repeat(40);
    document.sections[0].heading = Some(much.clone());
    document.sections[0].chart = Some(chart);
    document.sections[0].footnotes = vec![much; 3];
    document
}

/// What was known of an owner a day ago, which was nothing, and of its one lot now.
fn known() -> (Known, Known) {
    let as_of = cover("").as_of;
    let yesterday = Timestamp(as_of.0 - 86_400_000_000);
    let lot = Lot {
        kind: CostKind::Device,
        maker: String::new(),
        model: String::from("K-1"),
        count: 3,
        acquisition: Acquisition::Purchase { unit_yen: yen(100), tax_basis: TaxBasis::Included, tax_percent: 10 },
        funding: vec![(Payer::Own, yen(300))],
        delivered: Date::from_calendar_date(2025, Month::September, 30).unwrap(),
        warranty_end: None,
        restriction_end: None,
        note: String::new(),
    };
    let stated = Stated { school: None, body: Body::Lot(lot) };
    let entry = KnownEntry { id: EntryId(Uuid::from_u128(7)), recorded_at: as_of, stated };
    let code = String::from("272183");
    let before = Known { code, ..Known::of_nobody(yesterday, RuleSet::default()) };
    let after = Known { as_of, entries: vec![entry], ..before.clone() };
    (before, after)
}

fn changes_document() -> Document {
    let (before, after) = known();
    changes::report(cover("大東市"), &changed(&before, &after, &PlanOrder::default()).unwrap()).unwrap()
}

fn plan_report_document() -> Document {
    let report = PlanReport {
        left_out: vec![(String::from("131130"), Both::fixed("計画がありません", "nobody has a plan"))],
        network: Some((year(2025), ReachingSchools::new(12, 7, 2).unwrap())),
        ..planned(&known().1, &PlanOrder::default()).unwrap()
    };
    plan::report(cover("大東市"), &report, &Names::default()).unwrap()
}

fn all_documents() -> Vec<Document> {
    let empty = Document { sections: Vec::new(), ..plan_document() };
    let documents = [
        plan_document(),
        plan_report_document(),
        costs_document(),
        device_years_document(),
        scenarios_document(),
        changes_document(),
        network_document(),
        empty,
    ];
    documents.into_iter().chain([document_of(odd_table()), far_too_much()]).collect()
}

#[test]
fn plan_for_programs_is_the_published_one_cell_by_cell() {
    let lines = plan::lines("大東市", &daito()).unwrap();
    let (bytes, lost) = csv::table(&lines, Language::Ja, Encoding::Utf8);
    let written = String::from_utf8(bytes).unwrap();
    let written = written.strip_prefix('\u{feff}').expect("Excel needs the mark");
    let cells = |text: &str| -> Vec<Vec<String>> {
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    };
    assert_eq!((cells(written), lost), (cells(EXAMPLE), 0));
}

#[test]
fn plan_on_paper_has_the_rows_of_the_form() {
    let document = plan_document();
    let table = document.sections[0].table.as_ref().unwrap();
    let headings: Vec<_> = table.columns().iter().map(|column| column.heading.ja.as_ref()).collect();
    assert_eq!(headings, ["", "令和6年度", "令和7年度", "令和8年度", "令和9年度", "令和10年度"]);
    let mut example = EXAMPLE.lines().skip(1);
    for (row, circled) in table.rows().iter().zip("①②③④⑤⑥⑦⑧".chars()) {
        let expected: Vec<_> = example.next().unwrap().split(',').skip(2).collect();
        let shown: Vec<_> = row.iter().map(|cell| text::plain(cell, Language::Ja)).collect();
        assert_eq!(shown[0], format!("{circled} {}", expected[0]));
        assert_eq!(shown[1..], expected[1..]);
    }
    assert_eq!(example.next(), None);
    assert_eq!(document.sections[0].footnotes.len(), 4);
    assert_eq!(document.sections[1].table.as_ref().unwrap().totals().unwrap()[1], Cell::Integer(7_800));
}

#[test]
fn csv_is_guarded_and_numbers_stay_numbers() {
    let document = document_of(odd_table());
    let (bytes, _) = csv::document(&document, Language::Ja, Encoding::Utf8);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("\"'=HYPERLINK(\"\"x\"\")\",-5,2024-02-29,R1\r\n"), "{text}");
    assert!(text.contains("照合値,9f86d081"), "{text}");
    let (bytes, lost) = csv::document(&document, Language::Ja, Encoding::Cp932);
    let (decoded, _, wrong) = encoding_rs::SHIFT_JIS.decode(&bytes);
    assert!(!wrong && decoded.contains("髙﨑〓①㈱,-5"), "{decoded}");
    assert!(lost >= 4, "a variant, a sign of a hand, one of nobody's, and 𠮷: {lost}");
}

#[test]
fn costs_add_up_to_what_was_projected() {
    let total = Cell::Yen(projected()[0].total().unwrap());
    for detail in [Detail::Sums, Detail::Lines] {
        for section in costs_of(&cost_report(), detail).sections {
            let totals = section.table.unwrap().totals().unwrap().to_vec();
            assert_eq!(totals.last(), Some(&total), "{:?}", section.heading);
        }
    }
    let document = scenarios_document();
    let sums = |at: usize| -> Vec<_> {
        let table = document.sections[at].table.as_ref().unwrap();
        table.rows().iter().map(|row| row.last().unwrap().clone()).collect()
    };
    assert_eq!((sums(0), sums(3)), (vec![total.clone(); 2], vec![total; 2]), "scenarios differ by who pays");
    // Two thirds, rounded down, are the state's: of 12,345,679 yen in six years, and of 55,000 yen for each of 7,800 devices in
    // the year in which they are renewed again.
    assert_eq!(sums(2), [Cell::Yen(yen(-8_230_452 * 6 - 286_000_000))]);
}

#[test]
fn costs_of_several_owners_are_told_apart_by_owner() {
    let mut report = cost_report();
    report.owners.push(String::from("131130"));
    let more = report.lines.iter().cloned().map(|line| CostLine { owner: String::from("131130"), ..line });
    let more: Vec<_> = more.collect();
    report.lines.extend(more);
    report.rules =
        [RuleSet::default(), RuleSet::default()].iter().flat_map(|set| set.notes(&[RulesKind::Ends])).collect();
    let names = Names { owners: [(String::from("131130"), String::from("渋谷区"))].into(), ..Names::default() };
    let document = costs::yearly(cover(""), &report, &names, Detail::Sums).unwrap();
    let table = document.sections[2].table.as_ref().unwrap();
    let shown: Vec<_> = table.rows().iter().map(|row| text::plain(&row[0], Language::Ja)).collect();
    assert_eq!(shown, ["131130 渋谷区", "272183"]);
    let last = document.sections.last().unwrap();
    assert_eq!(
        (last.heading.clone(), last.paragraphs.len()),
        (Some(words::basis()), 1),
        "the same rules are said once"
    );
    assert_eq!(names.whose(&report.owners).ja, "272183ほか 計2団体");
    assert_eq!(names.whose(&[String::from("131130")]).ja, "渋谷区");
}

#[test]
fn years_that_nobody_asked_for_and_empty_ones_are_left_out() {
    let shown = |first, last| {
        let report = CostReport { first: year(first), last: year(last), ..cost_report() };
        let table = costs_of(&report, Detail::Sums).sections.remove(0).table.unwrap();
        let years: Vec<_> = table.rows().iter().map(|row| text::plain(&row[0], Language::En)).collect();
        (years.first().cloned(), years.len())
    };
    let from_2025 = Some(String::from("FY2025"));
    assert_eq!([shown(2000, 2100), shown(2025, 2034)], [(from_2025.clone(), 10), (from_2025, 10)]);
    assert_eq!(shown(2027, 2028), (Some(String::from("FY2027")), 2));
    assert_eq!(shown(2050, 2060), (None, 0));
}

#[test]
fn what_changed_is_told_with_its_entries_and_amounts() {
    let document = changes_document();
    let headings: Vec<_> = document.sections.iter().filter_map(|section| section.heading.clone()).collect();
    assert_eq!(headings[0], words::changed_entries());
    assert_eq!(headings.last(), Some(&words::changed_amounts()));
    let shown = |section: &Section| -> Vec<Vec<String>> {
        let rows = section.table.as_ref().unwrap().rows().iter();
        rows.map(|row| row.iter().map(|cell| text::plain(cell, Language::Ja)).collect()).collect()
    };
    let id = Uuid::from_u128(7).to_string();
    assert_eq!(shown(&document.sections[0]), [["追加", "調達", "2025-09-30", id.as_str(), "300"]]);
    let amounts = shown(document.sections.last().unwrap());
    assert_eq!(amounts[0], ["一般財源", "実績・契約済み", "R7", "0", "300", "300"]);
    let (before, _) = known();
    let nothing = changed(&before, &before, &PlanOrder::default()).unwrap();
    assert_eq!(changes::report(cover(""), &nothing).unwrap().sections.len(), 1);
}

#[test]
fn plan_of_a_report_has_networks_and_who_is_left_out() {
    let document = plan_report_document();
    let headings: Vec<_> = document.sections.iter().map(|section| section.heading.clone()).collect();
    let [None, Some(networks), left_out, basis] = &headings[..] else { panic!("{headings:?}") };
    assert!(networks.ja.starts_with("別添2 ネットワーク整備計画 1. "), "{networks}");
    assert_eq!((left_out, basis), (&Some(words::left_out()), &Some(words::basis())));
    assert!(document.sections[1].footnotes.iter().any(|note| note.ja.starts_with("令和7年度")));
    assert_eq!(document.sources.len(), 1);
}

#[test]
fn paper_has_no_lines() {
    let forms: Vec<_> = Form::ALL.into_iter().filter(|form| form.detail() == Detail::Sums).collect();
    assert_eq!(forms, [Form::Pdf]);
}

/// A workbook that was written, as a program reads it.
fn read(document: &Document, language: Language) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(xlsx::write(document, language).unwrap())).unwrap()
}

#[test]
fn workbook_has_values_and_formulas() {
    let document = costs_document();
    let mut workbook = read(&document, Language::Ja);
    assert_eq!(workbook.sheet_names(), ["年度別・負担者別の費用", "費目別・年度別の費用", "機種別・年度別の費用"]);
    let name = workbook.sheet_names()[0].clone();
    let (values, formulas) = (workbook.worksheet_range(&name).unwrap(), workbook.worksheet_formula(&name).unwrap());
    assert_eq!(values.get_value((0, 0)), Some(&Data::String(String::from("端末の更新と運用にかかる費用の見通し"))));
    let table = document.sections[0].table.as_ref().unwrap();
    // Title, owner, state of the ledger, heading, heads.
    let first = 5;
    let rows = table.rows().iter().map(Vec::as_slice).chain(table.totals());
    for (row, cells) in (first..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            let Cell::Yen(amount) = cell else { continue };
            let value = values.get_value((row, column)).unwrap();
            assert_eq!(value.as_i64(), Some(amount.to_number()), "{row} {column}");
        }
    }
    let last = u32::try_from(table.columns().len()).unwrap() - 1;
    let formula = |row, column| formulas.get_value((row, column)).cloned().unwrap_or_default();
    assert_eq!(formula(first, last), "SUM(B6:D6)");
    assert_eq!(formula(first, 1), "");
    assert_eq!([formula(first + 10, 1), formula(first + 10, last)], ["SUM(B6:B15)", "SUM(B16:D16)"]);
}

#[test]
fn workbook_divides_costs_by_devices_to_the_nearest_yen() {
    let document = device_years_document();
    let mut workbook = read(&document, Language::Ja);
    let names = workbook.sheet_names();
    assert_eq!(names[3..], ["端末1台・1年あたりの費用", "費目別の端末1台・1年あたりの費用"]);
    let (values, formulas) =
        (workbook.worksheet_range(&names[3]).unwrap(), workbook.worksheet_formula(&names[3]).unwrap());
    let number = |row, column| {
        let value = values.get_value((row, column)).unwrap();
        value.as_i64().filter(|_| !value.is_string())
    };
    // In 2025 there was no device to divide by. In 2026 repairs alone: 12,345,679 of 7,800 are 1,582.78. In 2030 7,800 × 62,000
    // more: 62,000 and as much.
    assert_eq!([number(5, 6), number(6, 6), number(10, 6)], [None, Some(1_583), Some(63_583)]);
    // Twice 483,600,000 and six times 12,345,679 by nine times 7,800: 14,832.9.
    assert_eq!((number(15, 1), number(15, 6)), (Some(70_200), Some(14_833)));
    let formula = |row, column| formulas.get_value((row, column)).cloned().unwrap_or_default();
    assert_eq!(formula(6, 6), "IF(B7=0,\"\",ROUND(E7/B7,0))");
    assert_eq!([formula(15, 1), formula(15, 7)], ["SUM(B6:B15)", "IF(B16=0,\"\",ROUND(F16/B16,0))"]);
    let (values, formulas) =
        (workbook.worksheet_range(&names[4]).unwrap(), workbook.worksheet_formula(&names[4]).unwrap());
    let number = |row, column| values.get_value((row, column)).and_then(calamine::DataType::as_i64);
    // Devices and repairs: 967,200,000 and 74,074,074 of 70,200. Each row has all devices, and so has the last one.
    let rows: Vec<_> = (5..8).map(|row| [1, 2, 3].map(|column| number(row, column).unwrap())).collect();
    let expected = [[70_200, 967_200_000, 13_778], [70_200, 74_074_074, 1_055], [70_200, 1_041_274_074, 14_833]];
    assert_eq!(rows, expected);
    assert_eq!(formulas.get_value((7, 1)).cloned().unwrap_or_default(), "");
}

#[test]
fn workbook_computes_shares_as_the_form_rounds_them() {
    let document = network_document();
    let mut workbook = read(&document, Language::En);
    let name = workbook.sheet_names()[0].clone();
    let (values, formulas) = (workbook.worksheet_range(&name).unwrap(), workbook.worksheet_formula(&name).unwrap());
    let share = |row| values.get_value((row, 3)).and_then(calamine::DataType::as_f64);
    assert_eq!([share(5), share(6), share(7)], [Some(0.28), Some(1.0), Some(0.333)]);
    let formula = formulas.get_value((7, 3)).unwrap();
    assert_eq!(formula, "IF(B8=0,\"\",MIN(1,QUOTIENT(C8*1000,B8)/1000))");
}

/// A part of a workbook.
pub(super) fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn workbook_has_formats_and_is_ready_to_be_printed() {
    let bytes = xlsx::write(&costs_document(), Language::Ja).unwrap();
    let styles = part(&bytes, "xl/styles.xml");
    assert!(styles.contains("formatCode=\"#,##0 &quot;円&quot;\""), "{styles}");
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    for expected in [
        "<pane xSplit=\"1\" ySplit=\"5\"",
        "paperSize=\"9\"",
        "orientation=\"landscape\"",
        "&amp;P / &amp;N",
        "9f86d081",
    ] {
        assert!(sheet.contains(expected), "{expected}: {sheet}");
    }
    assert!(part(&bytes, "xl/workbook.xml").contains("_xlnm.Print_Titles"), "heads are repeated on each page");
    let properties = part(&bytes, "docProps/core.xml");
    assert!(properties.contains(">2026-11-23T08:40:00Z<"), "{properties}");
    let share = part(&xlsx::write(&network_document(), Language::Ja).unwrap(), "xl/styles.xml");
    assert!(share.contains("formatCode=\"0.0%\""), "{share}");
}

#[test]
fn workbook_never_takes_a_text_for_a_formula() {
    let mut workbook = read(&document_of(odd_table()), Language::Ja);
    let name = workbook.sheet_names()[0].clone();
    let (values, formulas) = (workbook.worksheet_range(&name).unwrap(), workbook.worksheet_formula(&name).unwrap());
    assert_eq!(values.get_value((5, 0)), Some(&Data::String(String::from("=HYPERLINK(\"x\")"))));
    let written: Vec<_> = formulas.used_cells().filter(|(_, _, formula)| !formula.is_empty()).collect();
    assert_eq!(written.len(), 1, "the sum alone: {written:?}");
}

#[test]
fn sheets_have_names_of_their_own() {
    let table =
        || Section { heading: Some(Both::same("内訳/[A]:*?")), ..document_of(odd_table()).sections.remove(0) };
    let long = Section { heading: Some(Both::same("長い名前".repeat(20))), ..table() };
    let document = Document { sections: vec![table(), table(), long, Section::default()], ..plan_document() };
    let workbook = read(&document, Language::Ja);
    let names = workbook.sheet_names();
    assert_eq!((names[0].as_str(), names[1].as_str(), names[3].as_str()), ("内訳A", "シート 2", "端末整備・更新計画"));
    assert_eq!(names[2].chars().count(), 31);
}

#[test]
fn same_document_gives_the_same_bytes() {
    for document in all_documents() {
        for language in [Language::Ja, Language::En] {
            for form in Form::ALL {
                let write = || form.write(&document, language).unwrap();
                assert!(write() == write(), "{} as {}", document.title.en, form.name());
                assert_eq!(Form::of(form.name()), Some(form));
            }
        }
    }
}

#[test]
fn tables_beyond_a_form_are_refused() {
    let columns = vec![Column::new(ColumnKind::Integer, Both::same("n"))];
    let rows = (0..=5_000).map(|number| vec![Cell::Integer(number)]).collect();
    let document = document_of(Table::new(columns, rows).unwrap());
    let refused = pdf::write(&document, Language::Ja).unwrap_err();
    assert_eq!((refused.kind, refused.reason), (crate::error::Kind::Invalid, "DOCUMENT_TOO_LONG"));
    assert!(xlsx::write(&document, Language::Ja).is_ok());
}

#[test]
fn sums_beyond_the_limit_are_refused() {
    let columns =
        || vec![Column::new(ColumnKind::Text, Both::same("")), Column::new(ColumnKind::Yen, Both::same("")).summed()];
    let rows = || vec![vec![Cell::Blank, Cell::Yen(Yen::MOST)], vec![Cell::Blank, Cell::Yen(yen(1))]];
    let table = Table::new(columns(), rows()).unwrap();
    assert!(table.with_totals(words::total()).is_err());
}

#[test]
fn every_word_is_japanese_and_english() {
    for (name, ja, en) in words::ALL {
        let japanese = |c: char| ('\u{3040}'..='\u{30ff}').contains(&c) || ('\u{4e00}'..='\u{9fff}').contains(&c);
        let is_same = ["page", "source", "eraser_chosen", "scenario_note"].contains(name);
        assert!(is_same || ja.chars().any(japanese), "{name} has no Japanese: {ja}");
        assert!(!en.chars().any(japanese), "{name} has Japanese in its English: {en}");
    }
}

prop_compose! {
    fn amounts()(columns in 1_usize..6)(
        rows in prop::collection::vec(prop::collection::vec(prop::option::of(-1_000_000_000_i64..1_000_000_000), columns), 0..20),
        columns in Just(columns),
    ) -> (usize, Vec<Vec<Option<i64>>>) {
        (columns, rows)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cells_add_up_to_their_totals_in_every_form((columns, rows) in amounts()) {
        let mut heads = vec![Column::new(ColumnKind::Text, Both::same(""))];
        heads.extend((0..columns).map(|_| Column::new(ColumnKind::Yen, Both::same("円")).summed()));
        heads.push(Column::sum_of(ColumnKind::Yen, words::sum(), 1..columns + 1));
        let cell = |amount: &Option<i64>| amount.map_or(Cell::Blank, |amount| Cell::Yen(yen(amount)));
        let cells = rows.iter().map(|row| std::iter::once(Cell::Blank).chain(row.iter().map(cell)).collect());
        let table = Table::new(heads, cells.collect()).unwrap().with_totals(words::total()).unwrap();
        let of = |cell: &Cell| match cell {
            Cell::Yen(yen) => yen.to_number(),
            Cell::Blank | Cell::Text(_) | Cell::Integer(_) | Cell::Percent(_) | Cell::Year(_) | Cell::Day(_) => 0,
        };
        let totals = table.totals().unwrap();
        for (at, total) in totals.iter().enumerate().skip(1) {
            prop_assert_eq!(table.rows().iter().map(|row| of(&row[at])).sum::<i64>(), of(total));
        }
        let all: i64 = rows.iter().flatten().flatten().sum();
        prop_assert_eq!(of(totals.last().unwrap()), all);
        let mut workbook = read(&document_of(table), Language::Ja);
        let name = workbook.sheet_names()[0].clone();
        let values = workbook.worksheet_range(&name).unwrap();
        let place = (u32::try_from(rows.len()).unwrap() + 5, u32::try_from(columns).unwrap() + 1);
        prop_assert_eq!(values.get_value(place).and_then(calamine::DataType::as_i64), Some(all));
    }
}
