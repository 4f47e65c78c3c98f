#include "sim/virtual/model_cluster.hpp"

#include "node/base/json.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

/// A model of three NATS servers: what is acknowledged stays, and what was under way may go either way.
namespace davenport::sim::virtual_world {
namespace {

using namespace std::chrono_literals;

class ModelClusterTest : public testing::Test {
protected:
    explicit ModelClusterTest(std::uint64_t seed = 1) : cluster_{3, base::Random{seed}} {
        cluster_.publish(1, {.subject = "$JS.API.STREAM.CREATE.chat", .reply = "r"}, now_);
    }

    ModelCluster::Deliveries publish(const std::string& subject, const std::string& over = "0") {
        return cluster_.publish(1,
                                {.subject = subject,
                                 .reply = "r",
                                 .headers = {{"Nats-Expected-Last-Subject-Sequence", over}},
                                 .payload = "p"},
                                now_);
    }
    /// All that comes within that time.
    ModelCluster::Deliveries run(base::Duration time) {
        ModelCluster::Deliveries out;
        for (const auto end = now_.time + time;;) {
            const auto next = cluster_.next_time();
            if (!next || *next > end) {
                now_.time = end;
                return out;
            }
            now_.time = std::max(now_.time, *next);
            for (auto& one : cluster_.on_time(now_)) out.push_back(std::move(one));
        }
    }
    [[nodiscard]] bool has(const std::string& subject) const {
        return cluster_.stream().last(subject) != nullptr;
    }

    ModelCluster cluster_;
    base::Now now_{base::Time{1h}, base::WallTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}}};
};

TEST_F(ModelClusterTest, AcknowledgesWhatAMajorityHas) {
    EXPECT_TRUE(publish("chat.m.r.a").empty());
    EXPECT_FALSE(has("chat.m.r.a"));
    const auto answers = run(10ms);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_NE(answers[0].message.payload.find(R"("seq":1)"), std::string::npos);
    EXPECT_TRUE(has("chat.m.r.a"));
}

TEST_F(ModelClusterTest, NobodyAnswersAPublicationUntilAnotherLeads) {
    publish("chat.m.r.a");
    run(10ms);
    const auto first = *cluster_.leader();
    cluster_.kill(first, now_);
    int refused = 0, silent = 0;
    for (int i = 0; i < 40; ++i) {
        const auto answers = publish("chat.m.r.b");
        silent += answers.empty() ? 1 : 0;
        refused += !answers.empty() && answers[0].message.status == 503 ? 1 : 0;
    }
    EXPECT_GT(refused, 0);
    EXPECT_GT(silent, 0);
    EXPECT_EQ(refused + silent, 40);
    run(10s);
    ASSERT_TRUE(cluster_.leader());
    EXPECT_NE(*cluster_.leader(), first);
    EXPECT_TRUE(has("chat.m.r.a")) << "it was acknowledged";
    EXPECT_FALSE(has("chat.m.r.b"));
    publish("chat.m.r.b");
    EXPECT_EQ(run(10ms).size(), 1U);
}

TEST_F(ModelClusterTest, WhatWasProposedToADeadLeaderIsStoredWithoutAnAnswerOrLost) {
    bool was_stored = false, was_lost = false;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        cluster_ = ModelCluster{3, base::Random{seed}};
        cluster_.publish(1, {.subject = "$JS.API.STREAM.CREATE.chat", .reply = "r"}, now_);
        publish("chat.m.r.a");
        cluster_.kill(*cluster_.leader(), now_);
        EXPECT_TRUE(run(10s).empty());
        (has("chat.m.r.a") ? was_stored : was_lost) = true;
    }
    EXPECT_TRUE(was_stored);
    EXPECT_TRUE(was_lost);
}

TEST_F(ModelClusterTest, WithoutAMajorityNothingIsAcknowledged) {
    for (ModelCluster::Server server = 0; server < 3; ++server)
        if (server != cluster_.leader()) cluster_.kill(server, now_);
    publish("chat.m.r.a");
    EXPECT_TRUE(run(10s).empty());
    cluster_.start(cluster_.leader() == 0 ? 1 : 0, now_);
    EXPECT_EQ(run(10ms).size(), 1U);
}

TEST_F(ModelClusterTest, AConsumerFallsSilentWithItsServer) {
    cluster_.stream().subscribe(1, "inbox");
    cluster_.publish(
        1,
        {.subject = "$JS.API.CONSUMER.CREATE.chat",
         .reply = "r",
         .payload =
             R"({"config":{"deliver_subject":"inbox","deliver_policy":"all","idle_heartbeat":1000000000}})"},
        now_);
    EXPECT_FALSE(run(3s).empty());
    for (ModelCluster::Server server = 0; server < 3; ++server) cluster_.hang(server, now_);
    EXPECT_TRUE(run(3s).empty());
    for (ModelCluster::Server server = 0; server < 3; ++server) cluster_.resume(server, now_);
    EXPECT_FALSE(run(6s).empty());
    for (ModelCluster::Server server = 0; server < 3; ++server) {
        cluster_.kill(server, now_);
        cluster_.start(server, now_);
    }
    EXPECT_TRUE(run(6s).empty());
}

TEST_F(ModelClusterTest, TwoChangesAtOnceMayBothBeStored) {
    publish("chat.m.r.a");
    run(10ms);
    publish("chat.m.r.a", "1");
    publish("chat.m.r.a", "1");
    publish("chat.m.r.b", "0");
    publish("chat.m.r.b", "0");
    int stored = 0, refused = 0;
    for (const auto& answer : run(20ms))
        (answer.message.payload.find("10071") == std::string::npos ? stored : refused) += 1;
    EXPECT_EQ(stored, 3) << "both changes, and one of the two first messages";
    EXPECT_EQ(refused, 1);
}

}  // namespace
}  // namespace davenport::sim::virtual_world
