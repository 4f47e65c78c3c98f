#include "couchmock/core/cluster.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::couchmock {

Cluster::Cluster(int members) : members_(static_cast<std::size_t>(std::max(members, 1))) {}

std::size_t Cluster::count_up() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(members_, [](const Member& member) { return member.away_for.empty(); }));
}

std::optional<MemberIndex> Cluster::choose() {
    for (std::size_t tried = 0; tried < members_.size(); ++tried) {
        const auto member = turn_++ % members_.size();
        if (is_up(member)) return member;
    }
    return std::nullopt;
}

Replicas Cluster::replicas(MemberIndex first, std::size_t count) const {
    Replicas out;
    for (std::size_t i = 0; i < members_.size() && out.size() < count; ++i)
        if (const auto member = (first + i) % members_.size(); is_up(member)) out.push_back(member);
    return out;
}

bool Cluster::take_away(MemberIndex member, std::uint64_t by) {
    const bool was_up = is_up(member);
    members_[member].away_for.insert(by);
    members_[member].healed_at.reset();
    return was_up;
}

std::vector<MemberIndex> Cluster::give_back(std::uint64_t by, base::Duration lag, base::Time now) {
    std::vector<MemberIndex> back;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        auto& member = members_[i];
        if (member.away_for.erase(by) == 0 || !member.away_for.empty()) continue;
        member.healed_at = now + lag;
        back.push_back(i);
    }
    return back;
}

std::optional<base::Time> Cluster::deadline() const {
    std::optional<base::Time> first;
    for (const auto& member : members_)
        if (member.healed_at && (!first || *member.healed_at < *first)) first = member.healed_at;
    return first;
}

std::vector<MemberIndex> Cluster::take_healed(base::Time now) {
    std::vector<MemberIndex> healed;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        if (!members_[i].healed_at || *members_[i].healed_at > now) continue;
        members_[i].healed_at.reset();
        healed.push_back(i);
    }
    return healed;
}

std::vector<bool> Cluster::up() const {
    std::vector<bool> out;
    for (const auto& member : members_) out.push_back(member.away_for.empty());
    return out;
}

std::string Cluster::name_of(MemberIndex member) { return fmt::format("node{}@127.0.0.1", member + 1); }

}  // namespace davenport::couchmock
