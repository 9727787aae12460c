//! Scenarios beside one that somebody puts together on the spot.

use std::sync::Arc;

use super::{Renewal, reports::Of};
use crate::{
    access::rules::Staff,
    clock::Timestamp,
    error::Result,
    renewal::rules::{
        known::Known,
        report::scenarios::ScenarioReport,
        what_if::{WHAT_IF, WhatIf},
    },
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
        let change = move |mut known: Known| {
            let scenario = what_if.scenario(&known);
            let scenarios = &mut Arc::make_mut(&mut known.rules).scenarios.scenarios;
            scenarios.retain(|one| one.id != WHAT_IF);
            scenarios.push(scenario);
            Ok(known)
        };
        // Where none is named all are meant, and this one is the last of them.
        let named = (!wanted.is_empty()).then(|| WHAT_IF.to_owned());
        let wanted = wanted.iter().cloned().chain(named).collect();
        self.scenarios_together(&Of::named(staff, owner)?, as_of, wanted, change).await
    }
}
