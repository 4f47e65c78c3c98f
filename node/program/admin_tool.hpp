#pragma once

#include "node/program/admin_command.hpp"

namespace davenport::node::program {

/// `chatnode admin ...`: prints what was asked for, or what was done, to stdout. Nodes may run: they follow
/// the store.
///
/// Exit codes: 0 when it is done, or was so already; 2 when the store does not answer within some seconds,
/// told on stderr. Errors: std::invalid_argument (a mistake in the command) or AdminError (the store refuses,
/// or there is nothing of that name), with one line that names the remedy.
int perform(const AdminCommand& command);

}  // namespace davenport::node::program
