-- Tickets that come and end by themselves: which incidents made which, and by what calendars and promises queues were put in order.

-- The ticket that an incident made at an owner.
CREATE TABLE incident_ticket (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    incident_id UUID NOT NULL,
    ticket_id UUID NOT NULL,
    -- When its end was carried to its tickets; none while it lasts, and again when it came back.
    ended_at BIGINT,
    PRIMARY KEY (municipality_id, incident_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id)
);

CREATE INDEX incident_ticket_lasting ON incident_ticket (municipality_id, incident_id) WHERE ended_at IS NULL;
CREATE INDEX incident_owner_lasting ON incident_owner (municipality_id, incident_id) WHERE closed_at IS NULL;

-- Tickets by when they came in, for figures.
CREATE INDEX ticket_by_time ON ticket (municipality_id, created_at, ticket_id);

-- Tickets that wait to be closed.
CREATE INDEX ticket_resolved ON ticket (municipality_id, done_at, ticket_id) WHERE state = 5;

-- By what the queue of an owner is in order: a hash of calendars, holidays and promises.
CREATE TABLE ticket_terms (
    municipality_id UUID NOT NULL PRIMARY KEY REFERENCES municipality (municipality_id),
    fingerprint TEXT NOT NULL
);
