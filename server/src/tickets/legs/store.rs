//! SQL of spares, repairs, losses and costs of tickets.

use sqlx::FromRow;
use uuid::Uuid;

use super::rules::{CostId, FEW_SPARES, LossId, MOST_SPARES, RepairId};
use crate::{
    access::rules::Area,
    checkin::store::heard_at,
    db::{Tx, area_sql, in_schools},
    devices::rules::{DeviceKey, fields::Lifecycle},
    error::Result,
    schools::rules::MunicipalityId,
    tickets::rules::TicketId,
};

/// A spare that can stand in for a device.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SpareRow {
    /// The device.
    pub device_id: Uuid,
    /// 管理番号.
    pub label: Option<String>,
    /// 機種名.
    pub model: Option<String>,
    /// Its school.
    pub school_id: Option<Uuid>,
    /// The same for people.
    pub school_name: Option<String>,
    /// When it was last heard.
    pub heard_at: Option<i64>,
    /// Its version.
    pub version: i64,
}

/// A repair as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct RepairRow {
    /// Its id.
    pub repair_id: Uuid,
    /// The ticket.
    pub ticket_id: Uuid,
    /// The device.
    pub device_id: Uuid,
    /// Who repairs it.
    pub vendor: String,
    /// What they say that it will cost.
    pub quote_yen: Option<i64>,
    /// Number of how the insurance stands.
    pub insurance: i16,
    /// Number of the claim.
    pub insurance_number: String,
    /// When it was sent.
    pub sent_on: Option<String>,
    /// When it is to be back, or came back.
    pub back_on: Option<String>,
    /// What it costs.
    pub cost_yen: Option<i64>,
    /// Number of who pays.
    pub payer: Option<i16>,
    /// For staff.
    pub note: String,
    /// When it was begun.
    pub started_at: i64,
    /// When it was ended.
    pub ended_at: Option<i64>,
    /// Number of how it ended.
    pub outcome: Option<i16>,
}

/// A loss as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LossRow {
    /// Its id.
    pub loss_id: Uuid,
    /// The ticket.
    pub ticket_id: Uuid,
    /// The device.
    pub device_id: Uuid,
    /// When it was noticed.
    pub noticed_on: String,
    /// Where it was noticed or seen last.
    pub place: String,
    /// Number of the report to the police.
    pub police_number: String,
    /// When the police was told.
    pub police_on: Option<String>,
    /// When the board was told.
    pub board_on: Option<String>,
    /// How it was locked or located.
    pub lock_note: String,
    /// When it was written first.
    pub recorded_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// Number of how it ended.
    pub outcome: Option<i16>,
}

/// A cost as it is stored, with what its readers ask of its ticket.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct CostRow {
    /// Its id.
    pub cost_id: Uuid,
    /// The ticket.
    pub ticket_id: Uuid,
    /// The device.
    pub device_id: Option<Uuid>,
    /// Number of what it was for.
    pub kind: i16,
    /// Number of who pays.
    pub payer: i16,
    /// In yen; negative for a correction.
    pub amount_yen: i64,
    /// The day to which it belongs.
    pub spent_on: String,
    /// For staff.
    pub note: String,
    /// The cost that it corrects.
    pub corrects_cost_id: Option<Uuid>,
    /// When it was written.
    pub recorded_at: i64,
    /// Which person or token wrote it.
    pub recorder_id: Option<Uuid>,
    /// Its name.
    pub recorder_name: String,
    /// Number of the ticket.
    pub ticket_number: i64,
    /// School of the ticket.
    pub school_id: Option<Uuid>,
}

/// Spares of an area that meet a condition on their school, `$4`.
macro_rules! spares_sql {
    ($school:literal) => {
        area_sql!(
            concat!(
                "SELECT d.device_id, d.label, d.model, d.school_id, s.name AS school_name, ",
                heard_at!(),
                " AS heard_at, d.version
             FROM device d
             LEFT JOIN school s ON s.municipality_id = d.municipality_id AND s.school_id = d.school_id
             LEFT JOIN checkin_cursor c ON c.municipality_id = d.municipality_id AND c.device_id = d.device_id
             WHERE d.municipality_id = $1 AND d.lifecycle = $2 AND d.device_id <> $3 AND d.merged_into_device_id IS NULL AND ",
                $school,
                " AND "
            ),
            "d.school_id",
            "$5",
            "ORDER BY heard_at DESC NULLS LAST, d.acquired_on DESC NULLS LAST, d.created_at DESC, d.device_id LIMIT $6"
        )
    };
}

/// Spares of an area but for one device, the first to take first: of its school, last heard, newest. Those of other schools where its
/// own has few.
pub(super) async fn spares(tx: &mut Tx, area: &Area, school: Option<Uuid>, but: DeviceKey) -> Result<Vec<SpareRow>> {
    let mut found = match school {
        Some(_) => spares_of(tx, spares_sql!("d.school_id = $4"), area, school, but, MOST_SPARES).await?,
        None => Vec::new(),
    };
    if found.len() < FEW_SPARES {
        let most = MOST_SPARES - i64::try_from(found.len()).unwrap_or(MOST_SPARES);
        found.extend(spares_of(tx, spares_sql!("d.school_id IS DISTINCT FROM $4"), area, school, but, most).await?);
    }
    Ok(found)
}

async fn spares_of(
    tx: &mut Tx,
    (sqlite, postgres): (&'static str, &'static str),
    area: &Area,
    school: Option<Uuid>,
    but: DeviceKey,
    most: i64,
) -> Result<Vec<SpareRow>> {
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql)
        .bind(area.municipality())
        .bind(Lifecycle::Spare.to_number())
        .bind(but.device)
        .bind(school)
        .bind(area.schools_json())
        .bind(most)
        .all()
        .await
}

/// What `SELECT` names for a [`RepairRow`].
macro_rules! repair_columns {
    () => {
        "SELECT repair_id, ticket_id, device_id, vendor, quote_yen, insurance, insurance_number, sent_on, back_on, cost_yen, payer,
             note, started_at, ended_at, outcome FROM ticket_repair WHERE municipality_id = $1 AND ticket_id = $2 "
    };
}

/// Writes a new repair; false if its device is in repair already.
pub(super) async fn insert_repair(tx: &mut Tx, owner: MunicipalityId, row: &RepairRow) -> Result<bool> {
    let written = tx
        .query(
            "INSERT INTO ticket_repair (municipality_id, repair_id, ticket_id, device_id, vendor, quote_yen, insurance,
                 insurance_number, sent_on, back_on, cost_yen, payer, note, started_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
             ON CONFLICT (municipality_id, device_id) WHERE ended_at IS NULL DO NOTHING",
        )
        .bind(owner)
        .bind(row.repair_id)
        .bind(row.ticket_id)
        .bind(row.device_id)
        .bind(row.vendor.as_str())
        .bind(row.quote_yen)
        .bind(i64::from(row.insurance))
        .bind(row.insurance_number.as_str())
        .bind(row.sent_on.clone())
        .bind(row.back_on.clone())
        .bind(row.cost_yen)
        .bind(row.payer.map(i64::from))
        .bind(row.note.as_str())
        .bind(row.started_at)
        .execute()
        .await?;
    Ok(written == 1)
}

/// Writes what is known of an open repair; false if it has ended.
pub(super) async fn update_repair(tx: &mut Tx, owner: MunicipalityId, row: &RepairRow) -> Result<bool> {
    let written = tx
        .query(
            "UPDATE ticket_repair SET vendor = $3, quote_yen = $4, insurance = $5, insurance_number = $6, sent_on = $7,
                 back_on = $8, cost_yen = $9, payer = $10, note = $11, ended_at = $12, outcome = $13
             WHERE municipality_id = $1 AND repair_id = $2 AND ended_at IS NULL",
        )
        .bind(owner)
        .bind(row.repair_id)
        .bind(row.vendor.as_str())
        .bind(row.quote_yen)
        .bind(i64::from(row.insurance))
        .bind(row.insurance_number.as_str())
        .bind(row.sent_on.clone())
        .bind(row.back_on.clone())
        .bind(row.cost_yen)
        .bind(row.payer.map(i64::from))
        .bind(row.note.as_str())
        .bind(row.ended_at)
        .bind(row.outcome.map(i64::from))
        .execute()
        .await?;
    Ok(written == 1)
}

/// A repair of a ticket.
pub(super) async fn find_repair(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: TicketId,
    repair: RepairId,
) -> Result<Option<RepairRow>> {
    let sql = concat!(repair_columns!(), "AND repair_id = $3");
    tx.query(sql).bind(owner).bind(ticket).bind(repair).optional().await
}

/// Repairs of a ticket, the first first.
pub(super) async fn repairs(tx: &mut Tx, owner: MunicipalityId, ticket: TicketId) -> Result<Vec<RepairRow>> {
    let sql = concat!(repair_columns!(), "ORDER BY started_at, repair_id LIMIT 100");
    tx.query(sql).bind(owner).bind(ticket).all().await
}

/// What `SELECT` names for a [`LossRow`].
macro_rules! loss_columns {
    () => {
        "SELECT loss_id, ticket_id, device_id, noticed_on, place, police_number, police_on, board_on, lock_note, recorded_at,
             ended_at, outcome FROM ticket_loss WHERE municipality_id = $1 AND ticket_id = $2 "
    };
}

/// Writes a new loss; false if its device is lost already.
pub(super) async fn insert_loss(tx: &mut Tx, owner: MunicipalityId, row: &LossRow) -> Result<bool> {
    let written = tx
        .query(
            "INSERT INTO ticket_loss (municipality_id, loss_id, ticket_id, device_id, noticed_on, place, police_number, police_on,
                 board_on, lock_note, recorded_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (municipality_id, device_id) WHERE ended_at IS NULL DO NOTHING",
        )
        .bind(owner)
        .bind(row.loss_id)
        .bind(row.ticket_id)
        .bind(row.device_id)
        .bind(row.noticed_on.as_str())
        .bind(row.place.as_str())
        .bind(row.police_number.as_str())
        .bind(row.police_on.clone())
        .bind(row.board_on.clone())
        .bind(row.lock_note.as_str())
        .bind(row.recorded_at)
        .execute()
        .await?;
    Ok(written == 1)
}

/// Writes what is known of an open loss; false if it has ended.
pub(super) async fn update_loss(tx: &mut Tx, owner: MunicipalityId, row: &LossRow) -> Result<bool> {
    let written = tx
        .query(
            "UPDATE ticket_loss SET noticed_on = $3, place = $4, police_number = $5, police_on = $6, board_on = $7, lock_note = $8,
                 ended_at = $9, outcome = $10
             WHERE municipality_id = $1 AND loss_id = $2 AND ended_at IS NULL",
        )
        .bind(owner)
        .bind(row.loss_id)
        .bind(row.noticed_on.as_str())
        .bind(row.place.as_str())
        .bind(row.police_number.as_str())
        .bind(row.police_on.clone())
        .bind(row.board_on.clone())
        .bind(row.lock_note.as_str())
        .bind(row.ended_at)
        .bind(row.outcome.map(i64::from))
        .execute()
        .await?;
    Ok(written == 1)
}

/// A loss of a ticket.
pub(super) async fn find_loss(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: TicketId,
    loss: LossId,
) -> Result<Option<LossRow>> {
    let sql = concat!(loss_columns!(), "AND loss_id = $3");
    tx.query(sql).bind(owner).bind(ticket).bind(loss).optional().await
}

/// Losses of a ticket, the first first.
pub(super) async fn losses(tx: &mut Tx, owner: MunicipalityId, ticket: TicketId) -> Result<Vec<LossRow>> {
    let sql = concat!(loss_columns!(), "ORDER BY recorded_at, loss_id LIMIT 100");
    tx.query(sql).bind(owner).bind(ticket).all().await
}

/// What `SELECT` names for a [`CostRow`].
macro_rules! cost_columns {
    () => {
        "SELECT c.cost_id, c.ticket_id, c.device_id, c.kind, c.payer, c.amount_yen, c.spent_on, c.note, c.corrects_cost_id,
             c.recorded_at, c.recorder_id, c.recorder_name, t.number AS ticket_number, t.school_id
         FROM ticket_cost c JOIN ticket t ON t.municipality_id = c.municipality_id AND t.ticket_id = c.ticket_id
         WHERE c.municipality_id = $1 AND "
    };
}

/// Writes a cost.
pub(super) async fn insert_cost(tx: &mut Tx, owner: MunicipalityId, row: &CostRow) -> Result<()> {
    tx.query(
        "INSERT INTO ticket_cost (municipality_id, cost_id, ticket_id, device_id, kind, payer, amount_yen, spent_on, note,
             corrects_cost_id, recorded_at, recorder_id, recorder_name)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(owner)
    .bind(row.cost_id)
    .bind(row.ticket_id)
    .bind(row.device_id)
    .bind(i64::from(row.kind))
    .bind(i64::from(row.payer))
    .bind(row.amount_yen)
    .bind(row.spent_on.as_str())
    .bind(row.note.as_str())
    .bind(row.corrects_cost_id)
    .bind(row.recorded_at)
    .bind(row.recorder_id)
    .bind(row.recorder_name.as_str())
    .execute()
    .await?;
    Ok(())
}

/// A cost of a ticket.
pub(super) async fn find_cost(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: TicketId,
    cost: CostId,
) -> Result<Option<CostRow>> {
    let sql = concat!(cost_columns!(), "c.ticket_id = $2 AND c.cost_id = $3");
    tx.query(sql).bind(owner).bind(ticket).bind(cost).optional().await
}

/// What is left of a cost after all that corrects it. Who asks for it to correct it has the version of the ticket.
pub(super) async fn left_of(tx: &mut Tx, owner: MunicipalityId, ticket: TicketId, cost: CostId) -> Result<i64> {
    let (left,): (i64,) = tx
        .query(
            "SELECT CAST(COALESCE(SUM(amount_yen), 0) AS BIGINT) FROM ticket_cost
             WHERE municipality_id = $1 AND ticket_id = $2 AND (cost_id = $3 OR corrects_cost_id = $3)",
        )
        .bind(owner)
        .bind(ticket)
        .bind(cost)
        .one()
        .await?;
    Ok(left)
}

/// Costs of a ticket in the order in which they were written, and the sum of all of them.
pub(super) async fn costs_of(tx: &mut Tx, owner: MunicipalityId, ticket: TicketId) -> Result<(Vec<CostRow>, i64)> {
    let sql = concat!(cost_columns!(), "c.ticket_id = $2 ORDER BY c.recorded_at, c.cost_id LIMIT 200");
    let rows = tx.query(sql).bind(owner).bind(ticket).all().await?;
    let (total,): (i64,) = tx
        .query(
            "SELECT CAST(COALESCE(SUM(amount_yen), 0) AS BIGINT) FROM ticket_cost
             WHERE municipality_id = $1 AND ticket_id = $2",
        )
        .bind(owner)
        .bind(ticket)
        .one()
        .await?;
    Ok((rows, total))
}

/// Costs of an area from a day to another, behind a day and an id: the earliest day first.
pub(super) async fn costs(
    tx: &mut Tx,
    area: &Area,
    days: (&str, &str),
    behind: (&str, Uuid),
    limit: i64,
) -> Result<Vec<CostRow>> {
    let sql = tx.by_engine(
        concat!(cost_columns!(), cost_range!(), in_schools!(sqlite "t.school_id" "$6"), cost_order!()),
        concat!(cost_columns!(), cost_range!(), in_schools!(postgres "t.school_id" "$6"), cost_order!()),
    );
    tx.query(sql)
        .bind(area.municipality())
        .bind(days.0)
        .bind(days.1)
        .bind(behind.0)
        .bind(behind.1)
        .bind(area.schools_json())
        .bind(limit)
        .all()
        .await
}

macro_rules! cost_range {
    () => {
        "c.spent_on >= $2 AND c.spent_on <= $3 AND (c.spent_on, c.cost_id) > ($4, $5) AND "
    };
}
macro_rules! cost_order {
    () => {
        " ORDER BY c.spent_on, c.cost_id LIMIT $7"
    };
}
use {cost_order, cost_range};
