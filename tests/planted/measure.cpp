#include "sim/history/scenario_file.hpp"
#include "sim/scenario/draw_choices.hpp"
#include "sim/search/explore.hpp"
#include "sim/search/shrink.hpp"
#include "tests/planted/planted.hpp"

#include <cstdlib>
#include <ctime>
#include <sstream>
#include <string>
#include <string_view>

#include <fmt/format.h>

/// How soon a search finds each of the planted bugs.
///
/// A bug changes nothing before its place is come to. So the search goes its way once, without any bug; each
/// run that comes to places of bugs that are not found yet is run again with each of those switched on. What
/// that costs counts for nobody. From the first run on that a bug changes without being found, the search
/// with the bug would go another way than this one: the figures are those of its way without.
namespace davenport::planted {
namespace {

using sim::search::Trial;

// Of one bug; it then counts as not seen by any checker. After the first of them one run in four is tried.
constexpr std::size_t tries_usual = 120;

struct Known {
    std::uint64_t runs = 0;  ///< that came to its place
    std::size_t tries = 0;
    std::uint64_t found_in_run = 0;  ///< 0: not yet
    double found_after_s = 0;
    std::optional<sim::search::Failure> failure;
    sim::search::Replay run;
};

/// Of this thread's processor time.
double seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

class Measure {
public:
    Measure(double shrink_s, std::size_t tries_max)
        : known_(names.size()), shrink_s_{shrink_s}, tries_max_{tries_max} {}

    /// After each run of the search.
    void tried(const sim::Scenario& run, const sim::Plan& plan, const Trial& trial) {
        const auto begin = seconds();
        ++runs_;
        auto came_to = std::exchange(asked, {});
        came_to.resize(names.size());
        if (!trial.failures.empty())  // by nobody's bug of these
            fmt::print("run {} fails without any bug: {}\n", runs_, show(trial.failures.front()));
        for (std::size_t bug = 0; bug < names.size() && trial.failures.empty(); ++bug)
            if (came_to[bug]) try_bug(bug, run, plan, begin - not_the_search_s_);
        asked.clear();
        not_the_search_s_ += seconds() - begin;
    }

    /// Of processor time, that the search itself took.
    [[nodiscard]] double took_s() const { return seconds() - not_the_search_s_; }

    /// Returns how many were found.
    std::size_t print() {
        std::size_t reached = 0, found = 0;
        for (std::size_t bug = 0; bug < names.size(); ++bug) {
            const auto& one = known_[bug];
            reached += one.runs > 0;
            found += one.failure.has_value();
            if (one.failure)
                fmt::print("{}\t{}\t{}\t{:.1f}\t{}\t{}\n", names[bug], one.runs, one.found_in_run,
                           one.found_after_s, shrunk(bug), show(*one.failure));
            else
                fmt::print("{}\t{}\t{}\t-\t-\t{} tries\n", names[bug], one.runs,
                           one.runs > 0 ? "unseen" : "never met", one.tries);
        }
        fmt::print("{} runs in {:.1f} s: {} of {} bugs met, {} found\n", runs_, took_s(), reached,
                   names.size(), found);
        return found;
    }

private:
    void try_bug(std::size_t bug, const sim::Scenario& run, const sim::Plan& plan, double now_s) {
        auto& one = known_[bug];
        ++one.runs;
        if (one.failure || one.tries >= tries_max_ || (one.tries > tries_max_ / 4 && one.runs % 4 != 0))
            return;
        ++one.tries;
        chosen = static_cast<int>(bug);
        const auto trial = sim::search::try_plan(run, plan);
        chosen = -1;
        if (trial.failures.empty()) return;
        one.found_in_run = runs_;
        one.found_after_s = now_s;
        one.failure = trial.failures.front();
        fmt::print(stderr, "run {}, {:.1f} s: {}\n", runs_, now_s, names[bug]);
        one.run = {run, plan, trial.event_hash, {}};
    }

    std::string shrunk(std::size_t bug) {
        if (shrink_s_ <= 0) return "-";
        const auto end = seconds() + shrink_s_;
        sim::search::ShrinkOptions options;
        options.threads = 1;
        options.out_of_time = [&] { return seconds() > end; };
        chosen = static_cast<int>(bug);
        const auto& one = known_[bug];
        const auto small = shrink(one.run.scenario, one.run.plan, *one.failure, options);
        chosen = -1;
        not_the_search_s_ += seconds() - (end - shrink_s_);
        if (!small.reproduced) return "not reproduced";
        fmt::print(stderr, "\n{}", shrunk_text(small, "a run in which this bug is on: " + names[bug]));
        return fmt::format("{}{}", small.faults() + small.messages(), small.in_time ? "" : "+");
    }

    std::vector<Known> known_;
    double shrink_s_;
    std::size_t tries_max_;
    std::uint64_t runs_ = 0;
    double not_the_search_s_ = 0;
};

int usage() {
    fmt::print(stderr,
               "usage: planted sweep|explore SCENARIO[,SCENARIO...] RUNS SEED [options]\n"
               "  RUNS: so many, or as \"60s\" as many as take so long of one processor\n"
               "  --shrink SECONDS  shrinks what is found, for so long each\n"
               "  --tries N         runs of a bug, until it counts as not seen by any checker\n"
               "  --least N         exits with 1 if fewer are found\n");
    return 64;
}

int run(int argc, char** argv) {
    if (argc < 5 || argc % 2 == 0) return usage();
    const std::string_view how{argv[1]};
    const auto runs = std::strtoull(argv[3], nullptr, 10), seed = std::strtoull(argv[4], nullptr, 10);
    double shrink_s = 0;
    std::size_t tries = tries_usual, least = 0;
    for (int i = 5; i < argc; i += 2) {
        const std::string_view option{argv[i]};
        if (option == "--shrink")
            shrink_s = std::strtod(argv[i + 1], nullptr);
        else if (option == "--tries")
            tries = std::strtoul(argv[i + 1], nullptr, 10);
        else if (option == "--least")
            least = std::strtoul(argv[i + 1], nullptr, 10);
        else
            return usage();
    }
    std::vector<sim::Scenario> scenarios;
    std::istringstream files{argv[2]};
    for (std::string file; std::getline(files, file, ',');) {
        const auto loaded = sim::load_scenario(file);
        if (!loaded.scenario) return fmt::print(stderr, "{}", loaded.errors), 64;
        scenarios.push_back(*loaded.scenario);
    }
    const bool by_time = std::string_view{argv[3]}.ends_with('s');
    Measure measure{shrink_s, tries};
    if (how == "explore") {
        sim::search::ExploreOptions options;
        options.seed = seed;
        options.threads = 1;
        options.runs_max = by_time ? 0 : runs;
        if (by_time) options.out_of_time = [&] { return measure.took_s() > static_cast<double>(runs); };
        options.tried = [&](const auto&... what) { measure.tried(what...); };
        for (const auto& [way, times] : explore(scenarios, options).attempts)
            fmt::print("{} x {}\n", times, way);
    } else if (how == "sweep") {
        for (std::uint64_t i = 0; by_time ? measure.took_s() < static_cast<double>(runs) : i < runs; ++i) {
            const auto drawn = sim::draw_choices(scenarios[i % scenarios.size()], seed + i);
            const auto plan = make_plan(drawn, seed + i);
            measure.tried(drawn, plan, sim::search::try_plan(drawn, plan));
        }
    } else {
        return usage();
    }
    return measure.print() >= least ? 0 : 1;
}

}  // namespace
}  // namespace davenport::planted

int main(int argc, char** argv) { return davenport::planted::run(argc, argv); }
