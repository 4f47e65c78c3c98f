#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace davenport::sim::search {

/// A set of seeds, as ranges with both ends included, in order and apart from each other.
class SeedRanges {
public:
    using Range = std::pair<std::uint64_t, std::uint64_t>;

    void add(std::uint64_t first, std::uint64_t last);
    void add(std::uint64_t seed) { add(seed, seed); }
    void add(const SeedRanges& other) {
        for (const auto& [first, last] : other.ranges_) add(first, last);
    }
    /// What both have.
    [[nodiscard]] SeedRanges common_with(const SeedRanges& other) const;
    /// What this has and `other` lacks.
    [[nodiscard]] SeedRanges without(const SeedRanges& other) const;
    [[nodiscard]] bool empty() const { return ranges_.empty(); }
    [[nodiscard]] std::uint64_t count() const;
    [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
    /// "1..40, 57, 61..80"; at most `ranges_max` of them, then "and 3 ranges more".
    [[nodiscard]] std::string text(std::size_t ranges_max = 10) const;

private:
    std::vector<Range> ranges_;
};

}  // namespace davenport::sim::search
