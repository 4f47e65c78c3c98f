#pragma once

#include "node/base/time.hpp"
#include "sim/record/record.hpp"
#include "sim/scenario/plan.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::sim {

/// One event of the virtual world, for whoever compares two runs.
struct TracedEvent {
    std::uint64_t number = 0;
    Duration at{};
    std::string_view kind;    ///< "to node", "to client", "disk", ...
    std::string_view target;  ///< "n1"
    std::uint64_t hash = 0;   ///< of this event and of all before it
};

/// As WorldOptions::store: a NATS server, a real one in the process world.
inline constexpr std::string_view nats_store = "nats";

/// What a world needs beside the scenario.
struct WorldOptions {
    std::filesystem::path binaries;   ///< where chatnode and couchmock are (process world)
    std::filesystem::path out;        ///< logs and journals go below this folder (process world)
    std::string store = "couchmock";  ///< or the URL of a real CouchDB, or nats_store
    const std::atomic<bool>* interrupted =
        nullptr;  ///< set by Ctrl-C: the world ends what it started and returns
    /// Called regularly; returning true ends the run, because its outcome is known.
    std::function<bool()> abort;
    /// Called regularly with the time since the start of the run, for a progress line; negative before it.
    std::function<void(Duration at)> progress;
    std::function<void(const TracedEvent&)> trace;  ///< called for every event (virtual world)
    std::string store_kill;   ///< shell command that kills the CouchDB behind `store`, for store.crash and
                              ///< store.restart (process world)
    std::string store_start;  ///< shell command that starts it again and returns when it answers
    std::map<std::string, std::filesystem::path>
        node_binaries;  ///< another build for a node, by name (process world)

    // Nodes that run elsewhere (process world). Then `store` names the database that they write, and the run
    // only reads there.
    std::map<std::string, std::string> attached;  ///< URLs, by name
    std::string control;  ///< URL of the control port of a couchmock in front of that store, if there is one
    std::string room_prefix;  ///< of the run's rooms, which nobody else uses
    /// The run begins at this time of the wall clock (process world).
    std::optional<base::WallTime> start_at;
};

/// How late a run may begin: what WorldOptions::start_at asks for is refused later than this.
inline constexpr Duration start_slack_max = std::chrono::seconds{1};

/// How a run ended. The verdict is up to the checkers.
struct WorldResult {
    std::uint64_t event_hash = 0;  ///< over every event (virtual world), else 0
    std::uint64_t events = 0;
    std::string broken;  ///< why the world could not perform the plan, else empty
};

/// Whether this machine has libfaketime, by which the process world gives nodes a clock that is wrong.
bool has_faketime();
/// nats-server is on this machine's PATH.
bool has_nats_server();

/// Performs the plan and reports to the sink what happens. Neither throws anything that a scenario can cause.
WorldResult run_virtual(const Scenario& scenario, const Plan& plan, HistorySink& sink,
                        const WorldOptions& options);
WorldResult run_processes(const Scenario& scenario, const Plan& plan, HistorySink& sink,
                          const WorldOptions& options);

}  // namespace davenport::sim
