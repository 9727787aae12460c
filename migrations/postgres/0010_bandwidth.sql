-- Bandwidth: the recommended table by edition, and measured throughput of schools.

-- Data that is the same for all ------------------------------------------------------------------------------------

-- 当面の推奨帯域: from when an edition holds, who says so, and what one pupil needs below its first row.
CREATE TABLE bandwidth_edition (
    edition_date TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    below_kbps BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL
);

CREATE TABLE bandwidth_recommended (
    edition_date TEXT NOT NULL REFERENCES bandwidth_edition (edition_date),
    pupils BIGINT NOT NULL,
    kbps BIGINT NOT NULL,
    PRIMARY KEY (edition_date, pupils)
);

INSERT INTO bandwidth_edition (edition_date, source, below_kbps, recorded_at)
VALUES ('2024-04-01', '文部科学省 当面の推奨帯域 2024-04', 1800, 0);

INSERT INTO bandwidth_recommended (edition_date, pupils, kbps)
VALUES ('2024-04-01', 60, 108000), ('2024-04-01', 120, 216000), ('2024-04-01', 180, 323000), ('2024-04-01', 280, 408000),
       ('2024-04-01', 560, 525000), ('2024-04-01', 770, 607000), ('2024-04-01', 1050, 711000), ('2024-04-01', 1400, 834000);

-- Tables of a municipality -----------------------------------------------------------------------------------------

CREATE TABLE bandwidth_measurement (
    municipality_id UUID NOT NULL,
    measurement_id UUID NOT NULL,
    school_id UUID NOT NULL,
    measured_at BIGINT NOT NULL,
    receive_kbps BIGINT NOT NULL,
    send_kbps BIGINT,
    method SMALLINT NOT NULL,
    in_lesson BOOLEAN NOT NULL,
    note TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (municipality_id, measurement_id),
    FOREIGN KEY (municipality_id, school_id) REFERENCES school (municipality_id, school_id)
);

CREATE INDEX bandwidth_measurement_by_school ON bandwidth_measurement (municipality_id, school_id, measured_at);
CREATE INDEX bandwidth_measurement_by_time ON bandwidth_measurement (municipality_id, measured_at);
