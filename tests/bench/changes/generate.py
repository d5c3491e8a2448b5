#!/usr/bin/env python3
"""Events of Kinesis with changes of a DynamoDB table in them, one event a line, and what must come of them. Same bytes each time.

usage: generate.py FOLDER [BATCHES]
"""
import base64, hashlib, json, pathlib, random, sys
from datetime import datetime, timedelta, timezone


def ddb(v):
    """A value as DynamoDB has it."""
    if v is None: return {"NULL": True}
    if isinstance(v, bool): return {"BOOL": v}
    if isinstance(v, (int, float)): return {"N": repr(v)}
    if isinstance(v, str): return {"S": v}
    if isinstance(v, list): return {"L": [ddb(x) for x in v]}
    return {"M": {k: ddb(x) for k, x in v.items()}}

def generate(folder, batches=200, per=1000, seed=22):
    """Kinesis lambda events (one JSON per line) of DynamoDB change records, base64 data, as DynamoDB->Kinesis sends them."""
    r = random.Random(seed)
    t0 = datetime(2025, 3, 1, tzinfo=timezone.utc)
    exp = {}
    def image(kind, pk, t):
        o = {"pk": pk, "sk": f"{kind}#{r.getrandbits(40):010x}", "type": kind, "ts": t.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
             "store": f"S{r.randrange(400):04d}", "version": r.randrange(1, 40), "active": r.random() < .8, "note": None if r.random() < .5 else "auto"}
        if kind == "demand": o |= {"sku": f"SKU{r.randrange(90000):06d}", "qty": r.randrange(500), "forecast": round(r.uniform(0, 900), 4)}
        elif kind == "sale": o |= {"sku": f"SKU{r.randrange(90000):06d}", "qty": r.randrange(1, 9), "price": round(r.uniform(1, 300), 2), "currency": "EUR",
                                   "lines": [{"sku": f"SKU{r.randrange(90000):06d}", "qty": r.randrange(1, 5)} for _ in range(r.randrange(1, 4))]}
        elif kind == "event": o |= {"name": r.choice(["open", "close", "promo", "stockout"]), "attrs": {"source": "pos", "severity": r.randrange(5)}}
        else: o |= {"channel": r.choice(["mail", "sms", "push"]), "subject": "Stock below threshold in aisle " + str(r.randrange(40)), "recipients": [f"u{r.randrange(5000)}@example.com" for _ in range(r.randrange(1, 4))]}
        return o
    with (folder / "batches.jsonl").open("w") as f:
        seq = 0
        for b in range(batches):
            recs = []
            for i in range(per):
                seq += 1
                kind = r.choice(["demand", "sale", "event", "notification"])
                ev = r.choices(["INSERT", "MODIFY", "REMOVE"], [6, 3, 1])[0]
                t = t0 + timedelta(seconds=(b * 7 * 86400) // batches + r.randrange(3000) - (86400 if r.random() < .1 else 0))  # 10% late by a day
                pk = f"{kind}#{r.randrange(10**7)}"
                d = {"ApproximateCreationDateTime": int(t.timestamp() * 1000), "Keys": {"pk": {"S": pk}}, "SizeBytes": 300}
                new = image(kind, pk, t)
                if ev != "REMOVE": d["NewImage"] = {k: ddb(v) for k, v in new.items()}
                if ev != "INSERT": d["OldImage"] = {k: ddb(v) for k, v in (new | {"version": new["version"] - 1}).items()}
                rec = {"awsRegion": "eu-west-1", "eventID": f"{seq:032x}", "eventName": ev, "userIdentity": None, "recordFormat": "application/json",
                       "tableName": "retail", "dynamodb": d, "eventSource": "aws:dynamodb"}
                data = base64.b64encode(json.dumps(rec, separators=(",", ":")).encode()).decode()
                recs.append({"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": hashlib.md5(pk.encode()).hexdigest(), "sequenceNumber": f"{49_000_000_000 + seq}",
                             "data": data, "approximateArrivalTimestamp": t.timestamp()}, "eventSource": "aws:kinesis", "eventVersion": "1.0",
                             "eventID": f"shardId-000000000000:{seq}", "eventName": "aws:kinesis:record", "awsRegion": "eu-west-1"})
                k = f"{kind}/dt={t:%Y-%m-%d}"
                e = exp.setdefault(k, [0, 0]); e[0] += 1; e[1] += new["version"] - (ev == "REMOVE")
            f.write(json.dumps({"Records": recs}, separators=(",", ":")) + "\n")
    json.dump(exp, (folder / "expected.json").open("w"))


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
generate(folder, int(sys.argv[2]) if len(sys.argv) > 2 else 200)
