#pragma once

#include "sim/checker/judge.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/search/failure.hpp"
#include "sim/search/situation_coverage.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace davenport::sim::search {

/// One run in the virtual world, judged.
struct Trial {
    checker::Verdict verdict;
    std::vector<Failure> failures;  ///< empty unless the verdict is fail
    std::uint64_t event_hash = 0;
    std::uint64_t events = 0;
    std::int64_t length_us = 0;  ///< of the run, in its own time
    std::int64_t sends = 0;
    std::int64_t deliveries = 0;
    std::string broken;

    [[nodiscard]] bool fails_as(const Failure& failure) const;
};

/// Runs the plan and judges it, all in this thread, with a world and a judge of its own: trials may run side
/// by side. `marks` is told what the run met, `also` sees every record; either may be null.
Trial try_plan(const Scenario& scenario, const Plan& plan, SituationCoverage* marks = nullptr,
               HistorySink* also = nullptr, const std::atomic<bool>* interrupted = nullptr);

}  // namespace davenport::sim::search
