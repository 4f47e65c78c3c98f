#include "sim/checker/watch.hpp"

#include "sim/checker/latency.hpp"
#include "sim/checker/thresholds.hpp"

namespace davenport::sim::checker {
namespace {

constexpr std::int64_t look_every_us = 1'000'000;

}  // namespace

Watch::Watch(const Scenario& scenario) {
    facts_.one_order =
        scenario.topology.shards == 1 && scenario.topology.members == 1 && scenario.topology.stores == 1;
    facts_.polling_from = scenario.topology.clients - scenario.topology.polling + 1;
    facts_.polling_to = scenario.topology.clients;
    for (const auto& expectation : scenario.expect)
        if (expectation.abort_on_fail) expectations_.push_back(expectation);
}

void Watch::add(const Record& record) { facts_.add(record); }

std::optional<std::string> Watch::broken() {
    if (idle() || facts_.end_us < looked_us_ + look_every_us) return {};
    looked_us_ = facts_.end_us;
    auto facts = facts_;  // closing it is for good
    facts.close();
    const Latencies latencies{facts};
    for (const auto& expectation : expectations_)
        if (is_broken_already(facts, latencies, expectation, samples_min)) return expectation.text;
    return {};
}

}  // namespace davenport::sim::checker
