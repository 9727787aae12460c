//! Words and rules of legs, pure: what repairs, losses and costs can say ([`said`]), and where they lead a device.

pub mod said;
#[cfg(test)]
mod tests;

use crate::{
    access::rules::id,
    devices::rules::{
        fields::{Field, Lifecycle},
        lifecycle::Verb,
    },
    error::{Both, FieldViolation, Result, says::legs as say},
    tickets::rules::words,
};

id! {
    /// A repair (修理).
    RepairId
}
id! {
    /// A loss (紛失).
    LossId
}
id! {
    /// What a ticket cost.
    CostId
}

/// Where a school has fewer spares than this, those of other schools are offered too.
pub const FEW_SPARES: usize = 10;
/// Spares that are shown for one ticket, at most.
pub const MOST_SPARES: i64 = 50;

words! {
    /// What becomes of a device that a spare stands in for.
    Swapped {
        /// It is in repair.
        InRepair = 1, "修理中", "in repair";
        /// It is lost.
        Lost = 2, "紛失", "lost";
    }
}

words! {
    /// How the insurance of a repair stands.
    Insurance {
        /// There is none, or it does not pay.
        None = 1, "なし", "none";
        /// It was asked to pay.
        Claimed = 2, "申請中", "claimed";
        /// It paid.
        Paid = 3, "支払い済み", "paid";
    }
}

words! {
    /// How a repair ends.
    RepairEnd {
        /// The device is a spare.
        Spare = 1, "予備機として返却", "back as a spare";
        /// It is in use by who had it.
        User = 2, "利用者に返却", "back to its user";
        /// It is not used any more.
        WrittenOff = 3, "廃棄", "written off";
    }
}

words! {
    /// How a loss ends.
    LossEnd {
        /// The device was found and is a spare.
        Found = 1, "発見", "found";
        /// It is not used any more.
        WrittenOff = 2, "廃棄", "written off";
    }
}

words! {
    /// What a ticket can cost. The numbers are those of all kinds of cost of the renewal ledger (domain §5).
    CostKind {
        /// A pen, a cover, a charger.
        Peripheral = 3, "周辺機器", "peripheral";
        /// A repair.
        Repair = 10, "修理", "repair";
        /// An insurance.
        Insurance = 11, "保険", "insurance";
        /// A battery.
        Battery = 12, "バッテリー", "battery";
        /// Something else.
        Other = 16, "その他", "other";
    }
}

words! {
    /// Who pays (domain §5).
    Payer {
        /// The fund of the state.
        StateFund = 1, "基金", "state fund";
        /// The state otherwise.
        StateOther = 2, "国庫(基金以外)", "state, other";
        /// The prefecture.
        Prefecture = 3, "都道府県補助", "prefecture";
        /// The local allocation.
        LocalAllocation = 4, "地方財政措置", "local allocation";
        /// The owner itself.
        Own = 5, "一般財源", "own funds";
        /// The guardian.
        Guardian = 6, "保護者", "guardian";
    }
}

impl Swapped {
    /// How the device gets there.
    pub fn verb(self) -> Verb {
        match self {
            Self::InRepair => Verb::SendToRepair,
            Self::Lost => Verb::ReportLost,
        }
    }

    /// Whether the device gives up its room, class and holder. Of one that is lost they tell who had it last.
    pub fn gives_place_up(self) -> bool {
        match self {
            Self::InRepair => true,
            Self::Lost => false,
        }
    }
}

impl RepairEnd {
    /// How the device gets there.
    pub fn verb(self) -> Verb {
        match self {
            Self::Spare => Verb::MakeSpare,
            Self::User => Verb::PutInUse,
            Self::WrittenOff => Verb::Retire,
        }
    }
}

impl LossEnd {
    /// How the device gets there.
    pub fn verb(self) -> Verb {
        match self {
            Self::Found => Verb::Found,
            Self::WrittenOff => Verb::Retire,
        }
    }
}

/// Whether a verb at the end of a leg is still to be done: somebody may have written the device off, or disposed of it, by hand.
pub fn is_to_do(verb: Verb, now: Lifecycle) -> bool {
    !(verb == Verb::Retire && now == Lifecycle::Disposed)
}

/// What stands for the place of a device, which goes over to the one that stands in for it.
pub const PLACE: [Field; 7] =
    [Field::School, Field::Room, Field::Cart, Field::Grade, Field::ClassName, Field::SeatNumber, Field::HolderId];

/// What takes a part of a cost back, or all of it: an amount below nothing, down to what is left of it.
pub fn check_correction(amount_yen: i64, left_yen: i64) -> Result<i64, FieldViolation> {
    if amount_yen < 0 && amount_yen >= -left_yen {
        return Ok(amount_yen);
    }
    Err(FieldViolation::new("amount_yen", say::correction_needed(left_yen)))
}
