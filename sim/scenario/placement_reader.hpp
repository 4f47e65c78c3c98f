#pragma once

#include "sim/scenario/problem.hpp"
#include "sim/scenario/yaml_tree.hpp"

#include <map>
#include <string>
#include <vector>

namespace davenport::sim {

/// Reads `topology.placement`, { n1: [c1..c3, c7] }: the node of each client that it names.
std::map<std::string, std::string> read_placement(const Yaml& map, std::vector<Problem>& problems);

}  // namespace davenport::sim
