-- Staff, what they may do where and until when, their sessions and tokens, and the audit log.

-- Reference tables ---------------------------------------------------------------------------------------------------

CREATE TABLE staff (
    staff_id UUID NOT NULL PRIMARY KEY,
    sign_in_name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    language TEXT NOT NULL,
    password_hash TEXT,
    -- Sealed with a key that is not in the database.
    totp_secret BYTEA,
    totp_confirmed BOOLEAN NOT NULL,
    totp_last_step BIGINT NOT NULL,
    failed_count BIGINT NOT NULL,
    locked_until BIGINT,
    -- Of another identity provider, for people who sign in there.
    provider_issuer TEXT,
    provider_subject TEXT,
    created_at BIGINT NOT NULL,
    signed_in_at BIGINT,
    disabled_at BIGINT,
    version BIGINT NOT NULL
);

CREATE TABLE staff_recovery_code (
    staff_id UUID NOT NULL REFERENCES staff (staff_id),
    code_hash BYTEA NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (staff_id, code_hash)
);

-- One-time links: the first administrator's, invitations, new passwords.
CREATE TABLE staff_link (
    link_hash BYTEA NOT NULL PRIMARY KEY,
    purpose SMALLINT NOT NULL,
    staff_id UUID REFERENCES staff (staff_id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

-- Who may do what where: everywhere, in a prefecture, in a municipality, in a school.
CREATE TABLE staff_grant (
    grant_id UUID NOT NULL PRIMARY KEY,
    staff_id UUID NOT NULL REFERENCES staff (staff_id),
    role SMALLINT NOT NULL,
    prefecture TEXT,
    owner_id UUID,
    school_id UUID,
    reason TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT,
    granted_by TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    revoked_by TEXT,
    revoked_at BIGINT
);

CREATE INDEX staff_grant_by_staff ON staff_grant (staff_id);
CREATE INDEX staff_grant_by_time ON staff_grant (granted_at, grant_id);

CREATE TABLE staff_session (
    session_hash BYTEA NOT NULL PRIMARY KEY,
    session_id UUID NOT NULL UNIQUE,
    staff_id UUID NOT NULL REFERENCES staff (staff_id),
    -- The cookie before the last rotation, good for a moment more.
    previous_hash BYTEA UNIQUE,
    -- Password checked, second factor not yet.
    pending BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    client TEXT NOT NULL,
    address TEXT NOT NULL
);

CREATE INDEX staff_session_by_staff ON staff_session (staff_id);

-- Tokens for programs. One without staff belongs to the installation.
CREATE TABLE staff_token (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    token_id UUID NOT NULL UNIQUE,
    name TEXT NOT NULL,
    staff_id UUID REFERENCES staff (staff_id),
    role SMALLINT NOT NULL,
    prefecture TEXT,
    owner_id UUID,
    school_id UUID,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    used_at BIGINT,
    revoked_at BIGINT
);

CREATE INDEX staff_token_by_staff ON staff_token (staff_id);

-- Tables of a municipality -------------------------------------------------------------------------------------------

-- The audit log: one chain of hashes per owner, and one under the nil id for what belongs to no owner. Never changed.
CREATE TABLE audit_entry (
    municipality_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    actor_kind SMALLINT NOT NULL,
    actor_id UUID,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    details TEXT NOT NULL,
    entry_hash BYTEA NOT NULL,
    PRIMARY KEY (municipality_id, sequence)
);

-- Where each chain ends.
CREATE TABLE audit_head (
    municipality_id UUID NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    entry_hash BYTEA NOT NULL,
    head_hash BYTEA NOT NULL
);
