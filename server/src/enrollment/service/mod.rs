//! Use cases of enrolment.

pub mod authority;

use std::{sync::Arc, time::Duration};

use gigafleet_proto::v1;
use uuid::Uuid;

use self::authority::{Authority, Issued};
use super::{
    rules::{self, CheckedCsr, DeviceIdentity, TOKEN_PREFIX, TokenState},
    store::{self, CertificateState, NewCertificate, TokenRow},
};
use crate::{
    access::{
        rules::{Right, Staff, hash_secret, new_secret},
        service::{Access, audit::Deed},
    },
    clock::{Clock, Timestamp},
    db::{Db, Tx, is_unique_violation},
    devices::{
        rules::{
            DeviceId, DeviceKey, check_facts,
            claims::Claims,
            events::EventKind,
            fields::{Field, FieldValue, Source},
        },
        service::identity::note_facts,
        store::{
            self as devices, NewDevice,
            claims::{self as device_claims, DeviceClaim, NewEvent},
        },
    },
    error::{
        Error, Kind, Result,
        says::{devices as say, server},
    },
    schools::{
        rules::{MunicipalityId, SchoolId},
        store as schools,
    },
};

/// The device that calls with a certificate, if neither of them has ended. Reasons: DEVICE_UNKNOWN, DEVICE_REVOKED,
/// CERTIFICATE_REVOKED.
pub async fn admitted_device(tx: &mut Tx, caller: DeviceIdentity) -> Result<devices::DeviceRow> {
    let device = devices::find_device(tx, caller.key)
        .await?
        .ok_or_else(|| Error::not_found("DEVICE_UNKNOWN", say::device_not_known()))?;
    if device.revoked_at.is_some() {
        return Err(Error::new(Kind::Denied, "DEVICE_REVOKED", say::access_ended_ask()));
    }
    store::certificate_state(tx, caller.key, caller.certificate_serial)
        .await?
        .ok_or_else(|| Error::new(Kind::Denied, "CERTIFICATE_REVOKED", say::certificate_revoked()))?;
    Ok(device)
}

/// Enrols devices and keeps tokens.
#[derive(Debug, Clone)]
pub struct Enrollment {
    db: Db,
    clock: Clock,
    access: Access,
    authority: Arc<Authority>,
    certificate_lifetime: Duration,
}

/// A device that enrolled, with its certificate.
#[derive(Debug)]
pub struct Enrolled {
    /// Owner and device.
    pub key: DeviceKey,
    /// The certificate.
    pub issued: Issued,
    /// Salt for hashes of MAC addresses.
    pub mac_salt: Vec<u8>,
}

/// What staff says of a token it wants.
#[derive(Debug, Clone)]
pub struct TokenOrder {
    /// Id of the token, drawn by the server if absent.
    pub id: Option<Uuid>,
    /// The owner.
    pub municipality: MunicipalityId,
    /// The school, if the token is for one.
    pub school: Option<SchoolId>,
    /// What it is for.
    pub note: String,
    /// How many devices may enrol with it.
    pub uses_allowed: i64,
    /// How long it is good.
    pub lifetime: Duration,
}

impl Enrollment {
    /// Works on this database with this authority.
    pub fn new(
        db: Db,
        clock: Clock,
        access: Access,
        authority: Arc<Authority>,
        certificate_lifetime: Duration,
    ) -> Self {
        Self { db, clock, access, authority, certificate_lifetime }
    }

    /// The authority that signs.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Refuses to run on a database whose devices trust another authority. Reason: CA_MISMATCH.
    pub async fn require_same_authority(&self) -> Result<()> {
        let own = self.authority.sha256();
        let mut tx = self.db.begin().await?;
        let noted = store::note_installation(&mut tx, "ca_sha256", &own).await?;
        tx.commit().await?;
        if noted == own {
            return Ok(());
        }
        Err(Error::new(Kind::Precondition, "CA_MISMATCH", server::ca_mismatch(noted, own)))
    }

    /// Makes a token; the secret is given here and never again.
    pub async fn create_token(&self, staff: &Staff, order: TokenOrder) -> Result<(TokenRow, String)> {
        let (secret, hash) = new_secret(TOKEN_PREFIX)?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let area = staff.area_for(Right::ManageEnrollment, order.municipality)?;
        let unknown = match order.school {
            Some(school) if !schools::school_exists(&mut tx, order.municipality, school).await? => true,
            school => !area.covers(school),
        };
        if unknown {
            return Err(Error::not_found("SCHOOL_NOT_FOUND", say::enrollment_school()));
        }
        let token = TokenRow {
            municipality_id: order.municipality.0,
            token_id: order.id.unwrap_or_else(Uuid::now_v7),
            school_id: order.school.map(|s| s.0),
            note: order.note,
            uses_allowed: order.uses_allowed,
            uses_taken: 0,
            created_at: now.0,
            expires_at: now.after(order.lifetime).0,
            revoked_at: None,
        };
        store::insert_token(&mut tx, &token, &hash).await.map_err(|error| {
            if is_unique_violation(&error) {
                Error::new(Kind::Exists, "TOKEN_EXISTS", say::enrollment_token_exists()).with_source(error)
            } else {
                error
            }
        })?;
        let details = serde_json::json!({ "school": token.school_id, "uses": token.uses_allowed, "note": token.note });
        self.access
            .audit(&mut tx, staff, deed(order.municipality, "enrollment_token.create", token.token_id, details))
            .await?;
        tx.commit().await?;
        Ok((token, secret))
    }

    /// Tokens in scope, newest first. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn list_tokens(
        &self,
        staff: &Staff,
        municipality: Option<MunicipalityId>,
        before: (i64, Uuid),
        limit: i64,
    ) -> Result<Vec<TokenRow>> {
        let areas = staff.areas(Right::ManageEnrollment, municipality)?;
        let mut tx = self.db.read().await?;
        let mut rows = Vec::new();
        for area in areas {
            rows.extend(store::list_tokens(&mut tx, &area, before, limit).await?);
        }
        rows.sort_by_key(|row: &TokenRow| std::cmp::Reverse((row.created_at, row.token_id)));
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(rows)
    }

    /// Ends a token.
    pub async fn revoke_token(&self, staff: &Staff, municipality: MunicipalityId, token: Uuid) -> Result<TokenRow> {
        let not_found = || Error::not_found("TOKEN_NOT_FOUND", say::enrollment_token_unknown(token));
        let area = staff.area_for(Right::ManageEnrollment, municipality).map_err(|error| match error.kind {
            Kind::NotFound => not_found(),
            _ => error,
        })?;
        let mut tx = self.db.begin().await?;
        let row = store::find_token(&mut tx, municipality, token).await?.ok_or_else(not_found)?;
        if !area.covers(row.school_id.map(SchoolId)) {
            return Err(not_found());
        }
        store::revoke_token(&mut tx, municipality, token, self.clock.now()).await?;
        let row = store::find_token(&mut tx, municipality, token).await?.ok_or_else(not_found)?;
        let details = serde_json::json!({ "note": row.note });
        self.access.audit(&mut tx, staff, deed(municipality, "enrollment_token.revoke", token, details)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// The state of a token now.
    pub fn token_state(&self, token: &TokenRow) -> TokenState {
        let revoked = token.revoked_at.is_some();
        rules::token_state(token.uses_allowed, token.uses_taken, token.expires_at, revoked, self.clock.now())
    }

    /// Exchanges a token for a certificate. A repeat with the same instance and key takes no further use.
    pub async fn enroll(
        &self,
        secret: &str,
        csr_der: &[u8],
        instance: Uuid,
        facts: Option<&v1::Facts>,
    ) -> Result<Enrolled> {
        let csr = rules::check_csr(csr_der, instance)?;
        let refused = facts.map(check_facts).unwrap_or_default();
        if !refused.is_empty() {
            return Err(Error::invalid_fields("REPORT_INVALID", refused));
        }
        let mut tx = self.db.begin().await?;
        let token = store::find_token_by_secret(&mut tx, &hash_secret(secret))
            .await?
            .ok_or_else(|| Error::new(Kind::Unauthenticated, "TOKEN_UNKNOWN", say::enrollment_token_not_known()))?;
        let municipality = MunicipalityId(token.municipality_id);
        let known = devices::find_by_instance(&mut tx, municipality, instance).await?;
        let enrolled = match known {
            Some(device) => self.enroll_again(&mut tx, municipality, &device, &csr).await?,
            None => self.enroll_first(&mut tx, &token, &csr, instance).await?,
        };
        if let Some(facts) = facts {
            note_facts(&mut tx, &[(enrolled.key, facts)], self.clock.now()).await?;
        }
        tx.commit().await?;
        Ok(enrolled)
    }

    async fn enroll_first(&self, tx: &mut Tx, token: &TokenRow, csr: &CheckedCsr, instance: Uuid) -> Result<Enrolled> {
        let now = self.clock.now();
        rules::require_active(self.token_state(token))?;
        if !store::take_use(tx, token, now).await? {
            // Somebody took the last use, or ended the token, since it was read.
            rules::require_active(TokenState::UsedUp)?;
        }
        let key = DeviceKey { municipality: MunicipalityId(token.municipality_id), device: DeviceId(Uuid::now_v7()) };
        let new = NewDevice { key, school: store::school_of(token), instance, forked_from: None };
        self.add_device(tx, &new, csr, now).await
    }

    async fn enroll_again(
        &self,
        tx: &mut Tx,
        municipality: MunicipalityId,
        device: &devices::DeviceRow,
        csr: &CheckedCsr,
    ) -> Result<Enrolled> {
        let key = DeviceKey { municipality, device: DeviceId(device.device_id) };
        if device.revoked_at.is_some() {
            return Err(Error::new(Kind::Denied, "DEVICE_REVOKED", say::access_ended_ask()));
        }
        if !store::has_public_key(tx, key, &csr.public_key_der).await? {
            return Err(Error::new(Kind::Exists, "INSTANCE_ENROLLED", say::instance_enrolled()));
        }
        let issued = self.issue(tx, key, csr, CertificateState::Candidate).await?;
        Ok(Enrolled { key, issued, mac_salt: schools::mac_salt(tx, municipality).await? })
    }

    async fn add_device(&self, tx: &mut Tx, new: &NewDevice, csr: &CheckedCsr, now: Timestamp) -> Result<Enrolled> {
        devices::insert_device(tx, new, now).await?;
        if let Some(school) = new.school {
            let mut claims = Claims::new();
            claims.say(Field::School, FieldValue::Text(school.to_string()), now);
            let claim = DeviceClaim { key: new.key, source: Source::Agent, claims };
            device_claims::upsert_claims(tx, &[claim], now).await?;
        }
        let enrolled = NewEvent {
            key: new.key,
            kind: EventKind::Enrolled,
            occurred_at: now,
            actor_name: String::new(),
            details: serde_json::json!({ "forked_from": new.forked_from }),
        };
        device_claims::insert_events(tx, &[enrolled], now).await?;
        let issued = self.issue(tx, new.key, csr, CertificateState::Confirmed).await?;
        store::insert_cursor(tx, new.key, issued.serial).await?;
        Ok(Enrolled { key: new.key, issued, mac_salt: schools::mac_salt(tx, new.key.municipality).await? })
    }

    async fn issue(&self, tx: &mut Tx, key: DeviceKey, csr: &CheckedCsr, state: CertificateState) -> Result<Issued> {
        let issued = self.authority.issue_device(key, &csr.public_key_der, self.certificate_lifetime)?;
        if state == CertificateState::Candidate {
            store::delete_candidates(tx, key).await?;
        }
        let new = NewCertificate {
            key,
            serial: issued.serial,
            public_key_der: csr.public_key_der.clone(),
            expires_at: issued.expires_at,
        };
        store::insert_certificate(tx, &new, state, self.clock.now()).await?;
        Ok(issued)
    }

    /// Gives a device a new certificate, or an identity of its own if it shares one.
    pub async fn renew(&self, caller: DeviceIdentity, csr_der: &[u8], separate_identity: bool) -> Result<Enrolled> {
        let csr = rules::check_csr(csr_der, caller.key.device.0)?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let device = admitted_device(&mut tx, caller).await?;
        let enrolled = if separate_identity {
            self.separate(&mut tx, caller, device.school_id.map(SchoolId), &csr, now).await?
        } else {
            let issued = self.issue(&mut tx, caller.key, &csr, CertificateState::Candidate).await?;
            Enrolled { key: caller.key, issued, mac_salt: schools::mac_salt(&mut tx, caller.key.municipality).await? }
        };
        tx.commit().await?;
        Ok(enrolled)
    }

    async fn separate(
        &self,
        tx: &mut Tx,
        caller: DeviceIdentity,
        school: Option<SchoolId>,
        csr: &CheckedCsr,
        now: Timestamp,
    ) -> Result<Enrolled> {
        let old = caller.key;
        if !devices::may_separate(tx, old).await? {
            return Err(Error::new(Kind::Precondition, "SEPARATION_NOT_ASKED", say::separation_not_asked()));
        }
        let new = DeviceKey { municipality: old.municipality, device: DeviceId(Uuid::now_v7()) };
        let device = NewDevice { key: new, school, instance: Uuid::now_v7(), forked_from: Some(old.device) };
        let enrolled = self.add_device(tx, &device, csr, now).await?;
        let evidence = "kept apart from the device with which it shared one identity";
        devices::open_review(tx, new, v1::ReviewReason::Forked, Some(old.device), evidence, now).await?;
        devices::open_review(tx, old, v1::ReviewReason::Forked, Some(new.device), evidence, now).await?;
        Ok(enrolled)
    }
}

fn deed(owner: MunicipalityId, action: &'static str, token: Uuid, details: serde_json::Value) -> Deed {
    Deed { municipality: Some(owner), action, subject_kind: "enrollment_token", subject_id: token.to_string(), details }
}
