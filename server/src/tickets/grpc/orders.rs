//! Requests of the contract → orders of the service: all that is wrong with one is said at once.

use gigafleet_proto::v1::{self, change_ticket_request::Verb};

use super::views;
use crate::{
    access::rules::{StaffId, fields::parse_filled},
    devices::rules::DeviceId,
    error::{Error, FieldViolation, Result as OwnResult, says::tickets as say},
    grpc::page,
    schools::rules::{MunicipalityId, SchoolId, parse_optional_uuid, parse_page_size, parse_text, parse_uuid},
    tickets::{
        rules::{
            CallerKind, Category, Impact, Origin, TicketId, Urgency, WaitingOn,
            fields::{CONTACT, Field, ROOM, SHORT_TEXT, SUBJECT, TEXT, filled, long_text, word, word_or},
            promise::{self, Promise},
        },
        service::{Behind, Change, ListOrder, TicketOrder},
    },
};

pub(super) fn refused(fields: Vec<FieldViolation>) -> Error {
    Error::invalid_fields("FIELD_INVALID", fields)
}

/// Numbers of words of the contract; none for all.
pub(super) fn numbers(field: &'static str, numbers: &[i32], known: impl Fn(i16) -> bool) -> Field<Vec<i16>> {
    numbers.iter().map(|number| word(field, *number, |number| known(number).then_some(number))).collect()
}

pub(super) fn order_of(request: v1::CreateTicketRequest) -> OwnResult<(MunicipalityId, TicketOrder)> {
    let mut wrong = Vec::new();
    let owner = page::collect(parse_uuid("municipality_id", &request.municipality_id), &mut wrong);
    let id = page::collect(parse_optional_uuid("ticket_id", &request.ticket_id), &mut wrong);
    let subject = page::collect(parse_filled("subject", &request.subject, SUBJECT), &mut wrong);
    let text = page::collect(long_text("text", &request.text, TEXT), &mut wrong);
    let category = page::collect(word("category", request.category, Category::from_number), &mut wrong);
    let impact = word_or("impact", request.impact, Impact::from_number, Impact::OnePupil);
    let impact = page::collect(impact, &mut wrong);
    let urgency = word_or("urgency", request.urgency, Urgency::from_number, Urgency::ThisWeek);
    let urgency = page::collect(urgency, &mut wrong);
    let school = page::collect(parse_optional_uuid("school_id", &request.school_id), &mut wrong);
    let device = page::collect(parse_optional_uuid("device_id", &request.device_id), &mut wrong);
    let room = page::collect(parse_text("room", &request.room, ROOM), &mut wrong);
    let caller = word_or("caller_kind", request.caller_kind, CallerKind::from_number, CallerKind::Engineer);
    let caller = page::collect(caller, &mut wrong);
    let contact = page::collect(parse_text("caller_contact", &request.caller_contact, CONTACT), &mut wrong);
    let order = || {
        Some(TicketOrder {
            id: id?,
            subject: subject?,
            text: text?,
            category: category?,
            impact: impact?,
            urgency: urgency?,
            school: school?.map(SchoolId),
            device: device?.map(DeviceId),
            room: room?,
            caller_kind: caller?,
            caller_contact: contact?,
            origin: Origin::Command,
        })
    };
    match (owner, order()) {
        (Some(owner), Some(order)) => Ok((MunicipalityId(owner), order)),
        _ => Err(refused(wrong)),
    }
}

pub(super) fn change_of(verb: Option<Verb>) -> OwnResult<Change> {
    let Some(verb) = verb else { return Err(Error::invalid_field("verb", say::verb_needed())) };
    let mut wrong = Vec::new();
    let change = match verb {
        Verb::Triage(v1::TriageTicket { category, impact, urgency }) => {
            let category = page::collect(word("category", category, Category::from_number), &mut wrong);
            let impact = page::collect(word("impact", impact, Impact::from_number), &mut wrong);
            let urgency = page::collect(word("urgency", urgency, Urgency::from_number), &mut wrong);
            let judged = || Some(Change::Triage { category: category?, impact: impact?, urgency: urgency? });
            judged()
        }
        Verb::Take(v1::TakeTicket {}) => Some(Change::Take),
        Verb::Assign(v1::AssignTicket { staff_id }) => {
            page::collect(parse_uuid("staff_id", &staff_id), &mut wrong).map(StaffId).map(Change::Assign)
        }
        Verb::Release(v1::ReleaseTicket {}) => Some(Change::Release),
        Verb::Start(v1::StartTicket {}) => Some(Change::Start),
        Verb::Wait(v1::WaitTicket { waiting_on, text }) => {
            let whom = page::collect(word("waiting_on", waiting_on, WaitingOn::from_number), &mut wrong);
            let text = page::collect(long_text("text", &text, SHORT_TEXT), &mut wrong);
            whom.zip(text).map(|(whom, text)| Change::Wait(whom, text))
        }
        Verb::Resume(v1::ResumeTicket {}) => Some(Change::Resume),
        Verb::Reply(v1::ReplyTicket { text }) => page::collect(filled("text", &text), &mut wrong).map(Change::Reply),
        Verb::Note(v1::NoteTicket { text }) => page::collect(filled("text", &text), &mut wrong).map(Change::Note),
        Verb::Answer(v1::AnswerTicket { text }) => page::collect(filled("text", &text), &mut wrong).map(Change::Answer),
        Verb::Resolve(v1::ResolveTicket { text }) => {
            page::collect(long_text("text", &text, TEXT), &mut wrong).map(Change::Resolve)
        }
        Verb::Close(v1::CloseTicket {}) => Some(Change::Close),
        Verb::Reopen(v1::ReopenTicket { text }) => {
            page::collect(long_text("text", &text, SHORT_TEXT), &mut wrong).map(Change::Reopen)
        }
        Verb::Merge(v1::MergeTicket { into_ticket_id }) => {
            page::collect(parse_uuid("into_ticket_id", &into_ticket_id), &mut wrong).map(TicketId).map(Change::Merge)
        }
        Verb::Unmerge(v1::UnmergeTicket {}) => Some(Change::Unmerge),
        Verb::Undo(v1::UndoTicket {}) => Some(Change::Undo),
    };
    change.ok_or_else(|| refused(wrong))
}

/// The owner and one of its tickets.
pub(super) fn place(municipality: &str, ticket: &str) -> OwnResult<(MunicipalityId, TicketId)> {
    let mut wrong = Vec::new();
    let owner = page::collect(parse_uuid("municipality_id", municipality), &mut wrong);
    let ticket = page::collect(parse_uuid("ticket_id", ticket), &mut wrong);
    match (owner, ticket) {
        (Some(owner), Some(ticket)) => Ok((MunicipalityId(owner), TicketId(ticket))),
        _ => Err(refused(wrong)),
    }
}

pub(super) fn list_of(request: v1::ListTicketsRequest) -> OwnResult<ListOrder> {
    let limit = parse_page_size(request.page_size);
    let behind: Option<Behind> = page::read_time_and_id(&request.page_token)?;
    let filter = views::filter_of(v1::TicketFilter {
        municipality_id: request.municipality_id,
        school_id: request.school_id,
        states: request.states,
        categories: request.categories,
        mine: request.mine,
        unassigned: request.unassigned,
        incident_id: request.incident_id,
        priorities: request.priorities,
        waiting_on: request.waiting_on,
        assignee_id: request.assignee_id,
        due: request.due,
        older_than_days: request.older_than_days,
    });
    match (filter, limit) {
        (Ok(filter), Ok(limit)) => Ok(ListOrder { filter, done: request.done, behind, limit }),
        (filter, limit) => Err(refused(filter.err().into_iter().flatten().chain(limit.err()).collect())),
    }
}

/// So many figures.
fn figures<const N: usize>(field: &'static str, figures: &[u32]) -> Field<[u32; N]> {
    figures.try_into().map_err(|_| FieldViolation::new(field, say::figures_needed(N)))
}

pub(super) fn promise_of(message: v1::TicketPromise) -> OwnResult<Promise> {
    let mut wrong = Vec::new();
    let minute = |minute: u32| u16::try_from(minute).unwrap_or(u16::MAX);
    let answer = page::collect(figures("answer_minutes", &message.answer_minutes), &mut wrong);
    let restore = page::collect(figures("restore_days", &message.restore_days), &mut wrong);
    let priorities = page::collect(figures::<20>("priorities", &message.priorities), &mut wrong);
    let (Some(answer_minutes), Some(restore_days), Some(flat)) = (answer, restore, priorities) else {
        return Err(refused(wrong));
    };
    let mut priorities = [[0; 4]; 5];
    for (place, priority) in priorities.iter_mut().flatten().zip(flat) {
        *place = u8::try_from(priority).unwrap_or(u8::MAX);
    }
    Ok(Promise {
        source: message.source,
        hours: [minute(message.begin_minute), minute(message.end_minute)],
        answer_minutes,
        restore_days,
        warn_percent: u8::try_from(message.warn_percent).unwrap_or(u8::MAX),
        priorities,
        return_minutes: message.return_minutes.unwrap_or_else(promise::return_minutes),
        close_days: message.close_days.unwrap_or_else(promise::close_days),
    })
}
