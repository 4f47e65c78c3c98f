#include "node/net/recent_ids.hpp"

#include "node/base/message_id.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node {

void RecentIds::add(const std::vector<std::string_view>& ids) {
    const std::lock_guard lock{mutex_};
    for (const auto id : ids) {
        const auto parts = base::parse_message_id(id);
        if (!parts || parts->letters <= floor_) continue;
        young_.ids.emplace(id);
        if (parts->letters > young_.highest) young_.highest = parts->letters;
        if (young_.ids.size() < generation_) continue;
        floor_ = std::max(floor_, old_.highest);
        old_ = std::exchange(young_, {});
    }
}

RecentIds::Answer RecentIds::look_up(std::string_view id) const {
    const auto parts = base::parse_message_id(id);
    if (!parts) return Answer::unknown;
    const std::lock_guard lock{mutex_};
    if (parts->letters <= floor_) return Answer::unknown;
    return young_.ids.contains(id) || old_.ids.contains(id) ? Answer::present : Answer::absent;
}

}  // namespace davenport::node
