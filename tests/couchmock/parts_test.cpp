#include "couchmock/core/collation.hpp"
#include "couchmock/core/database.hpp"
#include "couchmock/core/json_slices.hpp"
#include "couchmock/core/multipart.hpp"
#include "couchmock/core/selector.hpp"
#include "couchmock/core/sequence.hpp"
#include "couchmock/faults/request_info.hpp"
#include "node/base/json.hpp"

#include <set>

#include <gtest/gtest.h>

/// The small machines that the API is made of.
namespace davenport::couchmock {
namespace {

boost::json::value parse(std::string_view text) { return base::parse_json(text).value(); }

TEST(Sequence, IsReadBackWhateverStandsInFrontOfIt) {
    const auto text = write_sequence({3, 70'000}, 42);
    EXPECT_TRUE(text.starts_with("70003-g1AAAA")) << text;
    for (const auto& form : {text, '"' + text + '"', "9" + text, text.substr(text.find('-') + 1)}) {
        const auto read = read_sequence(form);
        ASSERT_TRUE(read.has_value()) << form;
        EXPECT_EQ(read->position, (Position{3, 70'000}));
        EXPECT_EQ(read->tag, 42u);
    }
}

TEST(Sequence, IsTheSameForOnePlaceAndUnlikeThatOfTheNext) {
    EXPECT_EQ(write_sequence({5, 7}, 1), write_sequence({5, 7}, 1));
    std::set<std::string> middles;  // of neighbours, where a counter would show
    for (std::uint64_t place = 0; place < 50; ++place)
        middles.insert(write_sequence({place}, 1).substr(10, 8));
    EXPECT_EQ(middles.size(), 50u);
}

TEST(Sequence, RefusesWhatItDidNotWrite) {
    auto damaged = write_sequence({5}, 1);
    damaged[damaged.size() - 4] = damaged[damaged.size() - 4] == 'x' ? 'y' : 'x';
    for (const auto& bad : {std::string{}, std::string{"1"}, std::string{"now"}, std::string{"1-garbage"},
                            std::string{"1-g1AAAA"}, std::string{"-1"}, damaged})
        EXPECT_FALSE(read_sequence(bad).has_value()) << bad;
}

TEST(JsonSlices, CutsOnlyAtTheOuterLevel) {
    const auto members = slice_object(R"( { "a" : [1,"}]"], "b\"c":{"x":{}} , "d":-1 } )");
    ASSERT_TRUE(members.has_value());
    ASSERT_EQ(members->size(), 3u);
    EXPECT_EQ((*members)[0].second, R"([1,"}]"])");
    EXPECT_EQ((*members)[1].first, "b\"c");
    EXPECT_EQ((*members)[2].second, "-1");
    EXPECT_EQ(slice_array(R"([{"a":1},[2,3],"x,y"])")->size(), 3u);
    EXPECT_EQ(slice_array("[ ]")->size(), 0u);
}

TEST(JsonSlices, RefusesWhatDoesNotClose) {
    for (const auto* bad : {"", "{", "{\"a\"}", "{\"a\":1", "{\"a\":1}}", "{\"a\":1,}", "[1]"})
        EXPECT_FALSE(slice_object(bad).has_value()) << bad;
    for (const auto* bad : {"[", "[1", "[1,]", "[1]x", "{}"})
        EXPECT_FALSE(slice_array(bad).has_value()) << bad;
}

TEST(LiveIndex, KeepsRanksThroughThousandsOfInsertsAndErases) {
    std::vector<std::string> names;
    for (int i = 0; i < 3000; ++i) names.push_back(std::to_string((i * 7919) % 3000 + 10'000));
    std::vector<Document> documents(names.size());
    LiveIndex index;
    for (std::size_t i = 0; i < names.size(); ++i) {
        documents[i].id = names[i];
        index.insert(&documents[i]);
    }
    for (std::size_t i = 0; i < names.size(); i += 3) index.erase(&documents[i]);
    std::set<std::string> left;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (i % 3 != 0) left.insert(names[i]);
    ASSERT_EQ(index.size(), left.size());
    auto cursor = index.at(0);
    std::size_t rank = 0;
    for (const auto& name : left) {
        ASSERT_NE(cursor.get(), nullptr);
        EXPECT_EQ(cursor.get()->id, name);
        EXPECT_EQ(index.rank(name), rank);
        EXPECT_EQ(index.rank_after(name), rank + 1);
        cursor.next();
        ++rank;
    }
    EXPECT_EQ(cursor.get(), nullptr);
    auto back = index.at(index.size() - 1);
    for (auto it = left.rbegin(); it != left.rend(); ++it, back.previous()) ASSERT_EQ(back.get()->id, *it);
    EXPECT_EQ(back.get(), nullptr);
}

TEST(Collation, OrdersKindsAsCouchDBDoes) {
    const char* const order[] = {"null",  "false", "true",  "-1", "0.5", "1",     "2",  "\"\"",     "\"1\"",
                                 "\"a\"", "\"A\"", "\"b\"", "[]", "[1]", "[1,2]", "{}", "{\"a\":1}"};
    for (std::size_t i = 0; i + 1 < std::size(order); ++i)
        EXPECT_LT(compare_json(parse(order[i]), parse(order[i + 1])), 0)
            << order[i] << " before " << order[i + 1];
    EXPECT_EQ(compare_json(parse("1"), parse("1.0")), 0);
}

bool finds(std::string_view selector, std::string_view document) {
    return Selector{parse(selector)}.matches(parse(document));
}

TEST(Selector, ComparesWithEveryOperator) {
    constexpr auto document =
        R"({"n":5,"s":"abc","l":[1,2,3],"o":{"x":{"y":7}},"t":true,"z":null,"h":[{"a":1},{"a":4}]})";
    for (const auto* yes : {R"({})",
                            R"({"n":5})",
                            R"({"n":{"$gt":4,"$lt":6}})",
                            R"({"n":{"$ne":4}})",
                            R"({"n":{"$in":[1,5]}})",
                            R"({"n":{"$nin":[1,2]}})",
                            R"({"s":{"$regex":"^a.c$"}})",
                            R"({"s":{"$beginsWith":"ab"}})",
                            R"({"l":{"$size":3}})",
                            R"({"l":{"$all":[1,3]}})",
                            R"({"l":{"$in":[9,2]}})",
                            R"({"l":{"$elemMatch":{"$gt":2}}})",
                            R"({"l":{"$allMatch":{"$gt":0}}})",
                            R"({"o.x.y":7})",
                            R"({"o":{"x":{"y":{"$gte":7}}}})",
                            R"({"z":{"$type":"null"}})",
                            R"({"t":{"$type":"boolean"}})",
                            R"({"n":{"$mod":[5,0]}})",
                            R"({"none":{"$exists":false}})",
                            R"({"$or":[{"n":1},{"n":5}]})",
                            R"({"$nor":[{"n":1},{"s":"x"}]})",
                            R"({"$not":{"n":1}})",
                            R"({"n":{"$not":{"$gt":9}}})",
                            R"({"h":{"$elemMatch":{"a":{"$gt":3}}}})",
                            R"({"h.1.a":4})",
                            R"({"o":{"$keyMapMatch":{"$eq":"x"}}})",
                            R"({"$and":[]})",
                            R"({"l":[1,2,3]})"})
        EXPECT_TRUE(finds(yes, document)) << yes;
    for (const auto* no :
         {R"({"n":"5"})", R"({"n":{"$gt":5}})", R"({"s":{"$regex":"^b"}})", R"({"l":{"$size":2}})",
          R"({"l":{"$all":[1,9]}})", R"({"l":{"$all":[]}})", R"({"none":{"$ne":1}})",
          R"({"none":{"$not":{"$eq":1}}})", R"({"none":{"$exists":true}})", R"({"$nor":[{"n":5}]})",
          R"({"$not":{"n":5}})", R"({"n":{"$in":[]}})", R"({"o.x":7})", R"({"s":{"$mod":[2,0]}})",
          R"({"l":{"$elemMatch":{"$gt":3}}})"})
        EXPECT_FALSE(finds(no, document)) << no;
}

TEST(Selector, RefusesOperatorsThatAreNoneAndArgumentsThatAreWrong) {
    for (const auto* bad :
         {R"({"$nope":1})", R"({"a":{"$in":1}})", R"({"a":{"$regex":"("}})", R"({"a":{"$mod":["x",1]}})",
          R"({"$and":{}})", R"({"a":{"$exists":1}})", R"({"a":{"$size":-1}})", R"({"$where":"x"})"})
        EXPECT_THROW(Selector{parse(bad)}, ApiError) << bad;
}

TEST(Selector, GivesUpARegularExpressionThatWouldNotEnd) {
    EXPECT_FALSE(finds(R"({"a":{"$regex":"^(a+)+$"}})", "{\"a\":\"" + std::string(5000, 'a') + "!\"}"));
}

TEST(Multipart, SplitsWhatItWrote) {
    Attachment attachment;
    attachment.name = "a b.txt";
    attachment.content_type = "text/x";
    attachment.revpos = 1;
    attachment.data = std::make_shared<const std::string>("line\r\n--not the boundary\r\n");
    const auto body = write_related("{\"x\":1}", {attachment}, 0, "bnd");
    const auto parts = split_multipart(body, "bnd");
    ASSERT_TRUE(parts.has_value());
    ASSERT_EQ(parts->size(), 2u);
    EXPECT_EQ((*parts)[0].body, "{\"x\":1}");
    EXPECT_EQ((*parts)[1].body, *attachment.data);
    EXPECT_EQ(header_parameter(base::header((*parts)[1].headers, "content-disposition"), "filename"),
              "a b.txt");
    EXPECT_FALSE(split_multipart(body.substr(0, body.size() - 6), "bnd").has_value());
    EXPECT_EQ(boundary_of("multipart/related; type=\"a;b\"; boundary=\"x y\""), "x y");
}

TEST(Multipart, UnderstandsAcceptHeaders) {
    EXPECT_TRUE(accepts("", "multipart/mixed"));
    EXPECT_TRUE(accepts("*/*", "multipart/mixed"));
    EXPECT_TRUE(accepts("text/html, multipart/*;q=0.1", "multipart/mixed"));
    EXPECT_FALSE(accepts("application/json", "multipart/mixed"));
    EXPECT_FALSE(accepts("multipart/mixed;q=0", "multipart/mixed"));
}

TEST(RequestInfo, SaysWhatARequestIsAbout) {
    const auto info = [](std::string method, std::string target) {
        return describe({std::move(method), std::move(target), {}, {}}, "c");
    };
    EXPECT_EQ(info("PUT", "/chat/lobby%3A01").document, "lobby:01");
    EXPECT_TRUE(info("PUT", "/chat/lobby%3A01").writes);
    EXPECT_EQ(info("GET", "/chat/_local/cp").document, "_local/cp");
    EXPECT_TRUE(info("POST", "/chat/_bulk_docs").is_bulk);
    EXPECT_FALSE(info("POST", "/chat/_bulk_get").writes);
    EXPECT_TRUE(info("GET", "/chat/_changes?feed=continuous").is_live_feed());
    EXPECT_FALSE(info("GET", "/chat/_changes").is_live_feed());
    EXPECT_EQ(info("GET", "/chat/_changes?since=5-x%22").since, "5-x\"");
    EXPECT_EQ(with_since("/chat/_changes?feed=continuous&since=9&limit=1", "0"),
              "/chat/_changes?since=0&feed=continuous&limit=1");
}

TEST(RequestInfo, MatchesPathsByGlob) {
    EXPECT_TRUE(matches_glob("/chat/*", "/chat/a/b"));
    EXPECT_TRUE(matches_glob("*_bulk_docs", "/chat/_bulk_docs"));
    EXPECT_TRUE(matches_glob("/*/x*z", "/a/b/xyz"));
    EXPECT_FALSE(matches_glob("/chat", "/chat/a"));
    EXPECT_FALSE(matches_glob("/*/x", "/a/y"));
}

}  // namespace
}  // namespace davenport::couchmock
