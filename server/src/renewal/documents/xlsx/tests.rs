//! A sheet with as many rows as there may be, and with one more.

use super::*;
use crate::{
    error::{Both, Kind},
    renewal::documents::{
        Cell, Column, ColumnKind, Table,
        tests::{document_of, part, yen},
    },
};

/// Costs of 1 yen, 2 yen and so on in so many rows, with their total. Two columns, since what is tried are the rows: all eight of a
/// report's lines take four times as long.
fn costs(rows: usize) -> Document {
    let kind = Column::new(ColumnKind::Text, words::kind());
    let amount = Column::new(ColumnKind::Yen, words::amount()).summed();
    let row = |amount: i64| vec![Cell::Text(Both::fixed("修理", "Repairs")), Cell::Yen(yen(amount))];
    let rows = (1..=i64::try_from(rows).unwrap()).map(row).collect();
    document_of(Table::new(vec![kind, amount], rows).unwrap().with_totals(words::total()).unwrap())
}

#[test]
fn a_million_rows_are_written_to_the_last_one_and_their_sum() {
    let bytes = write(&costs(ROWS_MOST), Language::Ja).unwrap();
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    // Title, owner, state of the ledger, heading and heads stand above them, and their total below.
    assert_eq!(sheet.matches("<row ").count(), ROWS_MOST + 6);
    let end = &sheet[sheet.rfind("<c r=\"B1000005\"").expect("the last row is there")..];
    assert!(end.contains("<v>1000000</v>") && end.contains("<f>SUM(B6:B1000005)</f><v>500000500000</v>"), "{end}");
    assert!(sheet.contains("<c r=\"B6\"") && !sheet.contains("<c r=\"B1000007\""));
}

#[test]
fn one_row_above_a_million_is_refused_and_says_both_numbers() {
    let refused = write(&costs(ROWS_MOST + 1), Language::Ja).unwrap_err();
    assert_eq!((refused.kind, refused.reason), (Kind::Invalid, "DOCUMENT_TOO_LONG"));
    for said in [&refused.message.ja, &refused.message.en] {
        assert!(said.contains("1000001") && said.contains("1000000 "), "{said}");
    }
}
