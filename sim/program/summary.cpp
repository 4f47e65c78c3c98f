#include "sim/program/summary.hpp"

#include "sim/checker/latency.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace davenport::sim::program {

using checker::Outcome;

class LatencyTable::Impl {
public:
    checker::Facts facts;
};

LatencyTable::LatencyTable() : impl_{std::make_unique<Impl>()} {}
LatencyTable::~LatencyTable() = default;
void LatencyTable::add(const Record& record) { impl_->facts.add(record); }

std::string LatencyTable::render() {
    constexpr std::size_t families_shown_max = 4;
    impl_->facts.close();
    const checker::Latencies latencies{impl_->facts};
    std::string out;
    for (const auto& phase : checker::all_phases(impl_->facts, families_shown_max)) {
        std::string cells;
        for (const auto metric : checker::metrics) {
            const auto figures = latencies.figures(metric, {.phase = &phase});
            const auto at = [&](std::int64_t share) { return checker::waited_text(figures.quantile(share)); };
            cells += fmt::format(" {:>18}",
                                 figures.count == 0 ? "-" : fmt::format("{} / {}", at(50'000), at(99'000)));
        }
        if (cells.find_first_not_of(" -") == std::string::npos) continue;
        if (out.empty()) {
            out += fmt::format("    {:<22}", "latency, p50 / p99");
            for (const auto metric : checker::metrics)
                out += fmt::format(" {:>18}", checker::name_of(metric));
            out += "\n";
        }
        out += fmt::format("    {:<22}{}\n", phase.name.empty() ? "in the whole run" : phase.name, cells);
    }
    return out;
}

std::string show(Outcome outcome, bool colour) {
    switch (outcome) {
        case Outcome::pass:
            return colour ? "\033[32mpass\033[0m" : "pass";
        case Outcome::fail:
            return colour ? "\033[1;31mFAIL\033[0m" : "FAIL";
        case Outcome::unknown:
            return colour ? "\033[33munknown\033[0m" : "unknown";
    }
    return "";
}

std::string show(const checker::Verdict& verdict, const std::string& file, bool colour) {
    std::size_t width = 0;
    for (const auto& finding : verdict.findings) width = std::max(width, finding.property.size());
    std::string out;
    for (const auto& finding : verdict.findings) {
        const std::string_view word = finding.outcome == Outcome::pass   ? "pass"
                                      : finding.outcome == Outcome::fail ? "FAIL"
                                                                         : "unknown";
        const std::string blanks(8 - word.size(), ' ');
        fmt::format_to(std::back_inserter(out), "    {}{}{:<{}}  {}\n", show(finding.outcome, colour), blanks,
                       finding.property, width, finding.measured);
        if (finding.outcome == Outcome::pass) continue;
        if (finding.location.line > 0)
            fmt::format_to(std::back_inserter(out), "            expected at {}:{}:{}\n", file,
                           finding.location.line, finding.location.column);
        for (const auto& line : finding.evidence)
            fmt::format_to(std::back_inserter(out), "            {}\n", line);
        if (finding.context.empty()) continue;
        out += "            what happened round the first of these:\n";
        for (const auto& line : finding.context)
            fmt::format_to(std::back_inserter(out), "            {}\n", line);
    }
    return out;
}

}  // namespace davenport::sim::program
