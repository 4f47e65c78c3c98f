#pragma once

#include "sim/scenario/scenario.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace davenport::sim {

struct LoadedScenario {
    std::optional<Scenario> scenario;
    std::string errors;  ///< rendered, ready for the terminal; empty when there is a scenario
};

/// Reads a scenario file from disk, as strictly as read_scenario().
LoadedScenario load_scenario(const std::filesystem::path& file);

}  // namespace davenport::sim
