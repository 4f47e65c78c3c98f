#pragma once

#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// A run as data: all that a world and a judge need, with every draw already made. It replays a run even
/// after the scenario language's defaults, or what a seed draws, have changed.
namespace davenport::sim::search {

struct Replay {
    Scenario scenario;
    Plan plan;
    std::uint64_t event_hash = 0;  ///< of the run that it was written for; 0 when not known
    std::string version;           ///< of the chatsim that wrote it
};

std::string write_replay(const Replay& replay);

/// Strict: a member that is missing (an older file's, say) or of another type is named in `error`, as
/// "scenario.topology.page", and the result is empty. Members that are not known are ignored.
Replay read_replay(std::string_view text, std::string& error);

}  // namespace davenport::sim::search
