//! Rules of renewal, pure: money ([`money`]) and fractions of it ([`fraction`]); data that people write ([`reading`]);
//! programmes of subsidy and who pays what ([`programmes`]); ends of support ([`ends`]) and the year in which a device
//! is renewed ([`due`]), how years are evened out ([`smoothing`]); the published plan ([`plan`]); costs of years to
//! come ([`projection`]), repair or replace ([`advice`]) and what if ([`scenario`], [`what_if`]); spares ([`spares`]) and how long
//! devices last ([`survival`], [`lives`]); the ledger ([`ledger`]), also while it is added to ([`open_ledger`]), and what stands in it
//! ([`body`]: [`lots`], [`records`], [`board`]); periods of years ([`periods`]); rules that hold at a time ([`rule_sets`],
//! [`assumptions`]), common changes of them ([`edits`]) and how they are shown ([`written`]); what was known then
//! ([`known`]) and the reports of that ([`report`]); what people say ([`said`]) and files of it ([`import`]).
//!
//! Who pays is [`Payer`] of tickets: repairs bring their costs from there, under the same numbers.

pub mod advice;
pub mod assumptions;
pub mod board;
pub mod body;
pub mod due;
pub mod edits;
pub mod ends;
pub mod fraction;
pub mod import;
pub mod known;
pub mod ledger;
pub mod lives;
pub mod lots;
pub mod money;
pub mod open_ledger;
pub mod periods;
pub mod plan;
pub mod programmes;
pub mod projection;
pub mod reading;
pub mod records;
pub mod report;
pub mod rule_sets;
pub mod said;
pub mod scenario;
pub mod smoothing;
pub mod spares;
mod stored;
pub mod survival;
pub mod what_if;
pub mod written;

pub use crate::tickets::legs::rules::Payer;
use crate::{
    error::Both,
    tickets::{legs, rules::words},
};

words! {
    /// What money is spent on (domain §5). The numbers are those of the contract; tickets know some of them.
    CostKind {
        /// Devices for learners.
        Device = 1, "端末", "device";
        /// Spares.
        Spare = 2, "予備機", "spare";
        /// Pens, covers, chargers.
        Peripheral = 3, "周辺機器", "peripheral";
        /// Setting devices up.
        Setup = 4, "設定", "setup";
        /// Licences of device management.
        MdmLicense = 5, "MDMライセンス", "MDM licence";
        /// Licences of the web filter.
        FilterLicense = 6, "フィルタライセンス", "filter licence";
        /// Services for learning.
        LearningService = 7, "学習サービス", "learning service";
        /// Lines and data.
        NetworkLine = 8, "通信回線", "network line";
        /// Equipment of networks.
        NetworkEquipment = 9, "ネットワーク機器", "network equipment";
        /// Repairs.
        Repair = 10, "修理", "repair";
        /// Insurances.
        Insurance = 11, "保険", "insurance";
        /// Batteries.
        Battery = 12, "バッテリー", "battery";
        /// The desk that answers enquiries.
        SupportDesk = 13, "運営支援センター", "support desk";
        /// People who help at schools.
        IctSupporter = 14, "ICT支援員", "ICT supporter";
        /// Disposals.
        Disposal = 15, "廃棄", "disposal";
        /// Something else.
        Other = 16, "その他", "other";
    }
}

impl CostKind {
    /// Its name in files of data and in the contract.
    pub fn code(self) -> &'static str {
        match self {
            Self::Device => "DEVICE",
            Self::Spare => "SPARE",
            Self::Peripheral => "PERIPHERAL",
            Self::Setup => "SETUP",
            Self::MdmLicense => "MDM_LICENSE",
            Self::FilterLicense => "FILTER_LICENSE",
            Self::LearningService => "LEARNING_SERVICE",
            Self::NetworkLine => "NETWORK_LINE",
            Self::NetworkEquipment => "NETWORK_EQUIPMENT",
            Self::Repair => "REPAIR",
            Self::Insurance => "INSURANCE",
            Self::Battery => "BATTERY",
            Self::SupportDesk => "SUPPORT_DESK",
            Self::IctSupporter => "ICT_SUPPORTER",
            Self::Disposal => "DISPOSAL",
            Self::Other => "OTHER",
        }
    }

    /// Whether it is spent on devices that are replaced one day, rather than year after year.
    pub fn is_renewal(self) -> bool {
        match self {
            Self::Device | Self::Spare => true,
            Self::Peripheral
            | Self::Setup
            | Self::MdmLicense
            | Self::FilterLicense
            | Self::LearningService
            | Self::NetworkLine
            | Self::NetworkEquipment
            | Self::Repair
            | Self::Insurance
            | Self::Battery
            | Self::SupportDesk
            | Self::IctSupporter
            | Self::Disposal
            | Self::Other => false,
        }
    }
}

/// What a ticket cost is of the same kind here.
impl From<legs::rules::CostKind> for CostKind {
    fn from(kind: legs::rules::CostKind) -> Self {
        match kind {
            legs::rules::CostKind::Peripheral => Self::Peripheral,
            legs::rules::CostKind::Repair => Self::Repair,
            legs::rules::CostKind::Insurance => Self::Insurance,
            legs::rules::CostKind::Battery => Self::Battery,
            legs::rules::CostKind::Other => Self::Other,
        }
    }
}

/// The name of a payer in files of data and in the contract.
pub fn payer_code(payer: Payer) -> &'static str {
    match payer {
        Payer::StateFund => "STATE_FUND",
        Payer::StateOther => "STATE_OTHER",
        Payer::Prefecture => "PREFECTURE",
        Payer::LocalAllocation => "LOCAL_ALLOCATION",
        Payer::Own => "OWN",
        Payer::Guardian => "GUARDIAN",
    }
}

words! {
    /// Whether an owner gets the local allocation tax (地方交付税). Without it nothing of the state comes with "local
    /// measures".
    AllocationTax {
        /// 交付団体.
        Receives = 1, "交付団体", "gets the local allocation tax";
        /// 不交付団体, as Tokyo and some of its municipalities are.
        ReceivesNone = 2, "不交付団体", "gets no local allocation tax";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_tickets_are_kinds_of_the_ledger_under_the_same_numbers() {
        for kind in legs::rules::CostKind::ALL {
            let here = CostKind::from(*kind);
            assert_eq!((here.to_number(), here.label()), (kind.to_number(), kind.label()));
        }
        let numbers: Vec<_> = CostKind::ALL.iter().map(|kind| kind.to_number()).collect();
        assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
    }

    #[test]
    fn every_kind_and_payer_has_a_name_of_its_own() {
        let mut names: Vec<_> = CostKind::ALL.iter().map(|kind| kind.code()).collect();
        names.extend(Payer::ALL.iter().map(|payer| payer_code(*payer)));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
