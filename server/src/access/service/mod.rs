//! Turns credentials into callers, and makes the first administrator's.

pub mod audit;
pub mod links;
pub mod names;
pub mod sign_in;
pub mod staff;
pub mod tokens;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{Arc, Mutex},
};

use ring::hkdf;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use uuid::Uuid;

use self::audit::{Actor, Deed};
use super::{
    rules::{
        self, Role, STAFF_PREFIX,
        audit::AuditKey,
        lockout::Addresses,
        second_factor::SecondFactorKeys,
        session::{FormKey, SessionPolicy},
    },
    store,
};
use crate::{
    clock::Clock,
    db::Db,
    error::{Error, Kind, Result},
};

/// Checks credentials.
#[derive(Debug, Clone)]
pub struct Access {
    db: Db,
    clock: Clock,
    key: AuditKey,
    policy: SessionPolicy,
    guard: Arc<Guard>,
}

/// Passwords that are worked on at once: each takes 19 MiB and some ten milliseconds of a core.
const HASHES_AT_ONCE: usize = 2;
/// People who may wait for that.
const HASHES_WAITING: usize = 64;

/// What all clones share to check people.
#[derive(Debug)]
struct Guard {
    second_factor: SecondFactorKeys,
    forms: FormKey,
    hashing: Arc<Semaphore>,
    hash_queue: Semaphore,
    addresses: Mutex<Addresses>,
}

/// What a command needs to call a server: the content of the credentials file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// Host and port of the server.
    pub server: String,
    /// Certificate of the authority, PEM.
    pub ca_pem: String,
    /// Token of staff.
    pub token: String,
}

impl Access {
    /// Checks against this database. `secret` is shared by its servers and is not in it.
    pub fn new(db: Db, clock: Clock, secret: &[u8; 32]) -> Self {
        let seal = derive_key(secret, b"gigafleet totp");
        let recovery = derive_key(secret, b"gigafleet recovery codes");
        let guard = Guard {
            second_factor: SecondFactorKeys::new(&seal, &recovery),
            forms: FormKey::new(&derive_key(secret, b"gigafleet forms")),
            hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            hash_queue: Semaphore::new(HASHES_WAITING),
            addresses: Mutex::default(),
        };
        let key = AuditKey::new(&derive_key(secret, b"gigafleet audit"));
        Self { db, clock, key, policy: SessionPolicy::default(), guard: Arc::new(guard) }
    }

    /// The same with other lengths of sessions.
    #[must_use]
    pub fn with_policy(self, policy: SessionPolicy) -> Self {
        Self { policy, ..self }
    }

    /// How long sessions last.
    pub fn policy(&self) -> SessionPolicy {
        self.policy
    }

    /// Writes the first administrator's credentials, readable by the owner only. An existing file keeps its token if the
    /// database knows it; the server's address is brought up to date.
    pub async fn write_first_credentials(&self, file: &Path, server: &str, ca_pem: &str) -> Result<()> {
        let kept = self.kept_token(file).await?;
        let token = match kept {
            Some(token) => token,
            None => {
                let (token, hash) = rules::new_secret(STAFF_PREFIX)?;
                let mut tx = self.db.begin().await?;
                let id = Uuid::now_v7();
                let (name, role) = ("first administrator", Role::Administrator.to_number());
                store::tokens::insert_installation_token(&mut tx, &hash, id, name, role, self.clock.now()).await?;
                let deed = Deed {
                    municipality: None,
                    action: "token.create",
                    subject_kind: "token",
                    subject_id: id.to_string(),
                    details: serde_json::json!({ "name": name, "role": role }),
                };
                self.audit(&mut tx, Actor::system(), deed).await?;
                tx.commit().await?;
                token
            }
        };
        write_credentials(file, &Credentials { server: server.to_owned(), ca_pem: ca_pem.to_owned(), token })
    }

    async fn kept_token(&self, file: &Path) -> Result<Option<String>> {
        let Ok(text) = fs::read_to_string(file) else { return Ok(None) };
        let Ok(old) = serde_json::from_str::<Credentials>(&text) else { return Ok(None) };
        match self.staff(Some(&format!("Bearer {}", old.token))).await {
            Ok(_) => Ok(Some(old.token)),
            Err(error) if error.kind == Kind::Unauthenticated => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A key for one use out of the shared secret.
pub fn derive_key(secret: &[u8; 32], purpose: &'static [u8]) -> [u8; 32] {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"gigafleet");
    let mut key = [0; 32];
    salt.extract(secret)
        .expand(&[purpose], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key))
        .expect("32 bytes are one block of SHA-256");
    key
}

fn write_credentials(file: &Path, credentials: &Credentials) -> Result<()> {
    let fault = |source| Error::internal(format!("{} cannot be written", file.display()), source);
    let text = serde_json::to_string_pretty(credentials).expect("three strings are JSON");
    let temporary = file.with_extension("new");
    let mut out =
        fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary).map_err(fault)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(fault)?;
    fs::rename(&temporary, file).map_err(fault)
}
