#!/usr/bin/env python3
"""Shipment events, about 250 bytes a line, in random order over 30 days: seeded, so the same everywhere.

    generate.py FILE [ROWS]

2 % of the texts have escapes, 1 % of the weights are null, 70 % of the events have `meta`."""
import json, pathlib, random, sys
from datetime import datetime, timedelta

PORTS = "HAM SIN RTM SHA NYC LAX ANR FXT BRE VLC PIR GOA DUB HKG PUS YOK BUS MUM SYD SAO CPT LEH GDY HEL OSL STO".split()
CARRIERS = "maersk msc cma-cgm hapag-lloyd evergreen one cosco zim dhl ups".split()
TAGS = "fragile priority reefer hazmat oversize insured customs-hold".split()
KINDS = "created picked_up in_transit customs delivered exception".split()

path = pathlib.Path(sys.argv[1])
rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
path.parent.mkdir(parents=True, exist_ok=True)
r = random.Random(11)
start = datetime(2025, 3, 1)
with path.open("w") as out:
    for i in range(rows):
        t = start + timedelta(milliseconds=r.randrange(30 * 86_400_000))
        event = {
            "record_type": r.choice(KINDS), "shipment_id": f"SHP-{i:09d}-{r.getrandbits(32):08x}", "origin": r.choice(PORTS),
            "destination": r.choice(PORTS), "carrier": r.choice(CARRIERS),
            "weight_kg": None if r.random() < 0.01 else round(r.uniform(0.5, 24000), 3),
            "event_time": f"{t:%Y-%m-%dT%H:%M:%S}.{t.microsecond // 1000:03d}Z",
        }
        if r.random() < 0.7:
            tags = r.sample(TAGS, r.randrange(4))
            source = "edi/\"x12\" Zürich" if r.random() < 0.03 else r.choice(["edi-gateway", "carrier-api", "warehouse-scanner"])
            event["meta"] = {"source": source, "tags": tags}
        out.write(json.dumps(event, separators=(", ", ": ")) + "\n")
