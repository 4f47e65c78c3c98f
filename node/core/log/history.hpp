#pragma once

#include "node/core/log/commit_queue.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace davenport::node {

/// A stretch of a room's history, newest first.
struct HistoryPage {
    std::vector<base::ChatMessage> messages;
    bool more = false;  ///< there are older ones
};

/// Puts the last change that was shown in the place of each message.
void with_shown_changes(CommitQueue& log, std::vector<base::ChatMessage>& messages);

/// The newest messages of a room whose position is below `before` (all when empty), at most `limit`. What was
/// shown is among them, on the disk or not.
HistoryPage read_history(CommitQueue& log, std::string_view room, std::string_view before, std::size_t limit);

}  // namespace davenport::node
