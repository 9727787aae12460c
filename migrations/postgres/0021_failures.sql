-- Failures of devices, and models that fail more often than they should.

-- Tickets that may be failures: of hardware (categories 1 to 5), with a device, by when they came in.
CREATE INDEX ticket_failure ON ticket (municipality_id, created_at, ticket_id)
    WHERE category <= 5 AND device_id IS NOT NULL;

-- That devices of a model fail more often than they should, as far as it concerns an owner: its own figures, and its ticket.
CREATE TABLE failure_alarm (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    -- The model folded for comparison, and as the owner's devices are called.
    model_key TEXT NOT NULL,
    category SMALLINT NOT NULL,
    model TEXT NOT NULL,
    ticket_id UUID NOT NULL,
    -- JSON list of the ids of devices that its ticket named.
    devices TEXT NOT NULL,
    -- Devices of the owner that failed in the last days, and those in use.
    failure_count BIGINT NOT NULL,
    in_use_count BIGINT NOT NULL,
    recent_days BIGINT NOT NULL,
    -- How many other owners it concerns.
    other_owner_count BIGINT NOT NULL,
    raised_at BIGINT NOT NULL,
    -- When it was over; none while it lasts.
    cleared_at BIGINT,
    PRIMARY KEY (municipality_id, model_key, category),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id)
);

CREATE INDEX failure_alarm_lasting ON failure_alarm (municipality_id, raised_at) WHERE cleared_at IS NULL;
