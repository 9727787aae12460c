//! What somebody says that is to be recorded, as it was typed or as it stands in a file.

use super::{
    board::{SaidDisposalPlan, SaidPlanned, SaidPupils},
    lots::SaidLot,
    records::{SaidCost, SaidDisposal},
};

/// What somebody says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A lot, with the serial numbers of its devices as far as they are known.
    Lot(SaidLot, Vec<String>),
    /// A cost.
    Cost(SaidCost),
    /// A disposal.
    Disposal(SaidDisposal),
    /// Pupils of a year.
    Pupils(SaidPupils),
    /// Devices that are to be got in a year.
    Planned(SaidPlanned),
    /// What is to become of devices that are replaced, from today on.
    DisposalPlan(SaidDisposalPlan),
    /// That schools are counted now by whether they reach the speed that is needed, for a year as it is typed.
    Network(String),
}
