//! Every page and every form with what it needs: an address, what is sent, the checks on its way, and what a good answer is.
//!
//! Placeholders are those of `rpcs`. A page that is new needs a line: its method and its pattern as it is registered.

mod lives;

use tonic::Code;

use super::roles::{
    Right::*,
    Step::{self, *},
};

/// Who a page is for.
#[derive(Debug, Clone, Copy)]
pub enum Audience {
    /// People who are signed in; others are sent to sign in.
    SignedIn,
    /// Everybody: status and location for who is not signed in, and for who is. An empty location is none.
    Everybody((u16, &'static str), (u16, &'static str)),
}

/// How the page is asked for beyond its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nothing is sent.
    Plain,
    /// It goes on until the browser leaves; its beginning is its answer.
    Endless,
    /// A file is handed in.
    Upload,
}

/// One way to ask for a page.
#[derive(Debug, Clone)]
pub struct Page {
    pub method: &'static str,
    /// As it is registered.
    pub pattern: &'static str,
    /// With what stands in the place of the parameters, and the query.
    pub address: &'static str,
    pub form: &'static [(&'static str, &'static str)],
    pub audience: Audience,
    pub steps: &'static [Step],
    /// Status of a good answer.
    pub good: u16,
    /// Whether a right that is missing is told in the form itself, with the status of a refused form.
    pub told_in_form: bool,
    pub way: Way,
}

pub(super) const fn get(pattern: &'static str, address: &'static str, steps: &'static [Step]) -> Page {
    Page {
        method: "GET",
        pattern,
        address,
        form: &[],
        audience: Audience::SignedIn,
        steps,
        good: 200,
        told_in_form: false,
        way: Way::Plain,
    }
}

/// A form that leads on to another page.
pub(super) const fn post(
    pattern: &'static str,
    address: &'static str,
    steps: &'static [Step],
    form: &'static [(&'static str, &'static str)],
) -> Page {
    Page { method: "POST", form, good: 303, ..get(pattern, address, steps) }
}

const fn live(pattern: &'static str, address: &'static str, steps: &'static [Step]) -> Page {
    Page { way: Way::Endless, ..get(pattern, address, steps) }
}

/// A form whose answer is a page that is shown once.
pub(super) const fn shown(page: Page) -> Page {
    Page { good: 200, ..page }
}

const fn everybody(page: Page, stranger: (u16, &'static str), known: (u16, &'static str)) -> Page {
    Page { audience: Audience::Everybody(stranger, known), ..page }
}

pub(super) const NO_OWNER: &str = "MUNICIPALITY_NOT_FOUND";
const NO_SCHOOL: &str = "SCHOOL_NOT_FOUND";
const NO_DEVICE: &str = "DEVICE_NOT_FOUND";
const NO_STAFF: &str = "STAFF_NOT_FOUND";
/// The page itself says it, beside what was asked for.
const TOLD: &str = "";

const OWN: &[Step] = &[];
const FIGURES: &[Step] = &[Anywhere(ViewFigures)];
const DEVICES: &[Step] = &[Anywhere(ViewDevices)];
const SEE_OWNER: &[Step] = &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER)];
const SEE_SCHOOL: &[Step] = &[Anywhere(ViewFigures), Sees(ViewFigures, NO_SCHOOL)];
const EDIT_SCHOOL: &[Step] = &[Anywhere(ViewFigures), Sees(ViewFigures, NO_SCHOOL), May(EditSchools)];
const SEE_DEVICE: &[Step] = &[Sees(ViewDevices, NO_DEVICE)];
const EDIT_DEVICE: &[Step] = &[Sees(ViewDevices, NO_DEVICE), May(EditDevices)];
const DECIDE: &[Step] = &[Sees(ViewDevices, NO_DEVICE), May(ReviewIdentity)];
const STAFF: &[Step] = &[Anywhere(ManageStaff)];
const SEE_STAFF: &[Step] = &[Anywhere(ManageStaff), Sees(ManageStaff, NO_STAFF)];
const SEE_IMPORT: &[Step] = &[OverOwnerOr(ImportDevices, "IMPORT_NOT_FOUND")];

/// All pages. One that the server has and this list has not fails the test.
pub fn all() -> Vec<Page> {
    [
        door(),
        reports(),
        overview(),
        places(),
        networks(),
        tickets(),
        bandwidth(),
        super::renewal_pages::renewal(),
        super::pages_rules::rules(),
        lives::lives(),
        devices(),
        reviews(),
        files(),
        people(),
        audit(),
        account(),
    ]
    .concat()
}

/// The way in, open to everybody; people have come in through it before anything is asked for here.
fn door() -> Vec<Page> {
    const UNKNOWN: &[(&str, &str)] = &[("name", "nobody"), ("password", "nothing that anybody has")];
    const NO_LINK: (u16, &str) = (409, "");
    vec![
        everybody(get("/icon.svg", "/icon.svg", OWN), (200, ""), (200, "")),
        everybody(get("css_path()", "{my:css}", OWN), (200, ""), (200, "")),
        everybody(get("js_path()", "{my:js}", OWN), (200, ""), (200, "")),
        everybody(
            post("/language", "/language", OWN, &[("language", "en"), ("next", "/account")]),
            (303, "/account"),
            (303, "/account"),
        ),
        everybody(get("/sign-in", "/sign-in", OWN), (200, ""), (303, "/")),
        everybody(post("/sign-in", "/sign-in", OWN, UNKNOWN), (422, ""), (422, "")),
        everybody(get("/sign-in/code", "/sign-in/code", OWN), (303, "/sign-in?next=%2Fsign-in%2Fcode"), (303, "/")),
        everybody(
            post("/sign-in/code", "/sign-in/code", OWN, &[("code", "123456")]),
            (303, "/sign-in"),
            (303, "/sign-in"),
        ),
        everybody(
            get("/sign-in/authenticator", "/sign-in/authenticator", OWN),
            (303, "/sign-in?next=%2Fsign-in%2Fauthenticator"),
            (303, "/"),
        ),
        everybody(
            post("/sign-in/authenticator", "/sign-in/authenticator", OWN, &[("code", "123456")]),
            (303, "/sign-in"),
            (303, "/sign-in"),
        ),
        everybody(get("/setup/{secret}", "/setup/nothing", OWN), NO_LINK, NO_LINK),
        everybody(post("/setup/{secret}", "/setup/nothing", OWN, &[("password", "x")]), NO_LINK, NO_LINK),
    ]
}

/// What a label opens is open to everybody; labels themselves are for who may change devices.
fn reports() -> Vec<Page> {
    const UNKNOWN: (u16, &str) = (404, "");
    const LABEL: &[Step] = &[Anywhere(ViewFigures), Sees(ViewFigures, NO_SCHOOL), May(EditDevices)];
    let labels = "/schools/{school}/labels";
    vec![
        everybody(get("report_css_path()", "{my:report_css}", OWN), (200, ""), (200, "")),
        everybody(get("/r/{code}", "/r/nothing", OWN), UNKNOWN, UNKNOWN),
        everybody(post("/r/{code}", "/r/nothing", OWN, &[("category", "7")]), UNKNOWN, UNKNOWN),
        everybody(post("/r/{code}/also", "/r/nothing/also", OWN, &[("incident", "x")]), UNKNOWN, UNKNOWN),
        everybody(get("/report/{link}", "/report/nothing", OWN), UNKNOWN, UNKNOWN),
        everybody(post("/report/{link}", "/report/nothing", OWN, &[("word", "fixed")]), UNKNOWN, UNKNOWN),
        everybody(
            get("/report/{link}/attachments/{attachment}", "/report/nothing/attachments/nothing", OWN),
            UNKNOWN,
            UNKNOWN,
        ),
        get(labels, labels, LABEL),
        post(labels, labels, LABEL, &[]),
        get("/schools/{school}/labels/sheet", "/schools/{school}/labels/sheet", LABEL),
        post("/schools/{school}/labels/room", "/schools/{school}/labels/room", LABEL, &[("room", "{unique}")]),
        Page {
            good: 422,
            ..post("/schools/{school}/labels/void", "/schools/{school}/labels/void", LABEL, &[("code", "x")])
        },
    ]
}

fn overview() -> Vec<Page> {
    vec![get("/", "/", OWN), live("/live", "/live", OWN)]
}

fn places() -> Vec<Page> {
    const LIST_SCHOOLS: &[Step] = &[SeesOwner(ViewFigures, TOLD)];
    const EDIT_OWNER: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(EditMunicipalities)];
    const ADD_SCHOOL: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(EditSchools)];
    const CLOSE_BRANCH: &[Step] = &[Anywhere(ViewFigures), OverOwnerOr(ViewFigures, NO_SCHOOL), OverOwner(EditSchools)];
    let owner = "/municipalities/{municipality}";
    let school = "/schools/{school}";
    vec![
        get("/municipalities", "/municipalities", FIGURES),
        get(owner, owner, SEE_OWNER),
        post(
            owner,
            owner,
            EDIT_OWNER,
            &[("name", "{municipality.name}"), ("kind", "市"), ("version", "{municipality.version}")],
        ),
        live("/municipalities/{municipality}/live", "/municipalities/{municipality}/live", SEE_OWNER),
        post(
            "/municipalities/{municipality}/schools",
            "/municipalities/{municipality}/schools",
            ADD_SCHOOL,
            &[("school_name", "{unique}")],
        ),
        get("/schools", "/schools", FIGURES),
        get("/schools", "/schools?municipality={municipality}", LIST_SCHOOLS),
        get(school, school, SEE_SCHOOL),
        post(school, school, EDIT_SCHOOL, &[("name", "{school.name}"), ("version", "{school.version}")]),
        live("/schools/{school}/live", "/schools/{school}/live", SEE_SCHOOL),
        post(
            "/schools/{school}/close",
            "/schools/{new_branch}/close",
            CLOSE_BRANCH,
            &[("version", "{new_branch.version}")],
        ),
        post(
            "/schools/{school}/pupils",
            "/schools/{school}/pupils",
            EDIT_SCHOOL,
            &[("fiscal_year", "{new_year}"), ("pupils", "120")],
        ),
        post(
            "/schools/{school}/lines",
            "/schools/{new_line}/lines",
            EDIT_SCHOOL,
            &[("line_number", "9"), ("topology", "1"), ("seen-9", "{new_line.version}")],
        ),
        post(
            "/schools/{school}/lines/{number}/delete",
            "/schools/{new_line}/lines/9/delete",
            EDIT_SCHOOL,
            &[("version", "{new_line.version}")],
        ),
    ]
}

fn networks() -> Vec<Page> {
    const SEE_INCIDENT: &[Step] = &[Anywhere(ViewFigures), Sees(ViewFigures, "INCIDENT_NOT_FOUND")];
    const CANCEL: &[Step] = &[Anywhere(ViewFigures), Sees(ViewFigures, NO_SCHOOL), May(EditSchools)];
    let incident = "/network/incidents/{incident}";
    let school = "/schools/{school}/network";
    vec![
        get("/network", "/network", FIGURES),
        get("/network", "/network?municipality={municipality}", SEE_OWNER),
        live("/network/live", "/network/live", FIGURES),
        live("/network/live", "/network/live?municipality={municipality}", SEE_OWNER),
        get("/network/incidents", "/network/incidents", FIGURES),
        get("/network/incidents", "/network/incidents?municipality={municipality}", SEE_OWNER),
        get(incident, incident, SEE_INCIDENT),
        live("/network/incidents/{incident}/live", "/network/incidents/{incident}/live", SEE_INCIDENT),
        get(school, school, SEE_SCHOOL),
        get(school, "/schools/{school}/network?range=week&by=access_point", SEE_SCHOOL),
        post(
            "/schools/{school}/network/known",
            "/schools/{school}/network/known",
            EDIT_SCHOOL,
            &[("kind", "2"), ("value", "02:00:00:00:00:02")],
        ),
        post(
            "/schools/{school}/network/known/delete",
            "/schools/{new_network}/network/known/delete",
            EDIT_SCHOOL,
            &[("kind", "2"), ("value", "{new_network.value}")],
        ),
        post(
            "/schools/{school}/network/work",
            "/schools/{school}/network/work",
            EDIT_SCHOOL,
            &[
                ("element_kind", "school_line"),
                ("start_time", "2026-12-01T09:00"),
                ("end_time", "2026-12-01T10:00"),
                ("reason", "工事"),
            ],
        ),
        post(
            "/schools/{school}/network/work/{work}/cancel",
            "/schools/{new_work.school}/network/work/{new_work}/cancel",
            CANCEL,
            &[("version", "1")],
        ),
    ]
}

fn tickets() -> Vec<Page> {
    const VIEW: &[Step] = &[Anywhere(ViewTickets)];
    const LIST: &[Step] = &[Anywhere(ViewTickets), SeesOwner(ViewTickets, TOLD)];
    const NO_TICKET: &str = "TICKET_NOT_FOUND";
    const SEE: &[Step] = &[Anywhere(ViewTickets), Sees(ViewTickets, NO_TICKET)];
    const WORK: &[Step] = &[Anywhere(ViewTickets), Sees(ViewTickets, NO_TICKET), May(WorkTickets)];
    const ANSWER: &[Step] = &[Anywhere(ViewTickets), Sees(ViewTickets, NO_TICKET), May(ReportTickets)];
    const REPORT: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), InOwner(ReportTickets), Sees(ViewFigures, NO_SCHOOL), May(ReportTickets)];
    let attachment = "/tickets/{municipality}/{ticket}/attachments/{attachment}";
    let ticket = "/tickets/{municipality}/{ticket}";
    vec![
        get("/tickets", "/tickets", VIEW),
        get("/tickets", "/tickets?municipality={municipality}", LIST),
        live("/tickets/live", "/tickets/live", VIEW),
        post("/tickets/views", "/tickets/views", VIEW, &[("name", "{unique}"), ("state", "1")]),
        post(
            "/tickets/views/{view}/delete",
            "/tickets/views/01999999-0000-7000-8000-000000000001/delete",
            &[Anywhere(ViewTickets), NobodyElses("VIEW_NOT_FOUND")],
            &[],
        ),
        get("/tickets/followed", "/tickets/followed", VIEW),
        get("/tickets/team", "/tickets/team", &[Anywhere(WorkTickets)]),
        post(
            "/tickets/team",
            "/tickets/team",
            &[Anywhere(WorkTickets)],
            &[("day", "1"), ("begin", "8:30"), ("end", "17:00"), ("absences", "")],
        ),
        get("/tickets/causes", "/tickets/causes", &[Anywhere(EditSchools)]),
        get(
            "/tickets/causes",
            "/tickets/causes?municipality_id={municipality}",
            &[Anywhere(EditSchools), Anywhere(ViewTickets), SeesOwner(ViewTickets, NO_OWNER)],
        ),
        post(
            "/tickets/causes",
            "/tickets/causes",
            &[Anywhere(EditSchools), SeesOwner(ViewFigures, NO_OWNER), InOwner(EditSchools), OverOwner(EditSchools)],
            &[("municipality_id", "{municipality}"), ("act", "reset")],
        ),
        get("/tickets/replies", "/tickets/replies", &[Anywhere(WorkTickets)]),
        post(
            "/tickets/replies",
            "/tickets/replies",
            &[SeesOwner(ViewFigures, NO_OWNER), InOwner(WorkTickets), OverOwner(WorkTickets)],
            &[("municipality", "{municipality}"), ("name", "{unique}"), ("text", "再起動してください")],
        ),
        post(
            "/tickets/replies/{reply}/delete",
            "/tickets/replies/01999999-0000-7000-8000-000000000001/delete",
            &[Anywhere(WorkTickets), NobodyElses("REPLY_NOT_FOUND")],
            &[],
        ),
        get("/tickets/new", "/tickets/new", &[Anywhere(ReportTickets)]),
        post(
            "/tickets/new",
            "/tickets/new",
            REPORT,
            &[
                ("municipality", "{municipality}"),
                ("school", "{school}"),
                ("subject", "遅い"),
                ("category", "8"),
                ("impact", "1"),
                ("urgency", "3"),
                ("caller", "1"),
            ],
        ),
        Page {
            good: 200,
            ..post(
                "/tickets/new/similar",
                "/tickets/new/similar",
                &[Anywhere(ReportTickets)],
                &[("municipality", "{municipality}"), ("school", "{school}"), ("subject", "遅い")],
            )
        },
        // What is not seen or not allowed is told ticket by ticket: see `bulk_tells_each`.
        Page { good: 422, ..post("/tickets/many", "/tickets/many", &[Anywhere(WorkTickets)], &[("verb", "take")]) },
        get(ticket, ticket, SEE),
        post(
            ticket,
            "/tickets/{municipality}/{new_ticket}",
            WORK,
            &[("version", "2"), ("verb", "note"), ("text", "確認")],
        ),
        post(
            "/tickets/{municipality}/{ticket}/legs",
            "/tickets/{municipality}/{new_ticket}/legs",
            WORK,
            &[("version", "2"), ("leg", "cost"), ("cost_kind", "10"), ("cost_payer", "5"), ("amount_yen", "1,200円")],
        ),
        post(
            "/tickets/{municipality}/{ticket}/legs",
            "/tickets/{municipality}/{new_broken}/legs",
            WORK,
            &[("version", "1"), ("leg", "swap"), ("spare", "{new_broken.spare}:3"), ("becomes", "1")],
        ),
        get(attachment, "/tickets/{municipality}/{ticket}/attachments/{ticket.attachment}", SEE),
        // The ledger is no file that is taken; the form says so.
        Page {
            good: 422,
            way: Way::Upload,
            ..post(
                "/tickets/{municipality}/{ticket}/attachments",
                "/tickets/{municipality}/{new_ticket}/attachments",
                ANSWER,
                &[],
            )
        },
        post(
            "/tickets/{municipality}/{ticket}/attachments/{attachment}/remove",
            "/tickets/{municipality}/{new_ticket}/attachments/{new_ticket.attachment}/remove",
            WORK,
            &[],
        ),
        live("/tickets/{municipality}/{ticket}/live", "/tickets/{municipality}/{ticket}/live", SEE),
        get("/tickets/figures", "/tickets/figures", &[Anywhere(ViewFigures)]),
        get(
            "/tickets/figures",
            "/tickets/figures?municipality_id={municipality}",
            &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER)],
        ),
        get(
            "/tickets/figures/export",
            "/tickets/figures/export?municipality_id={municipality}",
            &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER), InOwner(Export)],
        ),
        get("/tickets/failures", "/tickets/failures", &[Anywhere(ViewFigures)]),
        get(
            "/tickets/failures",
            "/tickets/failures?municipality_id={municipality}",
            &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER)],
        ),
        get(
            "/tickets/failures/export",
            "/tickets/failures/export?municipality_id={municipality}",
            &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER), InOwner(Export)],
        ),
    ]
}

fn bandwidth() -> Vec<Page> {
    const EXPORT: &[Step] = &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER), InOwner(Export)];
    let sheet = "/schools/{school}/assessment";
    vec![
        get("/bandwidth", "/bandwidth", FIGURES),
        get("/bandwidth", "/bandwidth?municipality={municipality}", SEE_OWNER),
        get("/bandwidth", "/bandwidth?municipality={municipality}&year=2025&outcome=unknown", SEE_OWNER),
        get("/bandwidth/export", "/bandwidth/export?municipality={municipality}", EXPORT),
        get("/bandwidth/export", "/bandwidth/export?municipality={municipality}&encoding=cp932", EXPORT),
        get(sheet, sheet, SEE_SCHOOL),
        post(
            "/schools/{school}/assessment/measurements",
            "/schools/{school}/assessment/measurements",
            EDIT_SCHOOL,
            &[("measure_time", "2026-11-20T17:40"), ("receive", "93.5"), ("method", "1"), ("moment", "outside")],
        ),
        post(
            "/schools/{school}/assessment/measurements/{measurement}/delete",
            "/schools/{new_bandwidth.school}/assessment/measurements/{new_bandwidth}/delete",
            EDIT_SCHOOL,
            &[],
        ),
    ]
}

fn devices() -> Vec<Page> {
    const LIST: &[Step] = &[Anywhere(ViewDevices), SeesOwner(ViewDevices, TOLD)];
    const LIST_OF_SCHOOL: &[Step] = &[Anywhere(ViewDevices), SeesOwner(ViewDevices, TOLD), Sees(ViewDevices, TOLD)];
    const NO_PLACE: &str = "PLACE_NOT_FOUND";
    const EXPORT: &[Step] = &[Anywhere(ViewDevices), SeesOwner(ViewDevices, NO_PLACE), InOwner(Export)];
    const EXPORT_SCHOOL: &[Step] =
        &[Anywhere(ViewDevices), SeesOwner(ViewDevices, NO_PLACE), Sees(ViewDevices, NO_PLACE), InOwner(Export)];
    let device = "/devices/{device}";
    vec![
        get("/devices", "/devices", DEVICES),
        get("/devices", "/devices?q=device", DEVICES),
        get("/devices", "/devices?municipality={municipality}", LIST),
        get("/devices", "/devices?municipality={municipality}&school={school}", LIST_OF_SCHOOL),
        get("/exports/devices", "/exports/devices", DEVICES),
        get("/exports/devices", "/exports/devices?municipality={municipality}", EXPORT),
        get("/exports/devices", "/exports/devices?municipality={municipality}&school={school}", EXPORT_SCHOOL),
        get(device, device, SEE_DEVICE),
        get(device, "/devices/{across}", SEE_DEVICE),
        post(
            device,
            "/devices/{new_device}",
            EDIT_DEVICE,
            &[("room", "{unique}"), ("version", "{new_device.version}")],
        ),
        post(
            "/devices/{device}/move",
            "/devices/{new_device}/move",
            EDIT_DEVICE,
            &[("verb", "put_in_use"), ("version", "{new_device.version}")],
        ),
    ]
}

fn reviews() -> Vec<Page> {
    const LIST: &[Step] = &[Anywhere(ViewDevices), SeesOwner(ViewDevices, TOLD)];
    const MERGE_ACROSS: &[Step] = &[
        AtHome(&Sees(ViewDevices, NO_DEVICE)),
        AtHome(&May(ReviewIdentity)),
        Sees(ViewDevices, NO_DEVICE),
        May(ReviewIdentity),
        OnlyAtHome(Code::FailedPrecondition, TOLD),
    ];
    const OTHERS_DECISION: &[Step] =
        &[AtHome(&Sees(ViewDevices, NO_DEVICE)), AtHome(&May(ReviewIdentity)), NobodyElses(TOLD)];
    vec![
        get("/reviews", "/reviews", DEVICES),
        get("/reviews", "/reviews?municipality={municipality}", LIST),
        get("/reviews/decided", "/reviews/decided", DEVICES),
        get("/reviews/decided", "/reviews/decided?municipality={municipality}", LIST),
        post(
            "/reviews/{device}/merge",
            "/reviews/{new_device}/merge",
            DECIDE,
            &[("other", "{new_device2}"), ("version", "{new_device.version}")],
        ),
        post(
            "/reviews/{device}/merge",
            "/reviews/{home:new_device}/merge",
            MERGE_ACROSS,
            &[("other", "{new_device2}"), ("version", "{home:new_device.version}")],
        ),
        post(
            "/reviews/{device}/keep-apart",
            "/reviews/{new_reviewed}/keep-apart",
            DECIDE,
            &[("reason", "{new_reviewed.reason_number}")],
        ),
        post(
            "/reviews/{device}/undo",
            "/reviews/{new_decision.device}/undo",
            DECIDE,
            &[("decision", "{new_decision}")],
        ),
        post("/reviews/{device}/undo", "/reviews/{home:device}/undo", OTHERS_DECISION, &[("decision", "{decision}")]),
    ]
}

fn files() -> Vec<Page> {
    const START: &[Step] = &[Anywhere(Export)];
    const HAND_IN: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), InOwner(ImportDevices)];
    let run = "/imports/{municipality}/{import}";
    vec![
        get("/imports", "/imports", START),
        // What is not in sight is not among the choices; nothing of it is listed.
        get("/imports", "/imports?municipality={municipality}", START),
        Page { way: Way::Upload, ..post("/imports", "/imports", HAND_IN, &[("municipality", "{municipality}")]) },
        get(run, run, SEE_IMPORT),
        post("/imports/{municipality}/{import}/again", "/imports/{municipality}/{import}/again", SEE_IMPORT, &[]),
        post(
            "/imports/{municipality}/{import}/apply",
            "/imports/{municipality}/{new_import}/apply",
            SEE_IMPORT,
            &[("version", "{new_import.version}")],
        ),
    ]
}

fn people() -> Vec<Page> {
    const INVITE: &[Step] = &[Anywhere(ManageStaff), Knows(ViewFigures), May(ManageStaff)];
    const BAD_GRANT: &[Step] =
        &[Anywhere(ManageStaff), Sees(ManageStaff, NO_STAFF), Always(Code::InvalidArgument, TOLD)];
    const REVOKE: &[Step] = &[Anywhere(ManageStaff), Sees(ManageStaff, "GRANT_NOT_FOUND")];
    const SEEN: &[(&str, &str)] = &[("version", "{new_staff.version}")];
    let grants = "/staff/{staff}/grants";
    vec![
        get("/staff", "/staff", STAFF),
        get("/staff/new", "/staff/new", STAFF),
        shown(post(
            "/staff/new",
            "/staff/new",
            INVITE,
            &[
                ("sign_in_name", "{unique}"),
                ("display_name", "{unique}"),
                ("role", "5"),
                ("place", "municipality:{municipality}"),
                ("school", "{school.name}"),
                ("reason", "試験"),
            ],
        )),
        get("/staff/{staff}", "/staff/{staff}", SEE_STAFF),
        post(
            grants,
            "/staff/{home:new_staff}/grants",
            INVITE,
            &[("role", "5"), ("place", "municipality:{municipality}"), ("school", "{school.name}"), ("reason", "試験")],
        ),
        post(grants, grants, BAD_GRANT, &[("role", "5")]),
        post("/staff/{staff}/grants/{grant}/revoke", "/staff/{new_staff}/grants/{new_staff.grant}/revoke", REVOKE, &[]),
        post("/staff/{staff}/disable", "/staff/{new_staff}/disable", SEE_STAFF, SEEN),
        post("/staff/{staff}/enable", "/staff/{new_staff}/enable", SEE_STAFF, SEEN),
        shown(post("/staff/{staff}/reset", "/staff/{new_staff}/reset", SEE_STAFF, &[("second_factor", "1")])),
    ]
}

fn audit() -> Vec<Page> {
    // Without a choice, the first log that one may read; who may read none of a whole owner has none.
    const FIRST: &[Step] = &[Anywhere(ReadAudit), AtHome(&OverOwner(ReadAudit))];
    const READ: &[Step] = &[Anywhere(ReadAudit), SeesOwner(ViewFigures, NO_OWNER), OverOwner(ReadAudit)];
    vec![
        get("/audit", "/audit", FIRST),
        get("/audit", "/audit?chain={municipality}", READ),
        shown(post("/audit/verify", "/audit/verify", &[Everywhere(ReadAudit)], &[])),
    ]
}

/// The own account. The last lines end sessions, so they come last of all.
fn account() -> Vec<Page> {
    const TOKEN: &[Step] = &[Knows(ViewFigures), May(ViewDevices), May(Export)];
    // A board's viewer, to whom nobody gives more than they have themselves.
    const TOWN_TOKEN: &[Step] = &[
        SeesOwner(ViewFigures, NO_OWNER),
        OverOwner(ViewFigures),
        OverOwner(ViewDevices),
        OverOwner(Export),
        OverOwner(ViewRenewal),
        OverOwner(ViewLedger),
    ];
    const OLD: (&str, &str) = ("old_password", super::people::PASSWORD);
    let tokens = "/account/tokens";
    vec![
        get("/account", "/account", OWN),
        Page {
            told_in_form: true,
            ..shown(post(
                tokens,
                tokens,
                TOKEN,
                &[
                    ("token_name", "school"),
                    ("role", "5"),
                    ("place", "municipality:{municipality}"),
                    ("school", "{school.name}"),
                    ("days", "1"),
                ],
            ))
        },
        Page {
            told_in_form: true,
            ..shown(post(
                tokens,
                tokens,
                TOWN_TOKEN,
                &[("token_name", "town"), ("role", "3"), ("place", "municipality:{municipality}"), ("days", "1")],
            ))
        },
        post("/account/tokens/{token}/revoke", "/account/tokens/{my:token}/revoke", OWN, &[]),
        post(
            "/account/tokens/{token}/revoke",
            "/account/tokens/{new_staff_token}/revoke",
            &[EverywhereOr(ManageStaff, "TOKEN_NOT_FOUND")],
            &[],
        ),
        post("/account/sessions/{session}/end", "/account/sessions/{my:session}/end", OWN, &[]),
        post(
            "/account/sessions/{session}/end",
            "/account/sessions/{session}/end",
            &[NobodyElses("SESSION_NOT_FOUND")],
            &[],
        ),
        shown(post(
            "/account/recovery-codes",
            "/account/recovery-codes",
            OWN,
            &[("password", super::people::PASSWORD)],
        )),
        post("/account/password", "/account/password", OWN, &[OLD, ("new_password", super::people::PASSWORD)]),
        post("/account/authenticator", "/account/authenticator", OWN, &[("password", super::people::PASSWORD)]),
        everybody(post("/sign-out", "/sign-out", OWN, &[]), (303, "/sign-in"), (303, "/sign-in")),
    ]
}
