#include "node/base/json_view.hpp"

#include "node/base/json.hpp"

#include <gtest/gtest.h>

namespace davenport::base {
namespace {

TEST(JsonView, GivesMembersOfTheRightTypeOnly) {
    JsonReader reader;
    const auto value = reader.read(
        R"({"s":"x","i":5,"d":0.5,"b":true,"u":18446744073709551615,"n":null,"e":"\u00e9\"\ud83d\ude00"})");
    ASSERT_TRUE(value);
    EXPECT_EQ(string_member(*value, "s"), "x");
    EXPECT_EQ(string_member(*value, "e"), "é\"😀");
    EXPECT_EQ(string_member(*value, "i"), std::nullopt);
    EXPECT_EQ(text_member(*value, "i"), "");
    EXPECT_EQ(int_member(*value, "i"), 5);
    EXPECT_EQ(int_member(*value, "d"), std::nullopt);
    EXPECT_EQ(int_member(*value, "u"), std::nullopt);
    EXPECT_TRUE(bool_member(*value, "b"));
    EXPECT_FALSE(bool_member(*value, "s"));
    EXPECT_TRUE(bool_member(*value, "missing", true));
    EXPECT_TRUE(value->member("n")->is_null());
    EXPECT_FALSE(value->member("missing"));
    EXPECT_FALSE(value->member("s")->member("x"));
    EXPECT_EQ(value->member("d")->text(), "0.5");
}

TEST(JsonView, WalksArraysAndObjects) {
    JsonReader reader;
    const auto value = reader.read(R"({"a":[1,2,3],"o":{"x":1,"y":2}})");
    ASSERT_TRUE(value);
    std::int64_t sum = 0;
    EXPECT_TRUE(value->member("a")->each_item([&](const JsonView& item) { sum += *item.integer(); }));
    EXPECT_EQ(sum, 6);
    std::string keys;
    EXPECT_TRUE(value->member("o")->each_member([&](std::string_view key, const JsonView&) { keys += key; }));
    EXPECT_EQ(keys, "xy");
    EXPECT_FALSE(value->each_item([](const JsonView&) { FAIL(); }));
    EXPECT_FALSE(value->member("a")->each_member([](std::string_view, const JsonView&) { FAIL(); }));
}

TEST(JsonReader, TakesWhatTheOtherParserTakes) {
    JsonReader reader;
    for (const auto* text : {"",
                             " ",
                             "{",
                             "{}",
                             "{}x",
                             "{} ",
                             "{'a':1}",
                             "[1,]",
                             "// c\n1",
                             "\"\xff\"",
                             "nul",
                             "null",
                             "\"\x01\"",
                             "1",
                             "-0",
                             "01",
                             "1e5",
                             "\"\\ud800\"",
                             "[\"\\u0000\"]",
                             "{\"a\":1,\"a\":2}",
                             "[[[]]]",
                             "\xef\xbb\xbf{}"})
        EXPECT_EQ(reader.read(text).has_value(), parse_json(text).has_value()) << text;
}

/// CouchDB keeps numbers of any size: a foreign document that has one is no garbage.
TEST(JsonReader, TakesNumbersOfAnySize) {
    JsonReader reader;
    const auto value = reader.read(R"({"big":123456789012345678901234567890,"huge":1e400,"msg":"hi"})");
    ASSERT_TRUE(value);
    EXPECT_EQ(string_member(*value, "msg"), "hi");
    EXPECT_EQ(int_member(*value, "big"), std::nullopt);
}

TEST(JsonReader, ReadsALittleTextAfterALargeOne) {
    JsonReader reader;
    std::string large = "[\"" + std::string(3 << 20, 'x') + "\"]";
    ASSERT_TRUE(reader.read(large));
    for (int i = 0; i < 3; ++i) {
        const auto value = reader.read(R"({"s":"x"})");
        ASSERT_TRUE(value);
        EXPECT_EQ(string_member(*value, "s"), "x");
    }
}

}  // namespace
}  // namespace davenport::base
