//! Every method with what it needs: who may call it, the checks on its way, and a request.
//!
//! `{device}` in a request is a device of the place that the call names, `{new_device}` one that was made for this call if
//! the call is to succeed, `{home:device}` one of the callers' own school whatever the place is, `{my:session}` one of the
//! caller itself; `.part` behind a name is something else of that thing. See `things.rs`.

mod renewal;
mod tickets;

use serde_json::{Value, json};
use tonic::Code;

use super::roles::{
    Right::*,
    Step::{self, *},
};

/// Who a method is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Staff with a token.
    Staff,
    /// Devices with a certificate; the reason that others are refused with.
    Devices(&'static str),
    /// Everybody, with the refusal that everybody gets for this request.
    Anybody(Code, &'static str),
}

/// One way to call a method.
#[derive(Debug)]
pub struct Rpc {
    pub method: &'static str,
    pub audience: Audience,
    pub steps: &'static [Step],
    pub request: Value,
}

fn staff(method: &'static str, steps: &'static [Step], request: Value) -> Rpc {
    Rpc { method, audience: Audience::Staff, steps, request }
}

const NO_OWNER: &str = "MUNICIPALITY_NOT_FOUND";
const NO_SCHOOL: &str = "SCHOOL_NOT_FOUND";
const NO_DEVICE: &str = "DEVICE_NOT_FOUND";
const NO_STAFF: &str = "STAFF_NOT_FOUND";
const NO_IMPORT: &str = "IMPORT_NOT_FOUND";

const OWN: &[Step] = &[];
const INSTALLATION: &[Step] = &[Everywhere(EditMunicipalities)];

const SEE_DEVICE: &[Step] = &[Sees(ViewDevices, NO_DEVICE)];
const EDIT_DEVICE: &[Step] = &[Sees(ViewDevices, NO_DEVICE), May(EditDevices)];
const END_DEVICE: &[Step] = &[Sees(ViewDevices, NO_DEVICE), May(ManageEnrollment)];
const DECIDE: &[Step] = &[Sees(ViewDevices, NO_DEVICE), May(ReviewIdentity)];
const LIST_DEVICES: &[Step] = &[Anywhere(ViewDevices), SeesOwner(ViewDevices, NO_OWNER)];
const LIST_DEVICES_OF_SCHOOL: &[Step] =
    &[Anywhere(ViewDevices), SeesOwner(ViewDevices, NO_OWNER), Sees(ViewDevices, NO_SCHOOL)];

const SEE_OWNER: &[Step] = &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER)];
const SEE_SCHOOL: &[Step] = &[Anywhere(ViewFigures), Sees(ViewFigures, NO_SCHOOL)];
const SEE_OWNER_AND_SCHOOL: &[Step] =
    &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER), Sees(ViewFigures, NO_SCHOOL)];
const EDIT_SCHOOL: &[Step] = &[Anywhere(ViewFigures), Sees(ViewFigures, NO_SCHOOL), May(EditSchools)];
const EDIT_OWNERS_SCHOOLS: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(EditSchools)];

const SEE_STAFF: &[Step] = &[Anywhere(ManageStaff), Sees(ManageStaff, NO_STAFF)];
const TAKE_IN_DEVICES: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), InOwner(ImportDevices)];
const SEE_IMPORT: &[Step] = &[OverOwnerOr(ImportDevices, NO_IMPORT)];

/// All methods. One that the server has and this list has not fails the test.
pub fn all() -> Vec<Rpc> {
    let mut all = agents();
    all.extend(enrolment());
    all.extend(devices());
    all.extend(reviews());
    all.extend(schools());
    all.extend(calendars());
    all.extend(lines());
    all.extend(networks());
    all.extend(bandwidth());
    all.extend(tickets::tickets());
    all.extend(renewal::renewal());
    all.extend(files());
    all.extend(own_access());
    all.extend(people());
    all.extend(audit());
    all
}

fn agents() -> Vec<Rpc> {
    let certificate = Audience::Devices("CLIENT_CERTIFICATE_REQUIRED");
    vec![
        Rpc {
            method: "AgentService/CheckIn",
            audience: certificate,
            steps: OWN,
            request: json!({ "sequence": 1, "run_id": 9, "facts_hash": 7, "send_time_ms": 1_790_000_000_000_u64 }),
        },
        Rpc {
            method: "AgentService/MeasureThroughput",
            audience: certificate,
            steps: &[Always(Code::PermissionDenied, "TEST_NOT_GIVEN")],
            request: json!({ "test_id": "AAAAAAAAAAAAAAAAAAAAAA==", "receive_bytes": 1 }),
        },
        Rpc {
            method: "TroubleService/ReportTrouble",
            audience: certificate,
            steps: OWN,
            request: json!({ "report_id": "AZqkAAAAcACAAAAAAAAAAQ==", "text": "画面がつかない" }),
        },
        Rpc {
            method: "EnrollmentService/RenewCertificate",
            audience: certificate,
            steps: OWN,
            request: json!({ "csr_der": "{csr}" }),
        },
        Rpc {
            method: "EnrollmentService/Enroll",
            audience: Audience::Anybody(Code::Unauthenticated, "TOKEN_UNKNOWN"),
            steps: OWN,
            request: json!({ "token": "gft_nobody", "csr_der": "{csr}", "instance_id": "{csr.instance}" }),
        },
    ]
}

fn enrolment() -> Vec<Rpc> {
    const CREATE: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), InOwner(ManageEnrollment), Sees(ManageEnrollment, NO_SCHOOL)];
    const LIST: &[Step] = &[Anywhere(ManageEnrollment), SeesOwner(ManageEnrollment, NO_OWNER)];
    const REVOKE: &[Step] = &[
        SeesOwner(ViewFigures, "TOKEN_NOT_FOUND"),
        InOwner(ManageEnrollment),
        Sees(ManageEnrollment, "TOKEN_NOT_FOUND"),
    ];
    vec![
        staff(
            "EnrollmentService/CreateEnrollmentToken",
            CREATE,
            json!({ "municipality_id": "{municipality}", "school_id": "{school}", "note": "{school.mark}" }),
        ),
        staff("EnrollmentService/ListEnrollmentTokens", &[Anywhere(ManageEnrollment)], json!({})),
        staff("EnrollmentService/ListEnrollmentTokens", LIST, json!({ "municipality_id": "{municipality}" })),
        staff(
            "EnrollmentService/RevokeEnrollmentToken",
            REVOKE,
            json!({ "municipality_id": "{municipality}", "token_id": "{new_token}" }),
        ),
    ]
}

fn devices() -> Vec<Rpc> {
    const COUNT: &[Step] = &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER)];
    const CREATE: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), InOwner(EditDevices), Sees(EditDevices, NO_SCHOOL)];
    const GIVE_TO_SCHOOL: &[Step] = &[
        AtHome(&Sees(ViewDevices, NO_DEVICE)),
        AtHome(&May(EditDevices)),
        Sees(EditDevices, NO_SCHOOL),
        OnlyAtHome(Code::NotFound, NO_SCHOOL),
    ];
    const EXPORT: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), InOwner(Export)];
    const EXPORT_SCHOOL: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), InOwner(Export), Sees(Export, NO_SCHOOL)];
    let of_owner = json!({ "municipality_id": "{municipality}" });
    let of_school = json!({ "municipality_id": "{municipality}", "school_id": "{school}" });
    let room = json!([{ "name": "DEVICE_FIELD_NAME_ROOM", "value": "{school.mark}" }]);
    vec![
        staff("DeviceService/GetDevice", SEE_DEVICE, json!({ "device_id": "{device}" })),
        staff("DeviceService/ListDevices", &[Anywhere(ViewDevices)], json!({ "page_size": 1000 })),
        staff("DeviceService/ListDevices", &[Anywhere(ViewDevices)], json!({ "query": "device", "order_by": "label" })),
        staff("DeviceService/ListDevices", LIST_DEVICES, of_owner.clone()),
        staff("DeviceService/ListDevices", LIST_DEVICES_OF_SCHOOL, of_school.clone()),
        staff(
            "DeviceService/CountDevices",
            &[Anywhere(ViewFigures)],
            json!({ "group_by": ["DEVICE_GROUP_MUNICIPALITY"] }),
        ),
        staff(
            "DeviceService/CountDevices",
            COUNT,
            json!({ "municipality_id": "{municipality}", "group_by": ["DEVICE_GROUP_SCHOOL", "DEVICE_GROUP_LIFECYCLE"] }),
        ),
        staff(
            "DeviceService/CountDevices",
            COUNT,
            json!({ "municipality_id": "{municipality}", "group_by": ["DEVICE_GROUP_MODEL"] }),
        ),
        staff("DeviceService/CountDevices", SEE_OWNER_AND_SCHOOL, of_school.clone()),
        staff("DeviceService/WatchDevices", &[Anywhere(ViewDevices)], json!({})),
        staff("DeviceService/WatchDevices", LIST_DEVICES, of_owner.clone()),
        staff("DeviceService/WatchDevices", LIST_DEVICES_OF_SCHOOL, of_school.clone()),
        staff("DeviceService/RevokeDevice", END_DEVICE, json!({ "device_id": "{new_device}", "reason": "lost" })),
        staff(
            "DeviceService/SendCommand",
            END_DEVICE,
            json!({ "device_id": "{new_device}", "kind": "COMMAND_KIND_SEND_FULL_REPORT" }),
        ),
        staff(
            "DeviceService/CreateDevice",
            CREATE,
            json!({ "municipality_id": "{municipality}", "fields": [
                { "name": "DEVICE_FIELD_NAME_LABEL", "value": "{unique}" },
                { "name": "DEVICE_FIELD_NAME_SCHOOL", "value": "{school}" },
            ] }),
        ),
        staff("DeviceService/UpdateDevice", EDIT_DEVICE, json!({ "device_id": "{new_device}", "fields": room })),
        staff(
            "DeviceService/UpdateDevice",
            GIVE_TO_SCHOOL,
            json!({ "device_id": "{home:new_device}", "fields": [
                { "name": "DEVICE_FIELD_NAME_SCHOOL", "value": "{school}" },
            ] }),
        ),
        staff(
            "DeviceService/ClearDeviceFields",
            EDIT_DEVICE,
            json!({ "device_id": "{new_device}", "names": ["DEVICE_FIELD_NAME_ROOM"] }),
        ),
        staff(
            "DeviceService/MoveDevice",
            EDIT_DEVICE,
            json!({ "device_id": "{new_device}", "verb": "DEVICE_VERB_PUT_IN_USE" }),
        ),
        staff("DeviceService/GetDeviceTimeline", SEE_DEVICE, json!({ "device_id": "{device}" })),
        staff("DeviceService/GetDeviceTimeline", SEE_DEVICE, json!({ "device_id": "{across}" })),
        staff("ExportService/ExportDevices", EXPORT, of_owner),
        staff("ExportService/ExportDevices", EXPORT_SCHOOL, of_school),
    ]
}

fn reviews() -> Vec<Rpc> {
    const MERGE_ACROSS: &[Step] = &[
        AtHome(&Sees(ViewDevices, NO_DEVICE)),
        AtHome(&May(ReviewIdentity)),
        Sees(ViewDevices, NO_DEVICE),
        May(ReviewIdentity),
        OnlyAtHome(Code::FailedPrecondition, "OWNERS_DIFFER"),
    ];
    const OTHERS_DECISION: &[Step] =
        &[AtHome(&Sees(ViewDevices, NO_DEVICE)), AtHome(&May(ReviewIdentity)), NobodyElses("DECISION_NOT_FOUND")];
    vec![
        staff("ReviewService/ListReviews", &[Anywhere(ViewDevices)], json!({ "page_size": 100 })),
        staff("ReviewService/ListReviews", LIST_DEVICES, json!({ "municipality_id": "{municipality}" })),
        staff(
            "ReviewService/MergeDevices",
            DECIDE,
            json!({ "device_id": "{new_device}", "folded_device_id": "{new_device2}" }),
        ),
        staff(
            "ReviewService/MergeDevices",
            MERGE_ACROSS,
            json!({ "device_id": "{home:new_device}", "folded_device_id": "{new_device2}" }),
        ),
        staff(
            "ReviewService/KeepApart",
            DECIDE,
            json!({ "device_id": "{new_reviewed}", "reason": "{new_reviewed.reason}" }),
        ),
        staff(
            "ReviewService/UndoDecision",
            DECIDE,
            json!({ "device_id": "{new_decision.device}", "decision_id": "{new_decision}" }),
        ),
        staff(
            "ReviewService/UndoDecision",
            OTHERS_DECISION,
            json!({ "device_id": "{home:device}", "decision_id": "{decision}" }),
        ),
        staff("ReviewService/ListDecisions", SEE_DEVICE, json!({ "device_id": "{decision.device}" })),
        staff("ReviewService/ListDecisions", SEE_DEVICE, json!({ "device_id": "{across}" })),
        staff("ReviewService/ListDecisions", &[Anywhere(ViewDevices)], json!({})),
        staff("ReviewService/ListDecisions", LIST_DEVICES, json!({ "municipality_id": "{municipality}" })),
    ]
}

fn schools() -> Vec<Rpc> {
    const EDIT_OWNER: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(EditMunicipalities)];
    // A branch is neither of the two schools: only who reaches the whole town sees it.
    const CLOSE_BRANCH: &[Step] = &[Anywhere(ViewFigures), OverOwnerOr(ViewFigures, NO_SCHOOL), OverOwner(EditSchools)];
    const CLOSE_LATE: &[Step] = &[
        Anywhere(ViewFigures),
        Sees(ViewFigures, NO_SCHOOL),
        May(EditSchools),
        Always(Code::Aborted, "ETAG_MISMATCH"),
    ];
    let of_owner = json!({ "municipality_id": "{municipality}" });
    let pupils = json!({ "school_id": "{school}", "fiscal_year": 2026, "pupils": 300 });
    vec![
        staff("SchoolService/CreateMunicipality", INSTALLATION, json!({ "code": "{unique.code}", "name": "{unique}" })),
        staff("SchoolService/ListMunicipalities", &[Anywhere(ViewFigures)], json!({ "page_size": 1000 })),
        staff("SchoolService/GetMunicipality", SEE_OWNER, of_owner.clone()),
        staff(
            "SchoolService/UpdateMunicipality",
            EDIT_OWNER,
            json!({ "municipality": { "municipality_id": "{municipality}", "kind": "市" }, "update_mask": "kind" }),
        ),
        staff(
            "SchoolService/CreateSchool",
            EDIT_OWNERS_SCHOOLS,
            json!({ "municipality_id": "{municipality}", "name": "{unique}" }),
        ),
        staff("SchoolService/ListSchools", &[Anywhere(ViewFigures)], json!({ "page_size": 1000 })),
        staff("SchoolService/ListSchools", SEE_OWNER, of_owner.clone()),
        staff(
            "SchoolService/ListSchools",
            SEE_OWNER,
            json!({ "municipality_id": "{municipality}", "query": "小学校" }),
        ),
        staff(
            "SchoolService/GetSchool",
            SEE_SCHOOL,
            json!({ "municipality_id": "{municipality}", "school_id": "{school}" }),
        ),
        staff(
            "SchoolService/UpdateSchool",
            EDIT_SCHOOL,
            json!({
                "school": { "municipality_id": "{municipality}", "school_id": "{school}", "is_shelter": true },
                "update_mask": "isShelter",
            }),
        ),
        staff(
            "SchoolService/CloseSchool",
            CLOSE_BRANCH,
            json!({ "municipality_id": "{municipality}", "school_id": "{new_branch}" }),
        ),
        // Everybody who may close the school is one edit late, so that it stays.
        staff(
            "SchoolService/CloseSchool",
            CLOSE_LATE,
            json!({ "municipality_id": "{municipality}", "school_id": "{school}", "etag": "99" }),
        ),
        staff("SchoolService/SetPupils", EDIT_SCHOOL, json!({ "municipality_id": "{municipality}", "pupils": pupils })),
        staff("SchoolService/ListPupils", SEE_OWNER, of_owner),
        staff(
            "SchoolService/ListPupils",
            SEE_OWNER_AND_SCHOOL,
            json!({ "municipality_id": "{municipality}", "school_id": "{school}" }),
        ),
    ]
}

fn calendars() -> Vec<Rpc> {
    const DELETE_OWNERS: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(EditSchools), OverOwnerOr(EditSchools, "PERIOD_NOT_FOUND")];
    let of_owner = json!({ "municipality_id": "{municipality}" });
    let of_school = json!({ "municipality_id": "{municipality}", "school_id": "{school}" });
    let days = json!({ "first_date": "2026-04-01", "last_date": "2026-04-30" });
    let period = json!({ "period": {
        "kind": "PERIOD_KIND_DAY_OFF", "name": "開校記念日", "first_date": "2026-05-11", "last_date": "2026-05-11",
    } });
    let gone = json!({ "fiscal_year": 2026, "kind": "PERIOD_KIND_DAY_OFF", "name": "{new_period}" });
    let owners_gone = json!({ "fiscal_year": 2026, "kind": "PERIOD_KIND_DAY_OFF", "name": "{new_town_period}" });
    let lessons = json!({ "lesson_times": [{ "weekday": 1, "period": 1, "begin_minute": 520, "end_minute": 565 }] });
    let mut all = vec![
        staff("CalendarService/ListHolidays", &[Anywhere(ViewFigures)], json!({ "year": 2026 })),
        staff(
            "CalendarService/SetHolidays",
            INSTALLATION,
            json!({ "year": 2030, "holidays": [{ "date": "2030-01-01", "name": "元日", "source": "試験" }] }),
        ),
        staff("CalendarService/DeleteCalendarPeriod", EDIT_SCHOOL, both(&of_school, &gone)),
        staff("CalendarService/DeleteCalendarPeriod", DELETE_OWNERS, both(&of_owner, &owners_gone)),
    ];
    let nothing = json!({});
    let reads = [
        ("CalendarService/ListCalendar", &nothing),
        ("CalendarService/GetSchoolDays", &days),
        ("CalendarService/ListLessonTimes", &nothing),
    ];
    let changes = [("CalendarService/SetCalendarPeriod", &period), ("CalendarService/SetLessonTimes", &lessons)];
    for (method, more) in reads {
        all.push(staff(method, SEE_OWNER, both(&of_owner, more)));
        all.push(staff(method, SEE_SCHOOL, both(&of_school, more)));
    }
    for (method, more) in changes {
        all.push(staff(method, EDIT_OWNERS_SCHOOLS, both(&of_owner, more)));
        all.push(staff(method, EDIT_SCHOOL, both(&of_school, more)));
    }
    all
}

fn both(one: &Value, two: &Value) -> Value {
    let members = |value: &Value| value.as_object().expect("a request is an object").clone();
    Value::Object(members(one).into_iter().chain(members(two)).collect())
}

fn lines() -> Vec<Rpc> {
    // A hub of the wrong kind, so that B's hub does not become one of A's.
    const THROUGH_HUB: &[Step] = &[
        Anywhere(ViewFigures),
        AtHome(&Sees(ViewFigures, NO_SCHOOL)),
        AtHome(&May(EditSchools)),
        SeesOwner(ViewFigures, "HUB_NOT_FOUND"),
        Always(Code::InvalidArgument, "FIELD_INVALID"),
    ];
    let line = |school: &str, number: &str| json!({ "school_id": school, "line_number": number });
    let direct = both(&line("{school}", "1"), &json!({ "topology": "TOPOLOGY_DIRECT", "contract": "{school.mark}" }));
    let through =
        both(&line("{home:school}", "2"), &json!({ "topology": "TOPOLOGY_PREFECTURAL_HUB", "hub_id": "{hub}" }));
    vec![
        staff("LineService/ListLines", SEE_OWNER, json!({ "municipality_id": "{municipality}" })),
        staff(
            "LineService/ListLines",
            SEE_OWNER_AND_SCHOOL,
            json!({ "municipality_id": "{municipality}", "school_id": "{school}" }),
        ),
        staff("LineService/SetLine", EDIT_SCHOOL, json!({ "municipality_id": "{municipality}", "line": direct })),
        staff("LineService/SetLine", THROUGH_HUB, json!({ "municipality_id": "{home:municipality}", "line": through })),
        staff(
            "LineService/DeleteLine",
            EDIT_SCHOOL,
            both(&json!({ "municipality_id": "{municipality}" }), &line("{new_line}", "{new_line.number}")),
        ),
        staff(
            "LineService/CreateHub",
            EDIT_OWNERS_SCHOOLS,
            json!({ "kind": "HUB_KIND_MUNICIPAL", "name": "{unique}", "operator_id": "{municipality}" }),
        ),
        staff("LineService/CreateHub", INSTALLATION, json!({ "kind": "HUB_KIND_PREFECTURAL", "name": "{unique}" })),
        staff("LineService/ListHubs", &[Anywhere(ViewFigures)], json!({ "page_size": 1000 })),
    ]
}

fn networks() -> Vec<Rpc> {
    const SEE_INCIDENT: &[Step] = &[Anywhere(ViewFigures), Sees(ViewFigures, "INCIDENT_NOT_FOUND")];
    const ANNOUNCE: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), InOwner(EditSchools), Sees(ViewFigures, NO_SCHOOL), May(EditSchools)];
    const ANNOUNCE_ON_HUB: &[Step] = &[
        SeesOwner(ViewFigures, NO_OWNER),
        InOwner(EditSchools),
        OverOwner(EditSchools),
        OverOwnerOr(EditSchools, "HUB_NOT_FOUND"),
    ];
    const CANCEL: &[Step] = &[
        Anywhere(ViewFigures),
        SeesOwner(ViewFigures, NO_OWNER),
        Sees(ViewFigures, "WORK_NOT_FOUND"),
        May(EditSchools),
    ];
    let of_owner = json!({ "municipality_id": "{municipality}" });
    let of_school = json!({ "municipality_id": "{municipality}", "school_id": "{school}" });
    let work = |kind: &str, element: &str| {
        json!({ "work": {
            "municipality_id": "{municipality}", "element_kind": kind, "element_id": element, "reason": "工事",
            "start_time": "2026-12-01T00:00:00Z", "end_time": "2026-12-01T01:00:00Z",
        } })
    };
    let point = |value: &str| {
        json!({ "municipality_id": "{municipality}", "network": {
            "school_id": "{school}", "kind": "SCHOOL_NETWORK_KIND_ACCESS_POINT", "value": value,
        } })
    };
    let target = json!({ "target": {
        "number": "{new_target}", "name": "学習サービス", "kind": "TARGET_KIND_LEARNING", "host": "learn.example",
        "port": 443, "tls": true, "source": "試験", "etag": "{new_target.version}",
    } });
    vec![
        staff("NetworkService/ListIncidents", &[Anywhere(ViewFigures)], json!({})),
        staff("NetworkService/ListIncidents", SEE_OWNER, of_owner.clone()),
        staff("NetworkService/ListIncidents", SEE_OWNER_AND_SCHOOL, of_school.clone()),
        staff(
            "NetworkService/ListIncidents",
            SEE_OWNER_AND_SCHOOL,
            json!({ "municipality_id": "{municipality}", "school_id": "{school}", "include_closed": true }),
        ),
        staff("NetworkService/GetIncident", SEE_INCIDENT, json!({ "incident_id": "{incident}" })),
        staff("NetworkService/WatchIncidents", &[Anywhere(ViewFigures)], json!({})),
        staff("NetworkService/WatchIncidents", SEE_OWNER, of_owner.clone()),
        staff("NetworkService/ListSchoolHealth", &[Anywhere(ViewFigures)], json!({})),
        staff("NetworkService/ListSchoolHealth", SEE_OWNER, of_owner.clone()),
        staff("NetworkService/GetSchoolMeasurements", SEE_SCHOOL, of_school.clone()),
        staff("NetworkService/ListSchoolNetworks", SEE_OWNER, of_owner.clone()),
        staff("NetworkService/ListSchoolNetworks", SEE_OWNER_AND_SCHOOL, of_school),
        staff("NetworkService/AddSchoolNetwork", EDIT_SCHOOL, point("02:00:00:00:00:01")),
        staff(
            "NetworkService/DeleteSchoolNetwork",
            &[Anywhere(ViewFigures), Sees(ViewFigures, NO_SCHOOL), May(EditSchools)],
            json!({
                "municipality_id": "{municipality}", "school_id": "{new_network}",
                "kind": "SCHOOL_NETWORK_KIND_ACCESS_POINT", "value": "{new_network.value}",
            }),
        ),
        staff("NetworkService/ListTargets", &[Anywhere(ViewFigures)], json!({})),
        staff("NetworkService/SetTarget", INSTALLATION, target),
        staff("NetworkService/DeleteTarget", INSTALLATION, json!({ "number": "{new_target}" })),
        staff("NetworkService/ListPlannedWork", &[Anywhere(ViewFigures)], json!({})),
        staff("NetworkService/ListPlannedWork", SEE_OWNER, of_owner),
        staff("NetworkService/AnnounceWork", ANNOUNCE, work("ELEMENT_KIND_SCHOOL_LINE", "{school}")),
        staff("NetworkService/AnnounceWork", ANNOUNCE_ON_HUB, work("ELEMENT_KIND_HUB", "{hub}")),
        staff(
            "NetworkService/CancelWork",
            CANCEL,
            json!({ "municipality_id": "{municipality}", "work_id": "{new_work}" }),
        ),
    ]
}

fn bandwidth() -> Vec<Rpc> {
    let of_owner = json!({ "municipality_id": "{municipality}" });
    let of_school = json!({ "municipality_id": "{municipality}", "school_id": "{school}" });
    let edition = json!({ "edition": {
        "edition_date": "{new_year}-04-01", "source": "試験", "below_kbps_per_pupil": 1800,
        "rows": [{ "pupils": 60, "kbps": 108_000 }, { "pupils": 120, "kbps": 216_000 }],
    } });
    let measurement = json!({ "municipality_id": "{municipality}", "school_id": "{school}", "measurement": {
        "measure_time": "2026-11-20T08:40:00Z", "receive_kbps": 93_500, "method": "BANDWIDTH_METHOD_SIMPLE",
    } });
    let test = json!({ "municipality_id": "{municipality}", "school_id": "{school}", "in_lesson": true });
    // No device of these schools is on its school's network.
    const START: &[Step] = &[
        Anywhere(ViewFigures),
        Sees(ViewFigures, NO_SCHOOL),
        May(EditSchools),
        Always(Code::FailedPrecondition, "NO_DEVICE_THERE"),
    ];
    const IMPORT: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), InOwner(EditSchools), OverOwner(EditSchools)];
    // "school,time,receive": a header, and nothing below it.
    let file = json!({ "municipality_id": "{municipality}", "content": "c2Nob29sLHRpbWUscmVjZWl2ZQo=" });
    vec![
        staff("BandwidthService/ImportBandwidth", IMPORT, file),
        staff("BandwidthService/StartBandwidthTest", START, test),
        staff("BandwidthService/ListBandwidthTests", SEE_OWNER, of_owner.clone()),
        staff("BandwidthService/ListBandwidthTests", SEE_SCHOOL, of_school.clone()),
        staff("BandwidthService/ListBandwidthEditions", &[Anywhere(ViewFigures)], json!({})),
        staff("BandwidthService/AddBandwidthEdition", INSTALLATION, edition),
        staff("BandwidthService/RecordBandwidth", EDIT_SCHOOL, measurement),
        staff(
            "BandwidthService/DeleteBandwidth",
            EDIT_SCHOOL,
            json!({
                "municipality_id": "{municipality}", "school_id": "{new_bandwidth.school}",
                "measurement_id": "{new_bandwidth}",
            }),
        ),
        staff("BandwidthService/ListBandwidth", SEE_SCHOOL, of_school.clone()),
        staff("BandwidthService/GetBandwidthReport", SEE_OWNER, of_owner),
        staff("BandwidthService/GetBandwidthAssessment", SEE_SCHOOL, of_school),
    ]
}

fn files() -> Vec<Rpc> {
    const TAKE_IN_SCHOOLS: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), InOwner(EditSchools), OverOwner(EditSchools)];
    let run = json!({ "municipality_id": "{municipality}", "import_id": "{import}" });
    let preview = |kind: &str, content: &str| {
        let options = json!({ "municipality_id": "{municipality}", "kind": kind, "file_name": "{unique}" });
        json!([{ "options": options }, { "content": content }])
    };
    vec![
        staff("ImportService/PreviewImport", TAKE_IN_DEVICES, preview("IMPORT_KIND_DEVICES", "{ledger}")),
        staff("ImportService/PreviewImport", TAKE_IN_SCHOOLS, preview("IMPORT_KIND_SCHOOLS", "{ledger.schools}")),
        staff(
            "ImportService/ApplyImport",
            SEE_IMPORT,
            json!({ "municipality_id": "{municipality}", "import_id": "{new_import}" }),
        ),
        staff("ImportService/GetImport", SEE_IMPORT, run.clone()),
        staff("ImportService/ListImports", TAKE_IN_DEVICES, json!({ "municipality_id": "{municipality}" })),
        staff("ImportService/SaveImportMapping", SEE_IMPORT, run),
    ]
}

fn own_access() -> Vec<Rpc> {
    // A token gives no more than its maker has, so all rights of its role are asked for.
    const MAKE_TOKEN: &[Step] = &[
        SeesOwner(ViewFigures, NO_OWNER),
        Sees(ViewFigures, NO_SCHOOL),
        May(ViewFigures),
        May(ViewDevices),
        May(Export),
    ];
    vec![
        staff("AccessService/WhoAmI", OWN, json!({})),
        staff("AccessService/ListSessions", &[WholePerson], json!({})),
        staff("AccessService/EndSession", &[WholePerson], json!({ "session_id": "{my:session}" })),
        staff(
            "AccessService/EndSession",
            &[WholePerson, NobodyElses("SESSION_NOT_FOUND")],
            json!({ "session_id": "{session}" }),
        ),
        staff(
            "AccessService/CreateStaffToken",
            MAKE_TOKEN,
            json!({
                "name": "{unique}", "role": "STAFF_ROLE_SCHOOL_STAFF",
                "place": { "municipality_id": "{municipality}", "school_id": "{school}" },
            }),
        ),
        staff("AccessService/ListStaffTokens", OWN, json!({ "page_size": 1000 })),
        staff("AccessService/ListStaffTokens", &[Everywhere(ManageStaff)], json!({ "all": true })),
        staff(
            "AccessService/RevokeStaffToken",
            &[WholePersonOr("TOKEN_NOT_FOUND")],
            json!({ "token_id": "{my:token}" }),
        ),
        staff(
            "AccessService/RevokeStaffToken",
            &[EverywhereOr(ManageStaff, "TOKEN_NOT_FOUND")],
            json!({ "token_id": "{new_staff_token}" }),
        ),
    ]
}

fn people() -> Vec<Rpc> {
    const GIVE: [Step; 4] =
        [SeesOwner(ViewFigures, NO_OWNER), InOwner(ManageStaff), Sees(ViewFigures, NO_SCHOOL), May(ManageStaff)];
    const GRANT: &[Step] = &[Anywhere(ManageStaff), GIVE[0], GIVE[1], GIVE[2], GIVE[3], Sees(ManageStaff, NO_STAFF)];
    // The id of the grant is taken, so that nobody of B becomes one of A's people.
    const GRANT_AT_HOME: &[Step] = &[
        Anywhere(ManageStaff),
        AtHome(&May(ManageStaff)),
        Sees(ManageStaff, NO_STAFF),
        Always(Code::AlreadyExists, "GRANT_EXISTS"),
    ];
    const REVOKE: &[Step] = &[Anywhere(ManageStaff), Sees(ManageStaff, "GRANT_NOT_FOUND")];
    let grant = |owner: &str, school: &str| {
        let place = json!({ "municipality_id": owner, "school_id": school });
        json!({ "role": "STAFF_ROLE_SCHOOL_STAFF", "place": place, "reason": "試験" })
    };
    let someone = json!({ "sign_in_name": "{unique}", "display_name": "{unique}" });
    let one = |name: &str| json!({ "staff_id": name });
    vec![
        staff(
            "StaffService/CreateStaff",
            &GIVE,
            both(&someone, &json!({ "grant": grant("{municipality}", "{school}") })),
        ),
        staff("StaffService/CreateStaff", &[Everywhere(ManageStaff)], someone),
        staff("StaffService/ListStaff", &[Anywhere(ManageStaff)], json!({ "page_size": 1000 })),
        staff("StaffService/GetStaff", SEE_STAFF, one("{staff}")),
        staff("StaffService/DisableStaff", SEE_STAFF, one("{new_staff}")),
        staff("StaffService/EnableStaff", SEE_STAFF, one("{new_staff}")),
        staff("StaffService/ResetPassword", SEE_STAFF, one("{new_staff}")),
        staff("StaffService/ResetSecondFactor", SEE_STAFF, one("{new_staff}")),
        staff(
            "StaffService/GrantRole",
            GRANT,
            both(&one("{new_staff}"), &json!({ "grant": grant("{municipality}", "{school}") })),
        ),
        staff(
            "StaffService/GrantRole",
            GRANT_AT_HOME,
            both(
                &one("{staff}"),
                &json!({
                    "request_id": "{home:staff.grant}", "grant": grant("{home:municipality}", "{home:school}"),
                }),
            ),
        ),
        staff("StaffService/RevokeGrant", REVOKE, json!({ "grant_id": "{new_staff.grant}" })),
        staff("StaffService/ListGrants", &[Anywhere(ManageStaff)], json!({ "page_size": 1000 })),
        staff("StaffService/ListGrants", SEE_STAFF, one("{staff}")),
    ]
}

fn audit() -> Vec<Rpc> {
    const READ: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ReadAudit)];
    const READ_ALL: &[Step] = &[Everywhere(ReadAudit)];
    vec![
        staff("AuditService/ListAuditEntries", READ, json!({ "municipality_id": "{municipality}", "page_size": 1000 })),
        staff("AuditService/ListAuditEntries", READ_ALL, json!({ "page_size": 1000 })),
        staff("AuditService/VerifyAudit", READ_ALL, json!({})),
    ]
}
