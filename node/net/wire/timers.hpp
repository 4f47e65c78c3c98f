#pragma once

#include "node/net/wire/loop.hpp"
#include "node/net/wire/timer_queue.hpp"

#include <functional>
#include <utility>

#include <boost/asio/steady_timer.hpp>

namespace davenport::wire {

/// A core's timers, fired by the loop.
template <class Id>
class Timers {
public:
    Timers(Loop& loop, std::function<void(Id)> on_fired)
        : timer_(loop.context()), on_fired_(std::move(on_fired)) {}

    void set(Id id, base::Time at) {
        queue_.set(id, at);
        if (!firing_) arm();
    }

private:
    void arm() {
        const auto next = queue_.next();
        if (!next || (armed_ && *armed_ <= *next)) return;
        armed_ = next;
        timer_.expires_at(std::chrono::steady_clock::time_point{next->time_since_epoch()});
        timer_.async_wait([this](boost::system::error_code error) {
            if (!error) fire();
        });
    }

    void fire() {
        armed_.reset();
        firing_ = true;
        // As of one moment: a timer that is set for at once, again and again, must not keep everybody else
        // out.
        const auto now = Loop::now().time;
        while (const auto id = queue_.take(now)) on_fired_(*id);
        firing_ = false;
        arm();
    }

    asio::steady_timer timer_;
    std::function<void(Id)> on_fired_;
    TimerQueue<Id> queue_;
    std::optional<base::Time> armed_;
    bool firing_ = false;
};

}  // namespace davenport::wire
