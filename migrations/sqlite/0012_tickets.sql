-- Tickets (問い合わせ), what happened to them, and what is promised.

-- The last number that each owner gave a ticket.
CREATE TABLE ticket_counter (
    municipality_id BLOB NOT NULL PRIMARY KEY REFERENCES municipality (municipality_id),
    last_number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ticket (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    ticket_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    waiting_on INTEGER,
    category INTEGER NOT NULL,
    impact INTEGER NOT NULL,
    urgency INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    subject TEXT NOT NULL,
    school_id BLOB,
    device_id BLOB,
    room TEXT NOT NULL,
    caller_kind INTEGER NOT NULL,
    caller_contact TEXT NOT NULL,
    origin INTEGER NOT NULL,
    assignee_id BLOB,
    incident_id BLOB,
    merged_into BLOB,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    -- When it is done, resolved or closed; it leaves the queue then.
    done_at INTEGER,
    -- Where it stands in the queue: the smallest first.
    queue_key INTEGER NOT NULL,
    -- JSON: its life with the clocks, and what was known of the device when it was reported.
    life TEXT NOT NULL,
    snapshot TEXT,
    PRIMARY KEY (municipality_id, ticket_id),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX ticket_by_number ON ticket (municipality_id, number);
CREATE INDEX ticket_in_queue ON ticket (municipality_id, queue_key, ticket_id) WHERE done_at IS NULL;
CREATE INDEX ticket_done ON ticket (municipality_id, queue_key, ticket_id) WHERE done_at IS NOT NULL;
CREATE INDEX ticket_by_school ON ticket (municipality_id, school_id, queue_key, ticket_id) WHERE done_at IS NULL;
CREATE INDEX ticket_by_assignee ON ticket (municipality_id, assignee_id, queue_key, ticket_id) WHERE done_at IS NULL;
CREATE INDEX ticket_by_device ON ticket (municipality_id, device_id) WHERE device_id IS NOT NULL;
CREATE INDEX ticket_by_incident ON ticket (municipality_id, incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX ticket_merged ON ticket (municipality_id, merged_into) WHERE merged_into IS NOT NULL;

-- What happened to a ticket; nothing is ever changed here.
CREATE TABLE ticket_event (
    municipality_id BLOB NOT NULL,
    ticket_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    happened_at INTEGER NOT NULL,
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    is_for_caller INTEGER NOT NULL,
    body TEXT NOT NULL,
    -- JSON: what changed.
    details TEXT NOT NULL,
    PRIMARY KEY (municipality_id, ticket_id, number),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id)
) STRICT, WITHOUT ROWID;

-- What an owner's contract promises (SLA), by the day from which it holds.
CREATE TABLE ticket_promise (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    valid_from TEXT NOT NULL,
    policy TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, valid_from)
) STRICT, WITHOUT ROWID;
