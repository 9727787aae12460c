//! Tables of typed columns. A table computes its own sums, so that no form of a document can show others.

use std::ops::Range;

use time::Date;

use crate::{
    error::Both,
    renewal::rules::{
        money::{OverLimit, Yen},
        plan::{self, Share},
        report::per_device::per_device,
    },
    schools::rules::fiscal::FiscalYear,
};

/// What stands in one place of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Blank,
    /// Words.
    Text(Both),
    /// A whole number.
    Integer(i64),
    /// Money.
    Yen(Yen),
    /// A share.
    Percent(Share),
    /// A fiscal year.
    Year(FiscalYear),
    /// A day.
    Day(Date),
}

impl Cell {
    /// A name, which is the same in both languages.
    pub fn name(text: impl Into<String>) -> Self {
        Self::Text(Both::same(text.into()))
    }

    /// How many.
    pub fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The kind of column that it is of; none for nothing, which fits into every column.
    fn kind(&self) -> Option<ColumnKind> {
        match self {
            Self::Blank => None,
            Self::Text(_) => Some(ColumnKind::Text),
            Self::Integer(_) => Some(ColumnKind::Integer),
            Self::Yen(_) => Some(ColumnKind::Yen),
            Self::Percent(_) => Some(ColumnKind::Percent),
            Self::Year(_) => Some(ColumnKind::FiscalYear),
            Self::Day(_) => Some(ColumnKind::Day),
        }
    }
}

/// As the form of the plan has it.
impl From<plan::Cell> for Cell {
    fn from(cell: plan::Cell) -> Self {
        match cell {
            plan::Cell::Blank => Self::Blank,
            plan::Cell::Count(count) => Self::count(count),
            plan::Cell::Share(share) => Self::Percent(share),
        }
    }
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Words.
    Text,
    /// Whole numbers.
    Integer,
    /// Money.
    Yen,
    /// Shares, with one digit behind the point.
    Percent,
    /// Fiscal years.
    FiscalYear,
    /// Days.
    Day,
    /// Numbers and shares under each other, as a form has them: 15%, 33.3%.
    Form,
}

impl ColumnKind {
    fn takes(self, cell: &Cell) -> bool {
        match (self, cell.kind()) {
            (_, None) => true,
            (Self::Form, Some(kind)) => matches!(kind, Self::Integer | Self::Percent),
            (kind, Some(of)) => kind == of,
        }
    }
}

/// Where the cells of a column come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled {
    /// From the rows that are given.
    Given,
    /// The sum of other columns of the same kind in each row.
    SumOf(Range<usize>),
    /// The share that one column is of another, both of whole numbers.
    ShareOf {
        /// The part.
        part: usize,
        /// The whole; nothing of nothing.
        whole: usize,
    },
    /// What of money falls to one of so many, to the nearest yen.
    PerUnit {
        /// The money.
        amount: usize,
        /// How many, in a column of whole numbers; nothing of none.
        units: usize,
    },
}

/// What the row of totals has in a column whose cells are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Nothing.
    Blank,
    /// Their sum.
    Sum,
    /// What stands in every row.
    Same,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Above it.
    pub heading: Both,
    /// What its cells are.
    pub kind: ColumnKind,
    /// Where they come from.
    pub filled: Filled,
    /// What the row of totals has.
    pub total: Total,
}

impl Column {
    /// A column whose cells are given and not added up.
    pub fn new(kind: ColumnKind, heading: Both) -> Self {
        Self { heading, kind, filled: Filled::Given, total: Total::Blank }
    }

    /// The same, added up in the row of totals: whole numbers or money.
    #[must_use]
    pub fn summed(mut self) -> Self {
        assert!(matches!(self.kind, ColumnKind::Integer | ColumnKind::Yen), "only numbers and money add up");
        self.total = Total::Sum;
        self
    }

    /// The same, with one cell in all rows, which the row of totals has too.
    #[must_use]
    pub fn same(self) -> Self {
        Self { total: Total::Same, ..self }
    }

    /// A column of the sums of others, added up itself.
    pub fn sum_of(kind: ColumnKind, heading: Both, columns: Range<usize>) -> Self {
        Self { filled: Filled::SumOf(columns), ..Self::new(kind, heading).summed() }
    }

    /// A column of the share that one column is of another; the row of totals has the share of the sums.
    pub fn share_of(heading: Both, part: usize, whole: usize) -> Self {
        Self { filled: Filled::ShareOf { part, whole }, ..Self::new(ColumnKind::Percent, heading) }
    }

    /// A column of what of money falls to one of so many; the row of totals has it of the totals.
    pub fn per_unit(heading: Both, amount: usize, units: usize) -> Self {
        Self { filled: Filled::PerUnit { amount, units }, ..Self::new(ColumnKind::Yen, heading) }
    }

    fn is_given(&self) -> bool {
        self.filled == Filled::Given
    }
}

/// A table. Its cells are checked to be of their columns' kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    totals: Option<Vec<Cell>>,
}

impl Table {
    /// A table of rows that have a cell for each column that is given; the other columns are computed. Refused: sums above
    /// 10^13 yen, or counts above 2^63.
    pub fn new(columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Result<Self, OverLimit> {
        check(&columns);
        let given = columns.iter().filter(|column| column.is_given()).count();
        let mut whole = Vec::with_capacity(rows.len());
        for row in rows {
            assert_eq!(row.len(), given, "a row has a cell for each given column");
            whole.push(completed(&columns, row)?);
        }
        Ok(Self { columns, rows: whole, totals: None })
    }

    /// The same with a row of totals, its label in the first column, which is one of words.
    pub fn with_totals(mut self, label: Both) -> Result<Self, OverLimit> {
        assert!(self.columns.first().is_some_and(|first| first.kind == ColumnKind::Text), "a label needs its column");
        let mut totals = vec![Cell::Text(label)];
        for (at, column) in self.columns.iter().enumerate().skip(1) {
            let cells = self.rows.iter().map(|row| &row[at]);
            totals.push(match &column.filled {
                Filled::ShareOf { part, whole } => share(&totals[*part], &totals[*whole]),
                Filled::PerUnit { amount, units } => of_one(&totals[*amount], &totals[*units]),
                Filled::Given | Filled::SumOf(_) => match column.total {
                    Total::Sum => sum(column.kind, cells)?,
                    Total::Same => self.rows.first().map_or(Cell::Blank, |row| row[at].clone()),
                    Total::Blank => Cell::Blank,
                },
            });
        }
        self.totals = Some(totals);
        Ok(self)
    }

    /// Its columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Its rows, with a cell for each column.
    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// The row of totals.
    pub fn totals(&self) -> Option<&[Cell]> {
        self.totals.as_deref()
    }
}

/// Computed columns stand behind those that they are computed from.
fn check(columns: &[Column]) {
    for (at, column) in columns.iter().enumerate() {
        let is_right = match &column.filled {
            Filled::Given => true,
            Filled::SumOf(range) => range.end <= at && columns[range.clone()].iter().all(|of| of.kind == column.kind),
            Filled::ShareOf { part, whole } => {
                [*part, *whole].iter().all(|of| *of < at && columns[*of].kind == ColumnKind::Integer)
            }
            Filled::PerUnit { amount, units } => {
                let is_before = *amount < at && *units < at;
                is_before && columns[*amount].kind == ColumnKind::Yen && columns[*units].kind == ColumnKind::Integer
            }
        };
        assert!(is_right, "column {at} is computed from columns before it, of its kind");
    }
}

fn completed(columns: &[Column], given: Vec<Cell>) -> Result<Vec<Cell>, OverLimit> {
    let mut given = given.into_iter();
    let mut row: Vec<Cell> = Vec::with_capacity(columns.len());
    for column in columns {
        let cell = match &column.filled {
            Filled::Given => given.next().expect("the row was counted"),
            Filled::SumOf(range) => sum(column.kind, row[range.clone()].iter())?,
            Filled::ShareOf { part, whole } => share(&row[*part], &row[*whole]),
            Filled::PerUnit { amount, units } => of_one(&row[*amount], &row[*units]),
        };
        assert!(column.kind.takes(&cell), "{cell:?} is in a column of {:?}", column.kind);
        row.push(cell);
    }
    Ok(row)
}

/// The sum of cells of one kind; what is blank counts nothing.
fn sum<'c>(kind: ColumnKind, cells: impl Iterator<Item = &'c Cell>) -> Result<Cell, OverLimit> {
    let mut sum: i128 = 0;
    for cell in cells {
        sum += match cell {
            Cell::Integer(number) => i128::from(*number),
            Cell::Yen(yen) => i128::from(yen.to_number()),
            Cell::Blank | Cell::Text(_) | Cell::Percent(_) | Cell::Year(_) | Cell::Day(_) => 0,
        };
    }
    let sum = i64::try_from(sum).map_err(|_| OverLimit)?;
    match kind {
        ColumnKind::Yen => Yen::new(sum).map(Cell::Yen),
        ColumnKind::Text
        | ColumnKind::Integer
        | ColumnKind::Percent
        | ColumnKind::FiscalYear
        | ColumnKind::Day
        | ColumnKind::Form => Ok(Cell::Integer(sum)),
    }
}

/// How many a cell says; none for what is no whole number.
fn count(cell: &Cell) -> Option<u64> {
    match cell {
        Cell::Integer(count) => u64::try_from(*count).ok(),
        Cell::Blank | Cell::Text(_) | Cell::Yen(_) | Cell::Percent(_) | Cell::Year(_) | Cell::Day(_) => None,
    }
}

/// What of the money of one cell falls to one of those that another counts; nothing of none.
fn of_one(amount: &Cell, units: &Cell) -> Cell {
    let Cell::Yen(amount) = amount else { return Cell::Blank };
    count(units).and_then(|units| per_device(*amount, units)).map_or(Cell::Blank, Cell::Yen)
}

/// The share that one cell is of another; nothing of nothing.
fn share(part: &Cell, whole: &Cell) -> Cell {
    let share = count(part).zip(count(whole)).and_then(|(part, whole)| Share::new(part, whole));
    share.map_or(Cell::Blank, Cell::Percent)
}
