"""The server itself: who may what, sessions, users, odd paths and methods, replication."""

import json

from exchange import Request
from family import Family, encoded


class Security(Family):
    name = "security"

    def play(self):
        user = f"u{self.db[-8:]}"
        yield self.create()
        yield Request(
            "PUT", f"/_users/org.couchdb.user:{user}",
            {"name": user, "password": "pw", "roles": self.pick([], ["r"], ["w"]), "type": "user"}, salted=True
        )
        yield self.put("/a", {"n": 1})
        yield self.put("/_design/d", {"views": {"v": {"map": "function(doc) { emit(1); }"}}})
        for _ in range(16):
            who = self.pick("none", f"{user}:pw", f"{user}:pw", "admin")
            action = self.number(0, 8)
            if action <= 1:
                yield self.put(
                    "/_security",
                    self.pick(
                        {}, {"members": {"names": [user]}, "admins": {}}, {"admins": {"names": [user]}, "members": {"roles": ["r"]}},
                        {"members": {"roles": ["r"], "names": []}, "admins": {"roles": []}},
                        {"members": {"roles": ["_admin"]}, "admins": {"roles": ["_admin"]}}, [], 1, {"members": 1},
                        {"members": {"names": "x"}}, {"admins": {"names": [1]}}, {"x": 1}, {"members": {"roles": []}}, "", {"admins": []}
                    ),
                    who=self.pick("admin", "admin", "admin", who)
                )
            elif action == 2:
                yield self.get("/_security", who=who)
            else:
                method, path, body = self.pick(
                    ("GET", "/a", None), ("GET", "", None), ("PUT", "/b%d" % self.number(0, 9), {"n": 2}), ("GET", "/_all_docs", None),
                    ("GET", "/_changes", None), ("PUT", "/_design/e", {"x": 1}),
                    ("POST", "/_bulk_docs", {"docs": [{"_id": "_design/z"}]}), ("POST", "/_find", {"selector": {}}),
                    ("POST", "/_index", {"index": {"fields": ["a"]}}), ("GET", "/_design/d/_view/v", None), ("POST", "/_compact", {}),
                    ("PUT", "/_revs_limit", "9"), ("GET", "/_revs_limit", None), ("POST", "/_purge", {}), ("DELETE", "", None),
                    ("POST", "/_ensure_full_commit", {}), ("POST", "/_view_cleanup", {}), ("GET", "/_local_docs", None),
                    ("PUT", "/_local/x", {}), ("GET", "/_design_docs", None), ("POST", "/_revs_diff", {}), ("GET", "/_shards", None),
                    ("GET", "/_purged_infos_limit", None), ("POST", "/_bulk_get", {"docs": []}), ("GET", "/_design/d/_info", None),
                    ("POST", "/_sync_shards", {}), ("PUT", "", None), ("HEAD", "", None), ("GET", "/_auto_purge", None)
                )
                if method == "DELETE" and who == "admin":
                    continue
                yield Request(method, f"/{self.db}{path}", body, who=who)
        for _ in range(4):
            yield Request(
                *self.pick(
                    ("GET", "/_all_dbs"), ("GET", "/_active_tasks"), ("GET", "/_node/_local/_config"), ("POST", "/_replicate"),
                    ("GET", "/_membership"), ("GET", "/_users/_all_docs"), ("GET", "/_scheduler/jobs"), ("GET", "/_session"),
                    ("GET", "/_up"), ("GET", "/_node/_local/_stats"), ("GET", "/_cluster_setup"), ("PUT", f"/{self.db}-x"),
                    ("GET", "/_replicator"), ("GET", "/_dbs_info"), ("GET", "/_uuids"), ("GET", "/_utils"),
                    ("GET", "/_db_updates?timeout=1"), ("POST", "/_restart"), ("GET", "/_reshard")
                ),
                who=self.pick("none", f"{user}:pw"), status_only=False
            )
        yield Request("GET", f"/_users/org.couchdb.user:{user}", salted=True, keep="user")
        yield Request("DELETE", f"/_users/org.couchdb.user:{user}?rev={{kept:user}}", salted=True)


class Users(Family):
    name = "users"

    def play(self):
        user = f"v{self.db[-8:]}"
        me = f"{user}:pw"
        path = f"/_users/org.couchdb.user:{user}"
        for _ in range(6):
            body = {"name": user, "type": "user", "roles": [], "password": "pw"}
            for _ in range(self.number(0, 2)):
                body[
                    self.pick(
                        "name", "type", "roles", "password", "salt", "derived_key", "iterations", "password_scheme", "x", "pbkdf2_prf"
                    )
                ] = self.pick(1, "x", [], ["_admin"], ["a"], None, "user", {}, "", True, 10)
            if self.chance(0.2):
                del body[self.pick(*body)]
            yield Request("PUT", path, body, who=self.pick("admin", "none", me), salted=True)
        yield Request(
            "PUT", f"/_users/" + self.pick("x", "org.couchdb.user:", "org.couchdb.user:other", "_design/x"),
            self.pick({}, {"name": "y", "type": "user", "roles": []}), who="none", salted=True
        )
        for _ in range(8):
            who = self.pick("none", me, "admin", f"{user}:wrong")
            yield Request(
                *self.pick(
                    ("GET", path), ("HEAD", path), ("GET", "/_users/_all_docs?limit=1&key=%22x%22"), ("GET", "/_users/_design/_auth"),
                    ("GET", "/_users/org.couchdb.user:nobody"), ("GET", "/_users/_security"), ("DELETE", path)
                ),
                who=who, salted=True
            )
        for _ in range(8):
            form = self.pick(
                f"name={user}&password=pw", f"name={user}&password=no", "name=&password=", "", f"name={user}", "x", "password=pw",
                "name=admin&password=secret"
            )
            kind = "application/x-www-form-urlencoded"
            if self.chance(0.4):
                form, kind = json.dumps(
                    self.pick(
                        {"name": user, "password": "pw"}, {"username": user, "password": "pw"}, {"name": user}, {}, [], 1,
                        {"name": 1, "password": 2}
                    )
                ), "application/json"
            yield Request(
                "POST", "/_session" + self.query(self.pick({}, {}, {"next": "/a"}, {"next": "http://x"}, {"basic": "true"})), form,
                headers={"Content-Type": kind}, who="none"
            )
        for _ in range(6):
            yield Request(
                self.pick("GET", "GET", "DELETE", "PUT", "HEAD"),
                "/_session" + self.query(self.pick({}, {"basic": "true"}, {"next": "/x"})),
                who=self.pick("none", me, "admin", f"{user}:wrong") if self.chance(0.8) else "none",
                headers=self.pick(
                    {}, {}, {"Cookie": "AuthSession=x"}, {"Cookie": "AuthSession="}, {"Authorization": "Basic !!"},
                    {"Authorization": "Bearer x"}, {"Authorization": "Basic"}
                )
            )
        yield Request("GET", path, salted=True, keep="user")
        yield Request("DELETE", f"{path}?rev={{kept:user}}", salted=True)


class Paths(Family):
    name = "paths"

    def play(self):
        yield self.create()
        yield self.put("/a", {})
        yield self.put("/_design/d", {"views": {"v": {"map": "function(doc) { emit(1); }"}}})
        parts = [
            "", "/", "/a", "/a/b", "/nope", "/_nope", "/_design", "/_design/", "/_design/d", "/_design/d/", "/_design%2Fd",
            "/_design/d/_view", "/_design/d/_view/", "/_design/d/_view/v", "/_design/d/_view/v/x", "/_design/d/_nope", "/_design/d/_info",
            "/_design/d/_info/x", "/_design/nope/_info", "/_all_docs", "/_all_docs/", "/_all_docs/x", "/_all_docs/queries", "/_changes",
            "/_changes/x", "/_local", "/_local/", "/_local/x", "/_local_docs", "/_bulk_docs", "/_bulk_get", "/_security", "/_security/x",
            "/_revs_limit", "/_revs_diff", "/_missing_revs", "/_compact", "/_compact/d", "/_compact/nope", "/_ensure_full_commit",
            "/_view_cleanup", "/_find", "/_index", "/_explain", "/_purge", "/_purged_infos_limit", "/_shards", "/_shards/a",
            "/_shards/a/b", "/_sync_shards", "/_design_docs", "/_design_docs/queries", "/_partition", "/_partition/x", "/_temp_view",
            "//a", "/a//b", "/%61", "/a%2Fb", "/_design/d/a", "/_design/d/a/b", "/_find/x", "/_index/x", "/_bulk_docs/x",
            "/_purged_infos", "/_auto_purge", "/%", "/%zz", "/a?", "/a?&", "/a?x", "/a?rev", "/a?=1", "/a#b", "/_design/d/_rewrite",
            "/_design/d/_rewrite/x", "/_design/d/_list", "/_design/d/_show", "/_design/d/_update", "/_design/d/_search/x",
            "/_design/d/_nouveau/x", "/_design/d/_geo/x", "/_design/d/_search_info/x", "/_changes/_x", "/_stats", "/_view/d/v",
            "/_time_seq", "/_update_docs"
        ]
        for _ in range(30):
            method = self.pick("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "COPY", "PATCH", "OPTIONS", "FOO", "TRACE")
            path = self.random.choice(parts)
            if method in ("DELETE",) and path in ("", "/"):
                continue
            body = self.pick(None, {}, {}, [], "x", "") if method in ("POST", "PUT") else None
            headers = {}
            if method == "POST" and self.chance(0.1):
                headers["X-HTTP-Method-Override"] = self.pick("GET", "PUT", "DELETE" if path not in ("", "/") else "GET", "HEAD", "x")
            if self.chance(0.1):
                headers["Accept"] = self.pick("text/html", "*/*", "text/plain", "application/xml", "")
            yield Request(method, f"/{self.db}{path}", body, headers=headers, who=self.pick("admin", "admin", "admin", "none"))


class Server(Family):
    name = "server"

    def play(self):
        yield self.create()
        names = [
            self.db, "nope-nope", "_users", "_nope", "A", "a%2Fb-none", "1a", "a-none", "", "_replicator-none", "a$()+-_none", "x" * 250,
            "é"
        ]
        fixed = [
            "/", "/_all_dbs?limit=0", "/_all_dbs?startkey=%22{db}%22&endkey=%22{db}%22", "/_all_dbs?limit=x", "/_all_dbs?key=%22{db}%22",
            "/_all_dbs?limit=-1", "/_all_dbs?start_key=%22{db}%22&limit=1", "/_all_dbs?descending=true&startkey=%22{db}%22&limit=1",
            "/_all_dbs?startkey=x", "/_all_dbs?key={db}", "/_uuids", "/_uuids?count=2", "/_uuids?count=0", "/_uuids?count=x",
            "/_uuids?count=1001", "/_uuids?count=-1", "/_up", "/_up/x", "/_nope", "/_utils", "/_session", "/favicon.ico",
            "/_membership/x", "/_node", "/_node/_local", "/_node/nope/_config", "/_node/_local/_config/nope",
            "/_node/_local/_config/nope/x", "/_node/_local/_config/couchdb/max_document_size", "/_node/_local/_nope",
            "/_node/_local/_versions", "/_dbs_info", "/_dbs_info?keys=%5B%22{db}%22%5D", "/_scheduler", "/_scheduler/x",
            "/_scheduler/docs/nope", "/_scheduler/docs/_replicator/nope", "/_scheduler/jobs/nope", "/_all_dbs/x", "/_active_tasks",
            "/_cluster_setup", "/_reshard/x", "/_deleted_dbs", "/_config", "/_stats", "/_log", "/_restart",
            "/_db_updates?timeout=1&since=now", "/_prometheus", "/_node/_local/_prometheus/x", "/_search_analyze", "/_nouveau_analyze",
            "/_replicate", "/_find", "/_index", "/_all_docs", "/_users/_nope", "/_node/_local/_config/admins",
            "/_node/_local/_stats/nope", "/_node/_local/_system/x", "/_reshard/jobs", "/_reshard/state", "/_reshard", "/_node/_local",
            "/_node/_local/_smoosh/status", "/_node/_local/_stats/couchdb/nope", "/_scheduler/docs?limit=x", "/_scheduler/jobs?limit=0",
            "/_scheduler/jobs?skip=x"
        ]
        for _ in range(24):
            if self.chance(0.3):
                name = self.pick(*names)
                method = self.pick("GET", "HEAD", "PUT", "DELETE", "POST", "COPY")
                if name in (self.db, "_users") and method == "DELETE":
                    continue
                if method == "PUT" and name not in (self.db, "A", "1a", "_nope", "", "x" * 250, "é", "_users"):
                    continue
                yield Request(
                    method,
                    f"/{encoded(name) if '%' not in name else name}" + (
                        self.query(self.pick({}, {}, {"q": "x"}, {"n": "x"}, {"q": "0"}, {"partitioned": "x"})) if method == "PUT" else ""
                    ),
                    {} if method == "POST" else None
                )
                continue
            path = self.random.choice(fixed).replace("{db}", self.db)
            method = self.pick("GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
            if path in (
                "/_restart", "/_cluster_setup"
            ) and method != "GET" or "_config" in path and method in (
                "PUT", "DELETE", "POST"
            ) or path.startswith("/_reshard") and method != "GET":
                continue
            body = self.pick({}, [], {"keys": [self.db, "nope"]}, {"keys": 1}, "x", "") if method in ("POST", "PUT") else None
            yield Request(method, path, body, who=self.pick("admin", "admin", "none"))


class Databases(Family):
    name = "databases"

    def play(self):
        yield self.create(**self.pick({}, {"q": 2}, {"q": 4, "n": 1}, {"partitioned": "false"}))
        yield Request("PUT", f"/{self.db}" + self.query(self.pick({}, {"q": 2})))
        for _ in range(3):
            self.note((yield self.put("/" + self.pick("a", "b"), {**self.document()})))
        for _ in range(8):
            path, method = self.pick(
                ("/_compact", "POST"), ("/_ensure_full_commit", "POST"), ("/_view_cleanup", "POST"), ("/_revs_limit", "GET"),
                ("/_compact/nope", "POST"), ("/_ensure_full_commit", "GET"), ("/_compact", "GET"), ("", "GET"), ("", "HEAD"),
                ("/_shards/a", "GET"), ("/_sync_shards", "POST")
            )
            yield Request(
                method, f"/{self.db}{path}", self.pick({}, {}, "", None, "x") if method == "POST" else None,
                headers=self.pick({}, {}, {"Content-Type": "text/plain"}) if method == "POST" else {}
            )
        yield Request("DELETE", f"/{self.db}?rev=1-a" if self.chance(0.3) else f"/{self.db}")
        yield Request(self.pick("GET", "HEAD", "DELETE"), f"/{self.db}")
        yield Request(
            "GET",
            f"/{self.db}/" + self.pick("a", "_all_docs", "_changes", "_security", "_design/x/_view/y", "_local/a", "_nope", "_find")
        )
        yield self.create()
        yield self.get("")


class Replication(Family):
    name = "replication"

    def play(self):
        other = self.db + "-t"
        yield self.create()
        for name in ("a", "b", "c"):
            self.note((yield self.put("/" + name, self.document())))
        yield Request("PUT", f"/{other}?q=1")
        options = self.pick(
            {}, {}, {"doc_ids": ["a", "x"]}, {"selector": {"n": {"$exists": True}}}, {"create_target": True}, {"filter": "nope/x"},
            {"since_seq": 0}, {"doc_ids": "x"}, {"selector": 1}, {"use_checkpoints": False}
        )
        base = "http://admin:secret@{host}/"
        yield Request(
            "POST", "/_replicate", {"source": {"url": f"http://127.0.0.1:9/none"}, "target": {"url": f"http://127.0.0.1:9/{other}"}},
            status_only=True
        )
        for _ in range(3):
            yield Request(
                "POST", "/_replicate",
                self.pick({}, {"source": self.db}, {"target": other}, [], "x", {"source": 1, "target": 2}, {"source": "", "target": ""})
            )
        yield Request("GET", f"/{other}/_all_docs")
        yield Request("DELETE", f"/{other}")


class Requests(Family):
    """Bodies and headers that are none of the usual ones."""

    name = "requests"

    def play(self):
        import gzip

        yield self.create()
        for _ in range(18):
            body = self.pick(
                b'{"n":1}', b'{"_id":"x"}', b"\xff\xfe", b'{"a":"\xff"}', b"", b"{}", b'{"docs":[]}', b'{"docs":[{"_id":"q"}]}',
                b'{"selector":{}}', b"[" * 200, b'{"keys":["a"]}', b'{"a":"' + b"x" * 5000 + b'"}'
            )
            headers = {
                "Content-Type": self.pick(
                    "application/json", "application/json", "application/json", "application/json;charset=utf-8", "APPLICATION/JSON",
                    "text/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                    "application/json; x"
                )
            }
            if self.chance(0.2):
                headers["Content-Encoding"] = self.pick("gzip", "identity", "deflate", "GZIP", "")
                if headers["Content-Encoding"].lower() == "gzip" and self.chance(0.8):
                    body = gzip.compress(body, mtime=0)
            if self.chance(0.15):
                headers["Accept"] = self.pick("text/html", "*/*", "text/plain", "application/json;q=0.1", "")
            if self.chance(0.1):
                headers["Origin"] = "http://example.org"
            if self.chance(0.1):
                headers["Destination"] = "x"
            method, path = self.pick(
                ("PUT", "/a"), ("POST", ""), ("POST", "/_bulk_docs"), ("POST", "/_find"), ("POST", "/_all_docs"), ("POST", "/_changes"),
                ("POST", "/_bulk_get"), ("POST", "/_revs_diff"), ("POST", "/_purge"), ("PUT", "/_local/x"), ("PUT", "/_security"),
                ("POST", "/_index"), ("PUT", "/_revs_limit"), ("POST", "/_missing_revs"), ("POST", "/_explain"),
                ("POST", "/_ensure_full_commit"), ("POST", "/_compact"), ("PUT", "/_design/x"), ("POST", "/_design_docs"), ("GET", "/a"),
                ("DELETE", "/a")
            )
            yield Request(method, f"/{self.db}{path}", body if method != "GET" else None, headers=headers)
