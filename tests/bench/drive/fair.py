"""A rude crowd in one room, and what everybody else notices of it."""
import contextlib, http.client, subprocess, threading, time

from process import Trouble, end, read_result
from systems import Davenport

DEAF = 2000
POST_BYTES = 8000
RATES = (20, 100, 300)


def fair(bench, kind):
    """2000 clients that never read, and posts of 8 kB in their room; then the same rooms with 1000 joins a second, 100 searches a second and an export
    of the history running. p99 of people in another room, on both nodes. Ours alone."""
    if kind is not Davenport:
        return None
    result = {}
    with bench.up(Davenport) as system:
        deaf = 200 if bench.quick else DEAF
        bench.load(system, "--mode", "fill", "--clients", 10, "--window", 500, "--seconds", 60, "--room", "past", "--count", bench.seconds(100_000, 2000))
        result["idle"] = told(people(bench, system))
        for rate in RATES:
            result[f"posts_{rate}"] = beside(bench, system, [deaf_crowd(bench, system, deaf), posts(bench, system, rate)])
        result["joins"] = beside(bench, system, [joins(bench, system)])
        with searches(system), exports(bench, system):
            result["searches_and_export"] = beside(bench, system, [])
        with searches(system), exports(bench, system):
            result["all"] = beside(bench, system, [deaf_crowd(bench, system, deaf), posts(bench, system, 100), joins(bench, system)])
    return {"deaf": deaf, **result, "local": result["idle"]["local_summary"]}


def people(bench, system):
    return bench.load(system, "--rate", 50, "--clients", 5, "--room", "others", "--drain", 2, "--seconds", bench.seconds(10, 2))


def told(run):
    return {"local_p99_us": run["local"]["p99_us"], "cross_p99_us": run["cross"]["p99_us"], "local_max_us": run["local"]["max_us"],
            "complete": run["complete"], "local_summary": run["local"]}


def beside(bench, system, crowds):
    """What people notice while these programs run; each has said its first line."""
    try:
        for crowd in crowds:
            if not crowd.stdout.readline():
                raise Trouble("a crowd did not come in")
        time.sleep(1)
        run = told(people(bench, system))
        del run["local_summary"]
        return run
    finally:
        for crowd in crowds:
            end(crowd)
        if crowds:
            time.sleep(bench.seconds(4, 1))  # their sockets go


def start(bench, system, *arguments, ports=None):
    return subprocess.Popen(bench.load_command(system, *arguments, ports=ports), stdout=subprocess.PIPE, text=True)


def deaf_crowd(bench, system, count):
    return start(bench, system, "--mode", "deaf", "--clients", count, "--room", "rude", "--seconds", 120, ports=[system.servers[0].port])


def posts(bench, system, rate):
    return start(bench, system, "--clients", 1, "--room", "rude", "--rate", rate, "--size", POST_BYTES, "--seconds", 120)


def joins(bench, system):
    return start(bench, system, "--mode", "joins", "--clients", 300, "--room", "lobby", "--rate", bench.seconds(1000, 100), "--seconds", 120,
                 ports=[system.servers[0].port])


@contextlib.contextmanager
def until_left(work):
    """Does `work` again and again in a thread of its own."""
    left = threading.Event()

    def run():
        while not left.is_set():
            work(left)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join(30)


def searches(system, rate=100):
    """One after the other over one connection: words that are in every message, in few, and in none."""
    port = system.servers[0].port

    def ask(left):
        client, begin, done = http.client.HTTPConnection("127.0.0.1", port, timeout=10), time.monotonic(), 0
        with contextlib.suppress(OSError, http.client.HTTPException):
            while not left.is_set():
                client.request("GET", f"/api/search?q={('xxx', 'c7', 'nothing-has-this')[done % 3]}&limit=50")
                client.getresponse().read()
                done += 1
                time.sleep(max(0, begin + done / rate - time.monotonic()))
        client.close()

    return until_left(ask)


def exports(bench, system):
    command = [str(bench.programs / "chatnode"), "journal", "export", str(system.folder / "node0.journal")]

    def export(left):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while child.poll() is None and not left.is_set():
            time.sleep(0.05)
        end(child)

    return until_left(export)
