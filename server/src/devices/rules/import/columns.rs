//! What a column means: headers of ledgers and of vendors' consoles as data, and corrections by a person.

use std::sync::LazyLock;

use super::{
    ImportKind,
    cells::fold_text,
    problems::{FileProblem, column_letter},
};

/// What the cells of a column say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnField {
    /// 管理番号.
    Label,
    /// シリアル番号.
    Serial,
    /// メーカー.
    Maker,
    /// 機種.
    Model,
    /// OS, perhaps with its version.
    Os,
    /// Version of the OS.
    OsVersion,
    /// Name or code of a school.
    School,
    /// A path of organisational units whose last part may be a school.
    OrgUnit,
    /// 学年.
    Grade,
    /// 組, or a whole 3年2組.
    Class,
    /// 出席番号.
    Seat,
    /// 3年2組15番.
    ClassSeat,
    /// 用途.
    Purpose,
    /// 状態.
    Lifecycle,
    /// State of an account in a vendor's console.
    VendorStatus,
    /// 教室.
    Room,
    /// 保管庫.
    Cart,
    /// 取得日.
    Acquired,
    /// 保証期限.
    Warranty,
    /// リース満了日.
    Lease,
    /// 取得価格.
    Price,
    /// 補助区分.
    Funding,
    /// 契約番号, 発注番号.
    Purchase,
    /// An opaque id of who holds it.
    Holder,
    /// A name or mail address of a person; dropped unless the owner keeps names.
    PersonName,
    /// Recent users; always dropped.
    RecentUsers,
    /// 学校コード of a file of schools.
    SchoolCode,
    /// 学校名 of a file of schools.
    SchoolName,
    /// 避難所.
    Shelter,
    /// 年度.
    FiscalYear,
    /// 児童生徒数.
    Pupils,
    /// Kind of a period.
    PeriodKind,
    /// Name of a period.
    PeriodName,
    /// First day.
    FirstDate,
    /// Last day.
    LastDate,
}

/// A field with its name in mappings and the headers that mean it.
struct Known {
    field: ColumnField,
    name: &'static str,
    kinds: &'static [ImportKind],
    ja: &'static [&'static str],
    en: &'static [&'static str],
}

const DEVICES: &[ImportKind] = &[ImportKind::Devices];
const SCHOOLS: &[ImportKind] = &[ImportKind::Schools];
const PUPILS: &[ImportKind] = &[ImportKind::Pupils];
const CALENDAR: &[ImportKind] = &[ImportKind::Calendar];

/// All fields. Headers are compared folded, see [`fold_header`].
const KNOWN: &[Known] = &[
    Known {
        field: ColumnField::Label,
        name: "label",
        kinds: DEVICES,
        ja: &[
            "管理番号",
            "資産番号",
            "資産管理番号",
            "備品番号",
            "端末番号",
            "端末管理番号",
            "アセットID",
            "アセットタグ",
            "端末ID",
            "管理No",
            "ラベル",
            "機器番号",
            "機器管理番号",
            "端末名",
        ],
        en: &["asset label", "asset tag", "asset id", "asset number", "label"],
    },
    Known {
        field: ColumnField::Serial,
        name: "serial_number",
        kinds: DEVICES,
        ja: &[
            "シリアル番号",
            "シリアル",
            "シリアルNo",
            "製造番号",
            "製造No",
            "本体シリアル番号",
            "シリアルナンバー",
            "機体番号",
        ],
        en: &["serial number", "serial", "S/N", "serial no"],
    },
    Known {
        field: ColumnField::Maker,
        name: "maker",
        kinds: DEVICES,
        ja: &["メーカー", "メーカ", "製造元", "メーカー名"],
        en: &["maker", "manufacturer", "vendor"],
    },
    Known {
        field: ColumnField::Model,
        name: "model",
        kinds: DEVICES,
        ja: &["機種名", "機種", "型番", "製品名", "モデル", "モデル名", "型式", "品名", "端末機種"],
        en: &["model", "model name", "product", "product name"],
    },
    Known {
        field: ColumnField::Os,
        name: "os",
        kinds: DEVICES,
        ja: &["OS", "OS種別", "OS名", "基本ソフト"],
        en: &["operating system", "os name"],
    },
    Known {
        field: ColumnField::OsVersion,
        name: "os_version",
        kinds: DEVICES,
        ja: &["OSバージョン", "OSのバージョン", "OS Ver"],
        en: &["os version"],
    },
    Known {
        field: ColumnField::School,
        name: "school",
        kinds: &[ImportKind::Devices, ImportKind::Pupils, ImportKind::Calendar],
        ja: &[
            "学校名",
            "学校コード",
            "設置校",
            "配置校",
            "所属",
            "学校",
            "所属校",
            "配備校",
            "設置場所校",
            "配備先",
            "配置先",
        ],
        en: &["school", "school name", "school code"],
    },
    Known {
        field: ColumnField::OrgUnit,
        name: "org_unit",
        kinds: DEVICES,
        ja: &["組織部門", "組織部門のパス"],
        en: &["org unit path"],
    },
    Known { field: ColumnField::Grade, name: "grade", kinds: DEVICES, ja: &["学年", "年"], en: &["grade"] },
    Known {
        field: ColumnField::Class,
        name: "class",
        kinds: DEVICES,
        ja: &["組", "クラス", "学級"],
        en: &["class", "class name", "homeroom"],
    },
    Known {
        field: ColumnField::Seat,
        name: "seat_number",
        kinds: DEVICES,
        ja: &["番号", "出席番号", "番", "名簿番号"],
        en: &["seat", "seat number"],
    },
    Known {
        field: ColumnField::ClassSeat,
        name: "class_seat",
        kinds: DEVICES,
        ja: &["年組番", "年組番号", "学年組番号", "学年・組・番号", "年・組・番", "クラス番号", "年組"],
        en: &["grade class number"],
    },
    Known {
        field: ColumnField::Purpose,
        name: "purpose",
        kinds: DEVICES,
        ja: &["用途", "区分", "利用区分", "端末区分", "使用区分", "種別"],
        en: &["use", "purpose"],
    },
    Known {
        field: ColumnField::Lifecycle,
        name: "lifecycle",
        kinds: DEVICES,
        ja: &["状態", "ステータス", "稼働状況", "使用状況", "端末状態", "状況"],
        en: &["status", "state", "lifecycle"],
    },
    Known { field: ColumnField::VendorStatus, name: "vendor_status", kinds: DEVICES, ja: &[], en: &[] },
    Known {
        field: ColumnField::Room,
        name: "room",
        kinds: DEVICES,
        ja: &["教室", "設置場所", "保管場所", "場所", "部屋"],
        en: &["room", "location"],
    },
    Known {
        field: ColumnField::Cart,
        name: "cart",
        kinds: DEVICES,
        ja: &["保管庫", "充電保管庫", "カート", "充電庫", "保管庫番号"],
        en: &["cart"],
    },
    Known {
        field: ColumnField::Acquired,
        name: "acquired_on",
        kinds: DEVICES,
        ja: &["導入日", "納品日", "取得日", "購入日", "取得年月日", "導入年月日", "納入日"],
        en: &["acquired", "purchase date", "delivery date"],
    },
    Known {
        field: ColumnField::Warranty,
        name: "warranty_until",
        kinds: DEVICES,
        ja: &["保証期限", "保証満了日", "保証終了日", "保証期間"],
        en: &["warranty until", "warranty end"],
    },
    Known {
        field: ColumnField::Lease,
        name: "lease_until",
        kinds: DEVICES,
        ja: &["リース満了日", "リース終了日", "リース期限", "賃貸借満了日"],
        en: &["lease until", "lease end"],
    },
    Known {
        field: ColumnField::Price,
        name: "price_yen",
        kinds: DEVICES,
        ja: &["取得価格", "単価", "取得価額", "価格", "購入価格", "金額"],
        en: &["price", "unit price"],
    },
    Known {
        field: ColumnField::Funding,
        name: "funding",
        kinds: DEVICES,
        ja: &["補助区分", "財源", "財源区分", "補助"],
        en: &["funding"],
    },
    Known {
        field: ColumnField::Purchase,
        name: "purchase_reference",
        kinds: DEVICES,
        ja: &["契約番号", "発注番号", "購入番号", "契約名", "契約件名", "伝票番号"],
        en: &["purchase reference", "order number", "contract"],
    },
    Known {
        field: ColumnField::Holder,
        name: "holder_id",
        kinds: DEVICES,
        ja: &["利用者ID", "貸与先ID", "児童生徒ID"],
        en: &["holder id", "user id"],
    },
    Known {
        field: ColumnField::PersonName,
        name: "person_name",
        kinds: DEVICES,
        ja: &[
            "氏名",
            "利用者名",
            "使用者",
            "使用者名",
            "児童生徒名",
            "児童名",
            "生徒名",
            "名前",
            "利用者",
            "ふりがな",
            "フリガナ",
            "児童氏名",
            "生徒氏名",
            "貸与者",
            "貸与者名",
            "メールアドレス",
            "アカウント",
        ],
        en: &[
            "name",
            "user",
            "user name",
            "username",
            "student",
            "student name",
            "email",
            "assigned user",
            "full name",
        ],
    },
    Known {
        field: ColumnField::RecentUsers,
        name: "recent_users",
        kinds: DEVICES,
        ja: &["最近のユーザー", "最終利用者"],
        en: &["recent users", "last user"],
    },
    Known {
        field: ColumnField::SchoolCode,
        name: "school_code",
        kinds: SCHOOLS,
        ja: &["学校コード", "コード"],
        en: &["school code", "code"],
    },
    Known {
        field: ColumnField::SchoolName,
        name: "school_name",
        kinds: SCHOOLS,
        ja: &["学校名", "学校", "名称", "校名"],
        en: &["school name", "school", "name"],
    },
    Known {
        field: ColumnField::Shelter,
        name: "is_shelter",
        kinds: SCHOOLS,
        ja: &["避難所", "避難所指定", "指定避難所"],
        en: &["shelter"],
    },
    Known {
        field: ColumnField::FiscalYear,
        name: "fiscal_year",
        kinds: PUPILS,
        ja: &["年度"],
        en: &["fiscal year", "year"],
    },
    Known {
        field: ColumnField::Pupils,
        name: "pupils",
        kinds: PUPILS,
        ja: &["児童生徒数", "児童数", "生徒数", "人数", "在籍数", "在籍者数"],
        en: &["pupils", "students"],
    },
    Known {
        field: ColumnField::PeriodKind,
        name: "period_kind",
        kinds: CALENDAR,
        ja: &["種別", "区分", "種類"],
        en: &["kind", "type"],
    },
    Known {
        field: ColumnField::PeriodName,
        name: "period_name",
        kinds: CALENDAR,
        ja: &["名称", "名前", "行事", "期間名"],
        en: &["name", "title"],
    },
    Known {
        field: ColumnField::FirstDate,
        name: "first_date",
        kinds: CALENDAR,
        ja: &["開始日", "初日", "日付", "自", "から"],
        en: &["first date", "start", "from", "date"],
    },
    Known {
        field: ColumnField::LastDate,
        name: "last_date",
        kinds: CALENDAR,
        ja: &["終了日", "最終日", "末日", "至", "まで"],
        en: &["last date", "end", "until", "to"],
    },
];

/// The word that ignores a column.
pub const IGNORE: &str = "ignore";

impl ColumnField {
    fn known(self) -> &'static Known {
        KNOWN.iter().find(|known| known.field == self).expect("every field stands in the table")
    }

    /// Its name in mappings.
    pub fn name(self) -> &'static str {
        self.known().name
    }

    /// The header that people know it by, Japanese.
    pub fn title(self) -> &'static str {
        self.known().ja.first().copied().unwrap_or(self.name())
    }

    /// The field of a kind with this name.
    pub fn from_name(kind: ImportKind, name: &str) -> Option<Self> {
        KNOWN.iter().find(|known| known.name == name && known.kinds.contains(&kind)).map(|known| known.field)
    }

    /// All fields of a kind.
    pub fn of_kind(kind: ImportKind) -> impl Iterator<Item = Self> {
        KNOWN.iter().filter(move |known| known.kinds.contains(&kind)).map(|known| known.field)
    }

    /// Whether a merged cell below the header means its value for every row that it covers.
    pub fn spans_rows(self) -> bool {
        matches!(
            self,
            Self::School | Self::Grade | Self::Class | Self::SchoolName | Self::FiscalYear | Self::OrgUnit | Self::Room
        )
    }
}

/// What a kind of file needs: of each group at least one.
fn needs(kind: ImportKind) -> &'static [&'static [ColumnField]] {
    match kind {
        ImportKind::Devices => &[&[ColumnField::Label, ColumnField::Serial]],
        ImportKind::Schools => &[&[ColumnField::SchoolName]],
        ImportKind::Pupils => &[&[ColumnField::School], &[ColumnField::FiscalYear], &[ColumnField::Pupils]],
        ImportKind::Calendar => &[
            &[ColumnField::FiscalYear],
            &[ColumnField::PeriodKind],
            &[ColumnField::PeriodName],
            &[ColumnField::FirstDate],
        ],
    }
}

/// A console of a vendor whose export is known by its headers.
#[derive(Debug, PartialEq, Eq)]
pub struct Vendor {
    /// Its name for people.
    pub name: &'static str,
    /// Of each group at least one header is there.
    recognised_by: &'static [&'static [&'static str]],
    columns: &'static [(&'static str, ColumnField)],
    /// The OS of all devices in it, where there is only one.
    pub os_kind: Option<i64>,
}

const VENDORS: &[Vendor] = &[
    Vendor {
        name: "Google Admin",
        recognised_by: &[
            &["serialNumber"],
            &["orgUnitPath", "annotatedAssetId"],
            &["autoUpdateExpiration", "annotatedLocation", "lastSync", "deviceId"],
        ],
        columns: &[
            ("serialNumber", ColumnField::Serial),
            ("model", ColumnField::Model),
            ("osVersion", ColumnField::OsVersion),
            ("annotatedAssetId", ColumnField::Label),
            ("annotatedLocation", ColumnField::Room),
            ("orgUnitPath", ColumnField::OrgUnit),
            ("status", ColumnField::VendorStatus),
            ("orderNumber", ColumnField::Purchase),
            ("annotatedUser", ColumnField::PersonName),
            ("recentUsers", ColumnField::RecentUsers),
        ],
        os_kind: Some(1),
    },
    Vendor {
        name: "Intune",
        recognised_by: &[&["Serial number"], &["Device name"], &["Last check-in"], &["Manufacturer", "OS version"]],
        columns: &[
            ("Serial number", ColumnField::Serial),
            ("Manufacturer", ColumnField::Maker),
            ("Model", ColumnField::Model),
            ("OS", ColumnField::Os),
            ("OS version", ColumnField::OsVersion),
            ("Primary user UPN", ColumnField::PersonName),
            ("Primary user email address", ColumnField::PersonName),
            ("Primary user display name", ColumnField::PersonName),
        ],
        os_kind: None,
    },
    Vendor {
        name: "Jamf",
        recognised_by: &[
            &["serial_number", "Serial Number"],
            &["display_name", "Display Name"],
            &["asset_tag", "Asset Tag"],
        ],
        columns: &[
            ("serial_number", ColumnField::Serial),
            ("asset_tag", ColumnField::Label),
            ("model", ColumnField::Model),
            ("os_version", ColumnField::OsVersion),
            ("room", ColumnField::Room),
            ("building", ColumnField::OrgUnit),
            ("po_number", ColumnField::Purchase),
            ("po_date", ColumnField::Acquired),
            ("warranty_expires", ColumnField::Warranty),
            ("lease_expires", ColumnField::Lease),
            ("username", ColumnField::PersonName),
            ("full_name", ColumnField::PersonName),
            ("real_name", ColumnField::PersonName),
            ("email_address", ColumnField::PersonName),
        ],
        os_kind: None,
    },
    Vendor {
        name: "Apple School Manager",
        recognised_by: &[
            &["Serial Number"],
            &["Order Number"],
            &[
                "MDM Server",
                "Assigned Server",
                "Device Management Service",
                "Product Family",
                "Device Type",
                "Added to Org",
            ],
        ],
        columns: &[
            ("Serial Number", ColumnField::Serial),
            ("Model", ColumnField::Model),
            ("Device Model", ColumnField::Model),
            ("Order Number", ColumnField::Purchase),
            ("Order Date", ColumnField::Acquired),
        ],
        os_kind: None,
    },
];

/// The vendor whose headers these are.
pub fn vendor_of(headers: &[String]) -> Option<&'static Vendor> {
    let folded: Vec<String> = headers.iter().map(|header| fold_header(header)).collect();
    VENDORS.iter().find(|vendor| {
        vendor.recognised_by.iter().all(|group| group.iter().any(|header| folded.contains(&fold_header(header))))
    })
}

/// A vendor by its name.
pub fn vendor_named(name: &str) -> Option<&'static Vendor> {
    VENDORS.iter().find(|vendor| vendor.name == name)
}

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

/// All headers, folded once.
static FOLDED: LazyLock<Vec<(String, &'static Known)>> = LazyLock::new(|| {
    let words = |known: &'static Known| known.ja.iter().chain(known.en).chain(std::slice::from_ref(&known.name));
    KNOWN.iter().flat_map(|known| words(known).map(move |word| (fold_header(word), known))).collect()
});

fn field_of(kind: ImportKind, header: &str) -> Option<ColumnField> {
    let find = |folded: &str| {
        let found = FOLDED.iter().find(|(word, known)| word == folded && known.kinds.contains(&kind));
        found.map(|(_, known)| known.field)
    };
    let folded = fold_header(header);
    if folded.is_empty() {
        return None;
    }
    find(&folded).or_else(|| find(&fold_without_brackets(header)))
}

/// Whether a cell looks like a header of this kind.
pub fn is_known(kind: ImportKind, cell: &str) -> bool {
    !cell.is_empty() && cell.chars().count() <= 40 && field_of(kind, cell).is_some()
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
    fn no_header_means_two_fields_of_one_kind() {
        for kind in ImportKind::ALL {
            let mut all = Vec::new();
            for known in KNOWN.iter().filter(|known| known.kinds.contains(&kind)) {
                let words =
                    known.ja.iter().chain(known.en).map(|word| fold_header(word)).chain([fold_header(known.name)]);
                let mut words: Vec<_> = words.collect();
                words.sort();
                words.dedup();
                for word in words {
                    assert!(!all.contains(&word), "{kind:?}: {word}");
                    all.push(word);
                }
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
