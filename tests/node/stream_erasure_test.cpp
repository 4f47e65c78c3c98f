#include "node/core/stream_erasure.hpp"

#include "node/base/change.hpp"
#include "node/base/chat_message.hpp"
#include "sim/virtual/model_jetstream.hpp"

#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Messages removed from a stream for good, against the model of a NATS server.
namespace davenport::node {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t now_ms = 1'800'000'000'000;

class StreamErasureTest : public testing::Test {
protected:
    void SetUp() override {
        ask({.subject = "$JS.API.STREAM.CREATE.chat",
             .payload = R"({"name":"chat","subjects":["chat.>"],"max_msgs_per_subject":1})"});
    }

    std::optional<base::NatsMessage> ask(base::NatsMessage message) {
        asked_.push_back(message.subject);
        message.reply = "inbox";
        auto out = server_.publish(1, message, now_);
        return out.empty() ? std::nullopt : std::optional{std::move(out.front().message)};
    }

    static std::string subject_of(const base::ChatMessage& message) {
        const auto id = message.id();
        return fmt::format("chat.m.{}.{}", message.room(), id.substr(id.find(':') + 1));
    }
    void write(const base::ChatMessage& message, bool again = false) {
        const auto* last = server_.last(subject_of(message));
        ASSERT_EQ(last != nullptr, again);
        sim::virtual_world::ModelJetStream::Deliveries out;
        server_.write(subject_of(message), base::to_document(message), now_, out);
    }
    base::ChatMessage said(const std::string& room, const std::string& user, const std::string& text) {
        const base::MessageKey key{.unix_ms = now_ms - 1000 + ++said_, .counter = 0, .nonce = "k"};
        auto message = base::make_message(room, user, key, text, "n");
        write(message);
        return message;
    }
    std::string document_of(const base::ChatMessage& message) const {
        const auto* stored = server_.last(subject_of(message));
        return stored ? stored->payload : "none";
    }

    static Erasure::Config of_user(const std::string& user) {
        Erasure::Config config;
        config.what.user = user;
        config.key = {.unix_ms = now_ms, .counter = 0, .nonce = {}};
        config.by = "the office";
        config.write_rows = 2;
        return config;
    }
    /// `meddle`: called before what is asked in this round.
    void carry_out(StreamErasure& erasure, const std::function<void(int round)>& meddle = {}) {
        for (int round = 0; !erasure.is_done(); ++round) {
            ASSERT_LT(round, 100);
            StreamErasure::Answers answers;
            const auto requests = erasure.requests();
            if (meddle) meddle(round);
            for (const auto& request : requests) {
                auto answer = ask(request);
                answers.push_back(round == lost_ ? std::nullopt : std::move(answer));
            }
            EXPECT_EQ(erasure.take(answers), round != lost_) << erasure.trouble();
        }
    }

    sim::virtual_world::ModelJetStream server_;
    base::Now now_{base::Time{std::chrono::seconds{1}}, base::wall_from_unix_ms(now_ms)};
    std::vector<std::string> asked_;
    int said_ = 0;
    int lost_ = -1;  ///< the round of which no answer comes
};

TEST_F(StreamErasureTest, TakesAPersonsTextsOutOfTheStream) {
    const auto one = said("lobby", "anna", "secret one"), other = said("lab", "anna", "secret two");
    const auto bobs = said("lobby", "bob", "to stay");
    for (int i = 0; i < 5; ++i) said("lab", "carl", fmt::format("more {}", i));
    const auto bobs_document = document_of(bobs);

    StreamErasure erasure{of_user("anna"), {"chat", 1}};
    carry_out(erasure);
    EXPECT_EQ(erasure.progress().found, 2u);
    EXPECT_EQ(erasure.progress().erased, 2u);
    EXPECT_EQ(erasure.progress().rooms.size(), 2u);
    for (const auto& gone : {one, other}) {
        EXPECT_THAT(document_of(gone), HasSubstr("\"removed\""));
        EXPECT_THAT(document_of(gone), HasSubstr("the office"));
    }
    for (const auto& [sequence, stored] : server_.messages())
        EXPECT_THAT(stored.payload, Not(HasSubstr("secret"))) << sequence;
    EXPECT_EQ(document_of(bobs), bobs_document);
    EXPECT_THAT(asked_, Contains("$JS.API.STREAM.MSG.DELETE.chat").Times(2));
}

TEST_F(StreamErasureTest, ErasesEachOnceThoughTheAnswersOfAnyRoundAreLost) {
    for (int lost = 0; lost < 8; ++lost) {
        SCOPED_TRACE(lost);
        server_.delete_stream();
        SetUp();
        const auto one = said("lobby", "anna", "secret one"), two = said("lobby", "anna", "secret two");
        said("lobby", "bob", "to stay");
        lost_ = lost;
        StreamErasure erasure{of_user("anna"), {"chat", 1}};
        carry_out(erasure);
        EXPECT_EQ(erasure.progress().found, 2u);
        EXPECT_EQ(erasure.progress().erased, 2u);
        EXPECT_EQ(erasure.progress().removed_before, 0u);
        for (const auto& gone : {one, two}) EXPECT_THAT(document_of(gone), HasSubstr("\"removed\""));
    }
}

/// A node that looks between the deletion and the removal takes the message for lost.
TEST_F(StreamErasureTest, ErasesAgainWhatANodeWritesMeanwhile) {
    const auto one = said("lobby", "anna", "secret one");
    StreamErasure erasure{of_user("anna"), {"chat", 1}};
    int wrote = 0;
    carry_out(erasure, [&](int) {
        if (wrote > 0 || server_.last(subject_of(one))) return;
        ++wrote;
        write(one);
    });
    EXPECT_EQ(wrote, 1);
    EXPECT_EQ(erasure.progress().found, 1u);
    EXPECT_EQ(erasure.progress().erased, 1u);
    EXPECT_THAT(document_of(one), HasSubstr("\"removed\""));
    EXPECT_THAT(asked_, Contains("$JS.API.STREAM.MSG.DELETE.chat").Times(2));
}

TEST_F(StreamErasureTest, GoesByIdsAndTellsWhichThereAreNot) {
    const auto one = said("lobby", "anna", "secret"), other = said("lobby", "anna", "to stay");
    auto config = of_user("");
    config.what.ids = {std::string{one.id()}, "lobby:01MCC5RM340005QH4SY63H1YYE"};
    StreamErasure erasure{config, {"chat", 1}};
    carry_out(erasure);
    EXPECT_EQ(erasure.progress().erased, 1u);
    EXPECT_THAT(erasure.progress().missing, ElementsAre("lobby:01MCC5RM340005QH4SY63H1YYE"));
    EXPECT_THAT(document_of(other), HasSubstr("to stay"));
}

TEST_F(StreamErasureTest, LeavesWhatWasRemovedAndCountsWhatWasEdited) {
    const auto removed = said("lobby", "anna", "one"), edited = said("lobby", "anna", "two");
    const base::MessageKey key{.unix_ms = now_ms - 10, .counter = 0, .nonce = {}};
    write(base::removed(removed, key, "anna"), true);
    write(base::edited(edited, key, "two, mended"), true);
    const auto before = document_of(removed);
    StreamErasure erasure{of_user("anna"), {"chat", 1}};
    carry_out(erasure);
    EXPECT_EQ(erasure.progress().found, 2u);
    EXPECT_EQ(erasure.progress().erased, 1u);
    EXPECT_EQ(erasure.progress().removed_before, 1u);
    EXPECT_EQ(erasure.edited(), 1u);
    EXPECT_EQ(document_of(removed), before);
}

TEST_F(StreamErasureTest, ChangesNothingInADryRun) {
    const auto one = said("lobby", "anna", "secret");
    auto config = of_user("anna");
    config.dry_run = true;
    StreamErasure erasure{config, {"chat", 1}};
    carry_out(erasure);
    EXPECT_EQ(erasure.progress().found, 1u);
    EXPECT_EQ(erasure.progress().erased, 0u);
    EXPECT_THAT(document_of(one), HasSubstr("secret"));
    EXPECT_THAT(asked_, Not(Contains("$JS.API.STREAM.MSG.DELETE.chat")));
}

TEST_F(StreamErasureTest, SaysThatThereIsNoSuchStream) {
    server_.delete_stream();
    StreamErasure erasure{of_user("anna"), {"chat", 1}};
    EXPECT_THROW(carry_out(erasure), ErasureError);
}

}  // namespace
}  // namespace davenport::node
