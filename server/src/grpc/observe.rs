//! Metrics and health for the operator, plain HTTP on a loopback address only.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::{net::TcpListener, sync::watch};

use super::listener::address_refused;
use crate::{
    db::Db,
    error::{Error, Kind, Result, says},
    telemetry::Metrics,
};

/// A bound socket for metrics and health.
#[derive(Debug)]
pub struct Observe {
    socket: TcpListener,
}

#[derive(Debug, Clone)]
struct Context {
    db: Db,
    metrics: Arc<Metrics>,
}

impl Observe {
    /// Binds an address. Reasons: OBSERVE_NOT_LOOPBACK, ADDRESS_IN_USE.
    pub async fn bind(address: SocketAddr) -> Result<Self> {
        if !address.ip().is_loopback() {
            let message = says::server::observe_not_loopback(address);
            return Err(Error::new(Kind::Precondition, "OBSERVE_NOT_LOOPBACK", message));
        }
        let socket = TcpListener::bind(address).await.map_err(|source| address_refused(address, source))?;
        Ok(Self { socket })
    }

    /// The address that was bound.
    pub fn address(&self) -> Result<SocketAddr> {
        self.socket.local_addr().map_err(|source| Error::internal("the listening address is unknown", source))
    }

    /// Serves `/metrics`, `/livez` (the process runs) and `/readyz` (its database answers) until `stop` becomes true.
    pub async fn serve(self, db: Db, metrics: Arc<Metrics>, mut stop: watch::Receiver<bool>) {
        let app = Router::new()
            .route(
                "/metrics",
                get(|State(context): State<Context>| async move {
                    (
                        [("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")],
                        context.metrics.render(),
                    )
                }),
            )
            .route("/livez", get(|| async { "alive\n" }))
            .route(
                "/readyz",
                get(|State(context): State<Context>| async move {
                    if context.db.is_alive().await {
                        (StatusCode::OK, "ready\n")
                    } else {
                        (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
                    }
                }),
            )
            .with_state(Context { db, metrics });
        let stopped = async move {
            let _stopped = stop.wait_for(|stop| *stop).await;
        };
        if let Err(error) = axum::serve(self.socket, app).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "metrics and health ended");
        }
    }
}
