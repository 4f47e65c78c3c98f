#pragma once

#include "sim/scenario/scenario.hpp"

#include <string>
#include <vector>

/// The nodes, rooms and clients that a scenario begins with.
namespace davenport::sim::orchestrator {

/// Where a client connects, and which rooms it follows.
struct Placement {
    std::string client;
    std::string node;
    std::vector<std::string> rooms;
    bool polling = false;
};

std::vector<std::string> nodes_of(const Scenario& scenario);
std::vector<Placement> placements_of(const Scenario& scenario);
std::vector<std::string> rooms_of(const Scenario& scenario);

}  // namespace davenport::sim::orchestrator
