#include "node/core/log/policies.hpp"

#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"

#include <algorithm>
#include <tuple>

namespace davenport::node {

Policies::Policies(base::JournalView& journal) {
    base::JsonReader reader;
    for (auto& kept : journal.policies()) {
        const auto body = reader.read(kept.body);
        if (!body) continue;
        auto reading = base::read_policy(kept.id, *body);
        const auto [place, added] = held_.try_emplace(kept.id);
        place->second = {std::move(kept.body), std::move(reading.policy), std::move(kept.revision),
                         std::move(kept.stored_in), 0};
        add_to_index(place);
    }
}

const HeldPolicy* Policies::find(std::string_view id) const {
    const auto found = held_.find(id);
    return found == held_.end() ? nullptr : &found->second;
}

std::vector<std::string> Policies::ids() const {
    std::vector<std::string> out;
    out.reserve(held_.size());
    for (const auto& [id, one] : held_) out.push_back(id);
    return out;
}

// ---- what changes

void Policies::set(const std::string& id, std::string body, std::optional<base::Policy> policy,
                   std::string revision, base::Generation stored_in) {
    const auto [place, added] = held_.try_emplace(id);
    if (!added) {
        note_change(place->second);
        take_from_index(place);
    }
    place->second = {std::move(body), std::move(policy), std::move(revision), std::move(stored_in),
                     ++version_};
    add_to_index(place);
    note_change(place->second);
    waiting_.insert(id);
}

void Policies::mark_stored(std::string_view id, std::string revision, const base::Generation& generation) {
    const auto found = held_.find(id);
    if (found == held_.end()) return;
    found->second.revision = std::move(revision);
    found->second.stored_in = generation;
    waiting_.emplace(id);
}

void Policies::erase(std::string_view id) {
    const auto found = held_.find(id);
    if (found == held_.end()) return;
    ++version_;
    note_change(found->second);
    take_from_index(found);
    waiting_.emplace(id);
    held_.erase(found);
}

void Policies::note_change(const HeldPolicy& one) {
    if (!one.policy) return;
    if (const auto* ban = std::get_if<base::Ban>(&one.policy->what)) {
        changed_.insert(ban->room);
        return;
    }
    const auto& room = std::get<base::RoomSettings>(one.policy->what).room;
    changed_.insert(room);
    changed_settings_.insert(room);
}

void Policies::add_to_index(std::map<std::string, HeldPolicy, std::less<>>::const_iterator one) {
    const auto& policy = one->second.policy;
    if (!policy) return;
    if (const auto* ban = std::get_if<base::Ban>(&policy->what))
        bans_[base::ban_subject(ban->room, ban->name)].push_back(one);
    else if (const auto* settings = std::get_if<base::RoomSettings>(&policy->what))
        rooms_[settings->room] = settings;
}

void Policies::take_from_index(std::map<std::string, HeldPolicy, std::less<>>::const_iterator one) {
    const auto& policy = one->second.policy;
    if (!policy) return;
    if (const auto* settings = std::get_if<base::RoomSettings>(&policy->what)) {
        rooms_.erase(settings->room);
        return;
    }
    const auto& ban = ban_of(one->second);
    const auto subject = bans_.find(base::ban_subject(ban.room, ban.name));
    if (subject == bans_.end()) return;
    std::erase(subject->second, one);
    if (subject->second.empty()) bans_.erase(subject);
}

// ---- what counts

/// By key; of equal ones, as of several that were made by hand, one that is not lifted.
const HeldPolicy& Policies::first_of(const Subject& subject) {
    const auto rank = [](const auto& one) {
        return std::tuple{one->second.key(), !ban_of(one->second).lifted, std::string_view{one->first}};
    };
    return (*std::ranges::max_element(subject, {}, rank))->second;
}

const base::Ban* Policies::ban(std::string_view room, std::string_view name) const {
    if (bans_.empty()) return nullptr;
    const auto found = bans_.find(base::ban_subject(room, name));
    return found == bans_.end() ? nullptr : &ban_of(first_of(found->second));
}

const base::Ban* Policies::ban_in_force(std::string_view room, std::string_view name,
                                        base::WallTime now) const {
    if (bans_.empty() || name.empty()) return nullptr;
    for (const auto where : {base::everywhere, room})
        if (const auto* one = ban(where, name); one && one->in_force(now)) return one;
    return nullptr;
}

std::string_view Policies::ban_key(std::string_view room, std::string_view name) const {
    const auto found = bans_.find(base::ban_subject(room, name));
    return found == bans_.end() ? std::string_view{} : first_of(found->second).key();
}

std::vector<const base::Ban*> Policies::bans(std::string_view room, std::string_view after, std::size_t limit,
                                             base::WallTime now) const {
    std::vector<const base::Ban*> out;
    const auto lead = std::string{room} + '\n';
    auto at = after.empty() ? bans_.lower_bound(lead) : bans_.upper_bound(base::ban_subject(room, after));
    for (; at != bans_.end() && at->first.starts_with(lead) && out.size() < limit; ++at)
        if (const auto& one = ban_of(first_of(at->second)); one.in_force(now)) out.push_back(&one);
    return out;
}

std::size_t Policies::count_bans(base::WallTime now) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        bans_, [&](const auto& subject) { return ban_of(first_of(subject.second)).in_force(now); }));
}

const base::RoomSettings* Policies::room(std::string_view room) const {
    const auto found = rooms_.find(room);
    return found == rooms_.end() ? nullptr : found->second;
}

std::map<std::string, std::int64_t> Policies::retention_days() const {
    std::map<std::string, std::int64_t> out;
    for (const auto& [room, settings] : rooms_)
        if (settings->retention_days > 0) out.emplace(room, settings->retention_days);
    return out;
}

// ---- to the disk

std::vector<base::JournalPolicy> Policies::take_batch() {
    std::vector<base::JournalPolicy> out;
    under_way_ = std::exchange(waiting_, {});
    version_under_way_ = version_;
    out.reserve(under_way_.size());
    for (const auto& id : under_way_)
        if (const auto* one = find(id))
            out.push_back({id, one->body, one->revision, one->stored_in});
        else
            out.push_back({id, {}, {}, {}});
    return out;
}

void Policies::committed() {
    if (under_way_.empty()) return;
    under_way_.clear();
    committed_version_ = version_under_way_;
}

void Policies::not_committed() {
    if (!under_way_.empty()) DAVENPORT_MARK("a commit of policies fails");
    waiting_.merge(std::exchange(under_way_, {}));
}

}  // namespace davenport::node
