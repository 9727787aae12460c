-- The ledger of renewal: entries that are only added, the devices of lots, and the rules by which reports are made.

CREATE TABLE renewal_entry (
    municipality_id UUID NOT NULL REFERENCES municipality (municipality_id),
    entry_id UUID NOT NULL,
    -- What it is of.
    kind SMALLINT NOT NULL,
    -- The days in which it holds; without a last one it goes on.
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    recorded_at BIGINT NOT NULL,
    -- JSON: the school, if it is of one, and what is said; of a reversal why.
    body TEXT NOT NULL,
    -- The entry that it takes back.
    reverses_entry_id UUID,
    recorder_id UUID,
    recorder_name TEXT NOT NULL,
    PRIMARY KEY (municipality_id, entry_id),
    UNIQUE (municipality_id, reverses_entry_id),
    FOREIGN KEY (municipality_id, reverses_entry_id) REFERENCES renewal_entry (municipality_id, entry_id)
);

CREATE INDEX renewal_entry_by_time ON renewal_entry (municipality_id, recorded_at, entry_id);

-- The devices of a lot, in the order in which they were named.
CREATE TABLE renewal_lot_device (
    municipality_id UUID NOT NULL,
    entry_id UUID NOT NULL,
    -- From 0; also the place of its share of what the lot costs.
    position BIGINT NOT NULL,
    serial TEXT NOT NULL,
    -- Folded as in the registry.
    serial_key TEXT NOT NULL,
    PRIMARY KEY (municipality_id, entry_id, position),
    UNIQUE (municipality_id, entry_id, serial_key),
    FOREIGN KEY (municipality_id, entry_id) REFERENCES renewal_entry (municipality_id, entry_id)
);

CREATE INDEX renewal_lot_device_by_serial ON renewal_lot_device (municipality_id, serial_key);

-- Programmes of subsidy, ends of support, scenarios and assumptions as somebody said them; only added. Those of the nil municipality
-- are the installation's. The product's own hold where nobody said any.
CREATE TABLE renewal_rules (
    municipality_id UUID NOT NULL,
    kind SMALLINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    -- JSON; none where the ones of before shall not hold any more.
    rules TEXT,
    recorder_id UUID,
    recorder_name TEXT NOT NULL,
    PRIMARY KEY (municipality_id, kind, recorded_at)
);
