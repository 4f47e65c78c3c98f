#pragma once

#include "sim/checker/judge.hpp"
#include "sim/scenario/plan.hpp"

#include <cstddef>
#include <string>

namespace davenport::sim::search {

/// What happened round the messages that the evidence names, in order of time, a line each:
///
///     1.000 s  c1 sends c1-1 to r1 by n1
///     1.002 s  c1 is told by n1 that c1-1 is accepted
///     1.500 s  n1 is killed (node.kill begins)
///
/// Runs the plan once more to see it. Bounded: the rest is counted.
std::string story_of(const Scenario& scenario, const Plan& plan, const checker::Finding& finding,
                     std::size_t lines_max = 30);

}  // namespace davenport::sim::search
