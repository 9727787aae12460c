//! The list of devices as a file.

use axum::{
    body::Body,
    extract::{RawQuery, State},
};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};

use super::{Wrong, ask};
use crate::{
    access::pages::SignedIn,
    console::{Fields, PageResult, format},
    devices::{pages::files::csv, rules::import::export::Encoding},
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
    let encoding = Encoding::of(fields.get("encoding"));
    let pieces = pages.overview.export(&pages.exports, &person.staff, asked.query, encoding).await?;
    let pieces = ReceiverStream::new(pieces).map(|piece| piece.map(|piece| piece.content));
    let day = format::day(person.visit.now()).map(format::iso_date).unwrap_or_default();
    Ok(csv(&format!("devices-{day}"), encoding, Body::from_stream(pieces)))
}
