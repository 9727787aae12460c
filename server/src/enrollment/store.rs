//! SQL of enrolment tokens and device certificates.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::{Area, SecretHash},
    clock::Timestamp,
    db::{Tx, area_sql},
    devices::rules::DeviceKey,
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// An enrolment token as it is stored.
#[derive(Debug, Clone, FromRow)]
pub struct TokenRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// Its id.
    pub token_id: Uuid,
    /// The school that devices enrol for.
    pub school_id: Option<Uuid>,
    /// What it is for.
    pub note: String,
    /// How many devices may enrol.
    pub uses_allowed: i64,
    /// How many have.
    pub uses_taken: i64,
    /// When it was made.
    pub created_at: i64,
    /// When it ends.
    pub expires_at: i64,
    /// When staff ended it.
    pub revoked_at: Option<i64>,
}

const TOKEN_BY_ID: &str =
    "SELECT municipality_id, token_id, school_id, note, uses_allowed, uses_taken, created_at, expires_at, revoked_at
     FROM enrollment_token WHERE municipality_id = $1 AND token_id = $2";

pub(super) async fn insert_token(tx: &mut Tx, token: &TokenRow, hash: &SecretHash) -> Result<()> {
    tx.query(
        "INSERT INTO enrollment_token (municipality_id, token_id, school_id, note, uses_allowed, uses_taken, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6, $7)",
    )
    .bind(token.municipality_id)
    .bind(token.token_id)
    .bind(token.school_id)
    .bind(token.note.as_str())
    .bind(token.uses_allowed)
    .bind(token.created_at)
    .bind(token.expires_at)
    .execute()
    .await?;
    tx.query("INSERT INTO enrollment_token_lookup (token_hash, municipality_id, token_id) VALUES ($1, $2, $3)")
        .bind(hash.0.clone())
        .bind(token.municipality_id)
        .bind(token.token_id)
        .execute()
        .await?;
    Ok(())
}

pub(super) async fn find_token(tx: &mut Tx, municipality: MunicipalityId, token: Uuid) -> Result<Option<TokenRow>> {
    tx.query(TOKEN_BY_ID).bind(municipality).bind(token).optional().await
}

pub(super) async fn find_token_by_secret(tx: &mut Tx, hash: &SecretHash) -> Result<Option<TokenRow>> {
    let found = tx
        .query("SELECT municipality_id, token_id FROM enrollment_token_lookup WHERE token_hash = $1")
        .bind(hash.0.clone())
        .optional::<(Uuid, Uuid)>()
        .await?;
    match found {
        Some((municipality, token)) => find_token(tx, MunicipalityId(municipality), token).await,
        None => Ok(None),
    }
}

/// Takes one use if one is left and the token is good now; of two devices that take the last one, one wins.
pub(super) async fn take_use(tx: &mut Tx, token: &TokenRow, now: Timestamp) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE enrollment_token SET uses_taken = uses_taken + 1
             WHERE municipality_id = $1 AND token_id = $2 AND uses_taken < uses_allowed AND revoked_at IS NULL AND expires_at > $3",
        )
        .bind(token.municipality_id)
        .bind(token.token_id)
        .bind(now.0)
        .execute()
        .await?;
    Ok(rows == 1)
}

pub(super) async fn revoke_token(tx: &mut Tx, municipality: MunicipalityId, token: Uuid, now: Timestamp) -> Result<()> {
    tx.query(
        "UPDATE enrollment_token SET revoked_at = $3 WHERE municipality_id = $1 AND token_id = $2 AND revoked_at IS NULL",
    )
    .bind(municipality)
    .bind(token)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// Tokens of an area that are older than a key, newest first.
pub(super) async fn list_tokens(tx: &mut Tx, area: &Area, before: (i64, Uuid), limit: i64) -> Result<Vec<TokenRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT municipality_id, token_id, school_id, note, uses_allowed, uses_taken, created_at, expires_at, revoked_at
         FROM enrollment_token WHERE municipality_id = $1 AND (created_at, token_id) < ($2, $3) AND",
        "school_id",
        "$4",
        "ORDER BY created_at DESC, token_id DESC LIMIT $5"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql)
        .bind(area.municipality())
        .bind(before.0)
        .bind(before.1)
        .bind(area.schools_json())
        .bind(limit)
        .all()
        .await
}

/// Where a certificate of a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// Issued, not used yet.
    Candidate,
    /// The one in use.
    Confirmed,
    /// A newer one has been used since.
    Superseded,
}

impl CertificateState {
    fn to_number(self) -> i64 {
        match self {
            Self::Candidate => 1,
            Self::Confirmed => 2,
            Self::Superseded => 3,
        }
    }

    fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Candidate,
            2 => Self::Confirmed,
            _ => Self::Superseded,
        }
    }
}

/// A certificate to be noted.
#[derive(Debug, Clone)]
pub struct NewCertificate {
    /// Its device.
    pub key: DeviceKey,
    /// Its serial number.
    pub serial: i64,
    /// SubjectPublicKeyInfo in DER.
    pub public_key_der: Vec<u8>,
    /// When it ends.
    pub expires_at: Timestamp,
}

pub(super) async fn insert_certificate(
    tx: &mut Tx,
    new: &NewCertificate,
    state: CertificateState,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO device_certificate (municipality_id, device_id, certificate_serial, state, public_key, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.key.municipality)
    .bind(new.key.device)
    .bind(new.serial)
    .bind(state.to_number())
    .bind(new.public_key_der.clone())
    .bind(now.0)
    .bind(new.expires_at.0)
    .execute()
    .await?;
    Ok(())
}

/// Whether a device has a certificate for this key.
pub(super) async fn has_public_key(tx: &mut Tx, key: DeviceKey, public_key_der: &[u8]) -> Result<bool> {
    let (count,) = tx
        .query(
            "SELECT COUNT(*) FROM device_certificate WHERE municipality_id = $1 AND device_id = $2 AND public_key = $3",
        )
        .bind(key.municipality)
        .bind(key.device)
        .bind(public_key_der.to_vec())
        .one::<(i64,)>()
        .await?;
    Ok(count > 0)
}

/// Forgets candidates that were never used: a device has one at most.
pub(super) async fn delete_candidates(tx: &mut Tx, key: DeviceKey) -> Result<()> {
    tx.query("DELETE FROM device_certificate WHERE municipality_id = $1 AND device_id = $2 AND state = $3")
        .bind(key.municipality)
        .bind(key.device)
        .bind(CertificateState::Candidate.to_number())
        .execute()
        .await?;
    Ok(())
}

/// The state of a certificate; none if it was never issued to this device.
pub async fn certificate_state(tx: &mut Tx, key: DeviceKey, serial: i64) -> Result<Option<CertificateState>> {
    let row = tx
        .query("SELECT state FROM device_certificate WHERE municipality_id = $1 AND device_id = $2 AND certificate_serial = $3")
        .bind(key.municipality)
        .bind(key.device)
        .bind(serial)
        .optional::<(i16,)>()
        .await?;
    Ok(row.map(|(state,)| CertificateState::from_number(state)))
}

/// Makes a candidate the certificate in use and the others superseded.
pub async fn confirm_certificate(tx: &mut Tx, key: DeviceKey, serial: i64) -> Result<()> {
    tx.query(
        "UPDATE device_certificate SET state = CASE WHEN certificate_serial = $3 THEN $4 ELSE $5 END
         WHERE municipality_id = $1 AND device_id = $2",
    )
    .bind(key.municipality)
    .bind(key.device)
    .bind(serial)
    .bind(CertificateState::Confirmed.to_number())
    .bind(CertificateState::Superseded.to_number())
    .execute()
    .await?;
    Ok(())
}

/// Adds the row that check-ins update. It knows no run yet; `certificate_serial` is the one in use.
pub(super) async fn insert_cursor(tx: &mut Tx, key: DeviceKey, certificate_serial: i64) -> Result<()> {
    tx.query(
        "INSERT INTO checkin_cursor (municipality_id, device_id, run_id, sequence, previous_run_id, previous_sequence,
             certificate_serial, facts_hash, report_count, transition_count, attention)
         VALUES ($1, $2, 0, 0, 0, 0, $3, 0, 0, 0, $4)",
    )
    .bind(key.municipality)
    .bind(key.device)
    .bind(certificate_serial)
    .bind(false)
    .execute()
    .await?;
    Ok(())
}

/// The value noted for the whole installation under a name; the first one to note it wins.
pub(super) async fn note_installation(tx: &mut Tx, name: &str, value: &str) -> Result<String> {
    tx.query("INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(name)
        .bind(value)
        .execute()
        .await?;
    let (noted,) = tx.query("SELECT value FROM installation WHERE name = $1").bind(name).one::<(String,)>().await?;
    Ok(noted)
}

/// The school of a token, typed.
pub(super) fn school_of(token: &TokenRow) -> Option<SchoolId> {
    token.school_id.map(SchoolId)
}
