#include "reports/reports.hpp"
#include "reports/text_files.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <sys/utsname.h>

namespace davenport::reports {
std::string annotations(const Run& run) {
    using sim::checker::Outcome;
    std::string out;
    for (const auto& finding : run.verdict.findings) {
        if (finding.outcome == Outcome::pass) continue;
        out += fmt::format("{}:{}:{}: {}: {}: {}\n", run.scenario.file, std::max(finding.location.line, 1),
                           std::max(finding.location.column, 1),
                           finding.outcome == Outcome::fail ? "error" : "warning", finding.property,
                           finding.measured);
    }
    return out;
}

std::map<std::string, std::string> environment() {
    std::map<std::string, std::string> made;
    made["davenport"] = DAVENPORT_VERSION;
#if defined(__clang__)
    made["compiler"] = fmt::format("clang {}", __clang_version__);
#else
    made["compiler"] = fmt::format("g++ {}", __VERSION__);
#endif
#ifdef NDEBUG
    made["build"] = "release";
#else
    made["build"] = "debug";
#endif
    made["processors"] = fmt::format("{}", std::thread::hardware_concurrency());
    utsname name{};
    if (uname(&name) == 0) made["kernel"] = fmt::format("{} {} {}", name.sysname, name.release, name.machine);
    return made;
}

std::string write_results(const std::filesystem::path& dir, const Run& run) {
    const auto results = results_json(run);
    return write_files(dir, {{"results.json", results},
                             {"junit.xml", junit_xml(run)},
                             {"summary.md", summary_md(run)},
                             {"annotations.txt", annotations(run)},
                             {"report.html", report_html(run.scenario.name, results)}});
}

}  // namespace davenport::reports
