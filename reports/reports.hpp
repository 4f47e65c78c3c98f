#pragma once

#include "sim/checker/judge.hpp"
#include "sim/checker/summary.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// Turns a judged run into files for people and for machines.
namespace davenport::reports {

/// How and where a run was made: what the history itself does not say.
struct RunInfo {
    std::string world;  ///< "virtual" or "process"
    std::string store;  ///< "couchmock" or "CouchDB"; never a URL, which may bear a password
    std::uint64_t seed = 0;
    std::string replay;   ///< the command line that makes the same run again
    std::string started;  ///< ISO 8601; empty in the virtual world, whose results depend on nothing outside
    std::int64_t took_ms = 0;      ///< on the wall clock
    std::uint64_t event_hash = 0;  ///< of the virtual world, else 0
    std::uint64_t events = 0;
    std::string scenario_text;                       ///< the scenario file's; empty where there was none
    std::string experiment;                          ///< experiment_id() of the scenario
    std::string broken;                              ///< why the world could not perform the plan
    std::map<std::string, std::string> environment;  ///< shown as they are: versions, processor, ...
};

/// Processors, kernel, compiler and version of this program.
std::map<std::string, std::string> environment();

/// All that the files are made from. The references must outlive the call only.
struct Run {
    const RunInfo& info;
    const sim::Scenario& scenario;
    const sim::checker::Verdict& verdict;
    const sim::checker::Summary& summary;
};

/// Writes results.json, junit.xml, summary.md, annotations.txt and report.html into `dir`, which must exist.
/// Returns "" or an error that names the file.
std::string write_results(const std::filesystem::path& dir, const Run& run);

/// The files' contents, for whoever wants one alone.
std::string results_json(
    const Run& run);  ///< as reports/results.schema.json describes it, with a newline at the end
std::string junit_xml(const Run& run);  ///< one test case for a finding
std::string summary_md(const Run& run);
/// "scenarios/outage.yaml:17:5: error: p99(delivery) < 250ms: 412 ms over 512 messages", one line for each
/// finding that does not hold: as compilers say it, so that CIs and editors point at the scenario's line.
/// What is always checked stands at line 1.
std::string annotations(const Run& run);
/// The page with `results` (JSON, as above) in it; it needs no network.
std::string report_html(const std::string& title, const std::string& results);

/// One line of an index: a run's results.json, read, and where its report lies.
struct IndexEntry {
    std::string results;  ///< the JSON's text
    std::string folder;   ///< relative to the index
};
/// Writes index.html and index.md into `dir`: one row for each run, the failing first. Returns "" or what
/// could not be written.
std::string write_index(const std::filesystem::path& dir, const std::string& title,
                        const std::vector<IndexEntry>& entries);

}  // namespace davenport::reports
