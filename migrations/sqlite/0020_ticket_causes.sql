-- By which rules causes of tickets are suggested, and where a ticket that is the same again is looked for.

-- Rules as an owner said them last; those of the nil municipality are the installation's. The product's own where nobody said any.
CREATE TABLE ticket_cause_rules (
    municipality_id BLOB NOT NULL PRIMARY KEY,
    -- JSON.
    rules TEXT NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest tickets of a school, done or not: somebody may report the same again.
CREATE INDEX ticket_by_school_time ON ticket (municipality_id, school_id, created_at, ticket_id);
