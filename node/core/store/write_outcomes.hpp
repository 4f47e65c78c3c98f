#pragma once

#include "node/base/chat_message.hpp"

#include <optional>
#include <string>
#include <vector>

namespace davenport::node {

/// What became of a message that was written to the store as it was said.
struct WriteOutcome {
    std::string id;
    bool stored;             ///< else refused for good
    std::string reason;      ///< of the refusal
    bool was_there = false;  ///< stored, but not by this write: its row tells whether it is the same
    bool was_gone = false;   ///< stored over what somebody had deleted
};
using WriteOutcomes = std::vector<WriteOutcome>;

/// What became of a changed message's state.
struct ChangeOutcome {
    enum class Kind {
        stored,     ///< the store has it, or what counts as that
        overtaken,  ///< the store has `found`, which counts more
        refused,    ///< for good
    } kind;
    base::ChatMessage message;
    std::optional<base::ChatMessage> found{};  ///< or, stored, as a removal by the store: it is gone there
    std::string reason{};
    bool sent = false;      ///< to the store, and not only found there
    bool was_gone = false;  ///< overtaken, and written all the same, over what somebody had deleted
};
using ChangeOutcomes = std::vector<ChangeOutcome>;

}  // namespace davenport::node
