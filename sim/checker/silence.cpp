#include "sim/checker/audience.hpp"
#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

/// Waits of people, each held against what they knew meanwhile.
class Waits {
public:
    Waits(const Facts& facts, std::int64_t within_us) : facts_{facts}, within_us_{within_us} {}

    /// Somebody waited for `what` from then on, until it came (`never`: it did not). It is in order when it
    /// came in time, or when one of them knew in time that something was wrong.
    template <class What>
    void add(Index client, Index other, std::int64_t from_us, std::int64_t came_us, What what) {
        const auto until = came_us == never ? facts_.end_us : came_us;
        ++count;
        if (until - from_us <= within_us_) return;
        const auto latest = from_us + within_us_;
        if (facts_.warnings.was_warned(client, from_us, latest) ||
            facts_.warnings.was_warned(other, from_us, latest))
            return;
        longest_us = std::max(longest_us, until - from_us);
        if (!evidence.wants_more()) return evidence.count_only();
        evidence.add(fmt::format("{} waited {}{} for {}, and was told of nothing wrong",
                                 facts_.clients_names[client], time_text(until - from_us),
                                 came_us == never ? " and more" : "", what()));
    }

    Evidence evidence;
    std::int64_t count = 0, longest_us = 0;

private:
    const Facts& facts_;
    std::int64_t within_us_;
};

}  // namespace

Finding check_silence(const Facts& facts, Duration within) {
    Waits waits{facts, within.count()};
    for_each_reach(facts, [&](const Reach& reach) {
        const auto& m = facts.messages[reach.message];
        if (m.sent_seq == 0 || m.sender == nobody) return;
        if (!m.refused)
            waits.add(m.sender, m.sender, m.sent_us, m.accepted_us,
                      [&] { return "an answer to " + describe(facts, reach.message); });
        if (!is_owed(m)) return;
        for (const auto index : reach.shown) {
            const auto& shown = facts.deliveries[index];
            waits.add(shown.client, m.sender, m.accepted_us, shown.at_us,
                      [&] { return describe(facts, reach.message); });
        }
        for (const auto client : reach.missing)
            waits.add(client, m.sender, m.accepted_us, never, [&] { return describe(facts, reach.message); });
    });
    auto measured = fmt::format("{} of {} waits in silence", waits.evidence.count(), waits.count);
    if (waits.longest_us > 0) measured += fmt::format(", the longest {}", time_text(waits.longest_us));
    return finding(fmt::format("no_silence within {}", time_text(within.count())), std::move(waits.evidence),
                   std::move(measured));
}

}  // namespace davenport::sim::checker
