#pragma once

#include <string>

namespace davenport::couchmock {

/// The table of faults in Markdown: what each does and takes, by default and within which bounds. It stands
/// between two marks in CONTROL.md, and `couchmock --faults` prints it.
std::string fault_reference();

}  // namespace davenport::couchmock
