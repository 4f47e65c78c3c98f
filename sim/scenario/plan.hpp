#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"

namespace sim {

/// A message that is due; times are since the start of the run.
struct PlannedSend {
    Duration due{};
    std::uint32_t client = 0;  ///< index: client "c1" is 0
    std::string room;
    int size_bytes = 0;
};

/// A fault that begins or ends.
struct Action {
    Duration at{};
    bool begin = true;
    std::size_t fault = 0;   ///< index in Plan::faults
};

/// One occurrence of a fault, with all that the seed decided.
struct PlannedFault {
    std::string name;   ///< unique in the plan: "outage", "outage#2"
    std::string kind;   ///< "store.down"
    Duration at{};
    Duration length{};  ///< 0: a moment
    bool lasting = false;  ///< until healing begins, when no length was given and the kind is not a moment
    std::string node;   ///< resolved: "n2", or empty
    std::string client;
    std::string when;   ///< still open: a condition decides the time; `at` is 0 then and there is no Action
    std::map<std::string, std::string> parameters;
    Location location;
};

/// A scenario and a seed, resolved: what a world performs. The same scenario and seed give the same plan everywhere.
struct Plan {
    std::uint64_t seed = 1;
    std::vector<PlannedSend> sends;    ///< by due time
    std::vector<PlannedFault> faults;
    std::vector<Action> actions;       ///< by time
    Duration load_end{};               ///< no message is due after this
    Duration heal_begin{};             ///< all faults end here at the latest
    Duration end{};                    ///< heal_begin + heal
};

Plan make_plan(const Scenario& scenario, std::uint64_t seed);

}  // namespace sim
