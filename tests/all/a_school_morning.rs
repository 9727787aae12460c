//! The morning of a school whose line is cut, from outside: forty people report it with their phones and hundreds call the desk, the team
//! sees one incident, answers once, and devices prove that it is over.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gigafleet_proto::v1::{
    ChangeTicketRequest, ChangeTicketsRequest, CloseTicket, CreateTicketRequest, GetTicketFiguresRequest,
    GetTicketPromiseRequest, GetTicketRequest, ListTicketsRequest, ReplyTicket, ResolveTicket, SetTicketPromiseRequest,
    Ticket, TicketCategory, TicketEventKind, TicketGrouping, TicketPromise, TicketState, change_ticket_request,
    change_tickets_request, ticket_service_client::TicketServiceClient,
};
use gigafleet_tests::{
    Engine, Home, ServerOptions, ServerProcess, console::Visitor, eventually_async, staff::StaffConnection,
};
use http::StatusCode;
use tonic::Code;
use uuid::Uuid;

use crate::{
    a_school_with_faults::{always_lessons, day_text, today},
    judging_servers::{PACE, USUAL, cut_is_an_incident, incidents, say_gateways, two_schools_report},
};

/// People who report.
const REPORTS: usize = 40;
/// And whose calls the desk writes down while the outage lasts: with the phones five hundred.
const CALLS: usize = 460;
/// Who sits at the desk.
const DESKS: usize = 4;

/// Calls as staff. Each time anew: a connection that rests as long as outages last is closed.
async fn tickets(server: &ServerProcess) -> TicketServiceClient<StaffConnection> {
    TicketServiceClient::new(server.staff().connection().await)
}

/// All tickets of an incident, in the queue or done.
async fn of_incident(server: &ServerProcess, incident: &str, done: bool) -> Vec<Ticket> {
    let (mut client, mut found, mut page_token) = (tickets(server).await, Vec::new(), String::new());
    loop {
        let request = ListTicketsRequest {
            incident_id: incident.to_owned(),
            done,
            page_size: 100,
            page_token,
            ..ListTicketsRequest::default()
        };
        let page = client.list_tickets(request).await.expect("a list").into_inner();
        found.extend(page.tickets);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

/// A desk writes down what callers of a school say; each call belongs to the incident at once.
async fn write_calls_down(server: &ServerProcess, home: &Home, incident: &str) {
    let mut client = tickets(server).await;
    for number in 0..CALLS / DESKS {
        let request = CreateTicketRequest {
            municipality_id: home.municipality_id.clone(),
            school_id: home.school_id.clone(),
            subject: format!("つながらない {number}"),
            category: TicketCategory::Wifi.into(),
            ..CreateTicketRequest::default()
        };
        let ticket = client.create_ticket(request).await.expect("it is written down").into_inner().ticket;
        assert_eq!(ticket.expect("a ticket").incident_id, incident);
    }
}

/// Service at all hours, so that minutes of service are minutes whenever this runs.
async fn serve_at_all_hours(server: &ServerProcess, municipality_id: &str) {
    let request =
        GetTicketPromiseRequest { municipality_id: municipality_id.to_owned(), ..GetTicketPromiseRequest::default() };
    let ours =
        tickets(server).await.get_ticket_promise(request).await.expect("a promise").into_inner().promise.expect("one");
    let promise = TicketPromise { source: String::from("test"), begin_minute: 0, end_minute: 1_440, ..ours };
    let request = SetTicketPromiseRequest {
        municipality_id: municipality_id.to_owned(),
        valid_from_date: String::from("2026-04-01"),
        promise: Some(promise),
    };
    tickets(server).await.set_ticket_promise(request).await.expect("it can be promised");
}

/// One thing with all tickets of an incident; how many it was done with.
async fn with_all(server: &ServerProcess, incident: &str, verb: change_tickets_request::Verb) -> usize {
    let request = ChangeTicketsRequest {
        request_id: Uuid::now_v7().to_string(),
        incident_id: incident.to_owned(),
        verb: Some(verb),
        ..ChangeTicketsRequest::default()
    };
    let answer = tickets(server).await.change_tickets(request).await.expect("an answer").into_inner();
    assert!(!answer.has_more);
    answer.changed.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_line_is_one_incident_one_answer_and_five_hundred_tickets_that_end_by_what_devices_measure() {
    let server = ServerOptions::on(Engine::Sqlite).await.checkin_seconds(PACE.as_secs_f64()).start().await;
    let staff = server.staff();
    let home = Home::make(&server, 1_000).await;
    always_lessons(&server, &home.municipality_id).await;
    let other_school = staff.add_school(&home.municipality_id, "第二小学校").await.school_id;
    let token = staff.add_token(&home.municipality_id, &other_school, 1_000).await.token;
    let other_home = Home { school_id: other_school, token, ..home.clone() };
    say_gateways(&server, [&home, &other_home]).await;
    serve_at_all_hours(&server, &home.municipality_id).await;
    let cut = Arc::new(AtomicBool::new(false));
    let _devices = two_schools_report([&server, &server], [&home, &other_home], &cut).await;

    // Labels stand on the devices long before.
    let mut admin = Visitor::new(server.console_address());
    let fields = [("sign_in_name", "admin"), ("display_name", "府中 明子"), ("password", "correct horse battery 9")];
    admin.accept_link(server.setup_path().expect("nobody can sign in yet"), &fields).await;
    let labels = format!("/schools/{}/labels", home.school_id);
    let made = admin.post(&labels, &[("grade", ""), ("class", "")]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let page = admin.get(&labels).await.text;
    let codes: Vec<_> = page.split("<code>").skip(1).filter_map(|rest| rest.split_once("</code>")).collect();
    let codes: Vec<_> = codes.into_iter().map(|(code, _)| code.to_owned()).collect();
    assert!(codes.len() > REPORTS, "{} labels", codes.len());
    tokio::time::sleep(USUAL).await;
    assert_eq!(incidents(&server).await, [], "nothing is broken yet");

    cut.store(true, Ordering::Relaxed);
    let mut links = Vec::new();
    for code in &codes[..REPORTS] {
        let mut phone = Visitor::new(server.console_address());
        let form = format!("/r/{code}");
        assert_eq!(phone.get(&form).await.status, StatusCode::OK);
        let said =
            [("category", "7"), ("who", "teacher"), ("stopped", "yes"), ("text", "つながりません"), ("form", "")];
        let sent = phone.post(&form, &said).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        links.push(sent.location().to_owned());
    }
    let open = cut_is_an_incident(&server, &cut).await;
    let id = open.incident_id.as_str();
    let all = REPORTS + 1;
    // The phones, and the incident's own.
    eventually_async("all belong to it", Duration::from_secs(60), async || {
        (of_incident(&server, id, false).await.len() == all).then_some(())
    })
    .await;
    let desk = || write_calls_down(&server, &home, id);
    tokio::join!(desk(), desk(), desk(), desk());
    let all = all + CALLS;
    assert_eq!(of_incident(&server, id, false).await.len(), all);
    assert_eq!(incidents(&server).await.len(), 1);

    // Who comes now reads that it is known, and adds to it with one tap.
    let mut late = Visitor::new(server.console_address());
    let form = format!("/r/{}", codes[REPORTS]);
    let known = late.get(&form).await;
    let incident = known.between("name=\"incident\" value=\"", "\"").expect("the outage is known").to_owned();
    assert_eq!(incident, id);
    let also = late.post(&format!("{form}/also"), &[("incident", &incident)]).await;
    assert_eq!(also.status, StatusCode::SEE_OTHER);

    // Nobody closes it while devices say otherwise.
    let one = of_incident(&server, id, false).await.into_iter().next().expect("there are some");
    let request = ChangeTicketRequest {
        municipality_id: one.municipality_id.clone(),
        ticket_id: one.ticket_id.clone(),
        version: one.version,
        verb: Some(change_ticket_request::Verb::Resolve(ResolveTicket { text: String::from("直ったはず") })),
    };
    let refused = tickets(&server).await.change_ticket(request).await.expect_err("it lasts");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    let reply = ReplyTicket { text: String::from("回線の断を確認し、事業者に連絡しました") };
    assert_eq!(with_all(&server, id, change_tickets_request::Verb::Reply(reply)).await, all);
    let mut phone = Visitor::new(server.console_address());
    assert!(phone.get(&links[REPORTS - 1]).await.text.contains("事業者に連絡しました"));

    cut.store(false, Ordering::Relaxed);
    let done = eventually_async("devices prove the end", Duration::from_secs(400), async || {
        let done = of_incident(&server, id, true).await;
        (done.len() == all).then_some(done)
    })
    .await;
    assert_eq!(of_incident(&server, id, false).await.len(), 0);
    let resolved = done.iter().filter(|ticket| ticket.state() == TicketState::Resolved).count();
    assert_eq!(resolved, REPORTS + CALLS, "people can still object; the incident's own is closed");
    let request = GetTicketRequest {
        municipality_id: one.municipality_id.clone(),
        ticket_id: one.ticket_id.clone(),
        ..GetTicketRequest::default()
    };
    let events = tickets(&server).await.get_ticket(request).await.expect("it is there").into_inner().events;
    assert!(events.iter().any(|event| event.kind() == TicketEventKind::Recovered), "{events:?}");
    assert!(phone.get(&links[0]).await.text.contains("復旧したことを確認しました"));
    let close = change_tickets_request::Verb::Close(CloseTicket {});
    assert_eq!(with_all(&server, id, close).await, REPORTS + CALLS);
    let done = of_incident(&server, id, true).await;
    assert!(done.iter().all(|ticket| ticket.state() == TicketState::Closed));

    // The figures say what the tickets say.
    let request = GetTicketFiguresRequest {
        municipality_id: home.municipality_id.clone(),
        first_date: String::from("2026-04-01"),
        last_date: day_text(today()),
        grouping: TicketGrouping::School.into(),
        ..GetTicketFiguresRequest::default()
    };
    let figures =
        tickets(&server).await.get_ticket_figures(request).await.expect("figures").into_inner().whole.expect("a sum");
    let count = all as u64;
    assert_eq!((figures.came, figures.merged, figures.reopened), (count, 0, 0));
    assert_eq!((figures.answered_in_time, figures.answered_late), (count, 0));
    assert_eq!((figures.restored_in_time, figures.restored_late), (count, 0));
    assert_eq!(figures.open, [0; 5]);
    let minutes = |ticket: &Ticket, end: Option<prost_types::Timestamp>| {
        let micros = |time: prost_types::Timestamp| time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000;
        (micros(end.expect("it ended")) - micros(ticket.create_time.expect("it came"))) / 60_000_000
    };
    let middle = |mut minutes: Vec<i64>| {
        minutes.sort_unstable();
        u32::try_from(minutes[all.div_ceil(2) - 1]).expect("not long")
    };
    let answered = middle(done.iter().map(|ticket| minutes(ticket, ticket.first_response_time)).collect());
    let restored = middle(done.iter().map(|ticket| minutes(ticket, ticket.resolve_time)).collect());
    assert_eq!(figures.answer_median_minutes, Some(answered));
    assert_eq!(figures.restore_median_minutes, Some(restored));
    assert!(restored >= answered);
}
