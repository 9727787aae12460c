-- Network health: what devices of a school's own network report, roll-ups of what they measured, and incidents.

-- Data that is the same for all ------------------------------------------------------------------------------------

-- What devices try beyond the layers: learning services, identity providers, hops.
CREATE TABLE network_target (
    number BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind SMALLINT NOT NULL,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    tls BOOLEAN NOT NULL,
    slow_ms BIGINT NOT NULL,
    connections BIGINT NOT NULL,
    source TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

-- Up to when each running server has handed over what it heard.
CREATE TABLE server_feed (
    server_id UUID NOT NULL PRIMARY KEY,
    started_at BIGINT NOT NULL,
    heard_until BIGINT NOT NULL
);

-- When a server could not store what it heard, so that silence proves nothing.
CREATE TABLE server_gap (
    server_id UUID NOT NULL,
    begin_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    PRIMARY KEY (server_id, begin_at)
);

-- What the judging engine knew at a moment, so that another server can go on from there. One row.
CREATE TABLE network_engine (
    engine TEXT NOT NULL PRIMARY KEY,
    known_until BIGINT NOT NULL,
    snapshot BYTEA NOT NULL,
    saved_at BIGINT NOT NULL
);

-- One incident for each cause, however many owners it concerns. What each owner may see of it stands in incident_owner.
CREATE TABLE incident (
    incident_id UUID NOT NULL PRIMARY KEY,
    element_kind SMALLINT NOT NULL,
    element_id TEXT NOT NULL,
    state SMALLINT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    owner_count BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE INDEX incident_by_time ON incident (closed_at, opened_at);

-- Tables of a municipality -----------------------------------------------------------------------------------------

-- Check-ins of devices on a school's own network in ten seconds, as one server counted them.
CREATE TABLE network_heard (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    bucket_at BIGINT NOT NULL,
    school_id UUID NOT NULL,
    server_id UUID NOT NULL,
    -- JSON: the count by access point in hex, empty for a cable; the probes that were heard; checks that did not go well.
    access_points TEXT NOT NULL,
    probes TEXT NOT NULL,
    failing TEXT NOT NULL,
    PRIMARY KEY (municipality_id, bucket_at, school_id, server_id)
);

CREATE INDEX network_heard_by_time ON network_heard (bucket_at);

-- What devices of a school measured within a width of time, by access point, layer and target: counts by outcome and a
-- sketch of latencies, packed. Each server writes rows of its own, which readers add up; background work folds them.
CREATE TABLE network_rollup (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    school_id UUID NOT NULL,
    width_s BIGINT NOT NULL,
    bucket_at BIGINT NOT NULL,
    server_id UUID NOT NULL,
    cells BYTEA NOT NULL,
    PRIMARY KEY (municipality_id, school_id, width_s, bucket_at, server_id)
);

CREATE INDEX network_rollup_by_time ON network_rollup (width_s, bucket_at);

-- By what a school's own network is known. Kinds: 1 name of the Wi-Fi, 2 access point, 3 gateway, 4 public address.
CREATE TABLE school_network (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    school_id UUID NOT NULL,
    kind SMALLINT NOT NULL,
    value TEXT NOT NULL,
    -- 1 said by a person, 2 learned.
    source SMALLINT NOT NULL,
    devices BIGINT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, school_id, kind, value)
);

-- An incident as one owner may see it: its own schools, and of others only how many.
CREATE TABLE incident_owner (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    incident_id UUID NOT NULL,
    state SMALLINT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    -- JSON list of school ids.
    schools TEXT NOT NULL,
    devices BIGINT NOT NULL,
    lesson_minutes BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    PRIMARY KEY (municipality_id, incident_id)
);

CREATE INDEX incident_owner_by_time ON incident_owner (municipality_id, closed_at, opened_at);

-- Work that was announced: what it silences and when. The nil municipality is that of a hub that several owners share.
CREATE TABLE planned_work (
    municipality_id UUID NOT NULL,
    work_id UUID NOT NULL,
    element_kind SMALLINT NOT NULL,
    element_id TEXT NOT NULL,
    begin_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    cancelled_at BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, work_id)
);

CREATE INDEX planned_work_by_time ON planned_work (end_at);
