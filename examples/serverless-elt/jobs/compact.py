"""One file of a day's rows of one kind, with when it was made: Glue 4.0, Spark."""

import sys

from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession
from pyspark.sql.functions import current_timestamp

given = getResolvedOptions(sys.argv, ["bucket", "input_prefix", "output_prefix", "record_type", "dt"])
if given["input_prefix"].strip("/") == given["output_prefix"].strip("/"):
    sys.exit("the output would replace the input while it is read")

below = f"{given['record_type']}/dt={given['dt']}/"
spark = SparkSession.builder.appName("compact").getOrCreate()
rows = spark.read.parquet(f"s3://{given['bucket']}/{given['input_prefix']}/{below}")
compacted = rows.withColumn("_ingested_at", current_timestamp()).coalesce(1)
compacted.write.mode("overwrite").parquet(f"s3://{given['bucket']}/{given['output_prefix']}/{below}")
