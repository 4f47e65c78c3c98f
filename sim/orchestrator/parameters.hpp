#pragma once

#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace davenport::sim::orchestrator {

/// A fault's parameter `key`, a time in milliseconds; nothing when it has none.
inline std::optional<Duration> ms_parameter(const PlannedFault& fault, const std::string& key) {
    const auto found = fault.parameters.find(key);
    if (found == fault.parameters.end()) return std::nullopt;
    return Duration{static_cast<std::int64_t>(std::stod(found->second) * 1000)};
}

inline int int_parameter(const PlannedFault& fault, const std::string& key, int otherwise) {
    const auto found = fault.parameters.find(key);
    return found == fault.parameters.end() ? otherwise : std::stoi(found->second);
}

}  // namespace davenport::sim::orchestrator
