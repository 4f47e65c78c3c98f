#pragma once

#include "sim/scenario/scenario.hpp"

#include <string>

namespace davenport::sim::search {

/// A scenario file that reads back as `scenario`, in the language's own words; what is at its default is left
/// out.
///
/// `comment` is put in front, line by line.
std::string scenario_text(const Scenario& scenario, const std::string& comment);

}  // namespace davenport::sim::search
