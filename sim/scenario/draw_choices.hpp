#pragma once

#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace davenport::sim {

/// What `seed` draws where the scenario has a list: key and value, in the file's order. The same on every
/// machine.
std::vector<std::pair<std::string, Value>> choices_of(const Scenario& scenario, std::uint64_t seed);

/// The scenario with these in place and no choices left: what plans are made of, and worlds play.
Scenario draw_choices(Scenario scenario, std::uint64_t seed);

}  // namespace davenport::sim
