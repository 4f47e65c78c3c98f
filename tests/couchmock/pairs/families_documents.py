"""Documents: one at a time, many at once, their revisions, attachments and what is local."""

import base64
import gzip
import json

from exchange import Request
from family import Family, encoded


class Documents(Family):
    name = "documents"

    def path(self):
        name = self.pick("a", "b", "c", "d d", "e/f", "ü", "_design/x", "_odd", "_local/l", "0", "a+b", "%25", "x" * 120)
        return name, "/" + (name if name.startswith("_design/") or name.startswith("_local/") else encoded(name))

    def body(self):
        kind = self.number(0, 9)
        if kind < 6:
            return self.document()
        if kind == 6:
            return self.pick(
                "", "{", "[]", "1", "null", '"a"', "{}", '{"a":1,"a":2}', '{"a":1e400}', '{"a":1.0}', '{"a":100000000000000000000}',
                '{"a":1E5}', '{"a":"\\ud800"}', '{"a":"\\u00e9\\/"}', "{'a':1}", "{}x", " {} ", '{"a":-0}', '{"a":0.1}', '{"a":1e-7}',
                '{"a":1.50}', '{"a":01}', '{"":1}', '{"a":tru}', '\ufeff{}', '{"a":1.7976931348623157e308}', '{"a":5e-324}',
                '{"a":123456789.125}', '{"a":1e21}', '{"a":1e22}', '{"a":1.0e+2}'
            )
        if kind == 7:
            return {
                **self.document(),
                self.pick(
                    "_foo", "_rev", "_id", "_deleted", "_revisions", "_attachments", "_conflicts", "_revs_info", "_local_seq",
                    "_deleted_conflicts", "_removed", "_attachment"
                ): self.pick(
                    1, "a", None, True, False, {}, [], "1-abc", {"start": 1, "ids": ["abc"]}, {"start": 2, "ids": ["abc"]},
                    {"start": 1, "ids": "x"}
                )
            }
        if kind == 8:
            return {**self.document(), "_deleted": self.pick(True, False)}
        return {"_id": self.pick("a", "b", "zz", "", 1), **self.document()}

    def play(self):
        yield self.create()
        for _ in range(26):
            name, path = self.path()
            action = self.number(0, 11)
            if action <= 4:
                body = self.body()
                query = {}
                headers = {}
                where = self.number(0, 5)
                if where == 0 and isinstance(body, dict):
                    body["_rev"] = self.rev_of(name)
                elif where == 1:
                    query["rev"] = self.rev_of(name) if self.chance(0.7) else self.odd_revision()
                elif where == 2:
                    headers["If-Match"] = self.pick('"%s"', "%s", "W/\"%s\"", "'%s'") % self.rev_of(name)
                if self.chance(0.1):
                    query["batch"] = self.pick("ok", "no", "")
                if self.chance(0.1):
                    query["new_edits"] = self.pick("true", "false", "x")
                if self.chance(0.05):
                    headers["Content-Type"] = self.pick(
                        "text/plain", "application/json; charset=utf-8", "application/x-www-form-urlencoded", ""
                    )
                if self.chance(0.05):
                    headers["X-Couch-Full-Commit"] = self.pick("true", "false")
                self.note((yield self.put(path + self.query(query), body, headers=headers)))
            elif action == 5:
                body = self.body()
                if isinstance(body, dict) and self.chance(0.8):
                    body.setdefault("_id", name)
                    if self.chance(0.4):
                        body["_rev"] = self.rev_of(name)
                self.note((yield self.post(self.query({"batch": "ok"} if self.chance(0.1) else {}), body)))
            elif action == 6:
                query = {"rev": self.pick(self.rev_of(name), self.odd_revision())} if self.chance(0.8) else {}
                self.note(
                    (yield self.delete(path + self.query(query), headers={"If-Match": self.rev_of(name)} if self.chance(0.2) else {}))
                )
            elif action == 7:
                target = self.pick(
                    "a", "b", "copy", "_design/y", "é", "", encoded("ü"), "c?rev=" + self.rev_of("c"), "a?rev=" + self.odd_revision(),
                    "/a"
                )
                self.note(
                    (
                        yield Request(
                            "COPY", f"/{self.db}{path}" + self.query({"rev": self.rev_of(name)} if self.chance(0.3) else {}),
                            headers={"Destination": target} if self.chance(0.9) else {}
                        )
                    )
                )
            else:
                query = {}
                for option in self.some(
                    [
                        "revs", "revs_info", "conflicts", "deleted_conflicts", "meta", "local_seq", "attachments", "att_encoding_info",
                        "latest"
                    ],
                    0, 3
                ):
                    query[option] = "true" if self.chance(0.8) else self.odd_flag()
                if self.chance(0.2):
                    query["rev"] = self.pick(self.rev_of(name), self.odd_revision())
                if self.chance(0.15):
                    query["open_revs"] = self.pick(
                        "all", "[]", json.dumps([self.rev_of(name)]), "x", '["1-abc"]', json.dumps([self.rev_of(name), self.revision()]),
                        "null", "{}"
                    )
                yield Request("GET" if self.chance(0.85) else "HEAD", f"/{self.db}{path}{self.query(query)}")
        yield self.get("/_all_docs?include_docs=true", unordered=True)
        yield self.get("/_changes?include_docs=true")
        yield self.get("")


class Conditional(Family):
    name = "conditional"

    def play(self):
        yield self.create()
        for name in ("a", "b"):
            self.note((yield self.put("/" + name, self.document())))
        self.note((yield self.put("/_design/d", {"views": {"v": {"map": "function(doc) { emit(doc._id, 1); }"}}})))
        self.note(
            (yield self.put("/a/file?rev=" + self.rev_of("a"), b"hello", headers={"Content-Type": self.pick("text/plain", "image/png")}))
        )
        paths = [
            "/a", "/b", "/nope", "/_all_docs", "/_design/d/_view/v", "/a/file", "", "/_design/d", "/_local/x", "/_changes",
            "/_design/d/_info", "/_security", "/_revs_limit", "/_design_docs"
        ]
        for _ in range(18):
            path = self.pick(*paths)
            first = yield self.get(path)
            etag = (first.headers.get("etag") or ['"nothing"'])[0]
            opaque = etag.strip('"')
            if not opaque.startswith(("1-", "2-")) and path != "/a/file":
                continue  # each side has its own
            value = self.pick(etag, "W/" + etag, "*", f'"x", {etag}', opaque, '"x"', "", f"{etag},{etag}", etag.lower())
            headers = {self.pick("If-None-Match", "If-None-Match", "If-Match", "If-Modified-Since"): value}
            method = self.pick("GET", "GET", "HEAD", "PUT", "DELETE")
            if method in ("PUT", "DELETE") and path not in ("/a", "/b", "/a/file"):
                method = "GET"
            body = {"n": self.number(0, 9)} if method == "PUT" else None
            if method == "PUT" and path == "/a/file":
                body = b"other"
            self.note((yield Request(method, f"/{self.db}{path}", body, headers=headers)))


class Revisions(Family):
    name = "revisions"

    def play(self):
        yield self.create()
        if self.chance(0.3):
            yield self.put("/_revs_limit", self.pick("3", "1", "2", "10"))
        branches = {}
        for name in ("a", "b", "c"):
            paths = branches.setdefault(name, [])
            for _ in range(self.number(1, 4)):
                length = self.number(1, 4)
                if paths and self.chance(0.7):
                    stem = self.pick(*paths)
                    cut = self.number(0, len(stem))
                    path = [self.revision().split("-")[1] for _ in range(length)] + stem[cut:]
                else:
                    path = [self.revision().split("-")[1] for _ in range(length)]
                paths.append(path)
                body = {"_id": name, "_revisions": {"start": len(path), "ids": path}, "_rev": f"{len(path)}-{path[0]}", **self.document(1)}
                if self.chance(0.25):
                    body["_deleted"] = True
                form = self.number(0, 2)
                if form == 0:
                    yield self.put(f"/{name}?new_edits=false", body)
                else:
                    yield self.post("/_bulk_docs", {"docs": [body], "new_edits": False})
        for _ in range(16):
            name = self.pick("a", "b", "c", "d")
            path = self.pick(*branches.get(name, [["abc"]]))
            at = self.number(0, len(path) - 1)
            known = f"{len(path) - at}-{path[at]}"
            action = self.number(0, 7)
            if action <= 2:
                query = {
                    option: "true" for option in self.some(
                        ["revs", "revs_info", "conflicts", "deleted_conflicts", "meta", "latest", "local_seq"], 0, 3
                    )
                }
                if self.chance(0.5):
                    query["rev"] = self.pick(known, known, self.revision())
                yield self.get(f"/{name}" + self.query(query))
            elif action == 3:
                query = {"open_revs": self.pick("all", json.dumps([known]), json.dumps([known, self.revision()]), "[]")}
                query.update({option: "true" for option in self.some(["revs", "latest", "conflicts"], 0, 2)})
                yield self.get(f"/{name}" + self.query(query), unordered=True)
            elif action == 4:
                asked = {
                    each: [
                        self.pick(known, self.revision(), known) for _ in range(self.number(1, 3))
                    ] for each in self.some(["a", "b", "c", "d"], 1, 3)
                }
                yield self.post(
                    self.pick("/_revs_diff", "/_missing_revs"),
                    self.pick(asked, asked, {}, [], {"a": "x"}, {"a": ["x"]}, {"a": [1]}, {"a": []}), unordered=True
                )
            elif action == 5:
                yield self.post(
                    "/_bulk_get" + self.query({option: "true" for option in self.some(["revs", "latest"], 0, 2)}),
                    {"docs": [{"id": name, "rev": known}, {"id": name}]}, unordered=True
                )
            elif action == 6:
                self.note((yield self.put(f"/{name}?rev={known}", self.document())))
            else:
                self.note((yield self.delete(f"/{name}?rev={known}")))
        yield self.get("/_changes?style=all_docs", unordered=True)
        yield self.get("/_all_docs?conflicts=true&include_docs=true")


class BulkDocs(Family):
    name = "bulk_docs"

    def row(self):
        kind = self.number(0, 11)
        name = self.pick("a", "b", "c", "d", "e", "_design/x", "_local/y")
        if kind <= 5:
            return {"_id": name, **self.document()}
        if kind <= 7:
            return {"_id": name, "_rev": self.rev_of(name), **self.document()}
        if kind == 8:
            return {"_id": name, "_rev": self.rev_of(name), "_deleted": self.pick(True, True, False, 1)}
        if kind == 9:
            return self.pick(
                {}, [], 1, None, "a", {"_id": 1}, {"_id": ""}, {"_id": "_x"}, {"_id": "a", "_foo": 1}, {"_id": "a", "_rev": 1},
                {"_id": "a", "_rev": "x"}, {"_id": None}, {"_id": "a", "_rev": None}, {"_id": "_design/"}, {"_id": "_local/"},
                {"_id": "a", "_attachments": 1}, {"_id": "a", "_attachments": {"x": {"stub": True}}}
            )
        return {"_id": name, "_rev": self.pick(self.odd_revision(), self.revision()), **self.document()}

    def play(self):
        yield self.create()
        for _ in range(9):
            rows = [self.row() for _ in range(self.number(0, 5))]
            body = {"docs": rows}
            if self.chance(0.25):
                body["new_edits"] = self.pick(True, False, False, "x", None, 1)
            if self.chance(0.05):
                body["all_or_nothing"] = self.pick(True, False)
            if self.chance(0.12):
                body = self.pick(
                    {}, [], 1, {"docs": {}}, {"docs": None}, {"docs": "x"}, {"documents": []}, "", "{", {"docs": [], "x": 1}, None
                )
            answer = yield self.post(
                "/_bulk_docs", body, headers=self.pick({}, {}, {}, {"Content-Type": "text/plain"}) if self.chance(0.2) else {}
            )
            try:
                for told in json.loads(answer.body):
                    if "rev" in told:
                        self.revs[told["id"]] = told["rev"]
            except (ValueError, TypeError):
                pass
        yield self.get("/_all_docs?include_docs=true", unordered=True)
        yield self.get("/_changes?include_docs=true&style=all_docs")
        yield self.get("/_local_docs")


class BulkGet(Family):
    name = "bulk_get"

    def play(self):
        yield self.create()
        for name in ("a", "b", "c"):
            for _ in range(self.number(1, 3)):
                body = {**self.document()}
                if name in self.revs:
                    body["_rev"] = self.revs[name]
                if self.chance(0.3):
                    body["_attachments"] = {"f": {"content_type": "text/plain", "data": base64.b64encode(self.word().encode()).decode()}}
                self.note((yield self.put("/" + name, body)))
        if self.chance(0.5):
            self.note((yield self.delete("/c?rev=" + self.rev_of("c"))))
        for _ in range(10):
            wanted = []
            for _ in range(self.number(0, 4)):
                one = {"id": self.pick("a", "b", "c", "d")}
                if self.chance(0.4):
                    one["rev"] = self.pick(self.rev_of(one["id"]), self.revision(), self.odd_revision())
                if self.chance(0.1):
                    one["atts_since"] = self.pick([], [self.rev_of(one["id"])], ["x"], "x")
                wanted.append(
                    self.pick(
                        1, {}, {"id": 1}, {"id": ""}, {"rev": "1-a"}, {"id": "_x"}, {"id": "a", "rev": 1}, None, [], {"id": None}
                    ) if self.chance(0.1) else one
                )
            query = {
                option: self.pick("true", "true", "false") for option in self.some(
                    ["revs", "latest", "attachments", "conflicts", "att_encoding_info", "local_seq", "revs_info"], 0, 2
                )
            }
            if self.chance(0.08):
                query[self.pick("rev", "open_revs", "new_edits", "w", "atts_since")] = "x"
            body = {"docs": wanted} if self.chance(0.93) else self.pick({}, [], {"docs": 1}, {"docs": {}}, "", "x", None)
            headers = {
                "Accept": self.pick("multipart/mixed", "*/*", "multipart/related", "text/html", "application/json, multipart/mixed")
            } if self.chance(0.25) else {}
            yield self.post("/_bulk_get" + self.query(query), body, headers=headers)


class Attachments(Family):
    name = "attachments"

    def content(self):
        return self.pick(b"hello", b"", b"x" * 300, bytes(range(256)), "grüße".encode(), b"line\n" * 50)

    def kind(self):
        return self.pick(
            "text/plain", "image/png", "application/json", "text/html; charset=utf-8", "application/octet-stream", "x/y", "text/x"
        )

    def play(self):
        yield self.create()
        self.note(
            (
                yield self.put(
                    "/a",
                    {
                        "n": 1,
                        "_attachments": {
                            self.pick("one", "o/n", "ü"): {"content_type": self.kind(), "data": base64.b64encode(self.content()).decode()}
                        }
                    }
                )
            )
        )
        names = ["one", "two", "o/n", "ü", "t h"]
        for _ in range(22):
            doc, name = self.pick("a", "a", "b"), self.pick(*names)
            path = f"/{doc}/" + (name if self.chance(0.3) and name == "o/n" else encoded(name))
            action = self.number(0, 9)
            if action <= 2:
                query = {
                    "rev": self.pick(self.rev_of(doc), self.rev_of(doc), self.rev_of(doc), self.odd_revision())
                } if doc in self.revs or self.chance(0.2) else {}
                headers = {"Content-Type": self.kind()} if self.chance(0.9) else {}
                if self.chance(0.1):
                    headers["Content-MD5"] = self.pick("abc", "1B2M2Y8AsgTpgAmY7PhCfg==")
                body = self.content()
                if self.chance(0.1):
                    headers["Content-Encoding"] = self.pick("gzip", "gzip", "x")
                    body = gzip.compress(body, mtime=0)
                self.note((yield self.put(path + self.query(query), body, headers=headers)))
            elif action == 3:
                self.note((yield self.delete(path + self.query({"rev": self.rev_of(doc)} if self.chance(0.8) else {}))))
            elif action <= 6:
                headers = {}
                if self.chance(0.35):
                    headers["Range"] = self.pick(
                        "bytes=0-1", "bytes=1-", "bytes=-2", "bytes=0-999", "bytes=999-", "bytes=3-1", "bytes=0-0,2-3", "x", "bytes=",
                        "bytes=0-", "bytes=-0", "bytes=abc-2"
                    )
                if self.chance(0.2):
                    headers["Accept-Encoding"] = self.pick("gzip", "identity", "gzip;q=0", "*", "deflate")
                yield Request(
                    self.pick("GET", "GET", "HEAD"),
                    f"/{self.db}{path}" + self.query({"rev": self.rev_of(doc)} if self.chance(0.2) else {}), headers=headers
                )
            elif action == 7:
                query = {option: "true" for option in self.some(["attachments", "att_encoding_info", "revs", "meta"], 0, 2)}
                if self.chance(0.2):
                    query["atts_since"] = self.pick("[]", json.dumps([self.rev_of(doc)]), json.dumps(["1-abc"]), "x")
                headers = {
                    "Accept": self.pick("multipart/related", "*/*", "multipart/mixed", "application/json")
                } if self.chance(0.3) else {}
                yield self.get(f"/{doc}" + self.query(query), headers=headers)
            elif action == 8:
                stub = self.pick(
                    {"stub": True}, {"stub": True, "revpos": self.number(1, 4)}, {"follows": True, "length": 3}, {"data": "!!"},
                    {"data": 1}, {"content_type": "x/y"}, {}, {"data": "aGk="}, {"data": "aGk"}, 1, {"data": "aGk=", "content_type": 1},
                    {"stub": True, "digest": "md5-abc"}, {"data": "aGk=", "revpos": 9}, {"data": "aG\nk="}
                )
                self.note(
                    (
                        yield self.put(
                            f"/{doc}",
                            {"_rev": self.rev_of(doc), "_attachments": {self.pick(*names, "_x", ""): stub}, "m": self.number(0, 3)}
                        )
                    )
                )
            else:
                boundary = "abc123"
                data = self.content()
                described = {
                    "_attachments": {"p": {"follows": True, "content_type": self.kind(), "length": len(data)}},
                    **({"_rev": self.rev_of(doc)} if doc in self.revs else {})
                }
                body = (
                    f"--{boundary}\r\nContent-Type: application/json\r\n\r\n{json.dumps(described)}\r\n--{boundary}\r\n" + (
                        "Content-Disposition: attachment; filename=\"p\"\r\n" if self.chance(0.5) else ""
                    )
                ).encode() + b"\r\n" + data + f"\r\n--{boundary}--".encode()
                self.note(
                    (
                        yield self.put(
                            f"/{doc}", body,
                            headers={
                                "Content-Type": self.pick(
                                    f'multipart/related; boundary="{boundary}"', f"multipart/related;boundary={boundary}"
                                )
                            }
                        )
                    )
                )
        yield self.get("/_changes?include_docs=true&attachments=true")
        yield self.get("/_all_docs?include_docs=true" + self.pick("", "&attachments=true", "&att_encoding_info=true"))


class Local(Family):
    name = "local"

    def play(self):
        yield self.create()
        for _ in range(16):
            name = self.pick("a", "b", "c%2Fd", "a%3D%3D", "ü", "", "_x")
            path = self.pick("/_local/", "/_local/", "/_local/", "/_local%2F") + name
            action = self.number(0, 5)
            if action <= 1:
                body = self.document()
                if self.chance(0.3):
                    body["_rev"] = self.pick("0-1", "0-2", "0-x", "1-a", "x", 1, "0-0")
                if self.chance(0.1):
                    body["_deleted"] = True
                if self.chance(0.1):
                    body["_attachments"] = {"a": {"data": ""}}
                yield self.put(
                    path + self.query(
                        {"rev": self.pick("0-1", "0-2", "x")} if self.chance(0.15) else {"batch": "ok"} if self.chance(0.1) else {}
                    ),
                    body
                )
            elif action == 2:
                yield self.delete(path + self.query({"rev": self.pick("0-1", "0-2", "x", "1-a")} if self.chance(0.6) else {}))
            elif action == 3:
                yield Request(
                    self.pick("GET", "HEAD"),
                    f"/{self.db}{path}" + self.query(
                        {
                            self.pick("rev", "revs", "conflicts", "open_revs", "meta", "local_seq"): self.pick("0-1", "true", "all")
                        } if self.chance(0.4) else {}
                    )
                )
            elif action == 4:
                yield Request("COPY", f"/{self.db}{path}", headers={"Destination": self.pick("_local/z", "zz", "_local/a")})
            else:
                query = {}
                for option in self.some(
                    [
                        "limit", "skip", "include_docs", "descending", "startkey", "endkey", "key", "inclusive_end", "update_seq", "keys",
                        "conflicts"
                    ],
                    0, 2
                ):
                    query[option] = {
                        "limit": self.number(0, 3), "skip": self.number(0, 2), "keys": '["_local/a","x"]', "startkey": '"_local/b"',
                        "endkey": '"_local/b"', "key": '"_local/a"'
                    }.get(option, self.pick("true", "false"))
                yield self.get("/_local_docs" + self.query(query))
        yield self.post("/_local_docs", {"keys": ["_local/a", "_local/zz", "a"]})
        yield self.post("/_local_docs/queries", {"queries": [{"limit": 1}, {"keys": ["_local/a"]}]})


class Purge(Family):
    name = "purge"

    def play(self):
        yield self.create()
        for name in ("a", "b", "c"):
            for _ in range(self.number(1, 3)):
                body = self.document()
                if name in self.revs:
                    body["_rev"] = self.revs[name]
                self.note((yield self.put("/" + name, body)))
        for _ in range(9):
            name = self.pick("a", "b", "c", "d")
            action = self.number(0, 6)
            if action <= 2:
                yield self.post(
                    "/_purge",
                    self.pick(
                        {name: [self.rev_of(name)]}, {name: [self.rev_of(name), self.revision()]}, {name: []}, {}, [], {name: "x"},
                        {name: ["x"]}, {name: [self.revision()]}, {"": ["1-a"]}, {name: [1]}
                    )
                )
            elif action == 3:
                yield Request(
                    self.pick("GET", "GET", "PUT", "POST"), f"/{self.db}/_purged_infos_limit",
                    self.pick("10", "0", "-1", '"x"', "1000", "1.5", "")
                )
            elif action == 4:
                yield Request(
                    self.pick("GET", "PUT", "PUT", "DELETE"), f"/{self.db}/_revs_limit",
                    self.pick("10", "0", "-1", '"x"', "1", "1.5", "", "null")
                )
            elif action == 5:
                yield self.get(self.pick("/_purged_infos", "/_purge", "/" + name, ""))
            else:
                self.note((yield self.put(f"/{name}", {"n": 1})))
        yield self.get("/_changes")
        yield self.get("/_all_docs")
        yield self.get("")
