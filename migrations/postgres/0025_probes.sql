-- Probes, which are few, are found without looking at all devices: purpose 5.
CREATE INDEX device_probe ON device (municipality_id, device_id) WHERE purpose = 5;
