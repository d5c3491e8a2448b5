"""Avro by Flow's generic binary and by fastavro: each reads what the other writes, over every type, with every codec; and files
whose schema is another than the table's.

usage: formats.py FLOWC
"""

import base64
import datetime
import decimal
import io
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import fastavro

ROOT = pathlib.Path(__file__).resolve().parents[2]
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


def rows(count):
    """Rows as fastavro has them."""
    r = random.Random(3)
    some = lambda value: None if r.random() < 0.3 else value
    text = lambda: "".join(r.choice("aZ09 \"\\\n,;ü€😀") for _ in range(r.randrange(6)))
    result = []
    for number in range(count):
        result.append({
            "id": f"{number:06d}",
            "flag": r.random() < 0.5,
            "count": some(r.choice([0, -1, 2**63 - 1, -(2**63), r.randrange(10**6)])),
            "ratio": r.choice([0.0, -1.5, 1e300, round(r.random(), 6)]),
            "price": some(decimal.Decimal(r.randrange(-(10**10) + 1, 10**10)).scaleb(-2)),
            "photo": bytes(r.randrange(256) for _ in range(r.randrange(4))),
            "day": datetime.date(1970, 1, 1) + datetime.timedelta(days=r.randrange(-1000, 30000)),
            "at": some(EPOCH + datetime.timedelta(microseconds=r.randrange(-(10**15), 4 * 10**15))),
            "took": r.randrange(-(10**9), 10**12),
            "size": r.randrange(2**40),
            "part": some(round(r.random(), 6)),
            "state": r.choice(["NEW", "SENT"]),
            "odd": r.choice(["in transit", "done"]),
            "tags": [text() for _ in range(r.randrange(3))],
            "gaps": some([some(r.randrange(9)) for _ in range(r.randrange(4))]),
            "notes": {text(): decimal.Decimal(r.randrange(-9999, 10000)).scaleb(-1) for _ in range(r.randrange(3))},
            "place": {"lat": round(r.random(), 6), "of": some({"name": r.choice("ab")})},
            "home": {"street": text(), "city": some(text())},
            "work": some({"street": text(), "city": some(text())}),
        })
    return result


def plain(row):
    """A row of fastavro's as a line of JSON has it."""
    def value(name, of):
        match of:
            case bytes():
                return base64.b64encode(of).decode()
            case decimal.Decimal():
                return of
            case datetime.datetime():
                return of
            case datetime.date():
                return of.isoformat()
            case dict():
                return {key: value(key, one) for key, one in of.items()}
            case list():
                return [value(name, one) for one in of]
            case int() if name == "took":
                return of / 1e6
        return of
    return {name: value(name, of) for name, of in row.items()}


def parsed(line):
    """A line of JSON with the types that it has no word for."""
    row = json.loads(line)
    row["price"] = row["price"] and decimal.Decimal(row["price"])
    row["at"] = row["at"] and datetime.datetime.fromisoformat(row["at"])
    row["notes"] = {key: decimal.Decimal(str(one)) for key, one in row["notes"].items()}
    return row


def same(found, expected, what):
    found = sorted(found, key=lambda row: row["id"])
    expected = sorted(expected, key=lambda row: row["id"])
    assert len(found) == len(expected), (what, len(found), len(expected))
    for one, other in zip(found, expected):
        assert one == other, f"{what}:\n{one}\n{other}"


class Place:
    def __init__(self, flowc, edits=()):
        self.flowc = flowc
        self.folder = pathlib.Path(tempfile.mkdtemp())
        text = (ROOT / "tests/programs/formats.flow").read_text()
        for before, after in edits:
            assert before in text, before
            text = text.replace(before, after)
        (self.folder / "formats.flow").write_text(text)
        subprocess.run([flowc, "build", "formats.flow", "--out", "out"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        self.schema = json.loads((self.folder / "out/schemas/Everything.avsc").read_text())

    def put(self, name, data):
        path = self.folder / ".flow/buckets/raw-dev/everything" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def run(self):
        done = subprocess.run([self.flowc, "run", "formats.flow", "--flow", "convert"], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def objects(self, table):
        return sorted(path for path in (self.folder / ".flow/buckets/out-dev" / table).rglob("*") if path.is_file() and "_flow" not in path.parts)

    def lines(self):
        return [parsed(line) for path in self.objects("lines") for line in path.read_text().splitlines()]


AVRO = [("  format  = json_array\n", "  format  = avro\n")]


def avro(schema, records, **more):
    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema(schema), records, strict=False, **more)
    return file.getvalue()


def main():
    (flowc,) = sys.argv[1:]
    expected = rows(3000)
    wanted = [plain(row) for row in expected]

    # What fastavro writes is read; what is written is read by fastavro. (Its snappy and zstandard want packages of their own.)
    place = Place(flowc, AVRO)
    place.put("a.avro", avro(place.schema, expected[:1000], codec="deflate"))
    place.put("b.avro", avro(place.schema, expected[1000:2000], codec="null"))
    place.put("c.avro", avro(place.schema, expected[2000:], codec="deflate", sync_interval=100))
    place.run()
    same(place.lines(), wanted, "read from fastavro")
    (deflated,) = place.objects("deflate")
    with deflated.open("rb") as file:
        reader = fastavro.reader(file)
        assert reader.writer_schema["name"] == "Everything" and reader.codec == "deflate"
        same(list(reader), expected, "read by fastavro")
    days = 0
    for path in place.objects("avro"):
        with path.open("rb") as file:
            reader = fastavro.reader(file)
            found = list(reader)
        day = datetime.date.fromisoformat(path.parent.name.removeprefix("day="))
        days += len(found)
        same([row | {"day": day} for row in found], [row for row in expected if row["day"] == day], path)
    assert days == len(expected)
    # The schema in the file is the one that `build` writes.
    with deflated.open("rb") as file:
        held = json.loads(fastavro.reader(file).metadata["avro.schema"])
    assert held == place.schema, held
    shutil.rmtree(place.folder)

    # A file with another schema: order, one more field, missing ones, promotions, both orders of unions, milliseconds.
    place = Place(flowc, AVRO)
    other = json.loads(json.dumps(place.schema))
    fields = {field["name"]: field for field in other["fields"]}
    for name in ["count", "gaps", "part"]:
        del fields[name]
    fields["size"]["type"] = "int"
    fields["ratio"]["type"] = "int"
    fields["at"]["type"] = [{"type": "long", "logicalType": "timestamp-millis"}, "null"]
    fields["photo"]["type"] = {"type": "fixed", "name": "Two", "size": 2}
    fields["price"]["type"] = [{"type": "fixed", "name": "Price", "size": 8, "logicalType": "decimal", "precision": 9, "scale": 1}, "null"]
    fields["id"]["type"] = {"type": "string", "logicalType": "uuid"}
    fields["odd"]["type"] = {"type": "enum", "name": "Odd", "symbols": ["done", "lost"]}
    for field in fields.values():
        field.pop("default", None)
    # A named type is defined where it stands first.
    address = fields["home"]["type"]
    fields["home"]["type"], fields["work"]["type"] = "Address", [address if one == "Address" else one for one in fields["work"]["type"]]
    other["fields"] = [{"name": "more", "type": {"type": "map", "values": ["null", "double"]}}, *reversed(fields.values())]
    others, resolved = [], []
    for number, row in enumerate(expected[:500]):
        row = dict(row) | {"id": f"00000000-0000-0000-0000-{number:012d}", "size": row["size"] % 2**31, "ratio": number,
                           "photo": b"\x00\xff", "odd": "done", "more": {"x": 1.5, "y": None}}
        row["price"] = row["price"] and row["price"].quantize(decimal.Decimal("0.1")) % 10**7
        row["at"] = row["at"] and row["at"].replace(microsecond=row["at"].microsecond // 1000 * 1000)
        others.append({name: value for name, value in row.items() if name not in ["count", "gaps", "part"]})
        row.pop("more")
        resolved.append(plain(row | {"count": None, "gaps": None, "part": None, "ratio": float(number)}))
    place.put("a.avro", avro(other, others))
    place.run()
    same(place.lines(), resolved, "read with another schema")
    shutil.rmtree(place.folder)
    print(f"{len(expected)} rows of every type, both ways; {len(others)} by another schema")


main()
