//! A hundred engineers who work on one queue at once, each with a connection and an account of their own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gigafleet_proto::v1::{
    ChangeTicketRequest, CreateTicketRequest, GetTicketRequest, ListTicketViewsRequest, ListTicketsRequest, NoteTicket,
    SearchTicketsRequest, TakeTicket, Ticket, TicketCategory, TicketEventKind, change_ticket_request::Verb,
    ticket_service_client::TicketServiceClient,
};
use gigafleet_tests::{ServerProcess, StaffClient, StaffConnection};
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::{Figure, Fleet, engineer, figure};

const ENGINEERS: usize = 100;
const WORKING: Duration = Duration::from_secs(60);
/// Tickets of which all write notes.
const CONTESTED: usize = 20;

/// What one engineer did.
#[derive(Debug, Default)]
struct Day {
    calls: Vec<(usize, Duration)>,
    /// Refused because somebody was first, as it must be.
    overtaken: usize,
    /// Notes that were acknowledged, by the contested ticket's place.
    noted: [usize; CONTESTED],
    failed: Vec<Status>,
}

#[derive(Debug)]
struct Engineer {
    client: TicketServiceClient<StaffConnection>,
    number: usize,
    day: Day,
}

/// What the hundred did in a minute.
#[derive(Debug)]
pub struct Worked {
    pub calls: Figure,
    pub per_second: f64,
    pub overtaken: usize,
    pub failed: Vec<String>,
    /// Acknowledged notes that are not there, or that nobody was told of.
    pub lost: usize,
}

impl Engineer {
    async fn hire(server: &ServerProcess, staff: &StaffClient, number: usize) -> Self {
        let (_, own, _) = engineer(server, staff).await;
        Self { client: TicketServiceClient::new(own.connection().await), number, day: Day::default() }
    }

    /// One call's time, or why it failed.
    fn keep<T>(&mut self, started: Instant, answer: Result<T, Status>) -> Option<T> {
        match answer {
            Ok(answer) => {
                self.day.calls.push((1, started.elapsed()));
                Some(answer)
            }
            // Aborted: somebody was first. FailedPrecondition: what they did ended what was meant.
            Err(status) if matches!(status.code(), Code::Aborted | Code::FailedPrecondition) => {
                self.day.calls.push((1, started.elapsed()));
                self.day.overtaken += 1;
                None
            }
            Err(status) => {
                self.day.failed.push(status);
                None
            }
        }
    }

    async fn change(&mut self, ticket: &Ticket, verb: Verb) -> Option<()> {
        let request = ChangeTicketRequest {
            municipality_id: ticket.municipality_id.clone(),
            ticket_id: ticket.ticket_id.clone(),
            version: ticket.version,
            verb: Some(verb),
        };
        let started = Instant::now();
        let answer = self.client.change_ticket(request).await;
        self.keep(started, answer).map(|_| ())
    }

    async fn show(&mut self, ticket: &Ticket) -> Option<Ticket> {
        let (municipality_id, ticket_id) = (ticket.municipality_id.clone(), ticket.ticket_id.clone());
        let request = GetTicketRequest { municipality_id, ticket_id, ..Default::default() };
        let started = Instant::now();
        let answer = self.client.get_ticket(request).await;
        self.keep(started, answer).and_then(|answer| answer.into_inner().ticket)
    }

    /// The next thing of a day: mostly looking, one in five changes something.
    async fn act(&mut self, fleet: &Fleet, contested: &[Ticket], step: usize) {
        let round = self.number * 31 + step;
        let municipality_id = if round.is_multiple_of(2) { String::new() } else { fleet.owner(round) };
        let queue = ListTicketsRequest { municipality_id, page_size: 50, ..Default::default() };
        let started = Instant::now();
        match step % 10 {
            0 | 3 | 6 => {
                let answer = self.client.list_tickets(queue).await;
                self.keep(started, answer);
            }
            1 => {
                let answer = self.client.list_ticket_views(ListTicketViewsRequest {}).await;
                self.keep(started, answer);
            }
            2 => {
                let text = ["画面", "充電", "Wi-Fi", "ランプは点"][round % 4].to_owned();
                let municipality_id = fleet.owner(round);
                let request = SearchTicketsRequest { municipality_id, text, page_size: 20, ..Default::default() };
                let answer = self.client.search_tickets(request).await;
                self.keep(started, answer);
            }
            4 | 5 | 7 => {
                let seen = contested[round % contested.len()].clone();
                self.show(&seen).await;
            }
            8 if round.is_multiple_of(3) => {
                let (municipality_id, school_id) = fleet.school(round).clone();
                let subject = format!("画面が乱れる {round}");
                let category = TicketCategory::Screen.into();
                let request =
                    CreateTicketRequest { municipality_id, school_id, subject, category, ..Default::default() };
                let answer = self.client.create_ticket(request).await;
                self.keep(started, answer);
            }
            8 => {
                let answer = self.client.list_tickets(ListTicketsRequest { unassigned: true, ..queue }).await;
                let listed = self.keep(started, answer).map(|answer| answer.into_inner().tickets).unwrap_or_default();
                if let Some(ticket) = listed.get(self.number % listed.len().max(1)) {
                    self.change(ticket, Verb::Take(TakeTicket {})).await;
                }
            }
            _ => {
                let place = round % contested.len();
                if let Some(seen) = self.show(&contested[place]).await {
                    let text = format!("{} {step}", self.number);
                    let done = self.change(&seen, Verb::Note(NoteTicket { text })).await;
                    self.day.noted[place] += usize::from(done.is_some());
                }
            }
        }
    }
}

/// Notes of a ticket that are there.
async fn notes(client: &mut TicketServiceClient<StaffConnection>, ticket: &Ticket) -> usize {
    let (municipality_id, ticket_id) = (ticket.municipality_id.clone(), ticket.ticket_id.clone());
    let request = GetTicketRequest { municipality_id, ticket_id, ..Default::default() };
    let whole = client.get_ticket(request).await.expect("the ticket is there").into_inner();
    assert!(whole.events.len() < 500, "older notes are not told");
    whole.events.iter().filter(|event| event.kind() == TicketEventKind::Noted).count()
}

/// Lets them work for a minute.
pub async fn work(server: &ServerProcess, fleet: &Arc<Fleet>, target: f64) -> Worked {
    let mut engineers = Vec::new();
    for number in 0..ENGINEERS {
        engineers.push(Engineer::hire(server, &fleet.staff, number).await);
    }
    let mut client = TicketServiceClient::new(fleet.staff.connection().await);
    let mut contested = Vec::new();
    for place in 0..CONTESTED {
        let (municipality_id, school_id) = fleet.school(place).clone();
        let subject = format!("みんなで {place}");
        let category = TicketCategory::Screen.into();
        let request = CreateTicketRequest { municipality_id, school_id, subject, category, ..Default::default() };
        let made = client.create_ticket(request).await.expect("a ticket is made").into_inner();
        contested.push(made.ticket.expect("the answer holds it"));
    }
    let begun = Instant::now();
    let shared: Arc<[Ticket]> = contested.clone().into();
    let mut at_work = JoinSet::new();
    for mut engineer in engineers {
        let (fleet, contested) = (Arc::clone(fleet), Arc::clone(&shared));
        at_work.spawn(async move {
            let mut step = engineer.number;
            while begun.elapsed() < WORKING {
                engineer.act(&fleet, &contested, step).await;
                step += 1;
            }
            engineer.day
        });
    }
    let days = at_work.join_all().await;
    let seconds = begun.elapsed().as_secs_f64();
    let mut lost = 0;
    for (place, ticket) in contested.iter().enumerate() {
        let acknowledged: usize = days.iter().map(|day| day.noted[place]).sum();
        lost += acknowledged.abs_diff(notes(&mut client, ticket).await);
    }
    let overtaken = days.iter().map(|day| day.overtaken).sum();
    let failed: Vec<_> = days.iter().flat_map(|day| &day.failed).map(ToString::to_string).collect();
    let calls: Vec<_> = days.into_iter().flat_map(|day| day.calls).collect();
    let per_second = calls.len() as f64 / seconds;
    Worked { calls: figure("a hundred engineers at work", &calls, target), per_second, overtaken, failed, lost }
}
