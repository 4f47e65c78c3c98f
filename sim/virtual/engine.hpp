#pragma once

#include "node/base/random.hpp"
#include "node/base/time.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/virtual/events.hpp"
#include "sim/virtual/timeline.hpp"

#include <algorithm>
#include <utility>

namespace davenport::sim::virtual_world {

/// Virtual time, the events to come, the random draws, and the history.
///
/// Everything that happens is an event on the one timeline. Latencies, disk times and slices are drawn from
/// generators of their own, so one plan gives the same events, bit for bit, on every machine.
class Engine {
public:
    Engine(std::uint64_t seed, HistorySink& sink)
        : latencies{base::Random::stream(seed, "links")},
          disk_times{base::Random::stream(seed, "disks")},
          slices{base::Random::stream(seed, "slices")},
          losses{base::Random::stream(seed, "losses")},
          sink_{sink} {}

    const Time start{std::chrono::hours{1}};  ///< not zero, so that nobody takes a time for a duration
    Time now = start;
    Timeline<Event> timeline;
    base::Random latencies, disk_times, slices, losses;

    /// A machine's clocks; its wall clock may be wrong by `offset`.
    [[nodiscard]] base::Now clocks(Duration offset = {}) const {
        using namespace std::chrono_literals;
        constexpr base::WallTime begin{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + 12h};
        return {now, begin + elapsed() + offset};
    }
    [[nodiscard]] Duration elapsed() const { return now - start; }

    template <class E>
    void at(Time time, E&& event) {
        timeline.add(std::max(now, time), std::forward<E>(event));
    }
    template <class E>
    void soon(Duration after, E&& event) {
        timeline.add(now + after, std::forward<E>(event));
    }
    void tell_orchestrator(orchestrator::Event event) { soon(Duration{0}, ToOrchestrator{std::move(event)}); }

    /// Adds `record` to the history, at the present time.
    void note(Record&& record) {
        record.at_us = elapsed().count();
        sink_.add(record);
    }
    /// Adds a record that has its time.
    void add(const Record& record) { sink_.add(record); }

private:
    HistorySink& sink_;
};

}  // namespace davenport::sim::virtual_world
