#!/usr/bin/env python3
"""Two generators play one load at two nodes that run already; what `chatsim merge` makes of their histories.

usage: generators.py CHATSIM BINARIES SOURCE OUT

The figures are computed here once more, from the generators' own histories; recompute.py does the same from the merged one.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

CHATSIM, BINARIES, SOURCE, OUT = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
SCENARIO = SOURCE / "tests/sim/generators.yaml"
CHILDREN = []


def start(name, *command, ports):
    files = [OUT / f"{name}.{number}.port" for number in range(len(ports))]
    for option, file in zip(ports, files):
        command += (option, str(file))
    with open(OUT / f"{name}.log", "w", encoding="utf-8") as log:
        CHILDREN.append(subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL))
    for _ in range(2000):
        if all(file.exists() and file.read_text().strip() for file in files):
            return [file.read_text().strip() for file in files]
        time.sleep(0.01)
    raise SystemExit(f"{name} does not listen: {(OUT / f'{name}.log').read_text()}")


def run(*command, **environment):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=120, env=os.environ | environment)
    print("$", *command, "\n", done.stdout, done.stderr, "-> exit code", done.returncode)
    return done.returncode, done.stdout + done.stderr


def check(true, what):
    if not true:
        raise SystemExit(f"WRONG: {what}")


def play():
    """Leaves the histories of two generators, and what merging them said."""
    store = "http://127.0.0.1:" + start("store", BINARIES / "couchmock", "--listen", "127.0.0.1:0", ports=["--port-file"])[0] + "/chat"
    nodes = {}
    for name in ("n1", "n2"):
        port = start(name, BINARIES / "chatnode", "--store", store, "--name", name, "--listen", "127.0.0.1:0", "--journal", OUT / f"{name}.db",
                     ports=["--port-file"])[0]
        nodes[name] = "http://127.0.0.1:" + port
    if shutil.which("parallel"):
        return run(SOURCE / "scenarios/fleet/generators.sh", SCENARIO, 2, " ".join(f"{name}={url}" for name, url in nodes.items()),
                   CHATSIM=CHATSIM, STORE=store, OUT=str(OUT / "runs"), LEAD="4")
    attach = [part for name, url in nodes.items() for part in ("--attach", f"{name}={url}")]
    begin = int(time.time()) + 4
    runs = [subprocess.Popen([CHATSIM, "run", SCENARIO, "--world", "process", *attach, "--store", store, "--generator", f"{number}/2", "--start-at",
                              str(begin), "--out", OUT / "runs"]) for number in (1, 2)]
    for one in runs:
        one.wait(120)
    return run(CHATSIM, "merge", PARTS[0], PARTS[1], "--out", OUT / "runs/merged")


PARTS = [OUT / f"runs/generators-process-{number}of2" for number in (1, 2)]


def records(folder):
    return [json.loads(line) for line in open(folder / "history.jsonl", encoding="utf-8")]


def altered(name, folder, change):
    """A copy of a generator's folder, with what `change` makes of each of its records: a list."""
    copy = OUT / name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    kept = [made for record in records(folder) for made in change(record)]
    (copy / "history.jsonl").write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")
    return copy


def check_figures():
    parts = [records(part) for part in PARTS]
    merged = json.load(open(OUT / "runs/merged/results.json", encoding="utf-8"))
    alone = [json.load(open(part / "results.json", encoding="utf-8")) for part in PARTS]
    due = {r["msg"]: r["due"] for part in parts for r in part if r["what"] == "send"}
    shown = {(r["msg"], r["client"]): r["at"] - due[r["msg"]] for part in parts for r in part if r["what"] == "shown"}
    check(merged["counts"]["messages"] == len(due) == sum(one["counts"]["messages"] for one in alone), "messages add up")
    check(min(one["counts"]["messages"] for one in alone) > 0, "both generators talked")
    check(merged["counts"]["showings"] == len(shown) > sum(one["counts"]["showings"] for one in alone), "showings across generators are in")
    waits = sorted(max(wait, 0) for wait in shown.values())
    figures = merged["phases"][0]["metrics"]["shown"]
    check(figures["count"] == len(waits), "all samples are in the figures")
    for name, share in (("p50_us", 50_000), ("p99_us", 99_000), ("p999_us", 99_900)):
        check(figures[name] == waits[-(-len(waits) * share // 100_000) - 1], f"{name} is that of the joined samples")
    faults = {fault["name"]: fault for fault in merged["faults"]}
    check(sorted(faults) == ["again", "cut"] and len(merged["faults"]) == 2, "each fault is there once")
    code, _ = run(sys.executable, SOURCE / "tests/sim/recompute.py", OUT / "runs/merged")
    check(code == 0, "recompute.py agrees with the merged report")
    code, _ = run(sys.executable, SOURCE / "tests/sim/validate.py", SOURCE / "reports/results.schema.json", OUT / "runs/merged/results.json")
    check(code == 0, "results.json is as its schema says")


def check_good(verdict):
    """All passes, or the machine was too busy to tell."""
    for found in verdict["findings"]:
        is_busy = found["outcome"] == "unknown" and "too busy" in found["measured"] + " ".join(found["evidence"])
        check(found["outcome"] == "pass" or is_busy, f"{found}")


def check_alone():
    for part in PARTS:
        results = json.load(open(part / "results.json", encoding="utf-8"))
        check_good(results["verdict"])
        check("of other generators" in results["verdict"]["findings"][0]["measured"], "what is left out is told")


def merge(*folders):
    return run(CHATSIM, "merge", *folders, "--out", OUT / "again")


def check_refusals():
    code, said = merge(PARTS[0])
    check(code == 2 and "missing: 2" in said, "a gap is named")
    code, said = merge(PARTS[0], PARTS[1], PARTS[0])
    check(code == 64 and "generator 1 of 2 is there already" in said, "an overlap is refused")

    def other(member, value):
        def change(record):
            if record["what"] == "run":
                record["text"] = json.dumps(json.loads(record["text"]) | {member: value})
            return [record]
        return merge(PARTS[0], altered("other", PARTS[1], change))

    for member, value, words in (("experiment", "0", "another scenario"), ("chatsim", "0.0", "another build"), ("seed", 77, "another seed"),
                                 ("begin", "2026-01-01T00:00:00.000Z", "another --start-at"), ("generators", 3, "another number")):
        code, said = other(member, value)
        check(code == 64 and words in said, f"{member}: {words}")
    code, said = merge(PARTS[0], altered("cut", PARTS[1], lambda r: [] if r["what"] == "end" else [r]))
    check(code == 2 and "generator 2 has no end" in said, "a history that was cut is told")


def check_planted():
    own = {r["msg"] for r in records(PARTS[1]) if r["what"] == "send"}
    theirs = next(r for r in records(PARTS[1]) if r["what"] == "shown" and r["msg"] not in own)
    what = (theirs["msg"], theirs["client"])
    is_it = lambda r: r["what"] == "shown" and (r["msg"], r["client"]) == what
    lossy = altered("lossy", PARTS[1], lambda r: [] if is_it(r) else [r])
    code, said = run(CHATSIM, "analyze", lossy)
    check(code != 1 and "pass    no_loss" in said, "alone nobody can tell")
    code, said = merge(PARTS[0], lossy)
    check(code == 1 and what[0] in said and "no_loss" in said, "a loss between generators is found")
    twice = altered("twice", PARTS[1], lambda r: [r, r | {"what": "repeated", "flag": True}] if is_it(r) else [r])
    code, said = run(CHATSIM, "analyze", twice)
    check(code != 1 and "pass    no_duplicates" in said, "nor of duplicates")
    code, said = merge(PARTS[0], twice)
    check(code == 1 and "no_duplicates" in said, "as are duplicates")

    def shifted(by):
        return merge(PARTS[0], altered("shifted", PARTS[1], lambda r: [r | {"at": max(r["at"] + by, 0)}]))

    code, said = shifted(-300_000)
    check(code == 2 and "was shown before it was sent, by their clocks" in said, "clocks that disagree are seen")
    check(re.search(r"2's clock is behind 1's by (2[89]|3[01])\d ms", said), "and by how much")
    check("phantom or altered" in said and "pass    no_phantoms" in said, "and make no phantoms")


def check_start():
    command = (CHATSIM, "run", SCENARIO, "--world", "process", "--out", OUT / "refused")
    code, said = run(*command, "--start-at", int(time.time()) - 60)
    check(code == 64 and "s past" in said, "a time that is past is refused")
    code, said = run(*command, "--start-at", "tomorrow")
    check(code == 64 and "is no time" in said, "and what is no time")
    code, said = run(*command, "--generator", "1/2", "--attach", "n1=http://127.0.0.1:1", "--store", "http://127.0.0.1:1/chat")
    check(code == 64 and "needs --start-at" in said, "a generator begins with the others")
    code, said = run(CHATSIM, "run", SCENARIO, "--start-at", int(time.time()) + 60)
    check(code == 64 and "for the process world" in said, "virtual time has no wall clock")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    try:
        code, said = play()
        check(code in (0, 2), f"all is well: {said}")
        check_good(json.load(open(OUT / "runs/merged/results.json", encoding="utf-8"))["verdict"])
        check_figures()
        check_alone()
        check_refusals()
        check_planted()
        check_start()
    finally:
        for child in CHILDREN:
            child.terminate()
        for child in CHILDREN:
            child.wait(20)


main()
