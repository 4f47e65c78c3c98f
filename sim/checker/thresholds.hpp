#pragma once

#include "sim/checker/judge.hpp"
#include "sim/checker/latency.hpp"

#include <optional>
#include <string_view>

namespace davenport::sim::checker {

/// Judges "p99(local_echo) during outage < 50ms" and its kin:
///   pNN, max, min, mean, count, undelivered of local_ack, local_echo, delivery, stored; a node or a room may
///   stand beside the metric: p99(delivery, n2) max(backlog), max(stall), count(sends), count(requests)
///   recovery of NAME
/// Unknown when the phase has no samples, or the expression none of these.
Finding check_threshold(const Facts& facts, const Latencies& latencies, const Expectation& expectation);

/// Whether what has happened up to now breaks an upper bound, with samples that are still on their way
/// counted as having taken as long as they have waited. Never for a figure of fewer than `samples_min`
/// samples, nor for a phase that has not begun.
bool is_broken_already(const Facts& facts, const Latencies& latencies, const Expectation& expectation,
                       std::int64_t samples_min);

/// How a run got over a fault.
struct Recovery {
    std::string fault;
    std::optional<std::int64_t> us;  ///< from the fault's end until all was as before; nothing: it never was
    std::optional<std::int64_t>
        overtaken_us;           ///< it was not over when the next fault began, so long after this one's end
    bool has_before = false;    ///< there were deliveries before the fault to compare with
    std::int64_t limit_us = 0;  ///< what a window's p99 must be under
};

/// From the end of the last occurrence of `name` until no message waits for the store and the p99 of what is
/// delivered in a window is back within three times what it was before the fault (and 25 ms). Nothing when
/// there was no such fault.
std::optional<Recovery> recovery_of(const Facts& facts, const Latencies& latencies, std::string_view name);

}  // namespace davenport::sim::checker
