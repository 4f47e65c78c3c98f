#pragma once

#include "node/base/time.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace davenport::node {

/// Wrong passwords, by name. CouchDB (3.4 and later) locks a name out for this node's address after five
/// failures in five minutes; here a name is held back before that, so that a stranger's guesses end at the
/// node.
class FailedTries {
public:
    static constexpr std::size_t failures_max = 4;
    static constexpr base::Duration window = std::chrono::minutes{5};

    /// Nothing when `name` may be tried now, else how long it has to wait.
    [[nodiscard]] std::optional<base::Duration> held_back(const std::string& name, base::Time now) {
        const auto found = names_.find(name);
        if (found == names_.end()) return std::nullopt;
        auto& times = found->second;
        while (!times.empty() && times.front() + window <= now) times.pop_front();
        if (times.size() < failures_max) return std::nullopt;
        return times.front() + window - now;
    }
    /// A try counts from when it begins: those under way at once are as many.
    void begin(const std::string& name, base::Time now) {
        if (names_.size() >= names_max)
            std::erase_if(names_, [&](const auto& one) {
                return one.second.empty() || one.second.back() + window <= now;
            });
        if (names_.size() >= names_max) names_.erase(names_.begin());
        names_[name].push_back(now);
    }
    /// It was no failure.
    void take_back(const std::string& name) {
        const auto found = names_.find(name);
        if (found == names_.end()) return;
        if (!found->second.empty()) found->second.pop_back();
        if (found->second.empty()) names_.erase(found);
    }

private:
    static constexpr std::size_t names_max = 10'000;
    std::unordered_map<std::string, std::deque<base::Time>> names_;
};

}  // namespace davenport::node
