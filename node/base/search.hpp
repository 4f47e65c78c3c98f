#pragma once

#include "node/base/chat_message.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace davenport::base {

/// What somebody looks for in what was said.
struct SearchQuery {
    std::string text;  ///< words, each found at the beginning of one in a message or its sender; "in quotes":
                       ///< words in a row
    std::string room;  ///< empty: all rooms
    std::int64_t before =
        std::numeric_limits<std::int64_t>::max();  ///< SearchAnswer::next of the page before
    std::size_t limit = 50;
};

struct SearchAnswer {
    std::vector<ChatMessage> messages;  ///< newest first
    std::int64_t next = 0;              ///< where older ones go on; 0: there are none
    bool whole = true;                  ///< false: there is more that could not be looked at just now
};

}  // namespace davenport::base
