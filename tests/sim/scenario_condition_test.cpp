#include "sim/scenario/expression.hpp"

#include <gtest/gtest.h>

namespace davenport {

namespace {

using sim::ConditionWatch;
using sim::Record;
using sim::RecordKind;

Record record(RecordKind kind, std::string node = "n1", std::string msg = "", std::int64_t count = 0) {
    Record r;
    r.kind = kind;
    r.node = std::move(node);
    r.msg = std::move(msg);
    r.count = count;
    return r;
}

TEST(ConditionWatch, IsTrueOnceAndWithTheRecordThatMeetsIt) {
    ConditionWatch watch{"accepted >= 3"};
    EXPECT_FALSE(watch.take(record(RecordKind::accepted)));
    EXPECT_FALSE(watch.take(record(RecordKind::stored)));
    EXPECT_FALSE(watch.take(record(RecordKind::accepted)));
    EXPECT_TRUE(watch.take(record(RecordKind::accepted)));
    EXPECT_FALSE(watch.take(record(RecordKind::accepted)));
}

TEST(ConditionWatch, TellsGreaterFromGreaterOrEqual) {
    ConditionWatch watch{"shown > 1"};
    EXPECT_FALSE(watch.take(record(RecordKind::shown)));
    EXPECT_TRUE(watch.take(record(RecordKind::shown)));
}

TEST(ConditionWatch, CountsAMessageSentAgainOnce) {
    ConditionWatch watch{"sent >= 2"};
    EXPECT_FALSE(watch.take(record(RecordKind::send, "n1", "c1-1", 1)));
    EXPECT_FALSE(watch.take(record(RecordKind::send, "n1", "c1-1", 2)));
    EXPECT_TRUE(watch.take(record(RecordKind::send, "n1", "c1-2", 1)));
}

TEST(ConditionWatch, CountsTheRowsOfOneNode) {
    ConditionWatch watch{"feed(n1).rows >= 2"};
    EXPECT_FALSE(watch.take(record(RecordKind::shown, "n2", "c1-1")));
    EXPECT_FALSE(watch.take(record(RecordKind::shown, "n1", "c1-1")));
    EXPECT_FALSE(watch.take(record(RecordKind::shown, "n1", "c1-1")));  // to another client of the node
    EXPECT_TRUE(watch.take(record(RecordKind::shown, "n1", "c1-2")));
}

TEST(ConditionWatch, SeesABacklogOfANodeOrOfAny) {
    ConditionWatch one{"backlog(n2) >= 10"};
    EXPECT_FALSE(one.take(record(RecordKind::backlog, "n1", "", 50)));
    EXPECT_FALSE(one.take(record(RecordKind::backlog, "n2", "", 9)));
    EXPECT_TRUE(one.take(record(RecordKind::store, "n2", "", 10)));
    ConditionWatch any{"backlog >= 10"};
    EXPECT_TRUE(any.take(record(RecordKind::backlog, "n1", "", 50)));
}

}  // namespace

}  // namespace davenport
