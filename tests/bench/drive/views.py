"""A view over 100,000 documents, built and queried in couchmock and, with --couchdb, in a real CouchDB: the same requests in turns, in one run."""
import json, socket, statistics, tempfile, time, urllib.parse

from process import Process, Trouble
from systems import Davenport, address, authorization

DESIGN = {"views": {"by_room": {"map": "function(doc) { emit([doc.room, doc.n], doc.n); }", "reduce": "_stats"},
                    "own": {"map": "function(doc) { emit(doc.n, 1); }", "reduce": "function(keys, values) { return sum(values); }"}}}


def queries(count):
    """By name: view, parameters, body of a POST."""
    middle = count // 2
    key = [f"r{middle % 50}", middle]
    many = [[f"r{n % 50}", n] for n in range(0, count, max(1, count // 100))][:100]
    return {"one key": ("by_room", {"key": key, "reduce": False}, None),
            "100 keys": ("by_room", {"reduce": False}, {"keys": many}),
            "range of 100": ("own", {"startkey": middle, "endkey": middle + 99, "reduce": False}, None),
            "range of 10,000": ("own", {"startkey": middle, "endkey": middle + 9_999, "reduce": False}, None),
            "skip of 1,000": ("own", {"startkey": middle, "skip": 1_000, "limit": 10, "reduce": False}, None),
            "100 with documents": ("own", {"startkey": middle, "limit": 100, "include_docs": True, "reduce": False}, None),
            "reduce all": ("by_room", {}, None),
            "reduce a range": ("by_room", {"startkey": ["r13"], "endkey": ["r31", {}]}, None),
            "reduce all, a function": ("own", {}, None),
            "group_level=1": ("by_room", {"group_level": 1}, None),
            "1,000 groups": ("by_room", {"group": True, "limit": 1_000}, None)}


def without_chunks(body):
    out, at = [], 0
    while length := int(body[at:(line := body.index(b"\r\n", at))], 16):
        out.append(body[line + 2:line + 2 + length])
        at = line + 2 + length + 2
    return b"".join(out)


class Line:
    """One connection, kept: the answer is read as it comes and not taken apart, so that the server is measured and not its client."""

    def __init__(self, server, credentials=""):
        host, _, port = server.rpartition(":")
        self.head = f"Host: {server}\r\nContent-Type: application/json\r\n" + (f"Authorization: {credentials}\r\n" if credentials else "")
        self.socket = socket.create_connection((host, int(port)), timeout=3600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method, path, body=None):
        """Status, body, and the seconds that they took."""
        sent = b"" if body is None else json.dumps(body).encode()
        request = f"{method} {path} HTTP/1.1\r\n{self.head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent
        begin = time.perf_counter()
        self.socket.sendall(request)
        data = bytearray()
        while (end := data.find(b"\r\n\r\n")) < 0:
            self.read_more(data)
        head = bytes(data[:end]).decode().lower()
        if "transfer-encoding: chunked" in head:
            while not data.endswith(b"\r\n0\r\n\r\n"):
                self.read_more(data)
        else:
            length = int(head.partition("content-length:")[2].split()[0])
            while len(data) < end + 4 + length:
                self.read_more(data)
        seconds = time.perf_counter() - begin
        body = bytes(data[end + 4:])
        return int(head.split()[1]), without_chunks(body) if "transfer-encoding: chunked" in head else body, seconds

    def read_more(self, data):
        more = self.socket.recv(1 << 20)
        if not more:
            raise Trouble("the store ended the connection")
        data += more


class Views:
    """A database with the view in one store."""

    def __init__(self, server, credentials, name, count):
        self.line, self.path, self.count = Line(server, credentials), f"/{name}", count

    def done(self, method, path="", body=None, status=(200, 201)):
        got, answer, seconds = self.line.ask(method, self.path + path, body)
        if got not in status:
            raise Trouble(f"{method} {self.path}{path}: {got} {answer[:200]!r}")
        return answer, seconds

    def build(self):
        """Seconds of all writes, and of the first query."""
        self.done("PUT")
        filled = 0
        for begin in range(0, self.count, 1_000):
            docs = [{"_id": f"d{n:07}", "room": f"r{n % 50}", "n": n, "user": f"u{n % 997}", "msg": "x" * 60} for n in range(begin, min(self.count, begin + 1_000))]
            filled += self.done("POST", "/_bulk_docs", {"docs": docs})[1]
        self.done("PUT", "/_design/v", DESIGN)
        begin = time.perf_counter()
        while b'"count":%d' % self.count not in self.done("GET", "/_design/v/_view/by_room", status=(200, 500))[0]:
            if time.perf_counter() - begin > 3_000:
                raise Trouble("the view is not built")
        return filled, time.perf_counter() - begin

    def query(self, view, parameters, body):
        path = f"/_design/v/_view/{view}?" + urllib.parse.urlencode({name: json.dumps(value) for name, value in parameters.items()})
        answer, seconds = self.done("POST" if body else "GET", path, body)
        return answer.count(b'"key":'), seconds

    def drop(self):
        self.done("DELETE")


def views(bench, kind):
    """A view built over 100,000 documents of couchmock and queried, beside a real CouchDB (--couchdb). Ours alone."""
    if kind is not Davenport:
        return None
    count = 2_000 if bench.quick else 100_000
    with tempfile.TemporaryDirectory(prefix="bench-views-") as folder:
        store = Process("couchmock", [bench.programs / "couchmock", "--listen", f"127.0.0.1:{bench.base}", "--log-level", "error"], folder, bench.base)
        store.start()
        stores = []
        try:
            stores.append(Views(f"127.0.0.1:{bench.base}", "", "bench_views", count))
            if bench.couchdb:
                stores.append(Views(address(bench.couchdb), authorization(bench.couchdb), f"bench_views_{store.pid}", count))
            return compare(stores, bench.seconds(40, 3))
        finally:
            for made in stores[1:]:
                made.drop()
            store.stop()


def compare(stores, repeats):
    """Medians and the least, ours first; and what both answered has to be as many rows."""
    steps = [dict(zip(("fill_s", "build_s"), store.build())) for store in stores]
    result = {"documents": stores[0].count, "fill_s": [step["fill_s"] for step in steps], "build_s": [step["build_s"] for step in steps], "query_ms": {}, "query_ms_least": {}}
    for name, query in queries(stores[0].count).items():
        times, rows = [[] for _ in stores], set()
        for _ in range(repeats):
            for taken, store in zip(times, stores):
                found, seconds = store.query(*query)
                rows.add(found)
                taken.append(seconds * 1000)
        if len(rows) != 1:
            raise Trouble(f"{name}: {sorted(rows)} rows")
        result["query_ms_least"][name] = [round(min(taken), 3) for taken in times]
        result["query_ms"][name] = [round(statistics.median(taken), 3) for taken in times]
    return result


def told(run):
    """A line of the table's tail."""
    def beside(figures, unit):
        own = f"{figures[0]:.2f} {unit}"
        return own if len(figures) < 2 else f"{own} (CouchDB {figures[1]:.1f}, {figures[1] / figures[0]:.0f}x)"

    parts = [f"built in {beside(run['build_s'], 's')}"] + [f"{name} {beside(figures, 'ms')}" for name, figures in run["query_ms"].items()]
    return f"a view over {run['documents']} documents of couchmock: " + "; ".join(parts)
