"""Tasks of ECS: the container's command as a process, in the program that stands for its image.

`images` says which program: the image's repository name to a command and its environment, as control.py sets it. A task whose
image nobody set ends with exit code 0 and says so.
"""

import os
import subprocess
import threading

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

    # A task whose essential container failed is a failed state; moto takes every stopped task for a success.
    service = state_task_service_ecs.StateTaskServiceEcs
    build = service._build_sync_resolver

    def resolver(self, env, *rest, **named):
        inner = build(self, env, *rest, **named)

        def resolve():
            stopped = inner()
            if stopped is not None:
                codes = [container.get("ExitCode") for container in stopped.get("Containers", [])]
                if any(code not in (0, None) for code in codes):
                    raise _failed(env, stopped)
            return stopped

        return resolve

    service._build_sync_resolver = resolver


def _failed(env, stopped):
    import json

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
