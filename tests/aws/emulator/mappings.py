"""What calls functions: event source mappings of queues and streams, and the events of S3 and SNS.

moto calls a function for each message, within the call that sends it, and does not look at what it answers. Here a thread for
each mapping asks for batches as Lambda's pollers do, honours filters and `batchItemFailures`, tries again, bisects, and sends
what it gives up on to the on-failure destination. Events of S3 and SNS are delivered after the call that causes them, and
tried twice more, as for any asynchronous invocation.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html (2026-11)
"""

import base64
import json
import threading
import time
import traceback
import uuid

import boto3

# Seconds between looks; and before an asynchronous invocation is tried again (a minute and two on AWS).
TICK = 0.2
AGAIN = 0.5

endpoint = ""
_threads: dict[str, threading.Thread] = {}
_stop = threading.Event()


def _client(service, region):
    return boto3.client(
        service, region_name=region, endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test"
    )


def _matches(mapping, event) -> bool:
    filters = (mapping.filter_criteria or {}).get("Filters") or []
    if not filters:
        return True
    from moto.events.models import EventPattern

    return any(EventPattern.load(one["Pattern"]).matches_event(event) for one in filters)


def _parsed(text):
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _invoke(mapping, records):
    """Identifiers of what failed; None where all did. An answer that is no object is a success, as on AWS."""
    from moto.awslambda.utils import get_backend

    from . import functions

    function = get_backend(mapping.account_id, mapping.region).get_function(mapping.function_arn)
    good, body = functions.invoke(function, json.dumps({"Records": records}).encode())
    if not good:
        return None
    answer = _parsed(body)
    if "ReportBatchItemFailures" not in (mapping.function_response_types or []) or not isinstance(answer, dict):
        return []
    failed = [one.get("itemIdentifier") for one in answer.get("batchItemFailures") or []]
    return None if any(not one for one in failed) else failed


def _queue(mapping, stopped):
    sqs = _client("sqs", mapping.region)
    url = sqs.get_queue_url(QueueName=mapping.event_source_arn.split(":")[-1])["QueueUrl"]
    while not stopped():
        messages, until = [], time.time() + float(mapping.max_batch_window or 0)
        while len(messages) < mapping.batch_size:
            found = sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(10, mapping.batch_size - len(messages)),
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            messages += found
            if not found and time.time() >= until:
                break
            if not found:
                time.sleep(TICK)
        records = []
        for message in messages:
            if not _matches(mapping, {"body": _parsed(message["Body"]), "messageId": message["MessageId"]}):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                continue
            records.append(
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message.get("Attributes", {}),
                    "messageAttributes": {
                        name: {"stringValue": value.get("StringValue"), "dataType": value["DataType"]}
                        for name, value in message.get("MessageAttributes", {}).items()
                    },
                    "md5OfBody": message["MD5OfBody"],
                    "eventSource": "aws:sqs",
                    "eventSourceARN": mapping.event_source_arn,
                    "awsRegion": mapping.region,
                }
            )
        if not records:
            time.sleep(TICK)
            continue
        failed = _invoke(mapping, records)
        known = {record["messageId"] for record in records}
        if failed is None or not set(failed) <= known:
            continue
        for record in records:
            if record["messageId"] not in failed:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=record["receiptHandle"])


def _kinesis_records(mapping, stopped):
    """For each shard: a function that reads, and one that makes the event's record and what filters see of it."""
    kinesis = _client("kinesis", mapping.region)
    arn = mapping.event_source_arn
    kind = "LATEST" if mapping.starting_position == "LATEST" else "TRIM_HORIZON"
    for shard in kinesis.list_shards(StreamARN=arn)["Shards"]:
        name = shard["ShardId"]
        iterator = kinesis.get_shard_iterator(StreamARN=arn, ShardId=name, ShardIteratorType=kind)["ShardIterator"]

        def read(iterator, name=name):
            got = kinesis.get_records(StreamARN=arn, ShardIterator=iterator, Limit=min(10000, mapping.batch_size))
            made = []
            for one in got["Records"]:
                data = base64.b64encode(one["Data"]).decode()
                seen = {"data": _parsed(one["Data"].decode(errors="replace")), "partitionKey": one["PartitionKey"]}
                made.append(
                    (
                        one["SequenceNumber"],
                        seen,
                        {
                            "kinesis": {
                                "kinesisSchemaVersion": "1.0",
                                "partitionKey": one["PartitionKey"],
                                "sequenceNumber": one["SequenceNumber"],
                                "data": data,
                                "approximateArrivalTimestamp": one["ApproximateArrivalTimestamp"].timestamp(),
                            },
                            "eventSource": "aws:kinesis",
                            "eventVersion": "1.0",
                            "eventID": f"{name}:{one['SequenceNumber']}",
                            "eventName": "aws:kinesis:record",
                            "awsRegion": mapping.region,
                            "eventSourceARN": arn,
                        },
                    )
                )
            return made, got.get("NextShardIterator")

        yield iterator, read


def _dynamodb_records(mapping, stopped):
    streams = _client("dynamodbstreams", mapping.region)
    arn = mapping.event_source_arn
    kind = "LATEST" if mapping.starting_position == "LATEST" else "TRIM_HORIZON"
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType=kind)

        def read(iterator):
            got = streams.get_records(ShardIterator=iterator, Limit=min(1000, mapping.batch_size))
            made = []
            for one in got["Records"]:
                record = json.loads(json.dumps(one, default=_plain))
                record["dynamodb"].setdefault("ApproximateCreationDateTime", time.time())
                made.append((one["dynamodb"]["SequenceNumber"], record, record | {"eventSourceARN": arn}))
            return made, got.get("NextShardIterator")

        yield iterator["ShardIterator"], read


def _plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if hasattr(value, "timestamp"):
        return value.timestamp()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def _stream(mapping, stopped, shards):
    live = [list(pair) for pair in shards(mapping, stopped)]
    while not stopped():
        moved = False
        for shard in live:
            made, following = shard[1](shard[0])
            kept = [(number, record) for number, seen, record in made if _matches(mapping, seen)]
            if kept:
                moved = True
                _deliver(mapping, kept, stopped)
            shard[0] = following or shard[0]
        if not moved:
            time.sleep(TICK)


def _deliver(mapping, records, stopped):
    """In order, until all are done or given up."""
    attempts = 0
    limit = mapping.max_retry_attempts
    while records and not stopped():
        failed = _invoke(mapping, [record for _, record in records])
        if failed == []:
            return
        if failed is None and mapping.bisect_on_error and len(records) > 1:
            half = len(records) // 2
            _deliver(mapping, records[:half], stopped)
            records = records[half:]
            continue
        if failed:
            numbers = [number for number, _ in records]
            first = min(numbers.index(one) if one in numbers else 0 for one in failed)
            if first:
                records, attempts = records[first:], 0
        attempts += 1
        if limit is not None and 0 <= int(limit) < attempts:
            _given_up(mapping, records)
            return
        time.sleep(TICK)


def _given_up(mapping, records):
    destination = ((mapping.destination_config or {}).get("OnFailure") or {}).get("Destination")
    if not destination:
        return
    body = json.dumps(
        {
            "requestContext": {"requestId": str(uuid.uuid4()), "functionArn": mapping.function_arn, "condition": "RetryAttemptsExhausted"},
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "batchInfo": {"batchSize": len(records), "startSequenceNumber": records[0][0], "endSequenceNumber": records[-1][0]},
        }
    )
    service = destination.split(":")[2]
    if service == "sqs":
        sqs = _client("sqs", mapping.region)
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=destination.split(":")[-1])["QueueUrl"], MessageBody=body)
    elif service == "sns":
        _client("sns", mapping.region).publish(TopicArn=destination, Message=body)
    else:
        _client("s3", mapping.region).put_object(Bucket=destination.split(":")[-1], Key=f"failed/{uuid.uuid4()}.json", Body=body)


def _serve(mapping, stopped):
    service = mapping.event_source_arn.split(":")[2]
    while not stopped():
        try:
            if service == "sqs":
                _queue(mapping, stopped)
            else:
                _stream(mapping, stopped, _kinesis_records if service == "kinesis" else _dynamodb_records)
        except Exception:
            if not stopped():
                traceback.print_exc()
                time.sleep(1)


def watch():
    """Starts a thread for each mapping that appears."""
    from moto.awslambda.models import lambda_backends

    def loop():
        while not _stop.is_set():
            for account in list(lambda_backends.values()):
                for backend in list(account.values()):
                    for mapping in list(backend._event_source_mappings.values()):
                        if mapping.uuid in _threads:
                            continue

                        def stopped(mapping=mapping, backend=backend):
                            return _stop.is_set() or not mapping.enabled or mapping.uuid not in backend._event_source_mappings

                        thread = threading.Thread(target=_serve, args=(mapping, stopped), daemon=True)
                        _threads[mapping.uuid] = thread
                        thread.start()
            time.sleep(TICK)

    threading.Thread(target=loop, daemon=True).start()


def _later(function, event):
    """An asynchronous invocation, with its two retries."""
    from . import functions

    def run():
        for attempt in range(3):
            if functions.invoke(function, json.dumps(event).encode())[0]:
                return
            time.sleep(AGAIN * 2**attempt)

    threading.Thread(target=run, daemon=True).start()


def install():
    from moto.awslambda.models import LambdaBackend
    from moto.awslambda.utils import get_backend
    from moto.dynamodb.models.table import Table
    from moto.kinesis.models import Stream
    from moto.s3 import notifications
    from moto.sqs.models import Queue

    # The pollers above ask; what is put only lies there.
    for model in (Queue, Stream, Table):
        model.lambda_event_source_mappings = _Silent()

    def _invoke_awslambda(account_id, event_body, fn_arn, region_name):
        _later(get_backend(account_id, region_name).get_function(fn_arn), event_body)

    notifications._invoke_awslambda = _invoke_awslambda

    def send_sns_message(self, function_name, message, subject=None, qualifier=None):
        function = self._lambdas.get_function_by_name_or_arn_with_qualifier(function_name, qualifier)
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        record = {
            "EventVersion": "1.0",
            "EventSource": "aws:sns",
            "Sns": {"Type": "Notification", "MessageId": str(uuid.uuid4()), "Timestamp": now, "Subject": subject, "Message": message},
        }
        _later(function, {"Records": [record]})

    LambdaBackend.send_sns_message = send_sns_message


class _Silent:
    """An attribute that takes what is assigned and shows nothing: mappings that nobody must call from within."""

    def __get__(self, instance, owner):
        return _Ignoring()

    def __set__(self, instance, value):
        pass


class _Ignoring(dict):
    def __setitem__(self, key, value):
        pass
