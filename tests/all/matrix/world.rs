//! Two towns and all that requests can name: municipalities, schools, devices, reviews, tokens, people, files.
//!
//! Everything is made through the server's own calls. Whatever is made is noted as a needle: a text that only those may ever
//! read who see its place.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex as PlainMutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use gigafleet::network::rules::{Cause, Element, ElementKind};
use gigafleet_agent::{
    enroll::enroll_in_memory,
    identity::Identity,
    transport::{Connector, Protocol},
};
use gigafleet_proto::v1::ReviewReason;
use gigafleet_tests::{
    Engine, Home, Look, ServerOptions, ServerProcess, SimulatedTablet, fleet, networks,
    staff::{anonymous_tls, invented_code},
};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{
    contract::{Contract, Line, Outcome, base64},
    people::Person,
    roles::{Place, Powers, Right, School, Town},
};
use crate::enrolment::ByHand;

/// One thing: its id under the empty name, and other parts of it.
pub type Thing = BTreeMap<&'static str, String>;

/// How much of a town somebody must see to read something.
#[derive(Debug, Clone, Copy)]
enum Extent {
    Part(Town),
    Whole(Town),
    School(School),
}

/// A text that not everybody may read.
#[derive(Debug, Clone)]
struct Needle {
    text: String,
    extent: Extent,
    right: Right,
}

impl Needle {
    fn is_for(&self, powers: &Powers) -> bool {
        let (seen, town) = match self.extent {
            Extent::Part(town) => (powers.part(self.right, town), town),
            Extent::Whole(town) => (powers.whole(self.right, town), town),
            Extent::School(school) => (powers.school(self.right, school), school.town()),
        };
        // The audit log of a town tells of everything in it.
        seen || powers.whole(Right::ReadAudit, town)
    }
}

/// What is stored at a moment.
#[derive(Debug)]
pub struct Traces {
    rows: BTreeMap<String, String>,
    /// How many entries of the audit log are of the server itself, by owner.
    own: Vec<(Uuid, Vec<i64>)>,
}

impl Traces {
    /// Tables that are not as they were.
    pub fn changed_since(&self, before: &Self) -> Vec<String> {
        let changed = self.rows.iter().filter(|(table, rows)| before.rows.get(*table) != Some(rows));
        changed.map(|(table, _)| table.clone()).collect()
    }

    /// Whether the server itself did something between the two: what changed may be that.
    pub fn has_own_since(&self, before: &Self) -> bool {
        self.own != before.own || self.index() != before.index()
    }

    /// The index of texts, which only background work writes; PostgreSQL's is no table.
    fn index(&self) -> Vec<(&String, &String)> {
        self.rows.iter().filter(|(table, _)| table.starts_with("ticket_text_gram")).collect()
    }
}

/// The two towns on a running server.
#[derive(Debug)]
pub struct World {
    pub engine: Engine,
    /// What is really stored.
    pub look: Mutex<Look>,
    pub server: ServerProcess,
    pub contract: Contract,
    /// Without a certificate; staff and strangers call on it.
    pub line: Line,
    /// The token of the installation, which makes everything.
    pub token: String,
    /// Tokens for enrolment with many uses.
    homes: PlainMutex<HashMap<School, Home>>,
    things: PlainMutex<HashMap<(Option<School>, &'static str), Thing>>,
    needles: PlainMutex<Vec<Needle>>,
    counter: AtomicU32,
    years: AtomicU32,
}

/// What every name begins with in a school, so that a leak is seen in any text.
fn mark(school: School) -> &'static str {
    match school {
        School::A1 => "minami",
        School::A2 => "kita",
        School::B1 => "otsu",
    }
}

impl World {
    /// A running server with nothing in it.
    pub async fn start(engine: Engine) -> Self {
        let server = ServerOptions::on(engine).await.start().await;
        let tls = anonymous_tls(&server.credentials().ca_pem);
        let connector = Connector::new(server.address().to_string(), tls, None).expect("an address");
        let connect = async || connector.connect(Protocol::Http2).await.expect("the server can be reached");
        Self {
            engine,
            look: Mutex::new(server.look().await),
            contract: Contract::read(connect().await).await,
            token: server.credentials().token,
            line: Arc::new(Mutex::new(connect().await)),
            server,
            homes: PlainMutex::default(),
            things: PlainMutex::default(),
            needles: PlainMutex::default(),
            counter: AtomicU32::new(1),
            years: AtomicU32::default(),
        }
    }

    /// Builds the towns; B is older than A, so that lists by id would begin with it.
    pub async fn build(&self) {
        for town in [Town::B, Town::A] {
            self.build_town(town).await;
        }
        for school in School::ALL {
            self.build_school(school).await;
        }
        self.share_serial_numbers().await;
    }

    /// Everything that is stored, and how much of it the server did by itself.
    pub async fn traces(&self) -> Traces {
        let mut look = self.look.lock().await;
        let own = "SELECT municipality_id, COUNT(*) FROM audit_entry WHERE actor_kind = 3 GROUP BY municipality_id";
        let mut own = look.numbers(own).await;
        own.sort_unstable();
        Traces { rows: look.fingerprints().await, own }
    }

    /// Calls as the installation, which must succeed.
    pub async fn make(&self, method: &str, request: Value) -> Outcome {
        let outcome = self.contract.call(&self.line, Some(&self.token), method, &request).await;
        assert_eq!(outcome.code, tonic::Code::Ok, "{method} {request}: {}", outcome.text);
        outcome
    }

    /// A number that was not given before.
    pub fn number(&self) -> u32 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    fn note(&self, text: &str, extent: Extent, right: Right) {
        let needle = Needle { text: text.to_owned(), extent, right };
        self.needles.lock().unwrap_or_else(PoisonError::into_inner).push(needle);
    }

    /// What a text says that somebody with these powers may not read, beyond what it repeats of the request.
    pub fn leaks(&self, powers: &Powers, text: &str, known: &[String]) -> Vec<String> {
        let mut text = text.to_owned();
        known.iter().for_each(|value| text = text.replace(value.as_str(), "<asked>"));
        let needles = self.needles.lock().unwrap_or_else(PoisonError::into_inner);
        let hidden = needles.iter().filter(|needle| !needle.is_for(powers));
        hidden.filter(|needle| stands_in(&needle.text, &text)).map(|needle| needle.text.clone()).collect()
    }

    fn keep(&self, school: Option<School>, name: &'static str, thing: Thing) {
        self.things.lock().unwrap_or_else(PoisonError::into_inner).insert((school, name), thing);
    }

    fn kept(&self, school: Option<School>, name: &str) -> Option<Thing> {
        let things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        things.iter().find(|((of, known), _)| *of == school && *known == name).map(|(_, thing)| thing.clone())
    }

    /// A part of a thing that stands.
    pub fn part(&self, school: School, name: &str, part: &str) -> String {
        self.kept(Some(school), name).unwrap_or_else(|| panic!("{school:?} has no {name}"))[part].clone()
    }

    /// The id of a thing that stands.
    pub fn id(&self, school: School, name: &str) -> String {
        self.part(school, name, "")
    }

    async fn build_town(&self, town: Town) {
        let (name, code) = match town {
            // One of Tokyo, which nobody else invents, and one of another prefecture.
            Town::A => ("甲市 kou-town", String::from("139017")),
            Town::B => ("乙市 otsu-town", String::from("149012")),
        };
        let made = self.make("SchoolService/CreateMunicipality", json!({ "code": code, "name": name })).await;
        let id = made.take("municipality.municipalityId");
        self.note(&id, Extent::Part(town), Right::ViewFigures);
        self.note(&code, Extent::Part(town), Right::ViewFigures);
        self.note(name, Extent::Part(town), Right::ViewFigures);
        // No tickets that background work makes of its own accord: what a refused call changed is looked for while it runs.
        let nothing = json!({ "municipality_id": id, "policy": { "source": "none" } });
        self.make("TicketService/SetDeviceHealthPolicy", nothing).await;
        let thing = Thing::from([("", id), ("code", code), ("name", name.to_owned()), ("version", String::from("1"))]);
        for school in School::ALL.into_iter().filter(|school| school.town() == town) {
            self.keep(Some(school), "municipality", thing.clone());
        }
    }

    async fn build_school(&self, school: School) {
        let (owner, mark) = (self.id(school, "municipality"), mark(school));
        let (town, school_mark) = (school.town(), format!("{mark}-school"));
        let rights = [
            ("school", Right::ViewFigures),
            ("device", Right::ViewDevices),
            ("token", Right::ManageEnrollment),
            ("person", Right::ManageStaff),
            // What there is in a town, figures tell without telling of any single device.
            ("model", Right::ViewFigures),
        ];
        for (kind, right) in rights {
            self.note(&format!("{mark}-{kind}"), Extent::School(school), right);
        }
        self.note(&format!("{mark}-import"), Extent::Whole(town), Right::ImportDevices);
        let request = json!({ "municipality_id": owner, "name": school_mark });
        let id = self.make("SchoolService/CreateSchool", request).await.take("school.schoolId");
        self.note(&id, Extent::School(school), Right::ViewFigures);
        let thing = Thing::from([
            ("", id.clone()),
            ("name", school_mark.clone()),
            ("mark", school_mark),
            ("owner", owner.clone()),
            ("version", String::from("1")),
        ]);
        self.keep(Some(school), "school", thing);
        let request = json!({
            "municipality_id": owner, "school_id": id, "note": format!("{mark}-token"), "uses_allowed": 1_000,
        });
        let made = self.make("EnrollmentService/CreateEnrollmentToken", request).await;
        let home = Home {
            municipality_id: owner,
            school_id: id,
            token: made.take("token"),
            token_id: made.take("enrollmentToken.tokenId"),
            server: self.server.address().to_string(),
            ca_sha256: self.server.ca_sha256(),
        };
        self.homes.lock().unwrap_or_else(PoisonError::into_inner).insert(school, home);
        for name in STANDING {
            let thing = self.create(name, school).await;
            self.keep(Some(school), name, thing);
        }
    }

    /// Devices whose reviews and decisions name one of another school: who reaches one school must not learn of the other.
    async fn share_serial_numbers(&self) {
        for (decided, serial) in [(true, "SHARED0001"), (false, "SHARED0002")] {
            let first = self.enroll(School::A2, serial).await.device_id.0;
            let second = self.enroll(School::A1, serial).await.device_id.0;
            if decided {
                let reason = self.review_of(Town::A, &second).await["reason"].clone();
                self.make("ReviewService/KeepApart", json!({ "device_id": second, "reason": reason })).await;
                self.keep(Some(School::A1), "across", Thing::from([("", second)]));
                self.keep(Some(School::A2), "across", Thing::from([("", first)]));
            }
        }
        self.keep(Some(School::B1), "across", Thing::from([("", self.id(School::B1, "reviewed"))]));
    }

    /// Enrols a tablet with a serial number.
    pub async fn enroll(&self, school: School, serial: &str) -> Identity {
        let home = self.homes.lock().unwrap_or_else(PoisonError::into_inner)[&school].clone();
        let tablet = SimulatedTablet::with_serial(serial, Arc::default());
        let options = home.enroll_options();
        let enrolling = enroll_in_memory(&options, tablet.facts_without_network(), fleet::wall_ms());
        let identity = enrolling.await.unwrap_or_else(|error| panic!("a tablet can enrol: {error}"));
        self.note(&identity.device_id.0, Extent::School(school), Right::ViewDevices);
        identity
    }

    /// What a name in a request stands for. A `fresh` thing is made for this call; else one that stands is good enough.
    pub async fn thing(&self, name: &str, place: Place, fresh: bool, me: Option<&Person>) -> Thing {
        let base = name.trim_start_matches("new_");
        if base == "unique" || base == "csr" {
            return self.anything(base);
        }
        if base == "year" {
            // A fiscal year of which nobody has said anything yet.
            let years = if fresh { self.years.fetch_add(1, Ordering::Relaxed) } else { 0 };
            return Thing::from([("", (2030 + years).to_string())]);
        }
        if base == "target" {
            let nothing = Thing::from([("", String::from("60000")), ("version", String::from("1"))]);
            return if fresh { self.create_target().await } else { nothing };
        }
        if base.starts_with("my:") {
            return match me {
                Some(me) if fresh => me.own(self, base).await,
                Some(_) | None => self.nothing(base),
            };
        }
        // The owner is named by its own id, whatever the thing is.
        let owner = place.town().map(|town| if town == Town::A { School::A1 } else { School::B1 });
        let school = match base {
            "municipality" => owner,
            _ if place == Place::Strange => Some(School::B1),
            _ => place.school(),
        };
        let Some(school) = school else { return self.nothing(base) };
        if base == "ledger" {
            return self.ledger(school);
        }
        if fresh && name != base {
            return self.create(base, school).await;
        }
        self.kept(Some(school), base).unwrap_or_else(|| panic!("{school:?} has no {base}"))
    }

    fn anything(&self, base: &str) -> Thing {
        if base == "csr" {
            let made = ByHand::new("").request;
            return Thing::from([("", base64(&made.csr_der)), ("instance", base64(&made.instance_id))]);
        }
        Thing::from([("", format!("unique-{}", self.number())), ("code", invented_code())])
    }

    fn ledger(&self, school: School) -> Thing {
        let (number, mark) = (self.number(), mark(school));
        let devices = format!("管理番号,シリアル番号,学校名\n{mark}-device-{number},L{number:07},{mark}-school\n");
        let schools = format!("学校名\n新設校{number}\n");
        Thing::from([("", base64(devices.as_bytes())), ("schools", base64(schools.as_bytes())), ("text", devices)])
    }

    /// Ids that exist nowhere, the same at each call.
    fn nothing(&self, base: &str) -> Thing {
        if base == "ledger" {
            return self.ledger(School::A1);
        }
        let seed = base.bytes().fold(0_u128, |sum, byte| sum * 31 + u128::from(byte));
        let id = |n: u128| Uuid::from_u128((0x0190_0000_0000_7000_8000_u128 << 48) + (seed % 0xffff_ffff) * 16 + n);
        Thing::from([
            ("", id(0).to_string()),
            ("device", id(1).to_string()),
            ("grant", id(2).to_string()),
            ("other", id(3).to_string()),
            ("name", String::from("nowhere-school")),
            ("mark", String::from("nowhere")),
            ("reason", String::from("REVIEW_REASON_SERIAL_SHARED")),
            ("reason_number", String::from("4")),
            ("number", String::from("9")),
            ("version", String::from("1")),
            ("value", String::from("020000000009")),
            ("school", id(4).to_string()),
            ("spare", id(5).to_string()),
            ("leg", id(6).to_string()),
            ("attachment", id(5).to_string()),
        ])
    }

    /// The version that something has now, as a form carries it.
    pub async fn version_of(&self, base: &str, thing: &Thing) -> String {
        let id = &thing[""];
        match base.trim_start_matches("new_") {
            "municipality" => {
                let request = json!({ "municipality_id": id });
                self.make("SchoolService/GetMunicipality", request).await.take("municipality.etag")
            }
            "school" | "branch" => {
                let request = json!({ "municipality_id": thing["owner"], "school_id": id });
                self.make("SchoolService/GetSchool", request).await.take("school.etag")
            }
            "device" | "device2" | "reviewed" => {
                self.make("DeviceService/GetDevice", json!({ "device_id": id })).await.take("device.etag")
            }
            "staff" => self.make("StaffService/GetStaff", json!({ "staff_id": id })).await.take("staff.etag"),
            "import" => {
                let request = json!({ "municipality_id": thing["owner"], "import_id": id });
                self.make("ImportService/GetImport", request).await.take("importRun.etag")
            }
            _ => thing["version"].clone(),
        }
    }

    /// Makes a thing of a school through the calls of staff.
    async fn create(&self, base: &str, school: School) -> Thing {
        let (owner, mark, number) = (self.id(school, "municipality"), mark(school), self.number());
        let id = self.id(school, "school");
        let town = school.town();
        match base {
            "device" | "device2" => self.create_device(school).await,
            "reviewed" => self.create_reviewed(school).await,
            "decision" => {
                let (one, two) = (self.create_device(school).await, self.create_device(school).await);
                let request = json!({ "device_id": one[""], "folded_device_id": two[""] });
                let made = self.make("ReviewService/MergeDevices", request).await.take("decision.decisionId");
                self.note(&made, Extent::School(school), Right::ViewDevices);
                Thing::from([("", made), ("device", one[""].clone())])
            }
            "token" => {
                let request = json!({ "municipality_id": owner, "school_id": id, "note": format!("{mark}-token") });
                let made = self.make("EnrollmentService/CreateEnrollmentToken", request).await;
                let made = made.take("enrollmentToken.tokenId");
                self.note(&made, Extent::School(school), Right::ManageEnrollment);
                Thing::from([("", made)])
            }
            "branch" => {
                let request = json!({ "municipality_id": owner, "name": format!("分校{number}") });
                let made = self.make("SchoolService/CreateSchool", request).await.take("school.schoolId");
                Thing::from([("", made), ("owner", owner), ("version", String::from("1"))])
            }
            "period" | "town_period" => {
                let name = match base {
                    "period" => format!("{mark}-school-{number}"),
                    _ => format!("甲の行事 {number}"),
                };
                let day = "2026-06-01";
                let period =
                    json!({ "kind": "PERIOD_KIND_DAY_OFF", "name": name, "first_date": day, "last_date": day });
                let of = if base == "period" { id } else { String::new() };
                let request = json!({ "municipality_id": owner, "school_id": of, "period": period });
                self.make("CalendarService/SetCalendarPeriod", request).await;
                Thing::from([("", name)])
            }
            "line" => {
                let line = json!({ "school_id": id, "line_number": 9, "topology": "TOPOLOGY_LTE", "isp": mark });
                let made = self.make("LineService/SetLine", json!({ "municipality_id": owner, "line": line })).await;
                Thing::from([("", id), ("number", String::from("9")), ("version", made.take("line.etag"))])
            }
            "hub" => {
                let name = format!("{mark}-hub-{number}");
                let request = json!({ "kind": "HUB_KIND_MUNICIPAL", "name": name, "operator_id": owner });
                let made = self.make("LineService/CreateHub", request).await.take("hub.hubId");
                self.note(&made, Extent::Part(town), Right::ViewFigures);
                self.note(&name, Extent::Part(town), Right::ViewFigures);
                Thing::from([("", made)])
            }
            "import" => {
                let options = json!({
                    "municipality_id": owner, "kind": "IMPORT_KIND_DEVICES", "file_name": format!("{mark}-import.csv"),
                });
                let pieces = json!([{ "options": options }, { "content": self.ledger(school)[""] }]);
                let made = self.make("ImportService/PreviewImport", pieces).await;
                let id = made.take("importRun.importId");
                self.note(&id, Extent::Whole(town), Right::ImportDevices);
                Thing::from([("", id), ("owner", owner), ("version", made.take("importRun.etag"))])
            }
            "staff" => {
                let name = format!("{mark}-person-{number}");
                let place = json!({ "municipality_id": owner, "school_id": id });
                let grant = json!({ "role": "STAFF_ROLE_SCHOOL_STAFF", "place": place, "reason": "試験" });
                let request = json!({ "sign_in_name": name, "display_name": name, "grant": grant });
                let made = self.make("StaffService/CreateStaff", request).await;
                let (id, grants) = (made.take("staff.staffId"), &made.answer["staff"]["grants"]);
                let grant = grants[0]["grantId"].as_str().expect("a grant").to_owned();
                self.note(&id, Extent::School(school), Right::ManageStaff);
                self.note(&grant, Extent::School(school), Right::ManageStaff);
                Thing::from([("", id), ("grant", grant), ("version", made.take("staff.etag"))])
            }
            "staff_token" => {
                let secret = self.part(school, base, "secret");
                let place = json!({ "municipality_id": owner });
                let request = json!({ "name": "another", "role": "STAFF_ROLE_BOARD_VIEWER", "place": place });
                let made = self.contract.call(&self.line, Some(&secret), "AccessService/CreateStaffToken", &request);
                let made = made.await.take("staffToken.tokenId");
                self.note(&made, Extent::Whole(town), Right::ManageStaff);
                Thing::from([("", made)])
            }
            "network" => {
                let value = format!("02{:010x}", number);
                let network = json!({ "school_id": id, "kind": "SCHOOL_NETWORK_KIND_ACCESS_POINT", "value": value });
                let request = json!({ "municipality_id": owner, "network": network });
                self.make("NetworkService/AddSchoolNetwork", request).await;
                self.note(&value, Extent::School(school), Right::ViewFigures);
                Thing::from([("", id), ("value", value)])
            }
            "work" => {
                let work = json!({
                    "municipality_id": owner, "element_kind": "ELEMENT_KIND_SCHOOL_LINE", "element_id": id,
                    "reason": format!("{mark}-school の工事"),
                    "start_time": "2026-12-01T00:00:00Z", "end_time": "2026-12-01T01:00:00Z",
                });
                let made = self.make("NetworkService/AnnounceWork", json!({ "work": work })).await.take("work.workId");
                self.note(&made, Extent::School(school), Right::ViewFigures);
                Thing::from([("", made), ("school", id)])
            }
            "bandwidth" => {
                let measurement = json!({
                    "measure_time": "2026-11-20T08:40:00Z", "receive_kbps": 93_500, "note": format!("{mark}-school の測定"),
                    "method": "BANDWIDTH_METHOD_SIMPLE",
                });
                let request = json!({ "municipality_id": owner, "school_id": id, "measurement": measurement });
                let made =
                    self.make("BandwidthService/RecordBandwidth", request).await.take("measurement.measurementId");
                self.note(&made, Extent::School(school), Right::ViewFigures);
                Thing::from([("", made), ("school", id)])
            }
            "ticket" => {
                let ticket = json!({
                    "municipality_id": owner, "school_id": id, "subject": format!("{mark}-school の問い合わせ"),
                    "text": "画面が割れた", "category": "TICKET_CATEGORY_SCREEN",
                });
                let made = self.make("TicketService/CreateTicket", ticket).await.take("ticket.ticketId");
                self.note(&made, Extent::School(school), Right::ViewTickets);
                let id = made.clone();
                let file = json!([
                    { "attachment": { "municipality_id": owner, "ticket_id": id, "name": format!("{mark}-school.log") } },
                    { "content": "44GT44KP44KM44Gf" },
                ]);
                let file = self.make("TicketService/AddTicketAttachment", file).await.take("attachment.attachmentId");
                self.note(&file, Extent::School(school), Right::ViewTickets);
                Thing::from([("", made), ("attachment", file)])
            }
            "broken" => {
                let (device, spare) = (self.create_device(school).await, self.create_device(school).await);
                let request = json!({ "device_id": spare[""], "verb": "DEVICE_VERB_MAKE_SPARE" });
                self.make("DeviceService/MoveDevice", request).await;
                let ticket = json!({
                    "municipality_id": owner, "device_id": device[""], "subject": format!("{mark}-school の端末"),
                    "text": "画面が割れた", "category": "TICKET_CATEGORY_SCREEN",
                });
                let made = self.make("TicketService/CreateTicket", ticket).await.take("ticket.ticketId");
                self.note(&made, Extent::School(school), Right::ViewTickets);
                Thing::from([("", made), ("device", device[""].clone()), ("spare", spare[""].clone())])
            }
            "mended" | "missing" => {
                let device = self.create_device(school).await;
                let ticket = json!({
                    "municipality_id": owner, "device_id": device[""], "subject": format!("{mark}-school の端末"),
                    "text": "画面が割れた", "category": "TICKET_CATEGORY_SCREEN",
                });
                let made = self.make("TicketService/CreateTicket", ticket).await.take("ticket.ticketId");
                self.note(&made, Extent::School(school), Right::ViewTickets);
                let (method, what, part) = match base {
                    "mended" => ("StartRepair", json!({ "vendor": "修理の店" }), "repair.repairId"),
                    _ => ("RecordLoss", json!({ "notice_date": "2026-11-01" }), "loss.lossId"),
                };
                let request = json!({ "municipality_id": owner, "ticket_id": made, "version": 1, "terms": what });
                let leg = self.make(&format!("TicketService/{method}"), request).await.take(part);
                self.note(&leg, Extent::School(school), Right::ViewTickets);
                Thing::from([("", made), ("leg", leg)])
            }
            "entry" => {
                let cost = json!({
                    "kind": "COST_KIND_REPAIR", "amount_yen": "3000", "from": "2026-04-01", "note": format!("{mark}-entry"),
                    "funding": [{ "payer": "PAYER_OWN", "amount_yen": "3000" }],
                });
                let request = json!({ "entry": { "municipality_id": owner, "school_id": id, "cost": cost } });
                let made = self.make("RenewalService/RecordRenewalEntry", request).await.take("entry.entryId");
                self.note(&made, Extent::Whole(town), Right::ViewLedger);
                self.note(&format!("{mark}-entry"), Extent::Whole(town), Right::ViewLedger);
                Thing::from([("", made)])
            }
            "incident" => self.create_incident(school, &owner, &id).await,
            other => panic!("nobody knows how to make {other}"),
        }
    }

    async fn create_target(&self) -> Thing {
        let number = self.number();
        let target = json!({
            "number": number, "name": "学習サービス", "kind": "TARGET_KIND_LEARNING", "host": "learn.example",
            "port": 443, "tls": true, "source": "試験",
        });
        let made = self.make("NetworkService/SetTarget", json!({ "target": target })).await;
        Thing::from([("", number.to_string()), ("version", made.take("target.etag"))])
    }

    /// Incidents come from what devices report; how they do is seen elsewhere. One that concerns a device, and one that
    /// concerns the line.
    async fn create_incident(&self, school: School, owner: &str, id: &str) -> Thing {
        let device = self.id(school, "device");
        let device = Element::new(ElementKind::Device, format!("{id}/{device}"));
        let of_device = self.write_incident(&device, Cause::Device, owner, id).await;
        self.note(&of_device, Extent::School(school), Right::ViewDevices);
        let line = Element::new(ElementKind::SchoolLine, id);
        let of_line = self.write_incident(&line, Cause::LineCut, owner, id).await;
        self.note(&of_line, Extent::School(school), Right::ViewFigures);
        Thing::from([("", of_line)])
    }

    async fn write_incident(&self, element: &Element, cause: Cause, owner: &str, school: &str) -> String {
        let schools = [(owner, vec![school.to_owned()])];
        let incident = networks::incident(element.clone(), cause, &schools);
        networks::write_incident(&self.server, &incident).await;
        incident.id.to_string()
    }

    async fn create_device(&self, school: School) -> Thing {
        let (owner, mark, number) = (self.id(school, "municipality"), mark(school), self.number());
        let request = json!({ "municipality_id": owner, "fields": [
            { "name": "DEVICE_FIELD_NAME_LABEL", "value": format!("{mark}-device-{number}") },
            { "name": "DEVICE_FIELD_NAME_SERIAL_NUMBER", "value": format!("{mark}-device-s{number}") },
            { "name": "DEVICE_FIELD_NAME_MODEL", "value": if school == School::B1 { "otsu-model" } else { "タブレット" } },
            { "name": "DEVICE_FIELD_NAME_SCHOOL", "value": self.id(school, "school") },
        ] });
        let made = self.make("DeviceService/CreateDevice", request).await;
        let id = made.take("device.deviceId");
        self.note(&id, Extent::School(school), Right::ViewDevices);
        Thing::from([("", id), ("version", made.take("device.etag"))])
    }

    async fn create_reviewed(&self, school: School) -> Thing {
        let serial = format!("{}-device-r{}", mark(school), self.number());
        self.enroll(school, &serial).await;
        let device = self.enroll(school, &serial).await.device_id.0;
        let mut thing = self.review_of(school.town(), &device).await;
        thing.insert("", device);
        thing
    }

    /// The open review of a device.
    async fn review_of(&self, town: Town, device: &str) -> Thing {
        let owner = self.id(if town == Town::A { School::A1 } else { School::B1 }, "municipality");
        let list = json!({ "municipality_id": owner, "page_size": 100 });
        let mut page = self.make("ReviewService/ListReviews", list.clone()).await;
        loop {
            let reviews = page.answer["reviews"].as_array().cloned().unwrap_or_default();
            if let Some(review) = reviews.iter().find(|review| review["device"]["deviceId"] == device) {
                let text = |value: &Value| value.as_str().expect("a text").to_owned();
                let reason = text(&review["reason"]);
                let number = ReviewReason::from_str_name(&reason).expect("a known one");
                return Thing::from([
                    ("reason", reason),
                    ("reason_number", i32::from(number).to_string()),
                    ("other", text(&review["other"]["deviceId"])),
                    ("version", text(&review["device"]["etag"])),
                ]);
            }
            let mut next = list.clone();
            next["page_token"] = Value::from(page.take("nextPageToken"));
            page = self.make("ReviewService/ListReviews", next).await;
        }
    }

    /// Lets something of a person stand for all that such requests may name in a town.
    pub fn lend(&self, school: School, name: &'static str, thing: &Thing) {
        let town = school.town();
        self.note(&thing[""], Extent::Whole(town), Right::ManageStaff);
        for school in School::ALL.into_iter().filter(|school| school.town() == town) {
            self.keep(Some(school), name, thing.clone());
        }
    }
}

/// What stands in each school before anything is called.
const STANDING: [&str; 21] = [
    "branch",
    "device",
    "device2",
    "reviewed",
    "decision",
    "token",
    "period",
    "town_period",
    "line",
    "hub",
    "import",
    "staff",
    "network",
    "bandwidth",
    "work",
    "incident",
    "ticket",
    "broken",
    "mended",
    "missing",
    "entry",
];

/// Whether a text has another one in it; a number must not be part of a longer one.
fn stands_in(needle: &str, text: &str) -> bool {
    if !needle.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.contains(needle);
    }
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    text.match_indices(needle)
        .any(|(at, _)| !digit(text[..at].chars().next_back()) && !digit(text[at + needle.len()..].chars().next()))
}
