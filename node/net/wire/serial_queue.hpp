#pragma once

#include <deque>
#include <functional>
#include <utility>

namespace davenport::wire {

/// Hands events to a state machine one at a time, in order.
///
/// A machine must not be entered while the effects of its last event are still performed, yet performing one
/// can cause the next event at once (a socket that closes, a request that is answered from memory). Such an
/// event waits here. This is not an event loop: it never waits for anything, and everything happens within
/// the outermost push().
///
/// Threads: one.
template <class Event>
class SerialQueue {
public:
    explicit SerialQueue(std::function<void(Event)> handle) : handle_(std::move(handle)) {}

    /// Handles `event` now, or after the one that is being handled.
    void push(Event event) {
        events_.push_back(std::move(event));
        if (busy_) return;
        busy_ = true;
        work_off();
        busy_ = false;
    }

    /// Does `work` as if it were an event: what it causes waits until it is done.
    template <class Work>
    void run(Work work) {
        busy_ = true;
        work();
        work_off();
        busy_ = false;
    }

private:
    void work_off() {
        while (!events_.empty()) {
            auto event = std::move(events_.front());
            events_.pop_front();
            handle_(std::move(event));
        }
    }

    std::function<void(Event)> handle_;
    std::deque<Event> events_;
    bool busy_ = false;
};

}  // namespace davenport::wire
