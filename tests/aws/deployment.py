"""A program of Flow, built, packaged and applied to an emulated AWS by Terraform."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
import urllib.request
from pathlib import Path

import boto3

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# Only how to reach the emulator: a provider block of the same name is merged with the emitted one.
# https://developer.hashicorp.com/terraform/language/files/override (2026-11)
OVERRIDE = """\
provider "aws" {
  access_key                  = "test"
  secret_key                  = "test"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false
}
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Cloud:
    """The emulator, running."""

    region = "us-east-1"

    def __init__(self, log: Path):
        self.port, self.control = free_port(), free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "--port", str(self.port), "--control", str(self.control)],
            cwd=HERE,
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
        )
        for _ in range(300):
            try:
                self.ask("/invocations")
                self.client("s3").list_buckets()
                return
            except Exception:
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        raise RuntimeError(f"the emulator did not start:\n{log.read_text()}")

    def client(self, service: str):
        return boto3.client(
            service, region_name=self.region, endpoint_url=self.endpoint, aws_access_key_id="test", aws_secret_access_key="test"
        )

    def ask(self, path: str, value: dict | None = None):
        body = None if value is None else json.dumps(value).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.control}{path}", data=body) as answer:
            return json.loads(answer.read())

    def invocations(self, function: str = "") -> list[dict]:
        return [one for one in self.ask("/invocations") if function in one["function"]]

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=20)

    # What tests read.

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(one["Key"] for page in pages for one in page.get("Contents", []))

    def read(self, bucket: str, key: str) -> bytes:
        return self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()

    def run(self, machine: str, value: dict, seconds: float = 120) -> dict:
        """Starts an execution and waits for its end."""
        states = self.client("stepfunctions")
        name = str(uuid.uuid4())  # moto gives none of its own
        arn = states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(value))["executionArn"]
        until = time.time() + seconds
        while time.time() < until:
            found = states.describe_execution(executionArn=arn)
            if found["status"] != "RUNNING":
                # pytest shows it where an assertion about the result fails
                print("\n".join(self.history(arn)))
                return found
            time.sleep(0.3)
        raise AssertionError(f"{arn} still runs after {seconds} s\n{self.log.read_text()[-4000:]}")

    def policies(self) -> dict[str, dict]:
        """The documents of all policies that Terraform has made, by role or name."""
        iam, found = self.client("iam"), {}
        for role in iam.list_roles()["Roles"]:
            for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
                document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
                found[f"{role['RoleName']}/{name}"] = document
        for policy in iam.list_policies(Scope="Local")["Policies"]:
            version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
            found[policy["PolicyName"]] = version["PolicyVersion"]["Document"]
        return found

    def history(self, execution: str) -> list[str]:
        """The execution's events, one a line."""
        events = self.client("stepfunctions").get_execution_history(executionArn=execution, maxResults=1000)["events"]
        details = [next((value for name, value in event.items() if name.endswith("Details")), {}) for event in events]
        return [f"{event['id']} {event['type']} {json.dumps(detail)[:1000]}" for event, detail in zip(events, details)]


def wait(what: str, condition, seconds: float = 60):
    """What the condition gives, once it is true."""
    until = time.time() + seconds
    while time.time() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"{what}: not within {seconds} s")


class Deployment:
    """`flowc build --package`, then Terraform."""

    def __init__(self, cloud: Cloud, program: str, place: Path, env: str = "dev", **values):
        self.cloud, self.env = cloud, env
        self.folder = place / "build"
        flowc = os.environ["FLOWC"]
        subprocess.run([flowc, "build", str(ROOT / program), "--out", str(self.folder), "--package", "--any-glibc"], check=True)
        # A second provider, without tags, is reached like the first.
        second = 'alias  = "untagged"' in (self.folder / "provider.tf").read_text()
        again = OVERRIDE.replace("{\n", '{\n  alias                       = "untagged"\n', 1) if second else ""
        (self.folder / "emulator_override.tf").write_text(OVERRIDE + again)
        (self.folder / "emulator.auto.tfvars.json").write_text(json.dumps(values))
        self.terraform("init", "-input=false", f"-plugin-dir={os.environ['FLOW_TERRAFORM_PLUGINS']}")
        (self.folder / "emulator_override.tf").rename(place / "override")
        self.terraform("fmt", "-check", "-diff")
        (place / "override").rename(self.folder / "emulator_override.tf")
        self.terraform("validate")
        before = cloud.policies()
        self.terraform("apply", "-input=false", "-auto-approve", *self.files())
        if kept := os.environ.get("FLOW_POLICIES"):
            own = {name: document for name, document in cloud.policies().items() if name not in before}
            (Path(kept) / f"{Path(program).stem}.json").write_text(json.dumps(own, indent=2))

    def files(self) -> list[str]:
        """The environment's values, and those of the test, which go before them."""
        named = [self.folder / f"{self.env}.tfvars", self.folder / "emulator.auto.tfvars.json"]
        return [f"-var-file={one}" for one in named if one.exists()]

    def terraform(self, *arguments: str) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "TF_CLI_CONFIG_FILE"}
        done = subprocess.run(
            ["terraform", f"-chdir={self.folder}", *arguments],
            env=environment | {"AWS_ENDPOINT_URL": self.cloud.endpoint, "TF_IN_AUTOMATION": "1", "NO_COLOR": "1", "AWS_REGION": self.cloud.region},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            tail = self.cloud.log.read_text()[-6000:]
            raise AssertionError(f"terraform {arguments[0]} failed\n{done.stdout}\n{done.stderr}\n── the emulator:\n{tail}")
        return done.stdout

    def output(self, name: str):
        return json.loads(self.terraform("output", "-json"))[name]["value"]

    def destroy(self):
        """Destroys all; what is left in Terraform's state is an error."""
        self.terraform("destroy", "-input=false", "-auto-approve", *self.files())
        left = self.terraform("state", "list").split()
        assert left == [], f"not destroyed: {left}"
        shutil.rmtree(self.folder)
