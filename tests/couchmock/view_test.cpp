#include "couchmock/core/collation.hpp"
#include "tests/couchmock/view_fixture.hpp"

#include <string>
#include <vector>

/// Views beside what the recorded exchanges hold (wire/views.json).
namespace davenport::couchmock::test {
namespace {

TEST_F(Views, FollowWhatChanges) {
    view("function(doc) { if (doc.n) emit(doc.n, doc.n * 2); }");
    EXPECT_EQ(rows(), "");
    mock.put("/db/a", R"({"n":2})");
    const auto b = mock.put("/db/b", R"({"n":1})");
    EXPECT_EQ(rows(), "b:1:2 a:2:4");
    mock.put("/db/b?rev=" + b.text("rev"), R"({"n":3})");
    EXPECT_EQ(rows(), "a:2:4 b:3:6");
    mock.ask("DELETE", "/db/a?rev=" + mock.get("/db/a").text("_rev"));
    EXPECT_EQ(rows(), "b:3:6");
    view("function(doc) { if (doc.n) emit(-doc.n, 0); }");
    EXPECT_EQ(rows(), "b:-3:0") << "another function, another index";
}

TEST_F(Views, ForgetWhatWasPurgedOrNeverWas) {
    view("function(doc) { emit(doc._id, 1); }");
    const auto a = mock.put("/db/a", "{}");
    mock.put("/db/b", "{}");
    EXPECT_EQ(rows(), R"(a:"a":1 b:"b":1)");
    mock.ask("POST", "/db/_purge", R"({"a":[")" + a.text("rev") + R"("]})");
    EXPECT_EQ(rows(), R"(b:"b":1)");
    mock.put("/db/c", "{}");
    EXPECT_EQ(rows(), R"(b:"b":1 c:"c":1)");
    mock.ask("POST", "/_mock/store/amnesia", R"({"rows":1})");
    EXPECT_EQ(rows(), R"(b:"b":1)");
    mock.ask("DELETE", "/db");
    mock.put("/db", "");
    view("function(doc) { emit(doc._id, 1); }");
    EXPECT_EQ(rows(), "");
}

TEST_F(Views, HoldTheSameAfterManySmallStepsAsAfterOne) {
    const std::string map =
        "function(doc) { for (var i = 0; i < doc.n % 4; ++i) emit([doc.n % 7, i], doc.n); }";
    view(map, "_sum");
    std::uint64_t state = 1;
    const auto next = [&] { return state = state * 6364136223846793005u + 1442695040888963407u; };
    for (int step = 0; step < 60; ++step) {
        std::string docs;
        for (auto count = (next() >> 60) % 2 == 0 ? 1u : 50u; count > 0; --count) {
            const auto id = "d" + std::to_string((next() >> 40) % 200);
            const auto known = mock.get("/db/" + id);
            docs += docs.empty() ? "" : ",";
            docs += R"({"_id":")" + id + R"(","n":)" + std::to_string((next() >> 40) % 100);
            if (known.status == 200) docs += R"(,"_rev":")" + known.text("_rev") + '"';
            if (known.status == 200 && (next() >> 61) == 0) docs += R"(,"_deleted":true)";
            docs += '}';
        }
        mock.ask("POST", "/db/_bulk_docs", R"({"docs":[)" + docs + "]}");
        static_cast<void>(rows("?limit=1"));
    }
    const auto stepped = rows("?reduce=false");
    const auto grouped = rows("?group_level=1");
    const auto sum = rows();
    EXPECT_NE(stepped, "");
    design(R"({"language":"javascript","views":{"v":{"map":)" + quoted(map + "  ") +
           R"(,"reduce":"_sum"}}})");
    EXPECT_EQ(rows("?reduce=false"), stepped);
    EXPECT_EQ(rows("?group_level=1"), grouped);
    EXPECT_EQ(rows(), sum);
}

TEST_F(Views, ReadRangesFromEitherEnd) {
    for (const auto* id : {"a", "b", "c", "d", "e"}) mock.put("/db/" + std::string{id}, "{}");
    view("function(doc) { emit(doc._id < 'd' ? 1 : 2, null); }");
    EXPECT_EQ(rows("?key=2"), "d:2:null e:2:null");
    EXPECT_EQ(rows("?startkey=1&startkey_docid=b&endkey=2&endkey_docid=d"), "b:1:null c:1:null d:2:null");
    EXPECT_EQ(rows("?endkey=2&inclusive_end=false"), "a:1:null b:1:null c:1:null");
    EXPECT_EQ(rows("?descending=true&startkey=1"), "c:1:null b:1:null a:1:null");
    EXPECT_EQ(rows("?descending=true&endkey=1&inclusive_end=false"), "e:2:null d:2:null");
    EXPECT_EQ(rows("?descending=true&startkey=2&startkey_docid=d&limit=2"), "d:2:null c:1:null");
    EXPECT_EQ(rows("?skip=1&limit=2"), "b:1:null c:1:null");
    EXPECT_EQ(rows("?limit=0"), "");
    EXPECT_EQ(offset("?startkey=2"), 3);
    EXPECT_EQ(offset("?descending=true&startkey=1&skip=1"), 3);
    EXPECT_EQ(offset("?skip=9"), 5);
    EXPECT_EQ(
        rows("?startkey=2&endkey=1"),
        "query_parse_error: No rows can match your key range, reverse your start_key and end_key or set "
        "descending=true");
    EXPECT_EQ(
        rows("?startkey=1&endkey=2&descending=true"),
        "query_parse_error: No rows can match your key range, reverse your start_key and end_key or set "
        "descending=false");
}

TEST_F(Views, ReadKeysInTheirOrder) {
    for (const auto* id : {"a", "b", "c"}) mock.put("/db/" + std::string{id}, "{}");
    view("function(doc) { emit(doc._id, null); }", "_count");
    EXPECT_EQ(rows(R"(?reduce=false&keys=["c","a","x"])"), R"(c:"c":null a:"a":null)");
    EXPECT_EQ(rows(R"(?reduce=false&descending=true&keys=["c","a","b"])"),
              R"(b:"b":null a:"a":null c:"c":null)");
    EXPECT_EQ(rows(R"(?group=true&keys=["c","a","x"])"), R"("c":1 "a":1)");
    EXPECT_EQ(rows(R"(?keys=["c","a"])"),
              "query_parse_error: Multi-key fetches for reduce views must use `group=true`");
    EXPECT_EQ(rows(R"(?reduce=false&keys=["c","a"]&startkey="a")"),
              "query_parse_error: `keys` is incompatible with `key`, `start_key` and `end_key`");
    const auto posted = mock.ask("POST", "/db/_design/v/_view/v", R"({"keys":["b"],"reduce":false})");
    EXPECT_EQ(rows_of(posted), R"(b:"b":null)");
    const auto twice = mock.ask("POST", "/db/_design/v/_view/v/queries",
                                R"({"queries":[{"reduce":false,"limit":1},{"group":true,"key":"c"}]})");
    EXPECT_EQ(twice.body,
              "{\"results\":[\r\n{\"total_rows\":3,\"offset\":0,\"rows\":[\r\n{\"id\":\"a\",\"key\":\"a\","
              "\"value\":"
              "null}\r\n]},\r\n{\"rows\":[\r\n{\"key\":\"c\",\"value\":1}\r\n]}\r\n]}\n");
}

TEST_F(Views, IncludeTheDocumentThatAValueNames) {
    const auto a = mock.put("/db/a", R"({"n":1})");
    mock.put("/db/b", R"({"n":2,"see":"a"})");
    mock.put("/db/c", R"({"n":3,"see":"none"})");
    view("function(doc) { emit(doc.n, doc.see ? {_id: doc.see} : null); }");
    const auto answer = ask("?include_docs=true").value();
    const auto& list = base::member(answer, "rows")->get_array();
    ASSERT_EQ(list.size(), 3u);
    EXPECT_EQ(base::text_member(*base::member(list[0], "doc"), "_id"), "a");
    EXPECT_EQ(base::text_member(*base::member(list[1], "doc"), "_rev"), a.text("rev"));
    EXPECT_TRUE(base::member(list[2], "doc")->is_null());
}

TEST_F(Views, OrderKeysAsIcuDoes) {
    const std::vector<std::string> ordered{"null",
                                           "false",
                                           "true",
                                           "-1",
                                           "0",
                                           "1.5",
                                           "10",
                                           R"("")",
                                           R"("_")",
                                           R"("-")",
                                           R"("1")",
                                           R"("a")",
                                           R"("A")",
                                           "\"\xC3\xA4\"",
                                           R"("aa")",
                                           R"("b")",
                                           R"("B")",
                                           R"("ba")",
                                           "\"\xC3\xA9\"",
                                           "\"z\"",
                                           "\"\xCE\xB1\"",
                                           "[]",
                                           "[null]",
                                           "[1]",
                                           R"(["a"])",
                                           R"(["a",1])",
                                           R"(["b"])",
                                           "{}",
                                           R"({"a":1})",
                                           R"({"a":2})",
                                           R"({"a":2,"b":1})",
                                           R"({"b":1})"};
    for (std::size_t i = 0; i < ordered.size(); ++i)
        mock.put("/db/" + std::to_string(1000 - i), R"({"k":)" + ordered[i] + '}');
    view("function(doc) { emit(doc.k, null); }");
    std::string expected;
    for (std::size_t i = 0; i < ordered.size(); ++i)
        expected += (i > 0 ? " " : "") + std::to_string(1000 - i) + ':' + ordered[i] + ":null";
    EXPECT_EQ(rows(), expected);
}

TEST(Collation, HasKeysThatCompareAsTheirValuesDo) {
    std::vector<boost::json::value> values;
    for (const auto* text : {"null",
                             "true",
                             "-0.0",
                             "0",
                             "-1e300",
                             "3",
                             "3.0",
                             R"("a")",
                             R"("A")",
                             R"("ab")",
                             R"("")",
                             "[]",
                             "[[]]",
                             R"(["a",{}])",
                             "[1,2]",
                             "[1]",
                             "{}",
                             R"({"a":[]})",
                             R"({"A":1})",
                             "\"\\u0000\"",
                             "\"a\\u0000b\"",
                             "\"\xF0\x9F\x98\x80\""})
        values.push_back(base::parse_json(text).value());
    for (const auto& a : values)
        for (const auto& b : values) {
            std::string left, right;
            append_sort_key(left, a, Collation::unicode);
            append_sort_key(right, b, Collation::unicode);
            const int order = compare_json(a, b);
            EXPECT_EQ(left.compare(right) < 0, order < 0)
                << base::write_json(a) << ' ' << base::write_json(b);
            EXPECT_EQ(left == right, order == 0) << base::write_json(a) << ' ' << base::write_json(b);
            EXPECT_EQ(sort_key_end(left, 0), left.size()) << base::write_json(a);
        }
}

TEST_F(Views, OrderKeysAsErlangDoesWhereTheySaySo) {
    mock.put("/db/a", R"({"k":["b","B","a",[1],{"x":1},null,true,false,2]})");
    design(R"({"views":{"v":{"map":"function(doc) { doc.k.forEach(function(k) { emit(k, null); }); }",)"
           R"("options":{"collation":"raw"}}}})");
    EXPECT_EQ(rows(), R"(a:2:null a:false:null a:null:null a:true:null a:{"x":1}:null a:[1]:null a:"B":null )"
                      R"(a:"a":null a:"b":null)");
}

// ---- parameters and refusals

TEST_F(Views, RefuseWhatDoesNotGoTogether) {
    mock.put("/db/a", "{}");
    view("function(doc) { emit(1, 1); }");
    EXPECT_EQ(rows("?reduce=true"), "query_parse_error: Reduce is invalid for map-only views.");
    EXPECT_EQ(rows("?group=true"), "query_parse_error: Invalid use of grouping on a map view.");
    EXPECT_EQ(rows("?group=maybe"), R"(query_parse_error: Invalid boolean parameter: "maybe")");
    EXPECT_EQ(rows("?limit=-1"), R"(query_parse_error: Invalid value for positive integer: "-1")");
    EXPECT_EQ(rows("?partition=x"),
              "query_parse_error: `partition` parameter is not supported in this design doc");
    EXPECT_EQ(mock.get("/db/_design/v/_view/none").text("reason"), "missing_named_view");
    view("function(doc) { emit(1, 1); }", "_sum");
    EXPECT_EQ(rows("?include_docs=true"), "query_parse_error: `include_docs` is invalid for reduce");
    EXPECT_EQ(rows("?group=false&group_level=1"),
              "query_parse_error: Can't specify group=false and group_level>0 at the same time");
    EXPECT_EQ(rows("?reduce=false&group_level=1"),
              "query_parse_error: Invalid use of grouping on a map view.");
}

TEST_F(Views, GiveNoMoreRowsThanTheServerLetsThem) {
    for (const auto* id : {"a", "b", "c"}) mock.put("/db/" + std::string{id}, "{}");
    view("function(doc) { emit(doc._id, null); }");
    ASSERT_EQ(mock.put("/_node/_local/_config/query_server_config/query_limit", "\"2\"").status, 200);
    EXPECT_EQ(rows(), R"(a:"a":null b:"b":null)");
    EXPECT_EQ(rows("?limit=3"), "query_parse_error: Limit is too large, must not exceed 2");
}

TEST_F(Views, ShowWhatTheIndexHasWhenAskedSo) {
    mock.put("/db/a", "{}");
    view("function(doc) { emit(doc._id, null); }");
    EXPECT_EQ(rows(), R"(a:"a":null)");
    mock.put("/db/b", "{}");
    EXPECT_EQ(rows("?update=false"), R"(a:"a":null)");
    EXPECT_EQ(rows("?stale=ok"), R"(a:"a":null)");
    EXPECT_EQ(rows("?update=lazy"), R"(a:"a":null)");
    EXPECT_EQ(rows("?update=false"), R"(a:"a":null b:"b":null)")
        << "it was brought up to date behind the answer";
    EXPECT_EQ(rows("?stable=true"), R"(a:"a":null b:"b":null)");
}

TEST_F(Views, SeeConflictsAndLeaveDesignDocumentsOut) {
    view("function(doc) { emit(doc._id, doc._conflicts ? doc._conflicts.length : 0); }");
    mock.ask("POST", "/db/_bulk_docs",
             R"({"new_edits":false,"docs":[{"_id":"a","_rev":"1-a"},{"_id":"a","_rev":"1-b"}]})");
    EXPECT_EQ(rows(), R"(a:"a":1)");
    design(
        R"({"options":{"include_design":true},"views":{"v":{"map":"function(doc) { emit(doc._id, 0); }"}}})");
    EXPECT_EQ(rows(), R"(_design/v:"_design/v":0 a:"a":0)");
}

TEST_F(Views, RefuseDesignDocumentsThatDoNotCompile) {
    const auto refused = mock.put("/db/_design/x", R"({"views":{"a":{"map":"function(doc) { emit("}}})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.text("error"), "compilation_error");
    EXPECT_TRUE(refused.text("reason").starts_with(
        "Compilation of the map function in the 'a' view failed: SyntaxError: "))
        << refused.body;
    EXPECT_EQ(mock.put("/db/_design/x", R"({"views":{"a":{"map":"function(doc) {}","reduce":"no"}}})")
                  .text("reason"),
              "Compilation of the reduce function in the 'a' view failed: ReferenceError: identifier 'no' "
              "undefined (no)");
    EXPECT_EQ(
        mock.put("/db/_design/x", R"({"language":"erlang","views":{"a":{"map":"fun(Doc) -> ok end."}}})")
            .status,
        201);
}

TEST_F(Views, FailInCouchDbsWordsAndGoOnBehindIt) {
    if (!loops_can_be_stopped) GTEST_SKIP();
    ASSERT_EQ(mock.put("/_node/_local/_config/couchdb/os_process_timeout", "\"100\"").status, 200);
    view(
        "function(doc) { if (doc.loop) while (true) ; if (doc.circle) { doc = {}; doc.a = doc; } emit(doc, "
        "1); }");
    mock.put("/db/a", R"({"n":1})");
    const auto loop = mock.put("/db/b", R"({"loop":true})");
    EXPECT_EQ(ask().status, 500);
    EXPECT_EQ(rows(), "os_process_error: OS process timed out.");
    const auto circle = mock.put("/db/b?rev=" + loop.text("rev"), R"({"circle":true})");
    EXPECT_TRUE(rows().starts_with("TypeError: ")) << rows();
    mock.put("/db/b?rev=" + circle.text("rev"), R"({"n":2})");
    EXPECT_EQ(base::member(ask().value(), "rows")->get_array().size(), 2u);
}

TEST_F(Views, AreDescribed) {
    mock.put("/db/a", "{}");
    view("function(doc) { emit(doc._id, null); }");
    const auto pending = [&] {
        const auto info = mock.get("/db/_design/v/_info").value();
        const auto* index = base::member(info, "view_index");
        return base::int_member(*base::member(*index, "updates_pending"), "total").value_or(-1);
    };
    EXPECT_EQ(pending(), 2);
    static_cast<void>(ask());
    EXPECT_EQ(pending(), 0);
    EXPECT_EQ(mock.ask("POST", "/db/_compact/v", "{}").status, 202);
    EXPECT_EQ(mock.ask("POST", "/db/_view_cleanup", "{}").status, 202);
    EXPECT_EQ(rows(), R"(a:"a":null)");
}

TEST_F(Views, OfAPartitionAreItsOwn) {
    mock.put("/parts?partitioned=true", "");
    for (const auto* id : {"p:a", "p:b", "q:c"}) mock.put("/parts/" + std::string{id}, R"({"n":1})");
    mock.put("/parts/_design/v",
             R"({"views":{"v":{"map":"function(doc) { emit([doc.n, doc._id], 2); }","reduce":"_sum"}}})");
    const auto of = [&](const std::string& query) { return rows_of(mock.get("/parts/" + query)); };
    EXPECT_EQ(of("_partition/p/_design/v/_view/v"), "null:4");
    EXPECT_EQ(of("_partition/p/_design/v/_view/v?group_level=1"), "[1]:4");
    EXPECT_EQ(of("_partition/q/_design/v/_view/v?reduce=false"), R"(q:c:[1,"q:c"]:2)");
    EXPECT_EQ(of("_partition/none/_design/v/_view/v?reduce=false"), "");
    EXPECT_EQ(of(R"(_partition/p/_design/v/_view/v?reduce=false&descending=true&startkey=[1,"p:a"])"),
              R"(p:a:[1,"p:a"]:2)");
    EXPECT_EQ(of("_design/v/_view/v"),
              "query_parse_error: `partition` parameter is mandatory for queries to this view.");
    mock.put(
        "/parts/_design/g",
        R"({"options":{"partitioned":false},"views":{"v":{"map":"function(doc) { emit(doc._id, 2); }"}}})");
    EXPECT_EQ(of("_design/g/_view/v"), R"(p:a:"p:a":2 p:b:"p:b":2 q:c:"q:c":2)");
    EXPECT_EQ(of("_partition/p/_design/g/_view/v"),
              "query_parse_error: `partition` parameter is not supported in this design doc");
}

}  // namespace
}  // namespace davenport::couchmock::test
