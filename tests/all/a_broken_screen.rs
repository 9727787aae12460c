//! A broken screen from the label on a tablet to the closed ticket: report, triage, spare, repair with quote and insurance, cost, and
//! the tablet back on the shelf; with what the histories of both devices, the ticket and the list of costs say in the end.

use std::time::Duration;

use gigafleet_proto::v1::{
    self, DeviceFieldName, RepairTerms, StaffPlace, StaffRole, change_ticket_request::Verb,
    ticket_service_client::TicketServiceClient,
};
use gigafleet_tests::{Engine, ServerOptions, ServerProcess, StaffConnection, Visitor};
use http::StatusCode;
use serde_json::Value;

on_both_engines!(a_broken_screen_is_swapped_repaired_paid_and_closed);

const PASSWORD: &str = "correct horse battery staple 7";

/// The desk, as programs reach it.
struct Desk {
    server: ServerProcess,
    tickets: TicketServiceClient<StaffConnection>,
    owner: String,
    ticket_id: String,
}

impl Desk {
    async fn read(&mut self) -> v1::GetTicketResponse {
        let request = v1::GetTicketRequest {
            municipality_id: self.owner.clone(),
            ticket_id: self.ticket_id.clone(),
            number: u64::from(self.ticket_id.is_empty()),
        };
        self.tickets.get_ticket(request).await.expect("the ticket is there").into_inner()
    }

    async fn seen(&mut self) -> u64 {
        self.read().await.ticket.expect("the answer holds it").version
    }

    async fn change(&mut self, verb: Verb) {
        let request = v1::ChangeTicketRequest {
            municipality_id: self.owner.clone(),
            ticket_id: self.ticket_id.clone(),
            version: self.seen().await,
            verb: Some(verb),
        };
        self.tickets.change_ticket(request).await.expect("it can be changed");
    }

    /// Adds a device of a school by hand; gives its id.
    async fn add(&self, school: &str, fields: &[(DeviceFieldName, &str)]) -> String {
        let fields = [fields, &[(DeviceFieldName::School, school)]].concat();
        self.server.staff().add_device(&self.owner, &fields).await
    }

    async fn field(&self, device: &str, name: DeviceFieldName) -> String {
        let device = self.server.staff().device(device).await.expect("it is there");
        device.fields.into_iter().find(|field| field.name() == name).map(|field| field.value).unwrap_or_default()
    }

    /// States through which a device went by hand, oldest first: the verb and what it was for.
    async fn moves(&self, device: &str) -> Vec<(String, String)> {
        let request = v1::GetDeviceTimelineRequest { device_id: device.to_owned(), ..Default::default() };
        let mut devices = self.server.staff().devices().await;
        let entries = devices.get_device_timeline(request).await.expect("it has a history").into_inner().events;
        let told = entries.iter().rev().filter_map(|entry| {
            let details: Value = serde_json::from_str(&entry.details).ok()?;
            Some((details.get("verb")?.as_str()?.to_owned(), details.get("reason")?.as_str()?.to_owned()))
        });
        told.collect()
    }
}

/// Makes labels for a school's devices as staff do in the console; gives the code of the one with a 管理番号.
pub(crate) async fn code_of(desk: &mut Visitor, school: &str, label: &str) -> String {
    let page = format!("/schools/{school}/labels");
    let made = desk.post(&page, &[("grade", ""), ("class", "")]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let page = desk.get(&page).await;
    let row = page.text.split("<tr>").find(|row| row.contains(label)).expect("the tablet has a label");
    let (_, code) = row.split_once("<code>").expect("the label has a code");
    code.split('<').next().expect("it ends").to_owned()
}

async fn a_broken_screen_is_swapped_repaired_paid_and_closed(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let staff = server.staff();
    let owner = staff.add_municipality("若葉野市").await.municipality_id;
    let school = staff.add_school(&owner, "第一小学校").await.school_id;
    let tickets = TicketServiceClient::new(staff.connection().await);
    let mut desk = Desk { server, tickets, owner: owner.clone(), ticket_id: String::new() };
    let broken = desk
        .add(
            &school,
            &[
                (DeviceFieldName::Label, "W-1-0307"),
                (DeviceFieldName::Lifecycle, "in_use"),
                (DeviceFieldName::Grade, "3"),
                (DeviceFieldName::ClassName, "2"),
                (DeviceFieldName::SeatNumber, "7"),
                (DeviceFieldName::HolderId, "p-0307"),
            ],
        )
        .await;
    let spare = desk.add(&school, &[(DeviceFieldName::Label, "W-1-9001"), (DeviceFieldName::Lifecycle, "spare")]).await;

    // An engineer prints labels; a pupil scans the one on the tablet.
    let place = StaffPlace { municipality_id: owner.clone(), ..StaffPlace::default() };
    let (_, link) = staff.invite("sato", StaffRole::Engineer, place, Duration::from_secs(86_400)).await;
    let mut engineer = Visitor::new(desk.server.console_address());
    engineer.accept_link(&link, &[("password", PASSWORD)]).await;
    let code = code_of(&mut engineer, &school, "W-1-0307").await;
    let mut pupil = Visitor::new(desk.server.console_address());
    let form = pupil.get(&format!("/r/{code}")).await;
    assert!(form.text.contains("W-1-0307"), "{}", form.text);
    let id = form.between("name=\"form\" value=\"", "\"").expect("the form has an id").to_owned();
    let said =
        [("form", id.as_str()), ("category", "1"), ("who", "pupil"), ("stopped", "no"), ("text", "左下が割れた")];
    let sent = pupil.post(&format!("/r/{code}"), &said).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let follow = sent.location().to_owned();

    // The desk looks at it, and hands a spare out on the page.
    let read = desk.read().await.ticket.expect("the report is a ticket");
    assert_eq!((read.device_id.as_str(), read.category()), (broken.as_str(), v1::TicketCategory::Screen));
    desk.ticket_id = read.ticket_id;
    desk.change(Verb::Triage(v1::TriageTicket {
        category: v1::TicketCategory::Screen.into(),
        impact: v1::TicketImpact::OnePupil.into(),
        urgency: v1::TicketUrgency::Today.into(),
    }))
    .await;
    let request = v1::ListSparesRequest { municipality_id: owner.clone(), ticket_id: desk.ticket_id.clone() };
    let spares = desk.tickets.list_spares(request).await.expect("there are spares").into_inner().spares;
    assert_eq!(spares.iter().map(|spare| spare.label.as_str()).collect::<Vec<_>>(), ["W-1-9001"]);
    let page = engineer.get(&format!("/tickets/{owner}/1")).await;
    assert!(page.text.contains("W-1-9001"), "{}", page.text);
    let (chosen, seen) = (format!("{}:{}", spares[0].device_id, spares[0].etag), desk.seen().await.to_string());
    let swap = [("leg", "swap"), ("version", seen.as_str()), ("spare", chosen.as_str()), ("becomes", "1")];
    let swapped = engineer.post(&format!("/tickets/{owner}/1/legs"), &swap).await;
    assert_eq!(swapped.status, StatusCode::SEE_OTHER, "{}", swapped.text);
    let again = engineer.post(&format!("/tickets/{owner}/1/legs"), &swap).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(desk.field(&spare, DeviceFieldName::Lifecycle).await, "in_use");
    assert_eq!(desk.field(&spare, DeviceFieldName::HolderId).await, "p-0307");
    assert_eq!(desk.field(&broken, DeviceFieldName::Lifecycle).await, "in_repair");
    assert_eq!(desk.field(&broken, DeviceFieldName::ClassName).await, "");

    // The repair: quote and insurance, then what it cost, and back on the shelf.
    let terms = RepairTerms {
        vendor: String::from("多摩端末修理センター"),
        quote_yen: Some(18_700),
        insurance: v1::RepairInsurance::Claimed.into(),
        insurance_number: String::from("H-2026-0042"),
        sent_date: String::from("2026-11-09"),
        ..RepairTerms::default()
    };
    let (municipality_id, ticket_id) = (owner.clone(), desk.ticket_id.clone());
    let version = desk.seen().await;
    let request = v1::StartRepairRequest { municipality_id, ticket_id, version, terms: Some(terms.clone()) };
    let begun = desk.tickets.start_repair(request).await.expect("it goes to repair").into_inner();
    let repair_id = begun.repair.expect("the answer holds it").repair_id;
    let terms = RepairTerms {
        insurance: v1::RepairInsurance::Paid.into(),
        back_date: String::from("2026-11-20"),
        cost_yen: Some(5_500),
        payer: v1::Payer::Own.into(),
        ..terms
    };
    let request = v1::EndRepairRequest {
        municipality_id: owner.clone(),
        ticket_id: desk.ticket_id.clone(),
        version: desk.seen().await,
        repair_id,
        end: v1::RepairEnd::Spare.into(),
        terms: Some(terms),
    };
    desk.tickets.end_repair(request).await.expect("it comes back");
    desk.change(Verb::Resolve(v1::ResolveTicket {
        text: String::from("予備機と交換し、画面を修理しました。")
    }))
    .await;
    desk.change(Verb::Close(v1::CloseTicket {})).await;

    // What the histories say.
    let of_ticket = |verb: &str| (verb.to_owned(), String::from("#1"));
    assert_eq!(desk.moves(&broken).await, [of_ticket("send_to_repair"), of_ticket("make_spare")]);
    assert_eq!(desk.moves(&spare).await, [of_ticket("put_in_use")]);
    let whole = desk.read().await;
    use v1::TicketEventKind::{Closed, Created, RepairEnded, RepairStarted, Resolved, Swapped, Triaged};
    let happened: Vec<_> = whole.events.iter().map(v1::TicketEvent::kind).collect();
    assert_eq!(happened, [Created, Triaged, Swapped, RepairStarted, RepairEnded, Resolved, Closed]);
    assert_eq!(whole.ticket.expect("the answer holds it").state(), v1::TicketState::Closed);
    let details: Value = serde_json::from_str(&whole.events[2].details_json).expect("JSON");
    assert_eq!((&details["device"], &details["spare"]), (&"W-1-0307".into(), &"W-1-9001".into()));
    let request = v1::ListTicketCostsRequest {
        municipality_id: owner.clone(),
        first_date: String::from("2026-11-01"),
        last_date: String::from("2026-11-30"),
        ..v1::ListTicketCostsRequest::default()
    };
    let costs = desk.tickets.list_ticket_costs(request).await.expect("there are costs").into_inner().costs;
    assert_eq!(costs.len(), 1);
    let cost = &costs[0];
    assert_eq!((cost.kind(), cost.payer()), (v1::TicketCostKind::Repair, v1::Payer::Own));
    assert_eq!((cost.amount_yen, cost.date.as_str(), cost.ticket_number), (5_500, "2026-11-20", 1));
    assert_eq!(cost.device_id, broken);
    // The pupil sees what became of it, and nothing of money.
    let standing = pupil.get(&follow).await;
    assert!(standing.text.contains("べつの端末にかえました"), "{}", standing.text);
    assert!(!standing.text.contains("5,500") && !standing.text.contains("多摩端末修理センター"));
}
