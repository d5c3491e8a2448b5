"""The Avro schemas of a build, read by fastavro: each is a schema, and rows written with it come back as they were.

usage: avro.py FLOWC
"""

import datetime
import decimal
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import fastavro

ROOT = pathlib.Path(__file__).resolve().parents[2]

FULL = {
    "id": "a",
    "flag": True,
    "count": -(2**63),
    "ratio": 0.25,
    "price": decimal.Decimal("12345678.90"),
    "photo": b"\x00\xff",
    "day": datetime.date(2026, 1, 5),
    "at": datetime.datetime(2026, 1, 5, 2, 0, 0, 123456, tzinfo=datetime.timezone.utc),
    "took": 90_000_000,
    "size": 1024,
    "part": 0.01,
    "more": '{"a":1}',
    "state": "SENT",
    "odd": "in transit",
    "tags": ["x", ""],
    "gaps": [1, None],
    "notes": {"k": decimal.Decimal("-12.5")},
    "place": {"lat": 47.4, "of": {"name": "b"}},
    "home": {"street": "s", "city": None},
    "work": {"street": "t", "city": "c"},
    "codes": ["abc"],
}
OPTIONAL = ["count", "price", "at", "part", "gaps", "work"]


def build(flowc, program, place):
    subprocess.run([flowc, "build", program, "--out", place], check=True, stdout=subprocess.DEVNULL)
    return sorted(pathlib.Path(place, "schemas").glob("*.avsc"))


def main():
    (flowc,) = sys.argv[1:]
    count = 0
    for program in [ROOT / "tests/programs/avro/types.flow", ROOT / "examples/nightly/nightly.flow"]:
        with tempfile.TemporaryDirectory() as place:
            files = build(flowc, program, place)
            assert files, f"{program}: no schemas"
            schemas = {file.stem: json.loads(file.read_text()) for file in files}
        for name, schema in schemas.items():
            assert schema["name"] == name, (name, schema["name"])
            fastavro.parse_schema(schema)
            count += 1
        if "Everything" in schemas:
            schema = fastavro.parse_schema(schemas["Everything"])
            empty = {name: None if name in OPTIONAL else value for name, value in FULL.items()}
            rows = [FULL, empty]
            file = io.BytesIO()
            fastavro.writer(file, schema, rows, strict=True)
            file.seek(0)
            back = list(fastavro.reader(file))
            assert back == rows, f"{back}\n{rows}"
            # An optional field that a writer leaves out has its default.
            file = io.BytesIO()
            fastavro.writer(file, schema, [{name: value for name, value in FULL.items() if name not in OPTIONAL}])
            file.seek(0)
            assert list(fastavro.reader(file)) == [empty]
    print(f"{count} schemas are Avro schemas; rows of every type come back as they were")


main()
