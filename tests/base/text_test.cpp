#include "node/base/text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace davenport::base {
namespace {

TEST(Utf8, IsRepairedByteByByte) {
    EXPECT_EQ(repair_utf8("plain \xc3\xbc \xf0\x9f\x98\x80"), "plain \xc3\xbc \xf0\x9f\x98\x80");
    EXPECT_EQ(repair_utf8("a\xff\xc3"), "a\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_EQ(repair_utf8("\xe2\x82z"), "\xef\xbf\xbd\xef\xbf\xbdz");
}

TEST(Utf8, IsWellFormedOrNot) {
    for (const auto* good : {"", "a", "ä", "€", "🛋", "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF"})
        EXPECT_TRUE(is_utf8(good)) << good;
    EXPECT_TRUE(is_utf8(std::string_view{"\0", 1}));
    for (const auto* bad : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                            "\xF8\x88\x80\x80\x80", "\xE2\x82", "\xFF", "a\xC3(b"})
        EXPECT_FALSE(is_utf8(bad));
}

TEST(RoomName, IsShortLowerCaseAndFitForAUrl) {
    for (const auto* good : {"a", "lobby", "0", "a-b_c.d", "c++"})
        EXPECT_EQ(is_room_name(good), std::string_view{good} != "c++") << good;
    EXPECT_TRUE(is_room_name(std::string(64, 'a')));
    EXPECT_FALSE(is_room_name(std::string(65, 'a')));
    for (const auto* bad : {"", "Lobby", "-a", ".a", "_a", "a b", "a:b", "a/b", "ä"})
        EXPECT_FALSE(is_room_name(bad)) << bad;
}

TEST(UserName, IsShownAsItIsAndHidesNothing) {
    for (const auto* good : {"ann", "Ann Bee", "Zoë", "🛋", "a:b"}) EXPECT_TRUE(is_user_name(good)) << good;
    EXPECT_TRUE(is_user_name(std::string(64, 'a')));
    EXPECT_FALSE(is_user_name(std::string(65, 'a')));
    for (const auto* bad : {"", " ann", "ann ", "a\nb", "a\x7F", "a\xC2\x85",
                            "a\xE2\x80\xAE"
                            "b",
                            "a\xE2\x81\xA6", "a\xE2\x80\xA8",
                            "\xEF\xBB\xBF"
                            "a",
                            "\xFF"})
        EXPECT_FALSE(is_user_name(bad)) << bad;
}

TEST(EqualIgnoringCase, KnowsTheLettersOfAsciiOnly) {
    EXPECT_TRUE(equal_ignoring_case("Content-Type", "content-TYPE"));
    EXPECT_TRUE(equal_ignoring_case("", ""));
    EXPECT_FALSE(equal_ignoring_case("a", "ab"));
    EXPECT_FALSE(equal_ignoring_case("[", "{")) << "32 apart, and no letters";
    EXPECT_FALSE(equal_ignoring_case("\xc3\x84", "\xc3\xa4"));
}

TEST(OnePrintableLine, ShowsWhatWouldForgeALineOrMoveACursor) {
    EXPECT_EQ(one_printable_line("sch\xc3\xb6n, as it is"), "sch\xc3\xb6n, as it is");
    EXPECT_EQ(one_printable_line("a\nb\r\tc"), "a\\nb\\r\\tc");
    EXPECT_EQ(one_printable_line("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
    EXPECT_EQ(one_printable_line("\xc2\x9b"
                                 "1m\xe2\x80\xae"),
              "\\x9b1m\\u202e");
    EXPECT_EQ(one_printable_line(std::string_view{"\0", 1}), "\\x00");
    EXPECT_EQ(one_printable_line("\xff"), "\xef\xbf\xbd");
}

}  // namespace
}  // namespace davenport::base
