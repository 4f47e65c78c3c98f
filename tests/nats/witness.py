"""A small client of NATS that shares no code with the node's: what a stream holds, and what somebody does to it by hand."""

import base64
import json
import socket


class Witness:
    def __init__(self, port, user, password, patience=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.count = 0
        self.file.readline()  # INFO
        login = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "user": user,
                 "pass": password, "name": "witness"}
        self.send(f"CONNECT {json.dumps(login)}\r\nPING\r\n".encode())
        line = self.line()
        if line != b"PONG":
            raise RuntimeError(line)

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        while True:
            line = self.file.readline().strip()
            if line == b"PING":
                self.send(b"PONG\r\n")
            elif line != b"+OK":
                return line

    def request(self, subject, payload=b""):
        """The payload of the answer; None when nobody answers."""
        self.count += 1
        inbox = f"_INBOX.witness.{self.count}"
        self.send(f"SUB {inbox} {self.count}\r\nPUB {subject} {inbox} {len(payload)}\r\n".encode() + payload + b"\r\n")
        words = self.line().split()
        size = int(words[-1])
        body = self.file.read(size + 2)[:size]
        self.send(f"UNSUB {self.count}\r\n".encode())
        return None if words[0] == b"HMSG" else body

    def ask(self, request, **what):
        answer = self.request("$JS.API." + request, json.dumps(what).encode() if what else b"")
        return json.loads(answer) if answer is not None else None

    def subjects(self, pattern):
        info = self.ask("STREAM.INFO.chat", subjects_filter=pattern)
        return sorted((info["state"].get("subjects") or {}).keys()) if "state" in info else []

    def read(self, subject):
        answer = self.ask("STREAM.MSG.GET.chat", last_by_subj=subject)
        if "message" not in answer:
            return None
        return base64.b64decode(answer["message"].get("data", "")).decode()

    def publish(self, subject, document):
        payload = json.dumps(document).encode() if document is not None else b""
        answer = json.loads(self.request(subject, payload))
        if "seq" not in answer:
            raise RuntimeError(answer)

    def close(self):
        self.socket.close()
