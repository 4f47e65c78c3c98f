#pragma once

#include "sim/scenario/plan.hpp"

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
    Duration at{};  ///< when it comes; those of the beginning are added by the world, the others by orders
};

/// Connections of clients can die without a word in this plan, or are expected to be told of, so clients
/// watch them.
bool clients_watch(const Scenario& scenario, const Plan& plan);
/// Who is in the rooms is judged.
bool clients_search(const Scenario& scenario);

/// Whether somebody reads the nodes' histories while the plan is played.
bool clients_turn_pages(const Scenario& scenario);
bool clients_look_round(const Scenario& scenario);
/// How many messages a page has when a node's history is read at the end.
int history_page(const Scenario& scenario);

/// What waits for clients at the nodes is judged.
bool looks_at_queues(const Scenario& scenario);

std::vector<std::string> nodes_of(const Scenario& scenario);
std::vector<Placement> placements_of(const Scenario& scenario, const Share& share = {});
std::vector<std::string> rooms_of(const Scenario& scenario);

}  // namespace davenport::sim::orchestrator
