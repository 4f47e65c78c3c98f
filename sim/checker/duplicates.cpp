#include "sim/checker/audience.hpp"
#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <fmt/format.h>

namespace davenport::sim::checker {

Finding check_duplicates(const Facts& facts) {
    Evidence evidence;
    for (const auto& odd : facts.anomalies) {
        if (odd.kind == Anomaly::Kind::repeated) {
            evidence.add(fmt::format("{} shown again to {} by {} at {}, on the connection that had it",
                                     describe(facts, odd.message), facts.clients_names[odd.client],
                                     facts.node_names[odd.node], at_text(odd.at_us)));
        } else if (odd.kind == Anomaly::Kind::second_id) {
            const auto where =
                odd.client != nobody ? fmt::format("told to {}", facts.clients_names[odd.client])
                : odd.node != nobody ? fmt::format("in the history of {}", facts.node_names[odd.node])
                                     : std::string{"in the store"};
            evidence.add(fmt::format("{} goes by two ids: {}, and {} ({})", describe(facts, odd.message),
                                     facts.messages[odd.message].id, odd.id, where));
        }
    }
    const auto kept = evidence.count();
    for (auto more = facts.count_of(Anomaly::Kind::repeated) + facts.count_of(Anomaly::Kind::second_id);
         more > kept; --more)
        evidence.count_only();

    std::int64_t shown = 0;
    for_each_reach(facts, [&](const Reach& reach) {
        shown += static_cast<std::int64_t>(facts.deliveries_of_message(reach.message).size());
        for (const auto index : reach.twice) {
            const auto& again = facts.deliveries[index];
            if (!evidence.wants_more()) {
                evidence.count_only();
                continue;
            }
            evidence.add(fmt::format("{} shown twice to {}, again by {} at {}",
                                     describe(facts, reach.message), facts.clients_names[again.client],
                                     facts.node_names[again.node], at_text(again.at_us)));
        }
        const auto& m = facts.messages[reach.message];
        if (m.documents > 1)
            evidence.add(
                fmt::format("{} is {} documents in the store", describe(facts, reach.message), m.documents));
    });
    auto measured = fmt::format("{} duplicates in {} showings and {} documents", evidence.count(), shown,
                                facts.documents);
    if (facts.repeated_elsewhere > 0)
        measured += fmt::format("; {} overlapped in resumes, which clients drop", facts.repeated_elsewhere);
    return finding("no_duplicates", std::move(evidence), std::move(measured));
}

}  // namespace davenport::sim::checker
