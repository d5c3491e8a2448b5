"""Targets of EventBridge rules that moto leaves out: state machines, started with the event as an input transformer makes it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html (2026-11)
"""

import json
import re
import threading
import traceback
import uuid

import boto3

endpoint = ""


def _at(event, path):
    """What lies at `$.detail.id`; a path that leads nowhere gives nothing."""
    found = event
    for name in path.removeprefix("$").strip(".").split("."):
        if name:
            found = found.get(name) if isinstance(found, dict) else None
    return found


def transformed(target, event) -> str:
    """The event as text; with a transformer each `<name>` of the template is the JSON of what lies at its path."""
    transformer = target.get("InputTransformer")
    if target.get("Input"):
        return target["Input"]
    if not transformer:
        return json.dumps(event)
    values = {name: _at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    return re.sub(r"<([^<>]+)>", lambda found: json.dumps(values.get(found[1])), transformer["InputTemplate"])


def _start(target, event, region):
    try:
        states = boto3.client(
            "stepfunctions", region_name=region, endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test"
        )
        states.start_execution(stateMachineArn=target["Arn"], name=str(uuid.uuid4()), input=transformed(target, event))
    except Exception:
        traceback.print_exc()


def install():
    from moto.events.models import Rule

    others = Rule.send_to_targets

    def send_to_targets(self, original_event, transform_input=True):
        machines = [target for target in self.targets if ":states:" in target["Arn"]]
        if machines and self.event_pattern.matches_event(original_event):
            event = json.loads(json.dumps(original_event, default=str))
            for target in machines:
                threading.Thread(target=_start, args=(target, event, self.region_name), daemon=True).start()
        kept = self.targets
        self.targets = [target for target in kept if target not in machines]
        try:
            return others(self, original_event, transform_input)
        finally:
            self.targets = kept

    Rule.send_to_targets = send_to_targets
