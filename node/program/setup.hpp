#pragma once

#include "node/net/chat_driver.hpp"
#include "node/program/options.hpp"

namespace davenport::node::program {

/// What a node is made of, from what was asked for: addresses read, files looked at, passwords found.
///
/// Throws std::invalid_argument with one line for each mistake, which names the option and the remedy.
ChatDriver::Config set_up(const Options& options);

}  // namespace davenport::node::program
