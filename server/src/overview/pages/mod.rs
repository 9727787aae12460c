//! Pages that show many features: home, one device, the reviews of identities.

mod device;
mod home;
mod reviews;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use super::service::Overview;
use crate::{
    devices::service::{identity::Identities, registry::Registry},
    schools::service::Schools,
};

/// What these pages read.
#[derive(Debug, Clone)]
pub struct OverviewPages {
    overview: Overview,
    schools: Arc<Schools>,
    registry: Registry,
    identities: Identities,
}

/// The pages that show many features.
pub fn routes(overview: Overview, schools: Schools, registry: Registry, identities: Identities) -> Router {
    let pages = OverviewPages { overview, schools: Arc::new(schools), registry, identities };
    Router::new()
        .route("/", get(home::home))
        .route("/live", get(home::live))
        .route("/devices/{device}", get(device::device).post(device::edit))
        .route("/devices/{device}/move", post(device::move_device))
        .route("/reviews", get(reviews::reviews))
        .route("/reviews/{device}/merge", post(reviews::merge))
        .route("/reviews/{device}/keep-apart", post(reviews::keep_apart))
        .with_state(pages)
}
