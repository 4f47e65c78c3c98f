#include "sim/search/seed_ranges.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::search {

void SeedRanges::add(std::uint64_t first, std::uint64_t last) {
    // Whatever touches the new range becomes part of it.
    auto at = std::ranges::find_if(ranges_, [&](const Range& range) { return range.second + 1 >= first; });
    auto end = at;
    for (; end != ranges_.end() && end->first <= last + 1; ++end) {
        first = std::min(first, end->first);
        last = std::max(last, end->second);
    }
    ranges_.insert(ranges_.erase(at, end), {first, last});
}

SeedRanges SeedRanges::common_with(const SeedRanges& other) const {
    SeedRanges out;
    for (const auto& [first, last] : ranges_)
        for (const auto& [from, to] : other.ranges_)
            if (std::max(first, from) <= std::min(last, to))
                out.add(std::max(first, from), std::min(last, to));
    return out;
}

SeedRanges SeedRanges::without(const SeedRanges& other) const {
    SeedRanges out;
    for (const auto& [first, last] : ranges_) {
        auto from = first;
        bool done = false;
        for (const auto& [begin, end] : other.ranges_) {
            if (end < from || begin > last) continue;
            if (begin > from) out.add(from, begin - 1);
            done = end >= last;
            if (done) break;
            from = end + 1;
        }
        if (!done) out.add(from, last);
    }
    return out;
}

std::uint64_t SeedRanges::count() const {
    std::uint64_t count = 0;
    for (const auto& [first, last] : ranges_) count += last - first + 1;
    return count;
}

std::string SeedRanges::text(std::size_t ranges_max) const {
    std::string out;
    for (std::size_t i = 0; i < std::min(ranges_.size(), ranges_max); ++i) {
        const auto& [first, last] = ranges_[i];
        out += fmt::format("{}{}", out.empty() ? "" : ", ", first);
        if (last > first) out += fmt::format("..{}", last);
    }
    if (ranges_.size() > ranges_max) out += fmt::format(" and {} ranges more", ranges_.size() - ranges_max);
    return out;
}

}  // namespace davenport::sim::search
