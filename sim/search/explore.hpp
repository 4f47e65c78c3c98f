#pragma once

#include "sim/search/failure.hpp"
#include "sim/search/replay_file.hpp"
#include "sim/search/situation_coverage.hpp"
#include "sim/search/trial.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// A search that learns: runs that reached something new are kept, changed a little and run again, those with
/// what is rarest the most often (as fuzzers guided by coverage do). What it does most is what has paid most
/// of late (shares.hpp): fresh seeds of one scenario or of another, or one kind of change.
namespace davenport::sim::search {

/// A run that failed, whole: it replays to the bit.
struct Found {
    std::size_t of = 0;  ///< which of the scenarios
    Replay run;
    std::vector<Failure> failures;
    std::uint64_t times = 0;        ///< how often its first failure was found; this is the smallest such run
    std::uint64_t runs_before = 0;  ///< until it was found first
};

/// A run that was worth going on from.
struct Worthy {
    std::size_t of = 0;  ///< which of the scenarios
    Replay run;
};

struct ExploreResult {
    std::uint64_t runs = 0, failed = 0, unknown = 0;
    std::size_t features = 0;    ///< different ones that were reached (trail.hpp)
    std::vector<Worthy> corpus;  ///< the runs that reached something new, to go on from another day
    std::map<Failure, Found> found;
    std::map<std::string, std::uint64_t> marks;  ///< all marks of the code: in how many runs each was passed
    std::vector<SituationCoverage> situations;   ///< of each scenario
    std::map<std::string, std::uint64_t>
        attempts;  ///< runs by how they were made, as "fresh seed of 1", "moved"
};

struct ExploreOptions {
    std::uint64_t seed = 1;      ///< of the search's own draws
    unsigned threads = 0;        ///< 0: one a processor; with one the search is repeated exactly
    std::uint64_t runs_max = 0;  ///< 0: until it is out of time
    bool stop_at_first = false;  ///< ends with the first failure
    std::vector<Worthy> corpus;  ///< to begin with, as an earlier result had it
    std::function<bool()> out_of_time;
    const std::atomic<bool>* interrupted = nullptr;
    /// Called after each run, in the thread that ran it.
    std::function<void(const Scenario& run, const Plan& plan, const Trial& trial)> tried;
    /// Called after each run, never from two threads at once. `corpus`: how many runs were kept.
    std::function<void(const ExploreResult& so_far, std::size_t corpus)> progress;
};

/// Several scenarios are several worlds of one program: what is new in one of them is new.
ExploreResult explore(const std::vector<Scenario>& scenarios, const ExploreOptions& options);

}  // namespace davenport::sim::search
