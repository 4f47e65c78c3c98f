"""Where a message's time goes at light load: what bench_trace noted in each process, joined hop by hop."""
import array, bisect, pathlib, statistics

from process import Trouble

RECEIVED, SENDS, _, _, SYNCED = range(1, 6)  # enum class Kind of trace.cpp
WORDS = 5  # of 64 bits in a note: when; kind and thread; local and remote port; bytes; unused
APART_NS = 15_000_000  # a message is followed as long; the next is sent 20 ms later
LOW = (1 << 32) - 1


class Notes:
    """What one process did, by time: (when, kind, local port, remote port, bytes)."""

    def __init__(self, path):
        words = array.array("Q", path.read_bytes())
        self.all = sorted((words[i], words[i + 1] & LOW, words[i + 2] & LOW, words[i + 2] >> 32, words[i + 3])
                          for i in range(0, len(words), WORDS) if words[i])
        self.times = [note[0] for note in self.all]

    def first(self, after, kind, local=None, remote=None, least=1):
        """When the first such thing was done within a message's time; None if it was not."""
        for note in self.all[bisect.bisect_right(self.times, after):]:
            if note[0] > after + APART_NS:
                break
            if note[1] == kind and local in (None, note[2]) and remote in (None, note[3]) and note[4] >= least:
                return note[0]
        return None


def follow(client, nodes, store, sent, ports, store_port):
    """The moments of one message that was sent to ports[0]; None when one of them is missing. `store`: None when it notes nothing."""
    here, there = nodes
    moments = {"client writes": sent}
    steps = (
        ("node reads", here, RECEIVED, dict(local=ports[0], least=40)),
        ("node writes to the store", here, SENDS, dict(remote=store_port, least=100)),
        *((("store reads", store, RECEIVED, dict(local=store_port, least=100)),
           ("store writes the feed row", store, SENDS, dict(local=store_port, remote=None, least=100))) if store else ()),
        ("other node reads the row", there, RECEIVED, dict(remote=store_port, least=100)),
        ("other node writes to its first client", there, SENDS, dict(local=ports[1], least=40)),
        ("a client there reads", client, RECEIVED, dict(remote=ports[1], least=40)))
    at = sent
    for name, where, kind, how in steps:
        at = where.first(at, kind, **how)
        if at is None:
            return None
        moments[name] = at
    shown = here.first(moments["node reads"], SENDS, local=ports[0], least=40)
    synced = here.first(moments["node reads"], SYNCED, least=0)
    answered = here.first(moments["node writes to the store"], RECEIVED, remote=store_port, least=50)
    return moments, {"node shows it to its own": shown, "node's disk has it": synced, "store's answer is read": answered}


def table(folder, processes, client_pid, ports, store_port):
    """Median and 90th percentile of each step, in microseconds; processes: nodes by name, and the store if it can note."""
    def notes_of(pid):
        path = pathlib.Path(folder) / f"trace.{pid}"
        if not path.exists():
            raise Trouble(f"process {pid} noted nothing: is bench_trace built?")
        return Notes(path)

    client = notes_of(client_pid)
    store = notes_of(processes["store"]) if "store" in processes else None
    nodes = [notes_of(pid) for pid in processes["nodes"]]
    steps, beside = {}, {}
    followed = 0
    for when, kind, _, remote, size in client.all:
        if kind != SENDS or remote not in ports or size < 100:
            continue
        ordered = nodes if remote == ports[0] else nodes[::-1]
        found = follow(client, ordered, store, when, ports if remote == ports[0] else ports[::-1], store_port)
        if not found:
            continue
        followed += 1
        moments, others = found
        names = list(moments)
        for before, name in zip(names, names[1:]):
            steps.setdefault(name, []).append((moments[name] - moments[before]) / 1000)
        steps.setdefault("all", []).append((moments[names[-1]] - when) / 1000)
        for name, at in others.items():
            if at:
                beside.setdefault(name, []).append((at - when) / 1000)
    if not followed:
        raise Trouble("no message could be followed through all processes")

    def figures(values):
        values = sorted(values)
        return {"p50_us": round(statistics.median(values)), "p90_us": round(values[len(values) * 9 // 10])}

    return {"followed": followed, "steps": {name: figures(values) for name, values in steps.items()},
            "since_written": {name: figures(values) for name, values in beside.items()}}
