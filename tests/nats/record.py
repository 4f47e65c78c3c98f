#!/usr/bin/env python3
"""Plays a script of requests on a real nats-server and writes what it answered into recording.jsonl: the model of the virtual world must answer
the same (likeness_test.cpp). Times and names, which differ each time, are left out.

    record.py FOLDER > recording.jsonl
"""

import base64
import json
import os
import shutil
import sys
import time

from programs import Server
from witness import Witness

STREAM = {"name": "chat", "subjects": ["chat.>"], "retention": "limits", "storage": "file", "num_replicas": 1, "max_msgs_per_subject": 1,
          "discard": "old", "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "max_age": 0, "max_msg_size": -1, "duplicate_window": 1000000000, "allow_direct": True}


def consumer(inbox=None, **start):
    config = {"ack_policy": "none", "replay_policy": "instant", "mem_storage": True, "num_replicas": 1, "inactive_threshold": 5000000000, **start}
    if inbox:
        config.update(deliver_subject=inbox, max_deliver=1, flow_control=True, idle_heartbeat=2000000000)
    return {"stream_name": "chat", "config": config}


def script():
    api = "$JS.API."

    def ask(what, **body):
        return {"subject": api + what, "payload": json.dumps(body) if body else ""}

    def write(subject, payload, over=None):
        return {"subject": subject, "payload": payload, **({} if over is None else {"over": str(over)})}

    yield ask("STREAM.INFO.chat")
    yield write("chat.m.lobby.A", "lost", 0)
    yield ask("STREAM.CREATE.chat", **STREAM)
    yield ask("STREAM.CREATE.chat", **STREAM)
    yield ask("STREAM.INFO.chat")
    yield write("chat.m.lobby.A", "first", 0)
    yield write("chat.m.lobby.A", "first", 0)
    yield write("chat.m.lobby.A", "changed", 1)
    yield write("chat.m.lobby.A", "changed", 1)
    yield write("chat.m.lobby.B", "second", 0)
    yield write("chat.m.lobby.B", "second", 7)
    yield write("chat.m.other.A", "third")
    yield write("chat.g", "word", 0)
    yield write("chatter.g", "nobody's", 0)
    yield ask("STREAM.MSG.GET.chat", last_by_subj="chat.m.lobby.A")
    yield ask("STREAM.MSG.GET.chat", last_by_subj="chat.m.lobby.C")
    for start in (1, 3, 99):
        yield ask("STREAM.MSG.GET.chat", seq=start, next_by_subj="chat.>")
        yield ask("DIRECT.GET.chat", seq=start, next_by_subj="chat.>")
    yield ask("STREAM.INFO.chat", subjects_filter="chat.m.lobby.*")
    yield ask("STREAM.INFO.chat", subjects_filter="chat.m.>")
    yield ask("STREAM.INFO.chat", subjects_filter="chat.*")
    yield ask("STREAM.INFO.chat", subjects_filter="chat.n.*")
    yield {**ask("CONSUMER.CREATE.chat", **consumer("_INBOX.all", deliver_policy="all")), "inbox": "_INBOX.all"}
    yield {**ask("CONSUMER.CREATE.chat", **consumer("_INBOX.from3", deliver_policy="by_start_sequence", opt_start_seq=3)), "inbox": "_INBOX.from3"}
    yield {**ask("CONSUMER.CREATE.chat", **consumer("_INBOX.from9", deliver_policy="by_start_sequence", opt_start_seq=9)), "inbox": "_INBOX.from9"}
    yield {**ask("CONSUMER.CREATE.chat", **consumer("_INBOX.news", deliver_policy="new")), "inbox": "_INBOX.news"}
    yield {**ask("CONSUMER.CREATE.chat", **consumer("_INBOX.old", deliver_policy="by_start_time", opt_start_time="2020-01-01T00:00:00.000000000Z")),
           "inbox": "_INBOX.old"}
    yield {**ask("CONSUMER.CREATE.chat", **consumer("_INBOX.late", deliver_policy="by_start_time", opt_start_time="2099-01-01T00:00:00.000000000Z")),
           "inbox": "_INBOX.late"}
    yield write("chat.m.lobby.B", "second changed", 3)
    yield write("chat.m.lobby.B", "", 6)
    yield {**ask("CONSUMER.CREATE.chat", **consumer(deliver_policy="all")), "pull": [2, 9]}
    yield {**ask("CONSUMER.CREATE.chat", **consumer(deliver_policy="by_start_sequence", opt_start_seq=99)), "pull": [3]}
    yield ask("STREAM.INFO.chat")
    yield ask("STREAM.MSG.DELETE.chat", seq=4)
    yield ask("STREAM.MSG.DELETE.chat", seq=4)
    yield ask("STREAM.MSG.GET.chat", last_by_subj="chat.m.other.A")
    yield write("chat.m.other.A", "third again", 0)
    yield ask("STREAM.INFO.chat")
    yield ask("STREAM.DELETE.chat")
    yield ask("STREAM.DELETE.chat")
    yield write("chat.m.lobby.A", "lost", 0)
    yield ask("CONSUMER.CREATE.chat", **consumer(deliver_policy="all"))


class Player(Witness):
    """Keeps what comes for each inbox."""

    def __init__(self, server):
        super().__init__(server.port, server.user, server.password)
        self.inboxes, self.names = {}, {}

    def subscribe(self, inbox):
        self.count += 1
        self.names[str(self.count)] = inbox
        self.inboxes[inbox] = []
        self.send(f"SUB {inbox} {self.count}\r\n".encode())

    def ask_raw(self, step, inbox, reply="_INBOX.answers"):
        payload = step["payload"].encode()
        if "over" in step:
            headers = f"NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: {step['over']}\r\n\r\n".encode()
            self.send(f"HPUB {step['subject']} {reply} {len(headers)} {len(headers) + len(payload)}\r\n".encode() + headers + payload + b"\r\n")
        else:
            self.send(f"PUB {step['subject']} {reply} {len(payload)}\r\n".encode() + payload + b"\r\n")
        return self.wait_for(inbox)

    def wait_for(self, inbox, seconds=2):
        end = time.monotonic() + seconds
        while not self.inboxes[inbox]:
            if time.monotonic() > end:
                raise RuntimeError("no answer")
            self.take()
        return self.inboxes[inbox].pop(0)

    def take(self):
        words = self.line().decode().split()
        if words[0] not in ("MSG", "HMSG"):
            raise RuntimeError(words)
        total, heads = int(words[-1]), int(words[-2]) if words[0] == "HMSG" else 0
        fields = words[3:-2] if words[0] == "HMSG" else words[3:-1]
        data = self.file.read(total + 2)[:total]
        names = dict(line.split(": ", 1) for line in data[:heads].decode().split("\r\n")[1:] if ": " in line)
        status = int(data[:heads].split(b"\r\n")[0].split()[1]) if heads and len(data[:heads].split(b"\r\n")[0].split()) > 1 else 0
        self.inboxes[self.names[words[2]]].append(
            {"subject": words[1], "reply": fields[0] if fields else "", "status": status, "headers": names,
             "payload": data[heads:].decode()})

    def drain(self, seconds=0.3):
        self.socket.settimeout(seconds)
        try:
            while True:
                self.take()
        except (TimeoutError, OSError):
            pass
        self.socket.settimeout(10)
        self.file = self.socket.makefile("rb")


def normal(answer):
    """What of an answer does not differ from time to time."""
    if answer["status"]:
        return {"status": answer["status"]}
    if answer["reply"].startswith("$JS.ACK."):
        tokens = answer["reply"].split(".")
        return {"subject": answer["subject"], "sequence": int(tokens[5]), "number": int(tokens[6]), "pending": int(tokens[8]),
                "payload": answer["payload"]}
    if "Nats-Sequence" in answer["headers"]:
        return {"subject": answer["headers"]["Nats-Subject"], "seq": int(answer["headers"]["Nats-Sequence"]), "payload": answer["payload"]}
    body = json.loads(answer["payload"])
    if "error" in body:
        return {"code": body["error"]["code"], "err_code": body["error"]["err_code"]}
    out = {}
    for key in ("seq", "success", "num_pending"):
        if key in body:
            out[key] = body[key]
    if "state" in body:
        out["messages"], out["last_seq"] = body["state"]["messages"], body["state"]["last_seq"]
        if body["state"].get("subjects"):
            out["subjects"] = dict(sorted(body["state"]["subjects"].items()))
    if "message" in body:
        out.update(subject=body["message"]["subject"], seq=body["message"]["seq"],
                   payload=base64.b64decode(body["message"].get("data", "")).decode())
    return out


def main():
    folder = sys.argv[1]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    server = Server(folder)
    player = Player(server)
    try:
        player.subscribe("_INBOX.answers")
        steps = []
        for step in script():
            if "inbox" in step:
                player.subscribe(step["inbox"])
            told = player.ask_raw(step, "_INBOX.answers")
            entry = {**step, "answer": normal(told)}
            if "pull" in step:
                name, entry["rows"] = json.loads(told["payload"])["name"], []
                for number, batch in enumerate(step["pull"]):
                    inbox = f"_INBOX.pull{len(steps)}-{number}"
                    player.subscribe(inbox)
                    player.send((lambda body: f"PUB $JS.API.CONSUMER.MSG.NEXT.chat.{name} {inbox} {len(body)}\r\n{body}\r\n".encode())(
                        json.dumps({"batch": batch, "no_wait": True})))
                    time.sleep(0.2)
                    player.drain()
                    entry["rows"].append([normal(one) for one in player.inboxes[inbox]])
            steps.append(entry)
        player.drain()
        for entry in steps:
            if "inbox" in entry:  # heartbeats are no rows, nor is what a consumer is told at its end
                entry["rows"] = [[normal(one) for one in player.inboxes[entry["inbox"]] if one["reply"].startswith("$JS.ACK.")]]
            print(json.dumps(entry))
    finally:
        player.close()
        server.stop()


if __name__ == "__main__":
    main()
