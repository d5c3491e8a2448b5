"""An emulator of AWS's services (moto's server) for one oracle."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3

REGION = "us-east-1"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


class Emulator:
    """Runs within its `with`; what the generic binary needs to reach it stands in `environment`."""

    def __init__(self, **environment):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{port}"
        beside = Path(sys.executable).parent / "moto_server"
        self.server = subprocess.Popen(
            [str(beside) if beside.exists() else shutil.which("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.environment = {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            **environment,
        }

    def client(self, service):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **KEYS)

    def __enter__(self):
        for _ in range(300):
            try:
                self.client("s3").list_buckets()
                return self
            except Exception:
                time.sleep(0.1)
        raise RuntimeError(f"no answer from {self.endpoint}")

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
