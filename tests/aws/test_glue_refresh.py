"""The monthly refresh: its schedule's input runs all seven jobs, and a topic hears of it."""

import json

import pytest
from deployment import Deployment, wait


@pytest.fixture(scope="module")
def refresh(cloud, tmp_path_factory):
    # The job that the platform's monitoring owns.
    glue = cloud.client("glue")
    glue.create_job(Name="flywheel-data-monitor", Role="monitor", Command={"Name": "pythonshell", "ScriptLocation": "s3://x/y.py"})
    mails = ["data@example.org", "ops@example.org"]
    deployed = Deployment(cloud, "examples/glue-refresh/glue-refresh.flow", tmp_path_factory.mktemp("refresh"), mails=mails)
    yield deployed
    deployed.destroy()
    glue.delete_job(JobName="flywheel-data-monitor")


@pytest.fixture(scope="module")
def told(cloud, refresh):
    """A queue that hears what the topic says."""
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = refresh.output("topic")
    subscription = cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)

    def heard():
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    yield heard
    cloud.client("sns").unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=queue)


def runs(cloud):
    """The arguments of every run so far, by job."""
    glue = cloud.client("glue")
    jobs = [job for job in glue.list_jobs()["JobNames"] if "flywheel" in job]
    return {job: [run.get("Arguments", {}) for run in glue.get_job_runs(JobName=job)["JobRuns"]] for job in jobs}


def test_jobs(cloud, refresh):
    jobs = {job["Name"]: job for job in cloud.client("glue").get_jobs()["Jobs"] if job["Name"].startswith("flywheel-dev")}
    workers = {name: (job.get("WorkerType"), job.get("NumberOfWorkers"), job["Timeout"]) for name, job in jobs.items()}
    assert workers == {
        "flywheel-dev-split_attributes": ("G.4X", 24, 2880),
        "flywheel-dev-split_ids": ("G.4X", 24, 2880),
        "flywheel-dev-register": ("G.1X", 2, 300),
        "flywheel-dev-prepare": ("G.1X", 5, 300),
        "flywheel-dev-resolve": (None, None, 120),
        "flywheel-dev-report": ("G.1X", 2, 120),
    }
    assert jobs["flywheel-dev-register"]["ExecutionProperty"]["MaxConcurrentRuns"] == 2
    assert not any(job.get("MaxRetries") for job in jobs.values()), "retries are the flow's"
    resolve = jobs["flywheel-dev-resolve"]
    assert (resolve["Command"]["Name"], resolve["Command"]["PythonVersion"], resolve["MaxCapacity"]) == ("pythonshell", "3.9", 0.0625)
    spark = jobs["flywheel-dev-split_attributes"]
    assert (spark["GlueVersion"], spark["DefaultArguments"]) == ("5.0", {"--DATABASE": "flywheel", "--BUCKETS": "256"})


def test_who_is_told(cloud, refresh):
    sns = cloud.client("sns")
    topic = refresh.output("topic")
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert attributes["DisplayName"] == "Refresh of the database in dev" and "KmsMasterKeyId" not in attributes
    found = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert sorted((one["Protocol"], one["Endpoint"]) for one in found if one["Protocol"] == "email") == [
        ("email", "data@example.org"),
        ("email", "ops@example.org"),
    ]
    tags = {tag["Key"]: tag["Value"] for tag in sns.list_tags_for_resource(ResourceArn=topic)["Tags"]}
    assert tags == {"ManagedBy": "Terraform", "Module": "orchestration", "env": "dev", "project": "flywheel"}


def test_roles(cloud, refresh):
    policies = cloud.policies()
    flow = policies["flywheel-dev-refresh-flow/permissions"]["Statement"]
    listed = lambda value: value if isinstance(value, list) else [value]
    of = lambda action: sorted(arn for one in flow if action in listed(one["Action"]) for arn in listed(one["Resource"]))
    job = "arn:aws:glue:us-east-1:123456789012:job/flywheel-"
    names = ["data-monitor", "dev-prepare", "dev-register", "dev-report", "dev-resolve", "dev-split_attributes", "dev-split_ids"]
    for action in ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"]:
        assert sorted(set(of(action))) == [job + name for name in names]
    assert set(of("sns:Publish")) == {refresh.output("topic")}
    assert of("logs:CreateLogDelivery") == ["*"]
    (schedule,) = policies["flywheel-dev-refresh-schedule/permissions"]["Statement"]
    assert (schedule["Action"], schedule["Resource"]) == ("states:StartExecution", refresh.output("machine"))


def test_the_machine_s_log(cloud, refresh):
    machine = cloud.client("stepfunctions").describe_state_machine(stateMachineArn=refresh.output("machine"))
    assert machine["loggingConfiguration"]["level"] == "ALL"
    name = "/aws/vendedlogs/states/flywheel-dev-refresh"
    (group,) = cloud.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert group["retentionInDays"] == 365


def test_a_month(cloud, refresh, told):
    schedules = cloud.client("scheduler")
    found = [schedules.get_schedule(Name=one["Name"], GroupName=one["GroupName"]) for one in schedules.list_schedules()["Schedules"]]
    (schedule,) = [one for one in found if "refresh" in one["Name"]]
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("cron(0 2 1 * ? *)", "DISABLED"), "off in dev"
    value = json.loads(schedule["Target"]["Input"].replace("<aws.scheduler.scheduled-time>", "2026-02-01T02:00:00Z"))
    done = cloud.run(refresh.output("machine"), value, seconds=300)
    assert done["status"] == "SUCCEEDED", done
    ran = runs(cloud)
    assert {job: len(arguments) for job, arguments in ran.items()} == {
        "flywheel-data-monitor": 1,
        "flywheel-dev-prepare": 1,
        "flywheel-dev-register": 2,
        "flywheel-dev-report": 1,
        "flywheel-dev-resolve": 1,
        "flywheel-dev-split_attributes": 1,
        "flywheel-dev-split_ids": 1,
    }
    # What the run says goes before what the job says, which stays.
    assert ran["flywheel-dev-split_attributes"] == [
        {
            "--SNAPSHOT_DT": "_NONE_",
            "--TARGET_PATH": "s3://flywheel-assets-dev/parts",
            "--DATABASE": "flywheel",
            "--BUCKETS": "256",
        }
    ]
    assert sorted(run["--TABLE_PREFIX"] for run in ran["flywheel-dev-register"]) == ["ids_", "part_"]
    (message,) = wait("the message", told)
    assert message["Subject"] == "Refresh done in dev" and message["Message"].splitlines()[6] == "7 report"


def test_a_job_that_is_missing(cloud, refresh, told):
    """The job of others is gone: the stage fails for good, and the topic hears which."""
    cloud.client("glue").delete_job(JobName="flywheel-data-monitor")
    done = cloud.run(refresh.output("machine"), {}, seconds=300)
    cloud.client("glue").create_job(
        Name="flywheel-data-monitor", Role="monitor", Command={"Name": "pythonshell", "ScriptLocation": "s3://x/y.py"}
    )
    assert (done["status"], done["error"]) == ("FAILED", "JobExecutionFailed"), done
    (message,) = wait("the message", told)
    assert message["Subject"] == "Refresh failed in dev" and message["Message"].startswith("Stage watched failed")
