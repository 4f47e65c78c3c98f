#include "couchmock/core/view_query.hpp"

#include "node/base/json.hpp"

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

ApiError refused(std::string_view reason) { return {400, "query_parse_error", std::string{reason}, {}}; }

void read_parameter(ViewQuery& query, std::string_view name, std::string_view text, json::value* decoded) {
    if (name == "reduce")
        query.reduce = read_list_flag(text, decoded);
    else if (name == "group")
        query.group = read_list_flag(text, decoded);
    else if (name == "group_level")
        query.group_level = read_list_count(text, decoded);
    else if (name == "startkey_docid" || name == "start_key_doc_id")
        query.start_id = text;
    else if (name == "endkey_docid" || name == "end_key_doc_id")
        query.end_id = text;
    else
        read_list_parameter(query.list, name, text, decoded);
    if (name == "stale" || name == "update") {
        query.updates = name == "update" && text == "true";
        query.updates_after = text == "lazy" || text == "update_after";
    }
}

void read_members(ViewQuery& query, const json::object& object) {
    for (const auto& [name, value] : object) {
        const auto text = value.is_string() ? std::string{value.get_string()} : base::write_json(value);
        auto decoded = value;
        read_parameter(query, name, text, &decoded);
    }
    // A list of one key in a body is that key (couch_mrview_http:treat_single_keys_as_key).
    if (query.list.keys && query.list.keys->size() == 1) query.list.keys.reset();
}

void read_parameters(ViewQuery& query, const Call& call) {
    const bool has_list = query.list.keys.has_value();
    for (const auto& [name, value] : call.query()) {
        if (name == "keys") {
            const auto keys = base::parse_json(value);
            if (!keys) throw bad_request("invalid UTF-8 JSON");
            if (!keys->is_array()) throw refused("`keys` must be an array of strings.");
        }
        read_parameter(query, name, value, nullptr);
    }
    if (!has_list && query.list.keys && query.list.keys->size() == 1) query.list.keys.reset();
}

}  // namespace

ViewQuery read_view_query(Call& call, const json::value* body) {
    ViewQuery query;
    if (body) {
        if (const auto* keys = base::member(*body, "keys"); keys && !keys->is_array() && !keys->is_null())
            throw bad_request("`keys` member must be an array.");
        read_members(query, body->get_object());
    }
    read_parameters(query, call);
    return query;
}

std::vector<ViewQuery> read_view_queries(Call& call, const json::value& body) {
    const auto* list = base::member(body, "queries");
    if (!list) throw bad_request("POST body must include `queries` parameter.");
    if (!list->is_array()) throw bad_request("`queries` member must be an array.");
    ViewQuery common;
    read_parameters(common, call);
    std::vector<ViewQuery> out;
    for (const auto& one : list->get_array()) {
        if (!one.is_object()) throw bad_request("invalid query");
        out.push_back(common);
        read_members(out.back(), one.get_object());
    }
    return out;
}

void check_view_query(const ViewQuery& query, bool has_reduce) {
    const auto& list = query.list;
    if (query.group == false && query.group_level.value_or(0) > 0)
        throw refused("Can't specify group=false and group_level>0 at the same time");
    const bool reduced = reduces(query, has_reduce);
    if (!reduced && query.reduce == true) throw refused("Reduce is invalid for map-only views.");
    if (reduced && list.keys && !query.groups_whole())
        throw refused("Multi-key fetches for reduce views must use `group=true`");
    if (list.keys && !list.keys->empty() && (list.start || list.end)) {
        const auto& key = list.keys->front();
        if (list.keys->size() != 1 || list.start != key || list.end != key)
            throw refused("`keys` is incompatible with `key`, `start_key` and `end_key`");
    }
    if (!reduced && (query.groups_whole() || query.level() > 0))
        throw refused("Invalid use of grouping on a map view.");
    if (reduced && list.include_docs) throw refused("`include_docs` is invalid for reduce");
    if (reduced && list.names_conflicts) throw refused("`conflicts` is invalid for reduce views.");
}

}  // namespace davenport::couchmock
