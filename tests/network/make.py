"""Writes topology.json and events.jsonl of the three worked examples: python3 tests/network/make.py

The same bytes each time. Times are of Wednesday 2026-06-10; 09:00 in Japan is 00:00 UTC.
"""
import json
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).parent
ZERO = datetime(2026, 6, 10, tzinfo=timezone.utc)  # 09:00 in Japan, in the first lesson


def at(second):
    return (ZERO + timedelta(seconds=second)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def school(id, owner, line, usual, **more):
    expected = {"usual_devices": usual, "usual_awake": round(usual * 0.1)}
    return {"id": id, "owner": owner, "line": line, "devices": usual * 2, **more, "expected": expected}


class Day:
    def __init__(self, seed, topology, begin, end):
        self.random, self.topology, self.begin, self.end = random.Random(seed), topology, begin, end
        self.events = []

    def add(self, known, **what):
        self.events.append((known, len(self.events), {"known": at(known), **what}))

    def presence(self, silent):
        """Every device that is awake checks in once a minute; `silent(school, second)` says who cannot."""
        for begin in range(self.begin, self.end, 10):
            end = begin + 10
            for one in self.topology["schools"]:
                if silent(one["id"], begin):
                    continue
                usual = one["expected"]["usual_devices"]
                heard = sum(self.random.random() < 1 / 6 for _ in range(usual))
                awake = sum(self.random.random() < 0.1 for _ in range(heard))
                self.add(end, kind="presence", **{"from": at(begin)}, seconds=10, school=one["id"], heard=heard,
                         heard_awake=awake)
            for probe in self.topology.get("probes", []):
                if not silent(probe["school"], begin):
                    self.add(begin + 4, kind="probe_heartbeat", probe=probe["id"])
            self.add(end + 0.5, kind="feed", server="server-1", until=at(end))

    def transition(self, known, device, school, target, outcome, error=None, happened=None):
        what = dict(kind="transition", device=device, school=school, place="school", target=target, outcome=outcome)
        if happened is not None:
            what["at"] = at(happened)
        if error:
            what["error"] = error
        self.add(known, **what)

    def write(self, name):
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        text = json.dumps(self.topology, ensure_ascii=False, indent=2)
        (folder / "topology.json").write_text(text + "\n")
        lines = [json.dumps(event, separators=(",", ":")) for _, _, event in sorted(self.events, key=lambda e: e[:2])]
        (folder / "events.jsonl").write_text("\n".join(lines) + "\n")


def named(*ids):
    return [{"id": id} for id in ids]


def line_cut():
    direct = {"kind": "direct", "isp": "isp-1"}
    topology = {
        "owners": named("wakabano"), "isps": named("isp-1"),
        "schools": [school(f"school-{n}", "wakabano", direct, 120) for n in (1, 2, 3)],
        "probes": [{"id": "probe-1", "school": "school-1"}],
    }
    day = Day(1, topology, -600, 1560)
    cut, back = 300, 900
    day.presence(lambda school, second: school == "school-1" and cut <= second < back)
    # What was spooled comes with the first check-ins after the cut.
    for device in ["probe-1"] + [f"device-{n}" for n in range(40)]:
        noticed, told = cut + day.random.uniform(1, 50), back + day.random.uniform(1, 60)
        if device == "probe-1":
            noticed, told = cut + 4, back + 4
            day.transition(told, device, "school-1", "isp_hop", "failed", "no_answer", noticed)
        for target in ("dns", "server"):
            day.transition(told, device, "school-1", target, "failed", "no_answer", noticed)
        for target in ("dns", "server") + (("isp_hop",) if device == "probe-1" else ()):
            day.transition(told, device, "school-1", target, "ok", None, told)
    day.write("line-cut")


def hub_over_two_owners():
    hub = {"kind": "prefectural_hub", "hub": "hub-1"}
    direct = {"kind": "direct", "isp": "isp-1"}
    schools = [school(f"{owner}-{n}", owner, hub, 90) for owner in ("east", "west") for n in (1, 2, 3)]
    schools += [school(f"north-{n}", "north", direct, 90) for n in (1, 2)]
    topology = {
        "owners": named("east", "north", "west"), "isps": named("isp-1"),
        "hubs": [{"id": "hub-1", "kind": "prefectural"}], "schools": schools,
    }
    day = Day(2, topology, -600, 1260)
    day.presence(lambda school, second: not school.startswith("north") and 300 <= second < 780)
    day.write("hub-over-two-owners")


def filter_blocks_a_service():
    direct = {"kind": "direct", "isp": "isp-1"}
    schools = [school(f"{owner}-{n}", owner, direct, 100, filter=f"filter-{owner}")
               for owner in ("east", "west") for n in (1, 2, 3)]
    topology = {
        "owners": named("east", "west"), "isps": named("isp-1"), "filters": named("filter-east", "filter-west"),
        "services": [{"id": "drill", "kind": "learning"}, {"id": "video", "kind": "learning"}], "schools": schools,
    }
    day = Day(3, topology, -600, 1500)
    day.presence(lambda school, second: False)
    blocked, free = 0, 780
    for one in (1, 2, 3):
        for number in range(85):
            device, noticed = f"device-{one}-{number}", blocked + day.random.uniform(1, 110)
            while noticed < free:
                error = "blocked" if day.random.random() < 0.8 else "reset"
                day.transition(noticed, device, f"east-{one}", "service:drill", "failed", error)
                noticed += 300
            day.transition(free + day.random.uniform(1, 110), device, f"east-{one}", "service:drill", "ok")
    day.write("filter-blocks-a-service")


line_cut()
hub_over_two_owners()
filter_blocks_a_service()
