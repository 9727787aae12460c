//! Attachments: who sees a ticket sees them, a ticket has a bounded number, what nobody needs goes away.

use std::{path::PathBuf, time::Duration};

use gigafleet::{
    access::rules::{Place, Role, Staff},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        attachments::{
            files::Files,
            rules::{FileKind, MOST_ON_TICKET},
            service::{Accepted, AttachmentId, AttachmentRow, Attachments, HandedIn},
        },
        phone::service::Phone,
        rules::{CallerKind, Category, EventKind, TicketId},
        service::{Change, Named, Tickets},
    },
};
use uuid::Uuid;

use crate::{
    World,
    ticketing::{order, person},
};

crate::on_both_engines!(
    an_attachment_is_kept_once_and_seen_by_who_sees_its_ticket,
    what_is_internal_is_hidden_from_the_school_and_from_the_link,
    a_ticket_takes_twenty_and_those_who_attach_at_once_count_together,
    a_closed_ticket_takes_none,
    what_is_removed_goes_and_is_told,
    the_sweep_takes_orphans_only,
    photos_of_a_report_are_bounded_and_shown_by_its_link,
);

struct Desk {
    world: World,
    staff: Staff,
    tickets: Tickets,
    attachments: Attachments,
    folder: tempfile::TempDir,
    owner: MunicipalityId,
    school: SchoolId,
    ticket: TicketId,
}

impl Desk {
    async fn of(world: World) -> Self {
        let tickets = Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone());
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(&folder.path().join("attachments")).unwrap();
        let attachments =
            Attachments::new(world.db.clone(), world.clock.clone(), world.access.clone(), tickets.clone(), files);
        let owner = world.municipality("131130").await;
        let school = world.school(owner, "緑小学校").await;
        let staff = world.staff().await;
        let (view, _) = tickets.create(&staff, owner, order(school, "画面")).await.unwrap();
        let ticket = TicketId(view.row.ticket_id);
        Self { world, staff, tickets, attachments, folder, owner, school, ticket }
    }

    async fn attach(&self, staff: &Staff, text: &str, is_for_caller: bool) -> Result<AttachmentRow> {
        let file = HandedIn {
            name: String::from("端末.log"),
            content: text.as_bytes().to_vec(),
            is_for_caller,
            accepted: Accepted::PicturesAndTexts,
        };
        self.attachments.add(staff, self.owner, Named::Id(self.ticket), file).await
    }

    async fn open(&self, staff: &Staff, id: Uuid) -> Result<Vec<u8>> {
        let opened = self.attachments.open(staff, self.owner, Named::Id(self.ticket), AttachmentId(id)).await;
        opened.map(|(_, content)| content.to_vec())
    }

    /// Objects in the folder.
    fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for owner in std::fs::read_dir(self.folder.path().join("attachments")).unwrap() {
            found.extend(std::fs::read_dir(owner.unwrap().path()).unwrap().map(|entry| entry.unwrap().path()));
        }
        found.sort();
        found
    }

    async fn teacher(&self, name: &str) -> Staff {
        person(&self.world, Role::SchoolStaff, Place::School(self.owner, self.school), name).await
    }
}

fn reason<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.unwrap_err().reason
}

/// A picture as a phone sends it.
fn photo(shade: u8) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(30, 20, image::Rgb([shade, 0, 0]))
        .write_to(&mut file, image::ImageFormat::Png)
        .unwrap();
    file.into_inner()
}

async fn an_attachment_is_kept_once_and_seen_by_who_sees_its_ticket(world: World) {
    let desk = Desk::of(world).await;
    let before = desk.tickets.get(&desk.staff, desk.owner, Named::Id(desk.ticket)).await.unwrap();
    let made = desk.attach(&desk.staff, "起動に失敗", true).await.unwrap();
    assert_eq!((made.name.as_str(), made.kind), ("端末.log", FileKind::Text.to_number()));
    assert_eq!(desk.open(&desk.staff, made.attachment_id).await.unwrap(), "起動に失敗".as_bytes());
    let again = desk.attach(&desk.staff, "起動に失敗", true).await.unwrap();
    assert_eq!(again.attachment_id, made.attachment_id);
    assert_eq!(desk.objects().len(), 1, "what came again is not kept twice");
    let whole = desk.tickets.get(&desk.staff, desk.owner, Named::Id(desk.ticket)).await.unwrap();
    assert_eq!(whole.ticket.row.version, before.ticket.row.version + 1);
    let last = whole.events.last().unwrap();
    assert_eq!((last.kind, last.number), (EventKind::AttachedFile.to_number(), whole.attachments[0].event_number));
    assert_eq!(whole.attachments.len(), 1);

    let teacher = desk.teacher("teacher").await;
    assert!(desk.open(&teacher, made.attachment_id).await.is_ok());
    let other = desk.world.school(desk.owner, "西小学校").await;
    let elsewhere = person(&desk.world, Role::SchoolStaff, Place::School(desk.owner, other), "elsewhere").await;
    assert_eq!(reason(desk.open(&elsewhere, made.attachment_id).await), "TICKET_NOT_FOUND");
    assert_eq!(reason(desk.attach(&elsewhere, "x", true).await), "TICKET_NOT_FOUND");
    let town = desk.world.municipality("131148").await;
    let stranger = person(&desk.world, Role::Engineer, Place::Municipality(town), "stranger").await;
    assert_eq!(reason(desk.open(&stranger, made.attachment_id).await), "TICKET_NOT_FOUND");
    // The attachment under another owner's ticket is not there, also for who sees both.
    let school = desk.world.school(town, "東小学校").await;
    let staff = desk.world.staff().await;
    let (theirs, _) = desk.tickets.create(&staff, town, order(school, "画面")).await.unwrap();
    let theirs = Named::Id(TicketId(theirs.row.ticket_id));
    let crossed = desk.attachments.open(&staff, town, theirs, AttachmentId(made.attachment_id)).await;
    assert_eq!(reason(crossed), "ATTACHMENT_NOT_FOUND");
}

async fn what_is_internal_is_hidden_from_the_school_and_from_the_link(world: World) {
    let desk = Desk::of(world).await;
    let made = desk.attach(&desk.staff, "管理用の記録", false).await.unwrap();
    let teacher = desk.teacher("teacher").await;
    assert_eq!(reason(desk.open(&teacher, made.attachment_id).await), "ATTACHMENT_NOT_FOUND");
    let whole = desk.tickets.get(&teacher, desk.owner, Named::Id(desk.ticket)).await.unwrap();
    assert!(whole.attachments.is_empty());
    assert!(whole.events.iter().all(|event| !event.details.contains(&made.attachment_id.to_string())));
    assert_eq!(reason(desk.attach(&teacher, "x", false).await), "RIGHT_MISSING");
    let own = desk.attach(&teacher, "x", true).await.unwrap();
    let named = Named::Id(desk.ticket);
    let removed = desk.attachments.remove(&teacher, desk.owner, named, AttachmentId(own.attachment_id)).await;
    assert_eq!(reason(removed), "RIGHT_MISSING");
    let viewer = person(&desk.world, Role::BoardViewer, Place::Municipality(desk.owner), "viewer").await;
    let looked = desk.open(&viewer, made.attachment_id).await;
    assert!(["ATTACHMENT_NOT_FOUND", "RIGHT_MISSING"].contains(&reason(looked)));
}

async fn a_ticket_takes_twenty_and_those_who_attach_at_once_count_together(world: World) {
    let desk = Desk::of(world).await;
    for number in 2..MOST_ON_TICKET {
        desk.attach(&desk.staff, &format!("file {number}"), true).await.unwrap();
    }
    // Two places are left, for four.
    let at_once = tokio::join!(
        desk.attach(&desk.staff, "a", true),
        desk.attach(&desk.staff, "b", true),
        desk.attach(&desk.staff, "c", true),
        desk.attach(&desk.staff, "d", true),
    );
    let outcomes = [at_once.0, at_once.1, at_once.2, at_once.3];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2, "{outcomes:?}");
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(refused.reason, "ATTACHMENT_LIMIT");
    }
    assert_eq!(reason(desk.attach(&desk.staff, "one more", true).await), "ATTACHMENT_LIMIT");
    let whole = desk.tickets.get(&desk.staff, desk.owner, Named::Id(desk.ticket)).await.unwrap();
    assert_eq!(whole.attachments.len(), MOST_ON_TICKET);
    let numbers: std::collections::BTreeSet<_> = whole.attachments.iter().map(|one| one.event_number).collect();
    assert_eq!(numbers.len(), MOST_ON_TICKET, "each came with something that happened");
}

async fn a_closed_ticket_takes_none(world: World) {
    let desk = Desk::of(world).await;
    for done in [Change::Resolve(String::from("交換しました")), Change::Close] {
        let version =
            desk.tickets.get(&desk.staff, desk.owner, Named::Id(desk.ticket)).await.unwrap().ticket.row.version;
        desk.tickets.change(&desk.staff, (desk.owner, desk.ticket), version, done).await.unwrap();
    }
    assert_eq!(reason(desk.attach(&desk.staff, "x", true).await), "TICKET_CLOSED");
    assert!(!desk.folder.path().join("attachments").join(desk.owner.to_string()).exists(), "nothing was written");
}

async fn what_is_removed_goes_and_is_told(world: World) {
    let desk = Desk::of(world).await;
    let made = desk.attach(&desk.staff, "x", true).await.unwrap();
    let (named, id) = (Named::Id(desk.ticket), AttachmentId(made.attachment_id));
    desk.attachments.remove(&desk.staff, desk.owner, named, id).await.unwrap();
    assert_eq!(reason(desk.open(&desk.staff, id.0).await), "ATTACHMENT_NOT_FOUND");
    assert_eq!(reason(desk.attachments.remove(&desk.staff, desk.owner, named, id).await), "ATTACHMENT_NOT_FOUND");
    assert!(desk.objects().is_empty());
    let whole = desk.tickets.get(&desk.staff, desk.owner, named).await.unwrap();
    assert_eq!(whole.events.last().unwrap().kind, EventKind::RemovedFile.to_number());
    assert!(whole.attachments.is_empty());
    let again = desk.attach(&desk.staff, "x", true).await.unwrap();
    assert_ne!(again.attachment_id, id.0, "what was removed can be attached again");
}

async fn the_sweep_takes_orphans_only(world: World) {
    let desk = Desk::of(world).await;
    let kept = desk.attach(&desk.staff, "kept", true).await.unwrap();
    let gone = desk.attach(&desk.staff, "gone", true).await.unwrap();
    let folder = desk.folder.path().join("attachments");
    let of_owner = folder.join(desk.owner.to_string());
    let removed = of_owner.join(gone.attachment_id.to_string());
    let content = std::fs::read(&removed).unwrap();
    let id = AttachmentId(gone.attachment_id);
    desk.attachments.remove(&desk.staff, desk.owner, Named::Id(desk.ticket), id).await.unwrap();
    // As if the server died before it deleted it.
    std::fs::write(&removed, content).unwrap();
    let orphan = of_owner.join(Uuid::now_v7().to_string());
    std::fs::write(&orphan, b"x").unwrap();
    let foreign = folder.join("README");
    std::fs::write(&foreign, b"x").unwrap();
    // An hour younger than a day, by the clock of the test.
    let now = Duration::from_micros(u64::try_from(desk.world.clock.now().0).unwrap());
    let written = std::time::UNIX_EPOCH + now - Duration::from_secs(23 * 3_600);
    std::fs::File::options().write(true).open(&orphan).unwrap().set_modified(written).unwrap();
    assert_eq!(desk.attachments.sweep().await.unwrap(), 1, "only what was removed");
    assert!(!removed.exists() && orphan.exists());
    desk.world.clock.advance(Duration::from_secs(2 * 3_600));
    assert_eq!(desk.attachments.sweep().await.unwrap(), 1);
    assert!(!orphan.exists() && foreign.exists());
    assert_eq!(desk.attachments.sweep().await.unwrap(), 0, "what is done is done");
    assert_eq!(desk.open(&desk.world.staff().await, kept.attachment_id).await.unwrap(), b"kept");
}

async fn photos_of_a_report_are_bounded_and_shown_by_its_link(world: World) {
    let desk = Desk::of(world).await;
    let phone = Phone::new(desk.world.db.clone(), desk.world.clock.clone(), desk.world.access.clone(), &[3; 32]);
    let code = phone.room_label(&desk.staff, (desk.owner, desk.school), "理科室").await.unwrap();
    let said = gigafleet::tickets::phone::service::Said {
        form: Uuid::now_v7(),
        category: Category::Screen,
        caller: CallerKind::Pupil,
        lesson_stopped: false,
        text: String::from("割れた"),
    };
    let spot = phone.open(&code, None).await.unwrap();
    let link = phone.report(&spot, None, &said).await.unwrap();
    phone.add_photo(&desk.attachments, &link, 1, photo(200)).await.unwrap();
    phone.add_photo(&desk.attachments, &link, 1, photo(200)).await.unwrap();
    let log = phone.add_photo(&desk.attachments, &link, 2, b"a log".to_vec()).await;
    assert_eq!(reason(log), "ATTACHMENT_KIND");
    let found = phone.follow(&link).await.unwrap();
    assert_eq!(found.attachments.len(), 1, "the same photo is there once");
    assert_eq!(found.attachments[0].name, "photo-1.jpg");
    let id = AttachmentId(found.attachments[0].attachment_id);
    let (row, content) = phone.open_file(&desk.attachments, &link, id).await.unwrap();
    assert_eq!((row.width, row.height, &content[..2]), (30, 20, [0xff, 0xd8].as_slice()));
    assert_eq!(reason(phone.open_file(&desk.attachments, "forged", id).await), "REPORT_UNKNOWN");
    // What is among staff stays there, and another ticket's is not this one's.
    let other = desk.attach(&desk.staff, "x", true).await.unwrap();
    let crossed = phone.open_file(&desk.attachments, &link, AttachmentId(other.attachment_id)).await;
    assert_eq!(reason(crossed), "ATTACHMENT_NOT_FOUND");
    for _ in 0..8 {
        phone.count_photo(&link).await.unwrap();
    }
    assert_eq!(reason(phone.count_photo(&link).await), "REPORTS_LIMITED");
}
