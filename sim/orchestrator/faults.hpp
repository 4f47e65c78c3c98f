#pragma once

#include "sim/orchestrator/clients.hpp"
#include "sim/orchestrator/fault_states.hpp"
#include "sim/orchestrator/foreign.hpp"
#include "sim/orchestrator/nodes.hpp"
#include "sim/orchestrator/policies.hpp"
#include "sim/orchestrator/replication.hpp"
#include "sim/orchestrator/store_faults.hpp"
#include "sim/scenario/expression.hpp"

#include <functional>
#include <utility>
#include <vector>

namespace davenport::sim::orchestrator {

/// Begins and ends the faults of a plan: each by whoever knows its kind.
class Faults {
public:
    /// `on_change` is called when a fault is over, and when a node is up or gone.
    Faults(Context& context, const std::function<void()>& on_change);

    /// Only while the plan is played, and only once at a time.
    void begin(std::size_t fault);
    void end(std::size_t fault);
    /// How often a fault of the links or of a disk has hit; it is over.
    void on(const LinkTold& e);
    /// Begins the faults whose condition `record` meets, in a turn of its own.
    void watch(const Record& record);

    FaultStates states;
    StoreFaults store;
    Nodes nodes;
    Clients clients;
    Policies policies;
    Replication replication;
    Foreign foreign;

private:
    Context& context_;
    std::vector<std::pair<ConditionWatch, std::size_t>> conditions_;
};

}  // namespace davenport::sim::orchestrator
