#pragma once

#include "sim/record/record.hpp"
#include "sim/scenario/problem.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The two small languages within a scenario: what is expected, and what a fault waits for.
namespace davenport::sim {

/// Reads one line of `expect`:
///
///     no_loss
///     converged within 5s
///     p99(local_echo) during outage < 50ms
///     recovery of outage < 5s            (property "recovery of outage")
///     p99(delivery) < 250ms abort_on_fail
///
/// Problems point into the line (`at` is where its text begins); nothing is returned then.
std::optional<Expectation> parse_expectation(std::string_view text, Location at,
                                             std::vector<Problem>& problems);

/// A comparison with something that is counted in the history: `accepted >= 100`, `feed(n1).rows >= 100`.
struct Condition {
    std::string subject;   ///< of language::subjects()
    std::string node;      ///< "n1", or empty for all
    std::string relation;  ///< ">=", ">"
    std::int64_t value = 0;
};

std::optional<Condition> parse_condition(std::string_view text, Location at, std::vector<Problem>& problems);

/// Says when the condition of a planned fault is met, from the history itself, so it means the same in both
/// worlds.
///
/// A world gives every record that it notes to take(), which is true once: with the record that meets the
/// condition.
class ConditionWatch {
public:
    /// `condition` is PlannedFault::when, which was read without a mistake.
    explicit ConditionWatch(std::string_view condition);
    bool take(const Record& record);

private:
    bool compare(std::int64_t count);

    Condition condition_;
    std::int64_t count_ = 0;
    std::set<std::string> shown_;  ///< feed.rows: what was counted
    bool met_ = false;
};

}  // namespace davenport::sim
