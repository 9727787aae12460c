-- Search in the texts of tickets.

-- Tables of a municipality -----------------------------------------------------------------------------------------

-- A ticket has one text for each of its readers. audience: 1 for the caller, 2 for those who work on it, 3 the same text for
-- both. body is as written, folded is what is searched.
CREATE TABLE ticket_text (
    municipality_id UUID NOT NULL,
    ticket_id UUID NOT NULL,
    audience SMALLINT NOT NULL,
    school_id UUID,
    changed_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (municipality_id, ticket_id, audience),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
);

CREATE INDEX ticket_text_by_change ON ticket_text (municipality_id, changed_at, ticket_id);
CREATE INDEX ticket_text_by_school ON ticket_text (municipality_id, school_id, changed_at, ticket_id);

-- Gives what it gave, but in time that grows with the length of a text, not with its square. The cost is what a text of some
-- sixty characters takes: a plan that asks this of row after row, where the index knows, is no plan.
CREATE OR REPLACE FUNCTION text_grams(owner UUID, VARIADIC texts TEXT[])
RETURNS INTEGER[] LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
    SELECT COALESCE(array_agg(DISTINCT hashtext(owner::TEXT || first || second)), '{}')
    FROM unnest(texts) AS t, LATERAL (
        SELECT c AS first, lead(c) OVER (ORDER BY i) AS second
        FROM unnest(string_to_array(t, NULL)) WITH ORDINALITY AS u (c, i)
    ) AS pair
    WHERE second IS NOT NULL
$$;

CREATE INDEX ticket_text_by_gram ON ticket_text USING gin (text_grams(municipality_id, folded));
