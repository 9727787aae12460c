//! One request: its time limit, its lane, its line in the log, its place in the metrics.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gigafleet_proto::v1::agent_service_server::AgentServiceServer;
use http::{Request, Response, Version, header::CONTENT_TYPE};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::Semaphore;
use tonic::{Code, Status, body::Body, service::Routes};
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{Layer as _, Service as _};
use uuid::Uuid;

use super::caller::Peer;
use crate::{
    checkin::grpc::AgentGrpc,
    config::Limits,
    telemetry::{self, Metrics, RequestLabels, RequestNotes},
};

/// The method that devices call all day; it has its own admission and its own log level.
const CHECK_IN: &str = "/gigafleet.v1.AgentService/CheckIn";
/// The method that devices call again and again while they measure; it has a lane of its own and the log level of the other.
const MEASURE: &str = "/gigafleet.v1.AgentService/MeasureThroughput";
/// Calls at once of one test that find a place: a device makes six.
const CALLS_PER_TEST: usize = 8;

/// Methods that are counted by name.
const METHODS: &[&str] = &[
    CHECK_IN,
    MEASURE,
    "/gigafleet.v1.TroubleService/ReportTrouble",
    "/gigafleet.v1.EnrollmentService/Enroll",
    "/gigafleet.v1.EnrollmentService/RenewCertificate",
    "/gigafleet.v1.EnrollmentService/CreateEnrollmentToken",
    "/gigafleet.v1.EnrollmentService/ListEnrollmentTokens",
    "/gigafleet.v1.EnrollmentService/RevokeEnrollmentToken",
    "/gigafleet.v1.DeviceService/GetDevice",
    "/gigafleet.v1.DeviceService/ListDevices",
    "/gigafleet.v1.DeviceService/CountDevices",
    "/gigafleet.v1.DeviceService/WatchDevices",
    "/gigafleet.v1.DeviceService/RevokeDevice",
    "/gigafleet.v1.DeviceService/SendCommand",
    "/gigafleet.v1.DeviceService/CreateDevice",
    "/gigafleet.v1.DeviceService/UpdateDevice",
    "/gigafleet.v1.DeviceService/ClearDeviceFields",
    "/gigafleet.v1.DeviceService/MoveDevice",
    "/gigafleet.v1.DeviceService/GetDeviceTimeline",
    "/gigafleet.v1.TicketService/CreateTicket",
    "/gigafleet.v1.TicketService/GetTicket",
    "/gigafleet.v1.TicketService/ListTickets",
    "/gigafleet.v1.TicketService/SearchTickets",
    "/gigafleet.v1.TicketService/ChangeTicket",
    "/gigafleet.v1.TicketService/ChangeTickets",
    "/gigafleet.v1.TicketService/ListTicketViews",
    "/gigafleet.v1.TicketService/KeepTicketView",
    "/gigafleet.v1.TicketService/DeleteTicketView",
    "/gigafleet.v1.TicketService/GetDeviceHealthPolicy",
    "/gigafleet.v1.TicketService/SetDeviceHealthPolicy",
    "/gigafleet.v1.TicketService/TryDeviceHealthPolicy",
    "/gigafleet.v1.TicketService/GetTicketSuggestions",
    "/gigafleet.v1.TicketService/GetCauseRules",
    "/gigafleet.v1.TicketService/SetCauseRules",
    "/gigafleet.v1.TicketService/TryCauseRules",
    "/gigafleet.v1.TicketService/SuggestDuplicates",
    "/gigafleet.v1.TicketService/GetTicketFigures",
    "/gigafleet.v1.TicketService/GetFailureRates",
    "/gigafleet.v1.TicketService/GetTicketPromise",
    "/gigafleet.v1.TicketService/SetTicketPromise",
    "/gigafleet.v1.TicketService/ListSpares",
    "/gigafleet.v1.TicketService/SwapWithSpare",
    "/gigafleet.v1.TicketService/GetTicketLegs",
    "/gigafleet.v1.TicketService/StartRepair",
    "/gigafleet.v1.TicketService/ChangeRepair",
    "/gigafleet.v1.TicketService/EndRepair",
    "/gigafleet.v1.TicketService/RecordLoss",
    "/gigafleet.v1.TicketService/EndLoss",
    "/gigafleet.v1.TicketService/RecordTicketCost",
    "/gigafleet.v1.TicketService/ListTicketCosts",
    "/gigafleet.v1.TicketService/AddTicketAttachment",
    "/gigafleet.v1.TicketService/GetTicketAttachment",
    "/gigafleet.v1.TicketService/RemoveTicketAttachment",
    "/gigafleet.v1.TicketService/ListPreparedReplies",
    "/gigafleet.v1.TicketService/KeepPreparedReply",
    "/gigafleet.v1.TicketService/DeletePreparedReply",
    "/gigafleet.v1.TicketService/FollowTicket",
    "/gigafleet.v1.TicketService/ListFollowedTickets",
    "/gigafleet.v1.TicketService/LookAtTicket",
    "/gigafleet.v1.TicketService/ListTeam",
    "/gigafleet.v1.TicketService/SetTeamProfile",
    "/gigafleet.v1.TicketService/ProposeAssignees",
    "/gigafleet.v1.ReviewService/ListReviews",
    "/gigafleet.v1.ReviewService/MergeDevices",
    "/gigafleet.v1.ReviewService/KeepApart",
    "/gigafleet.v1.ReviewService/UndoDecision",
    "/gigafleet.v1.ReviewService/ListDecisions",
    "/gigafleet.v1.SchoolService/CreateMunicipality",
    "/gigafleet.v1.SchoolService/ListMunicipalities",
    "/gigafleet.v1.SchoolService/CreateSchool",
    "/gigafleet.v1.SchoolService/ListSchools",
    "/gigafleet.v1.AccessService/WhoAmI",
    "/gigafleet.v1.AccessService/ListSessions",
    "/gigafleet.v1.AccessService/EndSession",
    "/gigafleet.v1.AccessService/CreateStaffToken",
    "/gigafleet.v1.AccessService/ListStaffTokens",
    "/gigafleet.v1.AccessService/RevokeStaffToken",
    "/gigafleet.v1.StaffService/CreateStaff",
    "/gigafleet.v1.StaffService/ListStaff",
    "/gigafleet.v1.StaffService/GetStaff",
    "/gigafleet.v1.StaffService/DisableStaff",
    "/gigafleet.v1.StaffService/EnableStaff",
    "/gigafleet.v1.StaffService/ResetPassword",
    "/gigafleet.v1.StaffService/ResetSecondFactor",
    "/gigafleet.v1.StaffService/GrantRole",
    "/gigafleet.v1.StaffService/RevokeGrant",
    "/gigafleet.v1.StaffService/ListGrants",
    "/gigafleet.v1.AuditService/ListAuditEntries",
    "/gigafleet.v1.AuditService/VerifyAudit",
    "/gigafleet.v1.SchoolService/GetMunicipality",
    "/gigafleet.v1.SchoolService/UpdateMunicipality",
    "/gigafleet.v1.SchoolService/GetSchool",
    "/gigafleet.v1.SchoolService/UpdateSchool",
    "/gigafleet.v1.SchoolService/CloseSchool",
    "/gigafleet.v1.SchoolService/SetPupils",
    "/gigafleet.v1.SchoolService/ListPupils",
    "/gigafleet.v1.CalendarService/ListCalendar",
    "/gigafleet.v1.CalendarService/SetCalendarPeriod",
    "/gigafleet.v1.CalendarService/DeleteCalendarPeriod",
    "/gigafleet.v1.CalendarService/GetSchoolDays",
    "/gigafleet.v1.CalendarService/SetLessonTimes",
    "/gigafleet.v1.CalendarService/ListLessonTimes",
    "/gigafleet.v1.CalendarService/ListHolidays",
    "/gigafleet.v1.CalendarService/SetHolidays",
    "/gigafleet.v1.LineService/ListLines",
    "/gigafleet.v1.LineService/SetLine",
    "/gigafleet.v1.LineService/DeleteLine",
    "/gigafleet.v1.LineService/CreateHub",
    "/gigafleet.v1.LineService/ListHubs",
    "/gigafleet.v1.NetworkService/ListIncidents",
    "/gigafleet.v1.NetworkService/GetIncident",
    "/gigafleet.v1.NetworkService/WatchIncidents",
    "/gigafleet.v1.NetworkService/ListSchoolHealth",
    "/gigafleet.v1.NetworkService/GetSchoolMeasurements",
    "/gigafleet.v1.NetworkService/ListSchoolNetworks",
    "/gigafleet.v1.NetworkService/AddSchoolNetwork",
    "/gigafleet.v1.NetworkService/DeleteSchoolNetwork",
    "/gigafleet.v1.NetworkService/ListTargets",
    "/gigafleet.v1.NetworkService/SetTarget",
    "/gigafleet.v1.NetworkService/DeleteTarget",
    "/gigafleet.v1.NetworkService/ListPlannedWork",
    "/gigafleet.v1.NetworkService/AnnounceWork",
    "/gigafleet.v1.NetworkService/CancelWork",
    "/gigafleet.v1.BandwidthService/ListBandwidthEditions",
    "/gigafleet.v1.BandwidthService/AddBandwidthEdition",
    "/gigafleet.v1.BandwidthService/RecordBandwidth",
    "/gigafleet.v1.BandwidthService/DeleteBandwidth",
    "/gigafleet.v1.BandwidthService/ListBandwidth",
    "/gigafleet.v1.BandwidthService/GetBandwidthReport",
    "/gigafleet.v1.BandwidthService/GetBandwidthAssessment",
    "/gigafleet.v1.BandwidthService/StartBandwidthTest",
    "/gigafleet.v1.BandwidthService/ListBandwidthTests",
    "/gigafleet.v1.BandwidthService/ImportBandwidth",
    "/gigafleet.v1.RenewalService/RecordRenewalEntry",
    "/gigafleet.v1.RenewalService/ReverseRenewalEntry",
    "/gigafleet.v1.RenewalService/GetRenewalEntry",
    "/gigafleet.v1.RenewalService/ListRenewalEntries",
    "/gigafleet.v1.RenewalService/ListRenewalParts",
    "/gigafleet.v1.RenewalService/ListRenewalDevices",
    "/gigafleet.v1.RenewalService/ImportRenewalEntries",
    "/gigafleet.v1.RenewalService/GetRenewalRules",
    "/gigafleet.v1.RenewalService/SetRenewalRules",
    "/gigafleet.v1.RenewalService/PreviewRenewalRules",
    "/gigafleet.v1.RenewalService/GetRenewalPlan",
    "/gigafleet.v1.RenewalService/GetRenewalCosts",
    "/gigafleet.v1.RenewalService/GetRenewalScenarios",
    "/gigafleet.v1.RenewalService/GetRenewalChanges",
    "/gigafleet.v1.RenewalService/ExportRenewalReport",
    "/gigafleet.v1.RenewalService/VerifyRenewalReport",
    "/gigafleet.v1.RenewalService/GetDeviceLives",
    "/gigafleet.v1.RenewalService/GetRepairAdvice",
    "/gigafleet.v1.RenewalService/GetSpares",
    "/gigafleet.v1.RenewalService/TryRenewalScenario",
    "/gigafleet.v1.ImportService/PreviewImport",
    "/gigafleet.v1.ImportService/ApplyImport",
    "/gigafleet.v1.ImportService/GetImport",
    "/gigafleet.v1.ImportService/ListImports",
    "/gigafleet.v1.ImportService/SaveImportMapping",
    "/gigafleet.v1.ExportService/ExportDevices",
    "/grpc.health.v1.Health/Check",
];

/// Everything that a request meets, shared by all connections.
#[derive(Debug, Clone)]
pub struct App {
    routes: GrpcWebService<Routes>,
    agents: AgentServiceServer<AgentGrpc>,
    others: Arc<Semaphore>,
    measuring: Arc<Semaphore>,
    request_timeout: Duration,
    /// The one series of `requests` that is counted thousands of times a second.
    checkins_answered: Counter,
    metrics: Arc<Metrics>,
}

impl App {
    /// Answers with these routes; `agents`, one of them, is reached without the detour of routing.
    pub fn new(agents: AgentServiceServer<AgentGrpc>, routes: Routes, limits: &Limits, metrics: Arc<Metrics>) -> Self {
        let routes = routes.add_service(agents.clone()).prepare();
        Self {
            routes: GrpcWebLayer::new().layer(routes),
            agents,
            others: Arc::new(Semaphore::new(limits.staff_calls)),
            measuring: Arc::new(Semaphore::new(limits.throughput_tests * CALLS_PER_TEST)),
            request_timeout: limits.request_timeout,
            checkins_answered: metrics.requests.get_or_create_owned(&RequestLabels { method: CHECK_IN, code: "OK" }),
            metrics,
        }
    }

    /// Answers one request; never fails, never takes longer than its time.
    pub async fn answer(&self, mut request: Request<Body>, peer: Peer) -> Response<Body> {
        let started = Instant::now();
        let path = request.uri().path();
        let method = METHODS.iter().find(|known| **known == path).copied().unwrap_or("other");
        request.extensions_mut().insert(peer);
        let (response, notes) = telemetry::metered(self.within_limits(method, request)).await;
        let code = code_of(&response);
        match (method, code) {
            (CHECK_IN, Code::Ok) => self.checkins_answered.inc(),
            _ => self.metrics.requests.get_or_create(&RequestLabels { method, code: code_name(code) }).inc(),
        };
        log(method, code, &notes, started.elapsed());
        response
    }

    async fn within_limits(&self, method: &'static str, request: Request<Body>) -> Response<Body> {
        let call = async {
            // Devices are admitted by the queue of check-ins. Everyone else shares a lane, so that a crowd of devices
            // cannot starve staff, nor a crowd of staff the devices.
            let _place = match method {
                CHECK_IN => None,
                MEASURE => Some(self.measuring.clone().acquire_owned().await),
                _ => Some(self.others.clone().acquire_owned().await),
            };
            // HTTP/1.1 has no trailers for the status: only gRPC-Web may come that way, and the detour refuses the rest.
            let http2 = request.version() == Version::HTTP_2;
            let plain = http2 && request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/grpc");
            let answered = match method {
                CHECK_IN if plain => self.agents.clone().call(request).await,
                _ => self.routes.clone().call(request).await,
            };
            match answered {
                Ok(response) => response,
                Err(never) => match never {},
            }
        };
        match tokio::time::timeout(self.request_timeout, call).await {
            Ok(response) => response,
            Err(_) => {
                telemetry::note_failure("TIMEOUT", None);
                Status::deadline_exceeded("the request took too long; send it again").into_http()
            }
        }
    }
}

fn code_of(response: &Response<Body>) -> Code {
    match response.headers().get("grpc-status") {
        Some(value) => Code::from_bytes(value.as_bytes()),
        None if response.status().is_success() => Code::Ok,
        None => Code::Unknown,
    }
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// One line when a request ends. The database time of a check-in is that of its batch, which is in the metrics.
fn log(method: &'static str, code: Code, notes: &RequestNotes, total: Duration) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                method,
                code = code_name(code),
                reason = notes.reason,
                caller = notes.caller,
                cause = notes.cause,
                queries = notes.queries,
                database_us = notes.database_time.as_micros() as u64,
                total_us = total.as_micros() as u64,
                request_id = %Uuid::now_v7(),
                "request"
            )
        };
    }
    match code {
        Code::Ok if [CHECK_IN, MEASURE].contains(&method) => {
            if tracing::enabled!(tracing::Level::DEBUG) {
                line!(debug);
            }
        }
        Code::Internal | Code::DataLoss => line!(error),
        _ => line!(info),
    }
}
