#pragma once

#include <string>

namespace davenport::mutants {

/// Plays a scenario in the virtual world and compares it with its baseline. True when it passed and still is
/// worse than the baseline, by the requests to the store for each message; says on stdout what was found.
bool worse(const std::string& scenario_file, const std::string& baseline);

}  // namespace davenport::mutants
