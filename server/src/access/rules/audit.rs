//! The chain of the audit log, pure.
//!
//! Each entry's hash covers the hash before it and everything the entry says; the hashes are keyed with a secret that is not
//! in the database, so whoever can write to the database alone cannot make a chain that holds. The head says where the chain
//! ends, so a missing end is noticed too.

use ring::hmac;
use uuid::Uuid;

use crate::clock::Timestamp;

/// Who did it. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum ActorKind {
    /// A person.
    Staff = 1,
    /// A program with a token of the installation.
    Token = 2,
    /// The server itself.
    System = 3,
    /// Nobody that signed in: an attempt.
    Stranger = 4,
}

impl ActorKind {
    /// The kind that is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::Staff, Self::Token, Self::System, Self::Stranger].into_iter().find(|kind| *kind as i16 == number)
    }
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The owner concerned; nil for the installation.
    pub municipality: Uuid,
    /// 1, 2, 3 … within the owner.
    pub sequence: i64,
    /// When.
    pub recorded_at: Timestamp,
    /// What kind of actor, as stored.
    pub actor_kind: i16,
    /// The person or the token.
    pub actor_id: Option<Uuid>,
    /// Its name then.
    pub actor_name: String,
    /// A verb of the contract, for example `device.retire`.
    pub action: String,
    /// What kind of thing it was done to.
    pub subject_kind: String,
    /// Which one.
    pub subject_id: String,
    /// JSON.
    pub details: String,
}

/// Hash of an entry or a head.
pub type ChainHash = Vec<u8>;

/// The hash before the first entry.
pub const GENESIS: [u8; 32] = [0; 32];

/// The key of all chains.
#[derive(Clone)]
pub struct AuditKey(hmac::Key);

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey")
    }
}

impl AuditKey {
    /// A key from 32 or more secret bytes.
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The hash of an entry that follows `previous`.
    pub fn entry_hash(&self, previous: &[u8], entry: &Entry) -> ChainHash {
        let mut context = hmac::Context::with_key(&self.0);
        // Each part with its length, so that no two entries have the same bytes.
        let mut part = |bytes: &[u8]| {
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        };
        part(previous);
        part(entry.municipality.as_bytes());
        part(&entry.sequence.to_be_bytes());
        part(&entry.recorded_at.0.to_be_bytes());
        part(&entry.actor_kind.to_be_bytes());
        part(entry.actor_id.as_ref().map_or(&[][..], |id| id.as_bytes()));
        for text in [&entry.actor_name, &entry.action, &entry.subject_kind, &entry.subject_id, &entry.details] {
            part(text.as_bytes());
        }
        context.sign().as_ref().to_vec()
    }

    /// The hash of the head of a chain.
    pub fn head_hash(&self, municipality: Uuid, sequence: i64, entry_hash: &[u8]) -> ChainHash {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"head");
        context.update(municipality.as_bytes());
        context.update(&sequence.to_be_bytes());
        context.update(entry_hash);
        context.sign().as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            municipality: Uuid::nil(),
            sequence: 1,
            recorded_at: Timestamp(5),
            actor_kind: ActorKind::Staff as i16,
            actor_id: None,
            actor_name: String::from("a"),
            action: String::from("b"),
            subject_kind: String::from("c"),
            subject_id: String::from("d"),
            details: String::from("{}"),
        }
    }

    #[test]
    fn every_part_of_an_entry_counts() {
        let key = AuditKey::new(&[7; 32]);
        let whole = key.entry_hash(&GENESIS, &entry());
        let changed = [
            Entry { municipality: Uuid::max(), ..entry() },
            Entry { sequence: 2, ..entry() },
            Entry { recorded_at: Timestamp(6), ..entry() },
            Entry { actor_kind: ActorKind::Token as i16, ..entry() },
            Entry { actor_id: Some(Uuid::nil()), ..entry() },
            Entry { actor_name: String::from("ab"), action: String::new(), ..entry() },
            Entry { subject_kind: String::new(), ..entry() },
            Entry { subject_id: String::from("e"), ..entry() },
            Entry { details: String::from("{ }"), ..entry() },
        ];
        for other in changed {
            assert_ne!(key.entry_hash(&GENESIS, &other), whole, "{other:?}");
        }
        assert_ne!(key.entry_hash(&[1; 32], &entry()), whole);
        assert_ne!(AuditKey::new(&[8; 32]).entry_hash(&GENESIS, &entry()), whole);
    }
}
