-- What the devices of each school do, as background work last counted it: a page of many schools reads one row for each.

-- The nil school is none. A row that did not change is not written again.
CREATE TABLE school_figures (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    school_id BLOB NOT NULL,
    device_count INTEGER NOT NULL,
    reporting_count INTEGER NOT NULL,
    storage_low_count INTEGER NOT NULL,
    mean_charge INTEGER,
    last_at INTEGER,
    PRIMARY KEY (municipality_id, school_id)
) STRICT, WITHOUT ROWID;

-- When all schools of an owner were counted.
CREATE TABLE figures_count (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    counted_at INTEGER NOT NULL,
    PRIMARY KEY (municipality_id)
) STRICT, WITHOUT ROWID;

-- Background work that one server at a time does for all of them.
CREATE TABLE job_lease (
    job TEXT NOT NULL,
    holder BLOB NOT NULL,
    leased_until INTEGER NOT NULL,
    PRIMARY KEY (job)
) STRICT, WITHOUT ROWID;
