#!/usr/bin/env python3
"""Recomputes a run's figures from its history.jsonl alone and compares them with its results.json and JUnit file.

usage: recompute.py DIR

It shares nothing with the checkers: what is owed to whom, which latencies there are, phases, quantiles and counts are
derived here once more, from what reports/results.schema.json and the history's records say. Exit code 0: all agree.
"""
import json
import sys
import xml.etree.ElementTree
from pathlib import Path

METRICS = ("local_ack", "local_echo", "delivery", "stored", "shown")
QUANTILES = {"p50_us": 50_000, "p90_us": 90_000, "p95_us": 95_000, "p99_us": 99_000, "p999_us": 99_900, "max_us": 100_000}


class History:
    def __init__(self, path):
        self.messages, self.followers, self.where, self.connected = {}, {}, {}, {}
        self.shown, self.documents, self.faults, self.requests = [], {}, [], 0
        self.disk_wiped, self.store_wiped, self.changed = {}, -1, {}
        self.end, self.healed, self.tries, self.repeated = 0, -1, 0, 0
        self.connected_at_end = None
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            record = json.loads(line)
            self.end = max(self.end, record.get("at", 0))
            getattr(self, "on_" + record["what"], lambda *_: None)(record, number)
        if self.connected_at_end is None:
            self.connected_at_end = dict(self.connected)
        for fault in self.faults:
            if fault["to"] is None:
                fault["to"] = self.healed if self.healed >= fault["from"] else self.end

    def named(self, r):
        """Of a removed message only the id is known."""
        return r.get("msg") or self.changed.get(r.get("id"), "")

    def on_change_sent(self, r, _):
        self.changed[r["id"]] = r["msg"]

    on_by_hand = on_change_sent

    def on_by_hand_done(self, r, _):
        if not r.get("flag") and r["text"] in ("delete", "purge"):
            self.message(r["msg"])["deleted"] = True

    def message(self, name):
        return self.messages.setdefault(name, {"seq": 0, "due": -1, "sent": -1, "accepted": -1, "stored": -1, "refused": False,
                                               "failed": False, "node": None, "by": None, "room": None, "client": None,
                                               "disk_lost": False, "store_lost": False, "elsewhere": False, "excused": False})

    def on_connected(self, r, _):
        self.where[r["client"]], self.connected[r["client"]] = r["node"], True

    def on_disconnected(self, r, _):
        self.connected[r["client"]] = False

    def on_joined(self, r, number):
        self.followers.setdefault(r["room"], {}).setdefault(r["client"], number)

    def on_unsent(self, r, _):
        m = self.message(r["msg"])
        m["client"], m["room"], m["due"] = r["client"], r["room"], r.get("due", -1)

    def on_send(self, r, number):
        self.tries += 1
        m = self.message(r["msg"])
        m["client"], m["room"] = r["client"], r["room"]
        if r.get("due", -1) >= 0:
            m["due"] = r["due"]
        if not m["seq"]:
            m["seq"], m["sent"], m["node"] = number, r.get("at", 0), r.get("node") or self.where.get(r["client"])
            m["due"] = m["due"] if m["due"] >= 0 else m["sent"]

    @staticmethod
    def excuse(m):
        """What faults destroyed at its node and in the store is nobody's loss, unless another journal has it that can heal the store."""
        if m["disk_lost"] and (m["stored"] < 0 or (m["store_lost"] and not m["elsewhere"])):
            m["excused"] = True

    def answered(self, r):
        m = self.message(r["msg"])
        if m["accepted"] < 0:
            m["accepted"], m["by"] = r.get("at", 0), r.get("node") or self.where.get(r["client"])
            m["disk_lost"] = self.disk_wiped.get(m["by"], -1) >= m["sent"]
            m["store_lost"] = self.store_wiped >= m["sent"]
            self.excuse(m)
        return m

    def on_accepted(self, r, _):
        self.answered(r)

    def on_stored(self, r, _):
        m = self.answered(r)
        if m["stored"] < 0:
            m["stored"] = r.get("at", 0)

    def on_failed(self, r, _):
        self.answered(r)["failed"] = True

    def on_refused(self, r, _):
        self.message(r["msg"])["refused"] = True

    def on_shown(self, r, _):
        m = self.message(self.named(r))
        node = r.get("node") or self.where.get(r["client"])
        m["elsewhere"] = m["elsewhere"] or node not in (m["node"], m["by"])
        self.shown.append((self.named(r), r["client"], node, r.get("at", 0), r.get("flag", False), r.get("via", "live")))

    def on_repeated(self, *_):
        self.repeated += 1

    def on_node(self, r, _):
        if r.get("text") in ("wiped", "restored"):
            kept_until = -1 if r["text"] == "wiped" else r.get("at", 0) - r.get("count", 0) * 1000
            self.disk_wiped[r["node"]] = r.get("at", 0)
            for m in self.messages.values():
                if m["by"] == r["node"] and m["accepted"] >= kept_until:
                    m["disk_lost"] = True
                    self.excuse(m)

    def on_requests(self, r, _):
        self.requests += r.get("count", 0)

    def on_fault_on(self, r, _):
        self.faults.append({"name": r["name"], "kind": r["text"], "from": r.get("at", 0), "to": None})
        if r["text"] not in ("store.wipe", "store.amnesia", "store.failover"):
            return
        self.store_wiped = r.get("at", 0)
        for m in self.messages.values():
            if m["accepted"] >= 0:
                m["store_lost"] = True
                self.excuse(m)

    def on_fault_off(self, r, _):
        for fault in reversed(self.faults):
            if fault["name"] == r["name"] and fault["to"] is None:
                fault["to"] = r.get("at", 0)
                return

    def on_healed(self, r, _):
        self.healed = r["at"]

    def looked(self):
        if self.connected_at_end is None:
            self.connected_at_end = dict(self.connected)

    def on_document(self, r, _):
        self.looked()
        name = self.named(r)
        if name in self.messages:
            self.documents[name] = self.documents.get(name, 0) + 1

    def on_history(self, *_):
        self.looked()

    def on_end(self, *_):
        self.looked()


def samples_of(history):
    """metric -> [(due, waited, arrived, waited from sending)]"""
    samples = {metric: [] for metric in METRICS}
    first = {}
    for msg, client, node, at, _, _ in history.shown:
        first.setdefault(msg, {}).setdefault(client, (node, at))
    lost = 0
    for name, m in history.messages.items():
        if not m["seq"] or (m["refused"] and m["accepted"] < 0):
            continue

        def add(metric, at):
            waited = max((at if at >= 0 else history.end) - m["due"], 0)
            samples[metric].append((m["due"], waited, at >= 0, max(waited - max(m["sent"] - m["due"], 0), 0)))

        add("local_ack", m["accepted"])
        in_store = history.documents.get(name, 0) > 0
        if m["stored"] >= 0 or not in_store:
            add("stored", m["stored"])
        rejecting = any(f["kind"] == "store.reject" and (f["to"] is None or f["to"] >= m["sent"]) for f in history.faults)
        rejected = rejecting and (m["failed"] or (not in_store and (m["stored"] < 0 or m["store_lost"])))
        owed = m["accepted"] >= 0 and not rejected and not m.get("deleted") and (not m["excused"] or (m["stored"] >= 0 and not m["store_lost"]) or in_store)
        echoes, echo_owed, missing = [], False, False
        for client, since in history.followers.get(m["room"], {}).items():
            if since >= m["seq"]:
                continue
            if client in first.get(name, {}):
                node, at = first[name][client]
                add("shown", at)
                if node == m["node"]:
                    echoes.append(at)
                    echo_owed = True
                else:
                    add("delivery", at)
            elif owed and history.connected_at_end.get(client):
                missing = True
                add("shown", -1)
                if history.where[client] == m["node"]:
                    echo_owed = True
                else:
                    add("delivery", -1)
        if echo_owed:
            add("local_echo", min(echoes) if echoes else -1)
        if owed and (missing or m["failed"] or (history.documents and not in_store)):
            lost += 1
    return samples, lost


def spans_of(history, phase):
    if not phase:
        return [(0, history.end)]
    when, name = phase.split(" ", 1)
    during = [(f["from"], f["to"]) for f in history.faults if name in (f["name"], f["name"].split("#")[0])]
    if when == "before":
        return [(0, min(a for a, _ in during) - 1)]
    return during if when == "during" else [(max(b for _, b in during) + 1, history.end)]


class Comparison:
    def __init__(self):
        self.compared, self.wrong = 0, []

    def same(self, what, theirs, ours):
        self.compared += 1
        if theirs != ours:
            self.wrong.append(f"{what}: results.json says {theirs}, the history {ours}")


def compare_metric(check, what, theirs, waits):
    waits.sort(key=lambda w: (not w[1], w[0]))
    arrived = [w for w, ok in waits if ok]
    check.same(f"{what} count", theirs["count"], len(waits))
    check.same(f"{what} undelivered", theirs["undelivered"], len(waits) - len(arrived))
    if not waits:
        return
    if arrived:
        check.same(f"{what} mean", theirs["mean_us"], sum(arrived) // len(arrived))
    more_than = []
    for name, share in QUANTILES.items():
        rank = min(max(-(-len(waits) * share // 100_000), 1), len(waits))
        waited, ok = waits[rank - 1]
        check.same(f"{what} {name}", theirs[name], waited)
        if not ok:
            more_than.append(name.removesuffix("_us"))
    check.same(f"{what} more_than", theirs["more_than"], more_than)


def compare_series(check, series, history, samples):
    step, steps = series["step_us"], series["steps"]
    at = lambda us: min(max(us, 0), history.end) // step
    lines = {name: [0] * steps for name in ("sends", "accepts", "stores", "deliveries")}
    for m in history.messages.values():
        for name, key in (("sends", "sent"), ("accepts", "accepted"), ("stores", "stored")):
            if m[key] >= 0:
                lines[name][at(m[key])] += 1
    for shown in history.shown:
        lines["deliveries"][at(shown[3])] += 1
    for name, line in lines.items():
        check.same(f"series {name}", series[name], line)
    for metric in METRICS:
        most, number = [-1] * steps, [0] * steps
        for due, waited, ok, _ in samples[metric]:
            number[at(due)] += 1
            if ok:
                most[at(due)] = max(most[at(due)], waited)
        check.same(f"series {metric} count", series["latencies"][metric]["count"], number)
        check.same(f"series {metric} max", series["latencies"][metric]["max"], most)


def compare_junit(check, path, verdict):
    root = xml.etree.ElementTree.parse(path).getroot()
    cases = root.findall("./testsuite/testcase")
    check.same("JUnit names", [f["property"] for f in verdict["findings"]], [c.get("name") for c in cases])
    outcome = lambda case: "fail" if case.find("failure") is not None else "unknown" if case.find("error") is not None else "pass"
    check.same("JUnit outcomes", [f["outcome"] for f in verdict["findings"]], [outcome(c) for c in cases])
    for key, value in (("tests", len(cases)), ("failures", len(root.findall(".//failure"))), ("errors", len(root.findall(".//error")))):
        check.same(f"JUnit {key}", root.get(key), str(value))


def main():
    folder = Path(sys.argv[1])
    results = json.load(open(folder / "results.json", encoding="utf-8"))
    history = History(folder / "history.jsonl")
    samples, lost = samples_of(history)
    check = Comparison()
    messages = [m for m in history.messages.values() if m["seq"]]
    for name, value in {"messages": len(messages), "tries": history.tries, "accepted": sum(m["accepted"] >= 0 for m in history.messages.values()),
                        "stored": sum(m["stored"] >= 0 for m in history.messages.values()), "showings": len(history.shown),
                        "late": sum(s[4] for s in history.shown), "resumed": sum(s[5] != "live" for s in history.shown),
                        "repeated": history.repeated, "requests": history.requests}.items():
        check.same(f"count of {name}", results["counts"][name], value)
    for phase in results["phases"]:
        spans = spans_of(history, phase["name"])
        check.same(f"{phase['name']} spans", phase["spans"], [list(s) for s in spans])
        for metric in METRICS:
            within = [s for s in samples[metric] if any(a <= s[0] <= b for a, b in spans)]
            compare_metric(check, f"{phase['name'] or 'whole run'}: {metric}", phase["metrics"][metric], [(s[1], s[2]) for s in within])
            compare_metric(check, f"{phase['name'] or 'whole run'}: uncorrected {metric}", phase["uncorrected"][metric], [(s[3], s[2]) for s in within])
    compare_series(check, results["series"], history, samples)
    for finding in results["verdict"]["findings"]:
        if finding["property"].startswith("no_loss"):
            check.same("lost messages", int(finding["measured"].split()[0]), lost)
    compare_junit(check, folder / "junit.xml", results["verdict"])
    for line in check.wrong:
        print(line)
    print(f"{check.compared} figures compared, {len(check.wrong)} differ")
    return 1 if check.wrong or not check.compared else 0


if __name__ == "__main__":
    sys.exit(main())
