#include "sim/orchestrator/stream_control.hpp"

#include "node/base/json.hpp"

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

std::string row_of(const std::string& name, std::int64_t hits) {
    std::string row = R"({"name":)";
    base::append_json_string(row, name);
    return row + fmt::format(R"(,"hits":{}}})", hits);
}

}  // namespace

base::HttpResponse StreamControl::ask(const base::HttpRequest& request) {
    if (request.method == "GET") {
        std::string rows;
        for (const auto& [name, rule] : rules_) rows += (rows.empty() ? "" : ",") + row_of(name, rule.hits);
        return {200, {}, '[' + rows + ']'};
    }
    if (request.method == "DELETE") {
        const auto name =
            base::percent_decode(request.target.substr(request.target.rfind('/') + 1)).value_or("");
        const auto found = rules_.find(name);
        if (found == rules_.end()) return {404, {}, "{}"};
        faults_.end_fault(found->second.fault);
        rules_.erase(found);
        return {200, {}, "{}"};
    }
    const auto rule = base::parse_json(request.body);
    if (!rule) return {400, {}, "no rule"};
    const auto* lasts = base::member(*rule, "for_ms");
    const auto ms = lasts && lasts->is_number() ? lasts->to_number<double>() : 0.0;
    StreamFaults::StreamFault fault{.name = base::text_member(*rule, "name"),
                                    .kind = base::text_member(*rule, "fault"),
                                    .server = base::text_member(*rule, "server"),
                                    .lasts = base::Duration{static_cast<std::int64_t>(ms * 1000)}};
    const auto hits = faults_.begin_fault(fault);
    auto body = row_of(fault.name, hits);
    rules_[fault.name] = {fault, hits};
    return {201, {}, std::move(body)};
}

}  // namespace davenport::sim::orchestrator
