#pragma once

#include "node/base/time.hpp"
#include "sim/checker/latency.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::sim::checker {

/// How long everything must stay as it was before a fault, until that counts as recovered.
inline constexpr base::Duration recovery_stable = std::chrono::seconds{1};

/// How a run got over a fault.
struct Recovery {
    std::string fault;
    std::optional<std::int64_t> us;  ///< from the fault's end until all was as before; nothing: it never was
    std::optional<std::int64_t>
        overtaken_us;           ///< it was not over when the next fault began, so long after this one's end
    bool has_before = false;    ///< there was something shown before the fault to compare with
    std::int64_t limit_us = 0;  ///< a delivery that takes longer is slow
    std::string metric;         ///< "delivery", or "shown" where all is said on one node
};

/// From the end of the last occurrence of `name` until the run first stays normal for `stable` (or until it
/// ends): what waited for the store has gone there, and in each window of 250 ms at most one delivery in a
/// hundred is slow. A delivery is slow from when it exceeds three times the p99 before the fault (and 25 ms)
/// until it comes. Nothing when there was no such fault.
std::optional<Recovery> recovery_of(const Facts& facts, const Latencies& latencies, std::string_view name,
                                    base::Duration stable = recovery_stable);

}  // namespace davenport::sim::checker
