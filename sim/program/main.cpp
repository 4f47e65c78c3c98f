#include "node/base/help_formatter.hpp"
#include "node/base/version.hpp"
#include "sim/program/main_search.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

using namespace davenport;

namespace {

/// chatnode and couchmock are built next to chatsim.
std::filesystem::path own_folder() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? std::filesystem::path{"."} : self.parent_path();
}

/// The same option means the same in every command.
constexpr base::Shown shown[] = {
    {"--world", "World", "WORLD"},
    {"--store", "World", "STORE"},
    {"--nats-servers", "World", "SERVERS"},
    {"--seed", "World", "SEED"},
    {"--binaries", "World", "FOLDER"},
    {"--node-binary", "World", "NODE=PATH"},
    {"--store-kill", "World", "COMMAND"},
    {"--store-start", "World", "COMMAND"},
    {"--start-at", "World", "TIME"},
    {"--attach", "Nodes that run elsewhere", "NODE=URL"},
    {"--control", "Nodes that run elsewhere", "URL"},
    {"--generator", "Nodes that run elsewhere", "K/N"},
    {"--vary", "World", "KEY=VALUES"},
    {"--seeds", "Search", "A..B"},
    {"--shard", "Search", "I/N"},
    {"--all", "Search", ""},
    {"--keep", "Search", "RUNS"},
    {"--threads", "Search", "THREADS"},
    {"--single", "Search", "KIND"},
    {"--single-max", "Search", "RUNS"},
    {"--for", "Search", "TIME"},
    {"--runs", "Search", "RUNS"},
    {"--afresh", "Search", ""},
    {"--property", "Search", "PROPERTY"},
    {"--seconds", "Search", "SECONDS"},
    {"--add", "Search", "FAULT"},
    {"--out", "Output", "PATH"},
    {"--quiet", "Output", ""},
    {"--marks", "Output", ""},
    {"--json", "Output", "FILE"},
    {"--trail", "Output", "FILE"},
    {"--page", "Output", "FILE"},
    {"--merge", "Output", "FILE"},
    {"--baselines", "Baselines", "FOLDER"},
    {"--update", "Baselines", ""},
    {"--scenario", "", "FILE"},
};

/// What is typed as a rule, by command.
struct Example {
    std::string_view command, lines;
};
constexpr Example examples[] = {
    {"check", "chatsim check scenarios/*.yaml"},
    {"run",
     "chatsim run scenarios/store-outage.yaml\n"
     "  chatsim run scenarios/store-outage.yaml --world process\n"
     "  chatsim run scenarios/store-outage.yaml --world process --store http://admin:secret@127.0.0.1:5984"},
    {"verify", "chatsim verify scenarios/swarm.yaml --seed 4711 --trail trail.txt"},
    {"compare", "chatsim compare out/before out/after --page compared.html"},
    {"matrix", "chatsim matrix scenarios/local-echo.yaml --vary feed=poll,continuous --vary nodes=2,5"},
    {"ci", "chatsim ci scenarios --baselines scenarios/baselines"},
    {"analyze", "chatsim analyze out/store-outage --scenario stricter.yaml"},
    {"merge", "chatsim merge out/g1 out/g2 out/g3"},
    {"sweep",
     "chatsim sweep scenarios/swarm.yaml --seeds 1..10000\n"
     "  chatsim sweep scenarios/swarm.yaml --seeds 1..10000 --shard 3/10 --json part3.json"},
    {"explore", "chatsim explore scenarios/swarm-small.yaml --for 10min"},
    {"replay", "chatsim replay scenarios/swarm.yaml --seed 4711"},
    {"shrink", "chatsim shrink scenarios/swarm.yaml --seed 4711 --out small.yaml"},
    {"schema", "chatsim schema >scenario.schema.json"},
    {"explain", "chatsim explain store.down"},
};

void arrange_help(CLI::App& app) {
    for (auto* command : app.get_subcommands({})) base::arrange_help(*command, shown);
    for (const auto& one : examples)
        app.get_subcommand(std::string{one.command})->footer("Example:\n  " + std::string{one.lines});
    app.footer(
        "Exit codes: 0 pass, 1 fail, 2 unknown (inconclusive: the run exercised too little), 64 bad usage\n"
        "or a bad file, 70 a file could not be written.\n"
        "chatsim COMMAND --help tells a command's options, with an example. More: TUTORIAL.md, and\n"
        "REFERENCE.md or chatsim explain for the language of scenarios.");
}

}  // namespace

int main(int argc, char** argv) {
    using namespace sim::program;

    CLI::App app{"chatsim runs chat scenarios (many nodes, many clients, faults) and judges them.",
                 "chatsim"};
    app.formatter(std::make_shared<base::HelpFormatter>());
    app.set_version_flag("--version", std::string{base::version()});
    app.require_subcommand(1);
    int code = 0;

    Files files;
    auto* check_command = app.add_subcommand("check", "validate scenario files and report every problem");
    check_command->add_option("FILE", files, "scenario files")->required();
    check_command->callback([&] { code = check(files); });

    RunRequest request;
    request.binaries = own_folder();
    std::uint64_t seed = 0;
    auto* run_command = app.add_subcommand("run", "run scenarios and judge them");
    run_command->add_option("FILE", request.files, "scenario files")->required();
    run_command
        ->add_option("--world", request.world,
                     "virtual: all in one process, in virtual time; process: real processes and sockets")
        ->capture_default_str();
    run_command
        ->add_option("--store", request.store, "couchmock, nats, or the URL of a CouchDB (process world)")
        ->capture_default_str();
    run_command->add_option("--nats-servers", request.nats_servers,
                            "1, or 3 as a cluster, instead of the scenario's own number");
    auto* run_seed = run_command->add_option("--seed", seed, "seed to use instead of the scenario's own");
    run_command->add_option("--out", request.out, "folder for histories and reports")->capture_default_str();
    run_command->add_flag("--quiet", request.quiet, "print only what did not pass");
    run_command->add_option("--binaries", request.binaries,
                            "folder of chatnode and couchmock (default: the folder of chatsim)");
    auto* store_kill = run_command->add_option(
        "--store-kill", request.store_kill,
        "shell command that kills the CouchDB of --store, for store.crash and store.restart");
    run_command
        ->add_option("--store-start", request.store_start,
                     "shell command that starts it again and returns when it answers")
        ->needs(store_kill);
    run_command->add_option("--node-binary", request.node_binaries,
                            "chatnode binary of one node, as n2=PATH (process world)");
    auto* attach = run_command->add_option(
        "--attach", request.attach,
        "a node that runs elsewhere, as n1=http://host:port (process world); --store then names its "
        "database, which the run only reads, as http://user:password@host:port/database");
    run_command
        ->add_option("--control", request.control,
                     "control port of a couchmock in front of that database, for store.* and feed.* faults: "
                     "http://host:port")
        ->needs(attach);
    run_command->add_option("--start-at", request.start_at,
                            "begin at this time, as 2026-12-01T18:00:00Z or in seconds since 1970 (process "
                            "world)");
    run_command
        ->add_option("--generator", request.generator,
                     "K/N: play the clients of the Kth of N generators at the attached nodes; `merge` joins "
                     "what all of them saw")
        ->needs(attach);
    run_command->callback([&] {
        if (run_seed->count() > 0) request.seed = seed;
        code = run(request);
    });

    std::filesystem::path file;
    auto* verify_command =
        app.add_subcommand("verify", "run twice in the virtual world and name the first event that differs");
    verify_command->add_option("FILE", file, "a scenario file")->required();
    auto* verify_seed =
        verify_command->add_option("--seed", seed, "seed to use instead of the scenario's own");
    std::string trail;
    verify_command->add_option(
        "--trail", trail, "write every event with its hash to this file, to compare two builds with diff");
    verify_command->callback(
        [&] { code = verify(file, verify_seed->count() > 0 ? std::optional{seed} : std::nullopt, trail); });

    std::string before;
    std::string after;
    std::filesystem::path page;
    auto* compare_command = app.add_subcommand(
        "compare", "compare results. Exit codes: 0 as good as before, 1 worse, 64 not comparable");
    compare_command
        ->add_option("BEFORE", before, "results.json, a run's folder, or a folder of such (repeats)")
        ->required();
    compare_command->add_option("AFTER", after, "the same, of the later runs")->required();
    compare_command->add_option("--page", page, "write a report page with both runs overlaid");
    bool anyway = false;
    compare_command->add_flag("--anyway", anyway, "compare runs of different scenarios, too");
    compare_command->callback([&] { code = compare(before, after, page, anyway); });

    MatrixRequest matrix_request;
    matrix_request.run.binaries = own_folder();
    auto* matrix_command = app.add_subcommand(
        "matrix", "run one scenario with every combination of settings and show them side by side");
    matrix_command->add_option("FILE", matrix_request.run.files, "a scenario file")->required()->expected(1);
    matrix_command
        ->add_option(
            "--vary", matrix_request.vary,
            "KEY=VALUE,VALUE,...: nodes, clients, rooms, feed, batch, shards, members, rate, size, or a "
            "dotted key as load.for; store=couchmock,URL. "
            "Given several times, every combination is run")
        ->required();
    matrix_command->add_option("--world", matrix_request.run.world, "virtual or process")
        ->capture_default_str();
    auto* matrix_seed =
        matrix_command->add_option("--seed", seed, "seed to use instead of the scenario's own");
    matrix_command->add_option("--out", matrix_request.run.out, "folder for the table, the page and the runs")
        ->default_val("out/matrix");
    matrix_command->callback([&] {
        if (matrix_seed->count() > 0) matrix_request.run.seed = seed;
        code = matrix(matrix_request);
    });

    CiRequest ci_request;
    ci_request.run.binaries = own_folder();
    auto* ci_command =
        app.add_subcommand("ci", "run all scenarios of a folder and write an index of their reports");
    ci_command->add_option("DIR", ci_request.run.files, "folders or files")->required();
    ci_command->add_option("--world", ci_request.run.world, "virtual or process")->capture_default_str();
    ci_command->add_option("--store", ci_request.run.store, "couchmock, nats, or the URL of a CouchDB")
        ->capture_default_str();
    ci_command->add_option("--nats-servers", ci_request.run.nats_servers,
                           "1, or 3 as a cluster, instead of the scenario's own number");
    ci_command->add_option("--out", ci_request.run.out, "folder for the reports")->capture_default_str();
    ci_command->add_option("--baselines", ci_request.baselines, "folder of stored results to compare with");
    ci_command->add_flag("--update", ci_request.update,
                         "store the results as baselines instead of comparing");
    ci_command->callback([&] { code = ci(ci_request); });

    std::filesystem::path folder;
    std::filesystem::path scenario;
    auto* analyze_command = app.add_subcommand("analyze", "judge a stored history again, without a run");
    analyze_command->add_option("DIR", folder, "a run's folder")->required();
    analyze_command->add_option("--scenario", scenario,
                                "a file with other expectations; default: the scenario that was run");
    analyze_command->add_flag("--anyway", anyway, "judge by it though it plays something else");
    analyze_command->callback([&] { code = analyze(folder, scenario, anyway); });

    MergeRequest merge_request;
    auto* merge_command = app.add_subcommand(
        "merge", "join the histories of generators that played one load, and judge and report the whole");
    merge_command->add_option("DIR", merge_request.folders, "the generators' run folders")->required();
    merge_command->add_option("--out", merge_request.out, "folder for the report (default: out/NAME-merged)");
    merge_command->callback([&] { code = merge(merge_request); });

    SearchCommands search;
    search.add_to(app, code);

    app.add_subcommand("schema", "print the JSON Schema of scenario files, for editors")->callback([&] {
        code = print_schema();
    });

    std::string key;
    auto* explain_command = app.add_subcommand("explain", "print the reference of the scenario language");
    explain_command->add_option("KEY", key, "a key, a fault, a property or a metric; default: everything");
    explain_command->callback([&] { code = explain(key); });

    arrange_help(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_pass : exit_usage;
    }
    return code;
}
