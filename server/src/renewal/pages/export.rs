//! Reports as files.

use axum::extract::{RawQuery, State as Pages};

use super::{Opened, RenewalPages, changes, plan};
use crate::{
    access::{pages::SignedIn, rules::Right},
    console::PageResult,
    devices::pages::files::file,
    error::{Error, says::renewal as say},
    renewal::{
        documents::Form,
        rules::report::{asked::Asked as Report, costs::CostOrder, plan::PlanOrder},
        service::ReportOrder,
    },
};

pub(super) async fn export(person: SignedIn, Pages(pages): Pages<RenewalPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, now) = (&person.staff, person.shell.now);
    let Opened { fields, asked, .. } = Opened::read(&pages, (staff, Right::ViewRenewal), raw, now).await?;
    let asked = asked?;
    let report = match fields.get("report") {
        "plan" => Report::Plan(plan::order(&fields)),
        "costs" => Report::Costs(CostOrder::OF_BOARD),
        "changes" => Report::Changes(changes::since(&fields, asked.as_of.unwrap_or(now))?, PlanOrder::default()),
        "scenarios" => Report::Scenarios(fields.all("scenario").to_vec()),
        _ => return Err(Error::invalid_field("report", say::report_kind()).into()),
    };
    let order = ReportOrder { owner: asked.owner, as_of: asked.as_of, asked: report };
    let form = Form::of(fields.get("form")).unwrap_or(Form::CsvUtf8);
    let exported = pages.renewal.export(staff, &order, (form, person.shell.language)).await?;
    Ok(file(&exported.file_name, form.media_type(), exported.bytes))
}
