"""Tasks of ECS: the container's command as a process, in the program that stands for its image.

`images` says which program: the image's repository name to a command and its environment, as control.py sets it. A task whose
image nobody set ends with exit code 0 and says so.
"""

import json
import os
import subprocess
import threading

import boto3

# Repository's name → {"command": [...], "environment": {...}, "directory": "..."}
images: dict[str, dict] = {}
# Every task: image, command, environment, exit code, output.
tasks: list[dict] = []
endpoint = ""


def _program(image: str) -> dict:
    name = image.rsplit("/", 1)[-1].split(":")[0].split("@")[0]
    return images.get(name, {"command": ["/bin/sh", "-c", f"echo nobody said what runs {name}; exit 0", "--"]})


def _run(backend, task, definition, overrides):
    container = definition.container_definitions[0]
    override = next(iter((overrides or {}).get("containerOverrides", [])), {})
    program = _program(container.get("image", ""))
    command = override.get("command") or container.get("command") or []
    pairs = (container.get("environment") or []) + (override.get("environment") or [])
    named = {pair["name"]: pair["value"] for pair in pairs}
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/tmp"),
        "AWS_REGION": backend.region_name,
        "AWS_DEFAULT_REGION": backend.region_name,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }
    done = subprocess.run(
        program["command"] + command,
        env=environment | program.get("environment", {}) | named,
        cwd=program.get("directory"),
        capture_output=True,
        text=True,
    )
    tasks.append(
        {
            "image": container.get("image"),
            "command": command,
            "environment": named,
            "code": done.returncode,
            "output": (done.stdout + done.stderr)[-20000:],
        }
    )
    task.containers[0].exit_code = done.returncode
    task.containers[0].exitCode = done.returncode
    task.containers[0].last_status = "STOPPED"
    task.stop_code = "EssentialContainerExited"
    task.stopped_reason = "Essential container in task exited"
    task.desired_status = "STOPPED"
    task._status = "STOPPED"


def install():
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface
    from moto.ecs.models import EC2ContainerServiceBackend
    from moto.moto_api import state_manager
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_ecs

    # The status moves when the process ends, not when somebody looks.
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 10**9})
    run_task = EC2ContainerServiceBackend.run_task

    def ours(self, cluster_str, task_definition_str, count, overrides, *rest, **named):
        started = run_task(self, cluster_str, task_definition_str, count, overrides, *rest, **named)
        definition = self.describe_task_definition(task_definition_str)
        for task in started:
            threading.Thread(target=_run, args=(self, task, definition, overrides), daemon=True).start()
        return started

    EC2ContainerServiceBackend.run_task = ours
    # moto gives it only to interfaces of networks with names of hosts.
    NetworkInterface.private_dns_name = ""
    # moto adds up the containers' own memory, which tasks of Fargate need not have.
    EC2ContainerServiceBackend._calculate_task_resource_requirements = staticmethod(
        lambda task_definition: {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}
    )

    # moto hands the state's arguments on as they are written there, and takes every stopped task for a success.
    service = state_task_service_ecs.StateTaskServiceEcs

    def client(part):
        return boto3.client(
            "ecs", region_name=part.region, endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test"
        )

    def start(self, env, resource_runtime_part, normalised_parameters, state_credentials):
        started = client(resource_runtime_part).run_task(**_renamed(normalised_parameters, str.lower))
        env.stack.append(_renamed({"tasks": started["tasks"], "failures": started["failures"]}, str.upper))

    def resolver(self, env, resource_runtime_part, normalised_parameters, state_credentials):
        (task,) = env.stack.pop()["Tasks"]

        def resolve():
            found = client(resource_runtime_part).describe_tasks(cluster=task["ClusterArn"], tasks=[task["TaskArn"]])
            (described,) = _renamed(found["tasks"], str.upper)
            if described["LastStatus"] != "STOPPED":
                return None
            if any(container.get("ExitCode") not in (0, None) for container in described["Containers"]):
                raise _failed(env, described)
            return described

        return resolve

    service._eval_service_task = start
    service._build_sync_resolver = resolver


def _renamed(value, first):
    """The value with the first letter of every field changed, as Step Functions and the API write them; dates as texts."""
    if isinstance(value, dict):
        return {first(name[:1]) + name[1:]: _renamed(inner, first) for name, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, first) for inner in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _failed(env, stopped):
    from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    cause = json.dumps(stopped, default=str)
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(
                taskFailedEventDetails=TaskFailedEventDetails(
                    error="States.TaskFailed", cause=cause, resource="runTask.sync", resourceType="ecs"
                )
            ),
        )
    )
