#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::checker {

Finding check_outbox(const Facts& facts) {
    Evidence evidence;
    std::vector<std::int64_t> last(facts.node_names.size(), never);
    std::int64_t most = 0;
    for (const auto& change : facts.backlogs) {
        last[change.node] = change.count;
        most = std::max(most, change.count);
    }
    // A node that is gone for good has nothing to drain; whether it took something with it is the business of
    // no_loss.
    for (const auto& change : facts.lifelines)
        if (change.state == "exited" || change.state == "killed")
            if (std::ranges::none_of(facts.lifelines, [&](const NodeChange& later) {
                    return later.node == change.node && later.at_us > change.at_us;
                }))
                last[change.node] = never;
    for (Index node = 0; node < last.size(); ++node)
        if (last[node] > 0)
            evidence.add(fmt::format("{} has {} messages that still wait for the store",
                                     facts.node_names[node], last[node]));
    if (facts.backlogs.empty()) {
        Finding unknown;
        unknown.property = "outbox_drained";
        unknown.measured = "no node told its backlog";
        return unknown;
    }
    return finding("outbox_drained", std::move(evidence),
                   fmt::format("empty at the end; {} waited at the most", most));
}

}  // namespace davenport::sim::checker
