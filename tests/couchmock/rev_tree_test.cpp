#include "couchmock/core/rev_tree.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace davenport::couchmock {
namespace {

std::vector<Revision> path(std::initializer_list<const char*> newest_first) {
    std::vector<Revision> out;
    for (const auto* text : newest_first) out.push_back(parse_revision(text).value());
    return out;
}

LeafPtr leaf(std::string body, bool deleted = false) {
    return std::make_shared<Leaf>(Leaf{std::move(body), deleted, {}});
}

std::string winner(const RevTree& tree) { return to_text(tree.at(tree.winner()).revision); }

TEST(RevTree, AHigherRevisionWins) {
    RevTree tree;
    EXPECT_EQ(tree.merge(path({"1-a"}), leaf("a")), RevTree::Merged::new_leaf);
    EXPECT_EQ(tree.merge(path({"2-b", "1-a"}), leaf("b")), RevTree::Merged::new_leaf);
    EXPECT_EQ(tree.merge(path({"2-c", "1-a"}), leaf("c")), RevTree::Merged::new_branch);
    EXPECT_EQ(winner(tree), "2-c");
    EXPECT_EQ(tree.leaf_count(), 2u);
    EXPECT_EQ(tree.path(tree.winner()), path({"2-c", "1-a"}));
}

TEST(RevTree, ALivingBranchBeatsADeletedOneHoweverLong) {
    RevTree tree;
    tree.merge(path({"1-a"}), leaf("a"));
    tree.merge(path({"4-d", "3-c", "2-b", "1-a"}), leaf("", true));
    tree.merge(path({"2-x", "1-a"}), leaf("x"));
    EXPECT_EQ(winner(tree), "2-x");
    EXPECT_FALSE(tree.deleted());
}

TEST(RevTree, TheSameRevisionAgainChangesNothing) {
    RevTree tree;
    tree.merge(path({"2-b", "1-a"}), leaf("b"));
    EXPECT_EQ(tree.merge(path({"2-b", "1-a"}), leaf("b")), RevTree::Merged::nothing);
    EXPECT_EQ(tree.merge(path({"1-a"}), leaf("a")), RevTree::Merged::nothing);
    EXPECT_EQ(tree.leaf_count(), 1u);
}

TEST(RevTree, BranchesThatMeetLaterAreJoined) {
    RevTree tree;
    tree.merge(path({"3-c"}), leaf("c"));
    tree.merge(path({"2-x", "1-a"}), leaf("x"));
    EXPECT_EQ(tree.leaf_count(), 2u);
    tree.merge(path({"4-d", "3-c", "2-x", "1-a"}), leaf("d"));
    EXPECT_EQ(tree.leaf_count(), 1u);
    EXPECT_EQ(tree.path(tree.winner()), path({"4-d", "3-c", "2-x", "1-a"}));
}

TEST(RevTree, StemmingKeepsTheNewestOfEachBranch) {
    RevTree tree;
    tree.merge(path({"4-d", "3-c", "2-b", "1-a"}), leaf("d"));
    tree.merge(path({"2-x", "1-a"}), leaf("x"));
    tree.stem(2);
    EXPECT_EQ(tree.path(tree.winner()), path({"4-d", "3-c"}));
    EXPECT_EQ(tree.leaf_count(), 2u);
    EXPECT_TRUE(tree.contains(path({"1-a"})[0])) << "the other branch still needs it";
    EXPECT_FALSE(tree.contains(path({"2-b"})[0]));
}

TEST(RevTree, PurgingALeafTakesItsOwnAncestorsOnly) {
    RevTree tree;
    tree.merge(path({"3-c", "2-b", "1-a"}), leaf("c"));
    tree.merge(path({"2-x", "1-a"}), leaf("x"));
    EXPECT_FALSE(tree.purge(path({"2-b"})[0])) << "no leaf";
    EXPECT_TRUE(tree.purge(path({"3-c"})[0]));
    EXPECT_EQ(winner(tree), "2-x");
    EXPECT_FALSE(tree.contains(path({"2-b"})[0]));
    EXPECT_TRUE(tree.purge(path({"2-x"})[0]));
    EXPECT_TRUE(tree.empty());
}

/// Newest first, as a replicator sends it.
std::vector<Revision> long_path(std::uint64_t depth) {
    std::vector<Revision> out;
    for (auto d = depth; d > 0; --d) out.push_back({d, "revision " + std::to_string(d)});
    return out;
}

/// Ten times the revisions take some ten times as long, and not a hundred times.
TEST(RevTree, ALongHistoryIsMergedInLinearTime) {
    const auto time_of = [](std::uint64_t depth) {
        const auto begin = std::chrono::steady_clock::now();
        RevTree tree;
        tree.merge(long_path(depth), leaf("a"));
        tree.stem(1000);
        tree.merge(long_path(depth + 1), leaf("b"));  // fills in what was cut off
        EXPECT_EQ(tree.size(), depth + 1);
        EXPECT_EQ(tree.leaf_count(), 1u);
        return std::chrono::steady_clock::now() - begin;
    };
    time_of(10'000);
    const auto few = time_of(10'000);
    EXPECT_LT(time_of(100'000), 40 * few);
}

}  // namespace
}  // namespace davenport::couchmock
