//! Pages that show many features: home, municipalities, schools, devices, the reviews of identities.

mod decided;
mod device;
mod devices;
mod health;
mod home;
mod places;
mod reviews;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use super::service::Overview;
use crate::{
    access::service::Access,
    console::address,
    devices::service::{export::Exports, identity::Identities, registry::Registry},
    network::service::Network,
    schools::service::Schools,
    tickets::service::Tickets,
};

/// What these pages read.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is the service of its name")]
pub struct OverviewPages {
    pub overview: Overview,
    pub schools: Arc<Schools>,
    pub registry: Registry,
    pub identities: Identities,
    pub exports: Exports,
    pub access: Access,
    pub network: Network,
    pub tickets: Tickets,
}

/// The pages that show many features.
pub fn routes(pages: OverviewPages) -> Router {
    Router::new()
        .route("/", get(home::home))
        .route("/live", get(home::live))
        .route("/municipalities", get(places::municipalities::municipalities))
        .route(
            "/municipalities/{municipality}",
            get(places::municipality::municipality).post(places::municipality_edit::edit),
        )
        .route("/municipalities/{municipality}/live", get(places::municipality::live))
        .route("/municipalities/{municipality}/schools", post(places::municipality_edit::add_school))
        .route("/schools", get(places::schools::schools))
        .route("/schools/{school}", get(places::school::school).post(places::school_edit::edit))
        .route("/schools/{school}/live", get(places::school::live))
        .route("/schools/{school}/close", post(places::school_edit::close))
        .route("/schools/{school}/pupils", post(places::school_edit::pupils))
        .route("/schools/{school}/lines", post(places::school_edit::line))
        .route("/schools/{school}/lines/{number}/delete", post(places::school_edit::delete_line))
        .route("/devices", get(devices::devices))
        .route("/exports/devices", get(devices::export))
        .route("/devices/{device}", get(device::device).post(device::edit))
        .route("/devices/{device}/move", post(device::move_device))
        .route("/reviews", get(reviews::reviews))
        .route("/reviews/decided", get(decided::decided))
        .route("/reviews/{device}/undo", post(decided::undo))
        .route("/reviews/{device}/merge", post(reviews::merge))
        .route("/reviews/{device}/keep-apart", post(reviews::keep_apart))
        .with_state(pages)
}
