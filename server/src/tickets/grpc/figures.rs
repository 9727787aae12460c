//! Figures, in the words of the contract.

use gigafleet_proto::v1;
use uuid::Uuid;

use super::orders::refused;
use crate::{
    access::rules::days::parse_date,
    error::Result as OwnResult,
    grpc::page,
    schools::rules::{MunicipalityId, parse_optional_uuid},
    tickets::{
        rules::{
            fields::word_or,
            figures::{Figures, Grouping},
        },
        service::{FiguresOrder, FiguresReport},
    },
};

pub(super) fn order_of(request: &v1::GetTicketFiguresRequest) -> OwnResult<FiguresOrder> {
    let mut wrong = Vec::new();
    let owner = page::collect(parse_optional_uuid("municipality_id", &request.municipality_id), &mut wrong);
    let first = page::collect(parse_date("first_date", &request.first_date), &mut wrong);
    let last = page::collect(parse_date("last_date", &request.last_date), &mut wrong);
    let by = word_or("grouping", request.grouping, Grouping::from_number, Grouping::Municipality);
    let by = page::collect(by, &mut wrong);
    match (owner, first, last, by) {
        (Some(owner), Some(first), Some(last), Some(by)) => {
            Ok(FiguresOrder { owner: owner.map(MunicipalityId), first, last, by })
        }
        _ => Err(refused(wrong)),
    }
}

fn figures_message(id: Option<Uuid>, name: String, figures: &Figures) -> v1::TicketFigures {
    v1::TicketFigures {
        group_id: super::messages::text(id),
        name,
        came: figures.came,
        merged: figures.merged,
        reopened: figures.reopened,
        answered_in_time: figures.response.kept,
        answered_late: figures.response.late,
        restored_in_time: figures.restoration.kept,
        restored_late: figures.restoration.late,
        answer_median_minutes: figures.response_minutes.percentile(50),
        answer_ninth_minutes: figures.response_minutes.percentile(90),
        restore_median_minutes: figures.restoration_minutes.percentile(50),
        restore_ninth_minutes: figures.restoration_minutes.percentile(90),
        open: figures.open.to_vec(),
    }
}

pub(super) fn report_message(report: &FiguresReport) -> v1::GetTicketFiguresResponse {
    let row = |row: &crate::tickets::service::FiguresRow| {
        figures_message(row.id, row.name.ja.clone().into_owned(), &row.figures)
    };
    v1::GetTicketFiguresResponse {
        as_of_time: Some(report.as_of.to_proto()),
        rows: report.rows.iter().map(row).collect(),
        whole: Some(figures_message(None, String::new(), &report.whole)),
        ..v1::GetTicketFiguresResponse::default()
    }
}
