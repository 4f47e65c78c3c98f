#pragma once

#include "node/core/commit_queue.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace davenport::node {

/// Appends the newest messages of a room below a position, as JSON members: `"messages":[...],"more":true`;
/// newest first. What was shown is there, on the disk or not. At most about `bytes_max` bytes of it: there is
/// more, then.
void append_history_members(std::string& out, CommitQueue& commit_queue, std::string_view room,
                            std::string_view before, std::size_t limit, std::size_t bytes_max);

}  // namespace davenport::node
