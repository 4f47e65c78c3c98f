"""Starts a NATS server and nodes on free ports of this machine, and ends what it started."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what, seconds=20, told="nothing"):
    """Waits until what() is true, and returns that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = what()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {told() if callable(told) else told}")


class ClusterServer:
    """One of several servers of a cluster."""

    def __init__(self, folder, name, port, ports_of_routes):
        self.folder, self.name, self.port = folder, name, port
        routes = ", ".join(f"nats://127.0.0.1:{one}" for one in ports_of_routes.values())
        self.config = os.path.join(folder, name + ".conf")
        with open(self.config, "w") as file:
            file.write(f"""server_name: {name}
listen: 127.0.0.1:{port}
jetstream {{ store_dir: "{os.path.join(folder, name)}" }}
authorization {{ user: {Server.user}, password: {Server.password} }}
cluster {{ name: davenport, listen: 127.0.0.1:{ports_of_routes[name]}, routes: [{routes}] }}
""")
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(["nats-server", "-c", self.config],
                                        stderr=open(os.path.join(self.folder, self.name + ".log"), "ab"))

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Server:
    user, password = "chat", "s3cret"

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.data = os.path.join(folder, "jetstream")
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["nats-server", "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", self.data, "--user", self.user,
             "--pass", self.password], stderr=open(os.path.join(self.folder, "nats-server.log"), "ab"))
        until(self.answers, told="nats-server does not listen")

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def copy(self, to):
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.data, to)

    def put_back(self, copy):
        shutil.rmtree(self.data)
        shutil.copytree(copy, self.data)

    @property
    def url(self):
        return f"nats://{self.user}:{self.password}@127.0.0.1:{self.port}/chat"


class Node:
    def __init__(self, program, folder, name, store, *more, variables=None):
        self.name, self.folder, self.variables = name, folder, variables or {}
        self.arguments = [program, "--name", name, "--listen", "127.0.0.1:0", "--journal",
                          os.path.join(folder, name + ".journal"), "--store", store, "--port-file",
                          os.path.join(folder, name + ".port"), "--posts-per-second", "0", *more]
        self.process = None
        self.start()

    def start(self):
        path = os.path.join(self.folder, self.name + ".port")
        if os.path.exists(path):
            os.remove(path)
        self.process = subprocess.Popen(self.arguments, env={**os.environ, **self.variables},
                                        stderr=open(os.path.join(self.folder, self.name + ".log"), "ab"))
        until(lambda: os.path.exists(path) and open(path).read().strip(), told=f"node {self.name} does not start")
        self.port = int(open(path).read())

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait()

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, json.loads(data) if data.startswith(b"{") else data

    def post(self, room, text, user="ann", key=None, secret=None):
        headers = {"Idempotency_Key": key} if key else {}
        body = {"user": user, "text": text, **({"secret": secret} if secret else {})}
        return self.ask("POST", f"/api/rooms/{quote(room)}/messages", body, **headers)

    def history(self, room):
        out, before = [], ""
        while True:
            status, page = self.ask("GET", f"/api/rooms/{quote(room)}/messages?limit=200" + before)
            assert status == 200, (status, page)
            out += page["messages"]
            if not page.get("more") or not page["messages"]:
                return out
            before = "&before=" + page["messages"][-1]["pos"]

    def ready(self):
        return self.ask("GET", "/readyz")[1]

    def is_up(self):
        told = self.ready()
        return told.get("store") == "up" and told.get("backlog") == 0


class Follower(threading.Thread):
    """Keeps every message that a node shows in a room, as often as it is shown."""

    def __init__(self, node, room):
        super().__init__(daemon=True)
        self.seen, self.at, self.failed = [], {}, None
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=120)
        self.connection.request("GET", f"/api/rooms/{quote(room)}/events?limit=1")
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        self.start()

    def run(self):
        event = ""
        try:
            for raw in self.answer:
                line = raw.decode().rstrip("\n")
                if line.startswith("event:"):
                    event = line[6:].strip()
                elif line.startswith("data:") and event == "message":
                    frame = json.loads(line[5:])
                    text = frame["text"] if "text" in frame else frame["message"]["text"]
                    self.seen.append(text)
                    self.at.setdefault(text, time.monotonic())
        except Exception as problem:  # noqa: BLE001: told to whoever waits
            self.failed = problem


class Person:
    """Somebody who is there: a WebSocket that has said its name and joined a room."""

    def __init__(self, node, name, room):
        self.socket = socket.create_connection(("127.0.0.1", node.port), timeout=20)
        self.socket.sendall(f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{node.port}\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        assert b" 101 " in self.socket.recv(4096)
        for frame in ({"t": "hello", "user": name}, {"t": "join", "room": room}):
            data = json.dumps(frame).encode()
            assert len(data) < 126
            self.socket.sendall(bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data)


def quote(text):
    return urllib.parse.quote(text, safe="")
