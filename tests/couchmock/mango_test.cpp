#include "couchmock/core/erlang_print.hpp"
#include "couchmock/core/mango_range.hpp"
#include "couchmock/core/selector.hpp"
#include "tests/couchmock/mock_client.hpp"

/// Mango beside what the recorded exchanges hold. The words and the choices are those of CouchDB 3.5.0's
/// sources.
namespace davenport::couchmock::test {
namespace {

boost::json::value parse(std::string_view text) { return base::parse_json(text).value(); }

std::string normal(std::string_view selector) {
    return base::write_json(normalize_selector(parse(selector)));
}

std::string refusal(std::string_view selector) {
    try {
        return normal(selector);
    } catch (const ApiError& error) {
        return error.error + ": " + error.reason;
    }
}

TEST(Selector, IsBroughtIntoCouchDbsNormalForm) {
    EXPECT_EQ(normal(R"({})"), R"({})");
    EXPECT_EQ(normal(R"({"a":1,"b":{"$gt":2,"$lt":5}})"),
              R"({"$and":[{"a":{"$eq":1}},{"$and":[{"b":{"$gt":2}},{"b":{"$lt":5}}]}]})");
    EXPECT_EQ(normal(R"({"a":{"b":{"c":null}}})"), R"({"a.b.c":{"$eq":null}})");
    EXPECT_EQ(normal(R"({"$not":{"$or":[{"a":1},{"b":{"$exists":true}}]}})"),
              R"({"$and":[{"a":{"$ne":1}},{"b":{"$exists":false}}]})");
    EXPECT_EQ(normal(R"({"a":{"$elemMatch":{}}})"), R"({"a":{"$elemMatch":{"":{"$eq":{}}}}})");
    EXPECT_EQ(normal(R"({"a":{"$not":{"$size":2}}})"), R"({"a":{"$not":{"$size":2}}})");
}

TEST(Selector, IsRefusedInCouchDbsWords) {
    EXPECT_EQ(refusal(R"({"a":{"$nope":1}})"), "invalid_operator: Invalid operator: $nope");
    EXPECT_EQ(refusal(R"({"a":{"$in":"x"}})"), "bad_arg: Bad argument for operator $in: <<120>>");
    EXPECT_EQ(refusal(R"({"$or":{"a":1}})"), "bad_arg: Bad argument for operator $or: {[{<<97>>,1}]}");
    EXPECT_EQ(refusal(R"({"a":{"$regex":1}})"), "invalid_operator: Invalid operator: $regex");
    EXPECT_EQ(refusal(R"({"a":{"$where":"x"}})"), "not_supported: Unsupported operator: $where");
    EXPECT_EQ(refusal(R"({"$eq":1})"), "invalid_selector: One or more conditions is missing a field name.");
}

bool matches(std::string_view selector, std::string_view document) {
    return Selector{parse(selector)}.matches(parse(document));
}

TEST(Selector, MatchesAsCouchDbDoes) {
    EXPECT_FALSE(matches(R"({"a":{"$ne":1}})", R"({})")) << "a field that is not there matches nothing";
    EXPECT_TRUE(matches(R"({"a":{"$exists":false}})", R"({})"));
    EXPECT_FALSE(matches(R"({"a.b":{"$exists":false}})", R"({"a":1})"))
        << "a path through a number leads nowhere";
    EXPECT_FALSE(matches(R"({"a":{"$in":[[1,2]]}})", R"({"a":[1,2]})"))
        << "of a list, the elements are looked for";
    EXPECT_TRUE(matches(R"({"a":{"$in":[2]}})", R"({"a":[1,2]})"));
    EXPECT_TRUE(matches(R"({"a":{"$nin":[]}})", R"({"a":1})"));
    EXPECT_TRUE(matches(R"({"a":{"$elemMatch":{}}})", R"({"a":[1,{}]})"));
    EXPECT_FALSE(matches(R"({"a":{"$elemMatch":{}}})", R"({"a":[1,2]})"));
    EXPECT_TRUE(matches(R"({"$and":[{"n":1},{"$or":[]}]})", R"({"n":1})"));
    EXPECT_TRUE(matches(R"({"_id":{"$gt":"B"}})", R"({"_id":"a"})")) << "ids are compared as bytes";
    EXPECT_FALSE(matches(R"({"name":{"$gt":"B"}})", R"({"name":"a"})")) << "and all else by collation";
}

TEST(MangoRange, NarrowsToWhatTheSelectorLetsThrough) {
    const auto ranges = field_ranges(parse(R"({"$and":[{"a":{"$gte":1}},{"a":{"$lt":5}},{"b":{"$eq":2}}]})"));
    ASSERT_EQ(ranges.size(), 2u);
    EXPECT_EQ(ranges[0].first, "a");
    EXPECT_EQ(ranges[0].second.low, boost::json::value(1));
    EXPECT_FALSE(ranges[0].second.low_open);
    EXPECT_TRUE(ranges[0].second.high_open);
    const auto empty = field_ranges(parse(R"({"$and":[{"a":{"$gt":5}},{"a":{"$lt":5}},{"b":{"$eq":2}}]})"));
    ASSERT_EQ(empty.size(), 1u) << "where one field can have no value, the others do not matter";
    EXPECT_TRUE(empty[0].second.empty);
}

TEST(ErlangPrint, ShowsTextAsBytesOrAsText) {
    EXPECT_EQ(print_term(parse(R"({"a":["b",1.5,null,{}]})")), "{[{<<97>>,[<<98>>,1.5,null,{[]}]}]}");
    EXPECT_EQ(print_term_pretty(parse(R"({"a":"x"})")), R"({[{<<"a">>,<<"x">>}]})");
}

class Mango : public testing::Test {
protected:
    Mango() {
        mock.put("/db", "");
        for (int i = 0; i < 25; ++i)
            mock.put("/db/d" + std::string(i < 10 ? "0" : "") + std::to_string(i),
                     R"({"n":)" + std::to_string(i) + R"(,"even":)" + (i % 2 ? "false" : "true") + "}");
    }
    Seen find(const std::string& body) { return mock.ask("POST", "/db/_find", body); }
    Seen index(const std::string& body) { return mock.ask("POST", "/db/_index", body); }
    boost::json::value explain(const std::string& body) {
        return mock.ask("POST", "/db/_explain", body).value();
    }
    static std::vector<std::string> ids(const Seen& answer) {
        std::vector<std::string> out;
        const auto value = answer.value();
        for (const auto& document : base::member(value, "docs")->get_array())
            out.emplace_back(base::text_member(document, "_id"));
        return out;
    }
    static std::string words(const Seen& answer) {
        return std::to_string(answer.status) + ' ' + answer.text("error") + ": " + answer.text("reason");
    }
    MockClient mock;
};

TEST_F(Mango, ABookmarkGoesOnWhereItsDocumentStood) {
    const auto first = find(R"({"selector":{"n":{"$gte":0}},"limit":10})");
    ASSERT_EQ(ids(first).back(), "d09");
    mock.ask("DELETE", "/db/d09?rev=" + mock.get("/db/d09").text("_rev"));
    const auto next =
        find(R"({"selector":{"n":{"$gte":0}},"limit":10,"bookmark":")" + first.text("bookmark") + "\"}");
    // CouchDB passes over one row at or behind the place, whichever it is.
    ASSERT_EQ(ids(next).size(), 10u);
    EXPECT_EQ(ids(next).front(), "d11");
    const auto last =
        find(R"({"selector":{"n":{"$gte":0}},"limit":10,"bookmark":")" + next.text("bookmark") + "\"}");
    EXPECT_EQ(ids(last), (std::vector<std::string>{"d21", "d22", "d23", "d24"}));
}

TEST_F(Mango, ABookmarkWithItsDocumentLosesNone) {
    index(R"({"index":{"fields":["n"]}})");
    for (const auto* sort : {"asc", "desc"}) {
        std::string bookmark;
        std::set<std::string> seen;
        for (int page = 0; page < 3; ++page) {
            const auto answer =
                find(R"({"selector":{"n":{"$gte":0}},"limit":10,"sort":[{"n":")" + std::string{sort} +
                     R"("}])" + (bookmark.empty() ? "" : R"(,"bookmark":")" + bookmark + '"') + "}");
            for (const auto& id : ids(answer)) EXPECT_TRUE(seen.insert(id).second) << id;
            bookmark = answer.text("bookmark");
        }
        EXPECT_EQ(seen.size(), 25u);
    }
}

TEST_F(Mango, RefusesWhatCouchDbRefuses) {
    EXPECT_EQ(words(find(R"({"selector":{},"bookmark":"nil"})")),
              "400 invalid_bookmark: Invalid bookmark value: \"nil\"");
    EXPECT_EQ(words(find(R"({"selector":{},"nope":1})")),
              "400 invalid_key: Invalid key nope for this request.");
    EXPECT_EQ(words(find(R"({"selector":[]})")),
              "400 invalid_selector_json: Selector must be a JSON object, not: []");
    EXPECT_EQ(words(find(R"({"selector":{},"limit":"x"})")),
              "400 invalid_non_neg_integer: <<120>> is not an integer greater than or equal to zero");
    EXPECT_EQ(words(find(R"({"selector":{},"fields":"a"})")),
              "400 invalid_fields: Fields must be an array of strings, not: <<97>>");
    EXPECT_EQ(words(find(R"({"selector":{},"sort":[{"a":"asc"},{"b":"desc"}]})")),
              "400 unsupported_mixed_sort: Sorts currently only support a single direction for all fields.");
    EXPECT_EQ(words(find(R"({"selector":{},"sort":[{"a":"up"}]})")),
              "400 invalid_sort_field: Invalid sort field: {[{<<\"a\">>,<<\"up\">>}]}");
    EXPECT_EQ(words(find(R"({"selector":{},"use_index":"a/b/c/d"})")),
              "400 invalid_index_name: Invalid index name: <<97,47,98,47,99,47,100>>");
    EXPECT_EQ(words(find(R"({"selector":{"n":1},"sort":["_id"]})")),
              "400 no_usable_index: No index exists for this sort, try indexing by the sort fields.");
    EXPECT_EQ(
        words(find(R"({"selector":{"n":1},"use_index":"x","allow_fallback":false})")),
        "400 invalid_index: _design/x specified by `use_index` could not be found or it is not suitable.");
    EXPECT_EQ(words(index(R"({"index":{"fields":["a"],"x":1}})")),
              "400 invalid_key: Invalid key x for this request.");
    EXPECT_EQ(words(index(R"({"index":{}})")), "400 missing_required_key: Missing required key: fields");
    EXPECT_EQ(words(index(R"({"index":{"fields":["a"]},"name":""})")),
              "400 invalid_empty_string: Index name or ddoc cannot be empty string");
    EXPECT_EQ(words(index(R"({"index":{"fields":["a"]},"type":"text"})")),
              "503 required index service unavailable: text");
}

TEST_F(Mango, AnEmptyOrAloneMatchesNothing) {
    EXPECT_EQ(find(R"({"selector":{"$or":[]}})").body, "{\"docs\":[\r\n]}\r\n\n");
    EXPECT_EQ(ids(find(R"({"selector":{"n":3,"$or":[]}})")), std::vector<std::string>{"d03"});
}

TEST_F(Mango, ChoosesTheIndexThatIsNearestAndSaysWhyNotTheOthers) {
    index(R"({"index":{"fields":["n"]},"ddoc":"a","name":"n"})");
    index(R"({"index":{"fields":["n","even"]},"ddoc":"b","name":"both"})");
    index(R"({"index":{"fields":["x"]},"ddoc":"c","name":"x"})");
    index(R"({"index":{"fields":["n"],"partial_filter_selector":{"even":true}},"ddoc":"d","name":"part"})");
    const auto answer = explain(R"({"selector":{"n":{"$gt":3},"even":true}})");
    EXPECT_EQ(base::text_member(*base::member(answer, "index"), "name"), "both");
    EXPECT_EQ(base::write_json(*base::member(*base::member(answer, "mrargs"), "start_key")), "[3,true]");
    EXPECT_EQ(base::write_json(*base::member(*base::member(answer, "mrargs"), "end_key")), "[\"<MAX>\"]");
    std::vector<std::string> reasons;
    for (const auto& one : base::member(answer, "index_candidates")->get_array()) {
        const auto& analysis = *base::member(one, "analysis");
        reasons.push_back(base::text_member(*base::member(one, "index"), "name") + ' ' +
                          base::text_member(base::member(analysis, "reasons")->get_array()[0], "name"));
    }
    EXPECT_EQ(reasons, (std::vector<std::string>{"part is_partial", "x field_mismatch", "n less_overlap",
                                                 "_all_docs unfavored_type"}));
    EXPECT_EQ(base::write_json(*base::member(answer, "selector_hints")),
              R"([{"type":"json","indexable_fields":["even","n"],"unindexable_fields":[]}])");
}

TEST_F(Mango, APartialIndexIsTakenWhereItIsNamed) {
    index(R"({"index":{"fields":["n"],"partial_filter_selector":{"even":true}},"ddoc":"p","name":"part"})");
    EXPECT_EQ(ids(find(R"({"selector":{"n":{"$lt":4}}})")).size(), 4u);
    EXPECT_EQ(ids(find(R"({"selector":{"n":{"$lt":4}},"use_index":"p"})")),
              (std::vector<std::string>{"d00", "d02"}));
}

TEST_F(Mango, CountsWhatItLookedAtUntilThePageWasFull) {
    const auto stats = [&](const std::string& body) {
        const auto value = find(body).value();
        const auto* stats_json = base::member(value, "execution_stats");
        return std::to_string(base::int_member(*stats_json, "total_keys_examined").value()) + ' ' +
               std::to_string(base::int_member(*stats_json, "total_docs_examined").value()) + ' ' +
               std::to_string(base::int_member(*stats_json, "total_quorum_docs_examined").value());
    };
    EXPECT_EQ(stats(R"({"selector":{"even":true},"execution_stats":true})"), "25 25 0");
    EXPECT_EQ(stats(R"({"selector":{"even":true},"execution_stats":true,"r":2})"), "25 0 25");
    EXPECT_EQ(stats(R"({"selector":{"even":true},"execution_stats":true,"limit":2})"), "5 5 0");
    index(R"({"index":{"fields":["n"]}})");
    EXPECT_EQ(stats(R"({"selector":{"n":{"$gt":20}},"execution_stats":true,"fields":["n"]})"), "5 0 0")
        << "an index that covers the query needs no document";
}

TEST_F(Mango, DropsIndexesInBulkAndSaysWhichWereNotThere) {
    index(R"({"index":{"fields":["n"]},"ddoc":"a","name":"n"})");
    EXPECT_EQ(mock.ask("POST", "/db/_index/_bulk_delete", R"({"docids":["a","_design/b"]})").body,
              "{\"success\":[{\"id\":\"_design/a\",\"ok\":true}],"
              "\"fail\":[{\"id\":\"_design/b\",\"error\":\"not_found\"}]}\n");
    EXPECT_EQ(mock.get("/db/_index?limit=0").status, 500);
    EXPECT_EQ(base::int_member(mock.get("/db/_index?limit=1").value(), "total_rows"), 1);
}

TEST(MangoPartitions, AQueryOfOnePartitionSeesNoOther) {
    MockClient mock;
    mock.put("/db?partitioned=true", "");
    for (const auto* id : {"a:1", "a:2", "b:1"}) mock.put("/db/" + std::string{id}, R"({"n":1})");
    const auto answer = mock.ask("POST", "/db/_partition/a/_find", R"({"selector":{"n":1}})").value();
    EXPECT_EQ(base::member(answer, "docs")->get_array().size(), 2u);
    EXPECT_EQ(
        mock.ask("POST", "/db/_partition/a/_find", R"({"selector":{"n":1},"sort":["n"]})").text("reason"),
        "No partitioned index exists for this sort, try indexing by the sort fields.");
    EXPECT_EQ(mock.get("/db/_partition/_x").text("error"), "illegal_partition");
    EXPECT_EQ(mock.get("/db/_partition/a/_all_docs?partition=b").text("reason"),
              "Conflicting value for `partition` in query string");
    EXPECT_EQ(mock.ask("POST", "/db", "{}").text("reason"), "Doc id must be of form partition:id");
    EXPECT_EQ(mock.put("/db/_x:1", "{}").text("reason"),
              "Only reserved document ids may start with underscore.");
    EXPECT_EQ(mock.put("/db/%3A1", "{}").text("reason"), "Partition must not be empty");
    mock.put("/plain", "");
    EXPECT_EQ(mock.get("/plain/_all_docs?partition=a").text("reason"),
              "`partition` parameter is not supported on this db");
}

}  // namespace
}  // namespace davenport::couchmock::test
