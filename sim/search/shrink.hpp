#pragma once

#include "sim/search/failure.hpp"
#include "sim/search/trial.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace davenport::sim::search {

struct ShrinkOptions {
    unsigned threads = 0;               ///< 0: one a processor
    std::function<bool()> out_of_time;  ///< asked before every trial; empty: never
    /// For a progress line: which step, and what is left.
    std::function<void(std::string_view step, std::size_t faults, std::size_t messages)> progress;
};

/// The few events that matter.
struct Shrunk {
    bool reproduced =
        false;  ///< false: the run, with everything spelled out, did not fail as it had; nothing else is set
    bool in_time = true;  ///< false: time was up before nothing could be taken out any more
    Scenario scenario;    ///< everything is spelled out; make_plan(scenario, scenario.seed) fails
    Failure failure;      ///< what it fails with: the same as before
    checker::Finding finding;
    std::uint64_t trials = 0;
    std::size_t faults_before = 0, messages_before = 0;

    [[nodiscard]] std::size_t faults() const { return scenario.timeline.size(); }
    [[nodiscard]] std::size_t messages() const { return scenario.load.messages.size(); }
};

/// Takes out of a failing run what it does not need for failing: whole families of faults, then single faults
/// and messages by delta debugging, then nodes, clients and rooms, then time. Every step keeps the failure:
/// the same property, seen broken in the same way.
///
/// `failure` is one of those that the run of `plan` has. Trials run on several threads; the result does not
/// depend on how many, unless time runs out.
Shrunk shrink(const Scenario& scenario, const Plan& plan, const Failure& failure,
              const ShrinkOptions& options);

/// The shrunk run as a scenario file, with a comment that says what it shows, round which messages, and where
/// it comes from.
std::string shrunk_text(const Shrunk& shrunk, std::string_view origin);

}  // namespace davenport::sim::search
