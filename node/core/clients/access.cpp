#include "node/core/clients/access.hpp"

#include "node/base/names.hpp"

#include <algorithm>

namespace davenport::node {
namespace {

constexpr std::int64_t roles_come_after_ms = 1000;

}  // namespace

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

std::optional<Refusal> Access::outside(const base::Circle& circle, std::string_view person,
                                       Refusal refusal) const {
    // Where names are free, anybody could bear a member's.
    if (!members_->required() || person.empty()) return refusal;
    if (members_->is_moderator(person) || circle.names.contains(base::folded_name(person)))
        return std::nullopt;
    if (circle.roles.empty()) return refusal;
    const auto* roles = members_->roles(person);
    if (!roles && members_->awaits_roles(person))
        return Refusal{"not_now", "this node has not heard yet which roles you have: try again",
                       roles_come_after_ms};
    if (roles && std::ranges::any_of(circle.roles, [&](const auto& role) { return roles->contains(role); }))
        return std::nullopt;
    return refusal;
}

std::optional<Refusal> Access::to_read(std::string_view room, std::string_view person, base::Now now) const {
    if (auto refusal = banned(room, person, now)) return refusal;
    const auto* its = settings(room);
    if (!its || !its->readers) return std::nullopt;
    return outside(*its->readers, person, {"not_a_member", "this room is for its members"});
}

std::optional<Refusal> Access::to_write(std::string_view room, std::string_view person, base::Now now) const {
    if (auto refusal = to_read(room, person, now)) return refusal;
    const auto* its = settings(room);
    if (!its || !its->writers) return std::nullopt;
    return outside(*its->writers, person, {"read_only", "in this room only some may write"});
}

}  // namespace davenport::node
