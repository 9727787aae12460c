-- The registry: what each source says of a device, what happened to it, imports.

CREATE INDEX device_folded ON device (municipality_id, merged_into_device_id) WHERE merged_into_device_id IS NOT NULL;
CREATE INDEX device_facts_by_board ON device_facts (municipality_id, board_uuid);

-- What one source says of a device: JSON of field → {"v": value, "t": microseconds}. What is shown is chosen by precedence
-- and stands in the columns of device.
CREATE TABLE device_claim (
    municipality_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    source INTEGER NOT NULL,
    fields TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, device_id, source),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
) STRICT, WITHOUT ROWID;

-- What happened to a device, for its timeline. Never changed.
CREATE TABLE device_event (
    municipality_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    event_id BLOB NOT NULL,
    kind INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    actor_name TEXT NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (municipality_id, device_id, event_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX device_event_by_time ON device_event (municipality_id, device_id, occurred_at, event_id);

-- A person's decision on a review, with what is needed to undo it.
CREATE TABLE identity_decision (
    municipality_id BLOB NOT NULL,
    decision_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    other_device_id BLOB,
    kind INTEGER NOT NULL,
    before TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    decided_by TEXT NOT NULL,
    undone_at INTEGER,
    undone_by TEXT,
    PRIMARY KEY (municipality_id, decision_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX identity_decision_by_device ON identity_decision (municipality_id, device_id);

-- One file that was handed in. The content waits for a person's yes and goes away after it.
CREATE TABLE import_run (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    import_id BLOB NOT NULL,
    kind INTEGER NOT NULL,
    state INTEGER NOT NULL,
    file_name TEXT NOT NULL,
    file_sha256 BLOB NOT NULL,
    content BLOB,
    mapping TEXT NOT NULL,
    options TEXT NOT NULL,
    outcome TEXT NOT NULL,
    rows_done INTEGER NOT NULL,
    rows_total INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    finished_at INTEGER,
    version INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, import_id)
) STRICT, WITHOUT ROWID;

-- Which column means what, as a person corrected it, by the header it was seen under.
CREATE TABLE import_mapping (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    kind INTEGER NOT NULL,
    header_sha256 BLOB NOT NULL,
    mapping TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, kind, header_sha256)
) STRICT, WITHOUT ROWID;
