#include "tests/mutants/hunt.hpp"

#include "sim/history/scenario_file.hpp"
#include "sim/scenario/draw_choices.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/shrink.hpp"
#include "sim/search/sweep.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace davenport::mutants {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t seeds = 200;
constexpr auto shrink_time = std::chrono::seconds{10};

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::optional<sim::Scenario> load(const std::string& file) {
    auto loaded = sim::load_scenario(file);
    if (!loaded.scenario) fmt::print("{}", loaded.errors);
    return std::move(loaded.scenario);
}

std::optional<sim::search::Failure> as_property(const std::vector<sim::search::Failure>& failures,
                                                const std::string& property) {
    const auto found = std::ranges::find_if(
        failures, [&](const auto& failure) { return failure.property.starts_with(property); });
    return found == failures.end() ? std::nullopt : std::optional{*found};
}

void print_others(const sim::search::SweepResult& result) {
    for (const auto& [failure, count] : result.failures) fmt::print("    {} x {}\n", count, show(failure));
}

/// The first seed from `first` on with which the scenario fails as `property`, and how.
std::optional<std::pair<std::uint64_t, sim::search::Failure>> sweep_from(const sim::Scenario& scenario,
                                                                         std::uint64_t first,
                                                                         const std::string& property) {
    sim::search::SweepOptions options;
    options.last = seeds;
    for (options.first = first; options.first <= seeds;) {
        const auto result = sweep_seeds(scenario, options);
        if (result.failing.empty()) {
            print_others(result);
            return {};
        }
        const auto& run = result.failing.front();
        if (const auto failure = as_property(run.failures, property)) return std::pair{run.seed, *failure};
        options.first = run.seed + 1;
    }
    return {};
}

/// What is left of the failing run; nothing when it cannot be reproduced as a scenario.
std::optional<sim::search::Shrunk> shrink(const sim::Scenario& scenario, std::uint64_t seed,
                                          const sim::search::Failure& failure, Clock::time_point start) {
    sim::search::ShrinkOptions options;
    options.out_of_time = [&] { return Clock::now() - start > shrink_time; };
    const auto decided = sim::draw_choices(scenario, seed);
    auto shrunk = sim::search::shrink(decided, sim::make_plan(decided, seed), failure, options);
    if (!shrunk.reproduced) return {};
    return shrunk;
}

/// Shrinks one failing run after the other until one is small, for as long as one shrinking may take.
bool shrink_some(const sim::Scenario& scenario, std::uint64_t seed, sim::search::Failure failure,
                 const std::string& property, std::size_t events_max) {
    const auto start = Clock::now();
    std::optional<sim::search::Shrunk> best;
    std::uint64_t best_seed = 0, tried = 0;
    const auto size = [](const sim::search::Shrunk& shrunk) { return shrunk.faults() + shrunk.messages(); };
    while ((!best || size(*best) > events_max) && Clock::now() - start < shrink_time) {
        ++tried;
        if (auto shrunk = shrink(scenario, seed, failure, start);
            shrunk && (!best || size(*shrunk) < size(*best))) {
            best = std::move(shrunk);
            best_seed = seed;
        }
        const auto next = sweep_from(scenario, seed + 1, property);
        if (!next) break;
        seed = next->first;
        failure = next->second;
    }
    if (!best) return fmt::print("not reproduced as a scenario\n"), false;
    fmt::print("shrunk to {} faults and {} messages in {:.1f} s, {} failing runs\n\n{}", best->faults(),
               best->messages(), seconds_since(start), tried,
               sim::search::shrunk_text(*best, fmt::format("seed {}", best_seed)));
    return size(*best) <= events_max;
}

}  // namespace

bool find(const std::string& scenario_file, const std::string& property, std::size_t shrunk_to) {
    const auto scenario = load(scenario_file);
    if (!scenario) return false;
    const auto start = Clock::now();
    const auto found = sweep_from(*scenario, 1, property);
    if (!found) {
        fmt::print("not found by {} within {} seeds\n", property, seeds);
        return false;
    }
    const auto& [seed, failure] = *found;
    fmt::print("found by seed {} in {:.2f} s: {}\n", seed, seconds_since(start), show(failure));
    return shrunk_to == 0 || shrink_some(*scenario, seed, failure, property, shrunk_to);
}

bool survive(const std::string& scenario_file) {
    const auto scenario = load(scenario_file);
    if (!scenario) return false;
    const auto start = Clock::now();
    sim::search::SweepOptions options;
    options.last = seeds;
    options.stop_at_first = false;
    const auto result = sweep_seeds(*scenario, options);
    fmt::print("{} runs in {:.1f} s: {} passed, {} failed, {} unknown; {} messages, {} showings, {} events\n",
               result.runs, seconds_since(start), result.passed, result.failed, result.unknown, result.sends,
               result.deliveries, result.events);
    print_others(result);
    for (const auto& [doubt, count] : result.doubts) fmt::print("    {} x {}\n", count, doubt);
    for (const auto& run : result.failing) fmt::print("    failed: seed {}\n", run.seed);
    // A swarm leaves out much, and then some expectation has nothing to be judged by; but runs that broke off
    // show nothing.
    const bool broke_off = std::ranges::any_of(
        result.doubts, [](const auto& doubt) { return doubt.first.starts_with("broken off"); });
    return result.failed == 0 && !broke_off && result.passed * 4 >= result.runs;
}

}  // namespace davenport::mutants
