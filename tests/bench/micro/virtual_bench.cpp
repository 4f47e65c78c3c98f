#include "sim/scenario/reader.hpp"
#include "sim/world.hpp"

#include <benchmark/benchmark.h>

// The virtual world's event loop with everything in it: cores, mock, clients, orchestrator.
namespace davenport::bench {
namespace {

constexpr const char* scenario_text = R"(name: bench
about: three nodes and twelve clients for ten seconds, the store away for two of them.
seed: 1
topology: { nodes: 3, clients: 12, rooms: 2 }
links: { node-store: { latency: 1ms..5ms }, client-node: { latency: 1ms } }
load: { rate: 50/s, arrivals: poisson, size: 64B, for: 10s }
timeline:
  - { at: 4s, fault: store.down, for: 2s, name: outage }
expect:
  - no_loss
)";

struct Nowhere final : sim::HistorySink {
    void add(const sim::Record&) override { ++records; }
    std::int64_t records = 0;
};

void run_scenario(benchmark::State& state) {
    const auto reading = sim::read_scenario(scenario_text, "bench");
    if (!reading.scenario) return state.SkipWithError("the scenario is wrong");
    const auto plan = sim::make_plan(*reading.scenario, 1);
    std::int64_t events = 0;
    for (auto _ : state) {
        Nowhere nowhere;
        const auto result = sim::run_virtual(*reading.scenario, plan, nowhere, {});
        if (!result.broken.empty()) state.SkipWithError(result.broken.c_str());
        events += static_cast<std::int64_t>(result.events);
    }
    state.SetItemsProcessed(events);  // events a second
}
BENCHMARK(run_scenario)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace davenport::bench
