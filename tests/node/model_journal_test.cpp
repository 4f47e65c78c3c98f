#include "sim/virtual/model_journal.hpp"

#include "tests/node/journal_conformance.hpp"

namespace davenport::node {
namespace {

using namespace journal_conformance;

struct ModelHarness {
    sim::virtual_world::ModelJournal journal{"u-1"};
    base::JournalView& view() { return journal; }
    void commit(const base::JournalBatch& batch) { journal.commit(batch); }
    void reopen() { journal.crash(); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Model, JournalConformance, ModelHarness);

TEST(ModelJournal, ShowsWhatWasWrittenOnlyAfterTheSync) {
    sim::virtual_world::ModelJournal journal{"u-1"};
    const auto a = message("lobby", 1'000, "a");
    journal.write({.number = 1, .entries = {entry(1, a)}});
    EXPECT_FALSE(journal.contains(a.id()));
    EXPECT_TRUE(journal.has_unsynced());
    journal.sync();
    EXPECT_TRUE(journal.contains(a.id()));
    EXPECT_FALSE(journal.has_unsynced());
}

TEST(ModelJournal, LosesInACrashWhatWasWrittenAndNotSynced) {
    sim::virtual_world::ModelJournal journal{"u-1"};
    const auto a = message("lobby", 1'000, "a");
    const auto b = message("lobby", 2'000, "b");
    journal.commit({.number = 1, .entries = {entry(1, a)}});
    journal.write({.number = 2, .entries = {entry(2, b)}});
    journal.crash();
    EXPECT_TRUE(journal.contains(a.id()));
    EXPECT_FALSE(journal.contains(b.id()));
    journal.sync();
    EXPECT_FALSE(journal.contains(b.id())) << "a lost write came back";
}

TEST(ModelJournal, LosesInACrashWhatALyingDiskHadShown) {
    sim::virtual_world::ModelJournal journal{"u-1"};
    const auto a = message("lobby", 1'000, "a");
    const auto b = message("lobby", 2'000, "b");
    const auto c = message("lobby", 3'000, "c");
    journal.commit({1, {entry(1, a), entry(2, b)}, {std::string{b.id()}}, "g0", base::Checkpoint{"g0", "1"}});
    journal.write({2,
                   {entry(3, c)},
                   {std::string{a.id()}, std::string{b.id()}, std::string{b.id()}},
                   "g1",
                   base::Checkpoint{"g1", "2"}});
    journal.write({3, {}, {std::string{c.id()}}, "g2", base::Checkpoint{"g2", "3"}});
    journal.show();
    EXPECT_TRUE(journal.contains(c.id()));
    EXPECT_EQ(journal.count_not_stored_in("g1"), 1u);
    journal.crash();
    EXPECT_FALSE(journal.contains(c.id()));
    EXPECT_EQ(journal.state().last_arrival, 2u);
    EXPECT_EQ(journal.state().checkpoint, (base::Checkpoint{"g0", "1"}));
    EXPECT_EQ(texts(journal.page("lobby", "", 10)), (Texts{"b", "a"}));
    EXPECT_EQ(texts(journal.not_stored_in("g0", 0, 10)), Texts{"a"});
    EXPECT_EQ(journal.count_not_stored_in("g0"), 1u);
    EXPECT_EQ(journal.count_not_stored_in("g1"), 2u);
}

TEST(ModelJournal, IsAValue) {
    sim::virtual_world::ModelJournal journal{"u-1"};
    journal.commit({.number = 1, .entries = {entry(1, message("lobby", 1'000, "a"))}});
    auto copy = journal;
    copy.commit({.number = 2, .entries = {entry(2, message("lobby", 2'000, "b"))}});
    EXPECT_EQ(texts(journal.page("lobby", "", 10)), Texts{"a"});
    EXPECT_EQ(texts(copy.page("lobby", "", 10)), (Texts{"b", "a"}));
}

}  // namespace
}  // namespace davenport::node
