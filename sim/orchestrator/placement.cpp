#include "sim/orchestrator/placement.hpp"

#include "sim/scenario/parameters.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {

std::vector<std::string> nodes_of(const Scenario& scenario) {
    std::vector<std::string> nodes;
    for (int i = 1; i <= scenario.topology.nodes; ++i) nodes.push_back(fmt::format("n{}", i));
    return nodes;
}

namespace {

bool expects(const Scenario& scenario, std::string_view property) {
    return std::ranges::find(scenario.expect, property, &Expectation::property) != scenario.expect.end();
}

}  // namespace

bool clients_search(const Scenario& scenario) { return expects(scenario, "search"); }

bool clients_turn_pages(const Scenario& scenario) { return expects(scenario, "pages"); }

bool clients_look_round(const Scenario& scenario) { return expects(scenario, "people"); }

int history_page(const Scenario& scenario) {
    constexpr int usual = 500, small = 7;  // so small that short runs have many
    return expects(scenario, "whole_history") || clients_turn_pages(scenario) ? small : usual;
}

bool clients_watch(const Scenario& scenario, const Plan& plan) {
    if (expects(scenario, "no_silence")) return true;
    return std::ranges::any_of(plan.faults, [](const PlannedFault& fault) {
        return (fault.kind == "link.half_open" || fault.kind == "link.idle_cut") &&
               parameter_or(fault.parameters, "link", std::string{}) == "client-node";
    });
}

bool looks_at_queues(const Scenario& scenario) {
    return std::ranges::any_of(
        scenario.expect, [](const Expectation& line) { return line.property.starts_with("max(queued"); });
}

std::vector<std::string> rooms_of(const Scenario& scenario) {
    std::vector<std::string> rooms;
    for (int i = 1; i <= std::max(scenario.topology.rooms, 1); ++i) rooms.push_back(fmt::format("r{}", i));
    return rooms;
}

std::vector<Placement> placements_of(const Scenario& scenario, const Share& share) {
    std::vector<Placement> placements;
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(scenario.topology.clients); ++i) {
        if (!share.plays(i)) continue;
        placements.push_back({fmt::format("c{}", i + 1), home_of(scenario.topology, i),
                              sim::rooms_of(scenario.topology, i), is_polling(scenario.topology, i),
                              arrival_of(scenario.topology, i)});
    }
    return placements;
}

}  // namespace davenport::sim::orchestrator
