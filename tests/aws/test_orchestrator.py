"""The orchestrator: two pipelines of others, then views of a PostgreSQL; refreshed by Flow, and by a function of Python."""

import io
import json
import zipfile

import postgres
import pytest
from deployment import ROOT, Deployment

pytestmark = pytest.mark.skipif(postgres.programs() is None, reason="neither the path nor /usr/lib/postgresql has initdb")

# What stands for the pipelines of others: each loads a row, and fails while the database says so.
PIPELINE = """
import os, psycopg

def handler(event, context):
    with psycopg.connect(os.environ["DATABASE"]) as connection:
        if connection.execute("select count(*) from broken where pipeline = %s", [os.environ["PIPELINE"]]).fetchone()[0]:
            raise RuntimeError(os.environ["PIPELINE"] + " is broken")
        connection.execute(os.environ["LOADS"])
    return {"event": event}
"""
LOADS = {
    "demand-pipeline": "insert into raw.metadata select 'd' || count(*), '2026-01-01', '2026-01-02', '2026-01-01' from raw.metadata",
    "verify-plus-pipeline": "insert into raw.verifyplus select now(), 'c' || count(*), 12.5 from raw.verifyplus",
}


@pytest.fixture(scope="module")
def database():
    server = postgres.Postgres()
    connection = server.connect()
    connection.execute((ROOT / "examples/orchestrator/schema.sql").read_text())
    connection.execute("create table broken (pipeline text)")
    server.connection = connection
    yield server
    connection.close()
    server.end()


@pytest.fixture(scope="module")
def around(cloud, database):
    """What others own: the pipelines, the network, the secret."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("main.py", PIPELINE)
    role = cloud.client("iam").create_role(RoleName="pipelines", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    login = f"host=127.0.0.1 port={database.port} dbname=postgres user={postgres.USER} password='{postgres.PASSWORD}'"
    arns = {}
    for name, loads in LOADS.items():
        variables = {"PIPELINE": name, "LOADS": loads, "DATABASE": login}
        arns[name] = cloud.client("lambda").create_function(
            FunctionName=name, Runtime="python3.12", Role=role, Handler="main.handler", Timeout=60,
            Code={"ZipFile": zipped.getvalue()}, Environment={"Variables": variables},
        )["FunctionArn"]
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="database", Description="database", VpcId=vpc)["GroupId"]
    value = json.dumps({"username": postgres.USER, "password": postgres.PASSWORD, "engine": "postgres"})
    secret = cloud.client("secretsmanager").create_secret(Name="database", SecretString=value)["ARN"]
    yield {
        "demand_pipeline_arn": arns["demand-pipeline"],
        "verify_plus_pipeline_arn": arns["verify-plus-pipeline"],
        "network": {"subnets": [subnet], "security_groups": [group]},
        "pg_endpoint": database.endpoint,
        "pg_secret_arn": secret,
    }
    for name in LOADS:
        cloud.client("lambda").delete_function(FunctionName=name)


@pytest.fixture(scope="module")
def orchestrator(cloud, around, tmp_path_factory):
    deployed = Deployment(cloud, "examples/orchestrator/orchestrator.flow", tmp_path_factory.mktemp("orchestrator"), **around)
    yield deployed
    deployed.destroy()


def counts(database) -> tuple[int, int, int]:
    """Demands archived and uploaded as the summary has them, and claims."""
    row = "select coalesce(sum(archived), 0), coalesce(sum(uploaded), 0), (select count(*) from curated.verifyplus) from analytics.demands_summary"
    return tuple(int(number) for number in database.connection.execute(row).fetchone())


def loaded(database) -> tuple[int, int, int]:
    """The same as the pipelines have loaded it."""
    row = "select count(archived), count(uploaded), (select count(*) from raw.verifyplus) from raw.metadata"
    return tuple(database.connection.execute(row).fetchone())


def test_pipelines_then_views(cloud, database, orchestrator):
    done = cloud.run(orchestrator.output("machine"), {})
    assert done["status"] == "SUCCEEDED", done
    # What is read comes before what reads it, whatever is listed first.
    refreshed = json.loads(done["output"])
    assert sorted(refreshed) == ["analytics.demands_summary", "curated.demands_archived", "curated.demands_uploaded", "curated.verifyplus"]
    assert refreshed.index("analytics.demands_summary") > refreshed.index("curated.demands_uploaded")
    assert counts(database) == loaded(database) == (1, 1, 1)
    # A pipeline is told nothing.
    (call,) = cloud.invocations("demand-pipeline")
    assert json.loads(call["event"]) in ({}, None)


def test_a_pipeline_that_stays_broken(cloud, database, orchestrator):
    database.connection.execute("insert into broken values ('verify-plus-pipeline')")
    before, refreshes = counts(database), len(cloud.invocations("claims-dev-worker"))
    done = cloud.run(orchestrator.output("machine"), {})
    database.connection.execute("truncate broken")
    assert (done["status"], done["error"]) == ("FAILED", "RuntimeError"), done
    assert len([call for call in cloud.invocations("verify-plus-pipeline") if not call["good"]]) == 4
    assert (counts(database), len(cloud.invocations("claims-dev-worker"))) == (before, refreshes)


def test_a_view_without_its_index(cloud, database, orchestrator):
    """Nothing is refreshed, and the cause says which view and what to do."""
    database.connection.execute('drop index curated."verifyplus_claimNumber_idx"')
    before = counts(database)
    done = cloud.run(orchestrator.output("machine"), {})
    database.connection.execute('create unique index on curated.verifyplus ("claimNumber")')
    assert (done["status"], done["error"]) == ("FAILED", "Flow.HandlerFailed"), done
    assert "`curated.verifyplus` has no unique index" in done["cause"]
    assert counts(database) == before


def test_what_is_deployed(cloud, around, orchestrator):
    names = orchestrator.terraform("state", "list")
    # Without a schedule there is none, nor a role that could start anything.
    assert "aws_scheduler_schedule.orchestrator" not in names and "orchestrator_schedule" not in names
    assert orchestrator.output("machine").endswith(":stateMachine:claims-dev-orchestrator")
    worker = cloud.client("lambda").get_function(FunctionName="claims-dev-worker-512mb-480s-attached")["Configuration"]
    assert worker["VpcConfig"]["SubnetIds"] == around["network"]["subnets"]
    iam = cloud.client("iam")
    policy = lambda role: iam.get_role_policy(RoleName=role, PolicyName="permissions")["PolicyDocument"]["Statement"]
    invoked = [arn for one in policy("claims-dev-orchestrator-flow") if "lambda:InvokeFunction" in _list(one["Action"]) for arn in _list(one["Resource"])]
    assert sorted(invoked) == sorted([around["demand_pipeline_arn"], around["verify_plus_pipeline_arn"], worker["FunctionArn"]])
    own = {action: _list(one["Resource"]) for one in policy("claims-dev-worker-512mb-480s-attached-function") for action in _list(one["Action"])}
    assert own["secretsmanager:GetSecretValue"] == [around["pg_secret_arn"]]
    assert own["ec2:CreateNetworkInterface"] == ["*"] and "lambda:InvokeFunction" not in own


def _list(value) -> list:
    return value if isinstance(value, list) else [value]


def test_the_same_with_a_function_of_python(cloud, database, around, tmp_path_factory):
    deployed = Deployment(
        cloud, "examples/orchestrator/opaque.flow", tmp_path_factory.mktemp("opaque"),
        **around, prefix="python", skip_layer_lookup=True, orchestrator_cron_schedule="0 5 * * ? *",
    )
    function = cloud.client("lambda").get_function(FunctionName=deployed.output("function"))
    about = function["Configuration"]
    assert (about["FunctionName"], about["Runtime"], about["Architectures"]) == ("python-dev-orchestrator-lambda", "python3.12", ["arm64"])
    assert (about["MemorySize"], about["Timeout"], about.get("Layers", [])) == (512, 480, [])
    assert about["VpcConfig"]["SubnetIds"] == around["network"]["subnets"]
    variables = about["Environment"]["Variables"]
    assert variables == {"LOCAL_MODE": "false", "PG_ENDPOINT": database.endpoint, "PG_SECRET_ARN": around["pg_secret_arn"]}
    assert cloud.keys("python-dev-orchestrator-lambda-bucket") == ["lambda_functions/orchestrator.zip"]
    (group,) = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/python-dev")["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/aws/lambda/python-dev-orchestrator-lambda", 7)
    schedules = cloud.client("scheduler").list_schedules(GroupName="python-dev-schedules")["Schedules"]
    assert [one["Name"] for one in schedules] == ["python-dev-orchestrator"]

    role = cloud.client("iam").get_role_policy(RoleName="python-dev-orchestrator-schedule", PolicyName="permissions")
    (may,) = role["PolicyDocument"]["Statement"]
    assert (_list(may["Action"]), _list(may["Resource"])) == (["states:StartExecution"], [deployed.output("machine")])

    done = cloud.run(deployed.output("machine"), {})
    assert done["status"] == "SUCCEEDED", done
    answer = json.loads(done["output"])
    assert answer["Payload"] == {"status": "ok", "message": "4 views refreshed"} and answer["StatusCode"] == 200
    assert counts(database) == loaded(database)

    # Once another pipeline has published its layer, the function has it.
    layer = cloud.client("lambda").publish_layer_version(LayerName="orchestrator", Content={"ZipFile": _zip()})["LayerVersionArn"]
    cloud.client("ssm").put_parameter(Name="/lambda-layers/orchestrator-dev-layer/latest-arn", Value=layer, Type="String")
    deployed.terraform("apply", "-input=false", "-auto-approve", *deployed.files(), "-var", "skip_layer_lookup=false")
    about = cloud.client("lambda").get_function(FunctionName=deployed.output("function"))["Configuration"]
    assert [one["Arn"] for one in about["Layers"]] == [layer]
    # Or this program publishes one itself.
    deployed.terraform("apply", "-input=false", "-auto-approve", *deployed.files(), "-var", "publish_layer=true")
    about = cloud.client("lambda").get_function(FunctionName=deployed.output("function"))["Configuration"]
    assert ["python-dev-libraries" in one["Arn"] for one in about["Layers"]] == [True]
    deployed.destroy()


def _zip() -> bytes:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("python/nothing.py", "")
    return zipped.getvalue()
