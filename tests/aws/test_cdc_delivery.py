"""Changes of a table, kept by kind and day: through the stream, with bad records, twice, in an outage, as Parquet, from a scan."""

import base64
import io
import json
import re
import sys
import time
from collections import Counter
from datetime import datetime, timezone

import fastavro
import pyarrow.parquet as parquet
import pytest
from deployment import ROOT, Deployment, wait

sys.path.insert(0, str(ROOT / "examples/cdc-delivery"))
from changes import KINDS, attribute, changes  # noqa: E402

BUCKET, STREAM, TABLE = "ticketing-archive-dev", "ticketing-dev-changes", "ticketing-dev"
NAME = "ticketing_dev_demand_archive"


@pytest.fixture(scope="module")
def cdc(cloud, tmp_path_factory):
    """What others own, then the program; afterwards what others own is as it was."""
    kinesis, s3, dynamodb = cloud.client("kinesis"), cloud.client("s3"), cloud.client("dynamodb")
    for name in (STREAM, "platform-logs"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    s3.create_bucket(Bucket=BUCKET)
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    deployed = Deployment(cloud, "examples/cdc-delivery/cdc-delivery.flow", tmp_path_factory.mktemp("cdc"), page_size=15)
    yield deployed
    deployed.destroy()
    # Neither made nor destroyed by the program.
    assert {STREAM, "platform-logs"} <= set(kinesis.list_streams()["StreamNames"])
    assert TABLE in dynamodb.list_tables()["TableNames"]
    assert BUCKET in [one["Name"] for one in s3.list_buckets()["Buckets"]]


def put(cloud, records):
    kinesis = cloud.client("kinesis")
    for at in range(0, len(records), 500):
        some = [{"Data": json.dumps(one).encode(), "PartitionKey": one["eventID"]} for one in records[at : at + 500]]
        assert kinesis.put_records(StreamName=STREAM, Records=some)["FailedRecordCount"] == 0


def event(records):
    """As Lambda gets it of a stream."""
    return {
        "Records": [
            {
                "eventSource": "aws:kinesis",
                "eventID": f"shardId-0:{number}",
                "kinesis": {
                    "sequenceNumber": f"{number:010}",
                    "partitionKey": "p",
                    "data": base64.b64encode(json.dumps(one).encode()).decode(),
                    "approximateArrivalTimestamp": 1767571200.0,
                },
            }
            for number, one in enumerate(records)
        ]
    }


def deliver(cloud, records, function="ticketing-dev-deliver"):
    answer = cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event(records)))
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


def archive(cloud, kind, form="avro"):
    """Rows of a kind, each with the day of its folder, as an independent reader has them."""
    found = []
    for key in cloud.keys(BUCKET, f"data-pipeline/{form}/{kind}/"):
        if not key.endswith(form):
            continue
        day = re.fullmatch(rf"data-pipeline/{form}/{kind}/partition_date=([0-9-]{{10}})/[^/]+\.{form}", key)[1]
        data = cloud.read(BUCKET, key)
        rows = list(fastavro.reader(io.BytesIO(data))) if form == "avro" else parquet.ParquetFile(io.BytesIO(data)).read().to_pylist()
        found += [(day, row) for row in rows]
    return found


def letters(cloud):
    return [json.loads(cloud.read(BUCKET, key)) for key in cloud.keys(BUCKET, "data-pipeline/errors/")]


def empty(cloud):
    for key in cloud.keys(BUCKET, "data-pipeline/"):
        cloud.client("s3").delete_object(Bucket=BUCKET, Key=key)


def plain(value):
    """An attribute value without its type: an oracle of its own."""
    ((kind, inside),) = value.items()
    match kind:
        case "M":
            return {name: plain(one) for name, one in inside.items()}
        case "L":
            return [plain(one) for one in inside]
        case "N":
            return float(inside)
        case "NULL":
            return None
    return inside


def instant(text):
    return datetime.fromisoformat(text).astimezone(timezone.utc) if text else None


def expected(change):
    """The day and what matters of the row that a change becomes."""
    images, gone = change["dynamodb"], change["eventName"] == "REMOVE"
    row = {name: plain(value) for name, value in images["OldImage" if gone else "NewImage"].items()}
    now = datetime.fromtimestamp(images["ApproximateCreationDateTime"] / 1000, timezone.utc)
    dates = {name: instant(text) for name, text in (row.get("date") or {}).items()}
    kind = row["type"]
    start = instant(row.get("saleStartDateTime"))
    by_kind = {
        "demand": (dates.get("requested"), dates.get("notified") or dates.get("triggered") or dates.get("requested") or now),
        "notification": (dates.get("created"), dates.get("updated") or now),
        "event": (instant(row.get("firstSeen")) or now, dates.get("updated") or now),
        "sale": (start, start),
    }
    day, moment = by_kind[kind]
    ids = {"event": row.get("id"), "sale": f"{row['eventId']}_{row.get('id')}" if kind == "sale" else None}
    reference = ids.get(kind) or f"{row['eventId']}_{row['saleId']}_{row['fanId']}"
    parts = re.search(r"(\w+)-(\w+)\.(.+)", row.get("systemUserId") or "")
    blot = lambda text: "[redacted]" if gone and text is not None else text
    wanted = {
        "change": change["eventID"],
        "reference": {"id": reference, "timestamp": now if gone else moment},
        "isDeleted": True if gone else None,
    }
    if kind == "demand":
        wanted["system"] = dict(zip(("id", "databaseId", "memberId"), parts.groups())) if parts else None
    for name, of in (("phoneNumber", ("demand", "notification")), ("email", ("demand", "notification")), ("messageBody", ("notification",))):
        if kind in of:
            wanted[name] = blot(row.get(name))
    return kind, day.astimezone(timezone.utc).strftime("%Y-%m-%d"), wanted, now if gone else None


def handed_over(change):
    """Whether the mapping's filter lets a change through."""
    images = [change["dynamodb"].get(name) or {} for name in ("NewImage", "OldImage")]
    return any(image.get("type", {}).get("S") in KINDS for image in images)


def test_a_stream_with_bad_records(cloud, cdc):
    sent = list(changes(5000))
    passed = [(good, change) for good, change in sent if handed_over(change)]
    good = [change for fine, change in passed if fine]
    bad = [change for fine, change in passed if not fine]
    assert 30 < len(bad) < 80 and len(passed) < len(sent)
    # An offset that puts a request on another day.
    shifted = json.loads(json.dumps(next(one for one in good if one["dynamodb"].get("NewImage", {}).get("type") == {"S": "demand"})))
    shifted["eventID"] = "shifted"
    shifted["dynamodb"]["NewImage"]["date"]["M"]["requested"] = {"S": "2026-01-05T23:30:00-02:00"}
    good.append(shifted)
    began = time.time()
    put(cloud, [change for _, change in sent] + [shifted])
    rows = lambda: sum(len(archive(cloud, kind)) for kind in KINDS)
    wait("all records", lambda: rows() >= len(good) and len(letters(cloud)) >= len(bad), 180)
    took = time.time() - began

    for kind in KINDS:
        found = {row["change"]: (day, row) for day, row in archive(cloud, kind)}
        wanted = {change["eventID"]: expected(change) for change in good if expected(change)[0] == kind}
        assert found.keys() == wanted.keys()
        for name, (_, day, row, deleted) in wanted.items():
            assert found[name][0] == day, name
            have = found[name][1]
            assert {field: have[field] for field in row} == row
            assert have["date"]["deleted"] == deleted and have["type"] == kind
            if name == "shifted":
                assert day == "2026-01-06"

    # Each bad record as it came, with the reason; nothing else.
    told = letters(cloud)
    assert Counter(letter["original"] for letter in told) == Counter(json.dumps(change) for change in bad)
    assert all(letter["error"]["message"] and letter["error"]["name"] == "Flow.InvalidRecord" and letter["timestamp"] for letter in told)
    unknown = [letter for letter in told if '"tombola"' in letter["original"]]
    assert unknown and all('type in ["demand", "sale", "event", "notification"]' in letter["error"]["message"] for letter in unknown)
    assert any("`tomorrow` is no timestamp" in letter["error"]["message"] for letter in told)

    # Encoding and media types.
    s3 = cloud.client("s3")
    of = lambda prefix, end: next(key for key in cloud.keys(BUCKET, prefix) if key.endswith(end))
    key = of("data-pipeline/avro/event/", ".avro")
    head = s3.head_object(Bucket=BUCKET, Key=key)
    reader = fastavro.reader(io.BytesIO(cloud.read(BUCKET, key)))
    assert head["ContentType"] == "avro/binary" and reader.codec == "null"
    assert {field["name"] for field in reader.writer_schema["fields"]} >= {"change", "artists", "venue", "reference"}
    assert s3.head_object(Bucket=BUCKET, Key=of("data-pipeline/errors/", ".json"))["ContentType"] == "application/json"

    # One object for each kind and day of an invocation.
    calls = [json.loads(one["answer"]) for one in cloud.invocations("ticketing-dev-deliver") if one["good"]]
    objects = [key for kind in KINDS for key in cloud.keys(BUCKET, f"data-pipeline/avro/{kind}/") if key.endswith(".avro")]
    days = {(kind, day) for kind in KINDS for day, _ in archive(cloud, kind)}
    assert len(days) <= len(objects) <= len(days) * len(calls)
    assert all(call["batchItemFailures"] == [] for call in calls)
    assert sum(call["appended"] for call in calls) == len(good) and sum(call["refused"] for call in calls) == len(bad)
    print(f"\n{len(sent)} changes in {len(calls)} batches: {len(good)} rows, {len(objects)} objects, {len(told)} errors, {took:.1f} s")


def test_a_batch_that_comes_twice(cloud, cdc):
    empty(cloud)
    records = [change for good, change in changes(300, seed=7, bad_percent=0) if good]
    first = deliver(cloud, records)
    written = {key: cloud.read(BUCKET, key) for key in cloud.keys(BUCKET, "data-pipeline/avro/")}
    again = deliver(cloud, records)
    assert first["appended"] == again["appended"] == 300
    # The same batch writes the same objects, byte for byte.
    assert {key: cloud.read(BUCKET, key) for key in cloud.keys(BUCKET, "data-pipeline/avro/")} == written
    # In another batch a record is there twice: the change tells it.
    deliver(cloud, records[:10])
    rows = [row["change"] for kind in KINDS for _, row in archive(cloud, kind)]
    assert len(rows) == 310 and len(set(rows)) == 300


def test_errors_that_cannot_be_written(cloud, cdc):
    empty(cloud)
    good = [change for _, change in changes(20, seed=8, bad_percent=0)]
    (_, bad), *_ = [one for one in changes(200, seed=9, bad_percent=100) if handed_over(one[1])]
    cloud.ask("/outage", {"service": "s3", "seconds": 60, "method": "PUT", "path": "data-pipeline/errors"})
    try:
        answer = deliver(cloud, [*good[:10], bad, *good[10:]])
    finally:
        cloud.ask("/outage", {"service": "s3", "seconds": 0})
    # All that can be written is; the record is given back, and the mapping starts again from it.
    assert answer["batchItemFailures"] == [{"itemIdentifier": f"{10:010}"}], answer
    assert answer["appended"] == 20 and answer["failed"] == 1 and letters(cloud) == []
    assert deliver(cloud, [bad, *good[10:]])["refused"] == 1
    (letter,) = letters(cloud)
    assert letter["original"] == json.dumps(bad)
    assert {row["change"] for kind in KINDS for _, row in archive(cloud, kind)} == {one["eventID"] for one in good}


def test_one_kind_that_cannot_be_written(cloud, cdc):
    empty(cloud)
    sent = [change for _, change in changes(40, seed=14, bad_percent=0)]
    kinds = Counter(expected(change)[0] for change in sent)
    cloud.ask("/outage", {"service": "s3", "seconds": 60, "method": "PUT", "path": "data-pipeline/avro/sale"})
    try:
        answer = deliver(cloud, sent)
    finally:
        cloud.ask("/outage", {"service": "s3", "seconds": 0})
    # The others are there; the batch comes again, and they are written over.
    assert answer["batchItemFailures"] and answer["failed"] > 0, answer
    count = lambda: {kind: len(archive(cloud, kind)) for kind in KINDS}
    assert count() == {**kinds, "sale": 0}
    deliver(cloud, sent)
    assert count() == kinds


def test_an_outage_of_all(cloud, cdc):
    empty(cloud)
    sent = [change for _, change in changes(50, seed=10, bad_percent=0)]
    before = len(cloud.invocations("ticketing-dev-deliver"))
    cloud.ask("/outage", {"service": "s3", "seconds": 120, "method": "PUT"})
    put(cloud, sent)
    wait("a batch that is given back", lambda: len(cloud.invocations("ticketing-dev-deliver")) >= before + 1, 120)
    cloud.ask("/outage", {"service": "s3", "seconds": 0})
    wait("all records", lambda: sum(len(archive(cloud, kind)) for kind in KINDS) >= 50, 120)
    found = Counter(row["change"] for kind in KINDS for _, row in archive(cloud, kind))
    assert found.keys() == {one["eventID"] for one in sent}
    tries = cloud.invocations("ticketing-dev-deliver")[before:]
    assert any(not one["good"] or json.loads(one["answer"])["batchItemFailures"] for one in tries), tries


def test_what_is_deployed(cloud, cdc):
    glue, athena, iam, logs = (cloud.client(name) for name in ("glue", "athena", "iam", "logs"))
    outputs = {name: cdc.output(name) for name in ("athena_database_name", "athena_workgroup_name", "ci_iam_role_arn", "deploys")}
    assert outputs["athena_database_name"] == outputs["athena_workgroup_name"] == NAME and outputs["deploys"] == "with main"
    for database, form in ((NAME, "avro"), (NAME + "_parquet", "parquet")):
        tables = {table["Name"]: table for table in glue.get_tables(DatabaseName=database)["TableList"]}
        assert tables.keys() == {f"{form}_{kind}" for kind in KINDS}
        for kind in KINDS:
            table = tables[f"{form}_{kind}"]
            storage = table["StorageDescriptor"]
            assert storage["Location"] == f"s3://{BUCKET}/data-pipeline/{form}/{kind}/"
            assert [key["Name"] for key in table["PartitionKeys"]] == ["partition_date"]
            assert table["TableType"] == "EXTERNAL_TABLE" and table["Parameters"]["classification"] == form
            assert table["Parameters"]["projection.enabled"] == "true"
        event = {column["Name"]: column["Type"] for column in tables[f"{form}_event"]["StorageDescriptor"]["Columns"]}
        assert event["artists"] == "array<struct<id:string,name:string>>"
    storage = {table["Name"]: table for table in glue.get_tables(DatabaseName=NAME)["TableList"]}["avro_demand"]["StorageDescriptor"]
    assert storage["InputFormat"].endswith("AvroContainerInputFormat") and storage["OutputFormat"].endswith("AvroContainerOutputFormat")
    serde = storage["SerdeInfo"]
    assert serde["SerializationLibrary"].endswith("AvroSerDe")
    # The catalog has the schema that the objects have.
    literal = json.loads(serde["Parameters"]["avro.schema.literal"])
    deliver(cloud, [change for _, change in changes(20, seed=11, bad_percent=0)])
    key = next(key for key in cloud.keys(BUCKET, "data-pipeline/avro/demand/") if key.endswith(".avro"))
    written = json.loads(fastavro.reader(io.BytesIO(cloud.read(BUCKET, key))).metadata["avro.schema"])
    assert literal == written

    group = athena.get_work_group(WorkGroup=NAME)["WorkGroup"]["Configuration"]
    assert group["EnforceWorkGroupConfiguration"] and group["PublishCloudWatchMetricsEnabled"]
    assert group["ResultConfiguration"]["OutputLocation"] == f"s3://{BUCKET}/data-pipeline/athena/results/"

    # The function may read the stream, write the archive and the errors, and log: nothing else.
    role = cloud.client("lambda").get_function_configuration(FunctionName="ticketing-dev-deliver")["Role"].split("/")[-1]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    statements = [s for name in names for s in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]]
    listed = lambda value: value if isinstance(value, list) else [value]
    for statement in statements:
        for action in listed(statement["Action"]):
            service = action.split(":")[0]
            assert service in ("kinesis", "s3", "logs", "xray"), action
            for resource in listed(statement["Resource"]):
                assert (service, True) in (
                    ("kinesis", resource.endswith(f":stream/{STREAM}")),
                    ("s3", resource.startswith(f"arn:aws:s3:::{BUCKET}")),
                    ("xray", resource == "*"),  # its own traces; they have no resources
                    ("logs", ":log-group:/aws/lambda/ticketing-dev-deliver" in resource),
                ), (action, resource)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []

    (kept,) = logs.describe_subscription_filters(logGroupName="/aws/lambda/ticketing-dev-deliver")["subscriptionFilters"]
    assert kept["destinationArn"].endswith(":stream/platform-logs") and kept["filterPattern"] == ""
    # moto keeps no distribution.
    assert re.search(r'distribution += "Random"', (cdc.folder / "logs.tf").read_text())

    mappings = cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    (mapping,) = [one for one in mappings if one["FunctionArn"].endswith(":ticketing-dev-deliver")]
    assert mapping["EventSourceArn"].endswith(f":stream/{STREAM}") and mapping["BatchSize"] == 1000
    assert mapping["StartingPosition"] == "LATEST"
    # moto keeps no number of batches at once.
    assert re.search(r"parallelization_factor += var.delivery_parallelization_factor", (cdc.folder / "streams.tf").read_text())
    assert re.search(r'"delivery_parallelization_factor" \{[^}]*default += 2', (cdc.folder / "variables.tf").read_text())
    function = cloud.client("lambda").get_function_configuration(FunctionName="ticketing-dev-deliver")
    assert function["Timeout"] == 30 and function["Environment"]["Variables"]["FLOW_SLOT_BUCKET"] == BUCKET
    patterns = sorted(json.dumps(json.loads(one["Pattern"])) for one in mapping["FilterCriteria"]["Filters"])
    assert patterns == sorted(
        json.dumps({"data": {"dynamodb": {image: {"type": {"S": ["demand", "sale", "event", "notification"]}}}}})
        for image in ("NewImage", "OldImage")
    )


def test_policies_for_others(cloud, cdc):
    iam = cloud.client("iam")
    policies = {one["PolicyName"].removeprefix("ticketing-dev-"): one for one in iam.list_policies(Scope="Local")["Policies"]}
    listed = lambda value: value if isinstance(value, list) else [value]
    allowed = {}
    for name, policy in policies.items():
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        allowed[name] = [
            (action, resource.replace("000000000000", "1").replace("123456789012", "1"))
            for statement in listed(version["Document"]["Statement"])
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        ]
    places = {name: {resource for _, resource in pairs} for name, pairs in allowed.items()}
    aws = "arn:aws:{}:us-east-1:1:{}".format
    assert places["kinesis_read"] == {aws("kinesis", f"stream/{STREAM}")}
    assert places["dynamodb_rw"] == {aws("dynamodb", f"table/{TABLE}"), aws("dynamodb", f"table/{TABLE}/index/*")}
    assert places["s3_write"] == {f"arn:aws:s3:::{BUCKET}/data-pipeline/*", f"arn:aws:s3:::{BUCKET}"}
    assert allowed["s3_delete_test"] == [("s3:DeleteObject", f"arn:aws:s3:::{BUCKET}/data-pipeline/test/*")]
    assert aws("athena", f"workgroup/{NAME}") in places["athena_query_execution"]
    assert {action for action, _ in allowed["logs_write"]} == {"logs:CreateLogStream", "logs:PutLogEvents"}

    role = cdc.output("ci_iam_role_arn").split("/")[-1]
    attached = {policy["PolicyName"] for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
    assert attached == {f"ticketing-dev-{name}" for name in ("dynamodb_rw", "athena_query_execution", "s3_write", "s3_delete_test")}
    trusted = listed(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"])
    principals = {arn for statement in trusted for arn in listed(statement["Principal"]["AWS"])}
    assert principals == {"arn:aws:iam::111111111111:root", "arn:aws:iam::555555555555:role/ci-runner"}
    tags = {tag["Key"]: tag["Value"] for tag in iam.list_role_tags(RoleName=role)["Tags"]}
    assert tags.items() >= {"ProductCode": "ticketing", "InventoryCode": "demand-archive", "env": "dev", "iacRepo": "ticketing/demand-archive"}.items()


def test_alarms(cloud, cdc):
    alarms = {one["AlarmName"]: one for one in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    wanted = {"failing": ("Errors", "Sum", 5.0), "behind": ("IteratorAge", "Maximum", 120000.0), "throttled": ("Throttles", "Sum", 0.0)}
    for name, (metric, statistic, above) in wanted.items():
        alarm = alarms[f"ticketing-dev-{name}"]
        assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"], alarm["Period"]) == (metric, statistic, above, 300)
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": "ticketing-dev-deliver"}]
    # Beside what every stream has.
    assert alarms["ticketing-dev-deliver-age"]["Threshold"] == 900000.0


def test_a_backfill(cloud, cdc):
    empty(cloud)
    items = {}
    for number, (_, change) in enumerate(changes(40, seed=12, bad_percent=0)):
        image = change["dynamodb"].get("NewImage") or change["dynamodb"]["OldImage"]
        items[f"k{number}"] = {**image, "pk": attribute(f"k{number}")}
    for at in range(0, len(items), 25):
        some = [{"PutRequest": {"Item": item}} for item in list(items.values())[at : at + 25]]
        cloud.client("dynamodb").batch_write_item(RequestItems={TABLE: some})
    # Three pages: this one, and two that the queue asks for.
    done = cloud.run(cdc.output("backfill_state_machine_arn"), {})
    assert done["status"] == "SUCCEEDED", done
    wait("all items", lambda: sum(len(archive(cloud, kind)) for kind in KINDS) >= len(items), 240)
    rows = [row for kind in KINDS for _, row in archive(cloud, kind)]
    assert len(rows) == len(items) == len({row["change"] for row in rows}) and all(row["isDeleted"] is None for row in rows)


def test_parquet(cloud, cdc):
    empty(cloud)
    cdc.terraform("apply", "-input=false", "-auto-approve", *cdc.files(), "-var=format=parquet")
    functions = {one["FunctionName"] for one in cloud.client("lambda").list_functions()["Functions"]}
    assert "ticketing-dev-deliver_parquet" in functions and "ticketing-dev-deliver" not in functions
    sent = [change for _, change in changes(200, seed=13, bad_percent=0)]
    assert deliver(cloud, sent, "ticketing-dev-deliver_parquet")["appended"] == 200
    found = {row["change"]: row for kind in KINDS for _, row in archive(cloud, kind, "parquet")}
    for change in sent:
        kind, _, wanted, _ = expected(change)
        have = found[change["eventID"]]
        assert {name: have[name] for name in wanted} == wanted and have["type"] == kind
    key = next(key for key in cloud.keys(BUCKET, "data-pipeline/parquet/") if key.endswith(".parquet"))
    assert parquet.ParquetFile(io.BytesIO(cloud.read(BUCKET, key))).metadata.row_group(0).column(0).compression == "SNAPPY"
