//! Scenarios beside one that somebody puts together on the spot.

use super::{Renewal, reports::Of};
use crate::{
    access::rules::Staff,
    clock::Timestamp,
    error::Result,
    renewal::rules::{
        report::scenarios::{ScenarioReport, scenarios},
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
        let mut all = self.all_known(&Of::named(staff, owner)?, as_of).await?;
        for known in &mut all {
            let scenario = what_if.scenario(known);
            let scenarios = &mut known.rules.scenarios.scenarios;
            scenarios.retain(|one| one.id != WHAT_IF);
            scenarios.push(scenario);
        }
        let mut wanted = wanted.to_vec();
        // Where none is named all are meant, and this one is the last of them.
        if !wanted.is_empty() {
            wanted.push(WHAT_IF.to_owned());
        }
        let reports: Vec<_> = all.iter().map(|known| scenarios(known, &wanted)).collect::<Result<_, _>>()?;
        let mut report = ScenarioReport::together(reports)?.expect("there is one at least");
        report.owners.retain(|code| !code.is_empty());
        Ok(report)
    }
}
