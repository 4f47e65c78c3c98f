#pragma once

#include "sim/program/store_choice.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace davenport::sim::program {

/// How a person names a run: a scenario file and perhaps a seed, a replay file, or the line that a failing
/// run printed.
struct RunName {
    std::string text;  ///< a file, or a whole line: "chatsim run x.yaml --world virtual --seed 7"
    std::optional<std::uint64_t> seed;  ///< instead of the scenario's own
    std::string addition;               ///< a single fault more: "store.lose_reply 7", "node.disk_fail 3 n2"
    StoreChoice store{};                ///< of a scenario; a replay file has its own
};

/// A run, ready to be performed again.
struct ReplayTarget {
    Scenario scenario;
    Plan plan;
    std::uint64_t event_hash = 0;  ///< that of the recorded run; 0: not recorded
    std::string origin;            ///< for people: "store-outage.yaml, seed 17"
    std::string line;              ///< "chatsim replay store-outage.yaml --seed 17"
};

/// Finds the run. Returns nothing when there is none; stderr says why.
std::optional<ReplayTarget> find_replay_target(const RunName& name);

/// The command line that replays a scenario's run.
std::string replay_line(const std::string& file, std::uint64_t seed, const std::string& addition,
                        const StoreChoice& store);

/// Writes a replay file. Returns false when that fails; stderr says why.
bool write_replay_file(const std::string& path, const Scenario& scenario, const Plan& plan,
                       std::uint64_t event_hash);

}  // namespace davenport::sim::program
