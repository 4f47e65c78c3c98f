#include "node/base/random.hpp"

#include <array>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace davenport::base {
namespace {

TEST(Random, DrawsAUuidInTheSameOrderOnEveryCompiler) {
    Random random{42}, again{42};
    const auto high = again.next();
    const auto low = again.next();
    EXPECT_EQ(random.uuid(), fmt::format("{:016x}{:016x}", high, low));
}

TEST(Random, DrawsNamesThatDiffer) {
    Random random{42};
    std::set<std::string> names;
    for (int i = 0; i < 1000; ++i) names.insert(random.name());
    EXPECT_EQ(names.size(), 1000u);
    std::array<std::set<char>, 15> letters;  // each place has all of them
    for (const auto& name : names) {
        ASSERT_EQ(name.size(), 15u);
        for (std::size_t i = 0; i < 15; ++i) letters[i].insert(name[i]);
    }
    for (const auto& place : letters) EXPECT_EQ(place.size(), 32u);
}

TEST(Random, DrawsTheSameEverywhere) {
    // A recorded run replays from its seed on any compiler and processor: these numbers never change.
    Random random{42};
    EXPECT_EQ(random.next(), 1546998764402558742ull);
    EXPECT_EQ(random.next(), 6990951692964543102ull);
    EXPECT_EQ(fnv1a("davenport"), fnv1a("port", fnv1a("daven")));
}

TEST(Random, StreamsOfOneSeedDiffer) {
    std::set<std::uint64_t> firsts;
    for (const auto* name : {"a", "b", "ab", ""}) firsts.insert(Random::stream(7, name).next());
    EXPECT_EQ(firsts.size(), 4u);
    EXPECT_EQ(Random::stream(7, "a").next(), Random::stream(7, "a").next());
    EXPECT_NE(Random::stream(7, "a").next(), Random::stream(8, "a").next());
}

TEST(Random, StaysWithinItsBoundsAndReachesThem) {
    Random random{1};
    std::array<int, 5> seen{};
    for (int i = 0; i < 5000; ++i) ++seen[static_cast<std::size_t>(random.between(-2, 2) + 2)];
    for (const int count : seen) EXPECT_NEAR(count, 1000, 150);
    EXPECT_EQ(random.below(0), 0u);
    EXPECT_EQ(random.below(1), 0u);
    EXPECT_EQ(random.between(5, 5), 5);
}

TEST(Random, IsTrueAsOftenAsAsked) {
    Random random{1};
    int hits = 0;
    for (int i = 0; i < 100'000; ++i) hits += random.per_million(250'000) ? 1 : 0;
    EXPECT_NEAR(hits, 25'000, 1000);
    EXPECT_FALSE(random.per_million(0));
    EXPECT_TRUE(random.per_million(1'000'000));
}

}  // namespace
}  // namespace davenport::base
