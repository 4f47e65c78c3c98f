#include "couchmock/faults/fault_reference.hpp"

#include "couchmock/faults/rule_request.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

/// What most faults take; told once.
constexpr std::string_view common[] = {"every", "at", "count"};

/// "`delay_ms` (200): how late".
std::string of_parameter(const FaultParameter& parameter) {
    auto out = fmt::format("`{}`", parameter.json);
    if (parameter.default_value) {
        out += " (";
        append_value(out, *parameter.default_value);
        out += ')';
    }
    if (parameter.required) out += " (needed)";
    return fmt::format("{}: {}", out, parameter.about);
}

std::string takes(const FaultKind& kind) {
    std::string own, shared;
    for (const auto& parameter : kind.parameters) {
        const bool told_once = std::ranges::find(common, parameter.json) != std::end(common);
        const bool usual = told_once || (parameter.json == "for_ms" && kind.find_json("count"));
        if (usual)
            shared += fmt::format("{}`{}`", shared.empty() ? "" : ", ", parameter.json);
        else
            own += (own.empty() ? "" : "; ") + of_parameter(parameter);
    }
    if (kind.takes_match) shared += fmt::format("{}`match`", shared.empty() ? "" : ", ");
    return own + (own.empty() || shared.empty() ? "" : "; ") + shared;
}

/// `family`: what the names begin with, up to the dot.
std::string of_family(std::string_view family) {
    std::string out = "| fault | what happens | parameters (default) |\n| --- | --- | --- |\n";
    for (const auto& kind : fault_table())
        if (kind.name.substr(0, kind.name.find('.')) == family)
            fmt::format_to(std::back_inserter(out), "| `{}` | {}{} | {} |\n", kind.name, kind.about,
                           kind.own_store ? " (*own store*)" : "", takes(kind));
    return out;
}

/// Each member once, with all that it may be; where faults differ in that, with their names.
std::string of_values() {
    struct Row {
        std::string_view json;
        std::string values, faults;
    };
    std::vector<Row> rows;
    for (const auto& kind : fault_table())
        for (const auto& parameter : kind.parameters) {
            auto values = values_of(parameter);
            const auto same = std::ranges::find_if(
                rows, [&](const Row& row) { return row.json == parameter.json && row.values == values; });
            if (same == rows.end())
                rows.push_back({parameter.json, std::move(values), std::string{kind.name}});
            else
                same->faults += fmt::format(", {}", kind.name);
        }
    std::string out = "| parameter | value |\n| --- | --- |\n";
    for (const auto& row : rows) {
        const bool differs = std::ranges::count(rows, row.json, &Row::json) > 1;
        fmt::format_to(std::back_inserter(out), "| `{}`{} | {} |\n", row.json,
                       differs ? " of " + row.faults : "", row.values);
    }
    return out;
}

}  // namespace

std::string fault_reference() {
    return "### The store\n\n" + of_family("store") + "\n### Members of a cluster\n\n" + of_family("member") +
           "\n### The changes feed\n\n" + of_family("feed") +
           "\n### Values of parameters\n\nTimes are kept to the microsecond.\n\n" + of_values();
}

}  // namespace davenport::couchmock
