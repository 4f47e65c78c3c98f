#include "sim/checker/audience.hpp"
#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

/// The nodes that were asked for their histories: those that were there at the end.
std::vector<Index> nodes_at_end(const Facts& facts) {
    std::vector<bool> is_up(facts.node_names.size(), false);
    for (const auto& change : facts.lifelines)
        is_up[change.node] = change.state != "killed" && change.state != "exited" &&
                             change.state != "stopping" && change.state != "paused";
    std::vector<Index> up;
    for (Index node = 0; node < is_up.size(); ++node)
        if (is_up[node]) up.push_back(node);
    return up;
}

}  // namespace

Finding check_whole_history(const Facts& facts) {
    Evidence evidence;
    std::int64_t given = 0;
    std::vector<std::uint32_t> times(facts.messages.size());
    const auto nodes = nodes_at_end(facts);
    for (Index room = 0; room < facts.rooms.size(); ++room) {
        const auto& histories = facts.rooms[room].histories;
        for (const auto node : nodes) {
            std::ranges::fill(times, 0);
            if (node < histories.size())
                for (const auto message : histories[node]) ++times[message];
            for (Index number = 0; number < facts.messages.size(); ++number) {
                const auto& m = facts.messages[number];
                if (m.room != room) continue;
                given += times[number];
                const bool is_missing = times[number] == 0 && is_owed(m);
                if (!is_missing && times[number] <= 1) continue;
                if (!evidence.wants_more()) {
                    evidence.count_only();
                    continue;
                }
                evidence.add(is_missing
                                 ? fmt::format("{}: not in the history of {}", describe(facts, number),
                                               facts.node_names[node])
                                 : fmt::format("{}: {} times in the history of {}", describe(facts, number),
                                               times[number], facts.node_names[node]));
            }
        }
    }
    auto measured = fmt::format("{} holes and repeats in {} messages of {} histories", evidence.count(),
                                given, nodes.size() * facts.rooms.size());
    auto found = finding("whole_history", std::move(evidence), std::move(measured));
    if (!facts.histories_read) {
        found.outcome = Outcome::unknown;
        found.measured = "no history was read";
    }
    return found;
}

}  // namespace davenport::sim::checker
