#include "sim/search/sweep.hpp"

#include "sim/history/scenario_file.hpp"
#include "sim/program/run_one.hpp"
#include "sim/program/search_commands.hpp"
#include "sim/program/summary.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/identity.hpp"
#include "sim/search/parallel.hpp"
#include "sim/search/trial.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

namespace davenport::sim::program {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using search::SweepResult;

constexpr std::size_t lines_max = 12;  // of a list

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A line on the terminal that is written over; nothing in a pipe.
class Line {
public:
    void show(const SweepResult& result, std::uint64_t of, Clock::time_point start) {
        const auto now = Clock::now();
        if (!terminal_ || now - last_ < std::chrono::milliseconds{200}) return;
        last_ = now;
        const auto per_second = static_cast<double>(result.runs) / std::max(seconds_since(start), 0.001);
        fmt::print(stderr, "\r\033[K{} of {} runs, {:.0f} a second; {} failed, {} unknown", result.runs, of,
                   per_second, result.failed, result.unknown);
    }
    void clear() {
        if (terminal_) fmt::print(stderr, "\r\033[K");
    }

private:
    bool terminal_ = isatty(STDERR_FILENO) == 1;
    Clock::time_point last_{};
};

void print_counts(const SweepResult& result, double took, unsigned threads) {
    fmt::print("{} runs: {} passed, {} failed, {} unknown; {} messages, {} showings, {} events\n",
               result.runs, result.passed, result.failed, result.unknown, result.sends, result.deliveries,
               result.events);
    if (took <= 0) return;
    const auto simulated = static_cast<double>(result.simulated_us) / 1e6;
    fmt::print(
        "{:.1f} s on {} thread{}: {:.0f} seeds/s, {:.0f} times real time on each thread, {:.2f} M events/s\n",
        took, threads, threads == 1 ? "" : "s", static_cast<double>(result.runs) / took,
        simulated / took / threads, static_cast<double>(result.events) / took / 1e6);
}

template <class Map, class Name>
void print_most(const char* title, const Map& map, const Name& name) {
    if (map.empty()) return;
    std::vector<std::pair<std::uint64_t, std::string>> rows;
    for (const auto& [key, count] : map) rows.emplace_back(count, name(key));
    std::ranges::stable_sort(rows, std::greater{}, [](const auto& row) { return row.first; });
    fmt::print("{}\n", title);
    for (std::size_t i = 0; i < std::min(rows.size(), lines_max); ++i)
        fmt::print("    {:>6} x  {}\n", rows[i].first, rows[i].second);
    if (rows.size() > lines_max) fmt::print("    and {} more\n", rows.size() - lines_max);
}

void print_marks(const search::SituationCoverage& marks, const Scenario& scenario, bool all) {
    const auto summary = marks.summary(scenario);
    fmt::print("coverage: {} of {} marks were met\n", summary.reached, summary.possible);
    const auto shown = all ? summary.never.size() : std::min(summary.never.size(), lines_max);
    for (std::size_t i = 0; i < shown; ++i) fmt::print("    {}\n", summary.never[i]);
    if (shown < summary.never.size())
        fmt::print("    and {} lines more (--marks shows all)\n", summary.never.size() - shown);
}

/// Every failing run that was kept gets a replay file; the first is shown whole.
/// False when one could not be written.
bool print_failing(const SweepResult& result, const Scenario& scenario, const SweepRequest& request) {
    const auto folder = request.out / fmt::format("{}-sweep", fs::path{scenario.file}.stem().string());
    std::error_code ignored;
    fs::create_directories(folder, ignored);
    bool first = true;
    bool written = true;
    for (const auto& run : result.failing) {
        const auto target = find_replay_target({scenario.file, run.seed, run.addition, request.store});
        if (!target) continue;
        const auto trial = search::try_plan(target->scenario, target->plan);
        auto name =
            fmt::format("seed-{}{}{}.replay.json", run.seed, run.addition.empty() ? "" : "-", run.addition);
        std::ranges::replace(name, ' ', '-');
        const auto path = (folder / name).string();
        if (!write_replay_file(path, target->scenario, target->plan, trial.event_hash)) {
            fmt::print(stderr, "{}: error: cannot be written\n", path);
            written = false;
        }
        fmt::print("{}  {}: {} faults, {} messages, {} events\n", first ? "FAIL" : "fail", target->origin,
                   target->plan.faults.size(), target->plan.sends.size(), run.events);
        if (first) {
            fmt::print("{}", show(trial.verdict, scenario.file, isatty(STDOUT_FILENO) == 1));
        } else {
            for (const auto& failure : run.failures) fmt::print("    {}\n", show(failure));
        }
        fmt::print("    replay:  {}\n    shrink:  chatsim shrink {}\n", target->line, path);
        first = false;
    }
    return written;
}

/// What is not in the lists above, so that nobody takes a part for the whole.
void print_seeds(const SweepResult& result, std::size_t kept) {
    if (result.failed > kept)
        for (const auto& [name, seeds] : result.failed_seeds)
            fmt::print("failed: {} {}\n", name, seeds.text(50));
    for (const auto& [name, seeds] : result.missing())
        fmt::print("not done: {} {} ({} of them)\n", name, seeds.text(), seeds.count());
}

/// The seeds of one part: as many as of every other, give or take one.
std::pair<std::uint64_t, std::uint64_t> seeds_of_shard(const SweepRequest& request) {
    const auto count = request.last - request.first + 1;
    const auto begin_of = [&](std::uint64_t shard) {
        return request.first + count / request.shards * (shard - 1) +
               std::min(count % request.shards, shard - 1);
    };
    return {begin_of(request.shard), begin_of(request.shard + 1) - 1};
}

int code_of(const SweepResult& result) {
    if (result.failed > 0) return exit_fail;
    return result.passed == 0 || !result.missing().empty() || interrupted() ? exit_unknown : exit_pass;
}

bool write_json(const SweepRequest& request, const SweepResult& result, double took) {
    if (request.json.empty()) return true;
    auto value = result.to_json();
    value["seconds"] = took;
    std::ofstream out{request.json, std::ios::binary};
    out << base::write_json(value) << '\n';
    out.flush();
    if (!out) fmt::print(stderr, "{}: error: cannot be written\n", request.json.string());
    return static_cast<bool>(out);
}

SweepResult perform(const Scenario& scenario, const SweepRequest& request, Line& line,
                    Clock::time_point start) {
    search::SweepOptions options;
    options.first = request.first;
    options.last = request.last;
    options.threads = request.threads;
    options.stop_at_first = !request.all;
    options.keep = request.keep;
    options.interrupted = &interrupted();
    options.progress = [&](const SweepResult& so_far) {
        line.show(so_far, request.last - request.first + 1, start);
    };
    if (request.single.empty()) return search::sweep_seeds(scenario, options);
    SweepResult whole;
    options.first = request.seed.value_or(scenario.seed);
    options.last = request.single_max;
    for (const auto& kind : request.single) {
        const auto one = search::sweep_single_faults(scenario, kind, options);
        line.clear();
        fmt::print("{}: {} runs, one for each place\n", kind, one.runs);
        whole.merge(one, options.keep);
        if (!request.all && whole.failed > 0) break;
    }
    return whole;
}

}  // namespace

int sweep(const SweepRequest& given) {
    auto request = given;
    const auto kinds = search::single_fault_kinds();
    if (request.single == std::vector<std::string>{"all"}) request.single = kinds;
    for (const auto& kind : request.single) {
        if (std::ranges::find(kinds, kind) != kinds.end()) continue;
        fmt::print(stderr, "chatsim: '{}' is no single fault; it is all, or one of {}\n", kind,
                   fmt::join(kinds, ", "));
        return exit_usage;
    }
    if (request.last < request.first) {
        fmt::print(stderr, "chatsim: --seeds goes from the lower to the higher, as in 1..1000\n");
        return exit_usage;
    }
    auto loaded = load_scenario(request.file);
    if (!loaded.scenario) {
        fmt::print(stderr, "{}", loaded.errors);
        return exit_usage;
    }
    if (!is_possible(*loaded.scenario, request.store)) return exit_usage;
    if (is_on_nats(*loaded.scenario, request.store)) {
        // Those are of answers of HTTP, and of a changes feed.
        const auto is_of_couchdb = [](const std::string& kind) {
            return kind.starts_with("store.") || kind.starts_with("feed.");
        };
        if (given.single == std::vector<std::string>{"all"}) std::erase_if(request.single, is_of_couchdb);
        if (const auto kind = std::ranges::find_if(request.single, is_of_couchdb);
            kind != request.single.end()) {
            fmt::print(stderr, "chatsim: {} cannot be done to a NATS server\n", *kind);
            return exit_usage;
        }
    }
    if (beyond_the_world({*loaded.scenario}, RunRequest{})) return exit_usage;
    const auto [whole_first, whole_last] = std::pair{request.first, request.last};
    if (request.shards > 1) {
        if (!request.single.empty()) {
            fmt::print(stderr, "chatsim: --shard divides seeds; --single has none\n");
            return exit_usage;
        }
        if (whole_last - whole_first + 1 < request.shards) {
            fmt::print(stderr, "chatsim: --shard: {} seeds cannot be divided into {} parts\n",
                       whole_last - whole_first + 1, request.shards);
            return exit_usage;
        }
        std::tie(request.first, request.last) = seeds_of_shard(request);
    }
    catch_interrupts();
    const auto scenario = with_store(*loaded.scenario, request.store);
    const auto threads = search::threads_or_all(request.threads);
    if (request.single.empty())
        fmt::print("sweep  {}, seeds {}..{}\n", scenario.name, request.first, request.last);
    else
        fmt::print("sweep  {}, seed {}, single faults\n", scenario.name,
                   request.seed.value_or(scenario.seed));
    Line line;
    const auto start = Clock::now();
    auto result = perform(scenario, request, line, start);
    if (request.shards > 1) result.part_of[search::of_seeds].add(whole_first, whole_last);
    const auto took = seconds_since(start);
    line.clear();
    print_counts(result, took, threads);
    print_most("unknown because", result.doubts, [](const std::string& doubt) { return doubt; });
    print_most("failed in", result.failures, [](const search::Failure& failure) { return show(failure); });
    print_marks(result.marks, scenario, request.marks);
    const bool written = print_failing(result, scenario, request);
    print_seeds(result, result.failing.size());
    if (!write_json(request, result, took) || !written) return exit_files;
    return code_of(result);
}

int merge_sweeps(const SweepRequest& request, const Files& files) {
    SweepResult whole;
    const auto loaded = load_scenario(request.file);
    if (!loaded.scenario) {
        fmt::print(stderr, "{}", loaded.errors);
        return exit_usage;
    }
    whole.scenario = search::scenario_id(with_store(*loaded.scenario, request.store));
    for (const auto& file : files) {
        std::ifstream in{file, std::ios::binary};
        const std::string text{std::istreambuf_iterator<char>{in}, {}};
        const auto parsed = base::parse_json(text);
        const auto result = parsed ? SweepResult::from_json(*parsed) : std::nullopt;
        if (!result) {
            fmt::print(stderr, "{}: error: this is no result of a sweep\n", file.string());
            return exit_usage;
        }
        if (whole.build.empty()) whole.build = result->build;
        if (const auto conflict = whole.conflict_with(*result); !conflict.empty()) {
            fmt::print(stderr, "{}: error: it cannot be added: {}\n", file.string(), conflict);
            return exit_usage;
        }
        whole.merge(*result, request.keep);
    }
    // A part is complete without the others; the whole is not.
    for (const auto& [name, seeds] : whole.part_of) whole.asked[name].add(seeds);
    print_counts(whole, 0, 1);
    print_most("unknown because", whole.doubts, [](const std::string& doubt) { return doubt; });
    print_most("failed in", whole.failures, [](const search::Failure& failure) { return show(failure); });
    for (const auto& run : whole.failing)
        fmt::print("fail  seed {}{}{}: {}\n", run.seed, run.addition.empty() ? "" : " and ", run.addition,
                   run.failures.empty() ? "" : show(run.failures.front()));
    print_seeds(whole, whole.failing.size());
    if (!write_json(request, whole, 0)) return exit_files;
    return code_of(whole);
}

}  // namespace davenport::sim::program
