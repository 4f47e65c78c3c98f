#include "sim/virtual/model_journal.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace davenport::sim::virtual_world {

using base::JournalEntry;

void ModelJournal::sync() {
    for (auto& batch : written_) apply(std::move(batch), nullptr);
    written_.clear();
    shown_.clear();
}

void ModelJournal::show() {
    for (auto& batch : written_) {
        auto& undo = shown_.emplace_back(Undo{entries_.size(), {}, checkpoint_, uuid_});
        apply(std::move(batch), &undo);
    }
    written_.clear();
}

void ModelJournal::crash() {
    written_.clear();
    std::for_each(shown_.rbegin(), shown_.rend(), [&](Undo& record) { take_back(record); });
    shown_.clear();
}

void ModelJournal::apply(base::JournalBatch&& batch, Undo* undo) {
    std::set<std::string, std::less<>> changed_now;
    for (auto& given : batch.entries) {
        const bool known = contains(given.message.id());
        if (!given.is_change()) {
            if (!known) add(std::move(given));
        } else if (known) {
            changed_now.emplace(given.message.id());
            replace(std::move(given), undo);
        }
    }
    for (const auto& id : batch.stored) {
        const auto found = by_id_.find(id);
        if (found == by_id_.end() || changed_now.contains(id)) continue;
        if (undo) undo->stored_before.emplace_back(found->second, entries_[found->second].stored_in);
        set_stored_in(found->second, batch.stored_generation);
    }
    if (batch.checkpoint) checkpoint_ = std::move(batch.checkpoint);
    if (!batch.uuid.empty()) uuid_ = std::move(batch.uuid);
    if (undo && !batch.policies.empty()) undo->policies_before = policies_;
    for (auto& policy : batch.policies)
        if (policy.body.empty())
            policies_.erase(policy.id);
        else
            policies_[policy.id] = policy;
}

void ModelJournal::add(JournalEntry&& entry) {
    entries_.push_back(std::move(entry));
    put_in_place(entries_.size() - 1);
}

void ModelJournal::replace(JournalEntry&& change, Undo* undo) {
    const auto index = by_id_.find(change.message.id())->second;
    take_from_place(index);
    change.accepted_here = entries_[index].accepted_here;
    JournalEntry old;
    std::swap(old, entries_[index]);
    ++replaced_count_;
    if (undo) undo->replaced.emplace_back(index, std::move(old));
    add(std::move(change));
}

/// Where an entry stands by its id, its place and its store.
void ModelJournal::put_in_place(std::size_t index) {
    const auto& entry = entries_[index];
    by_id_.emplace(entry.message.id(), index);
    order_.insert(first_after(entry.arrival), index);
    auto found = rooms_.find(entry.message.room());
    if (found == rooms_.end()) found = rooms_.try_emplace(std::string{entry.message.room()}).first;
    auto& room = found->second;
    room.insert(place_of(room, entry.message.position(), entry.message.id()), index);
    ++stored_count_[entry.stored_in];
}

void ModelJournal::take_from_place(std::size_t index) {
    const auto& entry = entries_[index];
    by_id_.erase(entry.message.id());
    order_.erase(first_after(entry.arrival - 1));
    auto& room = rooms_.find(entry.message.room())->second;
    room.erase(place_of(room, entry.message.position(), entry.message.id()));
    --stored_count_[entry.stored_in];
}

void ModelJournal::take_back(Undo& record) {
    const auto& changes = record.stored_before;
    for (auto change = changes.rbegin(); change != changes.rend(); ++change)
        set_stored_in(change->first, change->second);
    while (entries_.size() > record.entries_before) {
        const auto index = entries_.size() - 1;
        const bool is_change = entries_[index].is_change();
        take_from_place(index);
        entries_.pop_back();
        if (!is_change) continue;
        auto& [before, old] = record.replaced.back();
        entries_[before] = std::move(old);
        put_in_place(before);
        --replaced_count_;
        record.replaced.pop_back();
    }
    checkpoint_ = record.checkpoint_before;
    uuid_ = record.uuid_before;
    if (record.policies_before) policies_ = std::move(*record.policies_before);
}

ModelJournal::ByPosition::iterator ModelJournal::place_of(ByPosition& room, std::string_view position,
                                                          std::string_view id) const {
    const auto is_before = [&](std::size_t index) {
        const auto& message = entries_[index].message;
        const auto order = message.position().compare(position);
        return order != 0 ? order < 0 : message.id() < id;
    };
    if (room.empty() || is_before(room.back())) return room.end();
    return std::ranges::partition_point(room, is_before);
}

void ModelJournal::set_stored_in(std::size_t index, const base::Generation& generation) {
    auto& stored_in = entries_[index].stored_in;
    --stored_count_[stored_in];
    ++stored_count_[generation];
    stored_in = generation;
}

std::vector<std::size_t>::const_iterator ModelJournal::first_after(std::uint64_t arrival) const {
    const auto arrival_of = [&](std::size_t index) { return entries_[index].arrival; };
    if (order_.empty() || arrival_of(order_.back()) <= arrival) return order_.end();
    return std::ranges::upper_bound(order_, arrival, {}, arrival_of);
}

base::JournalView::State ModelJournal::state() {
    return {uuid_, order_.empty() ? 0 : entries_[order_.back()].arrival, checkpoint_};
}

std::uint64_t ModelJournal::first_arrival() {
    if (order_.empty()) return 0;
    auto first = entries_[order_.front()].arrival;
    for (const auto index : order_) first = std::min(first, entries_[index].first_arrival());
    return first;
}

bool ModelJournal::contains(std::string_view id) { return by_id_.contains(id); }

std::optional<JournalEntry> ModelJournal::find(std::string_view id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return std::nullopt;
    return entries_[found->second];
}

std::vector<JournalEntry> ModelJournal::page(std::string_view room, std::string_view before,
                                             std::size_t limit) {
    std::vector<JournalEntry> out;
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) return out;
    auto& by_position = found->second;
    auto it = before.empty() ? by_position.end() : place_of(by_position, before, {});
    out.reserve(std::min(limit, static_cast<std::size_t>(it - by_position.begin())));
    while (it != by_position.begin() && out.size() < limit) out.push_back(entries_[*--it]);
    return out;
}

std::vector<JournalEntry> ModelJournal::after(std::string_view room, std::uint64_t arrival,
                                              std::size_t limit) {
    std::vector<JournalEntry> out;
    for (auto i = first_after(arrival); i != order_.end() && out.size() < limit; ++i)
        if (room.empty() || entries_[*i].message.room() == room) out.push_back(entries_[*i]);
    return out;
}

std::vector<base::JournalRoom> ModelJournal::rooms(std::string_view after, std::size_t limit) {
    std::vector<base::JournalRoom> out;
    for (auto room = rooms_.upper_bound(after); room != rooms_.end() && out.size() < limit; ++room)
        if (!room->second.empty())
            out.push_back({room->first, std::string{entries_[room->second.back()].message.position()}});
    return out;
}

std::vector<JournalEntry> ModelJournal::not_stored_in(const base::Generation& generation,
                                                      std::uint64_t arrival, std::size_t limit) {
    std::vector<JournalEntry> out;
    for (auto i = first_after(arrival); i != order_.end() && out.size() < limit; ++i)
        if (entries_[*i].stored_in != generation) out.push_back(entries_[*i]);
    return out;
}

std::size_t ModelJournal::count_not_stored_in(const base::Generation& generation) {
    const auto found = stored_count_.find(generation);
    return size() - (found == stored_count_.end() ? 0 : found->second);
}

std::vector<std::string> ModelJournal::changed() {
    std::vector<std::string> out;
    for (const auto& entry : entries_)
        if (entry.message.changed()) out.emplace_back(entry.message.id());
    return out;
}

std::vector<base::JournalPolicy> ModelJournal::policies() {
    std::vector<base::JournalPolicy> out;
    for (const auto& [id, policy] : policies_) out.push_back(policy);
    return out;
}

}  // namespace davenport::sim::virtual_world
