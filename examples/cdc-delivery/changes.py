#!/usr/bin/env python3
"""Changes of the table, as DynamoDB exports them to a stream. Same arguments, same bytes.

usage: changes.py RECORDS [SEED [BAD_IN_A_HUNDRED]] > .flow/services/streams/changes.jsonl
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone

KINDS = ["demand", "sale", "event", "notification"]
STATUS = ["CREATED", "REQUESTED", "TRIGGERED", "NOTIFIED", "FAILED"]
START = datetime(2026, 1, 5, tzinfo=timezone.utc)


def attribute(value):
    """A value as DynamoDB has it."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float)):
        return {"N": repr(value)}
    if isinstance(value, list):
        return {"L": [attribute(one) for one in value]}
    if isinstance(value, dict):
        return {"M": {name: attribute(one) for name, one in value.items()}}
    return {"S": str(value)}


def image(kind, number, at, chance):
    moment = lambda hours: (at + timedelta(hours=hours)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event, sale, fan = f"ev{number % 97}", f"sa{number % 31}", f"fan{number}"
    if kind == "demand":
        return {
            "type": kind, "demandType": chance.choice(["remind", "invite"]), "contactMethod": chance.choice(["sms", "email"]),
            "status": chance.choice(STATUS), "eventId": event, "saleId": sale, "fanId": fan,
            "systemUserId": f"tm-{chance.choice(['eu', 'us'])}.{number}", "phoneNumber": f"+41 79 {number:07}",
            "email": f"{fan}@example.com", "date": {"requested": moment(-chance.randrange(72)), "created": moment(-72)},
        }
    if kind == "notification":
        return {
            "type": kind, "contactMethod": "email", "status": "NOTIFIED", "eventId": event, "saleId": sale, "fanId": fan,
            "email": f"{fan}@example.com", "messageBody": "It is on sale.", "date": {"created": moment(-1), "updated": moment(0)},
        }
    if kind == "event":
        return {
            "type": kind, "id": event, "name": "A concert", "venue": {"name": "The hall", "city": "Bern", "country": None},
            "artists": [{"id": f"a{one}", "name": f"Artist {one}"} for one in range(chance.randrange(3))],
            "tags": chance.sample(["rock", "pop", "open air"], chance.randrange(3)),
            "eventDate": {"start": {"dateTime": moment(24 * 40), "timeZone": "Europe/Zurich"}}, "firstSeen": moment(-24),
        }
    return {
        "type": kind, "id": sale, "eventId": event, "name": "Presale", "saleStartDateTime": moment(24 * chance.randrange(3)),
        "price": {"minimum": 49.5, "maximum": float(chance.randrange(60, 300)), "currency": "CHF"},
    }


def spoilt(plain, chance):
    """What a writer of the table may get wrong."""
    wrong = dict(plain)
    match chance.randrange(3):
        case 0:
            wrong["type"] = "tombola"  # no kind that there is
        case 1:
            name = {"demand": "fanId", "notification": "status", "event": "id", "sale": "saleStartDateTime"}[plain["type"]]
            wrong.pop(name)
        case 2:
            name = {"demand": "date", "notification": "date", "event": "firstSeen", "sale": "saleStartDateTime"}[plain["type"]]
            wrong[name] = {"requested": "tomorrow", "created": "tomorrow"} if name == "date" else "tomorrow"
    return wrong


def changes(count, seed=20260105, bad_percent=1.0):
    """Records, and for each whether it is good."""
    chance = random.Random(seed)
    for number in range(count):
        kind = chance.choice(KINDS)
        event = chance.choices(["INSERT", "MODIFY", "REMOVE"], [6, 3, 1])[0]
        at = START + timedelta(seconds=number)
        good = chance.random() >= bad_percent / 100
        plain = image(kind, number, at, chance)
        data = {
            "ApproximateCreationDateTime": int(at.timestamp() * 1000),
            "Keys": {"pk": {"S": f"{kind}#{number}"}},
            "SizeBytes": 300,
        }
        shown = {name: attribute(value) for name, value in (plain if good else spoilt(plain, chance)).items()}
        before = {name: attribute(value) for name, value in plain.items()}
        if event != "REMOVE":
            data["NewImage"] = shown
        if event != "INSERT":
            data["OldImage"] = shown if event == "REMOVE" else before
        yield good, {
            "awsRegion": "us-east-1", "eventID": f"{seed:08x}-{number:08}", "eventName": event, "userIdentity": None,
            "recordFormat": "application/json", "tableName": "ticketing-dev", "dynamodb": data, "eventSource": "aws:dynamodb",
        }


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if not arguments:
        sys.exit(__doc__)
    seed = int(arguments[1]) if len(arguments) > 1 else 20260105
    bad = float(arguments[2]) if len(arguments) > 2 else 1.0
    for _, change in changes(int(arguments[0]), seed, bad):
        print(json.dumps({"body": change}, separators=(",", ":")))
