//! Causes and duplicates seen from outside: a tablet with a worn battery, rules that are tried and said, and two towns with the same
//! trouble.

use std::time::Duration;

use gigafleet_proto::v1::{
    self, CauseRules, CauseRulesOrigin, CreateTicketRequest, GetCauseRulesRequest, GetTicketSuggestionsRequest,
    SetCauseRulesRequest, StaffPlace, StaffRole, SuggestDuplicatesRequest, TicketCategory, TicketImpact, TicketUrgency,
    TriageTicket, TryCauseRulesRequest, change_ticket_request::Verb, ticket_service_client::TicketServiceClient,
};
use gigafleet_tests::{Engine, Home, ServerOptions, StaffConnection, Visitor, fleet};
use http::StatusCode;
use tonic::Code;

use crate::refusal::assert_refused;

on_both_engines!(
    a_worn_battery_is_the_likely_cause_and_a_dry_run_counts_it,
    duplicates_are_suggested_and_never_of_another_owner,
);

const PASSWORD: &str = "correct horse battery staple 7";

type Tickets = TicketServiceClient<StaffConnection>;

async fn make(
    tickets: &mut Tickets,
    (owner, school): (&str, &str),
    device: &str,
    category: TicketCategory,
    subject: &str,
) -> v1::Ticket {
    let request = CreateTicketRequest {
        municipality_id: owner.to_owned(),
        school_id: school.to_owned(),
        device_id: device.to_owned(),
        category: category.into(),
        subject: subject.to_owned(),
        room: String::from("3年2組"),
        ..CreateTicketRequest::default()
    };
    tickets.create_ticket(request).await.expect("it can be made").into_inner().ticket.expect("the answer holds it")
}

/// An engineer of a town who has signed in to the console.
async fn engineer(server: &gigafleet_tests::ServerProcess, name: &str, owner: &str) -> Visitor {
    let place = StaffPlace { municipality_id: owner.to_owned(), ..StaffPlace::default() };
    let (_, link) = server.staff().invite(name, StaffRole::Engineer, place, Duration::from_secs(86_400)).await;
    let mut visitor = Visitor::new(server.console_address());
    visitor.accept_link(&link, &[("password", PASSWORD)]).await;
    visitor
}

async fn a_worn_battery_is_the_likely_cause_and_a_dry_run_counts_it(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let home = Home::make(&server, 1).await;
    let identity = home.enroll().await;
    let mut report = fleet::full_report(1, 9);
    let battery = v1::Battery { health_percent: Some(61), ..v1::Battery::default() };
    report.status.get_or_insert_default().battery = Some(battery);
    fleet::agent_client(&identity).await.check_in(report).await.expect("it is stored");
    let mut tickets = TicketServiceClient::new(server.staff().connection().await);
    let (owner, school) = (home.municipality_id.as_str(), home.school_id.as_str());
    let device = identity.device_id.0.as_str();
    let ticket = make(&mut tickets, (owner, school), device, TicketCategory::NoStart, "授業中に電源が切れる").await;
    make(&mut tickets, (owner, school), "", TicketCategory::Screen, "画面が割れた").await;

    let request =
        GetTicketSuggestionsRequest { municipality_id: owner.to_owned(), ticket_id: ticket.ticket_id.clone() };
    let found = tickets.get_ticket_suggestions(request).await.expect("it is answered").into_inner().suggestions;
    let first = &found[0];
    assert_eq!(first.rule_id, "battery-worn");
    let why = first.reasons.iter().map(|reason| reason.en.as_str()).collect::<Vec<_>>();
    assert_eq!(why[1], "the battery keeps 61 %, below 70 % (when it was reported)");
    assert!(first.reasons[1].ja.contains("61 %") && !first.steps.is_empty() && !first.source.is_empty());
    let mut desk = engineer(&server, "sato", owner).await;
    let page = desk.get(&format!("/tickets/{owner}/1")).await;
    assert!(page.text.contains("考えられる原因") && page.text.contains("バッテリーの状態が 61 %"), "{}", page.text);

    // Triage says that it was the battery; the dry run tells how often the rule was right.
    let verb = TriageTicket {
        category: TicketCategory::Battery.into(),
        impact: TicketImpact::OnePupil.into(),
        urgency: TicketUrgency::Today.into(),
    };
    let request = v1::ChangeTicketRequest {
        municipality_id: owner.to_owned(),
        ticket_id: ticket.ticket_id,
        version: ticket.version,
        verb: Some(Verb::Triage(verb)),
    };
    tickets.change_ticket(request).await.expect("it can be judged");
    let trial = |rules: Option<CauseRules>, first: &str| TryCauseRulesRequest {
        municipality_id: owner.to_owned(),
        rules,
        first_date: first.to_owned(),
        last_date: String::from("2027-03-31"),
    };
    let tried = tickets.try_cause_rules(trial(None, "2026-04-01")).await.expect("it is answered").into_inner();
    assert_eq!(tried.tickets, 2);
    let worn = tried.rules.iter().find(|rule| rule.rule_id == "battery-worn").expect("each rule is told of");
    assert_eq!((worn.matched, worn.judged, worn.agreed, &worn.example_numbers[..]), (1, 1, 1, &[1][..]));

    // Stricter rules are tried before they hold; wrong ones are told by their field.
    let asked = GetCauseRulesRequest { municipality_id: owner.to_owned() };
    let told = tickets.get_cause_rules(asked.clone()).await.expect("it is answered").into_inner();
    assert_eq!(told.origin(), CauseRulesOrigin::Product);
    let mut rules = told.rules.expect("the answer holds them");
    rules.rules.retain(|rule| rule.rule_id == "battery-worn");
    rules.rules[0].when.get_or_insert_default().battery_health_percent_below = 60;
    let tried = tickets.try_cause_rules(trial(Some(rules.clone()), "2026-04-01")).await.expect("it is answered");
    assert_eq!(tried.into_inner().explained, 0);
    let told = tickets.get_cause_rules(asked.clone()).await.expect("it is answered").into_inner();
    assert_eq!(told.origin(), CauseRulesOrigin::Product, "a trial changes nothing");
    let set =
        |rules: Option<CauseRules>, reset| SetCauseRulesRequest { municipality_id: owner.to_owned(), rules, reset };
    tickets.set_cause_rules(set(Some(rules.clone()), false)).await.expect("they can be said");
    let told = tickets.get_cause_rules(asked).await.expect("it is answered").into_inner();
    assert_eq!((told.origin(), told.rules), (CauseRulesOrigin::Owner, Some(rules.clone())));
    rules.rules[0].when.get_or_insert_default().battery_health_percent_below = 101;
    let refused = tickets.set_cause_rules(set(Some(rules.clone()), false)).await;
    assert!(
        refused.as_ref().is_err_and(|status| status.message().contains("battery_health_percent_below")),
        "{refused:?}"
    );
    assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
    assert_refused(tickets.set_cause_rules(set(None, false)).await, Code::InvalidArgument, "FIELD_INVALID");
    assert_refused(tickets.set_cause_rules(set(Some(rules), true)).await, Code::InvalidArgument, "FIELD_INVALID");
    assert_refused(tickets.try_cause_rules(trial(None, "2020-04-01")).await, Code::InvalidArgument, "FIELD_INVALID");
    tickets.set_cause_rules(set(None, true)).await.expect("they can be taken back");
}

async fn duplicates_are_suggested_and_never_of_another_owner(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let staff = server.staff();
    let (owner, other) = (staff.add_municipality("若葉野市").await, staff.add_municipality("潮見台市").await);
    let (owner, other) = (owner.municipality_id, other.municipality_id);
    let school = staff.add_school(&owner, "第一小学校").await.school_id;
    let far = staff.add_school(&other, "他市小学校").await.school_id;
    let mut tickets = TicketServiceClient::new(staff.connection().await);
    let subject = "Wi-Fiにつながらない";
    let mine = make(&mut tickets, (&owner, &school), "", TicketCategory::Wifi, subject).await;
    make(&mut tickets, (&other, &far), "", TicketCategory::Wifi, subject).await;

    let ask = |owner: &str, school: &str| SuggestDuplicatesRequest {
        municipality_id: owner.to_owned(),
        school_id: school.to_owned(),
        subject: String::from("ｗｉｆｉ につながらない"),
        room: String::from("３年２組"),
        category: TicketCategory::Wifi.into(),
        ..SuggestDuplicatesRequest::default()
    };
    let found = tickets.suggest_duplicates(ask(&owner, &school)).await.expect("it is answered").into_inner();
    let ids: Vec<_> = found.duplicates.iter().filter_map(|one| Some(one.ticket.as_ref()?.ticket_id.as_str())).collect();
    assert_eq!(ids, [mine.ticket_id.as_str()], "that of the other town is not named");
    assert!(found.duplicates[0].reasons.iter().any(|reason| reason.en.contains("same room")));
    let found = tickets.suggest_duplicates(ask(&owner, "")).await.expect("it is answered").into_inner();
    assert!(found.duplicates.iter().all(|one| one.ticket.as_ref().is_some_and(|one| one.municipality_id == owner)));
    assert_refused(tickets.suggest_duplicates(ask(&owner, &far)).await, Code::NotFound, "SCHOOL_NOT_FOUND");
    let long = SuggestDuplicatesRequest { room: "組".repeat(65), ..ask(&owner, &school) };
    let refused = tickets.suggest_duplicates(long).await;
    assert!(refused.as_ref().is_err_and(|status| status.message().contains("room")), "{refused:?}");
    assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");

    // Without script, by the button: what was typed stays, and the ticket is named.
    let mut desk = engineer(&server, "sato", &owner).await;
    let form = desk.get(&format!("/tickets/new?municipality={owner}&school={school}")).await;
    assert!(form.text.contains("/tickets/new/similar"), "{}", form.text);
    let typed = [
        ("municipality", owner.as_str()),
        ("school", school.as_str()),
        ("subject", "WiFiにつながらない端末"),
        ("category", "7"),
        ("room", "3年2組"),
    ];
    let page = desk.post("/tickets/new/similar", &typed).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains(&format!("/tickets/{owner}/1")) && page.text.contains("WiFiにつながらない端末"));
    assert!(!page.text.contains(&other), "{}", page.text);
    let mut stranger = engineer(&server, "suzuki", &other).await;
    let page = stranger.post("/tickets/new/similar", &typed).await;
    assert!(!page.text.contains(&format!("/tickets/{owner}/1")), "{}", page.text);
}
