#!/usr/bin/env python3
"""Runs every kind of join, unions and explodes over random rows, and compares with DuckDB.

    python joins.py FLOWC [ROUNDS]

Shares nothing with Flow but the rows: DuckDB reads the same JSON lines. A condition's `==` holds for two `none`, which
in SQL is `IS NOT DISTINCT FROM`. Exits 0 when all rows agree, 1 with the first that do not.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

HEAD = """use std.aws.s3

project joins { region = "us-east-1" }

schema Left { id: Int @key, k: String?, n: Int, tags: [String?]? }
schema Right { rid: Int @key, k: String?, m: Int }
schema Pair { id: Int?, rid: Int?, k: String?, n: Int?, m: Int? }
schema One { id: Int, k: String?, n: Int }
schema Tag { id: Int, tag: String? }

source lefts: Table<Left> = s3.table { bucket = "raw-joins", prefix = "lefts", format = jsonl }
source rights: Table<Right> = s3.table { bucket = "raw-joins", prefix = "rights", format = jsonl }
"""
ON = "k == r.k and n < r.m + 3"
SQL_ON = "l.k IS NOT DISTINCT FROM r.k AND l.n < r.m + 3"
PAIR = "l.id, r.rid, l.k, l.n, r.m"
ONE = "l.id, l.k, l.n"


def cases():
    """Name, schema, operators, SQL."""
    for kind in ("inner", "left", "right", "full"):
        yield (f"{kind}_on", "Pair", f"{kind} join rights as r on {ON} {{ rid = r.rid, m = r.m }}\n  drop tags",
               f"SELECT {PAIR} FROM l {kind} JOIN r ON {SQL_ON}")
        coalesced = {"right": "r.k", "full": "coalesce(l.k, r.k)"}.get(kind, "l.k")
        yield (f"{kind}_using", "Pair", f"{kind} join rights using (k)\n  drop tags",
               f"SELECT l.id, r.rid, {coalesced}, l.n, r.m FROM l {kind} JOIN r ON l.k IS NOT DISTINCT FROM r.k")
        yield (f"{kind}_less", "Pair", f"{kind} join rights as r on n < r.m and k != r.k {{ rid = r.rid, m = r.m }}\n  drop tags",
               f"SELECT {PAIR} FROM l {kind} JOIN r ON l.n < r.m AND l.k IS DISTINCT FROM r.k")
    for kind in ("semi", "anti"):
        exists = f"{'' if kind == 'semi' else 'NOT '}EXISTS (SELECT 1 FROM r WHERE {SQL_ON})"
        yield (f"{kind}_on", "One", f"{kind} join rights as r on {ON}\n  drop tags", f"SELECT {ONE} FROM l WHERE {exists}")
    yield ("crossed", "Pair", "cross join rights as r { rid = r.rid, m = r.m }\n  drop tags", f"SELECT {PAIR} FROM l, r")
    yield ("itself", "One", "join lefts as o on k == o.k and id < o.id { }\n  drop tags",
           f"SELECT {ONE} FROM l JOIN l o ON l.k IS NOT DISTINCT FROM o.k AND l.id < o.id")
    yield ("exploded", "Tag", "explode tag = tags\n  select id, tag", "SELECT id, unnest(tags) FROM l")
    yield ("exploded_outer", "Tag", "explode outer tag = tags\n  select id, tag",
           "SELECT id, unnest(CASE WHEN len(tags) > 0 THEN tags ELSE [NULL] END) FROM l")


UNIONS = {"both": ("union again", "UNION"), "both_all": ("union all again", "UNION ALL")}


def program():
    text, steps = HEAD, []
    for name, schema, operators, _ in cases():
        text += f'\nsink s_{name}: Table<{schema}> = s3.table {{ bucket = "out-joins", prefix = "{name}", format = jsonl }}\n'
        text += f"transform t_{name}(lefts: Table<Left>, rights: Table<Right>) -> Table<{schema}> {{\n  from lefts\n  {operators}\n}}\n"
        steps.append(f"  step {name} = run t_{name}(lefts, rights) into s_{name}")
    for name, (operator, _) in UNIONS.items():
        text += f'\nsink s_{name}: Table<One> = s3.table {{ bucket = "out-joins", prefix = "{name}", format = jsonl }}\n'
        text += f"transform t_{name}(one: Table<One>, again: Table<One>) -> Table<One> {{\n  from one\n  {operator}\n}}\n"
        steps.append(f"  step {name} = run t_{name}(s_semi_on, s_itself) into s_{name}")
    return text + "\nflow all() {\n" + "\n".join(steps) + "\n}\n"


def rows(random_):
    keys = [None, "a", "b", "c", "", "z"]
    tags = [None, [], ["x"], ["y", None, "x"], [None]]
    lefts = [{"id": i, "k": random_.choice(keys), "n": random_.randrange(8), "tags": random_.choice(tags)}
             for i in range(random_.randrange(1, 60))]
    rights = [{"rid": i, "k": random_.choice(keys[:4] + ["q"]), "m": random_.randrange(8)}
              for i in range(random_.randrange(1, 40))]
    return lefts, rights


def ordered(found):
    return sorted(found, key=lambda row: [(value is None, str(type(value)), value if value is not None else 0) for value in row])


def compare(flowc, seed):
    lefts, rights = rows(random.Random(seed))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "joins.flow").write_text(program())
        for name, table in (("lefts", lefts), ("rights", rights)):
            target = place / ".flow/buckets/raw-joins" / name
            target.mkdir(parents=True)
            (target / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table))
        done = subprocess.run([flowc, "run", "joins.flow"], cwd=place, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"seed {seed}: {done.stdout}{done.stderr}")
        base = duckdb.connect()
        base.execute("CREATE TABLE l (id BIGINT, k TEXT, n BIGINT, tags TEXT[])")
        base.execute("CREATE TABLE r (rid BIGINT, k TEXT, m BIGINT)")
        base.executemany("INSERT INTO l VALUES (?, ?, ?, ?)", [[r["id"], r["k"], r["n"], r["tags"]] for r in lefts])
        base.executemany("INSERT INTO r VALUES (?, ?, ?)", [[r["rid"], r["k"], r["m"]] for r in rights])
        queries = {name: sql for name, _, _, sql in cases()}
        for name, (_, word) in UNIONS.items():
            queries[name] = f"({queries['semi_on']}) {word} ({queries['itself']})"
        count = 0
        for name, sql in queries.items():
            files = sorted((place / ".flow/buckets/out-joins" / name).glob("*.jsonl"))
            found = [tuple(json.loads(line).values()) for file in files for line in file.read_text().splitlines()]
            expected = base.execute(sql).fetchall()
            if ordered(found) != ordered(expected):
                sys.exit(f"seed {seed}, {name}:\nFlow   {ordered(found)}\nDuckDB {ordered(expected)}")
            count += len(expected)
        return len(queries), count


def main():
    flowc = str(Path(sys.argv[1]).resolve())
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    total = 0
    for seed in range(rounds):
        queries, count = compare(flowc, seed)
        total += count
    print(f"{rounds} rounds of {queries} transforms: {total} rows, all as DuckDB has them")


main()
