-- What devices say of networks: the network that they are on, and checks of its layers whose outcome changed.

ALTER TABLE device_status ADD COLUMN link SMALLINT;
ALTER TABLE device_status ADD COLUMN gateway TEXT;
ALTER TABLE device_status ADD COLUMN gateway_hash BYTEA;
ALTER TABLE device_status ADD COLUMN network_at BIGINT;

ALTER TABLE device_transition ADD COLUMN layer SMALLINT;
ALTER TABLE device_transition ADD COLUMN target BIGINT;
ALTER TABLE device_transition ADD COLUMN outcome SMALLINT;
ALTER TABLE device_transition ADD COLUMN error SMALLINT;
ALTER TABLE device_transition ADD COLUMN latency_us BIGINT;
ALTER TABLE device_transition ADD COLUMN gateway_hash BYTEA;

-- Background work reads what arrived in a time, of all owners.
CREATE INDEX device_transition_checked ON device_transition (received_at) WHERE layer IS NOT NULL;
