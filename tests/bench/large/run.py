#!/usr/bin/env python3
"""`flowc check` and `flowc build` of programs of 100 to 10,000 steps, beside `cdk synth` of the same 1,000 steps.
usage: run.py FLOWC PROFILE MODULES|- ROUNDS

Whole processes, in turns, in one run; the least of the rounds, since what else the machine does only adds. The milliseconds
of the table are the processor's: `flowc` has one thread, so that they are what it takes on an idle machine. The ratios
beside the peer, which has several threads, are of the wall's clock. Memory is the largest resident set. Exits with 1 where
a bound is passed."""

import os
import subprocess
import sys
import tempfile
import time

from generate import program

flowc, profile, modules, rounds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
SIZES = [100, 300, 1_000, 3_000, 10_000]
CHECK, BUILD, MEMORY = 100, 200, 150
# From 100 to 10,000 steps the cost of a step may grow by this, no more.
GROWTH = 1.5


def once(command, folder):
    """The processor's milliseconds, megabytes, the wall's milliseconds of one process with those that it starts."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = (time.perf_counter() - began) * 1000
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}: {said.decode()[-2000:]}")
    return (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024, took


def least(command, folder, count):
    runs = [once(command, folder) for _ in range(count)]
    return min(busy for busy, _, _ in runs), max(memory for _, memory, _ in runs), min(took for _, _, took in runs)


with tempfile.TemporaryDirectory() as place:
    for size in SIZES:
        with open(f"{place}/{size}.flow", "w", encoding="utf-8") as file:
            file.write(program(size))
    lines = {size: sum(1 for _ in open(f"{place}/{size}.flow", encoding="utf-8")) for size in SIZES}
    print(f"flowc of profile {profile}; the least of {rounds} rounds")
    print(f"{'steps':>7} {'lines':>8} {'check ms':>9} {'ms/1,000':>9} {'MB':>5} {'build ms':>9} {'ms/1,000':>9} {'MB':>5}")
    measured = {}
    for size in SIZES:
        check = least([flowc, "check", f"{size}.flow"], place, rounds)
        build = least([flowc, "build", f"{size}.flow", "--out", f"out{size}"], place, rounds)
        measured[size] = (check, build)
        per = lambda took: took * 1000 / size
        print(
            f"{size:>7,} {lines[size]:>8,} {check[0]:>9.1f} {per(check[0]):>9.1f} {check[1]:>5.0f}"
            f" {build[0]:>9.1f} {per(build[0]):>9.1f} {build[1]:>5.0f}"
        )
    (check, check_memory, _), (build, build_memory, build_took) = measured[1_000]
    wrong = []
    for what, value, bound in [
        ("check of 1,000 steps, ms", check, CHECK),
        ("build of 1,000 steps, ms", build, BUILD),
        ("memory of 1,000 steps, MB", max(check_memory, build_memory), MEMORY),
    ]:
        print(f"{what}: {value:.0f}, bound {bound}")
        if value > bound:
            wrong.append(what)
    for name, index in [("check", 0), ("build", 1)]:
        # Without what an empty program takes.
        ratio = (measured[10_000][index][0] - measured[100][index][0]) / (measured[1_000][index][0] - measured[100][index][0])
        growth = ratio / (9_900 / 900)
        print(f"{name}: a step of 10,000 costs {growth:.2f} times one of 1,000")
        if growth > GROWTH:
            wrong.append(f"{name} is not linear")
    if modules == "-":
        print("cdk synth: skipped, npm's packages are not there")
    else:
        synth = ["node_modules/.bin/cdk", "synth", "--quiet", "--output", f"{place}/cdk.out", "--app", "node app.mjs 1000"]
        _, node_memory, node = least(["node", "app.mjs", "1000"], modules, max(2, rounds // 3))
        _, cdk_memory, cdk = least(synth, modules, max(2, rounds // 3))
        print(f"the application alone (node): {node:.0f} ms, {node_memory:.0f} MB; with `cdk synth`: {cdk:.0f} ms, {cdk_memory:.0f} MB")
        print(f"build : application = 1 : {node / build_took:.0f}; build : cdk synth = 1 : {cdk / build_took:.0f}; memory 1 : {node_memory / build_memory:.1f}")
    if wrong:
        sys.exit(f"over a bound: {', '.join(wrong)}")
