-- Network health: what devices of a school's own network report, roll-ups of what they measured, and incidents.

-- Data that is the same for all ------------------------------------------------------------------------------------

-- What devices try beyond the layers: learning services, identity providers, hops.
CREATE TABLE network_target (
    number INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    tls INTEGER NOT NULL,
    slow_ms INTEGER NOT NULL,
    connections INTEGER NOT NULL,
    source TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to when each running server has handed over what it heard.
CREATE TABLE server_feed (
    server_id BLOB NOT NULL PRIMARY KEY,
    started_at INTEGER NOT NULL,
    heard_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- When a server could not store what it heard, so that silence proves nothing.
CREATE TABLE server_gap (
    server_id BLOB NOT NULL,
    begin_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    PRIMARY KEY (server_id, begin_at)
) STRICT, WITHOUT ROWID;

-- What the judging engine knew at a moment, so that another server can go on from there. One row.
CREATE TABLE network_engine (
    engine TEXT NOT NULL PRIMARY KEY,
    known_until INTEGER NOT NULL,
    snapshot BLOB NOT NULL,
    saved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One incident for each cause, however many owners it concerns. What each owner may see of it stands in incident_owner.
CREATE TABLE incident (
    incident_id BLOB NOT NULL PRIMARY KEY,
    element_kind INTEGER NOT NULL,
    element_id TEXT NOT NULL,
    state INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    owner_count INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX incident_by_time ON incident (closed_at, opened_at);

-- Tables of a municipality -----------------------------------------------------------------------------------------

-- Check-ins of devices on a school's own network in ten seconds, as one server counted them.
CREATE TABLE network_heard (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    bucket_at INTEGER NOT NULL,
    school_id BLOB NOT NULL,
    server_id BLOB NOT NULL,
    -- JSON: the count by access point in hex, empty for a cable; the probes that were heard; checks that did not go well.
    access_points TEXT NOT NULL,
    probes TEXT NOT NULL,
    failing TEXT NOT NULL,
    PRIMARY KEY (municipality_id, bucket_at, school_id, server_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX network_heard_by_time ON network_heard (bucket_at);

-- What devices of a school measured within a width of time, by access point, layer and target: counts by outcome and a
-- sketch of latencies, packed. Each server writes rows of its own, which readers add up; background work folds them.
CREATE TABLE network_rollup (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    school_id BLOB NOT NULL,
    width_s INTEGER NOT NULL,
    bucket_at INTEGER NOT NULL,
    server_id BLOB NOT NULL,
    cells BLOB NOT NULL,
    PRIMARY KEY (municipality_id, school_id, width_s, bucket_at, server_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX network_rollup_by_time ON network_rollup (width_s, bucket_at);

-- By what a school's own network is known. Kinds: 1 name of the Wi-Fi, 2 access point, 3 gateway, 4 public address.
CREATE TABLE school_network (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    school_id BLOB NOT NULL,
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    -- 1 said by a person, 2 learned.
    source INTEGER NOT NULL,
    devices INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, school_id, kind, value)
) STRICT, WITHOUT ROWID;

-- An incident as one owner may see it: its own schools, and of others only how many.
CREATE TABLE incident_owner (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    incident_id BLOB NOT NULL,
    state INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    -- JSON list of school ids.
    schools TEXT NOT NULL,
    devices INTEGER NOT NULL,
    lesson_minutes INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    PRIMARY KEY (municipality_id, incident_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX incident_owner_by_time ON incident_owner (municipality_id, closed_at, opened_at);

-- Work that was announced: what it silences and when. The nil municipality is that of a hub that several owners share.
CREATE TABLE planned_work (
    municipality_id BLOB NOT NULL,
    work_id BLOB NOT NULL,
    element_kind INTEGER NOT NULL,
    element_id TEXT NOT NULL,
    begin_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    cancelled_at INTEGER,
    version INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, work_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX planned_work_by_time ON planned_work (end_at);
