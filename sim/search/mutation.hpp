#pragma once

#include "node/base/random.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <vector>

namespace davenport::sim::search {

/// A neighbour of a run: `parent` with one to four changes, of these kinds: a fault is moved (to another
/// time, or to one of `turning_points_us` of the parent's run), dropped, repeated, given another length or
/// another victim, or taken over from `donor`; or the run gets another seed, so that the network draws
/// otherwise.
///
/// Both are explicit forms (explicit_form()) of one scenario; the result is one too, and make_plan() takes
/// it. Faults that wait for a condition, and new nodes, stay or go and are not moved.
Scenario mutate(const Scenario& parent, const Scenario& donor,
                const std::vector<std::int64_t>& turning_points_us, base::Random& random);

}  // namespace davenport::sim::search
