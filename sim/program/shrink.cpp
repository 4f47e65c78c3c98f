#include "sim/search/shrink.hpp"

#include "sim/program/search_commands.hpp"
#include "sim/scenario/reader.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

namespace davenport::sim::program {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Which of a run's failures is shrunk: the first whose property begins as asked.
std::optional<search::Failure> choose(const std::vector<search::Failure>& failures,
                                      const std::string& property) {
    for (const auto& failure : failures)
        if (failure.property.starts_with(property)) return failure;
    return {};
}

/// Whether the file that was written says what was found: read again, it fails in the same way.
bool holds(const std::string& text, const std::string& path, const search::Failure& failure) {
    const auto reading = read_scenario(text, path);
    if (!reading.scenario) {
        fmt::print(stderr, "{}", render(reading.problems, path, text));
        return false;
    }
    const auto& scenario = *reading.scenario;
    return search::try_plan(scenario, make_plan(scenario, scenario.seed)).fails_as(failure);
}

fs::path file_for(const ShrinkRequest& request, const std::string& scenario_file, std::uint64_t seed) {
    if (!request.out.empty()) return request.out;
    return fs::path{"out"} /
           fmt::format("{}-seed-{}-shrunk.yaml", fs::path{scenario_file}.stem().string(), seed);
}

}  // namespace

int shrink(const ShrinkRequest& request) {
    const auto target = find_replay_target(request.run);
    if (!target) return exit_usage;
    catch_interrupts();
    const auto start = Clock::now();
    const auto trial = search::try_plan(target->scenario, target->plan);
    const auto failure = choose(trial.failures, request.property);
    if (!failure) {
        fmt::print(stderr, "chatsim: there is nothing to shrink: {} {}\n", target->origin,
                   trial.failures.empty() ? "does not fail" : "does not fail in " + request.property);
        return exit_unknown;
    }

    const bool terminal = isatty(STDERR_FILENO) == 1;
    search::ShrinkOptions options;
    options.threads = request.threads;
    options.out_of_time = [&] { return interrupted() || Clock::now() - start > request.time_max; };
    options.progress = [&](std::string_view step, std::size_t faults, std::size_t messages) {
        if (terminal) fmt::print(stderr, "\r\033[K{} faults, {} messages: {}", faults, messages, step);
    };
    const auto shrunk = search::shrink(target->scenario, target->plan, *failure, options);
    if (terminal) fmt::print(stderr, "\r\033[K");
    if (!shrunk.reproduced) {
        fmt::print(
            stderr,
            "chatsim: {} fails, but not once its draws are spelled out as a scenario; replay it with {}\n",
            target->origin, target->line);
        return exit_unknown;
    }

    const auto text = search::shrunk_text(shrunk, target->origin);
    const auto path = file_for(request, target->scenario.file, target->plan.seed);
    std::error_code ignored;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), ignored);
    std::ofstream out{path, std::ios::binary};
    out << text;
    out.flush();
    if (!out) {
        fmt::print(stderr, "{}: error: cannot be written\n{}", path.string(), text);
        return exit_files;
    }
    const auto took = std::chrono::duration<double>(Clock::now() - start).count();
    fmt::print("{}", text);
    fmt::print(stderr, "{}: {} faults and {} messages became {} and {}, in {} runs and {:.1f} s{}\n",
               path.string(), shrunk.faults_before, shrunk.messages_before, shrunk.faults(),
               shrunk.messages(), shrunk.trials, took,
               shrunk.in_time ? "" : " (time was up; more may go with --seconds)");
    if (holds(text, path.string(), *failure)) return exit_pass;
    fmt::print(stderr, "{}: error: read again, it does not fail as it did\n", path.string());
    return exit_unknown;
}

}  // namespace davenport::sim::program
