#include "sim/checker/facts.hpp"

#include <algorithm>

/// What records of changes add to the tables.
namespace davenport::sim::checker {

Index Facts::named(const Record& record) {
    if (!record.msg.empty()) return message_names.find(record.msg);
    if (record.id.empty()) return nobody;
    const auto found = changed_ids_.find(record.id);
    return found == changed_ids_.end() ? nobody : found->second;
}

void Facts::take_change(const Record& record) {
    const auto [place, is_new] = changes_by_key_.try_emplace(record.name, changes.size());
    if (is_new) {
        auto& added = changes.emplace_back();
        added.message = message(record.msg);
        added.key = record.name;
        added.count = record.count;
        added.sent_us = record.at_us;
        changed_ids_.emplace(record.id, added.message);
    }
    auto& change = changes[place->second];
    Index who{};
    const auto& sender = client(record.client, who);
    if (record.kind == RecordKind::change_accepted || record.kind == RecordKind::change_stored) {
        if (change.accepted_us < 0) {
            change.accepted_us = record.at_us;
            change.accepted_by = node(record, &sender);
            // The answer may have been on its way when what it tells of was destroyed.
            change.disk_lost = change.accepted_by < disk_wiped_us_.size() &&
                               disk_wiped_us_[change.accepted_by] >= change.sent_us;
        }
        if (record.kind == RecordKind::change_stored && change.stored_us < 0) change.stored_us = record.at_us;
    }
    if (record.kind == RecordKind::change_refused)
        change.refused = change.refused || is_for_a_policy(record.text);
    if (record.kind == RecordKind::change_superseded) change.superseded = true;
    if (record.kind == RecordKind::change_failed) change.failed = true;
}

void Facts::take_changed(const Record& record) {
    Index who{};
    const auto& c = client(record.client, who);
    showings.push_back({named(record), who, node(record, &c), record.count, record.at_us, record.flag});
}

/// Its key is just above that of what it replaced, and below all later ones.
void Facts::take_by_hand(const Record& record) {
    const auto [place, is_new] = changes_by_key_.try_emplace(record.name, changes.size());
    if (is_new) {
        auto& added = changes.emplace_back();
        added.message = message(record.msg);
        added.count = record.count;
        added.sent_us = record.at_us;
        added.by_hand = added.disk_lost = true;
        changed_ids_.emplace(record.id, added.message);
        return;
    }
    auto& change = changes[place->second];
    if (record.flag) return;
    change.accepted_us = change.stored_us = record.at_us;
    const auto before = std::ranges::find_if(changes, [&](const Change& other) {
        return other.message == change.message && other.count == record.count && &other != &change;
    });
    change.key = before == changes.end() ? "!" : before->key + '~';
    // Two edits by hand of one revision, in two stores: either may count.
    if (record.text == "conflict" && before != changes.end() && before->by_hand) change.key = before->key;
    if (change.count < 0) messages[change.message].deleted_by_hand = true;
}

void Facts::take_held(const Record& record, Index message, Index node) {
    if (message == nobody || changes.empty()) return;
    held.push_back({message, node, record.count, record.flag});
}

}  // namespace davenport::sim::checker
