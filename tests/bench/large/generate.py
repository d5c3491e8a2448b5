#!/usr/bin/env python3
"""A large program, or the same as a CDK application's data. usage: generate.py STEPS > large.flow

Ten lines a step: what it loads, with its settings, a value of its result, a condition and a failure. Flows of 100 steps
each, so that every definition is one that Step Functions takes. The same number gives the same bytes."""

import sys

HEAD = """//! {steps} steps in {flows} flows: made by tests/bench/large/generate.py.
use std.retry.transient

project large {{ region = "us-east-1" }}

param loader: Arn = "arn:aws:lambda:us-east-1:123456789012:function:load"

/// Loads what one place delivered.
task load(place: String, day: Date) -> {{ rows: Int, state: "DONE" | "FAILED" }} {{
  resource   = "arn:aws:states:::lambda:invoke"
  arguments  = {{ FunctionName = loader, Payload = {{ place: place, day: day }} }}
  result     = result.Payload
  iam        = [{{ actions: ["lambda:InvokeFunction"], resources: [loader] }}]
  raises     = [Lambda.ServiceException]
  idempotent = true
  timeout    = 15m
}}
"""

STEP = """
  /// What place {n} delivered.
  step load_{n} = load("place-{n}", day) {{
    timeout = 10m
    retry   = transient
  }}
  let rows_{n} = load_{n}.rows{plus}
  if load_{n}.state == "FAILED" {{
    fail Load.Failed("place {n} on {{day}}: {{rows_{n}}} rows before it")
  }}
"""

OF_A_FLOW = 100


def program(steps):
    flows = range(0, steps, OF_A_FLOW)
    parts = [HEAD.format(steps=steps, flows=len(flows))]
    for first in flows:
        parts.append(f"\nflow load_from_{first}(day: Date) -> Int {{")
        last = min(first + OF_A_FLOW, steps) - 1
        for n in range(first, last + 1):
            parts.append(STEP.format(n=n, plus=f" + rows_{n - 1}" if n > first else ""))
        parts.append(f"  return rows_{last}\n}}\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(program(int(sys.argv[1])))
