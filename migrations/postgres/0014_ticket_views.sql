-- Lists of tickets that somebody keeps, and by what one knows that a queue changed.

-- How often something changed of an owner's tickets.
ALTER TABLE ticket_counter ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

-- Shared tables ----------------------------------------------------------------------------------------------------

-- A list that somebody keeps for themselves, or for all who work on tickets.
CREATE TABLE ticket_view (
    view_id UUID NOT NULL PRIMARY KEY,
    staff_id UUID NOT NULL REFERENCES staff (staff_id),
    is_shared BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    -- JSON: which tickets.
    filter TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX ticket_view_by_staff ON ticket_view (staff_id, created_at);
CREATE INDEX ticket_view_shared ON ticket_view (created_at) WHERE is_shared;
