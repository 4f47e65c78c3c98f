#pragma once

#include "node/base/names.hpp"
#include "node/base/time.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::node {

/// When each person last posted in the rooms that have a slow mode: here, or at another node as far as the
/// store's feed has told. By this node's monotonic clock.
class SlowMode {
public:
    /// How long this person has to wait still; nothing: they may post.
    [[nodiscard]] std::optional<base::Duration> wait(std::string_view room, std::string_view person,
                                                     base::Duration pause, base::Time now) const {
        const auto found = last_.find(room);
        if (found == last_.end()) return std::nullopt;
        const auto one = found->second.find(base::folded_name(person));
        if (one == found->second.end() || now >= one->second + pause) return std::nullopt;
        return one->second + pause - now;
    }
    void posted(std::string_view room, std::string_view person, base::Duration pause, base::Time now) {
        auto& people = last_[std::string{room}];
        if (people.size() >= people_max)
            std::erase_if(people, [&](const auto& one) { return now >= one.second + pause; });
        if (people.size() < people_max) people[base::folded_name(person)] = now;
    }

private:
    static constexpr std::size_t people_max = 10'000;  ///< of one room
    std::map<std::string, std::map<std::string, base::Time, std::less<>>, std::less<>> last_;
};

}  // namespace davenport::node
