#include "node/base/json.hpp"
#include "reports/compare.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace davenport::reports {
namespace {

namespace fs = std::filesystem;
using Kind = Difference::Kind;

const char* loud_word(Kind kind) {
    switch (kind) {
        case Kind::same:
            return "same";
        case Kind::better:
            return "better";
        case Kind::worse:
            return "WORSE";
        case Kind::changed:
            return "changed";
    }
    return "?";
}

const char* paint(Kind kind) {
    return kind == Kind::worse ? "\033[1;31m" : kind == Kind::better ? "\033[32m" : "\033[33m";
}

std::string read(const fs::path& file, std::vector<boost::json::value>& into) {
    std::ifstream in{file, std::ios::binary};
    if (!in) return fmt::format("{}: error: cannot be read", file.string());
    std::ostringstream content;
    content << in.rdbuf();
    auto parsed = base::parse_json(content.str());
    if (!parsed) return fmt::format("{}: error: is no JSON", file.string());
    into.push_back(std::move(*parsed));
    return {};
}

}  // namespace

std::string conclusion(const Comparison& comparison) {
    const auto worse = comparison.count(Kind::worse), better = comparison.count(Kind::better),
               changed = comparison.count(Kind::changed);
    if (worse + better + changed == 0)
        return fmt::format("{} figures compared, all {}", comparison.differences.size(),
                           comparison.exact ? "equal" : "within what is borne");
    return fmt::format("{} figures compared: {} worse, {} better, {} changed{}",
                       comparison.differences.size(), worse, better, changed,
                       comparison.exact ? " (the virtual world is exact: any difference counts)" : "");
}

std::string comparison_text(const Comparison& comparison, bool colour) {
    if (!comparison.refused.empty()) return "not compared: " + comparison.refused + '\n';
    std::string out = comparison.title + '\n';
    bool headed = false;
    for (const auto& one : comparison.differences) {
        if (one.kind == Kind::same) continue;
        if (!headed)
            out += fmt::format("    {:<8}{:<22}{:<24}{:>14}{:>14}  {}\n", "", "figure", "of what was due",
                               "before", "after", "by");
        headed = true;
        out += fmt::format("    {}{:<8}{}{:<22}{:<24}{:>14}{:>14}  {}\n", colour ? paint(one.kind) : "",
                           loud_word(one.kind), colour ? "\033[0m" : "", one.what,
                           one.phase.empty() ? "in the whole run" : one.phase, one.before, one.after, one.by);
    }
    return out + "    " + conclusion(comparison) + '\n';
}

std::string comparison_md(const Comparison& comparison) {
    if (!comparison.refused.empty()) return "Not compared: " + comparison.refused + '\n';
    auto out = fmt::format("{}\n\n", conclusion(comparison));
    if (std::ranges::all_of(comparison.differences,
                            [](const Difference& one) { return one.kind == Kind::same; }))
        return out;
    out += "| | figure | of what was due | before | after | by |\n| --- | --- | --- | ---: | ---: | ---: |\n";
    for (const auto& one : comparison.differences)
        if (one.kind != Kind::same)
            out += fmt::format("| {} | `{}` | {} | {} | {} | {} |\n", loud_word(one.kind), one.what,
                               one.phase.empty() ? "in the whole run" : one.phase, one.before, one.after,
                               one.by);
    return out;
}

std::vector<boost::json::value> load_results(const std::string& path, std::string& error) {
    std::vector<boost::json::value> runs;
    error.clear();
    std::error_code ignored;
    std::vector<fs::path> files;
    if (fs::is_regular_file(path, ignored)) {
        files.emplace_back(path);
    } else if (fs::exists(fs::path{path} / "results.json", ignored)) {
        files.push_back(fs::path{path} / "results.json");
    } else {
        for (const auto& entry : fs::directory_iterator{path, ignored})
            if (fs::exists(entry.path() / "results.json", ignored))
                files.push_back(entry.path() / "results.json");
        std::ranges::sort(files);
    }
    if (files.empty()) error = fmt::format("{}: error: has no results.json in it", path);
    for (const auto& file : files)
        if (error = read(file, runs); !error.empty()) return {};
    return runs;
}

}  // namespace davenport::reports
