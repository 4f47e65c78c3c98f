#include "reports/matrix.hpp"

#include "node/base/json.hpp"
#include "reports/compare.hpp"
#include "reports/page_files.hpp"
#include "reports/text_files.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace davenport::reports {
namespace {

using base::int_member;
using base::member;
using base::string_member;
using base::text_member;

struct Latency {
    std::optional<std::int64_t> p50_us, p99_us;
    bool p99_more = false;  ///< it is a lower bound: something was never delivered
};

struct Row {
    const MatrixCell* cell;
    std::string outcome;
    std::array<Latency, metric_names.size()> latencies;
    std::string requests;  ///< for each message
};

Latency latency_of(const base::json::value& results, std::string_view metric) {
    Latency made;
    const auto* phases = member(results, "phases");
    if (!phases || !phases->is_array() || phases->get_array().empty()) return made;
    const auto* all = member(phases->get_array().front(), "metrics");
    const auto* one = all ? member(*all, metric) : nullptr;
    if (!one) return made;
    made.p50_us = int_member(*one, "p50_us");
    made.p99_us = int_member(*one, "p99_us");
    if (const auto* bounds = member(*one, "more_than"); bounds && bounds->is_array())
        made.p99_more = std::ranges::any_of(bounds->get_array(), [](const auto& name) {
            return name.is_string() && name.get_string() == "p99";
        });
    return made;
}

Row row_of(const MatrixCell& cell) {
    Row row{&cell, "unknown", {}, "–"};
    const auto results = base::parse_json(cell.results);
    if (!results) return row;
    row.outcome = text_member(member(*results, "verdict"), "outcome");
    for (std::size_t i = 0; i < metric_names.size(); ++i)
        row.latencies[i] = latency_of(*results, metric_names[i]);
    const auto* counts = member(*results, "counts");
    const auto messages = counts ? int_member(*counts, "messages").value_or(0) : 0;
    if (messages > 0)
        row.requests =
            fmt::format("{:.1f}", static_cast<double>(int_member(*counts, "requests").value_or(0)) /
                                      static_cast<double>(messages));
    return row;
}

std::vector<Row> rows_of(const std::vector<MatrixCell>& cells) {
    std::vector<Row> rows;
    for (const auto& cell : cells) rows.push_back(row_of(cell));
    return rows;
}

std::string show(const Latency& latency) {
    if (!latency.p50_us || !latency.p99_us) return "–";
    return fmt::format("{} / {}{}", sim::checker::time_text(*latency.p50_us), latency.p99_more ? "> " : "",
                       sim::checker::time_text(*latency.p99_us));
}

std::string settings_of(const MatrixCell& cell) {
    std::string out;
    for (const auto& [key, value] : cell.settings)
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", key, value);
    return out;
}

/// The columns of the table, the settings first.
std::vector<std::vector<std::string>> table(const std::vector<Row>& rows) {
    std::vector<std::vector<std::string>> out;
    if (rows.empty()) return out;
    auto& head = out.emplace_back();
    for (const auto& setting : rows.front().cell->settings) head.push_back(setting.first);
    head.emplace_back("verdict");
    head.insert(head.end(), metric_names.begin(), metric_names.end());
    head.emplace_back("requests a message");
    for (const auto& row : rows) {
        auto& line = out.emplace_back();
        for (const auto& setting : row.cell->settings) line.push_back(setting.second);
        line.push_back(row.outcome);
        for (const auto& latency : row.latencies) line.push_back(show(latency));
        line.push_back(row.requests);
    }
    return out;
}

/// One metric as bars from p50 to p99 on a logarithmic axis, a bar for each cell; drawn here, so the page
/// needs no script.
std::string chart(const std::vector<Row>& rows, std::size_t metric) {
    constexpr int label_width = 210, width = 760, line_height = 30, top = 26;
    double least = 1e18, most = 0;
    for (const auto& row : rows) {
        if (!row.latencies[metric].p50_us || !row.latencies[metric].p99_us) continue;
        least =
            std::min(least, static_cast<double>(std::max<std::int64_t>(1, *row.latencies[metric].p50_us)));
        most = std::max(most, static_cast<double>(*row.latencies[metric].p99_us));
    }
    if (most == 0) return {};
    const double low = std::floor(std::log10(least)), high = std::max(low + 1, std::ceil(std::log10(most)));
    const auto x = [&](double us) {
        return label_width +
               (std::log10(std::max(1.0, us)) - low) / (high - low) * (width - label_width - 40);
    };
    const auto height = top + line_height * static_cast<int>(rows.size()) + 6;
    auto out = fmt::format(
        "<svg class=\"matrix\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}: p50 to p99 by setting\">",
        width, height, metric_names[metric]);
    for (auto power = static_cast<int>(low); power <= static_cast<int>(high); ++power) {
        const auto at = x(std::pow(10, power));
        out += fmt::format(
            "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\" class=\"grid\"/><text x=\"{0:.1f}\" "
            "y=\"14\" class=\"tick\">{3}</text>",
            at, top - 6, height,
            sim::checker::time_text(static_cast<std::int64_t>(std::llround(std::pow(10, power)))));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& latency = rows[i].latencies[metric];
        const auto y = top + line_height * static_cast<int>(i);
        out += fmt::format("<text x=\"{}\" y=\"{}\" class=\"name\">{}</text>", label_width - 12, y + 17,
                           escape(settings_of(*rows[i].cell)));
        if (!latency.p50_us || !latency.p99_us) continue;
        const auto from = x(static_cast<double>(*latency.p50_us)),
                   to = x(static_cast<double>(*latency.p99_us));
        out += fmt::format(
            "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"12\" rx=\"6\"><title>{}: "
            "{}</title></rect><circle cx=\"{:.1f}\" cy=\"{}\" r=\"6\"/>",
            from, y + 7, std::max(2.0, to - from), escape(settings_of(*rows[i].cell)), show(latency), from,
            y + 13);
    }
    return out + "</svg>";
}

constexpr std::string_view own_style =
    "svg.matrix{width:100%;max-width:900px;display:block}svg.matrix .grid{stroke:var(--grid)}svg.matrix "
    ".tick{fill:var(--soft);font-size:11px;text-anchor:middle}"
    "svg.matrix .name{fill:var(--ink);font-size:13px;text-anchor:end}svg.matrix "
    "rect{fill:var(--s1);opacity:.35}svg.matrix circle{fill:var(--s1)}";

std::string html(const std::string& title, const std::vector<Row>& rows) {
    const auto all = std::ranges::all_of(rows, [](const Row& row) { return row.outcome == "pass"; });
    auto out = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\"><title>{0} · "
        "Davenport</title><style>{1}{2}</style></head><body><main>"
        "<div class=\"banner {3}\"><div class=\"top\"><span class=\"word\">{4} of {5} pass</span><h1 "
        "class=\"grow\">{0}</h1></div></div>",
        escape(title), page_style(), own_style, all ? "pass" : "fail",
        std::ranges::count(rows, "pass", &Row::outcome), rows.size());
    out += "<section class=\"scroll\"><table><thead><tr>";
    const auto cells = table(rows);
    for (const auto& name : cells.front()) out += fmt::format("<th>{}</th>", escape(name));
    out += "<th></th></tr></thead><tbody>";
    for (std::size_t i = 1; i < cells.size(); ++i) {
        out += "<tr>";
        for (const auto& cell : cells[i])
            out += fmt::format("<td{}>{}</td>",
                               &cell == &cells[i][rows[i - 1].cell->settings.size()]
                                   ? fmt::format(" class=\"state {}\"", escape(cell))
                                   : "",
                               escape(cell));
        out += fmt::format("<td><a href=\"{}/report.html\">report</a></td></tr>\n",
                           escape(rows[i - 1].cell->folder));
    }
    out +=
        "</tbody></table><p class=\"note\">Latencies are p50 / p99, from the intended time of "
        "sending.</p></section>";
    for (std::size_t metric : {2u, 4u, 1u, 0u, 3u})  // what people wait for, first
        out += fmt::format(
            "<section><h2>{}</h2><p class=\"note\">From p50 (the dot) to p99, on a logarithmic "
            "axis.</p>{}</section>",
            metric_names[metric], chart(rows, metric));
    return out + "</main></body></html>\n";
}

std::string markdown(const std::string& title, const std::vector<Row>& rows) {
    auto out = fmt::format("## {}\n\n", title);
    const auto cells = table(rows);
    for (std::size_t i = 0; i < cells.size(); ++i) {
        for (const auto& cell : cells[i]) out += fmt::format("| {} ", cell);
        out += "|\n";
        if (i > 0) continue;
        for (std::size_t column = 0; column < cells[0].size(); ++column) out += "| --- ";
        out += "|\n";
    }
    return out;
}

std::string json(const std::string& title, const std::vector<Row>& rows) {
    base::json::array all;
    for (const auto& row : rows) {
        base::json::object one, settings;
        for (const auto& [key, value] : row.cell->settings) settings[key] = value;
        one["settings"] = std::move(settings);
        one["outcome"] = row.outcome;
        one["folder"] = row.cell->folder;
        for (std::size_t i = 0; i < metric_names.size(); ++i) {
            if (!row.latencies[i].p50_us || !row.latencies[i].p99_us) continue;
            one[fmt::format("{}_p50_us", metric_names[i])] = *row.latencies[i].p50_us;
            one[fmt::format("{}_p99_us", metric_names[i])] = *row.latencies[i].p99_us;
        }
        all.push_back(std::move(one));
    }
    return base::write_json(base::json::object{
               {"format", "davenport matrix"}, {"title", title}, {"cells", std::move(all)}}) +
           "\n";
}

}  // namespace

std::string matrix_text(const std::vector<MatrixCell>& cells) {
    const auto rows = rows_of(cells);
    const auto lines = table(rows);
    std::vector<std::size_t> widths;
    const auto width = [](const std::string& text) {  // of the characters, not of the bytes
        return static_cast<std::size_t>(std::ranges::count_if(
            text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
    };
    for (const auto& line : lines) {
        widths.resize(line.size());
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
    }
    std::string out;
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i)
            out += "  " + line[i] + std::string(i + 1 < line.size() ? widths[i] - width(line[i]) : 0, ' ');
        out += "\n";
    }
    return out;
}

std::string write_matrix(const std::filesystem::path& dir, const std::string& title,
                         const std::vector<MatrixCell>& cells) {
    const auto rows = rows_of(cells);
    return write_files(dir, {{"matrix.html", html(title, rows)},
                             {"matrix.md", markdown(title, rows)},
                             {"matrix.json", json(title, rows)}});
}

}  // namespace davenport::reports
