#include "sim/checker/audience.hpp"
#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

/// When the node first showed the message; `never` when it did not, or when it owes nothing since.
std::int64_t shown_since(const Facts& facts, const Search& read) {
    auto since = never;
    for (const auto index : facts.deliveries_of_message(read.message)) {
        const auto& shown = facts.deliveries[index];
        if (shown.node == read.node && (since < 0 || shown.at_us < since)) since = shown.at_us;
    }
    if (since < 0) return never;
    // A node that starts again may have shown what its disk did not have yet, and the store may be away.
    const bool began_again = std::ranges::any_of(facts.lifelines, [&](const NodeChange& change) {
        return change.node == read.node && change.at_us >= since && change.at_us <= read.answered_us;
    });
    return began_again ? never : since;
}

/// Of the edits that the node had shown by then the last; -1 when it had shown a removal.
std::int64_t newest_shown(const Facts& facts, const Search& read, std::int64_t by_us) {
    std::int64_t newest = 0;
    for (const auto& showing : facts.showings) {
        if (showing.message != read.message || showing.node != read.node || showing.at_us > by_us) continue;
        if (showing.count < 0) return -1;
        newest = std::max(newest, showing.count);
    }
    return newest;
}

bool is_touched_by_hand(const Facts& facts, Index message) {
    if (facts.messages[message].deleted_by_hand) return true;
    return std::ranges::any_of(
        facts.changes, [&](const Change& change) { return change.message == message && change.by_hand; });
}

}  // namespace

Finding check_pages(const Facts& facts, Duration within) {
    Evidence evidence;
    std::int64_t judged = 0;
    for (const auto& read : facts.pages) {
        const auto& message = facts.messages[read.message];
        if (message.sent_seq == 0 || !is_owed(message) || is_touched_by_hand(facts, read.message)) continue;
        const auto since = shown_since(facts, read);
        const auto by_us = read.asked_us - within.count();
        if (since < 0 || since > by_us) continue;
        ++judged;
        const auto newest = newest_shown(facts, read, by_us);
        const bool is_old = read.found && read.count >= 0 && (newest < 0 || read.count < newest);
        if (read.found && !is_old) continue;
        const auto about = fmt::format("{}, in the history of {} at {}", describe(facts, read.message),
                                       facts.node_names[read.node], at_text(read.asked_us));
        if (!read.found)
            evidence.add(fmt::format("{}: missing, though the node had shown it {} before", about,
                                     time_text(read.asked_us - since)));
        else
            evidence.add(fmt::format("{}: as it was before {} that the node had shown", about,
                                     newest < 0 ? "a removal" : "an edit"));
    }
    auto measured = fmt::format("{} of {} messages that were looked for in histories were missing or old",
                                evidence.count(), judged);
    auto found = finding(fmt::format("pages within {}", time_text(within.count())), std::move(evidence),
                         std::move(measured));
    if (judged > 0) return found;
    found.outcome = Outcome::unknown;
    found.measured += ": no history was read";
    return found;
}

}  // namespace davenport::sim::checker
