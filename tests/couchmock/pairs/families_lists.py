"""Whatever answers with rows: `_all_docs`, `_changes`, views, Mango, partitions."""

import json

from exchange import Request
from family import Family, encoded


class Lists(Family):
    waits_for_index = False  # what an index holds that nobody waited for is a matter of chance

    def key(self):
        return json.dumps(self.pick("a", "b", "aa", "m", "z", "", "é", "\ufff0", "_design/", "_design/x", "A"))

    def odd_key(self):
        return self.pick("{}", "[]", "null", "1", "true", "x", '"', '["a"]', "", "a", '"a"')

    def rows_query(self, odd=0.08):
        """Parameters that `_all_docs`, `_design_docs` and views share."""
        query = {}
        keys = self.pick([], [], ["startkey"], ["endkey"], ["startkey", "endkey"], ["key"], ["keys"], ["start_key", "end_key"])
        for name in keys:
            if name == "keys":
                query[name] = json.dumps(self.some(["a", "b", "zz", "m", "aa", "a"], 0, 4)) if not self.chance(odd) else self.odd_key()
            else:
                query[name] = self.odd_key() if self.chance(odd) else self.key()
        if self.chance(0.3):
            query["limit"] = self.odd_number() if self.chance(odd * 2) else self.number(0, 5)
        if self.chance(0.2):
            query["skip"] = self.odd_number() if self.chance(odd * 2) else self.number(0, 4)
        for name in self.some(
            [
                "descending", "inclusive_end", "include_docs", "update_seq", "conflicts", "sorted", "stable", "update", "stale", "revs",
                "attachments"
            ],
            0, 3
        ):
            if name in ("update", "stale") and self.waits_for_index:
                query[name] = "true" if name == "update" else self.pick("false", "x")
            elif name in ("update", "stale"):
                query[name] = self.pick("true", "false", "lazy") if name == "update" else self.pick("ok", "update_after", "false", "x")
            else:
                query[name] = self.odd_flag() if self.chance(odd * 2) else self.pick("true", "false")
        if self.chance(odd):
            query[
                self.pick(
                    "startkey_docid", "endkey_docid", "group", "reduce", "group_level", "foo", "start_key_doc_id", "end_key_doc_id",
                    "partition"
                )
            ] = self.pick("a", "true", "false", "1", '"a"')
        return query

    def as_body(self, query):
        body = {}
        for name, value in query.items():
            try:
                body[name] = json.loads(str(value))
            except ValueError:
                body[name] = value
        return body


class AllDocs(Lists):
    name = "all_docs"

    def play(self):
        yield self.create(q=self.pick(1, 1, 2, 3))
        names = self.some(["a", "b", "c", "aa", "m", "z", "A", "Z", "é", "10", "9", "_design/x", "_design/y", "b b", "~"], 4)
        for name in names:
            self.note((yield self.put("/" + (name if name.startswith("_") else encoded(name)), self.document(1))))
        if self.chance(0.5):
            gone = self.pick(*names)
            self.note((yield self.delete("/" + (gone if gone.startswith("_") else encoded(gone)) + "?rev=" + self.rev_of(gone))))
        for _ in range(20):
            query = self.rows_query()
            path = self.pick("/_all_docs", "/_all_docs", "/_all_docs", "/_design_docs")
            form = self.number(0, 6)
            if form <= 3:
                yield self.get(path + self.query(query))
            elif form == 4:
                yield self.post(path, self.as_body(query))
            elif form == 5:
                yield self.post(
                    path + self.query(query),
                    self.pick(
                        {"keys": ["a", "m", "nope"]}, {}, {"keys": "a"}, {"keys": [1, None]}, [], "", {"keys": {}}, {"keys": []},
                        {"limit": 1}
                    )
                )
            else:
                yield self.post(
                    path + "/queries" + self.query(self.pick({}, {}, query)),
                    self.pick(
                        {"queries": [self.as_body(query), self.as_body(self.rows_query())]}, {"queries": []}, {"queries": {}}, {},
                        {"queries": [1]}
                    )
                )


class Changes(Lists):
    name = "changes"

    def play(self):
        yield self.create()
        yield self.put(
            "/_design/f",
            {
                "views": {"v": {"map": "function(doc) { if (doc.n) emit(doc.n, null); }"}},
                "filters": {
                    "n": "function(doc, req) { return doc.n == req.query.n; }", "deleted": "function(doc) { return !!doc._deleted; }",
                    "throws": "function(doc) { throw {forbidden: 'no'}; }"
                }
            }
        )
        for _ in range(self.number(4, 9)):
            name = self.pick("a", "b", "c", "d", "e")
            body = {**self.document(1), "n": self.number(0, 3)}
            if name in self.revs:
                body["_rev"] = self.revs[name]
            self.note((yield self.put("/" + name, body)))
        for _ in range(self.number(0, 2)):
            name = self.pick("a", "b", "c")
            if name in self.revs:
                self.note((yield self.delete(f"/{name}?rev={self.revs[name]}")))
        yield self.get("/_changes", keep="end")
        yield self.get("/_changes?limit=2", keep="two")
        for _ in range(18):
            query = {}
            feed = self.pick("", "", "", "normal", "longpoll", "continuous", "eventsource", "x")
            if feed:
                query["feed"] = feed
            if feed in ("continuous", "eventsource"):
                query["timeout"] = self.pick(1, 40, 60)
            if self.chance(0.5):
                query["since"] = self.pick(
                    "0", "now", "{kept:two}", "{kept:end}", "{kept:two}", "1", "2", "-1", "x", "999", '"{kept:two}"', ""
                )
            if feed == "longpoll":
                query["timeout"] = self.pick(1, 50)
            if self.chance(0.25):
                query["limit"] = self.pick(0, 1, 2, 3, 5) if self.chance(0.85) else self.odd_number()
            for name in self.some(
                ["descending", "include_docs", "conflicts", "attachments", "style", "seq_interval", "heartbeat", "att_encoding_info"], 0,
                2
            ):
                query[name] = {
                    "style": self.pick("all_docs", "main_only", "x"), "seq_interval": self.pick("2", "1", "3", "x", "0"),
                    "heartbeat": self.pick("60000", "true", "x", "0", "-1", "false") if "timeout" not in query else "60000"
                }.get(name, self.pick("true", "false"))
                if name == "heartbeat" and "timeout" in query:
                    del query["heartbeat"]
            body = None
            method = "GET"
            if self.chance(0.45):
                query["filter"] = self.pick(
                    "_doc_ids", "_selector", "_design", "_view", "f/n", "f/deleted", "f/nope", "nope/x", "x", "f", "", "_docids",
                    "f/throws", "f/n/x"
                )
                if query["filter"] == "_view":
                    query["view"] = self.pick("f/v", "f/nope", "x", "nope/v")
                if query["filter"] == "f/n":
                    query["n"] = self.number(0, 3)
                if query["filter"] == "_doc_ids" and self.chance(0.3):
                    query["doc_ids"] = self.pick('["a","b"]', '["x"]', "x", '{"a":1}', "[]")
                method = self.pick("GET", "POST", "POST")
                body = {
                    "_doc_ids": self.pick({"doc_ids": ["a", "c", "x"]}, {}, {"doc_ids": "a"}, {"doc_ids": []}, {"doc_ids": [1]}),
                    "_selector": self.pick(
                        {"selector": {"n": {"$gt": 1}}}, {"selector": {}}, {}, {"selector": 1}, {"selector": {"$x": 1}},
                        {"selector": {"_id": "a"}, "fields": ["_id", "n"]}, {"selector": {"_deleted": True}}
                    )
                }.get(query["filter"], self.pick({}, None))
                if method == "GET":
                    body = None
            elif self.chance(0.15):
                method, body = "POST", self.pick({}, None, [], "x", {"doc_ids": ["a"]}, {"since": 0})
            yield Request(
                method, f"/{self.db}/_changes" + self.query(query), body,
                headers=self.pick({}, {}, {}, {"Last-Event-ID": "{kept:two}"}) if self.chance(0.2) else {}
            )


MAPS = [
    "function(doc) { emit(doc._id, 1); }",
    "function(doc) { emit(doc.n, doc.tag); }",
    "function(doc) { emit([doc.tag, doc.n], doc.n); }",
    "function(doc) { if (doc.list) { for (var i in doc.list) { emit(doc.list[i], null); } } }",
    "function(doc) { emit(doc.a, {_id: doc.link}); }",
    "function(doc) { emit(null, doc.n); emit(doc.b, doc.n); }",
    "function(doc) { emit(doc.n % 3, 1); emit({a: doc.n}, [doc.n, 2]); }",
    "function(doc) { emit(doc.tag, doc.n); }",
    "function(doc) { throw('no'); }",
    "function(doc) { emit(doc.tag.length, 1); }",
    "function(doc) { emit(doc.tag); }",
    "function(doc) { emit(doc.c, doc); }",
    "function(doc) { emit(new Date(0).toISOString(), toJSON([doc.n, undefined, 'x'])); }",
    "function (doc) { emit(isArray(doc.list), sum([1, 2])); }",
    "function(doc) {",
    "42",
]
REDUCES = [
    None, None, "_sum", "_count", "_stats", "_approx_count_distinct",
    "function(keys, values, rereduce) { return rereduce ? sum(values) : values.length; }",
    "function(keys, values) { return values.length + ''; }", "_nope", "function(k, v) { throw 'x'; }", "_first", "_last", "_top_2",
    "_bottom_3"
]


class Views(Lists):
    name = "views"
    waits_for_index = True

    def key(self):
        return json.dumps(
            self.any_value(1) if self.chance(0.4) else self.pick("a", "b", 1, 2, None, ["a"], ["a", 1], ["b", {}], {}, 0, "é", "B")
        )

    def play(self):
        yield self.create(q=self.pick(1, 1, 1, 2))
        views = {}
        for name in ("v", "w", "u"):
            views[name] = {"map": self.random.choice(MAPS)}
            reduce = self.random.choice(REDUCES)
            if reduce:
                views[name]["reduce"] = reduce
        options = self.pick({}, {}, {"options": {"include_design": True}}, {"options": {"local_seq": True}})
        made = yield self.put("/_design/d", {"views": views, **options})
        if made.status != 201:
            views["v"] = {"map": MAPS[7], "reduce": "_sum"}
            views.pop("w")
            views.pop("u")
            yield self.put("/_design/d", {"views": views})
        docs = []
        for i in range(self.number(3, 12)):
            docs.append(
                {
                    "_id": "d%02d" % i, "n": self.pick(i, i, 1.5, -1, None), "tag": self.pick("a", "b", "B", "é", "", None, "aa"),
                    "link": self.pick("d00", "d01", "none", None), "list": self.pick([1, 2], ["x"], None), **self.document()
                }
            )
        yield self.post("/_bulk_docs", {"docs": docs})
        for _ in range(22):
            view = self.pick(*views)
            query = self.rows_query()
            has_reduce = "reduce" in views.get(view, {})
            if has_reduce and self.chance(0.6):
                query.update({self.pick("group", "group", "group_level", "reduce"): self.pick("true", "false")})
                if "group_level" in query:
                    query["group_level"] = self.pick(0, 1, 2, 3, "exact", "-1", "x")
            elif has_reduce or self.chance(0.1):
                query["reduce"] = self.pick("false", "false", "true")
            if self.chance(0.1):
                query[self.pick("startkey_docid", "endkey_docid")] = self.pick("d01", "d03", "zz")
            path = f"/_design/d/_view/{view}"
            form = self.number(0, 7)
            if form <= 4:
                yield self.get(path + self.query(query))
            elif form == 5:
                yield self.post(path, self.as_body(query))
            elif form == 6:
                yield self.post(
                    path + self.query(query),
                    self.pick({"keys": ["a", "b", 1]}, {}, {"keys": 1}, {"keys": []}, {"keys": [None, "a", "a"]})
                )
            else:
                yield self.post(
                    path + "/queries",
                    self.pick({"queries": [self.as_body(query), {}]}, {"queries": []}, {}, {"queries": [{"keys": ["a"]}, {"limit": 1}]})
                )
        yield self.get(
            self.pick("/_design/d/_view/nope", "/_design/nope/_view/v", "/_design/d/_info", "/_design/d/_view", "/_design/d/_nope/v")
        )


class Mango(Lists):
    name = "mango"

    def operand(self):
        return self.any_value(1)

    def selector(self, depth=2):
        field = self.pick("a", "b", "c", "n", "tag", "list", "_id", "a.b", "list.0", "_rev", "a\\.b", "")
        kind = self.number(0, 11)
        if kind <= 2:
            return {field: self.operand()}
        if kind <= 6:
            operator = self.pick(
                "$gt", "$lt", "$gte", "$lte", "$eq", "$ne", "$exists", "$type", "$in", "$nin", "$size", "$mod", "$regex", "$all",
                "$elemMatch", "$allMatch", "$keyMapMatch", "$beginsWith", "$not", "$nope"
            )
            value = {
                "$exists": self.pick(True, False, 1), "$type": self.pick("string", "number", "array", "object", "null", "boolean", "x"),
                "$in": self.pick([1, "a", None], [], 1), "$nin": self.pick([1, "a"], [], "x"), "$size": self.pick(0, 1, 2, "x", -1),
                "$mod": self.pick([2, 0], [3, 1], [0, 1], [2], "x", [1.5, 1]), "$regex": self.pick("^a", "[", ".*", 1, "(?i)A", "é"),
                "$all": self.pick(["a"], [1, 2], [], "x", [["a"]]), "$elemMatch": self.pick({"$gt": 0}, {"$eq": "a"}, {}, 1, {"a": 1}),
                "$allMatch": self.pick({"$gt": 0}, {"$eq": "a"}, {}), "$keyMapMatch": self.pick({"$eq": "a"}, {"$gt": "a"}),
                "$beginsWith": self.pick("a", "", 1, "é"), "$not": self.pick({"$gt": 1}, {"$eq": "a"}, 1, {})
            }.get(operator, self.operand())
            return {field: {operator: value, **({self.pick("$lt", "$gt", "$ne"): self.operand()} if self.chance(0.15) else {})}}
        if kind <= 9 and depth:
            operator = self.pick("$and", "$or", "$nor", "$not", "$text")
            if operator == "$not":
                return {"$not": self.selector(depth - 1)}
            if operator == "$text":
                return {"$and": [self.selector(depth - 1)]}
            return {
                operator: self.pick(
                    [self.selector(depth - 1) for _ in range(self.number(0, 3))], [self.selector(depth - 1) for _ in range(2)], {}, 1
                ) if self.chance(0.1) else [self.selector(depth - 1) for _ in range(self.number(1, 3))]
            }
        if kind == 10:
            return self.pick(
                {}, {"a": 1, "b": {"$gt": None}}, {"_id": {"$gt": None}}, {"a": {"b": {"$gt": 0}}},
                {"_id": {"$gte": "d02", "$lt": "d06"}}, {"a": {}}, {"n": {"$gt": 1, "$lt": 5}}
            )
        return {**self.selector(0), **self.selector(0)}

    def search(self):
        body = {"selector": self.selector() if self.chance(0.95) else self.pick(1, [], "x", None)}
        if self.chance(0.03):
            del body["selector"]
        if self.chance(0.3):
            body["fields"] = self.pick(
                ["_id"], ["a", "n"], ["a.b"], [], "a", [1], ["list.0"], ["_id", "_rev"], ["nope"], "all_fields", ["_conflicts"]
            )
        if self.chance(0.3):
            body["limit"] = self.pick(0, 1, 2, 5, 5, 3, -1, "1", 1.5, None)
        if self.chance(0.2):
            body["skip"] = self.pick(0, 1, 2, 100, -1, "x")
        if self.chance(0.3):
            body["sort"] = self.pick(
                ["n"], ["_id"], [{"n": "desc"}], [{"a": "asc"}, {"n": "asc"}], ["a", "n"], [{"n": "up"}], "n", [],
                [{"a": "asc"}, {"n": "desc"}], [1], ["tag"]
            )
        if self.chance(0.12):
            body["use_index"] = self.pick("i", "_design/i", ["i", "n"], ["_design/i", "a"], "nope", [], 1, ["i"], ["i", "nope"])
        for name in self.some(
            ["conflicts", "r", "update", "stable", "stale", "execution_stats", "allow_fallback", "bookmark", "x"], 0,
            1 if self.chance(0.3) else 0
        ):
            body[name] = {
                "r": self.pick(1, 2, "x"), "bookmark": self.pick("", "nil", "x", 1), "stale": self.pick("ok", "false", "x"), "x": 1
            }.get(name, self.pick(True, False, 1, "true"))
        return body

    def play(self):
        yield self.create()
        docs = [
            {
                "_id": "d%02d" % i, "n": self.pick(i, i, i, 1.5, None, "x"), "tag": self.pick("a", "b", "B", "é", None),
                "list": self.pick([1, 2], ["a", "b"], [], [{"a": 1}], 3), **self.document()
            } for i in range(self.number(5, 14))
        ]
        yield self.post("/_bulk_docs", {"docs": docs})
        yield self.post("/_index", {"index": {"fields": ["n"]}, "name": "n", "ddoc": "i"})
        if self.chance(0.6):
            yield self.post("/_index", {"index": {"fields": ["a", "n"]}, "name": "a", "ddoc": "i"})
        if self.chance(0.3):
            yield self.post(
                "/_index", {"index": {"fields": ["tag"], "partial_filter_selector": {"n": {"$gt": 2}}}, "name": "p", "ddoc": "p"}
            )
        for _ in range(20):
            action = self.number(0, 11)
            if action <= 6:
                yield self.post("/_find", self.search())
            elif action <= 8:
                yield self.post("/_explain", self.search())
            elif action == 9:
                index = self.pick(
                    {"fields": ["a"]}, {"fields": []}, {"fields": [{"a": "desc"}]}, {"fields": [{"a": "asc"}, {"b": "desc"}]},
                    {"fields": "a"}, {}, {"fields": ["a", "b"], "partial_filter_selector": {"c": 1}}, {"fields": [1]}, {"fields": [""]},
                    {"fields": ["a.b"]}, {"fields": ["a"], "partial_filter_selector": {"$x": 1}}, 1
                )
                body = {"index": index}
                if self.chance(0.6):
                    body["name"] = self.pick("n", "new", "", 1, "x y")
                if self.chance(0.6):
                    body["ddoc"] = self.pick("i", "_design/i", "j", 1, "")
                if self.chance(0.2):
                    body["type"] = self.pick("json", "text", "special", "x", 1)
                if self.chance(0.1):
                    body[self.pick("partitioned", "w", "x", "partial_filter_selector")] = self.pick(True, False, 2, {})
                yield self.post("/_index", body)
            elif action == 10:
                yield self.get("/_index" + self.query(self.pick({}, {"limit": 1}, {"skip": 1}, {"limit": "x"}, {"limit": 1, "skip": 1})))
            else:
                yield Request(
                    self.pick("DELETE", "DELETE", "POST"),
                    f"/{self.db}/_index/" + self.pick(
                        "_design/i/json/n", "i/json/a", "i/json/nope", "nope/json/n", "_design%2Fj/json/new", "i/x/n", "_bulk_delete",
                        "i", "p/json/p"
                    )
                )


class Partitioned(Lists):
    name = "partitioned"
    waits_for_index = True

    def key(self):
        return json.dumps(self.pick("p:a", "p:", "q:b", "p:\ufff0", "a", "p"))

    def play(self):
        yield self.create(partitioned="true")
        for _ in range(9):
            name = self.pick("p:a", "p:b", "p:c", "q:a", "q:b", "r", "_design/x", "p:", ":x", "p:a:b", "_p:x", "_local/z")
            self.note((yield self.put("/" + name.replace(":", self.pick(":", "%3A")), {**self.document(), "n": self.number(0, 5)})))
        yield self.put(
            "/_design/d",
            {
                "views": {"v": {"map": MAPS[1], **({"reduce": "_count"} if self.chance(0.5) else {})}},
                **self.pick({}, {}, {"options": {"partitioned": False}}, {"options": {"partitioned": True}})
            }
        )
        yield self.post(
            "/_index",
            {"index": {"fields": ["n"]}, "name": "n", "ddoc": "i", **self.pick({}, {"partitioned": True}, {"partitioned": False})}
        )
        for _ in range(16):
            part = self.pick("p", "p", "q", "none", "_x", "", "p%3Aa")
            action = self.number(0, 9)
            if action == 0:
                yield self.get(f"/_partition/{part}")
            elif action <= 3:
                yield self.get(f"/_partition/{part}/_all_docs" + self.query(self.rows_query()))
            elif action <= 5:
                yield self.get(f"/_partition/{part}/_design/d/_view/v" + self.query(self.rows_query()))
            elif action == 6:
                yield self.post(
                    f"/_partition/{part}/" + self.pick("_find", "_find", "_explain"),
                    {
                        "selector": self.pick({"n": {"$gt": 1}}, {"n": 1}, {"_id": {"$gt": "p:"}}, {}),
                        **self.pick({}, {"sort": ["n"]}, {"limit": 2}, {"use_index": "i"}, {"fields": ["_id"]})
                    }
                )
            elif action == 7:
                yield self.get(
                    self.pick("/_all_docs", "/_design/d/_view/v") + self.query(
                        self.pick({"partition": "p"}, {"partition": "q", "reduce": "false"}, {}, {"partition": ""})
                    )
                )
            elif action == 8:
                yield self.post("", self.pick({"a": 1}, {"_id": "p:z"}, {"_id": "nop"}))
            else:
                yield self.post("/_bulk_docs", {"docs": [{"_id": self.pick("p:1", "x", "q:2", "_design/z")}, {"a": 1}]}, unordered=True)
        yield self.get("")


class Functions(Lists):
    """Updates, shows, lists, rewrites and validation."""

    name = "functions"

    def play(self):
        yield self.create()
        design = {
            "validate_doc_update": self.pick(
                "function(n, o, u, s) { if (n.bad) throw({forbidden: 'bad: ' + n.bad}); if (n.who) throw({unauthorized: 'who'}); }",
                "function(n, o, u, s) { if (n.bad) throw('text'); if (o && o.n > n.n) throw({forbidden: o.n}); }",
                "function(n, o, u) { if (n.bad) { throw({forbidden: toJSON(u.roles)}); } if (n.who) nope(); }"
            ),
            "updates": {
                "u": "function(doc, req) { if (!doc) { return [{_id: req.id || req.uuid.slice(0, 0) + 'made', n: 1}, 'made ' + req.method]; } doc.n = (doc.n || 0) + 1; return [doc, {json: {n: doc.n, form: req.form, q: req.query}}]; }",
                "none": "function(doc, req) { return [null, {code: 418, headers: {'X-A': 'b'}, body: 'tea'}]; }",
                "bad": "function(doc) { return 1; }",
                "base": "function(doc, req) { return [null, {base64: 'aGk=', headers: {'Content-Type': 'image/png'}}]; }"
            },
            "shows": {
                "s": "function(doc, req) { return {body: (doc ? doc._id : 'none') + ' ' + toJSON(req.query), headers: {'Content-Type': 'text/plain'}}; }",
                "j": "function(doc, req) { return {json: {id: req.id, path: req.path.length}}; }", "t": "function() { return 'text'; }",
                "p": "function(doc, req) { provides('html', function() { return '<b>'; }); provides('json', function() { return {json: 1}; }); }",
                "x": "function() { throw(['error', 'a', 'b']); }", "c": "function() { return {code: 404, body: 'gone'}; }",
                "n": "function() { }"
            },
            "lists": {
                "l": "function(head, req) { start({headers: {'Content-Type': 'text/plain'}}); var row; while (row = getRow()) { send(row.key + ':' + row.value + ';'); } return 'end' + head.total_rows; }",
                "none": "function() { return 'nothing'; }", "e": "function(head, req) { var row = getRow(); throw('late'); }",
                "j": "function() { send('a'); var r = getRow(); return toJSON(r); }"
            },
            "views": {
                "v": {"map": "function(doc) { emit(doc._id, doc.n); }"},
                "r": {"map": "function(doc) { emit(doc.n, 1); }", "reduce": "_count"}
            },
            "rewrites": [
                {"from": "/one", "to": "_view/v"}, {"from": "/doc/:id", "to": "../../:id"},
                {"from": "/q", "to": "_view/v", "query": {"limit": "1"}}, {"from": "/show/*", "to": "_show/s/*"},
                {"from": "/post", "to": "_update/u", "method": "POST"}
            ],
            "filters": {"f": "function(doc, req) { return doc.n > 1; }"},
        }
        yield self.put("/_design/d", design)
        for _ in range(20):
            doc = self.pick("a", "b", "c")
            action = self.number(0, 9)
            if action <= 2:
                body = {"n": self.number(0, 4), **self.pick({}, {}, {"bad": self.pick(1, "x")}, {"who": 1})}
                if doc in self.revs and self.chance(0.8):
                    body["_rev"] = self.revs[doc]
                if self.chance(0.7):
                    self.note((yield self.put("/" + doc, body, who=self.pick("admin", "admin", "none"))))
                else:
                    yield self.post("/_bulk_docs", {"docs": [{"_id": doc, **body}, {"_id": "z", "bad": 2}]})
            elif action <= 4:
                path = "/_design/d/_update/" + self.pick("u", "u", "none", "bad", "base", "nope") + self.pick("", "/a", "/new", "/b")
                answer = yield Request(
                    self.pick("POST", "PUT", "POST", "GET"), f"/{self.db}{path}" + self.query(self.pick({}, {"q": "1"})),
                    self.pick("", "a=1&b=2", '{"x":1}'),
                    headers={"Content-Type": self.pick("application/x-www-form-urlencoded", "application/json")}
                )
                told = answer.headers.get("x-couch-update-newrev")
                if told and path.count("/") == 5:
                    self.revs[path.split("/")[-1]] = told[0]
            elif action <= 6:
                yield Request(
                    self.pick("GET", "GET", "POST"),
                    f"/{self.db}/_design/d/_show/" + self.pick("s", "j", "t", "p", "x", "c", "n", "nope") + self.pick("", "/a", "/zz", "/b") + self.query(
                        self.pick({}, {"x": "1"}, {"format": "html"})
                    ),
                    headers=self.pick({}, {"Accept": "text/html"}, {"Accept": "*/*"})
                )
            elif action <= 8:
                yield self.get(
                    "/_design/d/_list/" + self.pick("l", "l", "none", "e", "j", "nope") + self.pick("/v", "/v", "/r", "/nope", "", "/d/v") + self.query(
                        self.pick({}, {"limit": 1}, {"reduce": "false"}, {"group": "true"}, {"key": '"a"'})
                    )
                )
            else:
                yield self.get("/_design/d/_rewrite/" + self.pick("one", "doc/a", "q", "show/a", "nope", "", "post"))
        yield self.get("/_changes?filter=d/f")
