#include "node/core/clients/access.hpp"

namespace davenport::node {

std::optional<Refusal> Access::banned(std::string_view room, std::string_view person, base::Now now) const {
    const auto* ban = log_->policies().ban_in_force(room, person, now.wall);
    if (!ban) return std::nullopt;
    std::string reason{ban->room == base::everywhere ? "you are banned from this chat"
                                                     : "you are banned from this room"};
    if (!ban->reason.empty()) reason += ": " + ban->reason;
    Refusal out{"banned", std::move(reason)};
    if (ban->until_ms) out.until = base::iso8601(base::wall_from_unix_ms(*ban->until_ms));
    return out;
}

std::optional<Refusal> Access::to_read(std::string_view room, std::string_view person, base::Now now) const {
    return banned(room, person, now);
}

std::optional<Refusal> Access::to_write(std::string_view room, std::string_view person, base::Now now) const {
    return to_read(room, person, now);
}

}  // namespace davenport::node
