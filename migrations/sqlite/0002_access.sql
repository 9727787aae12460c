-- Staff, what they may do where and until when, their sessions and tokens, and the audit log.

-- Reference tables ---------------------------------------------------------------------------------------------------

CREATE TABLE staff (
    staff_id BLOB NOT NULL PRIMARY KEY,
    sign_in_name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    language TEXT NOT NULL,
    password_hash TEXT,
    -- Sealed with a key that is not in the database.
    totp_secret BLOB,
    totp_confirmed INTEGER NOT NULL,
    totp_last_step INTEGER NOT NULL,
    failed_count INTEGER NOT NULL,
    locked_until INTEGER,
    -- Of another identity provider, for people who sign in there.
    provider_issuer TEXT,
    provider_subject TEXT,
    created_at INTEGER NOT NULL,
    signed_in_at INTEGER,
    disabled_at INTEGER,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE staff_recovery_code (
    staff_id BLOB NOT NULL REFERENCES staff (staff_id),
    code_hash BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (staff_id, code_hash)
) STRICT, WITHOUT ROWID;

-- One-time links: the first administrator's, invitations, new passwords.
CREATE TABLE staff_link (
    link_hash BLOB NOT NULL PRIMARY KEY,
    purpose INTEGER NOT NULL,
    staff_id BLOB REFERENCES staff (staff_id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

-- Who may do what where: everywhere, in a prefecture, in a municipality, in a school.
CREATE TABLE staff_grant (
    grant_id BLOB NOT NULL PRIMARY KEY,
    staff_id BLOB NOT NULL REFERENCES staff (staff_id),
    role INTEGER NOT NULL,
    prefecture TEXT,
    owner_id BLOB,
    school_id BLOB,
    reason TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER,
    granted_by TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    revoked_by TEXT,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX staff_grant_by_staff ON staff_grant (staff_id);
CREATE INDEX staff_grant_by_time ON staff_grant (granted_at, grant_id);

CREATE TABLE staff_session (
    session_hash BLOB NOT NULL PRIMARY KEY,
    session_id BLOB NOT NULL UNIQUE,
    staff_id BLOB NOT NULL REFERENCES staff (staff_id),
    -- The cookie before the last rotation, good for a moment more.
    previous_hash BLOB UNIQUE,
    -- Password checked, second factor not yet.
    pending INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    client TEXT NOT NULL,
    address TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX staff_session_by_staff ON staff_session (staff_id);

-- Tokens for programs. One without staff belongs to the installation.
CREATE TABLE staff_token (
    token_hash BLOB NOT NULL PRIMARY KEY,
    token_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    staff_id BLOB REFERENCES staff (staff_id),
    role INTEGER NOT NULL,
    prefecture TEXT,
    owner_id BLOB,
    school_id BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX staff_token_by_staff ON staff_token (staff_id);

-- Tables of a municipality -------------------------------------------------------------------------------------------

-- The audit log: one chain of hashes per owner, and one under the nil id for what belongs to no owner. Never changed.
CREATE TABLE audit_entry (
    municipality_id BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    actor_kind INTEGER NOT NULL,
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    details TEXT NOT NULL,
    entry_hash BLOB NOT NULL,
    PRIMARY KEY (municipality_id, sequence)
) STRICT, WITHOUT ROWID;

-- Where each chain ends.
CREATE TABLE audit_head (
    municipality_id BLOB NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL,
    entry_hash BLOB NOT NULL,
    head_hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;
