"""The nightly example: a night with data, and one whose input is missing."""

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pyarrow.parquet as parquet
import pytest
from deployment import Deployment

DAY = "2026-01-05"


@pytest.fixture(scope="module")
def slack():
    """A webhook, and what was posted to it."""
    posted = []

    class Webhook(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

    server = HTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    posted_to = f"http://127.0.0.1:{server.server_port}/hook"
    yield posted_to, posted
    server.shutdown()


@pytest.fixture(scope="module")
def nightly(cloud, tmp_path_factory, slack):
    s3 = cloud.client("s3")
    for bucket in ("dpc-raw-dev", "dpc-processed-dev"):
        s3.create_bucket(Bucket=bucket)
    ec2 = cloud.client("ec2")
    network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="dbt", Description="dbt", VpcId=network)["GroupId"]
    place = tmp_path_factory.mktemp("nightly")
    deployed = Deployment(
        cloud, "examples/nightly/nightly.flow", place, network={"subnets": [subnet], "security_groups": [group]}
    )
    cloud.client("secretsmanager").put_secret_value(
        SecretId="dpc-dev/slack", SecretString=json.dumps({"webhook_url": slack[0]})
    )
    yield deployed
    for bucket in ("dpc-raw-dev", "dpc-processed-dev"):
        for key in cloud.keys(bucket):
            s3.delete_object(Bucket=bucket, Key=key)
    deployed.destroy()


def stays(*rows) -> bytes:
    names = ("encounter_id", "patient_id", "facility", "diagnosis", "admitted_at", "discharged_at")
    return "".join(json.dumps(dict(zip(names, row))) + "\n" for row in rows).encode()


def test_a_night(cloud, nightly, slack):
    rows = stays(
        ("1", "p", "A", "I50", "2026-01-01T08:00:00Z", "2026-01-02T08:00:00Z"),
        ("2", "p", "A", "I50", "2026-01-20T08:00:00Z", "2026-01-21T08:00:00Z"),
        ("3", "q", "B", "J18", "2026-01-03T08:00:00Z", "2026-01-04T08:00:00Z"),
    )
    cloud.client("s3").put_object(Bucket="dpc-raw-dev", Key=f"encounters/dt={DAY}/a.jsonl", Body=rows)
    # What the schedule sends, with the planned time put in.
    done = cloud.run(
        nightly.output("nightly_state_machine_arn"),
        {"trigger": {"kind": "schedule", "index": 0, "time": "2026-01-06T02:00:00Z"}},
    )
    assert done["status"] == "SUCCEEDED", done
    staged = [key for key in cloud.keys("dpc-processed-dev", f"staged/encounters/dt={DAY}/") if key.endswith(".parquet")]
    assert sum(parquet.read_table(io.BytesIO(cloud.read("dpc-processed-dev", key))).num_rows for key in staged) == 3
    mart = [key for key in cloud.keys("dpc-processed-dev", "mart/readmissions/month=2026-01-01/") if key.endswith(".parquet")]
    found = [row for key in mart for row in parquet.read_table(io.BytesIO(cloud.read("dpc-processed-dev", key))).to_pylist()]
    assert sorted((row["facility"], row["discharges"], row["readmitted"], row["rate"]) for row in found) == [
        ("A", 2, 1, 0.5),
        ("B", 1, 0, 0.0),
    ]
    (task,) = [task for task in cloud.ask("/tasks") if "build" in task["command"]]
    assert task["command"] == ["dbt", "build", "--project-dir", "dbt", "--target", "dev"] and task["code"] == 0
    assert any("Loaded 2 rows for 2026-01-05" in json.dumps(post) for post in slack[1])


def test_a_night_without_input(cloud, nightly, slack):
    done = cloud.run(nightly.output("nightly_state_machine_arn"), {"run_date": "2026-02-01"})
    assert (done["status"], done["error"]) == ("FAILED", "LoadFailed"), done
    assert "failed in validate" in json.dumps(slack[1][-1])
