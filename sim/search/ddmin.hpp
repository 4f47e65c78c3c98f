#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace davenport::sim::search {

/// Delta debugging (Zeller): makes a list as short as it gets while it still fails.
///
/// `first_failing(candidates)` is given lists in the order of preference and says which of them fails, the
/// first one that does, or nothing. `items` itself fails. The result is 1-minimal: nothing can be taken out
/// alone (unless first_failing() gave up for want of time, and said nothing).
template <class Item, class FirstFailing>
std::vector<Item> ddmin(std::vector<Item> items, const FirstFailing& first_failing) {
    std::size_t parts = 2;
    while (items.size() > 1) {
        parts = std::min(parts, items.size());
        std::vector<std::vector<Item>> chunks, complements;
        for (std::size_t part = 0; part < parts; ++part) {
            const auto begin = items.begin() + static_cast<std::ptrdiff_t>(items.size() * part / parts);
            const auto end = items.begin() + static_cast<std::ptrdiff_t>(items.size() * (part + 1) / parts);
            chunks.emplace_back(begin, end);
            auto& rest = complements.emplace_back(items.begin(), begin);
            rest.insert(rest.end(), end, items.end());
        }
        auto candidates = chunks;
        if (parts > 2) candidates.insert(candidates.end(), complements.begin(), complements.end());
        if (const auto found = first_failing(candidates)) {
            parts = *found < chunks.size() ? 2 : parts - 1;
            items = std::move(candidates[*found]);
        } else if (parts == items.size()) {
            return items;
        } else {
            parts *= 2;
        }
    }
    if (items.size() == 1) {
        std::vector<std::vector<Item>> nothing(1);
        if (first_failing(nothing)) items.clear();
    }
    return items;
}

}  // namespace davenport::sim::search
