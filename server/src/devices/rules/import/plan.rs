//! Which row means which device of the owner, and what would change.

use std::collections::HashMap;

use super::{
    columns::ColumnField,
    devices::DeviceRecord,
    problems::{Problem, RowError},
    table::Table,
};
use crate::{
    access::rules::Area,
    devices::rules::{DeviceId, fields::Field, fields::FieldValue},
    schools::rules::SchoolId,
};

/// A device of the owner as a match needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The device.
    pub device: DeviceId,
    /// Where it is.
    pub school: Option<SchoolId>,
    /// Its label, folded.
    pub label_key: Option<String>,
    /// Its serial number, folded.
    pub serial_key: Option<String>,
}

/// All devices of an owner by what rows know them by.
#[derive(Debug, Default)]
pub struct Index {
    devices: Vec<Known>,
    serials: HashMap<String, Vec<usize>>,
    labels: HashMap<String, Vec<usize>>,
}

impl Index {
    /// Knows these devices.
    pub fn new(devices: Vec<Known>) -> Self {
        let (mut serials, mut labels) = (HashMap::<_, Vec<usize>>::new(), HashMap::<_, Vec<usize>>::new());
        for (at, device) in devices.iter().enumerate() {
            if let Some(key) = &device.serial_key {
                serials.entry(key.clone()).or_default().push(at);
            }
            if let Some(key) = &device.label_key {
                labels.entry(key.clone()).or_default().push(at);
            }
        }
        Self { devices, serials, labels }
    }
}

/// What becomes of the rows.
#[derive(Debug, Default)]
pub struct Plan {
    /// Rows that no device of the owner meets.
    pub new: Vec<DeviceRecord>,
    /// Rows that one device meets.
    pub met: Vec<(DeviceId, DeviceRecord)>,
    /// Rows that could mean several devices, or one that is out of reach.
    pub errors: Vec<RowError>,
}

/// Matches rows with devices: by serial number, then by label; exactly one, or it is an error. Two rows that meet one device
/// are an error of the second.
pub fn plan(table: &Table, index: &Index, area: &Area, records: Vec<DeviceRecord>) -> Plan {
    let mut plan = Plan::default();
    let mut met_by: HashMap<DeviceId, u32> = HashMap::new();
    for record in records {
        let error = |field: ColumnField, problem: Problem| {
            let column = table.columns.iter().position(|column| column.field == Some(field));
            let value = match field {
                ColumnField::Serial => record.get(Field::SerialNumber),
                ColumnField::School => None,
                _ => record.get(Field::Label),
            };
            let value = match value {
                Some(FieldValue::Text(text)) => text.clone(),
                _ => String::new(),
            };
            match column {
                Some(column) => table.error(record.row, column, &value, problem),
                None => RowError { row: record.row, column: None, value, problem },
            }
        };
        let meets = |key: &Option<String>, by: &HashMap<String, Vec<usize>>| {
            key.as_ref().and_then(|key| by.get(key)).cloned().unwrap_or_default()
        };
        let by_serial = meets(&record.serial_key, &index.serials);
        let by_label = meets(&record.label_key, &index.labels);
        let found = match (by_serial.as_slice(), by_label.as_slice()) {
            ([], []) => Ok(None),
            ([one], []) => Ok(Some(*one)),
            // The same label on a device with another serial number is another device.
            ([], [one]) => match (&index.devices[*one].serial_key, &record.serial_key) {
                (Some(stored), Some(said)) if stored != said => Err(error(ColumnField::Label, Problem::TwoDevices)),
                _ => Ok(Some(*one)),
            },
            ([one], labels) if labels.contains(one) => Ok(Some(*one)),
            ([_], _) => Err(error(ColumnField::Serial, Problem::TwoDevices)),
            // Several with one serial number: the label tells, if it names exactly one of them.
            (serials, labels) => {
                let both: Vec<_> = serials.iter().filter(|at| labels.contains(at)).collect();
                match (both.as_slice(), serials.is_empty()) {
                    ([one], _) => Ok(Some(**one)),
                    (_, true) => Err(error(ColumnField::Label, Problem::SeveralDevices { count: labels.len() })),
                    (_, false) => Err(error(ColumnField::Serial, Problem::SeveralDevices { count: serials.len() })),
                }
            }
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                plan.errors.push(error);
                continue;
            }
        };
        let said_school = match record.get(Field::School) {
            Some(FieldValue::Text(id)) => uuid::Uuid::try_parse(id).ok().map(SchoolId),
            _ => None,
        };
        match found.map(|at| &index.devices[at]) {
            // Whoever may change some schools only neither takes a device out of another one nor adds one to none.
            Some(known) if !area.covers(known.school) => {
                plan.errors.push(error(ColumnField::School, Problem::SchoolOutOfReach));
            }
            None if !area.covers(said_school) => {
                plan.errors.push(error(ColumnField::School, Problem::SchoolOutOfReach));
            }
            Some(known) => match met_by.get(&known.device) {
                Some(other_row) => {
                    let other_row = *other_row;
                    plan.errors.push(error(ColumnField::Label, Problem::DuplicateInFile { other_row }));
                }
                None => {
                    met_by.insert(known.device, record.row);
                    plan.met.push((known.device, record));
                }
            },
            None => plan.new.push(record),
        }
    }
    plan
}
