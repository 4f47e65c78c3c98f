#pragma once

#include "sim/scenario/problem.hpp"
#include "sim/scenario/scenario.hpp"

#include <string>
#include <vector>

namespace davenport::sim::program {

/// What the command line says of a scenario's store.
struct StoreChoice {
    std::string store = "couchmock";  ///< as the scenario has it; nats: a NATS server, whatever it has
    int nats_servers = 0;             ///< 0: as many as the scenario has
};

/// " --store nats --nats-servers 3", for a line that repeats a run; empty when nothing was said.
std::string flags_of(const StoreChoice& choice);
/// What is wrong with the choice itself, for the virtual world; empty when it is valid.
std::string bad_choice(const StoreChoice& choice);

bool is_on_nats(const Scenario& scenario, const StoreChoice& choice);
/// The scenario with its store as it was chosen.
Scenario with_store(Scenario scenario, const StoreChoice& choice);
/// What the scenario asks of the chosen store that it cannot do; `real`: a real one, not a model.
std::vector<Problem> not_on_chosen_store(const Scenario& scenario, const StoreChoice& choice, bool real);

/// The virtual world can play the scenario on the chosen store; otherwise stderr says why not.
bool is_possible(const Scenario& scenario, const StoreChoice& choice);

/// Prints problems with their places. Returns true when there are any.
bool print_problems(const Scenario& scenario, const std::vector<Problem>& problems);

}  // namespace davenport::sim::program
