//! Rows of devices against the registry: what they would change, and changing it.

use std::collections::HashMap;

use tokio::sync::mpsc;
use uuid::Uuid;

use super::{ImportRun, Imports, Progress, SAMPLES, has_errors, reading::Understood};
use crate::{
    access::rules::{Area, Staff},
    clock::Timestamp,
    db::Tx,
    devices::{
        rules::{
            DeviceId, DeviceKey,
            claims::{Claims, shown},
            events::EventKind,
            fields::{Field, FieldValue, Source},
            import::{
                devices::DeviceRecord,
                outcome::{Outcome, Sample},
                plan::{Index, Known, Plan, plan},
            },
        },
        service::claims::{Saying, note_sayings},
        store::{
            claims::{DeviceClaim, NewEvent, insert_devices, insert_events, read_claims, upsert_claims},
            import as store,
        },
    },
    error::{Error, Kind, Result},
    schools::rules::{MunicipalityId, SchoolId},
};

/// Rows that one statement writes.
const CHUNK: usize = 2_000;
/// Devices that one statement reads.
const PAGE: i64 = 20_000;
/// Most devices of one owner that rows are matched with.
const MOST_DEVICES: usize = 1_000_000;
impl Imports {
    /// What a file would do.
    pub(super) async fn foresee(&self, area: &Area, understood: Understood) -> Result<Outcome> {
        let Understood { table, records, mut errors, source, places, keeps_names } = understood;
        let mut outcome = Outcome::of(&table, keeps_names);
        outcome.samples = records.iter().take(SAMPLES).map(|record| sample(record, &places)).collect();
        let mut tx = self.db.read().await?;
        let index = read_index(&mut tx, area.municipality()).await?;
        let Plan { new, met, errors: unmatched } = plan(&table, &index, area, records);
        errors.extend(unmatched);
        outcome.new = count(new.len());
        for chunk in met.chunks(CHUNK) {
            let keys: Vec<_> = chunk.iter().map(|(device, _)| key_of(area, *device)).collect();
            let claims = read_claims(&mut tx, &keys).await?;
            let own: HashMap<DeviceId, Claims> = claims
                .into_iter()
                .filter(|claim| claim.source == source)
                .map(|claim| (claim.key.device, claim.claims))
                .collect();
            let news = chunk.iter().filter(|(device, record)| {
                let known = own.get(device);
                let said = |field| known.and_then(|claims| claims.get(field)).map(|claim| &claim.value);
                record.said.iter().any(|(field, value)| said(*field) != Some(value))
            });
            let changed = news.count();
            outcome.changed += count(changed);
            outcome.unchanged += count(chunk.len() - changed);
        }
        outcome.note_errors(errors);
        Ok(outcome)
    }

    /// Does it, inside the transaction.
    #[expect(clippy::too_many_arguments, reason = "each is another thing: where, who, what, how, when, whom to tell")]
    pub(super) async fn carry_out(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        area: &Area,
        understood: Understood,
        run: &ImportRun,
        now: Timestamp,
        progress: Option<mpsc::Sender<Progress>>,
    ) -> Result<Outcome> {
        let Understood { table, records, mut errors, source, places, keeps_names } = understood;
        let mut outcome = Outcome::of(&table, keeps_names);
        outcome.samples = records.iter().take(SAMPLES).map(|record| sample(record, &places)).collect();
        let index = read_index(tx, area.municipality()).await?;
        let Plan { new, met, errors: unmatched } = plan(&table, &index, area, records);
        drop(index);
        errors.extend(unmatched);
        if !errors.is_empty() && !run.options.skip_errors {
            return Err(has_errors(count(errors.len())));
        }
        let rows_total = count(new.len() + met.len());
        let mut rows_done = 0;
        let mut tell = |done: usize| {
            rows_done += count(done);
            if let Some(progress) = &progress {
                // A listener that is slow or gone does not hold the import up.
                let _told = progress.try_send(Progress { rows_done, rows_total });
            }
        };
        tell(0);
        for chunk in new.chunks(CHUNK) {
            add_devices(tx, area, chunk, source, staff, run, now).await?;
            outcome.new += count(chunk.len());
            tell(chunk.len());
        }
        for chunk in met.chunks(CHUNK) {
            let sayings: Vec<_> = chunk
                .iter()
                .map(|(device, record)| Saying {
                    key: key_of(area, *device),
                    source,
                    said: record.said.clone(),
                    withdrawn: Vec::new(),
                })
                .collect();
            let changed = note_sayings(tx, &sayings, now).await?;
            let events: Vec<_> = changed
                .iter()
                .map(|changed| NewEvent {
                    key: changed.key,
                    kind: EventKind::Changed,
                    occurred_at: now,
                    actor_name: staff.name.clone(),
                    details: serde_json::json!({ "import": run.import, "fields": changed.details() }),
                })
                .collect();
            insert_events(tx, &events, now).await?;
            outcome.changed += count(changed.len());
            outcome.unchanged += count(chunk.len() - changed.len());
            tell(chunk.len());
        }
        outcome.note_errors(errors);
        Ok(outcome)
    }
}

async fn add_devices(
    tx: &mut Tx,
    area: &Area,
    records: &[DeviceRecord],
    source: Source,
    staff: &Staff,
    run: &ImportRun,
    now: Timestamp,
) -> Result<()> {
    let (mut added, mut said, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for record in records {
        let key = key_of(area, DeviceId(Uuid::now_v7()));
        let mut claims = Claims::new();
        for (field, value) in &record.said {
            claims.say(*field, value.clone(), now);
        }
        let sources = [(source, claims)];
        added.push((key, shown(&sources).columns()));
        let [(_, claims)] = sources;
        said.push(DeviceClaim { key, source, claims });
        events.push(NewEvent {
            key,
            kind: EventKind::Imported,
            occurred_at: now,
            actor_name: staff.name.clone(),
            details: serde_json::json!({ "import": run.import, "row": record.row }),
        });
    }
    insert_devices(tx, &added, now).await?;
    upsert_claims(tx, &said, now).await?;
    insert_events(tx, &events, now).await
}

async fn read_index(tx: &mut Tx, municipality: MunicipalityId) -> Result<Index> {
    let mut devices: Vec<Known> = Vec::new();
    let mut after = DeviceId(Uuid::nil());
    loop {
        let page = store::list_known(tx, municipality, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(Index::new(devices)) };
        after = last.device;
        devices.extend(page);
        if devices.len() > MOST_DEVICES {
            let message = format!("more than {MOST_DEVICES} devices of one owner cannot be matched with a file");
            return Err(Error::new(Kind::Precondition, "IMPORT_TOO_MANY_DEVICES", message));
        }
    }
}

/// A row as it was understood, with the name of the school.
fn sample(record: &DeviceRecord, places: &[(SchoolId, Option<String>, String)]) -> Sample {
    let text = |field: Field, value: &FieldValue| match (field, value) {
        (Field::School, FieldValue::Text(id)) => {
            let found = places.iter().find(|(school, _, _)| school.to_string() == *id);
            found.map(|(_, _, name)| name.clone()).unwrap_or_default()
        }
        _ => value.shown_text(field),
    };
    record.said.iter().map(|(field, value)| (field.name().to_owned(), text(*field, value))).collect()
}

fn key_of(area: &Area, device: DeviceId) -> DeviceKey {
    DeviceKey { municipality: area.municipality(), device }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
