#include "node/base/json.hpp"
#include "reports/page_files.hpp"
#include "reports/reports.hpp"
#include "reports/text_files.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::reports {
namespace {

using base::int_member;
using base::member;
using base::string_member;
using base::text_member;

/// What a row says of a run.
struct Row {
    int order = 0;  ///< failing ones first, then unknown
    std::string outcome, scenario, world, findings, lost, echo, delivery, folder;
};

std::string p99(const base::json::value& results, std::string_view metric) {
    const auto* phases = member(results, "phases");
    if (!phases || !phases->is_array() || phases->get_array().empty()) return "–";
    const auto* all = member(phases->get_array().front(), "metrics");
    const auto* one = all ? member(*all, metric) : nullptr;
    const auto us = one ? int_member(*one, "p99_us") : std::nullopt;
    if (!us) return "–";
    const auto* more = member(*one, "more_than");
    const bool bound =
        more && more->is_array() && std::ranges::any_of(more->get_array(), [](const auto& name) {
            return name.is_string() && name.get_string() == "p99";
        });
    return (bound ? "> " : "") + sim::checker::time_text(*us);
}

Row row_of(const IndexEntry& entry) {
    Row row;
    row.folder = entry.folder;
    const auto results = base::parse_json(entry.results);
    if (!results) {
        row.outcome = "unknown";
        row.scenario = entry.folder;
        row.findings = "its results cannot be read";
        row.order = 1;
        return row;
    }
    const auto* verdict = member(*results, "verdict");
    row.outcome = text_member(verdict, "outcome");
    row.order = row.outcome == "fail" ? 0 : row.outcome == "unknown" ? 1 : 2;
    row.scenario = text_member(member(*results, "run"), "scenario");
    row.world = text_member(member(*results, "run"), "world");
    std::size_t good = 0, all = 0;
    std::string bad;
    if (const auto* findings = verdict ? member(*verdict, "findings") : nullptr;
        findings && findings->is_array()) {
        for (const auto& finding : findings->get_array()) {
            ++all;
            const auto property = text_member(&finding, "property");
            if (property.starts_with("no_loss")) row.lost = text_member(&finding, "measured");
            if (text_member(&finding, "outcome") == "pass") {
                ++good;
            } else {
                bad += (bad.empty() ? "" : "; ") + property;
            }
        }
    }
    row.findings =
        bad.empty() ? fmt::format("all {} hold", all) : fmt::format("{} of {} hold; not: {}", good, all, bad);
    row.echo = p99(*results, "local_echo");
    row.delivery = p99(*results, "delivery");
    return row;
}

std::string html(const std::string& title, const std::vector<Row>& rows) {
    const auto passed = std::ranges::count(rows, 2, &Row::order);
    const auto all_passed = passed == std::ssize(rows);
    std::string out =
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">";
    out += fmt::format("<title>{} · Davenport</title><style>", escape(title));
    out += page_style();
    out += fmt::format(
        "</style></head><body><main><div class=\"banner {}\"><div class=\"top\"><span class=\"word\">{} of "
        "{} pass</span><h1 class=\"grow\">{}</h1></div></div>"
        "<section "
        "class=\"scroll\"><table><thead><tr><th></th><th>scenario</th><th>world</th><th>findings</"
        "th><th>lost</th>"
        "<th class=\"number\">p99 echo</th><th class=\"number\">p99 delivery</th></tr></thead><tbody>",
        all_passed ? "pass" : "fail", passed, rows.size(), escape(title));
    for (const auto& row : rows)
        out += fmt::format(
            "<tr><td class=\"state {0}\">{0}</td><td><a "
            "href=\"{1}/report.html\">{2}</a></td><td>{3}</td><td>{4}</td><td>{5}</td>"
            "<td class=\"number\">{6}</td><td class=\"number\">{7}</td></tr>\n",
            escape(row.outcome), escape(row.folder), escape(row.scenario), escape(row.world),
            escape(row.findings), escape(row.lost), row.echo, row.delivery);
    return out + "</tbody></table></section></main></body></html>\n";
}

std::string markdown(const std::string& title, const std::vector<Row>& rows) {
    auto out = fmt::format(
        "## {}: {} of {} pass\n\n| | scenario | world | findings | p99 echo | p99 delivery |\n| --- | --- | "
        "--- | --- | ---: | ---: |\n",
        escape(title), std::ranges::count(rows, 2, &Row::order), rows.size());
    for (const auto& row : rows)
        out += fmt::format("| {} | {} | {} | {} | {} | {} |\n",
                           row.order == 2   ? "✅"
                           : row.order == 0 ? "❌"
                                            : "❔",
                           escape(row.scenario), row.world, escape(row.findings), row.echo, row.delivery);
    return out;
}

}  // namespace

std::string write_index(const std::filesystem::path& dir, const std::string& title,
                        const std::vector<IndexEntry>& entries) {
    std::vector<Row> rows;
    for (const auto& entry : entries) rows.push_back(row_of(entry));
    std::ranges::stable_sort(rows, {}, &Row::order);
    return write_files(dir, {{"index.html", html(title, rows)}, {"index.md", markdown(title, rows)}});
}

}  // namespace davenport::reports
