//! What all devices try beyond the layers, and the plan that follows from it.

pub use super::super::store::topology::TargetRow;
use super::{
    super::{
        rules::targets::{TARGETS, TargetKind, plan},
        store::topology as store,
    },
    Network,
};
use crate::{
    access::{
        rules::{Right, Staff},
        service::audit::Deed,
    },
    error::{
        Error, Kind, Result,
        says::{network as say, schools as say_schools},
    },
};
use gigafleet_proto::v1::{ProbePlan, ProbeTarget};

/// What shall be said of a target.
#[derive(Debug, Clone)]
pub struct TargetOrder {
    /// Names it in reports; 1 to 65,535.
    pub number: i64,
    /// What people call it.
    pub name: String,
    /// What it is.
    pub kind: TargetKind,
    /// Name or address.
    pub host: String,
    /// Port of TCP.
    pub port: i64,
    /// Whether a TLS handshake must show a certificate of its name.
    pub tls: bool,
    /// Later than this is slow, in milliseconds.
    pub slow_ms: i64,
    /// Connections at once, for the check of sessions.
    pub connections: i64,
    /// Who says so.
    pub source: String,
}

impl Network {
    /// All targets, by number. They are no secret, but a caller is needed. Reason: RIGHT_MISSING.
    pub async fn targets(&self, staff: &Staff) -> Result<Vec<TargetRow>> {
        staff.scope(Right::ViewFigures)?;
        let mut tx = self.db.read().await?;
        store::targets(&mut tx).await
    }

    /// Says a target anew. Reasons: RIGHT_MISSING, ETAG_MISMATCH, TARGETS_FULL.
    pub async fn set_target(&self, staff: &Staff, order: TargetOrder, seen: i64) -> Result<TargetRow> {
        staff.require_everywhere(Right::EditMunicipalities)?;
        let mut tx = self.db.begin().await?;
        let details = serde_json::json!({ "name": order.name, "host": order.host, "port": order.port });
        self.access.audit(&mut tx, staff, deed("target.set", order.number, details)).await?;
        let known = store::targets(&mut tx).await?;
        if known.len() >= TARGETS && known.iter().all(|target| target.number != order.number) {
            return Err(Error::new(Kind::Exhausted, "TARGETS_FULL", say::targets_full(TARGETS)));
        }
        let row = TargetRow {
            number: order.number,
            name: order.name,
            kind: order.kind as i16,
            host: order.host,
            port: order.port,
            tls: order.tls,
            slow_ms: order.slow_ms,
            connections: order.connections,
            source: order.source,
            changed_at: self.clock.now().0,
            version: seen + 1,
        };
        if !store::upsert_target(&mut tx, &row, seen).await? {
            return Err(Error::new(Kind::Conflict, "ETAG_MISMATCH", say_schools::changed_since()));
        }
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a target away. Reasons: RIGHT_MISSING, TARGET_NOT_FOUND.
    pub async fn delete_target(&self, staff: &Staff, number: i64) -> Result<()> {
        staff.require_everywhere(Right::EditMunicipalities)?;
        let mut tx = self.db.begin().await?;
        if !store::delete_target(&mut tx, number).await? {
            return Err(Error::not_found("TARGET_NOT_FOUND", say::target_unknown(number)));
        }
        self.access.audit(&mut tx, staff, deed("target.delete", number, serde_json::json!({}))).await?;
        tx.commit().await
    }

    /// The plan that all devices follow now. `interval_ms` is that of rounds, if it is not the usual one.
    pub async fn plan(&self, interval_ms: Option<u32>) -> Result<ProbePlan> {
        let mut tx = self.db.read().await?;
        let targets = store::targets(&mut tx).await?;
        let number = |number: i64| u32::try_from(number).unwrap_or_default();
        let target = |row: TargetRow| {
            Some(ProbeTarget {
                number: number(row.number),
                layer: TargetKind::from_number(row.kind)?.layer().into(),
                host: row.host,
                port: number(row.port),
                tls: row.tls,
                slow_ms: number(row.slow_ms),
                connections: number(row.connections),
            })
        };
        Ok(plan(interval_ms, targets.into_iter().filter_map(target).collect()))
    }
}

fn deed(action: &'static str, number: i64, details: serde_json::Value) -> Deed {
    Deed { municipality: None, action, subject_kind: "target", subject_id: number.to_string(), details }
}
