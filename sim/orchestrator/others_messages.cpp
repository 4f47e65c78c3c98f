#include "sim/orchestrator/others_messages.hpp"

#include <algorithm>

namespace davenport::sim::orchestrator {

OthersMessages::OthersMessages(const Plan& plan) : share_{plan.share} {
    for (const auto& send : plan.others)
        if (send.what == Deed::post) due_us_[send.room].push_back(send.due.count());
}

void OthersMessages::add(const Record& record) {
    if (due_us_.empty()) return;
    if (record.kind == RecordKind::joined) {
        const auto room = due_us_.find(record.room);
        const auto [entry, is_new] = waiting_.try_emplace({record.client, record.room}, 0);
        if (room == due_us_.end() || !is_new) return;
        entry->second = room->second.end() - std::ranges::upper_bound(room->second, record.at_us);
        owed_ += entry->second;
    } else if (record.kind == RecordKind::shown && !share_.plays_name(record.msg)) {
        const auto entry = waiting_.find({record.client, record.room});
        if (entry == waiting_.end() || entry->second == 0) return;
        --entry->second;
        --owed_;
    }
}

}  // namespace davenport::sim::orchestrator
