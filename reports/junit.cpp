#include "reports/reports.hpp"
#include "reports/text_files.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::reports {
namespace {

using sim::checker::Outcome;

std::string details(const Run& run, const sim::checker::Finding& finding) {
    std::string text;
    if (finding.location.line > 0)
        text += fmt::format("{}:{}:{}: {}\n", run.scenario.file, finding.location.line,
                            finding.location.column, finding.property);
    for (const auto& line : finding.evidence) text += line + '\n';
    if (!finding.context.empty()) text += "what happened round the first of these:\n";
    for (const auto& line : finding.context) text += line + '\n';
    if (!run.info.replay.empty()) text += "replay: " + run.info.replay + '\n';
    return escape(text);
}

}  // namespace

// An unknown finding is an error of the test, not a failure of what is tested: CI counts both as red.
std::string junit_xml(const Run& run) {
    const auto count = [&](Outcome outcome) {
        return std::ranges::count(run.verdict.findings, outcome, &sim::checker::Finding::outcome);
    };
    const auto suite =
        fmt::format("{} ({} world, seed {})", run.scenario.name, run.info.world, run.info.seed);
    const auto seconds = fmt::format("{}.{:03}", run.info.took_ms / 1'000, run.info.took_ms % 1'000);
    auto out = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"davenport\" tests=\"{0}\" failures=\"{1}\" errors=\"{2}\" time=\"{3}\">\n"
        "  <testsuite name=\"{4}\" tests=\"{0}\" failures=\"{1}\" errors=\"{2}\" skipped=\"0\" "
        "time=\"{3}\">\n",
        run.verdict.findings.size(), count(Outcome::fail), count(Outcome::unknown), seconds, escape(suite));
    for (const auto& finding : run.verdict.findings) {
        out += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"0\"", escape(run.scenario.name),
                           escape(finding.property));
        if (!run.scenario.file.empty() && finding.location.line > 0)
            out += fmt::format(" file=\"{}\" line=\"{}\"", escape(run.scenario.file), finding.location.line);
        if (finding.outcome == Outcome::pass) {
            out += fmt::format(">\n      <system-out>{}</system-out>\n    </testcase>\n",
                               escape(finding.measured));
            continue;
        }
        const char* element = finding.outcome == Outcome::fail ? "failure" : "error";
        out += fmt::format(">\n      <{0} message=\"{1}\" type=\"{0}\">{2}</{0}>\n    </testcase>\n", element,
                           escape(finding.measured), details(run, finding));
    }
    return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace davenport::reports
