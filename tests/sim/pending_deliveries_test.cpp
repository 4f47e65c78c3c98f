#include "sim/orchestrator/pending_deliveries.hpp"

#include <gtest/gtest.h>

namespace davenport::sim::orchestrator {
namespace {

Record record(RecordKind kind, std::string client, std::string name = {}) {
    Record out{.kind = kind};
    out.client = std::move(client);
    out.room = "r1";
    out.msg = "c1-1";
    out.id = "r1:X";
    out.name = std::move(name);
    return out;
}

struct Deliveries : testing::Test {
    void SetUp() override {
        for (const auto* client : {"c1", "c2"}) add(RecordKind::joined, client);
        add(RecordKind::send, "c1");
        add(RecordKind::accepted, "c1");
        for (const auto* client : {"c1", "c2"}) add(RecordKind::shown, client);
    }
    void add(RecordKind kind, std::string client, std::string name = {}) {
        pending.add(record(kind, std::move(client), std::move(name)));
    }
    PendingDeliveries pending;
};

TEST_F(Deliveries, AChangeIsMissingUntilAllWhoHaveTheMessageWereShownIt) {
    EXPECT_EQ(pending.missing(), 0u);
    add(RecordKind::change_sent, "c1");
    EXPECT_FALSE(pending.has_missing_changes()) << "nobody was shown it: it may never be accepted";
    add(RecordKind::changed, "c1", "1A");
    EXPECT_TRUE(pending.has_missing_changes());
    add(RecordKind::changed, "c2", "1A");
    EXPECT_FALSE(pending.has_missing_changes());
}

TEST_F(Deliveries, TheLastChangeIsEnough) {
    add(RecordKind::change_sent, "c1");
    add(RecordKind::changed, "c1", "1A");
    add(RecordKind::changed, "c1", "2B");
    add(RecordKind::changed, "c2", "1A");
    EXPECT_TRUE(pending.has_missing_changes());
    add(RecordKind::changed, "c2", "2B");
    EXPECT_FALSE(pending.has_missing_changes());
}

TEST_F(Deliveries, WhatTheStoreRefusedNobodyNeedBeShown) {
    add(RecordKind::change_sent, "c1");
    add(RecordKind::changed, "c1", "1A");
    add(RecordKind::change_failed, "c1");
    EXPECT_FALSE(pending.has_missing_changes());
}

}  // namespace
}  // namespace davenport::sim::orchestrator
