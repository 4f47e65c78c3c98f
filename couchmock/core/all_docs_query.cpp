#include "couchmock/core/all_docs_query.hpp"

#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/erlang_print.hpp"
#include "node/base/json.hpp"

#include <charconv>
#include <iterator>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

/// Names the value as Erlang prints it: text as it came from a query, a term as it came from a body.
ApiError query_error(std::string_view reason, std::string_view value, const json::value* decoded) {
    std::string text{reason};
    if (decoded && !decoded->is_string())
        text += print_term(*decoded);
    else if (value.empty())
        text += "[]";
    else
        base::append_json_string(text, value);
    return {400, "query_parse_error", std::move(text), {}};
}

ApiError refused(std::string_view reason) { return {400, "query_parse_error", std::string{reason}, {}}; }

json::value read_json(std::string_view text) {
    auto value = base::parse_json(text);
    if (!value) throw bad_request("invalid UTF-8 JSON");
    return std::move(*value);
}

/// As couch_mrview_util:validate_args has it.
void check_keys(const ListQuery& query) {
    if (query.keys_are_no_list) throw refused("`keys` must be an array of strings.");
    if (!query.keys || query.keys->empty() || (!query.start && !query.end)) return;
    if (query.keys->size() == 1 && query.start == query.keys->front() && query.end == query.keys->front())
        return;
    throw refused("`keys` is incompatible with `key`, `start_key` and `end_key`");
}

/// A document's id where no key stands is the key, since both are the same here.
void take_ids(ListQuery& query) {
    if (!query.start && !query.start_id.empty()) query.start = json::value(query.start_id);
    if (!query.end && !query.end_id.empty()) query.end = json::value(query.end_id);
}

}  // namespace

bool read_list_flag(std::string_view text, const json::value* decoded) {
    std::string lower{text};
    for (auto& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (lower == "true") return true;
    if (lower == "false") return false;
    throw query_error("Invalid boolean parameter: ", text, decoded);
}

std::uint64_t read_list_count(std::string_view text, const json::value* decoded) {
    if (decoded && decoded->is_string())
        throw refused("Invalid value for integer: " + print_term_pretty(*decoded));
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw query_error("Invalid value for integer: ", text, decoded);
    if (value < 0) throw query_error("Invalid value for positive integer: ", text, decoded);
    return static_cast<std::uint64_t>(value);
}

void read_list_parameter(ListQuery& query, std::string_view name, std::string_view text,
                         json::value* decoded) {
    const auto value = [&] { return decoded ? *decoded : read_json(text); };
    const auto read_bool = [&](std::string_view given) { return read_list_flag(given, decoded); };
    const auto read_count = [&](std::string_view given) { return read_list_count(given, decoded); };
    if (name == "startkey" || name == "start_key")
        query.start = value();
    else if (name == "endkey" || name == "end_key")
        query.end = value();
    else if (name == "key")
        query.start = query.end = value();
    else if (name == "limit")
        query.limit = read_count(text);
    else if (name == "skip")
        query.skip = read_count(text);
    else if (name == "descending")
        query.descending = read_bool(text);
    else if (name == "inclusive_end")
        query.inclusive_end = read_bool(text);
    else if (name == "include_docs")
        query.include_docs = read_bool(text);
    else if (name == "conflicts")
        query.view.conflicts = read_bool(text), query.names_conflicts = true;
    else if (name == "attachments")
        query.view.attachments = read_bool(text);
    else if (name == "att_encoding_info")
        query.view.att_encoding_info = read_bool(text);
    else if (name == "update_seq")
        query.update_seq = read_bool(text);
    else if (name == "reduce" && read_bool(text))
        throw refused("Reduce is invalid for map-only views.");
    else if ((name == "group" && read_bool(text)) || (name == "group_level" && read_count(text) > 0))
        throw refused("Invalid use of grouping on a map view.");
    else if (name == "sorted")
        static_cast<void>(read_bool(text));
    else if (name == "stale" && text != "ok" && text != "update_after")
        throw refused("Invalid value for `stale`.");
    else if (name == "stable" && text != "true" && text != "false")
        throw refused("Invalid value for `stable`.");
    else if (name == "update" && text != "true" && text != "false" && text != "lazy")
        throw refused("Invalid value for `update`.");
    else if (name == "startkey_docid" || name == "start_key_doc_id")
        query.start_id = text;
    else if (name == "endkey_docid" || name == "end_key_doc_id")
        query.end_id = text;
    else if (name == "partition") {
        check_partition(text);
        query.partition = text;
    } else if (name == "keys") {
        auto read = decoded ? std::move(*decoded) : read_json(text);
        if (auto* list = read.if_array()) {
            // One alone is a `key` (couch_mrview_http:parse_param), and takes no other list's place.
            if (list->size() == 1) query.start = query.end = list->front();
            if (list->size() != 1 || !query.keys)
                query.keys.emplace(std::make_move_iterator(list->begin()),
                                   std::make_move_iterator(list->end()));
        }
    }
}

void read_list_members(ListQuery& query, json::value& object) {
    for (auto& [name, value] : object.get_object()) {
        const auto text = name == "keys"      ? std::string{}
                          : value.is_string() ? std::string{value.get_string()}
                                              : base::write_json(value);
        read_list_parameter(query, name, text, &value);
    }
}

ListQuery read_list_query(Call& call, bool with_body) {
    ListQuery query;
    if (with_body) {
        auto body = read_json(call.json_body());
        if (!body.is_object()) throw bad_request("Request body must be a JSON object");
        if (const auto* keys = base::member(body, "keys"); keys && !keys->is_array())
            throw bad_request("`keys` body member must be an array.");
        read_list_members(query, body);
    }
    for (const auto& [name, value] : call.query()) {
        if (name == "keys" && !read_json(value).is_array()) {
            if (!with_body) throw bad_request("`keys` parameter must be an array.");
            query.keys_are_no_list = true;
        }
        read_list_parameter(query, name, value, nullptr);
    }
    check_keys(query);
    take_ids(query);
    return query;
}

std::vector<ListQuery> read_list_queries(Call& call) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    const auto body = read_json(call.body());
    if (!body.is_object()) throw bad_request("Request body must be a JSON object");
    const auto* list = base::member(body, "queries");
    if (!list) throw bad_request("POST body must include `queries` parameter.");
    if (!list->is_array()) throw bad_request("`queries` member must be an array.");
    ListQuery common;
    for (const auto& [name, value] : call.query()) read_list_parameter(common, name, value, nullptr);
    std::vector<ListQuery> out;
    for (auto one : list->get_array()) {
        if (!one.is_object()) throw bad_request("invalid query");
        out.push_back(common);
        read_list_members(out.back(), one);
        check_keys(out.back());
        take_ids(out.back());
    }
    return out;
}

int side_of(const json::value& key) { return key.is_string() ? 0 : -1; }

bool is_in_range(const ListQuery& query, std::string_view id) {
    // What stands before the range's lower end, and behind its upper one.
    const auto& low = query.descending ? query.end : query.start;
    const auto& high = query.descending ? query.start : query.end;
    const auto compare = [&](const json::value& key) {  // the id with the key
        const int side = side_of(key);
        return side != 0 ? -side : id.compare(std::string_view{key.get_string()});
    };
    const bool open_low = query.descending && !query.inclusive_end;
    const bool open_high = !query.descending && !query.inclusive_end;
    if (low)
        if (const int order = compare(*low); order < 0 || (order == 0 && open_low)) return false;
    if (high)
        if (const int order = compare(*high); order > 0 || (order == 0 && open_high)) return false;
    return true;
}

}  // namespace davenport::couchmock
