#pragma once

#include "sim/checker/judge.hpp"
#include "sim/checker/latency.hpp"
#include "sim/checker/recovery.hpp"

namespace davenport::sim::checker {

/// Judges "p99(local_echo) during outage < 50ms" and its kin:
///   pNN, max, min, mean, count, undelivered of local_ack, local_echo, delivery, stored, shown; beside the
///   metric may stand n2, r1, `from c1`, `to n2`, `except n1`, `poller`
///   max(backlog), max(stall), count(sends), count(requests)
///   recovery of NAME
/// Unknown when the phase has no samples, or the expression none of these; and for a latency when it would be
/// judged otherwise without the times in which the harness itself was late.
Finding check_threshold(const Facts& facts, const Latencies& latencies, const Expectation& expectation);

/// Whether what has happened up to now breaks an upper bound, with samples that are still on their way
/// counted as having taken as long as they have waited. Never for a figure of fewer than `samples_min`
/// samples, nor for a phase that has not begun.
bool is_broken_already(const Facts& facts, const Latencies& latencies, const Expectation& expectation,
                       std::int64_t samples_min);

}  // namespace davenport::sim::checker
