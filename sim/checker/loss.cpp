#include "sim/checker/audience.hpp"
#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <fmt/format.h>

namespace davenport::sim::checker {

Finding check_loss(const Facts& facts) {
    Evidence evidence;
    std::int64_t owed = 0, excused = 0, away = 0;
    for_each_reach(facts, [&](const Reach& reach) {
        const auto& m = facts.messages[reach.message];
        if (m.accepted_us < 0) return;
        if (!is_owed(m)) {
            ++excused;
            return;
        }
        ++owed;
        away += reach.away;
        const bool unstored = facts.documents > 0 && m.documents == 0;
        if (!m.failed && !unstored && reach.missing.empty()) return;
        if (!evidence.wants_more()) return evidence.count_only();
        auto text = describe(facts, reach.message);
        if (m.failed) text += ": given up by the node after it was accepted";
        if (unstored) text += ": not in the store at the end";
        if (!reach.missing.empty())
            text += fmt::format(": shown to {} of {}, never to {}", reach.shown.size(), reach.audience,
                                name_clients(facts, reach.missing));
        evidence.add(std::move(text));
    });
    auto measured = fmt::format("{} of {} accepted messages lost", evidence.count(), owed);
    if (facts.documents == 0) measured += " (the store's documents were not read)";
    if (excused > 0)
        measured +=
            fmt::format("; {} not counted: their node's disk was wiped, or the store refused them", excused);
    if (away > 0) measured += fmt::format("; {} showings not counted: the client was away at the end", away);
    auto found = finding("no_loss", std::move(evidence), std::move(measured));
    // What the store holds is half of the promise: unread, nothing can be said of it.
    if (found.outcome == Outcome::pass && facts.documents == 0 && owed > 0) found.outcome = Outcome::unknown;
    return found;
}

}  // namespace davenport::sim::checker
