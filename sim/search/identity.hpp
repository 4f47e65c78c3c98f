#pragma once

#include "sim/scenario/scenario.hpp"

#include <string>

/// What tells two scenarios apart, whatever their files are called and however they are written: 16 hex
/// digits each, for results that are compared or added up. Name, about, seed and comments do not count.
namespace davenport::sim::search {

/// Of what is played: topology with its choices, links, load, timeline, heal.
std::string experiment_id(const Scenario& scenario);

/// Of what is played and what is expected of it.
std::string scenario_id(const Scenario& scenario);

}  // namespace davenport::sim::search
