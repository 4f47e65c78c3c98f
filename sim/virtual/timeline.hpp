#pragma once

#include "node/base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace davenport::sim::virtual_world {

using base::Time;

/// What is going to happen, earliest first; events of one moment in the order in which they were added.
template <class Event>
class Timeline {
public:
    /// `event`: an Event, or whatever one can be made of; it is made in its place.
    template <class E>
    void add(Time at, E&& event) {
        std::uint32_t slot;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slots_.size());
            slots_.emplace_back(std::forward<E>(event));
        } else {
            slot = free_.back();
            free_.pop_back();
            slots_[slot] = std::forward<E>(event);
        }
        heap_.push_back({at, added_++, slot});
        std::push_heap(heap_.begin(), heap_.end(), later);
    }
    [[nodiscard]] bool empty() const { return heap_.empty(); }
    [[nodiscard]] Time next_at() const { return heap_.front().at; }
    /// Removes the first event and calls `use` with it where it is: what is added meanwhile does not move it.
    template <class Use>
    void pop(const Use& use) {
        std::pop_heap(heap_.begin(), heap_.end(), later);
        const auto slot = heap_.back().slot;
        heap_.pop_back();
        use(slots_[slot]);
        free_.push_back(slot);
    }

private:
    struct Entry {
        Time at;
        std::uint64_t added;
        std::uint32_t slot;  // the events themselves do not move while the heap is sorted
    };
    static bool later(const Entry& a, const Entry& b) {
        return a.at != b.at ? a.at > b.at : a.added > b.added;
    }

    std::vector<Entry> heap_;
    std::deque<Event> slots_;
    std::vector<std::uint32_t> free_;
    std::uint64_t added_ = 0;
};

}  // namespace davenport::sim::virtual_world
