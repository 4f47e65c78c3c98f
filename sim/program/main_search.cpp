#include "sim/program/main_search.hpp"

#include <charconv>

namespace davenport::sim::program {
namespace {

/// "1..200", or "7" for one; throws CLI::ValidationError.
void read_seeds(const std::string& text, std::uint64_t& first, std::uint64_t& last) {
    const auto dots = text.find("..");
    const auto number = [&](std::string_view part, std::uint64_t& into) {
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), into);
        if (error != std::errc{} || end != part.data() + part.size())
            throw CLI::ValidationError("--seeds", "takes A..B, as 1..200, not '" + text + "'");
    };
    number(std::string_view{text}.substr(0, dots), first);
    last = first;
    if (dots != std::string::npos) number(std::string_view{text}.substr(dots + 2), last);
    if (last < first) throw CLI::ValidationError("--seeds", "ends before it begins: '" + text + "'");
}

}  // namespace

void SearchCommands::add_to(CLI::App& app, int& code) {
    auto* sweep_command =
        app.add_subcommand("sweep", "run a scenario with many seeds (virtual world), and keep what fails");
    sweep_command->add_option("FILE", sweep_.file, "a scenario file")->required();
    sweep_command->add_option("--seeds", seeds_, "A..B")->capture_default_str();
    sweep_command->add_flag("--all", sweep_.all, "continue after the first failure");
    sweep_command->add_option("--keep", sweep_.keep, "number of failing runs to keep")->capture_default_str();
    sweep_command->add_option("--threads", sweep_.threads, "number of threads; 0: one for each processor")
        ->capture_default_str();
    sweep_command->add_option(
        "--single", sweep_.single,
        "instead of seeds: one fault of this kind (or `all`) at each request, write or commit in turn");
    sweep_command->add_option("--single-max", sweep_.single_max, "maximum number of such runs for each kind")
        ->capture_default_str();
    auto* sweep_seed = sweep_command->add_option("--seed", seed_, "seed of the runs of --single");
    sweep_command->add_flag("--marks", sweep_.marks, "list the situations that were never reached");
    sweep_command->add_option("--out", sweep_.out, "folder for replay files")->capture_default_str();
    sweep_command->add_option("--json", sweep_.json, "write the result to this file, for --merge");
    sweep_command->add_option("--merge", parts_,
                              "add up results that sweeps of this scenario wrote with --json");
    sweep_command->callback([this, &code, sweep_seed] {
        read_seeds(seeds_, sweep_.first, sweep_.last);
        if (sweep_seed->count() > 0) sweep_.seed = seed_;
        code = parts_.empty() ? sweep(sweep_) : merge_sweeps(sweep_, parts_);
    });

    const auto add_run = [this](CLI::App* command, RunName& run) {
        command
            ->add_option("RUN", run.text,
                         "a scenario file, a replay.json, or the line that a failing run printed")
            ->required();
        command->add_option("--add", run.addition, "an additional fault, as a sweep with --single prints it");
        return command->add_option("--seed", seed_, "seed to use instead of the scenario's own");
    };
    auto* replay_command =
        app.add_subcommand("replay", "run one run of the virtual world again and judge it");
    auto* replay_seed = add_run(replay_command, replay_);
    replay_command->callback([this, &code, replay_seed] {
        if (replay_seed->count() > 0) replay_.seed = seed_;
        code = replay(replay_);
    });

    auto* shrink_command = app.add_subcommand("shrink", "reduce a failing run to the few events that matter");
    auto* shrink_seed = add_run(shrink_command, shrink_.run);
    shrink_command->add_option("--property", shrink_.property, "the failure to keep, if there are several");
    shrink_command->add_option("--seconds", seconds_, "time limit")->capture_default_str();
    shrink_command->add_option("--threads", shrink_.threads, "number of threads; 0: one for each processor")
        ->capture_default_str();
    shrink_command->add_option("--out", shrink_.out, "scenario file to write");
    shrink_command->callback([this, &code, shrink_seed] {
        if (shrink_seed->count() > 0) shrink_.run.seed = seed_;
        shrink_.time_max = std::chrono::seconds{seconds_};
        code = shrink(shrink_);
    });
}

}  // namespace davenport::sim::program
