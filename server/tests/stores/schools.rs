//! Municipalities, schools, pupils, calendars, lines and hubs, and files about them.

use std::time::Duration;

use gigafleet::{
    access::{
        rules::{Place, Role, Staff},
        service::tokens::TokenOrder,
    },
    error::Kind,
    schools::{
        rules::{
            MunicipalityId, SchoolCode, SchoolId,
            calendar::{LessonTime, Period, PeriodKind, Why},
            fiscal::{FiscalYear, parse_date},
            import::{CalendarEntry, PupilsEntry, SchoolEntry},
            lines::{HubKind, Topology},
            pupils::PupilsSource,
        },
        service::{
            MunicipalityChange, SchoolChange,
            calendar::{CalendarOf, HolidayRow, period_etag},
            lines::LineOrder,
            pupils,
        },
    },
};
use uuid::Uuid;

use crate::World;

crate::on_both_engines!(
    built_in_municipalities_are_there_once,
    municipality_is_changed_by_its_administrator,
    school_is_changed_and_closed_by_version,
    pupils_are_said_by_year,
    calendar_is_inherited_and_overridden,
    days_of_many_owners_are_those_of_each,
    lessons_are_inherited_and_overridden,
    holidays_can_be_said_anew,
    shared_hub_names_no_other_owner,
    files_are_all_or_nothing_and_idempotent,
    school_sees_itself_and_changes_nothing,
);

impl World {
    pub(crate) async fn of_role(&self, role: Role, place: Place) -> Staff {
        let order =
            TokenOrder { id: None, name: String::from("test"), role, place, lifetime: Duration::from_secs(3_600) };
        let (_, secret) = self.access.create_token(&self.staff().await, order).await.unwrap();
        self.access.staff(Some(&format!("Bearer {secret}"))).await.unwrap()
    }

    pub(crate) async fn school(&self, owner: MunicipalityId, name: &str) -> SchoolId {
        let row = self.schools.create_school(&self.staff().await, None, owner, None, name.to_owned()).await.unwrap();
        SchoolId(row.school_id)
    }
}

fn period(kind: PeriodKind, name: &str, first: &str, last: &str) -> Period {
    let date = |text| parse_date("date", text).unwrap();
    Period { kind, name: name.to_owned(), first: date(first), last: date(last) }
}

async fn built_in_municipalities_are_there_once(world: World) {
    // A code that is there keeps its name, its id and its salt.
    let known = world.municipality("131130").await;
    world.schools.install_built_in().await.unwrap();
    world.schools.install_built_in().await.unwrap();
    let staff = world.staff().await;
    let all = world.schools.list_municipalities(&staff, None, "", 1_000).await.unwrap();
    assert_eq!(all.len(), 63);
    let shibuya = all.iter().find(|row| row.code == "131130").unwrap();
    assert_eq!((shibuya.municipality_id, shibuya.name.as_str()), (known.0, "緑野市"));
    let fuchu = all.iter().find(|row| row.name == "府中市").unwrap();
    assert_eq!((fuchu.code.as_str(), fuchu.kind.as_str(), fuchu.keeps_names), ("132063", "市", false));
    let (first, last) = (parse_date("d", "2026-09-20").unwrap(), parse_date("d", "2026-09-30").unwrap());
    let days: Vec<_> =
        world.schools.holidays(&staff, first, last).await.unwrap().into_iter().map(|row| row.name).collect();
    assert_eq!(days, ["敬老の日", "国民の休日", "秋分の日"]);
}

async fn municipality_is_changed_by_its_administrator(world: World) {
    let owner = world.municipality("131130").await;
    let change = MunicipalityChange { keeps_names: Some(true), ..MunicipalityChange::default() };
    let editor = world.of_role(Role::BoardEditor, Place::Municipality(owner)).await;
    let denied = world.schools.update_municipality(&editor, owner, change.clone(), None).await.unwrap_err();
    assert_eq!(denied.reason, "RIGHT_MISSING");
    let administrator = world.of_role(Role::Administrator, Place::Municipality(owner)).await;
    let row = world.schools.update_municipality(&administrator, owner, change.clone(), Some(1)).await.unwrap();
    assert!(row.keeps_names && row.version == 2);
    let late = world.schools.update_municipality(&administrator, owner, change, Some(1)).await.unwrap_err();
    assert_eq!((late.kind, late.reason), (Kind::Conflict, "ETAG_MISMATCH"));
    let other = world.municipality("131016").await;
    assert_eq!(world.schools.municipality(&editor, other).await.unwrap_err().reason, "MUNICIPALITY_NOT_FOUND");
}

async fn school_is_changed_and_closed_by_version(world: World) {
    let owner = world.municipality("131130").await;
    let (one, two) = (world.school(owner, "第一小学校").await, world.school(owner, "第二小学校").await);
    let editor = world.of_role(Role::BoardEditor, Place::Municipality(owner)).await;
    let rename = |name: &str| SchoolChange { name: Some(name.to_owned()), ..SchoolChange::default() };
    let taken = world.schools.update_school(&editor, owner, one, rename("第二　小学校"), None).await.unwrap_err();
    assert_eq!(taken.reason, "SCHOOL_NAME_TAKEN");
    let change = SchoolChange {
        code: Some(Some(SchoolCode::parse("B113210000005").unwrap())),
        is_shelter: Some(true),
        ..rename("青葉小学校")
    };
    let row = world.schools.update_school(&editor, owner, one, change, Some(1)).await.unwrap();
    assert_eq!((row.version, row.is_shelter, row.name.as_str()), (2, true, "青葉小学校"));
    let late = world.schools.update_school(&editor, owner, one, rename("x"), Some(1)).await.unwrap_err();
    assert_eq!(late.reason, "ETAG_MISMATCH");
    let same_code = SchoolChange { code: Some(SchoolCode::parse("B113210000005").ok()), ..SchoolChange::default() };
    let taken = world.schools.update_school(&editor, owner, two, same_code, None).await.unwrap_err();
    assert_eq!(taken.reason, "SCHOOL_EXISTS");
    let closed = world.schools.close_school(&editor, owner, one, Some(2)).await.unwrap();
    assert!(closed.closed_at.is_some());
    let again = world.schools.close_school(&editor, owner, one, None).await.unwrap();
    assert_eq!(again.version, closed.version, "a closed school stays as it is");
    // Its name is free again.
    world.school(owner, "青葉小学校").await;
    let nowhere = world.schools.close_school(&editor, owner, SchoolId(Uuid::now_v7()), None).await.unwrap_err();
    assert_eq!(nowhere.reason, "SCHOOL_NOT_FOUND");
}

async fn pupils_are_said_by_year(world: World) {
    let owner = world.municipality("131130").await;
    let school = world.school(owner, "第一小学校").await;
    let staff = world.staff().await;
    let year = |year| FiscalYear::starting_in(year).unwrap();
    let set = async |at: i32, pupils, seen| {
        let order = (year(at), pupils, PupilsSource::Person);
        world.schools.set_pupils(&world.staff().await, owner, school, order, seen).await
    };
    let first = set(2025, 400, None).await.unwrap();
    set(2026, 410, None).await.unwrap();
    let stale = pupils::etag(&first);
    world.clock.advance(Duration::from_secs(1));
    set(2025, 401, Some(stale.clone())).await.unwrap();
    assert_eq!(set(2025, 402, Some(stale)).await.unwrap_err().reason, "ETAG_MISMATCH");
    let rows = world.schools.list_pupils(&staff, owner, Some(school), (Uuid::nil(), 0), 10).await.unwrap();
    let said: Vec<_> = rows.iter().map(|row| (row.fiscal_year, row.pupils)).collect();
    assert_eq!(said, [(2025, 401), (2026, 410)]);
    let page = world.schools.list_pupils(&staff, owner, None, (school.0, 2025), 10).await.unwrap();
    assert_eq!(page.len(), 1);
}

async fn calendar_is_inherited_and_overridden(world: World) {
    let owner = world.municipality("131130").await;
    let school = world.school(owner, "第一小学校").await;
    let staff = world.staff().await;
    let (board, own) =
        (CalendarOf { municipality: owner, school: None }, CalendarOf { municipality: owner, school: Some(school) });
    let summer = period(PeriodKind::Vacation, "夏季休業", "2026-07-21", "2026-08-31");
    let spring = period(PeriodKind::Vacation, "春季休業", "2026-03-26", "2026-04-05");
    for period in [&summer, &spring] {
        world.schools.set_period(&staff, board, period.clone(), None).await.unwrap();
    }
    let shorter = period(PeriodKind::Vacation, "夏季休業", "2026-07-21", "2026-08-24");
    world.schools.set_period(&staff, own, shorter.clone(), None).await.unwrap();
    let year = FiscalYear::starting_in(2026).unwrap();
    let seen = world.schools.calendar(&staff, own, year).await.unwrap();
    assert_eq!(seen, [(shorter.clone(), false)]);
    let day = async |of: CalendarOf, text: &str| {
        let date = parse_date("d", text).unwrap();
        world.schools.school_days(&world.staff().await, of, date, date).await.unwrap().remove(0).1
    };
    assert!(!day(board, "2026-08-25").await.is_school_day);
    assert!(day(own, "2026-08-25").await.is_school_day);
    // Of the fiscal year before, and still on.
    assert_eq!(day(own, "2026-04-01").await.why, Why::Vacation);
    // Two people move one period: the second sees that it moved.
    let etag = period_etag(&shorter);
    let moved = period(PeriodKind::Vacation, "夏季休業", "2026-07-21", "2026-08-25");
    world.schools.set_period(&staff, own, moved, Some(etag.clone())).await.unwrap();
    let late = world.schools.set_period(&staff, own, shorter, Some(etag)).await.unwrap_err();
    assert_eq!(late.reason, "ETAG_MISMATCH");
    world.schools.delete_period(&staff, own, (year, PeriodKind::Vacation, "夏季休業"), None).await.unwrap();
    assert_eq!(world.schools.calendar(&staff, own, year).await.unwrap(), [(summer, true)]);
    let gone =
        world.schools.delete_period(&staff, own, (year, PeriodKind::Vacation, "夏季休業"), None).await.unwrap_err();
    assert_eq!(gone.reason, "PERIOD_NOT_FOUND");
    let (first, last) = (parse_date("d", "2026-04-01").unwrap(), parse_date("d", "2027-05-06").unwrap());
    let wide = world.schools.school_days(&staff, own, first, last).await.unwrap_err();
    assert_eq!(wide.kind, Kind::Invalid, "401 days");
}

async fn days_of_many_owners_are_those_of_each(world: World) {
    let owners =
        [world.municipality("131130").await, world.municipality("131016").await, world.municipality("132012").await];
    let staff = world.staff().await;
    let holiday = parse_date("d", "2026-05-04").unwrap();
    let row =
        HolidayRow {
            date: String::from("2026-05-04"), name: String::from("みどりの日"), source: String::from("官報")
        };
    world.schools.set_holidays(&staff, holiday, holiday, vec![row]).await.unwrap();
    let board = |owner: usize| CalendarOf { municipality: owners[owner], school: None };
    let set = async |owner: usize, period: Period| {
        world.schools.set_period(&staff, board(owner), period, None).await.unwrap()
    };
    set(0, period(PeriodKind::Term, "第1学期", "2026-04-06", "2026-07-20")).await;
    set(0, period(PeriodKind::Term, "第2学期", "2026-09-01", "2026-12-25")).await;
    set(1, period(PeriodKind::Vacation, "春季休業", "2026-03-26", "2026-04-05")).await;
    set(1, period(PeriodKind::ExtraSchoolDay, "運動会", "2026-05-23", "2026-05-23")).await;
    // A term, a gap between terms, the end of a vacation of the year before, a Saturday, a holiday, an ordinary day.
    for text in ["2026-06-01", "2026-08-10", "2026-04-02", "2026-05-23", "2026-05-04", "2026-06-02"] {
        let date = parse_date("d", text).unwrap();
        let all = world.schools.owner_days(&staff, &owners, date).await.unwrap();
        for owner in 0..owners.len() {
            let one = world.schools.school_days(&staff, board(owner), date, date).await.unwrap().remove(0).1;
            assert_eq!(all[&owners[owner]], one, "{text}");
        }
        assert_eq!(all.len(), owners.len());
    }
    let strange = MunicipalityId(Uuid::now_v7());
    let today = parse_date("d", "2026-06-01").unwrap();
    let refused = world.schools.owner_days(&staff, &[owners[0], strange], today).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
}

async fn lessons_are_inherited_and_overridden(world: World) {
    let owner = world.municipality("131130").await;
    let school = world.school(owner, "第一小学校").await;
    let staff = world.staff().await;
    let (board, own) =
        (CalendarOf { municipality: owner, school: None }, CalendarOf { municipality: owner, school: Some(school) });
    let lesson = |weekday, begin| LessonTime { weekday, period: 1, begin_minute: begin, end_minute: begin + 45 };
    let (_, empty) = world.schools.lesson_times(&staff, board).await.unwrap();
    let both = vec![lesson(1, 525), lesson(2, 525)];
    world.schools.set_lesson_times(&staff, board, both.clone(), Some(empty.clone())).await.unwrap();
    let late = world.schools.set_lesson_times(&staff, board, both, Some(empty)).await.unwrap_err();
    assert_eq!(late.reason, "ETAG_MISMATCH");
    let (lessons, _) = world.schools.set_lesson_times(&staff, own, vec![lesson(1, 530)], None).await.unwrap();
    assert_eq!(lessons, [(lesson(1, 530), false), (lesson(2, 525), true)]);
    let (lessons, _) = world.schools.set_lesson_times(&staff, own, Vec::new(), None).await.unwrap();
    assert_eq!(lessons, [(lesson(1, 525), true), (lesson(2, 525), true)]);
}

async fn holidays_can_be_said_anew(world: World) {
    world.schools.install_built_in().await.unwrap();
    let staff = world.staff().await;
    let (first, last) = (parse_date("d", "2028-01-01").unwrap(), parse_date("d", "2028-12-31").unwrap());
    let row =
        |date: &str| HolidayRow { date: date.to_owned(), name: String::from("元日"), source: String::from("官報") };
    let stored = world.schools.set_holidays(&staff, first, last, vec![row("2028-01-01")]).await.unwrap();
    assert_eq!(stored, [row("2028-01-01")]);
    assert!(world.schools.set_holidays(&staff, first, last, Vec::new()).await.unwrap().is_empty());
    let owner = world.municipality("139017").await;
    let local = world.of_role(Role::Administrator, Place::Municipality(owner)).await;
    let denied = world.schools.set_holidays(&local, first, last, Vec::new()).await.unwrap_err();
    assert_eq!(denied.reason, "RIGHT_MISSING", "holidays are of all");
}

async fn shared_hub_names_no_other_owner(world: World) {
    let owners =
        [world.municipality("131130").await, world.municipality("131016").await, world.municipality("131024").await];
    let staff = world.staff().await;
    let names = || (String::from("共同ハブ"), String::from("某社"));
    let hub = world.schools.create_hub(&staff, None, HubKind::Municipal, names(), Some(owners[0])).await.unwrap().hub;
    let again = world.schools.create_hub(&staff, None, HubKind::Municipal, names(), Some(owners[0])).await.unwrap_err();
    assert_eq!(again.reason, "HUB_EXISTS");
    let order = |school| LineOrder {
        school,
        number: 1,
        topology: Topology::MunicipalHub,
        contract: String::from("光"),
        isp: String::new(),
        contract_mbps: Some(1_000),
        hub: Some(hub.hub_id),
    };
    let editor = world.of_role(Role::BoardEditor, Place::Municipality(owners[1])).await;
    assert!(world.schools.list_hubs(&editor, Uuid::nil(), 100).await.unwrap().is_empty());
    let mut schools = Vec::new();
    for owner in owners {
        schools.push(world.school(owner, "第一小学校").await);
    }
    let hidden = world.schools.set_line(&editor, owners[1], order(schools[1]), None).await.unwrap_err();
    assert_eq!(hidden.reason, "HUB_NOT_FOUND", "until it is joined to the hub by who may see both");
    for (owner, school) in owners.iter().zip(&schools) {
        world.schools.set_line(&staff, *owner, order(*school), None).await.unwrap();
    }
    let seen = world.schools.list_hubs(&editor, Uuid::nil(), 100).await.unwrap();
    assert_eq!((seen.len(), seen[0].others, seen[0].own.as_slice()), (1, 2, &owners[1..2]));
    assert!(seen[0].hub.operator_id.is_nil(), "who runs it is not told to others");
    let all = world.schools.list_hubs(&staff, Uuid::nil(), 100).await.unwrap();
    assert_eq!((all[0].others, all[0].own.len()), (0, 3));
    // A line changes by version, and a hub without lines of an owner forgets it.
    let direct = LineOrder { topology: Topology::Direct, hub: None, ..order(schools[1]) };
    let changed = world.schools.set_line(&editor, owners[1], direct.clone(), Some(1)).await.unwrap();
    assert_eq!(changed.version, 2);
    assert_eq!(world.schools.set_line(&editor, owners[1], direct, Some(1)).await.unwrap_err().reason, "ETAG_MISMATCH");
    assert!(world.schools.list_hubs(&editor, Uuid::nil(), 100).await.unwrap().is_empty());
    let lines = world.schools.list_lines(&staff, owners[0], None, (Uuid::nil(), 0), 10).await.unwrap();
    assert_eq!(lines.len(), 1);
    world.schools.delete_line(&staff, owners[0], schools[0], 1, Some(1)).await.unwrap();
    let gone = world.schools.delete_line(&staff, owners[0], schools[0], 1, None).await.unwrap_err();
    assert_eq!(gone.reason, "LINE_NOT_FOUND");
    let wrong = LineOrder { topology: Topology::Lte, ..order(schools[0]) };
    assert_eq!(world.schools.set_line(&staff, owners[0], wrong, None).await.unwrap_err().kind, Kind::Invalid);
}

async fn files_are_all_or_nothing_and_idempotent(world: World) {
    let owner = world.municipality("131130").await;
    let staff = world.staff().await;
    let entry = |row, code: &str, name: &str| SchoolEntry {
        row,
        code: code.to_owned(),
        name: name.to_owned(),
        is_shelter: String::from("○"),
    };
    let mut file = vec![entry(2, "B113210000005", "第一小学校"), entry(3, "", "第二小学校")];
    let dry = world.schools.import_schools(&staff, owner, &file, true).await.unwrap();
    assert_eq!((dry.added, dry.faults.len()), (2, 0));
    let nil = (Uuid::nil(), Uuid::nil());
    assert!(
        world.overview.schools(&staff, Some(owner), nil, 10).await.unwrap().is_empty(),
        "a dry run changes nothing"
    );
    assert_eq!(world.schools.import_schools(&staff, owner, &file, false).await.unwrap().added, 2);
    let again = world.schools.import_schools(&staff, owner, &file, false).await.unwrap();
    assert_eq!((again.added, again.changed, again.unchanged), (0, 0, 2));
    // By its code a school gets another name; by its name another one meets its code.
    file[0].name = String::from("若葉小学校");
    let renamed = world.schools.import_schools(&staff, owner, &file, false).await.unwrap();
    assert_eq!((renamed.added, renamed.changed, renamed.unchanged), (0, 1, 1));
    file.push(entry(4, "B113210000001", "第三小学校"));
    let refused = world.schools.import_schools(&staff, owner, &file, false).await.unwrap();
    assert_eq!((refused.faults.len(), refused.faults[0].row, refused.added), (1, 4, 0));

    let pupils = |school: &str, pupils: &str| {
        vec![PupilsEntry { row: 2, school: school.into(), fiscal_year: "R7".into(), pupils: pupils.into() }]
    };
    assert_eq!(
        world.schools.import_pupils(&staff, owner, &pupils("若葉小学校", "５００"), false).await.unwrap().added,
        1
    );
    assert_eq!(
        world.schools.import_pupils(&staff, owner, &pupils("B113210000005", "500"), false).await.unwrap().unchanged,
        1
    );
    assert_eq!(
        world.schools.import_pupils(&staff, owner, &pupils("第九小学校", "1"), false).await.unwrap().faults.len(),
        1
    );

    let calendar = [CalendarEntry {
        row: 2,
        kind: String::from("長期休業"),
        name: String::from("夏季休業"),
        first_date: String::from("R8.7.21"),
        last_date: String::from("R8.8.31"),
        ..CalendarEntry::default()
    }];
    assert_eq!(world.schools.import_calendar(&staff, owner, &calendar, false).await.unwrap().added, 1);
    assert_eq!(world.schools.import_calendar(&staff, owner, &calendar, false).await.unwrap().unchanged, 1);
    let viewer = world.of_role(Role::BoardViewer, Place::Municipality(owner)).await;
    let denied = world.schools.import_calendar(&viewer, owner, &calendar, true).await.unwrap_err();
    assert_eq!(denied.reason, "RIGHT_MISSING");
}

async fn school_sees_itself_and_changes_nothing(world: World) {
    let owner = world.municipality("131130").await;
    let (own, other) = (world.school(owner, "第一小学校").await, world.school(owner, "第二小学校").await);
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, own)).await;
    assert!(world.overview.school(&teacher, owner, own).await.is_ok());
    assert_eq!(world.overview.school(&teacher, owner, other).await.unwrap_err().reason, "SCHOOL_NOT_FOUND");
    let year = FiscalYear::starting_in(2026).unwrap();
    let of = |school| CalendarOf { municipality: owner, school };
    assert!(world.schools.calendar(&teacher, of(Some(own)), year).await.is_ok());
    assert!(world.schools.calendar(&teacher, of(None), year).await.is_ok(), "it inherits it");
    assert!(world.schools.calendar(&teacher, of(Some(other)), year).await.is_err());
    let holiday = period(PeriodKind::DayOff, "開校記念日", "2026-06-01", "2026-06-01");
    for school in [None, Some(own)] {
        let denied = world.schools.set_period(&teacher, of(school), holiday.clone(), None).await.unwrap_err();
        assert_eq!(denied.reason, "RIGHT_MISSING");
    }
    let hidden = world.schools.set_period(&teacher, of(Some(other)), holiday, None).await.unwrap_err();
    assert_eq!(hidden.reason, "SCHOOL_NOT_FOUND");
}
