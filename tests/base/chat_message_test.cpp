#include "node/base/chat_message.hpp"

#include "node/base/json_view.hpp"

#include <gtest/gtest.h>

namespace davenport::base {
namespace {

constexpr std::int64_t noon_ms = 1'800'000'000'000;
const WallTime seen = wall_from_unix_ms(noon_ms);

std::optional<ChatMessage> read(std::string_view text) {
    JsonReader reader;
    return from_document(*reader.read(text), seen);
}

TEST(ChatMessage, BecomesADocumentWithTheArticlesFieldsAndBack) {
    const auto m = make_message("lobby", "ann", {noon_ms, 0, {}}, "say \"hi\"", "n1");
    EXPECT_EQ(m.datetime(), "2027-01-15T08:00:00.000Z");
    EXPECT_EQ(to_document(m), "{\"_id\":\"" + std::string{m.id()} +
                                  "\",\"user\":\"ann\",\"msg\":\"say "
                                  "\\\"hi\\\"\",\"datetime\":\"2027-01-15T08:00:00.000Z\",\"host\":\"n1\"}");
    EXPECT_EQ(read(to_document(m)), m);
}

TEST(ChatMessage, OfAnotherServerBelongsToTheLobbyAtItsOwnTime) {
    const auto m = read(
        R"({"_id":"ab12","user":"eve","msg":"hi","datetime":"2012 Jul 14 09:49:57 -0700","host":"us-1"})");
    ASSERT_TRUE(m);
    EXPECT_EQ(m->room(), "lobby");
    EXPECT_EQ(m->id(), "ab12");
    EXPECT_EQ(parse_message_id("x:" + std::string{m->position()})->unix_ms, 1342284597000);
}

TEST(ChatMessage, WithoutAReadableTimeStandsWhereItWasSeen) {
    for (const auto* document : {R"({"_id":"ab12","user":"eve","msg":"hi"})",
                                 R"({"_id":"ab12","user":"eve","msg":"hi","datetime":"noon"})",
                                 R"({"_id":"ab12","user":"eve","msg":"hi","datetime":12})"})
        EXPECT_EQ(parse_message_id("x:" + std::string{read(document)->position()})->unix_ms, noon_ms)
            << document;
}

TEST(ChatMessage, InARoomThatIsNoRoomOfOursBelongsToTheLobby) {
    EXPECT_EQ(read(R"({"_id":"My Room:01MCC5RM00000F7JHM26DT8K61","user":"eve","msg":"hi"})")->room(),
              "lobby");
    EXPECT_EQ(read(R"({"_id":"room:01MCC5RM00000F7JHM26DT8K61","user":"eve","msg":"hi"})")->room(), "room");
}

TEST(ChatMessage, IsReadFromNothingElse) {
    for (const auto* document :
         {"{}", "[]", R"({"_id":"a","user":"x"})", R"({"_id":"a","msg":"x"})", R"({"user":"x","msg":"y"})",
          R"({"_id":"a","user":1,"msg":"y"})", R"({"_id":"_design/a","user":"x","msg":"y"})",
          R"({"_id":"a","user":"x","msg":"y","_deleted":true})"})
        EXPECT_FALSE(read(document)) << document;
}

}  // namespace
}  // namespace davenport::base
