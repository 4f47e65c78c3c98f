#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

constexpr std::int64_t probe_every_us = 150'000;
// What is under way when the store goes: a write batch, the feed, presence; and the edges of the periods that
// are counted.
constexpr std::int64_t slack_requests = 20;

/// 404, 409 and 412 are answers of a store that works.
bool refuses(std::string_view status) {
    return !status.starts_with('2') && status != "404" && status != "409" && status != "412";
}

bool makes_the_store_refuse(std::string_view kind) {
    constexpr std::string_view kinds[] = {"store.down",  "store.refuse",       "store.hang",
                                          "store.error", "store.unauthorized", "store.full"};
    return std::ranges::find(kinds, kind) != std::end(kinds);
}

}  // namespace

Finding check_storm(const Facts& facts) {
    Evidence evidence;
    std::int64_t failing = 0, busiest = 0, busiest_bound = 0;
    bool tried = false;
    for (const auto& fault : facts.faults) {
        if (!makes_the_store_refuse(fault.kind)) continue;
        tried = true;
        const auto length = fault.off_us - fault.on_us;
        const auto bound = length / probe_every_us * 5 / 4 + slack_requests;
        std::vector<std::int64_t> counts(facts.node_names.size(), 0);
        for (const auto& requests : facts.requests)
            if (requests.at_us >= fault.on_us && requests.at_us <= fault.off_us && refuses(requests.status))
                counts[requests.node] += requests.count;
        for (Index node = 0; node < counts.size(); ++node) {
            failing += counts[node];
            if (counts[node] > busiest) {
                busiest = counts[node];
                busiest_bound = bound;
            }
            if (counts[node] > bound)
                evidence.add(fmt::format("{} made {} requests that were refused during {} ({}); {} are borne",
                                         facts.node_names[node], counts[node], fault.name, time_text(length),
                                         bound));
        }
    }
    if (!tried || facts.requests.empty()) {
        Finding unknown;
        unknown.property = "no_storm";
        unknown.measured = tried ? "the requests were not counted" : "the store never refused";
        return unknown;
    }
    return finding(
        "no_storm", std::move(evidence),
        fmt::format("{} requests refused; the busiest node made {} in an outage where {} are borne", failing,
                    busiest, busiest_bound));
}

}  // namespace davenport::sim::checker
