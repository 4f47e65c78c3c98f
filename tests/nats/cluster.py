#!/usr/bin/env python3
"""Two nodes on a cluster of three NATS servers, of which two die in turn, the leader of the stream first in every other round, while people chat:
nothing is lost, nothing is shown twice. Tells how long after an election the first message comes through.

    cluster.py CHATNODE FOLDER [ROUNDS]
"""

import collections
import os
import random
import shutil
import statistics
import sys
import threading
import time

from programs import ClusterServer, Follower, Node, Server, free_port, until
from store import ROOM
from witness import Witness

NAMES = ["s1", "s2", "s3"]


class Talker(threading.Thread):
    """Says something at a node again and again."""

    def __init__(self, node, pause):
        super().__init__(daemon=True)
        self.node, self.pause, self.sent_at, self.failed, self.ends = node, pause, {}, None, False
        self.start()

    def run(self):
        try:
            while not self.ends:
                text, at = f"{self.node.name} {len(self.sent_at)}", time.monotonic()
                status, answer = self.node.post(ROOM, text)
                assert status in (201, 202), (status, answer)
                self.sent_at[text] = at
                time.sleep(self.pause)
        except Exception as problem:  # noqa: BLE001: told to whoever waits
            self.failed = problem


class Prober(threading.Thread):
    """Writes to the stream itself until that is acknowledged: from then on a node can be expected to."""

    def __init__(self, cluster, killed):
        super().__init__(daemon=True)
        self.cluster, self.killed, self.acknowledged = cluster, killed, None
        self.start()

    def run(self):
        while not self.acknowledged:
            for server in self.cluster.servers.values():
                if server.name == self.killed:
                    continue
                try:
                    one = Witness(server.port, Server.user, Server.password, 0.3)
                except (OSError, RuntimeError):
                    continue
                try:
                    one.publish("chat.x.probe", {})
                    self.acknowledged = time.monotonic()
                    return
                except (OSError, ValueError, IndexError, TypeError, RuntimeError):
                    continue
                finally:
                    one.close()
            time.sleep(0.05)


class Cluster:
    def __init__(self, program, folder):
        routes = {name: free_port() for name in NAMES}
        self.servers = {name: ClusterServer(folder, name, free_port(), routes) for name in NAMES}
        self.nodes = []
        store = "nats://" + f"{Server.user}:{Server.password}@" + ",".join(f"127.0.0.1:{one.port}" for one in self.servers.values()) + "/chat"
        self.nodes = [Node(program, folder, name, store) for name in ("a", "b")]

    def ask(self, request, **what):
        """As the first server that answers has it; None when none does."""
        for server in self.servers.values():
            if server.process.poll() is not None:
                continue
            try:
                one = Witness(server.port, Server.user, Server.password, 0.3)
            except (OSError, RuntimeError):
                continue
            try:
                return one.ask(request, **what)
            except (OSError, ValueError, IndexError):
                continue
            finally:
                one.close()
        return None

    def leader(self):
        return ((self.ask("STREAM.INFO.chat") or {}).get("cluster") or {}).get("leader")

    def is_whole(self):
        """The stream has a leader and two copies that are up to date."""
        cluster = (self.ask("STREAM.INFO.chat") or {}).get("cluster")
        return bool(cluster and cluster.get("leader") and len(cluster.get("replicas") or []) == 2
                    and all(one.get("current") for one in cluster["replicas"]))

    def elected(self, killed):
        """When another server led the stream, or still did."""
        until(lambda: self.leader() not in (None, killed), 60, "nobody is elected")
        return time.monotonic()

    def end(self):
        for node in self.nodes:
            if node.process.poll() is None:
                node.end()
        for server in self.servers.values():
            if server.process.poll() is None:
                server.stop()


def first_shown(follower, talker, after):
    """When something that was said after that moment came first."""
    said = [text for text, at in list(talker.sent_at.items()) if at > after]
    return min((follower.at[text] for text in said if text in follower.at), default=None)


def main():
    program, folder = sys.argv[1], sys.argv[2]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    dice = random.Random(1)
    cluster = Cluster(program, folder)
    elections, acknowledged, deliveries, without_leader, slow = [], [], [], [], []
    try:
        until(cluster.is_whole, 60, lambda: cluster.ask("STREAM.INFO.chat"))
        for node in cluster.nodes:
            until(node.is_up, 30, node.ready)
        followers = [Follower(node, ROOM) for node in cluster.nodes]
        talkers = [Talker(node, 0.05) for node in cluster.nodes]

        def kill(name, leads):
            """Until messages go through again."""
            begun = time.monotonic()
            cluster.servers[name].kill()
            prober = Prober(cluster, name)
            elected = cluster.elected(name)
            shown = until(lambda: first_shown(followers[1], talkers[0], begun), 60, lambda: f"{talkers[0].failed} {cluster.nodes[0].ready()}")
            prober.join(60)
            # While somebody leads, a node that was connected to the dead server goes on at another.
            if leads:
                elections.append(elected - begun)
                acknowledged.append(max(0, prober.acknowledged - elected))
                deliveries.append(max(0, shown - prober.acknowledged))
            else:
                without_leader.append(shown - begun)
            if shown - max(begun, prober.acknowledged) > 1:
                slow.append(f"{name} {'led and ' if leads else ''}died {time.strftime('%H:%M:%S', time.gmtime(time.time() - time.monotonic() + begun))}: "
                            f"elected after {elected - begun:.1f} s, takes messages after {prober.acknowledged - begun:.1f} s, "
                            f"shown after {shown - begun:.1f} s")

        for number in range(rounds):
            leader = cluster.leader()
            others = [name for name in NAMES if name != leader]
            first = leader if number % 2 == 0 else dice.choice(others)
            kill(first, first == leader)
            cluster.servers[first].start()
            # The first has what it lacks from the others as soon as it is there; the second does not wait for that.
            until(lambda: cluster.servers[first].answers(), 20, "it does not listen")
            if number % 3 != 0:
                until(cluster.is_whole, 60, lambda: cluster.ask("STREAM.INFO.chat"))
            leader = cluster.leader()
            second = dice.choice([name for name in NAMES if name != first])
            kill(second, second == leader)
            cluster.servers[second].start()
            until(cluster.is_whole, 60, lambda: cluster.ask("STREAM.INFO.chat"))
            print(f"{number + 1}: {first}, then {second}; {sum(len(one.sent_at) for one in talkers)} messages", flush=True)

        for line in slow:
            print(line)
        for name, times in (("elections after a leader's death", elections), ("then until the stream takes what a bare client writes", acknowledged),
                            ("then until the first delivery", deliveries),
                            ("first delivery after another's death", without_leader)):
            if times:
                print(f"{name}: {len(times)}, median {statistics.median(times):.2f} s, longest {max(times):.2f} s")

        for talker in talkers:
            talker.ends = True
            talker.join()
            assert not talker.failed, talker.failed
        said = {text for talker in talkers for text in talker.sent_at}
        for follower in followers:
            until(lambda: said <= set(follower.at), 60, lambda: f"{sorted(said - set(follower.at))[:5]} of {len(said)} did not come {follower.failed or ''}")
            twice = [text for text, count in collections.Counter(follower.seen).items() if count > 1]
            assert not twice, f"shown twice: {twice}"
        for node in cluster.nodes:
            until(node.is_up, 30, node.ready)
        info = until(lambda: cluster.ask("STREAM.INFO.chat", subjects_filter="chat.m.*.*"), 60, "the stream does not tell what it holds")
        held = info["state"].get("subjects") or {}
        assert len(held) == len(said) and set(held.values()) == {1}, f"{len(held)} in the stream, {len(said)} said"
        print(f"{len(said)} messages: none lost, none twice")
    finally:
        cluster.end()


if __name__ == "__main__":
    main()
