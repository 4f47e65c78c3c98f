#!/usr/bin/env python3
"""Replicates between servers over HTTP, in every direction, and compares what arrives.

  replicate.py --couchmock build/release/bin/couchmock [--couchdb http://admin:secret@127.0.0.1:5984]

Two couchmocks stand for two servers. With a CouchDB each case is played with it as the source, as the target, and as the one that replicates. The databases
are named `replicate-...` and dropped. Exit code 0: every case held.
"""

import argparse
import base64
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

COUNT = itertools.count()
FILE = bytes(range(256)) * 40
NOTE = "a note of plain text, which a store compresses\n" * 50


class Server:
    def __init__(self, url, name):
        self.url, self.name = url.rstrip("/"), name
        parts = urllib.parse.urlsplit(self.url)
        self.base = f"http://{parts.hostname}:{parts.port}"
        self.who = f"{parts.username}:{parts.password}"

    def ask(self, method, path, body=None, timeout=60):
        headers = {"Authorization": "Basic " + base64.b64encode(self.who.encode()).decode(), "Content-Type": "application/json", "Accept": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text or b"null")

    def end(self, database):
        return f"{self.url}/{database}"

    def make(self):
        name = f"replicate-{os.getpid():x}-{next(COUNT)}"
        assert self.ask("PUT", "/" + name)[0] in (201, 202)
        return name


class Couchmock(Server):
    def __init__(self, program, name, folder):
        port_file, self.data = os.path.join(folder, name + ".port"), os.path.join(folder, name + ".db")
        self.process = subprocess.Popen([program, "--listen", "127.0.0.1:0", "--port-file", port_file, "--admin", "admin:secret",
                                         "--log-level", "off", "--data", self.data], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not (os.path.exists(port_file) and os.path.getsize(port_file)):
            assert time.monotonic() < deadline, "couchmock did not start"
            time.sleep(0.02)
        with open(port_file) as file:
            super().__init__(f"http://admin:secret@127.0.0.1:{file.read().strip()}", name)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def equal(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, not {wanted!r}")


def until(what, holds, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        got = holds()
        if got:
            return got
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def fill(server, database):
    """Documents of every kind: plain, deleted, in conflict, with attachments, with numbers that a careless reader changes."""
    docs = [{"_id": f"d{i:04}", "n": i, "text": "ä☃𝄞" * (i % 7)} for i in range(700)]
    equal("bulk", server.ask("POST", f"/{database}/_bulk_docs", {"docs": docs})[0], 201)
    gone = server.ask("GET", f"/{database}/d0003")[1]
    server.ask("DELETE", f"/{database}/d0003?rev={gone['_rev']}")
    for rev in ("2-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "2-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"):
        doc = {"_id": "d0005", "_rev": rev, "branch": rev, "_revisions": {"start": 2, "ids": [rev[2:], "c" * 32]}}
        equal("branch", server.ask("POST", f"/{database}/_bulk_docs", {"new_edits": False, "docs": [doc]})[1], [])
    files = {"file": {"content_type": "application/octet-stream", "data": base64.b64encode(FILE).decode()},
             "note": {"content_type": "text/plain", "data": base64.b64encode(NOTE.encode()).decode()}}
    equal("files", server.ask("PUT", f"/{database}/files", {"_attachments": files, "x": 1})[0], 201)
    numbers = '{"big":123456789012345678901234567890,"one":1.0,"small":1e-7,"list":[0.1,-0]}'
    request = urllib.request.Request(server.base + f"/{database}/n%2F%20%C3%A4", numbers.encode(), method="PUT", headers={
        "Authorization": "Basic " + base64.b64encode(server.who.encode()).decode(), "Content-Type": "application/json"})
    urllib.request.urlopen(request)


def leaves(server, database):
    rows = server.ask("GET", f"/{database}/_changes?style=all_docs")[1]["results"]
    return {row["id"]: (sorted(change["rev"] for change in row["changes"]), row.get("deleted", False)) for row in rows}


def compare(source, a, target, b):
    equal("leaves", leaves(target, b), leaves(source, a))
    for path in ("files?attachments=true", "n%2F%20%C3%A4", "d0699", "d0005?conflicts=true&revs=true"):
        got, wanted = target.ask("GET", f"/{b}/{path}")[1], source.ask("GET", f"/{a}/{path}")[1]
        for doc in (got, wanted):  # each store compresses for itself, and then says another digest
            for file in doc.get("_attachments", {}).values():
                file.pop("digest", None)
        equal(path, got, wanted)


def once_and_again(source, target, by):
    a, b = source.make(), target.make()
    fill(source, a)
    wanted = {"source": source.end(a), "target": target.end(b)}
    status, first = by.ask("POST", "/_replicate", wanted)
    equal("status", (status, first.get("ok")), (200, True))
    assert "no_changes" not in first, first
    compare(source, a, target, b)
    entry = first["history"][0]
    equal("written", (entry["docs_written"], entry["doc_write_failures"]), (704, 0))
    again = by.ask("POST", "/_replicate", wanted)[1]
    equal("again", (again.get("no_changes"), again["session_id"]), (True, first["session_id"]))
    source.ask("PUT", f"/{a}/later", {})
    third = by.ask("POST", "/_replicate", wanted)[1]
    equal("goes on", (third["history"][0]["start_last_seq"], third["history"][1]["session_id"]),
          (first["source_last_seq"], first["session_id"]))
    compare(source, a, target, b)
    logs = [[row["id"] for row in server.ask("GET", f"/{name}/_local_docs")[1]["rows"]] for server, name in ((source, a), (target, b))]
    equal("checkpoints", logs[0], logs[1])
    equal("one", len([log for log in logs[0] if not log.startswith("_local/shard-")]), 1)


def chosen(source, target, by):
    a = source.make()
    fill(source, a)
    source.ask("PUT", f"/{a}/_design/d", {"filters": {"small": "function(doc, req) { return doc.n < +req.query.under; }"}})
    by_choice = {
        "doc_ids": ({"doc_ids": ["d0001", "d0699", "none"]}, {"d0001", "d0699"}),
        "selector": ({"selector": {"n": {"$gte": 695}}}, {f"d{i:04}" for i in range(695, 700)}),
        "filter": ({"filter": "d/small", "query_params": {"under": "2"}}, {"d0000", "d0001"}),
        "since_seq": ({"since_seq": source.ask("GET", f"/{a}")[1]["update_seq"]}, set()),
    }
    for name, (more, ids) in by_choice.items():
        b = f"{a}-{name.replace('_', '-')}"
        status, answer = by.ask("POST", "/_replicate", {"source": source.end(a), "target": target.end(b), "create_target": True, **more})
        equal(name, status, 200)
        equal(name, set(leaves(target, b)), ids)
        target.ask("DELETE", f"/{b}")


def continuous(source, target, by):
    a, b = source.make(), target.make()
    wanted = {"source": source.end(a), "target": target.end(b), "continuous": True}
    status, answer = by.ask("POST", "/_replicate", wanted)
    equal("status", status, 202)
    job = answer["_local_id"]
    for i in range(3):
        source.ask("PUT", f"/{a}/x{i}", {"i": i})
        until(f"x{i}", lambda i=i: target.ask("GET", f"/{b}/x{i}")[0] == 200)
    jobs = json.dumps(by.ask("GET", "/_scheduler/jobs")[1])
    assert job in jobs, jobs
    assert ":secret@" not in jobs and ":secret@" not in json.dumps(by.ask("GET", "/_active_tasks")[1])
    status, _ = by.ask("POST", "/_replicate", {**wanted, "cancel": True})
    equal("cancel", status, 200)
    source.ask("PUT", f"/{a}/after", {})
    time.sleep(0.5)
    equal("after", target.ask("GET", f"/{b}/after")[0], 404)


def documents(source, target, by):
    a, b = source.make(), target.make()
    source.ask("PUT", f"/{a}/x", {})
    doc = f"replicate-{os.getpid():x}-{next(COUNT)}"
    by.ask("PUT", "/_replicator")  # which a CouchDB that was only just set up has not
    user, password = target.who.split(":")
    end = {"url": target.base + "/" + b, "auth": {"basic": {"username": user, "password": password}}}
    equal("document", by.ask("PUT", f"/_replicator/{doc}", {"source": source.end(a), "target": end})[0], 201)
    done = until("completed", lambda: (lambda d: d.get("_replication_state") == "completed" and d)(by.ask("GET", f"/_replicator/{doc}")[1]), 60)
    equal("written", done["_replication_stats"]["docs_written"], 1)
    equal("x", target.ask("GET", f"/{b}/x")[0], 200)
    state = by.ask("GET", f"/_scheduler/docs/_replicator/{doc}")[1]
    equal("state", state["state"], "completed")
    assert password not in json.dumps(state), state
    by.ask("DELETE", f"/_replicator/{doc}?rev={done['_rev']}")


def refusals(source, target, by):
    a = source.make()
    missing = f"{target.url}/replicate-none"
    status, answer = by.ask("POST", "/_replicate", {"source": source.end(a), "target": missing})
    equal("no target", (status, answer), (500, {"error": "db_not_found", "reason": f"could not open {target.base}/replicate-none/"}))
    wrong = target.base.replace("://", "://admin:wrong@") + "/x"
    status, answer = by.ask("POST", "/_replicate", {"source": source.end(a), "target": wrong})
    equal("wrong password", status, 500)
    assert "wrong" not in json.dumps(answer), answer


def checkpoints_of_another(couchdb, mock, _):
    """Either goes on where the other one stopped, when both are of the same uuid: the names and the forms of checkpoints are the same."""
    uuid = couchdb.ask("GET", "/")[1]["uuid"]
    status, _ = mock.ask("PUT", "/_node/_local/_config/couchdb/uuid", uuid)
    if status != 200 or mock.ask("GET", "/")[1]["uuid"] != uuid:
        raise AssertionError(f"the uuid cannot be set: {status}")
    for first, second in ((couchdb, mock), (mock, couchdb)):
        for more in ({}, {"doc_ids": ["d0001", "d 2"]}, {"filter": "_view", "query_params": {"view": "d/v", "b": [1, "x"]}}):
            a, b = couchdb.make(), mock.make()
            fill(couchdb, a)
            couchdb.ask("PUT", f"/{a}/_design/d", {"views": {"v": {"map": "function(doc) { emit(1); }"}}})
            wanted = {"source": couchdb.end(a), "target": mock.end(b), **more}
            began = first.ask("POST", "/_replicate", wanted)[1]
            went_on = second.ask("POST", "/_replicate", wanted)[1]
            assert "session_id" in went_on, (more, went_on)
            equal(f"{first.name} then {second.name}, {more}", (went_on.get("no_changes"), went_on.get("session_id")), (True, began.get("session_id")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--couchmock", required=True)
    parser.add_argument("--couchdb", default=os.environ.get("DAVENPORT_COUCHDB", ""))
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        one, two = (Couchmock(options.couchmock, name, folder) for name in ("one", "two"))
        stack.callback(one.stop)
        stack.callback(two.stop)
        directions = [(one, two, one), (one, two, two), (one, one, two)]
        cases = [once_and_again, chosen, continuous, documents, refusals]
        plays = [(case, *direction) for case in cases for direction in directions]
        if options.couchdb:
            couchdb = Server(options.couchdb, "couchdb")
            theirs = [(one, couchdb, one), (couchdb, one, one), (one, couchdb, couchdb), (couchdb, one, couchdb)]
            plays = [(case, *direction) for case in cases for direction in theirs] + [(checkpoints_of_another, couchdb, two, two)]
        for case, source, target, by in plays:
            name = f"{case.__name__} {source.name}->{target.name} by {by.name}"
            if options.only not in name:
                continue
            began = time.monotonic()
            try:
                case(source, target, by)
                print(f"ok      {name} ({time.monotonic() - began:.1f} s)", flush=True)
            except (AssertionError, OSError, KeyError, TypeError, ValueError) as error:
                failed += 1
                print(f"FAILED  {name}: {type(error).__name__} {str(error)[:600]}", flush=True)
        for server in {source for _, source, _, _ in plays} | {target for _, _, target, _ in plays}:
            for database in server.ask("GET", "/_all_dbs")[1]:
                if database.startswith("replicate-"):
                    server.ask("DELETE", f"/{database}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
