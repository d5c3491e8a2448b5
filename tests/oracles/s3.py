#!/usr/bin/env python3
"""The generic binary on S3, as an emulator answers it: copy, the same again, a stale record, clear.

usage: s3.py FLOW_WORKER PLAN    with a `moto_server` beside this Python's own executable
Runs the nightly plan's `copy` of a small partition, reads the result with pyarrow, and looks at every object.
"""

import io
import json
import subprocess
import sys

import pyarrow.parquet as parquet
from emulated import Emulator

worker, plan = sys.argv[1:]

def run(request, code=0):
    done = subprocess.run(
        [worker, "run", "--plan", plan, "--request", json.dumps(request)],
        env=aws.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def stays(number):
    return "".join(
        json.dumps(
            {
                "encounter_id": f"e{n}",
                "patient_id": f"p{n % 7}",
                "facility": "North",
                "diagnosis": "I50",
                "admitted_at": f"2026-01-0{n % 4 + 1}T08:00:00Z",
                "discharged_at": None,
            }
        )
        + "\n"
        for n in range(number)
    )


with Emulator(FLOW_SLOT_RAW="raw", FLOW_SLOT_PROCESSED="processed") as aws:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="raw")
    s3.create_bucket(Bucket="processed")
    s3.put_object(Bucket="raw", Key="encounters/dt=2026-01-05/a.jsonl", Body=(stays(40) + "no record\n").encode())

    def staged():
        found = s3.list_objects_v2(Bucket="processed", Prefix="staged/").get("Contents", [])
        return sorted(one["Key"] for one in found)

    partitions = {"dt": "2026-01-05"}
    copy = {
        "operation": "copy",
        "table": {"table": "encounters", "partitions": partitions},
        "into": {"table": "staged", "replace": {"named": partitions}},
    }
    report = run(copy)
    assert (report["rows_in"], report["rows_out"], report["rows_invalid"]) == (41, 40, 1), report
    first = staged()
    assert len(first) == 2 and first[0].endswith("_flow/commit.json"), first
    body = s3.get_object(Bucket="processed", Key=first[1])["Body"].read()
    assert parquet.read_table(io.BytesIO(body)).num_rows == 40
    print("copied: 40 rows, 1 bad record, one object and its record")

    run(copy)
    assert staged() == first, "an equal result is not written again"
    s3.put_object(Bucket="raw", Key="encounters/dt=2026-01-05/a.jsonl", Body=stays(50).encode())
    assert run(copy)["rows_out"] == 50
    second = staged()
    assert len(second) == 2 and second[1] != first[1], "the old object is gone, the new one is there"
    print("replaced: the record by a conditional PUT, the old object removed")

    missing = dict(copy, table={"table": "encounters", "partitions": {"dt": "2026-01-06"}})
    assert run(missing, code=1)["errorType"] == "Flow.InputMissing"
    run({"operation": "clear", "table": {"table": "staged", "partitions": partitions}})
    assert all(key.endswith("commit.json") for key in staged()), staged()
    print("a missing partition is named; a cleared one holds no rows")
print("4 passed, 0 failed")
