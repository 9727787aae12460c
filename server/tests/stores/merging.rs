//! Merges, words of sources, reviews and undo in any order against a model: a property that shrinks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use gigafleet::{
    clock::Timestamp,
    devices::{
        rules::{
            DeviceId, DeviceKey,
            fields::{Field, FieldValue, Source},
        },
        service::claims::{Saying, note_sayings},
    },
    error::{Error, Result},
    schools::rules::MunicipalityId,
};
use gigafleet_proto::v1::{self, ReviewReason};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use uuid::Uuid;

use crate::{World, enrollments::csr};

/// What a source says of a field and when; none where it was withdrawn.
type Word = ((Source, Field), Option<(FieldValue, i64)>);
/// Columns of a device that a merge moves.
type DeviceColumns = (Option<Uuid>, Option<Uuid>, Option<i64>, Option<String>, Option<String>, Option<String>);
/// Columns of a review.
type ReviewColumns = (i16, Option<Uuid>, String, i64, i64, Option<i64>);

crate::on_both_engines!(whatever_is_merged_and_said_undo_brings_back_what_was);

/// Three that enrolled with one serial number, and one that only a person wrote down.
const RECORDS: usize = 4;
const ENROLLED: usize = 3;
/// None of them makes records meet; three of them are counted.
const FIELDS: [Field; 5] = [Field::Room, Field::Model, Field::Purpose, Field::OsKind, Field::Lifecycle];

#[derive(Debug, Clone)]
enum Step {
    Say { record: usize, source: Source, field: Field, value: i64 },
    Withdraw { record: usize, source: Source, field: Field },
    Merge { one: usize, other: usize },
    KeepApart { record: usize },
    EndAccess { record: usize },
    Undo { newest: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let record = || 0..RECORDS;
    let source = || prop::sample::select(Source::ALL);
    let field = || prop::sample::select(&FIELDS[..]);
    let step = prop_oneof![
        4 => (record(), source(), field(), 0..4_i64)
            .prop_map(|(record, source, field, value)| Step::Say { record, source, field, value }),
        2 => (record(), source(), field()).prop_map(|(record, source, field)| Step::Withdraw { record, source, field }),
        4 => (record(), record()).prop_map(|(one, other)| Step::Merge { one, other }),
        1 => record().prop_map(|record| Step::KeepApart { record }),
        1 => record().prop_map(|record| Step::EndAccess { record }),
        4 => (0..3_usize).prop_map(|newest| Step::Undo { newest }),
    ];
    prop::collection::vec(step, 1..16)
}

type Words = BTreeMap<(Source, Field), (FieldValue, i64)>;
type Review = (usize, i16, Option<usize>);

/// What is so after the steps before, by rules that know no claims and no time: what was said since stays, all else is as
/// if the merge had never been.
struct Model {
    words: [Words; RECORDS],
    folded_into: [Option<usize>; RECORDS],
    /// Why the access of each was ended.
    ended: [Option<String>; RECORDS],
    reviews: BTreeSet<Review>,
    decisions: Vec<Decision>,
}

struct Decision {
    id: Uuid,
    record: usize,
    /// The record that was folded; none where two were kept apart.
    folded: Option<usize>,
    closed: BTreeSet<Review>,
    undone: bool,
    words_before: Words,
    ended_before: Option<String>,
    /// What was said or withdrawn of the record since.
    since: Vec<Word>,
}

impl Model {
    fn root(&self, record: usize) -> usize {
        self.folded_into[record].map_or(record, |next| self.root(next))
    }

    /// Notes a word, or its withdrawal, if it is news.
    fn word(&mut self, record: usize, place: (Source, Field), word: Option<(FieldValue, i64)>) {
        let known = self.words[record].get(&place).map(|(value, _)| value.clone());
        if known == word.as_ref().map(|(value, _)| value.clone()) {
            return;
        }
        set(&mut self.words[record], place, word.clone());
        for decision in self.decisions.iter_mut().filter(|d| d.record == record && !d.undone) {
            decision.since.push((place, word.clone()));
        }
    }

    fn merge(&mut self, record: usize, folded: usize, id: Uuid, survivor: DeviceId) {
        let words_before = self.words[record].clone();
        for (place, word) in self.words[folded].clone() {
            if self.words[record].get(&place).is_none_or(|own| own.1 < word.1) {
                self.words[record].insert(place, word);
            }
        }
        let ended_before = self.ended[folded].clone();
        if folded < ENROLLED && ended_before.is_none() {
            self.ended[folded] = Some(format!("merged into {survivor}"));
        }
        self.folded_into[folded] = Some(record);
        let between = |(one, _, other): &Review| {
            (*one == record && *other == Some(folded)) || (*one == folded && *other == Some(record))
        };
        let closed: BTreeSet<_> = self.reviews.iter().copied().filter(between).collect();
        self.reviews.retain(|review| !closed.contains(review));
        let (undone, since) = (false, Vec::new());
        let folded = Some(folded);
        self.decisions.push(Decision { id, record, folded, closed, undone, words_before, ended_before, since });
    }

    fn keep_apart(&mut self, record: usize, reason: i16, id: Uuid) {
        let own = |(one, number, _): &Review| *one == record && *number == reason;
        let about = self.reviews.iter().find(|review| own(review)).and_then(|(_, _, other)| *other);
        let closes = |review: &Review| {
            own(review)
                || about.is_some_and(|other| {
                    (review.0 == record && review.2 == Some(other)) || (review.0 == other && review.2 == Some(record))
                })
        };
        let closed: BTreeSet<_> = self.reviews.iter().copied().filter(closes).collect();
        self.reviews.retain(|review| !closed.contains(review));
        self.decisions.push(Decision {
            id,
            record,
            folded: None,
            closed,
            undone: false,
            words_before: Words::new(),
            ended_before: None,
            since: Vec::new(),
        });
    }

    /// The reason for which a decision cannot be taken back now.
    fn refusal(&self, at: usize) -> Option<&'static str> {
        let decision = &self.decisions[at];
        if self.folded_into[decision.record].is_some() {
            return Some("DECISION_NOT_FOUND");
        }
        if decision.undone {
            return Some("DECISION_UNDONE");
        }
        let merged_on = self.decisions[at + 1..]
            .iter()
            .any(|later| later.record == decision.record && later.folded.is_some() && !later.undone);
        (decision.folded.is_some() && merged_on).then_some("DECISION_OVERTAKEN")
    }

    fn undo(&mut self, at: usize) {
        let decision = &mut self.decisions[at];
        decision.undone = true;
        self.reviews.extend(&decision.closed);
        let Some(folded) = decision.folded else { return };
        self.folded_into[folded] = None;
        self.ended[folded] = decision.ended_before.clone();
        let words = &mut self.words[decision.record];
        *words = decision.words_before.clone();
        for (place, word) in &decision.since {
            set(words, *place, word.clone());
        }
    }
}

fn set(words: &mut Words, place: (Source, Field), word: Option<(FieldValue, i64)>) {
    match word {
        Some(word) => words.insert(place, word),
        None => words.remove(&place),
    };
}

/// A world with four records of one case in it.
struct Case<'a> {
    world: &'a World,
    owner: MunicipalityId,
    devices: [DeviceId; RECORDS],
    model: Model,
}

impl<'a> Case<'a> {
    async fn make(world: &'a World, owner: MunicipalityId, number: u32) -> Self {
        let staff = world.staff().await;
        let mut devices = Vec::new();
        for record in 0..ENROLLED {
            let facts = v1::Facts {
                serial_number: Some(format!("SER{number}X")),
                model: Some(format!("model {record}")),
                ..v1::Facts::default()
            };
            let token = world.token(owner, 1).await;
            let enrolled = world.enrollment.enroll(&token, &csr(), Uuid::now_v7(), Some(&facts)).await.unwrap();
            devices.push(enrolled.key.device);
            world.clock.advance(Duration::from_secs(1));
        }
        let label = (Field::Label, FieldValue::text(&format!("label {number}")));
        devices.push(world.registry.create(&staff, None, owner, vec![label]).await.unwrap());
        let devices = devices.try_into().unwrap();
        let model = Model {
            words: Default::default(),
            folded_into: [None; RECORDS],
            ended: Default::default(),
            reviews: BTreeSet::new(),
            decisions: Vec::new(),
        };
        let mut case = Self { world, owner, devices, model };
        case.model.words = case.stored_words().await;
        case.model.reviews = case.stored_reviews().await;
        assert_eq!(case.model.reviews.len(), ENROLLED - 1, "the second and the third share a serial number");
        case
    }

    fn key(&self, record: usize) -> DeviceKey {
        DeviceKey { municipality: self.owner, device: self.devices[record] }
    }

    fn record(&self, device: Uuid) -> usize {
        self.devices.iter().position(|known| known.0 == device).expect("reviews stay within a case")
    }

    async fn stored_words(&self) -> [Words; RECORDS] {
        let mut tx = self.world.db.read().await.unwrap();
        let keys: Vec<_> = (0..RECORDS).map(|record| self.key(record)).collect();
        let mut words: [Words; RECORDS] = Default::default();
        for claim in gigafleet::devices::store::claims::read_claims(&mut tx, &keys).await.unwrap() {
            let said = claim
                .claims
                .iter()
                .map(|(field, said)| ((claim.source, field), (said.value.clone(), said.said_at().0)));
            words[self.record(claim.key.device.0)].extend(said);
        }
        words
    }

    async fn stored_reviews(&self) -> BTreeSet<Review> {
        let mut tx = self.world.db.read().await.unwrap();
        let rows: Vec<(Uuid, i16, Option<Uuid>)> = tx
            .query(
                "SELECT device_id, reason, other_device_id FROM identity_review
                 WHERE municipality_id = $1 AND closed_at IS NULL",
            )
            .bind(self.owner)
            .all()
            .await
            .unwrap();
        let own = |row: &&(Uuid, i16, Option<Uuid>)| self.devices.iter().any(|device| device.0 == row.0);
        let named =
            |row: &(Uuid, i16, Option<Uuid>)| (self.record(row.0), row.1, row.2.map(|other| self.record(other)));
        rows.iter().filter(own).map(named).collect()
    }

    async fn say(&mut self, record: usize, source: Source, field: Field, value: Option<FieldValue>) {
        let record = self.model.root(record);
        let now = self.world.clock.now();
        let said = value.clone().map(|value| (field, value)).into_iter().collect();
        let withdrawn = if value.is_none() { vec![field] } else { Vec::new() };
        let mut tx = self.world.db.begin().await.unwrap();
        let saying = Saying { key: self.key(record), source, said, withdrawn };
        note_sayings(&mut tx, &[saying], now).await.unwrap();
        tx.commit().await.unwrap();
        self.model.word(record, (source, field), value.map(|value| (value, now.0)));
    }

    async fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let staff = self.world.staff().await;
        self.world.clock.advance(Duration::from_secs(1));
        match *step {
            Step::Say { record, source, field, value } => {
                let value = match field {
                    Field::Room | Field::Model => FieldValue::text(["", "一", "二", "三"][value as usize]),
                    _ => FieldValue::Number(value),
                };
                self.say(record, source, field, Some(value)).await;
            }
            Step::Withdraw { record, source, field } => self.say(record, source, field, None).await,
            Step::Merge { one, other } => {
                let (survivor, folded) = (self.model.root(one), self.model.root(other));
                let named = (self.devices[one], self.devices[other]);
                let done = self.world.identities.merge(&staff, named.0, named.1, None).await;
                match survivor == folded {
                    true => prop_assert_eq!(reason(done), Some("FIELD_INVALID")),
                    false => self.model.merge(survivor, folded, done.unwrap().decision_id, self.devices[survivor]),
                }
            }
            Step::KeepApart { record } => {
                let record = self.model.root(record);
                let open = self.model.reviews.iter().find(|review| review.0 == record).copied();
                let asked = open
                    .map_or(ReviewReason::Forked, |(_, reason, _)| ReviewReason::try_from(i32::from(reason)).unwrap());
                let done = self.world.identities.keep_apart(&staff, self.devices[record], asked).await;
                match open {
                    Some((_, reason, _)) => self.model.keep_apart(record, reason, done.unwrap().decision_id),
                    None => prop_assert_eq!(reason(done), Some("REVIEW_NOT_FOUND")),
                }
            }
            Step::EndAccess { record } => {
                let record = self.model.root(record);
                self.world.checkins.revoke_device(&staff, self.devices[record], None, "lost").await.unwrap();
                self.model.ended[record].get_or_insert_with(|| String::from("lost"));
            }
            Step::Undo { newest } => {
                let Some(at) = self.model.decisions.len().checked_sub(newest + 1) else { return Ok(()) };
                let decision = &self.model.decisions[at];
                let device = self.devices[decision.record];
                let done = self.world.identities.undo(&staff, device, decision.id).await;
                match self.model.refusal(at) {
                    Some(refusal) => prop_assert_eq!(reason(done), Some(refusal)),
                    None => {
                        prop_assert_eq!(reason(done), None);
                        self.model.undo(at);
                    }
                }
            }
        }
        Ok(())
    }

    /// What is stored and what is shown is what the model says.
    async fn check(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.stored_words().await, self.model.words.clone());
        prop_assert_eq!(self.stored_reviews().await, self.model.reviews.clone());
        let staff = self.world.staff().await;
        let mut tx = self.world.db.read().await.unwrap();
        for record in 0..RECORDS {
            let (folded_into, revoke_reason, room): (Option<Uuid>, Option<String>, Option<String>) = tx
                .query(
                    "SELECT merged_into_device_id, revoke_reason, room FROM device
                     WHERE municipality_id = $1 AND device_id = $2",
                )
                .bind(self.owner)
                .bind(self.devices[record])
                .one()
                .await
                .unwrap();
            let expected = self.model.folded_into[record].map(|into| self.devices[into].0);
            prop_assert_eq!((folded_into, revoke_reason), (expected, self.model.ended[record].clone()));
            let view = self.world.overview.device(&staff, self.devices[record]).await.unwrap();
            let root = self.model.root(record);
            prop_assert_eq!(&view.device_id, &self.devices[root].to_string());
            prop_assert_eq!(view.revoke_time.is_some(), self.model.ended[root].is_some());
            for field in FIELDS {
                let name = v1::DeviceFieldName::try_from(i32::try_from(field.to_number()).unwrap()).unwrap();
                let shown = view.fields.iter().find(|shown| shown.name() == name);
                let shown = shown.map(|shown| (shown.value.clone(), shown.source, shown.say_time));
                let words = &self.model.words[root];
                let chosen = field.precedence().into_iter().find_map(|by| Some((by, words.get(&(by, field))?)));
                let expected = chosen.map(|(by, (value, at))| {
                    let number = i32::try_from(by.to_number()).unwrap();
                    (value.shown_text(field), number, Some(Timestamp(*at).to_proto()))
                });
                prop_assert_eq!(&shown, &expected, "{}", field.name());
                if field == Field::Room && root == record {
                    prop_assert_eq!(
                        room.clone().unwrap_or_default(),
                        expected.map_or(String::new(), |(text, ..)| text)
                    );
                }
            }
        }
        let counted: Vec<(Uuid, i64, i64, i64, i64)> = tx
            .query(
                "SELECT school_id, CAST(lifecycle AS BIGINT), CAST(purpose AS BIGINT), CAST(os_kind AS BIGINT),
                     CAST(SUM(device_count) AS BIGINT)
                 FROM device_count WHERE municipality_id = $1
                 GROUP BY 1, 2, 3, 4 HAVING SUM(device_count) <> 0 ORDER BY 1, 2, 3, 4",
            )
            .bind(self.owner)
            .all()
            .await
            .unwrap();
        let there: Vec<(Uuid, i64, i64, i64, i64)> = tx
            .query(
                "SELECT COALESCE(school_id, $2), CAST(lifecycle AS BIGINT), CAST(purpose AS BIGINT),
                     CAST(os_kind AS BIGINT), CAST(COUNT(*) AS BIGINT)
                 FROM device WHERE municipality_id = $1 AND merged_into_device_id IS NULL
                 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            )
            .bind(self.owner)
            .bind(Uuid::nil())
            .all()
            .await
            .unwrap();
        prop_assert_eq!(counted, there);
        Ok(())
    }

    /// All that is stored of the records but what only grows: events, versions, decisions, times of writing.
    async fn lasting(&self) -> Vec<String> {
        let mut tx = self.world.db.read().await.unwrap();
        let mut lasting = Vec::new();
        for device in self.devices {
            let certificates: Vec<(i64, i64)> = tx
                .query(
                    "SELECT certificate_serial, CAST(state AS BIGINT) FROM device_certificate
                     WHERE municipality_id = $1 AND device_id = $2 ORDER BY certificate_serial",
                )
                .bind(self.owner)
                .bind(device)
                .all()
                .await
                .unwrap();
            let row: DeviceColumns = tx
                .query(
                    "SELECT instance_id, merged_into_device_id, revoked_at, revoke_reason, label_key, serial_key FROM device
                     WHERE municipality_id = $1 AND device_id = $2",
                )
                .bind(self.owner)
                .bind(device)
                .one()
                .await
                .unwrap();
            let reviews: Vec<ReviewColumns> = tx
                .query(
                    "SELECT reason, other_device_id, evidence, opened_at, repeated_at, closed_at FROM identity_review
                     WHERE municipality_id = $1 AND device_id = $2 ORDER BY reason",
                )
                .bind(self.owner)
                .bind(device)
                .all()
                .await
                .unwrap();
            lasting.push(format!("{device}: {row:?} {certificates:?} {reviews:?}"));
        }
        lasting.push(format!("{:?}", self.stored_words().await));
        lasting
    }
}

fn reason<T>(done: Result<T>) -> Option<&'static str> {
    done.err().map(|error: Error| error.reason)
}

async fn play(world: &World, owner: MunicipalityId, number: u32, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut case = Case::make(world, owner, number).await;
    case.check().await?;
    for step in steps {
        case.take(step).await?;
        case.check().await?;
    }
    // Whatever it has come to: a merge that is taken back at once leaves nothing behind.
    let staff = world.staff().await;
    let roots: Vec<_> = (0..RECORDS).filter(|record| case.model.folded_into[*record].is_none()).collect();
    for pair in roots.windows(2) {
        let before = case.lasting().await;
        let (survivor, folded) = (case.devices[pair[0]], case.devices[pair[1]]);
        let decision = world.identities.merge(&staff, survivor, folded, None).await.unwrap();
        prop_assert_ne!(&case.lasting().await, &before);
        world.identities.undo(&staff, survivor, decision.decision_id).await.unwrap();
        prop_assert_eq!(case.lasting().await, before);
    }
    Ok(())
}

async fn whatever_is_merged_and_said_undo_brings_back_what_was(world: World) {
    let owner = world.municipality("131130").await;
    let cases = AtomicU32::new(0);
    let config = Config { cases: 24, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let outcome = tokio::task::block_in_place(|| {
        let runtime = tokio::runtime::Handle::current();
        TestRunner::new(config)
            .run(&steps(), |steps| runtime.block_on(play(&world, owner, cases.fetch_add(1, Ordering::Relaxed), &steps)))
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
