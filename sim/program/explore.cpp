#include "sim/search/explore.hpp"

#include "node/base/random.hpp"
#include "sim/history/scenario_file.hpp"
#include "sim/program/run_one.hpp"
#include "sim/program/search_commands.hpp"
#include "sim/program/summary.hpp"
#include "sim/search/identity.hpp"
#include "sim/search/parallel.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <unistd.h>

namespace davenport::sim::program {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using search::ExploreResult;
using search::Replay;

constexpr const char* ending = ".replay.json";

/// One of the files that are searched.
struct World {
    Scenario scenario;
    std::string experiment;
    fs::path folder;  ///< of what is kept and found
};

/// Adds the runs of an earlier search in the world's folder, by their names; those of another scenario are
/// left out and counted.
void read_corpus(const World& world, std::size_t of, std::vector<search::Worthy>& runs,
                 std::size_t& foreign) {
    std::vector<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{world.folder / "corpus", none})
        if (entry.path().string().ends_with(ending)) files.push_back(entry.path());
    std::ranges::sort(files);
    for (const auto& file : files) {
        std::ifstream in{file, std::ios::binary};
        const std::string text{std::istreambuf_iterator<char>{in}, {}};
        std::string error;
        auto replay = search::read_replay(text, error);
        if (!error.empty())
            fmt::print(stderr, "{}: {}; it is left out\n", file.string(), error);
        else if (file.filename().string().starts_with(world.experiment))
            runs.push_back({of, std::move(replay)});
        else
            ++foreign;
    }
}

/// Writes a run under a name that tells its experiment and itself apart. Returns the file; empty when it
/// could not be written, which was said.
fs::path write_run(const fs::path& folder, const std::string& experiment, const Replay& run) {
    const auto text = search::write_replay(run);
    const auto file = folder / fmt::format("{}-{:016x}{}", experiment, base::fnv1a(text), ending);
    std::error_code none;
    fs::create_directories(folder, none);
    std::ofstream out{file, std::ios::binary};
    out << text;
    out.flush();
    if (out) return file;
    fmt::print(stderr, "{}: error: cannot be written\n", file.string());
    return {};
}

bool write_corpus(const std::vector<World>& worlds, const ExploreResult& result) {
    return std::ranges::all_of(result.corpus, [&](const search::Worthy& one) {
        const auto& world = worlds[one.of];
        return !write_run(world.folder / "corpus", world.experiment, one.run).empty();
    });
}

bool print_found(const std::vector<World>& worlds, const ExploreResult& result) {
    bool written = true;
    for (const auto& [failure, found] : result.found) {
        const auto& world = worlds[found.of];
        const auto file = write_run(world.folder / "found", world.experiment, found.run);
        written &= !file.empty();
        fmt::print("FAIL  {}: {} time{}, first in run {}; {} faults, {} messages{}\n", show(failure),
                   found.times, found.times == 1 ? "" : "s", found.runs_before, found.run.plan.faults.size(),
                   found.run.plan.sends.size(), worlds.size() == 1 ? "" : ", " + world.scenario.name);
        for (const auto& other : found.failures)
            if (other != failure) fmt::print("      and {}\n", show(other));
        fmt::print("    replay:  chatsim replay {}\n    shrink:  chatsim shrink {}\n", file.string(),
                   file.string());
    }
    return written;
}

/// Every mark with its count, the rarest last; without `all` only those that few runs passed.
void print_marks(const ExploreResult& result, const std::vector<World>& worlds, bool all) {
    std::vector<std::pair<std::uint64_t, std::string>> rows;
    for (const auto& [name, runs] : result.marks) rows.emplace_back(runs, name);
    std::ranges::stable_sort(rows, std::greater{}, [](const auto& row) { return row.first; });
    const auto met = std::ranges::count_if(rows, [](const auto& row) { return row.first > 0; });
    fmt::print("marks: {} of {} in the code", met, rows.size());
    for (std::size_t i = 0; i < worlds.size(); ++i) {
        const auto situations = result.situations[i].summary(worlds[i].scenario);
        fmt::print(", {} of {} situations{}", situations.reached, situations.possible,
                   worlds.size() == 1 ? "" : " of " + worlds[i].scenario.name);
    }
    fmt::print("\n");
    for (const auto& [runs, name] : rows)
        if (runs == 0)
            fmt::print("    never    {}\n", name);
        else if (all || runs * 1'000 < result.runs)
            fmt::print("    {:>6} x {}\n", runs, name);
    if (!all) return;
    for (std::size_t i = 0; i < worlds.size(); ++i)
        for (const auto& line : result.situations[i].summary(worlds[i].scenario).never)
            fmt::print("    {}\n", line);
}

/// What the runs went to.
void print_attempts(const ExploreResult& result) {
    std::string text;
    for (const auto& [way, runs] : result.attempts)
        text += fmt::format("{}{} x {}", text.empty() ? "" : ", ", runs, way);
    if (!text.empty()) fmt::print("made as: {}\n", text);
}

}  // namespace

int explore(const ExploreRequest& request) {
    std::vector<World> worlds;
    for (const auto& file : request.files) {
        const auto loaded = load_scenario(file);
        if (!loaded.scenario) {
            fmt::print(stderr, "{}", loaded.errors);
            return exit_usage;
        }
        if (!is_possible(*loaded.scenario, request.store)) return exit_usage;
        if (beyond_the_world({*loaded.scenario}, RunRequest{})) return exit_usage;
        auto scenario = with_store(*loaded.scenario, request.store);
        auto experiment = search::experiment_id(scenario);
        worlds.push_back({std::move(scenario), std::move(experiment),
                          request.out / fmt::format("{}-explore", file.stem().string())});
    }
    catch_interrupts();
    const bool terminal = isatty(STDERR_FILENO) == 1;
    const auto start = Clock::now();
    const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };

    search::ExploreOptions options;
    options.seed = request.seed;
    options.threads = request.threads;
    options.runs_max = request.runs;
    options.stop_at_first = !request.all;
    options.interrupted = &interrupted();
    options.out_of_time = [&] { return Clock::now() - start > request.time_max; };
    std::size_t foreign = 0;
    for (std::size_t i = 0; i < worlds.size() && !request.afresh; ++i)
        read_corpus(worlds[i], i, options.corpus, foreign);
    auto last = start;
    options.progress = [&](const ExploreResult& so_far, std::size_t kept) {
        if (!terminal || Clock::now() - last < std::chrono::milliseconds{200}) return;
        last = Clock::now();
        fmt::print(stderr, "\r\033[K{:.0f} s: {} runs, {} kept, {} kinds of failure", seconds(), so_far.runs,
                   kept, so_far.found.size());
    };
    std::vector<Scenario> scenarios;
    std::string names;
    for (const auto& world : worlds) {
        scenarios.push_back(world.scenario);
        names += (names.empty() ? "" : ", ") + world.scenario.name;
    }
    fmt::print("explore  {}, {} runs to begin with{}\n", names, options.corpus.size(),
               foreign > 0 ? fmt::format(" ({} of another scenario are left out)", foreign) : "");
    const auto result = search::explore(scenarios, options);
    const auto took = seconds();
    if (terminal) fmt::print(stderr, "\r\033[K");
    const auto folders = worlds.size() == 1 ? (worlds.front().folder / "corpus").string()
                                            : (request.out / "*-explore" / "corpus").string();
    fmt::print(
        "{} runs in {:.1f} s ({:.0f} a second): {} failed, {} unknown; {} features, {} runs kept in {}\n",
        result.runs, took, static_cast<double>(result.runs) / std::max(took, 0.001), result.failed,
        result.unknown, result.features, result.corpus.size(), folders);
    print_attempts(result);
    print_marks(result, worlds, request.marks);
    const bool written = write_corpus(worlds, result);
    if (!print_found(worlds, result) || !written) return exit_files;
    if (result.failed > 0) return exit_fail;
    return result.runs == 0 || result.unknown == result.runs ? exit_unknown : exit_pass;
}

}  // namespace davenport::sim::program
