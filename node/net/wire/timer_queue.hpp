#pragma once

#include "node/base/time.hpp"

#include <functional>
#include <optional>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

namespace davenport::wire {

/// A core's timers, soonest first. Setting one again moves it.
///
/// A timer that is put off again and again (a feed's heartbeat, with every row) costs one entry, not one for
/// each time: the entry that it has is left where it is and looked at when its time comes.
///
/// Without a clock: whoever owns it waits until next() and then asks for what is due.
template <class Id>
class TimerQueue {
public:
    void set(Id id, base::Time at) {
        auto [it, is_new] = set_.try_emplace(id, Times{at, at});
        it->second.wanted = at;
        if (!is_new && it->second.queued <= at) return;
        it->second.queued = at;
        order_.emplace(at, id);
    }

    /// When the soonest timer is due; the owner may be woken too early, never too late.
    [[nodiscard]] std::optional<base::Time> next() const {
        if (order_.empty()) return std::nullopt;
        return order_.top().first;
    }

    /// Takes the soonest timer if it is due.
    std::optional<Id> take(base::Time now) {
        while (!order_.empty() && order_.top().first <= now) {
            const auto [at, id] = order_.top();
            order_.pop();
            const auto found = set_.find(id);
            if (found == set_.end() || found->second.queued != at)
                continue;  // it was moved to an earlier time
            if (found->second.wanted <= now) {
                set_.erase(found);
                return id;
            }
            found->second.queued = found->second.wanted;
            order_.emplace(found->second.wanted, id);
        }
        return std::nullopt;
    }

    /// Entries held, moved ones with them.
    [[nodiscard]] std::size_t size() const { return order_.size(); }

private:
    using Entry = std::pair<base::Time, Id>;
    struct Times {
        base::Time wanted, queued;
    };
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> order_;
    std::unordered_map<Id, Times> set_;
};

}  // namespace davenport::wire
