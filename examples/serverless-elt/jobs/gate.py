"""Holds a day's rows of one kind against what is expected of them; the results are written before it fails. Glue 4.0.

https://docs.greatexpectations.io/docs/0.18/ (2026-11)
"""

import json
import sys
import uuid

import boto3
import great_expectations as ge
from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession

given = getResolvedOptions(sys.argv, ["silver_bucket", "silver_prefix", "record_type", "dt", "result_prefix"])
below = f"{given['record_type']}/dt={given['dt']}"
spark = SparkSession.builder.appName("gate").getOrCreate()
rows = ge.from_pandas(spark.read.parquet(f"s3://{given['silver_bucket']}/{given['silver_prefix']}/{below}/").toPandas())

rows.expect_table_row_count_to_be_between(min_value=1)
if given["record_type"] == "shipments":
    rows.expect_column_values_to_not_be_null("shipment_id")
    rows.expect_column_values_to_be_unique("shipment_id")
    rows.expect_column_values_to_not_be_null("event_time")
    rows.expect_column_values_to_be_between("weight_kg", 0, 200)
elif given["record_type"] == "tracking_events":
    for column in ("shipment_id", "event_time", "status"):
        rows.expect_column_values_to_not_be_null(column)
elif given["record_type"] == "invoice_lines":
    for column in ("invoice_id", "event_time"):
        rows.expect_column_values_to_not_be_null(column)
    rows.expect_column_values_to_be_between("quantity", 1, 1000)
    rows.expect_column_values_to_be_between("unit_price", 0, 100000)
else:
    rows.expect_column_values_to_not_be_null("record_type")

found = rows.validate()
boto3.client("s3").put_object(
    Bucket=given["silver_bucket"],
    Key=f"{given['result_prefix']}/{below}/run_{uuid.uuid4()}.json",
    Body=json.dumps(found.to_json_dict()).encode(),
    ContentType="application/json",
)
if not found.success:
    sys.exit(f"{below} is not what is expected of it")
