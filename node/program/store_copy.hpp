#pragma once

#include "node/program/options.hpp"

namespace davenport::node::program {

/// `chatnode store copy`: brings a chat from one store into another, of any kind, while people chat in
/// either.
///
/// A node without clients reads the one store into a journal, and then is given the other one, which it fills
/// with what that has not. What the journal has of an earlier run and the first store has not goes there,
/// too. What was done stays in the journal: the same command goes on after it was interrupted, and brings
/// what was said since when it is run again.
///
/// Returns the exit code. Throws std::invalid_argument, std::runtime_error or base::JournalError with one
/// line.
int perform(const StoreCopyCommand& command);

}  // namespace davenport::node::program
