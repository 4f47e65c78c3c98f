#include "sim/program/main_search.hpp"

#include "sim/scenario/value.hpp"

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

/// "10min", in the units of scenario files; throws CLI::ValidationError.
std::chrono::milliseconds read_time(const std::string& option, const std::string& text) {
    std::string why;
    const auto value = parse_value(Type::time, text, why);
    if (!value || value->low <= 0)
        throw CLI::ValidationError(option, "takes a time, as 30s, 10min or 2h, not '" + text + "'" +
                                               (why.empty() ? "" : " (" + why + ")"));
    return std::chrono::duration_cast<std::chrono::milliseconds>(Duration{value->low});
}

/// "3/10": the third of ten parts; throws CLI::ValidationError.
void read_shard(const std::string& text, std::uint64_t& shard, std::uint64_t& shards) {
    const auto slash = text.find('/');
    const auto number = [](std::string_view part, std::uint64_t& into) {
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), into);
        return error == std::errc{} && end == part.data() + part.size();
    };
    if (slash == std::string::npos || !number(std::string_view{text}.substr(0, slash), shard) ||
        !number(std::string_view{text}.substr(slash + 1), shards) || shard < 1 || shard > shards)
        throw CLI::ValidationError(
            "--shard", "takes I/N, the Ith of N parts, from 1/N to N/N, as 3/10, not '" + text + "'");
}

void add_store(CLI::App* command, StoreChoice& store) {
    command->add_option("--store", store.store, "couchmock, or nats: a model of a NATS server")
        ->capture_default_str();
    command->add_option("--nats-servers", store.nats_servers,
                        "1, or 3 as a cluster, instead of the scenario's own number");
}

}  // namespace

void SearchCommands::add_explore(CLI::App& app, int& code) {
    auto* command = app.add_subcommand(
        "explore",
        "search for failures from what earlier runs reached (virtual world); resumes where it ended");
    command
        ->add_option("FILE", explore_.files,
                     "scenario files; their swarm lines say what may go wrong. Of several, those that bring "
                     "more that is new get more runs")
        ->required();
    command->add_option("--for", time_, "how long: 30s, 10min, 2h")->capture_default_str();
    command->add_option("--runs", explore_.runs, "maximum number of runs; 0: no limit")
        ->capture_default_str();
    command->add_option("--seed", explore_.seed, "of the search's own draws")->capture_default_str();
    command->add_option("--threads", explore_.threads, "number of threads; 0: one for each processor")
        ->capture_default_str();
    command->add_flag("--all", explore_.all, "continue after the first failure");
    command->add_flag("--afresh", explore_.afresh, "do not begin with the runs that an earlier search kept");
    command->add_flag("--marks", explore_.marks, "list every mark with its count");
    add_store(command, explore_.store);
    command->add_option("--out", explore_.out, "folder for what is kept and found")->capture_default_str();
    command->callback([this, &code] {
        explore_.time_max = read_time("--for", time_);
        code = explore(explore_);
    });
}

void SearchCommands::add_to(CLI::App& app, int& code) {
    auto* sweep_command =
        app.add_subcommand("sweep", "run a scenario with many seeds (virtual world), and keep what fails");
    sweep_command->add_option("FILE", sweep_.file, "a scenario file")->required();
    sweep_command->add_option("--seeds", seeds_, "from seed A to seed B, or one seed")->capture_default_str();
    auto* shard = sweep_command->add_option(
        "--shard", shard_, "I/N: only the Ith of N parts of the seeds, for N machines; --merge adds them up");
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
    add_store(sweep_command, sweep_.store);
    sweep_command->add_option("--out", sweep_.out, "folder for replay files")->capture_default_str();
    sweep_command->add_option("--json", sweep_.json, "write the result to this file, for --merge");
    sweep_command->add_option("--merge", parts_,
                              "add up results that sweeps of this scenario wrote with --json");
    sweep_command->callback([this, &code, sweep_seed, shard] {
        read_seeds(seeds_, sweep_.first, sweep_.last);
        if (shard->count() > 0) read_shard(shard_, sweep_.shard, sweep_.shards);
        if (sweep_seed->count() > 0) sweep_.seed = seed_;
        code = parts_.empty() ? sweep(sweep_) : merge_sweeps(sweep_, parts_);
    });

    add_explore(app, code);

    const auto add_run = [this](CLI::App* command, RunName& run) {
        command
            ->add_option("RUN", run.text,
                         "a scenario file, a replay.json, or the line that a failing run printed")
            ->required();
        command->add_option("--add", run.addition, "an additional fault, as a sweep with --single prints it");
        add_store(command, run.store);
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
