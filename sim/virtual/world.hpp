#pragma once

#include "sim/virtual/environment.hpp"
#include "sim/virtual/parts.hpp"
#include "sim/world.hpp"

#include <string>

namespace davenport::sim::virtual_world {

/// All cores of a run in one process and one thread, in virtual time: takes one event after the other from
/// the timeline and gives it to the machine that it is for.
class World {
public:
    World(const Scenario& scenario, const Plan& plan, HistorySink& sink, const WorldOptions& options);
    WorldResult run();

private:
    void handle(Event& event);
    /// Hashes the event, and reports it to whoever compares two runs.
    void trace(const Event& event);
    [[nodiscard]] std::string target_of(const Event& event) const;
    /// False when the run was interrupted or aborted.
    bool report_progress();

    const WorldOptions& options_;
    Parts parts_;
    Environment environment_;
    WorldResult result_;
};

}  // namespace davenport::sim::virtual_world
