//! Repair or replace, for one device.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};

use super::{Opened, RenewalPages, Tab, day_text, paid_text, said, tabs, year_text};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    console::{
        Fields, FormState, PageResult, Shell, page,
        words::{faults::sentence, renewal as words},
    },
    error::{Error, Result, collect, says::renewal as say},
    renewal::{
        rules::{
            advice::{Cheaper, Way},
            money::Yen,
        },
        service::{AdviceOrder, RepairAdvice},
    },
    schools::rules::{MunicipalityId, parse_uuid},
};

#[derive(Template)]
#[template(path = "renewal/advice.html")]
struct AdvicePage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    owners: Vec<(String, String)>,
    device: Option<String>,
    shown: Option<Shown>,
}

/// What the page shows of an advice.
struct Shown {
    sentence: String,
    name: String,
    on: String,
    ways: Vec<WayLine>,
    due: String,
    restriction: String,
    is_restricted: bool,
}

/// A way to go on.
struct WayLine {
    name: &'static str,
    is_cheaper: bool,
    years: String,
    total: String,
    yearly: String,
    own: String,
    own_yearly: String,
    paid: Vec<String>,
    programme: String,
}

fn way_line(shell: &Shell, name: &'static str, way: &Way, is_cheaper: bool) -> Result<WayLine> {
    let yen = |amount: Yen| words::yen_text(shell.language, amount.to_number());
    Ok(WayLine {
        name,
        is_cheaper,
        years: words::whole_years(shell.language, way.years),
        total: yen(way.split.total),
        yearly: yen(way.yearly(way.split.total)?),
        own: yen(way.own()),
        own_yearly: yen(way.yearly(way.own())?),
        paid: way.split.shares.iter().map(|share| paid_text(shell, share)).collect(),
        programme: way.split.programme.clone().unwrap_or_default(),
    })
}

fn shown(shell: &Shell, found: &RepairAdvice) -> Result<Shown> {
    let (w, language, advice) = (&shell.w.renewal, shell.language, &found.advice);
    let due = found.due.as_ref().map(|due| {
        let (year, reason) = (year_text(language, due.year), said(language, &due.reason.label()));
        language.choose(format!("{year}({reason})"), format!("{year}: {reason}"))
    });
    let restriction = found.restriction_end.filter(|_| advice.is_restricted);
    let restriction = restriction.map(|last| sentence(language, &say::advice_restricted(day_text(language, last))));
    let model = found.model.clone().unwrap_or_default();
    Ok(Shown {
        sentence: sentence(language, &advice.sentence()),
        name: format!("{} {model}", found.name).trim().to_owned(),
        on: day_text(language, found.on),
        ways: vec![
            way_line(shell, w.repair, &advice.repair, advice.for_owner == Cheaper::Repair)?,
            way_line(shell, w.replace, &advice.replace, advice.for_owner == Cheaper::Replace)?,
        ],
        due: due.unwrap_or_else(|| w.due_unknown.to_owned()),
        restriction: restriction.unwrap_or_else(|| w.not_restricted.to_owned()),
        is_restricted: advice.is_restricted,
    })
}

/// What is asked; none until somebody says what the repair costs. Reason: FIELD_INVALID, with all that is wrong.
fn order(fields: &Fields, owner: Option<MunicipalityId>) -> Result<Option<AdviceOrder>> {
    if !fields.has("repair_yen") && !fields.has("device_yen") {
        return Ok(None);
    }
    let new_device = match fields.get("device_yen") {
        "" => Ok(None),
        text => Yen::parse("device_yen", text).map(Some),
    };
    let owner = match owner {
        Some(owner) => Ok(owner.0),
        None => parse_uuid(super::OWNER, fields.get(super::OWNER)),
    };
    let mut wrong = Vec::new();
    let owner = collect(owner, &mut wrong);
    let device = collect(parse_uuid("device_id", fields.get("device_id")), &mut wrong);
    let repair = collect(Yen::parse("repair_yen", fields.get("repair_yen")), &mut wrong);
    let new_device = collect(new_device, &mut wrong);
    match (owner, device, repair, new_device) {
        (Some(owner), Some(device), Some(repair), Some(new_device)) => {
            Ok(Some(AdviceOrder { owner: MunicipalityId(owner), device, repair, new_device, on: None }))
        }
        _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
    }
}

async fn advised(
    (pages, staff, shell): (&RenewalPages, &Staff, &Shell),
    order: Option<AdviceOrder>,
) -> Result<Option<Shown>> {
    let Some(order) = order else { return staff.scope(Right::ViewLedger).map(|_| None) };
    shown(shell, &pages.renewal.repair_advice(staff, &order).await?).map(Some)
}

pub(super) async fn advice(person: SignedIn, Pages(pages): Pages<RenewalPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Opened { fields, owners, asked } = Opened::read(&pages, (staff, Right::ViewLedger), raw, shell.now).await?;
    let made = match asked.and_then(|asked| order(&fields, asked.owner)) {
        Ok(order) => advised((&pages, staff, &shell), order).await,
        Err(error) => Err(error),
    };
    let tabs = tabs(&shell, staff, &fields, "/renewal/advice");
    let device = parse_uuid("device_id", fields.get("device_id")).ok().map(|device| format!("/devices/{device}"));
    let owners = owners.choices("–");
    let (form, shown) = match made {
        Ok(shown) => (FormState::filled(fields), shown),
        Err(error) => (FormState::refused(fields, error)?, None),
    };
    page(form.status(), &AdvicePage { shell, form, tabs, owners, device, shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_until_there_is_a_price() {
        let read = |query: &str| order(&Fields::parse(query.as_bytes()), None);
        let id = "019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b";
        assert_eq!(read(&format!("device_id={id}")).unwrap(), None);
        let asked =
            read(&format!("municipality_id={id}&device_id={id}&repair_yen=25000&device_yen=")).unwrap().unwrap();
        assert_eq!((asked.repair, asked.new_device), (Yen::new(25_000).unwrap(), None));
        let wrong = read("device_id=x&repair_yen=&device_yen=").unwrap_err();
        let fields: Vec<_> = wrong.fields.iter().map(|wrong| wrong.field.as_ref()).collect();
        assert_eq!(fields, ["municipality_id", "device_id", "repair_yen"]);
    }
}
