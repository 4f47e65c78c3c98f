#pragma once

#include "node/base/time.hpp"

#include <functional>
#include <map>
#include <utility>

namespace davenport::sim::orchestrator {

using base::Duration;

/// What is to be done later, by the time of the run; things of one moment in the order in which they were
/// added.
class Agenda {
public:
    using Todo = std::function<void()>;

    void at(Duration time, Todo todo) { todos_.emplace(time, std::move(todo)); }
    /// Duration::max() when nothing is left to do.
    [[nodiscard]] Duration next() const { return todos_.empty() ? Duration::max() : todos_.begin()->first; }
    /// Does all that is due, and all that is added meanwhile and is due too.
    void run_due(Duration now) {
        while (next() <= now) {
            const auto todo = std::move(todos_.begin()->second);
            todos_.erase(todos_.begin());
            todo();
        }
    }
    void clear() { todos_.clear(); }

private:
    std::multimap<Duration, Todo> todos_;
};

}  // namespace davenport::sim::orchestrator
