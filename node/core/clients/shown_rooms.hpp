#pragma once

#include "node/base/chat_message.hpp"
#include "node/base/journal.hpp"
#include "node/core/log/commit_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::node {

/// A room as clients may be shown it: what the journal has up to the watermark, and what is on its way to the
/// disk and shown already, each with the change that counts.
class ShownRooms {
public:
    /// `page_rows`: how many of the journal are read at once. `page_bytes_max`: of a list's texts, about.
    ShownRooms(CommitQueue& log, std::size_t page_rows, std::size_t page_bytes_max)
        : page_rows_{page_rows}, page_bytes_max_{page_bytes_max}, log_{&log} {}

    /// The newest `most` of a room, fewer if their texts are long, the oldest first.
    [[nodiscard]] std::vector<base::ChatMessage> newest_of(std::string_view room, std::size_t most) const;
    /// Of the messages whose position is above `from`, in their order; the last of a few thousand.
    [[nodiscard]] std::deque<std::string> ids_above(std::string_view room, std::string_view from) const;
    /// The message as this node has it, on the disk or on its way there.
    [[nodiscard]] std::optional<base::JournalEntry> find(std::string_view id) const;
    /// The message as this node shows it, where that counts more than what the store told, which may not have
    /// yet what became of it here.
    [[nodiscard]] base::ChatMessage as_known(const base::ChatMessage& message) const;
    /// The highest position that is shown in the room; empty when there is none.
    [[nodiscard]] std::string top_position(std::string_view room) const;
    /// The same of what had arrived up to `n`.
    [[nodiscard]] std::string newest_seen(std::string_view room, std::uint64_t n) const;

private:
    std::size_t page_rows_, page_bytes_max_;
    CommitQueue* log_;
};

}  // namespace davenport::node
