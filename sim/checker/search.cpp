#include "sim/checker/audience.hpp"
#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

/// From when on a node must find a message, `within` included; `never` when it need not.
std::int64_t owed_since(const Facts& facts, const Search& search, Duration within) {
    auto since = never;
    for (const auto index : facts.deliveries_of_message(search.message)) {
        const auto& shown = facts.deliveries[index];
        if (shown.node == search.node && (since < 0 || shown.at_us < since)) since = shown.at_us;
    }
    if (since < 0 || !is_owed(facts.messages[search.message])) return never;
    // A node that starts reads its journal first. What its disk has lost comes again from the store, whenever
    // that can be read.
    for (const auto& change : facts.lifelines) {
        if (change.node != search.node || change.at_us < since || change.at_us > search.asked_us) continue;
        if (change.state == "wiped" || change.state == "restored") return never;
        since = std::max(since, change.at_us);
    }
    return since + within.count();
}

/// Somebody had begun to remove it before the answer came.
bool may_be_gone(const Facts& facts, const Search& search) {
    if (facts.messages[search.message].deleted_by_hand) return true;
    return std::ranges::any_of(facts.changes, [&](const Change& change) {
        return change.message == search.message && change.count < 0 && change.sent_us <= search.answered_us;
    });
}

/// When the node first showed that it was removed; `never` when it did not.
std::int64_t removed_since(const Facts& facts, const Search& search) {
    auto since = never;
    for (const auto& showing : facts.showings)
        if (showing.message == search.message && showing.node == search.node && showing.count < 0 &&
            (since < 0 || showing.at_us < since))
            since = showing.at_us;
    return since;
}

}  // namespace

Finding check_search(const Facts& facts, Duration within) {
    Evidence evidence;
    std::int64_t judged = 0, silent = 0;
    for (const auto& search : facts.searches) {
        if (facts.messages[search.message].sent_seq == 0) continue;
        const auto about = [&] {
            return fmt::format("{}, looked for at {} at {}", describe(facts, search.message),
                               facts.node_names[search.node], at_text(search.asked_us));
        };
        if (!search.silent.empty()) {
            ++silent;
            continue;
        }
        if (search.found) {
            const auto removed = removed_since(facts, search);
            ++judged;
            if (removed >= 0 && removed + within.count() < search.asked_us)
                evidence.add(fmt::format("{}: found, though the node had shown at {} that it was removed",
                                         about(), at_text(removed)));
            continue;
        }
        const auto since = owed_since(facts, search, within);
        if (since < 0 || since > search.asked_us || may_be_gone(facts, search)) continue;
        ++judged;
        evidence.add(fmt::format("{}: not found, though the node had shown it {} before", about(),
                                 time_text(search.asked_us - since + within.count())));
    }
    auto measured = fmt::format("{} of {} answers to searches were wrong", evidence.count(), judged);
    if (silent > 0) measured += fmt::format("; {} said nothing", silent);
    auto found = finding(fmt::format("search within {}", time_text(within.count())), std::move(evidence),
                         std::move(measured));
    if (judged > 0) return found;
    found.outcome = Outcome::unknown;
    const auto why = std::ranges::find_if(facts.searches, [](const Search& s) { return !s.silent.empty(); });
    found.measured +=
        why == facts.searches.end() ? std::string{": nothing was looked for"} : ": " + why->silent;
    return found;
}

}  // namespace davenport::sim::checker
