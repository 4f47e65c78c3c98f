#pragma once

#include "node/core/clients/members.hpp"
#include "node/core/clients/post_rules.hpp"
#include "node/core/log/commit_queue.hpp"

#include <optional>
#include <string_view>

namespace davenport::node {

/// Who may read and write in which room, by the policies that this node knows of. Each question costs two
/// look-ups, however many bans there are.
class Access {
public:
    Access(const CommitQueue& log, const Members& members) : log_{&log}, members_{&members} {}

    /// Why `person` (empty: nobody has a name) may not join the room and read in it; nothing: they may.
    [[nodiscard]] std::optional<Refusal> to_read(std::string_view room, std::string_view person,
                                                 base::Now now) const;
    /// Why they may not post there, nor change what they said there.
    [[nodiscard]] std::optional<Refusal> to_write(std::string_view room, std::string_view person,
                                                  base::Now now) const;

    /// The room's settings; nullptr: it has none.
    [[nodiscard]] const base::RoomSettings* settings(std::string_view room) const {
        return log_->policies().room(room);
    }
    /// There is some ban, or a room with settings.
    [[nodiscard]] bool any() const { return !log_->policies().empty(); }
    /// Moderators are bound by bans alone.
    [[nodiscard]] bool is_moderator(std::string_view person) const { return members_->is_moderator(person); }

private:
    [[nodiscard]] std::optional<Refusal> outside(const base::Circle& circle, std::string_view person,
                                                 Refusal refusal) const;
    [[nodiscard]] std::optional<Refusal> banned(std::string_view room, std::string_view person,
                                                base::Now now) const;

    const CommitQueue* log_;
    const Members* members_;
};

}  // namespace davenport::node
