#include "node/core/log/commit_queue.hpp"

#include "sim/virtual/model_journal.hpp"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

base::ChatMessage message(std::string_view text, std::string_view room = "lobby") {
    return base::make_message(room, "ann", {1'800'000'000'000, 0, {}}, text, "n1");
}

struct LedgerTest : testing::Test {
    sim::virtual_world::ModelJournal journal{"u-1"};
    CommitQueue commit_queue{journal};
    base::Time time{};

    /// Ends a turn; the batch that it starts, if any.
    std::optional<base::JournalBatch> flush() {
        Turn turn{{time, {}}};
        commit_queue.flush(turn);
        commit_queue.advance();
        for (auto& effect : turn.effects)
            if (auto* persist = std::get_if<Persist>(&effect)) return persist->batch;
        return std::nullopt;
    }
    std::vector<PendingMessage*> on_disk(const base::JournalBatch& batch) {
        journal.commit(batch);
        return commit_queue.persisted(batch.number);
    }
    void fail() {
        Turn turn{{time, {}}};
        commit_queue.persist_failed(turn, "disk full");
    }
};

TEST_F(LedgerTest, HasOneBatchUnderWayAndPutsAllThatComesMeanwhileIntoTheNext) {
    commit_queue.add(message("a"), true, {});
    const auto first = flush();
    ASSERT_TRUE(first);
    commit_queue.add(message("b"), true, {});
    commit_queue.add(message("c"), false, "g1");
    EXPECT_FALSE(flush());
    EXPECT_EQ(on_disk(*first).size(), 1u);
    const auto second = flush();
    ASSERT_TRUE(second);
    ASSERT_EQ(second->entries.size(), 2u);
    EXPECT_EQ(second->entries[0].arrival, CommitQueue::begins_above + 2);
    EXPECT_EQ(second->entries[1].arrival, CommitQueue::begins_above + 3);
    EXPECT_EQ(second->entries[1].stored_in, "g1");
    EXPECT_EQ(second->number, first->number + 1);
}

TEST_F(LedgerTest, KnowsWhatIsOnItsWayAndWhatTheJournalHas) {
    auto& held = commit_queue.add(message("a"), true, {});
    const auto id = held.entry.message.id();
    EXPECT_TRUE(commit_queue.knows(id));
    const auto batch = flush();
    commit_queue.erase(*on_disk(*batch).at(0));
    EXPECT_EQ(commit_queue.find(id), nullptr);
    EXPECT_TRUE(commit_queue.knows(id));
    EXPECT_FALSE(commit_queue.knows("lobby:other"));
}

TEST_F(LedgerTest, CountsAsCommittedOnlyWhatWasQueuedToEverybodyBefore) {
    commit_queue.add(message("a"), true, {});
    const auto batch = flush();
    EXPECT_EQ(commit_queue.watermark(), CommitQueue::begins_above);
    on_disk(*batch);
    EXPECT_EQ(commit_queue.watermark(), CommitQueue::begins_above) << "until the turn that shows it is over";
    commit_queue.advance();
    EXPECT_EQ(commit_queue.watermark(), CommitQueue::begins_above + 1);
}

TEST_F(LedgerTest, LetsMarksAndCheckpointsWaitForCompany) {
    commit_queue.mark_stored("lobby:x", "g1");
    commit_queue.set_checkpoint({"g1", "1-a"});
    EXPECT_FALSE(flush());
    time += 400ms;
    commit_queue.add(message("a"), true, {});
    const auto batch = flush();
    ASSERT_TRUE(batch);
    EXPECT_THAT(batch->stored, ElementsAre("lobby:x"));
    EXPECT_EQ(batch->checkpoint, (base::Checkpoint{"g1", "1-a"}));
    on_disk(*batch);
    commit_queue.mark_stored("lobby:y", "g1");
    EXPECT_FALSE(flush());
    time += 500ms;
    EXPECT_TRUE(flush()) << "but not for ever";
}

TEST_F(LedgerTest, SplitsTheMarksOfALongBacklogSoThatAMessageNeedNotWaitForAllOfThem) {
    for (int i = 0; i < 250; ++i) commit_queue.mark_stored("lobby:" + std::to_string(i), "g1");
    EXPECT_FALSE(flush());
    time += 500ms;
    std::set<std::string> marked;
    std::vector<std::size_t> sizes;
    for (auto batch = flush(); batch; batch = flush()) {
        marked.insert(batch->stored.begin(), batch->stored.end());
        sizes.push_back(batch->stored.size());
        EXPECT_EQ(batch->stored_generation, "g1");
        EXPECT_EQ(batch->entries.size(), sizes.size() == 2 ? 1u : 0u);
        on_disk(*batch);
        if (sizes.size() == 1) {
            commit_queue.add(message("a"), true,
                             {});  // does not wait for the disk's pause, and takes few along
        } else {
            EXPECT_FALSE(flush()) << "the disk is left free for a while";
            time += 4ms;
        }
    }
    EXPECT_THAT(sizes, ElementsAre(100, 32, 100, 18));
    EXPECT_EQ(marked.size(), 250u);
    EXPECT_TRUE(commit_queue.idle());
}

TEST_F(LedgerTest, MarksAMessageThatIsNotHandedOverYetWhereItStands) {
    const auto first = (commit_queue.add(message("a"), true, {}), flush());
    auto& held = commit_queue.add(message("b"), true, {});
    commit_queue.mark_stored(held.entry.message.id(), "g1");
    on_disk(*first);
    const auto second = flush();
    EXPECT_EQ(second->entries.at(0).stored_in, "g1");
    EXPECT_THAT(second->stored, IsEmpty());
}

TEST_F(LedgerTest, TriesAFailedBatchAgainWholeAndWithWhatCameMeanwhile) {
    commit_queue.add(message("a"), true, {});
    commit_queue.mark_stored("lobby:x", "g1");
    commit_queue.set_checkpoint({"g1", "1-a"});
    flush();
    commit_queue.add(message("b"), true, {});
    fail();
    EXPECT_TRUE(commit_queue.failing());
    EXPECT_FALSE(flush()) << "not at once";
    time += 1s;
    const auto again = flush();
    ASSERT_TRUE(again);
    ASSERT_EQ(again->entries.size(), 2u);
    EXPECT_EQ(again->entries[0].message.text(), "a");
    EXPECT_EQ(again->entries[0].arrival, CommitQueue::begins_above + 1);
    EXPECT_THAT(again->stored, ElementsAre("lobby:x"));
    EXPECT_EQ(again->checkpoint, (base::Checkpoint{"g1", "1-a"}));
    on_disk(*again);
    EXPECT_FALSE(commit_queue.failing());
}

TEST_F(LedgerTest, KeepsTheNewerCheckpointWhenABatchFails) {
    commit_queue.add(message("a"), false, "g1");
    commit_queue.set_checkpoint({"g1", "1-a"});
    flush();
    commit_queue.add(message("b"), false, "g1");
    commit_queue.set_checkpoint({"g1", "2-b"});
    fail();
    time += 1s;
    EXPECT_EQ(flush()->checkpoint, (base::Checkpoint{"g1", "2-b"}));
}

TEST_F(LedgerTest, TellsWhatWasShownAndIsNotOnTheDisk) {
    commit_queue.add(message("a"), true, {}).shown = true;
    commit_queue.add(message("b", "other"), true, {}).shown = true;
    commit_queue.add(message("c"), true, {});
    flush();
    commit_queue.add(message("d"), true, {}).shown = true;
    const auto texts = [&](std::string_view room) {
        std::vector<std::string> out;
        for (const auto* held : commit_queue.uncommitted(room)) out.emplace_back(held->entry.message.text());
        return out;
    };
    EXPECT_THAT(texts("lobby"), ElementsAre("a", "d"));
    EXPECT_THAT(texts(""), ElementsAre("a", "b", "d"));
}

TEST_F(LedgerTest, ForgetsWhatItKnewOfAStoreWhenAnotherAnswers) {
    auto& held = commit_queue.add(message("a"), false, "g1");
    commit_queue.mark_stored("lobby:x", "g1");
    commit_queue.set_checkpoint({"g1", "1-a"});
    commit_queue.store_changed();
    EXPECT_FALSE(held.stored);
    const auto batch = flush();
    EXPECT_THAT(batch->stored, IsEmpty());
    EXPECT_EQ(batch->checkpoint, std::nullopt);
}

TEST_F(LedgerTest, KeepsWhatIsOldBelowAllThatClientsAreTold) {
    commit_queue.add(message("news"), true, {});
    const auto first = flush();
    const auto before = commit_queue.watermark();
    commit_queue.add_old(message("old"), "g1");
    commit_queue.add_old(message("older"), "g1");
    on_disk(*first);
    const auto second = flush();
    ASSERT_EQ(second->entries.size(), 2u);
    EXPECT_EQ(second->entries[0].arrival, CommitQueue::begins_above);
    EXPECT_EQ(second->entries[1].arrival, CommitQueue::begins_above - 1);
    on_disk(*second);
    commit_queue.advance();
    EXPECT_EQ(commit_queue.watermark(), before + 1);
    EXPECT_EQ(commit_queue.watermark_id(), message("news").id());
    CommitQueue next{journal};
    EXPECT_EQ(next.watermark(), before + 1);
    EXPECT_EQ(next.add_old(message("oldest"), "g1").entry.arrival, CommitQueue::begins_above - 2);
}

TEST_F(LedgerTest, AJournalOfAnOlderVersionHasNoRoomForThem) {
    journal.commit({1, {{1, message("first"), true, {}}}, {}, {}, {}});
    EXPECT_FALSE(CommitQueue{journal}.has_room_for_old());
    EXPECT_TRUE(commit_queue.has_room_for_old());
}

TEST_F(LedgerTest, GoesOnWhereTheJournalEnds) {
    journal.commit({1, {{41, message("old"), true, {}}}, {}, {}, {}});
    CommitQueue next{journal};
    EXPECT_EQ(next.add(message("new"), true, {}).entry.arrival, 42u);
    EXPECT_EQ(next.watermark(), 41u);
}

}  // namespace
}  // namespace davenport::node
