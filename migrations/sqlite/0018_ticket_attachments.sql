-- Attachments (添付): pictures and texts of tickets. The content lies in a folder of objects, under the owner and the attachment;
-- here stands what it is and who may see it.

CREATE TABLE ticket_attachment (
    municipality_id BLOB NOT NULL,
    ticket_id BLOB NOT NULL,
    attachment_id BLOB NOT NULL,
    -- What happened to the ticket when it came.
    event_number INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    -- Of a picture, in pixels; 0 otherwise.
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    -- Of the content as it is kept, in lower case hex.
    sha256 TEXT NOT NULL,
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    is_for_caller INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- When somebody removed it; its object goes then.
    removed_at INTEGER,
    PRIMARY KEY (municipality_id, ticket_id, attachment_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX ticket_attachment_by_id ON ticket_attachment (municipality_id, attachment_id);
