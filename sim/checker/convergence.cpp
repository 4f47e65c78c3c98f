#include "sim/checker/audience.hpp"
#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

bool is_up(const Facts& facts, Index node) {
    bool up = true;  // a world that says nothing of a node has it running
    for (const auto& change : facts.lifelines)
        if (change.node == node)
            up = change.state == "up" || change.state == "resumed" || change.state == "joined" ||
                 change.state == "wiped" || change.state == "restored";
    return up;
}

/// The node that accepted it owes the sender another word, for as long as their connection lasts.
bool stored_is_untold(const Facts& facts, const Message& m) {
    const auto& sender = facts.clients[m.sender];
    return m.stored_us < 0 && m.documents > 0 && sender.connected_at_end &&
           sender.connection == m.answered_on;
}

}  // namespace

Finding check_convergence(const Facts& facts, std::optional<Duration> within) {
    Evidence evidence;
    const auto healed = facts.healed_us >= 0 ? facts.healed_us : facts.end_us;
    const auto bound = within ? within->count() : facts.end_us;
    std::int64_t slowest = 0;  // after healing, or after it was sent when that was later
    for_each_reach(facts, [&](const Reach& reach) {
        const auto& m = facts.messages[reach.message];
        if (m.sent_seq == 0) return;
        const auto from = std::max(healed, m.sent_us);
        std::string wrong;
        if (m.accepted_us < 0) {
            if (!m.refused && facts.clients[m.sender].connected_at_end)
                wrong = "its sender never got an answer";
        } else if (is_owed(m)) {
            const bool stored = m.documents > 0 || (m.stored_us >= 0 && facts.documents == 0);
            const auto done = std::max({reach.last_us, m.accepted_us, m.stored_us});
            slowest = std::max(slowest, done - from);
            if (!reach.missing.empty())
                wrong = fmt::format("never shown to {}", name_clients(facts, reach.missing));
            else if (!stored)
                wrong = facts.documents > 0 ? "not in the store at the end" : "never told to be stored";
            else if (stored_is_untold(facts, m))
                wrong = fmt::format("{} never told its sender that it is stored",
                                    facts.node_names[m.accepted_by]);
            else if (done - from > bound)
                wrong = fmt::format("not everywhere until {} after healing", time_text(done - from));
        }
        if (wrong.empty()) return;
        if (!evidence.wants_more()) return evidence.count_only();
        evidence.add(describe(facts, reach.message) + ": " + wrong);
    });
    for (const auto& room : facts.rooms)
        for (const auto& follower : room.followers)
            if (follower.gap && facts.clients[follower.client].connected_at_end)
                evidence.add(fmt::format("{} was told of a gap in {} that was never closed",
                                         facts.clients_names[follower.client],
                                         facts.room_names[static_cast<Index>(&room - facts.rooms.data())]));
    for (Index client = 0; client < facts.clients.size(); ++client) {
        const auto& c = facts.clients[client];
        if (!c.connected_at_end && c.node != nobody && is_up(facts, c.node))
            evidence.add(fmt::format("{} has no connection at the end, though {} is up ({})",
                                     facts.clients_names[client], facts.node_names[c.node], c.gone));
    }
    auto property =
        within ? fmt::format("converged within {}", time_text(within->count())) : std::string{"converged"};
    std::string measured = "everything was everywhere when the run ended";
    if (evidence.count() > 0)
        measured = fmt::format("{} did not converge", evidence.count());
    else if (facts.healed_us >= 0 && slowest <= 0)
        measured = "everything was everywhere when the faults were over";
    else if (facts.healed_us >= 0)
        measured = fmt::format("everything was everywhere {} after healing", time_text(slowest));
    return finding(std::move(property), std::move(evidence), std::move(measured));
}

}  // namespace davenport::sim::checker
