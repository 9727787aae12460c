-- Lists of devices: the orders they can be read in, search by a fragment of label or serial, and counts.

-- Orders -------------------------------------------------------------------------------------------------------------

-- What nobody said comes first. Texts are compared by their bytes, so that both engines agree on an order.
CREATE INDEX device_in_label_order ON device (municipality_id, COALESCE(label_key, ''), device_id);
CREATE INDEX device_in_serial_order ON device (municipality_id, COALESCE(serial_key, ''), device_id);
CREATE INDEX device_in_model_order ON device (municipality_id, COALESCE(model, ''), device_id);
CREATE INDEX identity_review_open ON identity_review (municipality_id, device_id) WHERE closed_at IS NULL;

-- Search -------------------------------------------------------------------------------------------------------------

-- Looking through the keys of one owner, which lie together here and need no row of the table, takes a few milliseconds:
-- less than an index of fragments would cost each import.
CREATE INDEX device_by_fragment ON device (municipality_id, label_key, serial_key, merged_into_device_id);

-- Counts -------------------------------------------------------------------------------------------------------------

-- How many devices there are of each kind: the sum over the slots. The nil school is none. Records that are folded into
-- another one do not count. There is one writer here, and so one slot, 0.
CREATE TABLE device_count (
    municipality_id BLOB NOT NULL,
    school_id BLOB NOT NULL,
    lifecycle INTEGER NOT NULL,
    purpose INTEGER NOT NULL,
    os_kind INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    device_count INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, school_id, lifecycle, purpose, os_kind, slot)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER device_inserted AFTER INSERT ON device WHEN new.merged_into_device_id IS NULL BEGIN
    INSERT INTO device_count (municipality_id, school_id, lifecycle, purpose, os_kind, slot, device_count)
    VALUES (new.municipality_id, COALESCE(new.school_id, zeroblob(16)), new.lifecycle, new.purpose, new.os_kind, 0, 1)
    ON CONFLICT (municipality_id, school_id, lifecycle, purpose, os_kind, slot)
    DO UPDATE SET device_count = device_count + 1;
END;

CREATE TRIGGER device_deleted AFTER DELETE ON device WHEN old.merged_into_device_id IS NULL BEGIN
    UPDATE device_count SET device_count = device_count - 1
    WHERE municipality_id = old.municipality_id AND school_id = COALESCE(old.school_id, zeroblob(16))
        AND lifecycle = old.lifecycle AND purpose = old.purpose AND os_kind = old.os_kind AND slot = 0;
END;

CREATE TRIGGER device_updated AFTER UPDATE OF school_id, lifecycle, purpose, os_kind, merged_into_device_id ON device
WHEN old.school_id IS NOT new.school_id OR old.lifecycle <> new.lifecycle OR old.purpose <> new.purpose
    OR old.os_kind <> new.os_kind OR (old.merged_into_device_id IS NULL) <> (new.merged_into_device_id IS NULL)
BEGIN
    UPDATE device_count SET device_count = device_count - 1
    WHERE old.merged_into_device_id IS NULL
        AND municipality_id = old.municipality_id AND school_id = COALESCE(old.school_id, zeroblob(16))
        AND lifecycle = old.lifecycle AND purpose = old.purpose AND os_kind = old.os_kind AND slot = 0;
    INSERT INTO device_count (municipality_id, school_id, lifecycle, purpose, os_kind, slot, device_count)
    SELECT new.municipality_id, COALESCE(new.school_id, zeroblob(16)), new.lifecycle, new.purpose, new.os_kind, 0, 1
    WHERE new.merged_into_device_id IS NULL
    ON CONFLICT (municipality_id, school_id, lifecycle, purpose, os_kind, slot)
    DO UPDATE SET device_count = device_count + 1;
END;

-- Devices that were there before this migration.
INSERT INTO device_count (municipality_id, school_id, lifecycle, purpose, os_kind, slot, device_count)
SELECT municipality_id, COALESCE(school_id, zeroblob(16)), lifecycle, purpose, os_kind, 0, COUNT(*)
FROM device WHERE merged_into_device_id IS NULL GROUP BY 1, 2, 3, 4, 5;
