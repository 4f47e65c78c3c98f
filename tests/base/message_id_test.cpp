#include "node/base/message_id.hpp"

#include <array>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport::base {
namespace {

constexpr std::int64_t noon_ms = 1'800'000'000'000;

TEST(MessageKey, ReadsBackWhatItWrites) {
    for (const auto& key :
         {MessageKey{0, 0, {}}, MessageKey{noon_ms, 7, {}}, MessageKey{(1ll << 48) - 1, 65535, "tab_1"}}) {
        const auto back = MessageKey::parse(key.text());
        ASSERT_TRUE(back) << key.text();
        EXPECT_EQ(back->unix_ms, key.unix_ms);
        EXPECT_EQ(back->counter, key.counter);
        EXPECT_EQ(back->nonce, key.nonce);
    }
}

TEST(MessageKey, IsThirteenLettersWithTheFirstTheMostSignificant) {
    EXPECT_EQ((MessageKey{0, 1, {}}.text()), "0000000000001");
    EXPECT_EQ((MessageKey{1, 0, {}}.text()), "0000000002000");
    EXPECT_EQ((MessageKey{(1ll << 48) - 1, 65535, {}}.text()), "FZZZZZZZZZZZZ");
}

TEST(MessageKey, IsReadInEitherCase) {
    EXPECT_EQ(MessageKey::parse("fzzzzzzzzzzzz")->text(), "FZZZZZZZZZZZZ");
}

TEST(MessageKey, RefusesWhatIsNone) {
    for (const auto* bad :
         {"", "0", "000000000000", "G000000000000", "000000000000U", "00000000000000", "0000000000000-",
          "0000000000000-a b", "0000000000000-123456789012345678901234567890123", "0000000000000x"})
        EXPECT_FALSE(MessageKey::parse(bad)) << bad;
}

TEST(MessageId, IsAPureFunctionOfRoomUserKeyAndText) {
    const MessageKey key{noon_ms, 3, "n"};
    const auto id = make_message_id("lobby", "ann", key, "hi");
    EXPECT_EQ(id, make_message_id("lobby", "ann", key, "hi"));
    EXPECT_NE(id, make_message_id("other", "ann", key, "hi"));
    EXPECT_NE(id, make_message_id("lobby", "bob", key, "hi"));
    EXPECT_NE(id, make_message_id("lobby", "ann", key, "ho"));
    EXPECT_NE(id, make_message_id("lobby", "ann", MessageKey{noon_ms, 3, "m"}, "hi"));
    EXPECT_NE(id, make_message_id("lobby", "ann", MessageKey{noon_ms, 4, "n"}, "hi"));
}

TEST(MessageId, DoesNotMixWhatStandsNextToEachOther) {
    const MessageKey key{noon_ms, 0, {}};
    EXPECT_NE(make_message_id("lobby", "an", key, "nhi").substr(6),
              make_message_id("lobby", "ann", key, "hi").substr(6));
}

TEST(MessageId, StaysTheSameForEver) {
    // Written into stores and journals: another value here would make every stored message a stranger to its
    // own retry.
    EXPECT_EQ(make_message_id("lobby", "ann", {noon_ms, 0, {}}, "hello", IdForm::brief),
              "lobby:01MCC5RM000009NVW4G4HEEWXA");
    EXPECT_EQ(make_message_id("lobby", "ann", {noon_ms, 0, {}}, "hello"),
              "lobby:01MCC5RM000009NVW4G4HEEWXAX1KABADFFDJ8M");
}

TEST(MessageId, InItsFullFormBeginsWithItsBriefOne) {
    const MessageKey key{noon_ms, 3, "n"};
    const auto brief = make_message_id("lobby", "ann", key, "hi", IdForm::brief);
    const auto full = make_message_id("lobby", "ann", key, "hi", IdForm::full);
    EXPECT_EQ(brief.size(), 6u + 26);
    EXPECT_EQ(full.size(), 6u + 39);
    EXPECT_TRUE(full.starts_with(brief));
    EXPECT_EQ(brief_id_of(full), brief);
    EXPECT_EQ(brief_id_of(brief), "");
    EXPECT_EQ(brief_id_of("lobby"), "");
    EXPECT_LT(brief, full);
}

TEST(MessageId, ShowsAllOfTheSecond64BitsOfItsHash) {
    // Over many texts every letter of the second half takes every value but the last one, which has four bits
    // of five when the digest's 129th bit is left out.
    std::array<std::set<char>, 13> seen;
    for (int i = 0; i < 2000; ++i) {
        const auto id = make_message_id("r", "ann", {noon_ms, 0, {}}, std::to_string(i));
        for (std::size_t at = 0; at < 13; ++at) seen[at].insert(id[2 + 26 + at]);
    }
    for (const auto& letters : seen) EXPECT_EQ(letters.size(), 32u);
}

TEST(MessageId, IsFullFromATimeOnThatTheKeyTells) {
    EXPECT_EQ(id_form(noon_ms, full_ids_always), IdForm::full);
    EXPECT_EQ(id_form(0, full_ids_always), IdForm::full);
    EXPECT_EQ(id_form(noon_ms, full_ids_never), IdForm::brief);
    EXPECT_EQ(id_form(noon_ms, noon_ms), IdForm::full);
    EXPECT_EQ(id_form(noon_ms - 1, noon_ms), IdForm::brief);
}

TEST(MessageId, SortsByTimeAndThenByCounter) {
    const auto early = make_message_id("r", "ann", {noon_ms, 65535, {}}, "z");
    const auto late = make_message_id("r", "ann", {noon_ms + 1, 0, {}}, "a");
    EXPECT_LT(early, late);
    EXPECT_LT(make_message_id("r", "ann", {noon_ms, 1, {}}, "z"),
              make_message_id("r", "ann", {noon_ms, 2, {}}, "a"));
}

TEST(MessageId, IsTakenApartAgain) {
    const auto id = make_message_id("my.room-1", "ann", {noon_ms, 513, {}}, "hi");
    const auto parts = parse_message_id(id);
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->room, "my.room-1");
    EXPECT_EQ(parts->letters.size(), 39u);
    EXPECT_EQ(parts->unix_ms, noon_ms);
    EXPECT_EQ(parts->counter, 513);
    const auto brief = parse_message_id(brief_id_of(id));
    ASSERT_TRUE(brief);
    EXPECT_EQ(brief->letters, parts->letters.substr(0, 26));
    EXPECT_EQ(brief->unix_ms, noon_ms);
    EXPECT_EQ(brief->counter, 513);
}

TEST(MessageId, OfAnotherFormIsSomebodyElses) {
    for (const auto* other :
         {"", "ab12", "lobby:short", "lobby-01MCC5RM00000F7JHM26DT8K61", ":01MCC5RM00000F7JHM26DT8K61",
          "lobby:81MCC5RM00000F7JHM26DT8K61", "lobby:01MCC5RM00000F7JHM26DT8K6U",
          "lobby:01mcc5rm00000f7jhm26dt8k61", "lobby:01MCC5RM00000F7JHM26DT8K610",
          "lobby:01MCC5RM00000F7JHM26DT8K61000000000000U", "lobby:81MCC5RM00000F7JHM26DT8K610000000000000"})
        EXPECT_FALSE(parse_message_id(other)) << other;
}

TEST(ForeignLetters, PutADocumentAtItsTimeByAHashOfItsId) {
    const auto letters = make_foreign_letters(noon_ms, "ab12");
    EXPECT_EQ(parse_message_id("x:" + letters)->unix_ms, noon_ms);
    EXPECT_NE(letters, make_foreign_letters(noon_ms, "ab13"));
    EXPECT_EQ(parse_message_id("x:" + make_foreign_letters(-5, "ab12"))->unix_ms, 0);
}

}  // namespace
}  // namespace davenport::base
