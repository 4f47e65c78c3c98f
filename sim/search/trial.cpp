#include "sim/search/trial.hpp"

#include "sim/world.hpp"

#include <algorithm>

namespace davenport::sim::search {

namespace {

/// Passes records on to all who want them, and counts.
class Witness final : public HistorySink {
public:
    Witness(Trial& trial, checker::Judge& judge, SituationWatcher* marks, HistorySink* also)
        : trial_{trial}, judge_{judge}, marks_{marks}, also_{also} {}

    void add(const Record& record) override {
        judge_.add(record);
        if (marks_) marks_->add(record);
        if (also_) also_->add(record);
        if (record.what == RecordKind::send && record.count == 1) ++trial_.sends;
        if (record.what == RecordKind::shown) ++trial_.deliveries;
        trial_.length_us = std::max(trial_.length_us, record.at_us);
    }

private:
    Trial& trial_;
    checker::Judge& judge_;
    SituationWatcher* marks_;
    HistorySink* also_;
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
    Witness witness{trial, judge, watcher ? &*watcher : nullptr, also};
    WorldOptions options;
    options.interrupted = interrupted;
    const auto result = run_virtual(scenario, plan, witness, options);
    trial.verdict = judge.finish();
    trial.failures = failures_of(trial.verdict);
    trial.event_hash = result.event_hash;
    trial.events = result.events;
    trial.broken = result.broken;
    return trial;
}

}  // namespace davenport::sim::search
