#pragma once

#include "sim/orchestrator/wrong_clock.hpp"
#include "sim/scenario/plan.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace davenport::sim::process {

/// Debian's libfaketime (package `faketime`), which gives a process a wall clock that is wrong; empty when it
/// is not on this machine.
std::filesystem::path find_faketime();

/// The wall clocks of nodes, as the faults of a plan have them: libfaketime reads each from a file, anew
/// whenever the node asks for the time. Spans of time are not touched, nor a node whose clock no fault hits.
class WrongClocks {
public:
    /// `plan` outlives it; `folder` is there.
    WrongClocks(const Plan& plan, std::filesystem::path folder) : plan_{plan}, folder_{std::move(folder)} {}

    /// What the node's process needs in its environment. Throws std::runtime_error when libfaketime is
    /// needed and missing.
    std::vector<std::string> environment_of(const std::string& node);
    void set_fault(std::size_t fault, bool on, base::Time now);
    /// Lets clocks that drift go on; to be called again and again.
    void drift(base::Time now);
    /// How wrong the node's clock is.
    [[nodiscard]] base::Duration offset_of(const std::string& node, base::Time now) const;

private:
    void write(const std::string& node, base::Duration offset) const;

    const Plan& plan_;
    std::filesystem::path folder_;
    std::map<std::string, orchestrator::WrongClock> clocks_;
};

}  // namespace davenport::sim::process
