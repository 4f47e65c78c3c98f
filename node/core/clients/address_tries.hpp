#pragma once

#include "node/base/text.hpp"
#include "node/base/time.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace davenport::node {

/// How often each address may try to sign in, over all its connections and under whatever names: five times
/// in any second. From this machine a proxy may speak for everybody: there only names are counted.
class AddressTries {
public:
    static constexpr std::size_t per_second = 5;

    /// Nothing when one may try now, else how long to wait.
    std::optional<base::Duration> take(const std::string& address, base::Time now) {
        if (base::is_loopback_address(address)) return std::nullopt;
        if (tries_.size() >= addresses_max)
            std::erase_if(tries_, [&](const auto& one) { return one.second.back() + window <= now; });
        if (tries_.size() >= addresses_max && !tries_.contains(address)) return window;
        auto& times = tries_[address];
        while (!times.empty() && times.front() + window <= now) times.pop_front();
        if (times.size() >= per_second) return times.front() + window - now;
        times.push_back(now);
        return std::nullopt;
    }

private:
    static constexpr base::Duration window = std::chrono::seconds{1};
    static constexpr std::size_t addresses_max = 10'000;
    std::unordered_map<std::string, std::deque<base::Time>> tries_;  ///< none is empty
};

}  // namespace davenport::node
