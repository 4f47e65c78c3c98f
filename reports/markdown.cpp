#include "reports/reports.hpp"
#include "sim/checker/evidence.hpp"

#include <fmt/format.h>

namespace davenport::reports {
namespace {

using namespace sim::checker;

/// A table's cell: no bars, no line ends, no markup.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|' || c == '<' || c == '*' || c == '_' || c == '`' || c == '\\') out += '\\';
        out += c == '\n' || c == '\r' ? ' ' : c;
    }
    return out;
}

const char* sign(Outcome outcome) {
    return outcome == Outcome::pass ? "✅ pass" : outcome == Outcome::fail ? "❌ **fail**" : "❔ unknown";
}

std::string findings_of(const Run& run) {
    std::string out = "| | expectation | measured | line |\n| --- | --- | --- | --- |\n";
    for (const auto& finding : run.verdict.findings)
        out += fmt::format("| {} | {} | {} | {} |\n", sign(finding.outcome), cell(finding.property),
                           cell(finding.measured),
                           finding.location.line > 0 ? fmt::format("{}", finding.location.line) : "always");
    for (const auto& finding : run.verdict.findings) {
        if (finding.outcome == Outcome::pass || finding.evidence.empty()) continue;
        out += fmt::format("\n**{}**\n\n", cell(finding.property));
        for (const auto& line : finding.evidence) out += fmt::format("- {}\n", cell(line));
        if (!finding.context.empty()) out += "\nWhat happened round the first of these:\n\n";
        for (const auto& line : finding.context) out += fmt::format("- {}\n", cell(line));
    }
    return out;
}

std::string latencies_of(const Summary& summary) {
    std::string out =
        "| latency | of what was due | count | p50 | p95 | p99 | max | never |\n| --- | --- | ---: | ---: | "
        "---: | ---: | ---: | ---: |\n";
    for (const auto metric : metrics) {
        for (const auto& phase : summary.phases) {
            const auto& figures = phase.from_due[static_cast<std::size_t>(metric)];
            if (figures.count == 0) continue;
            out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", cell(name_of(metric)),
                               phase.name.empty() ? "in the whole run" : cell(phase.name), figures.count,
                               waited_text(figures.p50), waited_text(figures.p95), waited_text(figures.p99),
                               waited_text(figures.max), figures.undelivered);
        }
    }
    return out;
}

}  // namespace

std::string summary_md(const Run& run) {
    auto out = fmt::format("## {} {}\n\n", sign(run.verdict.outcome), cell(run.scenario.name));
    if (!run.scenario.about.empty()) out += cell(run.scenario.about) + "\n\n";
    out += fmt::format("{} world, {}, seed {}, {} long", run.info.world, run.info.store, run.info.seed,
                       time_text(run.summary.length_us));
    if (run.info.event_hash != 0) out += fmt::format(", hash `{:016x}`", run.info.event_hash);
    out += "\n\n";
    if (!run.info.broken.empty()) out += fmt::format("The run was broken off: {}\n\n", cell(run.info.broken));
    out += findings_of(run) + '\n' + latencies_of(run.summary);
    for (const auto& recovery : run.summary.recoveries)
        out += fmt::format("\nRecovery of {}: {}\n", cell(recovery.fault), time_text(recovery.us));
    if (!run.info.replay.empty()) out += fmt::format("\n    {}\n", run.info.replay);
    return out;
}

}  // namespace davenport::reports
