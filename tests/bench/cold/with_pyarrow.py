"""The same function in Python: the rows of a batch into Parquet, by pyarrow."""

import base64
import json
import os

import pyarrow
import pyarrow.parquet


def handler(event, _):
    rows = [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in event["Records"]]
    if rows:
        folder = os.environ["FLOW_STORE"].removeprefix("file://") + "/lake/rows"
        os.makedirs(folder)
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), f"{folder}/part.parquet", compression="zstd")
    return {"batchItemFailures": []}
