-- Legs of tickets: what becomes of the device of one, and what that costs.

-- A repair (修理). What is known of it can change until it ends.
CREATE TABLE ticket_repair (
    municipality_id BLOB NOT NULL,
    repair_id BLOB NOT NULL,
    ticket_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    vendor TEXT NOT NULL,
    quote_yen INTEGER,
    insurance INTEGER NOT NULL,
    insurance_number TEXT NOT NULL,
    sent_on TEXT,
    back_on TEXT,
    cost_yen INTEGER,
    payer INTEGER,
    note TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    -- How it ended.
    outcome INTEGER,
    PRIMARY KEY (municipality_id, repair_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_repair_by_ticket ON ticket_repair (municipality_id, ticket_id, started_at);
-- A device is in one repair at a time.
CREATE UNIQUE INDEX ticket_repair_open ON ticket_repair (municipality_id, device_id) WHERE ended_at IS NULL;

-- A loss (紛失).
CREATE TABLE ticket_loss (
    municipality_id BLOB NOT NULL,
    loss_id BLOB NOT NULL,
    ticket_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    noticed_on TEXT NOT NULL,
    place TEXT NOT NULL,
    police_number TEXT NOT NULL,
    police_on TEXT,
    board_on TEXT,
    lock_note TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    ended_at INTEGER,
    -- How it ended.
    outcome INTEGER,
    PRIMARY KEY (municipality_id, loss_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_loss_by_ticket ON ticket_loss (municipality_id, ticket_id, recorded_at);
-- A device is lost once at a time.
CREATE UNIQUE INDEX ticket_loss_open ON ticket_loss (municipality_id, device_id) WHERE ended_at IS NULL;

-- What tickets cost; nothing is ever changed here. The renewal ledger reads it.
CREATE TABLE ticket_cost (
    municipality_id BLOB NOT NULL,
    cost_id BLOB NOT NULL,
    ticket_id BLOB NOT NULL,
    -- None for a ticket without a device.
    device_id BLOB,
    -- Among all kinds of cost of the renewal ledger.
    kind INTEGER NOT NULL,
    payer INTEGER NOT NULL,
    -- Negative for a correction.
    amount_yen INTEGER NOT NULL,
    spent_on TEXT NOT NULL,
    note TEXT NOT NULL,
    -- The cost that it corrects.
    corrects_cost_id BLOB,
    recorded_at INTEGER NOT NULL,
    recorder_id BLOB,
    recorder_name TEXT NOT NULL,
    PRIMARY KEY (municipality_id, cost_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id),
    FOREIGN KEY (municipality_id, corrects_cost_id) REFERENCES ticket_cost (municipality_id, cost_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_cost_by_day ON ticket_cost (municipality_id, spent_on, cost_id);
CREATE INDEX ticket_cost_by_ticket ON ticket_cost (municipality_id, ticket_id, cost_id);
