#include "reports/compare.hpp"

#include "node/base/json.hpp"
#include "reports/reports.hpp"
#include "sim/checker/judge.hpp"
#include "sim/history/history_file.hpp"
#include "sim/history/joined_history.hpp"
#include "sim/history/scenario_file.hpp"
#include "sim/program/commands.hpp"
#include "sim/program/summary.hpp"
#include "sim/scenario/draw_choices.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/identity.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

/// Commands that work on what runs left behind.
namespace davenport::sim::program {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

bool write_text(const fs::path& file, std::string_view text) {
    std::ofstream out{file, std::ios::binary};
    out << text;
    out.close();
    if (!out) fmt::print(stderr, "{}: error: cannot be written\n", file.string());
    return static_cast<bool>(out);
}

/// Results without what only a page shows: a baseline is kept for its figures.
std::string slim(const std::string& results) {
    auto read = base::parse_json(results);
    if (!read) return results;
    for (const auto* key : {"series", "stories"}) read->get_object().erase(key);
    if (auto* ran = read->get_object().if_contains("run"); ran && ran->is_object())
        for (const auto* key : {"environment", "file", "replay", "scenario_text"})
            ran->get_object().erase(key);
    return base::write_json(*read) + "\n";
}

/// The files that are named, and the *.yaml in folders that are named, by name.
Files expand(const Files& named) {
    Files found;
    for (const auto& path : named) {
        if (!fs::is_directory(path)) {
            found.push_back(path);
            continue;
        }
        Files inside;
        for (const auto& entry : fs::directory_iterator(path))
            if (entry.path().extension() == ".yaml") inside.push_back(entry.path());
        std::ranges::sort(inside);
        found.insert(found.end(), inside.begin(), inside.end());
    }
    return found;
}

}  // namespace

int compare(const std::string& before, const std::string& after, const fs::path& page, bool anyway) {
    std::string error;
    const auto old_runs = reports::load_results(before, error);
    const auto new_runs = error.empty() ? reports::load_results(after, error) : decltype(old_runs){};
    if (!error.empty()) {
        fmt::print(stderr, "chatsim: {}\n", error);
        return exit_usage;
    }
    const auto comparison = reports::compare(old_runs, new_runs, {.other_scenario = anyway});
    fmt::print("{}", reports::comparison_text(comparison, isatty(STDOUT_FILENO) == 1));
    if (!page.empty() && comparison.refused.empty() &&
        !write_text(page, reports::comparison_html(comparison, old_runs.front(), new_runs.front())))
        return exit_files;
    return comparison.exit_code();
}

int ci(const CiRequest& request) {
    auto run_request = request.run;
    run_request.files = expand(request.run.files);
    if (run_request.files.empty()) {
        fmt::print(stderr, "chatsim: no scenario files there\n");
        return exit_usage;
    }
    auto code = run(run_request);
    if (code == exit_usage || code == exit_files) return code;
    std::vector<reports::IndexEntry> entries;
    for (const auto& file : run_request.files) {
        const auto name = file.stem().string();
        const auto folder = fmt::format("{}-{}", name, run_request.world);
        const auto results = read_text(run_request.out / folder / "results.json");
        if (results.empty()) continue;
        entries.push_back({results, folder});
        if (request.baselines.empty()) continue;
        const auto baseline = request.baselines / (name + ".json");
        if (request.update) {
            fs::create_directories(request.baselines);
            if (!write_text(baseline, slim(results))) return exit_usage;
        } else if (fs::exists(baseline)) {
            fmt::print("{} against its baseline:\n", name);
            const auto worse = compare(baseline.string(), (run_request.out / folder).string(), {});
            if (worse != exit_pass) code = std::max<int>(code == exit_pass ? exit_fail : code, exit_fail);
        }
    }
    const auto error = reports::write_index(run_request.out, "Scenarios", entries);
    if (!error.empty()) return fmt::print(stderr, "{}\n", error), exit_files;
    fmt::print("index: {}\n", (run_request.out / "index.html").string());
    return code;
}

namespace {

/// The scenario that a stored run was made with: as its results have it, or as its file is now.
LoadedScenario scenario_of(const base::json::value& results) {
    const auto* ran = base::member(results, "run");
    const auto file = ran ? base::text_member(*ran, "file") : std::string{};
    const auto text = ran ? base::text_member(*ran, "scenario_text") : std::string{};
    if (text.empty()) return load_scenario(file);
    auto reading = read_scenario(text, file);
    return {std::move(reading.scenario), render(std::move(reading.problems), file, text)};
}

}  // namespace

int analyze(const fs::path& folder, const fs::path& file, bool anyway) {
    const auto results = base::parse_json(read_text(folder / "results.json"));
    if (!results) {
        fmt::print(stderr, "{}: error: no run's folder: its results.json cannot be read\n", folder.string());
        return exit_usage;
    }
    const auto* ran = base::member(*results, "run");
    const auto seed = ran ? base::int_member(*ran, "seed").value_or(1) : 1;
    const auto experiment = ran ? base::text_member(*ran, "experiment") : std::string{};
    auto loaded = file.empty() ? scenario_of(*results) : load_scenario(file);
    fmt::print(stderr, "{}", loaded.errors);
    if (!loaded.scenario) return exit_usage;
    if (!anyway && !experiment.empty() && search::experiment_id(*loaded.scenario) != experiment) {
        fmt::print(
            stderr,
            "{}: error: this is not what was run in {}: topology, links, load, timeline or heal differ\n"
            "    hint: leave --scenario out, or insist with --anyway\n",
            loaded.scenario->file, folder.string());
        return exit_usage;
    }
    const auto scenario = draw_choices(*loaded.scenario, static_cast<std::uint64_t>(seed));
    const auto plan = share_of(make_plan(scenario, static_cast<std::uint64_t>(seed)),
                               share_of_history(folder / "history.jsonl"));
    checker::Judge judge{scenario, plan};
    const auto error = read_history(folder / "history.jsonl", judge);
    if (!error.empty()) {
        fmt::print(stderr, "{}\n", error);
        return exit_usage;
    }
    const auto verdict = judge.finish();
    const bool colour = isatty(STDOUT_FILENO) == 1;
    fmt::print("{}  {} (stored history)\n{}", show(verdict.outcome, colour), loaded.scenario->name,
               show(verdict, loaded.scenario->file, colour));
    return verdict.outcome == checker::Outcome::pass   ? exit_pass
           : verdict.outcome == checker::Outcome::fail ? exit_fail
                                                       : exit_unknown;
}

}  // namespace davenport::sim::program
