//! The fields that a column can say, with their names in mappings.

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

/// Every field with its name, in the order of pages.
const NAMED: &[(ColumnField, &str)] = &[
    (ColumnField::Label, "label"),
    (ColumnField::Serial, "serial_number"),
    (ColumnField::Maker, "maker"),
    (ColumnField::Model, "model"),
    (ColumnField::Os, "os"),
    (ColumnField::OsVersion, "os_version"),
    (ColumnField::School, "school"),
    (ColumnField::OrgUnit, "org_unit"),
    (ColumnField::Grade, "grade"),
    (ColumnField::Class, "class"),
    (ColumnField::Seat, "seat_number"),
    (ColumnField::ClassSeat, "class_seat"),
    (ColumnField::Purpose, "purpose"),
    (ColumnField::Lifecycle, "lifecycle"),
    (ColumnField::VendorStatus, "vendor_status"),
    (ColumnField::Room, "room"),
    (ColumnField::Cart, "cart"),
    (ColumnField::Acquired, "acquired_on"),
    (ColumnField::Warranty, "warranty_until"),
    (ColumnField::Lease, "lease_until"),
    (ColumnField::Price, "price_yen"),
    (ColumnField::Funding, "funding"),
    (ColumnField::Purchase, "purchase_reference"),
    (ColumnField::Holder, "holder_id"),
    (ColumnField::PersonName, "person_name"),
    (ColumnField::RecentUsers, "recent_users"),
    (ColumnField::SchoolCode, "school_code"),
    (ColumnField::SchoolName, "school_name"),
    (ColumnField::Shelter, "is_shelter"),
    (ColumnField::FiscalYear, "fiscal_year"),
    (ColumnField::Pupils, "pupils"),
    (ColumnField::PeriodKind, "period_kind"),
    (ColumnField::PeriodName, "period_name"),
    (ColumnField::FirstDate, "first_date"),
    (ColumnField::LastDate, "last_date"),
];

impl ColumnField {
    /// All of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        NAMED.iter().map(|(field, _)| *field)
    }

    /// Its name in mappings.
    pub fn name(self) -> &'static str {
        NAMED.iter().find(|(field, _)| *field == self).expect("every field has a name; tested").1
    }

    /// Whether a merged cell below the header means its value for every row that it covers.
    pub fn spans_rows(self) -> bool {
        matches!(
            self,
            Self::School | Self::Grade | Self::Class | Self::SchoolName | Self::FiscalYear | Self::OrgUnit | Self::Room
        )
    }
}
