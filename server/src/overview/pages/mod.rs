//! Pages that show many features: home.

mod home;

use std::sync::Arc;

use axum::{Router, routing::get};

use super::service::Overview;
use crate::schools::service::Schools;

/// What these pages read.
#[derive(Debug, Clone)]
pub struct OverviewPages {
    overview: Overview,
    schools: Arc<Schools>,
}

/// The pages that show many features.
pub fn routes(overview: Overview, schools: Schools) -> Router {
    let pages = OverviewPages { overview, schools: Arc::new(schools) };
    Router::new().route("/", get(home::home)).route("/live", get(home::live)).with_state(pages)
}
