#pragma once

#include <cstddef>
#include <string>

namespace davenport::mutants {

/// Sweeps the scenario until a run fails as `property`. True when one does within the seeds that it has; says
/// on stdout how. Unless `shrunk_to` is 0 the run is shrunk as well, and no more than so many events must be
/// left of it.
bool find(const std::string& scenario_file, const std::string& property, std::size_t shrunk_to);

/// Sweeps the scenario with all these seeds. True when no run fails; says on stdout which did.
bool survive(const std::string& scenario_file);

}  // namespace davenport::mutants
