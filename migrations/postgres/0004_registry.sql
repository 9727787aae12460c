-- The registry: what each source says of a device, what happened to it, imports.

CREATE INDEX device_folded ON device (municipality_id, merged_into_device_id) WHERE merged_into_device_id IS NOT NULL;
CREATE INDEX device_facts_by_board ON device_facts (municipality_id, board_uuid);

-- What one source says of a device: JSON of field → {"v": value, "t": microseconds}. What is shown is chosen by precedence
-- and stands in the columns of device.
CREATE TABLE device_claim (
    municipality_id UUID NOT NULL,
    device_id UUID NOT NULL,
    source SMALLINT NOT NULL,
    fields TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, device_id, source),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
);

-- What happened to a device, for its timeline. Never changed.
CREATE TABLE device_event (
    municipality_id UUID NOT NULL,
    device_id UUID NOT NULL,
    event_id UUID NOT NULL,
    kind SMALLINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    actor_name TEXT NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (municipality_id, device_id, event_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
);

CREATE INDEX device_event_by_time ON device_event (municipality_id, device_id, occurred_at, event_id);

-- A person's decision on a review, with what is needed to undo it.
CREATE TABLE identity_decision (
    municipality_id UUID NOT NULL,
    decision_id UUID NOT NULL,
    device_id UUID NOT NULL,
    other_device_id UUID,
    kind SMALLINT NOT NULL,
    before TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    decided_by TEXT NOT NULL,
    undone_at BIGINT,
    undone_by TEXT,
    PRIMARY KEY (municipality_id, decision_id)
);

CREATE INDEX identity_decision_by_device ON identity_decision (municipality_id, device_id);

-- One file that was handed in. The content waits for a person's yes and goes away after it.
CREATE TABLE import_run (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    import_id UUID NOT NULL,
    kind SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    file_name TEXT NOT NULL,
    file_sha256 BYTEA NOT NULL,
    content BYTEA,
    mapping TEXT NOT NULL,
    options TEXT NOT NULL,
    outcome TEXT NOT NULL,
    rows_done BIGINT NOT NULL,
    rows_total BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    finished_at BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, import_id)
);

-- Which column means what, as a person corrected it, by the header it was seen under.
CREATE TABLE import_mapping (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    kind SMALLINT NOT NULL,
    header_sha256 BYTEA NOT NULL,
    mapping TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, kind, header_sha256)
);
