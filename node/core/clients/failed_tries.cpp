#include "node/core/clients/failed_tries.hpp"

#include "node/base/text.hpp"

#include <algorithm>

namespace davenport::node {

std::optional<base::Duration> FailedTries::held_back(const std::string& name, bool is_known, base::Time now) {
    const auto found = names_.find(name);
    if (found == names_.end()) return std::nullopt;
    auto& times = found->second;
    while (!times.empty() && times.front() + window <= now) times.pop_front();
    const auto most = is_known ? failures_max : failures_max_of_strangers;
    if (times.size() < most) return std::nullopt;
    return times[times.size() - most] + window - now;
}

void FailedTries::begin(const std::string& name, base::Time now) {
    if (names_.size() >= names_max && !names_.contains(name)) make_room(now);
    names_[name].push_back(now);
}

void FailedTries::make_room(base::Time now) {
    std::erase_if(names_,
                  [&](const auto& one) { return one.second.empty() || one.second.back() + window <= now; });
    if (names_.size() < names_max) return;
    // The one with the fewest failures, and of those the oldest: names by the thousand must not make a name
    // forgotten that is being guessed at.
    names_.erase(std::ranges::min_element(names_, {}, [](const auto& one) {
        return std::pair{one.second.size(), one.second.back()};
    }));
}

void FailedTries::take_back(const std::string& name, base::Time began) {
    const auto found = names_.find(name);
    if (found == names_.end()) return;
    auto& times = found->second;
    if (const auto own = std::ranges::find(times, began); own != times.end()) times.erase(own);
    if (times.empty()) names_.erase(found);
}

void FailedTries::remember(const std::string& name, const std::string& address) {
    if (base::is_loopback_address(address)) return;
    if (known_addresses_.size() >= known_names_max && !known_addresses_.contains(name))
        known_addresses_.erase(known_addresses_.begin());
    auto& addresses = known_addresses_[name];
    std::erase(addresses, address);
    addresses.push_back(address);
    if (addresses.size() > known_addresses_max) addresses.pop_front();
}

bool FailedTries::is_known(const std::string& name, const std::string& address) const {
    const auto found = known_addresses_.find(name);
    return found != known_addresses_.end() &&
           std::ranges::find(found->second, address) != found->second.end();
}

}  // namespace davenport::node
