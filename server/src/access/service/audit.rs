//! The audit log: one entry for each change and each export, in the transaction that makes it.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::Access;
use crate::{
    access::{
        rules::{
            Credential, MunicipalityId, Place, Right, Staff,
            audit::{ActorKind, Entry, GENESIS},
        },
        store::audit::{self as store, EntryRow, HeadRow},
    },
    db::Tx,
    error::{Error, Kind, Result, says},
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
            (None, Credential::Server) => Self::system(),
            (None, Credential::Label | Credential::Device) => {
                Self { kind: ActorKind::Stranger, id: None, name: staff.name.clone() }
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

/// The action of the entry with which the chain of the installation names another one.
const CHAIN_BEGUN: &str = "audit.begin";
/// Entries that are read at once.
const PAGE: i64 = 1_000;

impl Access {
    /// Adds an entry inside the transaction of the change it tells of.
    pub async fn audit(&self, tx: &mut Tx, actor: impl Into<Actor>, deed: Deed) -> Result<()> {
        let municipality = deed.municipality;
        let first = self.append(tx, actor.into(), deed).await?;
        match municipality {
            Some(owner) if first => {
                // The chain of the installation names all others, so that a chain that is gone whole is missed.
                let deed = Deed {
                    municipality: None,
                    action: CHAIN_BEGUN,
                    subject_kind: "audit_chain",
                    subject_id: owner.to_string(),
                    details: serde_json::json!({}),
                };
                self.append(tx, Actor::system(), deed).await?;
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Adds one entry to its chain; whether it was the first one.
    async fn append(&self, tx: &mut Tx, actor: Actor, deed: Deed) -> Result<bool> {
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
        store::move_head(tx, &head).await?;
        Ok(head.sequence == 1)
    }

    /// Entries of one chain, the youngest first, from before a sequence: an owner's, or the installation's. Reasons:
    /// RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn list_entries(
        &self,
        staff: &Staff,
        municipality: Option<MunicipalityId>,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Entry>> {
        match municipality {
            None => staff.require_everywhere(Right::ReadAudit)?,
            Some(owner) => {
                staff.area_for(Right::ReadAudit, owner)?;
                if !staff.holds(Right::ReadAudit, &Place::Municipality(owner)) {
                    return Err(Error::new(Kind::Denied, "RIGHT_MISSING", says::access::audit_needs_whole()));
                }
            }
        }
        let mut tx = self.db.read().await?;
        let chain = municipality.map_or(Uuid::nil(), |owner| owner.0);
        Ok(store::entries_before(&mut tx, chain, before, limit).await?.iter().map(EntryRow::entry).collect())
    }

    /// Reads the whole log and checks every hash; only for who reads the audit log everywhere. Reason: RIGHT_MISSING.
    pub async fn verify_audit(&self, staff: &Staff) -> Result<Verification> {
        staff.require_everywhere(Right::ReadAudit)?;
        self.verify_chains().await
    }

    /// Nothing that is changed, missing or added by hand passes. What this cannot see is an older state of the whole database,
    /// put back with its heads; compare the counts with those of the last check for that.
    async fn verify_chains(&self) -> Result<Verification> {
        let mut tx = self.db.read().await?;
        // Entries that are added meanwhile must not look like added by hand.
        store::hold_still(&mut tx).await?;
        let mut found = Verification::default();
        let heads = store::heads(&mut tx).await?;
        let known: BTreeSet<_> = heads.iter().map(|head| head.municipality_id).collect();
        let mut expected: BTreeSet<_> = store::chains(&mut tx).await?.into_iter().map(|(chain,)| chain).collect();
        for head in &heads {
            found.chains += 1;
            let flaw = self.verify_chain(&mut tx, head, &mut found.entries, &mut expected).await?;
            found.flaws.extend(flaw);
        }
        if !heads.is_empty() {
            expected.insert(Uuid::nil());
        }
        let missing = expected.difference(&known);
        found.flaws.extend(missing.map(|chain| Flaw {
            municipality: *chain,
            sequence: 0,
            problem: "the head of the chain, or the whole chain, is missing",
        }));
        Ok(found)
    }

    /// Checks one chain; gives its first flaw. Chains that its entries name go to `named`.
    async fn verify_chain(
        &self,
        tx: &mut Tx,
        head: &HeadRow,
        entries: &mut u64,
        named: &mut BTreeSet<Uuid>,
    ) -> Result<Option<Flaw>> {
        let owner = head.municipality_id;
        let flaw = |sequence, problem| Ok(Some(Flaw { municipality: owner, sequence, problem }));
        let (mut sequence, mut hash) = (0, GENESIS.to_vec());
        loop {
            let page = store::entries_after(tx, owner, sequence, PAGE).await?;
            for row in &page {
                if row.sequence != sequence + 1 {
                    return flaw(sequence + 1, "an entry is missing");
                }
                let right = self.key.entry_hash(&hash, &row.entry());
                if right != row.entry_hash {
                    return flaw(row.sequence, "an entry was changed");
                }
                if row.action == CHAIN_BEGUN {
                    named.extend(Uuid::try_parse(&row.subject_id));
                }
                (sequence, hash) = (row.sequence, right);
                *entries += 1;
            }
            if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                break;
            }
        }
        if self.key.head_hash(owner, head.sequence, &head.entry_hash) != head.head_hash {
            flaw(head.sequence, "the head of the chain was changed")
        } else if head.sequence > sequence {
            flaw(sequence + 1, "entries at the end are missing")
        } else if head.sequence < sequence || head.entry_hash != hash {
            flaw(head.sequence + 1, "entries were added by hand")
        } else {
            Ok(None)
        }
    }
}
