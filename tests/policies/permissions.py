#!/usr/bin/env python3
"""Every policy of the deployed examples before three tools that know AWS's authorization data.

usage: permissions.py FOLDER    with a JSON file for each program: {"name of the policy": {policy document}, …}

- parliament: actions that there are not, resources that do not fit an action, malformed ARNs;
- policy-sentry's copy of the service authorization reference: `*` stands as a resource only where AWS names none;
- cloudsplaining: privilege escalation, exposed resources, data that could be taken away, credentials.
"""

import json
import sys
from pathlib import Path

from cloudsplaining.scan.policy_document import PolicyDocument
from parliament import analyze_policy_string
from policy_sentry.querying.actions import get_action_data


# What stands on all resources though AWS could name some, each with the reason why it must.
EVERYWHERE = {
    # Lambda itself makes a function's interfaces, in the name of the function's role, and tries these when the function is
    # attached; the policy that AWS gives for it has them on all resources. Who else assumes the role is the role's trust.
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions (2026-11)
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}


def listed(value):
    return value if isinstance(value, list) else [value]


def resources_of(action: str) -> list[str]:
    """The forms of ARN that AWS lists for an action; `*` where it takes none."""
    service, name = action.split(":")
    found = get_action_data(service, name)  # nothing for an action that there is not: parliament says so
    return [form["resource_arn_format"] for form in found[service]] if found else []


def wildcards(document: dict):
    """Statements on all resources whose actions AWS could narrow; actions with a wildcard."""
    for statement in document["Statement"]:
        for action in listed(statement["Action"]):
            if "*" in action:
                yield f"{action}: a wildcard among actions"
                continue
            forms = [] if action in EVERYWHERE else resources_of(action)
            if "*" in listed(statement["Resource"]) and any(form != "*" for form in forms):
                yield f"{action} on `*`: AWS has {', '.join(sorted(set(forms) - {'*'}))}"


def exposures(document: dict):
    policy = PolicyDocument(document)
    found = {
        "privilege escalation": policy.allows_privilege_escalation,
        "permissions management without constraints": policy.permissions_management_without_constraints,
        "data exfiltration": policy.allows_data_exfiltration_actions,
        "write without constraints": policy.write_actions_without_constraints,
        "credentials": policy.credentials_exposure,
    }
    for what, actions in found.items():
        for action in actions:
            if action in EVERYWHERE or isinstance(action, str) and all(form == "*" for form in resources_of(action)):
                continue  # AWS has nothing to narrow it to
            yield f"{what}: {action}"


def main():
    (folder,) = sys.argv[1:]
    programs = sorted(Path(folder).glob("*.json"))
    wrong, policies, statements = [], 0, 0
    for program in programs:
        for name, document in json.loads(program.read_text()).items():
            policies += 1
            statements += len(document["Statement"])
            findings = [
                f"{finding.issue} {finding.title} {finding.detail}" for finding in analyze_policy_string(json.dumps(document)).findings
            ]
            # parliament says of `*` what `wildcards` says with the reason.
            findings = [finding for finding in findings if not finding.startswith("RESOURCE_STAR")]
            findings += [*wildcards(document), *exposures(document)]
            wrong += [f"{program.stem}, {name}: {finding}" for finding in findings]
    print(f"{policies} policies of {len(programs)} programs, {statements} statements: {len(wrong)} findings")
    print("\n".join(wrong))
    sys.exit(bool(wrong) or not policies)


main()
