-- Search in the texts of tickets.

-- Tables of a municipality -----------------------------------------------------------------------------------------

-- A ticket has one text for each of its readers. audience: 1 for the caller, 2 for those who work on it, 3 the same text for
-- both. body is as written, folded is what is searched.
CREATE TABLE ticket_text (
    municipality_id BLOB NOT NULL,
    ticket_id BLOB NOT NULL,
    audience INTEGER NOT NULL,
    school_id BLOB,
    changed_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (municipality_id, ticket_id, audience),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_text_by_change ON ticket_text (municipality_id, changed_at, ticket_id);
CREATE INDEX ticket_text_by_school ON ticket_text (municipality_id, school_id, changed_at, ticket_id);

-- Every two neighbouring characters of each text, hashed together with the owner, and the name of the ticket as one more
-- token, by which its rows are found when they are replaced.
CREATE VIRTUAL TABLE ticket_text_gram USING fts5 (
    tokens,
    ticket_id UNINDEXED,
    audience UNINDEXED,
    content = '',
    contentless_delete = 1,
    contentless_unindexed = 1,
    detail = none,
    tokenize = 'ascii'
);
