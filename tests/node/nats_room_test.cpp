#include "node/core/store/nats/stream_api.hpp"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport::node::nats {
namespace {

TEST(StreamSubjects, KeepTheirIdsWhateverBytesTheyHave) {
    const StreamApi api{{"chat", 1}};
    for (const std::string id : {"davenport-ban~lobby~mallory", "a.b *>", "ünï", "=", "", "=41"})
        EXPECT_EQ(decode_token(encode_token(id)), id);
    EXPECT_EQ(encode_token("1.floor-left_x"), "1=2Efloor-left_x");
    for (const auto* no_token : {"", "a.b", "=4", "=zz", "a b", "*"})
        EXPECT_FALSE(decode_token(no_token)) << no_token;

    const std::string id = "1.floor:01MCC5RM340005QH4SY63H1YYE";
    EXPECT_EQ(api.message_subject(id), "chat.m.1=2Efloor.01MCC5RM340005QH4SY63H1YYE");
    EXPECT_EQ(api.parse(api.message_subject(id)).id, id);
    EXPECT_EQ(api.parse(api.message_subject("by hand")).id, "by hand");
    EXPECT_EQ(api.parse(api.message_subject("by hand")).kind, SubjectKind::message);
    EXPECT_EQ(api.parse(api.policy_subject("davenport-room~x")).kind, SubjectKind::policy);
    EXPECT_EQ(api.parse(api.presence_subject("u-1")).id, "u-1");
    EXPECT_EQ(api.parse("chat.g").kind, SubjectKind::generation);
    for (const auto* other :
         {"chat", "chat.", "chat.m", "chat.m.x", "chat.m.x.short", "chat.z.x", "chatter.g", "other.m.x"})
        EXPECT_EQ(api.parse(other).kind, SubjectKind::other) << other;
}

TEST(StreamPlace, IsReadBackAsItWasWritten) {
    const StreamPlace place{17, 1'800'000'000'123'456'789};
    EXPECT_EQ(StreamPlace::parse(place.text()), place);
    EXPECT_EQ(StreamPlace::parse("0"), StreamPlace{});
    EXPECT_EQ(StreamPlace{}.text(), "0");
    for (const auto* other : {"17", "17.", ".5", "17.x", "17-g1AAA", "-1.5"})
        EXPECT_FALSE(StreamPlace::parse(other)) << other;
}

TEST(StreamRows, AreReadInBothFormsOfTheirSubject) {
    for (const auto* reply : {"$JS.ACK.chat.c1.1.17.3.1800000000123456789.4",
                              "$JS.ACK.hub.abcdef.chat.c1.1.17.3.1800000000123456789.4.r4nd"}) {
        base::NatsMessage message{.subject = "chat.g", .reply = reply, .payload = "x"};
        const auto row = read_row(message);
        ASSERT_TRUE(row) << reply;
        EXPECT_EQ(row->place, (StreamPlace{17, 1'800'000'000'123'456'789}));
        EXPECT_EQ(row->number, 3u);
        EXPECT_EQ(row->pending, 4u);
    }
    for (const auto* reply :
         {"", "$JS.FC.chat.c1.x", "$JS.ACK.chat.c1.1.17.3.18", "$JS.ACK.chat.c1.1.a.3.18.4"}) {
        base::NatsMessage message{.subject = "chat.g", .reply = reply};
        EXPECT_FALSE(read_row(message)) << reply;
    }
}

TEST(StreamAnswers, SayWhatBecameOfAWrite) {
    using Outcome = WriteAnswer::Outcome;
    const auto told = [](std::string payload, int status = 0) {
        return read_write_answer({.subject = {}, .payload = std::move(payload), .status = status});
    };
    EXPECT_EQ(told(R"({"stream":"chat","seq":3})").outcome, Outcome::stored);
    EXPECT_EQ(told(R"({"stream":"chat","seq":3})").sequence, 3u);
    // As nats-server 2.9.10 writes them.
    EXPECT_EQ(
        told(
            R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 1"},"stream":"chat","seq":0})")
            .outcome,
        Outcome::overtaken);
    EXPECT_EQ(
        told(
            R"({"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"},"stream":"chat","seq":0})")
            .outcome,
        Outcome::refused);
    EXPECT_EQ(
        told(
            R"({"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"stream":"chat","seq":0})")
            .outcome,
        Outcome::unknown);
    EXPECT_EQ(told("", 503).outcome, Outcome::unknown) << "nobody listens: the stream is gone";
    EXPECT_EQ(told("", 413).outcome, Outcome::refused);
    for (const auto* other : {"", "x", "[]", R"({"stream":"chat"})"})
        EXPECT_EQ(told(other).outcome, Outcome::unknown);
}

TEST(StreamAnswers, TellTheNextMessageInBothForms) {
    const auto by_leader = read_next_answer(
        {.subject = {},
         .payload =
             R"({"message":{"subject":"chat.g","seq":9,"data":"aGk=","time":"2026-11-30T18:00:00.0000001Z"}})"});
    const auto directly = read_next_answer({.subject = {},
                                            .headers = {{"Nats-Stream", "chat"},
                                                        {"Nats-Subject", "chat.g"},
                                                        {"Nats-Sequence", "9"},
                                                        {"Nats-Time-Stamp", "2026-11-30T18:00:00.0000001Z"}},
                                            .payload = "hi"});
    for (const auto* answer : {&by_leader, &directly}) {
        ASSERT_TRUE(answer->answered && answer->row);
        EXPECT_EQ(answer->row->subject, "chat.g");
        EXPECT_EQ(answer->row->payload, "hi");
        EXPECT_EQ(answer->row->place.sequence, 9u);
        EXPECT_EQ(answer->row->place.taken_ns, 1'796'061'600'000'000'100);
    }
}

TEST(StreamAnswers, TellThatNothingFollowsFromThatNobodyKnows) {
    const auto error = [](const char* body) {
        return read_next_answer({.subject = {}, .payload = fmt::format(R"({{"error":{}}})", body)});
    };
    EXPECT_TRUE(read_next_answer({.subject = {}, .status = 404}).answered);
    EXPECT_TRUE(error(R"({"code":404,"err_code":10037,"description":"no message found"})").answered);
    EXPECT_FALSE(read_next_answer({.subject = {}, .status = 503}).answered);
    EXPECT_FALSE(error(R"({"code":404,"err_code":10059,"description":"stream not found"})").answered);
    EXPECT_FALSE(error(R"({"code":503,"err_code":10008,"description":"unavailable"})").answered);
    EXPECT_FALSE(
        read_next_answer({.subject = {}, .headers = {{"Nats-Sequence", "x"}}, .payload = "hi"}).answered);
}

TEST(StreamAnswers, TellAMissingMessageFromAMissingStream) {
    const auto told = [](std::string payload) {
        return read_message_answer({.subject = {}, .payload = std::move(payload)});
    };
    const auto missing = told(R"({"error":{"code":404,"err_code":10037,"description":"no message found"}})");
    EXPECT_TRUE(missing.answered);
    EXPECT_FALSE(missing.message);
    EXPECT_FALSE(
        told(R"({"error":{"code":404,"err_code":10059,"description":"stream not found"}})").answered);
    EXPECT_FALSE(told("").answered);
    const auto found =
        told(R"({"message":{"subject":"chat.g","seq":9,"data":"aGk=","time":"2026-11-30T18:00:00Z"}})");
    ASSERT_TRUE(found.message);
    EXPECT_EQ(found.message->sequence, 9u);
    EXPECT_EQ(found.message->payload, "hi");
}

}  // namespace
}  // namespace davenport::node::nats
