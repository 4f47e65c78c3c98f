#include "sim/conduct/awaited.hpp"

namespace sim::conduct {

void Awaited::take(const Record& record) {
    switch (record.what) {
        case What::joined: followers_[record.room].insert(record.client); break;
        case What::send: {
            auto& message = messages_[record.msg];
            if (message.sent) break;
            message.sent = true;
            message.waiting = followers_[record.room];
            break;
        }
        case What::accepted:
        case What::stored: {
            auto& message = messages_[record.msg];
            if (message.kept) break;
            message.kept = true;
            if (!record.id.empty()) kept_.insert(record.id);
            missing_ += message.waiting.size();
            break;
        }
        case What::failed: {  // nobody need be shown it any more
            auto& message = messages_[record.msg];
            if (message.kept) missing_ -= message.waiting.size();
            kept_.erase(record.id);
            message.waiting.clear();
            break;
        }
        case What::shown:
            last_shown_us_ = record.at_us;
            drop(messages_[record.msg], record.client);
            break;
        case What::repeated:
        case What::alien: last_shown_us_ = record.at_us; break;
        default: break;
    }
}

void Awaited::drop(Message& message, const std::string& client) {
    if (message.waiting.erase(client) > 0 && message.kept) --missing_;
}

}  // namespace sim::conduct
