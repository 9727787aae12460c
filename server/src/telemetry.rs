//! Logs and metrics: what an operator sees of the running server.
//!
//! Levels: `error` means that someone must look; `warn` that the server refused or lost something for a while; `info` one
//! line per request of staff and per failed request of a device; `debug` one line per stored check-in, which would be
//! thousands a second. Never secrets, tokens, names or free text.

use std::{
    cell::{Cell, RefCell},
    sync::atomic::AtomicU64,
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object per line.
    Json,
}

/// Sends logs to standard error. `RUST_LOG` overrides the level. Only the first call in a process has an effect.
pub fn init_logging(format: LogFormat) {
    init_logging_at(format, "info,sqlx=warn");
}

/// As [`init_logging`], with another level where `RUST_LOG` says nothing.
pub fn init_logging_at(format: LogFormat, filter: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(filter));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let outcome = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    // A second server in one process logs where the first one does.
    drop(outcome);
}

tokio::task_local! {
    static METER: Meter;
}

/// What one request cost in the database.
#[derive(Debug, Default)]
pub struct Meter {
    queries: Cell<u32>,
    time: Cell<Duration>,
    caller: RefCell<Option<String>>,
    reason: Cell<Option<&'static str>>,
    cause: RefCell<Option<String>>,
}

/// What is said of a request when it ends.
#[derive(Debug, Default)]
pub struct RequestNotes {
    /// Statements that ran.
    pub queries: u32,
    /// Time they took.
    pub database_time: Duration,
    /// Who called: a device's id or the name of a staff token.
    pub caller: Option<String>,
    /// Reason of a failure.
    pub reason: Option<&'static str>,
    /// What caused a fault of ours.
    pub cause: Option<String>,
}

/// Runs a request and gives, with its outcome, what was noted of it.
pub async fn metered<T>(request: impl Future<Output = T>) -> (T, RequestNotes) {
    METER
        .scope(Meter::default(), async {
            let outcome = request.await;
            let notes = METER.with(|meter| RequestNotes {
                queries: meter.queries.get(),
                database_time: meter.time.get(),
                caller: meter.caller.take(),
                reason: meter.reason.get(),
                cause: meter.cause.take(),
            });
            (outcome, notes)
        })
        .await
}

/// Notes who calls.
pub fn note_caller(caller: impl FnOnce() -> String) {
    let _outside_a_request = METER.try_with(|meter| meter.caller.replace(Some(caller())));
}

/// Notes why the request failed, and for a fault of ours what caused it.
pub fn note_failure(reason: &'static str, cause: Option<String>) {
    let _outside_a_request = METER.try_with(|meter| {
        meter.reason.set(Some(reason));
        meter.cause.replace(cause);
    });
}

/// Adds a statement to the request that runs, if one does.
pub fn note_query(time: Duration) {
    let _outside_a_request = METER.try_with(|meter| {
        meter.queries.set(meter.queries.get() + 1);
        meter.time.set(meter.time.get() + time);
    });
}

/// Labels of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// Path of the method, of the contract; "other" for anything else, so that callers cannot invent series.
    pub method: &'static str,
    /// Name of the gRPC code.
    pub code: &'static str,
}

/// Labels of a request of a browser.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PageLabels {
    /// GET, HEAD, POST; "other" for anything else.
    pub method: &'static str,
    /// Pattern of the route; "other" for what is none, so that callers cannot invent series.
    pub route: String,
    /// Status of HTTP.
    pub status: u64,
}

/// Labels of a check-in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CheckInLabels {
    /// applied, duplicate, behind, forked, refused, queue_full, failed.
    pub outcome: &'static str,
}

/// Labels of a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HandshakeLabels {
    /// full, resumed, failed.
    pub kind: &'static str,
}

/// All metrics of a server, with the registry that prints them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests that ended.
    pub requests: Family<RequestLabels, Counter>,
    /// Requests of browsers that ended.
    pub pages: Family<PageLabels, Counter>,
    /// Check-ins by what became of them.
    pub checkins: Family<CheckInLabels, Counter>,
    /// Reports per transaction.
    pub batch_reports: Histogram,
    /// Time of a transaction of reports, from begin to commit, in seconds.
    pub batch_seconds: Histogram,
    /// Rows that transactions of reports inserted or updated.
    pub rows_written: Counter,
    /// Results of tests of throughput that belong to no test of their device.
    pub tests_refused: Counter,
    /// Reports that wait for the writer.
    pub queue_reports: Gauge,
    /// TLS handshakes.
    pub handshakes: Family<HandshakeLabels, Counter>,
    /// Open connections.
    pub connections: Gauge,
    /// Connections closed for want of requests.
    pub connections_idled: Counter<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("gigafleet");
        let metrics = Self {
            requests: Family::default(),
            pages: Family::default(),
            checkins: Family::default(),
            batch_reports: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            batch_seconds: Histogram::new(exponential_buckets(0.000_5, 2.0, 14)),
            rows_written: Counter::default(),
            tests_refused: Counter::default(),
            queue_reports: Gauge::default(),
            handshakes: Family::default(),
            connections: Gauge::default(),
            connections_idled: Counter::default(),
            registry: Registry::default(),
        };
        registry.register("requests", "Requests that ended", metrics.requests.clone());
        registry.register("pages", "Requests of browsers that ended", metrics.pages.clone());
        registry.register("checkins", "Check-ins by what became of them", metrics.checkins.clone());
        registry.register("checkin_batch_reports", "Reports per transaction", metrics.batch_reports.clone());
        registry.register_with_unit(
            "checkin_batch",
            "Time of a transaction of reports",
            Unit::Seconds,
            metrics.batch_seconds.clone(),
        );
        registry.register(
            "checkin_rows_written",
            "Rows inserted or updated for check-ins",
            metrics.rows_written.clone(),
        );
        registry.register(
            "throughput_results_refused",
            "Results of tests of throughput that belong to no test of their device",
            metrics.tests_refused.clone(),
        );
        registry.register("checkin_queue_reports", "Reports that wait for the writer", metrics.queue_reports.clone());
        registry.register("tls_handshakes", "TLS handshakes by kind", metrics.handshakes.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        registry.register(
            "connections_idled",
            "Connections closed for want of requests",
            metrics.connections_idled.clone(),
        );
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// Counts check-ins that ended one way.
    pub fn count_checkins(&self, outcome: &'static str, count: u64) {
        self.checkins.get_or_create(&CheckInLabels { outcome }).inc_by(count);
    }

    /// All metrics in the text format of OpenMetrics, which Prometheus reads.
    pub fn render(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(std::fmt::Error) => String::from("# EOF\n"),
        }
    }
}
