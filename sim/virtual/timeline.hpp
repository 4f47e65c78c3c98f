#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "node/base/random.hpp"
#include "sim/scenario/scenario.hpp"

namespace sim::virtual_world {

using base::Time;

/// What is going to happen, earliest first; events of one moment in the order in which they were added.
template <class Event>
class Timeline {
public:
    void add(Time at, Event event) {
        std::uint32_t slot;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slots_.size());
            slots_.push_back(std::move(event));
        } else {
            slot = free_.back();
            free_.pop_back();
            slots_[slot] = std::move(event);
        }
        heap_.push_back({at, added_++, slot});
        std::push_heap(heap_.begin(), heap_.end(), later);
    }
    [[nodiscard]] bool empty() const { return heap_.empty(); }
    [[nodiscard]] Time next_at() const { return heap_.front().at; }
    Event take() {
        std::pop_heap(heap_.begin(), heap_.end(), later);
        const auto slot = heap_.back().slot;
        heap_.pop_back();
        free_.push_back(slot);
        return std::move(slots_[slot]);
    }

private:
    struct Entry {
        Time at;
        std::uint64_t added;
        std::uint32_t slot;  // the events themselves do not move while the heap is sorted
    };
    static bool later(const Entry& a, const Entry& b) { return a.at != b.at ? a.at > b.at : a.added > b.added; }

    std::vector<Entry> heap_;
    std::vector<Event> slots_;
    std::vector<std::uint32_t> free_;
    std::uint64_t added_ = 0;
};

/// One direction of a connection: every message takes its own time, and none overtakes.
class InOrder {
public:
    Time arrival(Time now, const Link& link, Duration extra, std::size_t bytes, base::Random& random) {
        auto took = Duration{random.between(link.latency.low.count(), link.latency.high.count())} + extra;
        if (link.bytes_per_second > 0)
            took += Duration{static_cast<std::int64_t>(bytes * 1'000'000 / link.bytes_per_second)};
        return last_ = std::max(last_, now + took);
    }

private:
    Time last_{};
};

}  // namespace sim::virtual_world
