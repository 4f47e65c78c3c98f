#include "sim/search/trial.hpp"

#include "sim/world.hpp"

#include <algorithm>

namespace davenport::sim::search {

namespace {

/// Counts what a trial is about.
class Counter final : public HistorySink {
public:
    explicit Counter(Trial& trial) : trial_{trial} {}

    void add(const Record& record) override {
        if (record.kind == RecordKind::send && record.count == 1) ++trial_.sends;
        if (record.kind == RecordKind::shown) ++trial_.deliveries;
        trial_.length_us = std::max(trial_.length_us, record.at_us);
    }

private:
    Trial& trial_;
};

}  // namespace

bool Trial::fails_as(const Failure& failure) const {
    return std::ranges::find(failures, failure) != failures.end();
}

Trial try_plan(const Scenario& scenario, const Plan& plan, SituationCoverage* marks, HistorySink* also,
               const std::atomic<bool>* interrupted) {
    Trial trial;
    checker::Judge judge{scenario, plan};
    std::optional<SituationWatcher> watcher;
    if (marks) watcher.emplace(*marks);
    Counter counter{trial};
    HistoryFanout sinks;
    sinks.join(judge);
    if (watcher) sinks.join(*watcher);
    if (also) sinks.join(*also);
    sinks.join(counter);
    WorldOptions options;
    options.interrupted = interrupted;
    const auto result = run_virtual(scenario, plan, sinks, options);
    trial.verdict = judge.finish();
    trial.failures = failures_of(trial.verdict);
    trial.event_hash = result.event_hash;
    trial.events = result.events;
    trial.broken = result.broken;
    return trial;
}

}  // namespace davenport::sim::search
