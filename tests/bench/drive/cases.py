"""The cases. Each is given a system's class and gives one result, a flat dict; everything is bounded in time."""
import contextlib, json, os, signal, subprocess, sys, tempfile, time, urllib.parse, urllib.request

from changed import changed
from fair import fair
from herd import herd
from many import many
from process import Trouble, end, read_result, wait_until_quiet
import trace as tracing
from tls import tls
from systems import Davenport, DavenportOnNats, address, authorization, before_couchdb
from views import views


class Bench:
    def __init__(self, programs, base_port, quick, quiet_patience, couchdb=""):
        self.programs, self.base, self.quick, self.quiet_patience, self.couchdb = programs, base_port, quick, quiet_patience, couchdb

    def seconds(self, full, quick):
        return quick if self.quick else full

    def up(self, kind, **how):
        return _Up(self, kind, how)

    def load_command(self, system, *arguments, ports=None):
        servers = ",".join(f"127.0.0.1:{port}" for port in ports or [server.port for server in system.servers])
        pids = ",".join(str(process.pid) for process in system.processes())
        return [str(word) for word in (self.programs / "bench_load", "--protocol", system.protocol, "--server", servers, "--pids", pids,
                                       *(["--durable"] if system.durable else []), *arguments)]

    def load(self, system, *arguments, ports=None, patience=120):
        child = subprocess.run(self.load_command(system, *arguments, ports=ports), capture_output=True, text=True, timeout=patience)
        return read_result(child.stdout, child.stderr)


class _Up:
    """A system that runs while it is measured."""

    def __init__(self, bench, kind, how):
        self.bench, self.kind, self.how = bench, kind, how

    def __enter__(self):
        self.system = self.kind(self.bench.programs, self.bench.base, **self.how)
        try:
            self.system.start()
        except BaseException:
            self.system.stop()
            raise
        wait_until_quiet(self.bench.quiet_patience)
        return self.system

    def __exit__(self, *_):
        self.system.stop()


def light(bench, kind):
    """50 messages a second, 10 clients on each server; for ours also what the disk under its journal takes for a sync."""
    with bench.up(kind) as system:
        result = bench.load(system, "--rate", 50, "--clients", 10, "--seconds", bench.seconds(8, 2))
        if kind is Davenport:
            result["fdatasync_us"] = fdatasync_us(system.folder)
        return result


def trace(bench, kind):
    """The light load again, with a note in every process of each read, write and sync: where a message's time goes. Ours alone."""
    if kind not in (Davenport, DavenportOnNats):
        return None
    library = bench.programs / "libbench_trace.so"
    if not library.exists():
        raise Trouble(f"{library} is not built")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-trace-"))
        stack.enter_context(noted_in(folder, library))
        system = stack.enter_context(bench.up(kind))
        child = subprocess.Popen(bench.load_command(system, "--rate", 50, "--clients", 10, "--seconds", bench.seconds(8, 2)),
                                 stdout=subprocess.PIPE, text=True)
        try:
            out, _ = child.communicate(timeout=60)
        finally:
            end(child)
        read_result(out)
        processes = {"nodes": [server.pid for server in system.servers]}
        if kind is Davenport:  # nats-server calls the kernel without the library that notes
            processes["store"] = system.store.pid
        return tracing.table(folder, processes, child.pid, [server.port for server in system.servers], system.store.port)


@contextlib.contextmanager
def noted_in(folder, library):
    os.environ.update(LD_PRELOAD=str(library), BENCH_TRACE=os.path.join(folder, "trace"))
    try:
        yield
    finally:
        del os.environ["LD_PRELOAD"], os.environ["BENCH_TRACE"]


def fdatasync_us(folder):
    """The median time in which this disk makes 4 KiB more of a file durable, at 50 a second like the messages."""
    took = []
    with open(folder / "sync.probe", "wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(4096))
            begin = time.monotonic_ns()
            os.fdatasync(file.fileno())
            took.append(time.monotonic_ns() - begin)
            time.sleep(0.02)
    return round(sorted(took)[len(took) // 2] / 1000)


def heavy(bench, kind):
    """1000 messages a second, 100 clients on each of two servers: 200,000 deliveries a second; else the highest rate held."""
    for rate in (1000, 700, 500, 350, 250, 150, 100, 50):
        with bench.up(kind) as system:
            result = bench.load(system, "--rate", rate, "--clients", 100, "--seconds", bench.seconds(6, 2))
        result["held"] = bool(result["complete"] and result["cross"]["p99_us"] < 250_000)
        if result["held"] or bench.quick:
            break
    return result


def sat(bench, kind):
    """256 messages under way, 100 clients on each server."""
    with bench.up(kind) as system:
        return bench.load(system, "--mode", "sat", "--window", 256, "--clients", 100, "--seconds", bench.seconds(5, 2))


def mem(bench, kind):
    """Resident memory of server A with 0, 1000 and 10,000 idle clients."""
    stages = (0, 1000) if bench.quick else (0, 1000, 10_000)
    result = {"resident_kb": {}}
    with bench.up(kind) as system:
        server = system.servers[0]
        child = subprocess.Popen(bench.load_command(system, "--mode", "idle", "--stages", ",".join(map(str, stages))),
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            for stage in stages:
                begin = time.monotonic()
                said = child.stdout.readline().split()
                result[f"connect_s_{stage}"] = round(time.monotonic() - begin, 2)
                if said[:1] != ["ready"] or int(said[1]) < stage:
                    raise Trouble(f"{' '.join(said)} of {stage} clients")
                time.sleep(bench.seconds(3, 1))
                result["resident_kb"][str(stage)] = server.resident_kb()
                child.stdin.write("\n")
                child.stdin.flush()
            child.communicate(timeout=30)
        finally:
            end(child)
    most = stages[-1]
    result["kb_per_client"] = round((result["resident_kb"][str(most)] - result["resident_kb"]["0"]) / most, 2)
    return result


def outage(bench, kind):
    """100 messages a second, 5 clients on each server, the hub gone for 5 s: who got what, and when."""
    before, gone, after = (3, 5, 4) if not bench.quick else (1, 2, 2)
    with bench.up(kind, cuttable=True, durable=True) as system:
        notes = system.folder / "notes.tsv"
        child = subprocess.Popen(bench.load_command(system, "--rate", 100, "--clients", 5, "--seconds", before + gone + after, "--drain", 8,
                                                    "--notes", notes), stdout=subprocess.PIPE, text=True)
        try:
            said = child.stdout.readline()
            if not said.startswith("start"):
                raise Trouble(said.strip())
            time.sleep(before)
            lost_at = time.monotonic_ns()
            system.lose_hub()
            time.sleep(gone)
            back_at = time.monotonic_ns()
            system.return_hub()
            out, _ = child.communicate(timeout=60)
        finally:
            end(child)
        result = read_result(out)
        head, *lines = notes.read_text().splitlines()
        names = head.split("\t")
        fates = [dict(zip(names, map(int, line.split("\t")))) for line in lines]
    local_all = 5 if system.protocol != "irc" else 4
    during = [fate for fate in fates if lost_at < fate["due"] < back_at]
    late = [fate["last_cross"] for fate in during if fate["last_cross"] > back_at]
    local = sorted(fate["first_local"] - fate["due"] for fate in during if fate["first_local"])
    return {**result, "fault": system.fault, "during": len(during),
            "lost": sum(fate["saw_cross"] < 5 or fate["saw_local"] < local_all for fate in during),
            "accepted_at_once": sum(0 < fate["accepted"] < back_at for fate in during),
            "local_at_once": sum(0 < fate["first_local"] < back_at for fate in during),
            "local_p50_ms": round(local[len(local) // 2] / 1e6, 2) if local else None,
            "repeated": sum(fate["again"] for fate in fates),
            "first_cross_ms": round((min(late) - back_at) / 1e6) if late else None,
            "caught_up_ms": round((max(late) - back_at) / 1e6) if late else None}


def backlog(bench, kind):
    """A backlog of 100,000 drained, while 10 local clients chat at 50 messages a second. Ours alone."""
    if kind is not Davenport:
        return None
    return drain(bench, kind, 10_000 if bench.quick else 100_000)


def couchdb(bench, kind):
    """The same before a real CouchDB (--couchdb), beside what its _bulk_docs does alone, one request at a time as a node does."""
    if kind is not Davenport or not bench.couchdb:
        return None
    command = [bench.programs / "bench_store", "--server", address(bench.couchdb), "--authorization", authorization(bench.couchdb),
               "--mode", "bulk", "--connections", 1, "--documents", 100, "--seconds", bench.seconds(5, 2)]
    child = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)
    alone = read_result(child.stdout, child.stderr)["documents_per_s"]
    result = drain(bench, before_couchdb(bench.couchdb), 5_000 if bench.quick else 50_000)
    return {**result, "alone_per_s": round(alone), "drain_per_s": round((result["backlog"] - result["left"]) / result["drained_s"])}


def drain(bench, kind, count):
    with bench.up(kind) as system:
        system.servers.pop().stop()
        chat = ("--rate", 50, "--clients", 10, "--drain", 1)
        system.lose_hub()
        time.sleep(0.5)
        filled = bench.load(system, "--mode", "fill", "--count", count, "--clients", 10, "--window", 2000, "--seconds", 90)
        idle = bench.load(system, *chat, "--seconds", bench.seconds(4, 2))
        start = system.backlog()
        child = subprocess.Popen(bench.load_command(system, *chat, "--seconds", bench.seconds(6, 3)), stdout=subprocess.PIPE, text=True)
        try:
            child.stdout.readline()
            back_at = time.monotonic()
            system.return_hub()
            while (left := system.backlog()) > 20 and time.monotonic() - back_at < 60:
                time.sleep(0.02)
            drained = time.monotonic() - back_at
            out, _ = child.communicate(timeout=60)
        finally:
            end(child)
        draining = read_result(out)
        return {"backlog": start, "left": left, "fill_per_s": round(filled["accepted"] / filled["seconds"]), "drained_s": round(drained, 2),
                "local_idle": idle["local"], "local_draining": draining["local"], "local": draining["local"]}


def restart(bench, kind):
    """How soon a node with 1,000,000 messages in its journal is ready again. Ours alone."""
    count = 20_000 if bench.quick else 1_000_000
    if kind is not Davenport:
        return None
    with bench.up(type("Alone", (Davenport,), {"nodes": 1})) as system:
        filled = bench.load(system, "--mode", "fill", "--count", count, "--clients", 10, "--window", 2000, "--seconds", 110)
        node = system.servers[0]
        end_of_patience = time.monotonic() + 60
        while system.backlog() > 0 and time.monotonic() < end_of_patience:
            time.sleep(0.1)
        node.kill()
        begin = time.monotonic()
        node.start()
        system.backlog()  # it answers
        result = {"messages": filled["accepted"], "ready_s": round(time.monotonic() - begin, 3), "resident_kb": node.resident_kb()}
        result |= search_times(f"http://127.0.0.1:{node.port}", time.monotonic() + 120)
        return result | journal_bytes(system.folder)


def journal_bytes(folder):
    """Of the journal, and of its full-text index for each of its bytes; both with their logs."""
    size = lambda name: sum(file.stat().st_size for file in folder.glob(name) if file.is_file())
    journal, index = (size(f"node0.journal{part}") + size(f"node0.journal{part}-wal") for part in ("", ".search"))
    return {"journal_mb": round(journal / 1e6, 1), "with_index_ratio": round((journal + index) / journal, 2)}


def search_times(url, end_of_patience):
    """Searches for words that are in the newest message, in many, and in none, once the index has all: newest first, 50 results."""
    def ask(path, **query):
        with urllib.request.urlopen(f"{url}{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
            return json.load(answer)

    room = ask("/api/rooms")["rooms"][0]["room"]
    newest = ask(f"/api/rooms/{room}/messages", limit=1)["messages"][0]
    begin = time.monotonic()
    while ask("/api/search", q="nothing-has-this-word").get("partial"):
        if time.monotonic() > end_of_patience:
            return {"trouble": "the index did not catch up"}
        time.sleep(0.2)
    indexed_s = time.monotonic() - begin
    words = [newest["user"], newest["user"][:2], newest["text"].split()[0], "nothing-has-this-word"]
    times = []
    for word in words * 50:
        for where in ({}, {"room": room}):
            begin = time.monotonic()
            ask("/api/search", q=word, limit=50, **where)
            times.append(time.monotonic() - begin)
    return {"index_caught_up_s": round(indexed_s, 1), "search_ms_p50": round(sorted(times)[len(times) // 2] * 1e3, 2),
            "search_ms_p99": round(sorted(times)[len(times) * 99 // 100] * 1e3, 2), "search_ms_max": round(max(times) * 1e3, 2)}


def rewind(bench, kind):
    """The feed begins again at 0, over 1,000,000 rows that all nodes know, while people chat at 50 messages a second. Ours alone."""
    if kind is not Davenport:
        return None
    count = 20_000 if bench.quick else 1_000_000
    with bench.up(kind) as system:
        bench.load(system, "--mode", "fill", "--count", count, "--clients", 10, "--window", 2000, "--seconds", 110)
        patience = time.monotonic() + 120
        newest = lambda server: system.ask(server.port, "GET", "/api/rooms")["rooms"]
        while (system.backlog() > 0 or newest(system.servers[0]) != newest(system.servers[1])) and time.monotonic() < patience:
            time.sleep(0.2)
        chat = ("--rate", 50, "--clients", 10, "--drain", 1)
        before = bench.load(system, *chat, "--seconds", bench.seconds(4, 2))
        child = subprocess.Popen(bench.load_command(system, *chat, "--seconds", bench.seconds(12, 3)), stdout=subprocess.PIPE, text=True)
        try:
            child.stdout.readline()
            system.ask(system.control, "POST", "/_mock/faults", {"name": "back", "fault": "feed.rewind"})
            out, _ = child.communicate(timeout=60)
        finally:
            end(child)
        after = read_result(out)
        return {"rows": count, "before": before["cross"], "cross": after["cross"], "lost": after.get("lost", 0)}


def nodes(bench, kind):
    """2, 10 and 50 nodes on one store, 50 messages a second into the first: what the store pays for a message. Ours alone."""
    if kind is not Davenport:
        return None
    result = {"store_us_per_message": {}, "cross_p99_us": {}}
    for count in (2, 10) if bench.quick else (2, 10, 50):
        many = type(f"Davenport{count}", (Davenport,), {"nodes": count})
        with bench.up(many) as system:
            before = system.store.cpu_seconds()
            run = bench.load(system, "--rate", 50, "--clients", 2, "--seconds", bench.seconds(8, 3))
            spent = system.store.cpu_seconds() - before
        result["store_us_per_message"][str(count)] = round(spent / run["sent"] * 1e6)
        result["cross_p99_us"][str(count)] = run["cross"]["p99_us"]
        result["complete"] = result.get("complete", True) and run["complete"]
    return result


def store(bench, kind):
    """couchmock as a store: PUT over 64 connections, _bulk_docs of 100, 10,000 idle feeds, a write to 1000 feeds."""
    if kind is not Davenport:
        return None
    result = {}
    lasting = ("--seconds", bench.seconds(4, 1))
    runs = {"put": ("--mode", "put", *lasting), "bulk": ("--mode", "bulk", "--connections", 4, *lasting),
            "feeds_1000": ("--mode", "feeds", "--feeds", 1000, *lasting),
            "feeds_idle": ("--mode", "feeds", "--seconds", 0, "--feeds", 1000 if bench.quick else 10_000)}
    alone = type("StoreAlone", (Davenport,), {"nodes": 0, "settle": 0})
    for name, arguments in runs.items():
        with bench.up(alone) as system:
            command = [bench.programs / "bench_store", "--server", f"127.0.0.1:{system.store.port}", "--pid", system.store.pid, *arguments]
            child = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)
            result[name] = read_result(child.stdout, child.stderr)
    return result


CASES = {case.__name__: case for case in (light, trace, heavy, sat, mem, outage, backlog, couchdb, restart, changed, rewind, nodes, store, views, tls, herd, many, fair)}
