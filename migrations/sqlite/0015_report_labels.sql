-- Labels: a code on a device, or at a school or a room, that opens the form for reports on a phone.

-- Look-up tables -----------------------------------------------------------------------------------------------------

-- Finds the owner of a code that arrives from a phone. What stands on the label is this number with a mark of the servers' key,
-- so that who reads the database can not print a label.
CREATE TABLE report_label_lookup (
    label_id INTEGER NOT NULL PRIMARY KEY,
    municipality_id BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Tables of a municipality -----------------------------------------------------------------------------------------

CREATE TABLE report_label (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    label_id INTEGER NOT NULL,
    -- Of a label without a device; one with a device goes where its device goes.
    school_id BLOB,
    device_id BLOB,
    room TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- When it was lost, or another one took its place.
    voided_at INTEGER,
    PRIMARY KEY (municipality_id, label_id),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
) STRICT, WITHOUT ROWID;

-- A device has one label that is good, and so has a room of a school, whose general label has no room.
CREATE UNIQUE INDEX report_label_of_device ON report_label (municipality_id, device_id)
    WHERE voided_at IS NULL AND device_id IS NOT NULL;
CREATE UNIQUE INDEX report_label_of_room ON report_label (municipality_id, school_id, room)
    WHERE voided_at IS NULL AND device_id IS NULL;

-- Reports that came in with one label, or from one school, in the window that began last.
CREATE TABLE report_count (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    counted TEXT NOT NULL,
    window_at INTEGER NOT NULL,
    reports INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, counted)
) STRICT, WITHOUT ROWID;

-- Labels whose people said that they have what a known incident explains, instead of one more ticket.
CREATE TABLE report_also (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    incident_id BLOB NOT NULL,
    label_id INTEGER NOT NULL,
    school_id BLOB NOT NULL,
    reported_at INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, incident_id, label_id),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
) STRICT, WITHOUT ROWID;
