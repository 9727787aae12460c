-- The main job: owners, schools, tokens, devices, and what they report.
-- Rules of distribution: a table that belongs to a municipality has municipality_id first in its primary key, in every
-- unique constraint and in every foreign key. Look-up tables find the municipality of what arrives without one.
-- Times are microseconds since the Unix epoch, UTC.

-- Reference tables ---------------------------------------------------------------------------------------------------

CREATE TABLE installation (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE municipality (
    municipality_id BLOB NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- 特別区, 市, 町, 村, 都; empty where nobody said.
    kind TEXT NOT NULL DEFAULT '',
    -- The board wants names of holders kept; without it they are dropped on the way in.
    keeps_names INTEGER NOT NULL DEFAULT 0,
    mac_salt BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

-- Look-up tables -----------------------------------------------------------------------------------------------------

CREATE TABLE enrollment_token_lookup (
    token_hash BLOB NOT NULL PRIMARY KEY,
    municipality_id BLOB NOT NULL,
    token_id BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device_lookup (
    device_id BLOB NOT NULL PRIMARY KEY,
    municipality_id BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Tables of a municipality -------------------------------------------------------------------------------------------

CREATE TABLE school (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    school_id BLOB NOT NULL,
    code TEXT,
    name TEXT NOT NULL,
    -- The name without width, case and spaces; none once the school is closed, which frees it.
    name_key TEXT,
    is_shelter INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    closed_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (municipality_id, school_id),
    UNIQUE (municipality_id, code),
    UNIQUE (municipality_id, name_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE enrollment_token (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    token_id BLOB NOT NULL,
    school_id BLOB,
    note TEXT NOT NULL,
    uses_allowed INTEGER NOT NULL,
    uses_taken INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (municipality_id, token_id),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    device_id BLOB NOT NULL,
    school_id BLOB,
    -- The installation of the agent; none for a device that only a ledger knows.
    instance_id BLOB,
    forked_from_device_id BLOB,
    -- Set while this record is folded into another one.
    merged_into_device_id BLOB,
    created_at INTEGER NOT NULL,
    enrolled_at INTEGER,
    revoked_at INTEGER,
    revoke_reason TEXT,
    -- What is shown: chosen among the sources by precedence. NULL and 0 where nobody said.
    label TEXT,
    serial_number TEXT,
    maker TEXT,
    model TEXT,
    os_kind INTEGER NOT NULL DEFAULT 0,
    os_version TEXT,
    purpose INTEGER NOT NULL DEFAULT 0,
    lifecycle INTEGER NOT NULL DEFAULT 0,
    room TEXT,
    cart TEXT,
    grade INTEGER,
    class_name TEXT,
    seat_number INTEGER,
    holder_id TEXT,
    purchase_reference TEXT,
    acquired_on TEXT,
    warranty_until TEXT,
    lease_until TEXT,
    price_yen INTEGER,
    -- Folded for comparison: width, case, spaces and dashes.
    label_key TEXT,
    serial_key TEXT,
    version INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, device_id),
    UNIQUE (municipality_id, instance_id),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX device_by_school ON device (municipality_id, school_id, device_id);
CREATE INDEX device_by_label ON device (municipality_id, label_key);
CREATE INDEX device_by_serial ON device (municipality_id, serial_key);
CREATE INDEX device_by_lifecycle ON device (municipality_id, lifecycle, device_id);

CREATE TABLE device_certificate (
    municipality_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    certificate_serial INTEGER NOT NULL,
    state INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, device_id, certificate_serial),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
) STRICT, WITHOUT ROWID;

-- The hot row: one narrow update per check-in, and no index but the key.
CREATE TABLE checkin_cursor (
    municipality_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    run_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    previous_run_id INTEGER NOT NULL,
    previous_sequence INTEGER NOT NULL,
    certificate_serial INTEGER NOT NULL,
    facts_hash INTEGER NOT NULL,
    report_count INTEGER NOT NULL,
    transition_count INTEGER NOT NULL,
    received_at INTEGER,
    seen_at INTEGER,
    clock_skew_ms INTEGER,
    attention INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_facts (
    municipality_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    maker TEXT,
    model TEXT,
    serial_number TEXT,
    board_uuid TEXT,
    os_kind INTEGER NOT NULL,
    os_name TEXT,
    os_version TEXT,
    kernel_version TEXT,
    cpu_model TEXT,
    cpu_count INTEGER,
    memory_bytes INTEGER,
    storage_bytes INTEGER,
    mac_hashes BLOB NOT NULL,
    agent_version TEXT,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX device_facts_by_serial ON device_facts (municipality_id, serial_number);

CREATE TABLE device_status (
    municipality_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    charge_percent INTEGER,
    health_percent INTEGER,
    cycle_count INTEGER,
    charging INTEGER,
    battery_at INTEGER,
    storage_free_bytes INTEGER,
    storage_at INTEGER,
    memory_used_percent INTEGER,
    memory_stall_percent INTEGER,
    memory_at INTEGER,
    boot_time_ms INTEGER,
    boot_count INTEGER,
    boot_at INTEGER,
    ssid TEXT,
    bssid BLOB,
    rssi_dbm INTEGER,
    receive_kbps INTEGER,
    transmit_kbps INTEGER,
    wifi_at INTEGER,
    PRIMARY KEY (municipality_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_transition (
    municipality_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    run_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    ssid TEXT,
    bssid BLOB,
    amount INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, device_id, run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_command (
    municipality_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    command_id BLOB NOT NULL,
    kind INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    outcome INTEGER,
    PRIMARY KEY (municipality_id, device_id, command_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity_review (
    municipality_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    reason INTEGER NOT NULL,
    other_device_id BLOB,
    evidence TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    repeated_at INTEGER NOT NULL,
    closed_at INTEGER,
    PRIMARY KEY (municipality_id, device_id, reason),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
) STRICT, WITHOUT ROWID;
