"""The load run: Davenport and its peers, side by side, over real processes on 127.0.0.1.

Figures hold within one run only: other work on the machine moves medians by half and tails by ten times, so each repetition
goes through all systems before the next begins, and what others used of the machine stands beside each result.
"""
import argparse, json, os, pathlib, platform, signal, subprocess, sys, time

from cases import CASES, Bench
from process import Trouble
from systems import SYSTEMS, DavenportOnCouchdb
from table import as_results, own_lines, ratios, table


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default="build/release/bin", help="folder of chatnode, couchmock, bench_load, bench_store and bench_floor")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes: shows that it runs, measures little")
    parser.add_argument("--only", default="", help=f"systems, of {','.join(SYSTEMS)}")
    parser.add_argument("--cases", default="", help=f"of {','.join(CASES)}")
    parser.add_argument("--repeats", type=int, default=0, help="3, or 1 with --quick")
    parser.add_argument("--out", default="out/bench", help="folder for bench.json and results.json")
    parser.add_argument("--base-port", type=int, default=int(os.environ.get("BENCH_BASE_PORT", "24000")), help="first of about 100 ports")
    parser.add_argument("--quiet", type=float, default=-1, help="seconds to wait for an idle machine before each measurement (10, or 0 with --quick)")
    parser.add_argument("--couchdb", default="", help="http://user:password@host:port of a CouchDB that runs, for the system davenport-couchdb and the cases couchdb "
                        "and views (databases of their own)")
    parser.add_argument("--realtime", action="store_true", help="run the light load and its trace, the client too, before all other work of the machine (SCHED_FIFO; "
                        "needs root): latencies on a busy machine. Not the other cases: a saturated server would let nothing else run")
    return parser.parse_args()


def pick(wanted, known):
    names = [name for name in wanted.split(",") if name] or list(known)
    for name in names:
        if name not in known:
            sys.exit(f"bench: no {name}; there are {', '.join(known)}")
    return names


class Progress:
    """One line on a terminal that tells where we are; nothing in a pipe."""

    def __init__(self, steps):
        self.steps, self.done, self.begin = steps, 0, time.monotonic()

    def now(self, what):
        if not sys.stderr.isatty():
            return
        passed = time.monotonic() - self.begin
        left = f", about {passed / self.done * (self.steps - self.done):.0f} s left" if self.done else ""
        sys.stderr.write(f"\r\x1b[K{self.done}/{self.steps} {what}{left}")
        sys.stderr.flush()

    def end(self):
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")


def before_all_other_work(on):
    os.sched_setscheduler(0, os.SCHED_FIFO if on else os.SCHED_OTHER, os.sched_param(int(on)))  # what we start inherits it


def measure(bench, case, system, realtime):
    if realtime:
        before_all_other_work(case in ("light", "trace"))
    try:
        return CASES[case](bench, SYSTEMS[system])
    except (Trouble, subprocess.TimeoutExpired, OSError) as trouble:  # the other systems go on
        return {"trouble": str(trouble)[:300]}


def version():
    told = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    return told.stdout.strip() or "unknown"


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what runs is stopped
    quick = options.quick
    quiet = options.quiet if options.quiet >= 0 else (0 if quick else 10)
    bench = Bench(pathlib.Path(options.programs).resolve(), options.base_port, quick, quiet, options.couchdb)
    systems, cases = pick(options.only, SYSTEMS), pick(options.cases, CASES)
    DavenportOnCouchdb.url = options.couchdb
    if not options.couchdb and "davenport-couchdb" in systems:
        systems.remove("davenport-couchdb")
        print("skipped: davenport-couchdb: give --couchdb http://user:password@host:port of one that runs")
    repeats = options.repeats or (1 if quick else 3)
    progress, results = Progress(len(systems) * len(cases) * repeats), []
    begin = time.monotonic()
    for repeat in range(repeats):
        for case in cases:
            for system in systems:
                progress.now(f"{case}, {system}")
                result = measure(bench, case, system, options.realtime)
                progress.done += 1
                if result is not None:
                    results.append({"case": case, "system": system, "repeat": repeat, "load_average": os.getloadavg()[0], **result})
    progress.end()
    took_ms = round((time.monotonic() - begin) * 1000)
    print(table(results))
    for line in own_lines(results):
        print(line)
    told = ratios(results)
    if told:
        print("\nDavenport's figure over theirs, in this run:")
        print("\n".join(told))
    for result in results:
        if "trouble" in result and result["repeat"] == 0:
            print(f"not measured: {result['system']}, {result['case']}: {result['trouble']}")
    foreign = max((result.get("cpu_foreign", 0) for result in results), default=0)
    if foreign > 0.15:
        print(f"\nOther work used up to {foreign:.1f} processors meanwhile: compare within this run only.")
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    machine = {"version": version(), "processors": os.cpu_count(), "system": platform.platform(), "quick": quick}
    (out / "bench.json").write_text(json.dumps({"format": "davenport bench", "machine": machine, "results": results}, indent=1) + "\n")
    (out / "results.json").write_text(json.dumps(as_results(results, machine["version"], took_ms), indent=1) + "\n")
    print(f"written: {out}/bench.json; two runs: chatsim compare {out} OTHER")
    return 1 if any("trouble" in result for result in results if result["system"] == "davenport") else 0


if __name__ == "__main__":
    sys.exit(main())
