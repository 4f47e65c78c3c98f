"""100,000 idle clients in one node: their memory, a message to all of them, and who is told of whom."""
import resource, subprocess, time

from process import Trouble, end, read_result
from systems import Davenport

CLIENTS = 100_000
OF_ITS_OWN = 1000  # descriptors that a process needs beside its clients


def descriptors(count):
    """How many clients of `count` a process may have here."""
    want = count + OF_ITS_OWN
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < want:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (want, want))
            hard = want
        except (ValueError, OSError):
            pass
    return min(count, hard - OF_ITS_OWN)


def many(bench, kind):
    """100,000 idle clients in one room of one node (as many as `ulimit -Hn` lets there be): resident memory, how soon all have a message, and the
    latency of others in another room meanwhile. Ours alone."""
    if kind is not Davenport:
        return None
    clients = descriptors(2000 if bench.quick else CLIENTS)
    with bench.up(type("Alone", (Davenport,), {"nodes": 1})) as system:
        node, chat = system.servers[0], ("--rate", 50, "--clients", 10, "--room", "others", "--drain", 1, "--seconds", bench.seconds(6, 2))
        alone = bench.load(system, *chat)
        before = node.resident_kb()
        crowd = subprocess.Popen(bench.load_command(system, "--mode", "all", "--people", "--clients", clients, "--count", bench.seconds(8, 3)),
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        others = None
        try:
            said = crowd.stdout.readline().split()
            if said[:1] != ["ready"] or int(said[1]) < clients:
                raise Trouble(f"{' '.join(said)} of {clients} clients")
            time.sleep(bench.seconds(10, 2))
            resident = node.resident_kb()
            idle = bench.load(system, *chat)
            others = subprocess.Popen(bench.load_command(system, *chat), stdout=subprocess.PIPE, text=True)
            others.stdout.readline()
            crowd.stdin.write("\n")
            crowd.stdin.flush()
            result = read_result(crowd.communicate(timeout=200)[0])
            meanwhile = read_result(others.communicate(timeout=60)[0])
        finally:
            for child in (crowd, others):
                if child:
                    end(child)
    per_client = (resident - before) / clients
    return {**result, "resident_kb": resident, "kb_per_client": round(per_client, 2), "mb_at_100000": round((before + per_client * CLIENTS) / 1024, 1),
            "others_alone": alone["local"], "others_idle": idle["local"], "others": meanwhile["local"]}
