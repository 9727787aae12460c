-- Legs of tickets: what becomes of the device of one, and what that costs.

-- A repair (修理). What is known of it can change until it ends.
CREATE TABLE ticket_repair (
    municipality_id UUID NOT NULL,
    repair_id UUID NOT NULL,
    ticket_id UUID NOT NULL,
    device_id UUID NOT NULL,
    vendor TEXT NOT NULL,
    quote_yen BIGINT,
    insurance SMALLINT NOT NULL,
    insurance_number TEXT NOT NULL,
    sent_on TEXT,
    back_on TEXT,
    cost_yen BIGINT,
    payer SMALLINT,
    note TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- How it ended.
    outcome SMALLINT,
    PRIMARY KEY (municipality_id, repair_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
);

CREATE INDEX ticket_repair_by_ticket ON ticket_repair (municipality_id, ticket_id, started_at);
-- A device is in one repair at a time.
CREATE UNIQUE INDEX ticket_repair_open ON ticket_repair (municipality_id, device_id) WHERE ended_at IS NULL;

-- A loss (紛失).
CREATE TABLE ticket_loss (
    municipality_id UUID NOT NULL,
    loss_id UUID NOT NULL,
    ticket_id UUID NOT NULL,
    device_id UUID NOT NULL,
    noticed_on TEXT NOT NULL,
    place TEXT NOT NULL,
    police_number TEXT NOT NULL,
    police_on TEXT,
    board_on TEXT,
    lock_note TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- How it ended.
    outcome SMALLINT,
    PRIMARY KEY (municipality_id, loss_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id)
);

CREATE INDEX ticket_loss_by_ticket ON ticket_loss (municipality_id, ticket_id, recorded_at);
-- A device is lost once at a time.
CREATE UNIQUE INDEX ticket_loss_open ON ticket_loss (municipality_id, device_id) WHERE ended_at IS NULL;

-- What tickets cost; nothing is ever changed here. The renewal ledger reads it.
CREATE TABLE ticket_cost (
    municipality_id UUID NOT NULL,
    cost_id UUID NOT NULL,
    ticket_id UUID NOT NULL,
    -- None for a ticket without a device.
    device_id UUID,
    -- Among all kinds of cost of the renewal ledger.
    kind SMALLINT NOT NULL,
    payer SMALLINT NOT NULL,
    -- Negative for a correction.
    amount_yen BIGINT NOT NULL,
    spent_on TEXT NOT NULL,
    note TEXT NOT NULL,
    -- The cost that it corrects.
    corrects_cost_id UUID,
    recorded_at BIGINT NOT NULL,
    recorder_id UUID,
    recorder_name TEXT NOT NULL,
    PRIMARY KEY (municipality_id, cost_id),
    FOREIGN KEY (municipality_id, ticket_id) REFERENCES ticket (municipality_id, ticket_id),
    FOREIGN KEY (municipality_id, device_id) REFERENCES device (municipality_id, device_id),
    FOREIGN KEY (municipality_id, corrects_cost_id) REFERENCES ticket_cost (municipality_id, cost_id)
);

CREATE INDEX ticket_cost_by_day ON ticket_cost (municipality_id, spent_on, cost_id);
CREATE INDEX ticket_cost_by_ticket ON ticket_cost (municipality_id, ticket_id, cost_id);
