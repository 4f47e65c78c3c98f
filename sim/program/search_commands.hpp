#pragma once

#include "sim/program/commands.hpp"
#include "sim/program/replay_target.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// The commands that look for bugs: many runs of the virtual world, one run again, and one run made small.
namespace davenport::sim::program {

struct SweepRequest {
    std::filesystem::path file;
    std::uint64_t first = 1, last = 200;  ///< seeds
    std::uint64_t shard = 1, shards = 1;  ///< of these seeds the first part of one, the second of three, ...
    bool all = false;                     ///< go on after the first failure
    std::size_t keep = 10;                ///< failing runs that are written down
    unsigned threads = 0;
    std::vector<std::string>
        single;  ///< kinds of single faults, at each place in turn, instead of seeds; or "all"
    std::uint64_t single_max = 10'000;  ///< places
    std::optional<std::uint64_t> seed;  ///< of single faults; nothing: the scenario's own
    bool marks = false;                 ///< list every mark that was never met
    std::filesystem::path out = "out";
    std::filesystem::path json;  ///< the result, mergeable with others
    StoreChoice store;
};

/// Runs a scenario with many seeds, or with one fault more at each place; stops at the first failure or keeps
/// the smallest.
int sweep(const SweepRequest& request);

/// Adds up what sweeps wrote with --json: parts of a range, or the work of several machines.
int merge_sweeps(const SweepRequest& request, const Files& files);

struct ExploreRequest {
    std::vector<std::filesystem::path> files;  ///< one at least
    std::chrono::milliseconds time_max{60'000};
    std::uint64_t runs = 0;  ///< at most; 0: as many as there is time for
    std::uint64_t seed = 1;
    unsigned threads = 0;
    bool all = false;     ///< go on after the first failure
    bool afresh = false;  ///< do not begin with the runs of an earlier search
    bool marks = false;   ///< list every mark
    std::filesystem::path out = "out";
    StoreChoice store;
};

/// Searches for failures, learning from what its runs reached. Keeps the runs worth going on from in
/// out/NAME-explore/corpus, and what failed in out/NAME-explore/found.
int explore(const ExploreRequest& request);

/// Runs one run again and judges it.
int replay(const RunName& name);

struct ShrinkRequest {
    RunName run;
    std::string property;  ///< which failure, when there are several: one that begins so
    std::chrono::milliseconds time_max{10'000};
    unsigned threads = 0;
    std::filesystem::path out;  ///< the scenario file to write; empty: out/NAME-seed-N-shrunk.yaml
};

/// Takes out of a failing run what it does not need for failing, and writes the rest as a scenario.
int shrink(const ShrinkRequest& request);

}  // namespace davenport::sim::program
