#pragma once

#include "node/base/random.hpp"
#include "sim/scenario/scenario.hpp"

#include <vector>

namespace davenport::sim {

/// When the messages of a load are due, from the load's beginning on, in order; all below `load.length`.
/// Integers only: libm's logarithm differs between machines, and these times are part of what a seed replays.
std::vector<Duration> arrival_times(const Load& load, base::Random& random);

/// -ln(u) for u uniform in (0, 1], in units of 2^-24: a draw from the exponential distribution with mean 1.
std::uint64_t draw_exponential_q24(base::Random& random);

}  // namespace davenport::sim
