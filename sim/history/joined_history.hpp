#pragma once

#include "sim/record/record.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// The histories of several generators that played one load together, as one history.
namespace davenport::sim {

/// What the first record of a generator's history says.
struct GeneratorRun {
    std::filesystem::path file;  ///< its history.jsonl
    int generator = 0;           ///< from 1
    int generators = 0;
    std::string scenario_text;
    std::string scenario_file;  ///< as its command line named it
    std::string experiment;     ///< search::experiment_id() of the scenario
    std::string build;          ///< of chatsim
    std::string store;          ///< "CouchDB"
    std::string begin;          ///< of the run, by the generator's wall clock: ISO 8601
    std::uint64_t seed = 0;
};

/// Reads it. Returns nothing, and in `error` what is wrong, when the file is no generator's history.
std::optional<GeneratorRun> read_generator_run(const std::filesystem::path& file, std::string& error);

/// Whose records a history has: of one generator, of those that were merged, or (also where it does not say)
/// of all.
Share share_of_history(const std::filesystem::path& file);

/// Why the two are not parts of one run, ready for the terminal; empty when they are.
std::string conflict_between(const GeneratorRun& one, const GeneratorRun& other);

/// What two machines' clocks can be seen to differ by, from messages that went from one to the other.
struct ClockDifference {
    int one = 0, other = 0;  ///< generators
    /// The shortest that any message seemed to take, from its sending to its showing; negative: by the two
    /// clocks it arrived before it was sent. Nothing when none went that way.
    std::optional<std::int64_t> to_other_us, to_one_us;
    std::string earliest;  ///< the message that seemed quickest, of either way

    /// Some message arrived before it was sent.
    [[nodiscard]] bool is_seen() const { return to_other_us.value_or(0) < 0 || to_one_us.value_or(0) < 0; }
    /// By how much the other's clock is ahead, if messages are equally quick both ways; within `error_us`.
    [[nodiscard]] std::optional<std::int64_t> ahead_us() const;
    [[nodiscard]] std::int64_t error_us() const;
};

struct JoinResult {
    std::string error;  ///< why a file could not be read; empty
    std::vector<ClockDifference> clocks;
    std::set<int> unended;  ///< generators whose histories have no end
};

/// Gives the records of all `runs`, which do not conflict, to `sink`, in order of time: by the wall clocks of
/// their machines, since all runs begin at one time; but no message is shown before it was sent.
///
/// What all generators do or see is taken once: faults of the links from the first beginning to the last end,
/// what nodes say of themselves from the first generator, and what nodes and store hold at the end from the
/// one that looked last. The first record is the caller's to write.
JoinResult join_histories(const std::vector<GeneratorRun>& runs, const Plan& plan, HistorySink& sink);

}  // namespace davenport::sim
