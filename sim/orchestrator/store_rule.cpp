#include "sim/orchestrator/store_rule.hpp"

#include "couchmock/faults/rule_request.hpp"
#include "node/base/json.hpp"
#include "sim/scenario/parameters.hpp"

namespace davenport::sim::orchestrator {

bool is_store_fault(std::string_view kind) {
    return kind.starts_with("server.") || couchmock::find_fault(kind) != nullptr;
}

base::HttpRequest set_rule(const PlannedFault& fault) {
    const auto* kind = couchmock::find_fault(fault.kind);
    if (!kind) {
        base::json::object rule;
        rule["name"] = fault.name;
        rule["fault"] = fault.kind;
        rule["server"] = parameter_or(fault.parameters, "server", std::string{"leader"});
        return {"POST", "/_mock/faults", {{"Content-Type", "application/json"}}, base::write_json(rule)};
    }
    couchmock::RuleRequest rule{.name = fault.name, .fault = kind->fault};
    for (const auto& [key, value] : fault.parameters)
        if (const auto* parameter = kind->find_key(key))
            couchmock::set_parameter(rule.parameters, *parameter, value);
    return {"POST", "/_mock/faults", {{"Content-Type", "application/json"}}, couchmock::write_rule(rule)};
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
