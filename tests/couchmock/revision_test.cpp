#include "couchmock/core/revision.hpp"

#include "couchmock/core/database.hpp"
#include "couchmock/core/document_text.hpp"
#include "couchmock/core/erlang_term.hpp"

#include <gtest/gtest.h>

/// Revisions are CouchDB's to the bit: each expectation here is what a CouchDB 3.5.0 answered.
namespace davenport::couchmock {
namespace {

std::string revision_of(std::string_view json, const Revision* parent = nullptr, bool deleted = false) {
    DocumentText text;
    EXPECT_FALSE(read_document(json, text).has_value()) << json;
    return to_text({parent ? parent->depth + 1 : 1, revision_hash(deleted, parent, text.term, {})});
}

TEST(Revision, OfAnEmptyDocumentIsTheWellKnownOne) {
    EXPECT_EQ(revision_of("{}"), "1-967a00dff5e02add41819138abb3284d");
}

TEST(Revision, IsTheSameForTheSameBodyUnderAnyId) {
    EXPECT_EQ(revision_of(R"({"n":1})"), "1-731bef401491606a3b246ed178e697c1");
    EXPECT_EQ(revision_of(R"({ "_id":"other", "n" : 1 })"), "1-731bef401491606a3b246ed178e697c1");
}

TEST(Revision, HashesTheParentIn) {
    const auto first = parse_revision("1-731bef401491606a3b246ed178e697c1").value();
    EXPECT_EQ(revision_of(R"({"n":2})", &first), "2-c7b1fa7ae4e5ec669a544d4ef6eee928");
    const auto second = parse_revision("2-c7b1fa7ae4e5ec669a544d4ef6eee928").value();
    EXPECT_EQ(revision_of("{}", &second, true), "3-f7822bb9b6eba8515adfc632f727ae32");
}

TEST(Revision, HashesTextOfAllScripts) {
    EXPECT_EQ(revision_of(R"({"a":"名前 😀 é"})"), "1-86f15a4c37bad8548ac965ef79c5572b");
}

TEST(Revision, HashesEveryKindOfValueAsErlangWritesIt) {
    EXPECT_EQ(
        revision_of(
            R"({"int":12345678901234567890,"neg":-0,"float":1.50,"exp":1e3,"null":null,"t":true,)"
            R"("esc":"\u0000\n\t\"\\\/\u00e9\ud83d\ude00","empty":{},"list":[],"nested":{"a":[1,{"b":2}]}})"),
        "1-a1704153ed9b4cfe1ecfc3cf5f9df842");
    EXPECT_EQ(
        revision_of(
            R"({ "a" : [ 1.0 , 0.1, 1E-7, 9007199254740993 ], "b":"\u2028 \u007f /", "c":{"z":1,"a":2} })"),
        "1-72e49d70e64439c0af85bce410db23d4");
}

TEST(Revision, OfTwoEqualKeysTheLaterCounts) {
    EXPECT_EQ(revision_of(R"({"a":1,"a":2})"), "1-3975759ccff3842adf690a5c10caee42");
    DocumentText text;
    EXPECT_FALSE(read_document(R"({"a":1,"b":{"x":1,"y":2,"x":3},"a":[2]})", text).has_value());
    EXPECT_EQ(text.body, R"("b":{"y":2,"x":3},"a":[2])");
}

TEST(Revision, IsReadBackFromItsText) {
    for (const auto* text : {"1-967a00dff5e02add41819138abb3284d", "12-abc", "0-1"})
        EXPECT_EQ(to_text(parse_revision(text).value()), text);
    for (const auto* text :
         {"", "x", "1", "-1", "x-967a00dff5e02add41819138abb3284d", "1-zz7a00dff5e02add41819138abb3284d"})
        EXPECT_FALSE(parse_revision(text).has_value()) << text;
}

TEST(Revision, OrdersByDepthThenBytes) {
    const auto rev = [](const char* text) { return parse_revision(text).value(); };
    EXPECT_LT(rev("1-ffffffffffffffffffffffffffffffff"), rev("2-00000000000000000000000000000000"));
    EXPECT_LT(rev("2-0fffffffffffffffffffffffffffffff"), rev("2-f0000000000000000000000000000000"));
}

TEST(ErlangTerm, WritesIntegersInTheirShortestForm) {
    const auto term = [](std::int64_t value) {
        std::string out;
        erlang_term::append_integer(out, value);
        return out;
    };
    EXPECT_EQ(term(255), (std::string{97, char(255)}));
    EXPECT_EQ(term(256), (std::string{98, 0, 0, 1, 0}));
    EXPECT_EQ(term(-1), (std::string{98, char(255), char(255), char(255), char(255)}));
    EXPECT_EQ(term(4294967296), (std::string{110, 5, 0, 0, 0, 0, 0, 1}));
    EXPECT_EQ(term(INT64_MIN), (std::string{110, 8, 1, 0, 0, 0, 0, 0, 0, 0, char(128)}));
    std::string big;
    erlang_term::append_big_integer(big, "-18446744073709551616");
    EXPECT_EQ(big, (std::string{110, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(DocumentText, PrintsNumbersAsCouchDBDoes) {
    const auto printed = [](std::string_view number) { return compact_json(number).value_or("none"); };
    for (const auto& [given, shown] : std::initializer_list<std::pair<const char*, const char*>>{
             {"1.0", "1.0"},
             {"1e3", "1000.0"},
             {"0.1", "0.1"},
             {"1E-7", "1e-7"},
             {"1.5e300", "1.5e+300"},
             {"1e20", "100000000000000000000.0"},
             {"1e21", "1e+21"},
             {"0.000001", "0.000001"},
             {"-2.5", "-2.5"},
             {"-0", "0"},
             {"9007199254740993", "9007199254740993"},
             {"123456789012345678901234567890", "123456789012345678901234567890"},
             {"5e-324", "5e-324"}})
        EXPECT_EQ(printed(given), shown);
    EXPECT_EQ(printed("1e999"), "none");
}

TEST(DocumentText, RefusesWhatIsNoJsonAndWhatIsNoObject) {
    DocumentText out;
    for (const auto* bad : {"", "{", "{\"a\":}", "{\"a\":1,}", "{} x", "{\"a\":\"\\ud800\"}",
                            "{\"a\":\"\xff\"}", "{'a':1}", "// c\n{}"})
        EXPECT_EQ(read_document(bad, out), ReadError::invalid_json) << bad;
    for (const auto* other : {"[1,2]", "1", "\"x\"", "null"})
        EXPECT_EQ(read_document(other, out), ReadError::no_object) << other;
}

TEST(DocumentText, PutsSpecialMembersAside) {
    DocumentText text;
    EXPECT_FALSE(read_document(R"({"_id":"x","a":1,"_rev":"1-a","b":[],"_deleted":true})", text).has_value());
    EXPECT_EQ(text.body, R"("a":1,"b":[])");
    ASSERT_NE(text.find_special("_id"), nullptr);
    EXPECT_EQ(*text.find_special("_id"), "\"x\"");
    EXPECT_EQ(*text.find_special("_deleted"), "true");
}

TEST(DocumentText, ReadsDeepAndWideObjectsWithoutFalling) {
    std::string deep;
    for (int i = 0; i < 10'000; ++i) deep += "{\"a\":";
    EXPECT_FALSE(compact_json(deep).has_value());
    std::string wide = "{\"k\":0";
    for (int i = 0; i < 20'000; ++i) wide += ",\"" + std::to_string(i % 9000) + "\":1";
    DocumentText text;
    EXPECT_FALSE(read_document(wide + "}", text).has_value());
    EXPECT_EQ(std::count(text.body.begin(), text.body.end(), ':'), 9001);
}

}  // namespace
}  // namespace davenport::couchmock
