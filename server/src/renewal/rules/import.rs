//! Files of lots, costs, disposals, pupils and planned devices: CSV in any encoding or a workbook, with a header in
//! Japanese or English, all rows or none. What a cell means is checked as if somebody had typed it.

use std::collections::BTreeMap;

use super::{
    CostKind, Payer,
    board::{SaidPlanned, SaidPupils},
    ledger::EntryKind,
    lots::{AcquisitionKind, SaidLot, SaidShare, TaxBasis},
    plan::disposal::{DisposalRoute, Eraser},
    records::{SaidCost, SaidDisposal, SaidDisposed},
    said::Said,
};
use crate::{
    devices::rules::import::{cells::is_nothing, columns::fold_header, problems::FileProblem, table::Grid},
    error::{Both, Result, says::renewal as say},
    schools::rules::{
        SchoolId,
        import::{RowFault, SchoolFinder},
    },
};

/// Most bytes of a file: it comes in one message.
pub const FILE_BYTES: usize = 1_000_000;
/// Rows among which the header is looked for.
const HEADER_ROWS: usize = 20;

/// What a row, or rows that belong together, say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Row of the file, from 1; the first one where several belong together.
    pub row: u32,
    /// The school, if one is named.
    pub school: Option<SchoolId>,
    /// What is said.
    pub said: Said,
}

/// A column: its field, and the headers that it has, as [`fold_header`] folds them; the first names it for people.
type Column = (&'static str, &'static [&'static str]);

const SCHOOL: Column = ("school", &["学校", "学校名", "学校コード", "school"]);
const NOTE: Column = ("note", &["備考", "メモ", "note"]);
const SERIAL: Column = ("serial", &["シリアル番号", "シリアル", "製造番号", "serial", "serialnumber"]);
const YEAR: Column = ("fiscal_year", &["年度", "fiscalyear", "year"]);

/// Who pays, each in a column of its own.
const PAYERS: [(Payer, Column); 6] = [
    (Payer::StateFund, ("state_fund", &["基金", "都道府県基金", "statefund"])),
    (Payer::StateOther, ("state_other", &["国庫", "国庫補助", "stateother"])),
    (Payer::Prefecture, ("prefecture", &["都道府県補助", "都補助", "県補助", "prefecture"])),
    (Payer::LocalAllocation, ("local_allocation", &["地方財政措置", "地方交付税", "localallocation"])),
    (Payer::Own, ("own", &["一般財源", "自己負担", "own"])),
    (Payer::Guardian, ("guardian", &["保護者", "保護者負担", "guardian"])),
];

const LOT: [Column; 14] = [
    ("model", &["機種名", "機種", "型番", "model"]),
    ("count", &["台数", "数量", "count"]),
    ("delivered", &["納品日", "納入日", "取得日", "delivered"]),
    ("kind", &["種類", "区分", "kind"]),
    ("maker", &["メーカー", "製造者", "maker"]),
    ("acquisition", &["取得方法", "調達方法", "acquisition"]),
    ("unit_yen", &["単価", "取得価格", "unityen"]),
    ("tax_basis", &["税区分", "税", "taxbasis"]),
    ("tax_percent", &["税率", "消費税率", "taxpercent"]),
    ("lease_months", &["リース月数", "リース期間", "leasemonths"]),
    ("lease_monthly_yen", &["月額", "リース月額", "leasemonthlyyen"]),
    ("warranty_end", &["保証期限", "warrantyend"]),
    ("restriction_end", &["処分制限期限", "処分制限", "restrictionend"]),
    ("serials", SERIAL.1),
];
const COST: [Column; 5] = [
    ("kind", &["種類", "費用の種類", "費目", "kind"]),
    ("amount_yen", &["金額", "費用", "amountyen", "amount"]),
    ("from", &["開始日", "日付", "支出日", "from", "date"]),
    ("to", &["終了日", "to"]),
    ("vendor", &["支払先", "業者", "vendor"]),
];
const DISPOSAL: [Column; 6] = [
    SERIAL,
    ("on", &["処分日", "on", "date"]),
    ("route", &["処分方法", "route"]),
    ("eraser", &["データ消去", "消去者", "eraser"]),
    ("certificate", &["証明書番号", "消去証明書", "certificate"]),
    ("approval", &["承認番号", "財産処分承認番号", "approval"]),
];
const PUPILS: [Column; 3] =
    [YEAR, ("count", &["児童生徒数", "人数", "pupils", "count"]), ("source", &["出典", "source"])];
const PLANNED: [Column; 5] = [
    YEAR,
    ("installed", &["整備台数", "整備台数(予備機除く)", "台数", "installed"]),
    ("installed_by_fund", &["うち基金", "整備台数のうち基金", "installedbyfund"]),
    ("spares", &["予備機", "予備機整備台数", "spares"]),
    ("spares_by_fund", &["予備機のうち基金", "sparesbyfund"]),
];

/// The columns of a kind of file, and how many of the first must be there.
fn columns_of(kind: EntryKind) -> Option<(Vec<Column>, usize)> {
    let with = |own: &[Column], payers: bool, needed| {
        let payers = PAYERS.iter().filter(|_| payers).map(|(_, column)| *column);
        Some((own.iter().copied().chain([SCHOOL, NOTE]).chain(payers).collect(), needed))
    };
    match kind {
        EntryKind::Lot => with(&LOT, true, 3),
        EntryKind::Cost => with(&COST, true, 3),
        EntryKind::Disposal => with(&DISPOSAL, false, 4),
        EntryKind::Pupils => with(&PUPILS, false, 2),
        EntryKind::Planned => with(&PLANNED, false, 2),
        EntryKind::DisposalPlan | EntryKind::Network => None,
    }
}

/// A column of a kind of file, for people who make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnName {
    /// Its header in Japanese.
    pub ja: &'static str,
    /// Its header in English.
    pub en: &'static str,
    /// Whether a file without it is refused.
    pub is_needed: bool,
}

/// The columns of a kind of file, in an order in which a file may have them; none of kinds that come in no file.
pub fn column_names(kind: EntryKind) -> Vec<ColumnName> {
    let (columns, needed) = columns_of(kind).unwrap_or_default();
    let name = |(at, (field, names)): (usize, Column)| ColumnName { ja: names[0], en: field, is_needed: at < needed };
    columns.into_iter().enumerate().map(name).collect()
}

/// A row with what its columns mean.
struct Row<'g> {
    number: u32,
    cells: Vec<(&'static str, &'g str)>,
}

impl Row<'_> {
    /// What stands in the column of a field.
    fn text(&self, field: &str) -> String {
        let cell = self.cells.iter().find(|(name, _)| *name == field).map_or("", |(_, cell)| *cell);
        cell.to_owned()
    }

    fn fault(&self, field: &str, message: Both) -> RowFault {
        let value = self.text(field).chars().take(100).collect();
        RowFault { row: self.number, field: field.to_owned(), value, message }
    }

    /// The number of a word, by its Japanese name or by its name in files of data; a default where nothing is said.
    fn word<T: Copy>(
        &self,
        field: &str,
        all: &[(T, &'static str, String)],
        usual: Option<T>,
        faults: &mut Vec<RowFault>,
    ) -> Option<T> {
        let text = fold_header(&self.text(field));
        if text.is_empty() && usual.is_some() {
            return usual;
        }
        let found = all.iter().find(|(_, code, ja)| fold_header(code) == text || fold_header(ja) == text);
        if found.is_none() {
            let names: Vec<_> = all.iter().map(|(_, _, ja)| ja.as_str()).collect();
            faults.push(self.fault(field, say::import_word(names.join("、"))));
        }
        found.map(|(word, ..)| *word)
    }

    /// Who pays how much, as far as it is said.
    fn funding(&self) -> Vec<SaidShare> {
        let share = |(payer, (field, _)): &(Payer, Column)| {
            let amount_yen = self.text(field);
            (!amount_yen.is_empty()).then(|| SaidShare { payer: payer.to_number().into(), amount_yen })
        };
        PAYERS.iter().filter_map(share).collect()
    }
}

fn kinds(is_lot: bool) -> Vec<(i32, &'static str, String)> {
    let fits = CostKind::ALL.iter().filter(|kind| kind.is_renewal() == is_lot);
    fits.map(|kind| (kind.to_number().into(), kind.code(), kind.label().ja.into_owned())).collect()
}

fn lot(row: &Row<'_>, faults: &mut Vec<RowFault>) -> Option<Said> {
    let monthly = row.text("lease_monthly_yen");
    let usual = if monthly.is_empty() { AcquisitionKind::Purchase } else { AcquisitionKind::Lease };
    let acquisitions: Vec<_> = [(AcquisitionKind::Purchase, "PURCHASE"), (AcquisitionKind::Lease, "LEASE")]
        .map(|(kind, code)| (i32::from(kind.to_number()), code, kind.label().ja.into_owned()))
        .into();
    let taxes: Vec<_> = [(TaxBasis::Included, "INCLUDED"), (TaxBasis::Added, "ADDED")]
        .map(|(tax, code)| (i32::from(tax.to_number()), code, tax.label().ja.into_owned()))
        .into();
    let kind = row.word("kind", &kinds(true), Some(CostKind::Device.to_number().into()), faults);
    let acquisition = row.word("acquisition", &acquisitions, Some(usual.to_number().into()), faults);
    let tax_basis = row.word("tax_basis", &taxes, Some(TaxBasis::Included.to_number().into()), faults);
    let tax_percent = Some(row.text("tax_percent")).filter(|text| !text.is_empty());
    let serials = row.text("serials");
    let serials = serials.split(|c: char| c.is_whitespace() || "、,;".contains(c)).filter(|one| !one.is_empty());
    let said = SaidLot {
        kind: kind?,
        maker: row.text("maker"),
        model: row.text("model"),
        count: row.text("count"),
        acquisition: acquisition?,
        unit_yen: row.text("unit_yen"),
        tax_basis: tax_basis?,
        tax_percent: tax_percent.unwrap_or_else(|| String::from("10")),
        lease_months: row.text("lease_months"),
        lease_monthly_yen: monthly,
        funding: row.funding(),
        delivered: row.text("delivered"),
        warranty_end: row.text("warranty_end"),
        restriction_end: row.text("restriction_end"),
        note: row.text("note"),
    };
    Some(Said::Lot(said, serials.map(str::to_owned).collect()))
}

fn cost(row: &Row<'_>, faults: &mut Vec<RowFault>) -> Option<Said> {
    let kind = row.word("kind", &kinds(false), None, faults)?;
    let amount_yen = row.text("amount_yen");
    let mut funding = row.funding();
    if funding.is_empty() {
        // Where nobody is named the owner pays.
        funding.push(SaidShare { payer: Payer::Own.to_number().into(), amount_yen: amount_yen.clone() });
    }
    Some(Said::Cost(SaidCost {
        kind,
        amount_yen,
        funding,
        from: row.text("from"),
        to: row.text("to"),
        vendor: row.text("vendor"),
        note: row.text("note"),
    }))
}

fn disposal(row: &Row<'_>, faults: &mut Vec<RowFault>) -> Option<Said> {
    let routes: Vec<_> = DisposalRoute::ALL
        .iter()
        .zip(["a", "b", "c", "d"])
        .map(|(route, letter)| (i32::from(route.to_number()), letter, route.label().ja.into_owned()))
        .collect();
    let erasers: Vec<_> = [(Eraser::Staff, "自治体"), (Eraser::Contractor, "事業者")]
        .map(|(eraser, short)| (i32::from(eraser.to_number()), short, eraser.label().ja.into_owned()))
        .into();
    let route = row.word("route", &routes, None, faults);
    let eraser = row.word("eraser", &erasers, None, faults);
    Some(Said::Disposal(SaidDisposal {
        route: route?,
        eraser: eraser?,
        on: row.text("on"),
        devices: vec![SaidDisposed { serial: row.text("serial"), certificate: row.text("certificate") }],
        approval: row.text("approval"),
        note: row.text("note"),
    }))
}

fn pupils(row: &Row<'_>) -> Said {
    Said::Pupils(SaidPupils {
        fiscal_year: row.text("fiscal_year"),
        count: row.text("count"),
        source: row.text("source"),
        note: row.text("note"),
    })
}

fn planned(row: &Row<'_>) -> Said {
    Said::Planned(SaidPlanned {
        fiscal_year: row.text("fiscal_year"),
        installed: row.text("installed"),
        installed_by_fund: row.text("installed_by_fund"),
        spares: row.text("spares"),
        spares_by_fund: row.text("spares_by_fund"),
        note: row.text("note"),
    })
}

/// Reads a file of a kind: what its rows say, or all that is wrong with their words and schools. Refused are files that
/// can not be read, and kinds that come in no file.
pub fn read(bytes: &[u8], kind: EntryKind, schools: &SchoolFinder) -> Result<Result<Vec<FileEntry>, Vec<RowFault>>> {
    if bytes.len() > FILE_BYTES {
        return Err(FileProblem::TooLarge.into());
    }
    let Some((columns, needed)) = columns_of(kind) else {
        return Err(crate::error::Error::invalid_field("kind", say::import_kind()));
    };
    let (grid, _) = Grid::read(bytes)?;
    let places_in = |cells: &[String]| -> Vec<Option<usize>> {
        let headers: Vec<_> = cells.iter().map(|cell| fold_header(cell)).collect();
        let place = |(_, names): &Column| {
            headers.iter().position(|header| names.iter().any(|name| fold_header(name) == *header))
        };
        columns.iter().map(place).collect()
    };
    let is_header = |cells: &[String]| places_in(cells)[..needed].iter().all(Option::is_some);
    let Some(header) = grid.rows.iter().take(HEADER_ROWS).position(|row| is_header(&row.cells)) else {
        let row = grid.rows.first().map_or(1, |row| row.number);
        let names: Vec<_> = columns[..needed].iter().map(|(_, names)| names[0]).collect();
        let message = say::import_header(names.join("、"));
        return Ok(Err(vec![RowFault { row, field: String::from("header"), value: String::new(), message }]));
    };
    let places = places_in(&grid.rows[header].cells);
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    for row in &grid.rows[header + 1..] {
        let cell = |place: usize| row.cells.get(place).map_or("", |cell| cell.trim());
        let named = columns.iter().zip(&places);
        let cells = named.filter_map(|((field, _), place)| place.map(|place| (*field, cell(place))));
        let cells = cells.map(|(field, cell)| (field, if is_nothing(cell) { "" } else { cell })).collect();
        entries.extend(entry(&Row { number: row.number, cells }, kind, schools, &mut faults));
    }
    Ok(if faults.is_empty() { Ok(together(entries)) } else { Err(faults) })
}

fn entry(row: &Row<'_>, kind: EntryKind, schools: &SchoolFinder, faults: &mut Vec<RowFault>) -> Option<FileEntry> {
    let school = match row.text("school").as_str() {
        "" => Ok(None),
        name => schools.find("school", name).map(Some),
    };
    let school = school.map_err(|wrong| faults.push(row.fault("school", wrong.message))).ok();
    let said = match kind {
        EntryKind::Lot => lot(row, faults),
        EntryKind::Cost => cost(row, faults),
        EntryKind::Disposal => disposal(row, faults),
        EntryKind::Pupils => Some(pupils(row)),
        EntryKind::Planned => Some(planned(row)),
        EntryKind::DisposalPlan | EntryKind::Network => None,
    };
    Some(FileEntry { row: row.number, school: school?, said: said? })
}

/// Devices that were disposed of on one day in one way are one disposal.
fn together(entries: Vec<FileEntry>) -> Vec<FileEntry> {
    let (mut all, mut places) = (Vec::<FileEntry>::new(), BTreeMap::new());
    for entry in entries {
        let Said::Disposal(new) = &entry.said else {
            all.push(entry);
            continue;
        };
        let texts = [&new.on, &new.approval, &new.note].map(String::clone);
        let place = *places.entry((entry.school, new.route, new.eraser, texts)).or_insert(all.len());
        if let Some(Said::Disposal(known)) = all.get_mut(place).map(|known| &mut known.said) {
            known.devices.extend(new.devices.iter().cloned());
        } else {
            all.push(entry);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finder() -> SchoolFinder {
        SchoolFinder::new([(SchoolId(uuid::Uuid::from_u128(7)), Some("B113210000013"), "緑小学校")])
    }

    fn read_text(text: &str, kind: EntryKind) -> Result<Vec<FileEntry>, Vec<RowFault>> {
        read(text.as_bytes(), kind, &finder()).unwrap()
    }

    #[test]
    fn lots_come_from_files_of_spreadsheets() {
        let japanese = "調達一覧\r\n機種名,台数,納品日,単価,基金,一般財源,学校名,シリアル番号\r\n\
            K-1,2,R7.9.30,\"55,000円\",\"73,333\",\"36,667\",緑小学校,AB12CD EF34GH\r\n";
        let (cp932, _, _) = encoding_rs::SHIFT_JIS.encode(japanese);
        let entries = read(&cp932, EntryKind::Lot, &finder()).unwrap().unwrap();
        let [one] = &entries[..] else { panic!("one lot") };
        let Said::Lot(lot, serials) = &one.said else { panic!("a lot") };
        assert_eq!((one.row, one.school.map(|school| school.0.as_u128())), (3, Some(7)));
        assert_eq!((lot.kind, lot.acquisition, lot.tax_basis, lot.tax_percent.as_str()), (1, 1, 1, "10"));
        assert_eq!(serials, &["AB12CD", "EF34GH"]);
        assert_eq!(lot.funding.iter().map(|share| share.payer).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(read_text(japanese, EntryKind::Lot).unwrap(), entries);
    }

    #[test]
    fn owner_pays_where_nobody_is_named() {
        let text = "種類,金額,日付\n修理,\"3,000円\",R8.4.1\n";
        let Said::Cost(cost) = &read_text(text, EntryKind::Cost).unwrap()[0].said else { panic!("a cost") };
        assert_eq!((cost.kind, cost.funding.len(), cost.funding[0].payer), (10, 1, 5));
    }

    #[test]
    fn devices_of_one_day_are_one_disposal() {
        let text = "シリアル番号,処分日,処分方法,データ消去\nAB12,R8.3.1,b,事業者\nCD34,R8.3.1,b,事業者\nEF56,R8.3.2,b,事業者\n";
        let all = read_text(text, EntryKind::Disposal).unwrap();
        let counts = all.iter().map(|entry| {
            let Said::Disposal(disposal) = &entry.said else { panic!("a disposal") };
            (entry.row, disposal.devices.len())
        });
        assert_eq!(counts.collect::<Vec<_>>(), [(2, 2), (4, 1)]);
    }

    #[test]
    fn all_that_is_wrong_is_named_by_row_and_field() {
        let wrong = read_text("種類,金額,日付,学校\n端末,1,R8.4.1,\n修理,1,R8.4.1,黄小学校\n", EntryKind::Cost);
        let faults: Vec<_> = wrong.unwrap_err().into_iter().map(|fault| (fault.row, fault.field)).collect();
        assert_eq!(faults, [(2, String::from("kind")), (3, String::from("school"))]);
        assert_eq!(read_text("a,b\n1,2\n", EntryKind::Pupils).unwrap_err()[0].field, "header");
        assert_eq!(read(b"a", EntryKind::Network, &finder()).unwrap_err().fields[0].field, "kind");
    }

    #[test]
    fn headers_that_people_are_told_are_headers_of_files() {
        for kind in EntryKind::ALL {
            let names = column_names(*kind);
            assert_eq!(names.is_empty(), columns_of(*kind).is_none());
            let headers =
                |header: fn(&ColumnName) -> &'static str| names.iter().map(header).collect::<Vec<_>>().join(",");
            for line in [headers(|name| name.ja), headers(|name| name.en)] {
                let read = read(format!("{line}\n").as_bytes(), *kind, &finder());
                assert_eq!(read.is_ok_and(|read| read == Ok(Vec::new())), !names.is_empty(), "{line}");
            }
        }
        let pupils: Vec<_> = column_names(EntryKind::Pupils).iter().map(|name| (name.en, name.is_needed)).collect();
        assert_eq!(pupils[..3], [("fiscal_year", true), ("count", true), ("source", false)]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0_usize..7) {
            let header = "シリアル番号,処分日,処分方法,データ消去,年度,児童生徒数,整備台数,機種名,台数,納品日,種類,金額,日付\n";
            let _either_way = read(&[header.as_bytes(), &bytes].concat(), EntryKind::ALL[kind], &finder());
        }
    }
}
