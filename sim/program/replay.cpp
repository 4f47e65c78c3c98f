#include "sim/program/search_commands.hpp"
#include "sim/program/summary.hpp"
#include "sim/search/trial.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace sim::program {

using checker::Outcome;

int replay(const RunName& name) {
    const auto quarry = find_quarry(name);
    if (!quarry) return exit_usage;
    catch_interrupts();
    const auto trial = search::try_plan(quarry->scenario, quarry->plan, nullptr, nullptr, &interrupted());
    const bool colour = isatty(STDOUT_FILENO) == 1;
    fmt::print("{}  {} ({})\n", show(trial.verdict.outcome, colour), quarry->scenario.name, quarry->origin);
    if (!trial.broken.empty()) fmt::print("    the run was broken off: {}\n", trial.broken);
    fmt::print("{}    {} events, hash {:016x}", show(trial.verdict, quarry->scenario.file, colour),
               trial.events, trial.event_hash);
    if (quarry->event_hash != 0)
        fmt::print("{}", trial.event_hash == quarry->event_hash
                             ? ": the very run that was recorded"
                             : ": NOT the run that was recorded; the code has changed since");
    fmt::print("\n");
    return trial.verdict.outcome == Outcome::pass   ? exit_pass
           : trial.verdict.outcome == Outcome::fail ? exit_fail
                                                    : exit_unknown;
}

}  // namespace sim::program
