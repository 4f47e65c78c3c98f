#include "tests/couchmock/mock_client.hpp"

#include <array>
#include <string>
#include <vector>

/// Validation, filters, updates, shows and lists: functions of design documents that are no views.
namespace davenport::couchmock::test {
namespace {

class Scripts : public ::testing::Test {
protected:
    Scripts() { mock.put("/db", ""); }

    std::string put_design(const std::string& body, const std::string& name = "d") {
        const auto known = mock.get("/db/_design/" + name);
        const auto rev = known.status == 200 ? "?rev=" + known.text("_rev") : std::string{};
        const auto put = mock.put("/db/_design/" + name + rev, body);
        EXPECT_EQ(put.status, 201) << put.body;
        return put.text("rev");
    }
    /// The ids of a finished feed's rows.
    static std::string ids(const Seen& feed) {
        const auto value = feed.value();
        const auto* rows = base::member(value, "results");
        if (!rows) return feed.text("error") + ": " + feed.text("reason");
        std::string out;
        for (const auto& row : rows->get_array())
            out += (out.empty() ? "" : " ") + base::text_member(row, "id");
        return out;
    }

    MockClient mock{MockConfig{.default_shards = 1}};
};

// ---- validation

constexpr auto typed = R"({"validate_doc_update":"function(doc, old, user, sec) {)"
                       R"( if (!doc.type && !doc._deleted) throw {forbidden: 'no type'};)"
                       R"( if (doc.type == 'x') throw {unauthorized: 'not you'};)"
                       R"( if (old && old.type != doc.type) throw {forbidden: {was: old.type}};)"
                       R"( if (doc.type == 'bug') doc.none.none = 1; }"})";

TEST_F(Scripts, ValidationSpeaksForEachDocument) {
    put_design(typed);
    const auto words = [&](const std::string& body, const std::string& query = {}) {
        const auto put = mock.put("/db/a" + query, body);
        return std::to_string(put.status) + ' ' + put.body;
    };
    EXPECT_EQ(words("{}"), "403 {\"error\":\"forbidden\",\"reason\":\"no type\"}\n");
    EXPECT_EQ(words(R"({"type":"x"})"), "401 {\"error\":\"unauthorized\",\"reason\":\"not you\"}\n");
    EXPECT_TRUE(words(R"({"type":"bug"})").starts_with("500 {\"error\":\"TypeError\""))
        << words(R"({"type":"bug"})");
    const auto stored = mock.put("/db/a", R"({"type":"ok"})");
    ASSERT_EQ(stored.status, 201);
    EXPECT_EQ(words(R"({"type":"other"})", "?rev=" + stored.text("rev")),
              "403 {\"error\":\"forbidden\",\"reason\":{\"was\":\"ok\"}}\n");
    EXPECT_EQ(mock.put("/db/a", "{}").status, 409) << "a conflict is told before anybody is asked";
    EXPECT_EQ(mock.put("/db/_local/x", "{}").status, 201) << "local documents are nobody's business";
    EXPECT_EQ(mock.put("/db/_design/e", "{}").status, 201);
    EXPECT_EQ(mock.ask("DELETE", "/db/a?rev=" + stored.text("rev")).status, 403)
        << "its type is gone with it";
}

TEST_F(Scripts, ValidationIsToldInTheRowsOfABulkRequest) {
    put_design(typed);
    const auto bulk = mock.ask(
        "POST", "/db/_bulk_docs",
        R"({"docs":[{"_id":"a"},{"_id":"b","type":"t"},{"_id":"c","type":"x"},{"_id":"d","type":"bug"}]})");
    EXPECT_EQ(bulk.status, 201);
    const auto value = bulk.value();
    const auto& rows = value.as_array();
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(base::text_member(rows[0], "error"), "forbidden");
    EXPECT_TRUE(base::bool_member(rows[1], "ok"));
    EXPECT_EQ(base::text_member(rows[2], "error"), "unauthorized");
    EXPECT_EQ(base::text_member(rows[3], "error"), "TypeError");
    const auto replicated = mock.ask(
        "POST", "/db/_bulk_docs",
        R"({"new_edits":false,"docs":[{"_id":"e","_rev":"1-a","type":"t"},{"_id":"f","_rev":"1-a"},{"_id":"b","_rev":"2-b","type":"u","_revisions":{"start":2,"ids":["b",")" +
            base::text_member(rows[1], "rev").substr(2) + R"("]}}]})");
    EXPECT_EQ(replicated.status, 201);
    const auto refused = replicated.value();
    ASSERT_EQ(refused.as_array().size(), 2u) << replicated.body;
    EXPECT_EQ(base::text_member(refused.as_array()[0], "id"), "b") << "its parent is what it replaces";
    EXPECT_EQ(base::text_member(refused.as_array()[1], "id"), "f");
    EXPECT_EQ(mock.get("/db/e").status, 200);
}

TEST_F(Scripts, ValidationSeesWhoWritesWhat) {
    put_design(
        R"({"validate_doc_update":"function(doc, old, user, sec) { throw {forbidden: JSON.stringify([doc, old, user, sec])}; }"})");
    mock.ask("PUT", "/db/_security", R"({"admins":{"names":["ann"]}})");
    EXPECT_EQ(mock.put("/db/a", R"({"n":1})").text("reason"),
              R"([{"_id":"a","_revisions":{"start":0,"ids":[]},"n":1},null,)"
              R"({"db":"db","name":null,"roles":["_admin"]},{"admins":{"names":["ann"]}}])");
}

TEST_F(Scripts, ValidationIsAskedOfReplicasAndEndsWithItsDesignDocument) {
    const auto rev = put_design(typed);
    mock.put("/from", "");
    mock.put("/from/good", R"({"type":"t"})");
    mock.put("/from/bad", "{}");
    const auto copied = mock.ask("POST", "/_replicate", R"({"source":"from","target":"db"})");
    ASSERT_EQ(copied.status, 200) << copied.body;
    EXPECT_NE(copied.body.find("\"docs_written\":1,\"doc_write_failures\":1"), std::string::npos)
        << copied.body;
    EXPECT_EQ(mock.get("/db/good").status, 200);
    EXPECT_EQ(mock.get("/db/bad").status, 404);
    mock.ask("DELETE", "/db/_design/d?rev=" + rev);
    EXPECT_EQ(mock.put("/db/bad", "{}").status, 201);
}

TEST(IgnoreValidators, LetsEverythingIn) {
    MockClient mock{MockConfig{.ignore_validators = true, .default_shards = 1}};
    mock.put("/db", "");
    mock.put("/db/_design/d", typed);
    EXPECT_EQ(mock.put("/db/a", "{}").status, 201);
}

// ---- filters

TEST_F(Scripts, FiltersChooseTheRowsOfAFeed) {
    put_design(R"({"filters":{"room":"function(doc, req) { return doc.room == req.query.room; }",)"
               R"("bad":"function(doc) { return doc.none.none; }"},)"
               R"("views":{"big":{"map":"function(doc) { if (doc.n > 1) emit(doc.n, null); }"}}})");
    mock.put("/db/a", R"({"room":"x","n":1})");
    mock.put("/db/b", R"({"room":"y","n":2})");
    EXPECT_EQ(ids(mock.get("/db/_changes?filter=d/room&room=x")), "a");
    EXPECT_EQ(ids(mock.get("/db/_changes?filter=_view&view=d/big")), "b");
    EXPECT_EQ(ids(mock.get("/db/_changes?filter=d/none")), "not_found: missing json key: none");
    EXPECT_EQ(mock.get("/db/_changes?filter=d/bad").status, 500);
    EXPECT_EQ(mock.get("/db/_changes?filter=d/bad").text("error"), "TypeError");

    const auto live = mock.send("GET", "/db/_changes?feed=continuous&filter=d/room&room=x&since=now");
    put_design(R"({"filters":{"room":"function() { return false; }"}})");
    mock.put("/db/c", R"({"room":"x"})");
    mock.put("/db/e", R"({"room":"y"})");
    EXPECT_EQ(mock.seen(live).ids(), std::vector<std::string>{"c"})
        << "an open feed keeps the filter it began with";
}

TEST_F(Scripts, AFilterThatFailsEndsALiveFeedWithItsWords) {
    put_design(R"({"filters":{"f":"function(doc) { return doc.ok || doc.none.none; }"}})");
    const auto live = mock.send("GET", "/db/_changes?feed=continuous&filter=d/f&since=now");
    mock.put("/db/a", R"({"ok":true})");
    EXPECT_FALSE(mock.seen(live).ended);
    mock.put("/db/b", "{}");
    EXPECT_TRUE(mock.seen(live).ended);
    EXPECT_NE(mock.seen(live).body.find(R"({"error":"TypeError")"), std::string::npos)
        << mock.seen(live).body;
}

TEST_F(Scripts, FiltersChooseWhatIsReplicated) {
    put_design(R"({"filters":{"room":"function(doc, req) { return doc.room == req.query.room; }"}})");
    mock.put("/db/a", R"({"room":"x"})");
    mock.put("/db/b", R"({"room":"y"})");
    mock.put("/to", "");
    const auto copied =
        mock.ask("POST", "/_replicate",
                 R"({"source":"db","target":"to","filter":"d/room","query_params":{"room":"y"}})");
    ASSERT_EQ(copied.status, 200) << copied.body;
    EXPECT_EQ(ids(mock.get("/to/_changes")), "b");
}

// ---- updates, shows, lists

TEST_F(Scripts, UpdatesWriteWhatTheFunctionReturns) {
    put_design(
        R"({"updates":{"bump":"function(doc, req) { if (!doc) return [{_id: req.id || req.uuid, n: 1}, 'made'];)"
        R"( doc.n++; return [doc, {headers: {'X-N': String(doc.n)}, json: {n: doc.n}}]; }",)"
        R"("look":"function(doc, req) { return [null, doc ? 'there' : 'none']; }"}})");
    const auto made = mock.ask("POST", "/db/_design/d/_update/bump/a");
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.body, "made");
    EXPECT_EQ(base::header(made.headers, "X-Couch-Id"), "a");
    EXPECT_EQ(base::header(made.headers, "X-Couch-Update-NewRev"), mock.get("/db/a").text("_rev"));
    const auto bumped = mock.ask("PUT", "/db/_design/d/_update/bump/a");
    EXPECT_EQ(bumped.body, "{\"n\":2}\n");
    EXPECT_EQ(base::header(bumped.headers, "X-N"), "2");
    EXPECT_EQ(base::int_member(mock.get("/db/a").value(), "n"), 2);
    EXPECT_EQ(mock.ask("POST", "/db/_design/d/_update/look/x").body, "none");
    EXPECT_EQ(mock.ask("POST", "/db/_design/d/_update/look/a").status, 200);
    EXPECT_EQ(mock.get("/db/_design/d/_update/look/a").status, 405);
    EXPECT_EQ(mock.ask("POST", "/db/_design/d/_update/none").text("reason"), "missing json key: none");
}

TEST_F(Scripts, ShowsMakeAnythingOfADocument) {
    put_design(
        R"({"shows":{"title":"function(doc, req) { return doc ? '<h1>' + doc.title + '</h1>' : 'none ' + req.id; }",)"
        R"("kinds":"function(doc, req) { provides('html', function() { return '<p>'; }); provides('json', function() { return '[1]'; }); }",)"
        R"("teapot":"function() { return {code: 418, headers: {'Content-Type': 'text/x'}, body: 'short'}; }",)"
        R"("bad":"function() { return 5; }","sent":"function() { start({'X-A': 'b'}); send('1'); send(2); return '3'; }"}})");
    mock.put("/db/a", R"({"title":"t"})");
    const auto shown = mock.get("/db/_design/d/_show/title/a");
    EXPECT_EQ(shown.body, "<h1>t</h1>");
    EXPECT_EQ(base::header(shown.headers, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(base::header(shown.headers, "Vary"), "Accept");
    EXPECT_EQ(mock.ask("GET", "/db/_design/d/_show/title/a", {},
                       {{"If-None-Match", std::string{base::header(shown.headers, "ETag")}}})
                  .status,
              304);
    EXPECT_EQ(mock.get("/db/_design/d/_show/title/x/y").body, "none x/y");
    EXPECT_EQ(mock.ask("GET", "/db/_design/d/_show/kinds", {}, {{"Accept", "application/json"}}).body, "[1]");
    EXPECT_EQ(mock.ask("GET", "/db/_design/d/_show/kinds", {}, {{"Accept", "text/html,*/*;q=0.1"}}).body,
              "<p>");
    EXPECT_EQ(mock.ask("GET", "/db/_design/d/_show/kinds", {}, {{"Accept", "image/png"}}).status, 406);
    EXPECT_EQ(mock.get("/db/_design/d/_show/teapot").status, 418);
    EXPECT_EQ(mock.get("/db/_design/d/_show/bad").text("reason"), "undefined response from show function");
    EXPECT_EQ(mock.get("/db/_design/d/_show/sent").body, "123");
}

TEST_F(Scripts, ListsReadTheRowsOfAView) {
    put_design(
        R"({"views":{"v":{"map":"function(doc) { emit(doc.n, doc.t); }","reduce":"_count"}},"lists":{)"
        R"("csv":"function(head, req) { start({code: 203, headers: {'Content-Type': 'text/csv'}}); send(head.total_rows + '\\n'); )"
        R"(var row; while (row = getRow()) send(row.key + ',' + row.value + '\\n'); return req.query.end; }",)"
        R"("late":"function(head, req) { getRow(); start({code: 400}); send('bad'); }",)"
        R"("one":"function(head, req) { return getRow().value + ''; }"}})");
    mock.put("/db/a", R"({"n":2,"t":"x"})");
    mock.put("/db/b", R"({"n":1,"t":"y"})");
    const auto listed = mock.get("/db/_design/d/_list/csv/v?reduce=false&end=E");
    EXPECT_EQ(listed.status, 203);
    EXPECT_EQ(listed.body, "2\n1,y\n2,x\nE");
    EXPECT_EQ(base::header(listed.headers, "Content-Type"), "text/csv");
    EXPECT_EQ(mock.get("/db/_design/d/_list/one/v").body, "2");
    EXPECT_EQ(mock.get("/db/_design/d/_list/csv/_all_docs?limit=1").body, "3\n_design/d,[object Object]\n");
    EXPECT_EQ(mock.get("/db/_design/d/_list/late/v?reduce=false").status, 400);
    EXPECT_EQ(mock.ask("POST", "/db/_design/d/_list/csv/d/v?reduce=false", R"({"keys":[2,3]})").body,
              "2\n2,x\n");
    EXPECT_EQ(mock.get("/db/_design/d/_list/csv/none").text("reason"), "missing_named_view");
    EXPECT_EQ(mock.get("/db/_design/d/_list/none/v").text("reason"), "missing json key: none");
}

TEST_F(Scripts, SeeTheRequestWithoutItsSecrets) {
    put_design(R"({"shows":{"req":"function(doc, req) { return {json: req}; }"}})");
    const auto answer = mock.ask("GET", "/db/_design/d/_show/req/x?key=%5B1%5D&a=b", {},
                                 {{"Cookie", "AuthSession=secret"}, {"x-mine", "1"}});
    const auto req = answer.value();
    EXPECT_EQ(base::text_member(req, "id"), "x");
    EXPECT_EQ(base::write_json(*base::member(req, "query")), R"({"key":[1],"a":"b"})");
    EXPECT_EQ(base::text_member(*base::member(req, "headers"), "X-Mine"), "1");
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    EXPECT_EQ(base::write_json(*base::member(req, "path")), R"(["db","_design","d","_show","req","x"])");
    EXPECT_EQ(base::text_member(*base::member(req, "userCtx"), "db"), "db");
}

// ---- rewrites

TEST_F(Scripts, RewritesLeadToAnotherPath) {
    put_design(
        R"({"views":{"v":{"map":"function(doc) { emit(doc.n, doc._id); }"}},"rewrites":[)"
        R"({"from":"/by/:n","to":"_view/v","method":"GET","query":{"key":":n","x":"*"},"formats":{"n":"int"}},)"
        R"({"from":"/doc/*","to":"../../*"},{"from":"/again","to":"_rewrite/again"},{"from":"","to":"_view/v"}]})");
    mock.put("/db/a", R"({"n":1})");
    mock.put("/db/b", R"({"n":2})");
    EXPECT_EQ(base::member(mock.get("/db/_design/d/_rewrite/by/2").value(), "rows")->get_array().size(), 1u);
    EXPECT_EQ(base::member(mock.get("/db/_design/d/_rewrite").value(), "rows")->get_array().size(), 2u);
    EXPECT_EQ(mock.get("/db/_design/d/_rewrite/doc/a").text("_id"), "a");
    EXPECT_EQ(mock.put("/db/_design/d/_rewrite/doc/c", "{}").status, 201);
    EXPECT_EQ(mock.get("/db/_design/d/_rewrite/none").status, 404);
    EXPECT_EQ(mock.get("/db/_design/d/_rewrite/again").text("reason"), "Exceeded rewrite recursion limit");
    EXPECT_EQ(mock.ask("POST", "/db/_design/d/_rewrite/by/2", "{}").status, 404) << "another method";

    put_design(R"({"rewrites":"function(req) { if (req.path[4] == 'code') return {code: 402, body: 'pay'};)"
               R"( if (req.path[4] == 'a') return '../../a'; }"})");
    EXPECT_EQ(mock.get("/db/_design/d/_rewrite/a").text("_id"), "a");
    EXPECT_EQ(mock.get("/db/_design/d/_rewrite/code").status, 402);
    EXPECT_EQ(mock.get("/db/_design/d/_rewrite/x").text("reason"), "Invalid path.");
}

TEST_F(Scripts, RewritesStayInTheirDatabase) {
    put_design(R"({"rewrites":[{"from":"u","to":"../../../_uuids"},{"from":"a","to":"../../a"}]})");
    mock.put("/db/a", "{}");
    for (const auto* path : {"u", "a", "none"}) {
        const auto seen = mock.get(std::string{"/db/_design/d/_rewrite/"} + path);
        EXPECT_EQ(seen.status, 500) << "one rule that climbs out spoils all";
        EXPECT_EQ(seen.text("error"), "insecure_rewrite_rule");
        EXPECT_EQ(seen.text("reason"), "too many ../.. segments");
    }
    mock.put("/_node/_local/_config/chttpd/secure_rewrites", "\"false\"");
    EXPECT_EQ(mock.get("/db/_design/d/_rewrite/u").status, 200);
    EXPECT_EQ(mock.get("/db/_design/d/_rewrite/a").status, 200);
}

// ---- whatever is thrown at it

/// Design documents of random pieces, good and bad: every request is answered, and the next one too.
TEST_F(Scripts, SurviveFunctionsOfAnyPieces) {
    if (!loops_can_be_stopped) GTEST_SKIP();
    ASSERT_EQ(mock.put("/_node/_local/_config/couchdb/os_process_timeout", "\"20\"").status, 200);
    static constexpr std::array pieces{"emit(doc._id, 1);",
                                       "while (true) ;",
                                       "for (;;) emit(1, 2);",
                                       "throw new Error('x');",
                                       "throw null;",
                                       "throw undefined;",
                                       "throw 'fatal_error';",
                                       "throw ['fatal', 'a', 'b'];",
                                       "throw {forbidden: doc};",
                                       "var a = []; a[0] = a; emit(a, a);",
                                       "function f() { f(); } f();",
                                       "var s = 'x'; for (;;) s += s;",
                                       "return {json: function() {}};",
                                       "return [doc, {code: 'x'}];",
                                       "return [{}, 'ok'];",
                                       "return true;",
                                       "require('views/lib/x');",
                                       "JSON = null; Object = Array = String = null;",
                                       "emit = null; log = sum = 1;",
                                       "doc.toJSON = function() { return this; }; emit(doc, doc);",
                                       "emit({toJSON: function() { throw 1; }}, 1);",
                                       "/(x+x+)+y/.test(Array(40).join('x'));",
                                       "start({code: 1e9}); send({});",
                                       "provides('none', f);",
                                       "this.constructor.constructor('return 1')();",
                                       "Object.prototype.x = function() {};",
                                       "emit(NaN, Infinity);",
                                       "getRow(); getRow();",
                                       "log(doc); log(undefined);",
                                       "emit('\\ud800', '\\udfff\\ud800');",
                                       "delete Math.random;",
                                       "with (doc) { emit(_id); }",
                                       "Array.prototype.toJSON = function() { return 1; };",
                                       "try { for (var a = ''; ; ) a += a + 'x'; } catch (e) { emit(e, 1); }",
                                       "new Date(NaN).toISOString();"};
    std::uint64_t state = 7;
    const auto next = [&](std::uint64_t bound) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return (state >> 33) % bound;
    };
    mock.put("/db/start", R"({"n":1})");
    for (int round = 0; round < 60; ++round) {
        std::string code = "function(doc, req) { ";
        for (auto count = 1 + next(3); count > 0; --count)
            code += std::string{pieces[next(pieces.size())]} + ' ';
        code += "}";
        std::string text;
        base::append_json_string(text, code);
        const auto known = mock.get("/db/_design/f");
        const auto rev = known.status == 200 ? R"("_rev":")" + known.text("_rev") + "\"," : std::string{};
        const auto put = mock.put(
            "/db/_design/f", '{' + rev + R"("validate_doc_update":)" + text + R"(,"views":{"v":{"map":)" +
                                 text + R"(},"r":{"map":"function(doc) { emit(1, doc); }","reduce":)" + text +
                                 R"(}},"filters":{"f":)" + text + R"(},"shows":{"f":)" + text +
                                 R"(},"lists":{"f":)" + text + R"(},"updates":{"f":)" + text + "}}");
        ASSERT_EQ(put.status, 201) << code << put.body;
        for (const auto* target :
             {"/db/_design/f/_view/v", "/db/_design/f/_view/r?group=true", "/db/_changes?filter=f/f",
              "/db/_changes?filter=_view&view=f/v", "/db/_design/f/_show/f/start", "/db/_design/f/_list/f/v"})
            EXPECT_GE(mock.get(target).status, 200) << code << '\n' << target;
        EXPECT_GE(mock.ask("POST", "/db/_design/f/_update/f/start").status, 200) << code;
        EXPECT_GE(mock.put("/db/n" + std::to_string(round), "{}").status, 200) << code;
        EXPECT_EQ(mock.get("/db/start").status, 200) << code;
        EXPECT_EQ(mock.complaint(), "") << code;
    }
}

}  // namespace
}  // namespace davenport::couchmock::test
