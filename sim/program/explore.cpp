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

/// The runs of an earlier search in `folder`, by their names; those of another scenario are left out and
/// counted.
std::vector<Replay> read_corpus(const fs::path& folder, const std::string& experiment, std::size_t& foreign) {
    std::vector<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{folder, none})
        if (entry.path().string().ends_with(ending)) files.push_back(entry.path());
    std::ranges::sort(files);
    std::vector<Replay> runs;
    for (const auto& file : files) {
        std::ifstream in{file, std::ios::binary};
        const std::string text{std::istreambuf_iterator<char>{in}, {}};
        std::string error;
        auto replay = search::read_replay(text, error);
        if (!error.empty())
            fmt::print(stderr, "{}: {}; it is left out\n", file.string(), error);
        else if (file.filename().string().starts_with(experiment))
            runs.push_back(std::move(replay));
        else
            ++foreign;
    }
    return runs;
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

bool write_corpus(const fs::path& folder, const std::string& experiment, const ExploreResult& result) {
    return std::ranges::all_of(
        result.corpus, [&](const Replay& run) { return !write_run(folder, experiment, run).empty(); });
}

bool print_found(const fs::path& folder, const std::string& experiment, const ExploreResult& result) {
    bool written = true;
    for (const auto& [failure, found] : result.found) {
        const auto file = write_run(folder, experiment, found.run);
        written &= !file.empty();
        fmt::print("FAIL  {}: {} time{}, first in run {}; {} faults, {} messages\n", show(failure),
                   found.times, found.times == 1 ? "" : "s", found.runs_before, found.run.plan.faults.size(),
                   found.run.plan.sends.size());
        for (const auto& other : found.failures)
            if (other != failure) fmt::print("      and {}\n", show(other));
        fmt::print("    replay:  chatsim replay {}\n    shrink:  chatsim shrink {}\n", file.string(),
                   file.string());
    }
    return written;
}

/// Every mark with its count, the rarest last; without `all` only those that few runs passed.
void print_marks(const ExploreResult& result, const Scenario& scenario, bool all) {
    std::vector<std::pair<std::uint64_t, std::string>> rows;
    for (const auto& [name, runs] : result.marks) rows.emplace_back(runs, name);
    std::ranges::stable_sort(rows, std::greater{}, [](const auto& row) { return row.first; });
    const auto met = std::ranges::count_if(rows, [](const auto& row) { return row.first > 0; });
    const auto situations = result.situations.summary(scenario);
    fmt::print("marks: {} of {} in the code, {} of {} situations\n", met, rows.size(), situations.reached,
               situations.possible);
    for (const auto& [runs, name] : rows)
        if (runs == 0)
            fmt::print("    never    {}\n", name);
        else if (all || runs * 1'000 < result.runs)
            fmt::print("    {:>6} x {}\n", runs, name);
    if (!all) return;
    for (const auto& line : situations.never) fmt::print("    {}\n", line);
}

}  // namespace

int explore(const ExploreRequest& request) {
    const auto loaded = load_scenario(request.file);
    if (!loaded.scenario) {
        fmt::print(stderr, "{}", loaded.errors);
        return exit_usage;
    }
    if (!is_possible(*loaded.scenario, request.store)) return exit_usage;
    if (beyond_the_world({*loaded.scenario}, RunRequest{})) return exit_usage;
    catch_interrupts();
    const auto scenario = with_store(*loaded.scenario, request.store);
    const auto experiment = search::experiment_id(scenario);
    const auto folder = request.out / fmt::format("{}-explore", request.file.stem().string());
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
    if (!request.afresh) options.corpus = read_corpus(folder / "corpus", experiment, foreign);
    auto last = start;
    options.progress = [&](const ExploreResult& so_far, std::size_t kept) {
        if (!terminal || Clock::now() - last < std::chrono::milliseconds{200}) return;
        last = Clock::now();
        fmt::print(stderr, "\r\033[K{:.0f} s: {} runs, {} kept, {} kinds of failure", seconds(), so_far.runs,
                   kept, so_far.found.size());
    };
    fmt::print("explore  {}, {} runs to begin with{}\n", scenario.name, options.corpus.size(),
               foreign > 0 ? fmt::format(" ({} of another scenario are left out)", foreign) : "");
    const auto result = search::explore(scenario, options);
    const auto took = seconds();
    if (terminal) fmt::print(stderr, "\r\033[K");
    fmt::print(
        "{} runs in {:.1f} s ({:.0f} a second): {} failed, {} unknown; {} features, {} runs kept in {}\n",
        result.runs, took, static_cast<double>(result.runs) / std::max(took, 0.001), result.failed,
        result.unknown, result.features, result.corpus.size(), (folder / "corpus").string());
    print_marks(result, scenario, request.marks);
    const bool written = write_corpus(folder / "corpus", experiment, result);
    if (!print_found(folder / "found", experiment, result) || !written) return exit_files;
    if (result.failed > 0) return exit_fail;
    return result.runs == 0 || result.unknown == result.runs ? exit_unknown : exit_pass;
}

}  // namespace davenport::sim::program
