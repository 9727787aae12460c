-- Tickets that the health of devices makes: by which rules an owner wants them, and which there are.

-- From which figures on a device is a case for somebody, as an owner said it last; ours where it said nothing.
CREATE TABLE device_health_policy (
    municipality_id BLOB NOT NULL PRIMARY KEY REFERENCES municipality (municipality_id),
    -- JSON.
    policy TEXT NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The ticket of a school and a rule.
CREATE TABLE device_health_ticket (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    school_id BLOB NOT NULL,
    rule INTEGER NOT NULL,
    ticket_id BLOB NOT NULL,
    -- JSON list of the ids of devices that it named.
    devices TEXT NOT NULL,
    -- When no device was so any more; none while some are.
    cleared_at INTEGER,
    PRIMARY KEY (municipality_id, school_id, rule),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id)
) STRICT, WITHOUT ROWID;
