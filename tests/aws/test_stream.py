"""The stream example: files become messages, messages become Parquet; what is bad is kept aside, what comes twice is once."""

import io
import json

import pyarrow.parquet as parquet
import pytest
from deployment import Deployment, wait

LANDING, LAKE = "ward-landing-dev", "ward-lake-dev"


@pytest.fixture(scope="module")
def stream(cloud, tmp_path_factory):
    s3 = cloud.client("s3")
    for bucket in (LANDING, LAKE):
        s3.create_bucket(Bucket=bucket)
    deployed = Deployment(cloud, "examples/stream/stream.flow", tmp_path_factory.mktemp("stream"))
    yield deployed
    for bucket in (LANDING, LAKE):
        for key in cloud.keys(bucket):
            s3.delete_object(Bucket=bucket, Key=key)
    deployed.destroy()


def stay(number, **more):
    row = {
        "encounter_id": f"e{number}",
        "patient_id": f"p{number % 3}",
        "facility": "A",
        "diagnosis": "I50",
        "admitted_at": f"2026-01-0{number % 2 + 1}T23:30:00Z",
        "discharged_at": None,
    }
    return json.dumps(row | more)


def admissions(cloud):
    objects = [key for key in cloud.keys(LAKE, "admissions/") if key.endswith(".parquet")]
    return [
        row | {"key": key}
        for key in objects
        for row in parquet.read_table(io.BytesIO(cloud.read(LAKE, key)), partitioning=None).to_pylist()
    ]


def waiting(cloud, queue):
    """Messages in a queue: those that wait, and those that somebody holds."""
    sqs = cloud.client("sqs")
    (url,) = [url for url in sqs.list_queues()["QueueUrls"] if url.endswith(queue)]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(int(number) for number in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values())


def test_a_file_with_a_bad_line(cloud, stream):
    lines = [stay(number) for number in range(20)] + ["no record", stay(99, diagnosis="none")]
    body = "\n".join(lines).encode()
    cloud.client("s3").put_object(Bucket=LANDING, Key="encounters/day one+two.jsonl", Body=body)
    wait("twenty admissions", lambda: len(admissions(cloud)) == 20)
    found = admissions(cloud)
    assert sorted(row["encounter_id"] for row in found) == sorted(f"e{number}" for number in range(20))
    assert all(f"day=2026-01-0{int(row['encounter_id'][1:]) % 2 + 1}" in row["key"] for row in found)
    # Nobody is named, and one patient has one hash.
    assert len({row["patient"] for row in found}) == 3 and not {"p0", "p1", "p2"} & {row["patient"] for row in found}
    refused = [json.loads(line) for key in cloud.keys(LAKE, "refused/") for line in cloud.read(LAKE, key).decode().splitlines()]
    assert len(refused) == 2 and any("no record" in json.dumps(one) for one in refused), refused


def test_the_same_file_again(cloud, stream):
    before = admissions(cloud)
    calls = len(cloud.invocations("ingest"))
    key = "encounters/day one+two.jsonl"
    cloud.client("s3").put_object(Bucket=LANDING, Key=key, Body=cloud.read(LANDING, key))
    wait("the event", lambda: len(cloud.invocations("ingest")) > calls)
    wait("an empty queue", lambda: waiting(cloud, "arrivals") == 0)
    assert admissions(cloud) == before


def test_a_poison_message(cloud, stream):
    """A message that can never be read is refused by itself; those beside it are rows."""
    sqs = cloud.client("sqs")
    (url,) = [url for url in sqs.list_queues()["QueueUrls"] if url.endswith("arrivals")]
    rows, refused = len(admissions(cloud)), len(cloud.keys(LAKE, "refused/"))
    entries = [{"Id": str(number), "MessageBody": stay(200 + number)} for number in range(4)]
    sqs.send_message_batch(QueueUrl=url, Entries=[*entries, {"Id": "bad", "MessageBody": "{\"encounter_id\": 7"}])
    wait("the good ones", lambda: len(admissions(cloud)) == rows + 4)
    wait("the bad one", lambda: len(cloud.keys(LAKE, "refused/")) == refused + 1)
    wait("an empty queue", lambda: waiting(cloud, "arrivals") == 0)
