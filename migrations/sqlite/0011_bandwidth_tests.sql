-- Tests of throughput that servers give to devices, by lease.

-- Tables of a municipality -----------------------------------------------------------------------------------------

-- A test is live until it ended: done, failed, or its lease over. It is settled when nothing is left to do about it: what
-- was measured stands among the measurements, under the same id.
CREATE TABLE bandwidth_test (
    municipality_id BLOB NOT NULL,
    test_id BLOB NOT NULL,
    school_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    slot INTEGER NOT NULL,
    given_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    most_bytes INTEGER NOT NULL,
    most_ms INTEGER NOT NULL,
    gateway_hash BLOB,
    state INTEGER NOT NULL,
    ended_at INTEGER,
    settled_at INTEGER,
    measured_at INTEGER,
    receive_kbps INTEGER,
    send_kbps INTEGER,
    PRIMARY KEY (municipality_id, test_id),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
) STRICT, WITHOUT ROWID;

-- However many servers plan: a slot of a school has one live test, and a device has one.
CREATE UNIQUE INDEX bandwidth_test_live_by_school ON bandwidth_test (municipality_id, school_id, slot) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX bandwidth_test_live_by_device ON bandwidth_test (municipality_id, device_id) WHERE ended_at IS NULL;
CREATE INDEX bandwidth_test_by_school ON bandwidth_test (municipality_id, school_id, given_at);
CREATE INDEX bandwidth_test_unsettled ON bandwidth_test (municipality_id, test_id) WHERE settled_at IS NULL;
