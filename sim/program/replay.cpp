#include "sim/program/search_commands.hpp"
#include "sim/program/summary.hpp"
#include "sim/search/trial.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace davenport::sim::program {

using checker::Outcome;

int replay(const RunName& name) {
    const auto target = find_replay_target(name);
    if (!target) return exit_usage;
    catch_interrupts();
    const auto trial = search::try_plan(target->scenario, target->plan, nullptr, nullptr, &interrupted());
    const bool colour = isatty(STDOUT_FILENO) == 1;
    fmt::print("{}  {} ({})\n", show(trial.verdict.outcome, colour), target->scenario.name, target->origin);
    if (!trial.broken.empty()) fmt::print("    the run was broken off: {}\n", trial.broken);
    fmt::print("{}    {} events, hash {:016x}", show(trial.verdict, target->scenario.file, colour),
               trial.events, trial.event_hash);
    if (target->event_hash != 0)
        fmt::print("{}", trial.event_hash == target->event_hash
                             ? ": the very run that was recorded"
                             : ": NOT the run that was recorded; the code has changed since");
    fmt::print("\n");
    return trial.verdict.outcome == Outcome::pass   ? exit_pass
           : trial.verdict.outcome == Outcome::fail ? exit_fail
                                                    : exit_unknown;
}

}  // namespace davenport::sim::program
