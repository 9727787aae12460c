//! Calls about tickets, one after another, and how many four clients make at once.

use std::time::{Duration, Instant};

use gigafleet_proto::v1::{
    AssignTicket, ChangeTicketRequest, CreateTicketRequest, DeleteTicketViewRequest, GetTicketRequest,
    KeepTicketViewRequest, ListTicketViewsRequest, ListTicketsRequest, SearchTicketsRequest, Ticket, TicketCategory,
    TicketFilter, change_ticket_request::Verb, ticket_service_client::TicketServiceClient,
};
use gigafleet_tests::StaffConnection;

use super::{Figure, Fleet, figure};

/// Lists that are kept.
const VIEWS: usize = 20;
/// How long four clients make tickets.
const MAKING: Duration = Duration::from_secs(10);
/// Tickets each second that they make at least.
const MADE_PER_SECOND: f64 = 500.0;

/// Limits of the 99th percentile in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Targets {
    pub call: f64,
    pub search: f64,
}

struct Desk<'a> {
    fleet: &'a Fleet,
    client: TicketServiceClient<StaffConnection>,
    rounds: usize,
    targets: Targets,
}

fn queue_of(fleet: &Fleet, round: usize) -> ListTicketsRequest {
    ListTicketsRequest { municipality_id: fleet.owner(round), page_size: 100, ..Default::default() }
}

impl Desk<'_> {
    async fn listed(&mut self, request: ListTicketsRequest) -> (Vec<Ticket>, Duration) {
        let started = Instant::now();
        let page = self.client.list_tickets(request).await.expect("tickets are listed").into_inner();
        (page.tickets, started.elapsed())
    }

    /// A ticket in the queue of some owner.
    async fn some(&mut self, round: usize) -> Ticket {
        let (tickets, _) = self.listed(queue_of(self.fleet, round)).await;
        tickets[round % tickets.len()].clone()
    }

    async fn list(&mut self, name: &'static str, request: impl Fn(usize) -> ListTicketsRequest) -> Figure {
        let mut taken = Vec::new();
        for round in 0..self.rounds {
            let (tickets, took) = self.listed(request(round)).await;
            taken.push((tickets.len(), took));
        }
        figure(name, &taken, self.targets.call)
    }

    async fn search(&mut self, name: &'static str, text: &str, everywhere: bool) -> Figure {
        let mut taken = Vec::new();
        for round in 0..self.rounds {
            let municipality_id = if everywhere { String::new() } else { self.fleet.owner(round) };
            let request =
                SearchTicketsRequest { municipality_id, text: text.to_owned(), page_size: 50, ..Default::default() };
            let started = Instant::now();
            let page = self.client.search_tickets(request).await.expect("tickets are found").into_inner();
            taken.push((page.found.len(), started.elapsed()));
        }
        figure(name, &taken, self.targets.search)
    }

    async fn show(&mut self) -> Figure {
        let mut taken = Vec::new();
        for round in 0..self.rounds {
            let Ticket { municipality_id, ticket_id, .. } = self.some(round).await;
            let request = GetTicketRequest { municipality_id, ticket_id, ..Default::default() };
            let started = Instant::now();
            let whole = self.client.get_ticket(request).await.expect("the ticket is there").into_inner();
            taken.push((whole.events.len(), started.elapsed()));
        }
        figure("show a ticket", &taken, self.targets.call)
    }

    /// The counts of twenty lists that somebody keeps.
    async fn views(&mut self) -> Figure {
        for number in 0..VIEWS {
            let municipality_id = if number.is_multiple_of(4) { String::new() } else { self.fleet.owner(number) };
            let priorities = if number.is_multiple_of(3) { vec![1, 2] } else { Vec::new() };
            let filter = TicketFilter {
                municipality_id,
                priorities,
                unassigned: number.is_multiple_of(2),
                categories: vec![i32::try_from(1 + number % 12).expect("a small number")],
                ..Default::default()
            };
            let name = format!("{number}");
            let request = KeepTicketViewRequest { name, filter: Some(filter), ..Default::default() };
            self.client.keep_ticket_view(request).await.expect("a list is kept");
        }
        let (mut taken, mut ids) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let started = Instant::now();
            let views = self.client.list_ticket_views(ListTicketViewsRequest {}).await.expect("lists are told");
            let views = views.into_inner().views;
            taken.push((views.len(), started.elapsed()));
            ids = views.into_iter().filter(|view| view.is_own).map(|view| view.view_id).collect();
        }
        for view_id in ids {
            let request = DeleteTicketViewRequest { view_id };
            self.client.delete_ticket_view(request).await.expect("a list is given up");
        }
        figure("counts of twenty views", &taken, self.targets.call)
    }

    /// The ticket's page in the console.
    async fn page(&mut self) -> Figure {
        let mut taken = Vec::new();
        for round in 0..self.rounds {
            let ticket = self.some(round).await;
            let path = format!("/tickets/{}/{}", ticket.municipality_id, ticket.ticket_id);
            taken.push(self.fleet.page(&path).await);
        }
        figure("page: a ticket", &taken, self.targets.call)
    }

    /// Takes tickets that nobody has, on the console: only people take, and the installation is none.
    async fn take_over(&mut self) -> Figure {
        let mut taken = Vec::new();
        for round in 0..self.rounds {
            let request = ListTicketsRequest { unassigned: true, ..queue_of(self.fleet, round) };
            let (tickets, _) = self.listed(request).await;
            let ticket = &tickets[round % tickets.len()];
            taken.push(self.fleet.take(ticket).await);
        }
        figure("take a ticket, on its page", &taken, self.targets.call)
    }

    async fn assign(&mut self, staff_id: &str) -> Figure {
        let mut taken = Vec::new();
        for round in 0..self.rounds {
            let Ticket { municipality_id, ticket_id, version, .. } = self.some(round).await;
            let verb = Some(Verb::Assign(AssignTicket { staff_id: staff_id.to_owned() }));
            let request = ChangeTicketRequest { municipality_id, ticket_id, version, verb };
            let started = Instant::now();
            self.client.change_ticket(request).await.expect("it is changed");
            taken.push((1, started.elapsed()));
        }
        figure("give a ticket to somebody", &taken, self.targets.call)
    }

    fn report(&self, round: usize) -> CreateTicketRequest {
        let (municipality_id, school_id) = self.fleet.school(round).clone();
        CreateTicketRequest {
            municipality_id,
            school_id,
            subject: format!("画面が乱れる {round}"),
            text: String::from("電源は入りますが、表示が乱れて授業では使えません。"),
            category: TicketCategory::Screen.into(),
            ..Default::default()
        }
    }

    async fn create(&mut self) -> Figure {
        let mut taken = Vec::new();
        for round in 0..self.rounds {
            let report = self.report(round);
            let started = Instant::now();
            self.client.create_ticket(report).await.expect("a ticket is made");
            taken.push((1, started.elapsed()));
        }
        figure("make a ticket", &taken, self.targets.call)
    }

    /// Four clients that make tickets as fast as they can.
    async fn create_at_once(&self) -> f64 {
        let begun = Instant::now();
        let one = async |number: usize| {
            let mut client = TicketServiceClient::new(self.fleet.staff.connection().await);
            let mut made = 0_u32;
            while begun.elapsed() < MAKING {
                let round = number * 1_000_003 + made as usize * 4;
                client.create_ticket(self.report(round)).await.expect("a ticket is made");
                made += 1;
            }
            made
        };
        let (a, b, c, d) = tokio::join!(one(0), one(1), one(2), one(3));
        f64::from(a + b + c + d) / begun.elapsed().as_secs_f64()
    }
}

/// Measures all of them.
pub async fn measure(
    fleet: &Fleet,
    staff_id: &str,
    rounds: usize,
    targets: Targets,
    tell: impl Fn(&Figure),
) -> Vec<Figure> {
    let client = TicketServiceClient::new(fleet.desk.connection().await);
    let mut desk = Desk { fleet, client, rounds, targets };
    let mut figures = Vec::new();
    let mut take = |figure: Figure| {
        tell(&figure);
        figures.push(figure);
    };
    let everywhere = || ListTicketsRequest { page_size: 100, ..Default::default() };
    take(desk.list("queue of everything", |_| everywhere()).await);
    take(desk.list("queue of a municipality", |round| queue_of(fleet, round)).await);
    let of_school = |round| {
        let (municipality_id, school_id) = fleet.school(round).clone();
        ListTicketsRequest { municipality_id, school_id, page_size: 100, ..Default::default() }
    };
    take(desk.list("queue of a school", of_school).await);
    let wifi =
        |_| ListTicketsRequest { categories: vec![TicketCategory::Wifi.into()], unassigned: true, ..everywhere() };
    take(desk.list("queue of everything: Wi-Fi that nobody has", wifi).await);
    take(
        desk.list("done in a municipality", |round| ListTicketsRequest { done: true, ..queue_of(fleet, round) }).await,
    );
    take(desk.views().await);
    take(desk.show().await);
    take(desk.page().await);
    for (name, text, everywhere) in [
        ("search everything: two characters in three of ten", "画面", true),
        ("search everything: two characters in one of fifty", "遠隔", true),
        ("search everything: five characters in two of ten", "ランプは点", true),
        ("search everything: two characters that nothing has", "宇宙", true),
        ("search a municipality: two characters in three of ten", "画面", false),
        ("search a municipality: five characters in one of ten", "裏ぶたが浮", false),
    ] {
        take(desk.search(name, text, everywhere).await);
    }
    take(desk.take_over().await);
    take(desk.assign(staff_id).await);
    take(desk.create().await);
    let made = desk.create_at_once().await;
    take(Figure {
        call: "four clients make tickets: each second (not ms)",
        elements: 0,
        p50_ms: made,
        p99_ms: made,
        held: made >= MADE_PER_SECOND,
    });
    figures
}
