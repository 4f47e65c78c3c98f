#pragma once

#include "node/core/clients/presence_tracker.hpp"
#include "node/core/clients/rooms.hpp"
#include "node/core/clients/sessions.hpp"
#include "node/core/log/commit_queue.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace davenport::node {

/// Tells people of names that they may take for one another (`alike` in node/PROTOCOL.md): who comes with
/// such a name, and everybody who follows the room that it is known in. Nobody is refused for it: which of
/// two people has a right to a name, no node knows.
///
/// Known in a room are those who are there, at whichever node, who speak while somebody follows it here, and
/// the authors of its newest messages.
class LookAlikes {
public:
    LookAlikes(CommitQueue& log, const PresenceTracker& presence, Sessions& sessions, Rooms& rooms)
        : log_{&log}, presence_{&presence}, sessions_{&sessions}, rooms_{&rooms} {}

    /// The names known in that room that look like `name` and are others.
    [[nodiscard]] std::vector<std::string> alike(const std::string& room, std::string_view name);

    /// The end of a turn, when those who came follow their rooms.
    void pump();

private:
    void read_names(const std::string& room, KnownNames& into);
    KnownNames& names_of(Room& room);

    CommitQueue* log_;
    const PresenceTracker* presence_;
    Sessions* sessions_;
    Rooms* rooms_;
};

}  // namespace davenport::node
