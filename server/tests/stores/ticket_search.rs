//! Search in the texts of tickets: what a plain scan of the folded texts finds, on both engines, within the reader's area.

use gigafleet::{
    access::rules::{Area, Place, Right, Role},
    db::{Tx, recorded},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::search::{
        rules::{Reader, TextQuery, TicketTexts, fold},
        store::{self, Asked},
    },
};
use uuid::Uuid;

use crate::{World, lists::plan, on_both_engines};

/// Numbers that look random and are the same in each run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

const NOUNS: [&str; 24] = [
    "端末",
    "画面",
    "電池",
    "ネットワーク",
    "ﾈｯﾄﾜｰｸ",
    "キーボード",
    "ｷｰﾎﾞｰﾄﾞ",
    "タッチペン",
    "無線LAN",
    "Ｗｉ－Ｆｉ",
    "Chromebook",
    "iPad",
    "アカウント",
    "ﾊﾟｽﾜｰﾄﾞ",
    "プリンター",
    "充電保管庫",
    "3年2組",
    "第１小学校",
    "教室",
    "㍿緑野",
    "ヴァイオリン",
    "カメラ",
    "OS",
    "ブラウザ",
];
const ENDINGS: [&str; 12] = [
    "が割れた。",
    "につながらない\n",
    "の電源が入らない。",
    "を忘れました ",
    "がきれる。",
    "がキレる。",
    "が遅い　",
    "を交換してください。",
    " does not start. ",
    "の設定を変えたい。",
    "が見つかりません、",
    "は001番です。",
];

/// Fewer than the product reads before it asks the index, so that few texts are enough for both ways.
const NEWEST: i64 = 2_000;

/// A text as people write them: several scripts and widths, words that run into each other, now and then rare signs.
fn draw_text(draw: &mut Draw) -> String {
    let mut text = String::new();
    for _ in 0..=draw.below(4) {
        text.push_str(draw.of(&NOUNS));
        if draw.below(3) == 0 {
            let rare = u32::try_from(0x4e00 + draw.below(3_000)).unwrap();
            text.extend(char::from_u32(rare));
            text.push_str(&draw.below(10_000).to_string());
        }
        text.push_str(draw.of(&ENDINGS));
    }
    text
}

async fn put(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: Uuid,
    school: Option<SchoolId>,
    changed_at: i64,
    texts: (&str, &str),
) {
    store::put(tx, owner, ticket, school, changed_at, &TicketTexts::new(texts.0, texts.1)).await.unwrap();
}

async fn area(world: &World, owner: MunicipalityId) -> Area {
    world.staff().await.scope(Right::ViewDevices).unwrap().area(owner).unwrap()
}

/// Lets the index follow all that was written.
async fn index(tx: &mut Tx) {
    while store::index_waiting(tx, i64::MAX).await.unwrap() > 0 {}
}

/// All tickets that are found, page by page.
async fn pages(tx: &mut Tx, area: &Area, reader: Reader, query: &str, limit: i64) -> Vec<Uuid> {
    let query = TextQuery::parse("query", query).unwrap();
    let (mut behind, mut found) = (None, Vec::new());
    loop {
        let areas = [(area.clone(), reader)];
        let page =
            store::find(tx, Asked { areas: &areas, query: &query, behind, newest: NEWEST }, limit).await.unwrap();
        found.extend(page.iter().map(|row| row.ticket_id));
        match page.last() {
            Some(last) if i64::try_from(page.len()).unwrap() == limit => behind = Some(last.position()),
            _ => return found,
        }
    }
}

async fn search_finds_what_a_plain_scan_finds(world: World) {
    let (owner, other) = (world.municipality("131130").await, world.municipality("132012").await);
    let mut draw = Draw(5);
    let mut known = Vec::new();
    let mut tx = world.db.begin().await.unwrap();
    for number in 0..10_000 {
        let (text, ticket) = (draw_text(&mut draw), Uuid::now_v7());
        // Many change in the same moment, and not in the order in which they are written.
        let changed_at = i64::try_from(draw.below(2_000)).unwrap();
        put(&mut tx, owner, ticket, None, changed_at, (&text, "")).await;
        if number % 50 == 0 {
            put(&mut tx, other, Uuid::now_v7(), None, changed_at, (&text, "")).await;
        }
        known.push((changed_at, ticket, fold(&text)));
        // What comes later is late for the index, and the last it does not know at all.
        if number == 7_000 || number == 9_500 {
            index(&mut tx).await;
        }
    }
    tx.commit().await.unwrap();
    known.sort_by_key(|known| std::cmp::Reverse((known.0, known.1)));

    let area = area(&world, owner).await;
    let mut tx = world.db.read().await.unwrap();
    let (mut queries, mut single, mut many) = (0, 0, 0);
    while queries < 500 {
        let characters: Vec<char> = known[draw.below(known.len())].2.chars().collect();
        let length = 2 + draw.below(7);
        let start = draw.below(characters.len());
        let Some(piece) = characters.get(start..start + length) else { continue };
        let piece: String = piece.iter().collect();
        // A space parts words; what is looked for then is both.
        let Ok(query) = TextQuery::parse("query", &piece) else { continue };
        let expected: Vec<_> = known.iter().filter(|known| query.is_in(&known.2)).map(|known| known.1).collect();
        // One page for what is common, so that few statements run; small pages for the rest.
        let limit = if expected.len() > 300 { 1_000 } else { 40 };
        assert_eq!(pages(&mut tx, &area, Reader::Internal, &piece, limit).await, expected, "{piece:?}");
        queries += 1;
        single += usize::from(expected.len() == 1);
        many += usize::from(expected.len() > 300);
    }
    assert!(single > 20 && many > 20, "rare ones and common ones: {single} and {many} of {queries}");
    for absent in ["端末割", "がき割", "zz", "%_", "\"", "' OR", "ﾞﾞ", "*a"] {
        let Ok(query) = TextQuery::parse("query", absent) else { continue };
        assert!(!known.iter().any(|known| query.is_in(&known.2)), "{absent}");
        assert_eq!(pages(&mut tx, &area, Reader::Internal, absent, 10).await, Vec::<Uuid>::new(), "{absent}");
    }
}

async fn change_replaces_text_and_index(world: World) {
    let owner = world.municipality("131130").await;
    let (ticket, other) = (Uuid::now_v7(), Uuid::now_v7());
    let area = area(&world, owner).await;
    let mut tx = world.db.begin().await.unwrap();
    put(&mut tx, owner, ticket, None, 1, ("画面が割れた", "予備機を渡した")).await;
    put(&mut tx, owner, other, None, 2, ("画面が暗い", "")).await;
    index(&mut tx).await;
    assert_eq!(pages(&mut tx, &area, Reader::Internal, "画面", 9).await, [other, ticket]);
    put(&mut tx, owner, ticket, None, 3, ("電池が膨らんだ", "")).await;
    assert_eq!(pages(&mut tx, &area, Reader::Internal, "画面", 9).await, [other]);
    assert_eq!(pages(&mut tx, &area, Reader::Internal, "予備機", 9).await, Vec::<Uuid>::new());
    for reader in [Reader::Internal, Reader::Caller] {
        assert_eq!(pages(&mut tx, &area, reader, "電池 膨", 9).await, [ticket]);
    }
    index(&mut tx).await;
    store::remove(&mut tx, owner, ticket).await.unwrap();
    assert_eq!(pages(&mut tx, &area, Reader::Internal, "電池", 9).await, Vec::<Uuid>::new());
    index(&mut tx).await;
    tx.commit().await.unwrap();
    // Nothing is left in the index either.
    let mut tx = world.db.begin().await.unwrap();
    if let Some(sql) = tx.by_engine(Some("SELECT COUNT(*) FROM ticket_text_gram"), None) {
        assert_eq!(tx.query(sql).one::<(i64,)>().await.unwrap().0, 1);
        let check = "INSERT INTO ticket_text_gram (ticket_text_gram) VALUES ('integrity-check')";
        tx.query(check).execute().await.unwrap();
    }
}

async fn internal_notes_are_found_by_those_who_work_on_it(world: World) {
    let owner = world.municipality("131130").await;
    let ticket = Uuid::now_v7();
    let area = area(&world, owner).await;
    let mut tx = world.db.begin().await.unwrap();
    put(&mut tx, owner, ticket, None, 1, ("画面が割れた", "保険で修理")).await;
    for (query, internal, caller) in
        [("画面", true, true), ("保険", true, false), ("割れた 修理", true, false), ("れた保険", false, false)]
    {
        for (reader, found) in [(Reader::Internal, internal), (Reader::Caller, caller)] {
            let ids = pages(&mut tx, &area, reader, query, 9).await;
            assert_eq!(ids, if found { vec![ticket] } else { vec![] }, "{query} {reader:?}");
        }
    }
}

async fn search_stays_within_owner_and_area(world: World) {
    let (owner, other) = (world.municipality("131130").await, world.municipality("132012").await);
    let mut schools = Vec::new();
    for name in ["第一小学校", "第二小学校"] {
        schools.push(world.school(owner, name).await);
    }
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, schools[0])).await;
    let of_school = teacher.scope(Right::ViewDevices).unwrap().area(owner).unwrap();
    let (own, next, none, foreign) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let mut tx = world.db.begin().await.unwrap();
    for (of, ticket, school, at) in [
        (owner, own, Some(schools[0]), 1),
        (owner, next, Some(schools[1]), 2),
        (owner, none, None, 3),
        (other, foreign, None, 4),
        // The same ticket at another owner is another ticket.
        (other, own, None, 5),
    ] {
        put(&mut tx, of, ticket, school, at, ("電池が膨らんだ", "")).await;
    }
    let (whole, others) = (area(&world, owner).await, area(&world, other).await);
    let (all, reader) = (Vec::from([none, next, own]), Reader::Caller);
    for (area, expected) in [(whole, all), (of_school, vec![own]), (others.clone(), vec![own, foreign])] {
        assert_eq!(pages(&mut tx, &area, reader, "電池", 1).await, expected);
        assert_eq!(pages(&mut tx, &area, reader, "電池が膨", 9).await, expected);
    }
    store::remove(&mut tx, owner, own).await.unwrap();
    assert_eq!(pages(&mut tx, &others, reader, "電池", 9).await, [own, foreign]);
}

async fn longest_text_is_found_to_its_end(world: World) {
    let owner = world.municipality("131130").await;
    let ticket = Uuid::now_v7();
    let area = area(&world, owner).await;
    let mut tx = world.db.begin().await.unwrap();
    let letters = (0..20_000_u32).filter_map(|number| char::from_u32(0x4e00 + number * 7 % 20_000));
    let text: String = letters.chain("最後の言葉".chars()).collect();
    put(&mut tx, owner, ticket, None, 1, (&text, &text)).await;
    assert_eq!(pages(&mut tx, &area, Reader::Internal, "最後の言葉", 9).await, [ticket]);
}

async fn newest_are_read_in_order_and_the_rest_through_the_index(world: World) {
    let owner = world.municipality("131130").await;
    let school = world.school(owner, "第一小学校").await;
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, school)).await;
    let of_school = teacher.scope(Right::ViewDevices).unwrap().area(owner).unwrap();
    let (mut draw, mut tx) = (Draw(7), world.db.begin().await.unwrap());
    // More than are looked through before the index is asked.
    for changed_at in 0..7_000 {
        let school = Some(school).filter(|_| changed_at % 20 == 0);
        put(&mut tx, owner, Uuid::now_v7(), school, changed_at, (&draw_text(&mut draw), "")).await;
    }
    index(&mut tx).await;
    tx.query("ANALYZE ticket_text").execute().await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let query = TextQuery::parse("query", "電池 膨").unwrap();
    for (area, index) in [(area(&world, owner).await, "ticket_text_by_change"), (of_school, "ticket_text_by_school")] {
        let areas = [(area, Reader::Internal)];
        let (found, statements) =
            recorded(store::find(&mut tx, Asked { areas: &areas, query: &query, behind: None, newest: 200 }, 9)).await;
        assert!(found.unwrap().is_empty());
        let [_moment, (newest, by_order), .., (rest, by_gram)] = &statements[..] else { panic!("{statements:?}") };
        let lines = plan(&world, newest, by_order).await.join("\n");
        // Where one owner wrote nearly all, the order of all is as good.
        assert!(lines.contains(index) || lines.contains("ticket_text_newest"), "{lines}");
        let lines = plan(&world, rest, by_gram).await.join("\n");
        assert!(lines.contains(tx.by_engine("VIRTUAL TABLE INDEX", "ticket_text_by_gram")), "{lines}");
    }
}

/// Owners who write much and owners who write little are one list, for words that stand in the newest and for rare ones.
async fn owners_together_are_found_as_a_plain_scan_finds_them(world: World) {
    let owners =
        [world.municipality("131130").await, world.municipality("132012").await, world.municipality("131121").await];
    let mut draw = Draw(11);
    let mut known: Vec<(i64, Uuid, String)> = Vec::new();
    let mut tx = world.db.begin().await.unwrap();
    for number in 0..9_000 {
        // The first writes nearly all, the last only long ago.
        let owner = match number {
            0..150 => owners[2],
            _ if number % 40 == 0 => owners[1],
            _ => owners[0],
        };
        let rare = if number % 700 == 3 { "珍しい" } else { "" };
        let (text, ticket) = (format!("{}{rare}", draw_text(&mut draw)), Uuid::now_v7());
        let changed_at = number + i64::try_from(draw.below(50)).unwrap();
        put(&mut tx, owner, ticket, None, changed_at, (&text, "")).await;
        known.push((changed_at, ticket, text));
    }
    index(&mut tx).await;
    tx.commit().await.unwrap();
    known.sort_unstable_by_key(|known| std::cmp::Reverse((known.0, known.1)));
    let mut areas = Vec::new();
    for owner in owners {
        areas.push((area(&world, owner).await, Reader::Internal));
    }
    let mut tx = world.db.read().await.unwrap();
    for words in ["珍しい", "電池", "端末"] {
        let query = TextQuery::parse("query", words).unwrap();
        let expected: Vec<_> = known.iter().filter(|(.., text)| text.contains(words)).map(|(_, id, _)| *id).collect();
        let (mut behind, mut found) = (None, Vec::new());
        loop {
            let asked = Asked { areas: &areas, query: &query, behind, newest: NEWEST };
            let page = store::find(&mut tx, asked, 50).await.unwrap();
            found.extend(page.iter().map(|row| row.ticket_id));
            match page.last() {
                Some(last) if page.len() == 50 && found.len() < 500 => behind = Some(last.position()),
                _ => break,
            }
        }
        let most = found.len().max(expected.len().min(500));
        assert_eq!(found, expected[..most.min(expected.len())], "{words}");
    }
}

on_both_engines!(
    owners_together_are_found_as_a_plain_scan_finds_them,
    newest_are_read_in_order_and_the_rest_through_the_index,
    search_finds_what_a_plain_scan_finds,
    change_replaces_text_and_index,
    internal_notes_are_found_by_those_who_work_on_it,
    search_stays_within_owner_and_area,
    longest_text_is_found_to_its_end,
);
