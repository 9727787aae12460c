-- Tickets (問い合わせ), what happened to them, and what is promised.

-- The last number that each owner gave a ticket.
CREATE TABLE ticket_counter (
    municipality_id UUID NOT NULL PRIMARY KEY REFERENCES municipality (municipality_id),
    last_number BIGINT NOT NULL
);

CREATE TABLE ticket (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    ticket_id UUID NOT NULL,
    number BIGINT NOT NULL,
    version BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    waiting_on SMALLINT,
    category SMALLINT NOT NULL,
    impact SMALLINT NOT NULL,
    urgency SMALLINT NOT NULL,
    priority SMALLINT NOT NULL,
    subject TEXT NOT NULL,
    school_id UUID,
    device_id UUID,
    room TEXT NOT NULL,
    caller_kind SMALLINT NOT NULL,
    caller_contact TEXT NOT NULL,
    origin SMALLINT NOT NULL,
    assignee_id UUID,
    incident_id UUID,
    merged_into UUID,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- When it is done, resolved or closed; it leaves the queue then.
    done_at BIGINT,
    -- Where it stands in the queue: the smallest first.
    queue_key BIGINT NOT NULL,
    -- JSON: its life with the clocks, and what was known of the device when it was reported.
    life TEXT NOT NULL,
    snapshot TEXT,
    PRIMARY KEY (municipality_id, ticket_id),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
);

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
    municipality_id UUID NOT NULL,
    ticket_id UUID NOT NULL,
    number BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    happened_at BIGINT NOT NULL,
    actor_id UUID,
    actor_name TEXT NOT NULL,
    is_for_caller BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    -- JSON: what changed.
    details TEXT NOT NULL,
    PRIMARY KEY (municipality_id, ticket_id, number),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id)
);

-- What an owner's contract promises (SLA), by the day from which it holds.
CREATE TABLE ticket_promise (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    valid_from TEXT NOT NULL,
    policy TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, valid_from)
);
