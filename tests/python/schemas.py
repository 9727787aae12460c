"""Validates the worked examples of a replay, and what it printed of them: schemas.py EXAMPLES PRINTED"""
import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

examples, printed = map(Path, sys.argv[1:])


def validator(name):
    schema = json.loads((examples / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


topology, event, output = map(validator, ("topology", "event", "output"))
folders = sorted(path.parent for path in examples.glob("*/topology.json"))
assert len(folders) == 3, folders
for folder in folders:
    topology.validate(json.loads((folder / "topology.json").read_text()))
    for line in (folder / "events.jsonl").read_text().splitlines():
        event.validate(json.loads(line))
    for path in (folder / "expected.json", printed / f"{folder.name}.json"):
        output.validate(json.loads(path.read_text()))
# The schemas refuse what the command refuses.
for wrong in ({"kind": "feed"}, {"known": 1, "kind": "feed", "server": "a", "until": 1, "more": 1}):
    assert not event.is_valid(wrong), wrong
