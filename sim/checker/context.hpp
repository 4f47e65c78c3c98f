#pragma once

#include "sim/checker/facts.hpp"
#include "sim/checker/judge.hpp"

#include <string>
#include <vector>

namespace davenport::sim::checker {

/// What happened round the first message, client or node that a finding's evidence names: faults, state
/// changes of nodes, and what the nodes wrote to their logs then, in order of time; for people, and bounded.
/// Empty for a finding that passed, or names nobody.
std::vector<std::string> context_of(const Facts& facts, const Finding& finding);

}  // namespace davenport::sim::checker
