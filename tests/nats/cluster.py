#!/usr/bin/env python3
"""Two nodes on a cluster of three NATS servers, of which each dies in turn, the leader of the stream among them: nothing is lost,
nothing is shown twice.

    cluster.py CHATNODE FOLDER [ROUNDS]
"""

import os
import shutil
import sys
import time

from programs import ClusterServer, Follower, Node, Server, free_port, until
from store import ROOM, each_once, have_all, texts_of
from witness import Witness


def main():
    program, folder = sys.argv[1], sys.argv[2]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    names = ["s1", "s2", "s3"]
    routes = {name: free_port() for name in names}
    servers, nodes = {}, []

    def witness():
        for server in servers.values():
            if server.process.poll() is None:
                try:
                    return Witness(server.port, Server.user, Server.password)
                except (OSError, RuntimeError):
                    pass
        return None

    def info():
        one = witness()
        if not one:
            return None
        try:
            return one.ask("STREAM.INFO.chat")
        except (OSError, ValueError, IndexError):
            return None
        finally:
            one.close()

    def is_whole():
        """The stream has a leader and two copies that are up to date."""
        told = info()
        cluster = told and told.get("cluster")
        return bool(cluster and cluster.get("leader") and len(cluster.get("replicas") or []) == 2
                    and all(one.get("current") for one in cluster["replicas"]))

    try:
        for name in names:
            servers[name] = ClusterServer(folder, name, free_port(), routes)
        store = "nats://" + f"{Server.user}:{Server.password}@" + ",".join(f"127.0.0.1:{one.port}" for one in servers.values()) + "/chat"
        nodes = [Node(program, folder, name, store) for name in ("a", "b")]
        until(is_whole, 60, info)
        for node in nodes:
            until(node.is_up, 30, node.ready)
        followers = [Follower(node, ROOM) for node in nodes]
        said = []

        def say(lead):
            for node in nodes:
                for text in texts_of(f"{lead} {node.name} ", 5):
                    status, answer = node.post(ROOM, text)
                    assert status in (201, 202), (status, answer)
                    said.append(text)

        for number in range(rounds):
            say(f"before {number}")
            have_all(followers, said, 30)
            leader = info()["cluster"]["leader"]
            victim = servers[leader if number % 2 == 0 else names[number % 3]]
            begun = time.monotonic()
            victim.kill()
            say(f"during {number}")
            have_all(followers, said, 60)
            print(f"{victim.name} killed{' (the leader)' if victim.name == leader else ''}: "
                  f"all was everywhere after {time.monotonic() - begun:.1f} s", flush=True)
            victim.start()
            until(is_whole, 60, info)
        each_once(followers)
        for node in nodes:
            until(node.is_up, 30, node.ready)
        one = witness()
        subjects = one.subjects("chat.m.*.*")
        one.close()
        assert len(subjects) == len(said), f"{len(subjects)} in the stream, {len(said)} said"
    finally:
        for node in nodes:
            if node.process.poll() is None:
                node.end()
        for server in servers.values():
            if server.process.poll() is None:
                server.stop()


if __name__ == "__main__":
    main()
