#!/usr/bin/env python3
"""Two nodes on a real NATS server: the promises that the README makes, as two people and an administrator see them.

    store.py CHATNODE FOLDER
"""

import json
import os
import shutil
import signal
import sys
import time

from programs import Follower, Node, Person, Server, quote, until
from witness import Witness

ROOM = "1.floor-left_x"  # a dot has a meaning in a subject


def texts_of(lead, count):
    return [f"{lead}{i}" for i in range(count)]


def have_all(followers, wanted, seconds=20):
    for follower in followers:
        until(lambda: set(wanted) <= set(follower.seen), seconds,
              lambda: f"{sorted(set(wanted) - set(follower.seen))[:5]} of {len(wanted)} did not come {follower.failed or ''}")


def each_once(followers):
    for follower in followers:
        twice = [text for text in set(follower.seen) if follower.seen.count(text) > 1]
        assert not twice, f"shown twice: {twice}"


class Story:
    def __init__(self, program, folder):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.program, self.folder = program, folder
        self.nodes, self.said, self.followers = [], [], []
        self.server = Server(folder)

    def begin(self):
        self.node("a")
        self.node("b")
        self.followers = [Follower(node, ROOM) for node in self.nodes]

    def node(self, name):
        self.nodes.append(Node(self.program, self.folder, name, self.server.url))
        return self.nodes[-1]

    def witness(self):
        return Witness(self.server.port, self.server.user, self.server.password)

    def say(self, node, texts):
        for text in texts:
            status, answer = node.post(ROOM, text)
            assert status in (201, 202), (status, answer)
            self.said.append(text)

    def all_up(self, seconds=20):
        for node in self.nodes:
            until(node.is_up, seconds, lambda: node.ready())

    def stream_has_all(self):
        witness = self.witness()
        subjects = witness.subjects("chat.m.*.*")
        witness.close()
        assert len(subjects) == len(self.said), f"{len(subjects)} in the stream, {len(self.said)} said"

    # ---- what is told

    def crosses(self):
        self.all_up()
        a, b = self.nodes
        self.say(a, texts_of("from a ", 40))
        self.say(b, texts_of("from b ", 40))
        have_all(self.followers, self.said)
        each_once(self.followers)
        self.all_up()
        self.stream_has_all()

    def repeats_are_known(self):
        a, b = self.nodes
        status, first = a.post(ROOM, "once")
        assert status in (201, 202), first
        self.said.append("once")
        key = first["key"]
        have_all(self.followers, ["once"])
        for node in (a, b, a):
            status, again = node.post(ROOM, "once", key=key)
            assert again.get("id") == first["id"], (first, again)
        until(lambda: b.post(ROOM, "once", key=key)[0] == 201, told="the repeat is not told to be stored")
        each_once(self.followers)

    def goes_on_without_its_store(self):
        a, b = self.nodes
        self.server.kill()
        begun = time.monotonic()
        self.say(a, texts_of("away a ", 15))
        have_all(self.followers[:1], texts_of("away a ", 15), 2)
        assert time.monotonic() - begun < 2, "local messages were late"
        self.say(b, texts_of("away b ", 15))
        until(lambda: a.ready().get("store") == "down", told=lambda: a.ready())
        self.server.start()
        have_all(self.followers, self.said)
        self.all_up()
        each_once(self.followers)
        self.stream_has_all()

    def nodes_die(self):
        a = self.nodes[0]
        self.server.kill()
        self.say(a, texts_of("killed ", 10))
        a.end(signal.SIGKILL)
        self.server.start()
        a.start()
        have_all(self.followers[1:], self.said)
        self.followers[0] = Follower(a, ROOM)
        self.all_up()
        each_once(self.followers)
        self.stream_has_all()
        assert sorted(one["text"] for one in a.history(ROOM)) == sorted(self.said)

    def stream_is_deleted(self):
        a, b = self.nodes
        witness = self.witness()
        assert witness.ask("STREAM.DELETE.chat")["success"]
        witness.close()
        self.say(b, texts_of("anew ", 10))
        have_all(self.followers[1:], self.said)
        self.all_up(30)
        until(lambda: self.count() == len(self.said), 30, lambda: f"{self.count()} of {len(self.said)} are back")
        have_all(self.followers[:1], texts_of("anew ", 10))
        each_once(self.followers)

    def count(self):
        witness = self.witness()
        try:
            return len(witness.subjects("chat.m.*.*"))
        finally:
            witness.close()

    def server_loses_its_end(self):
        """As after a power cut: the server is back without what came last, and other messages get their numbers."""
        a, b = self.nodes
        self.all_up()
        self.server.stop()
        self.server.copy(self.server.data + ".copy")
        self.server.start()
        self.all_up()
        self.say(a, texts_of("lost a ", 12))
        self.say(b, texts_of("lost b ", 12))
        have_all(self.followers[1:], self.said)
        self.all_up()
        self.server.kill()
        self.server.put_back(self.server.data + ".copy")
        self.server.start()
        self.say(b, texts_of("after ", 12))
        until(lambda: self.count() == len(self.said), 40, lambda: f"{self.count()} of {len(self.said)} are there")
        have_all(self.followers, texts_of("after ", 12))
        each_once(self.followers)

    def changes_cross(self):
        a, b = self.nodes
        ids = []
        for text in texts_of("mend ", 6):
            status, answer = a.post(ROOM, text, secret="of ann, and long enough for it")
            assert status in (201, 202), answer
            ids.append(answer["id"])
        have_all(self.followers, texts_of("mend ", 6))
        secret = {"Message_Secret": "of ann, and long enough for it"}
        path = f"/api/rooms/{ROOM}/messages/"
        for i, one in enumerate(ids):
            for node, text in ((a, f"mended by a {i}"), (b, f"mended by b {i}")):
                status, answer = node.ask("PUT", path + quote(one), {"text": text}, **secret)
                assert status in (201, 202, 409), (status, answer)
        for one in ids[:3]:
            status, answer = b.ask("DELETE", path + quote(one), None, **secret)
            assert status in (201, 202), (status, answer)

        def told():
            found = []
            for node in self.nodes:
                found.append(sorted((one["id"], one.get("text", "")) for one in node.history(ROOM) if one["id"] in ids))
            return found

        def same():
            one, other = told()
            return one == other and all((text == "") == (i in ids[:3]) for i, text in one)

        until(same, told=told)
        self.all_up()
        witness = self.witness()
        for subject in witness.subjects("chat.m.*.*"):
            document = json.loads(witness.read(subject))
            if document["_id"] in ids:
                text = dict(told()[0])[document["_id"]]
                assert document["msg"] == text, (document, text)
        # By hand: an empty message is a removal.
        subject = next(s for s in witness.subjects("chat.m.*.*") if json.loads(witness.read(s))["_id"] == ids[5])
        witness.publish(subject, None)
        self.emptied = ids[5]
        until(lambda: all(dict(one)[ids[5]] == "" for one in told()), told=told)
        witness.close()

    def bans_hold(self):
        a, b = self.nodes
        witness = self.witness()
        witness.publish("chat.p.davenport-ban=7Eby-hand",
                        {"what": "ban", "who": "bert", "room": "*", "reason": "spam"})
        until(lambda: a.post(ROOM, "let me in", user="bert")[0] == 403 and b.post(ROOM, "let me in", user="bert")[0] == 403,
              told=lambda: a.post("elsewhere", "let me in", user="bert"))
        witness.close()

    def what_has_not_come_yet_is_placed_when_it_was_taken(self):
        witness = self.witness()
        self.nodes[0].post("lobby", "before")
        for year in (2099, 9999):
            witness.publish(f"chat.f.of-{year}", {"_id": f"of-{year}", "user": "hand", "msg": f"of {year}",
                                                  "datetime": f"{year}-01-01T00:00:00Z"})
            time.sleep(0.01)  # what came in the same millisecond stands by its id
        witness.close()

        def told():
            return [[one["text"] for one in node.history("lobby")] for node in self.nodes]

        until(lambda: all("of 9999" in one for one in told()), told=told)
        self.nodes[1].post("lobby", "after")
        wanted = ["after", "of 9999", "of 2099", "before"]
        until(lambda: all(one == wanted for one in told()), told=told)

    def a_wrong_clock_is_noticed(self):
        library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
        if not os.path.exists(library):
            print("skipped: libfaketime is missing (Debian: faketime)")
            return
        node = Node(self.program, self.folder, "ahead", self.server.url,
                    variables={"LD_PRELOAD": library, "FAKETIME": "+600s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        self.nodes.append(node)
        people = []

        def is_off():  # who comes is published, which tells the time
            people.append(Person(node, f"person {len(people)}", "lobby"))
            time.sleep(3)
            return node.ready().get("status") == "clock-off"

        until(is_off, 60, node.ready)
        assert 590_000 < node.ready()["clock_ahead_ms"] < 610_000, node.ready()
        assert self.nodes[0].ready()["status"] == "ok", self.nodes[0].ready()
        self.nodes.remove(node)
        node.end(signal.SIGKILL)

    def fresh_node_reads_all(self):
        node = self.node("c")
        until(node.is_up, 30, node.ready)
        # Of what somebody emptied by hand nothing is left that it could know.
        wanted = sorted((one["id"], one.get("text", "")) for one in self.nodes[0].history(ROOM)
                        if one["id"] != self.emptied)
        until(lambda: sorted((one["id"], one.get("text", "")) for one in node.history(ROOM)) == wanted, 30,
              lambda: f"{len(node.history(ROOM))} of {len(wanted)}")

    def end(self):
        for node in self.nodes:
            if node.process.poll() is None:
                node.end()
        if self.server.process.poll() is None:
            self.server.stop()


def main():
    story = Story(sys.argv[1], sys.argv[2])
    try:
        for chapter in (story.begin, story.crosses, story.repeats_are_known, story.goes_on_without_its_store, story.nodes_die,
                        story.stream_is_deleted, story.server_loses_its_end, story.changes_cross, story.bans_hold,
                        story.what_has_not_come_yet_is_placed_when_it_was_taken, story.a_wrong_clock_is_noticed,
                        story.fresh_node_reads_all):
            begun = time.monotonic()
            chapter()
            print(f"{chapter.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
    finally:
        story.end()


if __name__ == "__main__":
    main()
