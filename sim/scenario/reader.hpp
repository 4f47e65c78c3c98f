#pragma once

#include "sim/scenario/problem.hpp"
#include "sim/scenario/scenario.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim {

struct Reading {
    std::optional<Scenario> scenario;  ///< only when there is no problem
    std::vector<Problem> problems;
};

/// Reads a scenario strictly: every key known, every quantity with its unit, everything that is wrong
/// reported in one pass.
Reading read_scenario(std::string_view text, std::string_view file);

/// Sections with read errors: their fields hold defaults, so do not validate against them.
struct IncompleteSections {
    bool load = false;
    bool topology = false;
    /// Of topology the keys whose values are not known, as "nodes"; where `all` is true, none is.
    std::set<std::string, std::less<>> keys{};
    bool all = false;

    /// What the file says of this key of topology was read.
    [[nodiscard]] bool knows(std::string_view key) const { return !all && !keys.contains(key); }
};

/// What is read without a mistake and still makes no sense: a fault after the end, a node that does not
/// exist, an expectation on a phase that never happens, a threshold that cannot fail. Called by
/// read_scenario().
void validate(const Scenario& scenario, std::vector<Problem>& problems, IncompleteSections incomplete = {});

/// The faults that the process world cannot perform, each with a hint.
std::vector<Problem> not_in_process_world(const Scenario& scenario);

/// What only real nodes can be asked for, each with a hint.
std::vector<Problem> not_in_virtual_world(const Scenario& scenario);

/// What cannot be divided among several generators, each with a hint; `attached`: the nodes that run
/// elsewhere.
std::vector<Problem> not_among_generators(const Scenario& scenario, const std::set<std::string>& attached);

/// The faults that need libfaketime there, each with a hint, for a machine that does not have it.
std::vector<Problem> not_without_faketime(const Scenario& scenario);

/// The faults that only a store of our own suffers, each with a hint. `can_restart`: the run has commands
/// that kill the real one and start it again.
std::vector<Problem> not_on_a_real_store(const Scenario& scenario, bool can_restart);
/// What cannot be done to a NATS server, or to as many as the scenario has; `real`: not to the model of one.
std::vector<Problem> not_on_nats(const Scenario& scenario, bool real);

/// The nodes that a flag names and the scenario does not begin with.
std::vector<Problem> not_among_nodes(const Scenario& scenario, std::string_view flag,
                                     const std::set<std::string>& names);

/// What cannot be done to nodes that run elsewhere (`attached`, by name), or seen of them, each with a hint.
/// `has_control`: the run sets the faults of a couchmock in front of their store.
std::vector<Problem> not_at_attached_nodes(const Scenario& scenario, const std::set<std::string>& attached,
                                           bool has_control);

}  // namespace davenport::sim
