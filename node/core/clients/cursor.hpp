#pragma once

#include "node/base/journal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::node {

/// How far a client has been shown a room, as it is handed to the client and back: opaque to it, and good at
/// any node.
struct Cursor {
    std::string journal;          ///< uuid of the journal that `n` counts in
    std::uint64_t n = 0;          ///< everything up to this arrival there was shown
    base::Generation generation;  ///< of the store that `place` belongs to; empty when none was read yet
    std::string place;            ///< everything that the store told up to here was shown
    std::string position;         ///< the newest place in the room's history at that time
    bool gap = false;             ///< what lies between `place` and `n` may be missing still
    std::string run{};            ///< the life of that journal's node in which `n` was told
    std::string mark{};           ///< names the message that stood at `n`: mark_of(its id)

    [[nodiscard]] std::string text() const;
    /// Nothing when `text` was not made by text() (of a version that this one knows).
    static std::optional<Cursor> parse(std::string_view text);
    friend bool operator==(const Cursor&, const Cursor&) = default;
};

/// Some letters that hardly two ids share; empty for an empty id.
std::string mark_of(std::string_view id);

}  // namespace davenport::node
