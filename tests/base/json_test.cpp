#include "node/base/json.hpp"

#include "node/base/json_writer.hpp"

#include <gtest/gtest.h>

namespace davenport::base {
namespace {

TEST(Json, WritesBackWhatItReadInTheSameOrder) {
    for (const auto* text : {R"({"b":1,"a":[true,null,-5,"x"],"c":{"d":18446744073709551615}})", "[]", "{}",
                             "0.1", "1e+300", "-0.0", "\"\""})
        EXPECT_EQ(write_json(*parse_json(text)), text);
}

TEST(Json, TakesOneWholeStrictText) {
    for (const auto* bad : {"", "{", "{}x", "{'a':1}", "[1,]", "// c\n1", "\"\xff\"", "nul", "\"\x01\""})
        EXPECT_FALSE(parse_json(bad)) << bad;
    EXPECT_FALSE(parse_json(std::string(65, '[') + std::string(65, ']'))) << "too deep";
    EXPECT_TRUE(parse_json(std::string(60, '[') + std::string(60, ']')));
}

TEST(Json, EscapesWhatAStringMustNotHoldAndNothingElse) {
    std::string out;
    append_json_string(out, std::string_view{"a\"\\\b\f\n\r\t\x01\x1f\0/ä🛋", 18});
    EXPECT_EQ(out, "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\\u0000/ä🛋\"");
    EXPECT_EQ(parse_json(out)->get_string().size(), 18u);
}

TEST(Json, FindsWhatNeedsAnEscapeWhereverItStands) {
    for (std::size_t size = 1; size <= 70; ++size)
        for (std::size_t place = 0; place < size; ++place)
            for (const char odd : {'"', '\\', '\x1f', '\0', '\x7f', '\xc3'}) {
                std::string text(size, ' ');
                text[place] = odd;
                std::string out;
                append_json_string(out, text);
                const bool plain = odd == '\x7f' || odd == '\xc3';
                if (plain)
                    EXPECT_EQ(out, '"' + text + '"');
                else
                    EXPECT_EQ(parse_json(out)->get_string(), text);
            }
}

TEST(Json, GivesMembersOfTheRightTypeOnly) {
    const auto value = *parse_json(R"({"s":"x","i":5,"d":0.5,"b":true,"u":18446744073709551615})");
    EXPECT_EQ(string_member(value, "s"), "x");
    EXPECT_EQ(string_member(value, "i"), std::nullopt);
    EXPECT_EQ(int_member(value, "i"), 5);
    EXPECT_EQ(int_member(value, "d"), std::nullopt);
    EXPECT_EQ(int_member(value, "u"), std::nullopt);
    EXPECT_TRUE(bool_member(value, "b"));
    EXPECT_FALSE(bool_member(value, "s"));
    EXPECT_TRUE(bool_member(value, "missing", true));
    EXPECT_EQ(member(*parse_json("[]"), "s"), nullptr);
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
    std::string out = "before ";
    JsonWriter{out}
        .begin_object()
        .member("text", "a\"b")
        .member("yes", true)
        .member("number", -7)
        .key("empty")
        .begin_object()
        .end_object()
        .key("list")
        .begin_array()
        .value(1)
        .begin_array()
        .end_array()
        .begin_object()
        .end_object()
        .raw("null")
        .end_array()
        .member("last", std::string{"x"})
        .end_object();
    EXPECT_EQ(out,
              R"(before {"text":"a\"b","yes":true,"number":-7,"empty":{},"list":[1,[],{},null],"last":"x"})");
}

}  // namespace
}  // namespace davenport::base
