#pragma once

#include <string>

namespace davenport::mutants {

/// Sweeps the scenario until a run fails as `property`. True when one does within the seeds that it has; says
/// on stdout how. With `shrunk` the run is shrunk as well, and what is left of it must be few events.
bool find(const std::string& scenario_file, const std::string& property, bool shrunk);

/// Sweeps the scenario with all these seeds. True when no run fails; says on stdout which did.
bool survive(const std::string& scenario_file);

}  // namespace davenport::mutants
