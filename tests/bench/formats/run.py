#!/usr/bin/env python3
"""Formats by Flow's generic binary beside others: the same files, whole processes, in turns, in one run.

    run.py FLOWC WORKER STORE [ROUNDS] [PEER,PEER…]

STORE is a folder with `raw/events/events.jsonl`, made by generate.py. Each round starts one process of each; the first is not
counted. Results are compared before anything is timed. Printed: medians of wall time, CPU time and peak memory (of the
whole process, by the kernel), records a second, and Flow's share of each peer's."""
import json, os, pathlib, shutil, socket, statistics, subprocess, sys, tempfile, time

import duckdb

flowc, worker, store = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve()
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
peers = sys.argv[5].split(",") if len(sys.argv) > 5 else ["duckdb", "polars", "awswrangler"]
here = pathlib.Path(__file__).resolve().parent
events = store / "raw/events/events.jsonl"
rows = sum(chunk.count(b"\n") for chunk in iter(lambda f=events.open("rb"): f.read(1 << 20), b""))
build = pathlib.Path(tempfile.mkdtemp())
subprocess.run([flowc, "build", here / "shipments.flow", "--out", build], check=True, stdout=subprocess.DEVNULL)
scratch = store / "peers"
shutil.rmtree(scratch, ignore_errors=True)
scratch.mkdir()


def flow(request):
    variables = {"FLOW_STORE": f"file://{store}", "FLOW_SLOT_RAW": "raw", "FLOW_SLOT_OUT": "out", "FLOW_LOG": "warn"}
    return [worker, "run", "--plan", str(build / "plan.json"), "--request", json.dumps(request)], variables


def peer(name, src, out):
    variables = {"THREADS": "2", "POLARS_MAX_THREADS": "2", "AVSC": str(build / "schemas/Event.avsc")}
    return [sys.executable, str(here / "peers.py"), name, str(src), str(out)], variables


def into(table, partitions=False):
    return {"table": table, "replace": {"present": {}} if partitions else "all"}


def moto():
    """A server of S3 with a bucket, for awswrangler."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([pathlib.Path(sys.executable).parent / "moto_server", "-p", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.environ["MOTO"] = f"http://127.0.0.1:{port}"
    import boto3
    s3 = boto3.client("s3", endpoint_url=os.environ["MOTO"], region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
    for _ in range(100):
        try:
            s3.create_bucket(Bucket="bench")
            return server
        except Exception:
            time.sleep(0.2)
    raise SystemExit("the moto server does not answer")


def once(command, variables):
    """Seconds, CPU seconds and peak MB of one process."""
    started = time.perf_counter()
    child = subprocess.Popen(command, env=os.environ | variables, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def job(title, contestants, clean, check):
    print(f"\n{title}")
    measured = {name: [] for name in contestants}
    for round_ in range(rounds + 1):
        for name, command in contestants.items():
            for path in clean:
                shutil.rmtree(path, ignore_errors=True)
            result = once(*command)
            if round_ > 0:
                measured[name].append(result)
            elif check:
                check(name)
    median = {name: [statistics.median(run[i] for run in all_) for i in range(3)] for name, all_ in measured.items()}
    for name, (wall, cpu, memory) in median.items():
        ratios = "" if name == "flow" else "   flow / it: wall {:.2f}, CPU {:.2f}, memory {:.2f}".format(
            *(ours / theirs for ours, theirs in zip(median["flow"], median[name])))
        walls = ", ".join(f"{run[0]:.2f}" for run in measured[name])
        print(f"  {name:16} {rows / wall:10,.0f} records/s   wall {wall:6.2f} s   CPU {cpu:6.2f} s   peak {memory:6.0f} MB{ratios}   ({walls})")


print(f"{rows:,} records, {events.stat().st_size / 1e6:.0f} MB, load {os.getloadavg()[0]:.1f}")
expected = None


def same(name):
    """The sums over what a peer wrote are those of the first."""
    global expected
    if name == "awswrangler":
        return
    folder = store / "out/daily" if name == "flow" else scratch / "daily"
    found = duckdb.sql(f"""select dt::varchar, count(*), round(sum(weight_kg), 3), count(meta), sum(len(meta.tags)), max(event_time)::timestamp::varchar,
        bit_xor(hash(shipment_id)) from read_parquet('{folder}/*/*.parquet', hive_partitioning = true) group by 1 order by 1""").fetchall()
    expected = expected or found
    assert found == expected and sum(row[1] for row in found) == rows, f"{name} has other results"


server = moto() if "awswrangler" in peers else None
try:
    load = flow({"operation": "run", "transform": "by_day", "inputs": {"events": {"table": "events"}}, "into": into("daily", True)})
    job("JSONL to typed Parquet, a folder a day", {"flow": load} | {name: peer(name, events, scratch / "daily") for name in peers},
        [store / "out/daily", scratch / "daily"], same)
finally:
    if server:
        server.terminate()

once(*flow({"operation": "copy", "table": {"table": "events"}, "into": into("one")}))
(parquet,) = (store / "out/one").glob("*.parquet")
encode = flow({"operation": "copy", "table": {"table": "one"}, "into": into("avro_events")})
job("Parquet to Avro (deflate)", {"flow": encode, "fastavro": peer("fastavro_encode", parquet, scratch / "one.avro")}, [store / "out/avro"], None)
once(*encode)
(avro,) = (store / "out/avro").glob("*.avro")
decode = flow({"operation": "validate", "table": {"table": "avro_events"}})
job("Avro (deflate), read and checked", {"flow": decode, "fastavro": peer("fastavro_decode", avro, "-")}, [], None)
