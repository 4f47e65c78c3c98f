#include "couchmock/core/mango_explain.hpp"

#include "node/base/json.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

std::string quoted(std::string_view text) {
    std::string out;
    base::append_json_string(out, text);
    return out;
}

std::string list_json(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const auto& text : texts) {
        if (out.size() > 1) out += ',';
        base::append_json_string(out, text);
    }
    return out + ']';
}

std::string sort_json(const Columns& sort) {
    std::string out = "{";
    for (const auto& [field, descending] : sort) {
        if (out.size() > 1) out += ',';
        base::append_json_string(out, field);
        out += descending ? ":\"desc\"" : ":\"asc\"";
    }
    return out + '}';
}

std::string options_json(const MangoQuery& query) {
    std::string out = "{\"use_index\":" + list_json(query.use_index);
    out += ",\"bookmark\":" + quoted(query.bookmark.empty() ? "nil" : std::string_view{query.bookmark});
    fmt::format_to(std::back_inserter(out),
                   ",\"limit\":{},\"skip\":{},\"sort\":{},\"fields\":{},\"partition\":{}", query.limit,
                   query.skip, sort_json(query.sort), list_json(query.fields), quoted(query.partition));
    fmt::format_to(
        std::back_inserter(out),
        ",\"r\":{},\"conflicts\":{},\"stale\":{},\"update\":{},\"stable\":{},\"execution_stats\":{},"
        "\"allow_fallback\":{}}}",
        query.r, query.conflicts, query.stale ? "\"ok\"" : "false", query.update, query.stable,
        query.execution_stats, query.allow_fallback);
    return out;
}

std::string candidate_json(const MangoCandidate& candidate, const MangoQuery& query) {
    const auto& index = *candidate.index;
    const auto is_in = [&](const std::string& field) { return field == "_id" || index.has_column(field); };
    const bool covers = !query.fields.empty() && std::ranges::all_of(query.fields, is_in);
    return fmt::format(
        R"({{"index":{},"analysis":{{"usable":{},"reasons":[{{"name":"{}"}}],"ranking":{},"covering":{}}}}})",
        index_json(index), candidate.usable, candidate.reason, candidate.ranking,
        index.is_special() ? "null"
        : covers           ? "true"
                           : "false");
}

/// A field's name is what stands before the ':' of a type.
std::string hints_json(const json::value& selector) {
    std::vector<std::string> indexable, others;
    for (const auto& field : indexable_fields(selector))
        indexable.push_back(field.substr(0, field.find(':')));
    std::ranges::sort(indexable);
    indexable.erase(std::unique(indexable.begin(), indexable.end()), indexable.end());
    for (auto& field : fields_of(selector))
        if (std::ranges::find(indexable, field) == indexable.end()) others.push_back(std::move(field));
    std::ranges::sort(others);
    others.erase(std::unique(others.begin(), others.end()), others.end());
    return fmt::format(R"([{{"type":"json","indexable_fields":{},"unindexable_fields":{}}}])",
                       list_json(indexable), list_json(others));
}

std::string keys_json(const MangoPlan& plan, bool high) {
    if (plan.nothing) return "null";
    if (plan.index->is_special()) {
        const auto bound = plan.ranges.empty() ? std::nullopt
                           : high              ? plan.ranges.front().high
                                               : plan.ranges.front().low;
        if (bound) return base::write_json(*bound);
        if (high) return "\"<MAX>\"";
        return plan.ranges.empty() || !plan.ranges.front().high ? "null" : "\"\"";
    }
    json::array keys;
    bool open = false;  // the first range without a bound ends the key
    for (const auto& range : plan.ranges) {
        const auto& bound = high ? range.high : range.low;
        if ((open = !bound)) break;
        keys.push_back(*bound);
    }
    if (high) keys.emplace_back("<MAX>");
    return base::write_json(keys);
}

std::string arguments_json(const MangoPlan& plan, const MangoQuery& query) {
    const bool descending = !query.sort.empty() && query.sort.front().second;
    return fmt::format(
        R"({{"include_docs":{},"view_type":"map","reduce":false,"partition":{},"start_key":{},"end_key":{},)"
        R"("direction":"{}","stable":{},"update":{},"conflicts":{}}})",
        query.r == 1 && !plan.covers(query), query.partition.empty() ? "null" : quoted(query.partition),
        keys_json(plan, descending), keys_json(plan, !descending), descending ? "rev" : "fwd",
        query.stable || query.stale, query.update && !query.stale,
        query.conflicts ? "true" : "\"undefined\"");
}

}  // namespace

std::string explain_json(const Database& database, const MangoPlan& plan, const MangoQuery& query) {
    std::string out = "{\"dbname\":" + quoted(database.settings().name);
    out += ",\"index\":" + (plan.index ? index_json(*plan.index) : std::string{"null"});
    fmt::format_to(std::back_inserter(out),
                   ",\"partitioned\":{},\"selector\":", database.settings().partitioned);
    base::append_json(out, query.selector.normalized());
    out += ",\"opts\":" + options_json(query);
    fmt::format_to(std::back_inserter(out), ",\"limit\":{},\"skip\":{},\"fields\":{},\"index_candidates\":[",
                   query.limit, query.skip, list_json(query.fields));
    for (const auto& candidate : plan.candidates) {
        if (!out.ends_with('[')) out += ',';
        out += candidate_json(candidate, query);
    }
    out += "],\"selector_hints\":" + hints_json(query.selector.normalized());
    if (plan.index)
        out += ",\"mrargs\":" + arguments_json(plan, query) +
               (plan.covers(query) ? ",\"covering\":true" : ",\"covering\":false");
    return out + '}';
}

}  // namespace davenport::couchmock
