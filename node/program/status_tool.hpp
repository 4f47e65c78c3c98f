#pragma once

#include "node/program/options.hpp"

#include <string>
#include <string_view>

namespace davenport::node::program {

/// `chatnode status [URL]`: asks a running node how it is, prints one fact a line to stdout.
///
/// Exit codes: 0 when the node takes posts (also while its store is away), 1 when it takes none, 2 when no
/// node answers within five seconds; why is told on stderr. Errors: std::invalid_argument for a URL that is
/// none.
int perform(const StatusCommand& command);

/// What a node's `/readyz` answered, one fact a line, in words; what stands there and is not known here is
/// left out. Empty when `body` is no such answer.
std::string tell_readiness(std::string_view body);

}  // namespace davenport::node::program
