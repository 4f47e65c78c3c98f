#include "node/core/log/held_changes.hpp"

#include <utility>

namespace davenport::node {

PendingMessage& HeldChanges::add(base::JournalEntry entry) {
    const auto id = entry.message.id();
    changed_.insert(hash(id));
    auto& all = held_[std::string{id}];
    for (auto& before : all) before.overtaken = true;
    auto& added = all.emplace_back();
    added.stored = !entry.stored_in.empty();
    added.entry = std::move(entry);
    return added;
}

HeldChanges::OfOne* HeldChanges::of(std::string_view id) {
    if (held_.empty()) return nullptr;
    const auto found = held_.find(id);
    return found == held_.end() ? nullptr : &found->second;
}

PendingMessage* HeldChanges::last(std::string_view id) {
    auto* all = of(id);
    return all ? &all->back() : nullptr;
}

const PendingMessage* HeldChanges::last(std::string_view id) const {
    const auto found = held_.find(id);
    return found == held_.end() ? nullptr : &found->second.back();
}

void HeldChanges::erase(const PendingMessage& change) {
    const auto found = held_.find(change.entry.message.id());
    if (found == held_.end()) return;
    std::erase_if(found->second, [&](const PendingMessage& one) { return &one == &change; });
    if (found->second.empty()) held_.erase(found);
}

}  // namespace davenport::node
