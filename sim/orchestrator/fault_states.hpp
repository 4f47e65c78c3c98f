#pragma once

#include "sim/orchestrator/context.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace davenport::sim::orchestrator {

/// How far each fault of the plan is: not begun, on, ending, over. Begin and end of each are noted in the
/// history.
class FaultStates {
public:
    /// `on_finished` is called whenever a fault is over.
    FaultStates(Context& context, std::function<void()> on_finished)
        : context_{context}, on_finished_{std::move(on_finished)}, states_(context.plan.faults.size()) {}

    [[nodiscard]] const PlannedFault& planned(std::size_t fault) const { return context_.plan.faults[fault]; }
    /// It has neither a length nor an end: it begins and is over.
    [[nodiscard]] bool is_moment(std::size_t fault) const {
        return planned(fault).length == Duration{0} && !planned(fault).lasting;
    }
    [[nodiscard]] bool is_on(std::size_t fault) const { return states_[fault].on; }
    [[nodiscard]] bool is_ending(std::size_t fault) const { return states_[fault].ending; }
    [[nodiscard]] bool any_on() const { return std::ranges::any_of(states_, &State::on); }
    [[nodiscard]] std::size_t count() const { return states_.size(); }
    /// How often it has touched something so far.
    [[nodiscard]] std::int64_t& hits(std::size_t fault) { return states_[fault].hits; }

    void begin(std::size_t fault) {
        states_[fault].on = true;
        note(RecordKind::fault_on, fault, 0);
    }
    /// True once, while it is on: whoever is told so ends it.
    [[nodiscard]] bool claim_end(std::size_t fault) {
        if (!states_[fault].on || states_[fault].ending) return false;
        return states_[fault].ending = true;
    }
    /// It is over, and has touched something `hits` times; nothing when it was over before.
    void finish(std::size_t fault, std::int64_t hits) {
        if (!states_[fault].on) return;
        states_[fault].on = false;
        note(RecordKind::fault_off, fault, hits);
        on_finished_();
    }

private:
    struct State {
        bool on = false;
        bool ending = false;
        std::int64_t hits = 0;
    };
    void note(RecordKind kind, std::size_t fault, std::int64_t count) {
        Record record{.kind = kind};
        record.name = planned(fault).name;
        record.text = planned(fault).kind;
        record.node = planned(fault).node.empty() ? planned(fault).store : planned(fault).node;
        record.client = planned(fault).client;
        record.count = count;
        context_.note(std::move(record));
    }

    Context& context_;
    std::function<void()> on_finished_;
    std::vector<State> states_;
};

}  // namespace davenport::sim::orchestrator
