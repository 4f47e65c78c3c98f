#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// What chatsim does, one function a command; main.cpp only reads the command line. Each returns the exit
/// code.
namespace davenport::sim::program {

enum Exit : int {
    exit_pass = 0,
    exit_fail = 1,
    exit_unknown = 2,  ///< inconclusive: the run exercised too little, or was broken off
    exit_usage = 64,   ///< bad usage, or a bad file
    exit_files = 70,   ///< a history or a report could not be written
};

using Files = std::vector<std::filesystem::path>;

/// Reads the files and says all that is wrong with them.
int check(const Files& files);

struct RunRequest {
    Files files;
    std::string world = "virtual";      ///< or "process"
    std::string store = "couchmock";    ///< or nats, or the URL of a CouchDB (process world)
    int nats_servers = 0;               ///< 0: as many as the scenario has
    std::optional<std::uint64_t> seed;  ///< nothing: the scenario's own
    std::filesystem::path out = "out";
    std::filesystem::path binaries;          ///< where chatnode and couchmock are
    std::vector<std::string> node_binaries;  ///< "n2=PATH"
    std::vector<std::string>
        attach;             ///< "n1=URL": nodes that run elsewhere; then `store` names their database
    std::string control;    ///< URL of the control port of a couchmock in front of their store
    std::string start_at;   ///< when the run begins: ISO 8601, or seconds since 1970; empty: at once
    std::string generator;  ///< "3/10": plays the clients of the third of ten generators
    bool quiet = false;     ///< only what went wrong is printed
    std::vector<std::string> settings;  ///< of a matrix cell, as --vary takes them: "feed=poll"
    std::string store_kill;             ///< commands for store.crash and store.restart before a real CouchDB
    std::string store_start;
};

/// Runs each scenario, judges it, writes its history and reports. The worst verdict decides the exit code.
int run(const RunRequest& request);

/// Runs a scenario twice in the virtual world and names the first event and the first record that differ.
int verify(const std::filesystem::path& file, std::optional<std::uint64_t> seed,
           const std::filesystem::path& trail);

/// Compares what results.json says of two runs, or of several runs each; writes a page with both when `page`
/// is given. Runs of different scenarios are refused, unless `anyway`.
int compare(const std::string& before, const std::string& after, const std::filesystem::path& page,
            bool anyway = false);

struct MatrixRequest {
    RunRequest run;                 ///< of one file
    std::vector<std::string> vary;  ///< "feed=poll,longpoll,continuous"
};

/// Runs one scenario over every combination of some settings, and shows them side by side: a table on the
/// terminal, matrix.html and matrix.json. The worst verdict decides the exit code.
int matrix(const MatrixRequest& request);

struct CiRequest {
    RunRequest run;                   ///< `files` may be folders: all *.yaml in them
    std::filesystem::path baselines;  ///< NAME.json there is compared with the run of NAME.yaml; empty: none
    bool update = false;              ///< write the baselines instead
};

/// Runs folders of scenarios and writes an index over their reports.
int ci(const CiRequest& request);

/// Judges a stored history again: by the scenario that it was made with, or by what another file expects,
/// which must play the same unless `anyway`.
int analyze(const std::filesystem::path& folder, const std::filesystem::path& scenario, bool anyway);

struct MergeRequest {
    Files folders;              ///< of the generators' runs
    std::filesystem::path out;  ///< empty: out/NAME-merged
};

/// Joins the histories of generators that played one load together, and judges and reports the whole.
int merge(const MergeRequest& request);

/// Prints the JSON Schema of scenario files.
int print_schema();

/// Prints the reference: of everything, or of one key, fault, property or metric.
int explain(const std::string& key);

/// Set by Ctrl-C and SIGTERM once catch_interrupts() was called; a second one ends the program at once.
const std::atomic<bool>& interrupted();
void catch_interrupts();

}  // namespace davenport::sim::program
