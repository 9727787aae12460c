//! A published plan cell by cell, a town that fills it the other way, and what holds for all of them.

use proptest::prelude::*;

use super::*;

/// The published plan of 大東市.
const EXAMPLE: &str = include_str!("example.csv");

fn year(year: i32) -> FiscalYear {
    FiscalYear::starting_in(year).unwrap()
}

fn phase() -> (FiscalYear, FiscalYear) {
    (year(2024), year(2028))
}

fn cap() -> Fraction {
    Fraction::new(15, 100).unwrap()
}

fn figures(year_of: i32, [pupils, installed, installed_by_fund, spares, spares_by_fund]: [u32; 5]) -> YearFigures {
    YearFigures { year: year(year_of), pupils, installed, installed_by_fund, spares, spares_by_fund }
}

const AS_DAITO: Definitions = Definitions { cap_after: CapAfterRenewal::Zero, spare_share: SpareShare::OfPupils };
const OTHERWISE: Definitions = Definitions { cap_after: CapAfterRenewal::Computed, spare_share: SpareShare::OfAllowed };

/// The plan in the form of the example.
fn written(municipality: &str, plan: &Plan) -> String {
    let mut text = String::from("municipality,row,label");
    for year in &plan.years {
        text.push_str(&format!(",{}", year.letter()));
    }
    text.push('\n');
    for row in &plan.rows {
        let cells: Vec<_> = row.cells.iter().map(Cell::to_string).collect();
        text.push_str(&format!("{municipality},{},{},{}\n", row.number, row.label, cells.join(",")));
    }
    text
}

#[test]
fn published_plan_comes_out_cell_by_cell() {
    // What the board entered: rows 1, 3, 4, 6 and 7 of the years that it filled.
    let entered = [
        figures(2024, [7_617, 0, 0, 0, 0]),
        figures(2025, [7_800, 7_800, 7_800, 1_170, 1_170]),
        figures(2026, [7_800, 0, 0, 0, 0]),
    ];
    let plan = Plan::compute(phase(), &entered, cap(), AS_DAITO).unwrap();
    assert_eq!(written("大東市", &plan), EXAMPLE);
    let notes: Vec<_> = plan.footnotes.iter().map(|note| note.ja.as_ref()).collect();
    assert!(notes[0].contains("整備の最終年度より後は0") && notes[2].contains("当該年度の⑥÷①"), "{notes:?}");
}

#[test]
fn town_that_fills_it_otherwise_has_its_own_footnotes() {
    // 緑町, invented: 333 pupils; floor(333 × 1.15) = 382, floor(333 × 0.15) = 49.
    let entered = [
        figures(2024, [333, 111, 100, 20, 20]),
        figures(2025, [331, 111, 111, 10, 10]),
        figures(2026, [320, 98, 98, 18, 0]),
        figures(2027, [310, 0, 0, 0, 0]),
        figures(2028, [301, 0, 0, 0, 0]),
    ];
    let plan = Plan::compute(phase(), &entered, cap(), OTHERWISE).unwrap();
    let expected = "municipality,row,label,R6,R7,R8,R9,R10\n\
        緑町,1,児童生徒数,333,331,320,310,301\n\
        緑町,2,予備機を含む整備上限台数,382,380,368,356,346\n\
        緑町,3,整備台数(予備機除く),111,111,98,0,0\n\
        緑町,4,③のうち基金事業によるもの,100,111,98,0,0\n\
        緑町,5,累積更新率,33.3%,67%,100%,100%,100%\n\
        緑町,6,予備機整備台数,20,10,18,0,0\n\
        緑町,7,⑥のうち基金事業によるもの,20,10,0,0,0\n\
        緑町,8,予備機整備率,40.8%,61.2%,100%,100%,100%\n";
    assert_eq!(written("緑町", &plan), expected);
    let notes: Vec<_> = plan.footnotes.iter().map(|note| note.en.as_ref()).collect();
    assert!(notes[0].contains("computed for each year") && notes[2].contains("⑥ up to the year"), "{notes:?}");
}

#[test]
fn all_that_is_wrong_is_said_with_its_year_and_row() {
    let entered = [
        figures(2023, [100, 0, 0, 0, 0]),
        figures(2025, [100, 101, 102, 15, 16]),
        figures(2025, [100, 0, 0, 1, 0]),
        figures(2026, [PUPILS_MOST + 1, 0, 0, 0, 0]),
    ];
    let wrong = Plan::compute(phase(), &entered, cap(), AS_DAITO).unwrap_err();
    let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_ref()).collect();
    assert_eq!(
        fields,
        [
            "years.R5.year",
            "years.R7.installed_by_fund",
            "years.R7.spares_by_fund",
            "years.R7.installed",
            "years.R7.year",
            "years.R7.spares",
            "years.R8.pupils"
        ]
    );
}

#[test]
fn nobody_to_teach_leaves_shares_blank() {
    let plan = Plan::compute(phase(), &[figures(2024, [0; 5])], cap(), OTHERWISE).unwrap();
    let cells: Vec<_> = plan.rows.iter().map(|row| row.cells[0].to_string()).collect();
    assert_eq!(cells, ["0", "0", "0", "0", "", "0", "0", ""]);
    let none = Plan::compute(phase(), &[], cap(), AS_DAITO).unwrap();
    assert!(none.rows.iter().all(|row| row.cells == [Cell::Blank; 5]));
}

#[test]
fn prefecture_is_the_sum_of_its_owners() {
    let plan = |entered: &[YearFigures]| Plan::compute(phase(), entered, cap(), AS_DAITO).unwrap();
    let more = plan(&[figures(2024, [10, 10, 10, 1, 1]), figures(2025, [9, 0, 0, 0, 0])]);
    let less = plan(&[figures(2025, [10, 5, 5, 0, 0])]);
    let both = Plan::roll_up(&[more.clone(), less]).unwrap();
    let column = |at: usize| both.rows.iter().map(|row| row.cells[at].to_string()).collect::<Vec<_>>();
    assert_eq!(column(0), ["10", "11", "10", "10", "100%", "1", "1", "10%"]);
    // 9 of 9 and 5 of 10: what the first has too much does not help the second.
    assert_eq!(column(1), ["19", "11", "5", "5", "73.6%", "0", "0", "0%"]);
    assert_eq!(column(4), [""; 8]);
    let other = Plan::compute(phase(), &[], cap(), OTHERWISE).unwrap();
    assert_eq!((Plan::roll_up(&[more, other]), Plan::roll_up(&[])), (None, None));
}

prop_compose! {
    /// Years as a board may enter them, within what is allowed.
    fn entered()(
        pupils in prop::collection::vec(0_u32..2_000_000, 1..=5),
        parts in prop::collection::vec((0_u64..=100, 0_u64..=100, 0_u64..=100, 0_u64..=100), 5),
    ) -> Vec<YearFigures> {
        let mut spares_so_far = 0;
        let part = |whole: u32, percent: u64| u32::try_from(u64::from(whole) * percent / 100).unwrap();
        (2024..).zip(pupils).zip(parts).map(|((of, pupils), (installed, fund, spares, spare_fund))| {
            let installed = part(pupils, installed);
            let spares = part((pupils * 15 / 100).saturating_sub(spares_so_far), spares);
            spares_so_far += spares;
            figures(of, [pupils, installed, part(installed, fund), spares, part(spares, spare_fund)])
        }).collect()
    }
}

proptest! {
    #[test]
    fn caps_are_those_of_the_form_for_all_boards(entered in entered(), after in 0_usize..2, share in 0_usize..2) {
        let definitions = Definitions { cap_after: CapAfterRenewal::ALL[after], spare_share: SpareShare::ALL[share] };
        let plan = Plan::compute(phase(), &entered, cap(), definitions).unwrap();
        let count = |row: usize, at: usize| match plan.rows[row].cells[at] {
            Cell::Count(count) => count,
            Cell::Blank | Cell::Share(_) => 0,
        };
        let last = entered.iter().filter(|one| one.installed > 0 || one.spares > 0).map(|one| one.year).max();
        let mut spares = 0;
        for (at, one) in entered.iter().enumerate() {
            let pupils = u64::from(one.pupils);
            let is_after = last.is_some_and(|last| last < one.year) && after == 0;
            prop_assert_eq!(count(1, at), if is_after { 0 } else { pupils * 115 / 100 });
            prop_assert!(is_after || count(2, at) + count(5, at) <= count(1, at));
            prop_assert!(count(3, at) <= count(2, at) && count(6, at) <= count(5, at));
            spares += count(5, at);
            prop_assert!(one.spares == 0 || spares <= pupils * 15 / 100, "{} of {}", spares, pupils);
            for row in [4, 7] {
                let within = match plan.rows[row].cells[at] {
                    Cell::Share(share) => share.per_mille() <= 1_000,
                    Cell::Blank => one.pupils < 7,
                    Cell::Count(_) => false,
                };
                prop_assert!(within);
            }
        }
        prop_assert!(plan.rows.iter().all(|row| row.cells[entered.len()..].iter().all(|cell| *cell == Cell::Blank)));
        prop_assert_eq!(Plan::roll_up(std::slice::from_ref(&plan)), Some(plan));
    }

    #[test]
    fn share_is_rounded_down_so_that_all_means_all(part in 0_u64..1_000_000, whole in 1_u64..1_000_000) {
        let share = Share::new(part, whole).unwrap();
        prop_assert_eq!(share.to_string() == "100%", part >= whole);
        prop_assert!(u64::from(share.per_mille()) * whole <= part.min(whole) * 1_000);
    }
}
