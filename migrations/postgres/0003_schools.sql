-- Schools in detail: pupils, lines, calendars, lesson times.

-- Reference tables ---------------------------------------------------------------------------------------------------

-- National holidays (国民の祝日) with the source that says so.
CREATE TABLE national_holiday (
    date TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    source TEXT NOT NULL
);

-- What lines of several schools, often of several owners, go through.
CREATE TABLE line_hub (
    hub_id UUID NOT NULL PRIMARY KEY,
    kind SMALLINT NOT NULL,
    name TEXT NOT NULL,
    -- Who runs it; nil for a prefecture or a provider.
    operator_id UUID NOT NULL,
    isp TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (operator_id, name)
);

-- Whose lines go through a hub: what each owner's lines say, kept with them.
CREATE TABLE line_hub_owner (
    hub_id UUID NOT NULL,
    municipality_id UUID NOT NULL,
    PRIMARY KEY (hub_id, municipality_id)
);

-- Tables of a municipality -------------------------------------------------------------------------------------------

CREATE TABLE school_pupils (
    municipality_id UUID NOT NULL,
    school_id UUID NOT NULL,
    fiscal_year BIGINT NOT NULL,
    pupils BIGINT NOT NULL,
    source SMALLINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, school_id, fiscal_year),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
);

CREATE TABLE school_line (
    municipality_id UUID NOT NULL,
    school_id UUID NOT NULL,
    line_number SMALLINT NOT NULL,
    topology SMALLINT NOT NULL,
    contract TEXT NOT NULL,
    isp TEXT NOT NULL,
    contract_mbps BIGINT,
    hub_id UUID,
    version BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, school_id, line_number),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
);

CREATE INDEX school_line_by_hub ON school_line (municipality_id, hub_id);

-- Periods of a fiscal year. The nil school is the owner's own calendar, which schools inherit and override by kind and name.
CREATE TABLE calendar_period (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    school_id UUID NOT NULL,
    fiscal_year BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    name TEXT NOT NULL,
    first_date TEXT NOT NULL,
    last_date TEXT NOT NULL,
    PRIMARY KEY (municipality_id, school_id, fiscal_year, kind, name)
);

-- Lesson times by weekday, 1 Monday … 7 Sunday, in minutes after midnight. The nil school is the owner's own.
CREATE TABLE lesson_time (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    school_id UUID NOT NULL,
    weekday SMALLINT NOT NULL,
    period SMALLINT NOT NULL,
    begin_minute SMALLINT NOT NULL,
    end_minute SMALLINT NOT NULL,
    PRIMARY KEY (municipality_id, school_id, weekday, period)
);
