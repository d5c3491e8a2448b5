#!/usr/bin/env python3
"""Computes functions of rows, groups and windows over random rows, and compares with DuckDB.

    python functions.py FLOWC [ROWS]

Shares nothing with Flow but the rows: what DuckDB computes stands as the expectation in a test of the language, which
`flowc test` runs. Exits 0 when all agree, 1 with what `flowc` says of those that do not.
"""

import datetime
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

# Name, type, Flow, SQL; `j` is JSON as text, `l` a list.
ROWS = [
    ("Bool", 'ends_with(t, p)', "suffix(t, p)"),
    ("String", "substring(t, i)", "substring(t, i + 1)"),
    ("String", "substring(t, -3, 2)", "substring(right(t, 3), 1, 2)"),
    ("String", 'join(split(t, ","), "-")', "array_to_string(string_split(t, ','), '-')"),
    ("Int", 'len(split(t, ","))', "len(string_split(t, ','))"),
    ("Int?", "index_of(t, p)", "nullif(instr(t, p) - 1, -1)"),
    ("String?", 'extract(t, r"([a-d]+)([0-9])", group = 2)', "nullif(regexp_extract(t, '([a-d]+)([0-9])', 2), '')"),
    ("String", 'replace_all(t, r"[0-9,]+", "#")', "regexp_replace(t, '[0-9,]+', '#', 'g')"),
    ("String", 'pad_start(t, 12, "ab")', "CASE WHEN length(t) < 12 THEN lpad(t, 12, 'ab') ELSE t END"),
    ("String", 'pad_end(t, 12)', "CASE WHEN length(t) < 12 THEN rpad(t, 12, ' ') ELSE t END"),
    ("Int?", "parse_int(t)", "CASE WHEN regexp_full_match(t, '-?[0-9]+') THEN try_cast(t AS BIGINT) END"),
    ("Date?", "parse_date(s)", "CASE WHEN regexp_full_match(s, '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN try_cast(s AS DATE) END"),
    ("Timestamp?", "parse_timestamp(s)", "CASE WHEN length(s) > 10 THEN try_cast(s AS TIMESTAMP) END"),
    ("Int", "abs(i)", "abs(i)"),
    ("Float", "round(x)", "round(x)"),
    ("Float", "round(x, 2)", "round(x, 2)"),
    ("Float", "floor(x)", "floor(x)"),
    ("Float", "ceil(x)", "ceil(x)"),
    ("Int", "int(x)", "trunc(x)::BIGINT"),
    ("Int", "sign(x)", "sign(x)::BIGINT"),
    ("Float", "round(sqrt(abs(x)), 9)", "round(sqrt(abs(x)), 9)"),
    ("Float", "least(x, 0.5)", "least(x, 0.5)"),
    ("Int", "greatest(i, 3)", "greatest(i, 3)"),
    ("Int", "hour(ts)", "hour(ts)"),
    ("Int", "minute(ts)", "minute(ts)"),
    ("Int", "second(ts)", "second(ts)"),
    ("Int", "epoch_seconds(ts)", "floor(epoch_us(ts) / 1000000)::BIGINT"),
    ("Timestamp", "from_epoch(i)", "make_timestamp(i * 1000000)"),
    ("Int", "weekday(d)", "isodow(d)"),
    ("Int", "day_of_year(d)", "dayofyear(d)"),
    ("Int", "quarter(d)", "quarter(d)"),
    ("Date", "year_start(d)", "date_trunc('year', d)::DATE"),
    ("Date", "quarter_start(d)", "date_trunc('quarter', d)::DATE"),
    ("Date", "week_start(d)", "date_trunc('week', d)::DATE"),
    ("Date", "add_months(d, i)", "(d + to_months(i::INTEGER))::DATE"),
    ("String", 'format_date(d, "YYYYMM")', "strftime(d, '%Y%m')"),
    ("Int", "len(l)", "len(l)"),
    ("Bool", "i in l", "list_contains(l, i)"),
    ("Int?", "element(l, 1)", "l[2]"),
    ("Int?", "last(l)", "l[-1]"),
    ("String?", 'json_text(j, "a.b")', "json_extract_string(j, '$.a.b')"),
    ("String?", 'json_text(j, "l.1")', "json_extract_string(j, '$.l[1]')"),
]
WINDOW = "OVER (PARTITION BY g ORDER BY i, id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
TIES = "OVER (PARTITION BY g ORDER BY i)"
WINDOWS = [
    ("Int?", "lead(i, 2)", f"lead(i, 2) {WINDOW}"),
    ("Int?", "lag(i, 3)", f"lag(i, 3) {WINDOW}"),
    ("Int?", "first_value(i)", f"first_value(i) {WINDOW}"),
    ("Int?", "last_value(i)", f"last_value(i) {WINDOW}"),
    ("Int", "row_number()", f"row_number() {WINDOW}"),
]
RANKS = [("Int", "rank()", f"rank() {TIES}"), ("Int", "dense_rank()", f"dense_rank() {TIES}")]
GROUPS = [("Int", "count(o)", "count(o)"), ("Float?", "median(x)", "median(x)")]


def literal(value):
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case datetime.datetime():
            return f't"{value.isoformat()}Z"'
        case datetime.date():
            return f'd"{value.isoformat()}"'
        case float():
            return repr(value)
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("{", "\\{") + '"'
        case list():
            return "[" + ", ".join(map(literal, value)) + "]"
        case _:
            return str(value)


def random_row(dice, number):
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=dice.randint(-10**15, 4 * 10**15))
    stamp = dice.choice(["2024-02-29", "2023-02-29", "2026-1-5", "x", "2026-01-05 10:11:12", "2026-01-05T10:11:12.5"])
    return {
        "id": number,
        "g": dice.choice("ab"),
        "t": dice.choice(["12", "-7", "".join(dice.choice("abcd,12é") for _ in range(dice.randint(0, 15)))]),
        "p": "".join(dice.choice("abc,1") for _ in range(dice.randint(1, 2))),
        "s": stamp,
        "i": dice.randint(0, 30),
        "x": dice.choice([0.5, -0.5, 2.5, -2.5, round(dice.uniform(-1000, 1000), 4)]),
        "o": dice.choice([None, 1]),
        "d": (at + datetime.timedelta(days=1)).date(),
        "ts": at,
        "l": [dice.randint(0, 30) for _ in range(dice.randint(0, 4))],
        "j": json.dumps({"a": {"b": dice.choice([1, "x", True, None])}, "l": [0, dice.choice(["é", 7])]}),
    }


TYPES = {"id": "Int", "g": "String", "t": "String", "p": "String", "s": "String", "i": "Int", "x": "Float",
         "o": "Int?", "d": "Date", "ts": "Timestamp", "l": "[Int]", "j": "String"}
SQL_TYPES = {"Int": "BIGINT", "Int?": "BIGINT", "String": "VARCHAR", "Float": "DOUBLE", "Date": "DATE",
             "Timestamp": "TIMESTAMP", "[Int]": "BIGINT[]"}


def program(rows, database):
    """The test, and how many values it compares."""
    parts = {
        "Each": (ROWS, "id", "  select id{}\n", "SELECT {} FROM rows ORDER BY id"),
        "Windowed": (WINDOWS, "id", "  window by g order i, id {{{}}}\n  select id{}\n", "SELECT {} FROM rows ORDER BY id"),
        "Ranked": (RANKS, "id", "  window by g order i {{{}}}\n  select id{}\n", "SELECT {} FROM rows ORDER BY id"),
        "Grouped": (GROUPS, "g", "  group g {{{}}}\n", "SELECT {} FROM rows GROUP BY g ORDER BY g"),
    }
    text = "schema Row {\n" + "".join(f"  {name}: {ty}\n" for name, ty in TYPES.items()) + "}\n"
    test = 'test "as DuckDB" {\n  given rows = [\n'
    test += "".join("    { " + ", ".join(f"{k}: {literal(v)}" for k, v in row.items()) + " }\n" for row in rows)
    test += "  ]\n"
    compared = 0
    for name, (calls, key, lines, sql) in parts.items():
        columns = ", ".join(f"r{n} = {flow}" for n, (_, flow, _) in enumerate(calls))
        names = "".join(f", r{n}" for n in range(len(calls)))
        body = lines.format(", " + columns) if name == "Each" else lines.format(f" {columns} ", names)
        key_type = TYPES[key]
        fields = "".join(f"  r{n}: {ty}\n" for n, (ty, _, _) in enumerate(calls))
        text += f"schema {name} {{\n  {key}: {key_type}\n{fields}}}\n"
        text += f"transform {name.lower()}_of(rows: Table<Row>) -> Table<{name}> {{\n  from rows\n{body}  sort {key}\n}}\n"
        test += f"  let of_{name.lower()} = {name.lower()}_of(rows)\n"
        found = database.execute(sql.format(", ".join(sql for _, _, sql in calls))).fetchall()
        for n, (ty, _, _) in enumerate(calls):
            values = [float(row[n]) if ty.startswith("Float") and row[n] is not None else row[n] for row in found]
            test += f"  expect of_{name.lower()}.r{n} == {literal(values)}\n"
            compared += len(values)
    return text + test + "}\n", compared


def main():
    flowc, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
    dice = random.Random(20260105)
    rows = [random_row(dice, number) for number in range(count)]
    database = duckdb.connect()
    database.execute(f"CREATE TABLE rows ({', '.join(f'{name} {SQL_TYPES[ty]}' for name, ty in TYPES.items())})")
    database.executemany(f"INSERT INTO rows VALUES ({', '.join('?' * len(TYPES))})", [list(row.values()) for row in rows])
    text, compared = program(rows, database)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "functions.flow"
        path.write_text(text)
        done = subprocess.run([flowc, "test", path.name], cwd=place, capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stdout[-6000:], done.stderr[-6000:])
            return 1
    print(f"functions: {compared} values as DuckDB computes them")
    return 0


sys.exit(main())
