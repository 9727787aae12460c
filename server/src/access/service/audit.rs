//! The audit log: one entry for each change and each export, in the transaction that makes it.

use uuid::Uuid;

use super::Access;
use crate::{
    access::{
        rules::{
            Credential, MunicipalityId, Staff,
            audit::{ActorKind, Entry, GENESIS},
        },
        store::audit::{self as store, HeadRow},
    },
    db::Tx,
    error::Result,
};

/// Who did something, for the log.
#[derive(Debug, Clone)]
pub struct Actor {
    /// What kind.
    pub kind: ActorKind,
    /// Which person or token.
    pub id: Option<Uuid>,
    /// Its name.
    pub name: String,
}

impl Actor {
    /// The server itself.
    pub fn system() -> Self {
        Self { kind: ActorKind::System, id: None, name: String::from("gigafleet") }
    }
}

impl From<&Staff> for Actor {
    fn from(staff: &Staff) -> Self {
        match (staff.id, staff.credential) {
            (Some(id), _) => Self { kind: ActorKind::Staff, id: Some(id.0), name: staff.name.clone() },
            (None, Credential::Token(id) | Credential::Session(id)) => {
                Self { kind: ActorKind::Token, id: Some(id), name: staff.name.clone() }
            }
        }
    }
}

/// What was done to what.
#[derive(Debug, Clone)]
pub struct Deed {
    /// The owner concerned; none for the installation.
    pub municipality: Option<MunicipalityId>,
    /// A verb of the contract, for example `device.retire`.
    pub action: &'static str,
    /// What kind of thing.
    pub subject_kind: &'static str,
    /// Which one.
    pub subject_id: String,
    /// What changed: no secrets, no names of pupils.
    pub details: serde_json::Value,
}

/// What a check of the log found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The chain.
    pub municipality: Uuid,
    /// The entry where it shows.
    pub sequence: i64,
    /// What is wrong.
    pub problem: &'static str,
}

/// Result of a check of the whole log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Chains that were read.
    pub chains: u64,
    /// Entries that were read.
    pub entries: u64,
    /// What is wrong; empty if all is well. At most one for each chain, the first.
    pub flaws: Vec<Flaw>,
}

/// Entries that are read at once.
const PAGE: i64 = 1_000;

impl Access {
    /// Adds an entry inside the transaction of the change it tells of.
    pub async fn audit(&self, tx: &mut Tx, actor: impl Into<Actor>, deed: Deed) -> Result<()> {
        let actor = actor.into();
        let municipality = deed.municipality.map_or(Uuid::nil(), |m| m.0);
        let first = HeadRow {
            municipality_id: municipality,
            sequence: 0,
            entry_hash: GENESIS.to_vec(),
            head_hash: self.key.head_hash(municipality, 0, &GENESIS),
        };
        let head = store::lock_head(tx, &first).await?;
        let entry = Entry {
            municipality,
            sequence: head.sequence + 1,
            recorded_at: self.clock.now(),
            actor_kind: actor.kind as i16,
            actor_id: actor.id,
            actor_name: actor.name,
            action: deed.action.to_owned(),
            subject_kind: deed.subject_kind.to_owned(),
            subject_id: deed.subject_id,
            details: deed.details.to_string(),
        };
        let hash = self.key.entry_hash(&head.entry_hash, &entry);
        store::insert_entry(tx, &entry, &hash).await?;
        let head_hash = self.key.head_hash(municipality, entry.sequence, &hash);
        let head = HeadRow { municipality_id: municipality, sequence: entry.sequence, entry_hash: hash, head_hash };
        store::move_head(tx, &head).await
    }

    /// Reads the whole log and checks every hash. Nothing that is changed, missing or added by hand passes.
    pub(in crate::access) async fn verify_chains(&self) -> Result<Verification> {
        let mut tx = self.db.read().await?;
        let mut found = Verification::default();
        let heads = store::heads(&mut tx).await?;
        let mut flaw = |municipality, sequence, problem| found.flaws.push(Flaw { municipality, sequence, problem });
        let chains = store::chains(&mut tx).await?;
        for (chain,) in &chains {
            if !heads.iter().any(|head| head.municipality_id == *chain) {
                flaw(*chain, 0, "the head of the chain is missing");
            }
        }
        for head in heads {
            let owner = head.municipality_id;
            found.chains += 1;
            let (mut sequence, mut hash) = (0, GENESIS.to_vec());
            let problem = loop {
                let page = store::entries_after(&mut tx, owner, sequence, PAGE).await?;
                let mut problem = None;
                for row in &page {
                    if row.sequence != sequence + 1 {
                        problem = Some((sequence + 1, "an entry is missing"));
                        break;
                    }
                    let right = self.key.entry_hash(&hash, &row.entry());
                    if right != row.entry_hash {
                        problem = Some((row.sequence, "an entry was changed"));
                        break;
                    }
                    (sequence, hash) = (row.sequence, right);
                    found.entries += 1;
                }
                if problem.is_some() || page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                    break problem;
                }
            };
            let problem = problem.or_else(|| {
                if self.key.head_hash(owner, head.sequence, &head.entry_hash) != head.head_hash {
                    Some((head.sequence, "the head of the chain was changed"))
                } else if head.sequence > sequence {
                    Some((sequence + 1, "entries at the end are missing"))
                } else if head.sequence < sequence || head.entry_hash != hash {
                    Some((head.sequence + 1, "entries were added by hand"))
                } else {
                    None
                }
            });
            if let Some((sequence, problem)) = problem {
                found.flaws.push(Flaw { municipality: owner, sequence, problem });
            }
        }
        Ok(found)
    }
}
