-- Search reads the newest texts of tickets in their order; the index of SQLite follows behind.

-- The newest texts of all owners, for those who look through many.
CREATE INDEX ticket_text_newest ON ticket_text (changed_at, ticket_id);

-- Tickets whose texts the index does not know as they are. What is late changed before others that it knows: it stays here. Part of the
-- index; PostgreSQL, which keeps its own, has none.
CREATE TABLE ticket_text_waiting (
    municipality_id BLOB NOT NULL,
    ticket_id BLOB NOT NULL,
    changed_at INTEGER NOT NULL,
    is_late INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, ticket_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_text_waiting_by_change ON ticket_text_waiting (is_late, changed_at, ticket_id);

INSERT INTO ticket_text_waiting (municipality_id, ticket_id, changed_at, is_late)
SELECT municipality_id, ticket_id, MAX(changed_at), FALSE FROM ticket_text GROUP BY municipality_id, ticket_id;

-- As it was, with the owner and the time of each text, and its rows in the order of time.
DROP TABLE ticket_text_gram;
-- FTS5 forgets this part of a table without content.
DROP TABLE IF EXISTS ticket_text_gram_content;

CREATE VIRTUAL TABLE ticket_text_gram USING fts5 (
    tokens,
    municipality_id UNINDEXED,
    ticket_id UNINDEXED,
    audience UNINDEXED,
    changed_at UNINDEXED,
    content = '',
    contentless_delete = 1,
    contentless_unindexed = 1,
    detail = none,
    tokenize = 'ascii'
);
