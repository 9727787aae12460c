//! The list of devices as a file.

use axum::{
    body::Body,
    extract::{RawQuery, State},
    response::IntoResponse as _,
};
use http::header;
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};

use super::{Wrong, ask};
use crate::{
    access::pages::SignedIn,
    console::{Fields, PageResult, format},
    devices::rules::import::export::Encoding,
    error::{Error, FieldViolation, says},
    overview::pages::{
        OverviewPages,
        address::Address,
        devices::{KEYS, form_message},
    },
};

/// Sends the devices that the same address of the list shows.
pub(in crate::overview::pages) async fn export(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let address = Address::read("/devices", &KEYS, &fields);
    let asked = ask(&pages, &person.staff, address).await?;
    if asked.wrong.iter().any(|(_, what)| *what == Wrong::Missing) {
        return Err(Error::not_found("PLACE_NOT_FOUND", says::schools::place_unknown()).into());
    }
    if !asked.wrong.is_empty() {
        let told = |(key, what): &(&'static str, Wrong)| FieldViolation::new(*key, form_message(*what));
        let wrong = asked.wrong.iter().map(told).collect();
        return Err(Error::invalid_fields("FIELD_INVALID", wrong).into());
    }
    let (encoding, kind) = match fields.get("encoding") {
        "cp932" => (Encoding::Cp932, "text/csv; charset=Shift_JIS"),
        _ => (Encoding::Utf8, "text/csv; charset=utf-8"),
    };
    let pieces = pages.overview.export(&pages.exports, &person.staff, asked.query, encoding).await?;
    let pieces = ReceiverStream::new(pieces).map(|piece| piece.map(|piece| piece.content));
    let day = format::day(person.visit.now()).map(format::iso_date).unwrap_or_default();
    let file = format!("attachment; filename=\"devices-{day}.csv\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, file)];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
