#!/usr/bin/env python3
"""Makes aws.txt: what the AWS provider says of its resources and data sources, packed so that `flowc` can hold it.

    FLOW_TERRAFORM_PLUGINS=… python3 generate.py > aws.txt

It asks `terraform providers schema -json`; the plugins' folder is optional, without it Terraform downloads the provider.
The same provider gives the same bytes.

The file, whose reader is ../src/provider:

    schema 1 hashicorp/aws 5.100.0 BYTES   the version of this form, the provider, and how long the list of types is
    aws_sqs_queue OFFSET                   the list, sorted: a type, and where its shape stands after the list (hex);
    data.aws_sqs_queue OFFSET              `~` after the offset: deprecated
    NAME:FLAGS TYPE …                      shapes, a line each: attributes, then nested blocks, sorted

An attribute is `name:FLAGSTYPE"DOC`. Its first flag is `r` required, `o` optional, `c` computed, `p` optional and
computed; then `!` sensitive, `~` deprecated, `^` write only. A type is `s` string, `n` number, `b` bool, `*` any, `lT`
list, `eT` set, `mT` map, `{OFFSET}` an object of that shape. A nested block is `name=MODE MIN-MAX~#OFFSET"DOC` without
the space: `l` list, `e` set, `1` single, `m` map, `g` group; 0 as the maximum is none. DOC is where a line of text stands,
with `\\n` for its line ends. Shapes that are alike stand there once.
"""

import json
import os
import subprocess
import sys
import tempfile

VERSION = "5.100.0"
SIMPLE = {"string": "s", "number": "n", "bool": "b", "dynamic": "*"}
WRAPPED = {"list": "l", "set": "e", "map": "m"}
MODES = {"list": "l", "set": "e", "single": "1", "map": "m", "group": "g"}
CONFIGURATION = f"""terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "{VERSION}"
    }}
  }}
}}
"""


def initialise(folder, configuration):
    """A folder with a configuration and the provider."""
    with open(os.path.join(folder, "main.tf"), "w", encoding="utf-8") as file:
        file.write(configuration)
    plugins = os.environ.get("FLOW_TERRAFORM_PLUGINS")
    init = ["terraform", "init", "-input=false", "-no-color"] + ([f"-plugin-dir={plugins}"] if plugins else [])
    subprocess.run(init, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def provider():
    """The provider's schemas, as Terraform prints them."""
    with tempfile.TemporaryDirectory() as folder:
        initialise(folder, CONFIGURATION)
        show = ["terraform", "providers", "schema", "-json"]
        text = subprocess.run(show, cwd=folder, check=True, stdout=subprocess.PIPE).stdout
    (schemas,) = json.loads(text)["provider_schemas"].values()
    return schemas


class Shapes:
    """Lines, each once, and where they begin."""

    def __init__(self):
        self.lines = []
        self.known = {}
        self.length = 0

    def put(self, line):
        if line not in self.known:
            self.known[line] = format(self.length, "x")
            self.lines.append(line)
            self.length += len(line.encode("utf-8")) + 1
        return self.known[line]

    def doc(self, of):
        text = of.get("description", "").strip()
        if not text:
            return ""
        escaped = text.replace("\\", "\\\\").replace("\r", "").replace("\n", "\\n")
        return '"' + self.put(escaped)

    def type(self, of):
        if isinstance(of, str):
            return SIMPLE[of]
        kind, inner = of
        if kind == "object":
            fields = [f"{name}:o{self.type(field)}" for name, field in sorted(inner.items())]
            return "{" + self.put(" ".join(fields)) + "}"
        return WRAPPED[kind] + self.type(inner)

    def attribute(self, name, of):
        if of.get("required"):
            flags = "r"
        elif of.get("optional"):
            flags = "p" if of.get("computed") else "o"
        else:
            flags = "c"
        marks = (("sensitive", "!"), ("deprecated", "~"), ("write_only", "^"))
        flags += "".join(mark for field, mark in marks if of.get(field))
        return f"{name}:{flags}{self.type(of['type'])}{self.doc(of)}"

    def nested(self, name, of):
        block = of["block"]
        counts = f"{of.get('min_items', 0)}-{of.get('max_items', 0)}"
        mark = "~" if block.get("deprecated") else ""
        return f"{name}={MODES[of['nesting_mode']]}{counts}{mark}#{self.block(block)}{self.doc(block)}"

    def block(self, of):
        attributes = [self.attribute(name, part) for name, part in sorted(of.get("attributes", {}).items())]
        blocks = [self.nested(name, part) for name, part in sorted(of.get("block_types", {}).items())]
        return self.put(" ".join(attributes + blocks))


def main():
    schemas = provider()
    shapes = Shapes()
    types = []
    for section, prefix in (("resource_schemas", ""), ("data_source_schemas", "data.")):
        for name, of in schemas[section].items():
            block = of["block"]
            types.append((prefix + name, shapes.block(block) + ("~" if block.get("deprecated") else "")))
    listed = "".join(f"{name} {place}\n" for name, place in sorted(types))
    sys.stdout.write(f"schema 1 hashicorp/aws {VERSION} {len(listed.encode('utf-8'))}\n")
    sys.stdout.write(listed)
    sys.stdout.write("".join(line + "\n" for line in shapes.lines))


if __name__ == "__main__":
    main()
