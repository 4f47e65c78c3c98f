#pragma once

#include "node/base/time.hpp"

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace davenport::sim::process {

/// Alarms by key; setting one again moves it.
template <class Key>
class Alarms {
public:
    void set(const Key& key, base::Time at) {
        cancel(key);
        by_key_.emplace(key, at);
        by_time_.emplace(at, key);
    }
    void cancel(const Key& key) {
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) return;
        by_time_.erase({found->second, key});
        by_key_.erase(found);
    }
    /// When the next one rings, if any.
    [[nodiscard]] std::optional<base::Time> next() const {
        if (by_time_.empty()) return std::nullopt;
        return by_time_.begin()->first;
    }
    /// Takes out the earliest of those that are due.
    std::optional<Key> take_due(base::Time now) {
        if (by_time_.empty() || by_time_.begin()->first > now) return std::nullopt;
        auto key = by_time_.begin()->second;
        cancel(key);
        return key;
    }

private:
    std::map<Key, base::Time> by_key_;
    std::set<std::pair<base::Time, Key>> by_time_;
};

}  // namespace davenport::sim::process
