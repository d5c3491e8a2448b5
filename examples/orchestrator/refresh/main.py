"""Refreshes the views that people read, all of them or none."""

import json
import os

# In the order in which they read one another.
VIEWS = ("curated.demands_archived", "curated.demands_uploaded", "curated.verifyplus", "analytics.demands_summary")


def needed(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise RuntimeError(f"the environment variable {name} is missing")
    return value


def credentials() -> dict:
    if os.environ.get("LOCAL_MODE") == "true":
        host, _, port = needed("PG_HOST").partition(":")
        return {"host": host, "port": port or "5432", "user": os.environ.get("PG_USER", "postgres"), "password": needed("PG_PASSWORD")}
    import boto3  # beside the layer, Lambda has it

    host, _, port = needed("PG_ENDPOINT").partition(":")
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=needed("PG_SECRET_ARN"))
    value = json.loads(secret["SecretString"])
    return {"host": host, "port": port or "5432", "user": value["username"], "password": value["password"]}


def handler(_event, _context):
    import psycopg  # in the layer

    with psycopg.connect(dbname=os.environ.get("PG_DATABASE", "postgres"), connect_timeout=10, **credentials()) as connection:
        for view in VIEWS:
            connection.execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {view}")
    return {"status": "ok", "message": f"{len(VIEWS)} views refreshed"}
