#!/usr/bin/env python3
"""`chatnode erase` on a real NATS server: no text is left in the stream, in the server's files and in the nodes' journals.

    erase.py CHATNODE FOLDER
"""

import json
import os
import shutil
import subprocess
import sys

from programs import Node, Server, until
from witness import Witness

ROOM = "lobby"
SECRET = "my-address-is-12-High-Street"


def holds(folder, text):
    """Which files below there have this text."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                if text.encode() in file.read():
                    found.append(os.path.join(where, name))
    return found


def main():
    program, folder = sys.argv[1], sys.argv[2]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    server = Server(folder)
    nodes = []

    def erase(*what, code=0):
        done = subprocess.run([program, "erase", "--store", server.url, *what], capture_output=True, text=True, timeout=100)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    try:
        nodes += [Node(program, folder, "a", server.url), Node(program, folder, "b", server.url)]
        a, b = nodes
        until(lambda: a.is_up() and b.is_up(), told=lambda: (a.ready(), b.ready()))
        for i in range(150):
            for node, user, text in ((a, "anna", f"{SECRET} {i}"), (b, "bob", f"bobs words {i}")):
                status, answer = node.post(ROOM, text, user=user)
                assert status in (201, 202), answer
        until(lambda: a.is_up() and b.is_up(), told=lambda: (a.ready(), b.ready()))
        until(lambda: all(sum(one["text"].startswith(SECRET) for one in node.history(ROOM)) == 150 for node in nodes), told="not all came")
        assert holds(server.data, SECRET), "the test looks in the wrong place"

        told = erase("--user", "anna", "--dry-run")
        assert "150 messages would be erased" in told, told
        assert holds(server.data, SECRET)
        told = erase("--user", "anna", "--by", "the office")
        assert "150 messages are erased" in told and "written over in the server's file" in told, told

        assert not holds(server.data, SECRET), holds(server.data, SECRET)
        witness = Witness(server.port, server.user, server.password)
        documents = [json.loads(witness.read(subject)) for subject in witness.subjects("chat.m.*.*")]
        assert len(documents) == 300, len(documents)
        assert not any(SECRET in json.dumps(one) for one in documents)
        assert sum("removed" in one for one in documents) == 150
        until(lambda: all(sum(one["text"] == "" for one in node.history(ROOM)) == 150 for node in nodes), told="a node was not told")
        until(lambda: not holds(folder, SECRET), told=lambda: holds(folder, SECRET))
        assert sum(one["text"].startswith("bobs words") for one in a.history(ROOM)) == 150

        # Nothing comes back, not even with a server that reads its files anew.
        server.stop()
        server.start()
        until(lambda: a.is_up() and b.is_up(), told=lambda: (a.ready(), b.ready()))
        status, answer = a.post(ROOM, "goes on", user="bob")
        assert status in (201, 202), answer
        until(lambda: any(one["text"] == "goes on" for one in b.history(ROOM)), told="chat does not go on")
        assert not holds(folder, SECRET), holds(folder, SECRET)
        told = erase("--user", "anna")
        assert "0 messages are erased; 150 had been removed before" in told, told
        witness.close()
        assert "needs a CouchDB" in erase("--retention", code=64)
        print("erased")
    finally:
        for node in nodes:
            node.end()
        server.stop()


if __name__ == "__main__":
    main()
