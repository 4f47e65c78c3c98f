#include "sim/history/scenario_file.hpp"
#include "sim/program/commands.hpp"
#include "sim/program/run_one.hpp"
#include "sim/scenario/draw_choices.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/world.hpp"

#include <cstdio>
#include <fstream>

#include <fmt/format.h>

namespace davenport::sim::program {

namespace {

/// One run, as far as it is compared with another: a number for each event, and the records.
struct Trail : HistorySink {
    struct Event {
        std::uint64_t hash;
        std::int64_t at_us;
        std::string what;
    };
    std::vector<Event> events;
    std::vector<std::string> records;
    WorldResult result;

    void add(const Record& record) override { append_line(records.emplace_back(), record); }
};

void run_once(const Scenario& scenario, const Plan& plan, Trail& trail) {
    WorldOptions options;
    options.interrupted = &interrupted();
    options.trace = [&](const TracedEvent& event) {
        trail.events.push_back(
            {event.hash, event.at.count(), fmt::format("{} {}", event.kind, event.target)});
    };
    trail.result = run_virtual(scenario, plan, trail, options);
}

std::string describe(const Trail& trail, std::size_t i) {
    if (i >= trail.events.size()) return "the end";
    const auto& event = trail.events[i];
    return fmt::format("at {:.6f} s, {}", static_cast<double>(event.at_us) / 1e6, event.what);
}

/// For `diff`, between builds by different compilers, say.
bool write_trail(const Trail& trail, const std::filesystem::path& path) {
    std::ofstream file{path};
    for (std::size_t i = 0; i < trail.events.size(); ++i)
        file << fmt::format("{} {} {:016x}\n", i + 1, describe(trail, i), trail.events[i].hash);
    if (file.flush()) return true;
    fmt::print(stderr, "{}: cannot be written\n", path.string());
    return false;
}

template <class List>
std::size_t first_difference(const List& a, const List& b, auto same) {
    std::size_t i = 0;
    while (i < a.size() && i < b.size() && same(a[i], b[i])) ++i;
    return i;
}

}  // namespace

int verify(const std::filesystem::path& file, std::optional<std::uint64_t> seed,
           const std::filesystem::path& trail) {
    const auto loaded = load_scenario(file);
    if (!loaded.scenario) {
        fmt::print(stderr, "{}", loaded.errors);
        return exit_usage;
    }
    if (beyond_the_world({*loaded.scenario}, RunRequest{})) return exit_usage;
    catch_interrupts();
    const auto scenario = draw_choices(*loaded.scenario, seed.value_or(loaded.scenario->seed));
    const auto plan = make_plan(scenario, seed.value_or(scenario.seed));
    Trail first, second;
    run_once(scenario, plan, first);
    run_once(scenario, plan, second);
    if (interrupted()) return exit_unknown;
    if (!trail.empty() && !write_trail(first, trail)) return exit_usage;
    if (first.result.event_hash == second.result.event_hash && first.records == second.records) {
        fmt::print("same  {} (seed {}): {} events, {} records, hash {:016x}\n", scenario.name, plan.seed,
                   first.result.events, first.records.size(), first.result.event_hash);
        return exit_pass;
    }
    fmt::print("DIFFERENT  {} (seed {})\n", scenario.name, plan.seed);
    const auto event = first_difference(first.events, second.events,
                                        [](const auto& a, const auto& b) { return a.hash == b.hash; });
    if (event < std::max(first.events.size(), second.events.size()))
        fmt::print("    first event that differs: number {}\n        one run: {}\n        other:   {}\n",
                   event + 1, describe(first, event), describe(second, event));
    const auto record =
        first_difference(first.records, second.records, [](const auto& a, const auto& b) { return a == b; });
    const auto line = [&](const Trail& of) {
        return record < of.records.size() ? of.records[record] : "the end";
    };
    if (record < std::max(first.records.size(), second.records.size()))
        fmt::print("    first record that differs: number {}\n        one run: {}\n        other:   {}\n",
                   record + 1, line(first), line(second));
    return exit_fail;
}

}  // namespace davenport::sim::program
