//! Causes, their rules, and duplicates, in the words of the contract.

use gigafleet_proto::v1;

use super::orders::{place, refused};
use crate::{
    access::rules::{Staff, days::parse_date},
    devices::rules::DeviceId,
    error::{Both, FieldViolation, Result as OwnResult, says::causes as say},
    grpc::page,
    schools::rules::{MunicipalityId, SchoolId, parse_optional_uuid, parse_text, parse_uuid},
    tickets::{
        rules::{
            Category,
            causes::{CauseRule, CauseRules, Conditions, Near, Others, Phrase, Tried},
            fields::{ROOM, SUBJECT, TEXT, long_text, word},
        },
        service::{Duplicate, DuplicateOrder, Named, RulesOrigin, Suggested, Tickets, TrialOrder, TrialReport},
    },
};

fn both_message(both: Both) -> v1::BothLanguages {
    v1::BothLanguages { ja: both.ja.into_owned(), en: both.en.into_owned() }
}

fn phrase_message(phrase: Phrase) -> v1::BothLanguages {
    v1::BothLanguages { ja: phrase.ja, en: phrase.en }
}

fn phrase_of(message: Option<v1::BothLanguages>) -> Phrase {
    let v1::BothLanguages { ja, en } = message.unwrap_or_default();
    Phrase { ja, en }
}

/// Numbers of the contract; one that is too large for any is none that is known.
fn numbers(numbers: Vec<i32>) -> Vec<i16> {
    numbers.into_iter().map(|number| i16::try_from(number).unwrap_or(i16::MAX)).collect()
}

fn conditions_of(message: v1::CauseConditions) -> Result<Conditions, FieldViolation> {
    let percent = |percent: u32| u8::try_from(percent).unwrap_or(u8::MAX);
    let near = |others: v1::CauseOthers| {
        let near = match others.near() {
            v1::CauseNear::School => Near::School,
            v1::CauseNear::Room => Near::Room,
            v1::CauseNear::Model => Near::Model,
            v1::CauseNear::Unspecified => {
                return Err(FieldViolation::new("rules.when.others.near", say::near_needed()));
            }
        };
        Ok(Others { near, minutes: others.minutes, tickets: others.tickets })
    };
    Ok(Conditions {
        categories: numbers(message.categories),
        words: message.words,
        battery_health_percent_below: percent(message.battery_health_percent_below),
        charge_percent_below: percent(message.charge_percent_below),
        storage_free_percent_below: percent(message.storage_free_percent_below),
        os_ended: message.os_ended,
        silent_hours: message.silent_hours,
        links: numbers(message.links),
        rssi_dbm_below: i16::try_from(message.rssi_dbm_below).unwrap_or(i16::MAX),
        failing_layers: numbers(message.failing_layers),
        incident: message.incident,
        incident_elements: numbers(message.incident_elements),
        lifecycles: numbers(message.lifecycles),
        no_spare: message.no_spare,
        others: message.others.map(near).transpose()?,
    })
}

/// Rules as they are said. Their limits are those of [`CauseRules::check`].
///
/// # Errors
/// A field without which a rule says nothing.
pub fn rules_of(message: v1::CauseRules) -> Result<CauseRules, FieldViolation> {
    let rule = |rule: v1::CauseRule| {
        Ok(CauseRule {
            id: rule.rule_id,
            name: phrase_of(rule.name),
            when: conditions_of(rule.when.unwrap_or_default())?,
            cause: phrase_of(rule.cause),
            steps: rule.steps.into_iter().map(|step| phrase_of(Some(step))).collect(),
            leads_to: numbers(rule.leads_to),
            source: rule.source,
            date: rule.date,
        })
    };
    Ok(CauseRules { source: message.source, rules: message.rules.into_iter().map(rule).collect::<Result<_, _>>()? })
}

fn conditions_message(when: Conditions) -> v1::CauseConditions {
    let numbers = |numbers: Vec<i16>| numbers.into_iter().map(i32::from).collect();
    let near = |others: Others| v1::CauseOthers {
        near: match others.near {
            Near::School => v1::CauseNear::School.into(),
            Near::Room => v1::CauseNear::Room.into(),
            Near::Model => v1::CauseNear::Model.into(),
        },
        minutes: others.minutes,
        tickets: others.tickets,
    };
    v1::CauseConditions {
        categories: numbers(when.categories),
        words: when.words,
        battery_health_percent_below: when.battery_health_percent_below.into(),
        charge_percent_below: when.charge_percent_below.into(),
        storage_free_percent_below: when.storage_free_percent_below.into(),
        os_ended: when.os_ended,
        silent_hours: when.silent_hours,
        links: numbers(when.links),
        rssi_dbm_below: when.rssi_dbm_below.into(),
        failing_layers: numbers(when.failing_layers),
        incident: when.incident,
        incident_elements: numbers(when.incident_elements),
        lifecycles: numbers(when.lifecycles),
        no_spare: when.no_spare,
        others: when.others.map(near),
    }
}

/// Rules as they are told.
pub fn rules_message(rules: CauseRules) -> v1::CauseRules {
    let rule = |rule: CauseRule| v1::CauseRule {
        rule_id: rule.id,
        name: Some(phrase_message(rule.name)),
        when: Some(conditions_message(rule.when)),
        cause: Some(phrase_message(rule.cause)),
        steps: rule.steps.into_iter().map(phrase_message).collect(),
        leads_to: rule.leads_to.into_iter().map(i32::from).collect(),
        source: rule.source,
        date: rule.date,
    };
    v1::CauseRules { source: rules.source, rules: rules.rules.into_iter().map(rule).collect() }
}

fn suggestion_message(suggested: Suggested) -> v1::TicketSuggestion {
    let Suggested { rule, reasons } = suggested;
    v1::TicketSuggestion {
        rule_id: rule.id,
        name: Some(phrase_message(rule.name)),
        cause: Some(phrase_message(rule.cause)),
        reasons: reasons.into_iter().map(both_message).collect(),
        steps: rule.steps.into_iter().map(phrase_message).collect(),
        source: rule.source,
        date: rule.date,
    }
}

fn tried_message(tried: Tried) -> v1::TriedCauseRule {
    v1::TriedCauseRule {
        rule_id: tried.id,
        matched: tried.matched,
        first: tried.first,
        judged: tried.judged,
        agreed: tried.agreed,
        example_numbers: tried.examples.into_iter().map(super::messages::count).collect(),
        needs_present: tried.needs_present,
    }
}

fn duplicate_message(duplicate: Duplicate) -> v1::DuplicateTicket {
    v1::DuplicateTicket {
        ticket: Some(super::messages::message(duplicate.ticket, false)),
        points: duplicate.likeness.points,
        reasons: duplicate.likeness.reasons.into_iter().map(both_message).collect(),
    }
}

pub(super) async fn suggestions(
    tickets: &Tickets,
    staff: &Staff,
    request: &v1::GetTicketSuggestionsRequest,
) -> OwnResult<v1::GetTicketSuggestionsResponse> {
    let (owner, ticket) = place(&request.municipality_id, &request.ticket_id)?;
    let found = tickets.causes(staff, owner, Named::Id(ticket)).await?;
    Ok(v1::GetTicketSuggestionsResponse { suggestions: found.into_iter().map(suggestion_message).collect() })
}

pub(super) async fn rules(
    tickets: &Tickets,
    staff: &Staff,
    request: &v1::GetCauseRulesRequest,
) -> OwnResult<v1::GetCauseRulesResponse> {
    let owner = page::field(parse_optional_uuid("municipality_id", &request.municipality_id))?;
    let (rules, origin) = tickets.cause_rules(staff, owner.map(MunicipalityId)).await?;
    let origin = match origin {
        RulesOrigin::Product => v1::CauseRulesOrigin::Product,
        RulesOrigin::Installation => v1::CauseRulesOrigin::Installation,
        RulesOrigin::Owner => v1::CauseRulesOrigin::Owner,
    };
    Ok(v1::GetCauseRulesResponse { rules: Some(rules_message(rules)), origin: origin.into() })
}

pub(super) async fn set_rules(
    tickets: &Tickets,
    staff: &Staff,
    request: v1::SetCauseRulesRequest,
) -> OwnResult<v1::SetCauseRulesResponse> {
    let mut wrong = Vec::new();
    let owner = page::collect(parse_optional_uuid("municipality_id", &request.municipality_id), &mut wrong);
    let rules = match (request.rules, request.reset) {
        (None, true) => Some(None),
        (Some(rules), false) => page::collect(rules_of(rules), &mut wrong).map(Some),
        (Some(_), true) | (None, false) => {
            wrong.push(FieldViolation::new("rules", say::rules_missing()));
            None
        }
    };
    let (Some(owner), Some(rules)) = (owner, rules) else { return Err(refused(wrong)) };
    tickets.set_cause_rules(staff, owner.map(MunicipalityId), rules).await?;
    Ok(v1::SetCauseRulesResponse {})
}

pub(super) async fn try_rules(
    tickets: &Tickets,
    staff: &Staff,
    request: v1::TryCauseRulesRequest,
) -> OwnResult<v1::TryCauseRulesResponse> {
    let mut wrong = Vec::new();
    let owner = page::collect(parse_uuid("municipality_id", &request.municipality_id), &mut wrong);
    let first = page::collect(parse_date("first_date", &request.first_date), &mut wrong);
    let last = page::collect(parse_date("last_date", &request.last_date), &mut wrong);
    let rules = match request.rules {
        Some(rules) => page::collect(rules_of(rules).map(Some), &mut wrong),
        None => Some(None),
    };
    let (Some(owner), Some(first), Some(last), Some(rules)) = (owner, first, last, rules) else {
        return Err(refused(wrong));
    };
    let owner = MunicipalityId(owner);
    let rules = match rules {
        Some(rules) => rules,
        None => tickets.cause_rules(staff, Some(owner)).await?.0,
    };
    let TrialReport { tickets, explained, rules } =
        tickets.try_cause_rules(staff, TrialOrder { owner, rules, first, last }).await?;
    Ok(v1::TryCauseRulesResponse { tickets, explained, rules: rules.into_iter().map(tried_message).collect() })
}

/// What somebody writes, with its owner.
fn written_of(request: &v1::SuggestDuplicatesRequest) -> OwnResult<(MunicipalityId, DuplicateOrder)> {
    let mut wrong = Vec::new();
    let owner = page::collect(parse_uuid("municipality_id", &request.municipality_id), &mut wrong);
    let school = page::collect(parse_optional_uuid("school_id", &request.school_id), &mut wrong);
    let device = page::collect(parse_optional_uuid("device_id", &request.device_id), &mut wrong);
    let room = page::collect(parse_text("room", &request.room, ROOM), &mut wrong);
    let subject = page::collect(parse_text("subject", &request.subject, SUBJECT), &mut wrong);
    let text = page::collect(long_text("text", &request.text, TEXT), &mut wrong);
    let category = match request.category {
        0 => Some(None),
        number => page::collect(word("category", number, Category::from_number).map(Some), &mut wrong),
    };
    let order = || {
        let (school, device) = (school?.map(SchoolId), device?.map(DeviceId));
        Some(DuplicateOrder { subject: subject?, text: text?, category: category?, school, device, room: room? })
    };
    match (owner, order()) {
        (Some(owner), Some(order)) => Ok((MunicipalityId(owner), order)),
        _ => Err(refused(wrong)),
    }
}

pub(super) async fn duplicates(
    tickets: &Tickets,
    staff: &Staff,
    request: &v1::SuggestDuplicatesRequest,
) -> OwnResult<v1::SuggestDuplicatesResponse> {
    let found = match request.ticket_id.as_str() {
        "" => {
            let (owner, order) = written_of(request)?;
            tickets.duplicates(staff, owner, &order).await?
        }
        ticket => {
            let (owner, ticket) = place(&request.municipality_id, ticket)?;
            tickets.duplicates_of(staff, owner, Named::Id(ticket)).await?
        }
    };
    Ok(v1::SuggestDuplicatesResponse { duplicates: found.into_iter().map(duplicate_message).collect() })
}
