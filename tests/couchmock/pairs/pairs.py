#!/usr/bin/env python3
"""Sends generated requests to a real CouchDB and to couchmock, and compares the answers.

  pairs.py --couchdb http://admin:secret@127.0.0.1:5984 --couchmock build/release/bin/couchmock

Each family of requests (documents, views, sessions, ...) is a conversation in a database of its own; the seed decides what is said. The databases are named
`pairs-...` and dropped. Without a CouchDB nothing is compared, and the exit code is 77. With `--couchdb itself` a second couchmock stands for it, which
tests this program. Otherwise it is 0 when the share of equal pairs is at least --at-least
percent, 1 when not. Every difference is written to --differences, one JSON object a line.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import families_documents as documents  # noqa: E402
import families_lists as lists  # noqa: E402
import families_server as server  # noqa: E402
from compare import Normalizer, compare  # noqa: E402
from exchange import Request, Side  # noqa: E402

FAMILIES = [
    documents.Documents, documents.Conditional, documents.Revisions, documents.BulkDocs, documents.BulkGet, documents.Attachments,
    documents.Local, documents.Purge, lists.AllDocs, lists.Changes, lists.Views, lists.Mango, lists.Partitioned, lists.Functions,
    server.Security, server.Users, server.Paths, server.Server, server.Databases, server.Replication, server.Requests
]


class Couchmock:
    """couchmock in a process of its own, on a free port."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory()
        port_file = os.path.join(self.folder.name, "port")
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--port-file", port_file, "--admin", "admin:secret", "--log-level", "off"]
        )
        for _ in range(100):
            if os.path.exists(port_file) and os.path.getsize(port_file):
                break
            time.sleep(0.1)
        else:
            raise SystemExit("couchmock did not start")
        with open(port_file) as file:
            self.url = f"http://admin:secret@127.0.0.1:{file.read().strip()}"

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


def keep(name, side, answer):
    try:
        told = json.loads(answer.body)
        side.kept[name] = str(told.get("last_seq") or told["_rev"])
    except (ValueError, KeyError, AttributeError):
        side.kept[name] = "0"


def talk(family_type, seed, theirs, ours, report):
    name = f"pairs-{seed}-{family_type.name}-{os.getpid():x}".replace("_", "-")
    family = family_type(seed, name)
    normal_theirs, normal_ours = Normalizer(theirs), Normalizer(ours)
    conversation = family.play()
    answer = None
    history = []
    try:
        while True:
            request = conversation.send(answer)
            answer, mock = theirs.send(request), ours.send(request)
            if request.keep:
                keep(request.keep, theirs, answer)
                keep(request.keep, ours, mock)
            report.add(family, request, answer, mock, compare(request, answer, mock, normal_theirs, normal_ours), history)
            history.append(request)
    except StopIteration:
        pass
    for side in (theirs, ours):
        side.send(Request("DELETE", f"/{name}"))


class Report:
    def __init__(self, file):
        self.file = file
        self.pairs = collections.Counter()
        self.equal = collections.Counter()
        self.kinds = collections.Counter()

    def add(self, family, request, theirs, ours, found, history):
        self.pairs[family.name] += 1
        if found is None:
            self.equal[family.name] += 1
            return
        place, one, other = found
        path = re.sub(r"pairs-[^/?]*", "DB", request.path)
        kind = f"{family.name}: {request.method} {re.sub('[?].*', '', path)[:60]}: {place}: {str(one)[:90]} / {str(other)[:90]}"
        self.kinds[kind] += 1
        body = request.body if not isinstance(request.body, bytes) else request.body.decode("latin-1")
        self.file.write(
            json.dumps(
                {
                    "family": family.name, "database": family.db, "step": len(history), "who": request.who,
                    "request": f"{request.method} {path}", "headers": request.headers, "body": body, "at": place, "couchdb": one,
                    "couchmock": other, "status": [theirs.status, ours.status],
                    "answers": [theirs.body.decode("latin-1")[:1500], ours.body.decode("latin-1")[:1500]]
                },
                ensure_ascii=False
            ) + "\n"
        )

    def share(self):
        return 100 * sum(self.equal.values()) / max(1, sum(self.pairs.values()))

    def show(self):
        for name, count in sorted(self.pairs.items()):
            print(f"{name:14} {count:6} pairs {count - self.equal[name]:5} differ {100 * self.equal[name] / count:7.2f} %")
        print(f"{'all':14} {sum(self.pairs.values()):6} pairs {sum(self.pairs.values()) - sum(self.equal.values()):5} differ {self.share():7.2f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--couchdb", default=os.environ.get("DAVENPORT_COUCHDB", ""),
        help="http://user:password@host:port of the real one; default: $DAVENPORT_COUCHDB"
    )
    parser.add_argument("--couchmock", required=True, help="the program, or the URL of one that runs")
    parser.add_argument("--pairs", type=int, default=3000, help="at least so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="one family")
    parser.add_argument("--at-least", type=float, default=100, help="percent that have to be equal")
    parser.add_argument("--differences", default=os.devnull, help="the file that they are written to")
    given = parser.parse_args()
    if not given.couchdb:
        print("no CouchDB to compare with: give --couchdb URL")
        return 77
    families = [family for family in FAMILIES if given.only in ("", family.name)]
    if not families:
        parser.error("--only is one of: " + ", ".join(family.name for family in FAMILIES))
    started = []

    def server(named):
        if named.startswith("http://"):
            return Side(named)
        started.append(Couchmock(given.couchmock))
        return Side(started[-1].url)

    try:
        theirs, ours = server(given.couchdb), server(given.couchmock)
        with open(given.differences, "w") as file:
            report = Report(file)
            seed = given.seed
            while sum(report.pairs.values()) < given.pairs:
                for family in families:
                    talk(family, seed, theirs, ours, report)
                seed += 1
    finally:
        for process in started:
            process.end()
    for kind, count in report.kinds.most_common():
        print(f"{count:4} {kind}")
    report.show()
    print(f"seeds {given.seed} to {seed - 1}")
    return 0 if report.share() >= given.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
