#pragma once

#include "node/base/change.hpp"
#include "node/base/journal.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

/// What every implementation of JournalView must do, whatever it keeps its messages in.
///
/// An implementation instantiates the suite with a harness type that is made anew for each test:
///
///     struct MyJournal {
///         base::JournalView& view();
///         void commit(const base::JournalBatch& batch);  // returns when the batch is on the disk
///         void reopen();                                 // the process ended and started again
///     };
///     INSTANTIATE_TYPED_TEST_SUITE_P(Mine, JournalConformance, MyJournal);
namespace davenport::journal_conformance {

inline base::ChatMessage message(std::string_view room, std::int64_t unix_ms, std::string_view text) {
    return base::make_message(room, "ann", {unix_ms, 0, {}}, text, "n1");
}

inline base::JournalEntry entry(std::uint64_t arrival, base::ChatMessage message,
                                base::Generation stored_in = {}, bool accepted_here = true) {
    return {arrival, std::move(message), accepted_here, std::move(stored_in)};
}

/// The message of an entry, with its edit, as another entry.
inline base::JournalEntry edit(const base::JournalEntry& of, std::uint64_t arrival, std::string_view text,
                               base::Generation stored_in = {}) {
    return {arrival, base::edited(of.message, {static_cast<std::int64_t>(arrival) * 1'000'000, 0, {}}, text),
            of.accepted_here, std::move(stored_in), of.first_arrival()};
}
inline base::JournalEntry removal(const base::JournalEntry& of, std::uint64_t arrival) {
    return {arrival, base::removed(of.message, {1, 0, {}}, "boss"), of.accepted_here, {}, of.first_arrival()};
}

inline std::vector<std::string> texts(const std::vector<base::JournalEntry>& entries) {
    std::vector<std::string> out;
    for (const auto& e : entries) out.emplace_back(e.message.text());
    return out;
}

using Texts = std::vector<std::string>;

}  // namespace davenport::journal_conformance

namespace davenport {

template <class Harness>
class JournalConformance : public testing::Test {
protected:
    base::JournalView& view() { return harness_.view(); }
    void commit(std::vector<base::JournalEntry> entries, std::vector<std::string> stored = {},
                base::Generation generation = {}, std::optional<base::Checkpoint> checkpoint = {}) {
        harness_.commit({++batches_, std::move(entries), std::move(stored), std::move(generation),
                         std::move(checkpoint)});
    }
    void commit(std::vector<base::JournalPolicy> policies) {
        base::JournalBatch batch{++batches_};
        batch.policies = std::move(policies);
        harness_.commit(batch);
    }
    void reopen() { harness_.reopen(); }

private:
    Harness harness_;
    std::uint64_t batches_ = 0;
};

TYPED_TEST_SUITE_P(JournalConformance);

TYPED_TEST_P(JournalConformance, IsEmptyAtFirst) {
    const auto state = this->view().state();
    EXPECT_FALSE(state.uuid.empty());
    EXPECT_EQ(state.last_arrival, 0u);
    EXPECT_EQ(state.checkpoint, std::nullopt);
    EXPECT_FALSE(this->view().contains("lobby:x"));
    EXPECT_EQ(this->view().find("lobby:x"), std::nullopt);
    EXPECT_TRUE(this->view().page("lobby", "", 10).empty());
    EXPECT_TRUE(this->view().after("", 0, 10).empty());
    EXPECT_TRUE(this->view().not_stored_in("g", 0, 10).empty());
    EXPECT_EQ(this->view().count_not_stored_in("g"), 0u);
}

TYPED_TEST_P(JournalConformance, GivesBackAMessageAsItWasWritten) {
    using namespace journal_conformance;
    const auto plain = message("lobby", 1'000, "grüße \"from\" 🛋\n\\");
    const base::ChatMessage m{{.id = plain.id(),
                               .room = plain.room(),
                               .position = plain.position(),
                               .user = plain.user(),
                               .text = plain.text(),
                               .datetime = "2012 Jul 14 09:49:57 -0700",
                               .host = ""}};
    this->commit({entry(1, m, "g1", false)});
    ASSERT_TRUE(this->view().contains(m.id()));
    const auto found = this->view().find(m.id());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->message, m);
    EXPECT_EQ(found->arrival, 1u);
    EXPECT_FALSE(found->accepted_here);
    EXPECT_EQ(found->stored_in, "g1");
}

TYPED_TEST_P(JournalConformance, LeavesAnIdThatIsThereAsItIs) {
    using namespace journal_conformance;
    const auto m = message("lobby", 1'000, "first");
    this->commit({entry(1, m)});
    this->commit({entry(2, m, "g1", false), entry(3, message("lobby", 2'000, "second"))});
    const auto found = this->view().find(m.id());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->arrival, 1u);
    EXPECT_TRUE(found->accepted_here);
    EXPECT_EQ(found->stored_in, "");
    EXPECT_EQ(texts(this->view().after("", 0, 10)), (Texts{"first", "second"}));
}

TYPED_TEST_P(JournalConformance, PagesARoomByPositionNewestFirst) {
    using namespace journal_conformance;
    const auto b = message("lobby", 2'000, "b");
    this->commit(
        {entry(1, message("lobby", 3'000, "c")), entry(2, b), entry(3, message("other", 9'000, "x"))});
    this->commit({entry(4, message("lobby", 1'000, "a"))});
    EXPECT_EQ(texts(this->view().page("lobby", "", 10)), (Texts{"c", "b", "a"}));
    EXPECT_EQ(texts(this->view().page("lobby", "", 2)), (Texts{"c", "b"}));
    EXPECT_EQ(texts(this->view().page("lobby", b.position(), 10)), Texts{"a"});
    EXPECT_TRUE(this->view().page("lobby", "0", 10).empty());
    EXPECT_TRUE(this->view().page("lobb", "", 10).empty());
}

TYPED_TEST_P(JournalConformance, TellsWhatCameAfterAnArrivalInThatOrder) {
    using namespace journal_conformance;
    this->commit({entry(1, message("lobby", 3'000, "c")), entry(2, message("other", 9'000, "x"))});
    this->commit({entry(3, message("lobby", 1'000, "a")), entry(4, message("lobby", 2'000, "b"))});
    EXPECT_EQ(texts(this->view().after("lobby", 0, 10)), (Texts{"c", "a", "b"}));
    EXPECT_EQ(texts(this->view().after("lobby", 1, 1)), Texts{"a"});
    EXPECT_EQ(texts(this->view().after("", 1, 10)), (Texts{"x", "a", "b"}));
    EXPECT_TRUE(this->view().after("lobby", 4, 10).empty());
    EXPECT_EQ(this->view().state().last_arrival, 4u);
}

TYPED_TEST_P(JournalConformance, ListsRoomsByNameWithTheirNewestPlace) {
    using namespace journal_conformance;
    EXPECT_TRUE(this->view().rooms("", 10).empty());
    const auto late = message("lobby", 1'000, "late");
    const auto newest = message("lobby", 3'000, "newest");
    const auto other = message("attic", 2'000, "b");
    this->commit({entry(1, newest), entry(2, other), entry(3, late)});
    const std::vector<base::JournalRoom> both{{"attic", std::string{other.position()}},
                                              {"lobby", std::string{newest.position()}}};
    EXPECT_EQ(this->view().rooms("", 10), both);
    EXPECT_EQ(this->view().rooms("", 1), std::vector{both[0]});
    EXPECT_EQ(this->view().rooms("attic", 10), std::vector{both[1]});
    EXPECT_TRUE(this->view().rooms("lobby", 10).empty());
}

TYPED_TEST_P(JournalConformance, KnowsWhatAGenerationHasNot) {
    using namespace journal_conformance;
    const auto a = message("lobby", 1'000, "a");
    const auto b = message("lobby", 2'000, "b");
    this->commit({entry(1, a), entry(2, b), entry(3, message("lobby", 3'000, "c"), "g1", false)});
    EXPECT_EQ(texts(this->view().not_stored_in("g1", 0, 10)), (Texts{"a", "b"}));
    EXPECT_EQ(this->view().count_not_stored_in("g1"), 2u);
    this->commit({}, {std::string{b.id()}, "lobby:never-heard-of"}, "g1");
    EXPECT_EQ(texts(this->view().not_stored_in("g1", 0, 10)), Texts{"a"});
    EXPECT_EQ(this->view().count_not_stored_in("g1"), 1u);
    EXPECT_EQ(this->view().find(b.id())->stored_in, "g1");
    EXPECT_EQ(texts(this->view().not_stored_in("g2", 0, 10)), (Texts{"a", "b", "c"}));
    EXPECT_EQ(texts(this->view().not_stored_in("g2", 1, 1)), Texts{"b"});
    EXPECT_EQ(this->view().count_not_stored_in("g2"), 3u);
}

TYPED_TEST_P(JournalConformance, MarksAMessageOfTheSameBatchAsStored) {
    using namespace journal_conformance;
    const auto a = message("lobby", 1'000, "a");
    this->commit({entry(1, a)}, {std::string{a.id()}}, "g1");
    EXPECT_EQ(this->view().find(a.id())->stored_in, "g1");
    EXPECT_EQ(this->view().count_not_stored_in("g1"), 0u);
}

TYPED_TEST_P(JournalConformance, KeepsTheNewestCheckpointAndNoneWhereABatchHasNone) {
    using namespace journal_conformance;
    this->commit({}, {}, {}, base::Checkpoint{"g1", "1-x"});
    this->commit({entry(1, message("lobby", 1'000, "a"))}, {}, {}, base::Checkpoint{"g1", "2-y", 77});
    this->commit({entry(2, message("lobby", 2'000, "b"))});
    EXPECT_EQ(this->view().state().checkpoint, (base::Checkpoint{"g1", "2-y", 77}));
}

TYPED_TEST_P(JournalConformance, IsTheSameAfterTheProcessStartedAgain) {
    using namespace journal_conformance;
    const auto a = message("lobby", 1'000, "a");
    const auto uuid = this->view().state().uuid;
    this->commit({entry(1, a), entry(2, message("lobby", 2'000, "b"))}, {std::string{a.id()}}, "g1",
                 base::Checkpoint{"g1", "7-z"});
    this->reopen();
    const auto state = this->view().state();
    EXPECT_EQ(state.uuid, uuid);
    EXPECT_EQ(state.last_arrival, 2u);
    EXPECT_EQ(state.checkpoint, (base::Checkpoint{"g1", "7-z"}));
    EXPECT_EQ(texts(this->view().page("lobby", "", 10)), (Texts{"b", "a"}));
    EXPECT_EQ(texts(this->view().not_stored_in("g1", 0, 10)), Texts{"b"});
    EXPECT_EQ(this->view().count_not_stored_in("g1"), 1u);
}

TYPED_TEST_P(JournalConformance, PutsAChangeInThePlaceOfTheMessage) {
    using namespace journal_conformance;
    const auto a = entry(1, message("lobby", 1'000, "a"), "g1", false);
    const auto b = entry(2, message("lobby", 2'000, "b"), "g1");
    this->commit({a, b, entry(3, message("other", 3'000, "x"), "g1")});
    EXPECT_TRUE(this->view().changed().empty());
    const auto mended = edit(a, 4, "mended");
    this->commit({mended});
    for (int life = 0; life < 2; ++life, this->reopen()) {
        SCOPED_TRACE(life);
        const auto found = this->view().find(a.message.id());
        ASSERT_TRUE(found);
        EXPECT_EQ(found->message, mended.message);
        EXPECT_EQ(found->arrival, 4u);
        EXPECT_EQ(found->first_arrival(), 1u);
        EXPECT_FALSE(found->accepted_here);
        EXPECT_EQ(texts(this->view().page("lobby", "", 10)), (Texts{"b", "mended"}));
        EXPECT_EQ(texts(this->view().after("lobby", 0, 10)), (Texts{"b", "mended"}));
        EXPECT_EQ(texts(this->view().after("", 2, 10)), (Texts{"x", "mended"}));
        EXPECT_EQ(texts(this->view().not_stored_in("g1", 0, 10)), Texts{"mended"});
        EXPECT_EQ(this->view().count_not_stored_in("g1"), 1u);
        EXPECT_EQ(this->view().changed(), Texts{std::string(a.message.id())});
        EXPECT_EQ(this->view().state().last_arrival, 4u);
    }
}

TYPED_TEST_P(JournalConformance, TakesOneChangeAfterTheOther) {
    using namespace journal_conformance;
    const auto a = entry(1, message("lobby", 1'000, "a"));
    EXPECT_EQ(this->view().first_arrival(), 0u);
    this->commit({a, edit(a, 2, "one"), edit(a, 3, "two")});
    EXPECT_EQ(this->view().first_arrival(), 1u);
    this->commit({entry(4, message("lobby", 2'000, "b")), removal(a, 5)});
    const auto found = this->view().find(a.message.id());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->message, removal(a, 5).message);
    EXPECT_EQ(texts(this->view().after("lobby", 0, 10)), (Texts{"b", ""}));
    EXPECT_EQ(texts(this->view().page("lobby", "", 10)), (Texts{"b", ""}));
    EXPECT_EQ(this->view().count_not_stored_in("g1"), 2u);
}

TYPED_TEST_P(JournalConformance, LeavesAChangeOfWhatIsNotThereOut) {
    using namespace journal_conformance;
    const auto a = entry(1, message("lobby", 1'000, "a"));
    this->commit({edit(a, 2, "mended"), entry(3, message("lobby", 2'000, "b"))});
    EXPECT_FALSE(this->view().contains(a.message.id()));
    EXPECT_EQ(texts(this->view().after("", 0, 10)), Texts{"b"});
}

TYPED_TEST_P(JournalConformance, MarksWhatWasThereBeforeAndNotTheChangeOfTheSameBatch) {
    using namespace journal_conformance;
    const auto a = entry(1, message("lobby", 1'000, "a"));
    const std::string id{a.message.id()};
    this->commit({a});
    this->commit({edit(a, 2, "mended")}, {id}, "g1");
    EXPECT_EQ(this->view().find(id)->stored_in, "");
    this->commit({}, {id}, "g1");
    EXPECT_EQ(this->view().find(id)->stored_in, "g1");
    EXPECT_EQ(this->view().find(id)->message.text(), "mended");
}

TYPED_TEST_P(JournalConformance, KeepsPoliciesByIdUntilTheyAreGone) {
    using Policies = std::vector<base::JournalPolicy>;
    this->commit(Policies{{"davenport-ban~b", R"({"who":"b"})", "1-x", "g1"}, {"davenport-ban~a", "{}"}});
    EXPECT_EQ(this->view().policies(),
              (Policies{{"davenport-ban~a", "{}"}, {"davenport-ban~b", R"({"who":"b"})", "1-x", "g1"}}));
    this->commit(Policies{{"davenport-ban~a", ""}, {"davenport-ban~b", "{}", "2-y", "g2"}});
    this->commit(Policies{{"davenport-ban~never", ""}});
    this->reopen();
    EXPECT_EQ(this->view().policies(), (Policies{{"davenport-ban~b", "{}", "2-y", "g2"}}));
}

REGISTER_TYPED_TEST_SUITE_P(JournalConformance, IsEmptyAtFirst, GivesBackAMessageAsItWasWritten,
                            LeavesAnIdThatIsThereAsItIs, PagesARoomByPositionNewestFirst,
                            TellsWhatCameAfterAnArrivalInThatOrder, ListsRoomsByNameWithTheirNewestPlace,
                            KnowsWhatAGenerationHasNot, MarksAMessageOfTheSameBatchAsStored,
                            KeepsTheNewestCheckpointAndNoneWhereABatchHasNone,
                            IsTheSameAfterTheProcessStartedAgain, PutsAChangeInThePlaceOfTheMessage,
                            TakesOneChangeAfterTheOther, LeavesAChangeOfWhatIsNotThereOut,
                            MarksWhatWasThereBeforeAndNotTheChangeOfTheSameBatch,
                            KeepsPoliciesByIdUntilTheyAreGone);

}  // namespace davenport
