"""The claims pipeline and its operations, as modules that a project uses: the block of the README, as it stands there."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from deployment import OVERRIDE, ROOT, Deployment

# What the functions are here: each answers with what it was given and what it sees, and fails where the input says so.
FUNCTIONS = '''
import os

def answer(name):
    def handler(event, context):
        detail = event.get("detail", event)
        if detail.get("facility_cd") == "0" * 9 and name == "copy_raw" or detail.get("facility_cd") == "1" * 9 and name == "notify":
            raise ValueError(f"{name} does not want to")
        seen = {key: value for key, value in os.environ.items() if key in ("LEVEL", "TARGET_BUCKET", "REDSHIFT_SECRET_ARN", "SLACK_WEBHOOK_SECRET_ARN")}
        return {"from": name, "given": event, "environment": seen}
    return handler

for name in ("validate_manifest", "copy_raw", "compute_readmit", "export_parquet", "notify"):
    globals()[name] = answer(name)
'''

# The platform's part: what the README's block names.
PLATFORM = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0.0" }
  }
}
provider "aws" { region = "us-east-1" }
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com", "events.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "machine" {
  name               = "machine"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_iam_role" "functions" {
  name               = "functions"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_iam_role" "execution" {
  name               = "execution"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_iam_role" "dbt" {
  name               = "dbt"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_iam_role" "schedule" {
  name               = "schedule"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_secretsmanager_secret" "redshift" { name = "claims-redshift" }
resource "aws_secretsmanager_secret" "slack" { name = "claims-slack" }
resource "aws_s3_bucket" "packages" { bucket = "claims-packages" }
resource "aws_s3_bucket" "exports" { bucket = "claims-exports" }
resource "aws_s3_object" "functions" {
  bucket = aws_s3_bucket.packages.bucket
  key    = "functions.zip"
  source = "${path.module}/functions.zip"
}
resource "aws_ecs_cluster" "dpc" { name = "dpc" }
resource "aws_vpc" "dpc" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "dpc" {
  vpc_id     = aws_vpc.dpc.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_security_group" "dpc" {
  name   = "dpc"
  vpc_id = aws_vpc.dpc.id
}
output "all" { value = module.pipeline }
output "operations" { value = module.operations }
"""


def usage() -> str:
    text = (ROOT / "examples/dpc-elt/README.md").read_text()
    return re.search(r"```hcl\n(.*?)```", text, re.S).group(1)


class Project(Deployment):
    """A project that uses both modules."""

    def __init__(self, cloud, place):
        self.cloud, self.env, self.folder = cloud, "dev", place / "project"
        self.folder.mkdir()
        for program, module in (("dpc-elt", "pipeline"), ("operations", "operations")):
            path = ROOT / f"examples/dpc-elt/{program}.flow"
            out = self.folder / "modules" / module
            subprocess.run([os.environ["FLOWC"], "build", str(path), "--out", str(out)], check=True)
        # The functions' package is there before they are.
        block = usage().replace('env    = "dev"', 'env    = "dev"\n  depends_on = [aws_s3_object.functions]', 1)
        (self.folder / "main.tf").write_text(PLATFORM + block)
        (self.folder / "emulator_override.tf").write_text(OVERRIDE)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.py", FUNCTIONS)
        (self.folder / "functions.zip").write_bytes(packed.getvalue())
        self.terraform("init", "-input=false", f"-plugin-dir={os.environ['FLOW_TERRAFORM_PLUGINS']}")
        self.terraform("validate")
        self.terraform("apply", "-input=false", "-auto-approve")

    def refused(self, change) -> str:
        """What Terraform says of the project with another block."""
        aside = self.folder.parent / "refused"
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(self.folder, aside, symlinks=True)
        main = aside / "main.tf"
        text = main.read_text()
        changed = change(text)
        assert changed != text
        main.write_text(changed)
        environment = {name: value for name, value in os.environ.items() if name != "TF_CLI_CONFIG_FILE"}
        done = subprocess.run(
            ["terraform", f"-chdir={aside}", "plan", "-input=false", "-no-color"],
            env=environment | {"AWS_ENDPOINT_URL": self.cloud.endpoint, "AWS_REGION": self.cloud.region},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1, done.stdout
        return " ".join(done.stderr.replace("│", " ").split())


@pytest.fixture(scope="module")
def project(cloud, tmp_path_factory):
    project = Project(cloud, tmp_path_factory.mktemp("claims"))
    yield project
    project.destroy()


@pytest.fixture(scope="module")
def given(project):
    return project.output("all")


def test_a_module_gives_seven_outputs(given):
    assert sorted(given) == [
        "ecr_repository_url",
        "ecs_task_definition_arn",
        "event_rule_arn",
        "lambda_function_arns",
        "manual_start_policy_arn",
        "sns_topic_arn",
        "state_machine_arn",
    ]
    assert sorted(given["lambda_function_arns"]) == ["compute_readmit", "copy_raw", "export_parquet", "notify", "validate_manifest"]


def test_functions_have_names_defaults_and_environments(cloud, given):
    client = cloud.client("lambda")
    found = {key: client.get_function_configuration(FunctionName=arn) for key, arn in given["lambda_function_arns"].items()}
    assert {key: one["FunctionName"] for key, one in found.items()} == {
        "validate_manifest": "dpc-validate-manifest",
        "copy_raw": "dpc-copy-raw",
        "compute_readmit": "dpc-compute-readmit",
        "export_parquet": "dpc-export-parquet",
        "notify": "dpc-tell",
    }
    # A description of a space says nothing.
    assert found["export_parquet"]["Description"] == "DPC pipeline export parquet function"
    assert {key: one["Timeout"] for key, one in found.items()} == dict.fromkeys(found, 300) | {"copy_raw": 600}
    assert {one["MemorySize"] for one in found.values()} == {512}
    assert {one["Role"].rsplit("/", 1)[1] for one in found.values()} == {"functions"}
    assert {one["Runtime"] for one in found.values()} == {"python3.12"}
    variables = {key: one["Environment"]["Variables"] for key, one in found.items()}
    assert variables["validate_manifest"] == {"LEVEL": "info", "TARGET_BUCKET": "none"}
    # A function's own goes before the module's default; what the module puts in before both.
    assert variables["compute_readmit"]["LEVEL"] == "debug" and variables["copy_raw"]["LEVEL"] == "info"
    assert variables["export_parquet"]["TARGET_BUCKET"] == "claims-exports" and variables["copy_raw"]["TARGET_BUCKET"] == "none"
    assert [key for key, one in variables.items() if "REDSHIFT_SECRET_ARN" in one] == ["compute_readmit"]
    assert [key for key, one in variables.items() if "SLACK_WEBHOOK_SECRET_ARN" in one] == ["notify"]
    assert client.list_tags(Resource=given["lambda_function_arns"]["notify"])["Tags"] == {"Environment": "dev"}


def test_repository_topic_and_definition(cloud, given):
    (repository,) = cloud.client("ecr").describe_repositories(repositoryNames=["dpc-dbt-runner"])["repositories"]
    assert repository["imageTagMutability"] == "MUTABLE" and repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert given["sns_topic_arn"].endswith(":dpc-pipeline")
    definition = cloud.client("ecs").describe_task_definition(taskDefinition=given["ecs_task_definition_arn"])["taskDefinition"]
    assert definition["family"] == "dpc-dbt-runner" and definition["networkMode"] == "awsvpc"
    assert (definition["cpu"], definition["memory"], definition["requiresCompatibilities"]) == ("1024", "2048", ["FARGATE"])
    assert definition["executionRoleArn"].endswith("/execution") and definition["taskRoleArn"].endswith("/dbt")
    (container,) = definition["containerDefinitions"]
    assert container["name"] == "dbt-runner" and container["essential"] and container["command"] == ["dbt", "run"]
    assert container["image"] == f"{given['ecr_repository_url']}:latest" and "logConfiguration" not in container
    variables = {pair["name"]: pair["value"] for pair in container["environment"]}
    assert variables["DBT_THREADS"] == "8" and variables["DBT_TARGET"] == "dev"
    assert variables["REDSHIFT_SECRET_ARN"].startswith("arn:aws:secretsmanager:") and len(variables) == 3


def test_machine_schedule_and_policy(cloud, given):
    machine = cloud.client("stepfunctions").describe_state_machine(stateMachineArn=given["state_machine_arn"])
    assert machine["name"] == "dpc-pipeline-dev" and machine["roleArn"].endswith("/machine")
    definition = json.loads(machine["definition"])
    assert definition["Comment"] == "DPC ELT pipeline"
    events = cloud.client("events")
    rule = events.describe_rule(Name="dpc-pipeline-dev-schedule")
    assert rule["ScheduleExpression"] == "cron(0 3 5 * ? *)" and rule["Arn"] == given["event_rule_arn"]
    (target,) = events.list_targets_by_rule(Rule="dpc-pipeline-dev-schedule")["Targets"]
    assert target["Id"] == "dpc-pipeline-dev-trigger" and target["Arn"] == given["state_machine_arn"]
    assert json.loads(target["Input"]) == {"yyyymm": "202504"} and target["RoleArn"].endswith("/schedule")
    iam = cloud.client("iam")
    policy = iam.get_policy(PolicyArn=given["manual_start_policy_arn"])["Policy"]
    assert policy["PolicyName"] == "dpc-pipeline-manual-start" and policy["AttachmentCount"] == 0
    document = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])["PolicyVersion"]["Document"]
    asked = [(statement["Action"], statement["Resource"]) for statement in document["Statement"]]
    executions = given["state_machine_arn"].replace(":stateMachine:", ":execution:") + ":*"
    assert asked == [
        (["states:StartExecution", "states:ListExecutions"], given["state_machine_arn"]),
        ("states:DescribeExecution", executions),
    ]


def test_a_month(cloud, given):
    done = cloud.run(given["state_machine_arn"], {"yyyymm": "202504"})
    assert done["status"] == "SUCCEEDED", done
    told = json.loads(done["output"])["Payload"]
    assert told["from"] == "notify" and told["given"]["status"] == "SUCCESS"
    detail = told["given"]["detail"]
    assert list(detail) == ["yyyymm", "validate_manifest", "copy_raw", "compute_readmit", "dbt", "export_parquet"]
    # Each function was given the input and all answers before it.
    assert list(detail["export_parquet"]["Payload"]["given"]) == ["yyyymm", "validate_manifest", "copy_raw", "compute_readmit", "dbt"]
    assert detail["compute_readmit"]["Payload"]["environment"]["LEVEL"] == "debug"
    task = cloud.ask("/tasks")[-1]
    assert task["command"] == ["dbt", "run"] and task["environment"]["YYYYMM"] == "202504" and task["environment"]["DBT_VARS"] == "{}"


def test_a_failure_is_told_of_and_ends_as_a_success(cloud, given):
    done = cloud.run(given["state_machine_arn"], {"yyyymm": "202504", "facility_cd": "000000000"})
    assert done["status"] == "SUCCEEDED", done
    told = json.loads(done["output"])["Payload"]["given"]
    assert told["status"] == "FAILURE" and list(told["detail"]) == ["yyyymm", "facility_cd", "validate_manifest", "error", "rollback"]
    assert told["detail"]["error"]["Error"] == "ValueError"
    assert told["detail"]["rollback"] == {"truncate_enabled": True, "statements": ["truncate stage.y1"]}


def test_a_failure_that_nobody_is_told_of_fails(cloud, given):
    done = cloud.run(given["state_machine_arn"], {"yyyymm": "202504", "facility_cd": "111111111"})
    assert (done["status"], done["error"]) == ("FAILED", "ValueError"), done


def test_operations(cloud, project, given):
    subscriptions = cloud.client("sns").list_subscriptions_by_topic(TopicArn=given["sns_topic_arn"])["Subscriptions"]
    assert sorted((one["Protocol"], one["Endpoint"]) for one in subscriptions) == [
        ("email", "claims@example.com"),
        ("lambda", given["lambda_function_arns"]["notify"]),
    ]
    client = cloud.client("cloudwatch")
    alarms = {one["AlarmName"]: one for one in client.describe_alarms()["MetricAlarms"]}
    failed, busy = alarms["dpc-dev-step-functions-failed"], alarms["dpc-dev-redshift-rpu-utilization"]
    assert (failed["Namespace"], failed["MetricName"], failed["Statistic"]) == ("AWS/States", "ExecutionsFailed", "Sum")
    assert (failed["Threshold"], failed["Period"], failed["EvaluationPeriods"]) == (1, 300, 1)
    assert failed["TreatMissingData"] == "notBreaching" and failed["OKActions"] == [] and failed["AlarmActions"] == [given["sns_topic_arn"]]
    assert (busy["Statistic"], busy["ComparisonOperator"], busy["Threshold"]) == ("Average", "GreaterThanThreshold", 80)
    assert client.list_tags_for_resource(ResourceARN=failed["AlarmArn"])["Tags"] == [{"Key": "Environment", "Value": "dev"}]
    policy = json.loads(cloud.client("lambda").get_policy(FunctionName="dpc-tell")["Policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}


def test_what_is_refused(project):
    def without_notify(text):
        return re.sub(r"\n    notify .*", "", text)

    assert "lambda_functions must" in project.refused(without_notify)
    both = lambda text: text.replace('value = "{}" }', 'value = "{}", value_path = "$.a" }')
    neither = lambda text: text.replace(', value_path = "$.yyyymm"', "")
    for change in (both, neither):
        assert "each value of it must satisfy (value.value == none) != (value.value_path == none)" in project.refused(change)


def test_what_is_refused_as_input(cloud, given):
    for value, said in (
        ({"yyyymm": "2025-04"}, "input `yyyymm` is `2025-04`, no Month"),
        ({"yyyymm": 202504}, "not a Month"),
        ({"yyyymm": "202504", "file_types": ["y1", "z"]}, "file_types"),
        ({"yyyymm": "202504", "facility": "131000123"}, "input `facility` is unknown"),
    ):
        done = cloud.run(given["state_machine_arn"], value)
        assert done["status"] == "FAILED" and said in done.get("cause", ""), done


def test_manifests_are_made_as_facilities_make_them(tmp_path, capsys):
    tool = ROOT / "examples/dpc-elt/sample.py"
    make = lambda *more: subprocess.run([sys.executable, tool, "--to", tmp_path, *more], capture_output=True, text=True)
    assert make().returncode == 0 and make().returncode == 0
    (path,) = (tmp_path / "manifests/yyyymm=202504").iterdir()
    stays, lines = json.loads(path.read_text())
    (file,) = (tmp_path / "y1/yyyymm=202504").iterdir()
    assert stays["records"] == len(file.read_text().splitlines()) - 1 == 200
    assert stays["hash"] == {"algorithm": "SHA256", "value": hashlib.sha256(file.read_bytes()).hexdigest()}
    # Another content is not written over what is there.
    refused = make("--wrong-count")
    assert refused.returncode == 1 and "--overwrite" in refused.stderr
    assert make("--wrong-count", "--overwrite").returncode == 0
    assert json.loads(path.read_text())[0]["records"] == 201

    sys.path.insert(0, str(tool.parent))
    import sample

    elsewhere = tmp_path / "rows.csv"
    elsewhere.write_text('a,b\n1,"two\nlines"\n3,4\n')
    assert sample.manifest(elsewhere, "131000123", "202504", algorithm="MD5")["records"] == 2
    assert "warning" in capsys.readouterr().err
    with pytest.raises(ValueError):
        sample.manifest(elsewhere, "131000123", "202504", strict=True)
