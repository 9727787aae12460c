-- Attachments (添付): pictures and texts of tickets. The content lies in a folder of objects, under the owner and the attachment;
-- here stands what it is and who may see it.

CREATE TABLE ticket_attachment (
    municipality_id UUID NOT NULL,
    ticket_id UUID NOT NULL,
    attachment_id UUID NOT NULL,
    -- What happened to the ticket when it came.
    event_number BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind SMALLINT NOT NULL,
    bytes BIGINT NOT NULL,
    -- Of a picture, in pixels; 0 otherwise.
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    -- Of the content as it is kept, in lower case hex.
    sha256 TEXT NOT NULL,
    actor_id UUID,
    actor_name TEXT NOT NULL,
    is_for_caller BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    -- When somebody removed it; its object goes then.
    removed_at BIGINT,
    PRIMARY KEY (municipality_id, ticket_id, attachment_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id)
);

CREATE UNIQUE INDEX ticket_attachment_by_id ON ticket_attachment (municipality_id, attachment_id);
