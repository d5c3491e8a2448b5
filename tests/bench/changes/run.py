#!/usr/bin/env python3
"""A stream's batches through the generic binary beside others: the same events, whole processes, in turns, in one run.

    run.py FLOWC WORKER DATA [ROUNDS]

DATA has what generate.py made. Flow's binary is handed each event over the Lambda Runtime API, as on AWS; the others read them
from the file. Each round starts one process of each; the first is not counted, and what it wrote is compared. Printed: medians
of wall time (from the start to the last batch), CPU time and peak memory (of the process, by the kernel), records a second, and
Flow's share of each peer's."""
import json, os, pathlib, shutil, signal, statistics, subprocess, sys, tempfile, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fastavro

flowc, worker, data = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve()
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
here = pathlib.Path(__file__).resolve().parent
expected = json.loads((data / "expected.json").read_text())
rows = sum(count for count, _ in expected.values())
place = pathlib.Path(tempfile.mkdtemp())
subprocess.run([flowc, "build", here / "changes.flow", "--out", place / "build"], check=True, stdout=subprocess.DEVNULL)
# Where each event lies: this process stays small, since the kernel counts what a child was before it began.
handle = (data / "batches.jsonl").open("rb")
events, at = [], 0
for line in handle:
    events.append((at, len(line) - 1))
    at += len(line)


class Api:
    """A server of the Runtime API that hands out every event once."""

    def __init__(self):
        self.given, self.answers, self.done = 0, [], threading.Event()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                if api.given == len(events):
                    api.done.set()
                    time.sleep(5)
                    return
                place, length = events[api.given]
                body = os.pread(handle.fileno(), length, place)
                self.send_response(200)
                self.send_header("lambda-runtime-aws-request-id", f"r{api.given}")
                self.send_header("lambda-runtime-deadline-ms", str(int(time.time() * 1000) + 60_000))
                self.send_header("lambda-runtime-invoked-function-arn", "arn:local")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                api.given += 1
                self.wfile.write(body)

            def do_POST(self):
                api.answers.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(202)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def usage(child, started, ended=None):
    _, _, used = os.wait4(child.pid, 0)
    return (ended or time.perf_counter()) - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def flow(out):
    api = Api()
    environment = os.environ | {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "deliver",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "FLOW_STREAM": "deliver",
        "FLOW_PLAN": str(place / "build/plan.json"),
        "FLOW_STORE": f"file://{out}",
        "FLOW_SLOT_LAKE": "lake",
        "FLOW_LOG": "error",
    }
    started = time.perf_counter()
    child = subprocess.Popen([worker], env=environment)
    assert api.done.wait(900), "the binary did not answer in time"
    ended = time.perf_counter()
    child.send_signal(signal.SIGKILL)
    measured = usage(child, started, ended)
    api.server.shutdown()
    assert sum(answer["appended"] for answer in api.answers) == rows, api.answers[0]
    return measured


def peer(command):
    def run(out):
        started = time.perf_counter()
        child = subprocess.Popen([*command, data / "batches.jsonl", out, here / "schemas.json"], stdout=subprocess.DEVNULL)
        return usage(child, started)

    return run


def compare(name, out):
    """Rows and the sum of a column, by kind and day."""
    found = {}
    for path in out.rglob("*.avro"):
        key = "/".join(path.parts[-3:-1])
        count = found.setdefault(key, [0, 0])
        with path.open("rb") as file:
            for row in fastavro.reader(file):
                count[0] += 1
                count[1] += row["version"]
    assert found == expected, f"{name} has other results"


contestants = {"flow": flow, "fastavro": peer([sys.executable, here / "changes.py"])}
if shutil.which("node") and os.path.isdir(os.environ.get("NODE_PATH", "")):
    contestants["node (avsc)"] = peer(["node", here / "changes.js"])
measured = {name: [] for name in contestants}
print(f"{rows:,} changes in {len(events)} events, {at / 1e6:.0f} MB, load {os.getloadavg()[0]:.1f}")
for round_ in range(rounds + 1):
    for name, run in contestants.items():
        out = place / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        result = run(out)
        if round_ == 0:
            compare(name, out)
        else:
            measured[name].append(result)
median = {name: [statistics.median(run[i] for run in all_) for i in range(3)] for name, all_ in measured.items()}
for name, (wall, cpu, memory) in median.items():
    ratios = "" if name == "flow" else "   flow / it: wall {:.2f}, CPU {:.2f}, memory {:.2f}".format(
        *(ours / theirs for ours, theirs in zip(median["flow"], median[name])))
    print(f"  {name:12} {rows / wall:10,.0f} records/s   wall {wall:6.2f} s   CPU {cpu:6.2f} s   peak {memory:6.0f} MB{ratios}")
shutil.rmtree(place, ignore_errors=True)
