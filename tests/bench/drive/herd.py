"""A node is lost, and all its clients come to another one at once."""
import subprocess, threading, time

from process import Trouble, end, read_result
from systems import Davenport

ROOM_MESSAGES = 10_000


def herd(bench, kind):
    """10,000 clients lose their node, and resume a room of 10,000 messages at the other, with none and with 1000 of them behind. Ours alone."""
    if kind is not Davenport:
        return None
    clients, behind = (500, 100) if bench.quick else (10_000, 1000)
    return {"clients": clients, "none": stampede(bench, clients, 0), "behind": behind, "many": stampede(bench, clients, behind)}


class FreshNode(threading.Thread):
    """Starts a node with an empty journal; `served_s`: after how long it gives the newest messages of the room."""

    def __init__(self, system):
        super().__init__(daemon=True)
        self.system, self.node, self.served_s = system, system.node(2), None

    def run(self):
        begin = time.monotonic()
        self.node.start()
        while time.monotonic() - begin < 60:
            try:
                if len(self.system.ask(self.node.port, "GET", "/api/rooms/r0/messages?limit=50")["messages"]) == 50:
                    self.served_s = round(time.monotonic() - begin, 2)
                    return
            except OSError:
                pass
            time.sleep(0.02)


def stampede(bench, clients, behind):
    with bench.up(Davenport) as system:
        there = [system.servers[1].port]
        fill = ("--mode", "fill", "--clients", 10, "--window", 500, "--seconds", 60)
        bench.load(system, *fill, "--count", ROOM_MESSAGES)
        chat = ("--rate", 50, "--clients", 5, "--room", "others", "--drain", 1)
        idle = bench.load(system, *chat, "--seconds", bench.seconds(4, 2), ports=there * 2)
        crowd = subprocess.Popen(bench.load_command(system, "--mode", "herd", "--clients", clients, "--durable"), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        others, fresh = None, FreshNode(system)
        try:
            said = crowd.stdout.readline().split()
            if said[:1] != ["ready"] or int(said[1]) < clients:
                raise Trouble(f"{' '.join(said)} of {clients} clients")
            system.servers[0].kill()
            if behind:
                bench.load(system, *fill, "--count", behind, ports=there)
            others = subprocess.Popen(bench.load_command(system, *chat, "--seconds", bench.seconds(10, 3), ports=there * 2), stdout=subprocess.PIPE,
                                      text=True)
            others.stdout.readline()
            fresh.start()
            crowd.stdin.write("\n")
            crowd.stdin.flush()
            result = read_result(crowd.communicate(timeout=90)[0])
            meanwhile = read_result(others.communicate(timeout=90)[0])
            fresh.join(60)
        finally:
            for child in (crowd, others):
                if child:
                    end(child)
            fresh.node.stop()
        return {**result, "others_idle": idle["cross"], "others": meanwhile["cross"], "fresh_node_served_s": fresh.served_s}
