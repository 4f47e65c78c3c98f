#include "sim/checker/judge.hpp"

#include <string>

#include <benchmark/benchmark.h>

// The checker: 10,000 messages to 100 people each, a million deliveries.
namespace davenport::bench {
namespace {

constexpr int people = 100, messages = 10'000;

sim::Record record(sim::RecordKind kind, int client) {
    sim::Record made{.kind = kind};
    made.client = "c" + std::to_string(client);
    made.node = client % 2 ? "n1" : "n2";
    made.room = "r1";
    made.count = 1;
    return made;
}

void tell_all(sim::checker::Judge& judge) {
    for (int client = 1; client <= people; ++client) {
        judge.add(record(sim::RecordKind::connected, client));
        judge.add(record(sim::RecordKind::joined, client));
    }
    for (int number = 0; number < messages; ++number) {
        const int sender = number % people + 1;
        auto said = record(sim::RecordKind::send, sender);
        said.msg = said.client + "-" + std::to_string(number / people + 1);
        said.at_us = said.due_us = 1000 * number;
        judge.add(said);
        said.kind = sim::RecordKind::accepted;
        said.id = "r1:" + std::string(26 - std::to_string(number).size(), '0') + std::to_string(number);
        judge.add(said);
        auto shown = said;
        shown.kind = sim::RecordKind::shown;
        for (int client = 1; client <= people; ++client) {
            shown.client = "c" + std::to_string(client);
            shown.node = client % 2 ? "n1" : "n2";
            ++shown.at_us;
            judge.add(shown);
        }
        said.kind = sim::RecordKind::stored;
        judge.add(said);
    }
    sim::Record end{.kind = sim::RecordKind::end};
    end.at_us = 1000 * messages + 1'000'000;
    judge.add(end);
}

void million_deliveries(benchmark::State& state) {
    sim::Scenario scenario;
    for (const char* property :
         {"no_loss", "no_duplicates", "no_phantoms", "fifo_per_sender", "canonical_order", "converged"})
        scenario.expect.emplace_back().property = std::string{property};
    for (auto _ : state) {
        sim::checker::Judge judge{scenario, sim::Plan{}};
        tell_all(judge);
        for (const auto& finding : judge.finish().findings)
            if (finding.outcome == sim::checker::Outcome::fail) state.SkipWithError(finding.measured.c_str());
    }
    state.SetItemsProcessed(state.iterations() * people * messages);
}
BENCHMARK(million_deliveries)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace davenport::bench
