//! SQL of what the sources say of devices, of what is shown, and of what happened to them; many devices at once.
//!
//! 1,000 to 5,000 rows a statement are a good measure.

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    db::{Tx, batch_sql, rows_json},
    devices::rules::{
        DeviceId, DeviceKey,
        claims::{Claims, ShownColumns},
        events::EventKind,
        fields::Source,
    },
    error::{Error, Result},
    schools::rules::MunicipalityId,
};

/// What one source says of one device.
#[derive(Debug, Clone)]
pub struct DeviceClaim {
    /// The device.
    pub key: DeviceKey,
    /// Who says it.
    pub source: Source,
    /// All it says.
    pub claims: Claims,
}

#[derive(Serialize)]
struct ClaimJson {
    municipality_id: MunicipalityId,
    device_id: DeviceId,
    source: i64,
    fields: String,
    recorded_at: i64,
}

/// Stores what sources say, each whole in place of what it said before. At most one entry for a device and a source.
pub async fn upsert_claims(tx: &mut Tx, claims: &[DeviceClaim], now: Timestamp) -> Result<()> {
    let (sqlite, postgres) = batch_sql!(
        "INSERT INTO device_claim (municipality_id, device_id, source, fields, recorded_at)
         SELECT municipality_id, device_id, source, fields, recorded_at FROM",
        [municipality_id uuid, device_id uuid, source int, fields text, recorded_at int],
        "WHERE true ON CONFLICT (municipality_id, device_id, source)
         DO UPDATE SET fields = excluded.fields, recorded_at = excluded.recorded_at"
    );
    if claims.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = claims
        .iter()
        .map(|claim| ClaimJson {
            municipality_id: claim.key.municipality,
            device_id: claim.key.device,
            source: claim.source.to_number(),
            fields: claim.claims.to_json(),
            recorded_at: now.0,
        })
        .collect();
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&rows)?).execute().await?;
    Ok(())
}

#[derive(Serialize)]
struct KeyJson {
    municipality_id: MunicipalityId,
    device_id: DeviceId,
}

pub(super) fn keys_json(keys: &[DeviceKey]) -> Result<String> {
    let keys = keys.iter().map(|key| KeyJson { municipality_id: key.municipality, device_id: key.device });
    rows_json(&keys.collect::<Vec<_>>())
}

#[derive(FromRow)]
struct ClaimRow {
    municipality_id: Uuid,
    device_id: Uuid,
    source: i16,
    fields: String,
}

/// What all sources say of these devices.
pub async fn read_claims(tx: &mut Tx, keys: &[DeviceKey]) -> Result<Vec<DeviceClaim>> {
    let (sqlite, postgres) = batch_sql!(
        "SELECT c.municipality_id, c.device_id, c.source, c.fields FROM",
        [municipality_id uuid, device_id uuid],
        "JOIN device_claim c ON c.municipality_id = i.municipality_id AND c.device_id = i.device_id"
    );
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let sql = tx.by_engine(sqlite, postgres);
    let rows = tx.query(sql).bind(keys_json(keys)?).all::<ClaimRow>().await?;
    rows.into_iter()
        .map(|row| {
            let damaged = |source| Error::internal("stored claims of a device cannot be read", source);
            Ok(DeviceClaim {
                key: DeviceKey { municipality: MunicipalityId(row.municipality_id), device: DeviceId(row.device_id) },
                source: Source::from_number(row.source.into())
                    .ok_or_else(|| Error::internal("stored claims name an unknown source", row.source.to_string()))?,
                claims: Claims::from_json(&row.fields).map_err(damaged)?,
            })
        })
        .collect()
}

/// Forgets all that one source says of a device.
pub async fn delete_claim(tx: &mut Tx, key: DeviceKey, source: Source) -> Result<()> {
    tx.query("DELETE FROM device_claim WHERE municipality_id = $1 AND device_id = $2 AND source = $3")
        .bind(key.municipality)
        .bind(key.device)
        .bind(source.to_number())
        .execute()
        .await?;
    Ok(())
}

#[derive(Serialize)]
struct ShownJson<'a> {
    municipality_id: MunicipalityId,
    device_id: DeviceId,
    #[serde(flatten)]
    columns: &'a ShownColumns,
    created_at: i64,
}

/// Writes what is shown into the columns of devices. Their versions grow.
pub async fn update_shown(tx: &mut Tx, shown: &[(DeviceKey, ShownColumns)]) -> Result<()> {
    let (sqlite, postgres) = batch_sql!(
        "UPDATE device AS d SET school_id = i.school_id, label = i.label, serial_number = i.serial_number, maker = i.maker,
             model = i.model, os_kind = i.os_kind, os_version = i.os_version, purpose = i.purpose, lifecycle = i.lifecycle,
             room = i.room, cart = i.cart, grade = i.grade, class_name = i.class_name, seat_number = i.seat_number,
             holder_id = i.holder_id, purchase_reference = i.purchase_reference, acquired_on = i.acquired_on,
             warranty_until = i.warranty_until, lease_until = i.lease_until, price_yen = i.price_yen,
             label_key = i.label_key, serial_key = i.serial_key, version = d.version + 1
         FROM",
        [
            municipality_id uuid, device_id uuid, school_id uuid, label text, serial_number text, maker text, model text,
            os_kind int, os_version text, purpose int, lifecycle int, room text, cart text, grade int, class_name text,
            seat_number int, holder_id text, purchase_reference text, acquired_on text, warranty_until text,
            lease_until text, price_yen int, label_key text, serial_key text,
        ],
        "WHERE d.municipality_id = i.municipality_id AND d.device_id = i.device_id"
    );
    if shown.is_empty() {
        return Ok(());
    }
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(shown_json(shown, Timestamp(0))?).execute().await?;
    Ok(())
}

fn shown_json(shown: &[(DeviceKey, ShownColumns)], now: Timestamp) -> Result<String> {
    let rows = shown.iter().map(|(key, columns)| ShownJson {
        municipality_id: key.municipality,
        device_id: key.device,
        columns,
        created_at: now.0,
    });
    rows_json(&rows.collect::<Vec<_>>())
}

/// Adds devices that no agent knows yet, with what is shown of them, and their look-ups.
pub async fn insert_devices(tx: &mut Tx, devices: &[(DeviceKey, ShownColumns)], now: Timestamp) -> Result<()> {
    let (sqlite, postgres) = batch_sql!(
        "INSERT INTO device (municipality_id, device_id, school_id, label, serial_number, maker, model, os_kind, os_version,
             purpose, lifecycle, room, cart, grade, class_name, seat_number, holder_id, purchase_reference, acquired_on,
             warranty_until, lease_until, price_yen, label_key, serial_key, created_at, version)
         SELECT municipality_id, device_id, school_id, label, serial_number, maker, model, os_kind, os_version, purpose,
             lifecycle, room, cart, grade, class_name, seat_number, holder_id, purchase_reference, acquired_on,
             warranty_until, lease_until, price_yen, label_key, serial_key, created_at, 1 FROM",
        [
            municipality_id uuid, device_id uuid, school_id uuid, label text, serial_number text, maker text, model text,
            os_kind int, os_version text, purpose int, lifecycle int, room text, cart text, grade int, class_name text,
            seat_number int, holder_id text, purchase_reference text, acquired_on text, warranty_until text,
            lease_until text, price_yen int, label_key text, serial_key text, created_at int,
        ],
        ""
    );
    let (lookup_sqlite, lookup_postgres) = batch_sql!(
        "INSERT INTO device_lookup (device_id, municipality_id) SELECT device_id, municipality_id FROM",
        [municipality_id uuid, device_id uuid],
        ""
    );
    if devices.is_empty() {
        return Ok(());
    }
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(shown_json(devices, now)?).execute().await?;
    let keys: Vec<_> = devices.iter().map(|(key, _)| *key).collect();
    let sql = tx.by_engine(lookup_sqlite, lookup_postgres);
    tx.query(sql).bind(keys_json(&keys)?).execute().await?;
    Ok(())
}

/// Something that happened to a device.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The device.
    pub key: DeviceKey,
    /// What.
    pub kind: EventKind,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Who did it.
    pub actor_name: String,
    /// More of it, for people and programs; no names of pupils.
    pub details: serde_json::Value,
}

#[derive(Serialize)]
struct EventJson<'a> {
    municipality_id: MunicipalityId,
    device_id: DeviceId,
    event_id: Uuid,
    kind: i64,
    occurred_at: i64,
    recorded_at: i64,
    actor_name: &'a str,
    details: String,
}

/// Adds events.
pub async fn insert_events(tx: &mut Tx, events: &[NewEvent], now: Timestamp) -> Result<()> {
    let (sqlite, postgres) = batch_sql!(
        "INSERT INTO device_event (municipality_id, device_id, event_id, kind, occurred_at, recorded_at, actor_name, details)
         SELECT municipality_id, device_id, event_id, kind, occurred_at, recorded_at, actor_name, details FROM",
        [
            municipality_id uuid, device_id uuid, event_id uuid, kind int, occurred_at int, recorded_at int,
            actor_name text, details text,
        ],
        ""
    );
    if events.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = events
        .iter()
        .map(|event| EventJson {
            municipality_id: event.key.municipality,
            device_id: event.key.device,
            event_id: Uuid::now_v7(),
            kind: event.kind.to_number(),
            occurred_at: event.occurred_at.0,
            recorded_at: now.0,
            actor_name: &event.actor_name,
            details: event.details.to_string(),
        })
        .collect();
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&rows)?).execute().await?;
    Ok(())
}
