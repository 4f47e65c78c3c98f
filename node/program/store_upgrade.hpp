#pragma once

#include "node/program/options.hpp"

namespace davenport::node::program {

/// `chatnode store upgrade`: from a moment on the ids of the chat are full ones. Its nodes learn of it within
/// seconds, from the store, while people chat; nodes of version 0.1 refuse the store from then on.
///
/// All nodes must know of it before that moment: one that cannot reach the store goes on with brief ids, and
/// who repeats a message of it elsewhere may have it there twice. So the moment is some minutes ahead.
///
/// Returns the exit code. Throws std::invalid_argument, std::runtime_error or base::JournalError with one
/// line.
int perform(const StoreUpgradeCommand& command);

}  // namespace davenport::node::program
