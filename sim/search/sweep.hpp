#pragma once

#include "node/base/json.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/search/failure.hpp"
#include "sim/search/seed_ranges.hpp"
#include "sim/search/situation_coverage.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Many runs of one scenario, over all processors.
namespace davenport::sim::search {

/// The name of seeds in SweepResult::done.
inline constexpr const char* of_seeds = "seeds";

/// A failed run, identified by its seed and addition.
struct FailingRun {
    std::uint64_t seed = 0;
    std::string addition;      ///< the single fault that was added: "store.lose_reply 7", or empty
    std::uint64_t events = 0;  ///< of the virtual world: how much there is to look at
    std::size_t schedule = 0;  ///< faults and messages in its plan
    std::vector<Failure> failures;
};

/// What a sweep found out. Results of different ranges, threads or machines merge into that of the whole.
struct SweepResult {
    std::uint64_t runs = 0, passed = 0, failed = 0, unknown = 0;
    std::uint64_t events = 0, sends = 0, deliveries = 0;
    std::uint64_t simulated_us = 0;
    std::vector<FailingRun> failing;  ///< fewest faults and messages first, then fewest events; bounded
    std::map<Failure, std::uint64_t> failures;    ///< how many runs failed in this way
    std::map<std::string, std::uint64_t> doubts;  ///< why runs were unknown
    SituationCoverage marks;
    std::string scenario;  ///< its scenario_id(); results of different ones do not merge
    std::string build;     ///< the version that ran it
    /// What was tried: seeds, or of single faults "store.lose_reply n2, seed 4" with the places.
    std::map<std::string, SeedRanges> done;
    std::map<std::string, SeedRanges> asked;    ///< what was to be tried
    std::map<std::string, SeedRanges> part_of;  ///< of what a sweep on several machines was to try
    /// All that failed, those too that were not kept; under the same names as `done`.
    std::map<std::string, SeedRanges> failed_seeds;

    /// What was asked for and not done: the sweep stopped at a failure, or was interrupted.
    [[nodiscard]] std::map<std::string, SeedRanges> missing() const;
    /// Why `other` cannot be added to this; empty when it can.
    [[nodiscard]] std::string conflict_with(const SweepResult& other) const;
    void add(FailingRun run, std::size_t keep);
    void merge(const SweepResult& other, std::size_t keep);
    [[nodiscard]] base::json::object to_json() const;
    /// Returns nothing when `value` is not a sweep's result.
    static std::optional<SweepResult> from_json(const base::json::value& value);
};

struct SweepOptions {
    std::uint64_t first = 1, last = 100;  ///< seeds, both included
    unsigned threads = 0;                 ///< 0: one a processor
    bool stop_at_first = true;            ///< else all seeds are run
    std::size_t keep = 10;                ///< failing runs
    const std::atomic<bool>* interrupted = nullptr;
    /// Called regularly, from any of the threads but never from two at once.
    std::function<void(const SweepResult&)> progress;
};

/// Runs the scenario with each seed. With `stop_at_first` the failing run that is told is the one with the
/// lowest seed, whatever the number of threads.
SweepResult sweep_seeds(const Scenario& scenario, const SweepOptions& options);

/// The kinds of single faults: those of which the nth request, write or commit can be hit.
std::vector<std::string> single_fault_kinds();

/// The plan of `seed` with one fault more: `kind` at the nth request, write or commit (of `node`, if it is a
/// node's fault).
Plan with_single_fault(const Scenario& scenario, std::uint64_t seed, std::string_view kind, std::uint64_t nth,
                       const std::string& node);

/// Runs the scenario with its own seed again and again, each time with one single fault more: at the first
/// request, at the second, and so on, until there is no nth. `options.first` is the seed; `last` bounds n.
SweepResult sweep_single_faults(const Scenario& scenario, std::string_view kind, const SweepOptions& options);

}  // namespace davenport::sim::search
