-- The desk of those who work on tickets: answers that are prepared, who follows a ticket, who looks at one.

-- An answer that can be sent again and again (定型文).
CREATE TABLE prepared_reply (
    reply_id BLOB NOT NULL PRIMARY KEY,
    -- Of all owners where none is named.
    municipality_id BLOB REFERENCES municipality (municipality_id),
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX prepared_reply_of_owner ON prepared_reply (municipality_id);

-- Who is told of what happens to a ticket.
CREATE TABLE ticket_follower (
    staff_id BLOB NOT NULL,
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    ticket_id BLOB NOT NULL,
    followed_at INTEGER NOT NULL,
    -- The version that the person saw last.
    seen_version INTEGER NOT NULL,
    -- Who named the person in a note, if the person has not seen it yet.
    named_by TEXT,
    PRIMARY KEY (municipality_id, ticket_id, staff_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_follower_of_person ON ticket_follower (staff_id, followed_at);

-- Who has a ticket before them. What is old is nobody's any more.
CREATE TABLE ticket_looker (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    ticket_id BLOB NOT NULL,
    staff_id BLOB NOT NULL,
    looked_at INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, ticket_id, staff_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_looker_by_time ON ticket_looker (looked_at);
