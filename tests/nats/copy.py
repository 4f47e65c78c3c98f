#!/usr/bin/env python3
"""`chatnode store copy` from a CouchDB into a NATS server and back into another CouchDB, while people chat, and interrupted.

    copy.py CHATNODE FOLDER
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

from programs import Node, Server, free_port, quote, until
from witness import Witness

ROOM = "lobby"
MANY = 8000


class Mock:
    def __init__(self, program, folder, name):
        self.port = free_port()
        self.process = subprocess.Popen([program, "--listen", f"127.0.0.1:{self.port}"], stderr=open(os.path.join(folder, name + ".log"), "ab"))
        until(lambda: self.documents() is not None, told="couchmock does not listen")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/chat"

    def documents(self):
        """The texts of all messages, by id; nothing when it does not answer."""
        try:
            with urllib.request.urlopen(self.url + "/_all_docs?include_docs=true", timeout=5) as answer:
                rows = json.load(answer)["rows"]
        except urllib.error.HTTPError:
            return {}
        except OSError:
            return None
        return {row["id"]: row["doc"]["msg"] for row in rows if "msg" in row["doc"]}

    def policies(self):
        """The documents that say what holds (bans, rooms' settings), by id, without where they are stored."""
        with urllib.request.urlopen(self.url + "/_all_docs?include_docs=true", timeout=5) as answer:
            rows = json.load(answer)["rows"]
        return {row["id"]: without_revision(row["doc"]) for row in rows if row["id"].startswith("davenport-")}

    def put(self, name, document):
        request = urllib.request.Request(self.url + "/" + quote(name), method="PUT", headers={"Content-Type": "application/json"},
                                         data=json.dumps(document).encode())
        urllib.request.urlopen(request).read()

    def put_all(self, documents):
        urllib.request.urlopen(urllib.request.Request(self.url + "/_bulk_docs", method="POST", headers={"Content-Type": "application/json"},
                                                      data=json.dumps({"docs": documents}).encode())).read()

    def stop(self):
        self.process.terminate()
        self.process.wait()


def without_revision(document):
    return {key: value for key, value in document.items() if key not in ("_id", "_rev")}


def policies_in_stream(server):
    witness = Witness(server.port, server.user, server.password)
    try:
        found = {}
        for subject in witness.subjects("chat.p.*"):
            name = re.sub("=([0-9A-F]{2})", lambda part: chr(int(part[1], 16)), subject[len("chat.p."):])
            found[name] = without_revision(json.loads(witness.read(subject)))
        return found
    finally:
        witness.close()


def in_stream(server):
    witness = Witness(server.port, server.user, server.password)
    try:
        documents = [json.loads(witness.read(subject)) for subject in witness.subjects("chat.m.>") + witness.subjects("chat.f.>")]
        return {one["_id"]: one["msg"] for one in documents}
    finally:
        witness.close()


def main():
    program, folder = sys.argv[1], sys.argv[2]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    couchmock = os.path.join(os.path.dirname(program), "couchmock")
    started, nodes = [], []
    journal = os.path.join(folder, "copy.journal")

    def copy(source, target, kept=journal):
        return subprocess.Popen([program, "store", "copy", source, target, "--journal", kept], stderr=subprocess.PIPE, text=True)

    def finish(process, code=0):
        _, told = process.communicate(timeout=100)
        assert process.returncode == code, (process.returncode, told)
        return told

    try:
        first, second, server = Mock(couchmock, folder, "first"), Mock(couchmock, folder, "second"), Server(folder)
        started += [first, second, server]
        node = Node(program, folder, "a", first.url)
        nodes.append(node)
        ids = []

        def say(lead, count):
            for i in range(count):
                status, answer = node.post(ROOM, f"{lead} {i}", secret="long enough to be one")
                assert status in (201, 202), answer
                ids.append(answer["id"])

        until(node.is_up, told=node.ready)
        ban = {"what": "ban", "who": "mallory", "room": "*", "reason": "spam"}
        first.put("davenport-ban~*~mallory", ban)
        first.put("davenport-ban~lobby~eve", {"what": "ban", "who": "eve", "room": "lobby"})
        first.put(f"davenport-room~{ROOM}", {"what": "room", "room": ROOM, "topic": "all that is said", "slow": 0})
        # More than are written at once: a copy waits for the last of them.
        bans = [{"_id": f"davenport-ban~lobby~m{i}", "what": "ban", "who": f"m{i}", "room": "lobby"} for i in range(MANY)]
        first.put_all(bans)
        say("before", 60)
        secret = {"Message_Secret": "long enough to be one"}
        assert node.ask("PUT", f"/api/rooms/{ROOM}/messages/{quote(ids[0])}", {"text": "mended"}, **secret)[0] in (201, 202)
        assert node.ask("DELETE", f"/api/rooms/{ROOM}/messages/{quote(ids[1])}", None, **secret)[0] in (201, 202)
        request = urllib.request.Request(first.url, method="POST", headers={"Content-Type": "application/json"}, data=json.dumps(
            {"user": "cron", "msg": "by hand", "datetime": "2026-11-23T18:00:00.123Z", "host": "nowhere"}).encode())
        urllib.request.urlopen(request).read()
        until(node.is_up, told=node.ready)

        # Interrupted while the second store is away, and gone on with.
        server.kill()
        copying = copy(first.url, server.url)
        until(lambda: "writing" in copying.stderr.readline(), told="it does not begin to write")
        copying.send_signal(signal.SIGTERM)
        assert "goes on" in finish(copying, 1)
        server.start()
        copying = copy(first.url, server.url)
        say("while it was copied", 20)
        finish(copying)
        until(node.is_up, told=node.ready)
        finish(copy(first.url, server.url))
        wanted = first.documents()
        assert len(wanted) == 81, len(wanted)
        found = in_stream(server)
        assert found == wanted, {key for key in set(wanted) | set(found) if wanted.get(key) != found.get(key)}
        assert found[ids[0]] == "mended" and found[ids[1]] == ""
        assert len(first.policies()) == 3 + MANY, len(first.policies())
        found, held = policies_in_stream(server), first.policies()
        assert found == held, {key for key in set(held) | set(found) if held.get(key) != found.get(key)}
        # Who is banned in the one store is banned in the other.
        there = Node(program, folder, "there", server.url)
        nodes.append(there)
        until(there.is_up, told=there.ready)
        until(lambda: there.post(ROOM, "let me in", user="mallory")[0] == 403, told=lambda: there.post(ROOM, "let me in", user="mallory"))
        there.end()

        # And back, into a store that is empty. A new node takes posts while it reads what there is, bans among them: what it took by then is there, too.
        found = in_stream(server)
        assert set(found.values()) - set(wanted.values()) <= {"let me in"} and set(wanted) <= set(found), found
        wanted = found
        finish(copy(server.url, second.url, os.path.join(folder, "back.journal")))
        found = second.documents()
        assert found == wanted, {key: (wanted.get(key), found.get(key)) for key in set(wanted) | set(found) if wanted.get(key) != found.get(key)}
        found, held = second.policies(), first.policies()
        assert found == held, {key for key in set(held) | set(found) if held.get(key) != found.get(key)}
        finish(copy(server.url, server.url), 64)
        node.end()
    finally:
        for one in started:
            if one.process.poll() is None:
                one.stop()
        for one in nodes:
            if one.process.poll() is None:
                one.end()


if __name__ == "__main__":
    main()
