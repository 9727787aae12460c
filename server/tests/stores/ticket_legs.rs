//! Legs of tickets: a spare in the place of a device, repairs, losses, costs; all of it with the histories of the devices.

use gigafleet::{
    access::rules::{Place, Role, Staff},
    devices::rules::{
        DeviceId,
        events::EventKind as DeviceEvent,
        fields::{Field, FieldValue, Lifecycle},
        lifecycle::Verb,
    },
    error::{Kind, Result},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        legs::{
            rules::{
                CostId, CostKind, LossEnd, LossId, Payer, RepairEnd, RepairId, Swapped,
                said::{SaidCost, SaidLoss, SaidRepair, Yen},
            },
            service::{CostsOrder, SwapOrder},
        },
        rules::{EventKind, TicketId},
        service::{Change, Named, TicketOrder, TicketView, Tickets},
    },
};
use gigafleet_proto::v1;
use uuid::Uuid;

use crate::{
    World,
    ticketing::{order, person},
};

crate::on_both_engines!(
    a_spare_stands_in_and_both_histories_tell_it,
    of_two_who_hand_out_one_spare_one_wins,
    a_swap_is_refused_whole,
    spares_of_the_school_come_first,
    a_repair_ends_as_a_spare_with_its_cost,
    a_device_goes_back_to_its_user_and_the_spare_to_the_shelf,
    a_device_is_in_one_repair_at_a_time,
    a_lost_device_is_found_or_written_off,
    costs_come_page_by_page_and_are_only_taken_back,
    devices_and_legs_of_others_are_not_found,
);

const TODAY: &str = "2026-11-24";

fn tickets(world: &World) -> Tickets {
    Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone())
}

async fn device(world: &World, owner: MunicipalityId, school: SchoolId, label: &str, state: Lifecycle) -> DeviceId {
    let mut said = vec![
        (Field::Label, FieldValue::text(label)),
        (Field::School, FieldValue::text(&school.to_string())),
        (Field::Lifecycle, state.into()),
        (Field::Room, FieldValue::text("保管庫")),
    ];
    if state == Lifecycle::InUse {
        said[3].1 = FieldValue::text("3年2組");
        said.extend([
            (Field::Grade, FieldValue::Number(3)),
            (Field::ClassName, FieldValue::text("2")),
            (Field::SeatNumber, FieldValue::Number(7)),
            (Field::HolderId, FieldValue::text("p-0307")),
        ]);
    }
    world.registry.create(&world.staff().await, None, owner, said).await.unwrap()
}

/// What is shown of a device: state, then where it stands.
async fn shown(world: &World, device: DeviceId) -> [String; 6] {
    let device = world.overview.device(&world.staff().await, device).await.unwrap();
    let names = [
        v1::DeviceFieldName::Lifecycle,
        v1::DeviceFieldName::Room,
        v1::DeviceFieldName::Grade,
        v1::DeviceFieldName::ClassName,
        v1::DeviceFieldName::SeatNumber,
        v1::DeviceFieldName::HolderId,
    ];
    names.map(|name| {
        device.fields.iter().find(|field| field.name() == name).map(|f| f.value.clone()).unwrap_or_default()
    })
}

fn stands(state: &str, place: [&str; 5]) -> [String; 6] {
    [state, place[0], place[1], place[2], place[3], place[4]].map(String::from)
}

const CLASS: [&str; 5] = ["3年2組", "3", "2", "7", "p-0307"];
const NOWHERE: [&str; 5] = [""; 5];

/// What happened to a device since it was added, oldest first, with the details.
async fn history(world: &World, device: DeviceId) -> Vec<(DeviceEvent, serde_json::Value)> {
    let mut entries = world.registry.timeline(&world.staff().await, device, None, 100).await.unwrap();
    // The clock stands still, so that the ids tell the order.
    entries.sort_by_key(|entry| entry.position.id);
    let told = entries.into_iter().map(|entry| (entry.kind, serde_json::from_str(&entry.details).unwrap()));
    told.filter(|(kind, _)| *kind != DeviceEvent::Created).collect()
}

async fn version(world: &World, device: DeviceId) -> i64 {
    world.overview.device(&world.staff().await, device).await.unwrap().etag.parse().unwrap()
}

struct Town {
    tickets: Tickets,
    staff: Staff,
    owner: MunicipalityId,
    school: SchoolId,
    broken: DeviceId,
    spare: DeviceId,
    view: TicketView,
}

impl Town {
    async fn new(world: &World) -> Self {
        let (tickets, owner) = (tickets(world), world.municipality("131130").await);
        let school = world.school(owner, "緑小学校").await;
        let broken = device(world, owner, school, "M-1", Lifecycle::InUse).await;
        let spare = device(world, owner, school, "M-99", Lifecycle::Spare).await;
        let staff = person(world, Role::Engineer, Place::Municipality(owner), "sato").await;
        let order = TicketOrder { device: Some(broken), ..order(school, "画面が割れた") };
        let (view, _) = tickets.create(&staff, owner, order).await.unwrap();
        Self { tickets, staff, owner, school, broken, spare, view }
    }

    fn place(&self) -> (MunicipalityId, TicketId) {
        (self.owner, TicketId(self.view.row.ticket_id))
    }

    async fn seen(&self) -> i64 {
        let named = Named::Id(self.place().1);
        self.tickets.get(&self.staff, self.owner, named).await.unwrap().ticket.row.version
    }

    async fn swap(&self, spare: DeviceId, becomes: Swapped) -> Result<TicketView> {
        let order = SwapOrder { spare, becomes, spare_seen: None, device_seen: None };
        self.tickets.swap_with_spare(&self.staff, self.place(), self.seen().await, &order).await
    }

    /// Kinds of what happened to the ticket, oldest first.
    async fn happened(&self) -> Vec<EventKind> {
        let whole = self.tickets.get(&self.staff, self.owner, Named::Id(self.place().1)).await.unwrap();
        whole.events.iter().map(|event| EventKind::from_number(event.kind).unwrap()).collect()
    }

    async fn start(&self) -> RepairId {
        let said = SaidRepair { vendor: String::from("修理の店"), ..SaidRepair::default() };
        let seen = self.seen().await;
        RepairId(self.tickets.start_repair(&self.staff, self.place(), seen, &said).await.unwrap().1.repair_id)
    }

    async fn end(&self, repair: RepairId, end: RepairEnd, said: Option<SaidRepair>) -> Result<TicketView> {
        let seen = self.seen().await;
        self.tickets.end_repair(&self.staff, self.place(), seen, (repair, end, said)).await.map(|(view, _)| view)
    }
}

fn reason<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.unwrap_err().reason
}

async fn a_spare_stands_in_and_both_histories_tell_it(world: World) {
    let town = Town::new(&world).await;
    let (seen, order) = (
        town.seen().await,
        SwapOrder {
            spare: town.spare,
            becomes: Swapped::InRepair,
            spare_seen: Some(version(&world, town.spare).await),
            device_seen: Some(version(&world, town.broken).await),
        },
    );
    let view = town.tickets.swap_with_spare(&town.staff, town.place(), seen, &order).await.unwrap();
    assert_eq!((view.row.version, view.row.device_id), (seen + 1, Some(town.broken.0)));
    assert_eq!(shown(&world, town.spare).await, stands("in_use", CLASS));
    assert_eq!(shown(&world, town.broken).await, stands("in_repair", NOWHERE));
    let of_spare = history(&world, town.spare).await;
    assert_eq!(of_spare.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [DeviceEvent::Moved, DeviceEvent::Changed]);
    assert_eq!(of_spare[0].1["verb"], "put_in_use");
    assert_eq!(of_spare[0].1["reason"], "#1");
    assert_eq!(of_spare[1].1["fields"]["room"], serde_json::json!(["保管庫", "3年2組"]));
    assert_eq!(of_spare[1].1["fields"]["holder_id"], serde_json::json!(["…", "…"]), "who has it is not told");
    let of_broken = history(&world, town.broken).await;
    assert_eq!(of_broken.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [DeviceEvent::Changed, DeviceEvent::Moved]);
    assert_eq!(of_broken[1].1["verb"], "send_to_repair");
    assert_eq!(town.happened().await, [EventKind::Created, EventKind::Swapped]);
    let whole = town.tickets.get(&town.staff, town.owner, Named::Number(1)).await.unwrap();
    let told: serde_json::Value = serde_json::from_str(&whole.events[1].details).unwrap();
    assert_eq!((&told["device"], &told["spare"], &told["becomes"]), (&"M-1".into(), &"M-99".into(), &1.into()));
    // It is no step that is taken back by itself: the devices are elsewhere.
    let undone = town.tickets.change(&town.staff, town.place(), view.row.version, Change::Undo).await;
    assert_eq!(reason(undone), "NOTHING_TO_UNDO");
    // Of what is lost whoever looks for it wants to know who had it.
    let second = device(&world, town.owner, town.school, "M-98", Lifecycle::Spare).await;
    world.registry.move_device(&town.staff, town.broken, None, Verb::PutInUse, "").await.unwrap();
    let said = vec![(Field::HolderId, FieldValue::text("p-0307"))];
    world.registry.update(&town.staff, town.broken, None, said).await.unwrap();
    town.swap(second, Swapped::Lost).await.unwrap();
    assert_eq!(shown(&world, town.broken).await, stands("lost", ["", "", "", "", "p-0307"]));
    assert_eq!(shown(&world, second).await, stands("in_use", ["", "", "", "", "p-0307"]));
}

async fn of_two_who_hand_out_one_spare_one_wins(world: World) {
    let town = Town::new(&world).await;
    let other = device(&world, town.owner, town.school, "M-2", Lifecycle::InUse).await;
    let order = TicketOrder { device: Some(other), ..order(town.school, "起動しない") };
    let (second, _) = town.tickets.create(&town.staff, town.owner, order).await.unwrap();
    let suzuki = person(&world, Role::Engineer, Place::Municipality(town.owner), "suzuki").await;
    let seen = Some(version(&world, town.spare).await);
    let order = SwapOrder { spare: town.spare, becomes: Swapped::InRepair, spare_seen: seen, device_seen: None };
    let places = [town.place(), (town.owner, TicketId(second.row.ticket_id))];
    let swap = |staff, place| town.tickets.swap_with_spare(staff, place, 1, &order);
    let (one, two) = tokio::join!(swap(&town.staff, places[0]), swap(&suzuki, places[1]));
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(won.unwrap().row.version, 2);
    let lost = lost.unwrap_err();
    assert_eq!((lost.kind, lost.reason), (Kind::Precondition, "SPARE_TAKEN"));
    assert!(lost.message.ja.contains("M-99"), "{}", lost.message.ja);
    // The one that was refused changed nothing.
    let mut states = [shown(&world, town.broken).await[0].clone(), shown(&world, other).await[0].clone()];
    states.sort_unstable();
    assert_eq!(states, ["in_repair", "in_use"]);
    assert_eq!(history(&world, town.spare).await.len(), 2);
    // Who saw nothing of it is told that it is no spare.
    let unseen = SwapOrder { spare_seen: None, ..order.clone() };
    let late = town.tickets.create(
        &town.staff,
        town.owner,
        TicketOrder { device: Some(other), ..self::order(town.school, "再") },
    );
    let late = (town.owner, TicketId(late.await.unwrap().0.row.ticket_id));
    let refused = town.tickets.swap_with_spare(&town.staff, late, 1, &unseen).await;
    assert_eq!(reason(refused), "NOT_A_SPARE");
}

async fn a_swap_is_refused_whole(world: World) {
    let town = Town::new(&world).await;
    let before = (shown(&world, town.spare).await, shown(&world, town.broken).await);
    assert_eq!(reason(town.swap(town.broken, Swapped::InRepair).await), "NOT_A_SPARE");
    let old = SwapOrder { spare: town.spare, becomes: Swapped::Lost, spare_seen: None, device_seen: Some(99) };
    assert_eq!(reason(town.tickets.swap_with_spare(&town.staff, town.place(), 1, &old).await), "ETAG_MISMATCH");
    let stale = SwapOrder { spare_seen: Some(99), device_seen: None, ..old };
    let refused = town.tickets.swap_with_spare(&town.staff, town.place(), 1, &stale).await;
    assert_eq!(reason(refused), "ETAG_MISMATCH", "it is a spare still");
    let order = SwapOrder { spare_seen: None, ..stale };
    assert_eq!(reason(town.tickets.swap_with_spare(&town.staff, town.place(), 7, &order).await), "VERSION_MISMATCH");
    let without = town.tickets.create(&town.staff, town.owner, self::order(town.school, "端末なし")).await.unwrap().0;
    let without = (town.owner, TicketId(without.row.ticket_id));
    assert_eq!(reason(town.tickets.swap_with_spare(&town.staff, without, 1, &order).await), "DEVICE_NEEDED");
    assert_eq!(reason(town.tickets.spares(&town.staff, without).await), "DEVICE_NEEDED");
    // What can not be in repair any more takes no spare.
    world.registry.move_device(&town.staff, town.broken, None, Verb::Retire, "").await.unwrap();
    assert_eq!(reason(town.swap(town.spare, Swapped::InRepair).await), "MOVE_NOT_ALLOWED");
    world.registry.move_device(&town.staff, town.broken, None, Verb::PutInUse, "").await.unwrap();
    let view = town.tickets.change(&town.staff, town.place(), 1, Change::Resolve(String::new())).await.unwrap();
    assert_eq!(view.row.version, 2);
    assert_eq!(reason(town.swap(town.spare, Swapped::InRepair).await), "TICKET_RESOLVED");
    assert_eq!((shown(&world, town.spare).await, shown(&world, town.broken).await), before);
    assert_eq!(town.happened().await, [EventKind::Created, EventKind::Resolved]);
}

async fn spares_of_the_school_come_first(world: World) {
    let town = Town::new(&world).await;
    let elsewhere = world.school(town.owner, "青葉小学校").await;
    let far = device(&world, town.owner, elsewhere, "A-1", Lifecycle::Spare).await;
    let near = device(&world, town.owner, town.school, "M-98", Lifecycle::Spare).await;
    device(&world, town.owner, town.school, "M-97", Lifecycle::Retired).await;
    let mut tx = world.db.begin().await.unwrap();
    for (device, at) in [(far, 9_000), (near, 5_000)] {
        tx.query(
            "INSERT INTO checkin_cursor (municipality_id, device_id, run_id, sequence, previous_run_id, previous_sequence,
                 certificate_serial, facts_hash, report_count, transition_count, seen_at, attention)
             VALUES ($1, $2, 1, 1, 0, 0, 1, 0, 1, 0, $3, FALSE)",
        )
        .bind(town.owner)
            .bind(device)
            .bind(at)
            .execute()
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let (spares, school) = town.tickets.spares(&town.staff, town.place()).await.unwrap();
    assert_eq!(school, Some(town.school));
    let told: Vec<_> = spares.iter().map(|spare| (spare.label.as_deref().unwrap(), spare.heard_at)).collect();
    assert_eq!(told, [("M-98", Some(5_000)), ("M-99", None), ("A-1", Some(9_000))]);
    assert_eq!(spares[2].school_name.as_deref(), Some("青葉小学校"));
    // Who reaches one school only sees and takes its spares.
    let here = person(&world, Role::Engineer, Place::School(town.owner, town.school), "here").await;
    assert_eq!(town.tickets.spares(&here, town.place()).await.unwrap().0.len(), 2);
    let order = SwapOrder { spare: far, becomes: Swapped::InRepair, spare_seen: None, device_seen: None };
    assert_eq!(reason(town.tickets.swap_with_spare(&here, town.place(), 1, &order).await), "DEVICE_NOT_FOUND");
    let viewer = person(&world, Role::BoardViewer, Place::Municipality(town.owner), "viewer").await;
    assert_eq!(reason(town.tickets.spares(&viewer, town.place()).await), "RIGHT_MISSING");
    for number in 0..60 {
        device(&world, town.owner, town.school, &format!("X-{number}"), Lifecycle::Spare).await;
    }
    assert_eq!(town.tickets.spares(&town.staff, town.place()).await.unwrap().0.len(), 50);
}

async fn a_repair_ends_as_a_spare_with_its_cost(world: World) {
    let town = Town::new(&world).await;
    town.swap(town.spare, Swapped::InRepair).await.unwrap();
    let repair = town.start().await;
    assert_eq!(history(&world, town.broken).await.len(), 2, "it is in repair already");
    let quoted = SaidRepair {
        vendor: String::from("修理の店"),
        quote: Yen::Amount(18_000),
        insurance: 2,
        insurance_number: String::from("H-1"),
        sent: String::from("2026-11-20"),
        note: String::from("部品待ち"),
        ..SaidRepair::default()
    };
    let seen = town.seen().await;
    let (_, row) = town.tickets.change_repair(&town.staff, town.place(), seen, (repair, &quoted)).await.unwrap();
    assert_eq!((row.quote_yen, row.insurance, row.sent_on.as_deref()), (Some(18_000), 2, Some("2026-11-20")));
    let again = town.tickets.change_repair(&town.staff, town.place(), seen, (repair, &quoted)).await;
    assert_eq!(reason(again), "VERSION_MISMATCH");
    // It goes on whatever became of the ticket.
    let seen = town.seen().await;
    town.tickets.change(&town.staff, town.place(), seen, Change::Resolve(String::new())).await.unwrap();
    let wrong = SaidRepair { back: String::from("2026-11-19"), cost: Yen::Amount(17_600), ..quoted.clone() };
    let refused = town.end(repair, RepairEnd::Spare, Some(wrong.clone())).await.unwrap_err();
    assert_eq!(refused.fields.iter().map(|f| f.field.as_ref()).collect::<Vec<_>>(), ["terms.back_date", "terms.payer"]);
    let paid = SaidRepair { back: String::from("2026-11-23"), payer: 5, insurance: 3, ..wrong };
    town.end(repair, RepairEnd::Spare, Some(paid.clone())).await.unwrap();
    assert_eq!(shown(&world, town.broken).await, stands("spare", NOWHERE));
    let legs = town.tickets.legs(&town.staff, town.place()).await.unwrap();
    assert_eq!((legs.repairs[0].outcome, legs.repairs[0].back_on.as_deref()), (Some(1), Some("2026-11-23")));
    assert_eq!((legs.total_yen, legs.costs.len()), (17_600, 1));
    let cost = &legs.costs[0];
    assert_eq!((cost.kind, cost.payer, cost.spent_on.as_str()), (10, 5, "2026-11-23"));
    assert_eq!((cost.device_id, cost.recorder_name.as_str()), (Some(town.broken.0), "sato さん"));
    assert_eq!(reason(town.end(repair, RepairEnd::Spare, Some(paid.clone())).await), "REPAIR_ENDED");
    assert_eq!(reason(town.end(RepairId(Uuid::now_v7()), RepairEnd::Spare, None).await), "REPAIR_NOT_FOUND");
    assert_eq!(
        town.happened().await[1..],
        [
            EventKind::Swapped,
            EventKind::RepairStarted,
            EventKind::RepairChanged,
            EventKind::Resolved,
            EventKind::RepairEnded
        ]
    );
    // Who only looks reads no notes of staff, and not what is offered.
    let viewer = person(&world, Role::BoardViewer, Place::Municipality(town.owner), "viewer").await;
    let seen = town.tickets.legs(&viewer, town.place()).await.unwrap();
    assert_eq!((seen.repairs[0].note.as_str(), seen.repairs[0].cost_yen), ("", Some(17_600)));
    assert_eq!(legs.repairs[0].note, "部品待ち");
}

async fn a_device_goes_back_to_its_user_and_the_spare_to_the_shelf(world: World) {
    let town = Town::new(&world).await;
    town.swap(town.spare, Swapped::InRepair).await.unwrap();
    let repair = town.start().await;
    town.end(repair, RepairEnd::User, None).await.unwrap();
    assert_eq!(shown(&world, town.broken).await, stands("in_use", CLASS));
    assert_eq!(shown(&world, town.spare).await, stands("spare", NOWHERE));
    // A spare that somebody else has by now stays with them.
    town.swap(town.spare, Swapped::InRepair).await.unwrap();
    let repair = town.start().await;
    world.clock.advance(std::time::Duration::from_secs(60));
    world.registry.move_device(&town.staff, town.spare, None, Verb::MakeSpare, "").await.unwrap();
    world.registry.move_device(&town.staff, town.spare, None, Verb::PutInUse, "").await.unwrap();
    town.end(repair, RepairEnd::User, None).await.unwrap();
    assert_eq!(shown(&world, town.spare).await, stands("in_use", CLASS));
    assert_eq!(shown(&world, town.broken).await, stands("in_use", NOWHERE));
}

async fn a_device_is_in_one_repair_at_a_time(world: World) {
    let town = Town::new(&world).await;
    let repair = town.start().await;
    assert_eq!(shown(&world, town.broken).await[0], "in_repair");
    let seen = town.seen().await;
    let again = town.tickets.start_repair(&town.staff, town.place(), seen, &SaidRepair::default()).await;
    assert_eq!(reason(again), "REPAIR_OPEN");
    assert_eq!(town.seen().await, seen, "what is refused changes nothing");
    // Somebody disposed of it by hand: the repair ends as written off all the same.
    world.registry.move_device(&town.staff, town.broken, None, Verb::Retire, "").await.unwrap();
    world.registry.move_device(&town.staff, town.broken, None, Verb::Dispose, "").await.unwrap();
    assert_eq!(reason(town.end(repair, RepairEnd::Spare, None).await), "MOVE_NOT_ALLOWED");
    town.end(repair, RepairEnd::WrittenOff, None).await.unwrap();
    assert_eq!(shown(&world, town.broken).await[0], "disposed");
    let legs = town.tickets.legs(&town.staff, town.place()).await.unwrap();
    assert_eq!((legs.repairs.len(), legs.costs.len(), legs.repairs[0].outcome), (1, 0, Some(3)));
    assert_eq!(legs.repairs[0].back_on.as_deref(), Some(TODAY));
}

async fn a_lost_device_is_found_or_written_off(world: World) {
    let town = Town::new(&world).await;
    let said =
        SaidLoss { noticed: String::from("2026-11-23"), place: String::from("通学路"), ..SaidLoss::default() };
    let (view, loss) = town.tickets.record_loss(&town.staff, town.place(), 1, &said).await.unwrap();
    assert_eq!(shown(&world, town.broken).await, stands("lost", CLASS));
    // The police and the board come later, with all that was known.
    let told = SaidLoss {
        police_number: String::from("府中-1234"),
        police: String::from(TODAY),
        board: String::from(TODAY),
        lock_note: String::from("MDMで紛失モード"),
        ..said.clone()
    };
    let (view, more) = town.tickets.record_loss(&town.staff, town.place(), view.row.version, &told).await.unwrap();
    assert_eq!((more.loss_id, more.police_number.as_str()), (loss.loss_id, "府中-1234"));
    assert_eq!(history(&world, town.broken).await.len(), 1, "it was lost before");
    let other = TicketOrder { device: Some(town.broken), ..order(town.school, "見つからない") };
    let other = town.tickets.create(&town.staff, town.owner, other).await.unwrap().0;
    let other = (town.owner, TicketId(other.row.ticket_id));
    assert_eq!(reason(town.tickets.record_loss(&town.staff, other, 1, &said).await), "LOSS_OPEN");
    let loss = LossId(loss.loss_id);
    assert_eq!(reason(town.tickets.end_loss(&town.staff, other, 1, (loss, LossEnd::Found)).await), "LOSS_NOT_FOUND");
    let seen = view.row.version;
    let (view, ended) = town.tickets.end_loss(&town.staff, town.place(), seen, (loss, LossEnd::Found)).await.unwrap();
    assert_eq!((ended.outcome, shown(&world, town.broken).await[0].as_str()), (Some(1), "spare"));
    let again = town.tickets.end_loss(&town.staff, town.place(), view.row.version, (loss, LossEnd::Found)).await;
    assert_eq!(reason(again), "LOSS_ENDED");
    let (_, second) = town.tickets.record_loss(&town.staff, other, 1, &said).await.unwrap();
    let end = (LossId(second.loss_id), LossEnd::WrittenOff);
    town.tickets.end_loss(&town.staff, other, 2, end).await.unwrap();
    assert_eq!(shown(&world, town.broken).await[0], "retired");
    assert_eq!(
        town.happened().await,
        [EventKind::Created, EventKind::LossRecorded, EventKind::LossRecorded, EventKind::LossEnded]
    );
    let wrong = SaidLoss { noticed: String::new(), police: String::from("x"), ..said };
    let refused = town.tickets.record_loss(&town.staff, town.place(), view.row.version, &wrong).await.unwrap_err();
    let names: Vec<_> = refused.fields.iter().map(|field| field.field.as_ref()).collect();
    assert_eq!(names, ["terms.notice_date", "terms.police_date"]);
}

async fn costs_come_page_by_page_and_are_only_taken_back(world: World) {
    let town = Town::new(&world).await;
    let cost = |amount, date: &str, corrects| SaidCost {
        kind: CostKind::Battery.to_number().into(),
        payer: Payer::Guardian.to_number().into(),
        amount: Yen::Amount(amount),
        date: date.to_owned(),
        note: String::from("内部"),
        corrects,
    };
    let days = ["2026-11-03", "2026-11-01", "2026-11-02", "2026-11-02", "2026-11-02"];
    let mut written = Vec::new();
    for (day, amount) in days.iter().zip(1_000..) {
        let seen = town.seen().await;
        let said = cost(amount, day, None);
        written.push(town.tickets.record_cost(&town.staff, town.place(), seen, &said).await.unwrap().1);
    }
    let page = async |first: Option<&str>, last: Option<&str>, behind, limit| {
        let day =
            |text: Option<&str>| text.map(|text| gigafleet::access::rules::days::parse_date("day", text).unwrap());
        let order = CostsOrder { owner: town.owner, first: day(first), last: day(last), behind, limit };
        town.tickets.costs(&town.staff, &order).await
    };
    let all = page(None, None, None, 100).await.unwrap();
    let told: Vec<_> = all.iter().map(|row| row.spent_on.as_str()).collect();
    assert_eq!(told, ["2026-11-01", "2026-11-02", "2026-11-02", "2026-11-02", "2026-11-03"]);
    let (mut paged, mut behind) = (Vec::new(), None);
    loop {
        let rows = page(None, None, behind.take(), 2).await.unwrap();
        let Some(last) = rows.last() else { break };
        behind = Some((last.spent_on.clone(), last.cost_id));
        paged.extend(rows);
    }
    assert_eq!(paged, all);
    assert_eq!(page(Some("2026-11-02"), Some("2026-11-02"), None, 100).await.unwrap().len(), 3);
    assert_eq!(reason(page(Some("2026-11-02"), Some("2026-11-01"), None, 100).await), "FIELD_INVALID");
    // A mistake is taken back by another one, and never further than to nothing.
    let first = CostId(written[0].cost_id);
    let correct = async |amount, corrects| {
        let seen = town.seen().await;
        town.tickets.record_cost(&town.staff, town.place(), seen, &cost(amount, TODAY, Some(corrects))).await
    };
    let (_, taken) = correct(-600, first).await.unwrap();
    assert_eq!((taken.kind, taken.payer, taken.corrects_cost_id), (12, 6, Some(first.0)));
    assert_eq!(reason(correct(-401, first).await), "FIELD_INVALID");
    assert_eq!(reason(correct(-1, CostId(taken.cost_id)).await), "FIELD_INVALID");
    assert_eq!(reason(correct(-1, CostId(Uuid::now_v7())).await), "COST_NOT_FOUND");
    correct(-400, first).await.unwrap();
    let legs = town.tickets.legs(&town.staff, town.place()).await.unwrap();
    assert_eq!((legs.costs.len(), legs.total_yen), (7, 1_001 + 1_002 + 1_003 + 1_004));
    let stale = town.tickets.record_cost(&town.staff, town.place(), 1, &cost(1, TODAY, None)).await;
    assert_eq!(reason(stale), "VERSION_MISMATCH");
    // A board reads what it costs, without the notes of those who work; a school its own.
    let order = CostsOrder { owner: town.owner, first: None, last: None, behind: None, limit: 100 };
    let viewer = person(&world, Role::BoardViewer, Place::Municipality(town.owner), "viewer").await;
    let seen = town.tickets.costs(&viewer, &order).await.unwrap();
    assert_eq!((seen.len(), seen[0].note.as_str(), all[0].note.as_str()), (7, "", "内部"));
    let elsewhere = world.school(town.owner, "青葉小学校").await;
    let teacher = person(&world, Role::SchoolStaff, Place::School(town.owner, elsewhere), "teacher").await;
    assert_eq!(town.tickets.costs(&teacher, &order).await.unwrap(), []);
}

async fn devices_and_legs_of_others_are_not_found(world: World) {
    let town = Town::new(&world).await;
    let elsewhere = world.municipality("131229").await;
    let school = world.school(elsewhere, "青葉小学校").await;
    let spare = device(&world, elsewhere, school, "A-1", Lifecycle::Spare).await;
    let everywhere = world.staff().await;
    let order = SwapOrder { spare, becomes: Swapped::InRepair, spare_seen: None, device_seen: None };
    for staff in [&town.staff, &everywhere] {
        let refused = town.tickets.swap_with_spare(staff, town.place(), 1, &order).await;
        assert_eq!(reason(refused), "DEVICE_NOT_FOUND");
    }
    assert_eq!(shown(&world, spare).await[0], "spare");
    let stranger = person(&world, Role::Engineer, Place::Municipality(elsewhere), "tanaka").await;
    let (place, said) = (town.place(), SaidRepair::default());
    assert_eq!(reason(town.tickets.spares(&stranger, place).await), "TICKET_NOT_FOUND");
    assert_eq!(reason(town.tickets.legs(&stranger, place).await), "TICKET_NOT_FOUND");
    assert_eq!(reason(town.tickets.start_repair(&stranger, place, 1, &said).await), "TICKET_NOT_FOUND");
    let costs = CostsOrder { owner: town.owner, first: None, last: None, behind: None, limit: 100 };
    assert_eq!(reason(town.tickets.costs(&stranger, &costs).await), "MUNICIPALITY_NOT_FOUND");
    let teacher = person(&world, Role::SchoolStaff, Place::School(town.owner, town.school), "teacher").await;
    assert_eq!(reason(town.tickets.start_repair(&teacher, place, 1, &said).await), "RIGHT_MISSING");
}
