-- Lists of devices: the orders they can be read in, search by a fragment of label or serial, and counts.

-- Orders -------------------------------------------------------------------------------------------------------------

-- What nobody said comes first. Texts are compared by their bytes, so that both engines agree on an order.
CREATE INDEX device_in_label_order ON device (municipality_id, (COALESCE(label_key, '') COLLATE "C"), device_id);
CREATE INDEX device_in_serial_order ON device (municipality_id, (COALESCE(serial_key, '') COLLATE "C"), device_id);
CREATE INDEX device_in_model_order ON device (municipality_id, (COALESCE(model, '') COLLATE "C"), device_id);
CREATE INDEX identity_review_open ON identity_review (municipality_id, device_id) WHERE closed_at IS NULL;

-- Search -------------------------------------------------------------------------------------------------------------

-- Every two neighbouring characters of some texts, each hashed together with the owner, so that an index over them is an
-- index of each owner by itself. Two characters suffice for a search, in any script and any locale; the texts decide.
CREATE FUNCTION text_grams(owner UUID, VARIADIC texts TEXT[]) RETURNS INTEGER[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(array_agg(DISTINCT hashtext(owner::TEXT || substr(t, i, 2))), '{}')
    FROM unnest(texts) AS t, generate_series(1, length(t) - 1) AS i
$$;

CREATE INDEX device_by_gram ON device USING gin (text_grams(municipality_id, label_key, serial_key));

-- Counts -------------------------------------------------------------------------------------------------------------

-- How many devices there are of each kind: the sum over the slots. The nil school is none. Records that are folded into
-- another one do not count. A transaction counts in a slot of its own, so that writers neither wait for each other nor
-- lock each other out; a job folds the slots into slot 0.
CREATE TABLE device_count (
    municipality_id UUID NOT NULL,
    school_id UUID NOT NULL,
    lifecycle SMALLINT NOT NULL,
    purpose SMALLINT NOT NULL,
    os_kind SMALLINT NOT NULL,
    slot BIGINT NOT NULL,
    device_count BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, school_id, lifecycle, purpose, os_kind, slot)
);

CREATE INDEX device_count_unfolded ON device_count (municipality_id) WHERE slot <> 0;

CREATE FUNCTION count_inserted_devices() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO device_count AS t (municipality_id, school_id, lifecycle, purpose, os_kind, slot, device_count)
    SELECT municipality_id, COALESCE(school_id, '00000000-0000-0000-0000-000000000000'), lifecycle, purpose, os_kind,
        CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), COUNT(*)
    FROM after_rows WHERE merged_into_device_id IS NULL GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (municipality_id, school_id, lifecycle, purpose, os_kind, slot)
    DO UPDATE SET device_count = t.device_count + excluded.device_count;
    RETURN NULL;
END $$;

CREATE FUNCTION count_deleted_devices() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO device_count AS t (municipality_id, school_id, lifecycle, purpose, os_kind, slot, device_count)
    SELECT municipality_id, COALESCE(school_id, '00000000-0000-0000-0000-000000000000'), lifecycle, purpose, os_kind,
        CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), -COUNT(*)
    FROM before_rows WHERE merged_into_device_id IS NULL GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (municipality_id, school_id, lifecycle, purpose, os_kind, slot)
    DO UPDATE SET device_count = t.device_count + excluded.device_count;
    RETURN NULL;
END $$;

CREATE FUNCTION count_updated_devices() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO device_count AS t (municipality_id, school_id, lifecycle, purpose, os_kind, slot, device_count)
    SELECT municipality_id, COALESCE(school_id, '00000000-0000-0000-0000-000000000000'), lifecycle, purpose, os_kind,
        CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), SUM(amount)
    FROM (
        SELECT municipality_id, school_id, lifecycle, purpose, os_kind, 1 AS amount
        FROM after_rows WHERE merged_into_device_id IS NULL
        UNION ALL
        SELECT municipality_id, school_id, lifecycle, purpose, os_kind, -1
        FROM before_rows WHERE merged_into_device_id IS NULL
    ) AS changed
    GROUP BY 1, 2, 3, 4, 5 HAVING SUM(amount) <> 0
    ON CONFLICT (municipality_id, school_id, lifecycle, purpose, os_kind, slot)
    DO UPDATE SET device_count = t.device_count + excluded.device_count;
    RETURN NULL;
END $$;

CREATE TRIGGER device_inserted AFTER INSERT ON device REFERENCING NEW TABLE AS after_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_inserted_devices();
CREATE TRIGGER device_deleted AFTER DELETE ON device REFERENCING OLD TABLE AS before_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_devices();
CREATE TRIGGER device_updated AFTER UPDATE ON device REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_updated_devices();

-- Devices that were there before this migration.
INSERT INTO device_count (municipality_id, school_id, lifecycle, purpose, os_kind, slot, device_count)
SELECT municipality_id, COALESCE(school_id, '00000000-0000-0000-0000-000000000000'), lifecycle, purpose, os_kind, 0, COUNT(*)
FROM device WHERE merged_into_device_id IS NULL GROUP BY 1, 2, 3, 4, 5;
