#pragma once

#include "node/program/options.hpp"

namespace davenport::node::program {

/// `chatnode erase`: prints what it found to stdout and its progress to a terminal on stderr, gives the exit
/// code: 1 when the store refused some removals. Nodes may run, and people chat on.
///
/// Errors: std::invalid_argument (a mistake in the command) or ErasureError (the store), with one line that
/// names the remedy. Whatever was done by then stays done, and the same command goes on from there.
int perform(const EraseCommand& command);

}  // namespace davenport::node::program
