//! TroubleService: what whoever sits at a device says is wrong.

use std::time::Duration;

use gigafleet_proto::v1::{self, trouble_service_server::TroubleService};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    rules::{MOST_CHARS, Said},
    service::{
        Phone,
        devices::{AtDevice, Told},
    },
};
use crate::{
    clock::Clock,
    error::{Error, FieldViolation, Result as OwnResult, says::fields as say},
    grpc::{caller, page},
    tickets::rules::{
        CallerKind, Category,
        fields::{Field, long_text, word},
    },
};

/// Answers devices at which somebody reports.
#[derive(Debug, Clone)]
pub struct TroubleGrpc {
    phone: Phone,
    clock: Clock,
    /// Of the console, without a slash at its end.
    console_url: String,
}

impl TroubleGrpc {
    /// Answers with this service.
    pub fn new(phone: Phone, clock: Clock, console_url: String) -> Self {
        Self { phone, clock, console_url }
    }

    fn answer(&self, told: Told) -> v1::ReportTroubleResponse {
        match told {
            Told::Ticket { is_new, link, standing } => {
                let outcome = if is_new { v1::TroubleOutcome::Made } else { v1::TroubleOutcome::Repeated };
                v1::ReportTroubleResponse {
                    outcome: outcome.into(),
                    ticket_number: u64::try_from(standing.number).unwrap_or_default(),
                    state: standing.state.to_number().into(),
                    is_asked: standing.is_asked,
                    follow_url: format!("{}/report/{link}", self.console_url),
                    ..v1::ReportTroubleResponse::default()
                }
            }
            Told::Unknown => v1::ReportTroubleResponse {
                outcome: v1::TroubleOutcome::Unknown.into(),
                ..v1::ReportTroubleResponse::default()
            },
            Told::Known { known, lasts } => v1::ReportTroubleResponse {
                outcome: v1::TroubleOutcome::Known.into(),
                known_minutes: u32::try_from(lasts.as_secs() / 60).unwrap_or(u32::MAX),
                also_count: u32::try_from(known.also).unwrap_or_default(),
                ..v1::ReportTroubleResponse::default()
            },
        }
    }
}

#[tonic::async_trait]
impl TroubleService for TroubleGrpc {
    async fn report_trouble(
        &self,
        request: Request<v1::ReportTroubleRequest>,
    ) -> Result<Response<v1::ReportTroubleResponse>, Status> {
        let device = caller::device(request.extensions(), &self.clock)?;
        let report = report_of(&request.into_inner())?;
        let told = self.phone.report_at_device(device, &report).await?;
        Ok(Response::new(self.answer(told)))
    }
}

fn caller_kind(number: i32) -> Field<CallerKind> {
    match v1::TicketCallerKind::try_from(number) {
        Ok(v1::TicketCallerKind::Teacher) => Ok(CallerKind::Teacher),
        Ok(v1::TicketCallerKind::Pupil | v1::TicketCallerKind::Unspecified) => Ok(CallerKind::Pupil),
        _ => Err(FieldViolation::new("caller_kind", say::unknown_value())),
    }
}

fn report_of(request: &v1::ReportTroubleRequest) -> OwnResult<AtDevice> {
    let mut wrong = Vec::new();
    let id = Uuid::from_slice(&request.report_id);
    let id = page::collect(id.map_err(|_| FieldViolation::new("report_id", say::needs_bytes(16))), &mut wrong);
    let text = page::collect(long_text("text", &request.text, MOST_CHARS), &mut wrong);
    let category = match request.category {
        0 => Ok(None),
        number => word("category", number, Category::from_number).map(Some),
    };
    let category = page::collect(category, &mut wrong);
    let caller = page::collect(caller_kind(request.caller_kind), &mut wrong);
    let (Some(form), Some(text), Some(category), Some(caller)) = (id, text, category, caller) else {
        return Err(Error::invalid_fields("FIELD_INVALID", wrong));
    };
    let said = Said {
        form,
        category: category.unwrap_or(Category::Other),
        caller,
        lesson_stopped: request.lesson_stopped,
        text: text.trim().to_owned(),
    };
    Ok(AtDevice {
        said,
        // Who says nothing of the kind may mean what everybody there has.
        may_be_known: !request.ticket_wanted && category.is_none_or(Category::may_be_of_an_incident),
        only_asked: request.only_asked,
        delay: Duration::from_millis(request.send_time_ms.saturating_sub(request.write_time_ms)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> v1::ReportTroubleRequest {
        v1::ReportTroubleRequest {
            report_id: vec![1; 16], text: String::from(" 動かない\u{7} "), ..Default::default()
        }
    }

    #[test]
    fn what_is_not_said_is_a_pupil_with_something_else() {
        let report = report_of(&request()).unwrap();
        assert_eq!((report.said.category, report.said.caller), (Category::Other, CallerKind::Pupil));
        assert_eq!((report.said.text.as_str(), report.delay, report.may_be_known), ("動かない", Duration::ZERO, true));
    }

    #[test]
    fn a_broken_screen_is_no_outage_and_who_wants_a_ticket_gets_one() {
        let screen = v1::ReportTroubleRequest { category: v1::TicketCategory::Screen.into(), ..request() };
        let wifi = v1::ReportTroubleRequest { category: v1::TicketCategory::Wifi.into(), ..request() };
        let wanted = v1::ReportTroubleRequest { ticket_wanted: true, ..wifi.clone() };
        let known = |request| report_of(&request).unwrap().may_be_known;
        assert!(!known(screen) && known(wifi) && !known(wanted));
    }

    #[test]
    fn who_only_asks_is_known_to() {
        let asked = v1::ReportTroubleRequest { only_asked: true, ..request() };
        assert!(report_of(&asked).unwrap().only_asked && !report_of(&request()).unwrap().only_asked);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let request = v1::ReportTroubleRequest {
            report_id: vec![1; 15],
            text: "あ".repeat(MOST_CHARS + 1),
            category: 99,
            caller_kind: v1::TicketCallerKind::Engineer.into(),
            ..Default::default()
        };
        let fields: Vec<_> = report_of(&request).unwrap_err().fields.iter().map(|f| f.field.to_string()).collect();
        assert_eq!(fields, ["report_id", "text", "category", "caller_kind"]);
    }
}
