#include "sim/checker/audience.hpp"

#include <algorithm>

namespace davenport::sim::checker {

void for_each_reach(const Facts& facts, const std::function<void(const Reach&)>& visit) {
    constexpr std::uint32_t not_shown = 0;
    std::vector<std::uint32_t> shown_at(facts.clients.size(),
                                        not_shown);  // one more than the delivery's index
    Reach reach;
    for (Index number = 0; number < facts.messages.size(); ++number) {
        const auto& message = facts.messages[number];
        reach.message = number;
        reach.audience = reach.away = 0;
        reach.last_us = never;
        reach.missing.clear();
        reach.shown.clear();
        reach.twice.clear();
        const auto deliveries = facts.deliveries_of_message(number);
        for (const auto index : deliveries) {
            auto& slot = shown_at[facts.deliveries[index].client];
            if (slot != not_shown) {
                reach.twice.push_back(index);
            } else {
                slot = index + 1;
            }
        }
        if (message.room != nobody && message.sent_seq != 0) {
            for (const auto& follower : facts.rooms[message.room].followers) {
                if (follower.seq >= message.sent_seq) break;  // they are in order of joining
                ++reach.audience;
                if (const auto slot = shown_at[follower.client]; slot != not_shown) {
                    reach.shown.push_back(slot - 1);
                    reach.last_us = std::max(reach.last_us, facts.deliveries[slot - 1].at_us);
                } else if (facts.clients[follower.client].connected_at_end) {
                    reach.missing.push_back(follower.client);
                } else {
                    ++reach.away;
                }
            }
        }
        for (const auto index : deliveries) shown_at[facts.deliveries[index].client] = not_shown;
        visit(reach);
    }
}

}  // namespace davenport::sim::checker
