//! What a column means: headers of ledgers and of vendors' consoles as data, and corrections by a person.

mod fields;
mod headers;
mod vendors;

use self::headers::field_of;
pub use self::{
    fields::ColumnField,
    headers::is_known,
    vendors::{Vendor, vendor_named, vendor_of},
};
use super::{
    ImportKind,
    cells::fold_text,
    problems::{FileProblem, column_letter},
};

/// The word that ignores a column.
pub const IGNORE: &str = "ignore";

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What the header says.
    pub header: String,
    /// What it means; none for what is ignored.
    pub field: Option<ColumnField>,
    /// Whether a person said so.
    pub corrected: bool,
}

/// What a kind of file needs: of each group at least one.
fn needs(kind: ImportKind) -> &'static [&'static [ColumnField]] {
    match kind {
        ImportKind::Devices => &[&[ColumnField::Label, ColumnField::Serial]],
        ImportKind::Schools => &[&[ColumnField::SchoolName]],
        ImportKind::Pupils => &[&[ColumnField::School], &[ColumnField::FiscalYear], &[ColumnField::Pupils]],
        ImportKind::Calendar => &[&[ColumnField::PeriodKind], &[ColumnField::PeriodName], &[ColumnField::FirstDate]],
    }
}

/// A header as headers are compared: NFKC, lower case, without blanks and punctuation.
pub fn fold_header(header: &str) -> String {
    let dropped = |c: char| c.is_whitespace() || "._-/\\:;*#・、。,'\"()[]{}<>【】「」『』〔〕※●○■□★☆".contains(c);
    fold_text(header).to_lowercase().chars().filter(|c| !dropped(*c)).collect()
}

/// The same without what stands in brackets: 取得価格(税込).
fn fold_without_brackets(header: &str) -> String {
    let folded = fold_text(header);
    let end = folded.find(['(', '[', '【', '〔']).filter(|end| *end > 0).unwrap_or(folded.len());
    fold_header(&folded[..end])
}

/// What the columns mean by their headers. Of two that mean the same the first is taken.
pub fn guess(kind: ImportKind, vendor: Option<&'static Vendor>, headers: &[String]) -> Vec<Column> {
    let mut taken = Vec::new();
    headers
        .iter()
        .map(|header| {
            let meant = match vendor {
                Some(vendor) => {
                    let folded = fold_header(header);
                    vendor.columns.iter().find(|(known, _)| fold_header(known) == folded).map(|(_, field)| *field)
                }
                None => field_of(kind, header),
            };
            let repeats = |field: ColumnField| matches!(field, ColumnField::PersonName | ColumnField::RecentUsers);
            let field = meant.filter(|field| repeats(*field) || !taken.contains(field));
            taken.extend(field);
            Column { header: header.clone(), field, corrected: false }
        })
        .collect()
}

/// Does what a person said: header or letter → field or `ignore`. Who names a field anew takes it from the column that was
/// guessed.
pub fn correct(kind: ImportKind, columns: &mut [Column], corrections: &[(String, String)]) -> Result<(), FileProblem> {
    for (which, meaning) in corrections {
        let folded = fold_header(which);
        let at = columns
            .iter()
            .position(|column| column.header == *which)
            .or_else(|| columns.iter().position(|column| !folded.is_empty() && fold_header(&column.header) == folded))
            .or_else(|| (0..columns.len()).find(|at| column_letter(*at).eq_ignore_ascii_case(which)));
        let Some(at) = at else {
            let there: Vec<_> = columns.iter().map(|column| column.header.as_str()).filter(|h| !h.is_empty()).collect();
            return Err(FileProblem::ColumnUnknown { name: which.clone(), there: there.join(", ") });
        };
        let field = match meaning.as_str() {
            IGNORE | "" => None,
            name => {
                let field = ColumnField::from_name(kind, name).or_else(|| field_of(kind, name));
                let there = || ColumnField::of_kind(kind).map(ColumnField::name).collect::<Vec<_>>().join(", ");
                Some(field.ok_or_else(|| FileProblem::FieldUnknown { name: name.to_owned(), there: there() })?)
            }
        };
        for other in columns.iter_mut().filter(|other| !other.corrected && field.is_some() && other.field == field) {
            other.field = None;
        }
        columns[at].field = field;
        columns[at].corrected = true;
    }
    Ok(())
}

/// Refuses a mapping in which two columns say one field, or a needed one is missing.
pub fn settle(kind: ImportKind, columns: &mut [Column]) -> Result<(), FileProblem> {
    for field in ColumnField::of_kind(kind) {
        let saying: Vec<_> = columns.iter().filter(|c| c.field == Some(field)).map(|c| c.header.as_str()).collect();
        let may_repeat = matches!(field, ColumnField::PersonName | ColumnField::RecentUsers);
        if saying.len() > 1 && !may_repeat {
            return Err(FileProblem::FieldTwice { field: field.name(), columns: saying.join(", ") });
        }
    }
    for group in needs(kind) {
        if !columns.iter().any(|column| column.field.is_some_and(|field| group.contains(&field))) {
            return Err(FileProblem::FieldMissing { field: group[0].name() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn fields(kind: ImportKind, names: &[&str]) -> Vec<Option<&'static str>> {
        let names = headers(names);
        guess(kind, vendor_of(&names), &names).into_iter().map(|c| c.field.map(ColumnField::name)).collect()
    }

    #[test]
    fn every_header_of_the_field_book_is_known() {
        for (field, seen) in [
            ("label", &["管理番号", "資産番号", "資産管理番号", "備品番号", "端末番号", "アセットID"][..]),
            ("serial_number", &["シリアル番号", "シリアル", "製造番号", "S/N", "シリアルNo.", "ｼﾘｱﾙ番号", "ＳＮ"]),
            ("model", &["機種名", "機種", "型番", "製品名", "モデル"]),
            ("os", &["OS", "OS種別", "ＯＳ"]),
            ("os_version", &["OSバージョン"]),
            ("school", &["学校名", "学校コード", "設置校", "配置校", "所属"]),
            ("grade", &["学年"]),
            ("class", &["組", "クラス"]),
            ("seat_number", &["番号", "出席番号"]),
            ("purpose", &["用途", "区分"]),
            ("lifecycle", &["状態", "ステータス", "稼働状況"]),
            ("acquired_on", &["導入日", "納品日", "取得日"]),
            ("warranty_until", &["保証期限"]),
            ("lease_until", &["リース満了日"]),
            ("price_yen", &["取得価格", "単価", "取得価格(税込)", "取得価格（円）"]),
            ("funding", &["補助区分"]),
            ("person_name", &["氏名", "利用者名"]),
        ] {
            for header in seen {
                assert_eq!(fields(ImportKind::Devices, &[header]), [Some(field)], "{header}");
            }
        }
    }

    #[test]
    fn every_needed_column_can_be_there() {
        for kind in ImportKind::ALL {
            for field in needs(kind).iter().copied().flatten() {
                assert!(ColumnField::of_kind(kind).any(|known| known == *field), "{kind:?}: {}", field.name());
            }
        }
    }

    #[test]
    fn consoles_of_vendors_are_recognised() {
        let google = [
            "deviceId",
            "serialNumber",
            "status",
            "model",
            "osVersion",
            "annotatedAssetId",
            "annotatedLocation",
            "orgUnitPath",
            "lastSync",
            "recentUsers",
        ];
        assert_eq!(vendor_of(&headers(&google)).map(|vendor| vendor.name), Some("Google Admin"));
        assert_eq!(fields(ImportKind::Devices, &google)[9], Some("recent_users"));
        let intune = [
            "Device name",
            "Serial number",
            "Manufacturer",
            "Model",
            "OS version",
            "Last check-in",
            "Primary user UPN",
        ];
        assert_eq!(vendor_of(&headers(&intune)).map(|vendor| vendor.name), Some("Intune"));
        let jamf = ["display_name", "asset_tag", "serial_number", "model", "os_version", "last_report_date"];
        assert_eq!(vendor_of(&headers(&jamf)).map(|vendor| vendor.name), Some("Jamf"));
        let apple = ["Serial Number", "Model", "Order Number", "MDM Server"];
        assert_eq!(vendor_of(&headers(&apple)).map(|vendor| vendor.name), Some("Apple School Manager"));
        assert_eq!(vendor_of(&headers(&["管理番号", "シリアル番号"])), None);
    }

    #[test]
    fn person_corrects_by_header_or_letter() {
        let names = headers(&["管理番号", "番号", "謎"]);
        let mut columns = guess(ImportKind::Devices, None, &names);
        let say = |which: &str, meaning: &str| [(which.to_owned(), meaning.to_owned())];
        correct(ImportKind::Devices, &mut columns, &say("謎", "serial_number")).unwrap();
        correct(ImportKind::Devices, &mut columns, &say("B", "ignore")).unwrap();
        let fields: Vec<_> = columns.iter().map(|c| c.field).collect();
        assert_eq!(fields, [Some(ColumnField::Label), None, Some(ColumnField::Serial)]);
        correct(ImportKind::Devices, &mut columns, &say("番号", "label")).unwrap();
        assert_eq!(columns[0].field, None, "the guess gives way");
        let unknown = correct(ImportKind::Devices, &mut columns, &say("無い列", "label")).unwrap_err();
        assert_eq!(unknown.reason(), "IMPORT_COLUMN_UNKNOWN");
        let unknown = correct(ImportKind::Devices, &mut columns, &say("謎", "colour")).unwrap_err();
        assert_eq!(unknown.reason(), "IMPORT_FIELD_UNKNOWN");
        correct(ImportKind::Devices, &mut columns, &say("謎", "label")).unwrap();
        assert_eq!(settle(ImportKind::Devices, &mut columns).unwrap_err().reason(), "IMPORT_FIELD_TWICE");
    }
}
