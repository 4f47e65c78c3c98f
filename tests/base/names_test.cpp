#include "node/base/names.hpp"

#include "node/base/json.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace davenport::base {
namespace {

std::string repeated(std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

TEST(PrepareName, LeavesGoodNamesAsTheyAre) {
    for (const std::string& name :
         {std::string{"ann"}, std::string{"Ann Bee"}, std::string{"Zoë"}, std::string{"Ярослав"},
          std::string{"上海"}, std::string{"สมชาย"}, std::string{"שָׁלוֹם"}, std::string{"🛋"},
          std::string{"a:b"}, std::string{"❤️"}, std::string{"👨‍👩‍👧"},
          std::string{"🏳️‍🌈"}, std::string{"क्‍ष"}, repeated("Я", 40), repeated("上", 64)})
        EXPECT_EQ(prepare_name(name).text, name) << name << ": " << prepare_name(name).problem;
}

TEST(PrepareName, FoldsSpacesAndCompatibleForms) {
    for (const auto& [given, wanted] : {std::pair{"  Ann   Bee ", "Ann Bee"},
                                        {"Ann\u00a0\u3000Bee", "Ann Bee"},
                                        {"Ａｎｎ", "Ann"},
                                        {"Zoe\u0308", "Zoë"},
                                        {"ﬁsh", "fish"},
                                        {"\u1112\u1161\u11ab", "한"}}) {
        const auto once = prepare_name(given);
        EXPECT_EQ(once.text, wanted) << once.problem;
        EXPECT_EQ(prepare_name(once.text).text, wanted) << "twice is as once";
    }
}

TEST(PrepareName, RefusesWhatCannotBeSeen) {
    for (const auto* bad : {"",          " ",      "\u00a0",        "\u200b",      "\u200b\u200b", "a\u200bb",
                            "\u3164",    "\u2800", "\u2800 \u2800", "\u200d",      "a\u200d",      "\u200da",
                            "a \u200db", "\ufe0f", "\u00ad",        "\ufeff",      "a\u202eb",     "a\u2066b",
                            "a\u200eb",  "\u115f", "\U000e0041",    "\U000e0001a", "\u0301",       "a\nb",
                            "a\tb",      "\x7f",   "\u0085",        "\u2028",      "\ue000",       "\xff",
                            "a\xc3"}) {
        const auto name = prepare_name(bad);
        EXPECT_NE(name.problem, "") << name.text;
        EXPECT_EQ(name.text, "");
    }
}

/// The page is held to the same names by tests/npm/page_modules.mjs.
TEST(PrepareName, IsAsThePageHasIt) {
    std::ifstream file{DAVENPORT_CONVERSATIONS "/names.json"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto names = parse_json(text);
    ASSERT_TRUE(names && names->is_array());
    EXPECT_GE(names->get_array().size(), 50u);
    for (const auto& one : names->get_array()) {
        const auto given = string_member(one, "given"), wanted = string_member(one, "name");
        ASSERT_TRUE(given);
        const auto name = prepare_name(*given);
        EXPECT_EQ(name.problem.empty(), wanted.has_value()) << *given;
        EXPECT_EQ(name.text, wanted.value_or("")) << *given;
    }
}

TEST(LooksOf, AreTheSameForNamesThatPeopleTakeForOneAnother) {
    const auto taken_for = [](std::string_view a, std::string_view b) {
        const auto x = looks_of(a), y = looks_of(b);
        return x.as_written == y.as_written || x.small == y.small;
    };
    EXPECT_TRUE(taken_for("paypal", "p\u0430yp\u0430l"));
    EXPECT_TRUE(taken_for("Ill", "lll"));
    EXPECT_TRUE(taken_for("ANN", "ann"));
    EXPECT_TRUE(taken_for("scope", "\u0455\u0441\u043e\u0440\u0435"));
    EXPECT_TRUE(taken_for("modern", "modem"));
    EXPECT_FALSE(taken_for("ann", "anne"));
    EXPECT_FALSE(taken_for("\u0410\u043d\u043d\u0430", "Anna"));
    EXPECT_EQ(looks_of(std::string(1'000'000, 'x')).as_written.size(), 1'000'000u);
    EXPECT_NO_THROW(looks_of("\xff\xc3"));
}

TEST(PrepareName, CountsLettersAndNotBytes) {
    for (const auto* letter : {"a", "Я", "上", "🛋"}) {
        EXPECT_EQ(prepare_name(repeated(letter, 64)).problem, "") << letter;
        const auto longer = prepare_name(repeated(letter, 65));
        EXPECT_EQ(longer.max, 64u) << letter;
        EXPECT_NE(longer.problem, "");
    }
    EXPECT_EQ(prepare_name(repeated("a", 1'000'000)).max, 64u);
}

}  // namespace
}  // namespace davenport::base
