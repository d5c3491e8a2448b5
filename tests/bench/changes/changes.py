#!/usr/bin/env python3
"""Changes by kind and day as Avro, with fastavro and boto3's TypeDeserializer: changes.py FILE OUTDIR SCHEMAS. A line is a batch."""
import base64, io, json, os, sys, time
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
import fastavro
from boto3.dynamodb.types import TypeDeserializer
src, out, schemas = sys.argv[1:4]; codec = "deflate"
loads = json.loads
S = {k: fastavro.parse_schema(v) for k, v in json.load(open(schemas)).items()}
de = TypeDeserializer().deserialize
def plain(v):
    if isinstance(v, Decimal): return int(v) if v == v.to_integral_value() else float(v)
    if isinstance(v, dict): return {k: plain(x) for k, x in v.items()}
    if isinstance(v, list): return [plain(x) for x in v]
    return v
t0 = time.perf_counter(); n = 0; lat = []
for b, line in enumerate(open(src)):
    tb = time.perf_counter()
    groups = defaultdict(list)
    for r in loads(line)["Records"]:
        c = loads(base64.b64decode(r["kinesis"]["data"]))
        d = c["dynamodb"]
        img = d.get("NewImage") or d["OldImage"]
        o = {k: plain(de(v)) for k, v in img.items()}
        o["op"] = c["eventName"]; o["seq"] = r["kinesis"]["sequenceNumber"]
        day = o["ts"][:10]
        o["ts"] = datetime.fromisoformat(o["ts"])
        groups[o["type"], day].append(o); n += 1
    for (kind, day), recs in groups.items():
        p = f"{out}/{kind}/dt={day}"; os.makedirs(p, exist_ok=True)
        with open(f"{p}/b{b:04d}.avro", "wb") as f: fastavro.writer(f, S[kind], recs, codec=codec)
    lat.append(time.perf_counter() - tb)
lat.sort(); w = time.perf_counter() - t0
print(json.dumps({"work_s": round(w, 3), "rec_s": round(n / w), "batch_ms_p50": round(lat[len(lat)//2] * 1e3, 2), "batch_ms_min": round(lat[0] * 1e3, 2)}))
