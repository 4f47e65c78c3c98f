#pragma once

#include "sim/orchestrator/fault_states.hpp"
#include "sim/orchestrator/nodes.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace davenport::sim::orchestrator {

/// The clients of a run: where each is, and the faults that hit it.
class Clients {
public:
    Clients(Context& context, FaultStates& states, const Nodes& nodes);

    void on_record(const Record& record);
    void begin(std::size_t fault);
    void end(std::size_t fault);
    /// Adds the clients that come with a node.join.
    void join(std::size_t fault, const std::string& node);

private:
    /// What the client is told, once; faults that last are told apart before.
    void tell(const PlannedFault& fault, client::Event event) {
        context_.add(Tell{fault.client, std::move(event)});
    }
    void begin_moment(const PlannedFault& fault);
    /// Whether the fault meets anything when it begins now.
    [[nodiscard]] bool touches(const PlannedFault& fault) const;

    Context& context_;
    FaultStates& states_;
    const Nodes& nodes_;
    std::map<std::string, std::string> client_at_;  ///< the node at which each client is, or was last
    std::set<std::string> connected_;
    std::set<std::string> answered_;  ///< those that have a message to repeat
    std::uint32_t count_;
};

}  // namespace davenport::sim::orchestrator
