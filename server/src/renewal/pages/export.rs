//! Reports as files of CSV.

use axum::extract::{RawQuery, State as Pages};

use super::{Opened, RenewalPages, plan};
use crate::{
    access::{pages::SignedIn, rules::Right},
    console::PageResult,
    devices::{pages::files::csv, rules::import::export::Encoding},
    error::{Error, says::renewal as say},
    renewal::{
        rules::report::{asked::Asked as Report, costs::CostOrder},
        service::ReportOrder,
    },
};

pub(super) async fn export(person: SignedIn, Pages(pages): Pages<RenewalPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, now) = (&person.staff, person.shell.now);
    let Opened { fields, asked, .. } = Opened::read(&pages, (staff, Right::ViewRenewal), raw, now).await?;
    let (name, report) = match fields.get("report") {
        "plan" => ("renewal-plan", Report::Plan(plan::order(&fields))),
        "costs" => ("renewal-costs", Report::Costs(CostOrder::default())),
        "scenarios" => ("renewal-scenarios", Report::Scenarios(fields.all("scenario").to_vec())),
        _ => return Err(Error::invalid_field("report", say::report_kind()).into()),
    };
    let asked = asked?;
    let order = ReportOrder { owner: asked.owner, as_of: asked.as_of, asked: report };
    let encoding = Encoding::of(fields.get("encoding"));
    let exported = pages.renewal.export(staff, &order, encoding).await?;
    Ok(csv(name, encoding, exported.bytes))
}
