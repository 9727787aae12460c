-- Who works on tickets: when, where, and what somebody is good at. The newest that was said.
CREATE TABLE team_member (
    staff_id BLOB NOT NULL PRIMARY KEY REFERENCES staff (staff_id),
    -- JSON.
    profile TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
