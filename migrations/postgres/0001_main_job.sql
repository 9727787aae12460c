-- The main job: owners, schools, tokens, devices, and what they report.
-- Rules of distribution: a table that belongs to a municipality has municipality_id first in its primary key, in every
-- unique constraint and in every foreign key. Look-up tables find the municipality of what arrives without one.
-- Times are microseconds since the Unix epoch, UTC.

-- Reference tables ---------------------------------------------------------------------------------------------------

CREATE TABLE installation (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE municipality (
    municipality_id UUID NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- 特別区, 市, 町, 村, 都; empty where nobody said.
    kind TEXT NOT NULL DEFAULT '',
    -- The board wants names of holders kept; without it they are dropped on the way in.
    keeps_names BOOLEAN NOT NULL DEFAULT FALSE,
    mac_salt BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1
);

-- Look-up tables -----------------------------------------------------------------------------------------------------

CREATE TABLE enrollment_token_lookup (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    municipality_id UUID NOT NULL,
    token_id UUID NOT NULL
);

CREATE TABLE device_lookup (
    device_id UUID NOT NULL PRIMARY KEY,
    municipality_id UUID NOT NULL
);

-- Tables of a municipality -------------------------------------------------------------------------------------------

CREATE TABLE school (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    school_id UUID NOT NULL,
    code TEXT,
    name TEXT NOT NULL,
    -- The name without width, case and spaces; none once the school is closed, which frees it.
    name_key TEXT,
    is_shelter BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (municipality_id, school_id),
    UNIQUE (municipality_id, code),
    UNIQUE (municipality_id, name_key)
);

CREATE TABLE enrollment_token (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    token_id UUID NOT NULL,
    school_id UUID,
    note TEXT NOT NULL,
    uses_allowed BIGINT NOT NULL,
    uses_taken BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (municipality_id, token_id),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
);

CREATE TABLE device (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    device_id UUID NOT NULL,
    school_id UUID,
    -- The installation of the agent; none for a device that only a ledger knows.
    instance_id UUID,
    forked_from_device_id UUID,
    -- Set while this record is folded into another one.
    merged_into_device_id UUID,
    created_at BIGINT NOT NULL,
    enrolled_at BIGINT,
    revoked_at BIGINT,
    revoke_reason TEXT,
    -- What is shown: chosen among the sources by precedence. NULL and 0 where nobody said.
    label TEXT,
    serial_number TEXT,
    maker TEXT,
    model TEXT,
    os_kind SMALLINT NOT NULL DEFAULT 0,
    os_version TEXT,
    purpose SMALLINT NOT NULL DEFAULT 0,
    lifecycle SMALLINT NOT NULL DEFAULT 0,
    room TEXT,
    cart TEXT,
    grade SMALLINT,
    class_name TEXT,
    seat_number SMALLINT,
    holder_id TEXT,
    purchase_reference TEXT,
    acquired_on TEXT,
    warranty_until TEXT,
    lease_until TEXT,
    price_yen BIGINT,
    -- Folded for comparison: width, case, spaces and dashes.
    label_key TEXT,
    serial_key TEXT,
    version BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, device_id),
    UNIQUE (municipality_id, instance_id),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
);

CREATE INDEX device_by_school ON device (municipality_id, school_id, device_id);
CREATE INDEX device_by_label ON device (municipality_id, label_key);
CREATE INDEX device_by_serial ON device (municipality_id, serial_key);
CREATE INDEX device_by_lifecycle ON device (municipality_id, lifecycle, device_id);

CREATE TABLE device_certificate (
    municipality_id UUID NOT NULL,
    device_id UUID NOT NULL,
    certificate_serial BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    public_key BYTEA NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, device_id, certificate_serial),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
);

-- The hot row: one narrow update per check-in. No index but the key, and room on each page, so that updates stay on it.
CREATE TABLE checkin_cursor (
    municipality_id UUID NOT NULL,
    device_id UUID NOT NULL,
    run_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    previous_run_id BIGINT NOT NULL,
    previous_sequence BIGINT NOT NULL,
    certificate_serial BIGINT NOT NULL,
    facts_hash BIGINT NOT NULL,
    report_count BIGINT NOT NULL,
    transition_count BIGINT NOT NULL,
    received_at BIGINT,
    seen_at BIGINT,
    clock_skew_ms BIGINT,
    attention BOOLEAN NOT NULL,
    PRIMARY KEY (municipality_id, device_id)
) WITH (fillfactor = 50);

CREATE TABLE device_facts (
    municipality_id UUID NOT NULL,
    device_id UUID NOT NULL,
    maker TEXT,
    model TEXT,
    serial_number TEXT,
    board_uuid TEXT,
    os_kind SMALLINT NOT NULL,
    os_name TEXT,
    os_version TEXT,
    kernel_version TEXT,
    cpu_model TEXT,
    cpu_count BIGINT,
    memory_bytes BIGINT,
    storage_bytes BIGINT,
    mac_hashes BYTEA NOT NULL,
    agent_version TEXT,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, device_id)
);

CREATE INDEX device_facts_by_serial ON device_facts (municipality_id, serial_number);

CREATE TABLE device_status (
    municipality_id UUID NOT NULL,
    device_id UUID NOT NULL,
    charge_percent BIGINT,
    health_percent BIGINT,
    cycle_count BIGINT,
    charging BOOLEAN,
    battery_at BIGINT,
    storage_free_bytes BIGINT,
    storage_at BIGINT,
    memory_used_percent BIGINT,
    memory_stall_percent BIGINT,
    memory_at BIGINT,
    boot_time_ms BIGINT,
    boot_count BIGINT,
    boot_at BIGINT,
    ssid TEXT,
    bssid BYTEA,
    rssi_dbm BIGINT,
    receive_kbps BIGINT,
    transmit_kbps BIGINT,
    wifi_at BIGINT,
    PRIMARY KEY (municipality_id, device_id)
) WITH (fillfactor = 70);

CREATE TABLE device_transition (
    municipality_id UUID NOT NULL,
    device_id UUID NOT NULL,
    run_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    ssid TEXT,
    bssid BYTEA,
    amount BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, device_id, run_id, number)
);

CREATE TABLE device_command (
    municipality_id UUID NOT NULL,
    device_id UUID NOT NULL,
    command_id UUID NOT NULL,
    kind SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    outcome SMALLINT,
    PRIMARY KEY (municipality_id, device_id, command_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
);

CREATE TABLE identity_review (
    municipality_id UUID NOT NULL,
    device_id UUID NOT NULL,
    reason SMALLINT NOT NULL,
    other_device_id UUID,
    evidence TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    repeated_at BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (municipality_id, device_id, reason),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
);
