"""Results as a table for people, and as the files that tools read."""
import statistics

from views import told as tell_views


def by_system(results):
    systems = {}
    for result in results:
        systems.setdefault(result["system"], {}).setdefault(result["case"], []).append(result)
    return systems


def middle(runs, figure):
    """The median over the repetitions of what `figure` takes from a run; None when no run has it."""
    values = []
    for run in runs or []:
        if "trouble" in run:
            continue
        value = figure(run)
        if value is not None:
            values.append(value)
    return statistics.median(values) if values else None


def show(value, form="{:.2f}"):
    return "" if value is None else form.format(value)


def ms(us):
    return None if us is None else us / 1000


def cpu_per_million(run):
    return run["cpu_servers_s"] / run["deliveries"] * 1e6 if run.get("deliveries") else None


COLUMNS = (
    ("cross p50/p99 at 50/s, ms", "light", lambda runs: pair(runs, lambda r: ms(r["cross"]["p50_us"]), lambda r: ms(r["cross"]["p99_us"]))),
    ("local p50/p99, ms", "light", lambda runs: pair(runs, lambda r: ms(r["local"]["p50_us"]), lambda r: ms(r["local"]["p99_us"]))),
    ("1000/s x 200: held, cross p99 ms", "heavy", lambda runs: held(runs)),
    ("CPU s/1M there", "heavy", lambda runs: show(middle(runs, cpu_per_million))),
    ("saturation, M deliveries/s", "sat", lambda runs: show(middle(runs, lambda r: r["deliveries_per_s"] / 1e6))),
    ("CPU s/1M there", "sat", lambda runs: show(middle(runs, cpu_per_million))),
    ("kB/idle client", "mem", lambda runs: show(middle(runs, lambda r: r["kb_per_client"]))),
    ("hub gone 5 s: lost, repeated; caught up", "outage", lambda runs: fate(runs)),
)


def pair(runs, one, other):
    first = middle(runs, one)
    return "" if first is None else f"{first:.2f} / {middle(runs, other):.2f}"


def held(runs):
    rate = middle(runs, lambda run: run["rate"] if run["held"] else 0)
    if rate is None:
        return ""
    if not rate:
        return "none"
    return f"{'yes' if rate >= 1000 else f'no, {rate:.0f}'}, {middle(runs, lambda run: ms(run['cross']['p99_us'])):.1f}"


def fate(runs):
    good = [run for run in runs or [] if "trouble" not in run]
    if not good:
        return ""
    lost = "/".join(str(run["lost"]) for run in good)
    again = "/".join(str(run["repeated"]) for run in good)
    back = middle(good, lambda run: run["caught_up_ms"])
    return f"{lost} of {good[0]['during']}, {again}; " + ("never" if back is None else f"{back / 1000:.2f} s")


def table(results):
    systems = by_system(results)
    columns = [column for column in COLUMNS if any(column[1] in cases for cases in systems.values())]
    rows = [["", *(name for name, _, _ in columns)]]
    rows += [[system, *(form(cases.get(case)) for _, case, form in columns)] for system, cases in systems.items()]
    if not columns:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def own_lines(results):
    """What only Davenport can be asked."""
    lines = []
    systems = by_system(results)
    light, floor = systems.get("davenport", {}).get("light"), systems.get("floor", {}).get("light")
    sync = middle(light, lambda run: run.get("fdatasync_us"))
    if sync is not None and floor:
        local, least = (middle(runs, lambda run: run["local"]["p50_us"]) for runs in (light, floor))
        lines.append(f"local delivery: p50 {ms(local):.2f} ms; the disk's fdatasync {ms(sync):.2f} ms and the floor {ms(least):.2f} ms: "
                     f"{local / (sync + least):.1f}x their sum")
    for system, run in [(system, run) for system in systems for run in systems[system].get("trace", [])]:
        if "trouble" not in run:
            lines.append(f"{system}: a message's way at light load, p50 and p90 in microseconds, of {run['followed']} messages that were followed:")
            lines += [f"  {figures['p50_us']:5} {figures['p90_us']:5}  {step}" for step, figures in run["steps"].items()]
            lines.append("  beside it, since the client wrote: " +
                         "; ".join(f"{name} {figures['p50_us']}" for name, figures in run["since_written"].items()))
    for run in by_system(results).get("davenport", {}).get("backlog", []):
        if "trouble" not in run:
            ratio = run["local_draining"]["p99_us"] / max(1, run["local_idle"]["p99_us"])
            lines.append(f"backlog of {run['backlog']}: drained in {run['drained_s']} s, local p99 meanwhile {ratio:.1f}x of "
                         f"{run['local_idle']['p99_us'] / 1000:.2f} ms")
    for run in by_system(results).get("davenport", {}).get("couchdb", []):
        if "trouble" not in run:
            lines.append(f"backlog of {run['backlog']} before a CouchDB: {run['drain_per_s']} messages/s, "
                         f"{100 * run['drain_per_s'] / run['alone_per_s']:.0f} % of what its _bulk_docs takes alone; local p99 meanwhile "
                         f"{run['local_draining']['p99_us'] / max(1, run['local_idle']['p99_us']):.1f}x")
    for run in by_system(results).get("davenport", {}).get("restart", []):
        if "trouble" not in run:
            lines.append(f"killed with {run['messages']} messages in its journal: ready again in {run['ready_s']:.2f} s; "
                         f"a search there takes {run['search_ms_p50']:.1f} ms, at most {run['search_ms_max']:.1f} ms")
    for run in by_system(results).get("davenport", {}).get("changed", []):
        if "trouble" not in run:
            ratio = run["local_erasing"]["p99_us"] / max(1, run["local_idle"]["p99_us"])
            lines.append(f"{run['edited']} of {run['messages']} messages edited: the journal has {run['journal_ratio']:.2f}x the bytes, the node is ready "
                         f"in {run['ready_edited_s']:.2f} s (before {run['ready_s']:.2f}); {run['erased']} of one person erased in {run['erase_s']:.0f} s, "
                         f"local p99 meanwhile {ratio:.1f}x of {run['local_idle']['p99_us'] / 1000:.2f} ms")
    for run in by_system(results).get("davenport", {}).get("rewind", []):
        if "trouble" not in run:
            lines.append(f"a rewind to 0 over {run['rows']} known rows: a new message crosses with p50 {run['cross']['p50_us'] / 1000:.1f} ms, "
                         f"at most {run['cross']['max_us'] / 1000:.0f} ms (before it {run['before']['p50_us'] / 1000:.1f} and {run['before']['max_us'] / 1000:.0f})")
    for run in by_system(results).get("davenport", {}).get("tls", []):
        if "trouble" not in run:
            lines.append(f"TLS: {run['cpu_ratio']:.2f}x the processor time of plain at 1000/s x 200; cross p99 {ms(run['sealed']['p99_us']):.1f} ms "
                         f"(plain {ms(run['plain']['p99_us']):.1f}); {run['kb_per_idle_client']:.1f} kB for an idle client; handshakes a second "
                         f"{run['node_new_per_s']} (nginx {run['nginx_new_per_s']}), resumed {run['node_reuse_per_s']} (nginx {run['nginx_reuse_per_s']})")
    for run in by_system(results).get("davenport", {}).get("herd", []):
        for name in ("none", "many"):
            if name in run:
                part = run[name]
                lines.append(f"{part['clients']} clients come over at once, {'nothing' if name == 'none' else run['behind']} behind: all are back after "
                             f"{part['back_ms_max'] / 1000:.1f} s ({part['messages']} messages); others' p99 meanwhile "
                             f"{part['others']['p99_us'] / max(1, part['others_idle']['p99_us']):.1f}x of {ms(part['others_idle']['p99_us']):.1f} ms; a fresh "
                             f"node serves after {part['fresh_node_served_s']} s")
    for run in by_system(results).get("davenport", {}).get("many", []):
        if "trouble" not in run:
            lines.append(f"{run['clients']} idle clients in one node: {run['resident_kb'] / 1024:.0f} MB, {run['kb_per_client']:.2f} kB each "
                         f"({run['mb_at_100000']:.0f} MB for 100000); all have a message after {run['all_have_it_ms_p50']:.0f} ms (at most "
                         f"{run['all_have_it_ms_max']:.0f}), others' p99 meanwhile {run['others']['p99_us'] / max(1, run['others_alone']['p99_us']):.1f}x of "
                         f"{ms(run['others_alone']['p99_us']):.1f} ms; {run['people_counted']} are counted, in {run['people_bytes']} bytes")
    for run in by_system(results).get("davenport", {}).get("fair", []):
        if "trouble" not in run:
            name = {"joins": "1000 joins/s", "searches_and_export": "100 searches/s and an export", "all": "all of it"}
            parts = [f"{name.get(case, case.replace('posts_', '8 kB posts/s '))} {ms(run[case]['local_p99_us']):.1f} / {ms(run[case]['cross_p99_us']):.1f}"
                     for case in ("idle", "posts_20", "posts_100", "posts_300", "joins", "searches_and_export", "all")]
            lines.append(f"{run['deaf']} clients that never read; p99 of others, local / cross, ms: " + ", ".join(parts))
    for run in by_system(results).get("davenport", {}).get("nodes", []):
        if "trouble" not in run:
            lines.append("store's microseconds a message, by nodes: " +
                         ", ".join(f"{count}: {us}" for count, us in run["store_us_per_message"].items()))
    for run in by_system(results).get("davenport", {}).get("store", []):
        if "trouble" not in run:
            idle, row = run["feeds_idle"], run["feeds_1000"]
            lines.append(f"couchmock: {run['put']['documents_per_s']:.0f} PUT/s over 64 connections, "
                         f"{run['bulk']['documents_per_s']:.0f} documents/s by _bulk_docs; {idle['opened']} idle feeds in "
                         f"{idle['resident_kb'] / 1024:.0f} MiB, {idle['kb_per_feed']:.1f} kB each; a write reaches 1000 feeds with p99 "
                         f"{row['row']['p99_us'] / 1000:.1f} ms ({row['rows']} of {row['expected']} rows)")
    for run in by_system(results).get("davenport", {}).get("views", []):
        if "trouble" not in run:
            lines.append(tell_views(run))
    return lines


RATIOS = (
    ("cross p50 at 50/s", "light", lambda run: run["cross"]["p50_us"]),
    ("cross p99 at 50/s", "light", lambda run: run["cross"]["p99_us"]),
    ("local p50 at 50/s", "light", lambda run: run["local"]["p50_us"]),
    ("cross p99 at 1000/s x 200", "heavy", lambda run: run["cross"]["p99_us"] if run["held"] else None),
    ("CPU a delivery there", "heavy", lambda run: cpu_per_million(run) if run["held"] else None),
    ("deliveries/s at saturation", "sat", lambda run: run["deliveries_per_s"]),
    ("CPU a delivery there", "sat", cpu_per_million),
    ("memory of an idle client", "mem", lambda run: run["kb_per_client"]),
)


def ratios(results):
    """Davenport's figure over each peer's, medians of the same interleaved run."""
    systems = by_system(results)
    ours = systems.get("davenport", {})
    lines = []
    for name, case, figure in RATIOS:
        own = middle(ours.get(case), figure)
        if own is None:
            continue
        parts = []
        for system, cases in systems.items():
            theirs = middle(cases.get(case), figure)
            if system != "davenport" and theirs:
                parts.append(f"{system} {own / theirs:.2f}")
        if parts:
            lines.append(f"{name}: " + ", ".join(parts))
    return lines


METRICS = {"local_ack": "accepted", "local_echo": "local", "delivery": "cross", "stored": "stored"}


def as_results(results, version, took_ms):
    """A results.json that `chatsim compare` reads: each case is a phase, Davenport's latencies its metrics."""
    phases = []
    counts = {"messages": 0}
    for case, runs in by_system(results).get("davenport", {}).items():
        good = [run for run in runs if "trouble" not in run]
        metrics = {}
        for metric, name in METRICS.items():
            summaries = [run[name] for run in good if run.get(name, {}).get("n")]
            if summaries:
                metrics[metric] = {"count": sum(s["n"] for s in summaries), "undelivered": 0, "more_than": [],
                                   **{f"{q}_us": round(statistics.median(s[f"{q}_us"] for s in summaries))
                                      for q in ("p50", "p95", "p99", "p999", "max")}}
        if metrics:
            phases.append({"name": case, "spans": [], "metrics": metrics, "uncorrected": {}})
        counts["messages"] += sum(run.get("sent", 0) for run in good)
    return {"format": "davenport results", "version": 1,
            "run": {"scenario": "bench", "file": "", "about": "the load run of ./dev bench", "world": "process", "store": "couchmock", "seed": 0,
                    "length_us": took_ms * 1000, "replay": "./dev bench", "took_ms": took_ms, "environment": {"version": version},
                    "topology": {"nodes": 2, "clients": 0, "rooms": 1, "feed": "continuous", "shards": 1}},
            "verdict": {"outcome": "pass", "findings": []}, "counts": counts, "faults": [], "recoveries": [], "phases": phases,
            "stored_untold": 0, "harness": {"stalled_us": 0, "stall_longest_us": 0}, "nodes": [], "routes": [],
            "series": {}, "stories": []}
