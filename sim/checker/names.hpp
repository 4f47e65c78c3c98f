#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>

namespace davenport::sim::checker {

using Index = std::uint32_t;
inline constexpr Index nobody = std::numeric_limits<Index>::max();

/// Numbers for names, from 0 in the order of first mention, so that what is kept for a delivery is small and
/// flat. The map is only ever asked, never walked: no order leaks from it.
class Names {
public:
    /// The number of `name`, a new one when it was never mentioned.
    Index number(std::string_view name) {
        if (const auto known = numbers_.find(name); known != numbers_.end()) return known->second;
        const auto& kept = names_.emplace_back(name);
        const auto next = static_cast<Index>(names_.size() - 1);
        numbers_.emplace(std::string_view{kept}, next);
        return next;
    }
    /// Its number, or `nobody`.
    [[nodiscard]] Index find(std::string_view name) const {
        const auto known = numbers_.find(name);
        return known == numbers_.end() ? nobody : known->second;
    }
    [[nodiscard]] std::string_view operator[](Index number) const {
        return number < names_.size() ? std::string_view{names_[number]} : std::string_view{"?"};
    }
    [[nodiscard]] std::size_t size() const { return names_.size(); }

private:
    std::deque<std::string> names_;  // a deque: the views in the map stay valid
    boost::unordered_flat_map<std::string_view, Index> numbers_;
};

}  // namespace davenport::sim::checker
