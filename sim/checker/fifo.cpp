#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <fmt/format.h>

namespace sim::checker {

Finding check_fifo(const Facts& facts) {
    struct Newest {
        Index client = nobody;  // whose walk wrote it: a new client starts with none, without clearing all
        Index message = nobody;
    };
    Evidence evidence;
    std::int64_t compared = 0, late = 0;
    std::vector<Newest> newest(facts.streams);
    for (Index client = 0; client < facts.clients.size(); ++client) {
        for (const auto index : facts.deliveries_to_client(client)) {
            const auto& delivery = facts.deliveries[index];
            const auto& message = facts.messages[delivery.message];
            late += delivery.late ? 1 : 0;
            if (message.stream == nobody || delivery.via != Via::live || delivery.late) continue;
            auto& before = newest[message.stream];
            if (before.client != client) before = {client, nobody};
            if (before.message != nobody) {
                ++compared;
                if (message.number < facts.messages[before.message].number) {
                    if (evidence.wants_more()) {
                        evidence.add(fmt::format("{} shown to {} by {} at {}, after {}, and not marked late",
                                                 describe(facts, delivery.message),
                                                 facts.clients_names[client], facts.node_names[delivery.node],
                                                 at_text(delivery.at_us),
                                                 facts.message_names[before.message]));
                    } else {
                        evidence.count_only();
                    }
                    continue;
                }
            }
            before.message = delivery.message;
        }
    }
    auto measured = fmt::format("{} of {} live showings out of a sender's order", evidence.count(), compared);
    if (late > 0) measured += fmt::format("; {} marked late", late);
    return finding("fifo_per_sender", std::move(evidence), std::move(measured));
}

}  // namespace sim::checker
