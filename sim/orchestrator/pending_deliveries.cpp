#include "sim/orchestrator/pending_deliveries.hpp"

#include <algorithm>

namespace davenport::sim::orchestrator {
namespace {

constexpr std::uint32_t shown_mark = 1u << 31;

}  // namespace

void PendingDeliveries::add(const Record& record) {
    switch (record.kind) {
        case RecordKind::joined: {
            auto& followers = followers_[record.room];
            const auto client = number_of(record.client);
            const auto place = std::ranges::lower_bound(followers, client);
            if (place == followers.end() || *place != client) followers.insert(place, client);
            break;
        }
        case RecordKind::send: {
            auto& message = messages_[record.msg];
            if (message.sent) break;
            message.sent = true;
            message.waiting = followers_[record.room];
            message.missing = message.waiting.size();
            break;
        }
        case RecordKind::accepted:
        case RecordKind::stored: {
            auto& message = messages_[record.msg];
            if (message.kept) break;
            message.kept = true;
            if (!record.id.empty()) kept_.insert(record.id);
            missing_ += message.missing;
            break;
        }
        case RecordKind::failed: {  // nobody need be shown it any more
            auto& message = messages_[record.msg];
            if (message.kept) missing_ -= message.missing;
            kept_.erase(record.id);
            message.waiting.clear();
            message.missing = 0;
            break;
        }
        case RecordKind::shown: {
            last_shown_us_ = record.at_us;
            if (!share_.plays_name(record.msg)) kept_.insert(record.id);
            const auto removed = record.msg.empty() ? changed_.find(record.id) : changed_.end();
            drop(messages_[removed == changed_.end() ? record.msg : removed->second.message],
                 number_of(record.client));
            break;
        }
        case RecordKind::change_sent:
            changed_[record.id].message = record.msg;
            break;
        case RecordKind::change_failed:
            changed_[record.id].failed = true;
            break;
        case RecordKind::changed: {
            last_shown_us_ = record.at_us;
            auto& changes = changed_[record.id];
            auto& version = changes.versions[number_of(record.client)];
            version = std::max(version, record.name);
            changes.newest = std::max(changes.newest, version);
            changes.shown_us = record.at_us;
            break;
        }
        case RecordKind::by_hand_done: {
            if (record.flag) break;
            auto& changes = changed_[record.id];
            changes.message = record.msg;
            changes.by_hand_us = record.at_us;
            if (record.text != "delete" && record.text != "purge") break;
            gone_.insert(record.id);
            kept_.erase(record.id);
            break;
        }
        case RecordKind::repeated:
        case RecordKind::phantom:
            last_shown_us_ = record.at_us;
            break;
        default:
            break;
    }
}

bool PendingDeliveries::has_missing_changes() const {
    return std::ranges::any_of(changed_, [&](const auto& entry) {
        const Changes& changes = entry.second;
        const bool owed_by_hand = changes.by_hand_us > changes.shown_us;
        if (changes.failed || (changes.newest.empty() && !owed_by_hand)) return false;
        const auto is_behind = [&](const auto& shown) { return shown.second < changes.newest; };
        if (std::ranges::any_of(changes.versions, is_behind)) return true;
        const auto message = messages_.find(changes.message);
        return message != messages_.end() && std::ranges::any_of(message->second.waiting, [&](Client client) {
                   return (client & shown_mark) != 0 &&
                          (owed_by_hand || !changes.versions.contains(client & ~shown_mark));
               });
    });
}

PendingDeliveries::Client PendingDeliveries::number_of(const std::string& client) {
    return clients_.try_emplace(client, static_cast<Client>(clients_.size())).first->second;
}

void PendingDeliveries::drop(Message& message, Client client) {
    const auto place =
        std::ranges::lower_bound(message.waiting, client, {}, [](Client who) { return who & ~shown_mark; });
    if (place == message.waiting.end() || (*place & ~shown_mark) != client) {
        message.waiting.insert(place, client | shown_mark);  // nobody owed it this; what becomes of it, yes
        return;
    }
    if ((*place & shown_mark) != 0) return;
    *place |= shown_mark;
    --message.missing;
    if (message.kept) --missing_;
}

}  // namespace davenport::sim::orchestrator
