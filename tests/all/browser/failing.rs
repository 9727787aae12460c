//! Devices of a town that failed within half a year, and a model of which too many did.

use std::collections::BTreeMap;

use gigafleet_proto::v1::{self, change_ticket_request::Verb, ticket_service_client::TicketServiceClient};
use gigafleet_tests::ServerProcess;

/// Devices of which the models are asked for.
const LOOKED_AT: usize = 120;

/// Lets devices of an owner fail, and one model more often than the others.
pub(super) async fn failing(server: &ServerProcess, owner: &str, devices: &[v1::Device]) {
    let mut models: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for listed in devices.iter().take(LOOKED_AT) {
        // A list does not tell all fields.
        let device = server.staff().device(&listed.device_id).await.expect("it is there");
        let model = device.fields.into_iter().find(|field| field.name() == v1::DeviceFieldName::Model);
        if let Some(model) = model {
            models.entry(model.value).or_default().push(&listed.device_id);
        }
    }
    let mut models: Vec<_> = models.into_iter().collect();
    models.sort_by_key(|(_, devices)| std::cmp::Reverse(devices.len()));
    let mut last = None;
    for (place, (_, devices)) in models.iter().enumerate() {
        let (screens, batteries) = [(9, 3), (3, 16), (2, 0), (1, 1)].get(place).copied().unwrap_or((0, 0));
        let kinds = std::iter::repeat_n((v1::TicketCategory::Screen, "画面が割れた"), screens)
            .chain(std::iter::repeat_n((v1::TicketCategory::Battery, "バッテリーが膨らんでいる"), batteries));
        for (device, (category, subject)) in devices.iter().zip(kinds) {
            let number = done(server, (owner, device), category, subject).await;
            if place == 1 && category == v1::TicketCategory::Battery {
                last = Some(number);
            }
        }
    }
    let half_a_year = 180 * 86_400_000_000_i64;
    server.change(&format!("UPDATE device SET created_at = created_at - {half_a_year} WHERE label LIKE '若-%'")).await;
    // Background work looks once an hour.
    let (number, model) = (last.expect("there are models"), &models[1].0);
    server
        .change(&format!(
            "INSERT INTO failure_alarm (municipality_id, model_key, category, model, ticket_id, devices, failure_count,
                 in_use_count, recent_days, other_owner_count, raised_at, cleared_at)
             SELECT municipality_id, UPPER(REPLACE(REPLACE('{model}', ' ', ''), '-', '')), 3, '{model}', ticket_id, '[]', 16, {},
                 28, 2, created_at, NULL
             FROM ticket WHERE number = {number}",
            models[1].1.len(),
        ))
        .await;
}

/// A ticket of a device that is done already; its number.
async fn done(
    server: &ServerProcess,
    (owner, device): (&str, &str),
    category: v1::TicketCategory,
    subject: &str,
) -> u64 {
    let mut tickets = TicketServiceClient::new(server.staff().connection().await);
    let request = v1::CreateTicketRequest {
        municipality_id: owner.to_owned(),
        device_id: device.to_owned(),
        subject: subject.to_owned(),
        category: category.into(),
        ..v1::CreateTicketRequest::default()
    };
    let made = tickets.create_ticket(request).await.expect("a ticket can be made").into_inner().ticket.expect("one");
    let request = v1::ChangeTicketRequest {
        municipality_id: made.municipality_id,
        ticket_id: made.ticket_id,
        version: made.version,
        verb: Some(Verb::Resolve(v1::ResolveTicket { text: String::from("交換した") })),
    };
    tickets.change_ticket(request).await.expect("a ticket can be changed");
    made.number
}
