#include "node/base/json.hpp"
#include "reports/reports.hpp"
#include "sim/checker/evidence.hpp"
#include "sim/checker/judge.hpp"
#include "sim/checker/latency.hpp"
#include "sim/history/history_file.hpp"
#include "sim/history/joined_history.hpp"
#include "sim/program/commands.hpp"
#include "sim/program/run_folder.hpp"
#include "sim/program/run_one.hpp"
#include "sim/program/summary.hpp"
#include "sim/scenario/draw_choices.hpp"
#include "sim/scenario/reader.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

/// Joins the histories of generators that played one load together, and judges the whole.
namespace davenport::sim::program {
namespace {

namespace fs = std::filesystem;

using checker::Finding;
using checker::Outcome;

/// The runs of all folders, by generator. Empty when they are not parts of one run; stderr says why.
std::vector<GeneratorRun> read_runs(const Files& folders) {
    std::vector<GeneratorRun> runs;
    for (const auto& folder : folders) {
        std::string error;
        auto run = read_generator_run(folder / "history.jsonl", error);
        for (const auto& known : runs)
            if (run && error.empty()) error = conflict_between(known, *run);
        if (!error.empty()) {
            fmt::print(stderr, "{}\n", error);
            return {};
        }
        runs.push_back(std::move(*run));
    }
    std::ranges::sort(runs, {}, &GeneratorRun::generator);
    return runs;
}

/// "3, 7": those of which there is no history.
std::vector<int> missing_of(const std::vector<GeneratorRun>& runs) {
    std::vector<int> missing;
    for (int number = 1; number <= runs.front().generators; ++number)
        if (std::ranges::find(runs, number, &GeneratorRun::generator) == runs.end())
            missing.push_back(number);
    return missing;
}

Finding check_complete(const std::vector<GeneratorRun>& runs, const JoinResult& joined) {
    const auto missing = missing_of(runs);
    Finding found;
    found.property = "all generators";
    found.outcome = missing.empty() && joined.unended.empty() ? Outcome::pass : Outcome::unknown;
    found.measured = fmt::format("{} of {} generators", runs.size(), runs.front().generators);
    if (!missing.empty())
        found.evidence.push_back(fmt::format(
            "missing: {}; what their clients said, and were shown, is not judged", fmt::join(missing, ", ")));
    for (const auto generator : joined.unended)
        found.evidence.push_back(fmt::format(
            "the history of generator {} has no end: it was killed, or its file is cut", generator));
    return found;
}

std::string describe_pair(const ClockDifference& clocks) {
    if (const auto ahead = clocks.ahead_us())
        return fmt::format("{}'s clock {} {}'s by {}, give or take {}", clocks.other,
                           *ahead < 0 ? "is behind" : "is ahead of", clocks.one,
                           checker::time_text(std::abs(*ahead)),
                           checker::time_text(std::abs(clocks.error_us())));
    return fmt::format("from {} to {} messages took {} at the least, and none went back", clocks.one,
                       clocks.other,
                       checker::time_text(clocks.to_other_us.value_or(clocks.to_one_us.value_or(0))));
}

/// Latencies between two generators are as good as their clocks agree.
Finding check_clocks(const JoinResult& joined) {
    Finding found;
    found.property = "one time";
    found.outcome = Outcome::pass;
    const ClockDifference* widest = nullptr;
    for (const auto& clocks : joined.clocks) {
        if (!widest || std::abs(clocks.ahead_us().value_or(0)) > std::abs(widest->ahead_us().value_or(0)))
            widest = &clocks;
        if (!clocks.is_seen()) continue;
        found.outcome = Outcome::unknown;
        found.evidence.push_back(
            fmt::format("between generators {} and {} {} was shown before it was sent, by their clocks: {}",
                        clocks.one, clocks.other, clocks.earliest, describe_pair(clocks)));
    }
    found.measured = "the wall clocks of all generators are taken for one";
    if (found.outcome == Outcome::unknown) {
        found.measured +=
            ", and are not: latencies between them are as wrong as that; synchronise them (NTP)";
    } else if (widest) {
        found.measured +=
            fmt::format("; no message contradicts that, and at most generator {}", describe_pair(*widest));
    } else {
        found.measured += "; no message went from one to another, so nothing tells";
    }
    return found;
}

/// What clocks that disagree may have done to a figure, nobody knows.
void doubt_latencies(checker::Verdict& verdict) {
    for (auto& finding : verdict.findings) {
        const auto& figure = finding.property;
        const bool is_latency = std::ranges::any_of(checker::metrics, [&](checker::Metric metric) {
            return figure.find(fmt::format("({}", checker::name_of(metric))) != std::string::npos;
        });
        if (!is_latency || figure.starts_with("count") || figure.starts_with("undelivered")) continue;
        finding.outcome = Outcome::unknown;
        finding.measured += "; the generators' clocks disagree";
    }
}

void add_findings(checker::Verdict& verdict, std::vector<Finding> more) {
    verdict.findings.insert(verdict.findings.begin() + 1, std::make_move_iterator(more.begin()),
                            std::make_move_iterator(more.end()));
    const auto any = [&](Outcome outcome) {
        return std::ranges::find(verdict.findings, outcome, &Finding::outcome) != verdict.findings.end();
    };
    verdict.outcome = any(Outcome::fail)      ? Outcome::fail
                      : any(Outcome::unknown) ? Outcome::unknown
                                              : Outcome::pass;
}

Record first_record(const GeneratorRun& run, const Scenario& scenario, const Share& share) {
    base::json::object about;
    about["scenario"] = scenario.name;
    about["file"] = run.scenario_file;
    about["seed"] = run.seed;
    about["world"] = "process";
    about["store"] = run.store;
    about["chatsim"] = run.build;
    about["begin"] = run.begin;
    about["generators"] = run.generators;
    about["merged"] = base::json::array(share.has.begin(), share.has.end());
    Record record{.kind = RecordKind::run};
    record.text = base::write_json(about);
    return record;
}

}  // namespace

int merge(const MergeRequest& request) {
    const auto runs = read_runs(request.folders);
    if (runs.empty()) return exit_usage;
    const auto& first = runs.front();
    auto reading = read_scenario(first.scenario_text, first.scenario_file);
    if (!reading.scenario) {
        fmt::print(stderr, "{}: error: the scenario in it cannot be read by this build:\n{}",
                   first.file.string(),
                   render(std::move(reading.problems), first.scenario_file, first.scenario_text));
        return exit_usage;
    }
    const auto& read = *reading.scenario;
    const auto scenario = draw_choices(read, first.seed);
    Share share{first.generators, {}};
    for (const auto& run : runs) share.has.insert(run.generator);
    const auto plan = share_of(make_plan(scenario, first.seed), share);

    const auto folder = request.out.empty()
                            ? fs::path{"out"} / (fs::path{first.scenario_file}.stem().string() + "-merged")
                            : request.out;
    for (const auto& part : request.folders) {
        std::error_code error;
        if (!fs::equivalent(part, folder, error)) continue;
        fmt::print(stderr, "chatsim: --out {} is one of the folders that are merged: give another\n",
                   folder.string());
        return exit_usage;
    }
    const RunFolder own{folder};
    if (!own.error().empty()) {
        fmt::print(stderr, "{}\n", own.error());
        return exit_files;
    }
    HistoryWriter history{folder / "history.jsonl"};
    checker::Judge judge{scenario, plan};
    LatencyTable latencies;
    HistoryFanout sinks;
    sinks.join(history);
    sinks.join(judge);
    sinks.join(latencies);
    sinks.add(first_record(first, read, share));
    const auto joined = join_histories(runs, plan, sinks);
    if (!joined.error.empty()) {
        fmt::print(stderr, "{}\n", joined.error);
        return exit_usage;
    }
    history.flush();
    auto verdict = judge.finish();
    auto clocks = check_clocks(joined);
    if (clocks.outcome != Outcome::pass) doubt_latencies(verdict);
    add_findings(verdict, {check_complete(runs, joined), std::move(clocks)});

    reports::RunInfo info;
    info.world = "process";
    info.store = first.store;
    info.seed = first.seed;
    info.replay = "chatsim merge";
    for (const auto& part : request.folders) info.replay += ' ' + part.string();
    info.started = first.begin;
    info.environment = reports::environment();
    info.environment["generators"] = fmt::format("{} of {}", runs.size(), first.generators);
    info.scenario_text = first.scenario_text;
    info.experiment = first.experiment;
    const auto summary = judge.summary();
    const auto unwritten = reports::write_results(folder, {info, scenario, verdict, summary});
    for (const auto& problem : {history.error(), unwritten})
        if (!problem.empty()) fmt::print(stderr, "{}\n", problem);
    if (!history.error().empty() || !unwritten.empty()) return exit_files;

    const bool colour = isatty(STDOUT_FILENO) == 1;
    fmt::print("{}  {} ({} of {} generators, seed {})\n", show(verdict.outcome, colour), read.name,
               runs.size(), first.generators, first.seed);
    fmt::print("{}{}", show(verdict, first.scenario_file, colour), latencies.render());
    fmt::print("    report:  {}\n", (folder / "report.html").string());
    return exit_code(verdict.outcome);
}

}  // namespace davenport::sim::program
