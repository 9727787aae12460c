-- What the devices of each school do, as background work last counted it: a page of many schools reads one row for each.

-- The nil school is none. A row that did not change is not written again.
CREATE TABLE school_figures (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    school_id UUID NOT NULL,
    device_count BIGINT NOT NULL,
    reporting_count BIGINT NOT NULL,
    storage_low_count BIGINT NOT NULL,
    mean_charge BIGINT,
    last_at BIGINT,
    PRIMARY KEY (municipality_id, school_id)
);

-- When all schools of an owner were counted.
CREATE TABLE figures_count (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    counted_at BIGINT NOT NULL,
    PRIMARY KEY (municipality_id)
);

-- Background work that one server at a time does for all of them.
CREATE TABLE job_lease (
    job TEXT NOT NULL,
    holder UUID NOT NULL,
    leased_until BIGINT NOT NULL,
    PRIMARY KEY (job)
);
