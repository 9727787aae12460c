//! Scenarios beside one that somebody puts together on the spot.

use super::{Renewal, reports::Of};
use crate::{
    access::rules::Staff,
    clock::Timestamp,
    error::Result,
    renewal::rules::{report::scenarios::ScenarioReport, what_if::WhatIf},
    schools::rules::MunicipalityId,
};

impl Renewal {
    /// The scenarios that are named, and behind them the one that is asked for; of an owner, or of all that the caller sees
    /// whole together. Not sealed: what was asked for is not kept. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND,
    /// FIELD_INVALID, LEDGER_TOO_LARGE.
    pub async fn what_if(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        as_of: Option<Timestamp>,
        (wanted, what_if): (&[String], WhatIf),
    ) -> Result<ScenarioReport> {
        self.scenarios_together(&Of::named(staff, owner)?, as_of, wanted, Some(what_if)).await
    }
}
