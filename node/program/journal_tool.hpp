#pragma once

#include "node/program/options.hpp"

namespace davenport::node::program {

/// `chatnode journal ...`: prints to stdout, gives the exit code.
///
/// inspect, export and backup only read, also while the node runs. forget and restore want the journal for
/// themselves.
/// Errors: base::JournalError or std::invalid_argument, with one line that names the remedy.
int perform(const JournalCommand& command);

}  // namespace davenport::node::program
