#include "node/base/policy.hpp"

#include "node/base/json_view.hpp"
#include "node/base/message_id.hpp"
#include "node/base/names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport::base {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

PolicyReading read(std::string_view id, std::string_view document) {
    JsonReader reader;
    return read_policy(id, *reader.read(document));
}

TEST(Policy, ABanIsReadAsItWasWritten) {
    Ban ban{"Mallory", "lobby", "boss", "spam"};
    ban.until_ms = 1'800'000'000'123;
    const auto key = MessageKey{1'700'000'000'000, 7, "n"}.text();
    for (const bool lifted : {false, true}) {
        ban.lifted = lifted;
        const auto body = policy_body(ban, key);
        const auto reading = read(ban_id("lobby", "Mallory"), body);
        ASSERT_TRUE(reading.policy) << reading.problem;
        EXPECT_EQ(std::get<Ban>(reading.policy->what), ban);
        EXPECT_EQ(reading.policy->key, key);
        EXPECT_EQ(reading.body, body);
    }
}

TEST(Policy, ARoomIsReadAsItWasWritten) {
    RoomSettings room{"lobby", "Tea", "boss"};
    room.readers = Circle{{"ann", "bob"}, {"crew"}};
    room.writers = Circle{};
    room.slow_s = 5;
    room.retention_days = 30;
    const auto body = policy_body(room, {});
    const auto reading = read("davenport-room~lobby", body);
    ASSERT_TRUE(reading.policy) << reading.problem;
    EXPECT_EQ(std::get<RoomSettings>(reading.policy->what), room);
    EXPECT_THAT(reading.policy->key, IsEmpty());
}

TEST(Policy, TheStoresMembersAreNoPartOfIt) {
    const auto reading =
        read("davenport-ban~1", R"({"_id":"x","_rev":"1-a","what":"ban","who":"m","room":"*"})");
    EXPECT_THAT(reading.body, Not(HasSubstr("_rev")));
    EXPECT_THAT(reading.body, HasSubstr(R"("who":"m")"));
}

TEST(Policy, WhatMakesNoSenseHasAReasonAndNothingElse) {
    for (const auto* document : {"[]", "{}", R"({"what":"ban","who":"","room":"*"})",
                                 R"({"what":"ban","who":"m","room":"*","until":7})", R"({"what":"room"})"}) {
        const auto reading = read("davenport-ban~1", document);
        EXPECT_FALSE(reading.policy) << document;
        EXPECT_FALSE(reading.problem.empty()) << document;
        EXPECT_EQ(reading.body, "{}");
    }
    EXPECT_FALSE(read("davenport-ban~1", R"({"what":"ban","who":"m","room":"*","x":")" +
                                             std::string(policy_bytes_max, 'x') + "\"}")
                     .policy);
}

TEST(Policy, NoMessageHasSuchAnId) {
    EXPECT_TRUE(is_policy_id("davenport-ban~lobby~ann"));
    EXPECT_TRUE(is_policy_id("davenport-room~lobby"));
    EXPECT_FALSE(is_policy_id("davenport-ban:0123456789ABCDEFGHJKMNPQRS"));
    EXPECT_EQ(ban_id("lobby", " ANN "), "davenport-ban~lobby~ann");
    EXPECT_EQ(ban_subject("*", "Ann"), ban_subject("*", "ann"));
    EXPECT_NE(ban_subject("lobby", "ann"), ban_subject("*", "ann"));
}

TEST(Names, AreFoldedWithoutRegardToCaseAndForm) {
    EXPECT_EQ(folded_name("ANN"), "ann");
    EXPECT_EQ(folded_name("  Ann   B "), "ann b");
    EXPECT_EQ(folded_name("STRA\xC3\x9F"
                          "E"),
              folded_name("strasse"));
    EXPECT_EQ(folded_name("\xEF\xBC\xA1nn"), "ann");                              // full width
    EXPECT_EQ(folded_name("\xCE\xA3\xCE\xA3"), folded_name("\xCF\x83\xCF\x82"));  // sigma, also at the end
    EXPECT_NE(folded_name("ann"), folded_name("anne"));
}

}  // namespace
}  // namespace davenport::base
