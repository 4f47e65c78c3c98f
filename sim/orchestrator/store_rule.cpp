#include "sim/orchestrator/store_rule.hpp"

#include "node/base/json.hpp"

namespace davenport::sim::orchestrator {

bool is_store_fault(std::string_view kind) { return kind.starts_with("store.") || kind.starts_with("feed."); }

base::HttpRequest set_rule(const PlannedFault& fault) {
    base::json::object rule;
    rule["name"] = fault.name;
    rule["fault"] = fault.kind;
    for (const auto& [key, value] : fault.parameters) {
        // Numbers and truth values go as such, all else as text.
        auto parsed = base::parse_json(value);
        rule[key] = parsed && !parsed->is_string() ? std::move(*parsed) : base::json::value(value);
    }
    return {"POST", "/_mock/faults", {{"Content-Type", "application/json"}}, base::write_json(rule)};
}

base::HttpRequest clear_rule(std::string_view name) {
    return {"DELETE", "/_mock/faults/" + base::percent_encode(name), {}, {}};
}

base::HttpRequest list_rules() { return {"GET", "/_mock/faults", {}, {}}; }

std::int64_t hits_of(std::string_view answer, std::string_view name) {
    const auto parsed = base::parse_json(answer);
    if (!parsed) return 0;
    const auto* rows = &*parsed;
    if (const auto* inside = base::member(*parsed, "faults")) rows = inside;
    std::int64_t hits = 0;
    const auto count = [&](const base::json::value& row) {
        if (base::string_member(row, "name") == name) hits += base::int_member(row, "hits").value_or(0);
    };
    if (rows->is_array()) {
        for (const auto& row : rows->get_array()) count(row);
    } else {
        count(*rows);
    }
    return hits;
}

}  // namespace davenport::sim::orchestrator
