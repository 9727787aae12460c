-- Schools in detail: pupils, lines, calendars, lesson times.

-- Reference tables ---------------------------------------------------------------------------------------------------

-- National holidays (国民の祝日) with the source that says so.
CREATE TABLE national_holiday (
    date TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    source TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What lines of several schools, often of several owners, go through.
CREATE TABLE line_hub (
    hub_id BLOB NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    -- Who runs it; nil for a prefecture or a provider.
    operator_id BLOB NOT NULL,
    isp TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (operator_id, name)
) STRICT, WITHOUT ROWID;

-- Whose lines go through a hub: what each owner's lines say, kept with them.
CREATE TABLE line_hub_owner (
    hub_id BLOB NOT NULL,
    municipality_id BLOB NOT NULL,
    PRIMARY KEY (hub_id, municipality_id)
) STRICT, WITHOUT ROWID;

-- Tables of a municipality -------------------------------------------------------------------------------------------

CREATE TABLE school_pupils (
    municipality_id BLOB NOT NULL,
    school_id BLOB NOT NULL,
    fiscal_year INTEGER NOT NULL,
    pupils INTEGER NOT NULL,
    source INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, school_id, fiscal_year),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE school_line (
    municipality_id BLOB NOT NULL,
    school_id BLOB NOT NULL,
    line_number INTEGER NOT NULL,
    topology INTEGER NOT NULL,
    contract TEXT NOT NULL,
    isp TEXT NOT NULL,
    contract_mbps INTEGER,
    hub_id BLOB,
    version INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, school_id, line_number),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX school_line_by_hub ON school_line (municipality_id, hub_id);

-- Periods of a fiscal year. The nil school is the owner's own calendar, which schools inherit and override by kind and name.
CREATE TABLE calendar_period (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    school_id BLOB NOT NULL,
    fiscal_year INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    first_date TEXT NOT NULL,
    last_date TEXT NOT NULL,
    PRIMARY KEY (municipality_id, school_id, fiscal_year, kind, name)
) STRICT, WITHOUT ROWID;

-- Lesson times by weekday, 1 Monday … 7 Sunday, in minutes after midnight. The nil school is the owner's own.
CREATE TABLE lesson_time (
    municipality_id BLOB NOT NULL REFERENCES municipality (municipality_id),
    school_id BLOB NOT NULL,
    weekday INTEGER NOT NULL,
    period INTEGER NOT NULL,
    begin_minute INTEGER NOT NULL,
    end_minute INTEGER NOT NULL,
    PRIMARY KEY (municipality_id, school_id, weekday, period)
) STRICT, WITHOUT ROWID;
