//! What the registry knows of a device: its fields, who can say them, and the words for what they hold.

use serde::{Deserialize, Serialize};

/// Declares an enum whose numbers are stored and whose names stand in the contract, in events and in files.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $number,)*
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number under which it is stored.
            pub fn to_number(self) -> i64 {
                self as i64
            }

            /// The one that is stored under a number.
            pub fn from_number(number: i64) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.to_number() == number)
            }

            /// Its name in the contract, lower case.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// The one with a name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}
pub(crate) use named;

named! {
    /// What a device is for (用途).
    Purpose {
        /// Nobody said.
        Unknown = 0, "unknown";
        /// 学習者用.
        Learner = 1, "learner";
        /// 指導者用.
        Teacher = 2, "teacher";
        /// 予備機.
        Spare = 3, "spare";
        /// 校務用.
        Office = 4, "office";
        /// 校内プローブ.
        Probe = 5, "probe";
    }
}

named! {
    /// Where a device stands in its life (状態).
    Lifecycle {
        /// Nobody said.
        Unknown = 0, "unknown";
        /// 使用中.
        InUse = 1, "in_use";
        /// 予備.
        Spare = 2, "spare";
        /// 修理中.
        InRepair = 3, "in_repair";
        /// 紛失.
        Lost = 4, "lost";
        /// 使用終了.
        Retired = 5, "retired";
        /// 廃棄済.
        Disposed = 6, "disposed";
    }
}

named! {
    /// Kind of operating system; the numbers are those of the contract.
    OsKind {
        /// Nobody said.
        Unknown = 0, "unknown";
        /// ChromeOS.
        Chromeos = 1, "chromeos";
        /// iPadOS.
        Ipados = 2, "ipados";
        /// Windows.
        Windows = 3, "windows";
        /// Linux.
        Linux = 4, "linux";
        /// macOS.
        Macos = 5, "macos";
    }
}

named! {
    /// Who said something of a device (情報源).
    Source {
        /// A member of staff, by hand. Always wins.
        Person = 1, "person";
        /// The device's own agent; its enrolment token said the school.
        Agent = 2, "agent";
        /// An export of a vendor's console: Google Admin, Intune, Jamf, Apple School Manager.
        VendorConsole = 3, "vendor_console";
        /// The municipality's ledger (台帳).
        Ledger = 4, "ledger";
    }
}

named! {
    /// One thing that is known of a device.
    Field {
        /// 管理番号.
        Label = 1, "label";
        /// シリアル番号.
        SerialNumber = 2, "serial_number";
        /// メーカー.
        Maker = 3, "maker";
        /// 機種名.
        Model = 4, "model";
        /// OS種別, the number of an [`OsKind`].
        OsKind = 5, "os_kind";
        /// OSバージョン.
        OsVersion = 6, "os_version";
        /// 用途, the number of a [`Purpose`].
        Purpose = 7, "purpose";
        /// 状態, the number of a [`Lifecycle`].
        Lifecycle = 8, "lifecycle";
        /// 学校, the id of a school as text.
        School = 9, "school";
        /// 教室.
        Room = 10, "room";
        /// 充電保管庫.
        Cart = 11, "cart";
        /// 学年, a number.
        Grade = 12, "grade";
        /// 組.
        ClassName = 13, "class_name";
        /// 出席番号, a number.
        SeatNumber = 14, "seat_number";
        /// Opaque id of the holder; a name only where the board keeps names.
        HolderId = 15, "holder_id";
        /// Reference to the purchase.
        PurchaseReference = 16, "purchase_reference";
        /// 導入日, YYYY-MM-DD.
        AcquiredOn = 17, "acquired_on";
        /// 保証期限, YYYY-MM-DD.
        WarrantyUntil = 18, "warranty_until";
        /// リース満了日, YYYY-MM-DD.
        LeaseUntil = 19, "lease_until";
        /// 取得価格 in yen, a number.
        PriceYen = 20, "price_yen";
    }
}

impl Field {
    /// Who is believed, first to last. What a device is by its hardware its agent knows best and the ledger least; where
    /// it belongs the ledger knows, and the agent only from its enrolment. A person always wins.
    ///
    /// | fields | order |
    /// |---|---|
    /// | serial number, maker, model, OS and its version | person, agent, vendor's console, ledger |
    /// | all others | person, ledger, vendor's console, agent |
    pub fn precedence(self) -> [Source; 4] {
        use Source::{Agent, Ledger, Person, VendorConsole};
        match self {
            Self::SerialNumber | Self::Maker | Self::Model | Self::OsKind | Self::OsVersion => {
                [Person, Agent, VendorConsole, Ledger]
            }
            Self::Label
            | Self::Purpose
            | Self::Lifecycle
            | Self::School
            | Self::Room
            | Self::Cart
            | Self::Grade
            | Self::ClassName
            | Self::SeatNumber
            | Self::HolderId
            | Self::PurchaseReference
            | Self::AcquiredOn
            | Self::WarrantyUntil
            | Self::LeaseUntil
            | Self::PriceYen => [Person, Ledger, VendorConsole, Agent],
        }
    }

    /// Whether it holds a number rather than a text.
    pub fn is_number(self) -> bool {
        matches!(self, Self::OsKind | Self::Purpose | Self::Lifecycle | Self::Grade | Self::SeatNumber | Self::PriceYen)
    }

    /// Whether it says what the device is by its hardware.
    pub fn is_hardware(self) -> bool {
        self.precedence()[1] == Source::Agent
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// A number.
    Number(i64),
    /// A text, not empty.
    Text(String),
    /// The source says that there is none, for example that the device is in no class.
    Nothing,
}

impl FieldValue {
    /// A text; nothing where it is empty.
    pub fn text(text: &str) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::Text(text.to_owned()) }
    }

    /// As the contract and people see it; empty for nothing. Numbers of enums as their names.
    pub fn shown_text(&self, field: Field) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Nothing => String::new(),
            Self::Number(number) => {
                let name = match field {
                    Field::OsKind => OsKind::from_number(*number).map(OsKind::name),
                    Field::Purpose => Purpose::from_number(*number).map(Purpose::name),
                    Field::Lifecycle => Lifecycle::from_number(*number).map(Lifecycle::name),
                    _number_itself => None,
                };
                name.map_or_else(|| number.to_string(), str::to_owned)
            }
        }
    }
}

impl From<Purpose> for FieldValue {
    fn from(purpose: Purpose) -> Self {
        Self::Number(purpose.to_number())
    }
}

impl From<Lifecycle> for FieldValue {
    fn from(lifecycle: Lifecycle) -> Self {
        Self::Number(lifecycle.to_number())
    }
}

impl From<OsKind> for FieldValue {
    fn from(kind: OsKind) -> Self {
        Self::Number(kind.to_number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_come_back() {
        for field in Field::ALL {
            assert_eq!(Field::from_name(field.name()), Some(*field));
            assert_eq!(Field::from_number(field.to_number()), Some(*field));
            assert_eq!(field.precedence()[0], Source::Person, "a person always wins: {}", field.name());
        }
        assert_eq!(Field::from_name("name"), None);
    }

    #[test]
    fn numbers_of_enums_are_shown_as_names() {
        assert_eq!(FieldValue::from(Lifecycle::InRepair).shown_text(Field::Lifecycle), "in_repair");
        assert_eq!(FieldValue::Number(55_000).shown_text(Field::PriceYen), "55000");
        assert_eq!(FieldValue::Number(99).shown_text(Field::Purpose), "99");
        assert_eq!(FieldValue::text("").shown_text(Field::Room), "");
    }
}
