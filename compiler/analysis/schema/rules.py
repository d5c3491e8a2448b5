#!/usr/bin/env python3
"""Makes rules.txt: what the AWS provider asks of resources beside its schema, found out by asking it.

    FLOW_TERRAFORM_PLUGINS=… python3 rules.py > rules.txt

The schema knows attributes that must be given, but not that one of several must be, nor every block. So the least resource
that the schema allows is made of each type, every value a variable, and `terraform validate` says what it lacks; that is
given, and it is asked again, until it has no more to say of what can be told so. It takes some minutes; what it asks of
values (patterns, lists of words) does not come up.

    aws_lambda_function . exactly filename image_uri s3_bucket
    aws_securitylake_aws_log_source . block source
    aws_efs_replication_configuration destination some availability_zone_name region

A line is a type (`data.` before a data source's), the block in which the rule holds (`.` is the resource itself, dots part
nested ones), the kind of the rule, and names: `exactly` one of them, `some` of them, the `block` that must be there. A
last kind, `other`, is of a type whose least resource is refused for another reason.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import generate

HEAD = generate.CONFIGURATION + """provider "aws" {
  region = "us-east-1"
}
variable "text" {
  type = string
}
variable "number" {
  type = number
}
variable "flag" {
  type = bool
}
"""
SIMPLE = {"string": "var.text", "number": "var.number", "bool": "var.flag", "dynamic": "var.text"}
EXACTLY = (
    r"^Invalid combination of arguments: .*: one of `([^`]*)` must be specified",
    r"^Invalid Attribute Combination: No attribute specified when one \(and only one\) of \[([^\]]*(?:\[\d\][^\]]*)*)\] is required",
    r"^Missing Attribute Configuration: Exactly one of these attributes must be configured: \[(.*)\]",
)
SOME = (
    r"^Missing required argument: .*: one of `([^`]*)` must be specified",
    r"^Invalid Attribute Combination: At least one attribute out of \[(.*)\] must be specified",
    r"^Missing Attribute Configuration: At least one of these attributes must be configured: \[(.*)\]",
)
BLOCK = r"^Invalid Block: Block (\S+) must have a configuration value"


def plain(path):
    """`a[0].b` and `a.0.b` as `a.b`."""
    return re.sub(r"\[[^\]]*\]|\.\d+(?=\.|$)", "", path.strip())


def value(of):
    if isinstance(of, str):
        return SIMPLE[of]
    kind, inner = of
    if kind in ("list", "set"):
        return f"[{value(inner)}]"
    if kind == "map":
        return f"{{ key = {value(inner)} }}"
    return "{ " + ", ".join(f"{name} = {value(field)}" for name, field in sorted(inner.items())) + " }"


def body(block, rules, path=()):
    """The least body, with the first of what the rules ask for."""
    asked = [names[0] for at, _, names in rules if at == ".".join(path)]
    text = ""
    for name, of in sorted(block.get("attributes", {}).items()):
        if of.get("required") or name in asked:
            text += f"{name} = {value(of['type'])}\n"
    for name, of in sorted(block.get("block_types", {}).items()):
        for _ in range(max(of.get("min_items", 0), 1 if name in asked else 0)):
            text += f"{name} {{\n{body(of['block'], rules, (*path, name))}}}\n"
    return text


def has(block, path):
    """Whether a path is an attribute or block of a type."""
    for name in path[:-1]:
        nested = block.get("block_types", {}).get(name)
        if not nested:
            return False
        block = nested["block"]
    return path[-1] in block.get("attributes", {}) or path[-1] in block.get("block_types", {})


def rule(block, said):
    """A message as a rule, if it is one that can be told."""
    for kind, patterns in (("exactly", EXACTLY), ("some", SOME)):
        for pattern in patterns:
            found = re.search(pattern, said)
            if not found:
                continue
            paths = sorted({tuple(plain(path).split(".")) for path in found.group(1).split(",")})
            around = {path[:-1] for path in paths}
            if len(around) == 1 and all(has(block, path) for path in paths):
                return ".".join(around.pop()), kind, tuple(path[-1] for path in paths)
    found = re.search(BLOCK, said)
    if found:
        path = tuple(plain(found.group(1)).split("."))
        if has(block, path):
            return ".".join(path[:-1]), "block", (path[-1],)
    return None


def refusals(folder, types, rules):
    """What Terraform says of each type that it refuses."""
    text, lines = HEAD, {}
    for name in sorted(types):
        kind, bare = ("data", name[5:]) if name.startswith("data.") else ("resource", name)
        start = text.count("\n") + 1
        text += f'{kind} "{bare}" "r" {{\n{body(types[name], rules.get(name, []))}}}\n'
        lines.update(dict.fromkeys(range(start, text.count("\n") + 1), name))
    with open(os.path.join(folder, "main.tf"), "w", encoding="utf-8") as file:
        file.write(text)
    command = ["terraform", "validate", "-json"]
    shown = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=False).stdout
    found = {}
    for one in json.loads(shown)["diagnostics"]:
        if one["severity"] == "error":
            name = lines[one["range"]["start"]["line"]]
            words = f"{one['summary']}: {one.get('detail', '')}".replace("\n", " ")
            found.setdefault(name, set()).add(words)
    return found


def main():
    schemas = generate.provider()
    types = {name: of["block"] for name, of in schemas["resource_schemas"].items()}
    types.update({f"data.{name}": of["block"] for name, of in schemas["data_source_schemas"].items()})
    rules, other = {}, set()
    with tempfile.TemporaryDirectory() as folder:
        generate.initialise(folder, HEAD)
        asked = set(types)
        while asked:
            said = refusals(folder, {name: types[name] for name in asked}, rules)
            asked = set()
            for name, words in said.items():
                known = rules.setdefault(name, [])
                fresh = {rule(types[name], one) for one in words} - {None} - set(known)
                known.extend(sorted(fresh))
                (asked if fresh else other).add(name)
    for name in sorted(rules):
        for path, kind, names in sorted(rules[name]):
            sys.stdout.write(f"{name} {path or '.'} {kind} {' '.join(names)}\n")
        if name in other:
            sys.stdout.write(f"{name} . other\n")


main()
