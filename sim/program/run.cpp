#include "node/base/json.hpp"
#include "node/base/random.hpp"
#include "node/base/version.hpp"
#include "reports/reports.hpp"
#include "sim/checker/judge.hpp"
#include "sim/checker/watch.hpp"
#include "sim/history/history_file.hpp"
#include "sim/history/scenario_file.hpp"
#include "sim/program/commands.hpp"
#include "sim/program/generator_flags.hpp"
#include "sim/program/node_flags.hpp"
#include "sim/program/progress.hpp"
#include "sim/program/replay_target.hpp"
#include "sim/program/run_folder.hpp"
#include "sim/program/run_one.hpp"
#include "sim/program/store_choice.hpp"
#include "sim/program/summary.hpp"
#include "sim/scenario/draw_choices.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/identity.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

namespace davenport::sim::program {

namespace {

namespace fs = std::filesystem;

using checker::Outcome;

StoreChoice choice_of(const RunRequest& request) { return {request.store, request.nats_servers}; }

std::string name_of_store(const Scenario& scenario, const RunRequest& request) {
    if (is_on_nats(scenario, choice_of(request))) return "NATS";
    return request.store == "couchmock" ? "couchmock" : "CouchDB";
}

std::string replay_line(const Scenario& scenario, const RunRequest& request, std::uint64_t seed) {
    auto line = fmt::format("chatsim {} {} --world {} --seed {}", request.settings.empty() ? "run" : "matrix",
                            scenario.file, request.world, seed);
    for (const auto& setting : request.settings) line += " --vary " + setting;
    if (!request.settings.empty()) return line;
    line += flags_of(choice_of(request));
    if (request.store != nats_store && request.store != "couchmock")
        line += " --store URL";  // the URL may bear a password
    for (const auto& pair : request.node_binaries) line += " --node-binary " + pair;
    for (const auto& pair : request.attach) line += " --attach " + pair;
    if (!request.control.empty()) line += " --control " + request.control;
    if (!request.generator.empty()) line += fmt::format(" --generator {} --start-at TIME", request.generator);
    return line;
}

/// What `merge` must know of a generator's run. The time at which it begins by this machine's clock is that
/// from which all of its records count.
void describe_generator(base::json::object& about, const Scenario& read, const GeneratorFlags& flags) {
    if (flags.start_at) about["begin"] = base::iso8601(*flags.start_at);
    if (flags.number == 0) return;
    about["generator"] = flags.number;
    about["generators"] = flags.share.of;
    about["experiment"] = search::experiment_id(read);
    if (read.source) about["scenario_text"] = *read.source;
}

/// The same for all generators of one run, and no other's.
std::string room_prefix_of(const Scenario& read, const GeneratorFlags& flags, std::uint64_t seed) {
    if (flags.number == 0) return fmt::format("sim-{:08x}-", std::random_device{}());
    const auto run = fmt::format("{} {} {} {}", search::experiment_id(read), seed, flags.share.of,
                                 flags.start_at->time_since_epoch().count());
    return fmt::format("sim-{:08x}-", base::fnv1a(run) & 0xffff'ffffU);
}

/// The first record of every history: what ran.
Record run_record(const Scenario& read, const Scenario& scenario, const RunRequest& request,
                  const GeneratorFlags& flags, std::uint64_t seed) {
    base::json::object about;
    about["scenario"] = scenario.name;
    about["file"] = scenario.file;
    about["seed"] = seed;
    about["world"] = request.world;
    about["store"] = name_of_store(scenario, request);
    about["chatsim"] = flags.number == 0 ? DAVENPORT_VERSION : base::version();
    describe_generator(about, read, flags);
    Record record;
    record.kind = RecordKind::run;
    record.text = base::write_json(about);
    return record;
}

}  // namespace

std::string bad_request(const RunRequest& request) {
    if (request.world != "virtual" && request.world != "process")
        return fmt::format("--world is virtual or process, not '{}'", request.world);
#ifndef DAVENPORT_PROCESS_WORLD
    if (request.world == "process")
        return "this chatsim was built without the process world (DAVENPORT_CORES_ONLY)";
#endif
    const bool is_real = request.world == "process";
    if (auto bad = bad_choice({is_real ? "couchmock" : request.store, request.nats_servers}); !bad.empty())
        return bad;
    if (request.store == nats_store && !request.attach.empty())
        return "--attach: nodes that run elsewhere have a store already, which is a CouchDB; leave --store "
               "nats out";
#ifdef DAVENPORT_PROCESS_WORLD
    if (request.store == nats_store && request.world == "process" && !has_nats_server())
        return "--store nats needs nats-server, which is not here: apt install nats-server";
#endif
    if (request.world == "virtual" && !(request.node_binaries.empty() && request.attach.empty()))
        return "--node-binary and --attach are for the process world; the virtual world has the node's core "
               "in it";
    GeneratorFlags generator;
    if (auto wrong = read_generator_flags(request, generator); !wrong.empty()) return wrong;
    NodeFlags flags;
    return read_node_flags(request, flags);
}

bool beyond_the_world(const std::vector<Scenario>& scenarios, const RunRequest& request) {
    const bool real = request.world == "process";
    NodeFlags flags;
    read_node_flags(request, flags);
    const auto names = [](const auto& by_name) {
        std::set<std::string> out;
        for (const auto& [name, value] : by_name) out.insert(name);
        return out;
    };
    const auto attached = names(flags.attached);
    bool any = false;
    for (const auto& scenario : scenarios) {
        auto problems = real ? not_in_process_world(scenario) : not_in_virtual_world(scenario);
        const auto add = [&](std::vector<Problem> more) {
            problems.insert(problems.end(), std::make_move_iterator(more.begin()),
                            std::make_move_iterator(more.end()));
        };
#ifdef DAVENPORT_PROCESS_WORLD
        if (real && !has_faketime()) add(not_without_faketime(scenario));
#endif
        const bool on_nats = is_on_nats(scenario, choice_of(request));
#ifdef DAVENPORT_PROCESS_WORLD
        if (real && on_nats && request.store != nats_store && !has_nats_server())
            add({{{}, "store: nats needs nats-server, which is not here", "apt install nats-server"}});
#endif
        if (on_nats && request.store != nats_store && request.store != "couchmock")
            add({{{},
                  "the scenario's store is a NATS server, and --store names a CouchDB",
                  "leave --store out"}});
        add(not_on_chosen_store(scenario, choice_of(request), real));
        if (!on_nats && request.store != "couchmock" && attached.empty())
            add(not_on_a_real_store(scenario, !request.store_kill.empty() && !request.store_start.empty()));
        add(not_among_nodes(scenario, "--node-binary", names(flags.binaries)));
        add(not_among_nodes(scenario, "--attach", attached));
        if (!request.generator.empty()) add(not_among_generators(scenario, attached));
        if (!attached.empty()) add(not_at_attached_nodes(scenario, attached, !request.control.empty()));
        any |= print_problems(scenario, problems);
    }
    return any;
}

namespace {

WorldResult perform(const Scenario& scenario, const Plan& plan, HistorySink& sink,
                    const WorldOptions& options, const std::string& world) {
#ifdef DAVENPORT_PROCESS_WORLD
    if (world == "process") return run_processes(scenario, plan, sink, options);
#endif
    (void)world;
    return run_virtual(scenario, plan, sink, options);
}

/// Writes results.json, junit.xml, summary.md and report.html beside the history. Returns "" or what could
/// not be written.
std::string write_reports(const fs::path& folder, const Scenario& read, const Scenario& scenario,
                          const RunRequest& request, const Plan& plan, const WorldResult& result,
                          const checker::Verdict& verdict, const checker::Judge& judge,
                          std::chrono::system_clock::time_point started) {
    reports::RunInfo info;
    info.world = request.world;
    info.store = name_of_store(scenario, request);
    info.seed = plan.seed;
    info.replay = replay_line(scenario, request, plan.seed);
    if (request.world == "process") {
        using namespace std::chrono;
        info.started = base::iso8601(time_point_cast<base::Duration>(started));
        info.took_ms = duration_cast<milliseconds>(system_clock::now() - started).count();
    }
    info.event_hash = result.event_hash;
    info.events = result.events;
    info.broken = result.broken;
    info.environment = reports::environment();
    if (read.source) info.scenario_text = *read.source;
    info.experiment = search::experiment_id(read);
    const auto summary = judge.summary();
    return reports::write_results(folder, {info, scenario, verdict, summary});
}

}  // namespace

std::optional<Outcome> run_one(const Scenario& read, const RunRequest& request, const fs::path& folder) {
    const bool colour = isatty(STDOUT_FILENO) == 1;
    const auto seed = request.seed.value_or(read.seed);
    const auto scenario = with_store(draw_choices(read, seed), choice_of(request));
    GeneratorFlags generator;
    read_generator_flags(request, generator);
    const auto plan = share_of(make_plan(scenario, seed), generator.share);
    const RunFolder own{folder};
    if (!own.error().empty()) {
        fmt::print(stderr, "{}\n", own.error());
        return std::nullopt;
    }

    HistoryWriter history{folder / "history.jsonl"};
    checker::Judge judge{scenario, plan};
    checker::Watch watch{scenario};
    LatencyTable latencies;
    Progress progress{scenario.name, plan, !request.quiet};
    HistoryFanout sinks;
    sinks.join(history);
    sinks.join(judge);
    sinks.join(latencies);
    if (!watch.idle()) sinks.join(watch);
    sinks.join(progress);

    WorldOptions options;
    options.binaries = request.binaries;
    options.out = folder;
    options.store = request.store;
    options.store_kill = request.store_kill;
    options.store_start = request.store_start;
    options.interrupted = &interrupted();
    if (!watch.idle()) options.abort = [&] { return watch.broken().has_value(); };
    options.progress = [&](Duration at) { progress.show(at); };
    NodeFlags flags;
    read_node_flags(request, flags);
    options.node_binaries = flags.binaries;
    options.attached = flags.attached;
    options.control = request.control;
    if (!flags.attached.empty()) options.room_prefix = room_prefix_of(read, generator, seed);
    options.start_at = generator.start_at;

    const auto started =
        generator.start_at
            ? std::chrono::time_point_cast<std::chrono::system_clock::duration>(*generator.start_at)
            : std::chrono::system_clock::now();
    sinks.add(run_record(read, scenario, request, generator, seed));
    const auto result = perform(scenario, plan, sinks, options, request.world);
    progress.clear();
    history.flush();
    const auto verdict = judge.finish();
    const auto unwritten =
        write_reports(folder, read, scenario, request, plan, result, verdict, judge, started);
    for (const auto& problem : {history.error(), unwritten})
        if (!problem.empty()) fmt::print(stderr, "{}\n", problem);
    if (!history.error().empty() || !unwritten.empty()) return std::nullopt;

    if (request.quiet && verdict.outcome == Outcome::pass) return verdict.outcome;
    fmt::print("{}  {} ({} world, seed {})\n", show(verdict.outcome, colour), scenario.name, request.world,
               seed);
    std::string drawn;
    for (const auto& [key, value] : choices_of(read, seed))
        drawn += fmt::format("{}{}: {}", drawn.empty() ? "" : ", ", key, value.text);
    if (!drawn.empty()) fmt::print("    the seed drew {}\n", drawn);
    if (!result.broken.empty()) fmt::print("    the run was broken off: {}\n", result.broken);
    fmt::print("{}{}", show(verdict, scenario.file, colour), latencies.render());
    if (result.event_hash != 0) fmt::print("    {} events, hash {:016x}\n", result.events, result.event_hash);
    if (!options.room_prefix.empty() && result.broken.empty())
        fmt::print("    what was said stays in the database, in the rooms {0}r1 to {0}r{1}\n",
                   options.room_prefix, std::max(scenario.topology.rooms, 1));
    fmt::print("    report:  {}\n", (folder / "report.html").string());
    if (verdict.outcome != Outcome::pass)
        fmt::print("    replay:  {}\n", replay_line(scenario, request, seed));
    if (verdict.outcome == Outcome::fail && request.world == "virtual") {
        const auto file = (folder / "replay.json").string();
        if (write_replay_file(file, scenario, plan, result.broken.empty() ? result.event_hash : 0))
            fmt::print("    shrink:  chatsim shrink {}\n", file);
    }
    std::fflush(stdout);
    return verdict.outcome;
}

int exit_code(Outcome outcome) {
    return outcome == Outcome::pass ? exit_pass : outcome == Outcome::fail ? exit_fail : exit_unknown;
}

int run(const RunRequest& request) {
    if (const auto bad = bad_request(request); !bad.empty()) {
        fmt::print(stderr, "chatsim: {}\n", bad);
        return exit_usage;
    }
    std::vector<Scenario> scenarios;
    bool good = true;
    for (const auto& file : request.files) {
        auto loaded = load_scenario(file);
        fmt::print(stderr, "{}", loaded.errors);
        good = good && loaded.scenario;
        if (loaded.scenario) scenarios.push_back(std::move(*loaded.scenario));
    }
    if (!good || beyond_the_world(scenarios, request)) return exit_usage;

    catch_interrupts();
    std::map<Outcome, int> count;
    for (const auto& scenario : scenarios) {
        if (interrupted()) break;
        auto folder = fmt::format("{}-{}", fs::path{scenario.file}.stem().string(), request.world);
        GeneratorFlags generator;
        read_generator_flags(request, generator);
        if (generator.number > 0) folder += fmt::format("-{}of{}", generator.number, generator.share.of);
        const auto outcome = run_one(scenario, request, request.out / folder);
        if (!outcome) return exit_files;
        ++count[*outcome];
    }
    const auto skipped = static_cast<int>(scenarios.size()) - count[Outcome::pass] - count[Outcome::fail] -
                         count[Outcome::unknown];
    if (scenarios.size() > 1)
        fmt::print("{} scenarios: {} passed, {} failed, {} unknown{}\n", scenarios.size(),
                   count[Outcome::pass], count[Outcome::fail], count[Outcome::unknown],
                   skipped > 0 ? fmt::format(", {} not run", skipped) : "");
    if (count[Outcome::fail] > 0) return exit_code(Outcome::fail);
    return count[Outcome::unknown] + skipped > 0 ? exit_unknown : exit_pass;
}

}  // namespace davenport::sim::program
