//! The part of a ticket's page about its device: a spare, a repair, a loss, costs; and what its forms do.

use axum::extract::{Path, State as Pages};
use uuid::Uuid;

use super::{
    rules::{
        CostId, CostKind, Insurance, LossEnd, LossId, Payer, RepairEnd, RepairId, Swapped,
        said::{SaidCost, SaidLoss, SaidRepair, Yen},
    },
    service::{CostRow, Legs, LossRow, Place, RepairRow, SpareRow, SwapOrder},
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{
            Staff,
            days::{date_text, day_in_japan},
        },
    },
    clock::Timestamp,
    console::{
        Fields, FormState, Language, PageResult, Respond as _, Shell, see_other,
        words::{
            devices::value_text,
            legs::{spare_text, yen_text},
        },
    },
    devices::rules::DeviceId,
    error::{
        Both, Error, FieldViolation, Kind, Result,
        says::{legs as say, tickets as say_ticket},
    },
    schools::rules::{MunicipalityId, SchoolId, parse_optional_uuid, parse_uuid},
    tickets::{
        pages::{
            TicketPages, choices, named, said,
            ticket::{self, with_back},
        },
        rules::{EventKind, TicketId},
        service::{TicketView, Tickets},
    },
};

/// Value and text of a choice.
type Choice = (String, String);

/// What the page says of a ticket's device.
pub(in crate::tickets) struct Panel {
    /// The device and its state now; none where it is out of sight.
    pub device: Option<(String, String)>,
    /// What is known: a heading, whether it is open, and pairs of label and text.
    pub facts: Vec<Fact>,
    /// Costs with their day, what for, who pays, amount and note.
    pub costs: Vec<[String; 5]>,
    /// Their sum.
    pub total: String,
    /// Where the forms go.
    pub action: String,
    /// Spares of the school and of others; none where no spare can be handed out.
    pub swap: Option<SwapForm>,
    /// None where there can be no repair.
    pub repair: Option<LegForm>,
    /// None where there can be no loss.
    pub loss: Option<LegForm>,
    /// None for who does not work on the ticket.
    pub cost: Option<CostForm>,
}

/// A repair or a loss as it is read.
pub(in crate::tickets) struct Fact {
    /// What it is.
    pub title: &'static str,
    /// How it ended; none while it is open.
    pub ended: Option<String>,
    /// What is known.
    pub pairs: Vec<(&'static str, String)>,
}

/// The form that hands a spare out.
pub(in crate::tickets) struct SwapForm {
    /// What stands in it.
    pub form: FormState,
    /// Spares of the school.
    pub here: Vec<Choice>,
    /// Spares of other schools.
    pub elsewhere: Vec<Choice>,
    /// What becomes of the device.
    pub becomes: Vec<Choice>,
    /// Whether it was sent and refused.
    pub is_refused: bool,
}

/// The form of a repair or a loss.
pub(in crate::tickets) struct LegForm {
    /// What stands in it.
    pub form: FormState,
    /// The one that is open; empty if there is none.
    pub open: String,
    /// How the insurance can stand.
    pub insurances: Vec<Choice>,
    /// Who can pay.
    pub payers: Vec<Choice>,
    /// How it can end.
    pub ends: Vec<Choice>,
    /// Whether it was sent and refused.
    pub is_refused: bool,
}

/// The form of a cost.
pub(in crate::tickets) struct CostForm {
    /// What stands in it.
    pub form: FormState,
    /// What it can be for.
    pub kinds: Vec<Choice>,
    /// Who can pay.
    pub payers: Vec<Choice>,
    /// Costs that can be corrected.
    pub corrects: Vec<Choice>,
    /// Whether it was sent and refused.
    pub is_refused: bool,
}

/// The same with one for nothing first.
fn with_none(shell: &Shell, choices: Vec<Choice>) -> Vec<Choice> {
    std::iter::once((String::new(), shell.w.legs.not_said.to_owned())).chain(choices).collect()
}

fn label<T>(language: Language, read: Option<T>, label: impl Fn(T) -> Both) -> String {
    read.map(|one| said(language, &label(one))).unwrap_or_default()
}

fn yen(language: Language, amount: Option<i64>) -> String {
    amount.map(|amount| yen_text(language, amount)).unwrap_or_default()
}

fn filled(pairs: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    pairs.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

fn repair_fact(shell: &Shell, row: &RepairRow) -> Fact {
    let (w, language) = (&shell.w.legs, shell.language);
    let insurance = label(language, Insurance::from_number(row.insurance), Insurance::label);
    Fact {
        title: w.repair,
        ended: row.outcome.and_then(RepairEnd::from_number).map(|end| said(language, &end.label())),
        pairs: filled(vec![
            (w.vendor, row.vendor.clone()),
            (w.quote, yen(language, row.quote_yen)),
            (w.insurance, [insurance.as_str(), &row.insurance_number].join(" ").trim().to_owned()),
            (w.sent, row.sent_on.clone().unwrap_or_default()),
            (w.back, row.back_on.clone().unwrap_or_default()),
            (w.cost, yen(language, row.cost_yen)),
            (w.payer, label(language, row.payer.and_then(Payer::from_number), Payer::label)),
            (w.note, row.note.clone()),
        ]),
    }
}

fn loss_fact(shell: &Shell, row: &LossRow) -> Fact {
    let (w, language) = (&shell.w.legs, shell.language);
    let police = [row.police_on.clone().unwrap_or_default(), row.police_number.clone()].join(" ").trim().to_owned();
    Fact {
        title: w.loss,
        ended: row.outcome.and_then(LossEnd::from_number).map(|end| said(language, &end.label())),
        pairs: filled(vec![
            (w.noticed, row.noticed_on.clone()),
            (w.place, row.place.clone()),
            (w.police, police),
            (w.board, row.board_on.clone().unwrap_or_default()),
            (w.lock_note, row.lock_note.clone()),
        ]),
    }
}

fn cost_line(shell: &Shell, row: &CostRow) -> [String; 5] {
    let language = shell.language;
    let kind = label(language, CostKind::from_number(row.kind), CostKind::label);
    let kind = match row.corrects_cost_id {
        Some(_) => format!("{kind} ({})", shell.w.legs.correction),
        None => kind,
    };
    let payer = label(language, Payer::from_number(row.payer), Payer::label);
    [row.spent_on.clone(), kind, payer, yen_text(language, row.amount_yen), row.note.clone()]
}

fn repair_fields(row: &RepairRow) -> Fields {
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    Fields::of([
        ("vendor", row.vendor.clone()),
        ("quote_yen", number(row.quote_yen)),
        ("insurance", row.insurance.to_string()),
        ("insurance_number", row.insurance_number.clone()),
        ("sent_date", row.sent_on.clone().unwrap_or_default()),
        ("back_date", row.back_on.clone().unwrap_or_default()),
        ("cost_yen", number(row.cost_yen)),
        ("payer", row.payer.map(|payer| payer.to_string()).unwrap_or_default()),
        ("note", row.note.clone()),
    ])
}

fn loss_fields(row: &LossRow) -> Fields {
    Fields::of([
        ("notice_date", row.noticed_on.clone()),
        ("place", row.place.clone()),
        ("police_number", row.police_number.clone()),
        ("police_date", row.police_on.clone().unwrap_or_default()),
        ("board_date", row.board_on.clone().unwrap_or_default()),
        ("lock_note", row.lock_note.clone()),
    ])
}

/// The refused form if it is one of these verbs, else what it begins with.
fn form_of(refused: Option<&FormState>, verbs: &[&str], begins: Fields) -> (FormState, bool) {
    match refused.filter(|form| verbs.iter().any(|verb| form.is("leg", verb))) {
        Some(form) => (form.clone(), true),
        None => (FormState::filled(begins), false),
    }
}

fn swap_form(
    shell: &Shell,
    (spares, school): (Vec<SpareRow>, Option<SchoolId>),
    refused: Option<&FormState>,
) -> SwapForm {
    let language = shell.language;
    let choice = |row: &SpareRow| {
        let name = row.label.clone().unwrap_or_else(|| row.device_id.to_string());
        let heard = row.heard_at.map(|at| shell.ago(Timestamp(at)));
        let (model, at) = (row.model.as_deref().unwrap_or_default(), row.school_name.as_deref().unwrap_or_default());
        // The version goes along, so that one that was handed out meanwhile is refused by its name.
        (format!("{}:{}", row.device_id, row.version), spare_text(language, &name, model, at, heard.as_deref()))
    };
    let is_here = |row: &&SpareRow| school.is_some() && row.school_id == school.map(|school| school.0);
    let (form, is_refused) = form_of(refused, &["swap"], Fields::default());
    SwapForm {
        here: spares.iter().filter(is_here).map(choice).collect(),
        elsewhere: spares.iter().filter(|row| !is_here(row)).map(choice).collect(),
        becomes: choices(language, Swapped::ALL, Swapped::to_number, Swapped::label),
        form,
        is_refused,
    }
}

fn cost_form(shell: &Shell, costs: &[CostRow], refused: Option<&FormState>) -> CostForm {
    let language = shell.language;
    let today = date_text(day_in_japan(shell.now.0));
    let begins = Fields::of([("cost_date", today), ("cost_payer", Payer::Own.to_number().to_string())]);
    let (form, is_refused) = form_of(refused, &["cost"], begins);
    let corrects = costs.iter().filter(|row| row.corrects_cost_id.is_none()).map(|row| {
        let [day, kind, _, amount, _] = cost_line(shell, row);
        (row.cost_id.to_string(), format!("{day} {kind} {amount}"))
    });
    CostForm {
        kinds: choices(language, CostKind::ALL, CostKind::to_number, CostKind::label),
        payers: choices(language, Payer::ALL, Payer::to_number, Payer::label),
        corrects: std::iter::once((String::new(), shell.w.legs.corrects_none.to_owned())).chain(corrects).collect(),
        form,
        is_refused,
    }
}

/// What the page of a ticket says of its device, and what can be done by somebody who works on it.
pub(in crate::tickets) async fn panel(
    shell: &Shell,
    tickets: &Tickets,
    staff: &Staff,
    (view, works): (&TicketView, bool),
    refused: Option<&FormState>,
) -> Result<Panel> {
    let language = shell.language;
    let place: Place = (MunicipalityId(view.row.municipality_id), TicketId(view.row.ticket_id));
    let Legs { device, repairs, losses, costs, total_yen } = tickets.legs(staff, place).await?;
    let begins = works && view.row.device_id.is_some() && view.life.require_here_and_open().is_ok();
    let swap = match begins {
        true => match tickets.spares(staff, place).await {
            Ok(spares) => Some(swap_form(shell, spares, refused)),
            // A device that is out of reach by now.
            Err(error) if matches!(error.kind, Kind::NotFound | Kind::Denied) => None,
            Err(error) => return Err(error),
        },
        false => None,
    };
    let open_repair = repairs.iter().find(|row| row.ended_at.is_none());
    let open_loss = losses.iter().find(|row| row.ended_at.is_none());
    let today = date_text(day_in_japan(shell.now.0));
    let repair = (works && (begins || open_repair.is_some())).then(|| {
        let fields = open_repair.map_or_else(|| Fields::of([("sent_date", today.clone())]), repair_fields);
        let (form, is_refused) = form_of(refused, &["start_repair", "change_repair", "end_repair"], fields);
        LegForm {
            form,
            open: open_repair.map(|row| row.repair_id.to_string()).unwrap_or_default(),
            insurances: choices(language, Insurance::ALL, Insurance::to_number, Insurance::label),
            payers: with_none(shell, choices(language, Payer::ALL, Payer::to_number, Payer::label)),
            ends: choices(language, RepairEnd::ALL, RepairEnd::to_number, RepairEnd::label),
            is_refused,
        }
    });
    let loss = (works && (begins || open_loss.is_some())).then(|| {
        let fields = open_loss.map_or_else(|| Fields::of([("notice_date", today.clone())]), loss_fields);
        let (form, is_refused) = form_of(refused, &["loss", "end_loss"], fields);
        LegForm {
            form,
            open: open_loss.map(|row| row.loss_id.to_string()).unwrap_or_default(),
            insurances: Vec::new(),
            payers: Vec::new(),
            ends: choices(language, LossEnd::ALL, LossEnd::to_number, LossEnd::label),
            is_refused,
        }
    });
    let facts = repairs.iter().map(|row| repair_fact(shell, row));
    Ok(Panel {
        device: device.map(|(name, state)| (name, value_text(language, state.name()))),
        facts: facts.chain(losses.iter().map(|row| loss_fact(shell, row))).collect(),
        total: yen_text(language, total_yen),
        action: format!("/tickets/{}/{}/legs", view.row.municipality_id, view.row.number),
        swap,
        repair,
        loss,
        cost: works.then(|| cost_form(shell, &costs, refused)),
        costs: costs.iter().map(|row| cost_line(shell, row)).collect(),
    })
}

/// What happened to the device, beside the word for it.
pub(in crate::tickets) fn detail(language: Language, kind: EventKind, details: &serde_json::Value) -> Option<String> {
    let number = |name: &str| details[name].as_i64().and_then(|number| i16::try_from(number).ok());
    let device = details["device"].as_str();
    match kind {
        EventKind::Swapped => {
            let becomes = label(language, number("becomes").and_then(Swapped::from_number), Swapped::label);
            Some(format!("{} ({becomes}) → {}", device?, details["spare"].as_str()?))
        }
        EventKind::RepairStarted | EventKind::LossRecorded => device.map(str::to_owned),
        EventKind::RepairEnded => {
            let end = label(language, number("end").and_then(RepairEnd::from_number), RepairEnd::label);
            Some(format!("{} {end}", device?))
        }
        EventKind::LossEnded => {
            let end = label(language, number("end").and_then(LossEnd::from_number), LossEnd::label);
            Some(format!("{} {end}", device?))
        }
        EventKind::CostRecorded => {
            let kind = label(language, number("kind").and_then(CostKind::from_number), CostKind::label);
            Some(format!("{kind} {}", yen(language, details["amount_yen"].as_i64())))
        }
        EventKind::RepairChanged => details["quote_yen"].as_i64().map(|quote| yen_text(language, quote)),
        _ => None,
    }
}

fn one(violation: FieldViolation) -> Error {
    Error::invalid_fields("FIELD_INVALID", vec![violation])
}

fn number(fields: &Fields, field: &str) -> i32 {
    fields.get(field).parse().unwrap_or(if fields.get(field).is_empty() { 0 } else { -1 })
}

fn chosen<T>(fields: &Fields, field: &'static str, read: impl Fn(i16) -> Option<T>, what: Both) -> Result<T> {
    let read = fields.get(field).parse().ok().and_then(read);
    read.ok_or_else(|| Error::invalid_field(field, what))
}

fn said_repair(fields: &Fields) -> SaidRepair {
    SaidRepair {
        vendor: fields.get("vendor").to_owned(),
        quote: Yen::read(fields.get("quote_yen")),
        insurance: number(fields, "insurance"),
        insurance_number: fields.get("insurance_number").to_owned(),
        sent: fields.get("sent_date").to_owned(),
        back: fields.get("back_date").to_owned(),
        cost: Yen::read(fields.get("cost_yen")),
        payer: number(fields, "payer"),
        note: fields.get("note").to_owned(),
    }
}

fn said_loss(fields: &Fields) -> SaidLoss {
    SaidLoss {
        noticed: fields.get("notice_date").to_owned(),
        place: fields.get("place").to_owned(),
        police_number: fields.get("police_number").to_owned(),
        police: fields.get("police_date").to_owned(),
        board: fields.get("board_date").to_owned(),
        lock_note: fields.get("lock_note").to_owned(),
    }
}

fn said_cost(fields: &Fields) -> Result<SaidCost> {
    let corrects = parse_optional_uuid("corrects_cost_id", fields.get("corrects_cost_id")).map_err(one)?;
    Ok(SaidCost {
        kind: number(fields, "cost_kind"),
        payer: number(fields, "cost_payer"),
        amount: Yen::read(fields.get("amount_yen")),
        date: fields.get("cost_date").to_owned(),
        note: fields.get("cost_note").to_owned(),
        corrects: corrects.map(CostId),
    })
}

/// A refusal in the names of the form of costs, which stands beside that of repairs on one page.
fn of_cost_form(mut error: Error) -> Error {
    for violation in &mut error.fields {
        if matches!(violation.field.as_ref(), "kind" | "payer" | "date" | "note") {
            violation.field = format!("cost_{}", violation.field).into();
        }
    }
    error
}

fn swap_of(fields: &Fields) -> Result<SwapOrder> {
    let needed = || Error::invalid_field("spare", say::spare_needed());
    let (spare, seen) = fields.get("spare").split_once(':').ok_or_else(needed)?;
    let spare = Uuid::try_parse(spare).map_err(|_| needed())?;
    let becomes = chosen(fields, "becomes", Swapped::from_number, say::becomes_needed())?;
    Ok(SwapOrder { spare: DeviceId(spare), becomes, spare_seen: seen.parse().ok(), device_seen: None })
}

/// Does what a form says.
async fn done(tickets: &Tickets, staff: &Staff, place: Place, fields: &Fields) -> Result<()> {
    let seen = fields.get("version").parse().unwrap_or(0);
    let repair = || parse_uuid("repair", fields.get("repair")).map(RepairId).map_err(one);
    match fields.get("leg") {
        "swap" => tickets.swap_with_spare(staff, place, seen, &swap_of(fields)?).await.map(drop),
        "start_repair" => tickets.start_repair(staff, place, seen, &said_repair(fields)).await.map(drop),
        "change_repair" => tickets.change_repair(staff, place, seen, (repair()?, &said_repair(fields))).await.map(drop),
        "end_repair" => {
            let end = chosen(fields, "end", RepairEnd::from_number, say::end_needed())?;
            tickets.end_repair(staff, place, seen, (repair()?, end, Some(said_repair(fields)))).await.map(drop)
        }
        "loss" => tickets.record_loss(staff, place, seen, &said_loss(fields)).await.map(drop),
        "end_loss" => {
            let loss = LossId(parse_uuid("loss", fields.get("loss")).map_err(one)?);
            let end = chosen(fields, "loss_end", LossEnd::from_number, say::end_needed())?;
            tickets.end_loss(staff, place, seen, (loss, end)).await.map(drop)
        }
        "cost" => tickets.record_cost(staff, place, seen, &said_cost(fields)?).await.map(drop).map_err(of_cost_form),
        _ => Err(Error::invalid_field("leg", say_ticket::verb_needed())),
    }
}

/// Does what one of the forms says, and comes back to the ticket.
pub(in crate::tickets) async fn change(
    person: SignedIn,
    Pages(pages): Pages<TicketPages>,
    Path((owner, ticket)): Path<(Uuid, String)>,
    fields: Fields,
) -> PageResult {
    let (owner, named) = (MunicipalityId(owner), named(&ticket)?);
    let row = pages.tickets.get(&person.staff, owner, named).await?.ticket.row;
    match done(&pages.tickets, &person.staff, (owner, TicketId(row.ticket_id)), &fields).await {
        Ok(()) => {
            let back = with_back(&format!("/tickets/{owner}/{}", row.number), fields.get("back"));
            Ok(see_other(&back).flash(person.shell.w.tickets.changed))
        }
        Err(error) => ticket::refused(person, &pages, (owner, named), fields, error).await,
    }
}
