#pragma once

#include "sim/checker/judge.hpp"
#include "sim/checker/latency.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// What a report shows of a run, as plain values: bounded in size whatever the run's, names instead of
/// numbers, times in microseconds since the start.
namespace davenport::sim::checker {

/// Shares of the percentile curve, in 1/100000; dense towards the end, where an axis of nines is read.
inline constexpr std::array<std::int64_t, 31> curve_shares{
    0,      5'000,  10'000, 15'000, 20'000, 25'000, 30'000, 35'000, 40'000, 45'000, 50'000,
    55'000, 60'000, 65'000, 70'000, 75'000, 80'000, 85'000, 90'000, 92'500, 95'000, 97'000,
    98'000, 99'000, 99'500, 99'700, 99'900, 99'950, 99'990, 99'999, 100'000};

struct MetricSummary {
    std::int64_t count = 0;  ///< those that never arrived included
    std::int64_t undelivered = 0;
    std::int64_t mean_us = 0;  ///< of those that arrived
    Waited p50, p90, p95, p99, p999, max;
    std::vector<Waited> curve;  ///< at curve_shares; empty when count is 0
};

struct PhaseSummary {
    std::string name;  ///< "" for the whole run, else "during outage"
    std::vector<Span> spans;
    std::array<MetricSummary, metrics.size()> from_due;
    /// The same from the time of the actual sending: it leaves out what a client had to wait before it could
    /// send.
    std::array<MetricSummary, metrics.size()> from_sending;
};

/// Latencies of what was due in each step of the run; `never` where there was nothing.
struct LatencySeries {
    std::vector<std::int64_t> count, undelivered, p50, p95, p99, max;
};

struct Series {
    std::int64_t step_us = 0;
    std::size_t steps = 0;
    std::vector<std::int64_t> sends, accepts, stores, deliveries;  ///< in each step, by when they happened
    std::map<std::string, std::vector<std::int64_t>> requests;     ///< to the store, by status
    std::map<std::string, std::vector<std::int64_t>>
        backlog;  ///< by node: the most in each step, held until told anew
    std::map<std::string, std::vector<std::int64_t>>
        feed_lag;  ///< by node: from `stored` to the node's first showing, the longest in each step
    std::array<LatencySeries, metrics.size()> latencies;
    std::vector<bool> tainted;  ///< the harness itself stalled
};

struct NodeSummary {
    std::string name;
    std::vector<std::pair<std::int64_t, std::string>> lifeline;  ///< (when, state)
    std::map<std::string, std::int64_t> requests;                ///< by status
};

/// Deliveries of what was sent to one node and shown by another.
struct Route {
    std::string from, to;
    std::int64_t count = 0, undelivered = 0;
    Waited p50, p99, max;
};

/// One message from its sender to everybody: what a space-time diagram shows.
struct Story {
    struct Shown {
        std::string client, node;
        std::int64_t at_us = never;  ///< `never`: it had to be shown, and was not
        DeliveryPath via = DeliveryPath::live;
        bool late = false;
    };
    std::string message, room, sender, node;
    std::int64_t due_us = never, sent_us = never, accepted_us = never, stored_us = never;
    std::uint32_t tries = 0;
    bool in_store = false;
    std::vector<Shown> shown;
    bool failed = false;  ///< a finding names it
};

struct RecoverySummary {
    std::string fault;
    std::int64_t us = never;  ///< `never`: it was not over at the end
    std::int64_t limit_us = 0;
};

struct Summary {
    std::int64_t length_us = 0, healed_us = never;
    std::map<std::string, std::int64_t> counts;  ///< messages, tries, accepted, stored, refused, showings,
                                                 ///< late, repeated, documents, requests
    std::vector<FaultSpan> faults;
    std::vector<PhaseSummary> phases;  ///< the whole run first
    std::vector<RecoverySummary> recoveries;
    std::vector<NodeSummary> nodes;
    std::vector<Route> routes;
    std::vector<Story> stories;  ///< of what findings name, then of the slowest
    Series series;
    std::int64_t stalled_us = 0, stall_longest_us = 0;
    std::int64_t stored_untold = 0;
};

/// Needs closed facts, and the verdict on them.
Summary summarize(const Facts& facts, const Latencies& latencies, const Verdict& verdict);

/// The series alone; `steps_max` bounds its size.
Series make_series(const Facts& facts, const Latencies& latencies, std::size_t steps_max);

/// The stories of up to `failed_max` messages that findings name, and of the `slowest_max` slowest
/// deliveries.
std::vector<Story> make_stories(const Facts& facts, const Latencies& latencies, const Verdict& verdict,
                                std::size_t failed_max, std::size_t slowest_max);

}  // namespace davenport::sim::checker
