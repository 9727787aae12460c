//! Rows of a table → what they say of devices, with all that is wrong in them.

use std::collections::HashMap;

use super::{
    cells,
    columns::ColumnField,
    dates::parse_date,
    places::Places,
    problems::{Problem, RowError},
    table::{GridRow, Table},
};
use crate::devices::rules::{
    fields::{Field, FieldValue, Source},
    fold::{fold_key, serial_key},
};

/// What one row says of one device. A blank cell says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRecord {
    /// As the spreadsheet counts.
    pub row: u32,
    /// What is said.
    pub said: Vec<(Field, FieldValue)>,
    /// The label folded for comparison.
    pub label_key: Option<String>,
    /// The serial number folded for comparison; none for one that tells no devices apart.
    pub serial_key: Option<String>,
}

impl DeviceRecord {
    /// What is said of a field.
    pub fn get(&self, field: Field) -> Option<&FieldValue> {
        self.said.iter().find(|(said, _)| *said == field).map(|(_, value)| value)
    }
}

/// All rows that can be taken, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Read {
    /// Rows without a fault.
    pub records: Vec<DeviceRecord>,
    /// Faults, by row.
    pub errors: Vec<RowError>,
}

/// Who speaks in a table.
pub fn source_of(table: &Table) -> Source {
    if table.vendor.is_some() { Source::VendorConsole } else { Source::Ledger }
}

/// Reads all rows. Names of persons are passed over unless the owner keeps them.
pub fn read(table: &Table, places: &Places, keeps_names: bool) -> Read {
    let mut read = Read::default();
    let mut serials: HashMap<String, u32> = HashMap::new();
    let mut labels: HashMap<String, u32> = HashMap::new();
    for row in &table.rows {
        let mut reading = Reading { table, places, row, said: Vec::new(), errors: Vec::new() };
        reading.cells(keeps_names);
        let Reading { said, mut errors, .. } = reading;
        let text = |field: Field| match said.iter().find(|(known, _)| *known == field) {
            Some((_, FieldValue::Text(text))) => Some(text.as_str()),
            _ => None,
        };
        let serial_key = text(Field::SerialNumber).and_then(serial_key);
        let label_key = text(Field::Label).and_then(fold_key);
        if errors.is_empty() && serial_key.is_none() && label_key.is_none() {
            errors.push(RowError {
                row: row.number,
                column: None,
                value: String::new(),
                problem: Problem::NothingToKnowItBy,
            });
        }
        for (field, key, seen) in
            [(ColumnField::Serial, &serial_key, &mut serials), (ColumnField::Label, &label_key, &mut labels)]
        {
            let Some(key) = key else { continue };
            match seen.get(key) {
                Some(other_row) => {
                    let column = table.columns.iter().position(|column| column.field == Some(field)).unwrap_or(0);
                    let value = row.cells.get(column).map_or("", String::as_str);
                    let problem = Problem::DuplicateInFile { other_row: *other_row };
                    errors.push(table.error(row.number, column, value, problem));
                }
                None => {
                    seen.insert(key.clone(), row.number);
                }
            }
        }
        if errors.is_empty() {
            read.records.push(DeviceRecord { row: row.number, said, label_key, serial_key });
        }
        read.errors.extend(errors);
    }
    read
}

struct Reading<'a> {
    table: &'a Table,
    places: &'a Places,
    row: &'a GridRow,
    said: Vec<(Field, FieldValue)>,
    errors: Vec<RowError>,
}

impl Reading<'_> {
    fn cells(&mut self, keeps_names: bool) {
        let table = self.table;
        for (at, column) in table.columns.iter().enumerate() {
            let Some(field) = column.field else { continue };
            let Some(cell) = self.row.cells.get(at).filter(|cell| !cell.is_empty()) else { continue };
            // What an export of ours guarded comes back as it was.
            let cell = super::export::unguarded(cell);
            if matches!(field, ColumnField::RecentUsers) || (field == ColumnField::PersonName && !keeps_names) {
                continue;
            }
            if cells::is_nothing(cell) {
                continue;
            }
            let read = cells::plain(cell).and_then(|cell| self.cell(field, cell));
            if let Err(problem) = read {
                self.errors.push(table.error(self.row.number, at, cell, problem));
            }
        }
        let known = |said: &[(Field, FieldValue)], field| said.iter().any(|(known, _)| *known == field);
        if let Some(kind) = table.vendor.and_then(|vendor| vendor.os_kind)
            && !known(&self.said, Field::OsKind)
        {
            self.say(Field::OsKind, FieldValue::Number(kind));
        }
    }

    /// What is said first stays: an own column for the grade comes before a whole 3年2組15番.
    fn say(&mut self, field: Field, value: FieldValue) {
        match self.said.iter_mut().find(|(said, _)| *said == field) {
            Some(_) => {}
            None => self.said.push((field, value)),
        }
    }

    fn text(&mut self, field: Field, cell: &str, most: usize) -> Result<(), Problem> {
        let text = cells::parse_text(cell, most)?;
        self.say(field, FieldValue::Text(text));
        Ok(())
    }

    fn number(&mut self, field: Field, number: Result<i64, Problem>) -> Result<(), Problem> {
        self.say(field, FieldValue::Number(number?));
        Ok(())
    }

    fn date(&mut self, field: Field, cell: &str) -> Result<(), Problem> {
        self.say(field, FieldValue::Text(parse_date(cell)?.to_string()));
        Ok(())
    }

    fn seat(&mut self, cell: &str) -> Result<(), Problem> {
        let seat = cells::parse_seat(cell)?;
        if let Some(grade) = seat.grade {
            self.say(Field::Grade, FieldValue::Number(grade));
        }
        if let Some(class) = seat.class {
            self.say(Field::ClassName, FieldValue::Text(class));
        }
        if let Some(number) = seat.number {
            self.say(Field::SeatNumber, FieldValue::Number(number));
        }
        Ok(())
    }

    fn cell(&mut self, field: ColumnField, cell: &str) -> Result<(), Problem> {
        match field {
            ColumnField::Label => {
                let label = cells::parse_label(cell)?;
                self.say(Field::Label, FieldValue::Text(label));
            }
            ColumnField::Serial => {
                let serial = cells::parse_serial(cell)?;
                self.say(Field::SerialNumber, FieldValue::Text(serial));
            }
            ColumnField::Maker => self.text(Field::Maker, cell, 100)?,
            ColumnField::Model => self.text(Field::Model, cell, 100)?,
            ColumnField::Os => {
                let os = cells::parse_os(cell)?;
                self.say(Field::OsKind, FieldValue::Number(os.kind));
                if let Some(version) = os.version {
                    self.say(Field::OsVersion, FieldValue::Text(version));
                }
            }
            ColumnField::OsVersion => match cells::parse_os(cell) {
                // "Windows 11 22H2" in the column of the version says both.
                Ok(os) => {
                    self.say(Field::OsKind, FieldValue::Number(os.kind));
                    if let Some(version) = os.version {
                        self.say(Field::OsVersion, FieldValue::Text(version));
                    }
                }
                Err(_) => self.text(Field::OsVersion, cell, 64)?,
            },
            ColumnField::School => {
                let school = self.places.find(cell)?;
                self.say(Field::School, FieldValue::Text(school.to_string()));
            }
            ColumnField::OrgUnit => {
                if let Some(school) = self.places.find_in_path(cell) {
                    self.say(Field::School, FieldValue::Text(school.to_string()));
                }
            }
            ColumnField::Grade => self.number(Field::Grade, cells::parse_number(cell, "年", 1, 9))?,
            ColumnField::Class => match cells::parse_class(cell) {
                Ok(class) => self.say(Field::ClassName, FieldValue::Text(class)),
                Err(_) => self.seat(cell)?,
            },
            ColumnField::Seat => self.number(Field::SeatNumber, cells::parse_number(cell, "番", 1, 99))?,
            ColumnField::ClassSeat => self.seat(cell)?,
            ColumnField::Purpose => self.number(Field::Purpose, cells::PURPOSES.parse(cell))?,
            ColumnField::Lifecycle => self.number(Field::Lifecycle, cells::LIFECYCLES.parse(cell))?,
            ColumnField::VendorStatus => {
                // A console knows accounts, not shelves: only that a device left it means something here.
                if cell.trim().eq_ignore_ascii_case("DEPROVISIONED") {
                    self.say(Field::Lifecycle, FieldValue::Number(5));
                }
            }
            ColumnField::Room => self.text(Field::Room, cell, 100)?,
            ColumnField::Cart => self.text(Field::Cart, cell, 100)?,
            ColumnField::Acquired => self.date(Field::AcquiredOn, cell)?,
            ColumnField::Warranty => self.date(Field::WarrantyUntil, cell)?,
            ColumnField::Lease => self.date(Field::LeaseUntil, cell)?,
            ColumnField::Price => self.number(Field::PriceYen, cells::parse_money(cell))?,
            // Checked here; kept by the ledger of purchases, not by the device.
            ColumnField::Funding => {
                cells::FUNDINGS.parse(cell)?;
            }
            ColumnField::Purchase => self.text(Field::PurchaseReference, cell, 100)?,
            ColumnField::Holder | ColumnField::PersonName => self.text(Field::HolderId, cell, 100)?,
            ColumnField::RecentUsers => {}
            ColumnField::SchoolCode
            | ColumnField::SchoolName
            | ColumnField::Shelter
            | ColumnField::FiscalYear
            | ColumnField::Pupils
            | ColumnField::PeriodKind
            | ColumnField::PeriodName
            | ColumnField::FirstDate
            | ColumnField::LastDate => {}
        }
        Ok(())
    }
}
