#pragma once

namespace davenport::base {

/// Version and commit of this build, as "0.1.0 (4f2a9c01d3e7)"; without the commit where there was no
/// repository.
const char* version();

}  // namespace davenport::base
