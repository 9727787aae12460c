//! SQL of what the registry shows of the devices of a list.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    db::{Tx, among_sql, rows_json},
    error::Result,
    schools::rules::MunicipalityId,
};

/// What is shown of a device in a list. Numbers are 0 where nobody said.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct RegistryRow {
    /// The device.
    pub device_id: Uuid,
    /// 管理番号.
    pub label: Option<String>,
    /// シリアル番号.
    pub serial_number: Option<String>,
    /// メーカー.
    pub maker: Option<String>,
    /// 機種名.
    pub model: Option<String>,
    /// Number of the kind of operating system.
    pub os_kind: i16,
    /// OSバージョン.
    pub os_version: Option<String>,
    /// Number of the purpose.
    pub purpose: i16,
    /// Number of the lifecycle.
    pub lifecycle: i16,
    /// 教室.
    pub room: Option<String>,
    /// 学年.
    pub grade: Option<i16>,
    /// 組.
    pub class_name: Option<String>,
    /// 出席番号.
    pub seat_number: Option<i16>,
}

/// What the registry shows of these devices of an owner, in no order. As an array PostgreSQL looks each up by its key.
pub(in crate::overview) async fn registry_rows(
    tx: &mut Tx,
    municipality: MunicipalityId,
    devices: &[Uuid],
) -> Result<Vec<RegistryRow>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT device_id, label, serial_number, maker, model, os_kind, os_version, purpose, lifecycle, room, grade,
             class_name, seat_number
         FROM device WHERE municipality_id = $1 AND",
        "device_id",
        "$2",
        ""
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(municipality).bind(rows_json(devices)?).all().await
}
