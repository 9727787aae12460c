-- What devices say of networks: the network that they are on, and checks of its layers whose outcome changed.

ALTER TABLE device_status ADD COLUMN link INTEGER;
ALTER TABLE device_status ADD COLUMN gateway TEXT;
ALTER TABLE device_status ADD COLUMN gateway_hash BLOB;
ALTER TABLE device_status ADD COLUMN network_at INTEGER;

ALTER TABLE device_transition ADD COLUMN layer INTEGER;
ALTER TABLE device_transition ADD COLUMN target INTEGER;
ALTER TABLE device_transition ADD COLUMN outcome INTEGER;
ALTER TABLE device_transition ADD COLUMN error INTEGER;
ALTER TABLE device_transition ADD COLUMN latency_us INTEGER;
ALTER TABLE device_transition ADD COLUMN gateway_hash BLOB;

-- Background work reads what arrived in a time, of all owners.
CREATE INDEX device_transition_checked ON device_transition (received_at) WHERE layer IS NOT NULL;
