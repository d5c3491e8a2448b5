#!/usr/bin/env python3
"""Makes a month of claims where `flowc run handlers.flow` looks for it: the same files for the same arguments.

Each file has a manifest, made as facilities make theirs: rows counted without the header, a digest of the bytes. One that is there
is not made anew unless --overwrite says so; a file that does not lie at `<type>/yyyymm=<month>/` is warned of, or with
--strict-path refused.
"""

import argparse
import csv
import datetime
import hashlib
import io
import json
import random
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
FILE_TYPES = ("y1", "y3", "y4", "ef_in", "ef_out", "d", "h", "k")
RULES = [("PK_DUPLICATE_Y1", "critical", 1.0), ("DATE_INCONSISTENCY", "critical", 1.0), ("ZERO_COST_CASE", "warning", 2.0)]


def rows_in(text: str) -> int:
    """Rows of a CSV with a header, a quoted line break being none."""
    return max(sum(1 for row in csv.reader(io.StringIO(text)) if row) - 1, 0)


def manifest(path: Path, facility: str, month: str, algorithm: str = "SHA256", strict: bool = False) -> dict:
    """What a facility says of a file."""
    kind = path.parts[-3] if len(path.parts) > 2 else ""
    if kind not in FILE_TYPES or path.parts[-2] != f"yyyymm={month}":
        problem = f"{path}: not at TYPE/yyyymm={month}/, where TYPE is one of {', '.join(FILE_TYPES)}"
        if strict:
            raise ValueError(problem)
        print(f"warning: {problem}", file=sys.stderr)
    content = path.read_bytes()
    digest = {"MD5": hashlib.md5, "SHA256": hashlib.sha256}[algorithm](content).hexdigest()
    return {
        "yyyymm": month,
        "file_type": kind,
        "facility_cd": facility,
        "records": rows_in(content.decode()),
        "hash": {"algorithm": algorithm, "value": digest},
        "created_at": f"{month[:4]}-{month[4:]}-28T00:00:00Z",
        "notes": None,
    }


def write(path: Path, text: str, overwrite: bool):
    if path.exists() and path.read_text() != text and not overwrite:
        sys.exit(f"{path} is there with other contents: --overwrite makes it anew")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def table(names: list[str], rows: list[tuple]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--month", default="202504", help="YYYYMM")
    asked.add_argument("--to", type=Path, default=HERE / ".flow/buckets/claims-raw-dev")
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--overwrite", action="store_true")
    asked.add_argument("--strict-path", action="store_true")
    asked.add_argument("--wrong-count", action="store_true", help="the manifest of y1 says one row too many")
    given = asked.parse_args()
    if not re.fullmatch(r"\d{6}", given.month):
        sys.exit(f"--month is YYYYMM, not {given.month}")
    chance, facility = random.Random(given.seed), "131000123"
    first = datetime.date(int(given.month[:4]), int(given.month[4:]), 1)
    stays, lines = [], []
    for number in range(1, 201):
        patient, begin = f"p{chance.randrange(60):03}", first + datetime.timedelta(days=chance.randrange(28))
        end = begin + datetime.timedelta(days=chance.randrange(1, 9))
        case = f"c{number:05}"
        stays.append((facility, case, patient, begin, end))
        for _ in range(chance.randrange(1, 4)):
            points = chance.randrange(10, 500)
            lines.append((facility, case, f"s{chance.randrange(20):02}", points * 10, points))
    folder = f"yyyymm={given.month}"
    files = {
        "y1": table(["facility_cd", "case_id", "common_patient_id", "admission_date", "discharge_date"], stays),
        "d": table(["facility_cd", "case_id", "service_code", "yen", "points"], lines),
    }
    manifests = []
    for kind, text in files.items():
        path = given.to / kind / folder / f"{facility}_{given.month}_{kind}_001.csv"
        write(path, text, given.overwrite)
        manifests.append(manifest(path, facility, given.month, strict=given.strict_path))
    if given.wrong_count:
        manifests[0]["records"] += 1
    for one in manifests:
        del one["yyyymm"]  # the folder says it
    body = json.dumps(manifests, indent=2) + "\n"
    write(given.to / "manifests" / folder / f"{facility}_manifest.json", body, given.overwrite)
    rules = "".join(json.dumps(dict(zip(("rule", "severity", "threshold"), rule))) + "\n" for rule in RULES)
    write(given.to / "rules/rules.jsonl", rules, given.overwrite)


if __name__ == "__main__":
    main()
