#pragma once

#include "node/base/random.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <vector>

namespace davenport::sim::search {

/// In what a neighbour differs from its parent.
enum class Change {
    several,   ///< in one to four things, of any kind
    moved,     ///< faults stand at other times
    added,     ///< it has some of the donor's faults as well
    reseeded,  ///< the network draws otherwise
    spliced,   ///< from some time on, the donor's faults in place of its own
};

/// A neighbour of a run: `parent` with one to four changes, of these kinds: a fault is moved (to another
/// time, or to one of `turning_points_us` of the parent's run), dropped, repeated, given another length or
/// another victim, or taken over from `donor`; or the run gets another seed, so that the network draws
/// otherwise. Where a change finds nothing to change, it gets another seed.
///
/// Both are explicit forms (explicit_form()) of one scenario; the result is one too, and make_plan() takes
/// it. Faults that wait for a condition, and new nodes, stay or go and are not moved.
Scenario mutate(const Scenario& parent, const Scenario& donor,
                const std::vector<std::int64_t>& turning_points_us, base::Random& random,
                Change how = Change::several);

}  // namespace davenport::sim::search
