-- The desk of those who work on tickets: answers that are prepared, who follows a ticket, who looks at one.

-- An answer that can be sent again and again (定型文).
CREATE TABLE prepared_reply (
    reply_id UUID NOT NULL PRIMARY KEY,
    -- Of all owners where none is named.
    municipality_id UUID REFERENCES municipality (municipality_id),
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE INDEX prepared_reply_of_owner ON prepared_reply (municipality_id);

-- Who is told of what happens to a ticket.
CREATE TABLE ticket_follower (
    staff_id UUID NOT NULL,
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    ticket_id UUID NOT NULL,
    followed_at BIGINT NOT NULL,
    -- The version that the person saw last.
    seen_version BIGINT NOT NULL,
    -- Who named the person in a note, if the person has not seen it yet.
    named_by TEXT,
    PRIMARY KEY (municipality_id, ticket_id, staff_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id)
);

CREATE INDEX ticket_follower_of_person ON ticket_follower (staff_id, followed_at);

-- Who has a ticket before them. What is old is nobody's any more.
CREATE TABLE ticket_looker (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    ticket_id UUID NOT NULL,
    staff_id UUID NOT NULL,
    looked_at BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, ticket_id, staff_id)
);

CREATE INDEX ticket_looker_by_time ON ticket_looker (looked_at);
