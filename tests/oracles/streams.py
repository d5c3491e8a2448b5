#!/usr/bin/env python3
"""The generic binary's streams on AWS's services, as an emulator answers them: sends, ledger, dead letters.

usage: streams.py FLOW_WORKER    with a `moto_server` beside this Python's own executable, or on PATH
Hands events to streams of a plan made here, and looks at queues, topics, buses, streams, executions and the ledger with
boto3, which knows nothing of Flow.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from emulated import Emulator

worker = sys.argv[1]
folder = tempfile.TemporaryDirectory()
place = Path(folder.name)


def handle(stream, event, request="r1", code=0, **more):
    done = subprocess.run(
        [worker, "event", "-", "--plan", str(place / "plan.json"), "--stream", stream, "--request", request],
        input=json.dumps(event),
        env={**aws.environment, **more},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def order(number, amount=1, **more):
    return json.dumps({"id": f"o{number}", "amount": amount, **more})


def messages(*bodies):
    return {
        "Records": [
            {"messageId": f"m{number}", "eventSource": "aws:sqs", "body": body, "attributes": {"SentTimestamp": "1767578400000"}}
            for number, body in enumerate(bodies)
        ]
    }


def created(key, etag):
    s3 = {"bucket": {"name": "raw"}, "object": {"key": key, "eTag": etag}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]}


def literal(text):
    return {"literal": text}


def column(name):
    return {"column": name}


def received(queue):
    found = []
    while True:
        some = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        if not some:
            return found
        found += [json.loads(message["Body"]) for message in some]
        for message in some:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def entries():
    found = dynamodb.scan(TableName="ledger")["Items"]
    return {item["pk"]["S"]: item for item in found}


with Emulator(FLOW_LOG="warn") as aws:
    s3, sqs, sns, events, kinesis, sfn, dynamodb, iam = map(
        aws.client, ["s3", "sqs", "sns", "events", "kinesis", "stepfunctions", "dynamodb", "iam"]
    )
    s3.create_bucket(Bucket="raw")
    s3.create_bucket(Bucket="lake")
    next_queue = sqs.create_queue(QueueName="next")["QueueUrl"]
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    of_topic = sqs.create_queue(QueueName="of-topic")["QueueUrl"]
    of_bus = sqs.create_queue(QueueName="of-bus")["QueueUrl"]
    fifo = sqs.create_queue(QueueName="next.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = lambda url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="orders")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(of_topic), Attributes={"RawMessageDelivery": "true"})
    events.create_event_bus(Name="shop")
    events.put_rule(Name="all", EventBusName="shop", EventPattern=json.dumps({"source": ["flow.test"]}))
    events.put_targets(Rule="all", EventBusName="shop", Targets=[{"Id": "1", "Arn": arn(of_bus)}])
    kinesis.create_stream(StreamName="out", ShardCount=1)
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    machine = sfn.create_state_machine(name="nightly", definition=definition, roleArn=role)["stateMachineArn"]
    dynamodb.create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )

    fields = [{"name": "id", "type": "string"}, {"name": "amount", "type": "int"}]
    send = lambda to, **more: {"action": "send", "to": to, **more}
    to_queue = lambda url: {"kind": "queue", "url": literal(url)}
    letters = {"policy": "dead_letter", "to": to_queue(dead)}
    sqs_source = {"kind": "sqs", "decode": "json"}
    raw = {"bucket": literal("raw"), "prefix": literal("in")}
    by_object = [column("record.bucket"), column("record.key"), column("record.etag")]
    stream = lambda source, *actions, **more: {"from": source, "schema": "Order", "actions": list(actions), **more}
    append = {"table": "silver", "replace": {"append": {"key": ["id"]}}}
    plan = {
        "version": 1,
        "project": "shop",
        "schemas": {"Order": {"fields": fields}},
        "tables": {
            "silver": {
                "role": "sink",
                "schema": "Order",
                "location": {"bucket": literal("lake"), "prefix": literal("silver")},
                "format": {"name": "parquet"},
            }
        },
        "transforms": {
            "same": {"inputs": [{"name": "orders", "schema": "Order"}], "output": "Order", "from": "orders", "operators": []}
        },
        "streams": {
            "everywhere": stream(
                sqs_source,
                send(to_queue(next_queue)),
                send(to_queue(fifo)),
                send({"kind": "topic", "arn": literal(topic)}),
                send({"kind": "bus", "name": literal("shop"), "source": "flow.test", "detail_type": "Order"}),
                send({"kind": "stream", "name": literal("out"), "key": column("id")}),
                send({"kind": "flow", "arn": literal(machine)}),
                {"action": "run", "transform": "same", "input": "orders", "into": {"kind": "table", "into": append}},
                refused=letters,
            ),
            "objects": stream(
                {"kind": "s3", "format": {"name": "jsonl"}, "location": raw},
                send(to_queue(next_queue)),
                idempotent={"by": by_object, "ledger": literal("ledger"), "lease_s": 900},
                refused=letters,
            ),
            "messages": stream(
                sqs_source,
                send(to_queue(next_queue)),
                idempotent={"by": [column("id")], "ledger": literal("ledger"), "lease_s": 900, "keep_s": 3600},
            ),
            "nowhere": stream(sqs_source, send(to_queue(aws.endpoint + "/123456789012/missing"))),
        },
    }
    (place / "plan.json").write_text(json.dumps(plan))

    # Every service, in batches, and a poison message to the dead letters.
    bodies = [order(number) for number in range(23)] + ["nonsense"]
    answer = handle("everywhere", messages(*bodies))
    assert (answer["sent"], answer["appended"], answer["refused"]) == (23 * 6, 23, 1), answer
    assert answer["batchItemFailures"] == [], answer
    rows = sorted(f"o{number}" for number in range(23))
    ids = lambda found: sorted(message["id"] for message in found)
    assert ids(received(next_queue)) == rows
    ordered = [message["id"] for message in received(fifo)]
    assert ordered == [f"o{number}" for number in range(23)], f"a FIFO queue keeps the order: {ordered}"
    assert ids(received(of_topic)) == rows
    assert ids([event["detail"] for event in received(of_bus)]) == rows
    shard = kinesis.get_shard_iterator(
        StreamName="out", ShardId=kinesis.list_shards(StreamName="out")["Shards"][0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = kinesis.get_records(ShardIterator=shard)["Records"]
    assert ids([json.loads(record["Data"]) for record in records]) == rows
    assert sorted(record["PartitionKey"] for record in records) == rows
    started = sfn.list_executions(stateMachineArn=machine, maxResults=100)["executions"]
    assert len(started) == 23
    [letter] = received(dead)
    assert letter["original"] == "nonsense" and letter["error"]["name"] == "Flow.InvalidRecord", letter
    assert letter["record"]["id"] == "m23" and letter["stream"] == "everywhere", letter
    objects = [found["Key"] for found in s3.list_objects_v2(Bucket="lake", Prefix="silver/")["Contents"]]
    assert len([key for key in objects if key.endswith(".parquet")]) == 1, objects
    # The same messages again: executions and rows are the same ones.
    handle("everywhere", messages(*bodies))
    assert len(sfn.list_executions(stateMachineArn=machine, maxResults=100)["executions"]) == 23
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="lake", Prefix="silver/")["Contents"]] == objects
    for queue in (next_queue, dead):
        received(queue)

    # Objects by the ledger.
    s3.put_object(Bucket="raw", Key="in/a b.jsonl", Body=f"{order(1)}\n{order(2)}\n")
    answer = handle("objects", created("in/a+b.jsonl", "e1"))
    assert (answer["done"], answer["sent"]) == (1, 2), answer
    item = entries()["objects:raw/in/a b.jsonl#e1"]
    assert item["status"]["S"] == "DONE" and item["attempts"]["N"] == "1" and "expires_at" not in item, item
    answer = handle("objects", created("in/a+b.jsonl", "e1"), request="r2")
    assert (answer["skipped"], answer["sent"]) == (1, 0), answer
    assert ids(received(next_queue)) == ["o1", "o2"]
    # One that fails is takeable at once, and says why.
    s3.put_object(Bucket="raw", Key="in/c.jsonl", Body=order(3))
    plan["streams"]["objects"]["actions"] = [send(to_queue(aws.endpoint + "/123456789012/missing"))]
    (place / "plan.json").write_text(json.dumps(plan))
    failure = handle("objects", created("in/c.jsonl", "e1"), request="r3", code=1)
    assert failure["errorType"] == "Flow.StoreFailed" and "missing" in failure["errorMessage"], failure
    item = entries()["objects:raw/in/c.jsonl#e1"]
    assert item["status"]["S"] == "ERROR" and 0 < len(item["reason"]["S"]) <= 500, item
    assert int(item["expires_at"]["N"]) < time.time(), item
    plan["streams"]["objects"]["actions"] = [send(to_queue(next_queue))]
    (place / "plan.json").write_text(json.dumps(plan))
    # Killed after it was taken: another delivery leaves it alone, the same one goes on.
    killed = subprocess.run(
        [worker, "event", "-", "--plan", str(place / "plan.json"), "--stream", "objects", "--request", "r4"],
        input=json.dumps(created("in/c.jsonl", "e1")),
        env={**aws.environment, "FLOW_FAILPOINT": "after-take"},
        capture_output=True,
        text=True,
    )
    assert killed.returncode < 0
    item = entries()["objects:raw/in/c.jsonl#e1"]
    assert item["status"]["S"] == "INFLIGHT" and int(item["expires_at"]["N"]) > time.time() + 800, item
    assert handle("objects", created("in/c.jsonl", "e1"), request="r5")["skipped"] == 1
    assert handle("objects", created("in/c.jsonl", "e1"), request="r4")["done"] == 1
    assert entries()["objects:raw/in/c.jsonl#e1"]["attempts"]["N"] == "3"
    # A lease that is over is taken over.
    expired = {"pk": {"S": "objects:raw/in/d.jsonl#e1"}, "status": {"S": "INFLIGHT"}, "owner": {"S": "gone"}, "expires_at": {"N": "1000"}}
    dynamodb.put_item(TableName="ledger", Item=expired)
    s3.put_object(Bucket="raw", Key="in/d.jsonl", Body=order(4))
    assert handle("objects", created("in/d.jsonl", "e1"), request="r6")["done"] == 1
    received(next_queue)

    # Messages by a key: remembered for an hour; the same message under a live lease is given back.
    answer = handle("messages", messages(order(1), order(2), order(1)))
    assert (answer["sent"], answer["skipped"]) == (2, 1), answer
    until = int(entries()["messages:o1"]["expires_at"]["N"])
    assert abs(until - time.time() - 3600) < 60, until
    leased = {"pk": {"S": "messages:o9"}, "status": {"S": "INFLIGHT"}, "owner": {"S": "m0"}, "expires_at": {"N": str(int(time.time()) + 60)}}
    dynamodb.put_item(TableName="ledger", Item=leased)
    answer = handle("messages", messages(order(9), order(2)))
    assert answer["batchItemFailures"] == [{"itemIdentifier": "m0"}] and answer["skipped"] == 1, answer

    # Two at once on one key: one does it.
    running = [
        subprocess.Popen(
            [worker, "event", "-", "--plan", str(place / "plan.json"), "--stream", "objects", "--request", f"p{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=aws.environment,
            text=True,
        )
        for number in range(2)
    ]
    s3.put_object(Bucket="raw", Key="in/e.jsonl", Body=order(5))
    answers = [json.loads(one.communicate(json.dumps(created("in/e.jsonl", "e1")), timeout=60)[0]) for one in running]
    assert sum(answer["done"] for answer in answers) == 1 and sum(answer["skipped"] for answer in answers) == 1, answers

    # A message that is too large will never go; a queue that is not there may come.
    answer = handle("nowhere", messages(order(1)))
    assert answer["batchItemFailures"] == [{"itemIdentifier": "m0"}], answer
    large = json.dumps({"id": "x" * 1_100_000, "amount": 1})
    answer = handle("messages", messages(large, order(77)))
    assert answer["sent"] == 1 and answer["batchItemFailures"] == [{"itemIdentifier": "m0"}], answer
    print("sends to SQS, FIFO, SNS, EventBridge, Kinesis, Step Functions; the ledger; dead letters: as they should be")
