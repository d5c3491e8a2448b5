"""The monthly refresh: its schedule's input runs all seven jobs, and a topic hears of it."""

import json

import pytest
from deployment import Deployment, wait


@pytest.fixture(scope="module")
def refresh(cloud, tmp_path_factory):
    # The job that the platform's monitoring owns.
    glue = cloud.client("glue")
    glue.create_job(Name="flywheel-data-monitor", Role="monitor", Command={"Name": "pythonshell", "ScriptLocation": "s3://x/y.py"})
    deployed = Deployment(cloud, "examples/glue-refresh/glue-refresh.flow", tmp_path_factory.mktemp("refresh"))
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
    assert ran["flywheel-dev-split_attributes"] == [
        {"--SNAPSHOT_DT": "_NONE_", "--TARGET_PATH": "s3://flywheel-assets-dev/parts"}
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
