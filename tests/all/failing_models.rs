//! A model whose failures rise, from outside: one alarm and one ticket at each owner that it concerns, however often anybody looks; none
//! where everything fails alike; and nobody reads figures of others.

use std::time::Duration;

use gigafleet_proto::v1::{
    ChangeTicketRequest, CreateTicketRequest, DeviceFieldName, FailureAlarm, FailureGrouping, FailureRate,
    GetFailureRatesRequest, GetFailureRatesResponse, ListTicketsRequest, StaffPlace, StaffRole, Ticket, TicketCategory,
    TicketImpact, TicketOrigin, TicketUrgency, TriageTicket, change_ticket_request::Verb,
};
use gigafleet_tests::{Engine, ServerOptions, ServerProcess, StaffClient, console::Visitor, eventually};
use tonic::{Code, Status};

use crate::{
    a_school_with_faults::{day_text, today},
    refusal::assert_refused,
};

on_both_engines!(
    a_model_whose_failures_rise_is_told_once_to_whom_it_concerns,
    a_fleet_that_fails_alike_is_left_alone,
    what_is_wrong_with_a_question_is_said_by_name,
);

/// A school of an owner, with devices.
struct School {
    owner: String,
    school: String,
}

impl School {
    async fn new(staff: &StaffClient, name: &str) -> Self {
        let owner = staff.add_municipality(name).await.municipality_id;
        let school = staff.add_school(&owner, "第一小学校").await.school_id;
        Self { owner, school }
    }

    /// So many devices of a model, called by a letter and their number.
    async fn devices(&self, staff: &StaffClient, model: &str, letter: &str, count: usize) -> Vec<String> {
        let mut made = Vec::new();
        for number in 0..count {
            let label = format!("{letter}-{number:03}");
            let fields = [
                (DeviceFieldName::Label, label.as_str()),
                (DeviceFieldName::Model, model),
                (DeviceFieldName::Lifecycle, "in_use"),
                (DeviceFieldName::School, self.school.as_str()),
            ];
            made.push(staff.add_device(&self.owner, &fields).await);
        }
        made
    }

    /// Each of these devices fails in one way, and somebody confirms it.
    async fn fail(&self, staff: &StaffClient, devices: &[String], category: TicketCategory) {
        let mut client = staff.tickets().await;
        for device in devices {
            let request = CreateTicketRequest {
                municipality_id: self.owner.clone(),
                device_id: device.clone(),
                subject: String::from("膨らんでいる"),
                category: category.into(),
                ..CreateTicketRequest::default()
            };
            let made = client.create_ticket(request).await.expect("a ticket").into_inner().ticket.expect("one");
            let judged = TriageTicket {
                category: category.into(),
                impact: TicketImpact::OnePupil.into(),
                urgency: TicketUrgency::ThisWeek.into(),
            };
            let request = ChangeTicketRequest {
                municipality_id: made.municipality_id,
                ticket_id: made.ticket_id,
                version: made.version,
                verb: Some(Verb::Triage(judged)),
            };
            client.change_ticket(request).await.expect("it can be judged");
        }
    }
}

/// All that was so far lies some days back.
async fn let_days_pass(server: &ServerProcess, days: i64) {
    let back_us = days * 86_400_000_000;
    for table in ["device", "ticket"] {
        server.change(&format!("UPDATE {table} SET created_at = created_at - {back_us}")).await;
    }
}

/// Starts the server anew, which looks at all models, and waits until it did.
async fn look_again(server: &mut ServerProcess) {
    let looks = |server: &ServerProcess| server.log().matches("looked at the failures of all models").count();
    let before = looks(server);
    server.terminate(Duration::from_secs(20)).await;
    server.restart().await;
    eventually("it looked", Duration::from_secs(90), || (looks(server) > before).then_some(())).await;
}

async fn rates(
    staff: &StaffClient,
    municipality_id: &str,
    grouping: FailureGrouping,
) -> Result<GetFailureRatesResponse, Status> {
    let request = GetFailureRatesRequest {
        municipality_id: municipality_id.to_owned(),
        first_date: day_text(today() - time::Duration::days(364)),
        last_date: day_text(today()),
        grouping: grouping.into(),
        ..GetFailureRatesRequest::default()
    };
    Ok(staff.tickets().await.get_failure_rates(request).await?.into_inner())
}

/// Tickets that the server made by itself at an owner.
async fn made(staff: &StaffClient, owner: &str) -> Vec<Ticket> {
    let request =
        ListTicketsRequest { municipality_id: owner.to_owned(), page_size: 1_000, ..ListTicketsRequest::default() };
    let all = staff.tickets().await.list_tickets(request).await.expect("a list").into_inner().tickets;
    all.into_iter().filter(|ticket| ticket.origin() == TicketOrigin::DeviceHealth).collect()
}

fn figures(alarm: &FailureAlarm) -> (&str, TicketCategory, u64, u64, u64) {
    (&alarm.model, alarm.category(), alarm.failed_devices, alarm.devices_in_use, alarm.other_owner_count)
}

async fn observed(engine: Engine) -> ServerProcess {
    let mut options = ServerOptions::on(engine).await;
    options.log_filter = String::from("info,sqlx=warn,gigafleet::jobs=debug");
    options.start().await
}

async fn a_model_whose_failures_rise_is_told_once_to_whom_it_concerns(engine: Engine) {
    let mut server = observed(engine).await;
    let staff = server.staff();
    let (one, two) = (School::new(&staff, "若葉野市").await, School::new(&staff, "潮見台市").await);
    let at_one = one.devices(&staff, "K-1 Pro", "A", 40).await;
    let at_two = two.devices(&staff, "ｋ１ｐｒｏ", "B", 20).await;
    let others = one.devices(&staff, "J-1", "J", 120).await;
    one.fail(&staff, &at_one[39..], TicketCategory::Battery).await;
    one.fail(&staff, &others[..2], TicketCategory::Battery).await;
    let_days_pass(&server, 200).await;
    look_again(&mut server).await;
    let calm = rates(&server.staff(), "", FailureGrouping::Model).await.expect("rates");
    assert_eq!(calm.alarms, []);
    one.fail(&staff, &at_one[..7], TicketCategory::Battery).await;
    two.fail(&staff, &at_two[..4], TicketCategory::Battery).await;
    let_days_pass(&server, 2).await;
    look_again(&mut server).await;
    // Twice is once.
    look_again(&mut server).await;

    let all = rates(&staff, "", FailureGrouping::Model).await.expect("rates");
    let mut told: Vec<_> = all.alarms.iter().map(figures).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [("K-1 Pro", TicketCategory::Battery, 7, 40, 1), ("ｋ１ｐｒｏ", TicketCategory::Battery, 4, 20, 1)]
    );
    for (school, number) in [(&one, "A-000"), (&two, "B-000")] {
        let [ticket] = &made(&staff, &school.owner).await[..] else { panic!("one ticket") };
        let alarm = all.alarms.iter().find(|alarm| alarm.municipality_id == school.owner).expect("there is one");
        assert_eq!((ticket.number, ticket.category()), (alarm.ticket_number, TicketCategory::Battery));
        let request = gigafleet_proto::v1::GetTicketRequest {
            municipality_id: school.owner.clone(),
            ticket_id: ticket.ticket_id.clone(),
            ..Default::default()
        };
        let whole = staff.tickets().await.get_ticket(request).await.expect("it is there").into_inner();
        assert!(whole.events[0].text.contains(number), "{:?}", whole.events);
    }
    // Over both owners it is one model, whose rate stands first with the time of both.
    let model = |row: &FailureRate| (row.name.clone(), row.failures, row.devices_in_use);
    assert_eq!(model(&all.rows[0]), (String::from("K-1 Pro"), 12, 60));
    assert!((all.rows[0].device_years - 60.0 * 202.0 / 365.25).abs() < 0.1, "{:?}", all.rows[0]);
    let [low, rate, high] =
        [all.rows[0].rate_low, all.rows[0].rate, all.rows[0].rate_high].map(|rate| rate.expect("devices were in use"));
    assert!(low < rate && rate < high && low > all.whole.as_ref().and_then(|whole| whole.rate).expect("one"));

    // Somebody of the other owner reads their own, on the wire and on the page.
    let place = StaffPlace { municipality_id: two.owner.clone(), ..StaffPlace::default() };
    let (_, link) = staff.invite("kyoiku", StaffRole::BoardViewer, place, Duration::from_secs(3_600)).await;
    let mut board = Visitor::new(server.console_address());
    let fields = [("display_name", "教育 委員"), ("password", "correct horse battery 9")];
    board.accept_link(&link, &fields).await;
    let page = board.get("/tickets/failures").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("使用中の20台のうち4台") && page.text.contains("ほかの1区市町村"), "{}", page.text);
    for foreign in ["若葉野市", "K-1 Pro", "J-1", "使用中の40台"] {
        assert!(!page.text.contains(foreign), "{foreign} stands in {}", page.text);
    }
    let place = format!("municipality:{}", two.owner);
    let fields = [("token_name", "own"), ("role", "3"), ("place", place.as_str()), ("days", "1")];
    let token = board.post("/account/tokens", &fields).await;
    let own = staff.with_token(&format!("gfs_{}", token.between("gfs_", "<").expect("the page shows the token")));
    let seen = rates(&own, "", FailureGrouping::Model).await.expect("rates");
    assert_eq!(seen.rows.iter().map(model).collect::<Vec<_>>(), [(String::from("ｋ１ｐｒｏ"), 4, 20)]);
    assert_eq!(
        seen.alarms.iter().map(figures).collect::<Vec<_>>(),
        [("ｋ１ｐｒｏ", TicketCategory::Battery, 4, 20, 1)]
    );
    assert_refused(rates(&own, &one.owner, FailureGrouping::Model).await, Code::NotFound, "MUNICIPALITY_NOT_FOUND");
}

async fn a_fleet_that_fails_alike_is_left_alone(engine: Engine) {
    let mut server = observed(engine).await;
    let staff = server.staff();
    let school = School::new(&staff, "若葉野市").await;
    let some = school.devices(&staff, "K-1", "K", 40).await;
    let others = school.devices(&staff, "J-1", "J", 40).await;
    let_days_pass(&server, 200).await;
    school.fail(&staff, &some[..8], TicketCategory::Screen).await;
    school.fail(&staff, &others[..8], TicketCategory::Screen).await;
    let_days_pass(&server, 2).await;
    look_again(&mut server).await;
    let all = rates(&staff, "", FailureGrouping::Kind).await.expect("rates");
    assert_eq!((all.alarms.len(), all.rows[0].failures, made(&staff, &school.owner).await.len()), (0, 16, 0));
}

async fn what_is_wrong_with_a_question_is_said_by_name(engine: Engine) {
    let server = observed(engine).await;
    let staff = server.staff();
    let ask = async |request: GetFailureRatesRequest| staff.tickets().await.get_failure_rates(request).await;
    let good = GetFailureRatesRequest {
        first_date: String::from("2026-04-01"),
        last_date: String::from("2027-03-31"),
        ..GetFailureRatesRequest::default()
    };
    assert!(ask(good.clone()).await.is_ok());
    let wrong = [
        ("municipality_id", GetFailureRatesRequest { municipality_id: String::from("1"), ..good.clone() }, "UUID"),
        ("first_date", GetFailureRatesRequest { first_date: String::from("2026-02-30"), ..good.clone() }, "2026-02-30"),
        ("last_date", GetFailureRatesRequest { last_date: String::from("2028-04-03"), ..good.clone() }, "732"),
        ("last_date", GetFailureRatesRequest { last_date: String::from("2026-03-31"), ..good.clone() }, "732"),
        ("grouping", GetFailureRatesRequest { grouping: 9, ..good.clone() }, "grouping"),
        ("municipality_id", GetFailureRatesRequest { grouping: 2, ..good.clone() }, "municipality"),
        ("category", GetFailureRatesRequest { category: 99, ..good.clone() }, "category"),
        ("category", GetFailureRatesRequest { category: 6, ..good.clone() }, "screen, keyboard, battery"),
    ];
    for (field, request, says) in wrong {
        let status = assert_refused(ask(request).await, Code::InvalidArgument, "FIELD_INVALID");
        let details = tonic_types::StatusExt::get_details_bad_request(&status).expect("it names fields");
        let [violation] = &details.field_violations[..] else { panic!("one field: {details:?}") };
        assert_eq!(violation.field, field);
        assert!(violation.description.contains(says), "{violation:?}");
    }
}
