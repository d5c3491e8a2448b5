#!/usr/bin/env python3
"""Time and memory of a batch: 1,000 changes of a DynamoDB table by Kinesis, into a table, and 10 messages to a queue.

usage: batches.py FLOW_WORKER [RECORDS [BATCHES [FORMAT]]]    FORMAT of the sink: parquet (default), jsonl, …
A server of the Lambda Runtime API hands the same batch out again and again (every time with other keys), as Lambda does
to a warm function; buckets and queues are folders. Printed: the first batch, and of the others the median and the slowest;
the highest resident memory; the processor time of a batch, which a busy machine changes less.
"""

import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

worker = sys.argv[1]
records = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
batches = int(sys.argv[3]) if len(sys.argv) > 3 else 30
form = sys.argv[4] if len(sys.argv) > 4 else "parquet"
place = Path(tempfile.mkdtemp())
field = lambda name, kind="string", **more: {"name": name, "type": kind, **more}
demand = [field("id"), field("fan"), field("kind"), field("note", optional=True), field("count", "int"), field("price", "float")]
demand += [field("tags", {"list": {"element": "string"}}), field("requested", "timestamp")]
change = [field("event"), field("table", optional=True), field("id", optional=True), field("time", "timestamp", optional=True)]
change += [field("size", "int", optional=True), field("keys", "json", optional=True)]
change += [field(name, {"struct": {"fields": demand}}, optional=True) for name in ("new", "old")]
column = lambda name: {"column": name}
of_new = lambda name: {"field": {"operand": column("new"), "name": name}}
flat = [field("event"), field("id", optional=True)] + [dict(one, optional=True) for one in demand[1:]]
selected = [{"name": "event", "expr": column("event")}]
selected += [{"name": one["name"], "expr": of_new(one["name"])} for one in flat[1:]]
literal = lambda text: {"literal": text}
into = {"table": "lake", "replace": {"append": {"key": []}}}
plan = {
    "version": 1,
    "project": "bench",
    "schemas": {"Change": {"fields": change}, "Demand": {"fields": flat}},
    "tables": {
        "lake": {
            "role": "sink",
            "schema": "Demand",
            "location": {"bucket": literal("lake"), "prefix": literal("demand")},
            "format": {"name": form},
        }
    },
    "transforms": {
        "flatten": {
            "inputs": [{"name": "changes", "schema": "Change"}],
            "output": "Demand",
            "from": "changes",
            "operators": [{"operator": "select", "selected": selected, "columns": flat}],
        }
    },
    "streams": {
        "deliver": {
            "from": {"kind": "kinesis", "decode": "dynamodb_change"},
            "schema": "Change",
            "patterns": [{"data": {"dynamodb": {"NewImage": {"kind": {"S": ["demand", "rare"]}}}}}],
            "actions": [
                {"action": "run", "transform": "flatten", "input": "changes", "into": {"kind": "table", "into": into}},
                {
                    "action": "send",
                    "condition": {"binary": {"op": "equal", "left": of_new("kind"), "right": literal({"string": "rare"})}},
                    "to": {"kind": "queue", "url": literal("https://sqs/1/rare")},
                },
            ],
        }
    },
}
(place / "plan.json").write_text(json.dumps(plan))


def record(batch, number):
    key = f"{batch:06}-{number:06}"
    rare = number % max(records // 10, 1) == 0
    image = {
        "id": {"S": key},
        "fan": {"S": f"fan-{number * 7919 % 100_003}"},
        "kind": {"S": "rare" if rare else "demand"},
        "note": {"S": "seats together, near the stage if at all possible " * 2},
        "count": {"N": str(number % 9)},
        "price": {"N": f"{number % 500}.25"},
        "tags": {"L": [{"S": "web"}, {"S": "mobile"}]},
        "requested": {"S": "2026-01-05T02:00:00.123Z"},
    }
    data = {
        "awsRegion": "eu-west-1",
        "eventID": key,
        "eventName": "INSERT",
        "tableName": "demands",
        "dynamodb": {"ApproximateCreationDateTime": 1767578400123, "Keys": {"id": {"S": key}}, "NewImage": image, "SizeBytes": 300},
    }
    kinesis = {"sequenceNumber": key, "partitionKey": key, "data": base64.b64encode(json.dumps(data).encode()).decode()}
    return {"eventSource": "aws:kinesis", "eventID": f"shardId-0:{key}", "kinesis": {**kinesis, "approximateArrivalTimestamp": 1767578400.1}}


events = [json.dumps({"Records": [record(batch, number) for number in range(records)]}).encode() for batch in range(batches)]
took, answers, done = [], [], threading.Event()


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, code, body, headers=()):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if len(took) == batches:
            done.set()
            time.sleep(60)
        deadline = str(int(time.time() * 1000) + 60_000)
        headers = [("lambda-runtime-aws-request-id", f"r{len(took)}"), ("lambda-runtime-deadline-ms", deadline)]
        headers += [("lambda-runtime-invoked-function-arn", "arn:local"), ("content-type", "application/json")]
        self.reply(200, events[len(took)], headers)
        Api.began = time.perf_counter()

    def do_POST(self):
        took.append(time.perf_counter() - Api.began)
        answers.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.reply(202, b"{}")


server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
environment = {
    "PATH": os.environ["PATH"],
    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
    "AWS_LAMBDA_FUNCTION_NAME": "deliver",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "FLOW_STREAM": "deliver",
    "FLOW_PLAN": str(place / "plan.json"),
    "FLOW_STORE": f"file://{place}/buckets",
    "FLOW_SERVICES": f"file://{place}/services",
    "FLOW_LOG": "warn",
}
process = subprocess.Popen([worker], env=environment)
try:
    assert done.wait(300), "the function did not answer in time"
    status = Path(f"/proc/{process.pid}/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    ticks = sum(int(field) for field in Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])
    cpu = ticks / os.sysconf("SC_CLK_TCK") / batches
    for answer in answers:
        assert answer.get("appended") == records and answer["sent"] == min(10, records), answer
    size = sum(len(event) for event in events) / len(events) / 1e6
    rest = took[1:] or took
    print(f"{records} changes ({size:.2f} MB of events) → {form}, and {min(10, records)} messages")
    print(f"  first batch  {took[0] * 1000:7.1f} ms")
    print(f"  warm, median {statistics.median(rest) * 1000:7.1f} ms   {records / statistics.median(rest):,.0f} records/s")
    print(f"  warm, worst  {max(rest) * 1000:7.1f} ms")
    print(f"  processor    {cpu * 1000:7.1f} ms a batch, the start included")
    print(f"  peak memory  {int(peak) / 1024:7.1f} MB")
finally:
    process.terminate()
    shutil.rmtree(place, ignore_errors=True)
