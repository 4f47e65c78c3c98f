#include "sim/orchestrator/placement.hpp"

#include "sim/scenario/plan.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {

std::vector<std::string> nodes_of(const Scenario& scenario) {
    std::vector<std::string> nodes;
    for (int i = 1; i <= scenario.topology.nodes; ++i) nodes.push_back(fmt::format("n{}", i));
    return nodes;
}

std::vector<std::string> rooms_of(const Scenario& scenario) {
    std::vector<std::string> rooms;
    for (int i = 1; i <= std::max(scenario.topology.rooms, 1); ++i) rooms.push_back(fmt::format("r{}", i));
    return rooms;
}

std::vector<Placement> placements_of(const Scenario& scenario) {
    std::vector<Placement> placements;
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(scenario.topology.clients); ++i)
        placements.push_back({fmt::format("c{}", i + 1),
                              home_of(scenario.topology, i),
                              {room_of(scenario.topology, i)},
                              is_polling(scenario.topology, i)});
    return placements;
}

}  // namespace davenport::sim::orchestrator
