#!/usr/bin/env python3
"""The peers of run.py, each as a user of it would write the work.

    peers.py PEER IN OUT

THREADS in the environment is how many threads it may have."""
import os, sys

peer, src, out = sys.argv[1:4]
T = int(os.environ.get("THREADS", "2"))
COLUMNS = ["record_type", "shipment_id", "origin", "destination", "carrier", "weight_kg", "event_time", "meta"]


def duckdb():
    import duckdb
    c = duckdb.connect()
    c.execute(f"set threads={T}; set preserve_insertion_order=false; set TimeZone='UTC'")
    c.execute(f"""COPY (SELECT *, strftime(event_time, '%Y-%m-%d') AS dt
      FROM read_json('{src}', format='newline_delimited', columns={{record_type:'VARCHAR', shipment_id:'VARCHAR', origin:'VARCHAR',
      destination:'VARCHAR', carrier:'VARCHAR', weight_kg:'DOUBLE', event_time:'TIMESTAMP', meta:'STRUCT(source VARCHAR, tags VARCHAR[])'}}))
      TO '{out}' (FORMAT parquet, PARTITION_BY (dt), COMPRESSION snappy, OVERWRITE_OR_IGNORE)""")


def polars():
    import polars as pl
    schema = {name: pl.String for name in COLUMNS[:5]} | {
        "weight_kg": pl.Float64, "event_time": pl.String, "meta": pl.Struct({"source": pl.String, "tags": pl.List(pl.String)})}
    time = pl.col("event_time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms", time_zone="UTC")
    rows = pl.scan_ndjson(src, schema=schema).with_columns(time).with_columns(pl.col("event_time").dt.date().alias("dt"))
    rows.sink_parquet(pl.PartitionBy(out, key="dt", include_key=False), compression="snappy", mkdir=True, maintain_order=False)


def awswrangler():
    """pandas, and S3 by a moto server, whose CPU time is not counted."""
    import awswrangler as wr, boto3, pandas as pd
    wr.config.s3_endpoint_url = os.environ["MOTO"]
    df = pd.read_json(src, lines=True, convert_dates=False, dtype={"weight_kg": "float64"})
    df["event_time"] = pd.to_datetime(df["event_time"], format="%Y-%m-%dT%H:%M:%S.%fZ", utc=True).astype("datetime64[ms, UTC]")
    df["dt"] = df["event_time"].dt.strftime("%Y-%m-%d")
    df["meta"] = df["meta"].where(df["meta"].notna(), None)
    wr.s3.to_parquet(df, "s3://bench/daily/", dataset=True, partition_cols=["dt"], compression="snappy", mode="overwrite",
                     use_threads=T, dtype={"meta": "struct<source:string,tags:array<string>>"},
                     boto3_session=boto3.Session("x", "y", region_name="us-east-1"))


def fastavro_encode():
    """Rows of a Parquet file as Avro."""
    import fastavro, json, pyarrow.parquet as pq
    schema = fastavro.parse_schema(json.load(open(os.environ["AVSC"])))
    def rows():
        for batch in pq.ParquetFile(src).iter_batches(8192):
            yield from batch.to_pylist()
    with open(out, "wb") as file:
        fastavro.writer(file, schema, rows(), codec="deflate")


def fastavro_decode():
    """Every row of an Avro file, once."""
    import fastavro
    with open(src, "rb") as file:
        print(sum(1 for _ in fastavro.reader(file)))


globals()[peer]()
