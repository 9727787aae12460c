//! The page on which rules of causes are read, tried on past tickets and said, as JSON: of an owner or of the installation.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};
use http::StatusCode;
use time::Duration;
use uuid::Uuid;

use super::TicketPages;
use crate::{
    access::{
        pages::SignedIn,
        rules::{
            Right, Staff,
            days::{date_text, day_in_japan, parse_date},
        },
        service::names::PlaceNames,
    },
    clock::Timestamp,
    console::{Fields, FormState, PageResult, Respond as _, Shell, page, refused, see_other, words::tickets as words},
    error::{Both, Error, FieldViolation, Kind, Result, collect, says::causes as say},
    schools::rules::{MunicipalityId, parse_optional_uuid},
    tickets::{
        rules::causes::{CauseRules, Tried},
        service::{RulesOrigin, TrialOrder, TrialReport, require_cause_rules},
    },
};

/// Days back of which tickets are tried unless somebody asks for others.
const USUAL_DAYS: i64 = 90;
/// The field of all that is wrong with the rules.
const RULES: &str = "rules";

#[derive(Template)]
#[template(path = "tickets/causes.html")]
struct CausesPage {
    shell: Shell,
    form: FormState,
    owners: Vec<(String, String)>,
    places: Vec<(String, String)>,
    origin: &'static str,
    may_edit: bool,
    trial: Option<Shown>,
}

/// What a trial found.
struct Shown {
    summary: String,
    lines: Vec<Line>,
}

struct Line {
    rule: String,
    fits: u64,
    first: u64,
    agreed: String,
    examples: Vec<(String, i64)>,
}

/// The owner that a form or an address names.
fn owner_of(fields: &Fields) -> Result<Option<MunicipalityId>> {
    let named = parse_optional_uuid("municipality_id", fields.get("municipality_id"));
    Ok(named.map_err(|wrong| Error::invalid_fields("FIELD_INVALID", vec![wrong]))?.map(MunicipalityId))
}

/// The rules that were typed, or where they can not be read.
fn rules_of(text: &str) -> std::result::Result<CauseRules, FieldViolation> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize::<_, CauseRules>(&mut reader);
    let rules = read.map_err(|wrong| {
        let place = wrong.path().to_string();
        FieldViolation::new(RULES, say::json_wrong(place, wrong.into_inner()))
    })?;
    reader.end().map_err(|wrong| FieldViolation::new(RULES, say::json_wrong(".", wrong)))?;
    Ok(rules)
}

/// All that is wrong with the rules stands beside the one field that they are typed in.
fn at_the_field(error: Error) -> Error {
    if error.kind != Kind::Invalid || error.fields.is_empty() {
        return error;
    }
    let (own, of_rules): (Vec<_>, Vec<_>) = error
        .fields
        .into_vec()
        .into_iter()
        .partition(|wrong| ["first_date", "last_date", "try_at", RULES].contains(&wrong.field.as_ref()));
    let mut fields = own;
    if !of_rules.is_empty() {
        let all = Both::joined(of_rules.iter().map(|wrong| (wrong.field.as_ref(), &wrong.message)));
        fields.push(FieldViolation::new(RULES, all));
    }
    Error::invalid_fields("FIELD_INVALID", fields)
}

/// What is to be tried, or all that is wrong with it.
fn trial_of(fields: &Fields, rules: CauseRules) -> Result<TrialOrder> {
    let mut wrong = Vec::new();
    let first = collect(parse_date("first_date", fields.get("first_date")), &mut wrong);
    let last = collect(parse_date("last_date", fields.get("last_date")), &mut wrong);
    let place = fields.some("municipality_id").unwrap_or_else(|| fields.get("try_at"));
    let owner = Uuid::try_parse(place).map_err(|_| FieldViolation::new("try_at", say::place_needed()));
    let owner = collect(owner.map(MunicipalityId), &mut wrong);
    match (owner, first, last) {
        (Some(owner), Some(first), Some(last)) => Ok(TrialOrder { owner, rules, first, last }),
        _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
    }
}

fn shown(shell: &Shell, owner: MunicipalityId, report: TrialReport) -> Shown {
    let line = |tried: Tried| Line {
        fits: tried.matched,
        first: tried.first,
        agreed: match (tried.needs_present, tried.judged) {
            (true, _) => shell.w.tickets.rules_need_present.to_owned(),
            (false, 0) => String::from("–"),
            (false, judged) => format!("{} / {judged}", tried.agreed),
        },
        examples: tried.examples.iter().map(|number| (format!("/tickets/{owner}/{number}"), *number)).collect(),
        rule: tried.id,
    };
    Shown {
        summary: words::tried_text(shell.language, report.tickets, report.explained),
        lines: report.rules.into_iter().map(line).collect(),
    }
}

/// The fields of the page as it begins.
async fn filled(pages: &TicketPages, staff: &Staff, mut fields: Fields, now: Timestamp) -> Result<Fields> {
    let (rules, _) = pages.tickets.cause_rules(staff, owner_of(&fields)?).await?;
    let text =
        serde_json::to_string_pretty(&rules).map_err(|source| Error::internal("rules could not be written", source))?;
    let today = day_in_japan(now.0);
    fields.set(RULES, text);
    fields.set("first_date", date_text(today - Duration::days(USUAL_DAYS)));
    fields.set("last_date", date_text(today));
    Ok(fields)
}

async fn show(
    person: SignedIn,
    pages: &TicketPages,
    form: FormState,
    status: StatusCode,
    trial: Option<Shown>,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let owner = Uuid::try_parse(form.value("municipality_id")).ok().map(MunicipalityId);
    let (_, origin) = pages.tickets.cause_rules(staff, owner).await?;
    let names: PlaceNames = pages.access.place_names(staff, Right::ViewTickets, &[]).await?;
    let places: Vec<_> = names.owners().iter().map(|(id, _, name)| (id.to_string(), name.clone())).collect();
    let editable = names.owners().iter().filter(|(id, ..)| require_cause_rules(staff, Some(*id)).is_ok());
    let mut owners: Vec<_> = editable.map(|(id, _, name)| (id.to_string(), name.clone())).collect();
    owners.insert(0, (String::new(), shell.w.tickets.rules_installation.to_owned()));
    let origin = match origin {
        RulesOrigin::Product => shell.w.tickets.rules_of_product,
        RulesOrigin::Installation => shell.w.tickets.rules_of_installation,
        RulesOrigin::Owner => shell.w.tickets.rules_of_owner,
    };
    let may_edit = require_cause_rules(staff, owner).is_ok();
    page(status, &CausesPage { shell, form, owners, places, origin, may_edit, trial })
}

pub(super) async fn rules(person: SignedIn, Pages(pages): Pages<TicketPages>, RawQuery(raw): RawQuery) -> PageResult {
    person.staff.scope(Right::EditSchools)?;
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let fields = filled(&pages, &person.staff, fields, person.shell.now).await?;
    show(person, &pages, FormState::filled(fields), StatusCode::OK, None).await
}

/// What is done with what was typed.
enum Done {
    Tried(MunicipalityId, TrialReport),
    Said,
}

async fn carry_out(pages: &TicketPages, staff: &Staff, fields: &Fields) -> Result<Done> {
    let owner = owner_of(fields)?;
    if fields.get("act") == "reset" {
        pages.tickets.set_cause_rules(staff, owner, None).await?;
        return Ok(Done::Said);
    }
    let rules = rules_of(fields.get(RULES)).map_err(|wrong| Error::invalid_fields("FIELD_INVALID", vec![wrong]))?;
    if fields.get("act") == "save" {
        pages.tickets.set_cause_rules(staff, owner, Some(rules)).await?;
        return Ok(Done::Said);
    }
    let order = trial_of(fields, rules)?;
    let tried_at = order.owner;
    Ok(Done::Tried(tried_at, pages.tickets.try_cause_rules(staff, order).await?))
}

pub(super) async fn change(person: SignedIn, Pages(pages): Pages<TicketPages>, fields: Fields) -> PageResult {
    person.staff.scope(Right::EditSchools)?;
    match carry_out(&pages, &person.staff, &fields).await {
        Ok(Done::Said) => {
            let owner = fields.get("municipality_id");
            let path = format!("/tickets/causes?municipality_id={}", crate::console::forms::encode(owner));
            Ok(see_other(&path).flash(person.shell.w.tickets.rules_said))
        }
        Ok(Done::Tried(owner, report)) => {
            let trial = shown(&person.shell, owner, report);
            show(person, &pages, FormState::filled(fields), StatusCode::OK, Some(trial)).await
        }
        Err(error) if error.reason == "CAUSES_TOO_MANY" => {
            let form = FormState::refused_here(fields, error);
            show(person, &pages, form, StatusCode::UNPROCESSABLE_ENTITY, None).await
        }
        Err(error) => {
            let (form, status) = refused(fields, at_the_field(error))?;
            show(person, &pages, form, status, None).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_of_what_can_not_be_read_is_told() {
        let wrong = rules_of(r#"{"source": "市", "rules": [{"id": "a", "colour": 1}]}"#).unwrap_err();
        assert_eq!(wrong.field, RULES);
        assert!(wrong.message.en.contains("rules[0]") && wrong.message.en.contains("colour"), "{}", wrong.message.en);
        assert!(rules_of("{} x").is_err() && rules_of("").is_err());
    }

    #[test]
    fn all_that_is_wrong_with_rules_stands_at_their_field() {
        let text = serde_json::to_string(&CauseRules::default()).unwrap();
        let mut rules = rules_of(&text).unwrap();
        rules.source.clear();
        rules.rules[0].steps.clear();
        let error = at_the_field(Error::invalid_fields("FIELD_INVALID", rules.check().unwrap_err()));
        let [wrong] = &error.fields[..] else { panic!("{:?}", error.fields) };
        assert!(
            wrong.field == RULES && wrong.message.en.contains("source") && wrong.message.en.contains("rules.steps")
        );
    }
}
