"""The serverless ELT example: files become messages, messages Parquet; what happens twice, fails, is killed; replay and gate."""

import io
import json
import time

import pyarrow.parquet as parquet
import pytest
from deployment import ROOT, Deployment, wait

BRONZE, SILVER = "freight-dev-bronze", "freight-dev-silver"


@pytest.fixture(scope="module")
def elt(cloud, tmp_path_factory):
    place = tmp_path_factory.mktemp("serverless-elt")
    deployed = Deployment(
        cloud, "examples/serverless-elt/serverless-elt.flow", place, jobs=str(ROOT / "examples/serverless-elt/jobs")
    )
    yield deployed
    for bucket in (BRONZE, SILVER):
        versions = cloud.client("s3").list_object_versions(Bucket=bucket)
        for one in versions.get("Versions", []) + versions.get("DeleteMarkers", []):
            cloud.client("s3").delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
    deployed.destroy()


def shipment(number, **more):
    row = {"record_type": "shipments", "event_time": "2026-01-05T08:00:00Z", "shipment_id": number, "carrier": "Nordfracht", "weight_kg": 3.5}
    return row | more


def lines(*rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def put(cloud, key, body):
    return cloud.client("s3").put_object(Bucket=BRONZE, Key=key, Body=body)


def tables(cloud, kind):
    """Objects of a kind, by their keys, as tables."""
    keys = [key for key in cloud.keys(SILVER, f"silver/{kind}/") if key.endswith(".parquet")]
    return {key: parquet.read_table(io.BytesIO(cloud.read(SILVER, key)), partitioning=None) for key in keys}


def rows(cloud, kind):
    return [row for table in tables(cloud, kind).values() for row in table.to_pylist()]


def ids(cloud, prefix):
    return sorted(row["shipment_id"] for row in rows(cloud, "shipments") if row["shipment_id"].startswith(prefix))


def letters(cloud):
    """What was refused, by its original."""
    return [json.loads(cloud.read(BRONZE, key)) for key in cloud.keys(BRONZE, "refused/")]


def counts(cloud, function):
    return [json.loads(one["answer"]).get("counts") or json.loads(one["answer"]) for one in cloud.invocations(function) if one["good"]]


def test_files_become_parquet_by_kind_and_day(cloud, elt):
    # An array, with a space in its key; JSON lines of another day with blank ones and no time zone.
    put(cloud, "bronze/day 1/a+b.json", json.dumps([shipment("A1", note="left out"), shipment("A2", event_time="2026-01-05T23:30:00-02:00")]).encode())
    tracked = {"record_type": "tracking_events", "event_time": "2026-01-06T09:00:00", "shipment_id": "A1", "status": "in transit"}
    billed = {"record_type": "invoice_lines", "event_time": "2026-01-06T10:00:00Z", "invoice_id": "I1", "sku": "s", "quantity": 3, "unit_price": 2.5, "line_total": 7.5}
    put(cloud, "bronze/b.jsonl", lines(tracked) + b"\n\n" + lines(billed) + b"not json\n" + lines({"record_type": "refunds"}))
    put(cloud, "bronze/empty.jsonl", b"")
    put(cloud, "bronze/broken.json", json.dumps([shipment("A3")]).encode()[:-1])
    wait("rows", lambda: len(ids(cloud, "A")) == 2 and rows(cloud, "tracking_events") and rows(cloud, "invoice_lines"))
    by_key = tables(cloud, "shipments")
    assert {key.split("/")[2] for key in by_key} == {"dt=2026-01-05", "dt=2026-01-06"}
    table = next(iter(by_key.values()))
    names = ["record_id", "record_type", "event_time", "shipment_id", "origin", "destination", "carrier", "weight_kg"]
    assert table.schema.names == names and str(table.schema.field("weight_kg").type) == "double"
    assert not table.schema.field("shipment_id").nullable and table.schema.field("carrier").nullable
    file = parquet.ParquetFile(io.BytesIO(cloud.read(SILVER, next(iter(by_key)))))
    assert file.metadata.row_group(0).column(0).compression == "SNAPPY"
    late = [row for row in rows(cloud, "shipments") if row["shipment_id"] == "A2"]
    assert late[0]["event_time"].isoformat() == "2026-01-06T01:30:00+00:00"
    naive = rows(cloud, "tracking_events")
    assert naive[0]["event_time"].isoformat() == "2026-01-06T09:00:00+00:00" and naive[0]["city"] is None
    # Two lines of b.jsonl can never succeed, the others went on; an array that breaks off is refused whole.
    refused = wait("letters", lambda: (found := letters(cloud)) and len(found) == 3 and found)
    of = lambda key: [letter for letter in refused if letter["record"]["key"] == key]
    assert sorted(letter["original"] for letter in of("bronze/b.jsonl")) == ["not json", '{"record_type": "refunds"}']
    assert len(of("bronze/broken.json")) == 1 and not ids(cloud, "A3")


def test_an_event_that_comes_twice(cloud, elt):
    put(cloud, "bronze/twice.jsonl", lines(shipment("B1"), shipment("B2")))
    wait("rows", lambda: ids(cloud, "B") == ["B1", "B2"])
    event = next(one["event"] for one in cloud.invocations("ingest") if "twice.jsonl" in one["event"])
    before = len(cloud.invocations("store"))
    answer = cloud.client("lambda").invoke(FunctionName="freight-dev-ingest", Payload=event)
    said = json.loads(answer["Payload"].read())
    assert said["skipped"] == 1 and said["sent"] == 0, said
    time.sleep(2)
    assert len(cloud.invocations("store")) == before and ids(cloud, "B") == ["B1", "B2"]
    # New contents under the same key are new work.
    put(cloud, "bronze/twice.jsonl", lines(shipment("B3")))
    wait("new contents", lambda: ids(cloud, "B") == ["B1", "B2", "B3"])
    entries = cloud.client("dynamodb").scan(TableName=elt.output("idempotency_table"))["Items"]
    done = [one for one in entries if "twice.jsonl" in one["pk"]["S"]]
    assert len(done) == 2 and all(one["status"]["S"] == "DONE" and "expires_at" not in one for one in done)


def message(number, **more):
    row = {"record_id": f"r-{number}", "dt": "2026-01-05", "_source": {"bucket": "b", "key": "k", "etag": "e", "line_no": 1}}
    return json.dumps(shipment(number) | row | more)


def test_a_poison_message_among_good_ones(cloud, elt):
    sqs, url = cloud.client("sqs"), elt.output("queue_url")
    known = len(letters(cloud))
    good = [message(f"C{number}") for number in range(8)]
    poison = ["{ no json", message("C-bad", weight_kg="heavy")]
    for at, body in enumerate(good[:4] + poison + good[4:]):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    wait("the good ones", lambda: ids(cloud, "C") == [f"C{number}" for number in range(8)])
    refused = wait("the bad ones", lambda: (found := letters(cloud)) and len(found) == known + 2 and found)
    assert {"{ no json", poison[1]} <= {letter["original"] for letter in refused}
    # Nothing is left to come again: what can never succeed is not tried again.
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"])["Attributes"]
    assert set(left.values()) == {"0"}, left


@pytest.mark.parametrize("place", ["after-put-object", "after-act", "before-answer"])
def test_killed_between_write_and_acknowledgement(cloud, elt, place):
    sqs, url = cloud.client("sqs"), elt.output("queue_url")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "3"})
    prefix = f"D-{place}-"
    cloud.ask("/environment", {"function": "freight-dev-store", "set": {"FLOW_FAILPOINT": place}})
    known = len(cloud.invocations("store"))
    for number in range(6):
        sqs.send_message(QueueUrl=url, MessageBody=message(f"{prefix}{number}"))
    wait("a crash", lambda: [one for one in cloud.invocations("store")[known:] if not one["good"]])
    cloud.ask("/environment", {"function": "freight-dev-store", "set": {"FLOW_FAILPOINT": "after-act:1000000"}})
    wait("all rows", lambda: len(set(ids(cloud, prefix))) == 6)
    wait(
        "an empty queue",
        lambda: set(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"])["Attributes"].values()) == {"0"},
    )
    # Written again they are the same objects where the same batch came again; a reader of Flow's drops what is left by its key.
    written = ids(cloud, prefix)
    unique = {row["record_id"] for row in rows(cloud, "shipments") if row["shipment_id"].startswith(prefix)}
    assert len(unique) == 6
    print(f"{place}: {len(written)} rows on disk for 6 records, {len(unique)} by key")


def refusals(cloud, service):
    return sum(outage["refused"] for outage in cloud.ask("/outages") if outage["service"] == service)


@pytest.mark.parametrize("service", ["s3", "dynamodb"])
def test_a_service_that_refuses_for_a_while(cloud, elt, service):
    sqs, url = cloud.client("sqs"), elt.output("queue_url")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "3"})
    if service == "s3":
        cloud.ask("/outage", {"service": "s3", "seconds": 4, "method": "PUT"})
        for number in range(5):
            sqs.send_message(QueueUrl=url, MessageBody=message(f"E{number}"))
        refused = wait("a refusal", lambda: refusals(cloud, service))
        wait("rows after the outage", lambda: ids(cloud, "E") == [f"E{number}" for number in range(5)])
    else:
        # The function gives the object back, and Lambda tries again.
        cloud.ask("/outage", {"service": "dynamodb", "seconds": 2})
        put(cloud, "bronze/outage.jsonl", lines(*[shipment(f"F{number}") for number in range(5)]))
        refused = wait("a refusal", lambda: refusals(cloud, service))
        wait("rows after the outage", lambda: ids(cloud, "F") == [f"F{number}" for number in range(5)])
    dead = [letter for letter in letters(cloud) if any(f'"shipment_id": "{kind}' in letter["original"] for kind in "EF")]
    assert not dead, dead
    print(f"{service}: {refused} calls and more refused, nothing lost, no dead letters")


def test_a_replay_is_read_again_and_its_rows_are_seen_once(cloud, elt):
    day = "2026-04-01"
    body = lines(shipment("G1", event_time=f"{day}T08:00:00Z"), shipment("G2", event_time=f"{day}T09:00:00Z"))
    cloud.client("s3").put_object(Bucket=BRONZE, Key="bronze/replayed.jsonl", Body=body, Metadata={"sender": "depot 7"})
    wait("rows", lambda: ids(cloud, "G") == ["G1", "G2"])
    done = cloud.run(elt.output("ops_machine"), {"window_hours": 1, "wait_seconds": 2, "max_attempts": 5})
    assert done["status"] == "SUCCEEDED", done
    copies = cloud.keys(BRONZE, "bronze/replay/")
    copy = next(key for key in copies if key.endswith("/bronze/replayed.jsonl"))
    assert cloud.client("s3").head_object(Bucket=BRONZE, Key=copy)["Metadata"] == {"sender": "depot 7"}
    # The copy is read again. Its rows came in another batch, so they lie in another object; who reads with Flow sees them once.
    event = wait("the copy's event", lambda: [one for one in cloud.invocations("ingest") if "bronze%2Freplayed.jsonl" in one["event"] and "replay%2F" in one["event"]])
    assert json.loads(event[0]["answer"])["sent"] == 2
    wait("its rows", lambda: len(ids(cloud, "G")) == 4 or len(ids(cloud, "G")) == 2)
    time.sleep(2)
    expected = cloud.run(elt.output("expect_machine"), {"record_type": "shipments", "day": day})
    assert expected["status"] == "SUCCEEDED", expected
    keys = [key for key in cloud.keys(SILVER, f"ge/results/record_type=shipments/dt={day}/") if key.endswith(".jsonl")]
    found = {row["expectation"]: row["found"] for key in keys for row in map(json.loads, cloud.read(SILVER, key).decode().splitlines())}
    assert found["there are rows"] == 2 and found["shipment_id is unique"] == 2
    print(f"replayed: {len(ids(cloud, 'G'))} rows on disk for 2 records, 2 seen")
    again = cloud.run(elt.output("ops_machine"), {"window_hours": 1, "wait_seconds": 1, "max_attempts": 1})
    # Copies are no originals: no copy of a copy.
    assert again["status"] in ("SUCCEEDED", "FAILED")
    assert not [key for key in cloud.keys(BRONZE, "bronze/replay/") if key.count("bronze/replay/") > 1]


def test_nothing_new_is_no_quality(cloud, elt):
    window = {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z", "wait_seconds": 1, "max_attempts": 1}
    done = cloud.run(elt.output("ops_machine"), window)
    assert (done["status"], done["error"], done["cause"]) == ("FAILED", "QualityNotReached", "Quality check did not pass in time")
    # What a person types.
    assert elt.output("replay_and_check_start").startswith("aws stepfunctions start-execution ")
    found = cloud.client("stepfunctions").describe_execution(executionArn=done["executionArn"])
    assert found["status"] == "FAILED" and cloud.history(done["executionArn"])


def test_what_was_written_starts_the_gate(cloud, elt):
    put(cloud, "bronze/told.jsonl", lines(shipment("H1", event_time="2026-02-01T08:00:00Z")))
    states, machine = cloud.client("stepfunctions"), elt.output("gate_machine")

    def started():
        for one in states.list_executions(stateMachineArn=machine)["executions"]:
            told = states.describe_execution(executionArn=one["executionArn"])
            if json.loads(told["input"])["trigger"].get("detail", {}).get("dt") == "2026-02-01":
                return told
        return None

    told = wait("the gate", started)
    detail = json.loads(told["input"])["trigger"]["detail"]
    assert detail == {"silver_bucket": SILVER, "silver_prefix": "silver", "record_type": "shipments", "dt": "2026-02-01", "files_written": 1}


def test_expectations_are_written_before_they_fail(cloud, elt):
    day = "2026-03-01"
    put(cloud, "bronze/heavy.jsonl", lines(shipment("K1", event_time=f"{day}T08:00:00Z", weight_kg=250.0), shipment("K2", event_time=f"{day}T09:00:00Z")))
    wait("rows", lambda: ids(cloud, "K") == ["K1", "K2"])
    done = cloud.run(elt.output("expect_machine"), {"record_type": "shipments", "day": day})
    assert (done["status"], done["error"]) == ("FAILED", "Flow.InvalidRecord"), done
    keys = [key for key in cloud.keys(SILVER, f"ge/results/record_type=shipments/dt={day}/") if key.endswith(".jsonl")]
    found = [json.loads(line) for key in keys for line in cloud.read(SILVER, key).decode().splitlines()]
    assert {row["expectation"]: row["ok"] for row in found} == {
        "there are rows": True,
        "shipment_id is unique": True,
        "event_time is there": True,
        "weight_kg is 0 to 200": False,
    }


def test_tags(cloud, elt):
    role = cloud.client("iam").list_role_tags(RoleName="freight-dev-ingest-function")["Tags"]
    queue = cloud.client("sqs").list_queue_tags(QueueUrl=elt.output("queue_url")).get("Tags", {})
    machine = cloud.client("stepfunctions").list_tags_for_resource(resourceArn=elt.output("ops_machine"))["tags"]
    assert (role, queue, machine) == ([], {}, [])
    table = cloud.client("dynamodb").describe_table(TableName=elt.output("idempotency_table"))["Table"]["TableArn"]
    tags = {tag["Key"]: tag["Value"] for tag in cloud.client("dynamodb").list_tags_of_resource(ResourceArn=table)["Tags"]}
    assert tags == {"owner": "data-platform", "project": "freight", "env": "dev"}


def test_the_dashboard(cloud, elt):
    board = cloud.client("cloudwatch").get_dashboard(DashboardName=elt.output("dashboard"))
    widgets = json.loads(board["DashboardBody"])["widgets"]
    assert [(one["type"], one["width"], one["height"]) for one in widgets] == [("metric", 12, 6), ("metric", 12, 6)]
    assert widgets[0]["properties"]["metrics"][0] == ["AWS/Lambda", "Errors", "FunctionName", "freight-dev-ingest", {"stat": "Sum"}]
