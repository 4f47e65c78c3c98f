#include "couchmock/core/api.hpp"
#include "couchmock/core/document_json.hpp"
#include "node/base/json.hpp"

#include <charconv>
#include <iterator>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

/// What a reader of `_all_docs` asked for. A key that is no string sorts before all ids or behind them.
struct Range {
    std::optional<json::value> start, end;
    std::optional<std::vector<json::value>> keys;
    bool descending = false, inclusive_end = true, include_docs = false, update_seq = false;
    std::uint64_t limit = UINT64_MAX, skip = 0;
    DocumentView view;
};

ApiError query_error(std::string_view reason, std::string_view value) {
    std::string text{reason};
    base::append_json_string(text, value);
    return {400, "query_parse_error", std::move(text), {}};
}

json::value read_json(std::string_view text) {
    auto value = base::parse_json(text);
    if (!value) throw bad_request("invalid UTF-8 JSON");
    return std::move(*value);
}

/// A parameter is text in a query and JSON in a body; `text` is what stands there, strings without their
/// quotes.
bool read_bool(std::string_view text) {
    std::string lower{text};
    for (auto& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (lower == "true") return true;
    if (lower == "false") return false;
    throw query_error("Invalid boolean parameter: ", text);
}

std::uint64_t read_count(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw query_error("Invalid value for integer: ", text);
    if (value < 0) throw query_error("Invalid value for positive integer: ", text);
    return static_cast<std::uint64_t>(value);
}

void read_parameter(Range& range, std::string_view name, std::string_view text, json::value* decoded) {
    const auto value = [&] { return decoded ? *decoded : read_json(text); };
    if (name == "startkey" || name == "start_key")
        range.start = value();
    else if (name == "endkey" || name == "end_key")
        range.end = value();
    else if (name == "key")
        range.start = range.end = value();
    else if (name == "limit")
        range.limit = read_count(text);
    else if (name == "skip")
        range.skip = read_count(text);
    else if (name == "descending")
        range.descending = read_bool(text);
    else if (name == "inclusive_end")
        range.inclusive_end = read_bool(text);
    else if (name == "include_docs")
        range.include_docs = read_bool(text);
    else if (name == "conflicts")
        range.view.conflicts = read_bool(text);
    else if (name == "attachments")
        range.view.attachments = read_bool(text);
    else if (name == "att_encoding_info")
        range.view.att_encoding_info = read_bool(text);
    else if (name == "update_seq")
        range.update_seq = read_bool(text);
    else if (name == "reduce" && read_bool(text))
        throw ApiError{400, "query_parse_error", "Reduce is invalid for map-only views.", {}};
    else if (name == "keys") {
        auto read = decoded ? std::move(*decoded) : read_json(text);
        if (auto* list = read.if_array()) {
            // One alone is a `key` (couch_mrview_http:parse_param), and takes no other list's place.
            if (list->size() == 1) range.start = range.end = list->front();
            if (list->size() != 1 || !range.keys)
                range.keys.emplace(std::make_move_iterator(list->begin()),
                                   std::make_move_iterator(list->end()));
        }
    }
}

/// As couch_mrview_util:validate_args has it.
void check_keys(const Range& range) {
    if (!range.keys || range.keys->empty() || (!range.start && !range.end)) return;
    if (range.keys->size() == 1 && range.start == range.keys->front() && range.end == range.keys->front())
        return;
    throw ApiError{
        400, "query_parse_error", "`keys` is incompatible with `key`, `start_key` and `end_key`", {}};
}

/// Takes what it needs out of `object`.
void read_members(Range& range, json::value& object) {
    for (auto& [name, value] : object.get_object()) {
        const auto text = name == "keys"      ? std::string{}
                          : value.is_string() ? std::string{value.get_string()}
                                              : base::write_json(value);
        read_parameter(range, name, text, &value);
    }
}

/// -1: sorts before every id; 1: behind.
int side_of(const json::value& key) {
    return key.is_null() || key.is_bool() || key.is_number() ? -1 : key.is_string() ? 0 : 1;
}

std::size_t rank_below(const LiveIndex& index, const json::value& key) {
    return side_of(key) < 0   ? 0
           : side_of(key) > 0 ? index.size()
                              : index.rank(std::string_view{key.get_string()});
}
std::size_t rank_through(const LiveIndex& index, const json::value& key) {
    return side_of(key) < 0   ? 0
           : side_of(key) > 0 ? index.size()
                              : index.rank_after(std::string_view{key.get_string()});
}

void append_row(std::string& out, const Document& document, const Range& range) {
    const auto& tree = document.tree;
    out += "\r\n{\"id\":";
    const auto id_at = out.size();
    base::append_json_string(out, document.id);
    const auto id_size = out.size() - id_at;
    out += ",\"key\":";
    out.append(out, id_at, id_size);
    out += ",\"value\":{\"rev\":\"";
    append_revision(out, tree.at(tree.winner()).revision);
    out += tree.deleted() ? "\",\"deleted\":true}" : "\"}";
    if (range.include_docs) {
        out += ",\"doc\":";
        if (tree.deleted())
            out += "null";
        else
            append_document(out, document, tree.winner(), range.view);
    }
    out += '}';
}

void append_head(std::string& out, Database& database, const Range& range,
                 std::optional<std::size_t> offset) {
    fmt::format_to(std::back_inserter(out), "{{\"total_rows\":{},\"offset\":{},", database.doc_count(),
                   offset ? std::to_string(*offset) : "null");
    if (range.update_seq) out += "\"update_seq\":\"" + database.sequence(database.now()) + "\",";
    out += "\"rows\":[";
}

void append_range(std::string& out, Database& database, const Range& range, std::string_view prefix) {
    const auto& index = database.live();
    const auto size = index.size();
    // [first, last) in rising order
    std::size_t first = 0;
    std::size_t last = size;
    if (range.descending) {
        if (range.start) last = rank_through(index, *range.start);
        if (range.end)
            first = range.inclusive_end ? rank_below(index, *range.end) : rank_through(index, *range.end);
    } else {
        if (range.start) first = rank_below(index, *range.start);
        if (range.end)
            last = range.inclusive_end ? rank_through(index, *range.end) : rank_below(index, *range.end);
    }
    if (!prefix.empty()) {
        const auto begin = index.rank(prefix);
        std::string beyond{prefix};
        ++beyond.back();
        const auto end = index.rank(beyond);
        first = std::max(first, begin);
        last = std::min(last, end);
    }
    const auto available = last > first ? last - first : 0;
    const auto before = range.descending ? size - last : first;
    append_head(out, database, range,
                std::min<std::size_t>(before + std::min<std::uint64_t>(range.skip, available), size));
    auto left = range.skip >= available ? 0 : std::min<std::uint64_t>(range.limit, available - range.skip);
    if (left == 0) out += "\r\n";
    auto cursor = index.at(range.descending ? last - 1 - std::min<std::uint64_t>(range.skip, last - 1)
                                            : first + range.skip);
    for (bool comma = false; left > 0; --left, comma = true) {
        if (comma) out += ',';
        append_row(out, *cursor.get(), range);
        range.descending ? cursor.previous() : cursor.next();
    }
    out += "\r\n]}";
}

void append_keys(std::string& out, Database& database, const Range& range) {
    append_head(out, database, range, std::nullopt);
    const auto& keys = *range.keys;
    std::uint64_t shown = 0;
    for (std::size_t i = range.skip; i < keys.size() && shown < range.limit; ++i, ++shown) {
        if (shown > 0) out += ',';
        const auto& key = keys[range.descending ? keys.size() - 1 - i : i];
        const auto* document = key.is_string() ? database.find(std::string_view{key.get_string()}) : nullptr;
        if (document) {
            append_row(out, *document, range);
        } else {
            out += "\r\n{\"key\":" + base::write_json(key) + ",\"error\":\"not_found\"}";
        }
    }
    out += shown == 0 ? "\r\n\r\n]}" : "\r\n]}";
}

void append_answer(std::string& out, Database& database, const Range& range, std::string_view prefix) {
    check_keys(range);
    if (range.keys)
        append_keys(out, database, range);
    else
        append_range(out, database, range, prefix);
}

void send(Server& server, Call& call, std::string out) {
    out += '\n';
    server.send_chunked(call, std::move(out));
}

void queries(Server& server, Call& call, Database& database, const Range& common, std::string_view prefix) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    const auto body = read_json(call.json_body());
    const auto* list = base::member(body, "queries");
    if (!list) throw bad_request("POST body must include `queries` parameter.");
    if (!list->is_array()) throw bad_request("`queries` must be an array.");
    std::string out = "{\"results\":[";
    for (auto query : list->get_array()) {
        auto range = common;
        if (!query.is_object()) throw bad_request("invalid query");
        read_members(range, query);
        out += out.ends_with('[') ? "\r\n" : ",\r\n";
        append_answer(out, database, range, prefix);
    }
    send(server, call, out + "\r\n]}");
}

}  // namespace

void all_docs(Server& server, Call& call, Database& database, std::string_view prefix, bool multiple) {
    if (call.method() != "GET" && call.method() != "POST")
        throw method_not_allowed(multiple ? "POST" : "GET,HEAD,POST");
    Range range;
    if (call.method() == "POST" && !multiple) {
        auto body = read_json(call.json_body());
        if (!body.is_object()) throw bad_request("Request body must be a JSON object");
        if (const auto* keys = base::member(body, "keys"); keys && !keys->is_array())
            throw bad_request("`keys` body member must be an array.");
        read_members(range, body);
    }
    for (const auto& [name, value] : call.query()) {
        if (name == "keys" && !read_json(value).is_array())
            throw bad_request("`keys` parameter must be an array.");
        read_parameter(range, name, value, nullptr);
    }
    if (multiple) {
        queries(server, call, database, range, prefix);
        return;
    }
    std::string out;
    append_answer(out, database, range, prefix);
    send(server, call, std::move(out));
}

}  // namespace davenport::couchmock::api
