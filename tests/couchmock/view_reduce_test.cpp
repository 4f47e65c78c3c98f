#include "couchmock/core/builtin_reduce.hpp"
#include "tests/couchmock/view_fixture.hpp"

#include <string>

/// Reductions of views: CouchDB's own functions and others.
namespace davenport::couchmock::test {
namespace {

TEST_F(Views, ReduceByGroups) {
    mock.put("/db/a", R"({"k":[["x",1],["x",2],["y",1]],"n":3})");
    mock.put("/db/b", R"({"k":[["y",1],"z",["x"]],"n":4.5})");
    const std::string map = "function(doc) { doc.k.forEach(function(k) { emit(k, doc.n); }); }";
    view(map, "_sum");
    EXPECT_EQ(rows(), "null:22.5");
    EXPECT_EQ(rows("?group_level=1"), R"("z":4.5 ["x"]:10.5 ["y"]:7.5)");
    EXPECT_EQ(rows("?group=true"), R"("z":4.5 ["x"]:4.5 ["x",1]:3 ["x",2]:3 ["y",1]:7.5)");
    EXPECT_EQ(rows("?group=true&descending=true&limit=2"), R"(["y",1]:7.5 ["x",2]:3)");
    EXPECT_EQ(rows("?group_level=1&skip=1&limit=1"), R"(["x"]:10.5)");
    EXPECT_EQ(rows(R"(?startkey=["x",2]&endkey=["y",{}]&group_level=1)"), R"(["x"]:3 ["y"]:7.5)");
    view(map, "_count");
    EXPECT_EQ(rows("?group_level=1"), R"("z":1 ["x"]:3 ["y"]:2)");
    view(map, "_stats");
    EXPECT_EQ(rows(R"(?key=["y",1])"), R"(null:{"sum":7.5,"count":2,"min":3,"max":4.5,"sumsqr":29.25})");
    view(map, "_approx_count_distinct");
    EXPECT_EQ(rows(), "null:5");
    view(map, "_top_2");
    EXPECT_EQ(rows(), "null:[4.5,3]");
    view(map, "_bottom_1");
    EXPECT_EQ(rows(), "null:[3]");
    view(map, "_first");
    EXPECT_EQ(rows("?group_level=1"), R"("z":4.5 ["x"]:4.5 ["y"]:3)");
    view(map, "_last");
    EXPECT_EQ(rows("?group_level=1"), R"("z":4.5 ["x"]:3 ["y"]:4.5)");
    view(map,
         "function(keys, values, again) { return again ? sum(values) : values.length * 100 + keys.length; }");
    EXPECT_EQ(rows(), "null:606");
    view(map, "function(keys, values, again) { throw 'no'; }");
    EXPECT_EQ(rows(), "null:null");
}

TEST_F(Views, KeysShorterThanTheGroupsAreGroupsOfTheirOwn) {
    mock.put("/db/a", R"({"k":[["x"],["x"],["x",1],["x",1,2],["x",2],[],"x"]})");
    view("function(doc) { doc.k.forEach(function(k) { emit(k, 1); }); }", "_count");
    EXPECT_EQ(rows("?group_level=2"), R"("x":1 []:1 ["x"]:2 ["x",1]:2 ["x",2]:1)");
    EXPECT_EQ(rows("?group_level=2&descending=true"), R"(["x",2]:1 ["x",1]:2 ["x"]:2 []:1 "x":1)");
    EXPECT_EQ(rows("?group_level=1"), R"("x":1 []:1 ["x"]:5)");
    EXPECT_EQ(rows("?group_level=3"), R"("x":1 []:1 ["x"]:2 ["x",1]:1 ["x",1,2]:1 ["x",2]:1)");
}

TEST_F(Views, SayInTheRowThatAReductionGrows) {
    mock.put("/db/a", R"({"n":1})");
    mock.put("/db/b", R"({"n":2})");
    view("function(doc) { emit([doc.n, doc._id], doc.n); }",
         "function (keys, values) { var chars = []; for (var i=0; i < 1000; i++) "
         "{chars.push('wazzap');};return "
         "chars; }");
    const std::string row =
        R"({"key":null,"error":"reduce_overflow_error","reason":"Reduce output must shrink more rapidly: )"
        R"(input size: 35 output size: 9003"})";
    EXPECT_EQ(ask("?group=true").body, "{\"rows\":[\r\n" + row + ",\r\n" + row + "\r\n]}\n");
    EXPECT_NE(ask().body.find(R"({"key":null,"error":"reduce_overflow_error","reason":)"), std::string::npos);
}

TEST_F(Views, KnowWhichRanksThereAre) {
    const auto told = [&](const std::string& reduce) {
        const auto put = mock.put("/db/_design/" + std::to_string(++designs),
                                  R"({"views":{"v":{"map":"function(doc) {}","reduce":")" + reduce + "\"}}}");
        return put.status == 201 ? "taken" : put.text("error") + ": " + put.text("reason");
    };
    for (const auto* rank : {"_top_", "_top_Foo", "_bottom_3x", "_bottom_1.0"})
        EXPECT_EQ(told(rank), "invalid_design_doc: invalid rank reducer") << rank;
    for (const auto* rank : {"_top_0", "_top_-1", "_bottom_101", "_top_99999999999"})
        EXPECT_EQ(told(rank), "invalid_design_doc: rank value must be between 1 and 100") << rank;
    for (const auto* rank : {"_top_1", "_bottom_100"}) EXPECT_EQ(told(rank), "taken") << rank;
}

TEST_F(Views, ReduceManyRowsInBlocks) {
    std::string docs;
    for (int i = 0; i < 1000; ++i)
        docs += (i ? "," : "") + std::string{R"({"_id":"d)"} + std::to_string(i) + R"(","n":)" +
                std::to_string(i) + '}';
    mock.ask("POST", "/db/_bulk_docs", R"({"docs":[)" + docs + "]}");
    view("function(doc) { emit(doc.n, doc.n); }", "function(keys, values) { return sum(values); }");
    EXPECT_EQ(rows(), "null:499500");
    EXPECT_EQ(rows("?startkey=100&endkey=899"), "null:399600");
    mock.put("/db/d100?rev=" + mock.get("/db/d100").text("_rev"), R"({"n":2100})");
    EXPECT_EQ(rows(), "null:501500") << "a block that lost a row, and one that got it";
    EXPECT_EQ(rows("?endkey=255"), "null:32540");
}

TEST(BuiltinReduce, CountsWhatIsDifferentAsCouchDbDoes) {
    DistinctCounter counter;
    for (int i = 0; i < 1000; ++i) counter.insert(boost::json::value(i % 500));
    EXPECT_NEAR(static_cast<double>(counter.count()), 500, 25);
    DistinctCounter many;
    for (int i = 0; i < 50'000; ++i) many.insert(boost::json::value(std::to_string(i)));
    EXPECT_NEAR(static_cast<double>(many.count()), 50'000, 3'000);
}

TEST_F(Views, SayWhatASumCannotTake) {
    mock.put("/db/a", R"({"v":1})");
    mock.put("/db/b", R"({"v":"text"})");
    view("function(doc) { emit(1, doc.v); }", "_sum");
    const auto answer = rows();
    EXPECT_TRUE(
        answer.starts_with(R"(null:{"error":"builtin_reduce_error","reason":"The _sum function requires)"))
        << answer;
    EXPECT_TRUE(answer.ends_with(R"("caused_by":"text"})")) << answer;
    view("function(doc) { emit(1, doc.v); }", "_stats");
    EXPECT_TRUE(rows().starts_with("invalid_value: ")) << rows();
    const auto sum = [](std::string_view list) {
        const auto parsed = base::parse_json(list).value();
        return base::write_json(sum_values({parsed.get_array().begin(), parsed.get_array().end()}));
    };
    EXPECT_EQ(sum("[1,[2,3],4]"), "[7,3]");
    EXPECT_EQ(sum(R"([{"a":1,"c":[1]},{"b":2,"c":[1,2]}])"), R"({"a":1,"b":2,"c":[2,2]})");
}

TEST_F(Views, RefuseAReductionThatDoesNotShrink) {
    std::string docs;
    for (int i = 0; i < 300; ++i)
        docs += (i ? "," : "") + std::string{R"({"t":")"} + std::string(40, 'x') + "\"}";
    mock.ask("POST", "/db/_bulk_docs", R"({"docs":[)" + docs + "]}");
    view("function(doc) { emit(null, doc.t); }", "function(keys, values) { return values.concat(values); }");
    const auto seen = ask();
    EXPECT_NE(seen.body.find(R"("reason":"Reduce output must shrink more rapidly: input size: )"),
              std::string::npos)
        << seen.body;
}

}  // namespace
}  // namespace davenport::couchmock::test
