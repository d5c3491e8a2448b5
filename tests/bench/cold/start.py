#!/usr/bin/env python3
"""Cold starts: from the start of a process to its first answer over the Lambda Runtime API, and its memory then.

usage: start.py ROUNDS NAME=COMMAND…    rounds take turns, so that a busy machine slows all alike
Each function is handed one event: a batch of Kinesis with no record, or with one (`NAME+1=`), which is written as Parquet
into a folder. Printed: the median and the fastest start in milliseconds of wall clock, processor time, resident memory at
its highest, and the ratio of the medians to the first function's.
"""

import base64
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PLAN = {
    "version": 1,
    "project": "bench",
    "schemas": {"Row": {"fields": [{"name": "id", "type": "string"}]}},
    "tables": {
        "lake": {
            "role": "sink",
            "schema": "Row",
            "location": {"bucket": {"literal": "lake"}, "prefix": {"literal": "rows"}},
            "format": {"name": "parquet"},
        }
    },
    "transforms": {"same": {"inputs": [{"name": "rows", "schema": "Row"}], "output": "Row", "from": "rows", "operators": []}},
    "streams": {
        "keep": {
            "from": {"kind": "kinesis", "decode": "json"},
            "schema": "Row",
            "actions": [
                {
                    "action": "run",
                    "transform": "same",
                    "input": "rows",
                    "into": {"kind": "table", "into": {"table": "lake", "replace": {"append": {"key": []}}}},
                }
            ],
        }
    },
}


def event(records):
    data = base64.b64encode(b'{"id": "1"}').decode()
    kinesis = {"sequenceNumber": "1", "partitionKey": "1", "data": data, "approximateArrivalTimestamp": 1767578400.1}
    one = {"eventSource": "aws:kinesis", "eventID": "shardId-0:1", "kinesis": kinesis}
    return json.dumps({"Records": [one] * records}).encode()


def started(command, records):
    """One start: seconds to the answer, seconds of processor, and megabytes."""
    answered = threading.Event()

    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        given = False

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
            if Api.given:
                time.sleep(30)
            Api.given = True
            headers = [
                ("lambda-runtime-aws-request-id", "r1"),
                ("lambda-runtime-deadline-ms", str(int(time.time() * 1000) + 60_000)),
                ("lambda-runtime-invoked-function-arn", "arn:local"),
                ("content-type", "application/json"),
            ]
            self.reply(200, event(records), headers)

        def do_POST(self):
            Api.after = time.perf_counter()
            Api.path, Api.body = self.path, self.rfile.read(int(self.headers["content-length"]))
            answered.set()
            self.reply(202, b"{}")

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_):
            pass  # the function is killed while it asks for the next event

    server = Server(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "plan.json").write_text(json.dumps(PLAN))
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "keep",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "FLOW_STREAM": "keep",
            "FLOW_PLAN": f"{place}/plan.json",
            "FLOW_STORE": f"file://{place}/buckets",
            "FLOW_SERVICES": f"file://{place}/services",
            "FLOW_LOG": "warn",
            "LAMBDA_TASK_ROOT": str(Path(__file__).parent),
            "_HANDLER": "with_pyarrow.handler",
        }
        before = time.perf_counter()
        process = subprocess.Popen(shlex.split(command), env=environment, cwd=place)
        try:
            assert answered.wait(60), f"{command}: no answer"
            assert Api.path.endswith("/response"), (command, Api.path, Api.body)
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024
            ticks = sum(int(field) for field in Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])
            written = [path for path in Path(place).rglob("*.parquet")]
            assert "hello" in command or len(written) == records, (command, written)
            return Api.after - before, ticks / os.sysconf("SC_CLK_TCK"), peak
        finally:
            process.kill()
            process.wait()
            server.shutdown()


def main():
    rounds, functions = int(sys.argv[1]), [argument.split("=", 1) for argument in sys.argv[2:]]
    found = {name: [] for name, _ in functions}
    for _ in range(rounds):
        for name, command in functions:
            found[name].append(started(command, int(name.endswith("+1"))))
    first = statistics.median(wall for wall, _, _ in found[functions[0][0]])
    print(f"{'':<24} {'median ms':>10} {'fastest ms':>11} {'cpu ms':>8} {'MB':>7} {'ratio':>7}")
    for name, starts in found.items():
        wall = statistics.median(wall for wall, _, _ in starts)
        cpu = statistics.median(cpu for _, cpu, _ in starts)
        fastest, memory = min(wall for wall, _, _ in starts), max(memory for _, _, memory in starts)
        print(f"{name:<24} {wall * 1000:10.1f} {fastest * 1000:11.1f} {cpu * 1000:8.0f} {memory:7.1f} {wall / first:7.2f}")


main()
